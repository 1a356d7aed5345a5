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
package dev.cachestarter.engine.tag;

import java.util.List;

import org.junit.jupiter.api.Test;

import dev.cachestarter.engine.key.KeyLayout;
import dev.cachestarter.engine.key.StoredKey;

import static org.assertj.core.api.Assertions.assertThat;

class KnownTagsTests {

	private static final int IN_USE = 1000;

	private static final int FLOOD = 50_000;

	private final KeyLayout layout = new KeyLayout("", false);

	private final KnownTags known = new KnownTags(this.layout);

	KnownTagsTests() {
		this.layout.register("catalogues");
	}

	@Test
	void whatIsInUseIsKnownHoweverManyKeysAreReadOnce() {
		for (int i = 0; i < IN_USE; i++) {
			this.known.learn(key("used", i), List.of("tool:" + i, "all"));
		}

		for (int i = 0; i < FLOOD; i++) {
			this.known.learn(key("once", i), List.of("all"));
			int used = i % IN_USE;
			assertThat(this.known.of(key("used", used)).names()).as("key %d after %d others", used, i)
				.containsExactly("tool:" + used, "all");
		}
	}

	@Test
	void whatIsReadOnceIsForgotten() {
		for (int i = 0; i < FLOOD; i++) {
			this.known.learn(key("once", i), List.of("all"));
		}

		long kept = 0;
		for (int i = 0; i < FLOOD; i++) {
			kept += this.known.of(key("once", i)).isEmpty() ? 0 : 1;
		}
		assertThat(kept).isBetween(1L, 2 * 8192L);
	}

	@Test
	void theTagsThatWereSeenLastCountAlsoAfterManyOthers() {
		StoredKey key = key("used", 1);
		this.known.learn(key, List.of("a"));
		for (int i = 0; i < 8192; i++) {
			this.known.learn(key("once", i), List.of("all"));
		}

		this.known.learn(key, List.of("b"));

		assertThat(this.known.of(key).names()).containsExactly("b");
		this.known.learn(key, List.of());
		assertThat(this.known.of(key).names()).isEmpty();
	}

	@Test
	void veryLongTagsAreNotKept() {
		StoredKey key = key("used", 1);
		this.known.learn(key, List.of("a"));

		this.known.learn(key, List.of("x".repeat(1500), "y".repeat(1500)));

		assertThat(this.known.of(key).names()).isEmpty();
	}

	private StoredKey key(String group, int number) {
		return this.layout.key("catalogues", group + ":" + number);
	}

}
