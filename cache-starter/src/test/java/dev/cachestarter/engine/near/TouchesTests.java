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

package dev.cachestarter.engine.near;

import java.util.ArrayList;
import java.util.List;

import org.junit.jupiter.api.Test;

import dev.cachestarter.CacheSettings;
import dev.cachestarter.engine.entry.EntryHeader;
import dev.cachestarter.engine.key.KeyLayout;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.value.ValueCodec;
import dev.cachestarter.engine.value.ValueCodecs;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Which keys Redis is told of.
 */
class TouchesTests {

	private static final ValueCodec CODEC = new ValueCodecs(ValueCodecs.mapperBuilder().build()).forType(String.class,
			CacheSettings.defaults());

	private final KeyLayout layout = new KeyLayout("", false);

	private final Touches touches = new Touches();

	@Test
	void aKeyIsToldOfOnceHoweverOftenItIsHit() {
		StoredKey key = this.layout.key("", "a");
		NearCopy copy = copy();

		for (int i = 0; i < 1000; i++) {
			this.touches.hit(key, copy);
		}

		assertThat(this.touches.take()).containsExactly(key.redisKey());
		assertThat(this.touches.take()).isEmpty();
		this.touches.hit(key, copy);
		assertThat(this.touches.take()).containsExactly(key.redisKey());
	}

	@Test
	void ofManyKeysAHundredAreToldOfAtATimeAndOthersTheNextTime() {
		List<NearCopy> copies = new ArrayList<>();
		for (int i = 0; i < 10_000; i++) {
			copies.add(copy());
			this.touches.hit(this.layout.key("", "key" + i), copies.get(i));
		}

		assertThat(this.touches.take()).hasSize(Touches.MOST);
		assertThat(this.touches.take()).hasSizeBetween(1, 28);
		for (int i = 0; i < 10_000; i++) {
			assertThat(this.touches.hit(this.layout.key("", "key" + i), copies.get(i))).as("noted again").isTrue();
		}
	}

	/** What hits write goes from core to core. */
	@Test
	void aHitWritesOnceInEachRoundHoweverManyKeysAreHit() {
		List<StoredKey> keys = new ArrayList<>();
		List<NearCopy> copies = new ArrayList<>();
		for (int i = 0; i < 1000; i++) {
			keys.add(this.layout.key("", "key" + i));
			copies.add(copy());
		}
		int writes = 0;

		for (int hit = 0; hit < 100_000; hit++) {
			int which = hit % 1000;
			writes += this.touches.hit(keys.get(which), copies.get(which)) ? 1 : 0;
			if (hit == 50_000) {
				this.touches.take();
			}
		}

		assertThat(writes).isEqualTo(2 * 1000);
	}

	private static NearCopy copy() {
		return NearCopy.ofValue(
				new EntryHeader(EntryHeader.VALUE, "0123456789abcdef", EntryHeader.NO_NONCE, 0, "aaaaaaaaaaaaaaaa",
						"bbbbbbbbbbbbbbbb", "cccccccc", "dddddddd", 0, 0, EntryHeader.NO_FLAGS, "eeeeeeee"),
				CODEC, "value", null, 1, 0);
	}

}
