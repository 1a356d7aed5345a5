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

package dev.cachestarter;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import org.springframework.data.redis.serializer.RedisSerializationContext.SerializationPair;
import org.springframework.data.redis.serializer.RedisSerializer;
import org.springframework.util.unit.DataSize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

/**
 * What settings of a cache can be, and how they are changed one by one.
 */
class CacheSettingsTests {

	private static final Duration HUNDRED_YEARS = Duration.ofDays(36_500);

	/** For each setting something that is not its default. */
	private static final Map<String, Object> VALUES = new LinkedHashMap<>();

	static {
		// Longer than nulls live.
		VALUES.put("ttl", Duration.ofSeconds(41));
		VALUES.put("ttlPolicy", (TtlPolicy) (cacheName, key, value) -> null);
		VALUES.put("ttlJitter", 0.33);
		VALUES.put("nullTtl", Duration.ofSeconds(12));
		VALUES.put("loadWait", Duration.ofSeconds(13));
		VALUES.put("lease", Duration.ofSeconds(14));
		VALUES.put("loadLeaseLimit", Duration.ofSeconds(15));
		VALUES.put("coalesce", CacheSettings.Coalesce.LOCAL);
		VALUES.put("loadTimeout", Duration.ofSeconds(16));
		VALUES.put("staleIfError", Duration.ofSeconds(17));
		VALUES.put("staleRetry", Duration.ofSeconds(18));
		VALUES.put("refreshAhead", Duration.ofSeconds(19));
		VALUES.put("refreshAheadAuto", true);
		VALUES.put("compressAbove", DataSize.ofKilobytes(20));
		VALUES.put("maxValueSize", DataSize.ofKilobytes(21));
		VALUES.put("near", NearSettings.defaults().withMode(NearSettings.Mode.VALIDATE));
		VALUES.put("verify", 0.25);
		VALUES.put("type", String.class);
		VALUES.put("valueSerializer", SerializationPair.fromSerializer(RedisSerializer.string()));
	}

	static Stream<String> settings() {
		return VALUES.keySet().stream();
	}

	@Test
	void allSettingsAreHere() {
		List<String> changes = Arrays.stream(CacheSettings.class.getMethods())
			.map(Method::getName)
			.filter((name) -> name.startsWith("with"))
			.map((name) -> Character.toLowerCase(name.charAt(4)) + name.substring(5))
			.toList();

		assertThat(VALUES.keySet()).containsExactlyInAnyOrderElementsOf(changes);
	}

	@ParameterizedTest
	@MethodSource("settings")
	void aChangeLeavesAllOthersAsTheyWere(String changed) throws Exception {
		CacheSettings before = CacheSettings.defaults();
		for (String other : VALUES.keySet()) {
			before = other.equals(changed) ? before : with(before, other);
		}

		CacheSettings after = with(before, changed);

		for (Map.Entry<String, Object> setting : VALUES.entrySet()) {
			assertThat(get(after, setting.getKey())).as(setting.getKey()).isEqualTo(setting.getValue());
		}
		assertThat(get(before, changed)).as("the settings that were changed")
			.isEqualTo(get(CacheSettings.defaults(), changed));
	}

	@Test
	void nullsLiveThirtySecondsOrAsLongAsValuesIfThatIsLess() {
		CacheSettings settings = CacheSettings.defaults();

		assertThat(settings.withTtl(Duration.ofHours(1)).nullTtl()).hasSeconds(30);
		assertThat(settings.withTtl(Duration.ofSeconds(1)).nullTtl()).hasSeconds(1);
		assertThat(settings.withTtl(Duration.ZERO).nullTtl()).as("values never expire").hasSeconds(30);
		assertThat(settings.withNullTtl(Duration.ofMinutes(1)).withTtl(Duration.ofSeconds(1)).nullTtl())
			.as("it is stated")
			.hasMinutes(1);
		assertThat(settings.withNullTtl(Duration.ZERO).nullTtl()).isZero();
	}

	@Test
	void noDurationIsTooLongForNanoseconds() {
		List<BiFunction<CacheSettings, Duration, CacheSettings>> setters = List.of(CacheSettings::withTtl,
				CacheSettings::withNullTtl, CacheSettings::withLoadWait, CacheSettings::withLoadLeaseLimit,
				CacheSettings::withLoadTimeout, CacheSettings::withStaleIfError, CacheSettings::withStaleRetry,
				CacheSettings::withRefreshAhead, CacheSettings::withLease);
		List<Function<CacheSettings, Duration>> getters = List.of(CacheSettings::ttl, CacheSettings::nullTtl,
				CacheSettings::loadWait, CacheSettings::loadLeaseLimit, CacheSettings::loadTimeout,
				CacheSettings::staleIfError, CacheSettings::staleRetry, CacheSettings::refreshAhead,
				CacheSettings::lease);

		for (int i = 0; i < setters.size(); i++) {
			CacheSettings settings = setters.get(i).apply(CacheSettings.defaults(), Duration.ofSeconds(Long.MAX_VALUE));

			assertThat(getters.get(i).apply(settings)).isEqualTo(HUNDRED_YEARS);
		}
	}

	static Stream<String> durations() {
		return VALUES.keySet().stream().filter((name) -> VALUES.get(name) instanceof Duration);
	}

	@ParameterizedTest
	@MethodSource("durations")
	void noTimeMayBeNegativeOrTooShortToCount(String name) {
		for (Duration refused : List.of(Duration.ofSeconds(-1), Duration.ofNanos(1))) {
			assertThatExceptionOfType(InvocationTargetException.class)
				.isThrownBy(() -> with(CacheSettings.defaults(), name, refused))
				.havingCause()
				.isInstanceOf(IllegalArgumentException.class)
				.withMessageContaining("set it to");
		}
	}

	@ParameterizedTest
	@MethodSource("durations")
	void zeroIsATimeWhereItMeansNever(String name) throws Exception {
		if (Set.of("lease", "loadLeaseLimit", "staleRetry").contains(name)) {
			assertThatExceptionOfType(InvocationTargetException.class)
				.isThrownBy(() -> with(CacheSettings.defaults(), name, Duration.ZERO));
			return;
		}

		assertThat(get(with(CacheSettings.defaults(), name, Duration.ZERO), name)).isEqualTo(Duration.ZERO);
	}

	@ParameterizedTest
	@MethodSource("durations")
	void aMillisecondIsATimeUnlessItIsTheLifeOfALease(String name) throws Exception {
		Duration shortest = name.equals("lease") ? Duration.ofMillis(100) : Duration.ofMillis(1);

		assertThat(get(with(CacheSettings.defaults(), name, shortest), name)).isEqualTo(shortest);
	}

	@Test
	void sharesAreFromNoneToAllAndTheJitterIsLessThanAll() {
		CacheSettings settings = CacheSettings.defaults();

		for (double share : new double[] { 0, 0.5, 1 }) {
			assertThat(settings.withVerify(share).verify()).isEqualTo(share);
		}
		for (double refused : new double[] { -0.001, 1.001, Double.NaN }) {
			assertThatIllegalArgumentException().isThrownBy(() -> settings.withVerify(refused))
				.withMessageContaining("verify")
				.withMessageContaining("from 0 to 1");
		}
		for (double share : new double[] { 0, 0.99 }) {
			assertThat(settings.withTtlJitter(share).ttlJitter()).isEqualTo(share);
		}
		for (double refused : new double[] { -0.001, 1, Double.NaN }) {
			assertThatIllegalArgumentException().isThrownBy(() -> settings.withTtlJitter(refused))
				.withMessageContaining("ttl-jitter");
		}
	}

	@Test
	void entriesAreAsLargeAsRedisTakesAtMost() {
		CacheSettings settings = CacheSettings.defaults();

		for (DataSize size : List.of(DataSize.ofBytes(1), DataSize.ofMegabytes(512))) {
			assertThat(settings.withMaxValueSize(size).maxValueSize()).isEqualTo(size);
		}
		for (DataSize refused : List.of(DataSize.ofBytes(-1), DataSize.ofBytes(0),
				DataSize.ofBytes(DataSize.ofMegabytes(512).toBytes() + 1))) {
			assertThatIllegalArgumentException().isThrownBy(() -> settings.withMaxValueSize(refused))
				.withMessageContaining("max-value-size")
				.withMessageContaining("512MB");
		}
		assertThat(settings.withCompressAbove(DataSize.ofBytes(0)).compressAbove()).isEqualTo(DataSize.ofBytes(0));
		assertThatIllegalArgumentException().isThrownBy(() -> settings.withCompressAbove(DataSize.ofBytes(-1)))
			.withMessageContaining("compress-above");
	}

	@Test
	void whatIsRefusedIsToldWithTheSettingItsValueAndTheCure() {
		CacheSettings settings = CacheSettings.defaults();

		assertThatIllegalArgumentException().isThrownBy(() -> settings.withTtl(Duration.ofSeconds(-90)))
			.withMessage("'ttl' cannot be -1m-30s: set it to 0, or a duration of at least 1ms such as 10m");
		assertThatIllegalArgumentException().isThrownBy(() -> settings.withStaleRetry(Duration.ZERO))
			.withMessage("'stale-retry' cannot be 0s: set it to a duration of at least 1ms such as 10m");
		assertThatIllegalArgumentException().isThrownBy(() -> settings.withLease(Duration.ofMillis(99)))
			.withMessageContaining("'lease' cannot be 0.099s: set it to at least 100ms");
	}

	@Test
	void settingsAreShownByHowLongEntriesLive() {
		assertThat(CacheSettings.defaults().withTtl(Duration.ofMinutes(10)).withTtlJitter(0.2))
			.hasToString("ttl=10m, ttl-jitter=0.2, null-ttl=30s");
		assertThat(CacheSettings.defaults().withTtl(Duration.ZERO).withNullTtl(Duration.ZERO))
			.hasToString("ttl=0s, ttl-jitter=0.1, null-ttl=0s");
	}

	private static CacheSettings with(CacheSettings settings, String name) throws Exception {
		return with(settings, name, VALUES.get(name));
	}

	private static CacheSettings with(CacheSettings settings, String name, @Nullable Object value) throws Exception {
		String change = "with" + Character.toUpperCase(name.charAt(0)) + name.substring(1);
		Method method = Arrays.stream(CacheSettings.class.getMethods())
			.filter((candidate) -> candidate.getName().equals(change))
			.findFirst()
			.orElseThrow();
		return (CacheSettings) method.invoke(settings, value);
	}

	private static @Nullable Object get(CacheSettings settings, String name) throws Exception {
		return CacheSettings.class.getMethod(name).invoke(settings);
	}

}
