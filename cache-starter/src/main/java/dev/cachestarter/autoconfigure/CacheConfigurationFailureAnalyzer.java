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

import java.lang.reflect.RecordComponent;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.bind.BindException;
import org.springframework.boot.context.properties.bind.UnboundConfigurationPropertiesException;
import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName.Form;
import org.springframework.boot.context.properties.source.ConfigurationPropertySource;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.origin.Origin;
import org.springframework.core.annotation.Order;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.Environment;
import org.springframework.util.unit.DataSize;

/**
 * Explains a start that failed because of the cache's configuration: what is wrong, where
 * it stands, and what puts it right. Comes before Spring Boot's own analyzers of bindings
 * and leaves to them what is not about {@code cache-starter.*}.
 */
@Order(0)
final class CacheConfigurationFailureAnalyzer extends AbstractFailureAnalyzer<RuntimeException> {

	private static final ConfigurationPropertyName PREFIX = ConfigurationPropertyName.of(CacheStarterProperties.PREFIX);

	private final @Nullable Environment environment;

	CacheConfigurationFailureAnalyzer(@Nullable Environment environment) {
		this.environment = environment;
	}

	@Override
	protected @Nullable FailureAnalysis analyze(Throwable rootFailure, RuntimeException cause) {
		CacheConfigurationException wrong = findCause(rootFailure, CacheConfigurationException.class);
		if (wrong != null) {
			return new FailureAnalysis(wrong.problem() + origin(wrong.property()) + ".", wrong.cure(), wrong);
		}
		BindException unbindable = findCause(rootFailure, BindException.class);
		if (unbindable == null || !isOurs(unbindable.getName())) {
			return null;
		}
		UnboundConfigurationPropertiesException unknown = findCause(unbindable,
				UnboundConfigurationPropertiesException.class);
		return (unknown != null) ? unknownSettings(unknown, unbindable) : wrongValue(unbindable);
	}

	private static boolean isOurs(ConfigurationPropertyName name) {
		return PREFIX.equals(name) || PREFIX.isAncestorOf(name);
	}

	private @Nullable ConfigurationProperty find(ConfigurationPropertyName name) {
		if (this.environment instanceof ConfigurableEnvironment configurable) {
			for (ConfigurationPropertySource source : ConfigurationPropertySources
				.from(configurable.getPropertySources())) {
				ConfigurationProperty found = source.getConfigurationProperty(name);
				if (found != null) {
					return found;
				}
			}
		}
		return null;
	}

	private String origin(@Nullable String property) {
		ConfigurationProperty found = (property != null) ? find(ConfigurationPropertyName.adapt(property, '.')) : null;
		return (found != null) ? origin(found) : "";
	}

	private static String origin(ConfigurationProperty property) {
		Origin origin = property.getOrigin();
		return (origin != null) ? " (" + origin + ")" : "";
	}

	private @Nullable FailureAnalysis wrongValue(BindException ex) {
		ConfigurationProperty property = (ex.getProperty() != null) ? ex.getProperty() : find(ex.getName());
		Class<?> type = ex.getTarget().getType().resolve();
		if (property == null || type == null) {
			return null;
		}
		String cure = type.isRecord() ? "Set what is below it, such as '" + property.getName() + ".ttl'."
				: "Set it to " + expected(type) + ".";
		return new FailureAnalysis(
				"'%s' cannot be '%s'%s.".formatted(property.getName(), property.getValue(), origin(property)), cure,
				ex);
	}

	private static String expected(Class<?> type) {
		if (type == Duration.class) {
			return "a duration such as 250ms, 30s, 5m or 1h";
		}
		if (type == DataSize.class) {
			return "a size such as 100KB or 1MB";
		}
		if (type.isEnum()) {
			return Arrays.stream(type.getEnumConstants())
				.map((constant) -> dashed(constant.toString()))
				.collect(Collectors.joining(", ", "one of ", ""));
		}
		if (type == boolean.class || type == Boolean.class) {
			return "true or false";
		}
		return Number.class.isAssignableFrom(type) ? "a number" : "a " + type.getSimpleName();
	}

	private static FailureAnalysis unknownSettings(UnboundConfigurationPropertiesException unknown, BindException ex) {
		StringBuilder description = new StringBuilder("There is no such setting of cache-starter:%n".formatted());
		StringBuilder action = new StringBuilder();
		for (ConfigurationProperty property : unknown.getUnboundProperties()) {
			description.append("%n    %s%s".formatted(property.getName(), origin(property)));
			action.append(action.isEmpty() ? "" : "%n".formatted()).append(Settings.cure(property.getName()));
		}
		return new FailureAnalysis(description.toString(), action.toString(), ex);
	}

	private static String dashed(String name) {
		return name.replaceAll("(?<=[a-z])([A-Z])", "-$1").toLowerCase(Locale.ROOT).replace('_', '-');
	}

	/**
	 * Knows which settings there are.
	 */
	private static final class Settings {

		private static final List<String> ALL = names("", CacheStarterProperties.class).toList();

		private static final List<String> OF_A_CACHE = names("", CacheStarterProperties.Cache.class).toList();

		static String cure(ConfigurationPropertyName unknown) {
			ConfigurationPropertyName name = unknown.subName(PREFIX.getNumberOfElements());
			String path = pathOfCache(name);
			List<String> candidates = (path != null)
					? OF_A_CACHE.stream().map((setting) -> path + "." + setting).toList() : ALL;
			Optional<String> meant = (path != null) ? SimilarNames.closest(name.getLastElement(Form.DASHED), OF_A_CACHE)
				.map((setting) -> path + "." + setting) : similar(name).or(() -> sameEnd(name));
			return meant.map((setting) -> "Did you mean '%s.%s'?".formatted(PREFIX, setting))
				.orElseGet(() -> "Remove '%s', or correct its name: there are %s.".formatted(unknown,
						String.join(", ", candidates)));
		}

		/**
		 * Below {@code caches} stands the cache's name. One with dots and no brackets has
		 * fallen apart, and its last part is then the setting.
		 */
		private static @Nullable String pathOfCache(ConfigurationPropertyName name) {
			int size = name.getNumberOfElements();
			if (size < 3 || SimilarNames.closest(name.getElement(0, Form.DASHED), List.of("caches")).isEmpty()) {
				return null;
			}
			String cacheName = IntStream.range(1, size - 1)
				.mapToObj((index) -> name.getElement(index, Form.ORIGINAL))
				.collect(Collectors.joining("."));
			return CacheStarterProperties.pathOf(cacheName).substring(CacheStarterProperties.PREFIX.length() + 1);
		}

		/**
		 * Compared element by element: {@code defaults.type} is not a misspelt
		 * {@code defaults.ttl}, however much the two have in common.
		 */
		private static Optional<String> similar(ConfigurationPropertyName name) {
			return ALL.stream().filter((candidate) -> {
				String[] parts = candidate.split("\\.");
				return parts.length == name.getNumberOfElements()
						&& IntStream.range(0, parts.length)
							.allMatch((index) -> SimilarNames
								.closest(name.getElement(index, Form.DASHED), List.of(parts[index]))
								.isPresent());
			}).findFirst();
		}

		private static Optional<String> sameEnd(ConfigurationPropertyName name) {
			String end = "." + name.getLastElement(Form.DASHED);
			return ALL.stream().filter((candidate) -> candidate.endsWith(end)).findFirst();
		}

		private static Stream<String> names(String path, Class<?> type) {
			List<String> names = new ArrayList<>();
			for (RecordComponent component : type.getRecordComponents()) {
				String name = path + dashed(component.getName());
				if (component.getType().isRecord()) {
					names(name + ".", component.getType()).forEach(names::add);
				}
				else if (component.getName().equals("caches")) {
					names.add(name + ".<name>");
				}
				else {
					names.add(name);
				}
			}
			return names.stream();
		}

	}

}
