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

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import org.springframework.cache.Cache;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.data.redis.serializer.RedisSerializationContext.SerializationPair;
import org.springframework.data.redis.serializer.RedisSerializer;

import dev.cachestarter.cache.Internals;
import dev.cachestarter.cache.ResilientRedisCacheManager;
import dev.cachestarter.engine.entry.EntryScripts;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * What is no part of a call: what code of the application's does with caches while a
 * value is stored, and what others have left under its key.
 */
@WithRedis(local = true)
class CallsKeptApartRedisTests extends Interleavings {

	private static final Pattern CALLS = Pattern.compile("cmdstat_(mget|evalsha):calls=(\\d+)");

	CallsKeptApartRedisTests(RedisServer redis) {
		super(redis);
	}

	@BeforeEach
	void emptyRedis() {
		this.redis.flushAll();
		// So that what is asked for is answered at once.
		this.redis.cli("SCRIPT", "LOAD", EntryScripts.DELETE_IF.text());
		Item.getter.set(null);
	}

	@ParameterizedTest
	@EnumSource
	void whatATtlPolicyPutsIsStored(Way way) {
		AtomicReference<@Nullable Cache> diary = new AtomicReference<>();
		TestInstance<Shop> shop = shop((builder) -> builder.ttlPolicy((cache, key, value) -> {
			Cache there = cache.equals("items") ? diary.getAndSet(null) : null;
			if (there != null) {
				note(there);
			}
			return null;
		}));
		diary.set(shop.cache("diary"));

		way.find(shop);

		assertNoted(shop);
	}

	@ParameterizedTest
	@EnumSource
	void whatAGetterPutsIsStored(Way way) {
		TestInstance<Shop> shop = shop((builder) -> builder);
		Cache diary = shop.cache("diary");
		Item.getter.set(() -> note(diary));

		way.find(shop);

		assertNoted(shop);
	}

	@ParameterizedTest
	@EnumSource
	void whatASerializerPutsIsStored(Way way) {
		AtomicReference<@Nullable Cache> diary = new AtomicReference<>();
		TestInstance<Shop> shop = shop((builder) -> builder.cache("items",
				TIMELESS.withValueSerializer(SerializationPair.fromSerializer(new RedisSerializer<Object>() {
					@Override
					public byte[] serialize(@Nullable Object value) {
						Cache there = diary.getAndSet(null);
						if (there != null) {
							note(there);
						}
						return "tea".getBytes(StandardCharsets.UTF_8);
					}

					@Override
					public Object deserialize(byte @Nullable [] bytes) {
						return new Item();
					}
				}))));
		diary.set(shop.cache("diary"));

		way.find(shop);

		assertNoted(shop);
	}

	private static void note(Cache diary) {
		if (diary.get("today") == null) {
			diary.put("today", "tea");
		}
	}

	private void assertNoted(TestInstance<Shop> shop) {
		await().untilAsserted(() -> assertThat(shop.counters("items").puts()).isEqualTo(1));
		await().untilAsserted(() -> assertThat(this.redis.keys("diary:*")).containsExactly("diary:today"));
		Cache.ValueWrapper noted = shop.cache("diary").get("today");
		assertThat((noted != null) ? noted.get() : null).isEqualTo("tea");
	}

	@Test
	void whatIsNoEntryCostsNoFurtherRoundTrip() {
		TestInstance<Shop> shop = shop((builder) -> builder);
		warm(shop);
		this.redis.cli("SET", "items:tea", "not ours");
		this.redis.cli("CONFIG", "RESETSTAT");

		shop.service().item("tea");

		await().until(() -> shop.counters("items").puts() == 3);
		// It is removed by a script, leased without one, and filled by one.
		assertThat(asked()).isEqualTo(Map.of("mget", 1, "evalsha", 2));
	}

	@Test
	void whatIsOfAnotherDataTypeIsLeasedByTheScript() {
		TestInstance<Shop> shop = shop((builder) -> builder);
		warm(shop);
		this.redis.cli("LPUSH", "items:tea", "not ours");
		this.redis.cli("CONFIG", "RESETSTAT");

		shop.service().item("tea");

		await().until(() -> shop.counters("items").puts() == 3);
		assertThat(asked()).isEqualTo(Map.of("mget", 1, "evalsha", 2));
	}

	/** Have the generations in Redis, known, and kept. */
	private static void warm(TestInstance<Shop> shop) {
		shop.service().item("rum");
		await().until(() -> shop.counters("items").puts() == 1);
		shop.service().item("gin");
		await().until(() -> shop.counters("items").puts() == 2);
	}

	private Map<String, Integer> asked() {
		Map<String, Integer> calls = new TreeMap<>();
		Matcher matcher = CALLS.matcher(String.valueOf(this.redis.cli("INFO", "commandstats")));
		while (matcher.find()) {
			calls.put(matcher.group(1), Integer.valueOf(matcher.group(2)));
		}
		return calls;
	}

	private TestInstance<Shop> shop(UnaryOperator<ResilientRedisCacheManager.Builder> settings) {
		return closing(TestInstance.of(Shop.class, this.redis.host(), this.redis.port(),
				(builder) -> Internals
					.link(settings.apply(builder.defaults(TIMELESS)).caches(List.of("items", "diary")), PATIENT)))
			.awaitUp();
	}

	/**
	 * An item that may do something when it is written.
	 */
	static class Item {

		static final AtomicReference<@Nullable Runnable> getter = new AtomicReference<>();

		private String name = "tea";

		public String getName() {
			Runnable action = getter.getAndSet(null);
			if (action != null) {
				action.run();
			}
			return this.name;
		}

		public void setName(String name) {
			this.name = name;
		}

	}

	/**
	 * A way to ask for an item.
	 */
	enum Way {

		METHOD {
			@Override
			void find(TestInstance<Shop> shop) {
				shop.service().item("tea");
			}
		},

		SYNC {
			@Override
			void find(TestInstance<Shop> shop) {
				shop.service().itemSync("tea");
			}
		},

		FUTURE {
			@Override
			void find(TestInstance<Shop> shop) {
				shop.service().itemLater("tea").join();
			}
		};

		abstract void find(TestInstance<Shop> shop);

	}

	static class Shop {

		@Cacheable(cacheNames = "items", key = "#id")
		public Item item(String id) {
			return new Item();
		}

		@Cacheable(cacheNames = "items", key = "#id", sync = true)
		public Item itemSync(String id) {
			return new Item();
		}

		@Cacheable(cacheNames = "items", key = "#id")
		public CompletableFuture<Item> itemLater(String id) {
			return CompletableFuture.completedFuture(new Item());
		}

	}

}
