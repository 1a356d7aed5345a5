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

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import org.springframework.cache.annotation.CacheEvict;
import org.springframework.cache.annotation.CachePut;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.cache.interceptor.SimpleKeyGenerator;

import dev.cachestarter.cache.ResilientRedisCache;
import dev.cachestarter.engine.key.HostileText;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.Thorough;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Random keys, put, read and evicted by random names. What was stored under a key that
 * equals to Spring is what is read, or nothing; what was stored under another never is.
 */
@WithRedis
class RandomKeysRedisTests {

	private static final int STEPS = Thorough.choose(1_000, 20_000);

	private final TestInstance<Names> instance;

	private final HostileText texts = new HostileText();

	private final Map<Object, String> model = new HashMap<>();

	/** What was read, so that a cache that never has anything does not pass. */
	private int hits;

	RandomKeysRedisTests(RedisServer redis) {
		this.instance = TestInstance.of(Names.class, redis);
	}

	@BeforeEach
	void connected() {
		this.instance.awaitUp();
		// A server that does not know the scripts yet is asked twice to store.
		this.instance.service().load("first");
		await().until(() -> this.instance.cache("tenants").get("first") != null);
	}

	@AfterEach
	void close() {
		this.instance.close();
	}

	@Test
	void whatEqualsIsOneEntryAndWhatDiffersIsNeverRead() {
		List<@Nullable Object[]> used = new ArrayList<>();
		for (int i = 0; i < STEPS; i++) {
			@Nullable Object[] arguments = (used.isEmpty() || this.texts.random().nextInt(3) == 0) ? arguments()
					: this.texts.oneOf(used.toArray(Object[][]::new));
			used.add(arguments);
			Object key = SimpleKeyGenerator.generateKey(arguments);
			switch (this.texts.random().nextInt(5)) {
				case 0 -> evict(arguments, key);
				case 1 -> {
					put(arguments, key, "value " + i);
					assertThat(read(arguments, key)).as("%s: %s", this.texts, key).isEqualTo("value " + i);
				}
				default -> check(arguments, key);
			}
		}
		assertThat(this.hits).as(this.texts.toString()).isGreaterThan(STEPS / 10);
	}

	@Test
	void noTenantReadsAnothers() {
		Names names = this.instance.service();
		Set<String> tenants = new HashSet<>();
		for (int i = 0; i < STEPS / 4; i++) {
			String tenant = this.texts.next(3);
			String id = this.texts.next(3);
			String other = this.texts.next(3);
			tenants.add(tenant);
			assertThat(names.load(tenant, id)).as("%s: %s, %s", this.texts, tenant, id)
				.isIn(Names.several(tenant, id), Names.joined(tenant, id));
			for (String name : List.of(tenant + ":" + id, tenant, id)) {
				assertThat(names.load(name)).as("%s: %s", this.texts, name).isIn(sameText(name));
			}
			Set<String> meets = sameText(other + ":" + id);
			meets.add(Names.several(other, id));
			assertThat(names.loadByText(other, id)).as("%s: %s, %s", this.texts, other, id).isIn(meets);
		}
		assertThat(tenants).hasSizeGreaterThan(STEPS / 40);
	}

	/** All that are one key to Spring, however the text came about. */
	private static Set<String> sameText(String text) {
		Set<String> same = new HashSet<>(Set.of(Names.one(text)));
		for (int colon = text.indexOf(':'); colon >= 0; colon = text.indexOf(':', colon + 1)) {
			same.add(Names.joined(text.substring(0, colon), text.substring(colon + 1)));
		}
		return same;
	}

	private void check(@Nullable Object[] arguments, Object key) {
		String found = read(arguments, key);
		if (found != null) {
			this.hits++;
			assertThat(found).as("%s: %s", this.texts, key).isEqualTo(this.model.get(key));
		}
	}

	private void put(@Nullable Object[] arguments, Object key, String value) {
		this.model.put(key, value);
		switch (this.texts.random().nextInt(3)) {
			case 0 -> cache().put(key, value);
			case 1 -> putByMethod(arguments, value);
			default -> {
				cache().evict(key);
				cache().putIfAbsent(key, value);
			}
		}
	}

	private void putByMethod(@Nullable Object[] arguments, String value) {
		Names names = this.instance.service();
		Names.value = value;
		switch (arguments.length) {
			case 0 -> names.put();
			case 1 ->
				this.texts.<Runnable>oneOf(() -> names.put(arguments[0]), () -> names.putByKeys(arguments[0])).run();
			case 2 -> names.put(arguments[0], arguments[1]);
			default -> names.put(arguments[0], arguments[1], arguments[2]);
		}
	}

	private void evict(@Nullable Object[] arguments, Object key) {
		this.model.remove(key);
		Names names = this.instance.service();
		if (arguments.length == 1 && arguments[0] != null && this.texts.random().nextBoolean()) {
			names.forget(arguments[0]);
		}
		else if (arguments.length == 2 && this.texts.random().nextBoolean()) {
			names.forget(arguments[0], arguments[1]);
		}
		else {
			cache().evict(key);
		}
		assertThat(read(arguments, key)).as("%s: %s", this.texts, key).isNull();
	}

	private @Nullable String read(@Nullable Object[] arguments, Object key) {
		Names names = this.instance.service();
		Names.value = null;
		if (this.texts.random().nextBoolean()) {
			return cache().get(key, String.class);
		}
		return switch (arguments.length) {
			case 0 -> names.get();
			case 1 -> (arguments[0] != null && this.texts.random().nextBoolean()) ? names.getByKey(arguments[0])
					: names.get(arguments[0]);
			case 2 -> this.texts.random().nextBoolean() ? names.getByKeys(arguments[0], arguments[1])
					: names.get(arguments[0], arguments[1]);
			default -> names.get(arguments[0], arguments[1], arguments[2]);
		};
	}

	private ResilientRedisCache cache() {
		return this.instance.cache("names");
	}

	private @Nullable Object[] arguments() {
		@Nullable Object[] arguments = new @Nullable Object[this.texts.oneOf(0, 1, 1, 1, 2, 2, 3)];
		Arrays.setAll(arguments, (i) -> value());
		return arguments;
	}

	private @Nullable Object value() {
		return switch (this.texts.random().nextInt(10)) {
			case 0 -> null;
			case 1 -> new Names.Page(this.texts.next(1));
			case 2 -> new Names.Other(this.texts.next(1));
			case 3 -> List.of(this.texts.next(1));
			case 4 -> Set.of(this.texts.next(2));
			case 5 -> "x".repeat(this.texts.oneOf(1023, 1024, 1025)) + this.texts.next(1);
			default -> this.texts.next(2);
		};
	}

	public static class Names {

		/** What methods answer, since what they are given is the key. */
		private static @Nullable String value;

		@CachePut("names")
		public @Nullable String put() {
			return value;
		}

		@CachePut("names")
		public @Nullable String put(@Nullable Object only) {
			return value;
		}

		@CachePut(cacheNames = "names", key = "@cacheKeys.of(#only)")
		public @Nullable String putByKeys(@Nullable Object only) {
			return value;
		}

		@CachePut("names")
		public @Nullable String put(@Nullable Object first, @Nullable Object second) {
			return value;
		}

		@CachePut("names")
		public @Nullable String put(@Nullable Object first, @Nullable Object second, @Nullable Object third) {
			return value;
		}

		@Cacheable(cacheNames = "names", unless = "#result == null")
		public @Nullable String get() {
			return value;
		}

		@Cacheable(cacheNames = "names", unless = "#result == null")
		public @Nullable String get(@Nullable Object only) {
			return value;
		}

		@Cacheable(cacheNames = "names", key = "#only", unless = "#result == null")
		public @Nullable String getByKey(Object only) {
			return value;
		}

		@Cacheable(cacheNames = "names", unless = "#result == null")
		public @Nullable String get(@Nullable Object first, @Nullable Object second) {
			return value;
		}

		@Cacheable(cacheNames = "names", key = "@cacheKeys.of(#first, #second)", unless = "#result == null")
		public @Nullable String getByKeys(@Nullable Object first, @Nullable Object second) {
			return value;
		}

		@Cacheable(cacheNames = "names", unless = "#result == null")
		public @Nullable String get(@Nullable Object first, @Nullable Object second, @Nullable Object third) {
			return value;
		}

		@CacheEvict(cacheNames = "names", key = "#only")
		public void forget(Object only) {
		}

		@CacheEvict("names")
		public void forget(@Nullable Object first, @Nullable Object second) {
		}

		@Cacheable("tenants")
		public String load(String tenant, String id) {
			return several(tenant, id);
		}

		@Cacheable("tenants")
		public String load(String name) {
			return one(name);
		}

		@Cacheable(cacheNames = "tenants", key = "#tenant + ':' + #id")
		public String loadByText(String tenant, String id) {
			return joined(tenant, id);
		}

		static String one(String name) {
			return "one " + name;
		}

		static String several(String tenant, String id) {
			return "several " + tenant.length() + " " + tenant + " " + id;
		}

		static String joined(String tenant, String id) {
			return "joined " + tenant.length() + " " + tenant + " " + id;
		}

		record Page(String name) {
		}

		record Other(String name) {
		}

	}

}
