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

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * What is said of the link in the log: a change of its state, once.
 */
final class LinkReport {

	private static final Log logger = LogFactory.getLog("dev.cachestarter");

	private final String display;

	private final LongSupplier clock;

	/** What was last said to be wrong, {@code null} while there is nothing to say. */
	private volatile @Nullable String reported;

	/** Whether it was said already that the login, or a command, is not permitted. */
	private final AtomicBoolean refusalReported = new AtomicBoolean();

	/** What Redis last refused, {@code null} if nothing since the link is up. */
	private volatile @Nullable Refusal refusal;

	/**
	 * Create a report.
	 * @param display where Redis is, in words
	 * @param clock the time in nanoseconds
	 */
	LinkReport(String display, LongSupplier clock) {
		this.display = display;
		this.clock = clock;
	}

	/**
	 * Return what was last said to be wrong.
	 * @return {@code null} while nothing is, and before the first attempt to connect
	 */
	@Nullable String problem() {
		return this.reported;
	}

	/**
	 * Return what Redis last refused although the link is up, or to let us log in.
	 */
	@Nullable Refusal refusal() {
		return this.refusal;
	}

	/**
	 * Say that Redis cannot be used, once until it can.
	 */
	void failed(String error) {
		boolean news = this.reported == null;
		this.reported = error;
		if (news) {
			logger.warn("Cache service Redis error: " + error + " [" + this.display
					+ "]; the application goes on without its cache");
		}
	}

	/**
	 * Say, once until the link is back, what only a human can put right.
	 */
	void refused(String error) {
		this.refusal = new Refusal(error, this.clock.getAsLong());
		if (this.refusalReported.compareAndSet(false, true)) {
			logger.error("Cache service Redis error: " + error + " [" + this.display
					+ "]; check spring.data.redis.username and password (or REDIS_PASSWORD and REDIS_URL, if they say it), "
					+ "and the rights of that user");
		}
	}

	/**
	 * Forget what was said: it is over.
	 */
	void recovered() {
		this.reported = null;
		this.refusal = null;
		this.refusalReported.set(false);
	}

	/**
	 * Say that Redis can be used for the first time.
	 */
	void connected() {
		logger.info("Cache service connected to Redis [" + this.display + "]");
	}

	/**
	 * What Redis refused.
	 *
	 * @param error in its words
	 * @param at when, in nanoseconds
	 */
	record Refusal(String error, long at) {

	}

}
