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

package dev.cachestarter.engine.redis;

import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import dev.cachestarter.engine.connection.RedisErrors;
import dev.cachestarter.engine.connection.TrackedConnection;

/**
 * What is said in the log of the link on which Redis tells what changes, and which
 * servers can do so.
 */
final class TrackingReport {

	static final String PROXIED = "Redis does not tell of changes although it says that it does. There may be a proxy in between: connect to Redis itself";

	static final String NOT_ON = "Redis does not say that tracking is on. There may be a proxy in between: connect to Redis itself";

	private static final Log logger = LogFactory.getLog("dev.cachestarter");

	private static final long PAUSE = TimeUnit.MINUTES.toNanos(1);

	private static final String MEANWHILE = "near caches in mode 'track' ask Redis at each hit until it does, as in mode 'validate'";

	private static final Pattern VERSION = Pattern.compile("(\\d+)\\.(\\d+)\\.(\\d+).*");

	private final String display;

	private final LongSupplier clock;

	private final AtomicBoolean versionReported = new AtomicBoolean();

	/** What was last said to be wrong, {@code null} while there is nothing to say. */
	private volatile @Nullable String reported;

	private volatile @Nullable Long lostAt;

	/** Whether the log has it. */
	private volatile boolean logged;

	TrackingReport(String display, LongSupplier clock) {
		this.display = display;
		this.clock = clock;
	}

	@Nullable String problem() {
		return this.reported;
	}

	/**
	 * Return why a server cannot tell what changes.
	 * @return the reason and the cure, {@code null} if it can
	 */
	private static @Nullable String unfit(TrackedConnection.Hello hello) {
		if (hello.protocol() != 3) {
			return "the connection speaks RESP2. Do not set another protocol version than RESP3 in the driver's client options, and use no proxy that does not speak it";
		}
		return isBetween(hello.version(), "0.0.0", "6.2.5")
				? "Redis " + hello.version() + " is too old for it. Use Redis 6.2.11, 7.0.9 or newer" : null;
	}

	/**
	 * Refuse a server that cannot tell what changes, and say once of one that tracking
	 * may make it crash.
	 */
	void met(TrackedConnection.Hello hello) {
		String unfit = unfit(hello);
		if (unfit != null) {
			throw new Refusal(unfit);
		}
		if ((isBetween(hello.version(), "6.2.7", "6.2.10") || isBetween(hello.version(), "7.0.0", "7.0.8"))
				&& this.versionReported.compareAndSet(false, true)) {
			logger.warn("Cache service: near caches in mode 'track' can make Redis " + hello.version() + " crash ["
					+ this.display + "]. Use Redis 6.2.11, 7.0.9 or newer, or mode 'validate'");
		}
	}

	/** A version that is none is of a server that is not known, and newer. */
	private static boolean isBetween(String version, String first, String last) {
		Matcher numbers = VERSION.matcher(version);
		if (!numbers.matches()) {
			return false;
		}
		int[] parts = parts(numbers);
		return Arrays.compare(parts, parts(first)) >= 0 && Arrays.compare(parts, parts(last)) <= 0;
	}

	private static int[] parts(String version) {
		Matcher numbers = VERSION.matcher(version);
		return numbers.matches() ? parts(numbers) : new int[0];
	}

	private static int[] parts(Matcher numbers) {
		return new int[] { Integer.parseInt(numbers.group(1)), Integer.parseInt(numbers.group(2)),
				Integer.parseInt(numbers.group(3)) };
	}

	private static String lacking(Throwable ex) {
		String missing = RedisErrors.missingRight(ex, null);
		return (missing != null)
				? "the Redis user lacks the right '" + missing
						+ "'. Grant it with ACL SETUSER; docs/security.md lists what is needed"
				: RedisErrors.describe(ex) + ". Use Redis 6.2.11, 7.0.9 or newer, or mode 'validate'";
	}

	/**
	 * Say, once until it is good, that Redis will not tell what changes.
	 */
	void refused(Throwable ex) {
		String why = (ex instanceof Refusal refusal) ? refusal.why : lacking(ex);
		if (!why.equals(this.reported)) {
			this.reported = why;
			this.logged = true;
			logger.warn("Cache service: Redis does not tell what changes [" + this.display + "]; " + MEANWHILE + ". "
					+ Character.toUpperCase(why.charAt(0)) + why.substring(1));
		}
	}

	/**
	 * Say, once until it is good and once a minute at most, that it is not.
	 */
	void lost(Throwable ex) {
		lost(RedisErrors.describe(ex));
	}

	/**
	 * Say, once until it is good and once a minute at most, that it is not.
	 */
	void lost(String why) {
		boolean news = this.reported == null;
		long now = this.clock.getAsLong();
		Long before = this.lostAt;
		if (news) {
			this.reported = why;
		}
		if (news && (before == null || now - before >= PAUSE)) {
			this.lostAt = now;
			this.logged = true;
			logger.warn("Cache service: Redis does not tell what changes at the moment (" + why + ") [" + this.display
					+ "]; " + MEANWHILE);
		}
	}

	/**
	 * Say that it is good, if it was said that it is not.
	 */
	void good() {
		this.reported = null;
		if (this.logged) {
			this.logged = false;
			logger.info("Cache service: Redis tells what changes again [" + this.display + "]");
		}
	}

	/**
	 * Say that a listener failed when it was told that a session has ended.
	 */
	void failed(Throwable ex) {
		logger.warn("Cache service: a near cache failed when it was told that anything may have changed", ex);
	}

	/**
	 * Redis will not do it, however often it is asked.
	 */
	static final class Refusal extends RuntimeException {

		private final String why;

		Refusal(String why) {
			super(why, null, false, false);
			this.why = why;
		}

	}

}
