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

package dev.cachestarter.test;

import java.io.File;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

import org.junit.jupiter.api.Test;

import dev.cachestarter.test.RedisServers.Place;
import dev.cachestarter.testing.ChildJvm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

/**
 * Tests where a server for tests is looked for, and what is said if there is none.
 */
class RedisServersTests {

	private static final Duration PATIENCE = Duration.ofMinutes(2);

	private static final RedisServer SERVER = new RedisServer("127.0.0.1", 1, "of this test", () -> {
	});

	private final List<String> arguments = new ArrayList<>();

	@Test
	void theFirstPlaceThatIsOfUseIsTaken() {
		Place none = new Place("none", null, "", () -> "there is none", this::start);
		Place good = new Place("good", null, "", () -> null, this::start);
		Place never = new Place("never", null, "", () -> null, (all) -> {
			throw new AssertionError();
		});

		RedisServer server = RedisServers.start(List.of(none, good, never), List.of("--maxmemory", "2mb"));

		assertThat(server).isSameAs(SERVER);
		assertThat(this.arguments).startsWith("--save", "").endsWith("--maxmemory", "2mb");
	}

	@Test
	void aPlaceThatTurnsOutToBeOfNoUseIsPassedBy() {
		Place broken = new Place("broken", null, "", () -> null, (all) -> {
			throw new UnusablePlaceException("broken");
		});
		Place good = new Place("good", null, "", () -> null, this::start);

		assertThat(RedisServers.start(List.of(broken, good), List.of())).isSameAs(SERVER);
	}

	@Test
	void whereThereIsNoneTheReasonsAndAllThreeCuresAreNamed() {
		Place docker = new Place("docker", "org.example.Missing", "the library is missing", () -> null, this::start);
		Place path = new Place("path", null, "", () -> "there is no redis-server on the PATH", this::start);
		Place embedded = new Place("embedded", null, "", () -> null, (all) -> {
			throw new UnusablePlaceException("no server for Plan 9");
		});

		assertThatIllegalStateException()
			.isThrownBy(() -> RedisServers.start(List.of(docker, path, embedded), List.of()))
			.withMessage("""
					There is no Redis for the tests:
					- docker: the library is missing
					- path: there is no redis-server on the PATH
					- embedded: no server for Plan 9
					Add one of these:
					- Docker, running, and the test dependency org.testcontainers:testcontainers
					- a redis-server on the PATH: 'apt-get install redis-server', 'brew install redis'
					- the test dependency org.signal:embedded-redis, which brings one for Linux and macOS""");
	}

	@Test
	void dockerComesBeforeThePathAndTheEmbeddedOneLast() {
		assertThat(RedisServers.PLACES).extracting(Place::name).containsExactly("docker", "path", "embedded");
	}

	@Test
	void aPlaceThatDoesNotExistIsRefused() {
		System.setProperty(RedisServers.PLACE_PROPERTY, "podman");
		try {
			assertThatIllegalStateException().isThrownBy(() -> RedisServers.start(List.of()))
				.withMessage(
						"-Dcachestarter.test.redis cannot be 'podman': leave it out, or set it to docker, path or embedded");
		}
		finally {
			System.clearProperty(RedisServers.PLACE_PROPERTY);
		}
	}

	@Test
	void aLibraryThatIsMissingIsNamed() {
		String classPath = Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
			.filter((entry) -> !entry.contains("testcontainers") && !entry.contains("embedded-redis"))
			.collect(Collectors.joining(File.pathSeparator));

		try (ChildJvm child = ChildJvm.start(classPath, WithoutLibraries.class)) {

			assertThat(child.await("docker: ", PATIENCE))
				.isEqualTo("org.testcontainers:testcontainers is not on the class path of the tests");
			assertThat(child.await("embedded: ", PATIENCE))
				.isEqualTo("org.signal:embedded-redis is not on the class path of the tests");
		}
	}

	private RedisServer start(List<String> all) {
		this.arguments.addAll(all);
		return SERVER;
	}

	/**
	 * Says why each place is of no use.
	 */
	static final class WithoutLibraries {

		private WithoutLibraries() {
		}

		public static void main(String... arguments) {
			RedisServers.PLACES.forEach((place) -> ChildJvm.say(place.name() + ": " + place.whyNot()));
		}

	}

}
