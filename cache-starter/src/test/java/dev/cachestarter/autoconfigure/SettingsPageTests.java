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
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import dev.cachestarter.DocumentedPages;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import org.springframework.boot.context.properties.bind.BindHandler;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.bind.handler.NoUnboundElementsBindHandler;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.core.env.MutablePropertySources;
import org.springframework.core.io.ByteArrayResource;
import org.springframework.core.io.ClassPathResource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Keeps {@code docs/settings.md} true, and what other pages say of settings.
 */
class SettingsPageTests {

	private static final Path PAGE = DocumentedPages.ROOT.resolve("docs/settings.md");

	@ParameterizedTest
	@MethodSource("examples")
	void examplesBind(Path page, String yaml) throws IOException {
		MutablePropertySources sources = new MutablePropertySources();
		new YamlPropertySourceLoader().load("example", new ByteArrayResource(yaml.getBytes(StandardCharsets.UTF_8)))
			.forEach(sources::addLast);

		CacheStarterProperties properties = new Binder(ConfigurationPropertySources.from(sources)).bindOrCreate(
				"cache-starter", Bindable.of(CacheStarterProperties.class),
				new NoUnboundElementsBindHandler(BindHandler.DEFAULT));

		if (page.equals(PAGE)) {
			assertThat(properties.caches()).containsKey("agents:list");
		}
	}

	static List<Arguments> examples() {
		return DocumentedPages.all()
			.stream()
			.flatMap((page) -> Pattern.compile("(?s)```yaml\n(.*?)```")
				.matcher(DocumentedPages.read(page))
				.results()
				.map((found) -> Arguments.of(page, found.group(1).stripIndent())))
			.toList();
	}

	@ParameterizedTest
	@MethodSource("tables")
	void tablesOfOtherPagesHaveTheDefaults(Path page) throws IOException {
		Map<String, String> defaults = new HashMap<>();
		for (JsonNode setting : metadata().get("properties")) {
			String name = setting.get("name").asString();
			String value = setting.path("defaultValue").asString("");
			defaults.put(name, value);
			defaults.putIfAbsent(name.substring(name.lastIndexOf('.') + 1), value);
		}

		Pattern row = Pattern.compile("(?m)^\\| `([a-z.-]+)` \\| `([^`]+)` \\|");
		assertThat(row.matcher(DocumentedPages.read(page)).results()).allSatisfy((found) -> {
			String value = defaults.get(found.group(1));
			if (value != null) {
				assertThat(found.group(2)).as(found.group(1)).isEqualTo(value);
			}
		});
	}

	static List<Path> tables() {
		return DocumentedPages.all();
	}

	@Test
	void itHasEverySettingWithItsDefault() throws IOException {
		String page = page();

		for (JsonNode setting : metadata().get("properties")) {
			String name = setting.get("name").asString();
			assertThat(setting.hasNonNull("description")).as("description of %s", name).isTrue();
			if (!name.equals("cache-starter.caches")) {
				String value = setting.path("defaultValue").asString("");
				String shown = value.isEmpty() ? "[^`|]+" : "`" + Pattern.quote(value) + "`";
				assertThat(page).containsPattern("\\| `" + Pattern.quote(name) + "` \\| " + shown + " \\|");
			}
		}
	}

	private static JsonNode metadata() throws IOException {
		return JsonMapper.shared()
			.readTree(new ClassPathResource("META-INF/spring-configuration-metadata.json",
					CacheStarterProperties.class.getClassLoader())
				.getContentAsString(StandardCharsets.UTF_8));
	}

	private static String page() throws IOException {
		return Files.readString(PAGE);
	}

}
