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
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests that the pages of {@code docs} show code that compiles: a block after a comment
 * with the name of a file is a part of that file, among the sources of these tests. The
 * page of the sample's examples is compared by the sample.
 */
class DocumentedCodeTests {

	private static final Path PAGES = Path.of("..", "docs");

	private static final Pattern SNIPPET = Pattern.compile("<!-- (\\S+\\.java) -->\\n```java\\n(.*?)```",
			Pattern.DOTALL);

	static Stream<Arguments> snippets() throws IOException {
		try (Stream<Path> pages = Files.list(PAGES)) {
			return pages.filter((page) -> page.toString().endsWith(".md") && !page.endsWith("examples.md"))
				.sorted()
				.toList()
				.stream()
				.flatMap((page) -> SNIPPET.matcher(read(page))
					.results()
					.map((match) -> Arguments.of(page.getFileName().toString(), match.group(1), match.group(2))));
		}
	}

	@ParameterizedTest
	@MethodSource("snippets")
	void codeOfAPageIsCodeOfAFile(String page, String file, String snippet) throws IOException {
		try (Stream<Path> files = Files.find(Path.of("src", "test", "java"), 20,
				(path, attributes) -> path.endsWith(file))) {
			assertThat(unindented(read(files.findFirst().orElseThrow()))).contains(unindented(snippet));
		}
	}

	private static String read(Path file) {
		try {
			return Files.readString(file);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	private static String unindented(String code) {
		return code.lines().map(String::strip).collect(Collectors.joining("\n"));
	}

}
