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
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import org.springframework.cache.annotation.CachePut;
import org.springframework.cache.annotation.Cacheable;

import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * What calls that store nothing leave in Redis, whoever made them up: nothing for long.
 */
@WithRedis
@org.junit.jupiter.api.TestInstance(Lifecycle.PER_CLASS)
class NothingLeftBehindRedisTests {

	private static final Duration SOON = Duration.ofMinutes(1);

	private final RedisServer redis;

	private TestInstance<Pages> instance;

	NothingLeftBehindRedisTests(RedisServer redis) {
		this.redis = redis;
	}

	@BeforeAll
	void open() {
		this.instance = TestInstance.of(Pages.class, this.redis.host(), this.redis.port(), (builder) -> {
			TestInstance.patient(builder);
			builder.defaults(CacheSettings.defaults().withNullTtl(Duration.ZERO).withLease(Duration.ofMillis(500)));
		}).awaitUp();
	}

	@AfterAll
	void close() {
		this.instance.close();
	}

	@BeforeEach
	void reset() {
		this.redis.flushAll();
	}

	@ParameterizedTest
	@EnumSource
	void whatStoresNothingLeavesNothing(Call call) {
		for (int i = 0; i < 5; i++) {
			try {
				call.make(this.instance, "made-up-" + i);
			}
			catch (RuntimeException ex) {
				assertThat(ex).hasStackTraceContaining("no such tenant");
			}
		}

		for (String key : this.redis.keys("*made-up*")) {
			assertThat(this.redis.number("PTTL", key)).as(key).isBetween(-2L, 10_000L).isNotEqualTo(-1);
		}
		await().untilAsserted(() -> assertThat(this.redis.keys("*made-up*")).isEmpty());
	}

	/** A call for a tenant that there is not. */
	enum Call {

		BLOCKING {
			@Override
			void make(TestInstance<Pages> instance, String tenant) {
				instance.service().blocking(tenant, 1);
			}
		},

		SYNC {
			@Override
			void make(TestInstance<Pages> instance, String tenant) {
				instance.service().sync(tenant, 1);
			}
		},

		FUTURE {
			@Override
			void make(TestInstance<Pages> instance, String tenant) {
				instance.service().future(tenant, 1).orTimeout(20, TimeUnit.SECONDS).join();
			}
		},

		MONO {
			@Override
			void make(TestInstance<Pages> instance, String tenant) {
				instance.service().mono(tenant, 1).block(SOON);
			}
		},

		FLUX {
			@Override
			void make(TestInstance<Pages> instance, String tenant) {
				instance.service().flux(tenant, 1).blockLast(SOON);
			}
		},

		PUT {
			@Override
			void make(TestInstance<Pages> instance, String tenant) {
				instance.service().put(tenant, 1);
			}
		},

		NOTHING_FOUND {
			@Override
			void make(TestInstance<Pages> instance, String tenant) {
				instance.service().nothing(tenant, 1);
			}
		},

		UNLESS {
			@Override
			void make(TestInstance<Pages> instance, String tenant) {
				instance.service().unless(tenant, 1);
			}
		},

		LOOK {
			@Override
			void make(TestInstance<Pages> instance, String tenant) {
				instance.cache("pages").get(tenant + ":1");
			}
		},

		LOADER {
			@Override
			void make(TestInstance<Pages> instance, String tenant) {
				instance.cache("pages").get(tenant + ":1", Pages::fail);
			}
		},

		SERVICE {
			@Override
			void make(TestInstance<Pages> instance, String tenant) {
				instance.cacheService()
					.getOrLoad("pages:" + tenant + ":1", String.class, Duration.ofMinutes(1), Pages::fail);
			}
		},

		SERVICE_WITHOUT_CACHE {
			@Override
			void make(TestInstance<Pages> instance, String tenant) {
				instance.cacheService()
					.getOrLoad("other:" + tenant + ":1", String.class, Duration.ofMinutes(1), Pages::fail);
			}
		},

		SERVICE_BATCH {
			@Override
			void make(TestInstance<Pages> instance, String tenant) {
				instance.cacheService().getAll(List.of("pages:" + tenant + ":1"), String.class, (keys) -> {
					throw new IllegalStateException("no such tenant");
				});
			}
		},

		DELETION {
			@Override
			void make(TestInstance<Pages> instance, String tenant) {
				instance.cacheService().delete("pages:" + tenant + ":1");
				instance.cache("pages").evict(tenant + ":1");
			}
		};

		abstract void make(TestInstance<Pages> instance, String tenant);

	}

	static class Pages {

		static String fail() {
			throw new IllegalStateException("no such tenant");
		}

		@Cacheable("pages")
		public String blocking(String tenant, int page) {
			return fail();
		}

		@Cacheable(cacheNames = "pages", sync = true)
		public String sync(String tenant, int page) {
			return fail();
		}

		@Cacheable("pages")
		public CompletableFuture<String> future(String tenant, int page) {
			return CompletableFuture.supplyAsync(Pages::fail);
		}

		@Cacheable("pages")
		public Mono<String> mono(String tenant, int page) {
			return Mono.fromCallable(Pages::fail);
		}

		@Cacheable("lists")
		public Flux<String> flux(String tenant, int page) {
			return Flux.from(mono(tenant, page));
		}

		@CachePut("pages")
		public String put(String tenant, int page) {
			return fail();
		}

		@Cacheable("pages")
		public @Nullable String nothing(String tenant, int page) {
			return null;
		}

		@Cacheable(cacheNames = "pages", unless = "true")
		public String unless(String tenant, int page) {
			return tenant;
		}

	}

}
