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

import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import com.fasterxml.jackson.annotation.JsonTypeInfo;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import org.springframework.cache.annotation.Cacheable;
import org.springframework.util.unit.DataSize;

import dev.cachestarter.engine.key.HostileText;
import dev.cachestarter.engine.value.HostileEntries;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.RespClient;
import dev.cachestarter.testing.Thorough;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Somebody who may write to the same Redis changes the entries of one tenant: callers get
 * a value, on whatever way they ask, and the entries of another tenant and of strangers
 * stay what they are.
 */
@WithRedis
class HostileEntriesRedisTests {

	private static final int ROUNDS = Thorough.choose(250, 6_000);

	private static final List<String> METHODS = List.of("record", "list", "shape", "number", "nothing", "later", "old");

	private final RedisServer redis;

	HostileEntriesRedisTests(RedisServer redis) {
		this.redis = redis;
	}

	@Test
	void callersGetAValueAndNobodyElseIsConcerned() throws Exception {
		HostileText texts = new HostileText();
		System.out.println("Hostile entries in Redis: " + texts + ", " + ROUNDS + " rounds");
		HostileEntries hostile = new HostileEntries(texts.random(), 100_000);
		CacheSettings settings = CacheSettings.defaults()
			.withLoadWait(Duration.ofMillis(30))
			.withMaxValueSize(DataSize.ofKilobytes(20))
			.withCompressAbove(DataSize.ofBytes(200))
			// What nobody changes is there until the end.
			.withTtl(Duration.ofHours(1))
			.withNullTtl(Duration.ofHours(1))
			.withRefreshAhead(Duration.ofMinutes(1));
		try (TestInstance<Things> instance = TestInstance.of(Things.class, this.redis.host(), this.redis.port(),
				(builder) -> {
					TestInstance.patient(builder);
					builder.defaults(settings);
					METHODS.forEach((name) -> builder.cache(name, settings));
					builder.cache("old", settings.withStaleIfError(Duration.ofHours(1)));
				}); RespClient client = this.redis.connect()) {
			instance.awaitUp();
			Things things = instance.service();
			this.redis.cli("SET", "stranger", "theirs");
			for (String method : METHODS) {
				things.call(method, "victim");
				things.call(method, "bystander");
				await().atMost(Duration.ofMinutes(1))
					.until(() -> this.redis.number("EXISTS", key(method, "victim"), key(method, "bystander")) == 2
							&& isValue(key(method, "victim")) && isValue(key(method, "bystander")));
			}
			List<byte[]> entries = METHODS.stream().map((method) -> bytes(key(method, "victim"))).toList();
			List<byte[]> others = METHODS.stream().map((method) -> payload(key(method, "bystander"))).toList();
			for (int i = 0; i < ROUNDS; i++) {
				int chosen = texts.random().nextInt(METHODS.size());
				String method = METHODS.get(chosen);
				byte[] changed = hostile.changed(entries.get(chosen), texts.oneOf(entries.toArray(byte[][]::new)));
				client.callForBytes(ascii("EVAL"), ascii("redis.call('SET', KEYS[1], ARGV[1]) return 'done'"),
						ascii("1"), ascii(key(method, "victim")), changed);

				String what = "%s, round %d, %s: %s".formatted(texts, i, method,
						HexFormat.of().formatHex(Arrays.copyOf(changed, Math.min(changed.length, 600))));
				for (Callable<?> way : ways(instance, method, i)) {
					try {
						way.call();
					}
					catch (Throwable ex) {
						throw new AssertionError(what, ex);
					}
				}
				assertThat(instance.engine().link().isUp()).as(what).isTrue();
			}
			for (int i = 0; i < METHODS.size(); i++) {
				assertThat(payload(key(METHODS.get(i), "bystander"))).as(texts.toString()).isEqualTo(others.get(i));
			}
			assertThat(this.redis.cli("GET", "stranger")).isEqualTo("theirs");
			assertThat(this.redis.keys("*")).allMatch((key) -> key.equals("stranger") || key.startsWith("~g:")
					|| METHODS.stream().anyMatch((method) -> key.startsWith(method + ":")));
		}
	}

	/** Some of the ways to read, another each time. */
	private static List<Callable<?>> ways(TestInstance<Things> instance, String method, int round) {
		String key = key(method, "victim");
		Class<?> type = Things.TYPES.getOrDefault(method, Object.class);
		Callable<?> call = () -> instance.service().call(method, "victim");
		return switch (round % 5) {
			case 0 -> List.of(() -> instance.cache(method).get("victim"), call);
			case 1 -> List.of(() -> instance.cacheService().get(key, type), call);
			case 2 -> List.of(() -> instance.cacheService()
				.getAll(List.of(key, key(method, "bystander")), Object.class, (missing) -> Map.of()), call);
			case 3 -> List.of(
					() -> instance.cacheService().getOrLoad(key + "2", Object.class, Duration.ofMinutes(1), () -> "x"),
					() -> retrieved(instance.cache(method).retrieve("victim")), call);
			default -> List.of(call);
		};
	}

	private static @Nullable Object retrieved(@Nullable CompletableFuture<?> found) throws Exception {
		return (found != null) ? found.get(30, TimeUnit.SECONDS) : null;
	}

	private boolean isValue(String key) {
		return String.valueOf(this.redis.cli("GETRANGE", key, "0", "4")).equals("cs2 v");
	}

	private static String key(String method, String tenant) {
		return method + ":" + tenant;
	}

	private byte[] bytes(String key) {
		return Objects.requireNonNull(this.redis.bytes(key));
	}

	private byte[] payload(String key) {
		byte[] bytes = bytes(key);
		return Arrays.copyOfRange(bytes, 134, bytes.length);
	}

	private static byte[] ascii(String text) {
		return text.getBytes(StandardCharsets.US_ASCII);
	}

	static class Things {

		static final Map<String, Class<?>> TYPES = Map.of("record", Thing.class, "number", Long.class, "shape",
				Shape.class);

		private final org.springframework.beans.factory.ObjectProvider<Things> self;

		Things(org.springframework.beans.factory.ObjectProvider<Things> self) {
			this.self = self;
		}

		@Nullable Object call(String method, String tenant) throws Exception {
			Things things = this.self.getObject();
			// A null may be forged like any other value.
			return switch (method) {
				case "record" -> name(things.record(tenant));
				case "list" -> names(things.list(tenant));
				case "shape" -> String.valueOf(things.shape(tenant));
				case "number" -> things.number(tenant) + 1;
				case "nothing" -> name(things.nothing(tenant));
				case "later" -> name(things.later(tenant).get(30, TimeUnit.SECONDS));
				default -> name(things.old(tenant));
			};
		}

		private static String name(@Nullable Thing thing) {
			return (thing != null) ? String.valueOf(thing.name()) : "";
		}

		private static List<String> names(@Nullable List<Thing> things) {
			return (things != null) ? things.stream().map(Things::name).toList() : List.of();
		}

		@Cacheable("record")
		public Thing record(String tenant) {
			return new Thing(tenant, 1, new BigDecimal("1.50"));
		}

		@Cacheable("list")
		public List<Thing> list(String tenant) {
			return java.util.stream.IntStream.range(0, 20)
				.mapToObj((number) -> new Thing(tenant + number, number, BigDecimal.TEN))
				.toList();
		}

		@Cacheable("shape")
		public Shape shape(String tenant) {
			return new Circle(tenant.length());
		}

		@Cacheable("number")
		public long number(String tenant) {
			return tenant.length();
		}

		@Cacheable("nothing")
		public @Nullable Thing nothing(String tenant) {
			return null;
		}

		@Cacheable("later")
		public CompletableFuture<Thing> later(String tenant) {
			return CompletableFuture.completedFuture(new Thing(tenant, 1, BigDecimal.ONE));
		}

		@Cacheable("old")
		public Thing old(String tenant) {
			return new Thing(tenant, 1, BigDecimal.ONE);
		}

	}

	record Thing(String name, int size, BigDecimal rate) {

	}

	@JsonTypeInfo(use = JsonTypeInfo.Id.NAME)
	sealed interface Shape permits Circle, Square {

	}

	record Circle(double radius) implements Shape {

	}

	record Square(double side) implements Shape {

	}

}
