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

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.context.properties.source.IterableConfigurationPropertySource;
import org.springframework.boot.context.properties.source.ConfigurationPropertySource;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.Environment;

import dev.cachestarter.CacheSettings;
import dev.cachestarter.autoconfigure.names.CacheNamePattern;
import dev.cachestarter.cache.Breaker;

/**
 * Finds settings that are allowed and that nobody can have meant.
 */
final class SettingTraps {

	private static final List<String> DURATIONS = List.of("ttl", "null-ttl", "stale-if-error", "refresh-ahead");

	private static final Duration COMMAND_TIMEOUT = Duration.ofMillis(250);

	private final List<String> found = new ArrayList<>();

	private SettingTraps() {
	}

	/**
	 * Find them.
	 * @param environment has the settings as they were written
	 * @param properties the settings as they were bound
	 * @param effective what holds
	 * @return a sentence for each, with the cure
	 */
	static List<String> find(Environment environment, CacheStarterProperties properties,
			EffectiveCacheSettings effective) {
		SettingTraps traps = new SettingTraps();
		traps.bareNumbers(environment);
		traps.cache("the defaults", CacheStarterProperties.PREFIX + ".defaults", effective.defaults());
		effective.patterns()
			.forEach((pattern, settings) -> traps.cache("the caches '" + pattern + "'",
					CacheStarterProperties.pathOf(pattern), settings));
		effective.caches().forEach((name, settings) -> {
			boolean byPatterns = fitsAny(effective, name) && !properties.caches().containsKey(name);
			if (!settings.equals(effective.defaults()) && !byPatterns) {
				traps.cache("cache '" + name + "'", CacheStarterProperties.pathOf(name), settings);
			}
		});
		traps.connection(properties, effective);
		return traps.found;
	}

	/** What patterns say of a cache was looked at already. */
	private static boolean fitsAny(EffectiveCacheSettings effective, String name) {
		return effective.patterns().keySet().stream().anyMatch((pattern) -> new CacheNamePattern(pattern).fits(name));
	}

	private void bareNumbers(Environment environment) {
		if (!(environment instanceof ConfigurableEnvironment configurable)) {
			return;
		}
		ConfigurationPropertyName prefix = ConfigurationPropertyName.of(CacheStarterProperties.PREFIX);
		for (ConfigurationPropertySource source : ConfigurationPropertySources
			.from(configurable.getPropertySources())) {
			if (source instanceof IterableConfigurationPropertySource iterable) {
				iterable.stream()
					.filter((name) -> prefix.isAncestorOf(name)
							&& DURATIONS.contains(name.getLastElement(ConfigurationPropertyName.Form.DASHED)))
					.sorted()
					.forEach((name) -> bareNumber(name, source));
			}
		}
	}

	private void bareNumber(ConfigurationPropertyName name, ConfigurationPropertySource source) {
		ConfigurationProperty property = source.getConfigurationProperty(name);
		String text = (property != null) ? String.valueOf(property.getValue()).strip() : "";
		if (text.matches("\\d{1,18}") && Long.parseLong(text) > 0) {
			add("'%s' is %s without a unit, which is milliseconds".formatted(name, text),
					"Write the unit, such as %ss or %sms".formatted(text, text));
		}
	}

	private void cache(String owner, String path, CacheSettings settings) {
		if (!settings.loadTimeout().isZero() && settings.staleIfError().isZero()) {
			add("'load-timeout' of %s has no effect without 'stale-if-error': there is nothing to serve"
				.formatted(owner), "Set '" + path + ".stale-if-error', or remove 'load-timeout'");
		}
		if (!settings.refreshAheadAuto() && !settings.ttl().isZero()
				&& settings.refreshAhead().compareTo(settings.ttl()) >= 0) {
			add("'refresh-ahead' of %s is %s, which is not less than its ttl of %s".formatted(owner,
					text(settings.refreshAhead()), text(settings.ttl())),
					"Set '" + path + ".refresh-ahead' to a part of the ttl, such as a tenth of it");
		}
	}

	private void connection(CacheStarterProperties properties, EffectiveCacheSettings effective) {
		Duration timeout = (effective.commandTimeout() != null) ? effective.commandTimeout() : COMMAND_TIMEOUT;
		Duration slow = properties.circuitBreaker().slowCall();
		boolean stated = effective.commandTimeout() != null || !slow.equals(Breaker.defaults().slowCall());
		if (stated && timeout.compareTo(slow) < 0) {
			add("'command-timeout' is %s, which is below 'slow-call', %s: no command can be slow before it is given up"
				.formatted(text(timeout), text(slow)),
					"Set 'cache-starter.circuit-breaker.slow-call' below 'cache-starter.connection.command-timeout'");
		}
		String prefix = effective.keyPrefix();
		if (!prefix.isEmpty() && Character.isLetterOrDigit(prefix.codePointBefore(prefix.length()))) {
			add("The key prefix '%1$s' ends without a separator: keys of cache 'agents' begin with '%1$sagents:'"
				.formatted(prefix), "Set '%s.key-prefix' to \"%s:\"".formatted(CacheStarterProperties.PREFIX, prefix));
		}
	}

	private void add(String problem, String cure) {
		this.found.add(problem + ". " + cure + ".");
	}

	private static String text(@Nullable Duration duration) {
		return (duration == null) ? ""
				: (duration.toMillis() % 1000 == 0) ? duration.toSeconds() + "s" : duration.toMillis() + "ms";
	}

}
