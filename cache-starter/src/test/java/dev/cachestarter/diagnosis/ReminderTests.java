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

package dev.cachestarter.diagnosis;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import dev.cachestarter.engine.redis.LinkCondition;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The reminder, on a clock that the test moves.
 */
class ReminderTests {

	private static final CacheCondition WELL = condition(LinkCondition.Kind.WELL, null, 0, null);

	private static final CacheCondition AWAY = condition(LinkCondition.Kind.UNREACHABLE, "connection lost", 3,
			Duration.ofMinutes(9));

	private final Reminder reminder = new Reminder();

	private Duration now = Duration.ofDays(-1);

	private final List<String> said = new ArrayList<>();

	@Test
	void itIsSaidEveryTenMinutesAndNotAtTheBeginning() {
		pass(Duration.ofMinutes(35), AWAY);

		assertThat(this.said).hasSize(3);
		assertThat(this.said.get(0)).isEqualTo("Cache service still degraded, for 10 min 0 s [localhost:1]: "
				+ "unreachable: connection lost; evictions pending: 3, the oldest for 9 min 0 s");
		assertThat(this.said.get(2)).contains("for 30 min");
	}

	@Test
	void whatIsOverIsForgotten() {
		pass(Duration.ofMinutes(9), AWAY);
		pass(Duration.ofSeconds(2), WELL);
		pass(Duration.ofMinutes(9), AWAY);
		assertThat(this.said).isEmpty();

		pass(Duration.ofMinutes(1).plusSeconds(2), AWAY);

		assertThat(this.said).singleElement().asString().contains("for 10 min");
	}

	@Test
	void aCacheThatIsWellIsNotMentioned() {
		pass(Duration.ofHours(1), WELL);

		assertThat(this.said).isEmpty();
	}

	@Test
	void evictionsThatWaitForARedisThatIsThereAreDegradedToo() {
		pass(Duration.ofMinutes(11), condition(LinkCondition.Kind.WELL, null, 2, Duration.ofMinutes(10)));

		assertThat(this.said).singleElement().asString().contains("evictions pending: 2");
	}

	@Test
	void anOutageInWhichNothingWasEvictedSaysSo() {
		pass(Duration.ofMinutes(11), condition(LinkCondition.Kind.UNREACHABLE, "connection lost", 0, null));

		assertThat(this.said).singleElement().asString().endsWith("unreachable: connection lost; no evictions wait");
	}

	@Test
	void evictionsThatRedisIsJustAskedForAreNoReason() {
		CacheCondition condition = condition(LinkCondition.Kind.WELL, null, 3, null);

		assertThat(condition.isDegraded()).isFalse();
		assertThat(condition.reasons()).isEmpty();
	}

	private void pass(Duration time, CacheCondition condition) {
		Duration until = this.now.plus(time);
		while (this.now.compareTo(until) < 0) {
			this.now = this.now.plusSeconds(2);
			String text = this.reminder.look(condition, this.now.toNanos());
			if (text != null) {
				this.said.add(text);
			}
		}
	}

	private static CacheCondition condition(LinkCondition.Kind kind, @Nullable String error, int pending,
			@Nullable Duration oldest) {
		return new CacheCondition("localhost:1", new LinkCondition(kind, kind == LinkCondition.Kind.WELL,
				Duration.ofMinutes(1), error, LinkCondition.Refused.NOTHING), pending, oldest, null);
	}

}
