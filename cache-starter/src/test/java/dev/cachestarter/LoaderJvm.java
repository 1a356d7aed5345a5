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

package dev.cachestarter;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

import org.springframework.cache.annotation.Cacheable;

import dev.cachestarter.Interleavings.Row;
import dev.cachestarter.cache.Internals;
import dev.cachestarter.testing.ChildJvm;

/**
 * An instance of the application of {@link Interleavings} in a JVM of its own, which can
 * be stopped and killed in the middle of a load.
 */
final class LoaderJvm implements AutoCloseable {

	private static final Duration PATIENCE = Duration.ofMinutes(2);

	private final ChildJvm jvm;

	private LoaderJvm(ChildJvm jvm) {
		this.jvm = jvm;
	}

	/**
	 * Start an instance; it is connected once {@link #awaitReady()} returns.
	 */
	static LoaderJvm start(String host, int port, Duration lease) {
		return new LoaderJvm(
				ChildJvm.start(LoaderJvm.class, host, String.valueOf(port), String.valueOf(lease.toMillis())));
	}

	LoaderJvm awaitReady() {
		this.jvm.await("ready", PATIENCE);
		return this;
	}

	/**
	 * Begin a load that goes on until {@link #finishLoading()}.
	 * @param version what it loads
	 */
	void beginLoading(String tenant, String id, int version) {
		this.jvm.ask("load " + tenant + " " + id + " " + version, "loading", PATIENCE);
	}

	void finishLoading() {
		this.jvm.ask("finish", "loaded", PATIENCE);
	}

	/** Return how many of its fills Redis has refused. */
	long refusedFills() {
		return Long.parseLong(this.jvm.ask("refused", "refused ", PATIENCE));
	}

	/**
	 * Prepare callers of a key, who all call at the same time of the clock.
	 */
	void burst(int callers, String id, Duration load, long atMillis) {
		this.jvm.send("burst " + callers + " " + id + " " + load.toMillis() + " " + atMillis);
	}

	Burst awaitBurst() {
		String[] answer = this.jvm.await("burst ", PATIENCE).split(" ");
		return new Burst(Integer.parseInt(answer[0]), Duration.ofNanos(Long.parseLong(answer[1])));
	}

	void stop() {
		this.jvm.pause();
	}

	void goOn() {
		this.jvm.resume();
	}

	void kill() {
		this.jvm.kill();
	}

	@Override
	public void close() {
		this.jvm.close();
	}

	/**
	 * Be the instance.
	 */
	public static void main(String[] args) throws IOException {
		CacheSettings settings = Interleavings.TIMELESS.withLease(Duration.ofMillis(Long.parseLong(args[2])));
		try (TestInstance<Loader> instance = TestInstance.of(Loader.class, args[0], Integer.parseInt(args[1]),
				(builder) -> Internals.link(builder.defaults(settings).caches(List.of("rows")),
						Interleavings.PATIENT))) {
			instance.awaitUp();
			ChildJvm.say("ready");
			BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
			for (String line = input.readLine(); line != null; line = input.readLine()) {
				String[] words = line.split(" ");
				switch (words[0]) {
					case "load" -> thread(() -> {
						instance.service().held(words[1], words[2], Integer.parseInt(words[3]));
						ChildJvm.say("loaded");
					});
					case "finish" -> instance.service().finish();
					case "refused" -> {
						await(instance);
						ChildJvm.say("refused " + instance.counters("rows").refusedFills());
					}
					case "burst" -> burst(instance.service(), Integer.parseInt(words[1]), words[2],
							Long.parseLong(words[3]), Long.parseLong(words[4]));
					default -> throw new IllegalArgumentException(line);
				}
			}
		}
	}

	/** The call does not wait for its fill. */
	private static void await(TestInstance<Loader> instance) {
		org.awaitility.Awaitility.await().atMost(PATIENCE).until(() -> {
			CacheSnapshot.Counters counters = instance.counters("rows");
			return counters.puts() + counters.refusedFills() > 0;
		});
	}

	private static void burst(Loader service, int callers, String id, long millis, long at) {
		int before = service.loads();
		AtomicLong longest = new AtomicLong();
		List<Thread> threads = new ArrayList<>();
		for (int i = 0; i < callers; i++) {
			threads.add(thread(() -> {
				pause(at - System.currentTimeMillis());
				long begun = System.nanoTime();
				service.timed("t1", id, millis);
				longest.accumulateAndGet(System.nanoTime() - begun, Math::max);
			}));
		}
		thread(() -> {
			for (Thread thread : threads) {
				try {
					thread.join();
				}
				catch (InterruptedException ex) {
					return;
				}
			}
			ChildJvm.say("burst " + (service.loads() - before) + " " + longest);
		});
	}

	private static Thread thread(Runnable task) {
		Thread thread = new Thread(task);
		thread.setDaemon(true);
		thread.start();
		return thread;
	}

	private static void pause(long millis) {
		try {
			TimeUnit.MILLISECONDS.sleep(millis);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

	/**
	 * What came of many callers at once.
	 *
	 * @param loads how many of them loaded
	 * @param longest how long the slowest of them waited
	 */
	record Burst(int loads, Duration longest) {

	}

	static class Loader {

		private final AtomicInteger loads = new AtomicInteger();

		private final CountDownLatch finish = new CountDownLatch(1);

		public int loads() {
			return this.loads.get();
		}

		public void finish() {
			this.finish.countDown();
		}

		@Cacheable(cacheNames = "rows", key = "#tenant + ':' + #id")
		public Row held(String tenant, String id, int version) {
			ChildJvm.say("loading");
			try {
				this.finish.await();
			}
			catch (InterruptedException ex) {
				Thread.currentThread().interrupt();
			}
			return new Row(tenant, id, version);
		}

		@Cacheable(cacheNames = "rows", key = "#tenant + ':' + #id")
		public Row timed(String tenant, String id, long millis) {
			this.loads.incrementAndGet();
			pause(millis);
			return new Row(tenant, id, 0);
		}

	}

}
