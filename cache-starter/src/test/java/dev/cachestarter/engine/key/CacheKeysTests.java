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

package dev.cachestarter.engine.key;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentMap;
import java.util.stream.Collectors;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import org.springframework.cache.annotation.Cacheable;
import org.springframework.cache.annotation.CachingConfigurer;
import org.springframework.cache.annotation.EnableCaching;
import org.springframework.cache.concurrent.ConcurrentMapCacheManager;
import org.springframework.cache.interceptor.KeyGenerator;
import org.springframework.cache.interceptor.SimpleKey;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

class CacheKeysTests {

	private final CacheKeys keys = new CacheKeys(null);

	@Test
	void keyIsSegmentsJoinedByColons() {
		assertThat(this.keys.text("org-123", new Page(1, 20))).isEqualTo("org-123:{\"limit\":20,\"page\":1}");
		assertThat(this.keys.text("org:123", 7)).isEqualTo("org%3A123:7");
		assertThat(this.keys.text()).isEqualTo("%noargs");
		assertThat(this.keys.of("org:123", 7)).hasToString("org%3A123:7");
	}

	@Test
	void loneNullAndLoneArrayAreOneValue() {
		assertThat(this.keys.text((Object[]) null)).isEqualTo("%null");
		assertThat(this.keys.of((Object) null)).hasToString("%null").isEqualTo(new SimpleKey((Object) null));
		assertThat(this.keys.text((Object[]) new String[] { "a", "b" })).isEqualTo("[\"a\",\"b\"]");
		assertThat(this.keys.under((Object[]) null).glob()).isEqualTo("%null:*");
	}

	@Test
	void underIsThePatternOfAllThatGoesOnAfterItsSegments() {
		KeyPattern pattern = this.keys.under("org-123");

		assertThat(pattern.glob()).isEqualTo("org-123:*");
		assertThat(pattern.group()).isEqualTo("org-123");
		assertThat(pattern.matches(this.keys.text("org-123", 1))).isTrue();
		assertThat(pattern.matches(this.keys.text("org-1234", 1))).isFalse();
		assertThat(this.keys.under("org-123", new Page(1, 20)).glob()).isEqualTo("org-123:{\"limit\":20,\"page\":1}:*");
	}

	@Test
	void listIsOneValue() {
		assertThat(this.keys.of(List.of("a", "b"))).isEqualTo(List.of("a", "b"));
		assertThat(this.keys.text(List.of("a", "b"))).isEqualTo("[\"a\",\"b\"]");
		assertThat(this.keys.under(List.of("a", "b")).group()).isEqualTo("[\"a\",\"b\"]");
		assertThat(this.keys.text(new Object[] { "a", "b" })).isEqualTo("a:b");
	}

	@Test
	void underWildcardsIsTheKeysOfWildcardsAlone() {
		KeyPattern pattern = this.keys.under("*");

		assertThat(pattern.matches(this.keys.text("*", 1))).isTrue();
		assertThat(pattern.matches(this.keys.text("org-1", 1))).isFalse();
		assertThat(this.keys.under(List.of("*")).matches(this.keys.text(List.of("a"), 1))).isFalse();
	}

	@Test
	void underNothingIsRefused() {
		assertThatIllegalArgumentException().isThrownBy(() -> this.keys.under())
			.withMessageContaining("at least one segment")
			.withMessageContaining("allEntries");
	}

	@Test
	void valueThatNoKeyCanBeMadeOfIsRefusedWithItsPlace() {
		assertThatIllegalArgumentException().isThrownBy(() -> this.keys.of("a", List.of(new Object())))
			.withMessageContaining("Value 1 of a cache key, at [0],");
	}

	@Test
	void expressionsOfAnnotationsMakeTheKeysThatTheGeneratorMakes() {
		try (AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext(Application.class)) {
			Catalogue catalogue = context.getBean(Catalogue.class);
			String[] ids = { "a", "b" };

			catalogue.generated("org-1", new Page(1, 20), ids);
			catalogue.composed("org-1", new Page(1, 20), ids);
			catalogue.generatedFromOne(ids);
			catalogue.composedOfOne(ids);
			catalogue.composedOfOne(null);
			catalogue.composedOfOne(List.of("a,b"));
			catalogue.composedOfOne(Map.of("k", Set.of(1)));
			catalogue.composedOfOne("a,b");
			catalogue.composedOfOne(new int[] { 1, 2 });
			catalogue.composedOfAll("org-1", "x");

			assertThat(keys(context, "generated"))
				.containsExactlyInAnyOrder("org-1:{\"limit\":20,\"page\":1}:[\"a\",\"b\"]", "[\"a\",\"b\"]");
			assertThat(keys(context, "composed")).containsExactlyInAnyOrder(
					"org-1:{\"limit\":20,\"page\":1}:[\"a\",\"b\"]", "[\"a\",\"b\"]", "%null", "[\"a,b\"]",
					"{\"k\":{\"@set\":[1]}}", "a,b", "[1,2]", "org-1:x");
		}
	}

	private static Set<String> keys(AnnotationConfigApplicationContext context, String cacheName) {
		ConcurrentMapCacheManager manager = context.getBean(ConcurrentMapCacheManager.class);
		Object store = Objects.requireNonNull(manager.getCache(cacheName)).getNativeCache();
		KeyText texts = new KeyText(null);
		return ((ConcurrentMap<?, ?>) store).keySet()
			.stream()
			.map((key) -> texts.ofKey(key).text())
			.collect(Collectors.toSet());
	}

	record Page(int page, int limit) {
	}

	static class Catalogue {

		@Cacheable("generated")
		public String generated(String orgId, Page page, String[] ids) {
			return orgId + page + Arrays.toString(ids);
		}

		@Cacheable(cacheNames = "composed", key = "@cacheKeys.of(#orgId, #page, #ids)")
		public String composed(String orgId, Page page, String[] ids) {
			return orgId + page + Arrays.toString(ids);
		}

		@Cacheable("generated")
		public String generatedFromOne(String[] ids) {
			return Arrays.toString(ids);
		}

		@Cacheable(cacheNames = "composed", key = "@cacheKeys.of(#value)")
		public String composedOfOne(@Nullable Object value) {
			return String.valueOf(value);
		}

		@Cacheable(cacheNames = "composed", key = "@cacheKeys.of(#root.args)")
		public String composedOfAll(String orgId, String name) {
			return orgId + name;
		}

	}

	@Configuration(proxyBeanMethods = false)
	@EnableCaching
	static class Application {

		@Bean
		ConcurrentMapCacheManager cacheManager() {
			return new ConcurrentMapCacheManager();
		}

		@Bean
		CacheKeys cacheKeys() {
			return new CacheKeys(null);
		}

		@Bean
		KeyGenerator keyGenerator(CacheKeys cacheKeys) {
			return cacheKeys.keyGenerator();
		}

		@Bean
		CachingConfigurer cachingConfigurer(KeyGenerator keyGenerator) {
			return new CachingConfigurer() {

				@Override
				public KeyGenerator keyGenerator() {
					return keyGenerator;
				}

			};
		}

		@Bean
		Catalogue catalogue() {
			return new Catalogue();
		}

	}

	@Test
	void aTemplateTakenApartIsGlobsAndValuesInTurn() {
		CacheKeys keys = new CacheKeys(null);

		assertThat(keys.pattern("a*:", "v", ":?").glob()).isEqualTo("a*:v:?");
		assertThat(keys.pattern("", 1, ":*").glob()).isEqualTo("1:*");
		assertThat(keys.pattern("", "a:*", "").onlyKey()).isEqualTo("a:%2A");
		assertThat(keys.pattern("a*:", "*", ":?").matches("ab:v:x")).isFalse();
	}

}
