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
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import org.springframework.cache.Cache;
import org.springframework.cache.CacheManager;
import org.springframework.cache.annotation.CacheConfig;
import org.springframework.cache.annotation.CachePut;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.cache.concurrent.ConcurrentMapCacheManager;
import org.springframework.cache.interceptor.AbstractCacheResolver;
import org.springframework.cache.interceptor.CacheOperationInvocationContext;
import org.springframework.cache.interceptor.CacheResolver;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.ParameterizedTypeReference;

import dev.cachestarter.cache.ResilientRedisCache;
import dev.cachestarter.cache.ResilientRedisCacheManager;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What tells the type of an entry: the method that is called, whatever its cache is named
 * and whoever uses it; for code without a method, the cache's types and the value itself.
 */
@WithRedis
class MethodTypesRedisTests {

	private static final Product TEA = new Product("tea", 5);

	private final TestInstance<Products> instance;

	MethodTypesRedisTests(RedisServer redis) {
		redis.flushAll();
		this.instance = TestInstance
			.of(Products.class, redis.host(), redis.port(), TestInstance::patient, Resolvers.class)
			.awaitUp();
	}

	@AfterEach
	void close() {
		this.instance.close();
	}

	private Products products() {
		return this.instance.service();
	}

	// Methods

	@Test
	void methodsOfSeveralTypesShareACache() {
		for (int i = 0; i < 2; i++) {
			assertThat(products().findAll()).containsExactly(TEA);
			assertThat(products().findById("tea")).isEqualTo(TEA);
			assertThat(products().search("te")).containsExactly(TEA);
			assertThat(products().countOf("te")).isEqualTo(1L);
			assertThat(products().stockOf("te")).isEqualTo(7);
		}

		assertThat(products().calls())
			.isEqualTo(Map.of("findAll", 1, "findById", 1, "search", 1, "countOf", 1, "stockOf", 1));
	}

	@Test
	void whatOneMethodPutsAnotherOfItsTypeReads() {
		products().save(new Product("tea", 6));

		assertThat(products().findById("tea")).isEqualTo(new Product("tea", 6));
		assertThat(products().calls()).isEqualTo(Map.of("save", 1));
	}

	@Test
	void methodsOfSeveralTypesUnderOneKeyEachGetTheirOwn() {
		for (int i = 0; i < 3; i++) {
			assertThat(products().findAll()).containsExactly(TEA);
			assertThat(products().count()).isEqualTo(1);
		}

		assertThat(products().calls()).containsEntry("findAll", 1).containsEntry("count", 3);
		assertThat(this.instance.counters("products").otherVersion()).isEqualTo(3);
	}

	@Test
	void subclassesOfOneGenericBaseShareACache() {
		TestInstance<Products> shop = this.instance;
		Books books = shop.context().getBean(Books.class);
		Pens pens = shop.context().getBean(Pens.class);
		for (int i = 0; i < 2; i++) {
			assertThat(books.find("b")).isEqualTo(new Book("b"));
			assertThat(pens.find("p")).isEqualTo(new Pen("p", 2));
		}

		assertThat(books.loads()).isEqualTo(1);
		assertThat(pens.loads()).isEqualTo(1);
	}

	@Test
	void aNameThatAnotherManagerUsesForAnotherTypeIsOfNoConcern() {
		for (int i = 0; i < 2; i++) {
			assertThat(products().elsewhere()).containsExactly(TEA);
			assertThat(products().here("tea")).isEqualTo(TEA);
		}

		assertThat(products().calls()).isEqualTo(Map.of("elsewhere", 1, "here", 1));
	}

	@Test
	void namesThatAResolverMakesAreOfTheMethodsType() {
		for (int i = 0; i < 2; i++) {
			assertThat(products().resolved("tea")).isEqualTo(TEA);
		}

		assertThat(products().calls()).isEqualTo(Map.of("resolved", 1));
		assertThat(this.instance.manager().getCacheNames()).contains("tenants-acme");
	}

	@Test
	void aMethodThatReturnsAnythingGetsSimpleValuesAsTheyWere() {
		for (Object value : simple().toList()) {
			products().anything(value);

			assertThat(products().anything(value)).isEqualTo(value).hasSameClassAs(value);
		}
		assertThat(products().calls()).isEqualTo(Map.of("anything", (int) simple().count()));
	}

	// Code without a method

	static java.util.stream.Stream<Object> simple() {
		return java.util.stream.Stream.of("text", "", true, 5, 5L, Long.MAX_VALUE, (short) 5, (byte) 5, 1.5, 1.5f,
				Double.NaN, 'c', new BigDecimal("1.10"), java.math.BigInteger.TEN, new UUID(1, 2), Instant.EPOCH,
				LocalDate.EPOCH, java.time.LocalTime.NOON, java.time.LocalDateTime.MIN,
				java.time.OffsetDateTime.parse("2026-01-01T00:00:00+02:00"),
				java.time.ZonedDateTime.parse("2026-07-01T00:00:00+02:00[Europe/Paris]"), Duration.ofNanos(5),
				java.time.Period.ofDays(5), java.time.Year.of(2026), java.time.YearMonth.of(2026, 1),
				java.time.DayOfWeek.FRIDAY);
	}

	@ParameterizedTest
	@MethodSource("simple")
	void simpleValuesComeBackAsWhatTheyWere(Object value) {
		for (String name : List.of("free", "products")) {
			Cache cache = this.instance.cache(name);
			cache.put("k", value);

			assertThat(cache.get("k")).as(name).isNotNull().extracting(Cache.ValueWrapper::get).isEqualTo(value);
			assertThat((Object) cache.get("k", value.getClass())).as(name).isEqualTo(value);
		}
	}

	@Test
	void springsWordForANullIsANull() {
		Cache cache = this.instance.cache("products");
		cache.put("none", org.springframework.cache.support.NullValue.INSTANCE);
		cache.putIfAbsent("nothing", org.springframework.cache.support.NullValue.INSTANCE);

		assertThat(cache.get("none")).isNotNull().extracting(Cache.ValueWrapper::get).isNull();
		assertThat(cache.get("nothing")).isNotNull().extracting(Cache.ValueWrapper::get).isNull();
	}

	@Test
	void whatCodePutsAMethodOfItsTypeReads() {
		this.instance.cache("products").put("coffee", new Product("coffee", 9));

		assertThat(products().findById("coffee")).isEqualTo(new Product("coffee", 9));
		assertThat(products().calls()).isEmpty();
	}

	@Test
	void codeReadsWhatMethodsHaveStored() {
		products().search("te");
		products().findById("tea");
		products().countOf("te");
		Cache cache = this.instance.cache("products");

		assertThat(cache.get("tea", Product.class)).isEqualTo(TEA);
		assertThat(wrapped(cache.get("tea"))).isEqualTo(TEA);
		assertThat((Object) cache.get("search-te", List.class)).isEqualTo(List.of(TEA));
		assertThat((Object) cache.get("search-te", Collection.class)).isEqualTo(List.of(TEA));
		assertThat(wrapped(cache.get("count-te"))).isEqualTo(1L);
		assertThat(cache.get("count-te", Long.class)).isEqualTo(1L);
	}

	@Test
	void aContainerAskedForByItsClassHasNoMapsForObjects() {
		ResilientRedisCache cache = this.instance.cache("free");
		cache.put("list", List.of(TEA));
		cache.put("map", Map.of("tea", TEA));
		cache.put("text", List.of("a", "b"));

		assertThat((Object) cache.get("list", List.class)).isNull();
		assertThat((Object) cache.get("list", Collection.class)).isNull();
		assertThat((Object) cache.get("map", Map.class)).isNull();
		assertThat(cache.get("list", Object.class)).isNull();
		assertThat((Object) cache.get("text", List.class)).isEqualTo(List.of("a", "b"));
		assertThat(this.instance.manager()
			.getCacheService()
			.get("free:list", new ParameterizedTypeReference<List<Product>>() {
			})).contains(List.of(TEA));
		assertThat(this.instance.manager()
			.getCacheService()
			.get("free:list", new ParameterizedTypeReference<List<Object>>() {
			})).isEmpty();
	}

	@Test
	void whatIsNotSimpleIsFoundByItsTypeEachTime() {
		ResilientRedisCache cache = this.instance.cache("free");
		for (int i = 1; i < 4; i++) {
			cache.put("k", TEA);

			assertThat(cache.get("k")).isNull();
			assertThat(cache.get("k", Product.class)).isEqualTo(TEA);
			assertThat(this.instance.counters("free").otherVersion()).as("counted").isEqualTo(i);
		}
	}

	@Test
	void whatIsNotOfTheStatedTypeIsNotStored(RedisServer redis) {
		try (TestInstance<Products> stated = TestInstance
			.of(Products.class, redis.host(), redis.port(),
					(builder) -> builder.cache("details", CacheSettings.defaults().withType(Product.class)),
					Resolvers.class)
			.awaitUp()) {
			ResilientRedisCache cache = stated.cache("details");
			cache.put("k", TEA);
			cache.put("k", "text");

			assertThat(cache.get("k")).isNull();
			assertThat(stated.counters("details").notCacheable()).isEqualTo(1);
			assertThat(redis.number("EXISTS", "details:k")).isZero();
		}
	}

	@Test
	void anEntryThatDoesNotFitItsReaderIsCounted() {
		this.instance.cache("products").put("tea", "text");

		assertThat(products().findById("tea")).isEqualTo(TEA);
		assertThat(this.instance.counters("products").otherVersion()).isEqualTo(1);
	}

	@Test
	void aLoadOfCodeIsNotSharedWithCallersOfAnotherType() {
		ResilientRedisCache cache = this.instance.cache("products");

		assertThat(cache.get("k", () -> "text")).isEqualTo("text");
		assertThat(cache.get("k", () -> "other")).isEqualTo("text");
		assertThat(products().findById("k")).isEqualTo(TEA);
	}

	private static @Nullable Object wrapped(Cache.@Nullable ValueWrapper wrapper) {
		return (wrapper != null) ? wrapper.get() : null;
	}

	record Product(String id, int price) {

	}

	record Book(String id) {

	}

	record Pen(String id, int colour) {

	}

	@CacheConfig(cacheNames = "products")
	static class Products {

		private final Map<String, Integer> calls = new ConcurrentHashMap<>();

		public Map<String, Integer> calls() {
			return new LinkedHashMap<>(this.calls);
		}

		private <T> T called(String method, T result) {
			this.calls.merge(method, 1, Integer::sum);
			return result;
		}

		@Cacheable
		public List<Product> findAll() {
			return called("findAll", List.of(TEA));
		}

		@Cacheable
		public Optional<Product> findById(String id, int unused) {
			return Optional.empty();
		}

		@Cacheable
		public Product findById(String id) {
			return called("findById", TEA);
		}

		@Cacheable(key = "'search-' + #text")
		public Collection<Product> search(String text) {
			return called("search", new ArrayList<>(List.of(TEA)));
		}

		@Cacheable
		public long count() {
			return called("count", 1L);
		}

		@Cacheable(key = "'count-' + #text")
		public long countOf(String text) {
			return called("countOf", 1L);
		}

		@Cacheable(key = "'stock-' + #text")
		public int stockOf(String text) {
			return called("stockOf", 7);
		}

		@CachePut(key = "#product.id()")
		public Product save(Product product) {
			return called("save", product);
		}

		@Cacheable(cacheNames = "here", cacheManager = "local")
		public List<Product> elsewhere() {
			return called("elsewhere", List.of(TEA));
		}

		@Cacheable("here")
		public Product here(String id) {
			return called("here", TEA);
		}

		@Cacheable(cacheResolver = "tenants")
		public Product resolved(String id) {
			return called("resolved", TEA);
		}

		@Cacheable(cacheNames = "anything", key = "#value.class.name + #value")
		public Object anything(Object value) {
			return called("anything", value);
		}

	}

	abstract static class Shelf<T> {

		private int loads;

		@Cacheable("shelf")
		public T find(String id) {
			this.loads++;
			return load(id);
		}

		public int loads() {
			return this.loads;
		}

		abstract T load(String id);

	}

	static class Books extends Shelf<Book> {

		@Override
		Book load(String id) {
			return new Book(id);
		}

	}

	static class Pens extends Shelf<Pen> {

		@Override
		Pen load(String id) {
			return new Pen(id, 2);
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Resolvers {

		@Bean
		CacheManager local() {
			return new ConcurrentMapCacheManager();
		}

		@Bean
		CacheResolver tenants(ResilientRedisCacheManager cacheManager) {
			return new AbstractCacheResolver(cacheManager) {

				@Override
				protected Collection<String> getCacheNames(CacheOperationInvocationContext<?> context) {
					return List.of("tenants-acme");
				}

			};
		}

		@Bean
		Books books() {
			return new Books();
		}

		@Bean
		Pens pens() {
			return new Pens();
		}

		@Bean
		static org.springframework.beans.factory.config.BeanFactoryPostProcessor first() {
			return (factory) -> factory.getBeanDefinition("cacheManager").setPrimary(true);
		}

	}

}
