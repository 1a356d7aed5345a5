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

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.Set;

import dev.cachestarter.CacheSettings;
import dev.cachestarter.NearSettings;
import dev.cachestarter.TtlPolicy;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import org.springframework.boot.cache.autoconfigure.CacheProperties;
import org.springframework.boot.cache.autoconfigure.RedisCacheManagerBuilderCustomizer;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;
import org.springframework.core.ParameterizedTypeReference;
import org.springframework.data.redis.cache.CacheStatisticsCollector;
import org.springframework.data.redis.cache.RedisCacheConfiguration;
import org.springframework.data.redis.cache.RedisCacheWriter;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import org.springframework.data.redis.serializer.JdkSerializationRedisSerializer;
import org.springframework.data.redis.serializer.RedisSerializationContext.SerializationPair;
import org.springframework.data.redis.serializer.RedisSerializer;
import org.springframework.data.redis.serializer.StringRedisSerializer;
import org.springframework.util.unit.DataSize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

class CacheSettingsResolverTests {

	private final MapConfigurationPropertySource properties = new MapConfigurationPropertySource();

	private final List<RedisCacheManagerBuilderCustomizer> customizers = new ArrayList<>();

	private @Nullable RedisCacheConfiguration configuration;

	private @Nullable TtlPolicy ttlPolicy;

	@Test
	void nullsLiveNoLongerThanValuesUnlessThatIsStatedForTheCache() {
		set("cache-starter.defaults.null-ttl", "20s");
		set("cache-starter.caches.[short].ttl", "1s");
		set("cache-starter.caches.[stated].ttl", "1s");
		set("cache-starter.caches.[stated].null-ttl", "5s");
		set("cache-starter.caches.[long].ttl", "1h");
		set("cache-starter.caches.[endless].ttl", "0");

		EffectiveCacheSettings settings = resolve();

		assertThat(settings.caches().get("short").nullTtl()).isEqualTo(Duration.ofSeconds(1));
		assertThat(settings.caches().get("stated").nullTtl()).isEqualTo(Duration.ofSeconds(5));
		assertThat(settings.caches().get("long").nullTtl()).isEqualTo(Duration.ofSeconds(20));
		assertThat(settings.caches().get("endless").nullTtl()).isEqualTo(Duration.ofSeconds(20));
		assertThat(CacheSettings.defaults().withTtl(Duration.ofSeconds(1)).nullTtl()).isEqualTo(Duration.ofSeconds(1));
		assertThat(CacheSettings.defaults().withNullTtl(Duration.ofSeconds(9)).withTtl(Duration.ofSeconds(1)).nullTtl())
			.isEqualTo(Duration.ofSeconds(9));
	}

	@Test
	void builtInSettingsHoldWhereNothingIsConfigured() {
		EffectiveCacheSettings settings = resolve();

		assertThat(settings.keyPrefix()).isEmpty();
		assertThat(settings.defaults()).isSameAs(CacheSettings.defaults());
		assertThat(settings.caches()).isEmpty();
		assertThat(settings.runtimeCaches()).isTrue();
		assertThat(settings.ttlPolicy()).isNull();
		assertThat(settings.commandTimeout()).isNull();
		assertThat(settings.connectTimeout()).isNull();
	}

	@Test
	void everyDefaultCanBeSet() {
		set("cache-starter.defaults.ttl", "1h");
		set("cache-starter.defaults.ttl-jitter", "0.2");
		set("cache-starter.defaults.null-ttl", "0");
		set("cache-starter.defaults.load-wait", "3s");
		set("cache-starter.defaults.lease", "1s");
		set("cache-starter.defaults.load-lease-limit", "20s");
		set("cache-starter.defaults.coalesce", "local");
		set("cache-starter.defaults.load-timeout", "21s");
		set("cache-starter.defaults.stale-if-error", "22s");
		set("cache-starter.defaults.stale-retry", "23s");
		set("cache-starter.defaults.refresh-ahead", "24s");
		set("cache-starter.defaults.compress-above", "0");
		set("cache-starter.defaults.max-value-size", "5MB");
		set("cache-starter.defaults.verify", "0.25");
		set("cache-starter.defaults.near.mode", "track");
		set("cache-starter.defaults.near.max-entries", "26");
		set("cache-starter.defaults.near.max-size", "27MB");
		set("cache-starter.defaults.near.ttl", "28s");
		set("cache-starter.defaults.near.copy", "true");
		set("cache-starter.defaults.near.serve-while-disconnected", "29s");

		CacheSettings defaults = resolve().defaults();

		assertThat(defaults.ttl()).isEqualTo(Duration.ofHours(1));
		assertThat(defaults.ttlJitter()).isEqualTo(0.2);
		assertThat(defaults.nullTtl()).isZero();
		assertThat(defaults.loadWait()).isEqualTo(Duration.ofSeconds(3));
		assertThat(defaults.lease()).isEqualTo(Duration.ofSeconds(1));
		assertThat(defaults.loadLeaseLimit()).isEqualTo(Duration.ofSeconds(20));
		assertThat(defaults.coalesce()).isEqualTo(CacheSettings.Coalesce.LOCAL);
		assertThat(defaults.loadTimeout()).isEqualTo(Duration.ofSeconds(21));
		assertThat(defaults.staleIfError()).isEqualTo(Duration.ofSeconds(22));
		assertThat(defaults.staleRetry()).isEqualTo(Duration.ofSeconds(23));
		assertThat(defaults.refreshAhead()).isEqualTo(Duration.ofSeconds(24));
		assertThat(defaults.compressAbove()).isEqualTo(DataSize.ofBytes(0));
		assertThat(defaults.maxValueSize()).isEqualTo(DataSize.ofMegabytes(5));
		assertThat(defaults.verify()).isEqualTo(0.25);
		assertThat(defaults.near()).isEqualTo(NearSettings.defaults()
			.withMode(NearSettings.Mode.TRACK)
			.withMaxEntries(26)
			.withMaxSize(DataSize.ofMegabytes(27))
			.withTtl(Duration.ofSeconds(28))
			.withCopy(true)
			.withServeWhileDisconnected(Duration.ofSeconds(29)));
	}

	@Test
	void eachSettingOfTheNearCacheIsTakenFromWhereItIsStated() {
		set("cache-starter.defaults.near.max-entries", "100");
		set("cache-starter.caches.[a:*].near.mode", " VALIDATE ");
		set("cache-starter.caches.[a:*].near.max-size", "1MB");
		set("cache-starter.caches.[a:b].near.max-size", "2MB");
		set("cache-starter.caches.[a:c].near.mode", "none");

		EffectiveCacheSettings settings = resolve();

		NearSettings ofPattern = NearSettings.defaults()
			.withMode(NearSettings.Mode.VALIDATE)
			.withMaxEntries(100)
			.withMaxSize(DataSize.ofMegabytes(1));
		assertThat(settings.defaults().near()).isEqualTo(NearSettings.defaults().withMaxEntries(100));
		assertThat(settings.ofName().apply("a:x").near()).isEqualTo(ofPattern);
		assertThat(cache(settings, "a:b").near()).isEqualTo(ofPattern.withMaxSize(DataSize.ofMegabytes(2)));
		assertThat(cache(settings, "a:c").near()).isEqualTo(ofPattern.withMode(NearSettings.Mode.NONE));
		assertThat(settings.origins().of("a:b")).containsEntry("near.mode", "cache-starter.caches.[a:*].near.mode")
			.containsEntry("near.max-size", "cache-starter.caches.[a:b].near.max-size")
			.containsEntry("near.max-entries", "cache-starter.defaults.near.max-entries")
			.doesNotContainKey("near.ttl");
	}

	@Test
	void aModeOfTheNearCacheThatDoesNotExistIsRefusedWithThoseThatDo() {
		set("cache-starter.caches.tools.near.mode", "follow");

		assertThatExceptionOfType(CacheConfigurationException.class).isThrownBy(this::resolve)
			.withMessage(
					"'cache-starter.caches.tools.near.mode' cannot be 'follow'. Set it to none, validate or track.");
	}

	@Test
	void refreshAheadIsADurationOrAutomaticAndEachReplacesTheOther() {
		set("cache-starter.defaults.refresh-ahead", "auto");
		set("cache-starter.caches.[a:*].refresh-ahead", "24s");
		set("cache-starter.caches.[a:b*].refresh-ahead", " AUTO ");
		set("cache-starter.caches.[a:bc].ttl", "5m");
		set("cache-starter.caches.[a:bd].refresh-ahead", "0");

		EffectiveCacheSettings settings = resolve();

		assertThat(settings.defaults().refreshAheadAuto()).isTrue();
		assertThat(settings.ofName().apply("a:x").refreshAheadAuto()).isFalse();
		assertThat(settings.ofName().apply("a:x").refreshAhead()).hasSeconds(24);
		assertThat(cache(settings, "a:bc").refreshAheadAuto()).isTrue();
		assertThat(cache(settings, "a:bd").refreshAheadAuto()).isFalse();
		assertThat(cache(settings, "a:bd").refreshAhead()).isZero();
	}

	@Test
	void aCacheStartsFromTheDefaultsAndChangesWhatItStates() {
		set("cache-starter.defaults.ttl-jitter", "0.3");
		set("cache-starter.defaults.null-ttl", "1s");
		set("cache-starter.caches.[agents:list].ttl", "5m");
		set("cache-starter.caches.[agents:list].ttl-jitter", "0");

		CacheSettings settings = cache(resolve(), "agents:list");

		assertThat(settings.ttl()).isEqualTo(Duration.ofMinutes(5));
		assertThat(settings.ttlJitter()).isZero();
		assertThat(settings.nullTtl()).isEqualTo(Duration.ofSeconds(1));
	}

	@ParameterizedTest
	@CsvSource({ "static, PT1H", "frequent, PT5M", "realtime, PT30S", "standard, PT10M" })
	void aPresetIsATtl(String preset, Duration ttl) {
		set("cache-starter.defaults.ttl", "7s");
		set("cache-starter.caches.tools.ttl-preset", preset);

		assertThat(cache(resolve(), "tools").ttl()).isEqualTo(ttl);
	}

	@Test
	void aPresetOfTheDefaultsGivesWayToTheTtlOfACache() {
		set("cache-starter.defaults.ttl-preset", "static");
		set("cache-starter.caches.tools.ttl", "0");

		EffectiveCacheSettings settings = resolve();

		assertThat(settings.defaults().ttl()).isEqualTo(Duration.ofHours(1));
		assertThat(cache(settings, "tools").ttl()).isZero();
	}

	@Test
	void theTypeOfACacheMayBeGeneric() {
		set("cache-starter.caches.[agents:list].type", "java.util.List<java.lang.Long>");

		CacheSettings settings = cache(resolve(), "agents:list");

		assertThat(settings.type()).isEqualTo(new ParameterizedTypeReference<List<Long>>() {
		}.getType());
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', textBlock = """
			cache-starter.defaults.ttl                         | -1s
			cache-starter.defaults.null-ttl                    | -1s
			cache-starter.defaults.lease                       | 10ms
			cache-starter.defaults.load-lease-limit            | 0
			cache-starter.caches.agents.load-wait              | -5s
			cache-starter.caches.[agents:list].ttl-jitter      | 1.0
			cache-starter.caches.[agents:list].compress-above  | -1KB
			cache-starter.caches.[agents:list].max-value-size  | 1GB
			cache-starter.caches.[agents:list].type            | com.acme.Missing
			cache-starter.caches.[agents:list].refresh-ahead   | soon
			cache-starter.caches.agents.refresh-ahead          | -5s
			cache-starter.defaults.near.mode                   | always
			cache-starter.caches.agents.near.max-entries       | 0
			cache-starter.caches.agents.near.max-size          | 0
			cache-starter.caches.[agents:list].near.ttl        | -1s
			cache-starter.caches.agents.near.serve-while-disconnected | -1s
			cache-starter.connection.command-timeout           | 0
			cache-starter.connection.connect-timeout           | -1s
			spring.cache.redis.time-to-live                    | -1s
			spring.cache.redis.use-key-prefix                  | false
			""")
	void aWrongValueIsRefusedWithItsPropertyAndACure(String property, String value) {
		set(property, value);

		assertThatExceptionOfType(CacheConfigurationException.class).isThrownBy(this::resolve).satisfies((ex) -> {
			assertThat(ex.property()).isEqualTo(property);
			assertThat(ex.problem()).startsWith("'" + property + "' ").doesNotEndWith(".");
			assertThat(ex.cure()).containsAnyOf("Set it to ", "Remove ").endsWith(".");
		});
	}

	@ParameterizedTest
	@CsvSource({ "cache-starter.defaults", "cache-starter.caches.[agents:list]", "cache-starter.caches.agents" })
	void aTtlTogetherWithAPresetIsRefused(String path) {
		set(path + ".ttl", "5m");
		set(path + ".ttl-preset", "static");

		assertThatExceptionOfType(CacheConfigurationException.class).isThrownBy(this::resolve)
			.withMessage("'%s.ttl' and '%s.ttl-preset' are both set. Remove one of them.", path, path);
	}

	@Test
	void springCachePropertiesAreHonoured() {
		set("spring.cache.redis.time-to-live", "42s");
		set("spring.cache.redis.cache-null-values", "false");
		set("spring.cache.redis.key-prefix", "shop:");
		set("spring.cache.redis.enable-statistics", "true");
		set("spring.cache.cache-names", "agents:list,tools");

		EffectiveCacheSettings settings = resolve();

		assertThat(settings.defaults().ttl()).isEqualTo(Duration.ofSeconds(42));
		assertThat(settings.defaults().nullTtl()).isZero();
		assertThat(settings.keyPrefix()).isEqualTo("shop:");
		assertThat(settings.caches()).containsOnlyKeys("agents:list", "tools")
			.containsEntry("tools", settings.defaults());
		assertThat(settings.declaredNames()).containsExactly("agents:list", "tools");
		assertThat(settings.runtimeCaches()).isTrue();
	}

	@Test
	void ownDefaultsGoBeforeSpringCacheProperties() {
		set("spring.cache.redis.time-to-live", "42s");
		set("spring.cache.redis.cache-null-values", "false");
		set("spring.cache.redis.key-prefix", "spring:");
		set("cache-starter.defaults.ttl", "43s");
		set("cache-starter.defaults.null-ttl", "9s");
		set("cache-starter.key-prefix", "starter:");

		EffectiveCacheSettings settings = resolve();

		assertThat(settings.defaults().ttl()).isEqualTo(Duration.ofSeconds(43));
		assertThat(settings.defaults().nullTtl()).isEqualTo(Duration.ofSeconds(9));
		assertThat(settings.keyPrefix()).isEqualTo("starter:");
	}

	@Test
	void aConfigurationBeanGoesBeforeTheDefaults() {
		set("cache-starter.defaults.ttl", "43s");
		set("cache-starter.key-prefix", "starter:");
		this.configuration = RedisCacheConfiguration.defaultCacheConfig()
			.entryTtl(Duration.ofSeconds(44))
			.disableCachingNullValues()
			.prefixCacheNameWith("bean:");

		EffectiveCacheSettings settings = resolve();

		assertThat(settings.defaults().ttl()).isEqualTo(Duration.ofSeconds(44));
		assertThat(settings.defaults().nullTtl()).isZero();
		assertThat(settings.keyPrefix()).isEqualTo("bean:");
	}

	@Test
	void whatAConfigurationBeanDoesNotStateIsLeft() {
		set("cache-starter.defaults.ttl", "43s");
		set("cache-starter.defaults.null-ttl", "9s");
		set("cache-starter.key-prefix", "starter:");
		this.configuration = RedisCacheConfiguration.defaultCacheConfig();

		EffectiveCacheSettings settings = resolve();

		assertThat(settings.defaults().ttl()).isEqualTo(Duration.ofSeconds(43));
		assertThat(settings.defaults().nullTtl()).isEqualTo(Duration.ofSeconds(9));
		assertThat(settings.defaults().valueSerializer()).isNull();
		assertThat(settings.keyPrefix()).isEqualTo("starter:");
	}

	@Test
	void anExplicitValueSerializerIsHonoured() {
		SerializationPair<String> text = SerializationPair.fromSerializer(RedisSerializer.string());
		SerializationPair<Long> numbers = SerializationPair.fromSerializer(new NumbersOnly());
		this.configuration = RedisCacheConfiguration.defaultCacheConfig().serializeValuesWith(text);
		this.customizers.add((builder) -> builder.withCacheConfiguration("numbers",
				RedisCacheConfiguration.defaultCacheConfig().serializeValuesWith(numbers)));

		EffectiveCacheSettings settings = resolve();

		assertThat(settings.defaults().valueSerializer()).isSameAs(text);
		assertThat(cache(settings, "numbers").valueSerializer()).isSameAs(numbers);
	}

	@Test
	void theJdkSerializerIsNeverHonoured() {
		this.configuration = RedisCacheConfiguration.defaultCacheConfig()
			.serializeValuesWith(SerializationPair.fromSerializer(new JdkSerializationRedisSerializer()));

		assertThat(resolve().defaults().valueSerializer()).isNull();
	}

	@Test
	void aCustomizerGoesBeforeTheConfigurationBean() {
		this.configuration = RedisCacheConfiguration.defaultCacheConfig().entryTtl(Duration.ofSeconds(44));
		this.customizers
			.add((builder) -> builder.cacheDefaults(builder.cacheDefaults().entryTtl(Duration.ofSeconds(45)))
				.withCacheConfiguration("agents",
						RedisCacheConfiguration.defaultCacheConfig().entryTtl(Duration.ofSeconds(46)))
				.initialCacheNames(Set.of("tools")));

		EffectiveCacheSettings settings = resolve();

		assertThat(settings.defaults().ttl()).isEqualTo(Duration.ofSeconds(45));
		assertThat(cache(settings, "agents").ttl()).isEqualTo(Duration.ofSeconds(46));
		assertThat(cache(settings, "tools").ttl()).isEqualTo(Duration.ofSeconds(45));
		assertThat(settings.declaredNames()).containsExactlyInAnyOrder("agents", "tools");
	}

	@Test
	void aCustomizerFindsWhatIsConfigured() {
		set("cache-starter.defaults.ttl", "43s");
		set("cache-starter.key-prefix", "shop:");
		set("spring.cache.cache-names", "tools");
		List<Object> seen = new ArrayList<>();
		this.customizers.add((builder) -> {
			seen.add(builder.cacheDefaults().getTtlFunction().getTimeToLive("key", "value"));
			seen.add(builder.cacheDefaults().getKeyPrefixFor("agents"));
			seen.add(Set.copyOf(builder.getConfiguredCaches()));
		});

		resolve();

		assertThat(seen).containsExactly(Duration.ofSeconds(43), "shop:agents::", Set.of("tools"));
	}

	@Test
	void aCacheThatIsOnlyNamedFollowsTheDefaultsThatACustomizerSetsLater() {
		set("spring.cache.cache-names", "tools");
		this.customizers
			.add((builder) -> builder.cacheDefaults(builder.cacheDefaults().entryTtl(Duration.ofSeconds(45))));

		assertThat(cache(resolve(), "tools").ttl()).isEqualTo(Duration.ofSeconds(45));
	}

	@Test
	void settingsOfACacheGoBeforeACustomizer() {
		set("cache-starter.caches.agents.ttl", "47s");
		this.customizers.add((builder) -> builder.withCacheConfiguration("agents",
				RedisCacheConfiguration.defaultCacheConfig()
					.entryTtl(Duration.ofSeconds(46))
					.disableCachingNullValues()));

		CacheSettings settings = cache(resolve(), "agents");

		assertThat(settings.ttl()).isEqualTo(Duration.ofSeconds(47));
		assertThat(settings.nullTtl()).isZero();
	}

	@Test
	void aCustomizerMayDisableCachesAtRunTime() {
		this.customizers.add((builder) -> builder.disableCreateOnMissingCache().transactionAware().enableStatistics());

		assertThat(resolve().runtimeCaches()).isFalse();
	}

	@Test
	void aTtlFunctionDecidesByValue() {
		this.configuration = RedisCacheConfiguration.defaultCacheConfig()
			.entryTtl((key, value) -> value.equals("past") ? Duration.ofSeconds(-1)
					: value.equals("now") ? Duration.ofNanos(1) : Duration.ofSeconds(value.toString().length()));

		EffectiveCacheSettings settings = resolve();

		assertThat(ttl(settings, "agents", "four")).isEqualTo(Duration.ofSeconds(4));
		assertThat(ttl(settings, "agents", "")).as("no expiry, as in Spring Data").isZero();
		assertThat(ttl(settings, "agents", "past")).as("left to the settings").isNegative();
		assertThat(ttl(settings, "agents", "now")).as("the shortest there is").isPositive();
		assertThat(ttl(settings, "agents", null)).as("nulls have a TTL of their own").isNull();
	}

	@Test
	void aStatedTtlGoesBeforeATtlFunctionOfALowerLevel() {
		set("cache-starter.caches.agents.ttl", "47s");
		set("cache-starter.caches.presets.ttl-preset", "static");
		set("cache-starter.caches.tools.ttl-jitter", "0");
		set("cache-starter.caches.[groups:*].ttl", "48s");
		this.configuration = RedisCacheConfiguration.defaultCacheConfig()
			.entryTtl((key, value) -> Duration.ofSeconds(1));
		this.customizers.add((builder) -> builder.withCacheConfiguration("servers",
				RedisCacheConfiguration.defaultCacheConfig().entryTtl(Duration.ofSeconds(46))));

		EffectiveCacheSettings settings = resolve();

		assertThat(ttl(settings, "agents", "value")).isNull();
		assertThat(ttl(settings, "presets", "value")).isNull();
		assertThat(ttl(settings, "servers", "value")).isNull();
		assertThat(ttl(settings, "groups:any", "value")).isNull();
		assertThat(ttl(settings, "tools", "value")).isEqualTo(Duration.ofSeconds(1));
	}

	@Test
	void aTtlPolicyStandsBesideATtlFunction() {
		this.ttlPolicy = (cacheName, key, value) -> null;
		this.configuration = RedisCacheConfiguration.defaultCacheConfig()
			.entryTtl((key, value) -> Duration.ofSeconds(1));

		EffectiveCacheSettings settings = resolve();

		assertThat(settings.ttlPolicy()).isSameAs(this.ttlPolicy);
		assertThat(ttl(settings, "tools", "value")).isEqualTo(Duration.ofSeconds(1));
	}

	@Test
	void aPatternIsForEveryCacheThatFitsIt() {
		set("cache-starter.defaults.ttl-jitter", "0.3");
		set("cache-starter.caches.[servers:*].ttl", "5m");
		set("cache-starter.caches.[servers:tools].ttl-jitter", "0.1");
		this.customizers.add((builder) -> builder.initialCacheNames(Set.of("servers:list", "agents")));

		EffectiveCacheSettings settings = resolve();

		assertThat(settings.caches()).as("a pattern is no cache")
			.containsOnlyKeys("servers:list", "agents", "servers:tools");
		assertThat(settings.ofName().apply("servers:at-run-time").ttl()).hasMinutes(5);
		assertThat(cache(settings, "servers:list").ttl()).hasMinutes(5);
		assertThat(cache(settings, "servers:list").ttlJitter()).isEqualTo(0.3);
		assertThat(cache(settings, "servers:tools").ttl()).hasMinutes(5);
		assertThat(cache(settings, "servers:tools").ttlJitter()).isEqualTo(0.1);
		assertThat(cache(settings, "agents").ttl()).hasMinutes(10);
		assertThat(settings.ofName().apply("servers").ttl()).hasMinutes(10);
		assertThat(settings.ofName().apply("").ttl()).hasMinutes(10);
	}

	@Test
	void theLongestPatternGoesBeforeShorterOnesAndANameBeforeAll() {
		set("cache-starter.caches.[servers:list].verify", "0.5");
		set("cache-starter.caches.[servers:*].ttl", "5m");
		set("cache-starter.caches.[servers:*].verify", "0.4");
		set("cache-starter.caches.[servers:*].stale-if-error", "7m");
		set("cache-starter.caches.[s*].ttl", "6m");
		set("cache-starter.caches.[s*].lease", "3s");
		set("cache-starter.caches.[s*].stale-if-error", "8m");
		set("cache-starter.caches.[*].ttl", "7m");
		set("cache-starter.caches.[*].load-wait", "4s");

		CacheSettings list = resolve().ofName().apply("servers:list");

		assertThat(list.ttl()).hasMinutes(5);
		assertThat(list.verify()).isEqualTo(0.5);
		assertThat(list.staleIfError()).hasMinutes(7);
		assertThat(list.lease()).hasSeconds(3);
		assertThat(list.loadWait()).hasSeconds(4);
		assertThat(resolve().ofName().apply("sessions").ttl()).hasMinutes(6);
		assertThat(resolve().ofName().apply("agents").ttl()).hasMinutes(7);
	}

	@ParameterizedTest
	@CsvSource({ "a*d, ab*, abcd", "a*, *a, a", "*b*, *a*, ab", "'a*b*d', 'a*c*d', abcd" })
	void ofTwoPatternsOfOneLengthThatFitTheOneThatBeginsWithMoreGoesFirst(String one, String other, String name) {
		for (boolean swapped : new boolean[] { false, true }) {
			set("cache-starter.caches.[" + (swapped ? other : one) + "].ttl", swapped ? "2m" : "1m");
			set("cache-starter.caches.[" + (swapped ? one : other) + "].ttl", swapped ? "1m" : "2m");

			boolean otherFirst = other.indexOf('*') > one.indexOf('*')
					|| (other.indexOf('*') == one.indexOf('*') && other.compareTo(one) < 0);

			assertThat(resolve().ofName().apply(name).ttl()).hasMinutes(otherFirst ? 2 : 1);
		}
	}

	@Test
	void ttlAndPresetOfOneLevelReplaceThoseOfWeakerOnes() {
		set("cache-starter.caches.[servers:*].ttl-preset", "static");
		set("cache-starter.caches.[servers:health].ttl", "20s");
		set("cache-starter.caches.[*].ttl", "3m");
		set("cache-starter.caches.[tools].ttl-preset", "realtime");

		EffectiveCacheSettings settings = resolve();

		assertThat(settings.ofName().apply("servers:list").ttl()).hasHours(1);
		assertThat(settings.ofName().apply("servers:health").ttl()).hasSeconds(20);
		assertThat(settings.ofName().apply("servers:health").nullTtl()).as("no longer than values").hasSeconds(20);
		assertThat(settings.ofName().apply("tools").ttl()).hasSeconds(30);
		assertThat(settings.ofName().apply("agents").ttl()).hasMinutes(3);
	}

	@Test
	void ttlAndPresetOfOnePatternCannotBothBeSet() {
		set("cache-starter.caches.[servers:*].ttl", "5m");
		set("cache-starter.caches.[servers:*].ttl-preset", "static");

		assertRefused("'cache-starter.caches.[servers:*].ttl' and 'cache-starter.caches.[servers:*].ttl-preset'",
				"Remove one of them");
	}

	@Test
	void aWrongValueOfAPatternIsRefusedEvenIfItFitsNoCache() {
		set("cache-starter.caches.[nobody:*].ttl", "-5m");

		assertRefused("'cache-starter.caches.[nobody:*].ttl' cannot be", "Set it to");
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', textBlock = """
			servers:** | has two '*' in a row      | Write one
			serv?rs:*  | has a '?'                 | Write '*' in its place
			'a* '      | begins or ends with a blank | Remove the blank
			s\\:*       | has a '\\'                 | Write '*' in its place
			""")
	void aMalformedPatternIsRefusedWithTheCure(String pattern, String problem, String cure) {
		set("cache-starter.caches.[" + pattern + "].lease", "5s");

		assertRefused(problem, cure);
		assertRefused("'cache-starter.caches.[" + pattern + "]'", cure);
	}

	@Test
	void aPatternGoesBeforeACustomizer() {
		set("cache-starter.caches.[servers:*].ttl", "5m");
		this.customizers.add((builder) -> builder.withCacheConfiguration("servers:list",
				RedisCacheConfiguration.defaultCacheConfig()
					.entryTtl(Duration.ofSeconds(46))
					.disableCachingNullValues()));

		CacheSettings list = cache(resolve(), "servers:list");

		assertThat(list.ttl()).hasMinutes(5);
		assertThat(list.nullTtl()).isZero();
	}

	@Test
	void aCacheWhoseNameHasAStarFitsThePatternThatItIs() {
		set("cache-starter.caches.[a*b].ttl", "5m");
		this.customizers.add((builder) -> builder.initialCacheNames(Set.of("a*b", "a?b")));

		EffectiveCacheSettings settings = resolve();

		assertThat(cache(settings, "a*b").ttl()).hasMinutes(5);
		assertThat(cache(settings, "a?b").ttl()).hasMinutes(5);
		assertThat(settings.ofName().apply("a*").ttl()).hasMinutes(10);
	}

	@Test
	void itIsKnownWhichPatternASettingComesFrom() {
		set("cache-starter.defaults.lease", "3s");
		set("cache-starter.caches.[*].verify", "0.5");
		set("cache-starter.caches.[servers:*].ttl", "20s");
		set("cache-starter.caches.[servers:list].load-wait", "1s");

		Map<String, String> origins = resolve().origins().of("servers:list");

		assertThat(origins).containsOnly(Map.entry("lease", "cache-starter.defaults.lease"),
				Map.entry("verify", "cache-starter.caches.[*].verify"),
				Map.entry("ttl", "cache-starter.caches.[servers:*].ttl"),
				Map.entry("null-ttl", "cache-starter.caches.[servers:*].ttl"),
				Map.entry("load-wait", "cache-starter.caches.[servers:list].load-wait"));
		assertThat(resolve().origins().of("made-at-run-time")).containsEntry("verify",
				"cache-starter.caches.[*].verify");
	}

	@Test
	void aPrefixThatEndsInOneColonIsHonoured() {
		this.configuration = RedisCacheConfiguration.defaultCacheConfig()
			.computePrefixWith((cacheName) -> "shop:" + cacheName + ":");

		assertThat(resolve().keyPrefix()).isEqualTo("shop:");
	}

	@Test
	void timeToIdleIsRefused() {
		this.configuration = RedisCacheConfiguration.defaultCacheConfig().enableTimeToIdle();

		assertRefused("The RedisCacheConfiguration bean enables time-to-idle", "Remove 'enableTimeToIdle()'");
	}

	@Test
	void aDisabledKeyPrefixIsRefused() {
		this.customizers.add((builder) -> builder.withCacheConfiguration("agents",
				RedisCacheConfiguration.defaultCacheConfig().disableKeyPrefix()));

		assertRefused("The configuration of cache 'agents' that a customizer sets disables the key prefix",
				"Remove 'disableKeyPrefix()'");
	}

	@Test
	void aComputedKeyPrefixThatIsNoPrefixIsRefused() {
		this.configuration = RedisCacheConfiguration.defaultCacheConfig()
			.computePrefixWith((cacheName) -> cacheName + "/");

		assertRefused("computes key prefixes in its own way", "Remove 'computePrefixWith(..)'");
	}

	@Test
	void aKeyPrefixForOneCacheAloneIsRefused() {
		this.customizers.add((builder) -> builder.withCacheConfiguration("agents",
				RedisCacheConfiguration.defaultCacheConfig().prefixCacheNameWith("other:")));

		assertRefused("has the key prefix 'other:', but all caches of a manager share one",
				"set 'cache-starter.key-prefix'");
	}

	@Test
	void aKeySerializerThatChangesKeysIsRefused() {
		this.customizers.add((builder) -> builder.cacheDefaults(builder.cacheDefaults()
			.serializeKeysWith(SerializationPair.fromSerializer(new StringRedisSerializer(StandardCharsets.UTF_16)))));

		assertRefused("The default configuration that a customizer sets has a key serializer",
				"Remove 'serializeKeysWith(..)'");
	}

	@Test
	void aCacheWriterIsRefused() {
		LettuceConnectionFactory connectionFactory = new LettuceConnectionFactory();
		this.customizers.add(
				(builder) -> builder
					.cacheWriter(RedisCacheWriter.lockingRedisCacheWriter(connectionFactory)
						.withStatisticsCollector(CacheStatisticsCollector.create()))
					.disableCreateOnMissingCache());

		assertRefused("A RedisCacheManagerBuilderCustomizer sets a cache writer", "Remove 'cacheWriter(..)'");
	}

	private void assertRefused(String problem, String cure) {
		assertThatExceptionOfType(CacheConfigurationException.class).isThrownBy(this::resolve).satisfies((ex) -> {
			assertThat(ex.problem()).contains(problem);
			assertThat(ex.cure()).contains(cure);
		});
	}

	private void set(String name, String value) {
		this.properties.put(name, value);
	}

	private EffectiveCacheSettings resolve() {
		Binder binder = new Binder(this.properties);
		return new CacheSettingsResolver(binder.bindOrCreate("cache-starter", CacheStarterProperties.class),
				binder.bindOrCreate("spring.cache", CacheProperties.class), this.configuration, this.customizers,
				this.ttlPolicy, getClass().getClassLoader())
			.resolve();
	}

	private static @Nullable Duration ttl(EffectiveCacheSettings settings, String cacheName, @Nullable Object value) {
		TtlPolicy policy = settings.ofName().apply(cacheName).ttlPolicy();
		return (policy != null) ? policy.ttl(cacheName, "1", value) : null;
	}

	private static CacheSettings cache(EffectiveCacheSettings settings, String name) {
		Map<String, CacheSettings> caches = settings.caches();
		assertThat(caches).containsKey(name);
		return Objects.requireNonNull(caches.get(name));
	}

	private static final class NumbersOnly implements RedisSerializer<Long> {

		@Override
		public byte[] serialize(@Nullable Long value) {
			return String.valueOf(value).getBytes(StandardCharsets.UTF_8);
		}

		@Override
		public Long deserialize(byte @Nullable [] bytes) {
			return Long.valueOf(new String(Objects.requireNonNull(bytes), StandardCharsets.UTF_8));
		}

	}

}
