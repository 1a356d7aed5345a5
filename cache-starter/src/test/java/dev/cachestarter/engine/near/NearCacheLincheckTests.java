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

package dev.cachestarter.engine.near;

import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.ReentrantLock;

import org.jetbrains.kotlinx.lincheck.Actor;
import org.jetbrains.kotlinx.lincheck.execution.ExecutionScenario;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import dev.cachestarter.NearSettings;
import dev.cachestarter.engine.entry.EntryHeader;
import dev.cachestarter.engine.entry.Observed;
import dev.cachestarter.engine.entry.Target;
import dev.cachestarter.engine.key.KeyLayout;
import dev.cachestarter.engine.key.KeyPattern;
import dev.cachestarter.engine.key.LogKeys;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.near.NearCache.Worth;
import dev.cachestarter.engine.near.NearTracking.Ticket;
import dev.cachestarter.engine.redis.Tracking;
import dev.cachestarter.engine.value.PayloadForm;
import dev.cachestarter.engine.value.ValueCodec;

import static org.jetbrains.lincheck.datastructures.ManagedStrategyGuaranteeKt.forClasses;

/**
 * Whatever threads do at once, a near cache together with a Redis that tells what changes
 * is one variable for each key: it is linearizable. Whoever begins to read when a change
 * has been told, or has returned here, does not get what was there before.
 * <p>
 * What may be a second late in reality, the message, is part of a change here, or comes
 * with the next heartbeat and holds that back; how late that may be, the tests of
 * {@code TrackingLink} say. Weaker than a variable on purpose is that a copy may be
 * missing at any time: whoever finds none reads Redis, which shows in no result.
 * <p>
 * Lincheck tries in which order the steps of two threads can come. Redis and its
 * connection are one lock, in which a message comes before the answer to what is read
 * later. Each call of Caffeine is one step: its own concurrency is not ours to test. The
 * histories here are those that break the rules of {@link NearTracking} where one is
 * switched off; the long form of the test also makes up others.
 */
class NearCacheLincheckTests {

	private static final KeyPattern PATTERN = KeyPattern.of("t1:*");

	private static final boolean THOROUGH = Boolean.getBoolean("thorough");

	@Test
	void whatChangesElsewhereIsSeen() {
		Histories.ofCopies(ChangesElsewhere.class)
			.with("put 1, begin", "keep", "put 2")
			.with("put 1, begin", "keep", "evictGroup")
			.with("put 1, begin", "keep", "flush")
			.with("put 1, begin", "keep", "putToldLate 2, loseSession")
			.with("put 1, read, putToldLate 2", "read", "heartbeat")
			.with("put 1, read, extendGroup", "read", "evictGroup")
			.check();
	}

	@Test
	void whatChangesHereIsSeenThoughRedisHasNotToldOfItYet() {
		Histories.ofCopies(OwnChanges.class)
			.with("put 1, begin", "keep", "evictHere")
			.with("put 1, read", "read", "evictHere")
			.with("put 1, begin", "keep", "evictGroupHere")
			.with("put 1, begin", "keep", "evictPatternHere")
			.check();
	}

	/**
	 * What has come is known. Weaker than a set on purpose is that of two who bring one
	 * key for the first time at once both may be turned away: no history here has that.
	 */
	@Test
	void theDoorkeeperForgetsNoKey() {
		new Histories(Keys.class, options().iterations(0).sequentialSpecification(Known.class))
			.with("", "bring 0", "bring 1", "isKnown 0, isKnown 1")
			.with("", "bring 0, isKnown 0", "bring 1, isKnown 1", "isKnown 0, isKnown 1")
			.check();
	}

	private static ModelCheckingOptions options() {
		return new ModelCheckingOptions().invocationsPerIteration(THOROUGH ? 300 : 50)
			.threads(2)
			.actorsBefore(2)
			.actorsPerThread(2)
			.actorsAfter(1);
	}

	private static boolean isOneStep(String name) {
		return name.startsWith("com.github.benmanes.caffeine.") || Set
			.of(ConcurrentHashMap.class.getName(), CopyOnWriteArrayList.class.getName(),
					GenerationCells.class.getName())
			.contains(name);
	}

	/** What threads do not share, and what has a test of its own. */
	private static boolean isNoStep(String name) {
		return name.startsWith("dev.cachestarter.engine.key.") || name.startsWith("dev.cachestarter.engine.entry.")
				|| Set
					.of(CompletableFuture.class.getName(), NearCopy.class.getName(), Entry.class.getName(),
							Doorkeeper.class.getName(), Touches.class.getName())
					.contains(name);
	}

	/**
	 * What two threads do at once, after what was done before.
	 */
	private static final class Histories {

		private final Class<?> operations;

		private final ModelCheckingOptions options;

		private Histories(Class<?> operations, ModelCheckingOptions options) {
			this.operations = operations;
			this.options = options;
		}

		static Histories ofCopies(Class<?> operations) {
			return new Histories(operations,
					options().iterations(THOROUGH ? 10 : 0)
						.addGuarantee(forClasses(NearCacheLincheckTests::isOneStep).allMethods().treatAsAtomic())
						.addGuarantee(forClasses(NearCacheLincheckTests::isNoStep).allMethods().ignore())
						.sequentialSpecification(OneVariable.class));
		}

		Histories with(String before, String one, String other) {
			return with(before, one, other, "read");
		}

		Histories with(String before, String one, String other, String after) {
			this.options.addCustomScenario(
					new ExecutionScenario(actors(before), List.of(actors(one), actors(other)), actors(after), null));
			return this;
		}

		private List<Actor> actors(String operations) {
			return Arrays.stream(operations.split(", "))
				.filter((text) -> !text.isEmpty())
				.map((text) -> text.split(" "))
				.map((words) -> {
					List<Integer> arguments = Arrays.stream(words).skip(1).map(Integer::valueOf).toList();
					Method method = Arrays.stream(this.operations.getMethods())
						.filter((each) -> each.getName().equals(words[0]))
						.findFirst()
						.orElseThrow();
					return new Actor(method, arguments);
				})
				.toList();
		}

		void check() {
			this.options.check(this.operations);
		}

	}

	/**
	 * What a doorkeeper is to look like.
	 */
	public static class Known {

		private final boolean[] brought = new boolean[2];

		public void bring(int key) {
			this.brought[key] = true;
		}

		public boolean isKnown(int key) {
			boolean known = this.brought[key];
			this.brought[key] = true;
			return known;
		}

	}

	/**
	 * Two keys that come to a doorkeeper. Each word of its filter that has a bit of one
	 * has a bit of the other, too.
	 */
	@Param(name = "key", gen = IntGen.class, conf = "0:1")
	public static class Keys {

		private static final int[] HASHES = { 153, 191 };

		private final Doorkeeper doorkeeper = new Doorkeeper(1);

		@Operation
		public void bring(@Param(name = "key") int key) {
			this.doorkeeper.admit(HASHES[key]);
		}

		@Operation
		public boolean isKnown(@Param(name = "key") int key) {
			return this.doorkeeper.admit(HASHES[key]);
		}

	}

	/**
	 * What it is to look like.
	 */
	public static class OneVariable {

		private int now;

		public int read() {
			return this.now;
		}

		public void begin() {
		}

		public void keep() {
		}

		public void put(int value) {
			this.now = value;
		}

		public void putToldLate(int value) {
			put(value);
		}

		public void heartbeat() {
		}

		public void extendGroup() {
		}

		public void evictGroup() {
			this.now = 0;
		}

		public void flush() {
			evictGroup();
		}

		public void loseSession() {
		}

		public void evictHere() {
			this.now = 0;
		}

		public void evictGroupHere() {
			evictGroup();
		}

		public void evictPatternHere() {
			evictGroup();
		}

	}

	/**
	 * What other instances change, and what becomes of the session.
	 */
	@Param(name = "value", gen = IntGen.class, conf = "1:2")
	public static class ChangesElsewhere extends Instance {

		@Operation
		public int read() {
			return readEntry();
		}

		@Operation
		public void begin() {
			beginToRead();
		}

		@Operation
		public void keep() {
			keepWhatWasRead();
		}

		@Operation
		public void put(@Param(name = "value") int value) {
			this.redis.put(value);
		}

		/** The heartbeat waits for the message. */
		@Operation
		public void putToldLate(@Param(name = "value") int value) {
			this.redis.putToldLate(value);
		}

		@Operation
		public void heartbeat() {
			this.redis.heartbeat();
		}

		@Operation
		public void extendGroup() {
			this.redis.extendGroup();
		}

		@Operation
		public void evictGroup() {
			this.redis.evictGroup();
		}

		@Operation
		public void flush() {
			this.redis.flush();
		}

		@Operation
		public void loseSession() {
			this.redis.loseSession();
		}

	}

	/**
	 * What this instance changes, of which Redis tells later.
	 */
	@Param(name = "value", gen = IntGen.class, conf = "1:2")
	public static class OwnChanges extends Instance {

		@Operation
		public int read() {
			return readEntry();
		}

		@Operation
		public void begin() {
			beginToRead();
		}

		@Operation
		public void keep() {
			keepWhatWasRead();
		}

		@Operation
		public void put(@Param(name = "value") int value) {
			this.redis.put(value);
		}

		@Operation
		public void evictHere() {
			this.redis.removeUntold();
			this.keeper.evicted(new Target.Key(KEY));
		}

		@Operation
		public void evictGroupHere() {
			this.redis.evictGroupUntold();
			this.keeper.evicted(new Target.Group("pages", "t1"));
		}

		@Operation
		public void evictPatternHere() {
			this.redis.removeUntold();
			this.keeper.evicted(new Target.Glob("pages", PATTERN));
		}

	}

	/**
	 * A near cache that is used as readers of entries use it.
	 */
	abstract static class Instance {

		static final KeyLayout LAYOUT = new KeyLayout("app:", false, LogKeys.FULL);

		static final StoredKey KEY;

		static final byte[] GROUP;

		static final ValueCodec CODEC = new NoCodec();

		static {
			LAYOUT.register("pages");
			KEY = LAYOUT.key("pages", "t1:1");
			GROUP = Objects.requireNonNull(KEY.groupGenerationKey());
		}

		final Redis redis = new Redis();

		final NearTracking keeper = new NearTracking(() -> this.redis, LAYOUT);

		final NearCache near = new NearCache("pages",
				NearSettings.defaults().withMode(NearSettings.Mode.TRACK).withMaxEntries(100), () -> 0, this.keeper);

		private volatile @Nullable Reading begun;

		/** Keeps the cells of the generations from going while there are no copies. */
		final Object cells;

		Instance() {
			this.keeper.listen();
			this.cells = Objects.requireNonNull(this.near.begin(KEY, this.near.goodSession(), true));
		}

		int readEntry() {
			StoredKey key = KEY;
			long session = this.near.goodSession();
			NearCopy copy = this.near.get(key);
			Worth worth = (copy != null) ? this.near.worthOf(copy, session) : Worth.TO_BE_READ;
			if (copy != null && worth == Worth.VOUCHED_FOR) {
				this.keeper.hit(key, copy);
				return valueOf(copy);
			}
			Reading reading = read(key, (worth == Worth.TO_BE_READ) ? session : NearTracking.NONE);
			Entry found = reading.found();
			if (copy != null && worth == Worth.TO_BE_CONFIRMED && found.counts() && copy.isOf(found.header())) {
				return valueOf(copy);
			}
			keep(key, reading);
			return found.counts() ? found.value() : 0;
		}

		/** A reader reads the entry, and stands still. */
		void beginToRead() {
			this.begun = read(KEY, this.near.goodSession());
		}

		/** It goes on. */
		void keepWhatWasRead() {
			Reading reading = this.begun;
			if (reading != null) {
				keep(KEY, reading);
			}
		}

		private Reading read(StoredKey key, long session) {
			Ticket ticket = this.near.begin(key, session, true);
			return new Reading(ticket, this.redis.get(ticket != null));
		}

		private void keep(StoredKey key, Reading reading) {
			Entry found = reading.found();
			if (found.counts()) {
				this.near.keep(found.observed(key), found.header(), CODEC, found.value(), () -> null, 0,
						reading.ticket());
			}
		}

		private static int valueOf(NearCopy copy) {
			try {
				return (Integer) Objects.requireNonNull(copy.value());
			}
			catch (ValueCodec.CorruptEntryException ex) {
				throw new IllegalStateException(ex);
			}
		}

	}

	/**
	 * What was read, and what was noted before.
	 *
	 * @param ticket what was noted, {@code null} if no copy is to be made
	 * @param found what was read
	 */
	private record Reading(@Nullable Ticket ticket, Entry found) {

	}

	/**
	 * Values are kept as they are. A codec of JSON would take Lincheck most of its time.
	 */
	private static final class NoCodec implements ValueCodec {

		@Override
		public String schemaMark() {
			return "aaaaaaaa";
		}

		@Override
		public Encoded encode(@Nullable Object value) {
			throw new UnsupportedOperationException();
		}

		@Override
		public @Nullable Object decode(byte[] entry, int start, PayloadForm form) {
			throw new UnsupportedOperationException();
		}

		@Override
		public boolean isSame(@Nullable Object one, @Nullable Object other) {
			throw new UnsupportedOperationException();
		}

	}

	/**
	 * An entry as it was read, and the generation of its group.
	 *
	 * @param value its value
	 * @param under the generation that it carries
	 * @param group the generation of its group, {@code 0} if there is none
	 */
	private record Entry(int value, int under, int group) {

		private static final String CACHE = "c".repeat(16);

		boolean counts() {
			return this.value != 0 && this.group != 0 && this.under == this.group;
		}

		EntryHeader header() {
			return new EntryHeader(EntryHeader.VALUE, Redis.generation(this.value), EntryHeader.NO_NONCE, 0, CACHE,
					Redis.generation(this.under), "aaaaaaaa", "bbbbbbbb", 0, 0, EntryHeader.NO_FLAGS, "dddddddd");
		}

		Observed observed(StoredKey key) {
			byte[] entry = new byte[NearCache.SMALLEST];
			header().writeTo(entry);
			return new Observed(key, Redis.bytes(CACHE), Redis.bytes(Redis.generation(this.group)), entry);
		}

	}

	/**
	 * A Redis with an entry, the generation of its group, and the connection on which it
	 * tells what changes.
	 */
	private static final class Redis implements Tracking {

		private static final byte[] CACHE = bytes("c".repeat(16));

		/** What is done under it happens at once on the server and on the event loop. */
		private final ReentrantLock loop = new ReentrantLock();

		/** The value of the entry, and the generation that it carries. */
		private int value;

		private int under;

		private int group = 1;

		private int groups = 1;

		/** What was not told yet. */
		private final List<byte[]> untold = new ArrayList<>();

		private volatile long session = 1;

		private volatile boolean good = true;

		private volatile @Nullable Listener listener;

		static String generation(int number) {
			return "generation-" + (10_000 + number);
		}

		static byte[] bytes(String text) {
			return text.getBytes(StandardCharsets.US_ASCII);
		}

		private void locked(Runnable change) {
			this.loop.lock();
			try {
				change.run();
			}
			finally {
				this.loop.unlock();
			}
		}

		private void tell(byte[] key) {
			Objects.requireNonNull(this.listener).changed(key);
		}

		private void tellAll() {
			this.untold.forEach(this::tell);
			this.untold.clear();
		}

		private void set(int value) {
			if (this.group == 0) {
				newGroup();
				this.untold.add(Instance.GROUP);
			}
			this.value = value;
			this.under = this.group;
			this.untold.add(Instance.KEY.redisKey());
		}

		private void newGroup() {
			this.groups++;
			this.group = this.groups;
		}

		void put(int value) {
			locked(() -> {
				set(value);
				tellAll();
			});
		}

		void putToldLate(int value) {
			locked(() -> {
				this.good = false;
				set(value);
			});
		}

		void heartbeat() {
			locked(() -> {
				tellAll();
				this.good = true;
			});
		}

		void extendGroup() {
			locked(() -> {
				this.untold.add(Instance.GROUP);
				tellAll();
			});
		}

		void evictGroup() {
			locked(() -> {
				newGroup();
				this.untold.add(Instance.GROUP);
				tellAll();
			});
		}

		void evictGroupUntold() {
			locked(() -> {
				newGroup();
				this.untold.add(Instance.GROUP);
			});
		}

		void removeUntold() {
			locked(() -> {
				this.value = 0;
				this.untold.add(Instance.KEY.redisKey());
			});
		}

		void flush() {
			locked(() -> {
				this.value = 0;
				this.group = 0;
				this.untold.clear();
				Objects.requireNonNull(this.listener).allChanged();
			});
		}

		/** What was not told never will be. */
		void loseSession() {
			locked(() -> {
				this.good = false;
				this.session++;
				this.untold.clear();
				Objects.requireNonNull(this.listener).allChanged();
				this.good = true;
			});
		}

		/**
		 * Read an entry.
		 * @param tracked over the tracked connection, on which messages come first
		 */
		Entry get(boolean tracked) {
			this.loop.lock();
			try {
				if (tracked) {
					tellAll();
				}
				return new Entry(this.value, this.under, this.group);
			}
			finally {
				this.loop.unlock();
			}
		}

		@Override
		public long session() {
			return this.session;
		}

		@Override
		public boolean isGood(long session) {
			return this.good && this.session == session;
		}

		@Override
		public long lastGood() {
			return 0;
		}

		@Override
		public CompletableFuture<List<byte @Nullable []>> read(List<byte[]> keys) {
			CompletableFuture<List<byte @Nullable []>> answer = new CompletableFuture<>();
			locked(() -> {
				tellAll();
				List<byte @Nullable []> found = new ArrayList<>();
				for (byte[] key : keys) {
					found.add((key == Instance.GROUP) ? ((this.group != 0) ? bytes(generation(this.group)) : null)
							: CACHE);
				}
				answer.complete(found);
			});
			return answer;
		}

		@Override
		public CompletableFuture<byte[]> readStart(byte[] key, int length) {
			throw new UnsupportedOperationException();
		}

		@Override
		public void addListener(Listener listener) {
			this.listener = listener;
		}

	}

}
