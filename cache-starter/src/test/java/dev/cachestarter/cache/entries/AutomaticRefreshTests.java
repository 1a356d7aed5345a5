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

package dev.cachestarter.cache.entries;

import java.time.Duration;
import java.util.Random;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * {@code refresh-ahead: auto}, simulated: readers of one key who read at equal intervals,
 * in one instance or several, and loads that take their time.
 */
class AutomaticRefreshTests {

	private static final long LIFE = Duration.ofMinutes(10).toMillis();

	private static final int LIVES = 300;

	static Stream<Arguments> readers() {
		return Stream.of(1, 20, 1000, 3000, 30_000, 59_000)
			.flatMap((load) -> Stream.of(LIFE / 20, LIFE / 50, LIFE / 500, LIFE / 10_000)
				.flatMap((gap) -> Stream.of(1, 5).map((instances) -> Arguments.of(load, gap, instances))));
	}

	@ParameterizedTest(name = "loads of {0} ms, a read every {1} ms, instances: {2}")
	@MethodSource("readers")
	void aSteadyReaderNeverWaitsAndLoadsAreFewMoreThanLives(int load, long gap, int instances) {
		Simulation simulation = new Simulation(load, gap, instances, 0);

		simulation.run();

		assertThat(simulation.waits).as("but for the first load").isZero();
		assertThat(simulation.loadsPerLife()).isBetween(1.0, 1.21);
	}

	@ParameterizedTest(name = "loads of {0} ms, a read every {1} ms, instances: {2}")
	@MethodSource("readers")
	void jitterOfTheTtlCostsNoMoreThanItsShare(int load, long gap, int instances) {
		Simulation simulation = new Simulation(load, gap, instances, 0.1);

		simulation.run();

		assertThat(simulation.loadsPerLife()).as("by the TTL that is configured").isLessThan(1.3);
	}

	/** Instances that have loaded nothing go by a guess. */
	@Test
	void whoHasLoadedNothingIsEarlyEnough() {
		AutomaticRefresh refresh = new AutomaticRefresh(() -> 0);

		assertThat(refresh.isDue(LIFE / 10 - 1, LIFE)).isTrue();
		assertThat(refresh.isDue(LIFE / 6, LIFE)).isFalse();
	}

	@Test
	void theLongerALoadTakesTheSoonerItBegins() {
		assertThat(leftWhenDue(1)).isLessThan(leftWhenDue(2000));
		assertThat(leftWhenDue(2000)).isLessThan(leftWhenDue(8000));
		assertThat(leftWhenDue(8000)).isLessThan(leftWhenDue(20_000));
		assertThat(leftWhenDue(1_000_000)).as("at most").isLessThan(LIFE / 6.0);
	}

	@Test
	void itIsDrawnForEachRead() {
		AutomaticRefresh unlucky = new AutomaticRefresh(() -> 0);
		AutomaticRefresh lucky = new AutomaticRefresh(() -> 0.99);
		unlucky.loaded(Duration.ofSeconds(3).toNanos());
		lucky.loaded(Duration.ofSeconds(3).toNanos());
		long left = LIFE / 20 + 9000;

		assertThat(unlucky.isDue(left, LIFE)).isFalse();
		assertThat(lucky.isDue(left, LIFE)).isTrue();
	}

	@Test
	void aSlowLoadCountsAtOnceAndIsForgottenSlowly() {
		AutomaticRefresh refresh = new AutomaticRefresh(() -> 0);
		long slow = LIFE / 20 + 2 * 10_000 - 1;
		refresh.loaded(Duration.ofMillis(10).toNanos());
		assertThat(refresh.isDue(slow, LIFE)).isFalse();

		refresh.loaded(Duration.ofSeconds(10).toNanos());
		assertThat(refresh.isDue(slow, LIFE)).isTrue();
		refresh.loaded(Duration.ofMillis(10).toNanos());
		assertThat(refresh.isDue(slow - 2 * 1500, LIFE)).isTrue();
		for (int i = 0; i < 100; i++) {
			refresh.loaded(Duration.ofMillis(10).toNanos());
		}
		assertThat(refresh.isDue(LIFE / 20 + 100, LIFE)).isFalse();
	}

	@Test
	void noDrawIsTooMuch() {
		AutomaticRefresh refresh = new AutomaticRefresh(() -> Math.nextDown(1.0));
		refresh.loaded(Long.MAX_VALUE);

		assertThat(refresh.isDue(LIFE / 6 - 1, LIFE)).isTrue();
		assertThat(refresh.isDue(LIFE / 6, LIFE)).isFalse();
		assertThat(refresh.isDue(0, 1)).isFalse();
	}

	/** Return what an entry has left, on average, when a frequent reader finds it due. */
	private static double leftWhenDue(int load) {
		Simulation simulation = new Simulation(load, 50, 1, 0);
		simulation.run();
		return (double) simulation.leftWhenDue / (simulation.loads - 1);
	}

	/**
	 * Readers of one entry, by a clock of their own.
	 */
	private static final class Simulation {

		private final Random random = new Random(20_260_714);

		private final int load;

		private final long gap;

		private final double jitter;

		private final AutomaticRefresh[] instances;

		private int loads;

		private int waits;

		private long leftWhenDue;

		private long time;

		Simulation(int load, long gap, int instances, double jitter) {
			this.load = load;
			this.gap = gap;
			this.jitter = jitter;
			this.instances = new AutomaticRefresh[instances];
			for (int i = 0; i < instances; i++) {
				this.instances[i] = new AutomaticRefresh(this.random::nextDouble);
			}
		}

		void run() {
			long life = life();
			long writtenAt = 0;
			long storedAt = Long.MAX_VALUE;
			AutomaticRefresh loader = this.instances[0];
			loader.loaded(Duration.ofMillis(this.load).toNanos());
			this.loads = 1;
			for (this.time = 0; this.time < LIVES * LIFE; this.time += this.gap) {
				if (storedAt <= this.time) {
					// The load in the background has ended meanwhile.
					writtenAt = storedAt;
					life = life();
					storedAt = Long.MAX_VALUE;
					loader.loaded(Duration.ofMillis(this.load).toNanos());
				}
				AutomaticRefresh reader = this.instances[this.random.nextInt(this.instances.length)];
				long left = writtenAt + life - this.time;
				if (left <= 0) {
					this.waits++;
					this.loads += (storedAt == Long.MAX_VALUE) ? 1 : 0;
					writtenAt = this.time;
					life = life();
					storedAt = Long.MAX_VALUE;
				}
				else if (storedAt == Long.MAX_VALUE && reader.isDue(left, life)) {
					// Claimed: nobody else loads it until then.
					this.loads++;
					this.leftWhenDue += left;
					loader = reader;
					storedAt = this.time + this.load;
				}
			}
		}

		private long life() {
			return (long) (LIFE * (1 - this.jitter * this.random.nextDouble()));
		}

		double loadsPerLife() {
			return (double) this.loads * LIFE / this.time;
		}

	}

}
