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

package dev.cachestarter.cache;

import java.lang.reflect.Field;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.function.Function;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

import org.springframework.beans.factory.BeanFactory;
import org.springframework.beans.factory.BeanFactoryAware;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.cache.Cache;
import org.springframework.cache.interceptor.CacheOperationSource;
import org.springframework.cache.support.NoOpCache;
import org.springframework.context.ApplicationContext;
import org.springframework.context.ApplicationContextAware;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.SmartLifecycle;
import org.springframework.context.support.DefaultLifecycleProcessor;
import org.springframework.core.ResolvableType;
import org.springframework.core.SpringProperties;
import org.springframework.core.task.TaskDecorator;
import org.springframework.data.redis.cache.RedisCache;
import org.springframework.data.redis.cache.RedisCacheConfiguration;
import org.springframework.data.redis.cache.RedisCacheManager;
import org.springframework.data.redis.connection.RedisStaticMasterReplicaConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import org.springframework.data.redis.serializer.RedisSerializationContext.SerializationPair;
import org.springframework.util.ReflectionUtils;

import dev.cachestarter.CacheEventListener;
import dev.cachestarter.CacheService;
import dev.cachestarter.CacheSettings;
import dev.cachestarter.TtlPolicy;
import dev.cachestarter.cache.entries.Engine;
import dev.cachestarter.engine.connection.Certificates;
import dev.cachestarter.engine.key.CacheKeys;
import dev.cachestarter.engine.key.LogKeys;
import dev.cachestarter.engine.redis.RedisLink;
import dev.cachestarter.engine.value.ValueCodecs;

/**
 * A {@link RedisCacheManager} whose caches are correct under concurrency and harmless
 * when Redis is slow, half-dead or gone.
 * <p>
 * As a bean it connects while the application context starts. Once all singletons are
 * made, the context waits for the first attempt to connect, and for no longer than the
 * connect timeout. The connection closes when the context is stopped or paused, and opens
 * when it is started again.
 *
 * @since 0.1.0
 */
public final class ResilientRedisCacheManager extends RedisCacheManager implements DisposableBean, BeanFactoryAware,
		ApplicationContextAware, SmartInitializingSingleton, SmartLifecycle {

	/**
	 * Whether the JVM is to be frozen before anything is started.
	 */
	private static final boolean CHECKPOINT_ON_REFRESH = "onRefresh"
		.equalsIgnoreCase(SpringProperties.getProperty(DefaultLifecycleProcessor.CHECKPOINT_PROPERTY_NAME));

	private final Engine engine;

	private final Map<String, CacheSettings> configured;

	private final Function<String, CacheSettings> others;

	private final CacheService service;

	private final TagCache tagCache;

	private final boolean switchedOff;

	private @Nullable ApplicationContext applicationContext;

	private volatile boolean running;

	private ResilientRedisCacheManager(Builder builder, Engine engine) {
		super(ResilientRedisCache.Writer.INSTANCE, shown(builder.defaults, engine), builder.runtimeCaches,
				builder.caches.keySet().toArray(String[]::new));
		this.engine = engine;
		this.configured = Map.copyOf(builder.caches);
		this.others = builder.others();
		ResilientRedisCache unnamed = newCache("", builder.defaults);
		this.service = new RedisCacheService(engine, this::getCache, this::getCacheNames, unnamed);
		this.tagCache = new TagCache(unnamed);
		this.switchedOff = builder.switchedOff;
		afterPropertiesSet();
	}

	/**
	 * Start to build a manager.
	 * @param connectionFactory says where Redis is and how to log in; it is read, never
	 * used: the manager opens a connection of its own
	 * @return a builder with the built-in defaults
	 * @throws IllegalArgumentException if the factory is for static master/replica, whose
	 * settings cannot be read
	 */
	public static Builder builder(LettuceConnectionFactory connectionFactory) {
		return new Builder(connectionFactory);
	}

	/**
	 * Return the service that works on this manager's Redis, for code without
	 * annotations.
	 * @return the service, always the same
	 */
	public CacheService getCacheService() {
		return this.switchedOff ? CacheService.disabled() : this.service;
	}

	/**
	 * Return whether this manager was built by {@link Builder#switchedOff()}.
	 * @return whether its caches keep nothing
	 */
	public boolean isSwitchedOff() {
		return this.switchedOff;
	}

	/**
	 * Return where Redis is.
	 * @return host and port, or the nodes of a cluster or the sentinels; never a password
	 */
	public String getRedisAddress() {
		return this.engine.link().address();
	}

	/**
	 * Return why no value of a type can be cached, as far as the type alone tells.
	 * @param type the type of the values
	 * @return the reason and the cure, {@code null} if nothing speaks against it
	 */
	public @Nullable String whyNotCacheable(ResolvableType type) {
		return this.engine.codecs().whyNotCacheable(type);
	}

	@Override
	public @Nullable Cache getCache(String name) {
		if (this.switchedOff) {
			return new NoOpCache(name);
		}
		if (name.equals(TagCache.NAME)) {
			return this.tagCache;
		}
		Cache cache = super.getCache(name);
		this.engine.monitors().tellNews();
		return cache;
	}

	/**
	 * Called for the cache that is kept, of those that were made for one name at once.
	 */
	@Override
	protected Cache decorateCache(Cache cache) {
		if (cache instanceof ResilientRedisCache ours) {
			this.engine.monitors().made(ours.getName(), ours.counters());
		}
		return cache;
	}

	/**
	 * Return what every key begins with.
	 * @return the prefix, empty for none
	 */
	public String getKeyPrefix() {
		return this.engine.keyPrefix();
	}

	/**
	 * Return the settings that a cache has, or would have once it is used.
	 * @param cacheName the name of the cache
	 * @return its settings
	 */
	public CacheSettings getSettings(String cacheName) {
		CacheSettings settings = this.configured.get(cacheName);
		return (settings != null) ? settings : this.others.apply(cacheName);
	}

	/**
	 * Return the names of the caches that methods of the application name, whether or not
	 * they have been used. Complete once all singletons are made.
	 * @return the names
	 */
	public Set<String> getAnnotatedCacheNames() {
		return this.engine.types().used();
	}

	@Override
	public void setBeanFactory(BeanFactory beanFactory) {
		CacheOperationSource source = beanFactory.getBeanProvider(CacheOperationSource.class).getIfAvailable();
		if (source instanceof PatternAwareOperationSource ours) {
			this.engine.adopt(ours.types());
		}
	}

	@Override
	protected RedisCache createRedisCache(String name, @Nullable RedisCacheConfiguration configuration) {
		this.engine.layout().register(name);
		return newCache(name, getSettings(name));
	}

	private ResilientRedisCache newCache(String name, CacheSettings settings) {
		return new ResilientRedisCache(name, ResilientRedisCache.Writer.INSTANCE, shown(settings, this.engine),
				settings, this.engine);
	}

	private static RedisCacheConfiguration shown(CacheSettings settings, Engine engine) {
		String prefix = engine.keyPrefix();
		RedisCacheConfiguration shown = RedisCacheConfiguration.defaultCacheConfig()
			.entryTtl(settings.ttl())
			.computePrefixWith((cacheName) -> prefix + cacheName + ":");
		if (settings.nullTtl().isZero()) {
			shown = shown.disableCachingNullValues();
		}
		SerializationPair<?> serializer = settings.valueSerializer();
		return (serializer != null) ? shown.serializeValuesWith(serializer) : shown;
	}

	/**
	 * Clear every cache that is known by name. No reader of any instance gets an entry
	 * that was there before when this has returned, unless Redis did not answer in time:
	 * then the eviction is pending.
	 */
	@Override
	public void resetCaches() {
		getCacheNames().forEach((name) -> {
			if (getCache(name) instanceof ResilientRedisCache cache) {
				cache.invalidate();
			}
		});
	}

	@Override
	public void setTransactionAware(boolean transactionAware) {
		// Its caches always are; a decorator around them would only hide what they can
		// do.
	}

	@Override
	public void setApplicationContext(ApplicationContext applicationContext) {
		this.applicationContext = applicationContext;
	}

	@Override
	public void afterSingletonsInstantiated() {
		if (this.running) {
			this.engine.link().awaitFirstAttempt();
		}
	}

	/**
	 * Connect, and wait for the first attempt as at the start of the application.
	 */
	@Override
	public void start() {
		if (!this.switchedOff) {
			connect();
			this.engine.link().awaitFirstAttempt();
		}
	}

	private void connect() {
		this.running = true;
		this.engine.start();
	}

	/**
	 * Close the connection, with all its sockets. Evictions that Redis has not taken by
	 * then are kept. Does nothing if the context is being closed: beans that are
	 * destroyed may still evict, and {@link #destroy()} comes after them.
	 */
	@Override
	public void stop() {
		boolean closing = this.applicationContext instanceof ConfigurableApplicationContext context
				&& context.isClosed();
		if (!closing && this.running) {
			this.running = false;
			this.engine.stop();
		}
	}

	@Override
	public boolean isRunning() {
		return this.running;
	}

	/**
	 * {@inheritDoc}
	 * @return the first to start and the last to stop, since others use it
	 */
	@Override
	public int getPhase() {
		return Integer.MIN_VALUE;
	}

	@Override
	public void destroy() {
		this.running = false;
		this.engine.close();
	}

	public Engine engine() {
		return this.engine;
	}

	/**
	 * Builds a {@link ResilientRedisCacheManager}.
	 */
	public static final class Builder {

		private final LettuceConnectionFactory connectionFactory;

		private String keyPrefix = "";

		private CacheSettings defaults = CacheSettings.defaults();

		private final Map<String, CacheSettings> caches = new LinkedHashMap<>();

		private @Nullable Function<String, CacheSettings> others;

		private Duration commandTimeout = Duration.ofMillis(250);

		private Duration connectTimeout = Duration.ofMillis(500);

		private RedisLink.@Nullable Settings link;

		private @Nullable JsonMapper jsonMapper;

		private @Nullable TtlPolicy ttlPolicy;

		private Breaker breaker = Breaker.defaults();

		private int maxPendingEvictions = 10_000;

		private boolean distrustRestarts;

		private final List<CacheEventListener> listeners = new ArrayList<>();

		private CacheKeys cacheKeys = new CacheKeys(null);

		private @Nullable Executor refreshExecutor;

		private @Nullable TaskDecorator refreshDecorator;

		private @Nullable Supplier<Certificates> certificates;

		private LogKeys logKeys = LogKeys.FULL;

		private boolean runtimeCaches = true;

		private boolean switchedOff;

		Builder(LettuceConnectionFactory connectionFactory) {
			this.connectionFactory = connectionFactory;
		}

		/**
		 * Set how keys appear in the log and in exceptions. In full by default.
		 * @param logKeys how
		 * @return this
		 */
		public Builder logKeys(LogKeys logKeys) {
			this.logKeys = logKeys;
			return this;
		}

		/**
		 * Set what is asked for the certificates of an encrypted connection whenever one
		 * is made, so that they can be replaced while the application runs. By default
		 * those of the connection factory hold. No effect where the factory does not
		 * encrypt.
		 * @param certificates is asked on a thread of the cache's own
		 * @return this
		 */
		public Builder certificates(@Nullable Supplier<Certificates> certificates) {
			this.certificates = certificates;
			return this;
		}

		/**
		 * Set what every key begins with. Empty by default.
		 * @param prefix the prefix, such as {@code shop:}
		 * @return this
		 */
		public Builder keyPrefix(String prefix) {
			this.keyPrefix = prefix;
			return this;
		}

		/**
		 * Set the settings of every cache that has none of its own.
		 * @param settings the settings
		 * @return this
		 */
		public Builder defaults(CacheSettings settings) {
			this.defaults = settings;
			return this;
		}

		/**
		 * Set what says the settings of the caches that are not known by name from the
		 * start, when they are made. By default {@link #defaults} do.
		 * @param settings returns the settings of a cache by its name
		 * @return this
		 */
		public Builder otherCaches(Function<String, CacheSettings> settings) {
			this.others = settings;
			return this;
		}

		private Function<String, CacheSettings> others() {
			CacheSettings all = this.defaults;
			return (this.others != null) ? this.others : (name) -> all;
		}

		/**
		 * Set the settings of one cache, and make it known by name from the start.
		 * @param name the cache's name
		 * @param settings its settings
		 * @return this
		 */
		public Builder cache(String name, CacheSettings settings) {
			this.caches.put(name, settings);
			return this;
		}

		/**
		 * Make caches with the default settings known by name from the start. Before its
		 * first use, {@link CacheService} takes the keys of a cache that is not for keys
		 * of no cache.
		 * @param names the names
		 * @return this
		 */
		public Builder caches(Collection<String> names) {
			names.forEach((name) -> this.caches.putIfAbsent(name, this.defaults));
			return this;
		}

		/**
		 * Set the longest that one call waits for Redis. 250 ms by default.
		 * @param timeout a positive duration
		 * @return this
		 */
		public Builder commandTimeout(Duration timeout) {
			this.commandTimeout = timeout;
			return this;
		}

		/**
		 * Set the longest that an attempt to connect takes. 500 ms by default.
		 * @param timeout a positive duration
		 * @return this
		 */
		public Builder connectTimeout(Duration timeout) {
			this.connectTimeout = timeout;
			return this;
		}

		/** Set all that the link is told, the two timeouts above included. */
		Builder link(RedisLink.Settings settings) {
			this.link = settings;
			return this;
		}

		/**
		 * Set the mapper that turns values into JSON and back.
		 * @param mapper the mapper, made from {@link #jsonMapperBuilder()}
		 * @return this
		 */
		public Builder jsonMapper(JsonMapper mapper) {
			this.jsonMapper = mapper;
			return this;
		}

		/**
		 * Set what decides on TTLs by value.
		 * @param policy the policy, {@code null} for none
		 * @return this
		 */
		public Builder ttlPolicy(@Nullable TtlPolicy policy) {
			this.ttlPolicy = policy;
			return this;
		}

		/**
		 * Set when the cache stops to ask Redis.
		 * @param breaker the rates and times
		 * @return this
		 */
		public Builder breaker(Breaker breaker) {
			this.breaker = breaker;
			return this;
		}

		/**
		 * Set how many evictions that Redis has not taken are kept apart; beyond that
		 * they are widened to their group, and then to their cache, and never dropped.
		 * 10,000 by default.
		 * @param max a positive number
		 * @return this
		 */
		public Builder maxPendingEvictions(int max) {
			if (max < 1) {
				throw new IllegalArgumentException(
						"'max-entries' cannot be %d: set it to 1 or more, such as 10000".formatted(max));
			}
			this.maxPendingEvictions = max;
			return this;
		}

		/**
		 * Set whether everything that was written on a server before it was restarted or
		 * replaced is a miss. Else, and by default, the evictions of the last minute are
		 * applied again.
		 * @param distrust whether entries from before a restart are misses
		 * @return this
		 */
		public Builder distrustRestarts(boolean distrust) {
			this.distrustRestarts = distrust;
			return this;
		}

		/**
		 * Add a listener to changes of the link.
		 * @param listener the listener
		 * @return this
		 */
		public Builder listener(CacheEventListener listener) {
			this.listeners.add(listener);
			return this;
		}

		/**
		 * Set where loads that nobody waits for run: of entries near their end, and those
		 * that take longer than {@code load-timeout}. By default on a few threads of the
		 * cache's own.
		 * @param executor the executor, which should reject what it has no room for; a
		 * load that it would run on the calling thread is not run. It is not shut down
		 * with the manager
		 * @return this
		 */
		public Builder refreshExecutor(@Nullable Executor executor) {
			this.refreshExecutor = executor;
			return this;
		}

		/**
		 * Set what carries the context of a read (security, tenant, logging) over to the
		 * load in the background that it causes.
		 * @param decorator the decorator, called on the thread of the read, {@code null}
		 * for none
		 * @return this
		 */
		public Builder refreshDecorator(@Nullable TaskDecorator decorator) {
			this.refreshDecorator = decorator;
			return this;
		}

		/**
		 * Set how keys that are not text become text.
		 * @param keys knows the application's converters
		 * @return this
		 */
		public Builder cacheKeys(CacheKeys keys) {
			this.cacheKeys = keys;
			return this;
		}

		/**
		 * Set whether a cache that is not known by name is made when it is first used. It
		 * is by default.
		 * @param create whether to make it
		 * @return this
		 */
		public Builder runtimeCaches(boolean create) {
			this.runtimeCaches = create;
			return this;
		}

		/**
		 * Let the manager be one whose caches keep nothing, and which never connects:
		 * methods run as if they had no annotation.
		 * @return this
		 */
		public Builder switchedOff() {
			this.switchedOff = true;
			return this;
		}

		/**
		 * Build the manager. It connects in the background; Redis need not be there.
		 * @return the manager, to be destroyed by whoever built it
		 * @throws IllegalArgumentException if two caches' names swallow each other
		 */
		public ResilientRedisCacheManager build() {
			refuseStaticMasterReplica();
			JsonMapper mapper = (this.jsonMapper != null) ? this.jsonMapper : jsonMapperBuilder().build();
			RedisLink.Settings linkSettings = (this.link != null) ? this.link : linkSettings();
			Engine.Settings settings = new Engine.Settings(linkSettings, this.keyPrefix, this.maxPendingEvictions,
					this.distrustRestarts, this.logKeys);
			Engine engine = new Engine(this.connectionFactory, settings, this.cacheKeys.renderer(),
					new ValueCodecs(mapper), new Engine.Hooks(this.ttlPolicy, this.listeners, this.refreshExecutor,
							this.refreshDecorator, this.certificates));
			engine.layout().declare(this.caches.keySet());
			try {
				ResilientRedisCacheManager manager = new ResilientRedisCacheManager(this, engine);
				if (!CHECKPOINT_ON_REFRESH && !this.switchedOff) {
					manager.connect();
				}
				return manager;
			}
			catch (RuntimeException ex) {
				engine.close();
				throw ex;
			}
		}

		private RedisLink.Settings linkSettings() {
			RedisLink.Settings basics = RedisLink.Settings.of(this.commandTimeout, this.connectTimeout);
			return new RedisLink.Settings(this.commandTimeout, this.connectTimeout, this.breaker.failureRate(),
					this.breaker.slowCall(), this.breaker.slowCallRate(), this.breaker.window(), this.breaker.openFor(),
					this.breaker.openForMax(), basics.retry(), basics.loginRetry(), basics.heartbeat(), basics.queue());
		}

		/**
		 * Its settings hide where its nodes are, and its standalone settings say
		 * localhost.
		 */
		private void refuseStaticMasterReplica() {
			Field field = ReflectionUtils.findField(LettuceConnectionFactory.class, "configuration");
			if (field != null) {
				ReflectionUtils.makeAccessible(field);
				if (ReflectionUtils.getField(field,
						this.connectionFactory) instanceof RedisStaticMasterReplicaConfiguration) {
					throw new IllegalArgumentException(
							"The cache cannot use a connection factory for static master/replica: give it one for the master alone, or for Sentinel");
				}
			}
		}

	}

	/**
	 * Return a builder of the mapper that values are written and read with, for those who
	 * shape it: strict about unknown fields, no default typing, limits on depth and
	 * length.
	 * @return a fresh builder
	 */
	public static JsonMapper.Builder jsonMapperBuilder() {
		return ValueCodecs.mapperBuilder();
	}

}
