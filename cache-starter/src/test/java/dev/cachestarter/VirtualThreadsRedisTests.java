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

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.JRE;

import org.springframework.cache.annotation.CacheEvict;
import org.springframework.cache.annotation.CachePut;
import org.springframework.cache.annotation.Cacheable;

import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.VirtualThreads;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Virtual threads that call the cache, which wait without holding the threads that carry
 * them. Seen by the JVM's own record of pinned threads.
 */
@WithRedis
@EnabledForJreRange(min = JRE.JAVA_21, disabledReason = "There are no virtual threads")
class VirtualThreadsRedisTests {

	private static final String PINNED = "jdk.VirtualThreadPinned";

	private final TestInstance<Slow> first;

	private final TestInstance<Slow> second;

	VirtualThreadsRedisTests(RedisServer redis) {
		this.first = TestInstance.of(Slow.class, redis).awaitUp();
		this.second = TestInstance.of(Slow.class, redis).awaitUp();
	}

	@AfterEach
	void close() {
		this.first.close();
		this.second.close();
	}

	@Test
	void nothingOfTheCachePinsThem() throws Exception {
		// Classes are initialized on the way, which pins: not what this is about.
		callAll("warm");

		List<RecordedEvent> pinned = pinnedWhile(() -> callAll("cold"));

		assertThat(pinned).isEmpty();
		assertThat(this.first.service().loads() + this.second.service().loads()).isEqualTo(2);
	}

	@Test
	void aThreadThatIsPinnedIsSeen() throws Exception {
		List<RecordedEvent> pinned = pinnedWhile(() -> {
			try (VirtualThreads threads = new VirtualThreads()) {
				return threads.submit(() -> PinsWhileItIsInitialized.VALUE).get(20, TimeUnit.SECONDS);
			}
		});

		assertThat(pinned).isNotEmpty();
	}

	/** Every way of waiting for a load, and every way of waiting for Redis. */
	private int callAll(String id) throws Exception {
		List<Future<String>> calls = new ArrayList<>();
		try (VirtualThreads threads = new VirtualThreads()) {
			for (int i = 0; i < 32; i++) {
				Slow service = ((i % 2 == 0) ? this.first : this.second).service();
				calls.add(threads.submit(() -> service.find(id)));
				calls.add(threads.submit(() -> service.later(id).join()));
			}
			for (Future<String> call : calls) {
				assertThat(call.get(20, TimeUnit.SECONDS)).isEqualTo("found " + id);
			}
			Slow service = this.first.service();
			threads.submit(() -> service.replace(id + " 2")).get(20, TimeUnit.SECONDS);
			threads.submit(() -> service.evict(id + " 2")).get(20, TimeUnit.SECONDS);
			threads.submit(() -> this.second.cacheService().get("slow:" + id, String.class)).get(20, TimeUnit.SECONDS);
		}
		return calls.size();
	}

	private static List<RecordedEvent> pinnedWhile(Callable<?> action) throws Exception {
		Path file = Files.createTempFile("pinned", ".jfr");
		try (Recording recording = new Recording()) {
			recording.enable(PINNED).withoutThreshold().withStackTrace();
			recording.start();
			action.call();
			recording.stop();
			recording.dump(file);
			return RecordingFile.readAllEvents(file)
				.stream()
				.filter((event) -> event.getEventType().getName().equals(PINNED))
				.toList();
		}
		finally {
			Files.delete(file);
		}
	}

	static class Slow {

		private final AtomicInteger loads = new AtomicInteger();

		public int loads() {
			return this.loads.get();
		}

		private String load(String id) {
			this.loads.incrementAndGet();
			try {
				TimeUnit.MILLISECONDS.sleep(100);
			}
			catch (InterruptedException ex) {
				Thread.currentThread().interrupt();
			}
			return "found " + id;
		}

		@Cacheable("slow")
		public String find(String id) {
			return load(id);
		}

		@Cacheable("slow")
		public CompletableFuture<String> later(String id) {
			return CompletableFuture.supplyAsync(() -> load(id));
		}

		@CachePut("slow")
		public String replace(String id) {
			return id;
		}

		@CacheEvict("slow")
		public String evict(String id) {
			return id;
		}

	}

	private static final class PinsWhileItIsInitialized {

		static final String VALUE = value();

		private static String value() {
			LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
			return "value";
		}

	}

}
