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
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests that the README and the pages of {@code docs} show code that compiles: every
 * block of Java stands after a comment with the name of a file, and is a part of that
 * file, among the sources of this repository. The page of the sample's examples is
 * compared by the sample.
 */
class DocumentedCodeTests {

	private static final Pattern SNIPPET = Pattern.compile("<!-- (\\S+\\.java) -->\\n```java\\n(.*?)```",
			Pattern.DOTALL);

	static List<Path> pages() {
		return DocumentedPages.all().stream().filter((page) -> !page.endsWith("examples.md")).toList();
	}

	static Stream<Arguments> snippets() {
		return pages().stream()
			.flatMap((page) -> SNIPPET.matcher(DocumentedPages.read(page))
				.results()
				.map((match) -> Arguments.of(page.getFileName().toString(), match.group(1), match.group(2))));
	}

	@ParameterizedTest
	@MethodSource("snippets")
	void codeOfAPageIsCodeOfAFile(String page, String file, String snippet) {
		try (Stream<Path> files = Stream.of("cache-starter", "cache-starter-sample")
			.flatMap((module) -> sources(DocumentedPages.ROOT.resolve(module).resolve("src"), file))) {
			Path source = files.findFirst().orElseThrow();
			assertThat(unindented(DocumentedPages.read(source))).contains(unindented(snippet));
		}
	}

	@ParameterizedTest
	@MethodSource("pages")
	void allCodeOfAPageIsCompared(Path page) {
		long blocks = DocumentedPages.read(page).lines().filter((line) -> line.strip().equals("```java")).count();

		assertThat(SNIPPET.matcher(DocumentedPages.read(page)).results()).hasSize((int) blocks);
	}

	private static Stream<Path> sources(Path folder, String file) {
		try {
			return Files.find(folder, 20, (path, attributes) -> path.endsWith(file));
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	private static String unindented(String code) {
		return code.lines().map(String::strip).collect(Collectors.joining("\n"));
	}

}
