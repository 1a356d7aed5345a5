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

package dev.cachestarter.engine.key;

import java.util.function.Function;

import org.jspecify.annotations.Nullable;

import org.springframework.cache.interceptor.SimpleKey;

/**
 * The key of several arguments: to other caches a {@link SimpleKey}, which equals any of
 * the same values, to ours the key that it has in Redis. It is rendered when it is first
 * asked for, since other caches take arguments that have no text.
 */
@SuppressWarnings("serial")
final class GeneratedKey extends SimpleKey {

	private final transient Function<@Nullable Object[], EntryKey> texts;

	private final transient @Nullable Object[] values;

	private transient @Nullable EntryKey entryKey;

	GeneratedKey(Function<@Nullable Object[], EntryKey> texts, @Nullable Object[] values) {
		super(values);
		this.texts = texts;
		this.values = values;
	}

	/**
	 * Return the key as the starter's caches know it.
	 * @throws UnkeyableException if a value has none
	 */
	EntryKey entryKey() {
		EntryKey rendered = this.entryKey;
		if (rendered == null) {
			rendered = this.texts.apply(this.values);
			this.entryKey = rendered;
		}
		return rendered;
	}

	/** Other caches may write a key down. */
	private Object writeReplace() {
		return new SimpleKey(this.values);
	}

	/**
	 * Return the key as it stands in Redis, by which other caches that make a text of it
	 * can be searched too.
	 */
	@Override
	public String toString() {
		try {
			return entryKey().text();
		}
		catch (UnkeyableException ex) {
			return super.toString();
		}
	}

}
