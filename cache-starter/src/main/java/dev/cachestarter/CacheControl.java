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

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

import org.jspecify.annotations.Nullable;

/**
 * How one instance of an application uses a cache other than its settings say, until that
 * instance ends: not at all, not for a share of the calls, or with another time to live.
 * Immutable: each {@code with...} method returns a changed copy, and checks it.
 *
 * @since 0.1.0
 * @see CacheService#setControl(String, CacheControl)
 */
public final class CacheControl {

	private static final CacheControl AS_CONFIGURED = new CacheControl(true, 0, null);

	private final boolean enabled;

	private final double bypass;

	private final @Nullable Duration ttl;

	private CacheControl(boolean enabled, double bypass, @Nullable Duration ttl) {
		this.enabled = enabled;
		this.bypass = bypass;
		this.ttl = ttl;
	}

	/**
	 * Return what leaves everything to the settings of the cache.
	 * @return a control that changes nothing
	 */
	public static CacheControl asConfigured() {
		return AS_CONFIGURED;
	}

	/**
	 * Return whether the cache is used.
	 * @return {@code false} if it is switched off
	 */
	public boolean isEnabled() {
		return this.enabled;
	}

	/**
	 * Return a control that switches the cache on or off. While it is off, methods run as
	 * if it was not there: nothing is read from it, stored in it, or shared between
	 * callers. Evictions are made as ever, and a value that is put evicts the one before,
	 * so that nothing is out of date when the cache is switched on again.
	 * @param enabled whether the cache is used
	 * @return the changed copy
	 */
	public CacheControl withEnabled(boolean enabled) {
		return new CacheControl(enabled, this.bypass, this.ttl);
	}

	/**
	 * Return the share of calls that do not use the cache.
	 * @return a share from 0 to 1, 0 for none
	 */
	public double bypass() {
		return this.bypass;
	}

	/**
	 * Return a control that has a share of the calls, chosen at random, run their method
	 * as if there was no cache. They store nothing either, but for what a
	 * {@code @CachePut} puts.
	 * @param share the share of calls, such as 0.1; 0 for none
	 * @return the changed copy
	 * @throws IllegalArgumentException if it is not in [0, 1]
	 */
	public CacheControl withBypass(double share) {
		if (!(share >= 0 && share <= 1)) {
			throw new IllegalArgumentException(
					"'bypass' cannot be %s: set it to a share of the calls from 0 to 1, such as 0.1".formatted(share));
		}
		// No negative zero, which is another value to equals.
		return new CacheControl(this.enabled, share + 0.0, this.ttl);
	}

	/**
	 * Return the time to live that takes the place of the configured one.
	 * @return the time to live, zero for no expiry, {@code null} for the configured one
	 */
	public @Nullable Duration ttl() {
		return this.ttl;
	}

	/**
	 * Return a control with another time to live for what is stored from now on. It takes
	 * the place of the cache's {@code ttl}; values whose own time to live is longer
	 * ({@link CacheTtl}, {@link TtlPolicy}, a time passed to {@link CacheService}) get
	 * it, too, and shorter ones stay.
	 * @param ttl the time to live, zero for no expiry, {@code null} for the configured
	 * one
	 * @return the changed copy
	 * @throws IllegalArgumentException if it is negative, or positive and below one
	 * millisecond
	 */
	public CacheControl withTtl(@Nullable Duration ttl) {
		return new CacheControl(this.enabled, this.bypass,
				(ttl != null) ? CacheSettings.defaults().withTtl(ttl).ttl() : null);
	}

	/**
	 * Return the settings that are in force for a cache.
	 * @param configured the settings that are configured
	 * @return these, or a changed copy
	 */
	public CacheSettings applyTo(CacheSettings configured) {
		if (this.ttl == null) {
			return configured;
		}
		CacheSettings changed = configured.withTtl(this.ttl);
		boolean longer = !this.ttl.isZero() && changed.nullTtl().compareTo(this.ttl) > 0;
		return longer ? changed.withNullTtl(this.ttl) : changed;
	}

	@Override
	public boolean equals(@Nullable Object other) {
		return other instanceof CacheControl control && this.enabled == control.enabled && this.bypass == control.bypass
				&& Objects.equals(this.ttl, control.ttl);
	}

	@Override
	public int hashCode() {
		return Objects.hash(this.enabled, this.bypass, this.ttl);
	}

	/**
	 * Return what it changes, as the log says it.
	 */
	@Override
	public String toString() {
		List<String> changes = new ArrayList<>();
		if (!this.enabled) {
			changes.add("switched off");
		}
		if (this.ttl != null) {
			changes.add("ttl " + SettingValues.text(this.ttl));
		}
		if (this.bypass > 0) {
			changes.add("bypassed for " + this.bypass + " of the calls");
		}
		return changes.isEmpty() ? "as configured" : String.join(", ", changes);
	}

}
