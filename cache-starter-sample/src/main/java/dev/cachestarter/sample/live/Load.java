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

import java.time.Duration;
import java.util.SplittableRandom;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

import org.springframework.beans.factory.DisposableBean;
import org.springframework.stereotype.Component;

/**
 * Makes the calls of a {@link Workload} at a rate that is bounded, for a time that is
 * bounded. One of 100 calls is a change. With every tenth call, a read of the same kind
 * is made past the cache, for comparison.
 * <p>
 * Calls do not queue up: one that finds no free thread at its time is not made, and
 * counted as left out.
 */
@Component
final class Load implements DisposableBean {

	static final int MOST_A_SECOND = 500;

	private static final Log log = LogFactory.getLog(Load.class);

	private static final Duration LONGEST = Duration.ofMinutes(15);

	private static final int THREADS = 32;

	private static final int ONE_CHANGE_IN = 100;

	private static final int ONE_COMPARISON_IN = 10;

	private static final Run NONE = new Run(0, 0);

	private final Workload workload;

	private final Recorder recorder;

	private final ThreadPoolExecutor callers = new ThreadPoolExecutor(0, THREADS, 10, TimeUnit.SECONDS,
			new SynchronousQueue<>(), (task) -> daemon(task, "load-caller"));

	private volatile Run current = NONE;

	private final LongAdder calls = new LongAdder();

	private final LongAdder errors = new LongAdder();

	private final LongAdder leftOut = new LongAdder();

	Load(Workload workload, Recorder recorder) {
		this.workload = workload;
		this.recorder = recorder;
	}

	/**
	 * Make so many calls a second from now on, instead of those that are made so far.
	 * @param rate the calls a second, 0 for none
	 */
	synchronized void at(int rate) {
		Run run = (rate == 0) ? NONE : new Run(rate, System.nanoTime() + LONGEST.toNanos());
		this.current = run;
		if (run != NONE) {
			daemon(() -> drive(run), "load").start();
		}
	}

	/**
	 * Make calls until another run is the current one. Who is late does not hurry more
	 * than a second's worth.
	 */
	private void drive(Run run) {
		SplittableRandom random = new SplittableRandom();
		long gap = TimeUnit.SECONDS.toNanos(1) / run.rate();
		long next = System.nanoTime();
		for (long number = 0; this.current == run; number++) {
			long now = System.nanoTime();
			if (now - run.until() > 0) {
				end(run);
				return;
			}
			next = Math.max(next + gap, now - TimeUnit.SECONDS.toNanos(1));
			if (next > now) {
				try {
					TimeUnit.NANOSECONDS.sleep(next - now);
				}
				catch (InterruptedException ex) {
					return;
				}
			}
			boolean change = number % ONE_CHANGE_IN == ONE_CHANGE_IN - 1;
			boolean compare = number % ONE_COMPARISON_IN == 0;
			SplittableRandom own = random.split();
			call(() -> {
				if (change) {
					this.workload.change(own);
				}
				else {
					this.workload.nextRead(own).cached().run();
				}
			});
			if (compare) {
				call(() -> this.recorder.compare(this.workload.nextRead(own.split()).direct()));
			}
		}
	}

	private synchronized void end(Run run) {
		if (this.current == run) {
			this.current = NONE;
		}
	}

	private void call(Runnable task) {
		try {
			this.callers.execute(() -> counted(task));
		}
		catch (RejectedExecutionException ex) {
			this.leftOut.increment();
		}
	}

	/**
	 * Do something and count it.
	 */
	void counted(Runnable task) {
		this.calls.increment();
		try {
			task.run();
		}
		catch (RuntimeException ex) {
			this.errors.increment();
			log.warn("A call of the load failed", ex);
		}
	}

	int rate() {
		return this.current.rate();
	}

	long calls() {
		return this.calls.sum();
	}

	long errors() {
		return this.errors.sum();
	}

	long leftOut() {
		return this.leftOut.sum();
	}

	static Thread daemon(Runnable task, String name) {
		Thread thread = new Thread(task, name);
		thread.setDaemon(true);
		return thread;
	}

	@Override
	public synchronized void destroy() throws InterruptedException {
		this.current = NONE;
		this.callers.shutdown();
		this.callers.awaitTermination(5, TimeUnit.SECONDS);
	}

	private record Run(int rate, long until) {

	}

}
