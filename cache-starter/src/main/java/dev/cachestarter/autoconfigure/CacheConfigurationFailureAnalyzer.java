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
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
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

import dev.cachestarter.autoconfigure.names.SimilarNames;

/**
 * Explains a start that failed because of the cache's configuration: what is wrong, where
 * it stands, and what puts it right. Comes before Spring Boot's own analyzers of bindings
 * and leaves to them what is not about {@code cache-starter.*}.
 */
@Order(0)
final class CacheConfigurationFailureAnalyzer extends AbstractFailureAnalyzer<RuntimeException> {

	private static final String TTL = "@CacheTtl on '";

	private static final ConfigurationPropertyName PREFIX = ConfigurationPropertyName.of(CacheStarterProperties.PREFIX);

	/** The second half of a name, a setting, and its value. */
	private static final Pattern REST_OF_NAME = Pattern.compile("([^\\]=]+?)]?\\.([a-z][a-z.-]*)\\s*[=:]\\s*(.*)");

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
		IllegalStateException annotation = wrongAnnotation(rootFailure);
		if (annotation != null) {
			return new FailureAnalysis(annotation.getMessage() + ".", String.valueOf(annotation.getMessage())
				.startsWith(TTL)
						? "Correct the annotation. Write a duration with its unit, as in \"5m\", a placeholder, as in "
								+ "\"${agents.ttl:5m}\", or expressions, as in \"#{#result.closed ? '1d' : '1m'}\"."
						: "Correct the annotation. In a pattern, text is a glob and what stands in #{...} is an expression, "
								+ "as in \"#{#orgId}:*\".",
					annotation);
		}
		BindException unbindable = findCause(rootFailure, BindException.class);
		if (unbindable == null || !isOurs(unbindable.getName())) {
			return null;
		}
		UnboundConfigurationPropertiesException unknown = findCause(unbindable,
				UnboundConfigurationPropertiesException.class);
		return (unknown != null) ? unknownSettings(unknown, unbindable) : wrongValue(unbindable);
	}

	private static @Nullable IllegalStateException wrongAnnotation(Throwable failure) {
		for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
			String message = String.valueOf(cause.getMessage());
			if (cause instanceof IllegalStateException wrong
					&& (message.startsWith("@CacheEvictPattern on '") || message.startsWith(TTL))) {
				return wrong;
			}
		}
		return null;
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
		String cut = type.isRecord() ? cutName(property) : null;
		if (cut != null) {
			return new FailureAnalysis(
					"'%s' is '%s'%s: a colon ends a name in .properties.".formatted(property.getName(),
							property.getValue(), origin(property)),
					"Escape it and put the name into brackets: '" + cut + "'.", ex);
		}
		String cure = type.isRecord() ? "Set what is below it, such as '" + property.getName() + ".ttl'."
				: (type == Map.class)
						? "Set what is below it, such as '" + CacheStarterProperties.pathOf("agents:list") + ".ttl'."
						: "Set it to " + expected(type) + ".";
		return new FailureAnalysis(
				"'%s' cannot be '%s'%s.".formatted(property.getName(), property.getValue(), origin(property)), cure,
				ex);
	}

	/**
	 * Return what was meant where a name with a colon was cut at it.
	 * @return the line with the colon escaped, {@code null} if that is not what happened
	 */
	private static @Nullable String cutName(ConfigurationProperty property) {
		Matcher rest = REST_OF_NAME.matcher(String.valueOf(property.getValue()));
		if (property.getName().getNumberOfElements() != PREFIX.getNumberOfElements() + 2 || !rest.matches()) {
			return null;
		}
		String name = property.getName().getLastElement(Form.ORIGINAL) + ":" + rest.group(1);
		return "%s.caches.[%s].%s=%s".formatted(PREFIX, name.replace(":", "\\:"), rest.group(2), rest.group(3));
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
		if (type == int.class || type == Integer.class) {
			return "a whole number";
		}
		return Number.class.isAssignableFrom(type) ? "a number" : "a " + type.getSimpleName();
	}

	/**
	 * What has no value is not bound either, and then looks as if it were unknown.
	 */
	private static FailureAnalysis unknownSettings(UnboundConfigurationPropertiesException unknown, BindException ex) {
		Map<Boolean, List<ConfigurationProperty>> properties = unknown.getUnboundProperties()
			.stream()
			.collect(Collectors
				.partitioningBy((property) -> "".equals(property.getValue()) && Settings.exists(property.getName())));
		List<String> description = new ArrayList<>();
		List<String> action = new ArrayList<>();
		for (boolean exists : new boolean[] { false, true }) {
			List<ConfigurationProperty> found = properties.getOrDefault(exists, List.of());
			if (!found.isEmpty()) {
				description.add(exists ? "These settings of cache-starter have no value:%n".formatted()
						: "There is no such setting of cache-starter:%n".formatted());
			}
			for (ConfigurationProperty property : found) {
				description.add("    %s%s".formatted(property.getName(), origin(property)));
				action.add(exists ? "Give '%s' a value, or remove it.".formatted(property.getName())
						: Settings.cure(property.getName()));
			}
		}
		String separator = "%n".formatted();
		return new FailureAnalysis(String.join(separator, description), String.join(separator, action), ex);
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

		static boolean exists(ConfigurationPropertyName property) {
			ConfigurationPropertyName name = property.subName(PREFIX.getNumberOfElements());
			OfCache ofCache = OfCache.of(name);
			return (ofCache != null)
					? name.getElement(0, Form.DASHED).equals("caches") && OF_A_CACHE.contains(ofCache.setting())
							&& (name.chop(2).isLastElementIndexed() || name.getNumberOfElements() == 3)
					: ALL.contains(path(name, 0));
		}

		static String cure(ConfigurationPropertyName unknown) {
			ConfigurationPropertyName name = unknown.subName(PREFIX.getNumberOfElements());
			OfCache ofCache = OfCache.of(name);
			List<String> candidates;
			Optional<String> meant;
			if (ofCache != null) {
				candidates = OF_A_CACHE.stream().map((setting) -> ofCache.path() + "." + setting).toList();
				meant = SimilarNames.closest(ofCache.setting(), OF_A_CACHE)
					.map((setting) -> ofCache.path() + "." + setting);
			}
			else {
				// Who names a group that there is means one of its settings.
				String group = name.getElement(0, Form.DASHED) + ".";
				List<String> ofGroup = ALL.stream().filter((setting) -> setting.startsWith(group)).toList();
				candidates = ofGroup.isEmpty() ? ALL : ofGroup;
				meant = similar(name).or(() -> ofGroup.isEmpty() ? sameEnd(name) : Optional.empty());
			}
			return meant.map((setting) -> "Did you mean '%s.%s'?".formatted(PREFIX, setting))
				.orElseGet(() -> "Remove '%s', or correct its name: there are %s.".formatted(unknown,
						String.join(", ", candidates)));
		}

		private static String path(ConfigurationPropertyName name, int from) {
			return IntStream.range(from, name.getNumberOfElements())
				.mapToObj((index) -> name.getElement(index, Form.DASHED))
				.collect(Collectors.joining("."));
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

		/**
		 * What stands below {@code caches}.
		 *
		 * @param path the path of the cache, spelt so that it works
		 * @param setting the setting below it
		 */
		private record OfCache(String path, String setting) {

			/**
			 * A name in brackets is one element. One with dots and no brackets has fallen
			 * apart, and its last part is then the setting.
			 */
			static @Nullable OfCache of(ConfigurationPropertyName name) {
				int size = name.getNumberOfElements();
				if (size < 3 || SimilarNames.closest(name.getElement(0, Form.DASHED), List.of("caches")).isEmpty()) {
					return null;
				}
				int setting = name.chop(2).isLastElementIndexed() ? 2 : size - 1;
				String cacheName = IntStream.range(1, setting)
					.mapToObj((index) -> name.getElement(index, Form.ORIGINAL))
					.collect(Collectors.joining("."));
				return new OfCache(
						CacheStarterProperties.pathOf(cacheName).substring(CacheStarterProperties.PREFIX.length() + 1),
						Settings.path(name, setting));
			}

		}

	}

}
