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

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

import org.jspecify.annotations.Nullable;

import org.springframework.util.ClassUtils;

/**
 * Finds the servers of this machine, in the order of {@link #PLACES}, and starts them.
 * <p>
 * The system property {@value #PLACE_PROPERTY} names the only place to look at, such as
 * {@code docker} in a build that is to fail where there is none.
 */
final class RedisServers {

	/** How many databases a server has. */
	static final int DATABASES = 1024;

	static final String PLACE_PROPERTY = "cachestarter.test.redis";

	/**
	 * Where a server may come from, the best place first. Lambdas, since references to
	 * methods would load classes whose libraries may be missing.
	 */
	static final List<Place> PLACES = List.of(
			new Place("docker", "org.testcontainers.containers.GenericContainer",
					"org.testcontainers:testcontainers is not on the class path of the tests",
					() -> RedisContainer.whyNot(), (arguments) -> RedisContainer.start(arguments)),
			new Place("path", null, "", () -> RedisProcess.whyNotOnPath(),
					(arguments) -> RedisProcess.startFromPath(arguments)),
			new Place("embedded", "redis.embedded.RedisExecProvider",
					"org.signal:embedded-redis is not on the class path of the tests", () -> null,
					(arguments) -> EmbeddedRedis.start(arguments)));

	private static final String CURES = """
			Add one of these:
			- Docker, running, and the test dependency org.testcontainers:testcontainers
			- a redis-server on the PATH: 'apt-get install redis-server', 'brew install redis'
			- the test dependency org.signal:embedded-redis, which brings one for Linux and macOS""";

	private RedisServers() {
	}

	/**
	 * Return the server that all tests of this JVM share. It ends with the JVM.
	 * @throws IllegalStateException if there is none
	 */
	static RedisServer shared() {
		Shared shared = Shared.INSTANCE;
		if (shared.server == null) {
			throw new IllegalStateException(shared.problem);
		}
		return shared.server;
	}

	/**
	 * Start a server.
	 * @param arguments arguments of {@code redis-server}
	 * @throws IllegalStateException if none can be started
	 */
	static RedisServer start(List<String> arguments) {
		return start(places(), arguments);
	}

	static RedisServer start(List<Place> places, List<String> arguments) {
		List<String> all = new ArrayList<>(
				List.of("--save", "", "--appendonly", "no", "--databases", Integer.toString(DATABASES)));
		all.addAll(arguments);
		StringBuilder reasons = new StringBuilder();
		for (Place place : places) {
			String whyNot = place.whyNot();
			if (whyNot == null) {
				try {
					return place.starter.start(all);
				}
				catch (UnusablePlaceException ex) {
					whyNot = String.valueOf(ex.getMessage());
				}
			}
			reasons.append("- ").append(place.name).append(": ").append(whyNot).append('\n');
		}
		throw new IllegalStateException("There is no Redis for the tests:\n" + reasons + CURES);
	}

	private static List<Place> places() {
		String wanted = System.getProperty(PLACE_PROPERTY, "").toLowerCase(Locale.ROOT);
		List<Place> places = PLACES.stream().filter((place) -> wanted.isEmpty() || place.name.equals(wanted)).toList();
		if (places.isEmpty()) {
			throw new IllegalStateException("-D" + PLACE_PROPERTY + " cannot be '" + wanted
					+ "': leave it out, or set it to docker, path or embedded");
		}
		return places;
	}

	/**
	 * A place where servers may come from.
	 *
	 * @param name its name, for settings and people
	 * @param library a class that it needs, {@code null} if it needs none
	 * @param withoutLibrary what to say if that is not there
	 * @param check why it is of no use on this machine, as far as is seen at once
	 * @param starter starts a server
	 */
	record Place(String name, @Nullable String library, String withoutLibrary, Check check, Starter starter) {

		@Nullable String whyNot() {
			boolean usable = this.library == null
					|| ClassUtils.isPresent(this.library, RedisServers.class.getClassLoader());
			return usable ? this.check.whyNot() : this.withoutLibrary;
		}

	}

	/** Tells why a place is of no use. */
	@FunctionalInterface
	interface Check {

		@Nullable String whyNot();

	}

	/** Starts servers. */
	@FunctionalInterface
	interface Starter {

		RedisServer start(List<String> arguments) throws UnusablePlaceException;

	}

	private static final class Shared {

		static final Shared INSTANCE = new Shared();

		private final @Nullable RedisServer server;

		private final String problem;

		@SuppressWarnings("resource")
		private Shared() {
			RedisServer found = null;
			String why = "";
			try {
				found = RedisServers.start(List.of());
			}
			catch (IllegalStateException ex) {
				why = String.valueOf(ex.getMessage());
			}
			this.server = found;
			this.problem = why;
		}

	}

}
