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

import java.util.List;

import org.jspecify.annotations.Nullable;

import org.springframework.aot.hint.MemberCategory;
import org.springframework.aot.hint.RuntimeHints;
import org.springframework.aot.hint.RuntimeHintsRegistrar;
import org.springframework.aot.hint.TypeReference;
import org.springframework.cache.interceptor.SimpleKey;
import org.springframework.data.redis.cache.RedisCacheWriter;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

import dev.cachestarter.CacheEvictPattern;
import dev.cachestarter.CacheTtl;
import dev.cachestarter.cache.call.MethodTtl;

/**
 * Hints for native images: what the starter reaches by reflection. The types of your
 * values and of the arguments that stand in keys are yours to register.
 */
final class CacheStarterHints implements RuntimeHintsRegistrar {

	/** Read and written by Jackson, and none of them public. */
	static final List<String> JSON_FORMS = List.of("PageMixin", "SliceMixin", "GeoResultsMixin", "GeoResultMixin",
			"DistanceMixin", "OrderForm", "PageableForm", "WindowForm", "PositionForm", "KeyForm", "ToForm", "FromForm",
			"As");

	static final String FORMS_OWNER = "dev.cachestarter.engine.value.SpringDataModule$";

	/** Spring Data's adapter of a serializer, which does not give it away. */
	static final String ELEMENT_WRITER = "org.springframework.data.redis.serializer.DefaultRedisElementWriter";

	/** The driver's client, which does not tell its server. */
	static final String DRIVERS_CLIENT = "io.lettuce.core.RedisClient";

	static final String SUSPENDED_RESULTS = "dev.cachestarter.cache.SuspendFunctions$Results";

	/** What Caffeine chooses by name for a near cache: the cache, and its nodes. */
	static final List<String> NEAR_CACHE = List.of("com.github.benmanes.caffeine.cache.SSLMWA",
			"com.github.benmanes.caffeine.cache.PSWMW");

	@Override
	public void registerHints(RuntimeHints hints, @Nullable ClassLoader classLoader) {
		hints.reflection()
			.registerType(SimpleKey.class, MemberCategory.ACCESS_DECLARED_FIELDS)
			.registerType(LettuceConnectionFactory.class, MemberCategory.ACCESS_DECLARED_FIELDS)
			.registerType(TypeReference.of(DRIVERS_CLIENT), MemberCategory.ACCESS_DECLARED_FIELDS)
			.registerType(CacheEvictPattern.class, MemberCategory.INVOKE_PUBLIC_METHODS)
			.registerType(CacheTtl.class, MemberCategory.INVOKE_PUBLIC_METHODS)
			.registerType(MethodTtl.Root.class, MemberCategory.INVOKE_PUBLIC_METHODS)
			.registerTypeIfPresent(classLoader, ELEMENT_WRITER, MemberCategory.ACCESS_DECLARED_FIELDS)
			.registerType(TypeReference.of(SUSPENDED_RESULTS), MemberCategory.INVOKE_PUBLIC_METHODS);
		JSON_FORMS.forEach((name) -> hints.reflection()
			.registerType(TypeReference.of(FORMS_OWNER + name), MemberCategory.INVOKE_DECLARED_CONSTRUCTORS,
					MemberCategory.INVOKE_DECLARED_METHODS, MemberCategory.ACCESS_DECLARED_FIELDS));
		NEAR_CACHE.forEach((name) -> hints.reflection()
			.registerTypeIfPresent(classLoader, name, MemberCategory.INVOKE_DECLARED_CONSTRUCTORS,
					MemberCategory.ACCESS_DECLARED_FIELDS));
		hints.proxies().registerJdkProxy(RedisCacheWriter.class);
	}

}
