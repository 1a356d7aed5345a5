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
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import dev.cachestarter.testing.Thorough;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Keys and patterns of text of any kind: of all of Unicode, halves of characters, control
 * characters, globs, escapes, and of any length.
 */
class HostileKeysTests {

	private static final int ROUNDS = Thorough.choose(40_000, 1_000_000);

	private static final Duration LONG = Duration.ofMinutes(1);

	private final HostileText texts = new HostileText();

	private final Random random = this.texts.random();

	private final KeyText keyText = new KeyText(null);

	private final CacheKeys cacheKeys = new CacheKeys(null);

	private final KeyLayout layout = new KeyLayout("shop:", false);

	HostileKeysTests() {
		this.layout.register("c");
		this.layout.register("d:e");
	}

	@Test
	void keysOfAnyTextAreKeysAndNoTwoMeet() {
		System.out.println("Hostile keys: " + this.texts + ", " + ROUNDS + " rounds");
		Map<String, String> seen = new HashMap<>();
		Map<EntryKey, String> seenAlone = new HashMap<>();
		for (int i = 0; i < ROUNDS; i++) {
			if (i % 50_000 == 0) {
				seen.clear();
				seenAlone.clear();
			}
			String text = text();
			String what = "%s, round %d".formatted(this.texts, i);
			String segment = this.keyText.segment(text);
			assertThat(seen.put(segment, text)).as(what).isIn(null, text);
			assertThat(seenAlone.put(this.keyText.ofKey(text), text)).as(what).isIn(null, text);
			assertThat(segment.chars()).as(what).noneMatch(Character::isISOControl);
			assertThat(segment.length()).as(what).isLessThanOrEqualTo(KeyEscapes.MAX_SEGMENT);
			assertThat(KeySegments.endOfFirst(segment)).as(what).isEqualTo(-1);

			StoredKey key = this.layout.key("c", this.cacheKeys.text(text, "1"));
			StoredKey parsed = this.layout.parse(key.redisKey());
			assertThat(parsed).as(what).isNotNull();
			assertThat(parsed.cacheName()).as(what).isEqualTo("c");
			assertThat(parsed.key()).as(what).isEqualTo(key.key());
			assertThat(parsed.group()).as(what).isEqualTo(segment);
			assertThat(new String(key.redisKey(), StandardCharsets.UTF_8)).as(what).startsWith("shop:c:");
			assertThat(key.redisKey().length).as(what).isLessThan(3000);
			assertOneLine(LogKeys.FULL.nameOf(key), what);
		}
	}

	@Test
	void wholeKeysOfAnyTextAreOfOneCacheAndNeverWhatIsOurs() {
		for (int i = 0; i < ROUNDS; i++) {
			String text = this.texts.oneOf("", "c:", "d:e:", "~", "~g:c", "~due", "shop:", "{}") + text();
			String what = "%s, round %d".formatted(this.texts, i);
			if (text.isEmpty()) {
				continue;
			}
			StoredKey key = this.layout.locate(text);
			String stored = new String(key.redisKey(), StandardCharsets.UTF_8);
			assertThat(stored).as(what).startsWith("shop:");
			assertThat(stored.startsWith("shop:~")).as(what).isEqualTo(text.startsWith("~"));
			assertThat(stored.startsWith("shop:~~")).as(what).isEqualTo(text.startsWith("~"));
			StoredKey parsed = this.layout.parse(key.redisKey());
			assertThat(parsed).as(what).isNotNull();
			assertThat(parsed.cacheName()).as(what).isEqualTo(key.cacheName());
			assertOneLine(LogKeys.FULL.nameOf(key), what);
		}
	}

	@Test
	void patternsOfAnyTextStayWithinTheirCacheAndTenant() {
		for (int i = 0; i < ROUNDS; i++) {
			String text = text();
			String other = text();
			String what = "%s, round %d".formatted(this.texts, i);
			KeyPattern pattern = KeyPattern.of(text);
			pattern.matches(other);
			pattern.group();
			pattern.onlyKey();
			pattern.mayMatchUnder("c:");
			this.layout.cachesTouchedBy(null, pattern);
			if (!text.isEmpty()) {
				this.layout.scope(text);
			}
			assertThat(new String(this.layout.scanPattern("c", pattern), StandardCharsets.UTF_8)).as(what)
				.startsWith("shop:c:");
			assertOneLine(LogKeys.name(pattern.glob()), what);

			KeyPattern tenant = this.cacheKeys.under(text);
			assertThat(tenant.matches(this.cacheKeys.text(text, other))).as(what).isTrue();
			assertThat(tenant.matches(this.cacheKeys.text(other, text))).as(what).isEqualTo(text.equals(other));
		}
	}

	@Test
	@Timeout(value = 120, unit = TimeUnit.SECONDS)
	void noPatternTakesTimeThatGrowsFasterThanItAndTheKey() {
		String key = "a".repeat(4000);
		for (String piece : new String[] { "a*", "*a", "?*", "*[a-c]", "**a", "\\a*", "*a?" }) {
			KeyPattern pattern = KeyPattern.of(piece.repeat(1000) + "b");
			for (int i = 0; i < 5; i++) {
				assertThat(pattern.matches(key)).isFalse();
			}
		}
	}

	private static void assertOneLine(String text, String what) {
		assertThat(text.chars()).as(what)
			.noneMatch((character) -> Character.isISOControl(character) || character == 0x2028 || character == 0x2029);
	}

	private String text() {
		int kind = this.random.nextInt(40);
		if (kind == 0) {
			return this.texts.next(400).repeat(1 + this.random.nextInt(8));
		}
		if (kind < 20) {
			return this.texts.next(6);
		}
		StringBuilder text = new StringBuilder();
		for (int i = this.random.nextInt(8); i >= 0; i--) {
			switch (this.random.nextInt(4)) {
				case 0 -> text.append((char) this.random.nextInt(Character.MAX_VALUE + 1));
				case 1 -> text.appendCodePoint(this.random.nextInt(Character.MAX_CODE_POINT + 1));
				case 2 -> text.append((char) this.random.nextInt(128));
				default -> text.append(this.texts.next(1));
			}
		}
		return text.toString();
	}

}
