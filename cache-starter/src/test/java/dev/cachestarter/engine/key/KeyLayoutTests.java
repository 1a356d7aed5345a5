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
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

class KeyLayoutTests {

	private final KeyLayout layout = layout("", false, "agents:list", "agents:details", "tools");

	@Test
	void keyIsPrefixNameColonKey() {
		StoredKey key = layout("shop:", false, "agents:list").key("agents:list", "org-123:{\"limit\":20,\"page\":1}");

		assertThat(key.redisKey()).asString().isEqualTo("shop:agents:list:org-123:{\"limit\":20,\"page\":1}");
		assertThat(key.group()).isEqualTo("org-123");
		assertThat(key.cacheGenerationKey()).asString().isEqualTo("shop:~g:agents:list");
		assertThat(key.groupGenerationKey()).asString().isEqualTo("shop:~g:agents:list~:org-123");
		assertThat(key.displayName()).isEqualTo("agents:list:org-123:{\"limit\":20,\"page\":1}");
	}

	@Test
	void everyKeyOnAClusterBeginsWithAnEmptyHashTag() {
		KeyLayout cluster = layout("shop:", true, "tools");
		StoredKey key = cluster.key("tools", "{x}:1");

		assertThat(key.redisKey()).asString().isEqualTo("{}shop:tools:{x}:1");
		assertThat(key.cacheGenerationKey()).asString().startsWith("{}shop:~");
		assertThat(key.groupGenerationKey()).asString().startsWith("{}shop:~");
		assertThat(cluster.sweepLeaseKey()).asString().startsWith("{}shop:~");
		assertThat(cluster.scanPattern("tools", KeyPattern.of("*"))).asString().isEqualTo("{}shop:tools:*");
		assertThat(cluster.parse(key.redisKey())).isEqualTo(key);
	}

	@Test
	void keyOfASingleSegmentHasNoGroup() {
		StoredKey key = this.layout.key("agents:details", "42");

		assertThat(key.group()).isNull();
		assertThat(key.groupGenerationKey()).isNull();
	}

	@Test
	void fullKeyThatIsFarTooLongKeepsItsGroup() {
		String longText = "x".repeat(66_000);

		StoredKey key = this.layout.locate("tools:org-1:" + longText);

		assertThat(key.key()).matches("org-1:%rest-[0-9a-f]{64}");
		assertThat(key.group()).isEqualTo("org-1");
		assertThat(key).isEqualTo(this.layout.locate("tools:org-1:" + longText))
			.isNotEqualTo(this.layout.locate("tools:org-1:" + longText + "x"));
		assertThat(this.layout.locate("tools:" + longText + ":1").key()).matches("%rest-[0-9a-f]{64}");
		assertThat(this.layout.locate("tools:" + longText).key()).matches("%rest-[0-9a-f]{64}");
		assertThat(this.layout.locate("tools:" + longText.substring(1000)).key()).hasSize(65_000);
	}

	@Test
	void groupOfAKeyWithWideCharactersIsThatGroup() {
		StoredKey key = this.layout.key("tools", "caf\u00e9\ud83d\ude00\ud83d:\u20ac");

		assertThat(key.group()).isEqualTo("caf\u00e9\ud83d\ude00\ud83d");
		assertThat(key.groupGenerationKey())
			.isEqualTo(this.layout.groupGenerationKey("tools", "caf\u00e9\ud83d\ude00\ud83d"));
	}

	@ParameterizedTest
	@CsvSource(textBlock = """
			agents:list:org-1:2, agents:list, org-1:2
			agents:list:,        agents:list, ''
			agents:list,         '',          agents:list
			agents:listing:1,    '',          agents:listing:1
			agents:details:1,    agents:details, 1
			tools:1,             tools,       1
			zebra,               '',          zebra
			'',                  '',          ''
			""")
	void wholeKeyBelongsToTheCacheItBeginsWith(String fullKey, String cacheName, String key) {
		StoredKey located = this.layout.locate(fullKey);

		assertThat(located.cacheName()).isEqualTo(cacheName);
		assertThat(located.key()).isEqualTo(key);
		assertThat(located.redisKey()).asString().isEqualTo(fullKey);
		assertThat(this.layout.parse(located.redisKey())).isEqualTo(located);
	}

	@Test
	void nothingThatUsersNameMeetsWhatIsOurs() {
		StoredKey key = this.layout.locate("~g:agents:list");

		assertThat(key.redisKey()).asString().isEqualTo("~~g:agents:list");
		assertThat(key.displayName()).isEqualTo("~g:agents:list");
		assertThat(this.layout.parse(key.redisKey())).isEqualTo(key);
	}

	@Test
	void generationOfACacheIsNotThatOfAnothersGroup() {
		KeyLayout odd = layout("", false, "a", "a~:b");

		assertThat(odd.cacheGenerationKey("a~:b")).isNotEqualTo(odd.groupGenerationKey("a", "b"));
		assertThat(odd.groupGenerationKey("a", "")).isNotEqualTo(odd.cacheGenerationKey("a"));
	}

	@Test
	void parseLeavesOutWhatIsNoEntry() {
		KeyLayout prefixed = layout("shop:", false, "agents:list");

		assertThat(prefixed.parse(bytes("agents:list:1"))).isNull();
		assertThat(prefixed.parse(bytes("sho"))).isNull();
		assertThat(prefixed.parse(prefixed.cacheGenerationKey("agents:list"))).isNull();
		assertThat(prefixed.parse(prefixed.groupGenerationKey("agents:list", "org-1"))).isNull();
		assertThat(prefixed.parse(prefixed.sweepLeaseKey())).isNull();
		assertThat(prefixed.parse(new byte[] { 's', 'h', 'o', 'p', ':', (byte) 0xFF })).isNull();
	}

	@Test
	void keysThatDifferInALoneSurrogateAreTwo() {
		StoredKey one = this.layout.key("tools", "\ud83d:1");
		StoredKey other = this.layout.key("tools", "\ude00:1");

		assertThat(one.redisKey()).isNotEqualTo(other.redisKey());
		assertThat(one.groupGenerationKey()).isNotEqualTo(other.groupGenerationKey());
	}

	@ParameterizedTest
	@CsvSource({ "agents, agents:list", "agents:list, agents", "agents:list, agents:list:mine" })
	void namesThatSwallowEachOtherAreRefused(String first, String second) {
		KeyLayout fresh = layout("", false, first, "agent", "agentsx", "agents;");

		assertThatIllegalArgumentException().isThrownBy(() -> fresh.register(second))
			.withMessageContaining("'" + first + "'")
			.withMessageContaining("'" + second + "'")
			.withMessageContaining("Rename");
		assertThat(fresh.cacheNames()).contains(first).doesNotContain(second);
	}

	@Test
	void registeringTwiceChangesNothing() {
		this.layout.register("tools");

		assertThat(this.layout.cacheNames()).containsExactlyInAnyOrder("agents:list", "agents:details", "tools");
	}

	@ParameterizedTest
	@ValueSource(strings = { "", "~g", "a\nb", "a\u0085" })
	void namesThatCannotStandInAKeyAreRefused(String name) {
		assertThatIllegalArgumentException().isThrownBy(() -> this.layout.register(name))
			.withMessageMatching("(?s).*(Rename the cache|Give it one).*")
			.withMessageNotContaining("\n");
	}

	@ParameterizedTest
	@ValueSource(strings = { "~", "~g:", "a\tb" })
	void prefixThatCannotBeginAKeyIsRefused(String prefix) {
		assertThatIllegalArgumentException().isThrownBy(() -> new KeyLayout(prefix, false))
			.withMessageContaining("cache-starter.key-prefix");
	}

	@Test
	void cacheThatWasNotRegisteredHasNoKeys() {
		assertThatIllegalStateException().isThrownBy(() -> this.layout.key("ghost", "1"))
			.withMessageContaining("'ghost'");
	}

	@Test
	void cacheNamesAreASnapshot() {
		assertThatExceptionOfType(UnsupportedOperationException.class)
			.isThrownBy(() -> this.layout.cacheNames().add("x"));
	}

	@Test
	void scanPatternTakesPrefixAndNameLiterally() {
		KeyLayout odd = layout("p[*]:", false, "a?b");

		assertThat(odd.scanPattern("a?b", KeyPattern.of("x*"))).asString().isEqualTo("p\\[\\*]:a\\?b:x*");
		assertThat(odd.scanPattern(null, KeyPattern.of("x*"))).asString().isEqualTo("p\\[\\*]:x*");
		assertThat(odd.scanPattern("", KeyPattern.of("~x*"))).asString().isEqualTo("p\\[\\*]:~~x*");
	}

	@Test
	void patternThatBeginsWithANameIsWithinThatCache() {
		assertThat(this.layout.scope("agents:list:org-123:*"))
			.isEqualTo(new KeyLayout.Scope("agents:list", KeyPattern.of("org-123:*")));
		assertThat(this.layout.scope("agents\\:list:*"))
			.isEqualTo(new KeyLayout.Scope("agents:list", KeyPattern.of("*")));
		assertThat(this.layout.scope("agents:list:\\*:*"))
			.isEqualTo(new KeyLayout.Scope("agents:list", KeyPattern.of("\\*:*")));
		assertThat(this.layout.scope("agents:list*"))
			.isEqualTo(new KeyLayout.Scope(null, KeyPattern.of("agents:list*")));
		assertThat(this.layout.scope("*")).isEqualTo(new KeyLayout.Scope(null, KeyPattern.of("*")));
	}

	@Test
	void patternTouchesTheCachesWhoseKeysItMayMatch() {
		assertThat(this.layout.cachesTouchedBy("tools", KeyPattern.of("x"))).containsExactly("tools");
		assertThat(this.layout.cachesTouchedBy(null, KeyPattern.of("agents:*")))
			.containsExactlyInAnyOrder("agents:list", "agents:details", "");
		assertThat(this.layout.cachesTouchedBy(null, KeyPattern.of("agents:l*")))
			.containsExactlyInAnyOrder("agents:list", "");
		assertThat(this.layout.cachesTouchedBy(null, KeyPattern.of("tools:*"))).containsExactly("tools");
		assertThat(this.layout.cachesTouchedBy(null, KeyPattern.of("*s:1"))).containsExactlyInAnyOrder("agents:list",
				"agents:details", "tools", "");
		assertThat(this.layout.cachesTouchedBy(null, KeyPattern.of("[a-b]gents:[^d]*")))
			.containsExactlyInAnyOrder("agents:list", "");
	}

	@Test
	void noTwoKeysMeetWhateverTheNamesAndGroups() {
		HostileText texts = new HostileText();
		KeyLayout hostile = new KeyLayout("", false);
		List<String> names = registered(hostile, texts, 300);
		Map<String, String> owners = new HashMap<>();

		claim(owners, hostile.sweepLeaseKey(), "sweep", texts);
		for (String name : names) {
			claim(owners, hostile.cacheGenerationKey(name), "cache " + name, texts);
			assertThat(hostile.parse(hostile.cacheGenerationKey(name))).as(texts.toString()).isNull();
			for (int i = 0; i < 30; i++) {
				String text = texts.next(4);
				claim(owners, hostile.groupGenerationKey(name, text), "group " + text + " of " + name, texts);
				assertThat(hostile.parse(hostile.groupGenerationKey(name, text))).as(texts.toString()).isNull();
				StoredKey key = name.isEmpty() ? hostile.locate(text) : hostile.key(name, text);
				claim(owners, key.redisKey(), "entry " + key.key() + " of " + key.cacheName(), texts);
				assertThat(hostile.parse(key.redisKey())).as(texts.toString()).isEqualTo(key);
			}
		}
	}

	@Test
	void scopeAndTouchedCachesAgreeWithWhatAPatternMatches() {
		HostileText texts = new HostileText();
		KeyLayout hostile = new KeyLayout("", false);
		List<String> names = registered(hostile, texts, 20);
		int matches = 0;

		for (int i = 0; i < 20_000; i++) {
			String name = names.get(texts.random().nextInt(names.size()));
			String fullKey = name + texts.oneOf(":", "") + texts.next(2);
			String text = fullKey.substring(0, texts.random().nextInt(fullKey.length() + 1));
			String glob = texts.oneOf(text, KeyPattern.escapeGlob(text)) + texts.oneOf("*", texts.next(2), "?*", "");
			KeyPattern pattern = KeyPattern.of(glob);
			KeyLayout.Scope scope = hostile.scope(glob);
			StoredKey key = hostile.locate(fullKey);

			boolean expected = pattern.matches(fullKey);
			boolean actual = scope.pattern().matches((scope.cacheName() != null) ? key.key() : fullKey)
					&& (scope.cacheName() == null || scope.cacheName().equals(key.cacheName()));
			assertThat(actual).as("%s: %s against %s", texts, glob, fullKey).isEqualTo(expected);
			if (expected) {
				matches++;
				assertThat(hostile.cachesTouchedBy(null, pattern)).as("%s: %s against %s", texts, glob, fullKey)
					.contains(key.cacheName());
			}
		}
		assertThat(matches).isGreaterThan(1_000);
	}

	private static List<String> registered(KeyLayout layout, HostileText texts, int count) {
		List<String> names = new ArrayList<>(List.of(""));
		while (names.size() < count) {
			String name = texts.next(3);
			try {
				layout.register(name);
				names.add(name);
			}
			catch (IllegalArgumentException ex) {
				// Another will do.
				continue;
			}
		}
		return names;
	}

	private static void claim(Map<String, String> owners, byte[] redisKey, String owner, HostileText texts) {
		String before = owners.put(new String(redisKey, StandardCharsets.ISO_8859_1), owner);
		assertThat(before).as(texts.toString()).isIn(null, owner);
	}

	private static byte[] bytes(String text) {
		return text.getBytes(StandardCharsets.UTF_8);
	}

	private static KeyLayout layout(String prefix, boolean cluster, String... cacheNames) {
		KeyLayout layout = new KeyLayout(prefix, cluster);
		for (String cacheName : cacheNames) {
			layout.register(cacheName);
		}
		return layout;
	}

	@Test
	void aStoredKeyIsItsCacheAndItsKey() {
		KeyLayout layout = new KeyLayout("p:", false);
		layout.register("agents");
		layout.register("tools");
		StoredKey key = layout.key("agents", "org-1:1");

		assertThat(key).isEqualTo(layout.key("agents", "org-1:1"))
			.hasSameHashCodeAs(layout.key("agents", "org-1:1"))
			.isNotEqualTo(layout.key("agents", "org-1:2"))
			.isNotEqualTo(layout.key("tools", "org-1:1"))
			.isNotEqualTo("agents:org-1:1")
			.hasToString("agents:org-1:1");
		assertThat(key.hashCode()).isNotEqualTo(layout.key("agents", "org-1:2").hashCode())
			.isNotEqualTo(layout.key("tools", "org-1:1").hashCode());
		assertThat(LogKeys.FULL.nameOf(layout.key("agents", "org\n1"))).startsWith("agents:org").doesNotContain("\n");
		assertThat(LogKeys.FULL.nameOf(key)).isEqualTo("agents:org-1:1");
	}

	@Test
	void aKeyIsPermittedByThePatternOfItsPrefix() {
		KeyLayout layout = new KeyLayout("shop*:", false);

		assertThat(layout.accessPattern(KeyBytes.of("shop*:agents:1"))).isEqualTo("~shop\\*:*");
		assertThat(new KeyLayout("shop:", true).accessPattern(KeyBytes.of("{}shop:~g:agents"))).isEqualTo("~{}shop:*");
	}

	@Test
	void withoutAPrefixAKeyIsPermittedByThePatternOfItsCache() {
		KeyLayout layout = new KeyLayout("", false);
		layout.register("agents:list");

		assertThat(layout.accessPattern(KeyBytes.of("agents:list:org:1"))).isEqualTo("~agents:list:*");
		assertThat(layout.accessPattern(KeyBytes.of("~g:agents:list"))).isEqualTo("~~*");
		assertThat(layout.accessPattern(KeyBytes.of("~~motd"))).isEqualTo("~~*");
		assertThat(layout.accessPattern(KeyBytes.of("motd"))).isEqualTo("~*");
	}

}
