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

package dev.cachestarter.benchmark.worker;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicInteger;

import com.sun.management.OperatingSystemMXBean;
import com.sun.management.ThreadMXBean;

import dev.cachestarter.benchmark.peer.AgentSource;
import dev.cachestarter.benchmark.peer.Agents;

/**
 * Calls a service from some threads for some time, and says what that has cost.
 */
final class CallLoop {

	private static final int TENANTS = 10;

	private static final int KEYS = 100;

	private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

	private static final OperatingSystemMXBean PROCESS = (OperatingSystemMXBean) ManagementFactory
		.getOperatingSystemMXBean();

	private final Agents agents;

	/** So that no key is missed twice. */
	private final AtomicInteger misses = new AtomicInteger();

	CallLoop(Agents agents) {
		this.agents = agents;
	}

	Calls run(Kind kind, Payload payload, int threads, long millis) throws InterruptedException, ExecutionException {
		return run(kind, payload::call, threads, millis);
	}

	Calls run(Kind kind, Payload.Call payload, int threads, long millis)
			throws InterruptedException, ExecutionException {
		if (kind == Kind.HIT) {
			fill(payload);
		}
		List<FutureTask<Latencies>> callers = new ArrayList<>();
		CountDownLatch begin = new CountDownLatch(1);
		CountDownLatch ready = new CountDownLatch(threads);
		AtomicInteger turn = new AtomicInteger();
		long[] callerBytes = new long[threads];
		long[] until = new long[1];
		for (int number = 0; number < threads; number++) {
			int caller = number;
			FutureTask<Latencies> task = new FutureTask<>(() -> {
				Latencies latencies = new Latencies();
				ready.countDown();
				begin.await();
				long bytes = THREADS.getCurrentThreadAllocatedBytes();
				long now = System.nanoTime();
				while (now - until[0] < 0) {
					call(kind, payload, turn);
					long before = now;
					now = System.nanoTime();
					latencies.add(now - before);
				}
				callerBytes[caller] = THREADS.getCurrentThreadAllocatedBytes() - bytes;
				return latencies;
			});
			callers.add(task);
			new Thread(task, "caller-" + number).start();
		}
		ready.await();
		long loads = AgentSource.loads();
		long allBytes = allocatedByAll();
		long processor = PROCESS.getProcessCpuTime();
		long begun = System.nanoTime();
		until[0] = begun + millis * 1_000_000;
		begin.countDown();
		Latencies all = new Latencies();
		for (FutureTask<Latencies> caller : callers) {
			all.add(caller.get());
		}
		long nanos = System.nanoTime() - begun;
		long processorNanos = PROCESS.getProcessCpuTime() - processor;
		long ofCallers = 0;
		for (long bytes : callerBytes) {
			ofCallers += bytes;
		}
		// Threads that have ended are not in the second sum, nor were they in the first.
		return new Calls(all.count(), nanos, all.quantile(0.5), all.quantile(0.99), AgentSource.loads() - loads,
				ofCallers, ofCallers + Math.max(0, allocatedByAll() - allBytes), processorNanos);
	}

	private void call(Kind kind, Payload.Call payload, AtomicInteger turn) {
		switch (kind) {
			case HIT -> {
				int number = (turn.getAndIncrement() & Integer.MAX_VALUE) % KEYS;
				payload.call(this.agents, "org-" + number % TENANTS, number);
			}
			case MISS -> {
				int number = this.misses.incrementAndGet();
				payload.call(this.agents, "org-" + number % TENANTS, KEYS + number);
			}
			case MISS_OF_NEW_TENANT -> {
				int number = this.misses.incrementAndGet();
				payload.call(this.agents, "new-org-" + number, number);
			}
		}
	}

	private void fill(Payload.Call payload) {
		for (int number = 0; number < KEYS; number++) {
			payload.call(this.agents, "org-" + number % TENANTS, number);
		}
	}

	private static long allocatedByAll() {
		long sum = 0;
		for (long bytes : THREADS.getThreadAllocatedBytes(THREADS.getAllThreadIds())) {
			sum += Math.max(bytes, 0);
		}
		return sum;
	}

	/**
	 * What the calls find.
	 */
	enum Kind {

		/** One of a hundred entries, which are made before. */
		HIT,

		/** Nothing, under a new key of a known tenant. */
		MISS,

		/** Nothing, under the first key of a tenant. */
		MISS_OF_NEW_TENANT

	}

}
