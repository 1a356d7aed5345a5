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

package dev.cachestarter.engine.load;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;

import org.jspecify.annotations.Nullable;

import dev.cachestarter.CacheSettings;
import dev.cachestarter.engine.entry.EntryHeader;
import dev.cachestarter.engine.entry.EntryStore;
import dev.cachestarter.engine.entry.MemoryScripts;
import dev.cachestarter.engine.entry.Observed;
import dev.cachestarter.engine.key.CacheKeys;
import dev.cachestarter.engine.key.KeyLayout;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.load.Ask.Reload;
import dev.cachestarter.engine.load.BackgroundLoads.Captured;
import dev.cachestarter.engine.redis.Budget;
import dev.cachestarter.engine.redis.Deadline;
import dev.cachestarter.engine.redis.ManualWorker;
import dev.cachestarter.engine.redis.MemoryRedis;
import dev.cachestarter.engine.redis.RedisLink;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Some instances of an application that share a Redis in memory, and the callers in them.
 */
class Callers {

	static final Duration TTL = Duration.ofMinutes(1);

	static final CacheSettings PLAIN = CacheSettings.defaults();

	/** Values stay for an hour. */
	static final CacheSettings STALE = PLAIN.withStaleIfError(Duration.ofHours(1));

	static final String MARK = "12345678";

	/** In seconds: longer than anything takes, shorter than {@code load-wait}. */
	private static final int PATIENCE = 4;

	final MemoryRedis redis = MemoryScripts.redis();

	final StoredKey key;

	final ManualWorker timer = new ManualWorker();

	private final AtomicLong nonces = new AtomicLong();

	Callers() {
		this("key");
	}

	/** Callers of a full key. */
	Callers(String text) {
		this.key = layout().key("lists", text);
	}

	/** Return another key of the same text. */
	StoredKey keyOf(Object key) {
		return layout().key("lists", new CacheKeys(null).renderer().ofKey(key));
	}

	private static KeyLayout layout() {
		KeyLayout layout = new KeyLayout("", false);
		layout.register("lists");
		return layout;
	}

	Instance instance() {
		return new Instance(Duration.ofSeconds(10));
	}

	/** An instance whose calls wait for Redis no longer than this. */
	Instance instance(Duration patience) {
		return new Instance(patience);
	}

	/** What is there. */
	@Nullable EntryHeader header() {
		byte[] there = this.redis.get(this.key.redisKey());
		return (there != null) ? EntryHeader.parse(there) : null;
	}

	@Nullable String stored() {
		byte[] there = this.redis.get(this.key.redisKey());
		EntryHeader header = header();
		return (there != null && header != null && !header.isLease())
				? new String(there, EntryHeader.LENGTH, there.length - EntryHeader.LENGTH) : null;
	}

	/** Store a value, from elsewhere. */
	void store(String value, CacheSettings settings, String mark) {
		this.redis.remove(this.key.redisKey());
		Caller caller = instance().caller(settings, mark);
		load(caller.leads(), value, mark);
		assertThat(stored()).isEqualTo(value);
	}

	/** Have a value there that is past its time. */
	void storeStale(String value) {
		store(value, STALE, MARK);
		this.redis.pass(TTL.plusSeconds(1));
	}

	/** End a load well. */
	static void load(Flight flight, String value) {
		load(flight, value, MARK);
	}

	static void load(Flight flight, String value, String mark) {
		flight.loaded(value);
		assertThat(flight.fill(TextEntries.encoded(value, mark), TTL, List.of(), () -> false))
			.isCompletedWithValue(true);
	}

	static Decision get(CompletableFuture<Decision> decision) {
		return decision.orTimeout(PATIENCE, TimeUnit.SECONDS).join();
	}

	static @Nullable Object value(CompletableFuture<Decision> decision) {
		Decision decided = get(decision);
		assertThat(decided).isInstanceOf(Decision.Value.class);
		return ((Decision.Value) decided).value();
	}

	static Throwable failure(CompletableFuture<Decision> decision) {
		Decision decided = get(decision);
		assertThat(decided).isInstanceOf(Decision.Failure.class);
		return ((Decision.Failure) decided).failure();
	}

	/** The flight of one who loads. */
	static Flight flight(CompletableFuture<Decision> decision) {
		Decision decided = get(decision);
		assertThat(decided).isInstanceOf(Decision.Load.class);
		return Objects.requireNonNull(((Decision.Load) decided).flight());
	}

	/** The flight of one who loads, and will store. */
	static Flight led(CompletableFuture<Decision> decision) {
		Flight flight = flight(decision);
		assertThat(flight.canFill()).isTrue();
		return flight;
	}

	/** The flight of one who loads, and will store nothing. */
	static Flight alone(CompletableFuture<Decision> decision) {
		Flight flight = flight(decision);
		assertThat(flight.canFill()).isFalse();
		return flight;
	}

	/**
	 * An instance of the application.
	 */
	class Instance {

		final RedisLink link;

		final EntryStore store;

		final Turns turns;

		final BackgroundLoads background;

		/** What is to run in the background. */
		final List<Runnable> tasks = new ArrayList<>();

		/** Whether there is room for it. */
		boolean room = true;

		Instance(Duration patience) {
			this.link = Callers.this.redis.link(patience);
			this.store = new EntryStore(this.link, () -> "%016x".formatted(Callers.this.nonces.incrementAndGet()),
					new KeyLayout("", false));
			this.background = new BackgroundLoads((task) -> {
				if (!this.room) {
					throw new java.util.concurrent.RejectedExecutionException();
				}
				this.tasks.add(task);
			}, null, Runnable::run, Callers.this.timer);
			this.turns = new Turns(this.store, Callers.this.timer, new Reloads(this.background, this::deadline));
		}

		Deadline deadline() {
			return new Deadline(this.link, new Budget(this.link.commandTimeout()));
		}

		Caller caller(CacheSettings settings) {
			return caller(settings, MARK);
		}

		Caller caller(CacheSettings settings, String mark) {
			return new Caller(this, new TextEntries(this.store, settings, mark));
		}

		/** Run what waits for a thread in the background. */
		void runTasks() {
			List<Runnable> waiting = List.copyOf(this.tasks);
			this.tasks.clear();
			waiting.forEach(Runnable::run);
		}

	}

	/**
	 * A caller, who reads the key and then asks for a turn.
	 */
	class Caller {

		final Instance at;

		final TextEntries entries;

		private boolean transactional;

		private @Nullable Leading leading;

		private @Nullable Reload reload;

		private @Nullable Captured captured;

		private Predicate<Throwable> declared = (failure) -> true;

		private long since = System.nanoTime();

		private StoredKey key = Callers.this.key;

		Caller(Instance at, TextEntries entries) {
			this.at = at;
			this.entries = entries;
		}

		/** One who asks for another key of the same text. */
		Caller of(StoredKey other) {
			assertThat(other).isEqualTo(Callers.this.key);
			this.key = other;
			return this;
		}

		Caller inTransaction() {
			this.transactional = true;
			return this;
		}

		/** One whose loader asks. */
		Caller within(Flight... flights) {
			this.leading = Leading.of(List.of(flights), null);
			return this;
		}

		Caller reloadsBy(Reload how) {
			this.reload = how;
			this.captured = this.at.background.capture();
			return this;
		}

		Caller declares(Predicate<Throwable> failures) {
			this.declared = failures;
			return this;
		}

		/** One who began so long ago. */
		Caller since(Duration ago) {
			this.since = System.nanoTime() - ago.toNanos();
			return this;
		}

		/** Read the key. */
		Ask ask() {
			return asking(this.entries.observe(this.key).join());
		}

		/** The key could not be read. */
		Ask askUnread() {
			return asking(null);
		}

		/** As if this had been found. */
		Ask asking(@Nullable Observed found) {
			EntryHeader header = (found != null) ? found.current() : null;
			boolean mayServe = header != null && this.entries.isUsable(this.key, header)
					&& (this.captured != null || !header.isFresh(this.at.store.serverMillis()))
					&& !this.entries.settings.staleIfError().isZero();
			Stale stale = (found != null && mayServe) ? new Stale(found, this.entries.epoch, this.captured, false)
					: null;
			return new Ask(this.key, null, this.entries, this.at.deadline(), this.since, this.transactional,
					this.leading, Runnable::run, null, this.reload, this.declared, null, false, false)
				.seeing(found, stale);
		}

		CompletableFuture<Decision> decide() {
			return this.at.turns.decide(ask());
		}

		CompletableFuture<Decision> decideAtOnce() {
			return this.at.turns.decideAtOnce(ask());
		}

		CompletableFuture<Decision> follow() {
			return this.at.turns.follow(ask());
		}

		@Nullable Flight tryLead() {
			return this.at.turns.tryLead(ask()).orTimeout(PATIENCE, TimeUnit.SECONDS).join();
		}

		/** Lead. */
		Flight leads() {
			return led(decide());
		}

	}

}
