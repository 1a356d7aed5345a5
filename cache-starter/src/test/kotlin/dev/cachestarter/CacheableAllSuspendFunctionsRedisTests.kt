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

import dev.cachestarter.testing.RedisServer
import dev.cachestarter.testing.WithRedis
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.asFlow
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.assertj.core.api.Assertions.assertThat
import org.awaitility.Awaitility.await
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.BeforeEach
import org.junit.jupiter.api.Test
import org.springframework.cache.annotation.Cacheable
import java.io.IOException
import java.util.concurrent.CopyOnWriteArrayList

/**
 * Kotlin's `suspend` functions for many keys.
 */
@WithRedis
class CacheableAllSuspendFunctionsRedisTests(private val redis: RedisServer) {

	private lateinit var instance: TestInstance<Details>

	private lateinit var other: TestInstance<Details>

	@BeforeEach
	fun open() {
		this.redis.flushAll()
		this.instance = TestInstance.of(Details::class.java, this.redis).awaitUp()
		this.other = TestInstance.of(Details::class.java, this.redis).awaitUp()
	}

	@AfterEach
	fun close() {
		this.instance.close()
		this.other.close()
	}

	private fun within(action: suspend CoroutineScope.() -> Unit) =
		runBlocking(Dispatchers.Default) { withTimeout(40_000, action) }

	@Test
	fun whatIsMissingIsLoadedOnceAndEntriesAreThoseOfTheSingleFunction() = within {
		instance.service().find("b")

		assertThat(instance.service().all(listOf("c", "b", "none", "a")))
			.containsExactly(entry("c"), entry("b"), entry("a"))
		assertThat(other.service().list(setOf("a", "b", "c", "none")))
			.containsExactly(Detail("a"), Detail("b"), Detail("c"))
		assertThat(other.service().find("none")).isNull()
		assertThat(instance.service().loaded).containsExactly(listOf("b"), listOf("c", "none", "a"))
		assertThat(other.service().loaded).isEmpty()
	}

	@Test
	fun aFlowIsReadAndLoadedInTheOrderOfTheKeys() = within {
		assertThat(instance.service().flow(listOf("b", "a")).toList()).containsExactly(Detail("b"), Detail("a"))
		assertThat(other.service().suspendedFlow(listOf("a", "b")).toList())
			.containsExactly(Detail("a"), Detail("b"))

		assertThat(instance.service().loaded).containsExactly(listOf("b", "a"))
		assertThat(other.service().loaded).isEmpty()
	}

	@Test
	fun whatAnotherLoadsIsWaitedFor() = within {
		val released = CompletableDeferred<Unit>()
		instance.service().released = released
		val first = async { instance.service().all(listOf("a", "b")) }
		await().until { instance.service().loaded.size == 1 }

		val second = async { other.service().all(listOf("b", "c")) }
		await().until { other.service().loaded.size == 1 }
		released.complete(Unit)

		assertThat(first.await()).hasSize(2)
		assertThat(second.await()).containsExactly(entry("b"), entry("c"))
		assertThat(other.service().loaded).containsExactly(listOf("c"))
	}

	@Test
	fun aCancelledFunctionGivesItsLeasesBack() = within {
		instance.service().released = CompletableDeferred()
		val waiting = launch { instance.service().all(listOf("a", "b")) }
		await().until { instance.service().loaded.size == 1 }

		waiting.cancel()

		await().untilAsserted { assertThat(redis.keys("details:*")).isEmpty() }
	}

	@Test
	fun whatAFunctionThrowsReachesItsCaller() = within {
		val failure = try {
			instance.service().failing(listOf("a"))
			null
		}
		catch (ex: IOException) {
			ex
		}

		assertThat(failure).hasMessage("of the function")
		await().untilAsserted { assertThat(redis.keys("details:*")).isEmpty() }
	}

	private fun entry(id: String) = java.util.Map.entry(id, Detail(id))

	data class Detail(val id: String)

	open class Details {

		open val loaded = CopyOnWriteArrayList<List<String>>()

		open var released = CompletableDeferred(Unit)

		private suspend fun load(ids: Collection<String>): List<Detail> {
			this.loaded.add(ids.toList())
			this.released.await()
			return ids.filter { it != "none" }.map { Detail(it) }
		}

		@Cacheable("details")
		open suspend fun find(id: String): Detail? = load(listOf(id)).firstOrNull()

		@CacheableAll("details")
		open suspend fun all(ids: List<String>): Map<String, Detail> = load(ids).associateBy { it.id }

		@CacheableAll(cacheNames = ["details"], key = "#{#element.id}")
		open suspend fun list(ids: Set<String>): List<Detail> = load(ids)

		@CacheableAll(cacheNames = ["details"], key = "#{#element.id}")
		open fun flow(ids: Collection<String>): Flow<Detail> {
			this.loaded.add(ids.toList())
			return ids.map { Detail(it) }.asFlow()
		}

		@CacheableAll(cacheNames = ["details"], key = "#{#element.id}")
		open suspend fun suspendedFlow(ids: Collection<String>): Flow<Detail> = flow(ids)

		@CacheableAll("details")
		open suspend fun failing(ids: Collection<String>): Map<String, Detail> {
			load(ids)
			throw IOException("of the function")
		}

	}

}
