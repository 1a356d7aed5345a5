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

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import reactor.core.publisher.Mono;

import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.cache.annotation.CacheEvict;
import org.springframework.cache.annotation.CachePut;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.cache.interceptor.SimpleKey;
import org.springframework.data.domain.PageRequest;
import org.springframework.data.domain.Pageable;

import dev.cachestarter.cache.ResilientRedisCache;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.Threads;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.awaitility.Awaitility.await;

/**
 * What Spring takes for one key is one entry, whoever names it, and what it takes for two
 * is never read as one.
 */
@WithRedis
@ExtendWith(OutputCaptureExtension.class)
class SpringKeysRedisTests {

	private final RedisServer redis;

	private final TestInstance<Desk> instance;

	SpringKeysRedisTests(RedisServer redis) {
		this.redis = redis;
		this.instance = TestInstance.of(Desk.class, redis.host(), redis.port(), (builder) -> {
			TestInstance.patient(builder);
			// Longer than any wait of a test: who waits for another's load is seen to.
			builder.defaults(CacheSettings.defaults().withLoadWait(Duration.ofMinutes(1)));
		});
	}

	@BeforeEach
	void connected() {
		this.instance.awaitUp();
		// A server that does not know the scripts yet is asked twice to store.
		desk().find("first");
		await().until(() -> cache().get("first") != null);
		cache().evict("first");
	}

	@AfterEach
	void close() {
		this.instance.close();
	}

	private Desk desk() {
		return this.instance.service();
	}

	private ResilientRedisCache cache() {
		return this.instance.cache("desk");
	}

	static List<String> texts() {
		List<String> texts = new ArrayList<>(List.of("John Smith", "a:b", ":", "::", "100%", "%20", "%null", "%noargs",
				"*", "a?[b]\\^", "", " ", "\u00a0", "{x}", "{\"a\":1}", "[1]", "\"q\"", "x}", "a:{b", "\n\u0000\u007f",
				"\u00e9\u6771", "\ud83d\ude00", "\ud83d", "\ude00\ud83d", "null", "SimpleKey []", "~", "~g:desk"));
		texts.add("long:" + "x".repeat(3000));
		texts.add("y".repeat(5000));
		texts.add("a:".repeat(5000));
		return texts;
	}

	@ParameterizedTest
	@MethodSource("texts")
	void aTextIsOneEntryWhoeverNamesIt(String text) {
		String loaded = desk().find(text);

		assertThat(desk().findByKey(text)).isEqualTo(loaded);
		assertThat(desk().findSynchronized(text)).isEqualTo(loaded);
		assertThat(desk().findLater(text).join()).isEqualTo(loaded);
		assertThat(desk().findReactively(text).block()).isEqualTo(loaded);
		assertThat(desk().findByCacheKeys(text)).isEqualTo(loaded);
		assertThat(cache().get(text, String.class)).isEqualTo(loaded);
		assertThat(this.redis.keys("desk:*")).hasSize(1);

		desk().forget(text);
		assertThat(cache().get(text, String.class)).isNull();
		cache().put(text, "put");
		assertThat(desk().find(text)).isEqualTo("put");
		cache().evict(text);
		assertThat(desk().findByKey(text)).isNotIn(loaded, "put");
		desk().rename(new User(text, "x"));
		assertThat(cache().get(text, String.class)).isNull();
		assertThat(desk().replace(text, "replaced")).isEqualTo(desk().find(text));
		desk().forgetByDefault(text);
		assertThat(cache().get(text, String.class)).isNull();
		desk().find(text);
		desk().forgetByTemplate(text);
		assertThat(cache().get(text, String.class)).isNull();
	}

	@ParameterizedTest
	@MethodSource("texts")
	void argumentsAreTheSimpleKeyOfThem(String text) {
		String loaded = desk().findIn("acme", text);

		assertThat(cache().get(new SimpleKey("acme", text), String.class)).isEqualTo(loaded);
		assertThat(desk().findInByCacheKeys("acme", text)).isEqualTo(loaded);
		cache().evict(new SimpleKey("acme", text));
		assertThat(desk().findIn("acme", text)).isNotEqualTo(loaded);
		assertThat(cache().get("acme:" + text)).isNull();
		desk().forgetTenant("acme");
		assertThat(cache().get(new SimpleKey("acme", text))).isNull();
	}

	@Test
	void noArgumentsAreTheEmptyKey() {
		String loaded = desk().all();

		assertThat(cache().get(SimpleKey.EMPTY, String.class)).isEqualTo(loaded);
		cache().evict(SimpleKey.EMPTY);
		assertThat(desk().all()).isNotEqualTo(loaded);
		assertThat(desk().find("%noargs")).isNotEqualTo(desk().all());
	}

	@Test
	void composedTextMeetsTheKeyOfItsArguments() {
		String loaded = desk().findIn("acme", "7 up");

		assertThat(desk().findInByText("acme", "7 up")).isEqualTo(loaded);
		desk().forgetInByText("acme", "7 up");
		assertThat(cache().get(new SimpleKey("acme", "7 up"))).isNull();
		desk().saveInByText(new User("acme", "7 up"));
		String saved = desk().findIn("acme", "7 up");
		assertThat(saved).startsWith("saved");
		assertThat(cache().get("acme:7 up", String.class)).isEqualTo(saved);
		desk().findIn("", "{x");
		assertThat(desk().findInByText("", "{x")).isEqualTo(desk().findIn("", "{x"));
	}

	@Test
	void composedTextOfValuesWithColonsMeetsNoOther() {
		String acmes = desk().findIn("acme", "1", "x");

		assertThat(desk().findInByText("acme:1", "x")).isNotEqualTo(acmes);
		assertThat(desk().findIn("acme", "1", "x")).isEqualTo(acmes);
		String own = desk().findInByText("b:1", "x");
		assertThat(cache().get("b:1:x", String.class)).as("the same text").isEqualTo(own);
		assertThat(desk().findIn("b", "1", "x")).isNotEqualTo(own);
	}

	@Test
	void textOfOneArgumentReadsNothingOfSeveralNorTheOtherWayRound() {
		String acmes = desk().findIn("acme", "7");

		assertThat(desk().find("acme:7")).isNotEqualTo(acmes);
		assertThat(cache().get("acme:7")).isNull();
		assertThat(desk().findIn("acme", "7")).as("was not replaced").isEqualTo(acmes);
		String strangers = desk().find("other:7");
		assertThat(desk().findIn("other", "7")).isNotEqualTo(strangers);
	}

	@Test
	void whoChoosesTheTextOfOneArgumentTakesNoEntryOfSeveralAway(CapturedOutput output) {
		desk().find("acme:7");
		desk().findIn("acme", "7");

		assertThat(desk().find("acme:7")).isNotEqualTo(desk().find("acme:7"));

		int loads = desk().loads();
		desk().findIn("acme", "7");
		assertThat(desk().loads()).as("is cached").isEqualTo(loads);
		assertThat(output).containsOnlyOnce("Cache 'desk' has the entry of another key under 'desk:acme:7'");
	}

	@Test
	void textThatIsJoinedOfLongValuesEvictsWhatTheyAreTheKeyOf() {
		String part = "p".repeat(1000);
		String loaded = desk().findOf(part, part, part, part, part);
		assertThat(desk().findOf(part, part, part, part, part)).isEqualTo(loaded);

		desk().forgetOf(part, part, part, part, part);

		assertThat(desk().findOf(part, part, part, part, part)).isNotEqualTo(loaded);
	}

	@Test
	void eachOfTheTwoEvictsTheOther() {
		desk().findIn("acme", "7");
		desk().forget("acme:7");
		assertThat(this.redis.keys("desk:acme*")).isEmpty();
		desk().find("acme:7");
		desk().forgetIn("acme", "7");
		assertThat(this.redis.keys("desk:acme*")).isEmpty();
	}

	@Test
	void whoLoadsOneIsNotJoinedByTheOther() throws Exception {
		CompletableFuture<String> several = CompletableFuture.supplyAsync(() -> desk().findSlowly("acme", "7"),
				Threads.OWN);
		await().until(() -> desk().loading() == 1);

		CompletableFuture<String> one = CompletableFuture.supplyAsync(() -> desk().findSlowly("acme:7"), Threads.OWN);
		await().until(() -> desk().loading() == 2);
		desk().go();

		assertThat(one.get(10, TimeUnit.SECONDS)).isNotEqualTo(several.get(10, TimeUnit.SECONDS));
		assertThat(desk().findSlowly("acme", "7")).isEqualTo(several.join());
		assertThat(desk().findSlowly("acme:7")).isNotEqualTo(several.join());
	}

	@Test
	void fullKeyOfTheServiceIsWhatStandsInRedis() {
		String several = desk().findIn("acme", "7");
		String one = desk().find("a b:c");
		CacheService service = this.instance.manager().getCacheService();

		assertThat(service.get("desk:acme:7", String.class)).contains(several);
		assertThat(service.get("desk:a%20b:c", String.class)).contains(one);
		service.set("desk:acme:7", "set");
		assertThat(desk().findIn("acme", "7")).isEqualTo("set");
		assertThat(desk().find("acme:7")).isEqualTo("set");
		service.delete("desk:a%20b:c");
		assertThat(cache().get("a b:c")).isNull();
	}

	@Test
	void argumentsOfSpringDataAndDatesAreKeys() {
		String first = desk().page(PageRequest.of(0, 20));

		assertThat(desk().page(PageRequest.of(0, 20))).isEqualTo(first);
		assertThat(cache().get(PageRequest.of(0, 20), String.class)).isEqualTo(first);
		assertThat(desk().page(PageRequest.of(1, 20))).isNotEqualTo(first);
		assertThat(desk().page(Pageable.unpaged())).isNotEqualTo(first);
	}

	@Test
	void anArgumentThatChangesIsTheKeyThatItWas() {
		List<String> names = new ArrayList<>(List.of("b", "a"));

		String loaded = desk().sorting(names);

		assertThat(names).containsExactly("a", "b");
		assertThat(desk().sorting(new ArrayList<>(List.of("b", "a")))).isEqualTo(loaded);
		assertThat(cache().get(List.of("a", "b"))).isNull();
	}

	@Test
	void whatHasNoKeyFailsBeforeTheMethodHasRun() {
		Bean bean = new Bean();
		List<Runnable> calls = List.of(() -> desk().findBean(bean), () -> desk().findBeanByKey(bean),
				() -> desk().saveBean(bean), () -> desk().saveBeanByKey(bean), () -> desk().deleteBean(bean),
				() -> desk().deleteBeanByKey(bean), () -> desk().deleteBeanByTemplate(bean),
				() -> desk().deleteBeanByCacheKeys(bean), () -> failureOf(desk().deleteBeanLater(bean)),
				() -> desk().deleteBeanReactively(bean).block(), () -> desk().findBeanSynchronized(bean));

		for (Runnable call : calls) {
			assertThatIllegalArgumentException().isThrownBy(call::run)
				.withMessageContaining("bean")
				.withMessageContaining(Desk.class.getName() + ".")
				.withMessageContaining(Bean.class.getName())
				.withMessageContaining("key expression");
		}
		assertThat(desk().loads()).isEqualTo(1);
	}

	private static void failureOf(CompletableFuture<?> later) {
		try {
			later.join();
		}
		catch (CompletionException ex) {
			throw (RuntimeException) Objects.requireNonNull(ex.getCause());
		}
	}

	@Test
	void keyThatTheMethodOrItsResultMakesIsNotAskedForBefore() {
		Bean bean = new Bean();

		assertThat(desk().create(bean)).isSameAs(bean);
		desk().fill(new User("new", null));

		assertThat(desk().loads()).isEqualTo(3);
	}

	public static class Bean {

		@Nullable String id;

		public @Nullable String getId() {
			return this.id;
		}

	}

	public static class User {

		String name;

		@Nullable String id;

		User(String name, @Nullable String id) {
			this.name = name;
			this.id = id;
		}

		public String getName() {
			return this.name;
		}

		public @Nullable String getId() {
			return this.id;
		}

	}

	public static class Desk {

		private static final AtomicInteger ALL = new AtomicInteger();

		private final AtomicInteger loads = new AtomicInteger();

		private final AtomicInteger loading = new AtomicInteger();

		private final CountDownLatch go = new CountDownLatch(1);

		public int loads() {
			return this.loads.get();
		}

		public int loading() {
			return this.loading.get();
		}

		public void go() {
			this.go.countDown();
		}

		private String load(String what) {
			this.loads.incrementAndGet();
			return what + " " + ALL.incrementAndGet();
		}

		private String loadSlowly(String what) {
			this.loading.incrementAndGet();
			try {
				this.go.await(1, TimeUnit.MINUTES);
			}
			catch (InterruptedException ex) {
				Thread.currentThread().interrupt();
			}
			return load(what);
		}

		@Cacheable("desk")
		public String find(String name) {
			return load(name);
		}

		@Cacheable(cacheNames = "desk", key = "#name")
		public String findByKey(String name) {
			return load(name);
		}

		@Cacheable(cacheNames = "desk", sync = true)
		public String findSynchronized(String name) {
			return load(name);
		}

		@Cacheable("desk")
		public CompletableFuture<String> findLater(String name) {
			return CompletableFuture.completedFuture(load(name));
		}

		@Cacheable("desk")
		public Mono<String> findReactively(String name) {
			return Mono.fromSupplier(() -> load(name));
		}

		@Cacheable(cacheNames = "desk", key = "@cacheKeys.of(#name)")
		public String findByCacheKeys(String name) {
			return load(name);
		}

		@CacheEvict(cacheNames = "desk", key = "#name")
		public void forget(String name) {
		}

		@CacheEvict("desk")
		public void forgetByDefault(String name) {
		}

		@CacheEvictPattern(cacheNames = "desk", pattern = "#{#name}")
		public void forgetByTemplate(String name) {
		}

		@CacheEvict(cacheNames = "desk", key = "#user.name")
		public void rename(User user) {
		}

		@CachePut(cacheNames = "desk", key = "#name")
		public String replace(String name, String value) {
			return value;
		}

		@Cacheable("desk")
		public String findIn(String org, String id) {
			return load(org + "," + id);
		}

		@Cacheable("desk")
		public String findIn(String org, String id, String part) {
			return load(org + "," + id + "," + part);
		}

		@Cacheable(cacheNames = "desk", key = "@cacheKeys.of(#org, #id)")
		public String findInByCacheKeys(String org, String id) {
			return load(org + "," + id);
		}

		@Cacheable(cacheNames = "desk", key = "#org + ':' + #id")
		public String findInByText(String org, String id) {
			return load(org + "," + id);
		}

		@CacheEvict(cacheNames = "desk", key = "#org + ':' + #id")
		public void forgetInByText(String org, String id) {
		}

		@Cacheable("desk")
		public String findOf(String a, String b, String c, String d, String e) {
			return load("parts");
		}

		@CacheEvict(cacheNames = "desk", key = "#a + ':' + #b + ':' + #c + ':' + #d + ':' + #e")
		public void forgetOf(String a, String b, String c, String d, String e) {
		}

		@CacheEvict("desk")
		public void forgetIn(String org, String id) {
		}

		@CachePut(cacheNames = "desk", key = "#user.name + ':' + #user.id")
		public String saveInByText(User user) {
			return load("saved");
		}

		@CacheEvictPattern(cacheNames = "desk", pattern = "#{#org}:*")
		public void forgetTenant(String org) {
		}

		@Cacheable("desk")
		public String all() {
			return load("all");
		}

		@Cacheable("desk")
		public String findSlowly(String org, String id) {
			return loadSlowly(org + "," + id);
		}

		@Cacheable("desk")
		public String findSlowly(String name) {
			return loadSlowly(name);
		}

		@Cacheable("desk")
		public String page(Pageable page) {
			return load("page");
		}

		@Cacheable("desk")
		public String sorting(List<String> names) {
			names.sort(null);
			return load("sorted");
		}

		@Cacheable("desk")
		public String findBean(Bean bean) {
			return load("bean");
		}

		@Cacheable(cacheNames = "desk", key = "#bean")
		public String findBeanByKey(Bean bean) {
			return load("bean");
		}

		@Cacheable(cacheNames = "desk", key = "#bean", sync = true)
		public String findBeanSynchronized(Bean bean) {
			return load("bean");
		}

		@CachePut("desk")
		public String saveBean(Bean bean) {
			return load("bean");
		}

		@CachePut(cacheNames = "desk", key = "#bean")
		public String saveBeanByKey(Bean bean) {
			return load("bean");
		}

		@CacheEvict("desk")
		public void deleteBean(Bean bean) {
			load("bean");
		}

		@CacheEvict(cacheNames = "desk", key = "#bean")
		public void deleteBeanByKey(Bean bean) {
			load("bean");
		}

		@CacheEvict(cacheNames = "desk", key = "@cacheKeys.of('x', #bean)")
		public void deleteBeanByCacheKeys(Bean bean) {
			load("bean");
		}

		@CacheEvictPattern(cacheNames = "desk", pattern = "#{#bean}:*")
		public void deleteBeanByTemplate(Bean bean) {
			load("bean");
		}

		@CacheEvict("desk")
		public CompletableFuture<Void> deleteBeanLater(Bean bean) {
			load("bean");
			return CompletableFuture.completedFuture(null);
		}

		@CacheEvict("desk")
		public Mono<Void> deleteBeanReactively(Bean bean) {
			return Mono.fromRunnable(() -> load("bean"));
		}

		@CacheEvict(cacheNames = "desk", key = "#result.id")
		public Bean create(Bean bean) {
			load("bean");
			bean.id = "1";
			return bean;
		}

		@CacheEvict(cacheNames = "desk", key = "#user.id.length()")
		public void fill(User user) {
			load("user");
			user.id = Objects.requireNonNull(user.name);
		}

	}

}
