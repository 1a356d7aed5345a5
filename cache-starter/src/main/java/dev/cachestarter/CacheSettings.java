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

import java.lang.reflect.Type;
import java.time.Duration;

import org.jspecify.annotations.Nullable;

import org.springframework.data.redis.serializer.RedisSerializationContext.SerializationPair;
import org.springframework.util.unit.DataSize;

/**
 * The settings of one cache. Immutable: each {@code with...} method returns a changed
 * copy, and checks it.
 * <p>
 * A setting takes effect with the next write; entries that are already stored keep the
 * time to live they were written with.
 * <p>
 * A duration above a hundred years counts as a hundred years.
 *
 * @since 0.1.0
 */
public final class CacheSettings {

	private static final Duration DEFAULT_NULL_TTL = Duration.ofSeconds(30);

	private static final CacheSettings DEFAULTS = new CacheSettings(new Values());

	private final Values values;

	private CacheSettings(Values values) {
		this.values = values;
	}

	/**
	 * Return the built-in defaults.
	 * @return the settings of a cache of which nothing is configured
	 */
	public static CacheSettings defaults() {
		return DEFAULTS;
	}

	/**
	 * Return how long an entry is fresh.
	 * @return the time to live, zero for no expiry
	 */
	public Duration ttl() {
		return this.values.ttl;
	}

	/**
	 * Return settings with another time to live.
	 * @param ttl the time to live, zero for no expiry
	 * @return the changed copy
	 * @throws IllegalArgumentException if it is negative, or positive and below one
	 * millisecond
	 */
	public CacheSettings withTtl(Duration ttl) {
		return with((values) -> values.ttl = SettingValues.duration("ttl", ttl, true));
	}

	/**
	 * Return what decides on the times to live of single values of this cache, below the
	 * {@link TtlPolicy} bean and above {@link #ttl()}.
	 * @return the policy, {@code null} if there is none
	 */
	public @Nullable TtlPolicy ttlPolicy() {
		return this.values.ttlPolicy;
	}

	/**
	 * Return settings with another policy for the times to live of single values.
	 * @param policy the policy, {@code null} for none
	 * @return the changed copy
	 */
	public CacheSettings withTtlPolicy(@Nullable TtlPolicy policy) {
		return with((values) -> values.ttlPolicy = policy);
	}

	/**
	 * Return the largest share that is taken off a time to live at random, so that
	 * entries written together do not expire together.
	 * @return a share from 0 (inclusive) to 1 (exclusive)
	 */
	public double ttlJitter() {
		return this.values.ttlJitter;
	}

	/**
	 * Return settings with another jitter.
	 * @param share the largest share to take off a time to live
	 * @return the changed copy
	 * @throws IllegalArgumentException if it is not in [0, 1)
	 */
	public CacheSettings withTtlJitter(double share) {
		SettingValues.check(share >= 0 && share < 1, "ttl-jitter", String.valueOf(share),
				"a share from 0 up to, but below, 1: 0.1 takes up to a tenth off each TTL");
		return with((values) -> values.ttlJitter = share);
	}

	/**
	 * Return how long a cached {@code null} is fresh. The default is 30 seconds, but
	 * never longer than a value is.
	 * @return the time to live, zero if nulls are not cached
	 */
	public Duration nullTtl() {
		Duration stated = this.values.nullTtl;
		if (stated != null) {
			return stated;
		}
		return this.values.ttl.isZero() ? DEFAULT_NULL_TTL : SettingValues.shorter(this.values.ttl, DEFAULT_NULL_TTL);
	}

	/**
	 * Return settings with another time to live of nulls.
	 * @param ttl the time to live, zero to cache no nulls
	 * @return the changed copy
	 * @throws IllegalArgumentException if it is negative, or positive and below one
	 * millisecond
	 */
	public CacheSettings withNullTtl(Duration ttl) {
		return with((values) -> values.nullTtl = SettingValues.duration("null-ttl", ttl, true));
	}

	/**
	 * Return the maximum time that a caller waits for another caller's load of the same
	 * key.
	 * @return a duration, zero for not at all
	 */
	public Duration loadWait() {
		return this.values.loadWait;
	}

	/**
	 * Return settings with another wait for loads of others.
	 * @param wait the longest wait, zero for none
	 * @return the changed copy
	 * @throws IllegalArgumentException if it is negative, or positive and below one
	 * millisecond
	 */
	public CacheSettings withLoadWait(Duration wait) {
		return with((values) -> values.loadWait = SettingValues.duration("load-wait", wait, true));
	}

	/**
	 * Return how long a lease on a key lives unless its holder renews it.
	 * @return a positive duration
	 */
	public Duration lease() {
		return this.values.lease;
	}

	/**
	 * Return settings with another life of leases.
	 * @param lease the life of a lease that is not renewed, at least 100 ms
	 * @return the changed copy
	 * @throws IllegalArgumentException if it is shorter
	 */
	public CacheSettings withLease(Duration lease) {
		SettingValues.check(lease.compareTo(Duration.ofMillis(100)) >= 0, "lease", SettingValues.text(lease),
				"at least 100ms: a lease must outlive the time between two of its renewals");
		return with((values) -> values.lease = SettingValues.shorter(lease, SettingValues.LONGEST));
	}

	/**
	 * Return for how long the holder of a lease renews it while its load runs.
	 * @return a positive duration
	 */
	public Duration loadLeaseLimit() {
		return this.values.loadLeaseLimit;
	}

	/**
	 * Return settings with another limit to the renewal of leases.
	 * @param limit the maximum time for which a lease is renewed
	 * @return the changed copy
	 * @throws IllegalArgumentException if it is not positive
	 */
	public CacheSettings withLoadLeaseLimit(Duration limit) {
		return with((values) -> values.loadLeaseLimit = SettingValues.duration("load-lease-limit", limit, false));
	}

	/**
	 * Return who shares one load of a key.
	 * @return who waits for whose load
	 */
	public Coalesce coalesce() {
		return this.values.coalesce;
	}

	/**
	 * Return settings with another rule for who shares one load of a key.
	 * @param coalesce who waits for whose load
	 * @return the changed copy
	 */
	public CacheSettings withCoalesce(Coalesce coalesce) {
		return with((values) -> values.coalesce = coalesce);
	}

	/**
	 * Return how long a load may take before a stale entry is served instead.
	 * @return a duration, zero for no limit
	 */
	public Duration loadTimeout() {
		return this.values.loadTimeout;
	}

	/**
	 * Return settings with another time after which a stale entry is served although its
	 * load is still running. The load continues on a thread of the cache, and its value
	 * is stored. Without a stale entry, which {@code stale-if-error} keeps, callers wait
	 * for the load.
	 * @param timeout the maximum time that a caller waits if there is a stale entry, zero
	 * for as long as the load takes
	 * @return the changed copy
	 * @throws IllegalArgumentException if it is negative, or positive and below one
	 * millisecond
	 */
	public CacheSettings withLoadTimeout(Duration timeout) {
		return with((values) -> values.loadTimeout = SettingValues.duration("load-timeout", timeout, true));
	}

	/**
	 * Return how long past its time to live an entry may be served if its load fails or
	 * is slow.
	 * @return a duration, zero for not at all
	 */
	public Duration staleIfError() {
		return this.values.staleIfError;
	}

	/**
	 * Return settings with another time for which entries may be served after their time
	 * to live. Redis keeps them for that much longer.
	 * @param time how long past its time to live an entry may be served, zero for not at
	 * all
	 * @return the changed copy
	 * @throws IllegalArgumentException if it is negative, or positive and below one
	 * millisecond
	 */
	public CacheSettings withStaleIfError(Duration time) {
		return with((values) -> values.staleIfError = SettingValues.duration("stale-if-error", time, true));
	}

	/**
	 * Return how long after a failed load no other load is tried, while there is an entry
	 * to serve.
	 * @return a positive duration
	 */
	public Duration staleRetry() {
		return this.values.staleRetry;
	}

	/**
	 * Return settings with another pause between a failed load and the next attempt. It
	 * holds for all instances, and only while there is an entry to serve.
	 * @param pause the pause
	 * @return the changed copy
	 * @throws IllegalArgumentException if it is below one millisecond
	 */
	public CacheSettings withStaleRetry(Duration pause) {
		return with((values) -> values.staleRetry = SettingValues.duration("stale-retry", pause, false));
	}

	/**
	 * Return how long before the end of its time to live a read of an entry refreshes it
	 * in the background.
	 * @return a duration, zero for never
	 */
	public Duration refreshAhead() {
		return this.values.refreshAhead;
	}

	/**
	 * Return settings with another time before the end of an entry in which a read
	 * refreshes it in the background. It is at most the last half of the entry's life. No
	 * effect with {@link #withRefreshAheadAuto}.
	 * @param time how long before the end, zero for never
	 * @return the changed copy
	 * @throws IllegalArgumentException if it is negative, or positive and below one
	 * millisecond
	 */
	public CacheSettings withRefreshAhead(Duration time) {
		return with((values) -> values.refreshAhead = SettingValues.duration("refresh-ahead", time, true));
	}

	/**
	 * Return whether the cache itself finds out how long before its end an entry is
	 * refreshed.
	 * @return whether {@link #refreshAhead()} does not count
	 */
	public boolean refreshAheadAuto() {
		return this.values.refreshAheadAuto;
	}

	/**
	 * Return settings that leave it to the cache how long before its end a read of an
	 * entry refreshes it in the background: the longer loads take, the sooner, at random,
	 * and in the last sixth of the entry's life at most. Who reads it twenty times in its
	 * life waits for no load, unless loads take longer than a tenth of it.
	 * @param auto whether {@link #refreshAhead()} does not count
	 * @return the changed copy
	 */
	public CacheSettings withRefreshAheadAuto(boolean auto) {
		return with((values) -> values.refreshAheadAuto = auto);
	}

	/**
	 * Return the size from which on a payload is compressed.
	 * @return a size, zero for never
	 */
	public DataSize compressAbove() {
		return this.values.compressAbove;
	}

	/**
	 * Return settings with another threshold of compression.
	 * @param size the size from which on a payload is compressed, zero for never
	 * @return the changed copy
	 * @throws IllegalArgumentException if it is negative
	 */
	public CacheSettings withCompressAbove(DataSize size) {
		SettingValues.check(!size.isNegative(), "compress-above", size.toString(),
				"a size such as 100KB, or 0 for never");
		return with((values) -> values.compressAbove = size);
	}

	/**
	 * Return the largest entry that is cached, as stored.
	 * @return a positive size
	 */
	public DataSize maxValueSize() {
		return this.values.maxValueSize;
	}

	/**
	 * Return settings with another limit to the size of an entry.
	 * @param size the largest entry, as stored: after compression
	 * @return the changed copy
	 * @throws IllegalArgumentException if it is not from 1 byte to 512 MB, which is
	 * Redis' own limit
	 */
	public CacheSettings withMaxValueSize(DataSize size) {
		SettingValues.check(size.toBytes() > 0 && size.compareTo(DataSize.ofMegabytes(512)) <= 0, "max-value-size",
				size.toString(), "a size from 1B to 512MB, such as 1MB");
		return with((values) -> values.maxValueSize = size);
	}

	/**
	 * Return what each instance keeps of this cache in its own memory.
	 * @return the settings of the near cache
	 */
	public NearSettings near() {
		return this.values.near;
	}

	/**
	 * Return settings with another near cache.
	 * @param near what each instance keeps in its own memory
	 * @return the changed copy
	 */
	public CacheSettings withNear(NearSettings near) {
		return with((values) -> values.near = near);
	}

	/**
	 * Return the share of hits that are compared with a fresh load in the background.
	 * @return a share from 0 to 1, 0 for none
	 */
	public double verify() {
		return this.values.verify;
	}

	/**
	 * Return settings that compare another share of hits with a fresh load in the
	 * background. The caller gets its hit as always. The loaded value is stored, as one
	 * that {@code refresh-ahead} has loaded.
	 * @param share the share of hits, such as 0.001; 0 for none
	 * @return the changed copy
	 * @throws IllegalArgumentException if it is not in [0, 1]
	 */
	public CacheSettings withVerify(double share) {
		SettingValues.check(share >= 0 && share <= 1, "verify", String.valueOf(share),
				"a share of the hits from 0 to 1, such as 0.001");
		return with((values) -> values.verify = share);
	}

	/**
	 * Return the stated type of the cache's values.
	 * @return the type, or {@code null} if it is inferred from the methods that use the
	 * cache
	 */
	public @Nullable Type type() {
		return this.values.type;
	}

	/**
	 * Return settings with a stated type.
	 * @param type the type of the cache's values, {@code null} to infer it
	 * @return the changed copy
	 */
	public CacheSettings withType(@Nullable Type type) {
		return with((values) -> values.type = type);
	}

	/**
	 * Return the serializer that the application set for the values of this cache.
	 * @return the serializer, or {@code null} if values are typed JSON
	 */
	public @Nullable SerializationPair<?> valueSerializer() {
		return this.values.valueSerializer;
	}

	/**
	 * Return settings with a serializer of the application's own instead of typed JSON.
	 * @param serializer the serializer, {@code null} for typed JSON
	 * @return the changed copy
	 */
	public CacheSettings withValueSerializer(@Nullable SerializationPair<?> serializer) {
		return with((values) -> values.valueSerializer = serializer);
	}

	@Override
	public String toString() {
		return "ttl=" + SettingValues.text(this.values.ttl) + ", ttl-jitter=" + this.values.ttlJitter + ", null-ttl="
				+ SettingValues.text(nullTtl());
	}

	private CacheSettings with(java.util.function.Consumer<Values> change) {
		Values copy = new Values(this.values);
		change.accept(copy);
		return new CacheSettings(copy);
	}

	/**
	 * Who shares one load of a key.
	 */
	public enum Coalesce {

		/** Nobody: each caller that misses loads, and the first of them stores. */
		NONE,

		/**
		 * The callers of one instance: each instance may load, and one of them stores.
		 */
		LOCAL,

		/**
		 * All callers: one caller in all instances loads, and the others get its value.
		 */
		CLUSTER

	}

	private static final class Values {

		private Duration ttl = TtlPreset.STANDARD.ttl();

		private @Nullable TtlPolicy ttlPolicy;

		private double ttlJitter = 0.1;

		private @Nullable Duration nullTtl;

		private Duration loadWait = Duration.ofSeconds(5);

		private Duration lease = Duration.ofSeconds(2);

		private Duration loadLeaseLimit = Duration.ofMinutes(1);

		private Coalesce coalesce = Coalesce.CLUSTER;

		private Duration loadTimeout = Duration.ZERO;

		private Duration staleIfError = Duration.ZERO;

		private Duration staleRetry = Duration.ofSeconds(1);

		private Duration refreshAhead = Duration.ZERO;

		private boolean refreshAheadAuto;

		private DataSize compressAbove = DataSize.ofKilobytes(100);

		private DataSize maxValueSize = DataSize.ofMegabytes(1);

		private NearSettings near = NearSettings.defaults();

		private double verify;

		private @Nullable Type type;

		private @Nullable SerializationPair<?> valueSerializer;

		Values() {
		}

		Values(Values source) {
			this.ttl = source.ttl;
			this.ttlPolicy = source.ttlPolicy;
			this.ttlJitter = source.ttlJitter;
			this.nullTtl = source.nullTtl;
			this.loadWait = source.loadWait;
			this.lease = source.lease;
			this.loadLeaseLimit = source.loadLeaseLimit;
			this.coalesce = source.coalesce;
			this.loadTimeout = source.loadTimeout;
			this.staleIfError = source.staleIfError;
			this.staleRetry = source.staleRetry;
			this.refreshAhead = source.refreshAhead;
			this.refreshAheadAuto = source.refreshAheadAuto;
			this.compressAbove = source.compressAbove;
			this.maxValueSize = source.maxValueSize;
			this.near = source.near;
			this.verify = source.verify;
			this.type = source.type;
			this.valueSerializer = source.valueSerializer;
		}

	}

}
