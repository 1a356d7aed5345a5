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

package dev.cachestarter.sample.measure;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.cachestarter.sample.live.AnswerTrace;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests what is sent, when, and what time counts, against a server that does as it is
 * told.
 */
class DriveTests {

	private static final Plan PLAN = new Plan(500, Duration.ZERO, Duration.ZERO, Duration.ofSeconds(1), 1);

	private final Queue<String> asked = new ConcurrentLinkedQueue<>();

	private final ExecutorService threads = Executors.newCachedThreadPool();

	private Handler handler = (exchange) -> answer(exchange, 200, "agents;desc=\"redis\"");

	private HttpServer server;

	private URI address;

	@BeforeEach
	void start() throws IOException {
		this.server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
		this.server.setExecutor(this.threads);
		this.server.createContext("/", (exchange) -> {
			this.asked.add(exchange.getRequestMethod() + " " + exchange.getRequestURI());
			exchange.getRequestBody().readAllBytes();
			this.handler.handle(exchange);
		});
		this.server.start();
		this.address = URI.create("http://127.0.0.1:" + this.server.getAddress().getPort());
	}

	@AfterEach
	void stop() {
		this.server.stop(0);
		this.threads.shutdownNow();
	}

	@Test
	void whatIsSkippedIsNotSentAndTheNextRequestsAreTheSame() {
		Drive whole = new Drive(this.address, new Numbers(), PLAN);
		whole.run(Duration.ofMillis(100));
		this.asked.clear();
		Drive.Answers first = whole.run(Duration.ofMillis(200));
		List<String> expected = List.copyOf(this.asked);
		this.asked.clear();

		Drive skipping = new Drive(this.address, new Numbers(), PLAN);
		skipping.skip(Duration.ofMillis(100));
		assertThat(this.asked).isEmpty();
		Drive.Answers second = skipping.run(Duration.ofMillis(200));

		assertThat(expected).hasSizeGreaterThan(50);
		assertThat(this.asked).containsExactlyInAnyOrderElementsOf(expected);
		// What was a hit in one phase is found by its number in the other.
		assertThat(second.hits()).isEqualTo(first.hits()).isNotEmpty();
	}

	@Test
	void aRequestThatHasToWaitForAFreeCallerHasThatInItsTime() {
		AtomicLong first = new AtomicLong();
		this.handler = (exchange) -> {
			first.compareAndSet(0, System.nanoTime());
			long end = first.get() + TimeUnit.SECONDS.toNanos(1);
			for (long left = end - System.nanoTime(); left > 0; left = end - System.nanoTime()) {
				LockSupport.parkNanos(left);
			}
			answer(exchange, 200, null);
		};

		Drive.Answers answers = new Drive(this.address, new Numbers(), PLAN).run(Duration.ofMillis(400));

		// All were due in the first 400 ms, and none was answered before a second was
		// over.
		assertThat(answers.reads().length).isGreaterThan(100);
		assertThat(answers.reads()[0]).isGreaterThanOrEqualTo(TimeUnit.MILLISECONDS.toNanos(600));
	}

	@Test
	void hitsMissesChangesAndFailuresAreToldApart() {
		this.handler = (exchange) -> {
			int kind = kind(exchange.getRequestURI().getPath());
			switch (kind) {
				case 0 -> answer(exchange, 200, "agents;desc=\"redis\"");
				case 1 -> answer(exchange, 200, "agents;" + AnswerTrace.FROM_DATABASE);
				case 2 -> answer(exchange, 200, null);
				default -> answer(exchange, 500, null);
			}
		};

		Drive.Answers answers = new Drive(this.address, new Numbers(), PLAN).run(Duration.ofMillis(400));

		long changes = count("PUT", 0) + count("PUT", 1) + count("PUT", 2);
		long failures = count("PUT", 3) + count("GET", 3);
		assertThat(answers.hits()).hasSize((int) count("GET", 0)).isNotEmpty();
		assertThat(answers.reads()).hasSize((int) (count("GET", 0) + count("GET", 1) + count("GET", 2)));
		assertThat(answers.reads(answers.hits())).hasSameSizeAs(answers.hits());
		assertThat(answers.reads(Set.of())).isEmpty();
		assertThat(answers.changes()).isEqualTo(changes).isPositive();
		assertThat(answers.failed()).isEqualTo(failures).isPositive();
	}

	@Test
	void warmingUpAsksForOthersThanThoseThatCount() {
		new Drive(this.address, new Numbers(), PLAN).run(Duration.ofMillis(100));
		Set<String> counted = Set.copyOf(this.asked);
		this.asked.clear();

		Drive.warmUp(this.address, new Numbers(),
				new Plan(1, Duration.ofMillis(100), Duration.ZERO, Duration.ofSeconds(1), 1));

		assertThat(this.asked).isNotEmpty().doesNotContainAnyElementsOf(counted);
	}

	private long count(String method, int kind) {
		return this.asked.stream()
			.filter((request) -> request.startsWith(method + " ")
					&& kind(request.substring(method.length() + 1)) == kind)
			.count();
	}

	private static int kind(String path) {
		return Math.floorMod(Long.parseLong(path.substring(1)), 4);
	}

	private static void answer(HttpExchange exchange, int status, String timing) throws IOException {
		if (timing != null) {
			exchange.getResponseHeaders().add("Server-Timing", timing);
		}
		exchange.sendResponseHeaders(status, 2);
		exchange.getResponseBody().write("{}".getBytes());
		exchange.close();
	}

	@FunctionalInterface
	private interface Handler {

		void handle(HttpExchange exchange) throws IOException;

	}

	/**
	 * Requests for random numbers, one of four a change.
	 */
	private static final class Numbers implements Requests {

		@Override
		public Request next(SplittableRandom random) {
			long number = random.nextLong();
			return (random.nextInt(4) == 0) ? new Request("PUT", "/" + number, "{}")
					: new Request("GET", "/" + number, null);
		}

		@Override
		public List<Kind> kinds() {
			return List.of();
		}

		@Override
		public String rows() {
			return "";
		}

	}

}
