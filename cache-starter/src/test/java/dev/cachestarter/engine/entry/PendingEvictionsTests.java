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

}
