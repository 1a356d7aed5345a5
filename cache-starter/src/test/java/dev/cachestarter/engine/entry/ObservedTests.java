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

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

import org.junit.jupiter.api.Test;

import dev.cachestarter.engine.key.KeyLayout;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.value.Codecs;

import static org.assertj.core.api.Assertions.assertThat;

class ObservedTests {

	private static final byte[] CACHE = bytes("00112233aabbccdd");

	private static final byte[] GROUP = bytes("44556677eeff0011");

	private static final byte[] OTHER = bytes("ffffffffffffffff");

	private final StoredKey key = new KeyLayout("", false).key("", "org-1:1");

	private final byte[] entry = Codecs.entry(EntryHeader.NO_FLAGS, new byte[100]);

	@Test
	void anEntryCountsUnderTheGenerationsThatItCarriesAlone() {
		assertThat(observed(CACHE, GROUP, this.entry).current()).isEqualTo(EntryHeader.parse(this.entry));
		assertThat(observed(OTHER, GROUP, this.entry).current()).isNull();
		assertThat(observed(CACHE, OTHER, this.entry).current()).isNull();
		assertThat(observed(null, GROUP, this.entry).current()).isNull();
		assertThat(observed(CACHE, null, this.entry).current()).isNull();
		assertThat(observed(CACHE, GROUP, null).current()).isNull();
		assertThat(observed(OTHER, GROUP, this.entry).withGenerations(CACHE, GROUP).current()).isNotNull();
		assertThat(observed(CACHE, GROUP, null).withEntry(this.entry).current()).isNotNull();
	}

	@Test
	void itsHeaderIsWhatAScriptCompares() {
		assertThat(observed(CACHE, GROUP, this.entry).header())
			.isEqualTo(Arrays.copyOf(this.entry, EntryHeader.LENGTH));
		assertThat(observed(OTHER, GROUP, this.entry).header())
			.isEqualTo(Arrays.copyOf(this.entry, EntryHeader.LENGTH));
		assertThat(observed(CACHE, GROUP, bytes("x".repeat(500))).header()).isEqualTo(bytes("x".repeat(148)));
		assertThat(observed(CACHE, GROUP, bytes("x")).header()).isEqualTo(bytes("x"));
		assertThat(observed(CACHE, GROUP, null).header()).isEmpty();
	}

	@Test
	void whatAnotherVersionOfThisCacheHasWrittenIsNotForeign() {
		byte[] newer = this.entry.clone();
		newer[2] = '4';

		assertThat(observed(CACHE, GROUP, newer).current()).isNull();
		assertThat(observed(CACHE, GROUP, newer).isForeign()).isFalse();
		assertThat(observed(CACHE, GROUP, bytes("cs1 whatever it has")).isForeign()).isFalse();
		assertThat(observed(CACHE, GROUP, newer).isOfAnotherFormat()).isTrue();
		assertThat(observed(CACHE, GROUP, this.entry).isOfAnotherFormat()).isFalse();
		assertThat(observed(CACHE, GROUP, null).isOfAnotherFormat()).isFalse();
	}

	@Test
	void whatNoVersionOfThisCacheCanHaveWrittenIsForeign() {
		for (String text : new String[] { "", "c", "cs", "cs1", "csv,1,2", "cs2 broken", "{\"id\":1}", "cs22 what" }) {
			assertThat(observed(CACHE, GROUP, bytes(text)).isForeign()).as(text).isTrue();
			assertThat(observed(CACHE, GROUP, bytes(text)).isOfAnotherFormat()).as(text).isFalse();
		}
		assertThat(observed(CACHE, GROUP, this.entry).isForeign()).isFalse();
		assertThat(observed(OTHER, GROUP, this.entry).isForeign()).isFalse();
		assertThat(observed(CACHE, GROUP, null).isForeign()).isFalse();
	}

	@Test
	void nothingReadIsNoEntry() {
		Observed nothing = observed(CACHE, GROUP, this.entry).withEntry(new byte[0]);

		assertThat(nothing.entry()).isNull();
		assertThat(nothing.isForeign()).isFalse();
		assertThat(nothing.key()).isEqualTo(this.key);
		assertThat(observed(CACHE, GROUP, null).withEntry(this.entry).entry()).isEqualTo(this.entry);
	}

	@Test
	void whatIsNoGenerationIsNone() {
		Observed both = observed(CACHE, GROUP, null);
		Observed neither = observed(null, null, null);
		Observed broken = observed(bytes("0011"), bytes("00112233aabbccdd0"), null);

		assertThat(both.hasCacheGeneration()).isTrue();
		assertThat(both.hasGroupGeneration()).isTrue();
		assertThat(both.cacheGeneration()).isEqualTo(CACHE);
		assertThat(both.groupGeneration()).isEqualTo(GROUP);
		assertThat(neither.hasCacheGeneration()).isFalse();
		assertThat(neither.hasGroupGeneration()).isFalse();
		assertThat(broken.hasCacheGeneration()).isFalse();
		assertThat(broken.hasGroupGeneration()).isFalse();
	}

	private Observed observed(byte[] cache, byte[] group, byte[] bytes) {
		return new Observed(this.key, cache, group, bytes);
	}

	private static byte[] bytes(String text) {
		return text.getBytes(StandardCharsets.US_ASCII);
	}

}
