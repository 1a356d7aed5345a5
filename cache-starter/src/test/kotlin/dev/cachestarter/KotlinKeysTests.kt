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

import dev.cachestarter.engine.key.CacheKeys
import org.assertj.core.api.Assertions.assertThat
import org.assertj.core.api.Assertions.assertThatIllegalArgumentException
import org.junit.jupiter.api.Test
import org.springframework.cache.interceptor.SimpleKey
import org.springframework.core.ResolvableType
import kotlin.coroutines.Continuation
import kotlin.coroutines.EmptyCoroutineContext

/**
 * Kotlin's classes as arguments of cached methods.
 */
class KotlinKeysTests {

	private val keys = CacheKeys(null)

	@Test
	fun dataClassIsItsComponents() {
		assertThat(this.keys.text(Query("acme", 20, null))).isEqualTo("{\"limit\":20,\"org\":\"acme\"}")
		assertThat(this.keys.text(Query("acme", 20, Nested(listOf(1, 2)))))
			.isEqualTo("{\"limit\":20,\"nested\":{\"ids\":[1,2]},\"org\":\"acme\"}")
		assertThat(this.keys.text("x", Pair("a", 1))).isEqualTo("x:{\"first\":\"a\",\"second\":1}")
	}

	@Test
	fun whatIsDeclaredInTheBodyOrHiddenByAGetterIsNoPartOfIt() {
		assertThat(this.keys.text(Counted("a", 1).apply { seen = 7 })).isEqualTo("{\"id\":1,\"name\":\"a\"}")
	}

	@Test
	fun privateInternalAndGenericComponentsCount() {
		assertThat(this.keys.text(Hidden("a", 1, setOf("x"))))
			.isEqualTo("{\"name\":\"a\",\"number\":1,\"set\":{\"@set\":[\"x\"]}}")
	}

	@Test
	fun dataClassesOfOneInterfaceAreNamed() {
		assertThat(this.keys.text(Filter.ByName("x")))
			.isEqualTo("{\"@type\":\"dev.cachestarter.KotlinKeysTests\$Filter\$ByName\",\"value\":\"x\"}")
			.isNotEqualTo(this.keys.text(Filter.ByTag("x")))
		assertThat(this.keys.text(Filter.All))
			.isEqualTo("{\"@type\":\"dev.cachestarter.KotlinKeysTests\$Filter\$All\"}")
	}

	@Test
	fun valueClassIsWhatIsInIt() {
		val id: Any = UserId("a b")

		assertThat(this.keys.text("x", id)).isEqualTo("x:a%20b")
		assertThat(this.keys.text(Of(UserId("a")))).isEqualTo("{\"id\":\"a\"}")
		assertThat(this.keys.text(listOf(UserId("a"), Name("b")))).isEqualTo("[\"a\",\"b\"]")
		assertThat(this.keys.text("x", Wrapped(Query("acme", 20, null)))).isEqualTo("x:{\"limit\":20,\"org\":\"acme\"}")
	}

	@Test
	fun valueClassesOfOneValueAreToldApartByTheMark() {
		val renderer = this.keys.renderer()

		assertThat(renderer.ofKey(UserId("a")).text()).isEqualTo(renderer.ofKey(Name("a")).text())
		assertThat(renderer.ofKey(UserId("a"))).isNotEqualTo(renderer.ofKey(Name("a"))).isNotEqualTo(renderer.ofKey("a"))
		assertThat(renderer.ofKey(UserId("a"))).isEqualTo(renderer.ofKey(UserId("a")))
	}

	@Test
	fun companionIsNoPartOfADataClass() {
		assertThat(this.keys.text(Accompanied("a"))).isEqualTo("{\"name\":\"a\"}")
	}

	@Test
	fun argumentsOfASuspendFunctionEndBeforeItsContinuation() {
		val method = Service::class.java.declaredMethods.first { it.name == "find" }
		val continuation = Continuation<String>(EmptyCoroutineContext) { }

		assertThat(this.keys.keyGenerator().generate(Service(), method, "a", 1, continuation)).isEqualTo(SimpleKey("a", 1))
	}

	@Test
	fun otherClassesAreRefused() {
		assertThatIllegalArgumentException().isThrownBy { this.keys.text(Plain("a")) }
			.withMessageContaining("key expression")
		assertThatIllegalArgumentException().isThrownBy { this.keys.text(Destructured("a")) }
		assertThatIllegalArgumentException().isThrownBy { this.keys.text(Copied("a")) }
		assertThatIllegalArgumentException().isThrownBy { this.keys.text(Extended("a")) }
		assertThat(this.keys.renderer().problem(ResolvableType.forClass(Plain::class.java))).isNotNull()
		assertThat(this.keys.renderer().problem(ResolvableType.forClass(Query::class.java))).isNull()
	}

	@Test
	fun continuationIsNoArgument() {
		val continuation = Continuation<String>(EmptyCoroutineContext) { }

		assertThat(this.keys.of(*arrayOf<Any?>("a", "b", continuation))).isEqualTo(this.keys.of("a", "b"))
		assertThat(this.keys.text(*arrayOf<Any?>("a", continuation))).isEqualTo("a")
		assertThat(this.keys.text(*arrayOf<Any?>(continuation))).isEqualTo("%noargs")
		val only: Any = continuation
		assertThat(this.keys.of(only)).isEqualTo(SimpleKey.EMPTY)
	}

	data class Query(val org: String, val limit: Int, val nested: Nested?)

	data class Nested(val ids: List<Int>)

	data class Counted(val name: String, var id: Long) {

		var seen = 0

	}

	data class Hidden<T>(private val name: String, internal val number: Int, val set: Set<T>)

	data class Of(val id: UserId)

	sealed interface Filter {

		data class ByName(val value: String) : Filter

		data class ByTag(val value: String) : Filter

		data object All : Filter

	}

	@JvmInline
	value class UserId(val text: String)

	@JvmInline
	value class Name(val text: String)

	@JvmInline
	value class Wrapped(val query: Query)

	data class Accompanied(val name: String) {

		companion object {

			@JvmField
			val NONE = Accompanied("")

		}

	}

	class Service {

		@Suppress("RedundantSuspendModifier")
		suspend fun find(org: String, page: Int) = org + page

	}

	class Plain(val name: String)

	/** Has methods like those of a data class. */
	class Copied(val name: String) {

		operator fun component1() = this.name

		fun copy() = Copied(this.name)

		fun cut(length: Int = 1) = this.name.substring(length)

	}

	/** What its components are, its constructor does not tell. */
	data class Extended(val name: String) {

		operator fun component2() = this.name.length

	}

	class Destructured(val name: String) {

		operator fun component1() = this.name

	}

}
