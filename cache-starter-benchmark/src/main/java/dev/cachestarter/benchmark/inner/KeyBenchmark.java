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

package dev.cachestarter.benchmark.inner;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

import dev.cachestarter.engine.key.CacheKeys;
import dev.cachestarter.engine.key.KeyLayout;
import dev.cachestarter.engine.key.KeyText;
import dev.cachestarter.engine.key.StoredKey;

/**
 * From the arguments of a call to the place of its entry.
 */
@State(Scope.Benchmark)
public class KeyBenchmark {

	private final CacheKeys keys = new CacheKeys(null);

	private final KeyText texts = this.keys.renderer();

	private final KeyLayout layout = new KeyLayout("", false);

	private final String orgId = "org-123";

	private int page;

	public KeyBenchmark() {
		this.layout.register("agents:list");
	}

	@Benchmark
	public StoredKey placeOfTwoArguments() {
		return this.layout.key("agents:list", this.texts.ofKey(this.keys.of(this.orgId, ++this.page)));
	}

	@Benchmark
	public StoredKey placeOfRecord() {
		return this.layout.key("agents:list",
				this.texts.ofKey(this.keys.of(this.orgId, new Query(20, ++this.page, "ACTIVE"))));
	}

	/**
	 * What many lists are asked for by.
	 *
	 * @param limit how many on a page
	 * @param page which page
	 * @param status which of them
	 */
	public record Query(int limit, int page, String status) {

	}

}
