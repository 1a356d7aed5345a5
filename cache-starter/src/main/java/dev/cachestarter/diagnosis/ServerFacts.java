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
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;

import org.jspecify.annotations.Nullable;

import dev.cachestarter.engine.connection.Futures;
import dev.cachestarter.engine.connection.RedisCommands;
import dev.cachestarter.engine.connection.RedisCommands.KeyPage;
import dev.cachestarter.engine.connection.RedisErrors;
import dev.cachestarter.engine.entry.EntryHeader;
import dev.cachestarter.engine.key.KeyLayout;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.redis.RedisLink;

/**
 * What the masters answered when they were asked about themselves. A server that others
 * manage may refuse any of it, and a proxy may not know it: what was not answered is
 * listed, and is no error.
 *
 * @param servers what each master says in {@code INFO}, by field; a field that is not
 * known is absent
 * @param roundTrip the shortest time in which one has answered, {@code null} if none has
 * @param uncoveredSlots how many slots of a cluster nobody owns
 * @param strangers some keys that stand where ours do, and are not ours
 * @param notKnown what was not answered, and why
 */
record ServerFacts(List<Map<String, String>> servers, @Nullable Duration roundTrip, int uncoveredSlots,
		List<String> strangers, List<String> notKnown) {

	static final String TRACKING_TABLE = "tracking-table-max-keys";

	static final String OUTPUT_BUFFER = "client-output-buffer-limit";

	private static final long PATIENCE = TimeUnit.SECONDS.toNanos(2);

	private static final int SLOTS = 16384;

	private static final int ROUND_TRIPS = 5;

	/** How many keys are looked at for strangers, and how many of them closely. */
	private static final int PAGES = 5;

	private static final int PAGE = 200;

	private static final int LOOKS = 20;

	/**
	 * Ask all masters. Blocks.
	 * @param layout knows which keys are ours
	 * @param strangers whether to look for keys that are not
	 * @param tracked whether near caches are told of changes
	 */
	static ServerFacts ask(RedisLink link, KeyLayout layout, boolean strangers, boolean tracked)
			throws InterruptedException, ExecutionException, TimeoutException {
		Questions questions = new Questions();
		List<RedisLink.Master> masters = link.masters().get(PATIENCE, TimeUnit.NANOSECONDS);
		List<Map<String, String>> servers = new ArrayList<>();
		BitSet assigned = new BitSet();
		boolean cluster = false;
		Duration shortest = null;
		for (RedisLink.Master master : masters) {
			Map<String, String> fields = new HashMap<>();
			for (String section : List.of("server", "memory", "persistence")) {
				String info = questions.ask(master, "INFO " + section, (server) -> server.info(section));
				fields.putAll(fields(info));
			}
			for (String name : tracked ? List.of(TRACKING_TABLE, OUTPUT_BUFFER) : List.<String>of()) {
				String value = questions.ask(master, "CONFIG GET " + name, (server) -> server.parameter(name));
				fields.put(name, (value != null) ? value : "");
			}
			servers.add(Map.copyOf(fields));
			shortest = shorter(shortest, questions.roundTrip(master));
			if (!master.name().isEmpty()) {
				cluster = true;
				questions.slots(master, assigned);
			}
		}
		List<String> found = new ArrayList<>();
		if (strangers && !masters.isEmpty()) {
			questions.strangers(link, masters.get(0), layout, found);
		}
		return new ServerFacts(servers, shortest, cluster ? SLOTS - assigned.cardinality() : 0, found,
				List.copyOf(questions.notKnown));
	}

	private static @Nullable Duration shorter(@Nullable Duration one, @Nullable Duration other) {
		return (one == null || (other != null && other.compareTo(one) < 0)) ? other : one;
	}

	static Map<String, String> fields(@Nullable String info) {
		Map<String, String> fields = new HashMap<>();
		if (info != null) {
			info.lines().filter((line) -> line.indexOf(':') > 0).forEach((line) -> {
				int colon = line.indexOf(':');
				fields.put(line.substring(0, colon), line.substring(colon + 1).strip());
			});
		}
		return fields;
	}

	/**
	 * Return what the servers are, such as {@code Redis 7.2.4}.
	 * @return {@code null} if they do not say
	 */
	@Nullable String version() {
		return this.servers.stream()
			.map(ServerFacts::version)
			.filter((version) -> version != null)
			.distinct()
			.reduce((one, other) -> one + ", " + other)
			.orElse(null);
	}

	private static @Nullable String version(Map<String, String> server) {
		String valkey = server.get("valkey_version");
		String redis = server.get("redis_version");
		return (valkey != null) ? "Valkey " + valkey : (redis != null) ? "Redis " + redis : null;
	}

	/**
	 * Asks, and keeps what was not answered.
	 */
	private static final class Questions {

		private final List<String> notKnown = new ArrayList<>();

		<T> @Nullable T ask(RedisLink.Master master, String name,
				Function<RedisCommands.Server, ? extends CompletionStage<T>> question) throws InterruptedException {
			return answer(name, master.askAside(question));
		}

		private <T> @Nullable T answer(String name, CompletableFuture<T> future) throws InterruptedException {
			try {
				return future.get(PATIENCE, TimeUnit.NANOSECONDS);
			}
			catch (ExecutionException ex) {
				Throwable failure = Futures.unwrap(ex);
				this.notKnown.add(name + ": " + RedisErrors.describe(failure));
			}
			catch (TimeoutException ex) {
				this.notKnown.add(name + ": no answer in time");
			}
			return null;
		}

		@Nullable Duration roundTrip(RedisLink.Master master) throws InterruptedException {
			Duration shortest = null;
			for (int i = 0; i < ROUND_TRIPS; i++) {
				long start = System.nanoTime();
				if (ask(master, "DBSIZE", RedisCommands.Server::dbsize) == null) {
					return shortest;
				}
				shortest = shorter(shortest, Duration.ofNanos(System.nanoTime() - start));
			}
			return shortest;
		}

		void slots(RedisLink.Master master, BitSet assigned) throws InterruptedException {
			var view = ask(master, "CLUSTER NODES", RedisCommands.Server::slots);
			if (view != null) {
				assigned.or(view.assigned());
			}
			else {
				assigned.set(0, SLOTS);
			}
		}

		/** Look at some keys: a stranger's do not begin with our header. */
		void strangers(RedisLink link, RedisLink.Master master, KeyLayout layout, List<String> found)
				throws InterruptedException {
			byte[] everything = { '*' };
			int looks = 0;
			KeyPage page = null;
			for (int i = 0; i < PAGES && (page == null || !page.isLast()); i++) {
				String cursor = (page != null) ? page.cursor() : null;
				page = ask(master, "SCAN", (server) -> server.scan(cursor, everything, PAGE));
				if (page == null) {
					return;
				}
				for (byte[] redisKey : page.keys()) {
					StoredKey key = layout.parse(redisKey);
					if (key != null && key.cacheName().isEmpty() && looks++ < LOOKS
							&& !isOurs(link.readStartAside(redisKey, EntryHeader.LENGTH))) {
						found.add(layout.logKeys().nameOf(key));
					}
				}
			}
		}

		/** What is no text, or cannot be read, is a stranger's, too. */
		private static boolean isOurs(CompletableFuture<byte[]> start) throws InterruptedException {
			try {
				byte[] bytes = start.get(PATIENCE, TimeUnit.NANOSECONDS);
				return bytes.length == 0 || EntryHeader.parse(bytes) != null;
			}
			catch (ExecutionException ex) {
				return !RedisErrors.isWrongType(ex);
			}
			catch (TimeoutException ex) {
				return true;
			}
		}

	}

}
