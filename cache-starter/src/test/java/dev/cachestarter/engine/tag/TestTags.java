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

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/**
 * Makes tags with generations that a test knows.
 */
public final class TestTags {

	private TestTags() {
	}

	/**
	 * Return tags as an entry carries them.
	 * @param generations the generation of each tag, 16 characters
	 */
	public static CarriedTags of(Map<String, String> generations) {
		return CarriedTags.of(List.copyOf(generations.keySet()),
				generations.values().stream().map((text) -> text.getBytes(StandardCharsets.US_ASCII)).toList());
	}

}
