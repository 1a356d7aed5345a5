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

package dev.cachestarter.engine.redis;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link Right}.
 */
class RightTests {

	@Test
	void thePageOnSecurityTellsTheSameAsTheLog() throws IOException {
		List<String> rows = Files.readAllLines(Path.of("..", "docs", "security.md"))
			.stream()
			.filter((line) -> line.matches("\\| `[+~].*"))
			.map((line) -> line.replace("\\|", "|"))
			.toList();

		assertThat(rows).containsExactlyElementsOf(Right.ALL.stream().map(RightTests::row).toList());
	}

	private static String row(Right right) {
		String names = right.names()
			.stream()
			.map((name) -> name.equals("~") ? "`~` and a pattern" : "`" + name + "`")
			.collect(Collectors.joining(", "));
		return "| " + names + " | " + right.without() + " |";
	}

	@Test
	void everyRightOfThePageIsExplained() throws IOException {
		List<String> granted = Files.readAllLines(Path.of("..", "docs", "security.md"))
			.stream()
			.filter((line) -> line.startsWith("ACL SETUSER"))
			.flatMap((line) -> Arrays.stream(line.split(" ")))
			.filter((word) -> word.startsWith("+"))
			.toList();

		assertThat(granted).hasSizeGreaterThan(60)
			.filteredOn((name) -> !List.of("+cluster|myid", "+client|setname", "+asking").contains(name))
			.allSatisfy((name) -> assertThat(Right.ALL).anyMatch((right) -> right.names().contains(name)));
	}

	@Test
	void theRightToACommandIsThatToItsSubcommands() {
		// Before Redis 7 the server does not name these.
		assertThat(Right.of("+cluster").without()).isEqualTo("Redis is not used");
		assertThat(Right.of("+mget").isNeeded()).isTrue();
		assertThat(Right.of("+info").isNeeded()).isFalse();
	}

	@Test
	void aRightThatIsNotOnTheListIsNotTakenForOneThatIs() {
		assertThat(Right.of("+getdel").without()).isEqualTo("not everything works");
		assertThat(Right.of(null).without()).isEqualTo("not everything works");
	}

}
