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

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

import org.jspecify.annotations.Nullable;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.utility.DockerImageName;
import org.testcontainers.utility.TestcontainersConfiguration;

import org.springframework.core.NestedExceptionUtils;

/**
 * A server in a container, through Testcontainers, which removes it at the end of the
 * JVM. Known to {@link RedisServers} alone, which asks first whether Testcontainers is on
 * the class path. The system property {@value #IMAGE_PROPERTY} names the image.
 */
final class RedisContainer {

	static final String IMAGE_PROPERTY = "cachestarter.test.image";

	private static final String USUAL_IMAGE = "redis:8";

	private static final int REDIS_PORT = 6379;

	private RedisContainer() {
	}

	/** Asking the engine takes seconds, and a page of log, where there is none. */
	static @Nullable String whyNot() {
		boolean mayBe = System.getenv("DOCKER_HOST") != null || System.getProperty("os.name").startsWith("Windows")
				|| TestcontainersConfiguration.getInstance().getEnvVarOrUserProperty("docker.host", null) != null
				|| Files.exists(Path.of("/var/run/docker.sock"))
				|| Files.exists(Path.of(System.getProperty("user.home"), ".docker", "run", "docker.sock"));
		return mayBe ? null : "no Docker engine is running";
	}

	@SuppressWarnings("resource")
	static RedisServer start(List<String> arguments) throws UnusablePlaceException {
		if (!DockerClientFactory.instance().isDockerAvailable()) {
			throw new UnusablePlaceException("the Docker engine cannot be used");
		}
		String image = System.getProperty(IMAGE_PROPERTY, USUAL_IMAGE);
		GenericContainer<?> container = new GenericContainer<>(
				DockerImageName.parse(image).asCompatibleSubstituteFor("redis"))
			.withExposedPorts(REDIS_PORT)
			.withCommand(command(arguments).toArray(String[]::new))
			// The default strategy wants a shell in the image.
			.waitingFor(Wait.forLogMessage(".*Ready to accept connections.*", 1));
		try {
			container.start();
			// Where the tests run in a container themselves, this may start another.
			String host = container.getHost();
			return new RedisServer(host, container.getMappedPort(REDIS_PORT), "container of " + image, container::stop);
		}
		catch (RuntimeException ex) {
			String said = said(container);
			container.stop();
			throw new UnusablePlaceException("a container of " + image + " cannot be used with " + command(arguments)
					+ ": " + NestedExceptionUtils.getMostSpecificCause(ex).getMessage() + said);
		}
	}

	/**
	 * Return what the server has said, such as which of its arguments is wrong.
	 */
	private static String said(GenericContainer<?> container) {
		try {
			String logs = container.getLogs().strip();
			return logs.isEmpty() ? "" : System.lineSeparator() + logs;
		}
		catch (RuntimeException ex) {
			// It was never created.
			return "";
		}
	}

	private static List<String> command(List<String> arguments) {
		List<String> command = new ArrayList<>(List.of("--protected-mode", "no"));
		command.addAll(arguments);
		return command;
	}

}
