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

package dev.cachestarter.application;

import java.net.URI;
import java.net.URL;
import java.nio.file.Path;
import java.time.DayOfWeek;
import java.time.Instant;
import java.time.LocalDate;
import java.util.Collection;
import java.util.Date;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TimeZone;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import dev.cachestarter.CacheReport;
import dev.cachestarter.CacheService;
import dev.cachestarter.application.Model.Color;
import dev.cachestarter.application.Model.Customer;
import dev.cachestarter.application.Model.Product;
import dev.cachestarter.application.Model.Query;
import dev.cachestarter.application.Model.Sku;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.WithRedis;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import org.springframework.aop.support.AopUtils;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.cache.CacheManager;
import org.springframework.cache.interceptor.AbstractCacheResolver;
import org.springframework.cache.interceptor.CacheOperationInvocationContext;
import org.springframework.cache.interceptor.CacheResolver;
import org.springframework.cache.interceptor.KeyGenerator;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.data.domain.PageRequest;
import org.springframework.data.domain.ScrollPosition;
import org.springframework.data.domain.Slice;
import org.springframework.data.domain.Sort;
import org.springframework.data.domain.Window;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * An application as people have them, of 43 cached methods, to which the starter is added
 * and nothing else.
 */
@WithRedis
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@ExtendWith(OutputCaptureExtension.class)
class OrdinaryApplicationRedisTests {

	private static final UUID ID = new UUID(0, 7);

	private final RedisServer redis;

	private @Nullable ConfigurableApplicationContext running;

	OrdinaryApplicationRedisTests(RedisServer redis) {
		this.redis = redis;
	}

	@BeforeEach
	void forget() {
		if (this.running != null) {
			calls().clear();
		}
	}

	@AfterAll
	void stop() {
		if (this.running != null) {
			this.running.close();
		}
	}

	@ParameterizedTest(name = "{0}")
	@MethodSource
	void secondCallIsAHit(Cached method) {
		Object first = Objects.requireNonNull(method.call().apply(application()));

		await().untilAsserted(() -> assertThat(this.redis.keys(method.cache() + ":*")).contains(method.key()));
		Object second = method.call().apply(application());

		assertThat(calls().count(method.name())).isEqualTo(1);
		assertThat(describe(second)).isEqualTo(describe(first)).isEqualTo(method.type());
		if (!first.equals(second)) {
			// Beans, and arrays, that do not say when they are equal.
			assertThat(second).usingRecursiveComparison().isEqualTo(first);
		}
		assertThat(this.redis.keys(method.cache() + ":*")).containsExactly(method.key());
	}

	static Stream<Cached> secondCallIsAHit() {
		return Stream.of(
				// One name, a type for each method
				cached("findAll", "products", "%noargs", "List<Product>", Catalog.class, Catalog::findAll),
				cached("findById", "products", "7", "Product", Catalog.class, (c) -> c.findById(7)),
				cached("findBySku", "products", "{\"code\":\"A-1\"}", "Optional<Product>", Catalog.class,
						(c) -> c.findBySku(new Sku("A-1"))),
				cached("count", "products", "count", "Long", Catalog.class, Catalog::count),
				cached("exists", "products", "exists-7", "Boolean", Catalog.class, (c) -> c.exists(7)),
				cached("search", "products", "acme:{\"like\":{\"code\":\"A\"},\"page\":2,\"text\":\"red shoe\"}",
						"List<Product>", Catalog.class,
						(c) -> c.search("acme", new Query("red shoe", 2, new Sku("A")))),
				// Spring Data
				cached("page", "pages", "{\"page\":2,\"size\":5}", "PageImpl<Product>", Catalog.class,
						(c) -> c.page(PageRequest.of(2, 5))),
				cached("slice", "pages",
						"acme:{\"page\":0,\"size\":1,\"sort\":[{\"direction\":\"DESC\",\"property\":\"name\"}]}",
						"SliceImpl<Product>", Catalog.class,
						(c) -> c.slice("acme", PageRequest.of(0, 1, Sort.by("name").descending()))),
				cached("window", "pages", "window-3", "Window<Product>", Catalog.class,
						(c) -> c.window(ScrollPosition.offset(3))),
				cached("sorted", "sorted", "[{\"direction\":\"ASC\",\"property\":\"name\"}]", "List<Product>",
						Catalog.class, (c) -> c.sorted(Sort.by("name"))),
				// An interface, and what is behind it
				cached("find", "customers", "7", "Customer", Customers.class, (c) -> c.find(7)),
				cached("inCity", "customersByCity", "Den%20Haag", "List<Customer>", Customers.class,
						(c) -> c.inCity("Den Haag")),
				cached("summaries", "customerSummaries", "1970-01-01T00%3A00%3A09Z", "List<CustomerSummary>",
						Customers.class, (c) -> c.summaries(Instant.ofEpochSecond(9))),
				cached("payment", "payments", ID.toString(), "Card", Customers.class, (c) -> c.payment(ID)),
				cached("payments", "paymentsByDay", "2026-02-03", "List<Card, Transfer>", Customers.class,
						(c) -> c.payments(LocalDate.of(2026, 2, 3))),
				// A generic base class
				cached("Colors", "references", "Colors-red", "Color", References.Colors.class, (c) -> c.byCode("red")),
				cached("Sizes", "references", "Sizes-xl", "Size", References.Sizes.class, (c) -> c.byCode("xl")),
				// Later results
				cached("mono", "mono", "7", "Product", Streams.class, (s) -> s.mono(7).block()),
				cached("monoSync", "monoSync", "a%20b", "Boolean", Streams.class, (s) -> s.monoSync("a b").block()),
				cached("flux", "flux", "acme", "List<Product>", Streams.class,
						(s) -> s.flux("acme").collectList().block()),
				cached("future", "future", "7", "Product", Streams.class, (s) -> s.future(7).join()),
				cached("futureOfMany", "futureOfMany", "[\"a\",\"b\"]", "List<Long>", Streams.class,
						(s) -> s.futureOfMany(List.of("a", "b")).join()),
				// Arguments and results of every kind
				cached("turnover", "turnover", "1970-01-01T00%3A00%3A00Z:Europe/Paris", "Map<LocalDate, BigDecimal>",
						Reports.class, (r) -> r.turnover(new Date(0), TimeZone.getTimeZone("Europe/Paris"))),
				cached("byName", "byName", "{\"MONDAY\":8}:a:b", "Map<String, Product>", Reports.class,
						(r) -> r.byName(Map.of(DayOfWeek.MONDAY, 8), "a", "b")),
				cached("roles", "roles", ID + ":fr-CA", "Set<Role>", Reports.class,
						(r) -> r.roles(ID, Locale.CANADA_FRENCH)),
				cached("labels", "labels", "java.lang.String:{\"@optional\":\"x\"}", "String[]", Reports.class,
						(r) -> r.labels(String.class, Optional.of("x"))),
				cached("image", "image", "a/b.png:80", "byte[]", Reports.class,
						(r) -> r.image(Path.of("a", "b.png"), 80)),
				cached("stock", "stock", "https%3A//shop/:c", "Integer", Reports.class,
						(r) -> r.stock(url("https://shop/"), 'c')),
				cached("envelope", "envelope", "7", "Envelope", Reports.class, (r) -> r.envelope(7)),
				cached("invoice", "invoices", "7", "Invoice", Reports.class, (r) -> r.invoice(7)),
				cached("attributes", "attributes", "order", "List<Attribute>", Reports.class,
						(r) -> r.attributes("order")),
				cached("categories", "categories", "%noargs", "Category", Reports.class, Reports::categories),
				// Keys, names and calls that the application makes
				cached("office", "offices-acme", "acme:New%20York", "Address", Tenants.class,
						(t) -> t.office("acme", "New York")),
				cached("user", "users", "John%20Smith", "Product", Tenants.class, (t) -> t.user("John Smith")),
				cached("price", "prices", "acme:A-1", "Money", Tenants.class, (t) -> t.price("acme", "A-1", "r-1")),
				cached("features", "features", "acme:features", "Map<String, Boolean>", Tenants.class,
						(t) -> t.features("acme")),
				cached("loaded", "loaded", "a%20b", "Product", Tenants.class, (t) -> t.loaded("a b")),
				cached("looked", "looked", "a%20b", "Product", Tenants.class, (t) -> t.looked("a b")),
				cached("counter", "counters", "n", "Long", Tenants.class, (t) -> t.counter("n")),
				cached("served", "served", "7", "Product", Tenants.class, (t) -> t.served("7")));
	}

	@Test
	void whatCannotBeCachedWorksAndIsNamedAtTheStart(CapturedOutput output) {
		// Redis may have entries, but none that is ours.
		stop();
		this.running = null;
		Customers customers = application().getBean(Customers.class);

		assertThat(customers.views("Utrecht").get(0).getCity()).isEqualTo("Utrecht");
		assertThat(customers.views("Utrecht").get(0).getId()).isEqualTo(1);
		assertThat(customers.discount("x")).isEqualTo(customers.discount("x"));
		assertThat(customers.export("Utrecht")).hasSize(1);
		assertThat(customers.export("Utrecht")).hasSize(1);

		List<String> named = Stream.of("views", "discount", "export")
			.map((method) -> "StoredCustomers." + method + "(String)")
			.toList();
		assertThat(Stream.of("views", "discount", "export")).allMatch((method) -> calls().count(method) == 2);
		assertThat(application().getBean(CacheReport.class).problems()).extracting(CacheReport.CachedMethod::method)
			.containsExactlyInAnyOrderElementsOf(named);
		// The log is told beside the start.
		named.forEach((method) -> await().untilAsserted(
				() -> assertThat(warnings(output)).anyMatch((line) -> line.contains(method + " is not cached"))));
	}

	@Test
	void fortyThreeMethodsAreMeant() {
		assertThat(secondCallIsAHit()).hasSize(40);
		assertThat(AopUtils.isJdkDynamicProxy(application().getBean(Customers.class))).isTrue();
		assertThat(AopUtils.isCglibProxy(application().getBean(Catalog.class))).isTrue();
	}

	@Test
	void whatOneMethodStoresAnotherReads() {
		Catalog catalog = application().getBean(Catalog.class);
		catalog.findAll();
		catalog.count();

		Product saved = Product.of(9);
		saved.setName("saved");
		catalog.save(saved);

		assertThat(Objects.requireNonNull(catalog.findById(9)).getName()).isEqualTo("saved");
		assertThat(calls().count("findById")).isZero();
		catalog.findAll();
		catalog.count();
		assertThat(calls().count("findAll")).isEqualTo(2);
		assertThat(calls().count("count")).isEqualTo(2);

		catalog.delete(9);
		catalog.findById(9);
		assertThat(calls().count("findById")).isEqualTo(1);
	}

	@Test
	void whatIsMissingIsCachedToo() {
		Catalog catalog = application().getBean(Catalog.class);

		assertThat(catalog.findById(-1)).isNull();
		assertThat(catalog.findById(-1)).isNull();

		assertThat(calls().count("findById")).isEqualTo(1);
	}

	@Test
	void anEvictionThatNamesTheArgumentEvictsIt() {
		Tenants tenants = application().getBean(Tenants.class);
		Customers customers = application().getBean(Customers.class);
		tenants.user("John Smith");
		customers.inCity("Den Haag");

		Product user = new Product();
		user.setName("John Smith");
		tenants.changed(user);
		customers.moved(new Customer(1, "Den Haag"));

		tenants.user("John Smith");
		customers.inCity("Den Haag");
		assertThat(calls().count("user")).isEqualTo(2);
		assertThat(calls().count("inCity")).isEqualTo(2);
	}

	@Test
	void aFluxOfWhichThreeAreReadIsCachedWhole() {
		Streams streams = application().getBean(Streams.class);

		assertThat(Objects.requireNonNull(streams.flux("acme").blockFirst()).getId()).isEqualTo(1);
		await().untilAsserted(() -> assertThat(this.redis.keys("flux:*")).contains("flux:acme"));

		assertThat(streams.flux("acme").collectList().block()).hasSize(3);
		assertThat(calls().count("flux")).isEqualTo(1);
	}

	@Test
	void typesUnderOneNameStayApart() {
		assertThat(application().getBean(References.Colors.class).byCode("a")).isInstanceOf(Color.class);
		assertThat(application().getBean(References.Colors.class).byCode("a")).isInstanceOf(Color.class);
		assertThat(application().getBean(References.Sizes.class).byCode("a").getCode()).isEqualTo("a");

		assertThat(calls().count("Colors")).isEqualTo(1);
	}

	private ConfigurableApplicationContext application() {
		ConfigurableApplicationContext context = this.running;
		if (context == null) {
			context = new SpringApplicationBuilder(Application.class).web(WebApplicationType.NONE)
				.properties(this.redis.springProperties())
				// What code loads by itself, no method tells the type of.
				.properties("cache-starter.caches.loaded.type=" + Product.class.getName())
				.properties("spring.aop.proxy-target-class=false", "cache-starter.connection.command-timeout=10s",
						"cache-starter.connection.connect-timeout=10s", "cache-starter.circuit-breaker.slow-call=10s")
				.run();
			this.running = context;
			CacheService service = context.getBean(CacheService.class);
			await().until(service::isEnabled);
			calls().clear();
		}
		return context;
	}

	private Calls calls() {
		return Objects.requireNonNull(this.running).getBean(Calls.class);
	}

	private static List<String> warnings(CapturedOutput output) {
		return output.getAll().lines().filter((line) -> line.contains(" WARN ")).toList();
	}

	private static URL url(String text) {
		try {
			return URI.create(text).toURL();
		}
		catch (java.net.MalformedURLException ex) {
			throw new IllegalArgumentException(ex);
		}
	}

	/** What a value is, down to its elements; which list or set it is does not matter. */
	private static String describe(@Nullable Object value) {
		if (value instanceof Optional<?> optional) {
			return "Optional<" + describe(optional.orElse(null)) + ">";
		}
		if (value instanceof Window<?> window) {
			return "Window<" + elements(window.getContent()) + ">";
		}
		if (value instanceof Slice<?> slice) {
			return slice.getClass().getSimpleName() + "<" + elements(slice.getContent()) + ">";
		}
		if (value instanceof List<?> list) {
			return "List<" + elements(list) + ">";
		}
		if (value instanceof java.util.Set<?> set) {
			return "Set<" + elements(set) + ">";
		}
		if (value instanceof Map<?, ?> map) {
			return "Map<" + elements(map.keySet()) + ", " + elements(map.values()) + ">";
		}
		if (value instanceof Enum<?> constant) {
			return constant.getDeclaringClass().getSimpleName();
		}
		return (value != null) ? value.getClass().getSimpleName() : "null";
	}

	private static String elements(Collection<?> elements) {
		return elements.stream()
			.map(OrdinaryApplicationRedisTests::describe)
			.collect(Collectors.toCollection(TreeSet::new))
			.stream()
			.collect(Collectors.joining(", "));
	}

	private static <T> Cached cached(String method, String cache, String key, String type, Class<T> owner,
			Function<T, @Nullable Object> call) {
		return new Cached(method, cache, cache + ":" + key, type, owner,
				(context) -> call.apply(context.getBean(owner)));
	}

	/** A row of the table: a method, its key in Redis, and what it gives. */
	record Cached(String name, String cache, String key, String type, Class<?> owner,
			Function<ConfigurableApplicationContext, @Nullable Object> call) {

		@Override
		public String toString() {
			return this.owner.getSimpleName() + "." + this.name + " -> " + this.key + ", " + this.type;
		}

	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	@Import({ Catalog.class, References.Colors.class, References.Sizes.class, Streams.class, Reports.class,
			Tenants.class })
	static class Application {

		// The names are taken, as they may well be.
		@Bean({ "cacheService", "cacheKeys" })
		Calls calls() {
			return new Calls();
		}

		@Bean
		Customers customers(Calls calls) {
			return new Customers.StoredCustomers(calls);
		}

		@Bean
		CacheResolver tenantCaches(CacheManager manager) {
			return new AbstractCacheResolver(manager) {

				@Override
				protected Collection<String> getCacheNames(CacheOperationInvocationContext<?> context) {
					return List.of("offices-" + context.getArgs()[0]);
				}

			};
		}

		@Bean
		KeyGenerator tenantKeys() {
			return (target, method, params) -> params[0] + ":" + method.getName();
		}

	}

}
