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

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

import dev.cachestarter.cache.Breaker;
import dev.cachestarter.engine.entry.EntryHeader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Compares what pages of {@code docs} say in figures and names with the code.
 */
class DocumentedFactsTests {

	@Test
	void sizeOfTheHeaderIsThatOfTheCode() {
		assertThat(page("sizing.md")).contains("a header of " + EntryHeader.LENGTH + " bytes");
		assertThat(page("wire-format.md")).contains("a line of " + (EntryHeader.LENGTH - 1) + " characters");
	}

	@ParameterizedTest
	@EnumSource(TtlPreset.class)
	void presetsAreThoseOfTheCode(TtlPreset preset) {
		String name = "`" + preset.name().toLowerCase(Locale.ROOT) + "`";

		assertThat(page("settings.md")).contains(name + " " + text(preset.ttl(), " h", " min", " s"));
		assertThat(page("the-old-system.md")).containsPattern("`?" + preset.name() + "`?");
	}

	@Test
	void countersAreThoseOfTheCode() {
		String page = page("cache-service.md");

		assertThat(CacheSnapshot.Counters.of(Map.of()).asMap().keySet())
			.allSatisfy((name) -> assertThat(page).containsPattern("(?m)^\\| [^|]*`" + name + "`"));
	}

	@Test
	void methodsOfTheServiceAreThoseOfTheCode() {
		String page = page("cache-service.md");

		assertThat(CacheService.class.getMethods()).filteredOn((method) -> !method.getName().equals("disabled"))
			.allSatisfy((method) -> assertThat(page).contains("`" + method.getName() + "("));
	}

	@Test
	void everyPromiseOfTheOldSystemHasItsRow() {
		List<Integer> rows = rows("the-old-system.md", "(?m)^\\| (\\d+) \\|").stream()
			.map((row) -> Integer.valueOf(row.group(1)))
			.toList();

		assertThat(rows).isEqualTo(IntStream.rangeClosed(1, 86).boxed().toList());
	}

	@Test
	void everyTermOfTheGlossaryStandsOnceAndInOrder() {
		List<String> terms = rows("glossary.md", "(?m)^\\| ([^|]+?) \\|").stream()
			.map((row) -> row.group(1).toLowerCase(Locale.ROOT))
			.filter((term) -> !term.equals("term") && !term.startsWith("-"))
			.toList();

		assertThat(terms).hasSizeGreaterThan(20).isSorted().doesNotHaveDuplicates();
	}

	@Test
	void timesThatPagesNameAreThoseOfTheCode() {
		assertThat(CacheSettings.defaults().ttl()).isEqualTo(Duration.ofMinutes(10));
		assertThat(CacheSettings.defaults().nullTtl()).isEqualTo(Duration.ofSeconds(30));
		assertThat(CacheSettings.defaults().ttlJitter()).isEqualTo(0.1);
		assertThat(CacheSettings.defaults().compressAbove().toBytes()).isEqualTo(102_400);
		assertThat(Breaker.defaults().slowCall()).isEqualTo(Duration.ofMillis(200));
		assertThat(page("sizing.md")).contains("100 KB, that is 102,400 bytes");
		assertThat(page("troubleshooting.md")).contains("a `ttl` of 5 minutes is 270 to 300 seconds");
	}

	private static String text(Duration duration, String hours, String minutes, String seconds) {
		return (duration.toHours() > 0) ? duration.toHours() + hours
				: (duration.toMinutes() > 0) ? duration.toMinutes() + minutes : duration.toSeconds() + seconds;
	}

	private static List<MatchResult> rows(String name, String pattern) {
		return Pattern.compile(pattern).matcher(page(name)).results().toList();
	}

	private static String page(String name) {
		return DocumentedPages.read(DocumentedPages.ROOT.resolve("docs").resolve(name));
	}

}
