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

package dev.cachestarter.autoconfigure.aot;

import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

import io.lettuce.core.RedisClient;
import org.junit.jupiter.api.Test;

import org.springframework.aot.hint.RuntimeHints;
import org.springframework.aot.hint.RuntimeHintsRegistrar;
import org.springframework.aot.hint.predicate.RuntimeHintsPredicates;
import org.springframework.cache.interceptor.SimpleKey;
import org.springframework.core.io.support.SpringFactoriesLoader;
import org.springframework.data.redis.cache.RedisCacheWriter;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import org.springframework.data.redis.serializer.RedisElementWriter;
import org.springframework.data.redis.serializer.RedisSerializer;
import org.springframework.util.ReflectionUtils;

import dev.cachestarter.CacheEvictPattern;
import dev.cachestarter.NearSettings;
import dev.cachestarter.engine.key.KeyLayout;
import dev.cachestarter.engine.near.NearCache;
import dev.cachestarter.engine.near.NearTracking;
import dev.cachestarter.engine.near.TrackingByHand;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link CacheStarterHints}.
 */
class CacheStarterHintsTests {

	private final RuntimeHints hints = new RuntimeHints();

	CacheStarterHintsTests() {
		SpringFactoriesLoader.forResourceLocation("META-INF/spring/aot.factories")
			.load(RuntimeHintsRegistrar.class)
			.stream()
			.filter(CacheStarterHints.class::isInstance)
			.forEach((found) -> found.registerHints(this.hints, getClass().getClassLoader()));
	}

	@Test
	void fieldsThatAreReadCanBe() {
		Field values = Arrays.stream(SimpleKey.class.getDeclaredFields())
			.filter((field) -> field.getType() == Object[].class)
			.findFirst()
			.orElseThrow();
		Class<?> writer = RedisElementWriter.from(RedisSerializer.string()).getClass();

		assertThat(RuntimeHintsPredicates.reflection().onFieldAccess(values)).accepts(this.hints);
		assertThat(RuntimeHintsPredicates.reflection().onFieldAccess(LettuceConnectionFactory.class, "configuration"))
			.accepts(this.hints);
		assertThat(RuntimeHintsPredicates.reflection().onFieldAccess(RedisClient.class, "redisURI"))
			.accepts(this.hints);
		assertThat(RuntimeHintsPredicates.reflection()
			.onFieldAccess(ReflectionUtils.findField(writer, null, RedisSerializer.class))).accepts(this.hints);
	}

	@Test
	void annotationsAndProxiesCanBeUsed() {
		assertThat(RuntimeHintsPredicates.reflection().onMethodInvocation(CacheEvictPattern.class, "pattern"))
			.accepts(this.hints);
		assertThat(RuntimeHintsPredicates.proxies().forInterfaces(RedisCacheWriter.class)).accepts(this.hints);
	}

	@Test
	void resultsOfSuspendFunctionsCanBeDescribed() throws ClassNotFoundException {
		Method[] methods = Class.forName(CacheStarterHints.SUSPENDED_RESULTS).getDeclaredMethods();

		assertThat(methods).isNotEmpty()
			.allSatisfy((method) -> assertThat(RuntimeHintsPredicates.reflection().onMethodInvocation(method))
				.accepts(this.hints));
	}

	@Test
	void everyFormOfJsonIsRegistered() throws Exception {
		// What Jackson makes or looks at by reflection: records, mix-ins, converters.
		List<Class<?>> forms = Stream
			.of(Class.forName("dev.cachestarter.engine.value.SpringDataModule").getDeclaredClasses())
			.filter((type) -> !type.getSimpleName().endsWith("Writer") && !type.getSimpleName().endsWith("Reader"))
			.<Class<?>>map((type) -> type)
			.toList();

		assertThat(forms).extracting(Class::getSimpleName)
			.containsExactlyInAnyOrderElementsOf(CacheStarterHints.JSON_FORMS);
		assertThat(forms).allSatisfy((form) -> assertThat(form.getDeclaredConstructors()).allSatisfy(
				(constructor) -> assertThat(RuntimeHintsPredicates.reflection().onConstructorInvocation(constructor))
					.accepts(this.hints)));
	}

	@Test
	void whatCaffeineChoosesForANearCacheIsRegistered() {
		NearCache near = NearCache.of("pages", NearSettings.defaults().withMode(NearSettings.Mode.VALIDATE),
				new NearTracking(TrackingByHand::new, new KeyLayout("", false)));
		Object cache = valueOf(valueOf(valueOf(near, "contents"), "copies"), "cache");
		List<Object> chosen = List.of(cache, valueOf(cache, "nodeFactory"));

		assertThat(chosen).extracting((each) -> each.getClass().getName())
			.containsExactlyElementsOf(CacheStarterHints.NEAR_CACHE);
		assertThat(chosen).allSatisfy((each) -> assertThat(each.getClass().getDeclaredConstructors()).isNotEmpty()
			.allSatisfy((
					constructor) -> assertThat(RuntimeHintsPredicates.reflection().onConstructorInvocation(constructor))
						.accepts(this.hints)));
	}

	private static Object valueOf(Object owner, String name) {
		Field field = java.util.Objects.requireNonNull(ReflectionUtils.findField(owner.getClass(), name));
		ReflectionUtils.makeAccessible(field);
		return java.util.Objects.requireNonNull(ReflectionUtils.getField(field, owner));
	}

	/** Who adds another is to think of a hint. */
	@Test
	void nothingElseIsReachedByReflectionOnTypesThatAreNotTheUsers() throws IOException {
		try (Stream<Path> sources = Files.find(Path.of("src", "main", "java"), 20,
				(path, attributes) -> path.toString().endsWith(".java"))) {
			assertThat(sources.filter((source) -> {
				String text = read(source);
				return text.contains("Class.forName(") || text.contains("ReflectionUtils.findField(")
						|| text.contains("ReflectionUtils.findMethod(") || text.contains("Proxy.newProxyInstance(")
						|| text.contains(".class.getDeclaredField") || text.contains("AsynchronousClient.readable(");
			}).map((source) -> source.getFileName().toString())).containsExactlyInAnyOrder("AsynchronousClient.java",
					"SimpleKeys.java", "SerializerValueCodec.java", "ResilientRedisCacheManager.java",
					"CacheSettingsResolver.java", "SuspendFunctions.java", "ShapeCheck.java", "ClonedFactory.java");
		}
	}

	private static String read(Path source) {
		try {
			return Files.readString(source);
		}
		catch (IOException ex) {
			throw new java.io.UncheckedIOException(ex);
		}
	}

}
