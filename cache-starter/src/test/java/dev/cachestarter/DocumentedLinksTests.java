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

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests that the links of the README and of the pages in {@code docs} lead somewhere:
 * each to a file of the repository, and its anchor to a heading of that page.
 */
class DocumentedLinksTests {

	private static final Pattern LINK = Pattern.compile("\\]\\(([^)\\s]+)\\)");

	private static final Pattern HEADING = Pattern.compile("(?m)^#{1,6} +(.+?) *$");

	static List<Path> pages() {
		return DocumentedPages.all();
	}

	@ParameterizedTest
	@MethodSource("pages")
	void linksLeadSomewhere(Path page) {
		assertThat(links(page)).allSatisfy((link) -> {
			String[] parts = link.split("#", 2);
			Path target = parts[0].isEmpty() ? page : page.resolveSibling(parts[0]).normalize();
			assertThat(target).startsWith(DocumentedPages.ROOT).exists();
			if (parts.length == 2) {
				assertThat(anchors(target)).contains(parts[1]);
			}
		});
	}

	@Test
	void everyPageCanBeReachedFromTheReadme() {
		Set<Path> reached = new LinkedHashSet<>();
		Deque<Path> todo = new ArrayDeque<>(List.of(DocumentedPages.ROOT.resolve("README.md")));
		while (!todo.isEmpty()) {
			Path page = todo.pop();
			if (page.toString().endsWith(".md") && Files.exists(page) && reached.add(page)) {
				links(page).forEach((link) -> todo.push(page.resolveSibling(link.split("#", 2)[0]).normalize()));
			}
		}

		assertThat(reached).containsAll(DocumentedPages.all());
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', value = { "What it guarantees | what-it-guarantees",
			"`@CacheEvictPattern` | cacheevictpattern", "Why does `TTL` show more? | why-does-ttl-show-more",
			"One entry, whoever names it | one-entry-whoever-names-it", "A put: three trips | a-put-three-trips",
			"See [the page](page.md) | see-the-page", "key_prefix and key-prefix | key_prefix-and-key-prefix" })
	void anchorsAreMadeAsGitHubMakesThem(String heading, String anchor) {
		assertThat(anchor(heading)).isEqualTo(anchor);
	}

	private static List<String> links(Path page) {
		return LINK.matcher(DocumentedPages.prose(page))
			.results()
			.map((match) -> match.group(1))
			.filter((link) -> !link.matches("[a-z]+:.*"))
			.toList();
	}

	private static Set<String> anchors(Path page) {
		Map<String, Integer> seen = new HashMap<>();
		Set<String> anchors = new LinkedHashSet<>();
		headings(page).forEach((heading) -> {
			String anchor = anchor(heading);
			int before = seen.merge(anchor, 1, Integer::sum) - 1;
			anchors.add((before == 0) ? anchor : anchor + "-" + before);
		});
		return anchors;
	}

	private static Stream<String> headings(Path page) {
		String outsideBlocks = DocumentedPages.read(page).replaceAll("(?ms)^```.*?^```$", "");
		return HEADING.matcher(outsideBlocks).results().map((match) -> match.group(1));
	}

	private static String anchor(String heading) {
		return heading.replaceAll("\\[([^\\]]*)]\\([^)]*\\)", "$1")
			.toLowerCase(Locale.ROOT)
			.replaceAll("[^\\p{L}\\p{N} _-]", "")
			.replace(' ', '-');
	}

}
