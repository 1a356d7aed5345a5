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

package dev.cachestarter.autoconfigure.preinitialize;

import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Constructor;
import java.util.List;

import org.junit.jupiter.api.Test;

import org.springframework.boot.autoconfigure.preinitialize.BackgroundPreinitializer;
import org.springframework.core.io.support.SpringFactoriesLoader;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What is loaded while an application begins to start.
 */
class CachePreinitializerTests {

	@Test
	void springBootRunsIt() {
		assertThat(SpringFactoriesLoader.forDefaultResourceLocation().load(BackgroundPreinitializer.class))
			.hasAtLeastOneElementOfType(CachePreinitializer.class);
	}

	@Test
	void whatAFirstConnectionAndAFirstValueNeedIsLoaded() throws Exception {
		Classes classes = new Classes();
		Constructor<?> constructor = classes.loadClass(CachePreinitializer.class.getName()).getDeclaredConstructor();
		constructor.setAccessible(true);
		BackgroundPreinitializer preinitializer = (BackgroundPreinitializer) constructor.newInstance();
		assertThat(classes.isLoaded("io.lettuce.core.StatefulRedisConnectionImpl")).isFalse();

		preinitializer.preinitialize();

		assertThat(List.of("io.lettuce.core.StatefulRedisConnectionImpl", "io.lettuce.core.protocol.CommandHandler",
				"io.netty.channel.socket.nio.NioSocketChannel", "reactor.core.publisher.Mono",
				"tools.jackson.databind.json.JsonMapper"))
			.allMatch(classes::isLoaded);
	}

	/** What is to be loaded, loaded once more. */
	private static final class Classes extends ClassLoader {

		private static final List<String> OWN = List.of("dev.cachestarter.", "io.lettuce.", "io.netty.", "reactor.",
				"tools.jackson.");

		Classes() {
			super(CachePreinitializerTests.class.getClassLoader());
		}

		boolean isLoaded(String name) {
			return findLoadedClass(name) != null;
		}

		@Override
		protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
			if (OWN.stream().noneMatch(name::startsWith)) {
				return super.loadClass(name, resolve);
			}
			synchronized (getClassLoadingLock(name)) {
				Class<?> loaded = findLoadedClass(name);
				return (loaded != null) ? loaded : define(name);
			}
		}

		private Class<?> define(String name) throws ClassNotFoundException {
			try (InputStream file = getResourceAsStream(name.replace('.', '/') + ".class")) {
				if (file == null) {
					throw new ClassNotFoundException(name);
				}
				byte[] bytes = file.readAllBytes();
				return defineClass(name, bytes, 0, bytes.length);
			}
			catch (IOException ex) {
				throw new ClassNotFoundException(name, ex);
			}
		}

	}

}
