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

package dev.cachestarter.benchmark.peer;

import java.io.Serializable;
import java.time.Instant;
import java.util.List;

/**
 * The value of the benchmark, about 250 bytes as JSON. {@link Serializable} for those who
 * need that.
 *
 * @param id the identifier
 * @param name the name
 * @param model what it runs on
 * @param status in which state it is
 * @param created when it was made
 * @param seen when it was last seen
 * @param tags some words
 */
public record Agent(String id, String name, String model, String status, Instant created, Instant seen,
		List<String> tags) implements Serializable {

	static Agent number(int number) {
		return new Agent("agent-" + number, "Agent number " + number + " of the platform", "large-language-model-2",
				"ACTIVE", Instant.ofEpochMilli(1_700_000_000_000L + 7919L * number),
				Instant.ofEpochMilli(1_700_000_100_000L + 104_729L * number),
				List.of("support", "billing", "europe", "tool-" + number));
	}

}
