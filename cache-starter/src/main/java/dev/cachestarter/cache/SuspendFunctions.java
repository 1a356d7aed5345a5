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

package dev.cachestarter.cache;

import java.lang.reflect.Method;
import java.util.Map;
import java.util.Objects;

import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import org.springframework.core.MethodParameter;
import org.springframework.core.ReactiveAdapter;
import org.springframework.core.ReactiveAdapterRegistry;
import org.springframework.util.ClassUtils;
import org.springframework.util.ConcurrentReferenceHashMap;
import org.springframework.util.ReflectionUtils;

/**
 * Kotlin's {@code suspend} functions. Spring makes a {@code Mono} of their invocation, or
 * a {@code Flux} where they return a {@code Flow}, and takes one for their result: so
 * they are called as if they returned it.
 */
final class SuspendFunctions {

	private static final boolean SUPPORTED = ClassUtils.isPresent("kotlinx.coroutines.reactor.MonoKt",
			SuspendFunctions.class.getClassLoader());

	private static final String FLOW = "kotlinx.coroutines.flow.Flow";

	private static final Map<Method, Class<?>> RESULTS = new ConcurrentReferenceHashMap<>();

	private SuspendFunctions() {
	}

	/**
	 * Return whether Spring can call them at all: that needs
	 * {@code kotlinx-coroutines-reactor}.
	 */
	static boolean areSupported() {
		return SUPPORTED;
	}

	/**
	 * Return how the result of a function is waited for.
	 */
	static ReactiveAdapter adapter(Method function) {
		return Objects.requireNonNull(ReactiveAdapterRegistry.getSharedInstance().getAdapter(result(function)));
	}

	/**
	 * Return a method that returns what Spring makes of the invocation of a function.
	 */
	static Method asPublisher(Method function) {
		return Objects.requireNonNull(
				ReflectionUtils.findMethod(Results.class, (result(function) == Flux.class) ? "many" : "one"));
	}

	private static Class<?> result(Method function) {
		return RESULTS.computeIfAbsent(function,
				(method) -> FLOW.equals(new MethodParameter(method, -1).getParameterType().getName()) ? Flux.class
						: Mono.class);
	}

	private interface Results {

		Mono<Object> one();

		Flux<Object> many();

	}

}
