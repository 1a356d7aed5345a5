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
import java.lang.reflect.Method;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;

import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.util.ClassUtils;

import dev.cachestarter.CacheService;
import dev.cachestarter.testing.ChildJvm;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests that an application without test libraries does not notice the test kit in the
 * starter's jar: it starts, caches, and loads none of its classes.
 */
@WithRedis
class WithoutTestLibrariesRedisTests {

	private static final Duration PATIENCE = Duration.ofMinutes(2);

	/** What the test kit knows, and what these bring along. */
	private static final List<String> LIBRARIES = List.of("junit", "spring-test", "spring-boot-test",
			"spring-boot-starter-test", "spring-boot-cache-test", "spring-boot-testcontainers", "assertj",
			"testcontainers", "embedded-redis", "awaitility", "mockito", "hamcrest", "opentest4j", "apiguardian");

	@Test
	void theApplicationStartsAndLoadsNothingOfTheKit(RedisServer server) {
		String classPath = Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
			.filter((entry) -> LIBRARIES.stream().noneMatch((library) -> new File(entry).getName().startsWith(library)))
			.collect(Collectors.joining(File.pathSeparator));

		try (ChildJvm child = ChildJvm.start(classPath, Jvm.class, server.springProperties())) {

			assertThat(child.await("test libraries: ", PATIENCE)).isEqualTo("[]");
			assertThat(child.await("loads: ", PATIENCE)).isEqualTo("1");
			assertThat(child.await("loaded of the starter: ", PATIENCE)).isEqualTo("true");
			assertThat(child.await("loaded of the kit: ", PATIENCE)).isEqualTo("[]");
		}
	}

	/**
	 * Runs the application in a class loader that tells what it has loaded.
	 */
	static final class Jvm {

		private Jvm() {
		}

		public static void main(String... properties) throws Exception {
			// The driver's events would be looked up in the class loader of the system.
			System.setProperty("io.lettuce.core.jfr", "false");
			try (Loader loader = new Loader()) {
				ChildJvm.say("test libraries: " + Stream
					.of("org.junit.jupiter.api.Test", "org.springframework.test.context.ContextCustomizerFactory",
							"org.assertj.core.api.AssertProvider", "org.testcontainers.containers.GenericContainer",
							"redis.embedded.RedisExecProvider")
					.filter((name) -> ClassUtils.isPresent(name, loader))
					.toList());
				Thread.currentThread().setContextClassLoader(loader);
				Method main = Class.forName(Application.class.getName(), true, loader)
					.getMethod("main", String[].class);
				main.setAccessible(true);
				main.invoke(null, (Object) properties);
				ChildJvm
					.say("loaded of the starter: " + loader.hasLoaded("dev.cachestarter.cache.ResilientRedisCache"));
				URL kit = Objects.requireNonNull(loader.getResource("dev/cachestarter/test/WithTestRedis.class"));
				ChildJvm.say("loaded of the kit: "
						+ Arrays.stream(Objects.requireNonNull(Path.of(kit.toURI()).getParent().toFile().list()))
							.map((file) -> "dev.cachestarter.test." + file.replace(".class", ""))
							.filter(loader::hasLoaded)
							.toList());
			}
		}

	}

	/**
	 * Calls a cached method twice.
	 */
	static final class Application {

		private Application() {
		}

		public static void main(String... properties) throws InterruptedException {
			try (ConfigurableApplicationContext context = new SpringApplicationBuilder(Shop.class)
				.web(WebApplicationType.NONE)
				.properties(Shop.PATIENT, "cache-starter.connection.connect-timeout=20s")
				.properties(properties)
				.run()) {
				Shop.Articles articles = context.getBean(Shop.Articles.class);
				while (!context.getBean(CacheService.class).isEnabled()) {
					Thread.sleep(20);
				}
				articles.list("without test libraries");
				articles.list("without test libraries");
				ChildJvm.say("loads: " + articles.loads());
			}
		}

	}

	private static final class Loader extends URLClassLoader {

		Loader() {
			super(Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
				.map(Loader::url)
				.toArray(URL[]::new), ClassLoader.getPlatformClassLoader());
		}

		private static URL url(String entry) {
			try {
				return new File(entry).toURI().toURL();
			}
			catch (MalformedURLException ex) {
				throw new IllegalStateException(ex);
			}
		}

		boolean hasLoaded(String name) {
			return findLoadedClass(name) != null;
		}

	}

}
