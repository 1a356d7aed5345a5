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
import java.io.UncheckedIOException;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

import org.springframework.cache.annotation.CacheEvict;
import org.springframework.cache.annotation.CachePut;
import org.springframework.cache.annotation.Cacheable;

import dev.cachestarter.FaultInjector.Fault;
import dev.cachestarter.RuleBreaker.Rule;
import dev.cachestarter.cache.Internals;
import dev.cachestarter.cache.ResilientRedisCache;
import dev.cachestarter.engine.redis.RedisLink;
import dev.cachestarter.testing.ChildJvm;
import dev.cachestarter.testing.FaultProxy;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.Threads;

import static org.awaitility.Awaitility.await;

/**
 * Looks for stale reads in long histories: several instances, some of them in JVMs of
 * their own, read and change the same few rows through the cache as fast as they can.
 *
 * <h2>What is stale</h2>
 *
 * <p>
 * A row is a version that only grows. Whoever changes a row evicts it, in one of many
 * ways; when that has returned, the row has a <em>floor</em>: every read that begins
 * later must find at least this version. The floor is everybody's once Redis has
 * acknowledged the eviction; while it is pending it is that of the instance that evicted.
 * A read notes the floor before it begins, and compares it with what it gets.
 *
 * <h2>What makes it hard</h2>
 *
 * <p>
 * A loader reads the version first and then dawdles, sometimes for longer than its lease
 * is renewed; some instances wait for the loads of others for a while, some hardly, and
 * then load by themselves. Rows are few and live long, so a stale one that was stored is
 * found. What bypasses the cache is never stale: so a report also says how many reads
 * were hits and how many fills were refused, for the test to insist on some.
 *
 * <p>
 * The table is a file in memory that all processes share, so that a floor is known to all
 * of them before the change that raised it has returned.
 *
 * <h2>When entries age</h2>
 *
 * <p>
 * Where a plan says so, entries live for a moment, are loaded anew ahead of their end,
 * and stand in past it for loads that fail, as some do, or are slow. The floors hold all
 * the same: whatever stands in, it is nothing that was evicted. A failed load that
 * reaches a caller is no exception to report, if it is the very one that was thrown.
 *
 * <h2>Copies that are not asked about</h2>
 *
 * <p>
 * In mode {@code track} a read may find what was true up to a second ago. So the changes
 * of the last seconds are kept with the time at which they were acknowledged, and a read
 * below the common floor is stale only if it is below the floor that there was a second
 * before it began. How late the others were is counted. What an instance has changed
 * itself it must see at once, in this mode, too.
 *
 * <h2>Under faults</h2>
 *
 * <p>
 * A {@link FaultInjector} breaks the network of the instances, each of which has its own,
 * the server and the instances themselves. What an instance has evicted it must never
 * read again itself, whatever fails: its own floor holds always. The common floor holds
 * but for what the contract leaves out, and only where a read would else be stale is it
 * looked whether that is so; such reads are counted as excused:
 * <ul>
 * <li>From the time the server is killed until every instance has replayed its evictions
 * to the one that comes after it, others may read what comes back with an old dump.
 * <li>An instance that goes without Redis, wholly or for a key of which an eviction is
 * pending, does not know of the evictions of others, and its callers share a load with
 * those who came while it ran.
 * </ul>
 * When all is healed every instance must read every row as it is.
 */
final class HistoryChecker {

	private static final int TENANTS = 6;

	private static final int ROWS_OF_TENANT = 12;

	private static final int ROWS = TENANTS * ROWS_OF_TENANT;

	/** For how long some instances wait for the loads of others. */
	private static final Duration IMPATIENT = Duration.ofMillis(40);

	/** How old a copy may be that nobody is asked about. */
	private static final long BOUND = TimeUnit.SECONDS.toNanos(1);

	private static final Duration PATIENCE = Duration.ofSeconds(60);

	/** As by default, but for attempts to come back, which are not as rare. */
	private static final RedisLink.Settings IMPATIENT_LINK = new RedisLink.Settings(Duration.ofMillis(250),
			Duration.ofMillis(500), 50, Duration.ofMillis(200), 80, 20, Duration.ofMillis(100), Duration.ofMillis(500),
			Duration.ofMillis(100), Duration.ofMillis(300), Duration.ofMillis(250), 50_000);

	private HistoryChecker() {
	}

	/**
	 * Make a history and check it.
	 * @param redis the server; one of the test's own if there are to be faults
	 * @param plan what to do
	 * @return what has happened; if the first stale read is enough, whether there was one
	 */
	static Report run(RedisServer redis, Plan plan) throws IOException {
		Path file = Files.createTempFile("history", ".table");
		List<Participant> participants = new ArrayList<>();
		List<ChildJvm> children = new ArrayList<>();
		List<FaultProxy> proxies = new ArrayList<>();
		FaultInjector injector = null;
		try {
			int instances = plan.children() + plan.contexts();
			Table table = new Table(file, instances);
			boolean faulty = !plan.faults().isEmpty();
			for (int i = 0; faulty && i < instances; i++) {
				proxies.add(FaultProxy.inFrontOf(redis));
			}
			for (int i = 0; i < plan.children(); i++) {
				int port = faulty ? proxies.get(i).port() : redis.port();
				children.add(ChildJvm.start(HistoryChecker.class, redis.host(), String.valueOf(port), file.toString(),
						String.valueOf(plan.seed() + 1000 * (i + 1)), String.valueOf(plan.threads()),
						plan.broken().stream().map(Rule::name).collect(Collectors.joining(",")), String.valueOf(i),
						String.valueOf(instances), String.valueOf(faulty), String.valueOf(plan.ageing()),
						String.valueOf(plan.near()), String.valueOf(plan.tagged())));
			}
			for (int i = 0; i < plan.contexts(); i++) {
				int index = plan.children() + i;
				participants.add(new Participant("context " + (i + 1), redis.host(),
						faulty ? proxies.get(index).port() : redis.port(), table, index, plan.seed() + 100 * i,
						plan.threads(), plan.broken(), (i % 2 == 0) ? Duration.ofMillis(300) : IMPATIENT, faulty,
						plan.ageing(), plan.near(), plan.tagged()));
			}
			children.forEach((child) -> child.await("ready", PATIENCE));
			children.forEach((child) -> child.send("go"));
			participants.forEach(Participant::start);
			long end = System.nanoTime() + plan.duration().toNanos();
			BooleanSupplier enough = () -> System.nanoTime() - end > 0 || (plan.untilStale() && table.staleReads() > 0);
			if (faulty) {
				injector = new FaultInjector(redis, proxies, children, table, plan.faults(), plan.seed(),
						plan.untilStale());
				injector.run(enough);
			}
			else {
				await().atMost(plan.duration().plus(PATIENCE))
					.pollInterval(Duration.ofMillis(50))
					.until(enough::getAsBoolean);
			}
			table.stop();
			participants.forEach(Participant::join);
			children.forEach((child) -> child.ask("join", "joined", PATIENCE));
			if (plan.untilStale()) {
				// With a broken rule nothing is promised of what comes after.
				return new Report(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, table.staleReads(), 0);
			}
			Report report = new Report();
			for (Participant participant : participants) {
				report = report.plus(participant.report());
			}
			for (ChildJvm child : children) {
				report = report.plus(Report.parse(child.ask("report", "report ", PATIENCE)));
			}
			if (plan.near() == NearSettings.Mode.TRACK) {
				System.out.println("Reads that lagged behind: " + table.lags());
			}
			if (injector != null) {
				System.out
					.println("Faults: " + injector.made().values().stream().mapToInt(Integer::intValue).sum() + " of "
							+ injector.made().size() + " kinds " + injector.made() + "; longest until all were back: "
							+ injector.longestReturnMillis() + " ms; not back in 30 s: " + injector.missedReturns());
				if (injector.missedReturns() > 0) {
					throw new AssertionError("Not all instances came back from a fault");
				}
			}
			return report;
		}
		finally {
			if (injector != null) {
				injector.close();
			}
			children.forEach(ChildJvm::close);
			participants.forEach(Participant::close);
			proxies.forEach(FaultProxy::close);
			Files.delete(file);
		}
	}

	/**
	 * Take part in a history from a JVM of its own.
	 */
	public static void main(String[] args) throws IOException {
		Set<Rule> broken = Arrays.stream(args[5].split(","))
			.filter((name) -> !name.isEmpty())
			.map(Rule::valueOf)
			.collect(Collectors.toSet());
		Participant participant = new Participant("child " + ProcessHandle.current().pid(), args[0],
				Integer.parseInt(args[1]), new Table(Path.of(args[2]), Integer.parseInt(args[7])),
				Integer.parseInt(args[6]), Long.parseLong(args[3]), Integer.parseInt(args[4]), broken, IMPATIENT,
				Boolean.parseBoolean(args[8]), Boolean.parseBoolean(args[9]), NearSettings.Mode.valueOf(args[10]),
				Boolean.parseBoolean(args[11]));
		ChildJvm.say("ready");
		BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
		for (String command = commands.readLine(); command != null; command = commands.readLine()) {
			switch (command) {
				case "go" -> participant.start();
				case "join" -> {
					participant.join();
					ChildJvm.say("joined");
				}
				default -> ChildJvm.say("report " + participant.report());
			}
		}
		participant.close();
	}

	/**
	 * What history to make.
	 *
	 * @param seed what operations follow from; their order is the machine's
	 * @param duration how long to go on
	 * @param contexts how many instances in this JVM
	 * @param children how many instances in JVMs of their own
	 * @param threads how many threads of each instance
	 * @param broken the rules to break
	 * @param untilStale whether the first stale read is enough
	 * @param faults what faults to make meanwhile
	 * @param ageing whether entries live for a moment and some loads fail
	 * @param near which copies instances keep in memory
	 * @param tagged whether entries have tags that their load tells, and are evicted by
	 * them as well
	 */
	record Plan(long seed, Duration duration, int contexts, int children, int threads, Set<Rule> broken,
			boolean untilStale, Set<Fault> faults, boolean ageing, NearSettings.Mode near, boolean tagged) {

		Plan(long seed, Duration duration, int contexts, int children, int threads, Set<Rule> broken,
				boolean untilStale, Set<Fault> faults, boolean ageing) {
			this(seed, duration, contexts, children, threads, broken, untilStale, faults, ageing,
					NearSettings.Mode.NONE, false);
		}

		Plan withNear(NearSettings.Mode mode) {
			return new Plan(this.seed, this.duration, this.contexts, this.children, this.threads, this.broken,
					this.untilStale, this.faults, this.ageing, mode, this.tagged);
		}

		Plan withTags() {
			return new Plan(this.seed, this.duration, this.contexts, this.children, this.threads, this.broken,
					this.untilStale, this.faults, this.ageing, this.near, true);
		}

	}

	/**
	 * What has happened.
	 *
	 * @param operations reads and changes
	 * @param reads reads
	 * @param hits reads that Redis had the value for
	 * @param nearHits those of them whose value was a copy in memory
	 * @param shared reads that got another's load
	 * @param refusedFills loaded values that were not stored
	 * @param pending changed rows of which an eviction was still pending when their
	 * change returned, this one or another's
	 * @param failures commands that Redis did not answer in time, or refused
	 * @param replayed evictions that Redis took when it was back
	 * @param away how often an instance lost Redis
	 * @param excused reads below the common floor that the contract leaves out
	 * @param exceptions calls that threw something
	 * @param standIns reads that got an entry past its time for a load that failed
	 * @param refreshes loads in the background
	 * @param longestEviction the longest that an eviction of a key took, in milliseconds
	 * @param staleReads reads below their floor
	 * @param staleAtRest rows that an instance did not read as they are when all was
	 * quiet
	 */
	record Report(long operations, long reads, long hits, long nearHits, long shared, long refusedFills, long pending,
			long failures, long replayed, long away, long excused, long exceptions, long standIns, long refreshes,
			long longestEviction, long staleReads, long staleAtRest) {

		Report() {
			this(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
		}

		static Report parse(String text) {
			long[] numbers = Arrays.stream(text.replaceAll("[^0-9 ]", "").trim().split(" +"))
				.mapToLong(Long::parseLong)
				.toArray();
			return new Report(numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5], numbers[6],
					numbers[7], numbers[8], numbers[9], numbers[10], numbers[11], numbers[12], numbers[13], numbers[14],
					numbers[15], numbers[16]);
		}

		Report plus(Report other) {
			return new Report(this.operations + other.operations, this.reads + other.reads, this.hits + other.hits,
					this.nearHits + other.nearHits, this.shared + other.shared, this.refusedFills + other.refusedFills,
					this.pending + other.pending, this.failures + other.failures, this.replayed + other.replayed,
					this.away + other.away, this.excused + other.excused, this.exceptions + other.exceptions,
					this.standIns + other.standIns, this.refreshes + other.refreshes,
					Math.max(this.longestEviction, other.longestEviction), this.staleReads + other.staleReads,
					this.staleAtRest + other.staleAtRest);
		}

		@Override
		public String toString() {
			return this.operations + " operations, " + this.reads + " reads, " + this.hits + " hits, " + this.nearHits
					+ " of them near, " + this.shared + " shared loads, " + this.refusedFills + " refused fills, "
					+ this.pending + " pending evictions, " + this.failures + " failures of Redis, " + this.replayed
					+ " evictions replayed, " + this.away + " times away, " + this.excused + " excused reads, "
					+ this.exceptions + " exceptions, " + this.standIns + " stand-ins, " + this.refreshes
					+ " refreshes, " + this.longestEviction + " ms the longest eviction, " + this.staleReads
					+ " stale reads, " + this.staleAtRest + " stale rows at rest";
		}

	}

	/**
	 * The versions of all rows and their floors, in memory that all processes share.
	 */
	private static final class Table implements FaultInjector.Instances {

		private static final VarHandle LONGS = MethodHandles.byteBufferViewVarHandle(long[].class,
				ByteOrder.nativeOrder());

		private static final int FLOORS = ROWS;

		private static final int STOPPED = 2 * ROWS;

		private static final int STALE_READS = STOPPED + 1;

		/** Odd while what was acknowledged may have come back for some. */
		private static final int DOUBT = STALE_READS + 1;

		/** The mark of the server that runs. */
		private static final int SERVER = DOUBT + 1;

		/** How many of the last changes of a row are known with their time. */
		private static final int CHANGES = 64;

		/**
		 * For each row: how many changes were acknowledged, and for the last of them
		 * when.
		 */
		private static final int ACKNOWLEDGED = SERVER + 1;

		private static final int OF_ROW = 1 + 2 * CHANGES;

		/** How many reads were below the common floor, and by what. */
		private static final int LAGS = ACKNOWLEDGED + ROWS * OF_ROW;

		/** For each instance: the last server it has replayed to, when it was settled. */
		private static final int INSTANCES = LAGS + Lag.values().length + 1;

		private final int instances;

		private final MappedByteBuffer memory;

		Table(Path file, int instances) throws IOException {
			this.instances = instances;
			try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
				this.memory = channel.map(FileChannel.MapMode.READ_WRITE, 0,
						(INSTANCES + 2 * instances) * (long) Long.BYTES);
			}
		}

		long version(int row) {
			return get(row);
		}

		long change(int row) {
			return add(row) + 1;
		}

		long floor(int row) {
			return get(FLOORS + row);
		}

		/** The floor that there was at a time, or a lower one. */
		long floor(int row, long nanoTime) {
			long floor = 0;
			int at = ACKNOWLEDGED + row * OF_ROW + 1;
			for (int i = 0; i < CHANGES; i++) {
				long version = get(at + 2 * i);
				// In this order, and written in the other: it is the version's time or a
				// later one.
				long time = get(at + 2 * i + 1);
				if (time != 0 && time - nanoTime <= 0) {
					floor = Math.max(floor, version);
				}
			}
			return floor;
		}

		/**
		 * How long ago it was acknowledged that a version is no more the last, at most.
		 */
		long lag(int row, long version, long nanoTime) {
			long lag = 0;
			int at = ACKNOWLEDGED + row * OF_ROW + 1;
			for (int i = 0; i < CHANGES; i++) {
				long changed = get(at + 2 * i);
				long time = get(at + 2 * i + 1);
				if (time != 0 && changed > version) {
					lag = Math.max(lag, nanoTime - time);
				}
			}
			return lag;
		}

		void countLag(long nanos) {
			add(LAGS + Lag.of(nanos).ordinal());
			int longest = (LAGS + Lag.values().length) * Long.BYTES;
			long known = get(LAGS + Lag.values().length);
			while (known < nanos && !LONGS.compareAndSet(this.memory, longest, known, nanos)) {
				known = get(LAGS + Lag.values().length);
			}
		}

		/** How far reads lagged behind, in words. */
		String lags() {
			return Arrays.stream(Lag.values())
				.map((lag) -> get(LAGS + lag.ordinal()) + " by less than " + lag.millis + " ms")
				.collect(Collectors.joining(", ", "", ", the longest by "
						+ TimeUnit.NANOSECONDS.toMicros(get(LAGS + Lag.values().length)) / 1000.0 + " ms"));
		}

		void raiseFloor(int row, long version) {
			int of = ACKNOWLEDGED + row * OF_ROW;
			int change = (int) Math.floorMod(add(of), (long) CHANGES);
			set(of + 1 + 2 * change + 1, 0);
			set(of + 1 + 2 * change, version);
			set(of + 1 + 2 * change + 1, System.nanoTime());
			int at = (FLOORS + row) * Long.BYTES;
			long floor = get(FLOORS + row);
			while (floor < version && !LONGS.compareAndSet(this.memory, at, floor, version)) {
				floor = get(FLOORS + row);
			}
		}

		void stop() {
			add(STOPPED);
		}

		boolean isStopped() {
			return get(STOPPED) > 0;
		}

		/** A number that is odd in times of doubt, and never the same after them. */
		long doubt() {
			return get(DOUBT);
		}

		@Override
		public void beginDoubt() {
			add(DOUBT);
		}

		@Override
		public void endDoubt() {
			add(DOUBT);
		}

		@Override
		public void expect(String mark) {
			set(SERVER, numberOf(mark));
		}

		@Override
		public boolean haveAllReplayed() {
			return IntStream.range(0, this.instances).allMatch((i) -> get(INSTANCES + 2 * i) == get(SERVER));
		}

		@Override
		public boolean haveAllSettledSince(long nanoTime) {
			// One clock for all processes of a machine.
			return IntStream.range(0, this.instances)
				.allMatch((i) -> get(INSTANCES + 2 * i + 1) != 0 && get(INSTANCES + 2 * i + 1) - nanoTime > 0);
		}

		/**
		 * Take note that an instance has Redis and nothing pending.
		 * @param runMark what server it talks to
		 * @param since a time before it was looked
		 */
		void settled(int instance, String runMark, long since) {
			set(INSTANCES + 2 * instance, numberOf(runMark));
			set(INSTANCES + 2 * instance + 1, since);
		}

		private static long numberOf(String mark) {
			return Long.parseUnsignedLong(mark, 16);
		}

		private void set(int index, long value) {
			LONGS.setVolatile(this.memory, index * Long.BYTES, value);
		}

		void countStaleRead() {
			add(STALE_READS);
		}

		long staleReads() {
			return get(STALE_READS);
		}

		private long get(int index) {
			return (long) LONGS.getVolatile(this.memory, index * Long.BYTES);
		}

		private long add(int index) {
			return (long) LONGS.getAndAdd(this.memory, index * Long.BYTES, 1L);
		}

	}

	/** How late a read was. */
	private enum Lag {

		SHORT(5), MEDIUM(50), LONG(250), LONGEST(1000);

		private final long millis;

		Lag(long millis) {
			this.millis = millis;
		}

		static Lag of(long nanos) {
			long millis = TimeUnit.NANOSECONDS.toMillis(nanos);
			return Arrays.stream(values()).filter((lag) -> millis < lag.millis).findFirst().orElse(LONGEST);
		}

	}

	/**
	 * A row.
	 *
	 * @param text makes it large enough for a copy in memory, where there are any
	 */
	record Row(String tenant, int number, long version, String text) {

	}

	/**
	 * The application.
	 */
	static class Rows {

		private @Nullable Table table;

		private boolean failing;

		private String text = "";

		private void table(Table table, boolean failing, boolean near) {
			this.table = table;
			this.failing = failing;
			this.text = near ? "a text of more than a thousand characters ".repeat(30) : "";
		}

		private Table table() {
			return java.util.Objects.requireNonNull(this.table);
		}

		private Row load(String tenant, int number) {
			Row row = new Row(tenant, number, table().version(index(tenant, number)), this.text);
			int chance = ThreadLocalRandom.current().nextInt(1000);
			// Every so often the database is slow for all.
			boolean slow = System.currentTimeMillis() / 500 % 10 == 0;
			if (chance < (slow ? 300 : 10)) {
				// Longer than the lease is renewed, and than others wait.
				dawdle(450);
			}
			else if (chance < 60) {
				dawdle(60);
			}
			else if (chance < 400) {
				dawdle(5);
			}
			if (this.failing && chance % 20 == 7 && !table().isStopped()) {
				throw new SourceFailure();
			}
			return row;
		}

		@Cacheable("rows")
		public Row find(String tenant, int number) {
			return load(tenant, number);
		}

		@Cacheable(cacheNames = "rows", sync = true)
		public Row findInSync(String tenant, int number) {
			return load(tenant, number);
		}

		@Cacheable("rows")
		public CompletableFuture<Row> findLater(String tenant, int number) {
			return CompletableFuture.supplyAsync(() -> load(tenant, number), Threads.OWN);
		}

		@Cacheable("rows")
		public Mono<Row> findReactively(String tenant, int number) {
			return Mono.fromSupplier(() -> load(tenant, number)).subscribeOn(Schedulers.boundedElastic());
		}

		Row loadForService(String tenant, int number) {
			return load(tenant, number);
		}

		@CacheEvict("rows")
		public long change(String tenant, int number) {
			return changed(tenant, number);
		}

		@CachePut(cacheNames = "rows", key = "#tenant + ':' + #number")
		public Row put(String tenant, int number) {
			int chance = ThreadLocalRandom.current().nextInt(100);
			if (chance < 2) {
				dawdle(450);
			}
			return new Row(tenant, number, changed(tenant, number), this.text);
		}

		@CacheEvictPattern(cacheNames = "rows", pattern = "#{#tenant}:*")
		public long[] changeTenant(String tenant) {
			long[] versions = new long[ROWS_OF_TENANT];
			Arrays.setAll(versions, (number) -> changed(tenant, number));
			return versions;
		}

		@CacheEvictPattern(cacheNames = "rows", pattern = "*:#{#number}")
		public long[] changeOfAllTenants(int number) {
			return changedOfAllTenants(number);
		}

		long[] changedOfAllTenants(int number) {
			long[] versions = new long[TENANTS];
			Arrays.setAll(versions, (tenant) -> changed("t" + tenant, number));
			return versions;
		}

		@CacheEvict(cacheNames = "rows", allEntries = true)
		public long[] changeAll() {
			long[] versions = new long[ROWS];
			Arrays.setAll(versions, (row) -> table().change(row));
			return versions;
		}

		long changed(String tenant, int number) {
			long version = table().change(index(tenant, number));
			if (ThreadLocalRandom.current().nextInt(100) < 5) {
				dawdle(10);
			}
			return version;
		}

		private static void dawdle(int maxMillis) {
			LockSupport.parkNanos(ThreadLocalRandom.current().nextLong(TimeUnit.MILLISECONDS.toNanos(maxMillis)));
		}

		static int index(String tenant, int number) {
			return Integer.parseInt(tenant.substring(1)) * ROWS_OF_TENANT + number;
		}

	}

	/**
	 * The same where each row has tags: one of its own, one of all rows of its number,
	 * and both are told by what was loaded.
	 */
	static class TaggedRows extends Rows {

		@Override
		@Cacheable("rows")
		@Tagged
		public Row find(String tenant, int number) {
			return super.find(tenant, number);
		}

		@Override
		@Cacheable(cacheNames = "rows", sync = true)
		@Tagged
		public Row findInSync(String tenant, int number) {
			return super.findInSync(tenant, number);
		}

		@Override
		@Cacheable("rows")
		@Tagged
		public CompletableFuture<Row> findLater(String tenant, int number) {
			return super.findLater(tenant, number);
		}

		@Override
		@Cacheable("rows")
		@Tagged
		public Mono<Row> findReactively(String tenant, int number) {
			return super.findReactively(tenant, number);
		}

		@Override
		@CachePut(cacheNames = "rows", key = "#tenant + ':' + #number")
		@Tagged
		public Row put(String tenant, int number) {
			return super.put(tenant, number);
		}

		@Override
		@CacheEvictTag("row:#{#tenant}:#{#number}")
		public long change(String tenant, int number) {
			return changed(tenant, number);
		}

		@Override
		@CacheEvictTag("number:#{#number}")
		public long[] changeOfAllTenants(int number) {
			return changedOfAllTenants(number);
		}

	}

	@Retention(RetentionPolicy.RUNTIME)
	@CacheTag("row:#{#result.tenant}:#{#result.number}")
	@CacheTag("number:#{#result.number}")
	@interface Tagged {

	}

	/** A load that failed. */
	static final class SourceFailure extends RuntimeException {

		SourceFailure() {
			super("the database is away", null, false, false);
		}

	}

	/**
	 * One instance and its threads.
	 */
	private static final class Participant implements CacheEventListener {

		private final String name;

		private volatile boolean closed;

		private final Table table;

		private final long seed;

		private final @Nullable RuleBreaker breaker;

		private final TestInstance<? extends Rows> instance;

		private final boolean tagged;

		private final boolean tracks;

		private final Internals engine;

		private final ResilientRedisCache cache;

		private final Rows rows;

		/** What this instance itself must not read below. */
		private final AtomicLongArray ownFloors = new AtomicLongArray(ROWS);

		private final List<Thread> threads = new ArrayList<>();

		private final LongAdder operations = new LongAdder();

		private final LongAdder reads = new LongAdder();

		private final LongAdder pending = new LongAdder();

		private final LongAdder staleReads = new LongAdder();

		private final LongAdder excused = new LongAdder();

		private final LongAdder exceptions = new LongAdder();

		private final AtomicLong longestEviction = new AtomicLong();

		private final LongAdder away = new LongAdder();

		private final LongAdder replayed = new LongAdder();

		private volatile long lastAway = System.nanoTime();

		private final Duration ttl;

		Participant(String name, String host, int port, Table table, int index, long seed, int threads,
				Set<Rule> broken, Duration loadWait, boolean faulty, boolean ageing, NearSettings.Mode near,
				boolean tagged) {
			this.name = name;
			this.tagged = tagged;
			this.tracks = near == NearSettings.Mode.TRACK;
			this.table = table;
			this.seed = seed;
			this.breaker = broken.isEmpty() ? null : RuleBreaker.inFrontOf(host, port, broken);
			CacheSettings lasting = CacheSettings.defaults()
				.withLease(Duration.ofMillis(100))
				.withLoadLeaseLimit(Duration.ofMillis(200))
				.withLoadWait(loadWait)
				.withNear(NearSettings.defaults().withMode(near));
			CacheSettings settings = ageing ? ageing(lasting, index) : lasting;
			this.ttl = ageing ? settings.ttl() : Duration.ofMinutes(10);
			Class<? extends Rows> service = tagged ? TaggedRows.class : Rows.class;
			this.instance = TestInstance.of(service, (this.breaker != null) ? this.breaker.host() : host,
					(this.breaker != null) ? this.breaker.port() : port,
					(builder) -> Internals.link(builder.defaults(settings).caches(List.of("rows")).listener(this),
							faulty ? IMPATIENT_LINK : Interleavings.PATIENT));
			this.instance.awaitUp();
			this.engine = this.instance.engine();
			this.cache = this.instance.cache("rows");
			this.rows = this.instance.service();
			Rows target = (Rows) java.util.Objects
				.requireNonNull(org.springframework.aop.framework.AopProxyUtils.getSingletonTarget(this.rows));
			target.table(table, ageing, near != NearSettings.Mode.NONE);
			for (int i = 0; i < threads; i++) {
				int number = i;
				Thread thread = new Thread(() -> work(new Random(this.seed + number)), name + ", thread " + i);
				thread.setDaemon(true);
				this.threads.add(thread);
			}
			if (faulty) {
				Thread watch = new Thread(() -> watch(index), name + ", watch");
				watch.setDaemon(true);
				watch.start();
			}
		}

		private static CacheSettings ageing(CacheSettings settings, int index) {
			return settings.withTtl(Duration.ofMillis(400))
				.withTtlJitter(0.5)
				.withRefreshAhead(Duration.ofMillis(100))
				.withStaleIfError(Duration.ofMillis(800))
				.withStaleRetry(Duration.ofMillis(20))
				.withLoadTimeout((index % 2 == 0) ? Duration.ofMillis(30) : Duration.ZERO);
		}

		/** Tell the injector when this instance has recovered. */
		private void watch(int index) {
			Internals engine = this.engine;
			while (!this.closed) {
				long now = System.nanoTime();
				// In this order: what is replayed becomes pending before the link is up.
				String mark = engine.link().runMark();
				if (engine.link().isUp() && engine.evictions().pendingCount() == 0 && engine.link().isUp()
						&& mark.equals(engine.link().runMark())) {
					this.table.settled(index, mark, now);
				}
				LockSupport.parkNanos(1_000_000);
			}
		}

		@Override
		public void onAway(String reason) {
			this.lastAway = System.nanoTime();
			this.away.increment();
		}

		@Override
		public void onBack(Duration away, int evictionsApplied) {
			this.replayed.add(evictionsApplied);
		}

		void start() {
			this.threads.forEach(Thread::start);
		}

		void join() {
			for (Thread thread : this.threads) {
				try {
					thread.join();
				}
				catch (InterruptedException ex) {
					Thread.currentThread().interrupt();
				}
			}
		}

		void close() {
			this.closed = true;
			this.instance.close();
			if (this.breaker != null) {
				this.breaker.close();
			}
		}

		/** To be asked when nobody changes anything any more. */
		Report report() {
			await().atMost(PATIENCE).until(() -> this.instance.engine().evictions().pendingCount() == 0);
			if (this.tracks) {
				LockSupport.parkNanos(BOUND);
			}
			long staleAtRest = 0;
			for (int row = 0; row < ROWS; row++) {
				String tenant = "t" + row / ROWS_OF_TENANT;
				if (this.rows.find(tenant, row % ROWS_OF_TENANT).version() != this.table.version(row)) {
					staleAtRest++;
				}
			}
			CacheSnapshot.Counters counters = this.instance.counters("rows");
			return new Report(this.operations.sum(), this.reads.sum(), counters.hits(), counters.nearHits(),
					counters.loadsShared(), counters.refusedFills(), this.pending.sum(), counters.failures(),
					this.replayed.sum(), this.away.sum(), this.excused.sum(), this.exceptions.sum(),
					counters.staleServed(), counters.refreshes(),
					TimeUnit.NANOSECONDS.toMillis(this.longestEviction.get()), this.staleReads.sum(), staleAtRest);
		}

		private void work(Random random) {
			while (!this.table.isStopped()) {
				String tenant = "t" + random.nextInt(TENANTS);
				// Half of all calls are about one row of each tenant.
				int number = random.nextBoolean() ? 0 : random.nextInt(ROWS_OF_TENANT);
				int chance = random.nextInt(10_000);
				try {
					if (chance < (this.tracks ? 9950 : 8900)) {
						read(tenant, number, random.nextInt(6));
					}
					else {
						change(tenant, number, this.tracks ? random.nextInt(1100) : chance - 8900);
					}
				}
				catch (SourceFailure ex) {
					// The source's own.
				}
				catch (Throwable ex) {
					if (ex instanceof java.util.concurrent.CompletionException
							&& ex.getCause() instanceof SourceFailure) {
						continue;
					}
					this.exceptions.increment();
					if (this.exceptions.sum() < 5) {
						System.out.println("EXCEPTION: " + this.name + " " + ex);
						ex.printStackTrace(System.out);
					}
				}
				this.operations.increment();
				LockSupport.parkNanos(random.nextInt(500_000));
			}
		}

		private void read(String tenant, int number, int way) {
			int index = Rows.index(tenant, number);
			long doubt = this.table.doubt();
			boolean alone = isAlone(tenant, number);
			long failures = failures();
			long begin = System.nanoTime();
			long own = this.ownFloors.get(index);
			long floor = this.table.floor(index);
			Row row = switch (way) {
				case 0 -> this.rows.findInSync(tenant, number);
				case 1 -> this.rows.findLater(tenant, number).join();
				case 2 -> this.rows.findReactively(tenant, number).block();
				case 3 -> this.instance.cacheService()
					.getOrLoad("rows:" + tenant + ":" + number, Row.class, this.ttl,
							(loaded) -> this.tagged ? tagsOf(tenant, number) : List.of(),
							() -> this.rows.loadForService(tenant, number));
				default -> this.rows.find(tenant, number);
			};
			this.reads.increment();
			if (row == null || row.version() < Math.max(own, floor) || !row.tenant().equals(tenant)
					|| row.number() != number) {
				boolean isOwnKept = row != null && row.version() >= own && row.tenant().equals(tenant)
						&& row.number() == number;
				if (this.tracks && isOwnKept && row.version() >= this.table.floor(index, begin - BOUND)) {
					this.table.countLag(this.table.lag(index, row.version(), begin));
					return;
				}
				if (isOwnKept && (doubt % 2 != 0 || this.table.doubt() != doubt || alone || isAlone(tenant, number)
						|| failures() != failures || wasAwaySince(begin))) {
					this.excused.increment();
					return;
				}
				this.staleReads.increment();
				this.table.countStaleRead();
				if (this.breaker == null) {
					System.out.println("STALE: " + this.name + " read " + row + " by way " + way + ", floor " + floor
							+ ", own floor " + own + ", doubt " + doubt);
				}
			}
		}

		/** Return whether a read goes without Redis. */
		private boolean isAlone(String tenant, int number) {
			return !this.engine.link().isUp() || isPending(tenant, number);
		}

		private boolean isPending(String tenant, int number) {
			return this.engine.evictions().covers(Internals.storedKey(this.cache, tenant + ":" + number))
					|| (this.tagged && this.engine.evictions().coversAny(tagsOf(tenant, number)));
		}

		private static List<String> tagsOf(String tenant, int number) {
			return List.of("row:" + tenant + ":" + number, "number:" + number);
		}

		private long failures() {
			return Internals.counters(this.cache).failures();
		}

		/** Listeners are told a moment later. */
		private boolean wasAwaySince(long begin) {
			LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
			return this.lastAway - begin > 0;
		}

		private void change(String tenant, int number, int chance) {
			CacheService service = this.instance.cacheService();
			if (chance < 500) {
				long begin = System.nanoTime();
				long version = this.rows.change(tenant, number);
				this.longestEviction.accumulateAndGet(System.nanoTime() - begin, Math::max);
				changed(tenant, number, version);
			}
			else if (chance < 800) {
				changed(tenant, number, this.rows.put(tenant, number).version());
			}
			else if (chance < 950) {
				long version = this.rows.changed(tenant, number);
				if (this.tagged) {
					service.evictTag("row:" + tenant + ":" + number);
				}
				else {
					service.delete("rows:" + tenant + ":" + number);
				}
				changed(tenant, number, version);
			}
			else if (chance < 1030) {
				changedTenant(tenant, this.rows.changeTenant(tenant));
			}
			else if (chance < 1060) {
				long version = this.rows.changed(tenant, number);
				service.invalidate("rows:" + tenant + ":*");
				changed(tenant, number, version);
			}
			else if (chance < 1090) {
				long[] versions = this.rows.changeOfAllTenants(number);
				for (int i = 0; i < versions.length; i++) {
					changed("t" + i, number, versions[i]);
				}
			}
			else {
				long[] versions = this.rows.changeAll();
				for (int row = 0; row < versions.length; row++) {
					changed("t" + row / ROWS_OF_TENANT, row % ROWS_OF_TENANT, versions[row]);
				}
			}
		}

		private void changedTenant(String tenant, long[] versions) {
			for (int i = 0; i < versions.length; i++) {
				changed(tenant, i, versions[i]);
			}
		}

		/** A change has returned: from now on nobody may read what was before it. */
		private void changed(String tenant, int number, long version) {
			int index = Rows.index(tenant, number);
			this.ownFloors.accumulateAndGet(index, version, Math::max);
			if (isPending(tenant, number)) {
				this.pending.increment();
			}
			else {
				this.table.raiseFloor(index, version);
			}
		}

	}

}
