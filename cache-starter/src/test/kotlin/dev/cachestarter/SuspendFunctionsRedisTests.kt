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

package dev.cachestarter

import dev.cachestarter.cache.CachingPostProcessor
import dev.cachestarter.cache.PatternEvictingCacheErrorHandler
import dev.cachestarter.cache.ResilientRedisCacheManager
import dev.cachestarter.testing.FaultProxy
import dev.cachestarter.testing.RedisServer
import dev.cachestarter.testing.WithRedis
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.asCoroutineDispatcher
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.flowOf
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import kotlinx.coroutines.yield
import org.assertj.core.api.Assertions.assertThat
import org.awaitility.Awaitility.await
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.BeforeEach
import org.junit.jupiter.api.Test
import org.springframework.cache.annotation.CacheEvict
import org.springframework.cache.annotation.CachePut
import org.springframework.cache.annotation.Cacheable
import org.springframework.cache.annotation.EnableCaching
import org.springframework.cache.concurrent.ConcurrentMapCacheManager
import org.springframework.cache.interceptor.CacheInterceptor
import org.springframework.context.annotation.AnnotationConfigApplicationContext
import org.springframework.context.annotation.Bean
import org.springframework.context.annotation.Configuration
import java.io.IOException
import java.time.Duration
import java.util.concurrent.Executors
import java.util.concurrent.atomic.AtomicInteger

/**
 * Kotlin's `suspend` functions get what every other cached method gets.
 */
@WithRedis
class SuspendFunctionsRedisTests(private val redis: RedisServer) {

	private val opened = mutableListOf<AutoCloseable>()

	private lateinit var instance: TestInstance<Details>

	private lateinit var other: TestInstance<Details>

	@BeforeEach
	fun open() {
		this.redis.flushAll()
		this.instance = opened(this.redis.port())
		this.other = opened(this.redis.port())
	}

	private fun opened(port: Int): TestInstance<Details> {
		val opened = TestInstance.of(Details::class.java, this.redis.host(), port, { settings(it) })
		this.opened.add(opened)
		return opened.awaitUp()
	}

	/** A process that stands still for 2 s may lose its lease, and then another loads as well. */
	private fun settings(builder: ResilientRedisCacheManager.Builder) {
		TestInstance.patient(builder)
		builder.defaults(CacheSettings.defaults().withLease(Duration.ofSeconds(20)))
	}

	@AfterEach
	fun close() {
		this.opened.reversed().forEach { it.close() }
	}

	private fun within(action: suspend CoroutineScope.() -> Unit) =
		runBlocking(Dispatchers.Default) { withTimeout(30_000, action) }

	@Test
	fun aHitIsTheDataClassThatWasLoaded() = within {
		val loaded = instance.service().find("a")

		assertThat(instance.service().find("a")).isEqualTo(loaded)
		assertThat(other.service().find("a")).isEqualTo(loaded)
		assertThat(loads()).isEqualTo(1)
		assertThat(redis.keys("details:*")).containsExactly("details:a")
	}

	@Test
	fun nullIsCachedAsNull() = within {
		assertThat(instance.service().find("none")).isNull()
		assertThat(instance.service().find("none")).isNull()

		assertThat(loads()).isEqualTo(1)
	}

	@Test
	fun aColdKeyIsLoadedOnceForAllCoroutinesOfAllInstances() = within {
		val released = CompletableDeferred<Unit>()
		val calls = (1..20).map { i ->
			async { (if (i % 2 == 0) instance else other).service().held("a", released) }
		}
		await().until { misses("details") == 20L }

		released.complete(Unit)

		assertThat(calls.awaitAll().toSet()).containsExactly(Detail("a", 1))
		assertThat(loads()).isEqualTo(1)
	}

	@Test
	fun aLoadFromBeforeAnEvictionIsNotStored() = within {
		val released = CompletableDeferred<Unit>()
		val slow = async { instance.service().held("a", released) }
		await().until { loads() == 1 }
		other.service().rename("a")

		released.complete(Unit)

		assertThat(slow.await()).isEqualTo(Detail("a", 1))
		assertThat(instance.service().find("a")).isEqualTo(Detail("a", 2))
		assertThat(loads()).isEqualTo(2)
	}

	@Test
	fun noThreadIsBlockedWhileRedisIsAsked() {
		FaultProxy.inFrontOf(this.redis).use { proxy ->
			val behind = opened(proxy.port())
			Executors.newSingleThreadExecutor().asCoroutineDispatcher().use { thread ->
				runBlocking(thread) {
					behind.service().find("a")
					proxy.blackhole()

					val waiting = launch { behind.service().find("a") }
					yield()

					// Else this thread would be back only when the link has given up.
					assertThat(behind.engine().link().isUp).isTrue()
					waiting.cancel()
				}
			}
		}
	}

	@Test
	fun synchronizedFunctionsLoadOnceToo() = within {
		val released = CompletableDeferred<Unit>()
		val calls = (1..20).map { i ->
			async { (if (i % 2 == 0) instance else other).service().heldSync("a", released) }
		}
		await().until { misses("details") == 20L }

		released.complete(Unit)

		assertThat(calls.awaitAll().toSet()).containsExactly(Detail("a", 1))
		assertThat(loads()).isEqualTo(1)
	}

	@Test
	fun whatAFunctionThrowsReachesItsCallerAndNobodyElse() = within {
		assertThat(failureOf { instance.service().failing("a") }).isInstanceOf(IOException::class.java)
			.hasMessage("of the method: a")
		assertThat(failureOf { instance.service().failingSync("b") }).isInstanceOf(IOException::class.java)
			.hasMessage("of the method: b")

		assertThat(loads()).isEqualTo(2)
		assertThat(pending()).isZero()
		await().untilAsserted { assertThat(redis.keys("details:*")).isEmpty() }
	}

	@Test
	fun whatAnExpressionThrowsReachesTheCaller() = within {
		assertThat(failureOf { instance.service().badCondition("a") }).isInstanceOf(NumberFormatException::class.java)
		assertThat(failureOf { instance.service().badUnless("a") }).isInstanceOf(NumberFormatException::class.java)
		assertThat(failureOf { instance.service().badEviction("a") }).isInstanceOf(NumberFormatException::class.java)

		assertThat(pending()).isZero()
	}

	@Test
	fun aPutIsThereWhenItsFunctionHasReturned() = within {
		instance.service().save(Detail("a", 7))

		assertThat(other.service().find("a")).isEqualTo(Detail("a", 7))
		assertThat(loads()).isZero()
	}

	@Test
	fun anEvictionIsThereWhenItsFunctionHasReturned() = within {
		instance.service().save(Detail("a", 7))

		instance.service().rename("a")

		assertThat(other.cache("details").get("a")).isNull()
	}

	@Test
	fun aFunctionMayAskForItsOwnKey() = within {
		val service = instance.service()

		assertThat(service.nested("a") { service.find("a") }).isEqualTo(Detail("a", 1))
	}

	@Test
	fun aCancelledFunctionGivesItsLeaseBack() = within {
		val waiting = launch { instance.service().held("a", CompletableDeferred()) }
		await().until { loads() == 1 }

		waiting.cancel()

		await().untilAsserted { assertThat(redis.keys("details:*")).isEmpty() }
	}

	@Test
	fun aFlowIsCachedAsTheListOfWhatItGives() = within {
		assertThat(instance.service().numbers("a").toList()).containsExactly(1, 2, 3)
		assertThat(instance.service().suspendedNumbers("b").toList()).containsExactly(1, 2, 3)

		assertThat(other.service().numbers("a").toList()).containsExactly(1, 2, 3)
		assertThat(other.service().suspendedNumbers("b").toList()).containsExactly(1, 2, 3)
		assertThat(loads()).isEqualTo(2)
	}

	@Test
	fun aPartOfAFlowIsEnoughForAllOfItToBeStored() = within {
		assertThat(instance.service().numbers("a").first()).isEqualTo(1)

		await().untilAsserted { assertThat(other.cache("numbers").get("a")).isNotNull() }
		assertThat(other.service().numbers("a").toList()).containsExactly(1, 2, 3)
		assertThat(loads()).isEqualTo(1)
	}

	@Test
	fun cachesOfOtherKindsAnswerAtOnce() = within {
		AnnotationConfigApplicationContext(OtherCaches::class.java, Details::class.java).use { context ->
			val service = context.getBean(Details::class.java)
			for (i in 1..2) {
				assertThat(service.find("a")).isEqualTo(Detail("a", 1))
				assertThat(service.find("none")).isNull()
				assertThat(service.suspendedNumbers("b").toList()).containsExactly(1, 2, 3)
			}
			assertThat(service.loads()).isEqualTo(3)
		}
	}

	private suspend fun failureOf(call: suspend () -> Any?): Throwable? =
		try {
			call()
			null
		}
		catch (ex: Exception) {
			ex
		}

	private fun pending() = (this.instance.context().getBean(CacheInterceptor::class.java).errorHandler
			as PatternEvictingCacheErrorHandler).pendingCount

	private fun loads() = this.instance.service().loads() + this.other.service().loads()

	private fun misses(cache: String) = this.instance.counters(cache).misses() + this.other.counters(cache).misses()

	data class Detail(val id: String, val version: Int)

	@Configuration(proxyBeanMethods = false)
	@EnableCaching(proxyTargetClass = true)
	open class OtherCaches {

		@Bean
		open fun cacheManager() = ConcurrentMapCacheManager()

		companion object {

			@Bean
			@JvmStatic
			fun cachingPostProcessor() = CachingPostProcessor()

		}

	}

	open class Details {

		private val loads = AtomicInteger()

		open fun loads() = this.loads.get()

		private fun load(id: String) = Detail(id, this.loads.incrementAndGet())

		@Cacheable("details")
		open suspend fun find(id: String): Detail? {
			val detail = load(id)
			return if (id == "none") null else detail
		}

		@Cacheable("details", key = "#id")
		open suspend fun held(id: String, released: CompletableDeferred<Unit>): Detail {
			val detail = load(id)
			released.await()
			return detail
		}

		@Cacheable("details", key = "#id", sync = true)
		open suspend fun heldSync(id: String, released: CompletableDeferred<Unit>): Detail = held(id, released)

		@CacheEvict("details")
		open suspend fun rename(id: String) {
		}

		@CachePut("details", key = "#detail.id")
		open suspend fun save(detail: Detail): Detail = detail

		@Cacheable("numbers")
		open fun numbers(id: String): Flow<Int> {
			this.loads.incrementAndGet()
			return flowOf(1, 2, 3)
		}

		@Cacheable("numbers")
		open suspend fun suspendedNumbers(id: String): Flow<Int> = numbers(id)

		@Cacheable("details", key = "#id")
		open suspend fun nested(id: String, inner: suspend () -> Detail?): Detail? = inner()

		@Cacheable("details", condition = "T(java.lang.Integer).parseInt('none') > 0")
		open suspend fun badCondition(id: String): Detail = load(id)

		@Cacheable("details", unless = "T(java.lang.Integer).parseInt('none') > 0")
		open suspend fun badUnless(id: String): Detail = load(id)

		@CacheEvict("details", condition = "T(java.lang.Integer).parseInt(#result.id) > 0")
		open suspend fun badEviction(id: String): Detail = load(id)

		@Cacheable("details", sync = true)
		open suspend fun failingSync(id: String): Detail = failing(id)

		@Cacheable("details")
		open suspend fun failing(id: String): Detail {
			this.loads.incrementAndGet()
			throw IOException("of the method: $id")
		}

	}

}
