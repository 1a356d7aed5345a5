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

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;

import org.junit.jupiter.api.Test;

import org.springframework.cache.annotation.CacheEvict;
import org.springframework.cache.annotation.Cacheable;

import dev.cachestarter.cache.Breaker;
import dev.cachestarter.engine.key.HostileText;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.Thorough;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Something between the application and Redis answers what Redis would not: callers get
 * what the method returns, and when it stops the cache is back.
 */
@WithRedis
class HostileRepliesRedisTests {

	private static final int REPLIES = Thorough.choose(25, 400);

	private static final String[] GARBAGE = { ":1\r\n", "$-1\r\n", "*-1\r\n", "*0\r\n", "+OK\r\n", "+QUEUED\r\n",
			"-WEIRD of no kind\r\n", "-\r\n", "- \r\n", "-ERR two\nlines\r\n", "$3\r\nabc\r\n", "$999999999\r\nabc",
			"$-7\r\n", ":99999999999999999999999\r\n", "*2\r\n:1\r\n$1\r\na\r\n", "*1000000000\r\n", "_\r\n", "#t\r\n",
			",1.5\r\n", "(12345678901234567890\r\n", "%1\r\n+a\r\n:1\r\n", "~1\r\n+a\r\n", ">2\r\n+a\r\n+b\r\n",
			"!5\r\nERR x\r\n", "=5\r\ntxt:a\r\n", "HTTP/1.1 400 Bad Request\r\n\r\n", "\r\n", "\u0000", "?", "*1\r\n" };

	@Test
	void callersAreUnharmedAndTheCacheComesBack(RedisServer redis) throws Exception {
		HostileText texts = new HostileText();
		System.out.println("Hostile replies: " + texts + ", " + REPLIES);
		try (GarblingProxy proxy = new GarblingProxy(redis, texts.random());
				TestInstance<Pages> instance = TestInstance.of(Pages.class, "localhost", proxy.port(),
						(builder) -> builder.commandTimeout(Duration.ofMillis(300))
							.connectTimeout(Duration.ofSeconds(5))
							.breaker(Breaker.defaults().withOpenFor(Duration.ofMillis(10), Duration.ofMillis(10))))) {
			instance.awaitUp();
			for (int i = 0; i < REPLIES; i++) {
				String garbage = GARBAGE[i % GARBAGE.length];
				String page = "p" + texts.random().nextInt(3);
				proxy.garble(garbage);
				String what = "%s, %s".formatted(texts, garbage.strip());

				assertThat(instance.service().page("t", page)).as(what).isEqualTo("t " + page);
				assertThat(instance.service().later("t", page).get()).as(what).isEqualTo("t " + page);
				instance.service().changed("t", page);
				instance.cacheService().get("pages:t:" + page, String.class);
				instance.cacheService().invalidate("pages:t:*");
				instance.awaitUp();
			}
			proxy.garble(null);

			await().atMost(Duration.ofMinutes(1)).untilAsserted(() -> {
				instance.service().page("t", "last");
				long calls = instance.service().calls;
				assertThat(instance.service().page("t", "last")).isEqualTo("t last");
				assertThat(instance.service().calls).isEqualTo(calls);
			});
			await().atMost(Duration.ofMinutes(1)).until(() -> instance.engine().evictions().pendingCount() == 0);
		}
	}

	static class Pages {

		volatile long calls;

		@Cacheable("pages")
		public String page(String tenant, String page) {
			this.calls++;
			return tenant + " " + page;
		}

		@Cacheable("later")
		public CompletableFuture<String> later(String tenant, String page) {
			return CompletableFuture.completedFuture(tenant + " " + page);
		}

		@CacheEvict("pages")
		public void changed(String tenant, String page) {
		}

	}

	/**
	 * Hands on what is sent in both directions, but for one reply that it is told to
	 * replace.
	 */
	private static final class GarblingProxy implements AutoCloseable {

		private final RedisServer redis;

		private final Random random;

		private final ServerSocket server;

		private final List<Socket> sockets = new CopyOnWriteArrayList<>();

		private final List<Thread> threads = new ArrayList<>();

		private volatile byte[] garbage = new byte[0];

		GarblingProxy(RedisServer redis, Random random) throws IOException {
			this.redis = redis;
			this.random = random;
			this.server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
			start(this::accept);
		}

		int port() {
			return this.server.getLocalPort();
		}

		void garble(@org.jspecify.annotations.Nullable String reply) {
			this.garbage = (reply != null) ? reply.getBytes(StandardCharsets.UTF_8) : new byte[0];
		}

		private void accept() {
			while (!this.server.isClosed()) {
				try {
					Socket client = this.server.accept();
					Socket target = new Socket(this.redis.host(), this.redis.port());
					this.sockets.addAll(List.of(client, target));
					start(() -> pump(client, target));
					start(() -> pumpReplies(target, client));
				}
				catch (IOException ex) {
					// Closed.
				}
			}
		}

		private void pump(Socket from, Socket to) {
			hand(from, to, (bytes, length) -> length);
		}

		private void pumpReplies(Socket from, Socket to) {
			hand(from, to, (bytes, length) -> {
				byte[] now = this.garbage;
				if (now.length == 0 || this.random.nextInt(3) == 0) {
					return length;
				}
				this.garbage = new byte[0];
				System.arraycopy(now, 0, bytes, 0, now.length);
				return now.length;
			});
		}

		private static void hand(Socket from, Socket to, Change change) {
			byte[] bytes = new byte[65_536];
			try (from; to) {
				InputStream in = from.getInputStream();
				OutputStream out = to.getOutputStream();
				for (int length = in.read(bytes); length >= 0; length = in.read(bytes)) {
					out.write(bytes, 0, change.apply(bytes, length));
				}
			}
			catch (IOException ex) {
				// Either side has gone.
			}
		}

		private void start(Runnable task) {
			Thread thread = new Thread(task, "garbling");
			thread.setDaemon(true);
			this.threads.add(thread);
			thread.start();
		}

		@Override
		public void close() throws IOException {
			this.server.close();
			for (Socket socket : this.sockets) {
				socket.close();
			}
		}

		private interface Change {

			int apply(byte[] bytes, int length);

		}

	}

}
