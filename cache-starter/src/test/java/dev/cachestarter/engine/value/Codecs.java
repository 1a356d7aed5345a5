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

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

import dev.cachestarter.CacheSettings;
import dev.cachestarter.engine.entry.EntryHeader;
import dev.cachestarter.engine.key.EntryKey;
import dev.cachestarter.engine.value.ValueCodec.CorruptEntryException;
import dev.cachestarter.engine.value.ValueCodec.Encoded;
import dev.cachestarter.engine.value.ValueCodec.NotCacheableException;

/**
 * What tests of codecs have in common: entries with headers.
 */
public final class Codecs {

	private Codecs() {
	}

	/**
	 * Make codecs with the defaults of the cache, which know no type yet.
	 */
	public static ValueCodecs fresh() {
		return with(ValueCodecs.mapperBuilder().build());
	}

	public static ValueCodecs with(JsonMapper mapper) {
		return new ValueCodecs(mapper);
	}

	public static ValueCodec of(java.lang.reflect.Type type) {
		return fresh().forType(type, CacheSettings.defaults());
	}

	/**
	 * Encode a value and put a header in front of it.
	 */
	public static byte[] entry(ValueCodec codec, @Nullable Object value) throws NotCacheableException {
		Encoded encoded = codec.encode(value);
		header(codec.schemaMark(), EntryHeader.flagsOf(encoded.form())).writeTo(encoded.entry());
		return encoded.entry();
	}

	/**
	 * Make an entry of a given payload.
	 */
	public static byte[] entry(String flags, byte[] payload) {
		byte[] entry = new byte[EntryHeader.LENGTH + payload.length];
		System.arraycopy(payload, 0, entry, EntryHeader.LENGTH, payload.length);
		header("a1b2c3d4", flags).writeTo(entry);
		return entry;
	}

	public static @Nullable Object decode(ValueCodec codec, byte[] entry) throws CorruptEntryException {
		EntryHeader header = EntryHeader.parse(entry);
		if (header == null) {
			throw new IllegalArgumentException("Not an entry");
		}
		return codec.decode(entry, header.form());
	}

	/**
	 * Encode a value and decode it again.
	 */
	public static @Nullable Object roundTrip(ValueCodec codec, @Nullable Object value) throws Exception {
		return decode(codec, entry(codec, value));
	}

	public static String payload(byte[] entry) {
		return new String(entry, EntryHeader.LENGTH, entry.length - EntryHeader.LENGTH,
				java.nio.charset.StandardCharsets.UTF_8);
	}

	public static EntryHeader header(String schemaMark, String flags) {
		return new EntryHeader(EntryHeader.VALUE, "0123456789abcdef", EntryHeader.NO_NONCE, 0, "00112233aabbccdd",
				"44556677eeff0011", schemaMark, "9f8e7d6c", 1_700_000_000_000L, 1_700_000_600_000L, flags,
				EntryKey.SEGMENTS);
	}

}
