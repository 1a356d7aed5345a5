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

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;

class KeyPatternTests {

	@ParameterizedTest
	@CsvSource(delimiter = '|', textBlock = """
			*            | ''
			**           | anything
			org-1:*      | org-1:
			org-1:*      | org-1:2
			org-1*       | org-12:3
			a?c          | abc
			a[b-d]c      | abc
			a[b-d]c      | acc
			a[b-d]c      | adc
			a[d-b]c      | acc
			a[^b-d]c     | aec
			a[^]c        | axc
			a[-]c        | a-c
			a[\\]]c      | a]c
			a[\\\\]c     | a\\c
			[ab          | b
			a[^b]c       | a[c
			a[^b]c       | a^c
			[a-          | a
			[a-          | -
			[^ab         | c
			[a-]b        | ^
			\\*          | *
			a\\          | a\\
			[\\          | \\
			]            | ]
			\u00e9?      | \u00e9x
			??           | \u00e9
			*a*b*        | xxaxxbxx
			*ab          | aab
			""")
	void matchesAsRedisDoes(String glob, String key) {
		assertThat(KeyPattern.of(glob).matches(key)).isTrue();
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', textBlock = """
			''           | a
			a            | ''
			?            | ''
			org-1:*      | org-12:3
			org-1:*      | org-1
			a[b-d]c      | aac
			a[b-d]c      | aec
			a[^b-d]c     | acc
			[]a          | a
			[]           | ]
			[            | [
			\\*          | a
			?            | \u00e9
			*a*b         | xxaxx
			A            | a
			""")
	void doesNotMatchWhatRedisDoesNot(String glob, String key) {
		assertThat(KeyPattern.of(glob).matches(key)).isFalse();
	}

	@Test
	void manyStarsTakeNoMoreThanPatternTimesKey() {
		KeyPattern pattern = KeyPattern.of("a*".repeat(2_000) + "b");

		assertThat(pattern.matches("a".repeat(10_000))).isFalse();
		assertThat(pattern.matches("a".repeat(10_000) + "b")).isTrue();
		assertThat(pattern.mayMatchUnder("a".repeat(2_000))).isTrue();
	}

	@Test
	void onlyStarsMatchAll() {
		assertThat(KeyPattern.of("*").matchesAll()).isTrue();
		assertThat(KeyPattern.of("***").matchesAll()).isTrue();
		assertThat(KeyPattern.of("\\*").matchesAll()).isFalse();
		assertThat(KeyPattern.of("*a").matchesAll()).isFalse();
		assertThat(KeyPattern.of("").matchesAll()).isFalse();
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', textBlock = """
			org-123:*       | org-123
			org-123:**      | org-123
			org\\-123\\:*   | org-123
			\\*:*           | *
			:*              | ''
			{"a":1}:*       | {"a":1}
			{"a":"\\*:"}:*  | {"a":"*:"}
			"a\\\\":":*     | "a\\":"
			\\[1,2]:*       | [1,2]
			{tag}:*         | {tag}
			a]:*            | a]
			""")
	void allUnderOneSegmentIsAGroup(String glob, String group) {
		assertThat(KeyPattern.of(glob).group()).isEqualTo(group);
	}

	@ParameterizedTest
	@ValueSource(strings = { "*", "", ":", "org-123*", "org-123:", "org-123:x*", "org-1?3:*", "[ab]:*", "a:b:*", "a:*b",
			"a:*:*", "{\"a\":*", "{\"a:*", "\"a:*", "a:\\*", "a\\" })
	void whatIsMoreOrLessThanAllUnderOneSegmentIsNoGroup(String glob) {
		assertThat(KeyPattern.of(glob).group()).isNull();
	}

	@Test
	void literalGlobNamesOneKey() {
		assertThat(KeyPattern.of("org-1:\\*").onlyKey()).isEqualTo("org-1:*");
		assertThat(KeyPattern.of("").onlyKey()).isEmpty();
		assertThat(KeyPattern.of("a\\").onlyKey()).isEqualTo("a\\");
		assertThat(KeyPattern.of("org-1:*").onlyKey()).isNull();
	}

	@Test
	void patternsOfTheSameGlobAreEqual() {
		assertThat(KeyPattern.of("a*")).isEqualTo(KeyPattern.of("a*")).hasSameHashCodeAs(KeyPattern.of("a*"));
		assertThat(KeyPattern.of("a*")).isNotEqualTo(KeyPattern.of("b*")).hasToString("a*");
	}

	@Test
	void escapedTextMatchesItselfAlone() {
		HostileText texts = new HostileText();

		for (int i = 0; i < 20_000; i++) {
			String text = texts.next(4);
			String other = texts.next(4);
			KeyPattern pattern = KeyPattern.of(KeyPattern.escapeGlob(text));

			assertThat(pattern.matches(text)).as("%s: %s", texts, text).isTrue();
			assertThat(pattern.matches(other)).as("%s: %s, %s", texts, text, other).isEqualTo(text.equals(other));
			assertThat(pattern.onlyKey()).as(texts.toString()).isEqualTo(text);
		}
	}

	@Test
	void groupMatchesExactlyTheKeysOfThatGroup() {
		HostileText texts = new HostileText();
		KeyLayout layout = new KeyLayout("", false);
		layout.register("c");
		int groups = 0;
		int members = 0;

		for (int i = 0; i < 50_000; i++) {
			String segment = texts.next(3);
			KeyPattern pattern = texts.oneOf(KeyPattern.ofGroup(segment), KeyPattern.of(segment + ":*"));
			String key = texts.oneOf(segment, texts.next(3)) + texts.oneOf(":", "") + texts.next(3);
			String group = pattern.group();
			if (group != null) {
				groups++;
				boolean member = group.equals(layout.key("c", key).group());
				members += member ? 1 : 0;
				assertThat(pattern.matches(key)).as("%s: %s against %s", texts, pattern, key).isEqualTo(member);
			}
		}
		assertThat(groups).isGreaterThan(5_000);
		assertThat(members).isGreaterThan(1_000);
	}

	@Test
	void whatMatchesMayMatchUnderEachOfItsBeginnings() {
		HostileText texts = new HostileText();
		int matches = 0;

		for (int i = 0; i < 50_000; i++) {
			String key = texts.oneOf("a", "ab", "a-b", "b]") + texts.next(2);
			KeyPattern pattern = KeyPattern.of(texts.oneOf(key.substring(0, 1), "?", "*", "[a-b]") + texts.next(3));
			if (pattern.matches(key)) {
				matches++;
				String beginning = key.substring(0, texts.random().nextInt(key.length() + 1));
				if (!endsInHalfAPair(key, beginning)) {
					assertThat(pattern.mayMatchUnder(beginning)).as("%s: %s, %s", texts, pattern, key).isTrue();
				}
			}
		}
		assertThat(matches).isGreaterThan(1_000);
		assertThat(KeyPattern.of("ab*").mayMatchUnder("b")).isFalse();
		assertThat(KeyPattern.of("a").mayMatchUnder("ab")).isFalse();
		assertThat(KeyPattern.of("ab").mayMatchUnder("a")).isTrue();
		assertThat(KeyPattern.of("ab").mayMatchUnder("ab")).isTrue();
		assertThat(KeyPattern.of("a?*x").mayMatchUnder("abc")).isTrue();
		assertThat(KeyPattern.of("a?*x").mayMatchUnder("ba")).isFalse();
		assertThat(KeyPattern.of("a*b").mayMatchUnder("acd")).isTrue();
		assertThat(KeyPattern.of("").mayMatchUnder("")).isTrue();
		assertThat(KeyPattern.of("").mayMatchUnder("a")).isFalse();
	}

	private static boolean endsInHalfAPair(String key, String beginning) {
		int end = beginning.length();
		return end > 0 && end < key.length() && Character.isSurrogatePair(key.charAt(end - 1), key.charAt(end));
	}

	@Test
	void patternsOfTwoGlobsRarelyHaveOneHash() {
		assertThat(KeyPattern.of("a*").hashCode()).isNotEqualTo(KeyPattern.of("b*").hashCode());
	}

}
