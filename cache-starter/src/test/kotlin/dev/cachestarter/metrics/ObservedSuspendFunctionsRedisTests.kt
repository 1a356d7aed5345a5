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

package dev.cachestarter.metrics

import dev.cachestarter.TestInstance
import dev.cachestarter.testing.RedisServer
import dev.cachestarter.testing.WithRedis
import io.micrometer.observation.Observation
import io.micrometer.observation.ObservationHandler
import io.micrometer.observation.ObservationRegistry
import kotlinx.coroutines.delay
import kotlinx.coroutines.runBlocking
import org.assertj.core.api.Assertions.assertThat
import org.awaitility.Awaitility.await
import org.junit.jupiter.api.Test
import org.springframework.cache.annotation.Cacheable
import java.util.concurrent.ConcurrentLinkedQueue

/**
 * What a trace shows of Kotlin's `suspend` functions.
 */
@WithRedis
class ObservedSuspendFunctionsRedisTests(private val redis: RedisServer) {

	@Test
	fun aTraceShowsWhatASuspendFunctionDoes() {
		val ended = ConcurrentLinkedQueue<String>()
		val registry = ObservationRegistry.create()
		registry.observationConfig().observationHandler(object : ObservationHandler<CacheStepContext> {

			override fun supportsContext(context: Observation.Context) = context is CacheStepContext

			override fun onStop(context: CacheStepContext) {
				ended.add("${context.parentObservation?.contextView?.name} ${context.step} ${context.outcome}")
			}

		})
		TestInstance.of(Prices::class.java, this.redis).use { instance ->
			instance.awaitUp()
			CacheStarterObservations(instance.manager(), registry, null, null).use {
				val caller = Observation.start("caller", registry)

				caller.scoped(Runnable { runBlocking { instance.service().price("tea") } })
				await().until { this.redis.keys("prices:tea").isNotEmpty() }
				await().untilAsserted {
					caller.scoped(Runnable { runBlocking { instance.service().price("tea") } })
					assertThat(ended).contains("caller READ hit")
				}

				caller.stop()
				assertThat(ended).contains("caller READ miss", "caller WAIT load", "caller LOAD success")
				assertThat(ended).allMatch { it.startsWith("caller ") }
			}
		}
	}

	open class Prices {

		@Cacheable("prices")
		open suspend fun price(product: String): String {
			delay(1)
			return "$product costs 3"
		}

	}

}
