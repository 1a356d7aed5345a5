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

package dev.cachestarter.autoconfigure.warmup;

import java.time.Duration;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import dev.cachestarter.CacheWarmer;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.boot.ApplicationArguments;
import org.springframework.boot.ApplicationRunner;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.context.ApplicationListener;
import org.springframework.context.SmartLifecycle;

/**
 * Ties a {@link CacheWarmUp} to the life of the application: it starts when the
 * application is ready or, if readiness is to wait for it, as the last of the runners,
 * which Spring Boot calls before; and it ends when the context begins to close.
 */
public final class CacheWarmUpLifecycle
		implements ApplicationRunner, ApplicationListener<ApplicationReadyEvent>, SmartLifecycle {

	private static final Log logger = LogFactory.getLog("dev.cachestarter");

	/** How long steps under way may hold up the end. */
	private static final Duration GRACE = Duration.ofSeconds(1);

	private final CacheWarmUp warmUp;

	private final boolean beforeReady;

	private final Duration timeout;

	public CacheWarmUpLifecycle(CacheWarmUp warmUp, boolean beforeReady, Duration timeout) {
		this.warmUp = warmUp;
		this.beforeReady = beforeReady;
		this.timeout = timeout;
	}

	/**
	 * Return the warmers of an application by name, in their order.
	 * @param beanFactory where they are
	 */
	public static Map<String, CacheWarmer> warmers(ListableBeanFactory beanFactory) {
		Map<String, CacheWarmer> named = beanFactory.getBeansOfType(CacheWarmer.class);
		List<CacheWarmer> order = beanFactory.getBeanProvider(CacheWarmer.class).orderedStream().toList();
		Map<String, CacheWarmer> ordered = new LinkedHashMap<>();
		named.entrySet()
			.stream()
			.sorted(Comparator.comparingInt((warmer) -> order.indexOf(warmer.getValue())))
			.forEach((warmer) -> ordered.put(warmer.getKey(), warmer.getValue()));
		return ordered;
	}

	@Override
	public void run(ApplicationArguments arguments) throws InterruptedException {
		if (!this.beforeReady) {
			return;
		}
		this.warmUp.start();
		if (!this.warmUp.await(this.timeout)) {
			logger.warn("The application does not wait any longer for its cache warm-up, which goes on: it took more"
					+ " than 'cache-starter.warm-up.timeout', " + this.timeout.toMillis() + " ms");
		}
	}

	@Override
	public void onApplicationEvent(ApplicationReadyEvent event) {
		this.warmUp.start();
	}

	@Override
	public boolean isAutoStartup() {
		return false;
	}

	@Override
	public void start() {
		// Not before the application is ready.
	}

	@Override
	public boolean isRunning() {
		return this.warmUp.isRunning();
	}

	@Override
	public void stop() {
		this.warmUp.stop(GRACE);
	}

	@Override
	public boolean isPauseable() {
		// Nothing would start it again.
		return false;
	}

}
