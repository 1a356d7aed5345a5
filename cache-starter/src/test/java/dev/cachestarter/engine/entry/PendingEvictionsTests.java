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

import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicLong;

import org.junit.jupiter.api.Test;

import dev.cachestarter.engine.entry.Target.Glob;
import dev.cachestarter.engine.entry.Target.Group;
import dev.cachestarter.engine.entry.Target.Key;
import dev.cachestarter.engine.entry.Target.Whole;
import dev.cachestarter.engine.key.KeyLayout;
import dev.cachestarter.engine.key.KeyPattern;
import dev.cachestarter.engine.key.StoredKey;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The set of evictions that Redis has not taken.
 */
class PendingEvictionsTests {

	private final KeyLayout layout = new KeyLayout("", false);

	private final AtomicLong now = new AtomicLong();

	private final PendingEvictions pending = new PendingEvictions(10, this.now::get);

	PendingEvictionsTests() {
		this.layout.register("agents");
		this.layout.register("tools");
	}

	private StoredKey key(String key) {
		return this.layout.key("agents", key);
	}

	@Test
	void anAcknowledgementOfAnOlderAskingDoesNotEndANewerOneWhicheverCameLast() {
		Key target = new Key(key("org-1:1"));
		this.pending.add(target, 2);
		this.pending.add(target, 1);

		this.pending.acknowledged(target, 1);

		assertThat(this.pending.covers(key("org-1:1"))).isTrue();
		this.pending.acknowledged(target, 2);
		assertThat(this.pending.covers(key("org-1:1"))).isFalse();
	}

	@Test
	void aFailureOfAnOlderAskingDoesNotMakeANewerOneLate() {
		Key target = new Key(key("org-1:1"));
		this.pending.add(target, 1);
		this.pending.add(target, 2);

		this.pending.failed(target, 1);

		assertThat(this.pending.isAnyLate(Target.Kind.EXACT)).isFalse();
		this.pending.failed(target, 2);
		assertThat(this.pending.isAnyLate(Target.Kind.EXACT)).isTrue();
	}

	@Test
	void theOldestIsTheOneThatWasFirstAskedForAndNotTakenHoweverOftenItWasAskedForSince() {
		Key first = new Key(key("org-1:1"));
		Key second = new Key(key("org-1:2"));
		this.pending.add(first, 1);
		assertThat(this.pending.oldestLate()).as("under way").isEmpty();

		this.now.set(5);
		this.pending.add(second, 2);
		this.pending.failed(second, 2);
		assertThat(this.pending.oldestLate()).isEqualTo(OptionalLong.of(5));
		this.pending.failed(first, 1);
		this.now.set(9);
		this.pending.addLate(first, 3);

		assertThat(this.pending.oldestLate()).isEqualTo(OptionalLong.of(0));
		this.pending.acknowledged(first, 3);
		assertThat(this.pending.oldestLate()).isEqualTo(OptionalLong.of(5));
		this.pending.acknowledged(second, 2);
		assertThat(this.pending.oldestLate()).isEmpty();
	}

	@Test
	void eachTargetCoversWhatItNamesAndNothingElse() {
		this.pending.add(new Key(key("org-1:1")), 1);
		this.pending.add(new Group("agents", "org-2"), 2);
		this.pending.add(new Glob("agents", KeyPattern.of("*:page-1")), 3);

		assertThat(this.pending.covers(key("org-1:1"))).isTrue();
		assertThat(this.pending.covers(key("org-1:2"))).isFalse();
		assertThat(this.pending.covers(key("org-2:7"))).isTrue();
		assertThat(this.pending.covers(key("org-3:page-1"))).isTrue();
		assertThat(this.pending.covers(this.layout.key("tools", "org-2:7"))).isFalse();
		this.pending.add(new Whole("tools"), 4);
		assertThat(this.pending.covers(this.layout.key("tools", "org-2:7"))).isTrue();
	}

	@Test
	void whatDoesNotFitIsWidenedAndNeverDropped() {
		for (int i = 0; i < 100; i++) {
			Target fitting = this.pending.fit(new Key(key("org-" + i + ":1")));
			this.pending.addLate(fitting, i);
		}

		assertThat(this.pending.size()).isLessThanOrEqualTo(21);
		for (int i = 0; i < 100; i++) {
			assertThat(this.pending.covers(key("org-" + i + ":1"))).isTrue();
		}
		assertThat(this.pending.covers(this.layout.key("tools", "1"))).isFalse();
	}

	@Test
	void patternsBeyondAHundredAreWidenedToTheirCacheOrToAll() {
		for (int i = 0; i < 150; i++) {
			this.pending.addLate(this.pending.fit(new Glob("agents", KeyPattern.of("*:" + i))), i);
		}

		assertThat(this.pending.size()).isEqualTo(101);
		assertThat(this.pending.covers(key("org-1:149"))).isTrue();
		assertThat(this.pending.covers(this.layout.key("tools", "1"))).isFalse();
		this.pending.addLate(this.pending.fit(new Glob(null, KeyPattern.of("t*:1"))), 200);
		assertThat(this.pending.covers(this.layout.key("tools", "1"))).isTrue();
	}

	@Test
	void whatIsNamedByCacheIsCoveredAlsoUnderAKeyThatWasMadeBeforeTheNameWasKnown() {
		KeyLayout before = new KeyLayout("", false);
		TargetSet targets = new TargetSet();
		targets.add(new Whole("tools"));
		targets.add(new Group("agents", "org-1"));
		targets.add(new Glob("agents", KeyPattern.of("*:page-1")));

		assertThat(targets.covers(before.locate("tools:1"))).isTrue();
		assertThat(targets.covers(before.locate("tools:org-1:1"))).isTrue();
		assertThat(targets.covers(before.locate("agents:org-1:1"))).isTrue();
		assertThat(targets.covers(before.locate("agents:org-2:page-1"))).isTrue();
		assertThat(targets.covers(before.locate("agents:org-2:1"))).isFalse();
		assertThat(targets.covers(before.locate("agents:org-1"))).isFalse();
		assertThat(targets.covers(before.locate("tools"))).isFalse();
		assertThat(targets.covers(before.locate("toolshed:1"))).isFalse();
	}

	@Test
	void aKeyWithoutACacheIsWidenedToAllThatBeginsLikeIt() {
		KeyLayout before = new KeyLayout("", false);
		TargetSet targets = new TargetSet();
		targets.add(new Key(before.locate("agents:org-1:1")).widen());

		assertThat(targets.covers(before.locate("agents:2"))).isTrue();
		assertThat(targets.covers(key("org-2:1"))).isTrue();
		assertThat(targets.covers(this.layout.key("tools", "1"))).isFalse();
		assertThat(targets.covers(before.locate("agents"))).isFalse();
	}

	@Test
	void allIsWhatIsInNoCacheToo() {
		TargetSet targets = new TargetSet();
		targets.add(Target.ALL);

		assertThat(targets.covers(this.layout.locate("motd"))).isTrue();
		assertThat(targets.covers(key("org-1:1"))).isTrue();
	}

	@Test
	void whatFitsIsKeptAsItIs() {
		for (int i = 0; i < 10; i++) {
			Key target = new Key(key("org-" + i + ":1"));

			assertThat(this.pending.fit(target)).isEqualTo(target);
			this.pending.add(target, i);
		}
	}

	@Test
	void onceTooManyIsWidenedOnceAndTwiceTooManyTwice() {
		Key target = new Key(key("org-1:1"));
		addKeys(0, 10);
		assertThat(this.pending.fit(target)).isEqualTo(new Group("agents", "org-1"));

		addKeys(10, 20);

		assertThat(this.pending.fit(target)).isEqualTo(new Whole("agents"));
		assertThat(this.pending.fit(new Key(key("other-5:1")))).as("it is in there already")
			.isEqualTo(new Key(key("other-5:1")));
		this.pending.add(new Group("agents", "org-1"), 30);
		assertThat(this.pending.fit(target)).as("what is wider is in there already")
			.isEqualTo(new Group("agents", "org-1"));
	}

	private void addKeys(int from, int to) {
		for (int i = from; i < to; i++) {
			this.pending.add(new Key(key("other-" + i + ":1")), i);
		}
	}

	@Test
	void fewTargetsWithLongKeysAreTooManyAsWell() {
		String text = "x".repeat(400_000);
		this.pending.add(new Key(key("org-1:" + text)), 1);
		assertThat(this.pending.bytes()).isBetween(1_200_000L, 1_300_000L);

		assertThat(this.pending.fit(new Key(key("org-2:1")))).isEqualTo(new Group("agents", "org-2"));
	}

	@Test
	void whatIsNoLongerPendingTakesNoMemory() {
		Key first = new Key(key("org-1:1"));
		Glob second = new Glob("agents", KeyPattern.of("*:1"));
		assertThat(this.pending.bytes()).isZero();

		this.pending.add(first, 1);
		this.pending.add(second, 2);
		assertThat(this.pending.bytes()).isEqualTo(first.bytes() + second.bytes());
		this.pending.add(first, 3);
		this.pending.failed(second, 2);
		this.pending.acknowledged(new Key(key("org-2:1")), 4);
		assertThat(this.pending.bytes()).as("asked for again").isEqualTo(first.bytes() + second.bytes());

		this.pending.acknowledged(second, 2);
		assertThat(this.pending.bytes()).isEqualTo(first.bytes());
		this.pending.acknowledged(first, 3);
		assertThat(this.pending.bytes()).isZero();
		assertThat(this.pending.size()).isZero();
	}

	@Test
	void patternsThatArePendingAlreadyAreNotWidened() {
		for (int i = 0; i < 100; i++) {
			this.pending.add(new Glob("agents", KeyPattern.of("*:" + i)), i);
		}

		assertThat(this.pending.fit(new Glob("agents", KeyPattern.of("*:7"))))
			.isEqualTo(new Glob("agents", KeyPattern.of("*:7")));
		assertThat(this.pending.fit(new Glob("agents", KeyPattern.of("*:100")))).isEqualTo(new Whole("agents"));
	}

	@Test
	void thoseOfAKindAreListedWithTheSequenceInWhichTheyWereAskedForLast() {
		Key key = new Key(key("org-1:1"));
		Key late = new Key(key("org-1:2"));
		Glob glob = new Glob("agents", KeyPattern.of("*:1"));
		this.pending.add(key, 1);
		this.pending.add(key, 2);
		this.pending.addLate(late, 3);
		this.pending.add(glob, 4);

		assertThat(this.pending.all(Target.Kind.EXACT)).containsExactlyInAnyOrder(new PendingEvictions.Pending(key, 2),
				new PendingEvictions.Pending(late, 3));
		assertThat(this.pending.all(Target.Kind.PATTERN)).containsExactly(new PendingEvictions.Pending(glob, 4));
		assertThat(this.pending.late(Target.Kind.EXACT)).containsExactly(new PendingEvictions.Pending(late, 3));
		assertThat(this.pending.late(Target.Kind.PATTERN)).isEmpty();
	}

	@Test
	void oneThatIsLateIsLateWhateverItsKind() {
		assertThat(this.pending.isAnyLate()).isFalse();
		this.pending.add(new Key(key("org-1:1")), 1);
		assertThat(this.pending.isAnyLate()).as("under way").isFalse();

		this.pending.addLate(new Key(key("org-1:1")), 2);
		assertThat(this.pending.isAnyLate()).isTrue();
		this.pending.acknowledged(new Key(key("org-1:1")), 2);
		assertThat(this.pending.isAnyLate()).isFalse();
		this.pending.addLate(new Glob("agents", KeyPattern.of("*:1")), 3);
		assertThat(this.pending.isAnyLate()).isTrue();
	}

	@Test
	void ageIsThatOfTheFirstAskingWhicheverCameLast() {
		Key target = new Key(key("org-1:1"));
		this.now.set(-3);
		this.pending.addLate(target, 1);
		this.now.set(7);
		this.pending.addLate(target, 2);
		assertThat(this.pending.oldestLate()).isEqualTo(OptionalLong.of(-3));

		this.now.set(-9);
		this.pending.addLate(target, 3);

		assertThat(this.pending.oldestLate()).as("asked for before, and noted after").isEqualTo(OptionalLong.of(-9));
	}

	@Test
	void aClockThatPassesItsLargestNumberMakesNothingYounger() {
		this.now.set(Long.MAX_VALUE);
		this.pending.addLate(new Key(key("org-1:1")), 1);
		this.now.set(Long.MIN_VALUE + 10);
		this.pending.addLate(new Key(key("org-1:2")), 2);
		this.pending.addLate(new Key(key("org-1:1")), 3);

		assertThat(this.pending.oldestLate()).isEqualTo(OptionalLong.of(Long.MAX_VALUE));
	}

	@Test
	void cachesWhoseNamesBeginWithAColonAreNamedLikeAnyOther() {
		KeyLayout before = new KeyLayout("", false);
		KeyLayout after = new KeyLayout("", false);
		after.register(":b");
		TargetSet targets = new TargetSet();
		targets.add(new Whole(":b"));
		assertThat(targets.covers(before.locate(":b:c"))).isTrue();
		assertThat(targets.covers(before.locate(":c:c"))).isFalse();

		TargetSet segments = new TargetSet();
		segments.add(new Target.Segment(""));

		assertThat(segments.covers(after.key(":b", "1"))).isTrue();
		assertThat(segments.covers(key("1"))).isFalse();
	}

	@Test
	void eachTargetCoversWhatItNamesBesideAnyOther() {
		KeyLayout before = new KeyLayout("", false);
		TargetSet targets = new TargetSet();
		targets.add(new Whole("a"));
		targets.add(new Whole("a-cache-with-a-long-name"));
		targets.add(new Group("agents", "org-1"));
		targets.add(new Whole("b"));

		assertThat(targets.covers(before.locate("a-cache-with-a-long-name:1"))).isTrue();
		assertThat(targets.covers(before.locate("a:1"))).isTrue();
		assertThat(targets.covers(before.locate("c:a:1"))).isFalse();
		assertThat(targets.covers(before.locate("agents:org-1:1"))).isTrue();
	}

}
