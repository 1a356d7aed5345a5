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

package dev.cachestarter.metrics;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import org.junit.jupiter.api.Test;

import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

import dev.cachestarter.CacheSettings;
import dev.cachestarter.DocumentedPages;
import dev.cachestarter.NearSettings;
import dev.cachestarter.cache.ResilientRedisCacheManager;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Keeps the table of meters in {@code docs/monitoring.md} true.
 */
class MonitoringPageTests {

	private static final Pattern ROW = Pattern.compile("(?m)^\\| `cache\\.starter\\.[a-z.]+` \\|.*$");

	@Test
	void theTableHasEveryMeterAsItIsRegistered() {
		String page = DocumentedPages.read(DocumentedPages.ROOT.resolve("docs/monitoring.md"));
		String meters = page.substring(page.indexOf("## Meters"), page.indexOf("### Percentiles"));

		List<String> rows = ROW.matcher(meters).results().map((found) -> found.group()).toList();

		assertThat(rows).containsExactlyElementsOf(registered());
	}

	@Test
	void theTagsOfTheTableHaveTheValuesThatAreRegistered() {
		String page = DocumentedPages.read(DocumentedPages.ROOT.resolve("docs/monitoring.md"));
		String meters = page.substring(page.indexOf("## Meters"), page.indexOf("### Percentiles"));

		withMeters((registry) -> assertThat(registry.getMeters()).allSatisfy((meter) -> {
			for (Tag tag : meter.getId().getTags()) {
				if (!tag.getKey().startsWith("cache")) {
					assertThat(meters).as(meter.getId().getName()).contains("`" + tag.getValue() + "`");
				}
			}
		}));
	}

	private static List<String> registered() {
		Map<String, String> rows = new TreeMap<>();
		withMeters((registry) -> registry.getMeters()
			.stream()
			.collect(Collectors.groupingBy((meter) -> meter.getId().getName()))
			.forEach((name, meters) -> rows.put(name, row(name, meters))));
		return List.copyOf(rows.values());
	}

	private static void withMeters(Consumer<MeterRegistry> action) {
		MeterRegistry registry = new SimpleMeterRegistry();
		ResilientRedisCacheManager manager = ResilientRedisCacheManager
			.builder(new LettuceConnectionFactory("localhost", 1))
			.defaults(CacheSettings.defaults().withNear(NearSettings.defaults().withMode(NearSettings.Mode.TRACK)))
			.build();
		try (CacheStarterMetrics metrics = bound(manager, registry)) {
			assertThat(metrics).isNotNull();
			assertThat(manager.getCache("any")).isNotNull();
			action.accept(registry);
		}
		finally {
			manager.destroy();
		}
	}

	private static CacheStarterMetrics bound(ResilientRedisCacheManager manager, MeterRegistry registry) {
		CacheStarterMetrics metrics = new CacheStarterMetrics(manager, "orders");
		metrics.bindTo(registry);
		return metrics;
	}

	private static String row(String name, List<Meter> meters) {
		Set<String> tags = new LinkedHashSet<>();
		meters.forEach((meter) -> meter.getId().getTags().forEach((tag) -> tags.add("`" + tag.getKey() + "`")));
		Meter one = meters.get(0);
		String unit = Objects.requireNonNullElse(one.getId().getBaseUnit(), "");
		return "| `%s` | %s | %s | %s | %s |".formatted(name, type(one), unit, String.join(", ", tags),
				one.getId().getDescription());
	}

	private static String type(Meter meter) {
		return switch (meter.getId().getType()) {
			case TIMER -> "timer";
			case COUNTER -> "counter";
			case DISTRIBUTION_SUMMARY -> "summary";
			case GAUGE -> "gauge";
			default -> throw new IllegalStateException(String.valueOf(meter.getId().getType()));
		};
	}

}
