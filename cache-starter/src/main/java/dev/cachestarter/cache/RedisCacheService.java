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

import java.lang.reflect.Type;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;

import org.springframework.cache.Cache;
import org.springframework.core.ParameterizedTypeReference;
import org.springframework.util.Assert;
import org.springframework.util.ClassUtils;

import dev.cachestarter.CacheControl;
import dev.cachestarter.CacheService;
import dev.cachestarter.CacheSnapshot;
import dev.cachestarter.cache.call.Call;
import dev.cachestarter.cache.entries.Engine;
import dev.cachestarter.cache.entries.EntryEvictor;
import dev.cachestarter.cache.entries.EntryReader;
import dev.cachestarter.cache.entries.Stated;
import dev.cachestarter.engine.connection.Futures;
import dev.cachestarter.engine.entry.Target;
import dev.cachestarter.engine.key.CacheKeys.Tags;
import dev.cachestarter.engine.key.KeyLayout;
import dev.cachestarter.engine.key.KeyPattern;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.load.CallerThread;
import dev.cachestarter.engine.load.Leading;
import dev.cachestarter.engine.load.Staged;
import dev.cachestarter.engine.monitor.CacheMonitor.LoadOutcome;
import dev.cachestarter.engine.monitor.Step;
import dev.cachestarter.engine.redis.Deadline.RedisWaitException;
import dev.cachestarter.engine.redis.Deadline;
import dev.cachestarter.engine.redis.RedisLink;

/**
 * The {@link CacheService} of a {@link ResilientRedisCacheManager}: finds the cache that
 * a whole key belongs to, and goes the way that annotated methods go.
 */
final class RedisCacheService implements CacheService {

	private final Engine engine;

	/** Finds the cache of a name, or makes it. */
	private final Function<String, @Nullable Cache> caches;

	/** The names of the caches that there are. */
	private final Supplier<Collection<String>> names;

	/** For keys of no cache that is known by name. */
	private final ResilientRedisCache unnamed;

	private volatile boolean isUnnamedUsed;

	RedisCacheService(Engine engine, Function<String, @Nullable Cache> caches, Supplier<Collection<String>> names,
			ResilientRedisCache unnamed) {
		this.engine = engine;
		this.caches = caches;
		this.names = names;
		this.unnamed = unnamed;
	}

	@Override
	@SuppressWarnings("unchecked")
	public <T> Optional<T> get(String key, Class<T> type) {
		Object value = read(key, type);
		// A serializer of the user's own gives what it gives.
		return ClassUtils.isAssignableValue(type, value) ? Optional.ofNullable((T) value) : Optional.empty();
	}

	@Override
	@SuppressWarnings("unchecked")
	public <T> Optional<T> get(String key, ParameterizedTypeReference<T> type) {
		return Optional.ofNullable((T) read(key, type.getType()));
	}

	private @Nullable Object read(String key, Type type) {
		StoredKey stored = locate(key);
		return cacheOf(stored).readers()
			.forType(type)
			.read(stored, this.engine.newDeadline(), EntryReader.Purpose.LOOK)
			.value();
	}

	@Override
	public void set(String key, @Nullable Object value) {
		set(key, value, Duration.ZERO);
	}

	@Override
	public void set(String key, @Nullable Object value, Duration ttl) {
		set(key, value, new Stated(ttl, null));
	}

	@Override
	public void set(String key, @Nullable Object value, Duration ttl, Collection<String> tags) {
		List<String> given = List.copyOf(tags);
		int count = Tags.of(given).names().size();
		Assert.isTrue(count <= Tags.MOST, () -> "'tags' are %d, and an entry may carry %d: tag it by what it is part of"
			.formatted(count, Tags.MOST));
		set(key, value, new Stated(ttl, (same) -> given));
	}

	private void set(String key, @Nullable Object value, Stated stated) {
		checkTtl(Objects.requireNonNull(stated.ttl()));
		if (value == null) {
			delete(key);
			return;
		}
		StoredKey stored = locate(key);
		ResilientRedisCache cache = cacheOf(stored);
		Call.settle(null, cache.writer().put(stored, value, cache.readers().get().codec(), stated, null),
				this.engine.newDeadline());
	}

	@Override
	@SuppressWarnings("unchecked")
	public <T, X extends Exception> @Nullable T getOrLoad(String key, Class<T> type, Duration ttl, Loader<T, X> loader)
			throws X {
		return (T) load(key, type, new Stated(ttl, null), loader);
	}

	@Override
	@SuppressWarnings("unchecked")
	public <T, X extends Exception> @Nullable T getOrLoad(String key, Class<T> type, Duration ttl,
			TagsOf<? super T> tags, Loader<T, X> loader) throws X {
		return (T) load(key, type, new Stated(ttl, (value) -> ((TagsOf<Object>) tags).of(value)), loader);
	}

	@Override
	@SuppressWarnings("unchecked")
	public <T, X extends Exception> @Nullable T getOrLoad(String key, ParameterizedTypeReference<T> type, Duration ttl,
			TagsOf<? super T> tags, Loader<T, X> loader) throws X {
		return (T) load(key, type.getType(), new Stated(ttl, (value) -> ((TagsOf<Object>) tags).of(value)), loader);
	}

	@Override
	@SuppressWarnings("unchecked")
	public <T, X extends Exception> @Nullable T getOrLoad(String key, ParameterizedTypeReference<T> type, Duration ttl,
			Loader<T, X> loader) throws X {
		return (T) load(key, type.getType(), new Stated(ttl, null), loader);
	}

	private <T, X extends Exception> @Nullable Object load(String key, Type type, Stated stated, Loader<T, X> loader)
			throws X {
		checkTtl(Objects.requireNonNull(stated.ttl()));
		StoredKey stored = locate(key);
		ResilientRedisCache cache = cacheOf(stored);
		try {
			return cache.loaderCalls()
				.load(stored, cache.readers().forType(type), stated, loader::load, LoadFailure::new);
		}
		catch (LoadFailure ex) {
			throw RedisCacheService.<RuntimeException>unchanged(ex.getCause());
		}
	}

	@Override
	@SuppressWarnings("unchecked")
	public <T, X extends Exception> Map<String, T> getAll(Collection<String> keys, Class<T> type,
			BatchLoader<T, X> loader) throws X {
		return (Map<String, T>) all(keys, type, loader);
	}

	@Override
	@SuppressWarnings("unchecked")
	public <T, X extends Exception> Map<String, T> getAll(Collection<String> keys, ParameterizedTypeReference<T> type,
			BatchLoader<T, X> loader) throws X {
		return (Map<String, T>) all(keys, type.getType(), loader);
	}

	private Map<String, ?> all(Collection<String> keys, Type type, BatchLoader<?, ?> loader) {
		Map<String, BatchLoad.Asked> asked = new LinkedHashMap<>();
		for (String key : keys) {
			StoredKey stored = locate(key);
			ResilientRedisCache cache = cacheOf(stored);
			asked.computeIfAbsent(key,
					(same) -> new BatchLoad.Asked(stored, cache.readers().forType(type), cache.writer()));
		}
		CallerThread thread = new CallerThread(this.engine.executor());
		try {
			return Staged.await(
					new BatchLoad<>(this.engine, asked, new BlockingLoader(loader), null, (values) -> values), thread);
		}
		catch (Throwable ex) {
			throw RedisCacheService.<RuntimeException>unchanged(ex);
		}
		finally {
			thread.close();
		}
	}

	/**
	 * What the loader threw, or what the loader of another caller of the same key did.
	 */
	@SuppressWarnings("unchecked")
	private static <X extends Throwable> RuntimeException unchanged(Throwable failure) throws X {
		throw (X) failure;
	}

	@Override
	public void invalidate(String pattern) {
		Assert.hasText(pattern, "'pattern' must not be empty: '*' stands for every key");
		this.engine.knowAnnotated();
		KeyLayout.Scope scope = this.engine.layout().scope(pattern);
		evict(EntryEvictor.target(this.engine.layout(), scope.cacheName(), scope.pattern()));
	}

	@Override
	public void delete(String key) {
		evict(new Target.Key(locate(key)));
	}

	@Override
	public void delete(Collection<String> keys) {
		Map<String, List<Target>> targets = new LinkedHashMap<>();
		new LinkedHashSet<>(keys).forEach((key) -> {
			StoredKey stored = locate(key);
			targets.computeIfAbsent(stored.cacheName(), (name) -> new ArrayList<>()).add(new Target.Key(stored));
		});
		// One deadline for all of it.
		Deadline deadline = this.engine.newDeadline();
		targets.forEach((name, ofCache) -> cacheOf(name).evictor().evictAll(ofCache, false, null, deadline));
	}

	@Override
	public void evictTags(Collection<String> tags) {
		unnamed().evictor().evictAll(TagCache.targets(Tags.of(tags)), false, null, this.engine.newDeadline());
	}

	@Override
	public void clear() {
		this.engine.knowAnnotated();
		// One deadline for all of it.
		Deadline deadline = this.engine.newDeadline();
		this.engine.layout().cacheNames().forEach((name) -> evict(new Target.Whole(name), deadline));
		evict(new Target.Whole(""), deadline);
		if (!this.engine.keyPrefix().isEmpty()) {
			evict(new Target.Glob(null, KeyPattern.of("*")), deadline);
		}
	}

	private void evict(Target target) {
		evict(target, this.engine.newDeadline());
	}

	private void evict(Target target, Deadline deadline) {
		cacheOf(target.cacheName()).evictor().evict(target, null, deadline);
	}

	@Override
	public CacheSnapshot getStats() {
		Map<String, CacheSnapshot.Counters> counters = new TreeMap<>();
		for (String name : this.names.get()) {
			counters.put(name, cacheOf(name).counters().snapshot());
		}
		CacheSnapshot.Counters unnamed = this.unnamed.counters().snapshot();
		if (unnamed.asMap().values().stream().anyMatch((count) -> count > 0)) {
			counters.put(CacheSnapshot.NO_CACHE, unnamed);
		}
		Long keyCount = null;
		String memoryUsed = null;
		Deadline deadline = this.engine.newDeadline();
		try {
			List<RedisLink.Master> masters = deadline.await(this.engine.link().masters());
			List<CompletableFuture<Long>> sizes = new ArrayList<>();
			List<CompletableFuture<String>> memories = new ArrayList<>();
			for (RedisLink.Master master : masters) {
				sizes.add(orAbsent(master.keyCount()));
				memories.add(orAbsent(master.memory()));
			}
			keyCount = sum(deadline.await(Futures.all(sizes)));
			memoryUsed = memory(deadline.await(Futures.all(memories)));
		}
		catch (RedisWaitException ex) {
			// Absent, then.
		}
		return new CacheSnapshot(isEnabled(), keyCount, memoryUsed, counters);
	}

	private static <T> CompletableFuture<@Nullable T> orAbsent(CompletableFuture<T> answer) {
		return answer.handle((value, ex) -> (ex != null) ? null : value);
	}

	private static @Nullable Long sum(List<@Nullable Long> sizes) {
		long sum = 0;
		for (Long size : sizes) {
			if (size == null) {
				return null;
			}
			sum += size;
		}
		return sum;
	}

	private static @Nullable String memory(List<@Nullable String> infos) {
		long sum = 0;
		String human = null;
		for (String info : infos) {
			if (info == null) {
				return null;
			}
			sum += Long.parseLong(field(info, "used_memory").orElse("0"));
			human = field(info, "used_memory_human").orElse(null);
		}
		return (infos.size() == 1) ? human : String.format(Locale.ROOT, "%.2fM", sum / 1024.0 / 1024.0);
	}

	private static Optional<String> field(String info, String name) {
		return info.lines()
			.filter((line) -> line.startsWith(name + ":"))
			.map((line) -> line.substring(name.length() + 1).strip())
			.findFirst();
	}

	@Override
	public CacheControl getControl(String cacheName) {
		return known(cacheName).getControl();
	}

	@Override
	public void setControl(String cacheName, CacheControl control) {
		Assert.notNull(control, "'control' must not be null: CacheControl.asConfigured() follows the settings");
		known(cacheName).setControl(control, "the application");
	}

	/** A name that nobody knows must not make a cache. */
	private ResilientRedisCache known(String cacheName) {
		Set<String> known = new TreeSet<>(this.names.get());
		known.addAll(this.engine.types().used());
		if (known.contains(cacheName) && this.caches.apply(cacheName) instanceof ResilientRedisCache cache) {
			return cache;
		}
		throw new IllegalArgumentException("No cache has the name '%s': name one of %s".formatted(cacheName, known));
	}

	@Override
	public boolean isEnabled() {
		return this.engine.link().isUp();
	}

	private StoredKey locate(String key) {
		Assert.hasText(key, "'key' must not be empty");
		this.engine.knowAnnotated();
		return this.engine.layout().locate(key);
	}

	private ResilientRedisCache cacheOf(StoredKey key) {
		return cacheOf(key.cacheName());
	}

	private ResilientRedisCache cacheOf(@Nullable String cacheName) {
		if (cacheName == null || cacheName.isEmpty()) {
			return unnamed();
		}
		return (this.caches.apply(cacheName) instanceof ResilientRedisCache cache) ? cache : unnamed();
	}

	private ResilientRedisCache unnamed() {
		if (!this.isUnnamedUsed) {
			this.isUnnamedUsed = true;
			this.engine.monitors().made(CacheSnapshot.NO_CACHE, this.unnamed.counters());
			this.engine.monitors().tellNews();
		}
		return this.unnamed;
	}

	private static void checkTtl(Duration ttl) {
		Assert.isTrue(!ttl.isNegative(), () -> "'ttl' must not be negative: zero stands for no expiry, not " + ttl);
	}

	/**
	 * Loads several values on the caller's thread.
	 *
	 * @param loader the caller's
	 */
	private record BlockingLoader(BatchLoader<?, ?> loader) implements BatchLoad.Loader {

		@Override
		public CompletableFuture<?> begin(Set<String> names, @Nullable Leading leading, Step<LoadOutcome> step)
				throws Throwable {
			return CompletableFuture.completedFuture(this.loader.load(names));
		}

		@Override
		@SuppressWarnings("unchecked")
		public Map<String, ?> values(Set<String> names, @Nullable Object loaded) {
			if (loaded == null) {
				throw new IllegalStateException("The loader answered null instead of a map");
			}
			return (Map<String, ?>) loaded;
		}

	}

	/**
	 * Carries what a loader threw through code that cannot declare it.
	 */
	private static final class LoadFailure extends RuntimeException {

		private final Throwable failure;

		LoadFailure(Throwable failure) {
			super(null, failure, false, false);
			this.failure = failure;
		}

		@Override
		public Throwable getCause() {
			return this.failure;
		}

	}

}
