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

package dev.cachestarter.sample.live;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

import org.jspecify.annotations.Nullable;

import org.springframework.stereotype.Component;

import dev.cachestarter.CacheService;
import dev.cachestarter.CacheSnapshot;

/**
 * Lets many callers ask for one key at the same moment, just after it was evicted.
 */
@Component
final class Stampede {

	static final int CALLERS = 200;

	private final Workload workload;

	private final Recorder recorder;

	private final Load load;

	private final CacheService cache;

	private final AtomicBoolean underWay = new AtomicBoolean();

	Stampede(Workload workload, Recorder recorder, Load load, CacheService cache) {
		this.cache = cache;
		this.workload = workload;
		this.recorder = recorder;
		this.load = load;
	}

	/**
	 * Let them ask, and return when all have their answers.
	 * @return what came of it, {@code null} if another stampede is under way
	 */
	@Nullable Result run() throws InterruptedException {
		if (!this.underWay.compareAndSet(false, true)) {
			return null;
		}
		try {
			return release();
		}
		finally {
			this.underWay.set(false);
		}
	}

	private Result release() throws InterruptedException {
		this.workload.evictPopular();
		long unanswered = unanswered();
		Workload.Read read = this.workload.popularRead();
		CountDownLatch ready = new CountDownLatch(CALLERS);
		CountDownLatch go = new CountDownLatch(1);
		Answer[] answers = new Answer[CALLERS];
		List<Thread> callers = new ArrayList<>();
		for (int i = 0; i < CALLERS; i++) {
			int number = i;
			Thread caller = Load.daemon(() -> {
				ready.countDown();
				try {
					go.await();
				}
				catch (InterruptedException ex) {
					return;
				}
				this.load.counted(() -> answers[number] = answer(read));
			}, "stampede-" + number);
			callers.add(caller);
			caller.start();
		}
		ready.await(10, TimeUnit.SECONDS);
		long begin = System.nanoTime();
		go.countDown();
		for (Thread caller : callers) {
			caller.join(30_000);
		}
		double millis = (System.nanoTime() - begin) / 1e6;
		int loads = 0;
		int answered = 0;
		int different = 0;
		Object first = null;
		for (Answer answer : answers) {
			if (answer != null) {
				answered++;
				loads += answer.loads();
				first = Objects.requireNonNullElse(first, answer.value());
				different += Objects.equals(first, answer.value()) ? 0 : 1;
			}
		}
		return new Result(CALLERS, answered, loads, different, unanswered() - unanswered, millis);
	}

	private long unanswered() {
		return this.cache.getStats().caches().values().stream().mapToLong(CacheSnapshot.Counters::failures).sum();
	}

	private Answer answer(Workload.Read read) {
		long[] loads = new long[1];
		Object value = this.recorder.countingLoads(loads, read.cached());
		return new Answer(value, (int) loads[0]);
	}

	private record Answer(@Nullable Object value, int loads) {

	}

	/**
	 * What came of it.
	 *
	 * @param callers how many asked
	 * @param answered how many got an answer
	 * @param loads how many of them had to load it themselves
	 * @param different how many got another value than the first
	 * @param unanswered how many commands Redis did not answer in time meanwhile
	 * @param millis how long it took until all had their answers
	 */
	record Result(int callers, int answered, int loads, int different, long unanswered, double millis) {

	}

}
