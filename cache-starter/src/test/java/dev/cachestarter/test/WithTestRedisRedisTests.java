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

import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.autoconfigure.cache.CacheType;
import org.springframework.boot.cache.test.autoconfigure.AutoConfigureCache;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.cache.CacheManager;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;
import org.springframework.data.redis.core.StringRedisTemplate;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.ContextConfiguration;
import org.springframework.test.context.NestedTestConfiguration;
import org.springframework.test.context.NestedTestConfiguration.EnclosingConfiguration;
import org.springframework.test.context.TestConstructor;
import org.springframework.test.context.TestPropertySource;
import org.springframework.test.context.junit.jupiter.SpringExtension;

import dev.cachestarter.CacheControl;
import dev.cachestarter.CacheService;
import dev.cachestarter.cache.ResilientRedisCacheManager;
import dev.cachestarter.testing.RespClient;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests what the annotation gives to tests of all kinds.
 */
@NestedTestConfiguration(EnclosingConfiguration.OVERRIDE)
class WithTestRedisRedisTests {

	private static RespClient connect(TestRedis redis) {
		RespClient client = RespClient.connect(redis.host(), redis.port(), java.time.Duration.ofSeconds(30));
		client.call("SELECT", Integer.toString(redis.database()));
		return client;
	}

	/** With a Redis in its properties that is not to be used. */
	@Nested
	@SpringBootTest(classes = Shop.class,
			properties = { Shop.PATIENT, "spring.data.redis.url=redis://nowhere.invalid:1",
					"spring.data.redis.sentinel.master=of-the-application",
					"spring.data.redis.sentinel.nodes=nowhere.invalid:2" })
	@WithTestRedis
	@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
	class OfAnApplication {

		@Autowired
		private CacheService cache;

		@Autowired
		private Shop.Articles articles;

		@Autowired
		private StringRedisTemplate template;

		@Autowired
		private TestRedis redis;

		@Test
		@Order(1)
		void theApplicationIsConnectedToIt(TestRedis parameter, @Autowired Environment environment) {
			this.articles.list("a");
			this.template.opsForValue().set("of the test", "value");

			assertThat(this.cache.isEnabled()).isTrue();
			assertThat(parameter).isSameAs(this.redis);
			try (RespClient client = connect(this.redis)) {
				assertThat(client.call("EXISTS", "of the test")).isEqualTo(1L);
			}
			assertThat(environment.getProperty("spring.data.redis.url")).isEqualTo(this.redis.url());
		}

		@Test
		@Order(2)
		void theNextTestBeginsWithAnEmptyOne(@Autowired CacheManager manager) {
			assertThat(TestCache.of(manager, "articles")).isEmpty();
			assertThat(TestCache.of(manager, "articles")).isMissedBy(() -> this.articles.list("a"));
			assertThat(this.template.hasKey("of the test")).isFalse();
		}

		@Test
		@Order(3)
		void aTestMayLeaveACacheSwitchedOff(@Autowired CacheManager manager) {
			this.cache.setControl("articles", CacheControl.asConfigured().withEnabled(false));

			this.articles.list("a");
			assertThat(TestCache.of(manager, "articles")).isEmpty();
		}

		@Test
		@Order(4)
		void theNextTestBeginsWithItSwitchedOn(@Autowired CacheManager manager) {
			this.articles.list("a");
			assertThat(TestCache.of(manager, "articles")).isHitBy(() -> this.articles.list("a"));
		}

		@Test
		@Order(5)
		void aTestMayLeaveItsFaultBehind(@Autowired CacheManager manager) {
			this.redis.stop();

			assertThat(TestCache.of(manager, "articles")).isDisconnected();
		}

		@Test
		@Order(6)
		void theNextTestBeginsWithAConnectedCache(@Autowired CacheManager manager) {
			assertThat(this.cache.isEnabled()).isTrue();
			assertThat(TestCache.of(manager, "articles")).isMissedBy(() -> this.articles.list("a"));
			assertThat(TestCache.of(manager, "articles")).isHitBy(() -> this.articles.list("a"));
		}

	}

	@Nested
	@SpringBootTest(classes = Shop.class, properties = Shop.PATIENT)
	@WithTestRedis(emptyBeforeEach = false)
	@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
	class ThatIsNotEmptied {

		@Test
		@Order(1)
		void whatOneTestStores(@Autowired CacheService cache) {
			cache.set("articles:a", "value");
		}

		@Test
		@Order(2)
		void isThereInTheNext(@Autowired CacheService cache) {
			assertThat(cache.get("articles:a", String.class)).contains("value");
		}

	}

	@Nested
	@SpringBootTest(classes = Shop.class, properties = Shop.PATIENT)
	@WithTestRedis(ownServer = true, arguments = { "--maxmemory", "77mb" })
	@TestConstructor(autowireMode = TestConstructor.AutowireMode.ALL)
	@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
	class WithAServerOfItsOwn {

		private final TestRedis redis;

		private final TestCache cache;

		private final Shop.Articles articles;

		WithAServerOfItsOwn(TestRedis redis, CacheManager manager, Shop.Articles articles) {
			this.redis = redis;
			this.cache = TestCache.of(manager, "articles");
			this.articles = articles;
		}

		@Test
		@Order(1)
		void itHasTheArguments() {
			try (RespClient client = connect(this.redis)) {
				assertThat((java.util.List<?>) client.call("CONFIG", "GET", "maxmemory")).last().isEqualTo("80740352");
			}
		}

		@Test
		@Order(2)
		void itsMemoryCanBeFull() {
			this.redis.fillMemory();

			assertThat(this.articles.list("a")).containsExactly("a", "book");
			assertThat(this.articles.list("a")).containsExactly("a", "book");
			assertThat(this.articles.loads()).isEqualTo(2);
			assertThat(this.cache).isEmpty();
		}

		@Test
		@Order(3)
		void andIsNotFullInTheNextTest() {
			this.articles.list("a");

			assertThat(this.cache).hasOnlyKeys("a");
		}

	}

	@Nested
	@SpringBootTest(classes = Shop.class, properties = { Shop.PATIENT, "of.this=test" })
	@WithTestRedis
	@DirtiesContext(classMode = DirtiesContext.ClassMode.AFTER_EACH_TEST_METHOD)
	class WithAContextForEachTest {

		private static TestRedis before;

		@Test
		void eachHasItsOwn(@Autowired TestRedis redis) {
			assertThat(redis).isNotSameAs(before);
			before = redis;
		}

		@Test
		void orTheOther(@Autowired TestRedis redis) {
			assertThat(redis).isNotSameAs(before);
			before = redis;
		}

	}

	@Nested
	@ExtendWith(SpringExtension.class)
	@ContextConfiguration(classes = Slice.class)
	@AutoConfigureCache(cacheProvider = CacheType.REDIS)
	@TestPropertySource(properties = { Shop.PATIENT, "cache-starter.caches.articles.ttl=5m" })
	@WithTestRedis
	class OfASlice {

		@Test
		void theSliceIsConnectedToIt(@Autowired CacheManager manager, @Autowired CacheService service) {
			service.set("articles:a", "value");

			assertThat(manager).isInstanceOf(ResilientRedisCacheManager.class);
			assertThat(TestCache.of(manager, "articles")).hasOnlyKeys("a");
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Slice {

	}

	@Nested
	@WithTestRedis
	@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
	class WithoutSpring {

		private final TestRedis redis;

		WithoutSpring(TestRedis redis) {
			this.redis = redis;
		}

		@Test
		@Order(1)
		void theClassHasOne(TestRedis parameter) {
			assertThat(parameter).isSameAs(this.redis);
			try (RespClient client = connect(parameter)) {
				client.call("SET", "key", "value");
			}
			this.redis.freeze();
		}

		@Test
		@Order(2)
		void thatWorksAndIsEmptyInTheNextTest() {
			try (RespClient client = connect(this.redis)) {
				assertThat(client.call("DBSIZE")).isEqualTo(0L);
			}
		}

	}

}
