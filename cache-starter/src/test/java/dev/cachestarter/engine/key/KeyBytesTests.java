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

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;

class KeyBytesTests {

	@ParameterizedTest
	@ValueSource(strings = { "", "agents:list:org-123", "\u00e9\u20ac", "\ud83d\ude00 smile" })
	void wellFormedTextIsUtf8(String text) {
		assertThat(KeyBytes.of(text)).isEqualTo(text.getBytes(StandardCharsets.UTF_8));
	}

	@Test
	void textsThatDifferInALoneSurrogateHaveDifferentBytes() {
		byte[] high = KeyBytes.of("a\ud83d");
		byte[] low = KeyBytes.of("a\ude00");
		byte[] question = KeyBytes.of("a?");

		assertThat(high).isNotEqualTo(low).isNotEqualTo(question);
		assertThat(low).isNotEqualTo(question);
	}

	@Test
	void bytesGiveTheirTextBack() {
		HostileText texts = new HostileText();
		Map<String, String> seen = new HashMap<>();

		for (int i = 0; i < 20_000; i++) {
			String text = texts.next(6);
			byte[] bytes = KeyBytes.of(text);

			assertThat(KeyBytes.textOf(bytes, 0)).as(texts.toString()).isEqualTo(text);
			String other = seen.put(new String(bytes, StandardCharsets.ISO_8859_1), text);
			assertThat(other).as(texts.toString()).isIn(null, text);
		}
	}

	@Test
	void bytesThatNoTextHasAreNoText() {
		byte[] truncated = { 'a', (byte) 0xC3 };
		byte[] overlong = { (byte) 0xC0, (byte) 0x80 };
		byte[] surrogatePairInSixBytes = { (byte) 0xED, (byte) 0xA0, (byte) 0xBD, (byte) 0xED, (byte) 0xB8,
				(byte) 0x80 };

		assertThat(KeyBytes.textOf(truncated, 0)).isNull();
		assertThat(KeyBytes.textOf(overlong, 0)).isNull();
		assertThat(KeyBytes.textOf(surrogatePairInSixBytes, 0)).isNull();
	}

	@Test
	void readingStartsAtTheOffset() {
		assertThat(KeyBytes.textOf(KeyBytes.of("shop:\ud83dx"), 5)).isEqualTo("\ud83dx");
	}

	@Test
	void halfOfASurrogateIsNoText() {
		assertThat(KeyBytes.textOf(new byte[] { 'a', 'b', (byte) 0xED, (byte) 0xA0 }, 0)).isNull();
		assertThat(KeyBytes.textOf(new byte[] { 'a', 'b', 'c', (byte) 0xED }, 0)).isNull();
		assertThat(KeyBytes.textOf(new byte[] { (byte) 0xED, (byte) 0xA0, (byte) 0xBD }, 0)).isEqualTo("\ud83d");
		assertThat(KeyBytes.textOf(new byte[] { (byte) 0xED, (byte) 0xA0, 'x' }, 0)).isNull();
	}

}
