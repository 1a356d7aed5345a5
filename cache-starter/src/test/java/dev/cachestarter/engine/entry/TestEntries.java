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
package dev.cachestarter.engine.entry;

import java.util.Objects;

import dev.cachestarter.engine.tag.CarriedTags;

/**
 * Makes entries as the store writes them.
 */
public final class TestEntries {

	private TestEntries() {
	}

	/**
	 * Return an entry with tags.
	 * @param plain the entry without
	 */
	public static byte[] tagged(byte[] plain, CarriedTags tags) {
		EntryHeader header = Objects.requireNonNull(EntryHeader.parse(plain));
		byte[] entry = tags.insertInto(plain, EntryHeader.LENGTH);
		header.tagged().writeTo(entry);
		return entry;
	}

}
