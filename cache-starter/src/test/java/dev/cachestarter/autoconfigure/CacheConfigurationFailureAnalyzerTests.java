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

package dev.cachestarter.autoconfigure;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.beans.factory.BeanCreationException;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.SpringBootVersion;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.cache.autoconfigure.CacheAutoConfiguration;
import org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.env.PropertiesPropertySourceLoader;
import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.PropertySource;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.env.SystemEnvironmentPropertySource;
import org.springframework.core.io.ByteArrayResource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.assertj.core.api.Assertions.assertThatException;

@ExtendWith(OutputCaptureExtension.class)
class CacheConfigurationFailureAnalyzerTests {

	private final ApplicationContextRunner contextRunner = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(CacheAutoConfiguration.class, CacheStarterAutoConfiguration.class,
				DataRedisAutoConfiguration.class));

	@ParameterizedTest
	@CsvSource(delimiter = '|', quoteCharacter = '"',
			textBlock = """
					cache-starter: { enable: true }                           | cache-starter.enable                      | enabled
					cache-starter: { key-prefx: a }                           | cache-starter.key-prefx                   | key-prefix
					cache-starter: { defualts: { ttl: 5m } }                  | cache-starter.defualts.ttl                | defaults.ttl
					cache-starter: { defaults: { ttl-jiter: 0 } }             | cache-starter.defaults.ttl-jiter          | defaults.ttl-jitter
					cache-starter: { defaults: { max-size: 1MB } }            | cache-starter.defaults.max-size           | ""
					cache-starter: { ttl: 5m }                                | cache-starter.ttl                         | defaults.ttl
					cache-starter: { command-timeout: 1s }                    | cache-starter.command-timeout             | connection.command-timeout
					cache-starter: { conection: { factory: a } }              | cache-starter.conection.factory           | connection.factory
					cache-starter: { cache: { agents: { ttl: 5m } } }         | cache-starter.cache.agents.ttl            | caches.agents.ttl
					cache-starter: { caches: { agents: { tll: 5m } } }        | cache-starter.caches.agents.tll           | caches.agents.ttl
					cache-starter: { caches: { "[a:b]": { time-to-live: 5 } } } | cache-starter.caches[a:b].time-to-live  | ""
					cache-starter: { caches: { users.by-id: { ttl: 5m } } }   | cache-starter.caches.users.by-id.ttl      | caches.[users.by-id].ttl
					cache-starter: { defaults: { type: java.lang.String } }   | cache-starter.defaults.type               | ""
					cache-starter: { circuit-breaker: { enabled: true } }     | cache-starter.circuit-breaker.enabled     | ""
					cache-starter: { connection: { timeout: 1s } }            | cache-starter.connection.timeout          | ""
					cache-starter: { connection: { facotry: a } }             | cache-starter.connection.facotry          | connection.factory
					""")
	void anUnknownSettingOfAFileStopsTheStart(String yaml, String unknown, String meant) {
		FailureAnalysis analysis = analyze(yaml);

		assertThat(analysis.getDescription()).startsWith("There is no such setting of cache-starter:")
			.contains("    " + unknown + " (")
			.contains("application.yml] - 1:");
		assertThat(analysis.getAction()).contains(meant.isEmpty() ? "Remove 'cache-starter." : "Did you mean");
		if (!meant.isEmpty()) {
			assertThat(analysis.getAction()).isEqualTo("Did you mean 'cache-starter." + meant + "'?");
		}
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', quoteCharacter = '"', textBlock = """
			cache-starter: { connection: { timeout: 1s } }                 | "there are connection.factory, "
			cache-starter: { caches: { "[a:b]": { near: { enabled: 1 } } } } | "there are caches.[a:b].ttl, "
			""")
	void whereNothingIsMeantOnlyWhatBelongsThereIsTold(String yaml, String told) {
		assertThat(analyze(yaml).getAction()).contains(told).doesNotContain("warm-up");
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', textBlock = """
			cache-starter.caches.[agents:list].ttl=5m   | cache-starter.caches.[agents\\:list].ttl=5m
			cache-starter.caches[agents:list].ttl = 5m  | cache-starter.caches.[agents\\:list].ttl=5m
			cache-starter.caches.agents:list.null-ttl=0 | cache-starter.caches.[agents\\:list].null-ttl=0
			cache-starter.caches.[a:b:c].ttl: 5m        | cache-starter.caches.[a\\:b\\:c].ttl=5m
			""")
	void aNameThatIsCutAtItsColonIsTold(String line, String meant) throws IOException {
		PropertySource<?> file = new PropertiesPropertySourceLoader()
			.load("application.properties", new ByteArrayResource(line.getBytes(StandardCharsets.UTF_8)))
			.get(0);

		FailureAnalysis analysis = analyze((environment) -> environment.getPropertySources().addLast(file));

		assertThat(analysis.getDescription()).contains("a colon ends a name in .properties", "1:");
		assertThat(analysis.getAction()).endsWith("'" + meant + "'.");
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', quoteCharacter = '"', textBlock = """
			cache-starter: { defaults: { ttl: } }             | cache-starter.defaults.ttl
			cache-starter: { caches: { "[a:b]": { ttl: } } }  | cache-starter.caches[a:b].ttl
			""")
	void aSettingWithoutAValueIsNotCalledUnknown(String yaml, String property) {
		FailureAnalysis analysis = analyze(yaml);

		assertThat(analysis.getDescription()).startsWith("These settings of cache-starter have no value:")
			.contains("    " + property + " (");
		assertThat(analysis.getAction()).isEqualTo("Give '" + property + "' a value, or remove it.");
	}

	@Test
	void severalUnknownSettingsAreAllTold() {
		FailureAnalysis analysis = analyze("cache-starter: { enable: true, key-prefx: a }");

		assertThat(analysis.getAction()).hasLineCount(2)
			.contains("Did you mean 'cache-starter.enabled'?", "Did you mean 'cache-starter.key-prefix'?");
	}

	@ParameterizedTest
	@ValueSource(strings = { StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME,
			StandardEnvironment.SYSTEM_PROPERTIES_PROPERTY_SOURCE_NAME })
	void anUnknownSettingOfTheEnvironmentOrTheSystemPropertiesMayBeAStrangers(String source) {
		Map<String, Object> properties = source.equals(StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME)
				? Map.of("CACHE_STARTER_SERVICE_PORT", "1") : Map.of("cache-starter.service-port", "1");

		this.contextRunner.withPropertyValues("spring.cache.type=none").withInitializer((context) -> {
			PropertySource<?> replacement = source.equals(StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME)
					? new SystemEnvironmentPropertySource(source, properties)
					: new MapPropertySource(source, properties);
			context.getEnvironment().getPropertySources().replace(source, replacement);
		}).run((context) -> assertThat(context).hasNotFailed());
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', quoteCharacter = '"',
			textBlock = """
					cache-starter: { enabled: flase }                       | cache-starter.enabled              | flase  | true or false
					cache-starter: { defaults: { ttl: soon } }              | cache-starter.defaults.ttl         | soon   | a duration such as 250ms, 30s, 5m or 1h
					cache-starter: { defaults: { ttl-jitter: 10% } }        | cache-starter.defaults.ttl-jitter  | 10%    | a number
					cache-starter: { warm-up: { concurrency: a } }          | cache-starter.warm-up.concurrency  | a      | a whole number
					cache-starter: { defaults: { ttl-preset: often } }      | cache-starter.defaults.ttl-preset  | often  | one of static, frequent, realtime, standard
					cache-starter: { caches: { "[a:b]": { max-value-size: big } } } | cache-starter.caches[a:b].max-value-size | big | a size such as 100KB or 1MB
					""")
	void aValueOfAnotherTypeStopsTheStart(String yaml, String property, String value, String expected) {
		FailureAnalysis analysis = analyze(yaml);

		assertThat(analysis.getDescription()).startsWith("'" + property + "' cannot be '" + value + "' (")
			.contains("application.yml] - 1:");
		assertThat(analysis.getAction()).isEqualTo("Set it to " + expected + ".");
	}

	@Test
	void aValueWhereSettingsShouldStandStopsTheStart() {
		FailureAnalysis analysis = analyze("cache-starter: { caches: { agents: 5m } }");

		assertThat(analysis.getDescription()).startsWith("'cache-starter.caches.agents' cannot be '5m' (");
		assertThat(analysis.getAction()).isEqualTo("Set what is below it, such as 'cache-starter.caches.agents.ttl'.");
		assertThat(analyze("cache-starter: { caches: agents }").getAction())
			.isEqualTo("Set what is below it, such as 'cache-starter.caches.[agents:list].ttl'.");
	}

	@ParameterizedTest
	@ValueSource(strings = { "cache-starter: { caches: { \"[a:b]\": { ttl-jitter: 2 } } }",
			"cache-starter: { caches: { \"[a:b]\": { ttlJitter: 2 } } }" })
	void aValueOutOfRangeStopsTheStart(String yaml) {
		FailureAnalysis analysis = analyze(yaml);

		assertThat(analysis.getDescription()).startsWith("'cache-starter.caches.[a:b].ttl-jitter' cannot be 2.0 (")
			.endsWith("application.yml] - 1:52).".replace("52", "" + (yaml.indexOf(": 2") + 3)));
		assertThat(analysis.getAction()).startsWith("Set it to a share from 0 ");
	}

	@Test
	void aTtlTogetherWithAPresetStopsTheStart() {
		FailureAnalysis analysis = analyze("cache-starter: { caches: { agents: { ttl: 5m, ttl-preset: static } } }");

		assertThat(analysis.getDescription()).contains("'cache-starter.caches.agents.ttl'",
				"'cache-starter.caches.agents.ttl-preset'", "application.yml] - 1:");
		assertThat(analysis.getAction()).isEqualTo("Remove one of them.");
	}

	@ParameterizedTest
	@ValueSource(strings = { "cache-starter:", "cache-starter: { key-prefix: , defaults: , caches: , connection: }",
			"cache-starter: { caches: { agents: , \"[a:b]\": { } }, connection: { factory: , command-timeout: 1s } }" })
	void whatIsLeftEmptyIsNotSet(String yaml) {
		// Before, Boot takes an empty section for a text that it cannot convert.
		assumeFalse(yaml.contains("{") && String.valueOf(SpringBootVersion.getVersion()).startsWith("4.0."));
		this.contextRunner.withPropertyValues("spring.cache.type=none")
			.withInitializer((context) -> addFile(context.getEnvironment(), yaml))
			.run((context) -> assertThat(context).hasNotFailed());
	}

	@Test
	void failuresOfOthersAreLeftToOthers() {
		CacheConfigurationFailureAnalyzer analyzer = new CacheConfigurationFailureAnalyzer(new StandardEnvironment());

		this.contextRunner.withPropertyValues("spring.data.redis.port=a")
			.run((context) -> assertThat(analyzer.analyze(Objects.requireNonNull(context.getStartupFailure())))
				.isNull());
		assertThat(analyzer.analyze(new BeanCreationException("other"))).isNull();
	}

	@Test
	void theAnalysisIsPrinted(CapturedOutput output) {
		SpringApplication application = new SpringApplication(Application.class);
		application.setWebApplicationType(WebApplicationType.NONE);
		application
			.addInitializers((context) -> addFile(context.getEnvironment(), "cache-starter: { defualts: { ttl: 1 } }"));

		assertThatException().isThrownBy(application::run);

		assertThat(output).contains("APPLICATION FAILED TO START", "There is no such setting of cache-starter",
				"Did you mean 'cache-starter.defaults.ttl'?");
	}

	private FailureAnalysis analyze(String yaml) {
		return analyze((environment) -> addFile(environment, yaml));
	}

	private FailureAnalysis analyze(Consumer<ConfigurableEnvironment> settings) {
		AtomicReference<@Nullable FailureAnalysis> analysis = new AtomicReference<>();
		AtomicReference<@Nullable ConfigurableEnvironment> environment = new AtomicReference<>();
		this.contextRunner.withInitializer((context) -> {
			settings.accept(context.getEnvironment());
			environment.set(context.getEnvironment());
		}).run((context) -> {
			Throwable failure = Objects.requireNonNull(context.getStartupFailure());
			analysis.set(new CacheConfigurationFailureAnalyzer(environment.get()).analyze(failure));
		});
		return Objects.requireNonNull(analysis.get());
	}

	private static void addFile(ConfigurableEnvironment environment, String yaml) {
		try {
			new YamlPropertySourceLoader()
				.load("application.yml",
						new ByteArrayResource(yaml.getBytes(StandardCharsets.UTF_8), "application.yml"))
				.forEach(environment.getPropertySources()::addLast);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	@Configuration(proxyBeanMethods = false)
	@ImportAutoConfiguration({ CacheStarterAutoConfiguration.class, DataRedisAutoConfiguration.class })
	static class Application {

	}

}
