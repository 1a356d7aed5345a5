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

package dev.cachestarter.sample;

import java.net.URI;

import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.jdbc.autoconfigure.JdbcConnectionDetails;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Profile;

import dev.cachestarter.sample.measure.Twin;

/**
 * The sample once more, without a cache.
 *
 * @param context its context
 */
record UncachedTwin(ConfigurableApplicationContext context) implements Twin {

	private static UncachedTwin start(JdbcConnectionDetails database) {
		return new UncachedTwin(new SpringApplicationBuilder(SampleApplication.class).profiles("postgres")
			.run("--spring.cache.type=none", "--server.port=0", "--spring.flyway.enabled=false",
					"--spring.main.banner-mode=off", "--spring.datasource.url=" + database.getJdbcUrl(),
					"--spring.datasource.username=" + database.getUsername(),
					"--spring.datasource.password=" + database.getPassword()));
	}

	@Override
	public URI address() {
		return URI.create("http://127.0.0.1:"
				+ this.context.getEnvironment().getRequiredProperty("local.server.port", Integer.class));
	}

	@Override
	public void close() {
		this.context.close();
	}

	/**
	 * Starts it on the database of this one.
	 */
	@Configuration(proxyBeanMethods = false)
	@Profile("postgres")
	static class Starters {

		@Bean
		Twin.Starter uncachedTwin(JdbcConnectionDetails database) {
			return () -> UncachedTwin.start(database);
		}

	}

}
