/*
 * Copyright 2026 the cache-starter authors.
 *
 * Licensed under the Apache License, Version 2.0 (the "License");
 * you may not use this file except in compliance with the License.
 * You may obtain a copy of the License at
 *
 *      https://www.apache.org/licenses/LICENSE-2.0
 *
 * Unless required by applicable law or agreed to in writing, software
 * distributed under the License is distributed on an "AS IS" BASIS,
 * WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
 * See the License for the specific language governing permissions and
 * limitations under the License.
 */

package dev.cachestarter.engine.value;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

class RecentlyUsedTests {

	private final RecentlyUsed<String, String> kept = new RecentlyUsed<>(2);

	private final List<String> made = new ArrayList<>();

	private String get(String key) {
		return this.kept.get(key, (missing) -> {
			this.made.add(missing);
			return "made for " + missing;
		});
	}

	@Test
	void whatIsThereIsNotMadeAgain() {
		assertThat(get("a")).isSameAs(get("a")).isEqualTo("made for a");

		assertThat(this.made).containsExactly("a");
	}

	@Test
	void whatIsUsedIsKeptAndTheRestIsForgotten() {
		get("a");
		get("b");
		get("c");
		get("a");
		assertThat(this.made).containsExactly("a", "b", "c");

		get("d");
		get("a");
		assertThat(this.made).containsExactly("a", "b", "c", "d");
		get("b");
		assertThat(this.made).containsExactly("a", "b", "c", "d", "b");
	}

	@Test
	void whatIsKnownIsFoundAsLongAsItIsUsed() {
		this.kept.put("a", "1");
		this.kept.put("b", "2");
		this.kept.put("c", "3");
		assertThat(this.kept.find("a")).isEqualTo("1");

		this.kept.put("d", "4");

		assertThat(this.kept.find("a")).isEqualTo("1");
		assertThat(this.kept.find("b")).isNull();
	}

	@Test
	void whatIsPutOrRemovedLastCountsWhicheverGenerationHadIt() {
		this.kept.put("a", "1");
		this.kept.put("b", "2");
		this.kept.put("c", "3");

		this.kept.put("a", "changed");
		this.kept.remove("b");

		assertThat(this.kept.find("a")).isEqualTo("changed");
		assertThat(this.kept.find("b")).isNull();
		this.kept.put("d", "4");
		assertThat(this.kept.find("a")).isEqualTo("changed");
	}

	@Test
	void oneThreadAfterAnotherIsServed() throws Exception {
		get("a");

		assertThat(CompletableFuture.supplyAsync(() -> get("b")).get(20, TimeUnit.SECONDS)).isEqualTo("made for b");
	}

}
