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

package dev.cachestarter.diagnosis;

import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import org.springframework.beans.factory.DisposableBean;
import org.springframework.beans.factory.SmartInitializingSingleton;

import dev.cachestarter.cache.ResilientRedisCacheManager;
import dev.cachestarter.engine.connection.DaemonThreads;
import dev.cachestarter.engine.redis.LinkCondition;
import dev.cachestarter.engine.redis.RedisLink;

/**
 * Looks after the cache on a thread of its own: has the {@link Doctor} look when the link
 * is up again, when Redis begins or ceases to refuse something, and every ten minutes,
 * and the {@link Reminder} while the cache is degraded. Nothing waits for it.
 */
public final class CacheWatch implements SmartInitializingSingleton, DisposableBean {

	private static final Log logger = LogFactory.getLog("dev.cachestarter");

	private static final Duration LOOK = Duration.ofSeconds(2);

	private static final long EXAMINE = Duration.ofMinutes(10).toNanos();

	/** What Redis refuses, and does not, may change with every command. */
	private static final long SETTLE = Duration.ofMinutes(1).toNanos();

	private final ResilientRedisCacheManager manager;

	private final Doctor doctor;

	private final LongSupplier clock;

	private final Reminder reminder = new Reminder();

	private @Nullable ScheduledExecutorService worker;

	private @Nullable Long examinedAt;

	private long examinedSession;

	private LinkCondition.@Nullable Kind examinedKind;

	/**
	 * Create a watch, which begins when all beans are there.
	 * @param manager the manager of the cache
	 * @param doctor looks at it
	 */
	public CacheWatch(ResilientRedisCacheManager manager, Doctor doctor) {
		this(manager, doctor, System::nanoTime);
	}

	CacheWatch(ResilientRedisCacheManager manager, Doctor doctor, LongSupplier clock) {
		this.manager = manager;
		this.doctor = doctor;
		this.clock = clock;
	}

	@Override
	public void afterSingletonsInstantiated() {
		if (!this.manager.isSwitchedOff()) {
			ScheduledExecutorService worker = Executors
				.newSingleThreadScheduledExecutor((task) -> DaemonThreads.daemon(task, "cache-starter-doctor"));
			this.worker = worker;
			worker.scheduleWithFixedDelay(this::look, 0, LOOK.toMillis(), TimeUnit.MILLISECONDS);
		}
	}

	void look() {
		try {
			long now = this.clock.getAsLong();
			String reminder = this.reminder.look(CacheCondition.of(this.manager), now);
			if (reminder != null) {
				logger.warn(reminder);
			}
			RedisLink link = this.manager.engine().link();
			Long examined = this.examinedAt;
			long session = link.session();
			LinkCondition.Kind kind = link.condition().kind();
			boolean due = examined == null || session != this.examinedSession || now - examined >= EXAMINE
					|| (kind != this.examinedKind && now - examined >= SETTLE);
			if (due && link.isUp() && this.doctor.examine()) {
				this.examinedAt = now;
				this.examinedSession = session;
				this.examinedKind = kind;
			}
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
		catch (Throwable ex) {
			// Errors included: else it would never look again.
			logger.debug("Could not look after the cache", ex);
		}
	}

	@Override
	public void destroy() {
		ScheduledExecutorService worker = this.worker;
		if (worker != null) {
			worker.shutdownNow();
		}
	}

}
