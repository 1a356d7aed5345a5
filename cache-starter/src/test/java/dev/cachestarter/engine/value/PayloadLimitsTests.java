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

import java.io.IOException;
import java.util.Arrays;
import java.util.Random;

import org.junit.jupiter.api.Test;

import org.springframework.util.unit.DataSize;

import dev.cachestarter.CacheSettings;
import dev.cachestarter.engine.value.ValueCodec.NotCacheableException;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatNoException;

/**
 * How large a payload may be, as stored and unpacked.
 */
class PayloadLimitsTests {

	private static final int KB = 1024;

	@Test
	void unpackedAPayloadMayBeSixteenTimesTheLargestStoredOneAndNoMore() throws Exception {
		PayloadLimits limits = limits(1, 1);

		assertThatNoException().isThrownBy(() -> limits.seal(entry(16 * KB, false), "Text"));
		assertThatExceptionOfType(NotCacheableException.class)
			.isThrownBy(() -> limits.seal(entry(16 * KB + 1, false), "Text"))
			.withMessageContaining("Text")
			.withMessageContaining("1KB");
	}

	@Test
	void whatIsNotCompressedMayBeAsLargeAsTheLargestStoredOne() throws Exception {
		PayloadLimits limits = limits(0, 1);

		assertThat(limits.seal(entry(KB, true), "Text").entry()).hasSize(ValueCodec.HEADROOM + KB);
		assertThatExceptionOfType(NotCacheableException.class)
			.isThrownBy(() -> limits.seal(entry(KB + 1, false), "Text"));
	}

	@Test
	void whatDoesNotGetSmallerMayBeAsLargeAsTheLargestStoredOne() {
		PayloadLimits limits = limits(1, 1);

		assertThatNoException().isThrownBy(() -> limits.seal(entry(KB, true), "Text"));
		assertThatExceptionOfType(NotCacheableException.class)
			.isThrownBy(() -> limits.seal(entry(2 * KB, true), "Text"));
	}

	@Test
	void nothingIsEncodedThatCouldNotBeStored() {
		assertThat(limits(1, 1).mostToEncode()).isEqualTo(16 * KB);
		assertThat(limits(0, 1).mostToEncode()).isEqualTo(KB);
		// Compressed only beyond what it may be before it is.
		assertThat(limits(100 * KB, 1).mostToEncode()).isEqualTo(KB);
	}

	@Test
	void neverMayAPayloadBeLargerThanRedisCanHold() {
		PayloadLimits limits = limits(1, 512 * KB);

		assertThat(limits.maxPlain()).isEqualTo(512 * KB * KB);
		assertThat(limits.maxStored()).isEqualTo(512 * KB * KB);
	}

	@Test
	void aLargerOneThanMayBeWrittenIsNotReadEither() throws Exception {
		PayloadLimits generous = limits(0, 64);
		PayloadLimits strict = limits(0, 1);
		byte[] most = generous.seal(entry(16 * KB, true), "Text").entry();
		byte[] tooLarge = generous.seal(entry(16 * KB + 1, true), "Text").entry();

		assertThat(strict.open(most, PayloadForm.PLAIN).length()).isEqualTo(16 * KB);
		assertThatExceptionOfType(IOException.class).isThrownBy(() -> strict.open(tooLarge, PayloadForm.PLAIN));
	}

	@Test
	void nothingIsUnpackedBeyondWhatMayBeWritten() throws Exception {
		PayloadLimits generous = limits(1, 64);
		PayloadLimits strict = limits(1, 1);
		ValueCodec.Encoded most = generous.seal(entry(16 * KB, false), "Text");
		ValueCodec.Encoded bomb = generous.seal(entry(16 * KB + 1, false), "Text");
		assertThat(bomb.entry()).hasSizeLessThan(KB);

		assertThat(strict.open(most.entry(), most.form()).length()).isEqualTo(16 * KB);
		assertThatExceptionOfType(IOException.class).isThrownBy(() -> strict.open(bomb.entry(), bomb.form()));
	}

	@Test
	void atTheVerySizeFromWhichOnItIsCompressedItIsNot() {
		assertThat(limits(16 * KB, 1).mostToEncode()).isEqualTo(KB);
		assertThat(limits(16 * KB - 1, 1).mostToEncode()).isEqualTo(16 * KB);
	}

	@Test
	void theLimitIsToldAsItWasSet() {
		assertThat(limits(0, 2 * KB).tooLarge("Text")).hasMessageContaining("'max-value-size' (2MB as stored)");
		assertThat(limits(0, 3).tooLarge("Text")).hasMessageContaining("'max-value-size' (3KB as stored)");
		assertThat(new PayloadLimits(1, 1500, 1500).tooLarge("Text"))
			.hasMessageContaining("'max-value-size' (1500B as stored)");
	}

	@Test
	void aFrameThatIsTruncatedOrNotOfOursIsRefusedAtItsBeginning() throws Exception {
		byte[] frame = limits(1, 1).seal(entry(KB, false), "Text").entry();

		assertThat(PayloadCompression.decompress(frame, KB)).hasSize(KB);
		assertThatExceptionOfType(IOException.class).isThrownBy(() -> PayloadCompression.decompress(frame, KB - 1))
			.withMessageContaining("1024 bytes");
		for (int length = 0; length < 14; length++) {
			byte[] truncated = Arrays.copyOf(frame, ValueCodec.HEADROOM + length);
			assertThatExceptionOfType(IOException.class).isThrownBy(() -> PayloadCompression.decompress(truncated, KB))
				.withMessage("The frame is truncated");
		}
		byte[] beginning = Arrays.copyOf(frame, ValueCodec.HEADROOM + 14);
		assertThatExceptionOfType(Exception.class).isThrownBy(() -> PayloadCompression.decompress(beginning, KB))
			.satisfies((ex) -> assertThat(ex).hasMessageNotContaining("The frame is truncated"));
		for (int i = 0; i < 5; i++) {
			byte[] other = frame.clone();
			other[ValueCodec.HEADROOM + i] ^= 1;
			assertThatExceptionOfType(IOException.class).isThrownBy(() -> PayloadCompression.decompress(other, KB))
				.withMessageContaining("not a frame as this library writes it");
		}
	}

	@Test
	void aBufferTakesSingleBytesAndGrowsUpToItsLimit() throws Exception {
		EntryBuffer buffer = new EntryBuffer(1, 4);
		buffer.write('a');
		buffer.write(new byte[] { 'x', 'b', 'c', 'x' }, 1, 2);
		buffer.write('d');

		assertThat(new String(buffer.toEntry(), ValueCodec.HEADROOM, 4, java.nio.charset.StandardCharsets.UTF_8))
			.isEqualTo("abcd");
		assertThat(buffer.toEntry()).hasSize(ValueCodec.HEADROOM + 4);
		assertThatExceptionOfType(EntryBuffer.FullException.class).isThrownBy(() -> buffer.write('e'));
		assertThatExceptionOfType(EntryBuffer.FullException.class).isThrownBy(() -> buffer.write(new byte[1], 0, 1));
	}

	private static PayloadLimits limits(int compressAbove, int maxKilobytes) {
		return PayloadLimits.of(CacheSettings.defaults()
			.withCompressAbove(DataSize.ofBytes(compressAbove))
			.withMaxValueSize(DataSize.ofKilobytes(maxKilobytes)));
	}

	private static byte[] entry(int payload, boolean random) {
		byte[] entry = new byte[ValueCodec.HEADROOM + payload];
		if (random) {
			new Random(7).nextBytes(entry);
		}
		else {
			Arrays.fill(entry, (byte) 'x');
		}
		return entry;
	}

}
