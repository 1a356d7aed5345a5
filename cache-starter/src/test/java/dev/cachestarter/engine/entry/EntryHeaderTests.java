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

import java.time.Duration;

import org.junit.jupiter.api.Test;

import org.springframework.cache.interceptor.SimpleKey;

import dev.cachestarter.engine.key.CacheKeys;
import dev.cachestarter.engine.key.EntryKey;
import dev.cachestarter.engine.key.KeyLayout;
import dev.cachestarter.engine.key.KeyText;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.value.Codecs;
import dev.cachestarter.engine.value.PayloadForm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

class EntryHeaderTests {

	private static final byte[] CACHE = bytes("00112233aabbccdd");

	private static final byte[] GROUP = bytes("44556677eeff0011");

	private static final byte[] OTHER = bytes("ffffffffffffffff");

	private static EntryHeader valueOf(long claimedUntil, long freshUntil) {
		return new EntryHeader(EntryHeader.VALUE, "0123456789abcdef", "fedcba9876543210", claimedUntil,
				"00112233aabbccdd", "44556677eeff0011", "a1b2c3d4", "9f8e7d6c", 100, freshUntil, EntryHeader.NO_FLAGS,
				EntryKey.SEGMENTS);
	}

	@Test
	void aValueIsFreshUntilItsTimeOrForEver() {
		assertThat(valueOf(0, 1000).isFresh(999)).isTrue();
		assertThat(valueOf(0, 1000).isFresh(1000)).isFalse();
		assertThat(valueOf(0, 0).isFresh(Long.MAX_VALUE)).isTrue();
		assertThat(EntryHeader.parse(valueOf(0, 0).toBytes())).isEqualTo(valueOf(0, 0));
	}

	@Test
	void aClaimHoldsUntilItsTimeAndNoLongerThanAClaimCan() {
		EntryHeader claimed = valueOf(1000, 0);

		assertThat(claimed.isClaimed(999, Duration.ofMillis(10))).isTrue();
		assertThat(claimed.isClaimed(1000, Duration.ofMillis(10))).isFalse();
		assertThat(claimed.isClaimed(990, Duration.ofMillis(10))).isTrue();
		assertThat(claimed.isClaimed(989, Duration.ofMillis(10))).as("by a clock that was set back").isFalse();
	}

	@Test
	void aClaimOfNobodyIsAPause() {
		assertThat(valueOf(1000, 0).isPaused()).isFalse();
		assertThat(Codecs.header("a1b2c3d4", EntryHeader.NO_FLAGS).isPaused()).isTrue();
	}

	@Test
	void flagsTellWhatThePayloadIs() {
		assertThat(Codecs.header("a1b2c3d4", "n---").isNull()).isTrue();
		assertThat(Codecs.header("a1b2c3d4", EntryHeader.NO_FLAGS).isNull()).isFalse();
		assertThat(Codecs.header("a1b2c3d4", EntryHeader.NO_FLAGS).isTransactional()).isFalse();
		assertThat(Codecs.header("a1b2c3d4", EntryHeader.NO_FLAGS).isUnstored()).isFalse();
		assertThat(Codecs.header("a1b2c3d4", "---u").isUnstored()).isTrue();
		for (PayloadForm form : PayloadForm.values()) {
			assertThat(Codecs.header("a1b2c3d4", EntryHeader.flagsOf(form)).form()).isEqualTo(form);
		}
	}

	@Test
	void headersThatDifferAreNotEqual() {
		assertThat(valueOf(1, 2)).isEqualTo(valueOf(1, 2)).isNotEqualTo(valueOf(2, 2)).isNotEqualTo("cs2");
		assertThat(valueOf(1, 2).hashCode()).isNotZero().isNotEqualTo(valueOf(2, 2).hashCode());
	}

	@Test
	void timesHaveDigitsOnly() {
		byte[] entry = valueOf(0, 0).toBytes();

		for (char no : new char[] { '/', ':', '-' }) {
			byte[] broken = entry.clone();
			broken[EntryHeader.FRESH_OFFSET + 3] = (byte) no;
			assertThat(EntryHeader.parse(broken)).as(String.valueOf(no)).isNull();
		}
		entry[EntryHeader.FRESH_OFFSET] = '9';
		assertThat(EntryHeader.parse(entry)).isNotNull();
	}

	@Test
	void lineOfAValueIsPinned() {
		EntryHeader header = Codecs.header("a1b2c3d4", EntryHeader.NO_FLAGS);

		String line = new String(header.toBytes(), StandardCharsets.US_ASCII);

		assertThat(line).isEqualTo("cs2 v 0123456789abcdef ---------------- 0000000000000 00112233aabbccdd "
				+ "44556677eeff0011 a1b2c3d4 9f8e7d6c 1700000000000 1700000600000 ---- *-------\n");
	}

	@Test
	void lineOfALeaseIsPinned() {
		EntryHeader header = new EntryHeader(EntryHeader.LEASE, "0123456789abcdef", EntryHeader.NO_NONCE, 0,
				"00112233aabbccdd", EntryHeader.NO_GENERATION, EntryHeader.NO_MARK, "9f8e7d6c", 1_700_000_000_000L, 0,
				"--t-", "1-------");

		String line = new String(header.toBytes(), StandardCharsets.US_ASCII);

		assertThat(line).isEqualTo("cs2 l 0123456789abcdef ---------------- 0000000000000 00112233aabbccdd "
				+ "---------------- -------- 9f8e7d6c 1700000000000 0000000000000 --t- 1-------\n");
	}

	@Test
	void lineOfAClaimedCompressedValueAndOfANullIsPinned() {
		EntryHeader claimed = new EntryHeader(EntryHeader.VALUE, "0123456789abcdef", "fedcba9876543210",
				1_700_000_002_000L, "00112233aabbccdd", "44556677eeff0011", "a1b2c3d4", "9f8e7d6c", 1_700_000_000_000L,
				1_700_000_600_000L, "-z--", "n3fa81c2");
		EntryHeader nothing = Codecs.header("a1b2c3d4", "n---");

		assertThat(claimed).hasToString("cs2 v 0123456789abcdef fedcba9876543210 1700000002000 00112233aabbccdd "
				+ "44556677eeff0011 a1b2c3d4 9f8e7d6c 1700000000000 1700000600000 -z-- n3fa81c2");
		assertThat(nothing).hasToString("cs2 v 0123456789abcdef ---------------- 0000000000000 00112233aabbccdd "
				+ "44556677eeff0011 a1b2c3d4 9f8e7d6c 1700000000000 1700000600000 n--- *-------");
	}

	@Test
	void offsetsForScriptsPointAtTheirFields() {
		String line = Codecs.header("a1b2c3d4", EntryHeader.NO_FLAGS).toString();

		assertThat(line.substring(0, EntryHeader.IDENTITY_LENGTH)).isEqualTo("cs2 v 0123456789abcdef ----------------");
		assertThat(line.substring(EntryHeader.CLAIM_OFFSET)).startsWith("---------------- 0000000000000 ");
		assertThat(line.substring(EntryHeader.WRITTEN_OFFSET)).startsWith("1700000000000 ");
		assertThat(line.substring(EntryHeader.FRESH_OFFSET)).startsWith("1700000600000 ");
	}

	@Test
	void whatWasWrittenIsParsed() {
		EntryHeader header = new EntryHeader(EntryHeader.VALUE, "0123456789abcdef", "fedcba9876543210", 42,
				"00112233aabbccdd", "44556677eeff0011", "a1b2c3d4", "9f8e7d6c", 43, 44, "nzt-", "n-------");
		byte[] entry = new byte[EntryHeader.LENGTH + 5];
		header.writeTo(entry);

		EntryHeader parsed = EntryHeader.parse(entry);

		assertThat(parsed).isEqualTo(header).hasSameHashCodeAs(header);
		assertThat(parsed)
			.extracting(EntryHeader::kind, EntryHeader::nonce, EntryHeader::claim, EntryHeader::claimedUntil,
					EntryHeader::cacheGeneration, EntryHeader::groupGeneration, EntryHeader::schemaMark,
					EntryHeader::runMark, EntryHeader::writtenAt, EntryHeader::freshUntil, EntryHeader::flags,
					EntryHeader::keyMark)
			.containsExactly('v', "0123456789abcdef", "fedcba9876543210", 42L, "00112233aabbccdd", "44556677eeff0011",
					"a1b2c3d4", "9f8e7d6c", 43L, 44L, "nzt-", "n-------");
		assertThat(parsed).extracting(EntryHeader::form, EntryHeader::isTransactional, EntryHeader::isLease)
			.containsExactly(PayloadForm.NULL, true, false);
	}

	@Test
	void parsedHeaderKeepsNoPayloadAlive() {
		byte[] entry = Codecs.entry(EntryHeader.NO_FLAGS, new byte[1000]);
		EntryHeader header = EntryHeader.parse(entry);
		java.util.Arrays.fill(entry, (byte) 'x');

		assertThat(header).isEqualTo(Codecs.header("a1b2c3d4", EntryHeader.NO_FLAGS));
	}

	@Test
	void foreignBytesAreNoHeader() {
		byte[] entry = Codecs.header("a1b2c3d4", EntryHeader.NO_FLAGS).toBytes();

		assertThat(EntryHeader.parse(new byte[0])).isNull();
		assertThat(EntryHeader.parse(bytes("{\"id\":1}"))).isNull();
		assertThat(EntryHeader.parse(java.util.Arrays.copyOf(entry, EntryHeader.LENGTH - 1))).isNull();
		for (int offset : new int[] { 0, 1, 2, 3, 4, 5, 22, 39, 40, 53, 70, 87, 96, 105, 106, 119, 120, 133, 138,
				147 }) {
			byte[] broken = entry.clone();
			broken[offset] = '!';
			assertThat(EntryHeader.parse(broken)).as("offset " + offset).isNull();
		}
	}

	@Test
	void anotherFormatIsNoHeader() {
		byte[] entry = Codecs.header("a1b2c3d4", EntryHeader.NO_FLAGS).toBytes();
		entry[2] = '1';

		assertThat(EntryHeader.parse(entry)).isNull();
	}

	@Test
	void entryIsUnderItsGenerationsAndNoOthers() {
		EntryHeader header = Codecs.header("a1b2c3d4", EntryHeader.NO_FLAGS);

		assertThat(header.isUnder(CACHE, GROUP)).isTrue();
		assertThat(header.isUnder(OTHER, GROUP)).isFalse();
		assertThat(header.isUnder(CACHE, OTHER)).isFalse();
		assertThat(header.isUnder(CACHE, EntryHeader.NO_GENERATION_BYTES)).isFalse();
		assertThat(header.isUnder(bytes("0011"), GROUP)).isFalse();
		assertThat(header.isUnder(bytes("00112233aabbccdd0"), GROUP)).isFalse();
	}

	@Test
	void entryIsForKeysThatItsMarkIsAcceptedBy() {
		KeyLayout layout = new KeyLayout("", false);
		layout.register("c");
		KeyText texts = new CacheKeys(null).renderer();
		StoredKey one = layout.key("c", texts.ofKey("a:b"));
		StoredKey several = layout.key("c", texts.ofKey(new SimpleKey("a", "b")));
		StoredKey full = layout.locate("c:a:b");

		assertThat(marked(one).isFor(one)).isTrue();
		assertThat(marked(one).isFor(several)).isFalse();
		assertThat(marked(several).isFor(one)).isFalse();
		assertThat(marked(several).isFor(several)).isTrue();
		assertThat(marked(full).isFor(one)).isTrue();
		assertThat(marked(full).isFor(several)).isTrue();
		assertThat(marked(one).isFor(full)).isTrue();
		assertThat(marked(several).isFor(full)).isTrue();
	}

	private static EntryHeader marked(StoredKey key) {
		return new EntryHeader(EntryHeader.VALUE, "0123456789abcdef", EntryHeader.NO_NONCE, 0, "00112233aabbccdd",
				"44556677eeff0011", "a1b2c3d4", "9f8e7d6c", 0, 0, EntryHeader.NO_FLAGS, key.mark());
	}

	@Test
	void flagsAreThoseOfThePayload() {
		for (PayloadForm form : PayloadForm.values()) {
			assertThat(Codecs.header("a1b2c3d4", EntryHeader.flagsOf(form)).form()).isEqualTo(form);
		}
		assertThat(Codecs.header("a1b2c3d4", "nz--").form()).isEqualTo(PayloadForm.NULL);
	}

	@Test
	void valueIsDueNearItsEndButNotBeforeTheHalfOfItsLife() {
		EntryHeader header = living(1_000, 11_000);

		assertThat(header.isDue(8_000, 3_000)).isFalse();
		assertThat(header.isDue(8_001, 3_000)).isTrue();
		assertThat(header.isDue(6_000, 60_000)).isFalse();
		assertThat(header.isDue(6_001, 60_000)).isTrue();
		assertThat(EntryHeader.parse(living(0, 1_000).toBytes())).isEqualTo(living(0, 1_000));
		assertThat(living(1_000, 0).isDue(Long.MAX_VALUE / 2, 60_000)).isFalse();
	}

	private static EntryHeader living(long writtenAt, long freshUntil) {
		return new EntryHeader(EntryHeader.VALUE, "0123456789abcdef", EntryHeader.NO_NONCE, 0, "00112233aabbccdd",
				"44556677eeff0011", "a1b2c3d4", "9f8e7d6c", writtenAt, freshUntil, EntryHeader.NO_FLAGS,
				EntryKey.SEGMENTS);
	}

	@Test
	void fieldThatDoesNotFitIsRefused() {
		assertThatIllegalArgumentException().isThrownBy(() -> Codecs.header("short", EntryHeader.NO_FLAGS))
			.withMessageContaining("short");
	}

	@Test
	void tagIsThatOfAnyFormatAndOfNothingElse() {
		for (String format : new String[] { "cs0 ", "cs1 ", "cs2 ", "cs9 ", "cs2 v" }) {
			assertThat(EntryHeader.isTag(bytes(format))).as(format).isTrue();
		}
		for (String other : new String[] { "", "cs2", "cs/ ", "cs: ", "cs2v", "xs2 ", "cx2 " }) {
			assertThat(EntryHeader.isTag(bytes(other))).as(other).isFalse();
		}
		assertThat(EntryHeader.isOfAnotherFormat(bytes("cs1 "))).isTrue();
		assertThat(EntryHeader.isOfAnotherFormat(bytes("cs2 "))).isFalse();
		assertThat(EntryHeader.isOfAnotherFormat(bytes("xs1 "))).isFalse();
	}

	@Test
	void valueIsOfTheMarkThatItsHeaderHas() {
		EntryHeader header = Codecs.header("a1b2c3d4", EntryHeader.NO_FLAGS);

		assertThat(header.isOf("a1b2c3d4")).isTrue();
		for (String other : new String[] { "x1b2c3d4", "a1b2c3dx", "a1b2x3d4", EntryHeader.NO_MARK }) {
			assertThat(header.isOf(other)).as(other).isFalse();
		}
	}

	@Test
	void keyOfSeveralValuesGoesBeforeOneWhoseTextSpellsThem() {
		KeyLayout layout = new KeyLayout("", false);
		layout.register("c");
		KeyText texts = new CacheKeys(null).renderer();
		StoredKey one = layout.key("c", texts.ofKey("a:b"));
		StoredKey several = layout.key("c", texts.ofKey(new SimpleKey("a", "b")));
		StoredKey full = layout.locate("c:a:b");

		assertThat(marked(one).givesWayTo(several)).isTrue();
		assertThat(marked(one).goesBefore(several)).isFalse();
		assertThat(marked(several).givesWayTo(one)).isFalse();
		assertThat(marked(several).goesBefore(one)).isTrue();
		for (StoredKey key : new StoredKey[] { one, several, full }) {
			assertThat(marked(key).givesWayTo(key)).isFalse();
			assertThat(marked(key).goesBefore(key)).isFalse();
			assertThat(marked(key).givesWayTo(full)).isFalse();
			assertThat(marked(full).givesWayTo(key)).isFalse();
			assertThat(marked(full).goesBefore(key)).isFalse();
		}
	}

	@Test
	void entryOfNoNamedCacheIsKnownByItsMark() {
		KeyLayout layout = new KeyLayout("", false);
		layout.register("c");

		assertThat(marked(layout.locate("any:1")).isUnnamed()).isTrue();
		assertThat(marked(layout.key("", "any:1")).isUnnamed()).isTrue();
		assertThat(marked(layout.locate("c:any:1")).isUnnamed()).isFalse();
		assertThat(marked(layout.key("c", "any:1")).isUnnamed()).isFalse();
	}

	@Test
	void leaseOfNobodyIsTheTraceOfALoadThatStoredNothing() {
		EntryHeader trace = new EntryHeader(EntryHeader.LEASE, EntryHeader.NO_NONCE, EntryHeader.NO_NONCE, 0,
				"00112233aabbccdd", EntryHeader.NO_GENERATION, EntryHeader.NO_MARK, "9f8e7d6c", 1, 0, "---r",
				EntryKey.SEGMENTS);
		EntryHeader lease = new EntryHeader(EntryHeader.LEASE, "0123456789abcdef", EntryHeader.NO_NONCE, 0,
				"00112233aabbccdd", EntryHeader.NO_GENERATION, EntryHeader.NO_MARK, "9f8e7d6c", 1, 0, "---u",
				EntryKey.SEGMENTS);

		assertThat(trace.isNobodys()).isTrue();
		assertThat(trace.isRefused()).isTrue();
		assertThat(trace.isUnstored()).isTrue();
		assertThat(lease.isNobodys()).isFalse();
		assertThat(lease.isRefused()).isFalse();
		assertThat(Codecs.header("a1b2c3d4", EntryHeader.NO_FLAGS).isNobodys()).isFalse();
	}

	private static byte[] bytes(String text) {
		return text.getBytes(StandardCharsets.US_ASCII);
	}

}
