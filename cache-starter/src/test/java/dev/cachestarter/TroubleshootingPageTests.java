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

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Keeps {@code docs/troubleshooting.md} complete: it explains each line that the starter
 * logs from INFO on. The longest piece of text in a call of the logger, or of a method
 * that hands it its message, must stand on the page.
 */
class TroubleshootingPageTests {

	private static final Path PAGE = DocumentedPages.ROOT.resolve("docs/troubleshooting.md");

	private static final Pattern LOGGED = Pattern
		.compile("(logger\\s*\\.\\s*(warn|info|error)|\\n\\s*\\.(warn|info|error)|\\bwarnOnce)\\(");

	/** Calls of methods that hand a message to the logger, by the class that has them. */
	private static final Map<String, String> HANDED_ON = Map.of("CacheWarmUp.java", "\\bfailed\\(", "SettingTraps.java",
			"\\badd\\(", "CacheConfigurations.java", "CacheBackOff\\s*\\.\\s*because\\(");

	private static final Pattern TEXT = Pattern.compile("\"((?:[^\"\\\\]|\\\\.)*)\"");

	private static final int ENOUGH = 45;

	static Stream<Arguments> lines() throws IOException {
		try (Stream<Path> sources = Files.find(Path.of("src", "main", "java"), 20,
				(path, attributes) -> path.toString().endsWith(".java"))) {
			return sources.sorted()
				.toList()
				.stream()
				.flatMap((source) -> lines(source).map((line) -> Arguments.of(source.getFileName().toString(), line)));
		}
	}

	@ParameterizedTest
	@MethodSource("lines")
	void everyLineThatIsLoggedIsExplained(String source, String line) {
		assertThat(DocumentedPages.read(PAGE)).contains(line);
	}

	@Test
	void linesAreFound() throws IOException {
		assertThat(lines().map((arguments) -> arguments.get()[1]))
			.contains("Cache service connected to Redis [", "TtlPolicy failed for cache '", "cache-starter backs off:")
			.hasSizeGreaterThan(40);
	}

	private static Stream<String> lines(Path file) {
		String source = DocumentedPages.read(file);
		String handedOn = HANDED_ON.get(file.getFileName().toString());
		return Stream
			.concat(LOGGED.matcher(source).results(),
					(handedOn != null) ? Pattern.compile(handedOn).matcher(source).results() : Stream.empty())
			.flatMap((call) -> longestText(arguments(source, call)).stream());
	}

	/** Return what stands between the parentheses of a call. */
	private static String arguments(String source, MatchResult call) {
		boolean quoted = false;
		int depth = 1;
		int end = call.end();
		for (; depth > 0; end++) {
			char character = source.charAt(end);
			if (quoted && character == '\\') {
				end++;
			}
			else if (character == '"') {
				quoted = !quoted;
			}
			else if (!quoted) {
				depth += (character == '(') ? 1 : (character == ')') ? -1 : 0;
			}
		}
		return source.substring(call.end(), end - 1);
	}

	private static List<String> longestText(String arguments) {
		Matcher texts = TEXT.matcher(arguments.replaceAll("\"\\s*\\+\\s*\"", ""));
		return texts.results()
			.flatMap((text) -> Stream.of(text.group(1).split("%(?:\\d\\$)?[sd]")))
			.filter((text) -> text.strip().contains(" "))
			.max(Comparator.comparing(String::length))
			.map((text) -> text.substring(0, Math.min(ENOUGH, text.length())).strip())
			.stream()
			.toList();
	}

}
