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

import java.util.Map;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.core.env.MapPropertySource;
import org.springframework.mock.env.MockEnvironment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

class RedisVariablesTests {

	private final MockEnvironment environment = new MockEnvironment();

	@ParameterizedTest
	@CsvSource(nullValues = "-", textBlock = """
			redis://example.com,                       example.com, 6379, -,    -,      -, false
			redis://example.com:6380,                  example.com, 6380, -,    -,      -, false
			redis://example.com:6380/,                 example.com, 6380, -,    -,      -, false
			redis://example.com:6380/3?timeout=1s,     example.com, 6380, -,    -,      3, false
			rediss://user:pass@example.com:6380/3,     example.com, 6380, user, pass,   3, true
			redis://:pass@example.com,                 example.com, 6379, -,    pass,   -, false
			redis://pass@example.com,                  example.com, 6379, -,    pass,   -, false
			redis://user:p%40ss%3A%2F@example.com,     example.com, 6379, user, p@ss:/, -, false
			redis://user:p@s/s#%zz@example.com:6380/3, example.com, 6380, user, p@s/s#%zz, 3, false
			redis://redis_cache:6380,                  redis_cache, 6380, -,    -,      -, false
			redis://[::1]:6380/3,                      ::1,         6380, -,    -,      3, false
			""")
	void aUrlTellsAll(String url, String host, int port, @Nullable String username, @Nullable String password,
			@Nullable Integer database, boolean ssl) {
		this.environment.setProperty("REDIS_URL", url);

		assertThat(RedisVariables.read(this.environment))
			.isEqualTo(new RedisVariables(host, port, username, password, database, ssl));
	}

	@ParameterizedTest
	@ValueSource(strings = { "secret@example.com", "http://:secret@example.com", "redis://:secret@", "redis:secret",
			"redis-sentinel://:secret@a:26379,b:26379/0#primary", "redis://:secret@example.com:port" })
	void aWrongUrlIsRefusedWithoutShowingIt(String url) {
		this.environment.setProperty("REDIS_URL", url);

		assertThatExceptionOfType(CacheConfigurationException.class)
			.isThrownBy(() -> RedisVariables.read(this.environment))
			.withMessageContaining("'REDIS_URL'")
			.withMessageContaining("Set it to redis://")
			.withMessageNotContaining("secret")
			.withNoCause();
	}

	@Test
	void aCommentBehindAValueOfAnEnvFileIsNoPartOfIt() {
		this.environment.getPropertySources()
			.addFirst(new MapPropertySource(
					"Config resource 'file [.env]' via location 'optional:file:.env[.properties]'",
					Map.of("REDIS_HOST", "example.com # where it is", "REDIS_PORT", "6380   # optional",
							"REDIS_PASSWORD", "sec#ret  # optional")));

		assertThat(RedisVariables.read(this.environment))
			.isEqualTo(new RedisVariables("example.com", 6380, null, "sec#ret", null, false));
	}

	@Test
	void anEmptyValueWithACommentInAnEnvFileIsNone() {
		this.environment.getPropertySources()
			.addFirst(new MapPropertySource("file [.env]", Map.of("REDIS_PASSWORD", "# none")));

		assertThat(RedisVariables.present(this.environment)).isFalse();
	}

	@Test
	void elsewhereANumberSignBelongsToThePassword() {
		this.environment.setProperty("REDIS_PASSWORD", "sec #ret");

		assertThat(RedisVariables.read(this.environment).password()).isEqualTo("sec #ret");
	}

	@Test
	void aUrlWithoutPasswordIsCompletedByThePasswordVariable() {
		this.environment.setProperty("REDIS_URL", "redis://example.com");
		this.environment.setProperty("REDIS_PASSWORD", "secret");
		this.environment.setProperty("REDIS_HOST", "ignored");

		RedisVariables variables = RedisVariables.read(this.environment);

		assertThat(variables.host()).isEqualTo("example.com");
		assertThat(variables.password()).isEqualTo("secret");
	}

	@Test
	void thePasswordOfAUrlGoesBeforeThePasswordVariable() {
		this.environment.setProperty("REDIS_URL", "redis://user:mine@example.com");
		this.environment.setProperty("REDIS_PASSWORD", "other");

		assertThat(RedisVariables.read(this.environment).password()).isEqualTo("mine");
	}

	@Test
	void aPasswordIsNotShown() {
		this.environment.setProperty("REDIS_URL", "rediss://user:secret@example.com");

		assertThat(RedisVariables.read(this.environment)).hasToString("rediss://example.com:6379");
	}

	@Test
	void singleVariablesTellWhatTheySay() {
		this.environment.setProperty("REDIS_HOST", "example.com");
		this.environment.setProperty("REDIS_PORT", " 6380 ");
		this.environment.setProperty("REDIS_PASSWORD", "secret");

		assertThat(RedisVariables.read(this.environment))
			.isEqualTo(new RedisVariables("example.com", 6380, null, "secret", null, false));
	}

	@ParameterizedTest
	@ValueSource(strings = { "tcp://10.0.0.1:6379", "", " ", "-1", "6379a" })
	void aPortThatIsNoNumberTellsNothing(String port) {
		this.environment.setProperty("REDIS_PORT", port);

		assertThat(RedisVariables.present(this.environment)).isFalse();
		assertThat(RedisVariables.read(this.environment).port()).isNull();
	}

	@ParameterizedTest
	@ValueSource(strings = { "0", "65536", "99999999999" })
	void aPortOutOfRangeIsRefused(String port) {
		this.environment.setProperty("REDIS_PORT", port);

		assertThatExceptionOfType(CacheConfigurationException.class)
			.isThrownBy(() -> RedisVariables.read(this.environment))
			.withMessageContaining("'REDIS_PORT'")
			.withMessageContaining("Set it to a port from 1 to 65535");
	}

	@ParameterizedTest
	@ValueSource(strings = { "REDIS_URL", "REDIS_HOST", "REDIS_PASSWORD" })
	void anEmptyVariableTellsNothing(String name) {
		this.environment.setProperty(name, "");

		assertThat(RedisVariables.present(this.environment)).isFalse();
	}

	@ParameterizedTest
	@ValueSource(strings = { "REDIS_URL", "REDIS_HOST", "REDIS_PASSWORD", "REDIS_PORT" })
	void eachVariableTellsSomething(String name) {
		this.environment.setProperty(name, "6380");

		assertThat(RedisVariables.present(this.environment)).isTrue();
	}

	@ParameterizedTest
	@ValueSource(strings = { "spring.data.redis.host=a", "spring.data.redis.url=redis://a",
			"spring.data.redis.sentinel.master=a", "spring.data.redis.cluster.nodes=a:1",
			"spring.data.redis.masterreplica.nodes=a:1" })
	void whatSaysWhereRedisIsOverridesTheVariables(String property) {
		String[] parts = property.split("=");
		this.environment.setProperty(parts[0], parts[1]);

		assertThat(RedisVariables.overridden(this.environment)).isTrue();
	}

	@ParameterizedTest
	@ValueSource(strings = { "spring.data.redis.port=1", "spring.data.redis.password=a", "spring.data.redis.database=1",
			"spring.data.redis.ssl.enabled=true", "spring.data.redis.timeout=1s" })
	void whatDoesNotSayWhereRedisIsOverridesNothing(String property) {
		String[] parts = property.split("=");
		this.environment.setProperty(parts[0], parts[1]);

		assertThat(RedisVariables.overridden(this.environment)).isFalse();
	}

}
