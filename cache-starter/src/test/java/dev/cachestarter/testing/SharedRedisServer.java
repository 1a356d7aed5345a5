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

package dev.cachestarter.testing;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.exception.NotFoundException;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.utility.DockerImageName;
import org.testcontainers.utility.TestcontainersConfiguration;

import org.springframework.util.StringUtils;

/**
 * The server that all tests of a JVM share. It is a container where there is a usable
 * Docker engine, else a process. The system property {@code redis.image} names the image;
 * when it is set, nothing but a container will do.
 */
final class SharedRedisServer extends RedisServer {

	private static final String IMAGE_PROPERTY = "redis.image";

	/**
	 * The same version as the embedded one, so that a suite sees one Redis either way.
	 */
	private static final String DEFAULT_IMAGE = "redis:7.0.15";

	private static final int REDIS_PORT = 6379;

	private final int port;

	private SharedRedisServer(String host, int port) {
		super(host, null);
		this.port = port;
	}

	static SharedRedisServer instance() {
		return Holder.INSTANCE;
	}

	/**
	 * Tell whether this machine can run the shared server.
	 * @return the reason why not, empty if it can
	 */
	static Optional<String> whyNot() {
		return mayHaveDocker() ? Optional.empty() : whyNotLocal();
	}

	private static SharedRedisServer create() {
		String image = System.getProperty(IMAGE_PROPERTY, "");
		if (StringUtils.hasText(image)) {
			return container(image);
		}
		if (mayHaveDocker()) {
			try {
				pull(DockerImageName.parse(DEFAULT_IMAGE));
				return container(DEFAULT_IMAGE);
			}
			catch (RuntimeException ex) {
				System.out.println("Redis for tests: not in a container, since " + ex.getMessage());
			}
		}
		RedisServer process = RedisServer.local().start();
		System.out.println("Redis for tests: redis-server " + RedisExecutable.find().orElseThrow().origin()
				+ ", on port " + process.port());
		return new SharedRedisServer(process.host(), process.port());
	}

	// Asking the engine costs seconds and a page of log where there is none.
	private static boolean mayHaveDocker() {
		return System.getProperty(IMAGE_PROPERTY) != null
				|| TestcontainersConfiguration.getInstance().getEnvVarOrUserProperty("docker.host", null) != null
				|| Files.exists(Path.of("/var/run/docker.sock"))
				|| Files.exists(Path.of(System.getProperty("user.home"), ".docker", "run", "docker.sock"));
	}

	/**
	 * Have the image at hand, or fail at once where it cannot be pulled: Testcontainers
	 * would try again for minutes.
	 */
	private static void pull(DockerImageName image) {
		DockerClient docker = docker();
		try (var inspection = docker.inspectImageCmd(image.asCanonicalNameString())) {
			inspection.exec();
			return;
		}
		catch (NotFoundException ex) {
			// Not yet, that is.
		}
		try (var pull = docker.pullImageCmd(image.getUnversionedPart()).withTag(image.getVersionPart())) {
			pull.start().awaitCompletion();
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			throw new IllegalStateException(ex);
		}
	}

	private static DockerClient docker() {
		if (!DockerClientFactory.instance().isDockerAvailable()) {
			throw new IllegalStateException("there is no usable Docker engine");
		}
		return DockerClientFactory.instance().client();
	}

	@SuppressWarnings("resource")
	private static SharedRedisServer container(String image) {
		docker();
		// Testcontainers removes it at the end of the JVM.
		GenericContainer<?> container = new GenericContainer<>(DockerImageName.parse(image))
			.withExposedPorts(REDIS_PORT)
			.withCommand("--save", "", "--appendonly", "no", "--protected-mode", "no")
			// The default strategy wants a shell in the image.
			.waitingFor(Wait.forLogMessage(".*Ready to accept connections.*", 1));
		container.start();
		System.out
			.println("Redis for tests: container of " + image + ", on port " + container.getMappedPort(REDIS_PORT));
		return new SharedRedisServer(container.getHost(), container.getMappedPort(REDIS_PORT));
	}

	@Override
	public int port() {
		return this.port;
	}

	private static final class Holder {

		static final SharedRedisServer INSTANCE = create();

	}

}
