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

import java.util.List;
import java.util.concurrent.Executor;

import org.jspecify.annotations.Nullable;

import org.springframework.cache.annotation.Cacheable;
import org.springframework.context.annotation.Bean;
import org.springframework.core.task.TaskDecorator;
import org.springframework.scheduling.concurrent.ThreadPoolTaskExecutor;

/**
 * The examples of {@code docs/stale-and-refresh.md}.
 */
class StaleAndRefreshExample {

	private final Catalogue catalogue;

	StaleAndRefreshExample(Catalogue catalogue) {
		this.catalogue = catalogue;
	}

	@Cacheable("tools:definitions")
	public List<String> definitions(String filter) {
		return this.catalogue.query(filter);
	}

	@Bean
	TaskDecorator tenantDecorator() {
		return (load) -> {
			String tenant = Tenant.current(); // on the thread of the read
			return () -> Tenant.run(tenant, load); // in the background
		};
	}

	@Bean
	Executor cacheRefreshExecutor() {
		ThreadPoolTaskExecutor executor = new ThreadPoolTaskExecutor();
		executor.setMaxPoolSize(8);
		executor.setQueueCapacity(100);
		return executor;
	}

	interface Catalogue {

		List<String> query(String filter);

	}

	static final class Tenant {

		private static final ThreadLocal<@Nullable String> CURRENT = new ThreadLocal<>();

		private Tenant() {
		}

		static @Nullable String current() {
			return CURRENT.get();
		}

		static void run(@Nullable String tenant, Runnable task) {
			CURRENT.set(tenant);
			try {
				task.run();
			}
			finally {
				CURRENT.remove();
			}
		}

	}

}
