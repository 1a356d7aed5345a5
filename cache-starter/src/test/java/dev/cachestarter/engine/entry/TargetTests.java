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

import java.util.List;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import dev.cachestarter.engine.key.KeyLayout;
import dev.cachestarter.engine.key.KeyPattern;
import dev.cachestarter.engine.key.LogKeys;
import dev.cachestarter.engine.key.StoredKey;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What can be evicted, and what is evicted in its place when there is too much of it.
 */
class TargetTests {

	private static final KeyLayout LAYOUT = new KeyLayout("app:", false);

	private static final List<StoredKey> KEYS;

	static {
		LAYOUT.register("agents");
		LAYOUT.register("tools");
		KEYS = Stream
			.of("agents:1", "agents:org-1", "agents:org-1:1", "agents:org-1:1:a", "agents:org-2:1", "tools:1",
					"tools:org-1:1", "any", "any:1", "other:org-1:1")
			.map(LAYOUT::locate)
			.toList();
	}

	static Stream<Target> targets() {
		return Stream.concat(KEYS.stream().map(Target.Key::new),
				Stream.of(new Target.Group("agents", "org-1"), new Target.Group("", "any"), new Target.Whole("agents"),
						new Target.Whole(""), new Target.Glob("agents", KeyPattern.of("*:1")),
						new Target.Glob("", KeyPattern.of("any*")), new Target.Glob(null, KeyPattern.of("*:org-1:*")),
						Target.ALL));
	}

	@ParameterizedTest
	@MethodSource("targets")
	void whatIsEvictedInsteadNamesAllThatItNamed(Target target) {
		Target wider = target.widen();

		assertThat(named(wider)).isNotEmpty().containsAll(named(target));
		assertThat(wider.widen().widen()).as("there is an end to it").isEqualTo(wider.widen().widen().widen());
		assertThat(Target.Kind.of(wider)).isEqualTo(Target.Kind.EXACT);
	}

	@Test
	void whatIsNamed() {
		assertThat(named(new Target.Key(LAYOUT.locate("agents:org-1:1")))).containsExactly("agents:org-1:1");
		assertThat(named(new Target.Group("agents", "org-1"))).containsExactly("agents:org-1:1", "agents:org-1:1:a");
		assertThat(named(new Target.Whole("tools"))).containsExactly("tools:1", "tools:org-1:1");
		assertThat(named(new Target.Whole(""))).containsExactly("any", "any:1", "other:org-1:1");
		assertThat(named(new Target.Glob("agents", KeyPattern.of("*:1")))).containsExactly("agents:org-1:1",
				"agents:org-2:1");
		assertThat(named(new Target.Glob(null, KeyPattern.of("*:org-1:*")))).containsExactly("agents:org-1:1",
				"agents:org-1:1:a", "tools:org-1:1", "other:org-1:1");
		assertThat(named(new Target.Glob(null, KeyPattern.of("t*:1")))).containsExactly("tools:1", "tools:org-1:1");
		assertThat(named(Target.ALL)).hasSize(KEYS.size());
	}

	@Test
	void aGroupAndAWholeCacheNameNothingThatMerelyBeginsLikeThem() {
		KeyLayout before = new KeyLayout("", false);

		assertThat(new Target.Whole("tools").names(before.locate("tools"))).isFalse();
		assertThat(new Target.Whole("tools").names(before.locate("toolsets:1"))).isFalse();
		assertThat(new Target.Whole("tools").names(before.locate("other:1"))).isFalse();
		assertThat(new Target.Whole("tools").names(before.locate("tools:1"))).isTrue();
		assertThat(new Target.Group("tools", "a").names(before.locate("tools:ab:1"))).isFalse();
		assertThat(new Target.Group("tools", "a").names(before.locate("tools:a:1"))).isTrue();
	}

	@Test
	void aPatternOfACacheIsMatchedAgainstWhatFollowsTheNameInAKeyThatWasMadeBeforeTheNameWasKnown() {
		KeyLayout before = new KeyLayout("", false);
		Target glob = new Target.Glob("tools", KeyPattern.of("a*"));

		assertThat(glob.names(before.locate("tools:a1"))).isTrue();
		assertThat(glob.names(before.locate("tools:b1"))).isFalse();
		assertThat(glob.names(before.locate("a1"))).isFalse();
	}

	@Test
	void aSegmentIsAllThatBeginsWithItInWhateverCache() {
		Target.Segment segment = new Target.Segment("agents");

		assertThat(named(segment)).containsExactly("agents:1", "agents:org-1", "agents:org-1:1", "agents:org-1:1:a",
				"agents:org-2:1");
		assertThat(segment.begins("agents")).isTrue();
		assertThat(segment.begins("agents:list")).isTrue();
		assertThat(segment.begins("agent")).isFalse();
		assertThat(segment.begins("agentship")).isFalse();
		assertThat(segment.widen()).isEqualTo(Target.ALL);
	}

	@Test
	void aTargetIsWithinItsCacheOrWithinSeveral() {
		assertThat(new Target.Key(LAYOUT.locate("agents:1")).cacheName()).isEqualTo("agents");
		assertThat(new Target.Segment("agents").cacheName()).isNull();
		assertThat(new Target.Glob(null, KeyPattern.of("a*")).cacheName()).isNull();
		assertThat(Target.ALL.cacheName()).isNull();
	}

	@Test
	void aTargetIsDescribedAsThePatternThatAHumanWouldWrite() {
		assertThat(new Target.Key(LAYOUT.locate("agents:org-1:1")).describe()).isEqualTo("agents:org-1:1");
		assertThat(new Target.Group("agents", "org-1").describe()).isEqualTo("agents:org-1:*");
		assertThat(new Target.Group("", "any").describe()).isEqualTo("any:*");
		assertThat(new Target.Whole("agents").describe()).isEqualTo("agents:*");
		assertThat(new Target.Whole("").describe()).isEqualTo("*");
		assertThat(new Target.Glob("agents", KeyPattern.of("*:1")).describe()).isEqualTo("agents:*:1");
		assertThat(new Target.Glob("", KeyPattern.of("any*")).describe()).isEqualTo("any*");
		assertThat(new Target.Glob(null, KeyPattern.of("*:1")).describe()).isEqualTo("*:1");
		assertThat(new Target.Segment("any").describe()).isEqualTo("any:*");
		assertThat(Target.ALL.describe()).isEqualTo("*");
	}

	@Test
	void theLogNamesCachesAndHidesTheRestIfItIsToHideKeys() {
		assertThat(new Target.Key(LAYOUT.locate("agents:org-1:1")).logName(LogKeys.FULL)).isEqualTo("agents:org-1:1");
		assertThat(new Target.Key(LAYOUT.locate("agents:org-1:1")).logName(LogKeys.NONE)).isEqualTo("agents:...");
		assertThat(new Target.Key(LAYOUT.locate("agents:org-1:1")).logName(LogKeys.HASH))
			.isEqualTo(LogKeys.HASH.nameOf("agents", "org-1:1"));
		assertThat(new Target.Key(LAYOUT.locate("any:1")).logName(LogKeys.HASH))
			.isEqualTo(LogKeys.HASH.nameOf(null, "any:1"));
		assertThat(new Target.Group("agents", "org-1").logName(LogKeys.NONE)).isEqualTo("agents:...");
		assertThat(new Target.Glob(null, KeyPattern.of("org-1*")).logName(LogKeys.NONE)).isEqualTo("...");
		assertThat(new Target.Segment("org-1").logName(LogKeys.NONE)).isEqualTo("...");
		assertThat(new Target.Whole("agents").logName(LogKeys.NONE)).isEqualTo("agents:*");
		assertThat(Target.ALL.logName(LogKeys.NONE)).isEqualTo("*");
	}

	@ParameterizedTest
	@MethodSource("targets")
	void aTargetCountsForAtLeastTheMemoryThatItsTextsTakeAndNotForMuchMore(Target small) {
		String text = "x".repeat(5_000);
		KeyLayout layout = new KeyLayout("", false);
		layout.register(text);
		StoredKey single = layout.key(text, text);
		StoredKey grouped = layout.key(text, text + ":" + text);

		assertThat(small.bytes()).isBetween(200L, 600L);
		assertThat(new Target.Key(single).bytes()).isBetween(2L * 5_000 + 10_001, 2L * 5_000 + 10_001 + 600);
		assertThat(new Target.Key(grouped).bytes()).isBetween(2L * 15_001 + 15_002 + 10_000,
				2L * 15_001 + 15_002 + 10_600);
		assertThat(new Target.Group(text, text).bytes()).isBetween(20_000L, 20_600L);
		assertThat(new Target.Whole(text).bytes()).isBetween(10_000L, 10_600L);
		assertThat(new Target.Segment(text).bytes()).isBetween(10_000L, 10_600L);
		assertThat(new Target.Glob(text, KeyPattern.of(text)).bytes()).isBetween(30_000L, 30_600L);
	}

	private static List<String> named(Target target) {
		return KEYS.stream().filter(target::names).map(StoredKey::displayName).toList();
	}

}
