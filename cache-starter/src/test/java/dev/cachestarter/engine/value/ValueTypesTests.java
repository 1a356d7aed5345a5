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

package dev.cachestarter.engine.value;

import java.io.Serializable;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.lang.reflect.Type;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import dev.cachestarter.CacheSettings;

import static org.assertj.core.api.Assertions.assertThat;

class ValueTypesTests {

	@ParameterizedTest
	@CsvSource(delimiter = '|', textBlock = """
			plain         | Agent
			number        | java.lang.Integer
			list          | java.util.List<Agent>
			nested        | java.util.Map<java.lang.String, java.util.List<java.util.Set<Agent>>>
			optional      | Agent
			optionalList  | java.util.List<Agent>
			future        | Agent
			stage         | java.util.List<Agent>
			mono          | Agent
			monoList      | java.util.List<Agent>
			flux          | java.util.List<Agent>
			publisher     | java.util.List<Agent>
			monoOptional  | java.util.Optional<Agent>
			futureOptional| java.util.Optional<Agent>
			wildcard      | java.util.List<Agent>
			unbounded     | java.util.List
			object        | java.lang.Object
			raw           | java.util.List
			ints          | int[]
			array         | Agent[]
			genericArray  | java.util.List<Agent>[]
			comparable    | java.lang.Comparable<java.lang.Comparable>
			comparables   | java.util.List<java.lang.Comparable<java.lang.Comparable>>
			""")
	void typeOfWhatIsCached(String method, String expected) {
		Type type = valueType(Service.class, method);

		assertThat(name(type)).isEqualTo(expected);
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', textBlock = """
			one    | Agent
			all    | java.util.List<Agent>
			async  | java.util.List<Agent>
			byId   | java.util.Map<java.lang.String, Agent>
			array  | Agent[]
			page   | ValueTypesTests$Page<Agent>
			""")
	void typeVariablesAreResolvedAgainstTheBean(String method, String expected) {
		Type type = valueType(AgentRepository.class, method);

		assertThat(name(type)).isEqualTo(expected);
	}

	@Test
	void methodsOfInterfacesAreLookedUpInTheBean() {
		Method method = method(Finder.class, "find");

		Type type = ValueTypes.valueType(method, AgentFinder.class);

		assertThat(name(type)).isEqualTo("Agent");
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', textBlock = """
			Repository     | one   | Agent
			Repository     | async | java.util.List<Agent>
			Finder         | find  | Agent
			NarrowedFinder | find  | Agent
			NarrowedFinder | named | Agent
			""")
	void methodsOfJdkProxiesAreLookedUpInTheNarrowestOfTheirInterfaces(String declaring, String method,
			String expected) {
		Class<?> proxy = Proxy.newProxyInstance(getClass().getClassLoader(),
				new Class<?>[] { Finder.class, Agents.class, NarrowedFinder.class }, (self, called, arguments) -> null)
			.getClass();
		Class<?> type = List.of(Repository.class, Finder.class, NarrowedFinder.class)
			.stream()
			.filter((candidate) -> candidate.getSimpleName().equals(declaring))
			.findFirst()
			.orElseThrow();

		assertThat(name(ValueTypes.valueType(method(type, method), proxy))).isEqualTo(expected);
	}

	@ParameterizedTest
	@CsvSource({ "nothing", "voidFuture", "voidMono" })
	void nothingHasNoType(String method) {
		assertThat(valueType(Service.class, method)).isNull();
	}

	@Test
	void sameTypeFromTwoMethodsIsEqual() {
		Type one = valueType(Service.class, "flux");
		Type other = valueType(AgentRepository.class, "all");

		assertThat(one).isEqualTo(other).hasSameHashCodeAs(other);
		ValueCodecs codecs = Codecs.fresh();
		assertThat(codecs.forType(required(one), CacheSettings.defaults()))
			.isSameAs(codecs.forType(required(other), CacheSettings.defaults()));
	}

	private static @Nullable Type valueType(Class<?> target, String method) {
		return ValueTypes.valueType(method(target, method), target);
	}

	private static Type required(@Nullable Type type) {
		assertThat(type).isNotNull();
		return java.util.Objects.requireNonNull(type);
	}

	private static Method method(Class<?> target, String name) {
		return Arrays.stream(target.getMethods())
			.filter((method) -> method.getName().equals(name) && !method.isBridge())
			.findFirst()
			.orElseThrow();
	}

	private static String name(@Nullable Type type) {
		return required(type).getTypeName()
			.replace("dev.cachestarter.engine.value.ValueTypesTests$Agent", "Agent")
			.replace("dev.cachestarter.engine.value.ValueTypesTests$Page", "ValueTypesTests$Page");
	}

	record Agent(String id) {

	}

	record Page<T>(List<T> content) {

	}

	@SuppressWarnings("rawtypes")
	interface Service {

		Agent plain();

		int number();

		List<Agent> list();

		Map<String, List<Set<Agent>>> nested();

		Optional<Agent> optional();

		Optional<List<Agent>> optionalList();

		CompletableFuture<Agent> future();

		CompletionStage<List<Agent>> stage();

		Mono<Agent> mono();

		Mono<List<Agent>> monoList();

		Flux<Agent> flux();

		Publisher<Agent> publisher();

		Mono<Optional<Agent>> monoOptional();

		CompletableFuture<Optional<Agent>> futureOptional();

		List<? extends Agent> wildcard();

		List<?> unbounded();

		Object object();

		List raw();

		int[] ints();

		Agent[] array();

		List<Agent>[] genericArray();

		<T extends Comparable<T>> T comparable();

		<T extends Comparable<T>> List<T> comparables();

		void nothing();

		CompletableFuture<Void> voidFuture();

		Mono<Void> voidMono();

	}

	interface Repository<T extends Record, K extends Serializable> {

		T one(K id);

		List<T> all();

		CompletableFuture<List<T>> async();

		Map<K, T> byId();

		T[] array();

		Page<T> page();

	}

	interface AgentRepository extends Repository<Agent, String> {

	}

	interface Finder<T> {

		T find(String id);

	}

	interface NarrowedFinder extends Finder<Agent> {

		@Override
		Agent find(String id);

		Optional<Agent> named(String name);

	}

	interface Agents extends Repository<Agent, String> {

	}

	static class AgentFinder implements Finder<Agent> {

		@Override
		public Agent find(String id) {
			return new Agent(id);
		}

	}

}
