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

import javax.sql.DataSource;

import org.springframework.boot.autoconfigure.condition.ConditionMessage;
import org.springframework.boot.autoconfigure.condition.ConditionOutcome;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.SpringBootCondition;
import org.springframework.boot.flyway.autoconfigure.FlywayMigrationStrategy;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.ConditionContext;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Profile;
import org.springframework.core.io.ClassPathResource;
import org.springframework.core.type.AnnotatedTypeMetadata;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.init.ResourceDatabasePopulator;
import org.springframework.util.StringUtils;

/**
 * The profile {@code postgres} where nothing says where PostgreSQL is: the sample brings
 * one, and fills it until its queries cost what such queries cost in life.
 */
@Configuration(proxyBeanMethods = false)
@Profile("postgres")
@Conditional(PostgresConfiguration.OnNoAddress.class)
class PostgresConfiguration {

	@Bean
	EmbeddedPostgres embeddedPostgres() {
		return EmbeddedPostgres.start();
	}

	/**
	 * Nobody's database is filled unasked, so this is for the sample's own.
	 * @param dataSource the database
	 * @return what fills it after it was migrated
	 */
	@Bean
	@ConditionalOnBooleanProperty(name = "sample.fill", matchIfMissing = true)
	FlywayMigrationStrategy fillAfterMigration(DataSource dataSource) {
		return (flyway) -> {
			flyway.migrate();
			new ResourceDatabasePopulator(new ClassPathResource("db/postgres-fill.sql")).execute(dataSource);
			// Not within a transaction, as a script may be.
			new JdbcTemplate(dataSource).execute("vacuum analyze");
		};
	}

	/**
	 * Matches where no property says where the database is.
	 */
	static final class OnNoAddress extends SpringBootCondition {

		@Override
		public ConditionOutcome getMatchOutcome(ConditionContext context, AnnotatedTypeMetadata metadata) {
			boolean known = StringUtils.hasText(context.getEnvironment().getProperty("spring.datasource.url"));
			return new ConditionOutcome(!known, ConditionMessage.forCondition("No address of PostgreSQL")
				.because(known ? "spring.datasource.url says where it is" : "nothing says where it is"));
		}

	}

}
