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

package dev.cachestarter.autoconfigure;

import java.time.Duration;
import java.util.Map;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

import dev.cachestarter.CacheSettings;
import dev.cachestarter.TtlPreset;
import dev.cachestarter.engine.key.LogKeys;

/**
 * The settings of cache-starter as they stand in the application's configuration. What is
 * {@code null} was not configured: another source may say it.
 *
 * @param enabled Whether the starter provides the cache. If not, Spring Boot does, as if
 * the starter were not there.
 * @param keyPrefix Prefix of every key in Redis, such as "shop:".
 * @param onNotCacheable What to do at start about methods whose arguments cannot be keys
 * or whose results cannot be cached. "warn" logs each of them, "fail" stops the start.
 * @param logKeys How keys and patterns appear in log lines and exceptions of the cache.
 * "full" as they are, "hash" as a hash that is the same in all instances, "none" not at
 * all. Names of caches always appear.
 * @param defaults Settings that every cache starts from.
 * @param caches Settings of single caches, by name, and of groups of caches, by a pattern
 * such as "[servers:*]". Names of more than letters, digits and dashes need brackets:
 * "[agents:list]".
 * @param connection The cache's own connection to Redis.
 */
@ConfigurationProperties(prefix = CacheStarterProperties.PREFIX, ignoreUnknownFields = false)
record CacheStarterProperties(@DefaultValue("true") boolean enabled, @Nullable String keyPrefix,
		@DefaultValue("warn") OnNotCacheable onNotCacheable, @DefaultValue("full") LogKeys logKeys,
		@DefaultValue Defaults defaults, @DefaultValue Map<String, Cache> caches, @DefaultValue Connection connection,
		@DefaultValue CircuitBreaker circuitBreaker, @DefaultValue PendingEvictions pendingEvictions,
		@DefaultValue WarmUp warmUp) {

	static final String PREFIX = "cache-starter";

	/**
	 * Return the path of the settings of one cache, spelt so that it works.
	 * @param cacheName the name of the cache
	 * @return the path, with brackets if the name needs them
	 */
	static String pathOf(String cacheName) {
		boolean plain = cacheName.matches("[a-zA-Z0-9-]+");
		return PREFIX + ".caches." + (plain ? cacheName : "[" + cacheName + "]");
	}

	/**
	 * What can be set for all caches and for each.
	 */
	sealed interface Values permits Defaults, Cache {

		@Nullable Duration ttl();

		@Nullable TtlPreset ttlPreset();

		@Nullable Double ttlJitter();

		@Nullable Duration nullTtl();

		@Nullable Duration loadWait();

		@Nullable Duration lease();

		@Nullable Duration loadLeaseLimit();

		CacheSettings.@Nullable Coalesce coalesce();

		@Nullable Duration loadTimeout();

		@Nullable Duration staleIfError();

		@Nullable Duration staleRetry();

		@Nullable String refreshAhead();

		@Nullable DataSize compressAbove();

		@Nullable DataSize maxValueSize();

		@Nullable Near near();

		@Nullable Double verify();

	}

	/**
	 * The settings that every cache starts from.
	 *
	 * @param ttl How long an entry is fresh. 0 for no expiry.
	 * @param ttlPreset How long an entry is fresh, by the kind of data. Instead of "ttl".
	 * @param ttlJitter Maximum share that is taken off each TTL at random, so that
	 * entries do not expire together.
	 * @param nullTtl How long a cached null is fresh. 0 to cache no nulls.
	 * @param loadWait Maximum time that a caller waits for another's load of the same
	 * key.
	 * @param lease How long a lease on a key lives unless its holder renews it.
	 * @param loadLeaseLimit How long the lease on a key is renewed while its load runs.
	 * @param coalesce Who shares one load of a key. "none" nobody, "local" the callers of
	 * one instance, "cluster" those of all instances.
	 * @param loadTimeout How long a load may take before a stale entry is served instead.
	 * 0 for no limit.
	 * @param staleIfError How long past its TTL an entry may be served if its load fails
	 * or is slow. 0 for not at all.
	 * @param staleRetry How long after a failed load no other load is tried, while there
	 * is an entry to serve.
	 * @param refreshAhead How long before the end of its TTL a read of an entry refreshes
	 * it in the background. 0 for never, "auto" to let the cache find out, by how long
	 * loads take.
	 * @param compressAbove Size above which a value is compressed. 0 for never.
	 * @param maxValueSize Maximum size of a value that is cached, as stored.
	 * @param near Copies of values in the memory of each instance.
	 * @param verify Share of hits, such as 0.001, that are compared with a fresh load in
	 * the background. 0 for none.
	 */
	record Defaults(@Nullable Duration ttl, @Nullable TtlPreset ttlPreset, @Nullable Double ttlJitter,
			@Nullable Duration nullTtl, @Nullable Duration loadWait, @Nullable Duration lease,
			@Nullable Duration loadLeaseLimit, CacheSettings.@Nullable Coalesce coalesce,
			@Nullable Duration loadTimeout, @Nullable Duration staleIfError, @Nullable Duration staleRetry,
			@Nullable String refreshAhead, @Nullable DataSize compressAbove, @Nullable DataSize maxValueSize,
			@Nullable Near near, @Nullable Double verify) implements Values {

	}

	/**
	 * The settings of one cache, or of those that fit a pattern; what is not set comes
	 * from patterns that fit more, and from the defaults.
	 *
	 * @param ttl How long an entry is fresh. 0 for no expiry.
	 * @param ttlPreset How long an entry is fresh, by the kind of data. Instead of "ttl".
	 * @param ttlJitter Maximum share that is taken off each TTL at random, so that
	 * entries do not expire together.
	 * @param nullTtl How long a cached null is fresh. 0 to cache no nulls.
	 * @param loadWait Maximum time that a caller waits for another's load of the same
	 * key.
	 * @param lease How long a lease on a key lives unless its holder renews it.
	 * @param loadLeaseLimit How long the lease on a key is renewed while its load runs.
	 * @param coalesce Who shares one load of a key. "none" nobody, "local" the callers of
	 * one instance, "cluster" those of all instances.
	 * @param loadTimeout How long a load may take before a stale entry is served instead.
	 * 0 for no limit.
	 * @param staleIfError How long past its TTL an entry may be served if its load fails
	 * or is slow. 0 for not at all.
	 * @param staleRetry How long after a failed load no other load is tried, while there
	 * is an entry to serve.
	 * @param refreshAhead How long before the end of its TTL a read of an entry refreshes
	 * it in the background. 0 for never, "auto" to let the cache find out, by how long
	 * loads take.
	 * @param compressAbove Size above which a value is compressed. 0 for never.
	 * @param maxValueSize Maximum size of a value that is cached, as stored.
	 * @param near Copies of values in the memory of each instance.
	 * @param verify Share of hits, such as 0.001, that are compared with a fresh load in
	 * the background. 0 for none.
	 * @param type Type of the cache's values, such as "com.acme.Agent" or
	 * "java.util.List<com.acme.Agent>". Inferred from the methods that use the cache if
	 * not set.
	 */
	record Cache(@Nullable Duration ttl, @Nullable TtlPreset ttlPreset, @Nullable Double ttlJitter,
			@Nullable Duration nullTtl, @Nullable Duration loadWait, @Nullable Duration lease,
			@Nullable Duration loadLeaseLimit, CacheSettings.@Nullable Coalesce coalesce,
			@Nullable Duration loadTimeout, @Nullable Duration staleIfError, @Nullable Duration staleRetry,
			@Nullable String refreshAhead, @Nullable DataSize compressAbove, @Nullable DataSize maxValueSize,
			@Nullable Near near, @Nullable Double verify, @Nullable String type) implements Values {

	}

	/**
	 * Copies of values in the memory of each instance.
	 *
	 * @param mode Whether copies are kept. "none" for none, "validate" to ask Redis with
	 * each read whether the copy is still the value, "track" to have Redis say what has
	 * changed.
	 * @param maxEntries Maximum number of copies of a cache.
	 * @param maxSize Maximum size of all copies of a cache, counted as JSON before
	 * compression.
	 * @param ttl Maximum time for which a copy is kept. 0 for as long as its entry is
	 * fresh.
	 * @param copy Whether values are decoded for each caller. If not, callers share one
	 * object, which they must not change.
	 * @param serveWhileDisconnected How long copies are served in mode "track" while
	 * Redis cannot be reached. Callers may get what other instances have evicted.
	 */
	record Near(@Nullable String mode, @Nullable Integer maxEntries, @Nullable DataSize maxSize, @Nullable Duration ttl,
			@Nullable Boolean copy, @Nullable Duration serveWhileDisconnected) {

	}

	/**
	 * The cache's own connection to Redis.
	 *
	 * @param factory Name of the LettuceConnectionFactory bean that says where Redis is.
	 * Needed if there are several and none is primary.
	 * @param commandTimeout Maximum time that one cached call waits for Redis.
	 * @param connectTimeout Maximum time that an attempt to connect takes.
	 * @param afterRestart What to do when Redis was restarted or replaced. "replay"
	 * applies the evictions of the last minute again, "distrust" makes everything from
	 * before a miss.
	 */
	record Connection(@Nullable String factory, @Nullable Duration commandTimeout, @Nullable Duration connectTimeout,
			@DefaultValue("replay") AfterRestart afterRestart) {

	}

	enum OnNotCacheable {

		WARN, FAIL

	}

	enum AfterRestart {

		REPLAY, DISTRUST

	}

	/**
	 * When the cache stops calling Redis, and for how long.
	 *
	 * @param failureRate Failure rate at which the cache stops calling Redis, in percent.
	 * @param slowCall Response time above which a command counts as slow.
	 * @param slowCallRate Rate of slow commands at which the cache stops calling Redis,
	 * in percent.
	 * @param window Number of commands over which the failure rate and the rate of slow
	 * commands are calculated.
	 * @param openFor How long the cache does not use Redis if it failed again soon after
	 * it had recovered.
	 * @param openForMax Upper limit of the time for which the cache does not use Redis,
	 * which doubles from open-for each time it fails again. It ends early once an outage
	 * is over and Redis has been healthy for open-for.
	 */
	record CircuitBreaker(@DefaultValue("50") int failureRate, @DefaultValue("200ms") Duration slowCall,
			@DefaultValue("80") int slowCallRate, @DefaultValue("20") int window, @DefaultValue("1s") Duration openFor,
			@DefaultValue("10s") Duration openForMax) {

	}

	/**
	 * Evictions that Redis has not taken.
	 *
	 * @param maxEntries How many evictions that Redis has not taken are kept apart.
	 * Beyond that, or beyond 1 KB for each, they are widened to their group, then to
	 * their cache, and never dropped.
	 */
	record PendingEvictions(@DefaultValue("10000") int maxEntries) {

	}

	/**
	 * The CacheWarmer beans.
	 *
	 * @param enabled Whether CacheWarmer beans run.
	 * @param concurrency How many steps of a CacheWarmer run at a time.
	 * @param beforeReady Whether the application is ready only when all CacheWarmer beans
	 * have ended.
	 * @param timeout Maximum time that the application's readiness waits for CacheWarmer
	 * beans. After that they go on in the background.
	 * @param waitForRedis How long CacheWarmer beans wait for a Redis that cannot be
	 * reached. After that the remaining steps are skipped.
	 */
	record WarmUp(@DefaultValue("true") boolean enabled, @DefaultValue("4") int concurrency,
			@DefaultValue("false") boolean beforeReady, @DefaultValue("1m") Duration timeout,
			@DefaultValue("10s") Duration waitForRedis) {

	}

}
