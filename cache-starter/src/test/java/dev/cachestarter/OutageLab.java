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
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import org.springframework.cache.annotation.CacheEvict;
import org.springframework.cache.annotation.CachePut;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.data.redis.connection.RedisStandaloneConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

import dev.cachestarter.cache.Breaker;
import dev.cachestarter.cache.Internals;
import dev.cachestarter.cache.ResilientRedisCacheManager;
import dev.cachestarter.engine.redis.RedisLink;
import dev.cachestarter.testing.FaultProxy;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.RespClient;
import dev.cachestarter.testing.Threads;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Two instances of an application at one Redis, one of them behind a proxy; the faults
 * that befall them; and what every fault is measured by: what calls throw, how long they
 * take, what they read.
 */
public final class OutageLab implements AutoCloseable {

	/** A command-timeout, and what a busy machine may add. */
	static final Duration BOUND = Duration.ofMillis(250 + 2000);

	static final Duration PATIENCE = Duration.ofSeconds(60);

	final RedisServer redis;

	final FaultProxy proxy;

	/** The instance behind the proxy. */
	final TestInstance<Shop> shop;

	/** The other one. */
	final TestInstance<Shop> other;

	/** For the server's administrator, open throughout. */
	private final RespClient admin;

	/** How long each call took, by what it was. */
	private final Map<String, List<Duration>> delays = Collections.synchronizedMap(new LinkedHashMap<>());

	/** The oldest version of each row that may still be read. */
	private final Map<String, Integer> floors = new ConcurrentHashMap<>();

	private final List<String> stale = Collections.synchronizedList(new ArrayList<>());

	OutageLab() {
		this((builder) -> {
		});
	}

	/**
	 * Set up a lab where what Redis has refused is asked for again after half a second,
	 * not after ten.
	 */
	static OutageLab persistent() {
		return new OutageLab(OutageLab::persistent, OutageLab::persistent);
	}

	/**
	 * Set up.
	 * @param settings what is special about the instance behind the proxy
	 */
	OutageLab(Consumer<ResilientRedisCacheManager.Builder> settings) {
		this(settings, (builder) -> {
		});
	}

	private OutageLab(Consumer<ResilientRedisCacheManager.Builder> settings,
			Consumer<ResilientRedisCacheManager.Builder> settingsOfOther) {
		Shop.TABLE.clear();
		List<String> arguments = new ArrayList<>(List.of("--user", "app", "on", ">secret", "~*", "&*", "+@all"));
		arguments.addAll(RedisServer.slowToLoad(2000));
		this.redis = RedisServer.local(arguments.toArray(String[]::new)).start();
		this.proxy = FaultProxy.inFrontOf(this.redis);
		this.admin = this.redis.connect();
		this.shop = instance(this.proxy.host(), this.proxy.port(), settings);
		this.other = instance(this.redis.host(), this.redis.port(), settingsOfOther);
	}

	private static TestInstance<Shop> instance(String host, int port,
			Consumer<ResilientRedisCacheManager.Builder> settings) {
		RedisStandaloneConfiguration where = new RedisStandaloneConfiguration(host, port);
		where.setUsername("app");
		where.setPassword("secret");
		return TestInstance.of(Shop.class, () -> new LettuceConnectionFactory(where), (builder) -> {
			impatient(builder);
			settings.accept(builder);
		}).awaitUp();
	}

	/** The defaults, but for how long one waits who was away several times. */
	static void impatient(ResilientRedisCacheManager.Builder builder) {
		builder.caches(List.of("items", "others", "motd"))
			.breaker(Breaker.defaults()
				.withFailureRate(50)
				.withSlowCall(Duration.ofMillis(200))
				.withSlowCallRate(80)
				.withWindow(20)
				.withOpenFor(Duration.ofMillis(100), Duration.ofSeconds(1)));
	}

	private static void persistent(ResilientRedisCacheManager.Builder builder) {
		Duration pause = Duration.ofMillis(500);
		Internals.link(builder, new RedisLink.Settings(Duration.ofMillis(250), pause, 50, Duration.ofMillis(200), 80,
				20, Duration.ofMillis(100), Duration.ofSeconds(1), pause, pause, Duration.ofSeconds(1), 50_000));
	}

	/**
	 * Live through a fault: rows are in Redis when it begins; some of them change while
	 * it lasts, and are evicted; and all is well when it has ended.
	 */
	Result live(Fault fault) throws Exception {
		List<String> rows = List.of("key", "sync", "tenant", "pattern", "put", "mono", "future", "code");
		for (String row : rows) {
			awaitCached(this.shop, row);
			this.other.service().find(row, "1");
		}
		this.other.service().findInOther("all", "1");
		this.delays.clear();
		fault.begin.on(this);
		long begun = System.nanoTime();
		read(this.shop, "key");
		Duration first = Duration.ofNanos(System.nanoTime() - begun);
		// Until the link has noticed what there is to notice, and then some more.
		do {
			useOnce();
		}
		while (System.nanoTime() - begun < TimeUnit.MILLISECONDS.toNanos(1500));
		this.delays.remove("read");
		for (int i = 0; i < 1000; i++) {
			read(this.shop, "key");
		}
		Duration open = percentile("read", 0.99);
		fault.end.on(this);
		long ended = System.nanoTime();
		await(fault + ": back").atMost(PATIENCE).until(() -> isBack(this.shop) && isBack(this.other));
		Duration back = Duration.ofNanos(System.nanoTime() - ended);
		for (String row : rows) {
			read(this.shop, row);
			read(this.other, row);
		}
		check("all:1", this.shop.service().findInOther("all", "1"));
		check("all:1", this.other.service().findInOther("all", "1"));
		for (String row : rows) {
			awaitCached(this.shop, row);
			awaitCached(this.other, row);
		}
		assertThat(this.stale).as("%s: stale reads", fault).isEmpty();
		this.delays
			.forEach((call, all) -> assertThat(Collections.max(all)).as("%s: %s", fault, call).isLessThan(BOUND));
		return new Result(fault, first, open, back);
	}

	void begin(Fault fault) throws Exception {
		fault.begin.on(this);
	}

	void end(Fault fault) throws Exception {
		fault.end.on(this);
	}

	/** How often anyone has asked the server for its time, as each heartbeat does. */
	int pings() {
		return Integer.parseInt(this.redis.info("cmdstat_time").replaceAll("calls=(\\d+),.*", "$1"));
	}

	int refusedLogins() {
		return Integer.parseInt(this.redis.info("cmdstat_hello").replaceAll(".*failed_calls=", ""));
	}

	/** Every kind of call. What is evicted here is read fresh here, whatever there is. */
	private void useOnce() throws Exception {
		Shop service = this.shop.service();
		evicting("evict a key", () -> service.changed("key", "1"), "key:1");
		read(this.shop, "key");
		time("sync", () -> check("sync:1", service.findSync("sync", "1")));
		evicting("evict a key", () -> service.changed("sync", "1"), "sync:1");
		time("sync", () -> check("sync:1", service.findSync("sync", "1")));
		evicting("evict a tenant", () -> service.tenantChanged("tenant", "1"), "tenant:1");
		read(this.shop, "tenant");
		evicting("evict a pattern", () -> service.patternChanged("pattern", "1"), "pattern:1");
		read(this.shop, "pattern");
		evicting("evict all", () -> service.allChanged("all", "1"), "all:1");
		time("read", () -> check("all:1", service.findInOther("all", "1")));
		evicting("put", () -> service.update("put", "1"), "put:1");
		read(this.shop, "put");
		time("Mono", () -> check("mono:1", Objects.requireNonNull(service.findMono("mono", "1").block(BOUND))));
		evicting("evict by a Mono", () -> service.monoChanged("mono", "1").block(BOUND), "mono:1");
		time("Mono", () -> check("mono:1", Objects.requireNonNull(service.findMono("mono", "1").block(BOUND))));
		evicting("evict by a future", () -> service.futureChanged("future", "1").get(20, TimeUnit.SECONDS), "future:1");
		time("future", () -> check("future:1", service.findFuture("future", "1").get(20, TimeUnit.SECONDS)));
		CacheService code = this.shop.cacheService();
		evicting("CacheService.delete", () -> {
			Shop.change("code", "1");
			code.delete("items:code:1");
			return null;
		}, "code:1");
		time("CacheService.get", () -> {
			Optional<Item> got = code.get("items:code:1", Item.class);
			got.ifPresent((item) -> check("code:1", item));
			return got;
		});
		time("CacheService.getOrLoad", () -> {
			Item got = code.getOrLoad("items:code:1", Item.class, Duration.ofMinutes(5), () -> Shop.load("code", "1"));
			check("code:1", Objects.requireNonNull(got));
			return got;
		});
		time("CacheService.set", () -> {
			code.set("motd:today", "hello");
			return null;
		});
		time("CacheService.getStats", code::getStats);
	}

	Item read(TestInstance<Shop> instance, String tenant) throws Exception {
		return time("read", () -> {
			int floor = this.floors.getOrDefault(tenant + ":1", 0);
			Item item = instance.service().find(tenant, "1");
			if (item.version() < floor) {
				this.stale.add(tenant + ": " + item.version() + " < " + floor);
			}
			return item;
		});
	}

	private Item check(String row, Item item) {
		int floor = this.floors.getOrDefault(row, 0);
		if (item.version() < floor) {
			this.stale.add(row + ": " + item.version() + " < " + floor);
		}
		return item;
	}

	private void evicting(String what, Callable<?> eviction, String row) throws Exception {
		time(what, eviction);
		this.floors.put(row, Shop.TABLE.getOrDefault(row, 0));
	}

	private <T extends @Nullable Object> T time(String what, Callable<T> call) throws Exception {
		long start = System.nanoTime();
		try {
			return call.call();
		}
		finally {
			this.delays.computeIfAbsent(what, (same) -> Collections.synchronizedList(new ArrayList<>()))
				.add(Duration.ofNanos(System.nanoTime() - start));
		}
	}

	private Duration percentile(String what, double share) {
		List<Duration> sorted = this.delays.getOrDefault(what, List.of()).stream().sorted().toList();
		return sorted.get((int) Math.min(sorted.size() - 1, Math.floor(sorted.size() * share)));
	}

	/** Nothing is pending, and a row that is read is found again. */
	private static boolean isBack(TestInstance<Shop> instance) {
		if (!instance.engine().link().isUp() || instance.engine().evictions().pendingCount() > 0) {
			return false;
		}
		instance.service().find("back", "1");
		int before = instance.service().loads();
		instance.service().find("back", "1");
		return instance.service().loads() == before;
	}

	static void awaitCached(TestInstance<Shop> instance, String tenant) {
		await(tenant + " cached").atMost(PATIENCE).pollDelay(Duration.ZERO).until(() -> {
			instance.service().find(tenant, "1");
			int before = instance.service().loads();
			instance.service().find(tenant, "1");
			return instance.service().loads() == before;
		});
	}

	Object admin(String... command) {
		return Objects.requireNonNullElse(this.admin.call(command), "");
	}

	/** Cut the instance behind the proxy off, and wait until it knows. */
	void cutOff() {
		this.proxy.refuse();
		this.proxy.closeAll();
		await().atMost(PATIENCE).until(() -> !this.shop.engine().link().isUp());
	}

	/** Wait until nothing is pending and rows are cached again. */
	void awaitBack() {
		await().atMost(PATIENCE).until(() -> isBack(this.shop) && isBack(this.other));
	}

	private void killClients() {
		admin("CLIENT", "KILL", "USER", "app");
	}

	private Path dump() {
		List<?> dir = (List<?>) admin("CONFIG", "GET", "dir");
		return Path.of((String) dir.get(1), "dump.rdb");
	}

	private void failToSave() {
		try {
			Files.deleteIfExists(dump());
			Files.createDirectories(dump().resolve("in-the-way"));
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		admin("CONFIG", "SET", "save", "3600 1000000");
		admin("CONFIG", "SET", "stop-writes-on-bgsave-error", "yes");
		admin("BGSAVE");
		await().atMost(PATIENCE).until(() -> this.redis.info("rdb_last_bgsave_status").equals("err"));
	}

	private void saveAgain() {
		try {
			Files.delete(dump().resolve("in-the-way"));
			Files.delete(dump());
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		admin("BGSAVE");
		await().atMost(PATIENCE).until(() -> this.redis.info("rdb_last_bgsave_status").equals("ok"));
	}

	@Override
	public void close() {
		this.proxy.pass();
		this.shop.close();
		this.other.close();
		this.admin.close();
		this.proxy.close();
		this.redis.close();
	}

	/**
	 * What can happen to a Redis, or on the way to it.
	 */
	enum Fault {

		REFUSED("connections refused", (lab) -> {
			lab.proxy.refuse();
			lab.proxy.closeAll();
		}, (lab) -> lab.proxy.pass()),

		RESET("connections reset", (lab) -> lab.proxy.reset(), (lab) -> lab.proxy.pass()),

		BLACKHOLE("half-open: nothing arrives, nothing ends", (lab) -> lab.proxy.blackhole(),
				(lab) -> lab.proxy.pass()),

		DEAF("requests arrive, replies do not", (lab) -> lab.proxy.blackhole(FaultProxy.Direction.REPLIES),
				(lab) -> lab.proxy.pass()),

		SLOW("replies 300 ms late", (lab) -> lab.proxy.delay(Duration.ofMillis(300)), (lab) -> lab.proxy.pass()),

		SLOWER("replies 1 s late", (lab) -> lab.proxy.delay(Duration.ofSeconds(1)), (lab) -> lab.proxy.pass()),

		THROTTLED("200 bytes a second", (lab) -> lab.proxy.throttle(200), (lab) -> lab.proxy.pass()),

		CUT("cut in the middle of a reply", (lab) -> lab.proxy.cutMidReply(20), (lab) -> lab.proxy.pass()),

		HALF_CLOSED("closed by the server's end alone", (lab) -> lab.proxy.halfClose(), (lab) -> lab.proxy.pass()),

		HALTED("server halted (SIGSTOP)", (lab) -> lab.redis.pause(), (lab) -> lab.redis.resume()),

		KILLED("server killed (kill -9), restarted empty", (lab) -> lab.redis.kill(), (lab) -> lab.redis.start()),

		LOADING("server restarted, still loading (LOADING)", (lab) -> {
			lab.admin("DEBUG", "POPULATE", "1200", "filler", "10");
			lab.admin("SAVE");
			lab.redis.kill();
			lab.redis.startLoading();
		}, (lab) -> lab.awaitServer()),

		PAUSED("CLIENT PAUSE", (lab) -> lab.admin("CLIENT", "PAUSE", "2500"), (lab) -> lab.awaitServer()),

		WRITES_PAUSED("CLIENT PAUSE WRITE", (lab) -> lab.admin("CLIENT", "PAUSE", "2500", "WRITE"),
				(lab) -> lab.awaitServer()),

		CLIENTS_KILLED("CLIENT KILL", (lab) -> lab.killClients(), (lab) -> lab.killClients()),

		ASLEEP("DEBUG SLEEP",
				(lab) -> CompletableFuture.runAsync(() -> lab.redis.cli("DEBUG", "SLEEP", "2"), Threads.OWN),
				(lab) -> lab.awaitServer()),

		FULL("out of memory (OOM)", (lab) -> lab.admin("CONFIG", "SET", "maxmemory", "1"),
				(lab) -> lab.admin("CONFIG", "SET", "maxmemory", "0")),

		NO_REPLICAS("too few replicas (NOREPLICAS)", (lab) -> lab.admin("CONFIG", "SET", "min-replicas-to-write", "1"),
				(lab) -> lab.admin("CONFIG", "SET", "min-replicas-to-write", "0")),

		MISCONFIGURED("cannot save to disk (MISCONF)", OutageLab::failToSave, OutageLab::saveAgain),

		READ_ONLY("made a replica (READONLY)", (lab) -> lab.admin("REPLICAOF", "127.0.0.1", "1"),
				(lab) -> lab.admin("REPLICAOF", "NO", "ONE")),

		WRONG_PASSWORD("password changed (WRONGPASS)", (lab) -> {
			lab.admin("ACL", "SETUSER", "app", "resetpass", ">another");
			lab.killClients();
		}, (lab) -> lab.admin("ACL", "SETUSER", "app", "resetpass", ">secret")),

		REVOKED("all rights revoked (NOPERM)", (lab) -> lab.admin("ACL", "SETUSER", "app", "-@all"),
				(lab) -> lab.admin("ACL", "SETUSER", "app", "+@all")),

		NO_UNLINK("the right to UNLINK revoked (NOPERM)", (lab) -> lab.admin("ACL", "SETUSER", "app", "-unlink"),
				(lab) -> lab.admin("ACL", "SETUSER", "app", "+unlink")),

		CROWDED("no connection left (maxclients)", (lab) -> {
			lab.admin("CONFIG", "SET", "maxclients", "1");
			lab.killClients();
		}, (lab) -> lab.admin("CONFIG", "SET", "maxclients", "1000")),

		SCRIPTS_FLUSHED("SCRIPT FLUSH (NOSCRIPT)", (lab) -> lab.admin("SCRIPT", "FLUSH"),
				(lab) -> lab.admin("SCRIPT", "FLUSH"));

		final String kind;

		private final Act begin;

		private final Act end;

		Fault(String kind, Act begin, Act end) {
			this.kind = kind;
			this.begin = begin;
			this.end = end;
		}

	}

	private void awaitServer() {
		await().atMost(PATIENCE).ignoreExceptions().until(() -> "OK".equals(this.redis.cli("SET", "awake", "1")));
	}

	@FunctionalInterface
	interface Act {

		void on(OutageLab lab) throws Exception;

	}

	/**
	 * What a fault came to.
	 *
	 * @param fault the fault
	 * @param first how long the first call took after it began
	 * @param open how long reads took while it lasted: 99 of 100 no longer than that
	 * @param back how long after its end rows were cached again
	 */
	record Result(Fault fault, Duration first, Duration open, Duration back) {

	}

	record Item(String tenant, String id, int version) {

	}

	/**
	 * The application.
	 */
	public static class Shop {

		static final Map<String, Integer> TABLE = new ConcurrentHashMap<>();

		private final AtomicInteger loads = new AtomicInteger();

		static int change(String tenant, String id) {
			return TABLE.merge(tenant + ":" + id, 1, Integer::sum);
		}

		static Item load(String tenant, String id) {
			return new Item(tenant, id, TABLE.getOrDefault(tenant + ":" + id, 0));
		}

		public int loads() {
			return this.loads.get();
		}

		@Cacheable("items")
		public Item find(String tenant, String id) {
			this.loads.incrementAndGet();
			return load(tenant, id);
		}

		@Cacheable(cacheNames = "items", sync = true)
		public Item findSync(String tenant, String id) {
			this.loads.incrementAndGet();
			return load(tenant, id);
		}

		@Cacheable("items")
		public Mono<Item> findMono(String tenant, String id) {
			return Mono.fromSupplier(() -> load(tenant, id));
		}

		@Cacheable("items")
		public CompletableFuture<Item> findFuture(String tenant, String id) {
			return CompletableFuture.supplyAsync(() -> load(tenant, id));
		}

		@CachePut(cacheNames = "items", key = "#tenant + ':' + #id")
		public Item update(String tenant, String id) {
			return new Item(tenant, id, change(tenant, id));
		}

		@CacheEvict("items")
		public int changed(String tenant, String id) {
			return change(tenant, id);
		}

		@CacheEvict(cacheNames = "items", key = "#tenant + ':' + #id")
		public Mono<Integer> monoChanged(String tenant, String id) {
			return Mono.fromSupplier(() -> change(tenant, id));
		}

		@CacheEvict(cacheNames = "items", key = "#tenant + ':' + #id")
		public CompletableFuture<Integer> futureChanged(String tenant, String id) {
			return CompletableFuture.supplyAsync(() -> change(tenant, id));
		}

		@CacheEvictPattern(cacheNames = "items", pattern = "#{#tenant}:*")
		public int tenantChanged(String tenant, String id) {
			return change(tenant, id);
		}

		@CacheEvictPattern(cacheNames = "items", pattern = "*attern:#{#id}")
		public int patternChanged(String tenant, String id) {
			return change(tenant, id);
		}

		@Cacheable("others")
		public Item findInOther(String tenant, String id) {
			return load(tenant, id);
		}

		@CacheEvict(cacheNames = "others", allEntries = true)
		public int allChanged(String tenant, String id) {
			return change(tenant, id);
		}

	}

}
