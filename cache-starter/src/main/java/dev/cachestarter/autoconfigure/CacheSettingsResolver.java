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

import java.lang.reflect.Proxy;
import java.lang.reflect.Type;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.BiFunction;
import java.util.function.Function;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.cache.autoconfigure.CacheProperties;
import org.springframework.boot.cache.autoconfigure.RedisCacheManagerBuilderCustomizer;
import org.springframework.boot.convert.DurationStyle;
import org.springframework.data.redis.cache.RedisCacheConfiguration;
import org.springframework.data.redis.cache.RedisCacheManager;
import org.springframework.data.redis.cache.RedisCacheManager.RedisCacheManagerBuilder;
import org.springframework.data.redis.cache.RedisCacheWriter;
import org.springframework.data.redis.cache.RedisCacheWriter.TtlFunction;
import org.springframework.util.StringUtils;

import dev.cachestarter.CacheSettings;
import dev.cachestarter.NearSettings;
import dev.cachestarter.TtlPolicy;
import dev.cachestarter.autoconfigure.CacheStarterProperties.Cache;
import dev.cachestarter.autoconfigure.CacheStarterProperties.Near;
import dev.cachestarter.autoconfigure.CacheStarterProperties.Values;
import dev.cachestarter.autoconfigure.names.CacheNamePattern;
import dev.cachestarter.diagnosis.SettingOrigins;

/**
 * Puts in order all that an application says about its caches. From the weakest to the
 * strongest:
 * <ol>
 * <li>what is built in,
 * <li>{@code spring.cache.redis.*} and {@code spring.cache.cache-names},
 * <li>{@code cache-starter.defaults.*} and {@code cache-starter.key-prefix},
 * <li>the {@link RedisCacheConfiguration} bean,
 * <li>{@link RedisCacheManagerBuilderCustomizer} beans,
 * <li>{@code cache-starter.caches.*}, of which patterns that fit more names come first
 * and the name of the cache itself last,
 * <li>the {@link TtlPolicy} bean.
 * </ol>
 * Each level changes what it states and leaves the rest. Customizers are for the builder
 * of Spring Data's own manager, which is not built here: they are given a scratch one,
 * and what they did to it is read back.
 */
final class CacheSettingsResolver {

	private static final String SPRING_REDIS = "spring.cache.redis";

	private static final String CONFIGURATION_BEAN = "RedisCacheConfiguration bean";

	private static final String CUSTOMIZER_BEAN = "RedisCacheManagerBuilderCustomizer bean";

	/** What can be stated in properties, by name. */
	private static final Map<String, Function<Values, @Nullable Object>> STATED = stated();

	private final CacheStarterProperties properties;

	private final CacheProperties springProperties;

	private final @Nullable RedisCacheConfiguration configuration;

	private final List<RedisCacheManagerBuilderCustomizer> customizers;

	private final @Nullable TtlPolicy ttlPolicy;

	private final @Nullable ClassLoader classLoader;

	/** The most specific last, so that it goes before the others. */
	private final SortedMap<CacheNamePattern, Cache> patterns;

	CacheSettingsResolver(CacheStarterProperties properties, CacheProperties springProperties,
			@Nullable RedisCacheConfiguration configuration, List<RedisCacheManagerBuilderCustomizer> customizers,
			@Nullable TtlPolicy ttlPolicy, @Nullable ClassLoader classLoader) {
		this.properties = properties;
		this.springProperties = springProperties;
		this.configuration = configuration;
		this.customizers = customizers;
		this.ttlPolicy = ttlPolicy;
		this.classLoader = classLoader;
		this.patterns = patterns(properties);
	}

	/**
	 * Resolve the settings.
	 * @return what holds
	 * @throws CacheConfigurationException if something is wrong, contradicts itself, or
	 * cannot be kept
	 */
	EffectiveCacheSettings resolve() {
		Level base = fromProperties();
		Level configured = (this.configuration != null)
				? base.with(StatedConfiguration.of(this.configuration, "The " + CONFIGURATION_BEAN), CONFIGURATION_BEAN)
				: base;

		RedisCacheConfiguration given = (this.configuration != null) ? this.configuration
				: configured.toRedisCacheConfiguration();
		RedisCacheManagerBuilder scratch = customizedBuilder(given);
		RedisCacheConfiguration scratchDefaults = scratch.cacheDefaults();
		Level defaults = (scratchDefaults != given) ? configured.with(
				StatedConfiguration.of(scratchDefaults, "The default configuration that a customizer sets"),
				CUSTOMIZER_BEAN) : configured;

		Map<String, Level> caches = new LinkedHashMap<>();
		for (String name : scratch.getConfiguredCaches()) {
			RedisCacheConfiguration own = scratch.getCacheConfigurationFor(name).orElse(given);
			// A cache that is only named follows the defaults, whenever those were set.
			boolean named = own == given || own == scratchDefaults;
			caches.put(name, byPatterns(name, named ? defaults : ofOneCache(name, own, defaults)));
		}
		Set<String> declaredNames = Collections.unmodifiableSet(new LinkedHashSet<>(caches.keySet()));
		Map<String, CacheSettings> patterns = new LinkedHashMap<>();
		this.properties.caches().forEach((name, values) -> {
			if (CacheNamePattern.isPattern(name)) {
				patterns.put(name, fromProperties(name, values, defaults).settings());
			}
			else {
				Level own = caches.get(name);
				caches.put(name, fromProperties(name, values, (own != null) ? own : byPatterns(name, defaults)));
			}
		});
		Function<String, Level> levels = (name) -> {
			Level known = caches.get(name);
			return (known != null) ? known : byPatterns(name, defaults);
		};
		CacheStarterProperties.Connection connection = this.properties.connection();
		// What nobody touched has Spring's converters alone, which keys are better
		// without.
		boolean touched = this.configuration != null || !this.customizers.isEmpty();
		return new EffectiveCacheSettings(defaults.keyPrefix(), defaults.settings(), settings(caches),
				Collections.unmodifiableMap(patterns), (name) -> levels.apply(name).settings(), declaredNames,
				allowsRuntimeCaches(scratch, given), this.ttlPolicy,
				touched ? scratchDefaults.getConversionService() : null,
				timeout("command-timeout", connection.commandTimeout()),
				timeout("connect-timeout", connection.connectTimeout()),
				new SettingOrigins((name) -> origins(levels.apply(name))));
	}

	private static SortedMap<CacheNamePattern, Cache> patterns(CacheStarterProperties properties) {
		SortedMap<CacheNamePattern, Cache> patterns = new TreeMap<>();
		properties.caches().forEach((name, values) -> {
			if (CacheNamePattern.isPattern(name)) {
				patterns.put(pattern(name, values), values);
			}
		});
		return patterns;
	}

	private static CacheNamePattern pattern(String text, Cache values) {
		try {
			return new CacheNamePattern(text);
		}
		catch (IllegalArgumentException ex) {
			String path = CacheStarterProperties.pathOf(text);
			String[] parts = String.valueOf(ex.getMessage()).split("[.] ", 2);
			String property = STATED.entrySet()
				.stream()
				.filter((stated) -> stated.getValue().apply(values) != null)
				.findFirst()
				.map((stated) -> path + "." + stated.getKey())
				.orElse(null);
			throw new CacheConfigurationException(
					"'%s' is no pattern for names of caches: %s".formatted(path, parts[0]), parts[1] + ".", property,
					ex);
		}
	}

	/** A cache without a name fits no pattern. */
	private Level byPatterns(String name, Level level) {
		Level result = level;
		for (Map.Entry<CacheNamePattern, Cache> pattern : this.patterns.entrySet()) {
			if (!name.isEmpty() && pattern.getKey().fits(name)) {
				result = fromProperties(pattern.getKey().text(), pattern.getValue(), result);
			}
		}
		return result;
	}

	private static Map<String, Function<Values, @Nullable Object>> stated() {
		Map<String, Function<Values, @Nullable Object>> stated = new LinkedHashMap<>();
		stated.put("ttl", Values::ttl);
		stated.put("ttl-jitter", Values::ttlJitter);
		stated.put("null-ttl", Values::nullTtl);
		stated.put("load-wait", Values::loadWait);
		stated.put("lease", Values::lease);
		stated.put("load-lease-limit", Values::loadLeaseLimit);
		stated.put("coalesce", Values::coalesce);
		stated.put("load-timeout", Values::loadTimeout);
		stated.put("stale-if-error", Values::staleIfError);
		stated.put("stale-retry", Values::staleRetry);
		stated.put("refresh-ahead", Values::refreshAhead);
		stated.put("compress-above", Values::compressAbove);
		stated.put("max-value-size", Values::maxValueSize);
		stated.put("near.mode", near(Near::mode));
		stated.put("near.max-entries", near(Near::maxEntries));
		stated.put("near.max-size", near(Near::maxSize));
		stated.put("near.ttl", near(Near::ttl));
		stated.put("near.copy", near(Near::copy));
		stated.put("near.serve-while-disconnected", near(Near::serveWhileDisconnected));
		stated.put("verify", Values::verify);
		return stated;
	}

	private static Function<Values, @Nullable Object> near(Function<Near, @Nullable Object> stated) {
		return (values) -> {
			Near near = values.near();
			return (near != null) ? stated.apply(near) : null;
		};
	}

	private Map<String, String> origins(Level level) {
		Map<String, String> origins = new LinkedHashMap<>(level.origins());
		String ttl = origins.getOrDefault("ttl", SettingOrigins.BUILT_IN);
		if (level.settings().ttlPolicy() != null) {
			ttl = "TTL function of the " + level.functionOrigin() + ", else " + ttl;
		}
		if (this.ttlPolicy != null) {
			ttl = "TtlPolicy bean, else " + ttl;
		}
		origins.put("ttl", ttl);
		return Collections.unmodifiableMap(origins);
	}

	private static @Nullable Duration timeout(String name, @Nullable Duration timeout) {
		if (timeout != null && timeout.toMillis() <= 0) {
			String property = CacheStarterProperties.PREFIX + ".connection." + name;
			throw new CacheConfigurationException("'" + property + "' cannot be " + timeout,
					"Set it to a duration of at least 1ms, such as 250ms.", property, null);
		}
		return timeout;
	}

	private Level fromProperties() {
		CacheProperties.Redis spring = this.springProperties.getRedis();
		if (!spring.isUseKeyPrefix()) {
			String property = SPRING_REDIS + ".use-key-prefix";
			throw new CacheConfigurationException(
					"'" + property + "' is false, but without a prefix caches could not be told apart",
					"Remove the property. Keys begin with the cache's name; '" + CacheStarterProperties.PREFIX
							+ ".key-prefix' puts something before it.",
					property, null);
		}
		CacheSettings settings = CacheSettings.defaults();
		Map<String, String> origins = new LinkedHashMap<>();
		settings = set(settings, SPRING_REDIS + ".time-to-live", spring.getTimeToLive(), CacheSettings::withTtl);
		if (spring.getTimeToLive() != null) {
			origins.put("ttl", SPRING_REDIS + ".time-to-live");
		}
		if (!spring.isCacheNullValues()) {
			settings = settings.withNullTtl(Duration.ZERO);
			origins.put("null-ttl", SPRING_REDIS + ".cache-null-values");
		}
		String prefix = this.properties.keyPrefix();
		if (prefix == null) {
			prefix = (spring.getKeyPrefix() != null) ? spring.getKeyPrefix() : "";
		}
		String path = CacheStarterProperties.PREFIX + ".defaults";
		CacheSettings result = apply(settings, path, this.properties.defaults());
		return new Level(result, prefix, origins(origins, settings, result, path, this.properties.defaults()), "");
	}

	/**
	 * Note where settings come from: those that are stated, and what follows from them.
	 */
	private static Map<String, String> origins(Map<String, String> before, CacheSettings from, CacheSettings to,
			String path, Values values) {
		Map<String, String> after = new LinkedHashMap<>(before);
		STATED.forEach((name, value) -> {
			if (value.apply(values) != null) {
				after.put(name, path + "." + name);
			}
		});
		if (values.ttlPreset() != null) {
			after.put("ttl", path + ".ttl-preset");
		}
		if (values.nullTtl() == null && !to.nullTtl().equals(from.nullTtl())) {
			after.put("null-ttl", after.getOrDefault("ttl", SettingOrigins.BUILT_IN));
		}
		return Collections.unmodifiableMap(after);
	}

	/**
	 * Change a level as the properties say.
	 * @param name the name of a cache, or a pattern for names
	 */
	private Level fromProperties(String name, Cache values, Level level) {
		String path = CacheStarterProperties.pathOf(name);
		CacheSettings settings = apply(level.settings(), path, values);
		Map<String, String> origins = new LinkedHashMap<>(
				origins(level.origins(), level.settings(), settings, path, values));
		String type = values.type();
		if (StringUtils.hasText(type)) {
			settings = settings.withType(valueType(path + ".type", type));
			origins.put("type", path + ".type");
		}
		return new Level(settings, level.keyPrefix(), origins, level.functionOrigin());
	}

	private Type valueType(String property, String type) {
		try {
			return ValueTypeParser.parse(type.strip(), this.classLoader);
		}
		catch (IllegalArgumentException ex) {
			throw new CacheConfigurationException("'%s' cannot be '%s': %s".formatted(property, type, ex.getMessage()),
					"Set it to a full class name such as com.acme.Agent or java.util.List<com.acme.Agent>.", property,
					ex);
		}
	}

	private static CacheSettings apply(CacheSettings settings, String path, Values values) {
		if (values.ttl() != null && values.ttlPreset() != null) {
			throw new CacheConfigurationException("'%s.ttl' and '%s.ttl-preset' are both set".formatted(path, path),
					"Remove one of them.", path + ".ttl-preset", null);
		}
		Duration ttl = (values.ttlPreset() != null) ? values.ttlPreset().ttl() : values.ttl();
		CacheSettings result = set(settings, path + ".ttl", ttl, CacheSettings::withTtl);
		result = (ttl != null) ? withNullsNoLonger(result.withTtlPolicy(null)) : result;
		result = set(result, path + ".ttl-jitter", values.ttlJitter(), CacheSettings::withTtlJitter);
		result = set(result, path + ".null-ttl", values.nullTtl(), CacheSettings::withNullTtl);
		result = set(result, path + ".load-wait", values.loadWait(), CacheSettings::withLoadWait);
		result = set(result, path + ".lease", values.lease(), CacheSettings::withLease);
		result = set(result, path + ".load-lease-limit", values.loadLeaseLimit(), CacheSettings::withLoadLeaseLimit);
		result = set(result, path + ".coalesce", values.coalesce(), CacheSettings::withCoalesce);
		result = set(result, path + ".load-timeout", values.loadTimeout(), CacheSettings::withLoadTimeout);
		result = set(result, path + ".stale-if-error", values.staleIfError(), CacheSettings::withStaleIfError);
		result = set(result, path + ".stale-retry", values.staleRetry(), CacheSettings::withStaleRetry);
		result = set(result, path + ".refresh-ahead", values.refreshAhead(), CacheSettingsResolver::withRefreshAhead);
		result = set(result, path + ".compress-above", values.compressAbove(), CacheSettings::withCompressAbove);
		result = set(result, path + ".max-value-size", values.maxValueSize(), CacheSettings::withMaxValueSize);
		Near near = values.near();
		result = (near != null) ? apply(result, path + ".near", near) : result;
		return set(result, path + ".verify", values.verify(), CacheSettings::withVerify);
	}

	private static CacheSettings apply(CacheSettings settings, String path, Near values) {
		CacheSettings result = set(settings, path + ".mode", values.mode(), CacheSettingsResolver::withNearMode);
		result = set(result, path + ".max-entries", values.maxEntries(), near(NearSettings::withMaxEntries));
		result = set(result, path + ".max-size", values.maxSize(), near(NearSettings::withMaxSize));
		result = set(result, path + ".ttl", values.ttl(), near(NearSettings::withTtl));
		result = set(result, path + ".copy", values.copy(), near(NearSettings::withCopy));
		return set(result, path + ".serve-while-disconnected", values.serveWhileDisconnected(),
				near(NearSettings::withServeWhileDisconnected));
	}

	private static <T> BiFunction<CacheSettings, T, CacheSettings> near(
			BiFunction<NearSettings, T, NearSettings> change) {
		return (settings, value) -> settings.withNear(change.apply(settings.near(), value));
	}

	private static CacheSettings withNearMode(CacheSettings settings, String text) {
		NearSettings.Mode mode = switch (text.strip().toLowerCase(Locale.ROOT)) {
			case "none" -> NearSettings.Mode.NONE;
			case "validate" -> NearSettings.Mode.VALIDATE;
			case "track" -> NearSettings.Mode.TRACK;
			default -> throw new IllegalArgumentException(
					"'near.mode' cannot be '%s': set it to none, validate or track".formatted(text));
		};
		return settings.withNear(settings.near().withMode(mode));
	}

	private static CacheSettings withRefreshAhead(CacheSettings settings, String text) {
		if (text.strip().equalsIgnoreCase("auto")) {
			return settings.withRefreshAheadAuto(true);
		}
		Duration time;
		try {
			time = DurationStyle.detectAndParse(text.strip());
		}
		catch (IllegalArgumentException ex) {
			throw new IllegalArgumentException(
					"'refresh-ahead' cannot be '%s': set it to auto, or to a duration such as 1m, or 0 for never"
						.formatted(text),
					ex);
		}
		return settings.withRefreshAhead(time).withRefreshAheadAuto(false);
	}

	/** Who sets a shorter time to live for values means nulls, too. */
	private static CacheSettings withNullsNoLonger(CacheSettings settings) {
		boolean longer = !settings.ttl().isZero() && settings.nullTtl().compareTo(settings.ttl()) > 0;
		return longer ? settings.withNullTtl(settings.ttl()) : settings;
	}

	private static <T> CacheSettings set(CacheSettings settings, String property, @Nullable T value,
			BiFunction<CacheSettings, T, CacheSettings> change) {
		if (value == null) {
			return settings;
		}
		try {
			return change.apply(settings, value);
		}
		catch (IllegalArgumentException ex) {
			throw CacheConfigurationException.wrongValue(property, ex);
		}
	}

	private RedisCacheManagerBuilder customizedBuilder(RedisCacheConfiguration given) {
		RedisCacheManagerBuilder scratch = RedisCacheManager.builder(ScratchWriter.INSTANCE)
			.cacheDefaults(given)
			.initialCacheNames(new LinkedHashSet<>(this.springProperties.getCacheNames()));
		this.customizers.forEach((customizer) -> customizer.customize(scratch));
		return scratch;
	}

	private static Level ofOneCache(String name, RedisCacheConfiguration own, Level defaults) {
		String owner = "The configuration of cache '" + name + "' that a customizer sets";
		StatedConfiguration stated = StatedConfiguration.of(own, owner);
		if (!stated.keyPrefix().isEmpty() && !stated.keyPrefix().equals(defaults.keyPrefix())) {
			throw new CacheConfigurationException(
					owner + " has the key prefix '" + stated.keyPrefix() + "', but all caches of a manager share one",
					"Remove it there, and set '" + CacheStarterProperties.PREFIX + ".key-prefix'.");
		}
		return defaults.with(stated, CUSTOMIZER_BEAN);
	}

	/**
	 * Only the built manager tells whether it makes caches at run time, and only one of
	 * its caches tells its writer.
	 */
	private static boolean allowsRuntimeCaches(RedisCacheManagerBuilder scratch, RedisCacheConfiguration given) {
		String probe = "probe";
		RedisCacheManager manager = scratch.withCacheConfiguration(probe, given).build();
		manager.initializeCaches();
		org.springframework.cache.Cache cache = manager.getCache(probe);
		if (cache == null || cache.getNativeCache() != ScratchWriter.INSTANCE) {
			throw new CacheConfigurationException(
					"A RedisCacheManagerBuilderCustomizer sets a cache writer, but this cache has its own",
					"Remove 'cacheWriter(..)'; what a locking writer is for, one load per key, this cache does anyway.");
		}
		return manager.isAllowRuntimeCacheCreation();
	}

	private static Map<String, CacheSettings> settings(Map<String, Level> caches) {
		Map<String, CacheSettings> settings = new LinkedHashMap<>();
		caches.forEach((name, level) -> settings.put(name, level.settings()));
		return Collections.unmodifiableMap(settings);
	}

	/** A function of Spring Data's is not asked for nulls. */
	private static TtlPolicy policy(TtlFunction function) {
		return (cacheName, key, value) -> (value != null) ? function.getTimeToLive(key, value) : null;
	}

	/**
	 * What holds for a cache as far as the levels have been gone through.
	 *
	 * @param settings the settings
	 * @param keyPrefix what every key begins with
	 * @param origins where the settings come from, by name; what is absent is built in
	 * @param functionOrigin where the function comes from
	 */
	private record Level(CacheSettings settings, String keyPrefix, Map<String, String> origins, String functionOrigin) {

		Level with(StatedConfiguration stated, String owner) {
			CacheSettings result = this.settings;
			Map<String, String> origin = new LinkedHashMap<>(this.origins);
			if (stated.ttl() != null) {
				result = withNullsNoLonger(result.withTtl(stated.ttl()).withTtlPolicy(null));
				origin.put("ttl", owner);
			}
			else if (stated.ttlFunction() != null) {
				result = result.withTtlPolicy(policy(stated.ttlFunction()));
			}
			if (stated.withoutNulls()) {
				result = result.withNullTtl(Duration.ZERO);
			}
			if (!result.nullTtl().equals(this.settings.nullTtl())) {
				origin.put("null-ttl", owner);
			}
			if (stated.valueSerializer() != null) {
				result = result.withValueSerializer(stated.valueSerializer());
				origin.put("value-serializer", owner);
			}
			return new Level(result, stated.keyPrefix().isEmpty() ? this.keyPrefix : stated.keyPrefix(), origin,
					(stated.ttlFunction() != null) ? owner : this.functionOrigin);
		}

		RedisCacheConfiguration toRedisCacheConfiguration() {
			RedisCacheConfiguration configuration = RedisCacheConfiguration.defaultCacheConfig()
				.entryTtl(this.settings.ttl())
				.prefixCacheNameWith(this.keyPrefix);
			return this.settings.nullTtl().isZero() ? configuration.disableCachingNullValues() : configuration;
		}

	}

	/**
	 * Stands in for a cache writer where one is needed but never used.
	 */
	private static final class ScratchWriter {

		static final RedisCacheWriter INSTANCE = (RedisCacheWriter) Proxy.newProxyInstance(
				RedisCacheWriter.class.getClassLoader(), new Class<?>[] { RedisCacheWriter.class },
				(proxy, method, arguments) -> switch (method.getName()) {
					case "withStatisticsCollector" -> proxy;
					case "hashCode" -> System.identityHashCode(proxy);
					case "equals" -> proxy == arguments[0];
					case "toString" -> "scratch writer";
					default -> throw new UnsupportedOperationException(method.getName());
				});

	}

}
