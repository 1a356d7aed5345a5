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
import java.util.Arrays;
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

	@Test
	void onlyCachesThatSettingsStateAreKnownToEveryInstance() {
		this.layout.declare(List.of("tools"));

		assertThat(this.layout.isUnnamedToOthers("tools")).isFalse();
		assertThat(this.layout.isUnnamedToOthers("agents:list")).isTrue();
		assertThat(this.layout.isUnnamedToOthers("")).isFalse();
	}

	@Test
	void namesMayBeRegisteredByOneThreadAfterAnother() throws Exception {
		this.layout.register("first");
		Thread other = new Thread(() -> this.layout.register("second"));
		other.setDaemon(true);

		other.start();
		other.join(60_000);

		assertThat(this.layout.cacheNames()).contains("first", "second");
	}

	@Test
	void keyOfNoNamedCacheIsMarkedAsSuch() {
		assertThat(this.layout.key("", "motd").mark()).isEqualTo(EntryKey.UNNAMED);
		assertThat(this.layout.locate("motd").mark()).isEqualTo(EntryKey.UNNAMED);
		assertThat(this.layout.key("tools", "1").mark()).isEqualTo(EntryKey.SEGMENTS);
		assertThat(this.layout.locate("tools:1").mark()).isEqualTo(EntryKey.SEGMENTS);
		assertThat(this.layout.key("tools", EntryKey.ofOne("1", 0)).mark()).isEqualTo("1-------");
	}

	@Test
	void tildeAloneIsNoEntry() {
		assertThat(this.layout.parse(bytes("~"))).isNull();
		assertThat(this.layout.parse(bytes("~~"))).isEqualTo(this.layout.locate("~"));
	}

	@Test
	void keyThatIsFarTooLongIsShortenedWhereItIsNamedAndNotWhereItWasFound() {
		String text = "x".repeat(66_000);
		StoredKey named = this.layout.locate(text);
		StoredKey found = this.layout.parse(bytes(text));

		assertThat(named.key()).matches("%rest-[0-9a-f]{64}");
		assertThat(this.layout.parse(named.redisKey())).isEqualTo(named);
		assertThat(found).isNotNull();
		assertThat(found.key()).isEqualTo(text);
		assertThat(this.layout.parse(bytes("tools:" + text))).extracting(StoredKey::key).isEqualTo(text);
	}

	@Test
	void fullKeyOfManySegmentsIsShortenedToTheKeyThatItsTextHas() {
		String rest = "a:".repeat(40_000) + "a";

		for (String first : new String[] { "org-1", "x".repeat(KeyEscapes.MAX_SEGMENT) }) {
			assertThat(this.layout.locate("tools:" + first + ":" + rest).key())
				.isEqualTo(new KeyText(null).ofKey(first + ":" + rest).text());
		}
		assertThat(this.layout.locate("tools::" + rest).key()).matches(":%rest-[0-9a-f]{64}");
		assertThat(this.layout.locate("tools:" + "x".repeat(KeyEscapes.MAX_SEGMENT + 1) + ":" + rest).key())
			.matches("%rest-[0-9a-f]{64}");
		assertThat(this.layout.locate("tools:" + "x".repeat(KeyEscapes.MAX_KEY)).key()).hasSize(KeyEscapes.MAX_KEY);
		assertThat(this.layout.locate("tools:" + "x".repeat(KeyEscapes.MAX_KEY + 1)).key()).startsWith("%rest-");
	}

	@Test
	void generationIsThatOfItsCacheAndThatOfAGroupIsNone() {
		KeyLayout odd = layout("p:", true, "agents:list", "a~b", "c~~");

		for (String name : new String[] { "agents:list", "a~b", "c~~", "" }) {
			assertThat(odd.cacheOfGeneration(odd.cacheGenerationKey(name))).isEqualTo(name);
			assertThat(odd.cacheOfGeneration(odd.groupGenerationKey(name, "org-1"))).isNull();
			assertThat(odd.cacheOfGeneration(odd.groupGenerationKey(name, ""))).isNull();
		}
		assertThat(odd.cacheOfGeneration(bytes("{}p:~g:other"))).as("that others know").isEqualTo("other");
		assertThat(odd.cacheOfGeneration(bytes("{}p:~g"))).isNull();
		assertThat(odd.cacheOfGeneration(bytes("{}q:~g:other"))).isNull();
		assertThat(odd.cacheOfGeneration(odd.sweepLeaseKey())).isNull();
		assertThat(odd.cacheOfGeneration(concat(bytes("{}p:~g:"), new byte[] { (byte) 0xFF }))).isNull();
		assertThat(odd.generationPattern()).asString().isEqualTo("{}p:~g:*");
	}

	private static byte[] concat(byte[] start, byte[] rest) {
		byte[] all = Arrays.copyOf(start, start.length + rest.length);
		System.arraycopy(rest, 0, all, start.length, rest.length);
		return all;
	}

	@ParameterizedTest
	@ValueSource(strings = { "agents:list", "tools", ":odd", "{x:y", "[1]:z" })
	void whoDoesNotKnowACacheKeepsItsEntriesUnderTheUnnamedGenerationThatItNames(String name) {
		KeyLayout knowing = layout("p:", false, name);
		KeyLayout other = layout("p:", false);
		StoredKey theirs = other.locate(name + ":org-1:1");

		assertThat(List.of(new String(theirs.cacheGenerationKey(), StandardCharsets.UTF_8),
				new String(theirs.groupGenerationKey(), StandardCharsets.UTF_8)))
			.contains(new String(knowing.unnamedGenerationKey(name), StandardCharsets.UTF_8));
	}

	@Test
	void generationOfTheUnnamedCacheIsNamedOnlyIfNoGroupWillDo() {
		KeyLayout odd = layout("", false, "agents:list", "{x:y", ":odd");

		assertThat(odd.unnamedGenerationKey("agents:list")).isEqualTo(odd.groupGenerationKey("", "agents"));
		assertThat(odd.unnamedGenerationKey(":odd")).isEqualTo(odd.groupGenerationKey("", ""));
		assertThat(odd.unnamedGenerationKey("{\"x:y")).isEqualTo(odd.cacheGenerationKey(""));
	}

	@Test
	void nameThatIsRefusedIsToldWithoutItsControlCharacters() {
		assertThatIllegalArgumentException().isThrownBy(() -> this.layout.register("a\nb\u0085c"))
			.withMessageContaining("'a%0Ab%C2%85c'");
		assertThatIllegalArgumentException().isThrownBy(() -> new KeyLayout("a\tb", false))
			.withMessageContaining("'a%09b'");
	}

	@Test
	void twoKeysOfOnePlaceAreTheSameToSpringOnlyIfTheyAreMarkedAlike() {
		StoredKey one = this.layout.key("tools", EntryKey.ofOne("a:b", 0));
		StoredKey several = this.layout.key("tools", EntryKey.ofSeveral("a:b", 0));

		assertThat(one).isEqualTo(several);
		assertThat(one.isSameAs(several)).isFalse();
		assertThat(one.isSameAs(this.layout.key("tools", EntryKey.ofOne("a:b", 0)))).isTrue();
		assertThat(one.isSameAs(this.layout.key("tools", EntryKey.ofOne("a:c", 0)))).isFalse();
		assertThat(one.accepts(several)).isFalse();
		assertThat(one.accepts(this.layout.key("tools", "a:b"))).isTrue();
		assertThat(one.accepts(this.layout.key("tools", "a:c"))).isFalse();
	}

	@Test
	void keyOfSeveralValuesGoesBeforeThatOfOne() {
		String one = EntryKey.ofOne("a:b", 7).mark();
		String several = EntryKey.ofSeveral("a:b", 0).mark();

		assertThat(EntryKey.goesBefore(several, one)).isTrue();
		assertThat(EntryKey.goesBefore(one, several)).isFalse();
		assertThat(EntryKey.goesBefore(one, one)).isFalse();
		assertThat(EntryKey.goesBefore(several, several)).isFalse();
		assertThat(EntryKey.goesBefore(several, EntryKey.SEGMENTS)).isFalse();
		assertThat(EntryKey.goesBefore(EntryKey.SEGMENTS, one)).isFalse();
		assertThat(one).isEqualTo("10000007");
		assertThat(EntryKey.ofOne("a", 0).hashCode()).isNotEqualTo(EntryKey.ofOne("b", 0).hashCode());
		assertThat(EntryKey.ofSeveral("a", -1).mark()).isEqualTo("nfffffff");
		assertThat(EntryKey.ofSeveral("a", 0x1234_5678).mark()).isEqualTo("n2345678");
	}

	@Test
	void logShowsKeysAsTheSettingSays() {
		StoredKey key = this.layout.key("tools", "org-1:1");
		StoredKey unnamed = this.layout.locate("org-1:1");

		assertThat(LogKeys.FULL.nameOf(key)).isEqualTo("tools:org-1:1");
		assertThat(LogKeys.FULL.nameOf("tools", "org-1:*")).isEqualTo("tools:org-1:*");
		assertThat(LogKeys.FULL.nameOf(null, "a\nb")).isEqualTo("a%0Ab");
		// echo -n org-1:1 | sha256sum
		assertThat(LogKeys.HASH.nameOf(key)).isEqualTo("tools:#a451ad86de40a404");
		assertThat(LogKeys.HASH.nameOf(unnamed)).isEqualTo("#a451ad86de40a404")
			.isEqualTo(LogKeys.HASH.nameOf(null, "org-1:1"));
		assertThat(LogKeys.HASH.nameOf("tools", "org-1:2")).isNotEqualTo(LogKeys.HASH.nameOf(key));
		assertThat(LogKeys.NONE.nameOf(key)).isEqualTo("tools:...");
		assertThat(LogKeys.NONE.nameOf(unnamed)).isEqualTo("...");
	}

	@Test
	void emptyKeyIsPermittedByThePatternOfAll() {
		assertThat(new KeyLayout("", false).accessPattern(new byte[0])).isEqualTo("~*");
		assertThat(new KeyLayout("", true).accessPattern(bytes("{}"))).isEqualTo("~{}*");
		assertThat(new KeyLayout("", true).accessPattern(bytes("{}~due"))).isEqualTo("~{}~*");
	}

}
