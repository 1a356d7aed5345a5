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

package dev.cachestarter.actuate;

import java.time.Duration;

import org.springframework.boot.health.contributor.AbstractHealthIndicator;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;

import dev.cachestarter.cache.ResilientRedisCacheManager;
import dev.cachestarter.diagnosis.CacheCondition;

/**
 * {@link HealthIndicator} of the cache. Always {@code UP}: without Redis the application
 * works, and slower. The detail {@code degraded} says whether it has to, and
 * {@code reason} why.
 * <p>
 * Redis is not asked, so nothing waits.
 *
 * @since 0.1.0
 */
public final class CacheStarterHealthIndicator extends AbstractHealthIndicator {

	private final ResilientRedisCacheManager manager;

	/**
	 * Create an indicator.
	 * @param manager the manager of the cache
	 */
	public CacheStarterHealthIndicator(ResilientRedisCacheManager manager) {
		this.manager = manager;
	}

	@Override
	protected void doHealthCheck(Health.Builder builder) {
		builder.up();
		if (this.manager.isSwitchedOff()) {
			builder.withDetail("enabled", false);
			return;
		}
		CacheCondition condition = CacheCondition.of(this.manager);
		builder.withDetail("degraded", condition.isDegraded());
		if (condition.isDegraded()) {
			builder.withDetail("reason", String.join("; ", condition.reasons()));
		}
		builder.withDetail("redis", condition.redis());
		builder.withDetail("connected", condition.link().isUp());
		builder.withDetail("pendingEvictions", condition.pendingEvictions());
		Duration oldest = condition.oldestPending();
		if (oldest != null) {
			builder.withDetail("oldestPendingEviction", oldest.toString());
		}
	}

}
