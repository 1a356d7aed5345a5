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

import java.util.Arrays;
import java.util.List;

import dev.cachestarter.engine.key.KeyLayout;

/**
 * Tags in the order in which an entry carries them, with the keys of their generations:
 * made once for an entry, and not at each read of it.
 */
public final class TagSet {

	public static final TagSet NONE = new TagSet(List.of(), new byte[0][], 0);

	private final List<String> names;

	private final byte[][] keys;

	/** How many bytes of a key stand before the tag. */
	private final int prefix;

	private TagSet(List<String> names, byte[][] keys, int prefix) {
		this.names = names;
		this.keys = keys;
		this.prefix = prefix;
	}

	static TagSet of(List<String> names, KeyLayout layout) {
		return new TagSet(names, names.stream().map(layout::tagGenerationKey).toArray(byte[][]::new),
				layout.tagCounterKey().length);
	}

	/** Return the tags, escaped. */
	public List<String> names() {
		return this.names;
	}

	public int size() {
		return this.keys.length;
	}

	public boolean isEmpty() {
		return this.keys.length == 0;
	}

	/**
	 * Return where the generation of a tag stands.
	 * @return the bytes, not to be changed
	 */
	public byte[] keyOf(int index) {
		return this.keys[index];
	}

	/** Return whether the bytes of a tag are those of the one at a place. */
	boolean isAt(int index, byte[] bytes, int start, int length) {
		byte[] key = this.keys[index];
		return Arrays.equals(key, this.prefix, key.length, bytes, start, start + length);
	}

}
