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

package dev.cachestarter.cache.entries;

import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Supplier;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import org.springframework.core.task.TaskDecorator;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import org.springframework.util.ClassUtils;

import dev.cachestarter.CacheEventListener;
import dev.cachestarter.TtlPolicy;
import dev.cachestarter.cache.call.Call;
import dev.cachestarter.engine.connection.Certificates;
import dev.cachestarter.engine.connection.DaemonThreads;
import dev.cachestarter.engine.entry.EntryHeader;
import dev.cachestarter.engine.entry.EntryStore;
import dev.cachestarter.engine.entry.Evictions;
import dev.cachestarter.engine.entry.Nonces;
import dev.cachestarter.engine.entry.Sweeper;
import dev.cachestarter.engine.key.KeyLayout;
import dev.cachestarter.engine.key.KeyText;
import dev.cachestarter.engine.key.LogKeys;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.load.BackgroundLoads;
import dev.cachestarter.engine.load.Continuations;
import dev.cachestarter.engine.load.Reloads;
import dev.cachestarter.engine.load.Turns;
import dev.cachestarter.engine.monitor.Tracer;
import dev.cachestarter.engine.near.NearTracking;
import dev.cachestarter.engine.redis.Budget;
import dev.cachestarter.engine.redis.Deadline;
import dev.cachestarter.engine.redis.LinkObserver;
import dev.cachestarter.engine.redis.RedisLink;
import dev.cachestarter.engine.redis.TrackingLink;
import dev.cachestarter.engine.value.ValueCodecs;

/**
 * The parts that the caches of one manager share, put together.
 */
public final class Engine {

	private static final Log logger = LogFactory.getLog("dev.cachestarter");

	private static final Duration LAST_DRAIN = Duration.ofSeconds(2);

	private static final Duration TOUCHES = Duration.ofSeconds(1);

	private final RedisLink link;

	/** {@code null} as long as no cache has a use for it. */
	private final AtomicReference<@Nullable TrackingLink> tracking = new AtomicReference<>();

	private volatile boolean running;

	private final Monitors monitors;

	private final String keyPrefix;

	private final KeyLayout layout;

	private final Nonces nonces = new Nonces();

	private final EntryStore store;

	private final Sweeper sweeper;

	private final Evictions evictions;

	private final NearTracking nearTracking;

	private final Turns turns;

	private final BackgroundLoads background;

	private final KeyText keyText;

	private final ValueCodecs codecs;

	private volatile CacheTypes types = new CacheTypes();

	/** How many of the caches that methods name are known by name. */
	private volatile int knownCount;

	private final @Nullable TtlPolicy ttlPolicy;

	private final List<CacheEventListener> listeners;

	private final boolean distrustRestarts;

	private final ScheduledThreadPoolExecutor timer;

	private final Continuations continuations;

	/** One thread, so that listeners are told in the order in which things happened. */
	private final ExecutorService events;

	/** What has been warned of once. */
	private final Set<String> warned = ConcurrentHashMap.newKeySet();

	static {
		if (ClassUtils.isPresent("io.micrometer.context.ContextRegistry", Engine.class.getClassLoader())) {
			LeadingAccessor.register();
		}
	}

	/**
	 * Put the parts together. Nothing connects before {@link #start()}.
	 * @param source says where Redis is
	 * @param keyText makes text of keys
	 * @param codecs make bytes of values
	 * @param hooks what of the application's is called
	 */
	public Engine(LettuceConnectionFactory source, Settings settings, KeyText keyText, ValueCodecs codecs,
			Hooks hooks) {
		this.listeners = hooks.listeners();
		this.distrustRestarts = settings.distrustRestarts();
		this.keyText = keyText;
		this.codecs = codecs;
		this.ttlPolicy = hooks.ttlPolicy();
		// Refuses what cannot be, before there is anything to be closed.
		this.keyPrefix = settings.keyPrefix();
		this.layout = new KeyLayout(this.keyPrefix, source.isClusterAware(), settings.logKeys());
		this.link = new RedisLink(source, settings.link(), hooks.certificates());
		this.link.namePatternsBy(this.layout::accessPattern);
		this.monitors = new Monitors(this.link);
		this.timer = new ScheduledThreadPoolExecutor(1, (task) -> DaemonThreads.daemon(task, "cache-starter-timer"));
		this.timer.setRemoveOnCancelPolicy(true);
		this.background = new BackgroundLoads(hooks.refreshExecutor(), hooks.refreshDecorator(),
				(code) -> Call.run(null, code), this.timer);
		this.continuations = new Continuations(this.timer);
		this.events = new ThreadPoolExecutor(0, 1, 30, TimeUnit.SECONDS, new LinkedBlockingQueue<>(),
				(task) -> DaemonThreads.daemon(task, "cache-starter-events"));
		this.store = new EntryStore(this.link, this.nonces, this.layout);
		this.sweeper = new Sweeper(this.link, this.store, this.layout);
		this.evictions = new Evictions(this.link, this.layout, this.store.tags(), this.sweeper, this.timer,
				settings.maxPendingEvictions(), System::nanoTime);
		this.nearTracking = new NearTracking(this::listen, this.layout);
		this.evictions.tell(this.nearTracking::evicted);
		this.store.tell(this.nearTracking::written);
		this.turns = new Turns(this.store, this.timer, new Reloads(this.background, this::newDeadline));
		this.link.observe(new LinkObserver() {

			@Override
			public void away(String why) {
				tell((listener) -> listener.onAway(why));
			}

			@Override
			public void replaced() {
				Engine.this.evictions.replayRecent(Engine.this.link.lastWhole());
				TrackingLink tracking = Engine.this.tracking.get();
				if (tracking != null) {
					tracking.replaced();
				}
			}

			@Override
			public CompletableFuture<Integer> returning() {
				Engine.this.nonces.reseed();
				return Engine.this.evictions.recover();
			}

			@Override
			public void connected(CompletableFuture<Integer> applied) {
				arrived(Duration.ZERO, applied, (count) -> {
				});
			}

			@Override
			public void back(Duration away, CompletableFuture<Integer> applied) {
				arrived(away, applied, (count) -> logger.info("Cache service connected to Redis again, after "
						+ away.toMillis() + " ms without it; evictions applied: " + count));
			}

		});
	}

	/**
	 * Tell of a link that is up, when what was pending is applied. That may take longer
	 * than the link lasts: then the news that it was lost again is out already.
	 */
	private void arrived(Duration away, CompletableFuture<Integer> applied, Consumer<Integer> news) {
		long session = this.link.session();
		applied.thenAccept((count) -> {
			if (this.link.session() == session) {
				this.evictions.told(count);
				news.accept(count);
			}
			tell((listener) -> {
				if (this.link.session() == session) {
					listener.onBack(away, count);
				}
			});
		});
	}

	/**
	 * Listeners are the application's: they run on a thread of ours that nothing waits
	 * for.
	 */
	private void tell(Consumer<CacheEventListener> event) {
		if (this.listeners.isEmpty()) {
			return;
		}
		try {
			this.events.execute(() -> {
				for (CacheEventListener listener : this.listeners) {
					try {
						event.accept(listener);
					}
					catch (Throwable ex) {
						logger.warn("A CacheEventListener failed", ex);
					}
				}
			});
		}
		catch (RejectedExecutionException ex) {
			// Closed.
		}
	}

	/**
	 * Start to connect, in the background; also after {@link #stop()}.
	 */
	public void start() {
		this.running = true;
		this.link.start();
		TrackingLink tracking = this.tracking.get();
		if (tracking != null) {
			tracking.start();
		}
	}

	/**
	 * Close the connection until {@link #start()}: reads miss, and evictions are kept.
	 */
	public void stop() {
		this.running = false;
		drain();
		TrackingLink tracking = this.tracking.get();
		if (tracking != null) {
			tracking.stop();
		}
		this.link.stop();
	}

	public RedisLink link() {
		return this.link;
	}

	/** Once, for the first cache that has a use for it. */
	private TrackingLink listen() {
		later(this::touch, TOUCHES);
		TrackingLink tracking = track();
		this.turns.wakeBy(tracking);
		return tracking;
	}

	/**
	 * Have Redis tell what changes, from now on: for a cache whose hits do not ask it.
	 */
	public TrackingLink track() {
		TrackingLink made = this.tracking.get();
		if (made == null) {
			made = this.link.tracking(
					() -> this.layout.canaryKey(String.format("%016x", ThreadLocalRandom.current().nextLong())),
					this.timer);
			if (!this.tracking.compareAndSet(null, made)) {
				return Objects.requireNonNull(this.tracking.get());
			}
		}
		if (this.running) {
			made.start();
			if (!this.running) {
				// Stopped before it could be seen.
				made.stop();
			}
		}
		return made;
	}

	/**
	 * Return the link on which Redis tells what changes.
	 * @return {@code null} if no cache has a use for it
	 */
	public @Nullable TrackingLink tracking() {
		return this.tracking.get();
	}

	public Monitors monitors() {
		return this.monitors;
	}

	public String keyPrefix() {
		return this.keyPrefix;
	}

	public KeyLayout layout() {
		return this.layout;
	}

	public Nonces nonces() {
		return this.nonces;
	}

	public EntryStore store() {
		return this.store;
	}

	public Sweeper sweeper() {
		return this.sweeper;
	}

	public Evictions evictions() {
		return this.evictions;
	}

	/** One command a second, of which nobody waits for the answer. */
	private void touch() {
		later(this::touch, TOUCHES);
		List<byte[]> hits = this.link.isUp() ? this.nearTracking.hits() : List.of();
		if (!hits.isEmpty()) {
			this.link.touch(hits.toArray(byte[][]::new));
		}
	}

	/**
	 * Return what Redis says of the keys that copies in memory were made of.
	 */
	public NearTracking nearTracking() {
		return this.nearTracking;
	}

	public Turns turns() {
		return this.turns;
	}

	public BackgroundLoads background() {
		return this.background;
	}

	public KeyText keyText() {
		return this.keyText;
	}

	public ValueCodecs codecs() {
		return this.codecs;
	}

	public CacheTypes types() {
		return this.types;
	}

	/**
	 * Take over what was learnt of the application's methods.
	 */
	public void adopt(CacheTypes types) {
		this.types = types;
	}

	/**
	 * Make the caches that methods name known by name, used yet or not: a whole key must
	 * be of the same cache on every instance.
	 */
	public void knowAnnotated() {
		int count = this.types.usedCount();
		if (count == this.knownCount) {
			return;
		}
		for (String name : this.types.used()) {
			try {
				this.layout.register(name);
			}
			catch (IllegalArgumentException ex) {
				// Said to whoever first uses the cache.
			}
		}
		this.knownCount = count;
	}

	@Nullable TtlPolicy ttlPolicy() {
		return this.ttlPolicy;
	}

	/**
	 * Return where code of the user's continues that must not run on an event loop. To be
	 * asked for on the thread that registers what continues.
	 */
	public Executor executor() {
		return this.continuations.here();
	}

	/**
	 * Do something later, which must not block. Not done if the cache ends before.
	 */
	void later(Runnable task, Duration delay) {
		try {
			this.timer.schedule(task, delay.toMillis(), TimeUnit.MILLISECONDS);
		}
		catch (RejectedExecutionException ex) {
			// Closed.
		}
	}

	public Deadline newDeadline() {
		return new Deadline(this.link, new Budget(this.link.commandTimeout()));
	}

	/**
	 * Do something for what the call of this thread belongs to, whatever is current here.
	 */
	<T> T traced(Supplier<T> action) {
		Tracer tracer = this.link.tracer();
		Call call = tracer.isActive() ? Call.current() : null;
		return (call != null) ? tracer.within(call.origin(tracer), action) : action.get();
	}

	/**
	 * Return a key as it appears in the log.
	 */
	String logName(StoredKey key) {
		return this.layout.logKeys().nameOf(key);
	}

	/**
	 * Warn of something once.
	 * @param subject what it is about
	 * @param message the warning
	 */
	void warnOnce(String subject, String message) {
		if (this.warned.size() < 1000 && this.warned.add(subject)) {
			logger.warn(LogKeys.line(message));
		}
	}

	/**
	 * Return whether entries of an earlier run of the server are misses.
	 */
	public boolean distrustsRestarts() {
		return this.distrustRestarts;
	}

	/**
	 * Return whether an entry may be used as far as the server that it was written on
	 * goes.
	 */
	boolean isTrusted(EntryHeader header) {
		return !this.distrustRestarts || header.runMark().equals(this.link.runMark());
	}

	/**
	 * End: what is pending is asked for once more, then the connection is closed.
	 */
	public void close() {
		this.background.close();
		this.turns.close();
		this.sweeper.close();
		drain();
		int lost = this.evictions.pendingCount();
		if (lost > 0) {
			logger.warn("The cache ends with " + lost
					+ " evictions that Redis has not taken: other instances may read what they name until its TTL");
		}
		TrackingLink tracking = this.tracking.get();
		if (tracking != null) {
			tracking.close();
		}
		this.link.close();
		this.timer.shutdownNow();
		this.continuations.close();
		this.events.shutdown();
	}

	/**
	 * Ask once more for what is pending.
	 */
	private void drain() {
		if (this.link.isUp() && this.evictions.pendingCount() > 0) {
			try {
				// A Redis that does not answer ends it sooner.
				this.evictions.drainAll().get(LAST_DRAIN.toMillis(), TimeUnit.MILLISECONDS);
			}
			catch (InterruptedException ex) {
				Thread.currentThread().interrupt();
			}
			catch (ExecutionException | TimeoutException ex) {
				// Redis cannot be reached: nothing more can be done for them.
			}
		}
	}

	/**
	 * What is set for all caches of a manager alike.
	 *
	 * @param link how it connects, and when it leaves
	 * @param keyPrefix what every key begins with
	 * @param maxPendingEvictions how many are kept one by one
	 * @param distrustRestarts whether entries of an earlier run of the server are misses
	 * @param logKeys how keys appear in the log
	 */
	public record Settings(RedisLink.Settings link, String keyPrefix, int maxPendingEvictions, boolean distrustRestarts,
			LogKeys logKeys) {

	}

	/**
	 * What of the application's the caches of a manager call.
	 *
	 * @param ttlPolicy decides on times to live, {@code null} for the settings alone
	 * @param listeners are told of outages
	 * @param refreshExecutor runs loads in the background, {@code null} for threads of
	 * our own
	 * @param refreshDecorator carries what they need to their threads
	 * @param certificates are asked for the certificates of each connection, {@code null}
	 * where those of the connection factory hold
	 */
	public record Hooks(@Nullable TtlPolicy ttlPolicy, List<CacheEventListener> listeners,
			@Nullable Executor refreshExecutor, @Nullable TaskDecorator refreshDecorator,
			@Nullable Supplier<Certificates> certificates) {

		/** Nothing. */
		public static final Hooks NONE = new Hooks(null, List.of(), null, null, null);

		public Hooks {
			listeners = List.copyOf(listeners);
		}

	}

}
