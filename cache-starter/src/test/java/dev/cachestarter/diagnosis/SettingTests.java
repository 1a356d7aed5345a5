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
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import org.springframework.data.redis.serializer.RedisSerializationContext.SerializationPair;
import org.springframework.data.redis.serializer.RedisSerializer;
import org.springframework.util.unit.DataSize;

import dev.cachestarter.CacheControl;
import dev.cachestarter.CacheSettings;
import dev.cachestarter.NearSettings;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * How settings are shown.
 */
class SettingTests {

	@Test
	void everySettingOfACacheIsShown() {
		List<String> names = Stream
			.concat(Stream.of(CacheSettings.class, CacheControl.class).flatMap((type) -> namesOf(type, "")),
					namesOf(NearSettings.class, "near."))
			.filter((name) -> !List.of("ttl-policy", "refresh-ahead-auto", "near").contains(name))
			.distinct()
			.toList();

		assertThat(Setting.all(CacheSettings.defaults(), Map.of(), CacheControl.asConfigured()).keySet())
			.containsExactlyInAnyOrderElementsOf(names);
	}

	private static Stream<String> namesOf(Class<?> type, String prefix) {
		return Arrays.stream(type.getMethods())
			.map((method) -> method.getName())
			.filter((name) -> name.startsWith("with"))
			.map((name) -> name.substring("with".length()).replaceAll("(?<=[a-z])(?=[A-Z])", "-"))
			.map((name) -> prefix + name.toLowerCase(Locale.ROOT));
	}

	@ParameterizedTest
	@CsvSource({ "PT0S, 0s", "PT1.5S, 1500ms", "PT30S, 30s", "PT90S, 90s", "PT5M, 5m", "PT90M, 90m", "PT2H, 2h",
			"PT48H, 48h" })
	void timesAreWrittenAsInAFile(Duration ttl, String text) {
		assertThat(shown(CacheSettings.defaults().withTtl(ttl), "ttl")).isEqualTo(text);
	}

	@ParameterizedTest
	@CsvSource({ "0, 0B", "1000, 1000B", "1024, 1KB", "102400, 100KB", "1048576, 1MB", "3145728, 3MB" })
	void sizesAreWrittenAsInAFile(long bytes, String text) {
		assertThat(shown(CacheSettings.defaults().withCompressAbove(DataSize.ofBytes(bytes)), "compress-above"))
			.isEqualTo(text);
	}

	@Test
	void whatIsLeftToTheStarterIsSaid() {
		CacheSettings settings = CacheSettings.defaults();
		assertThat(shown(settings, "type")).isEqualTo("inferred");
		assertThat(shown(settings, "value-serializer")).isEqualTo("typed JSON");

		assertThat(shown(settings.withType(String.class), "type")).isEqualTo("java.lang.String");
		assertThat(shown(settings.withValueSerializer(SerializationPair.fromSerializer(RedisSerializer.string())),
				"value-serializer"))
			.isEqualTo("the application's");
	}

	@Test
	void whatNobodyHasSetIsBuiltIn() {
		Map<String, Setting> all = Setting.all(CacheSettings.defaults(), Map.of("ttl", "a bean"),
				CacheControl.asConfigured());

		assertThat(all.get("ttl").from()).isEqualTo("a bean");
		assertThat(all.get("lease").from()).isEqualTo("built-in");
	}

	private static Object shown(CacheSettings settings, String name) {
		return Setting.all(settings, Map.of(), CacheControl.asConfigured()).get(name).value();
	}

}
