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

package dev.cachestarter.testing;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.ArgumentsProvider;
import org.junit.jupiter.params.provider.ArgumentsSource;
import org.junit.jupiter.params.support.AnnotationConsumer;
import org.junit.jupiter.params.support.ParameterDeclarations;

/**
 * The constants of an enum for a parameterized test: some in every build, one of each
 * sort that goes a way of its own, and all of them with the profile {@code thorough}.
 */
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
@ArgumentsSource(SomeOf.Constants.class)
public @interface SomeOf {

	/**
	 * The names of those of every build.
	 */
	String[] value();

	/**
	 * The names of the others; all constants that there are, if none are given.
	 */
	String[] and() default {};

	/**
	 * Chooses them.
	 */
	final class Constants implements ArgumentsProvider, AnnotationConsumer<SomeOf> {

		private SomeOf some;

		@Override
		public void accept(SomeOf some) {
			this.some = some;
		}

		@Override
		public Stream<? extends Arguments> provideArguments(ParameterDeclarations parameters,
				ExtensionContext context) {
			Class<?> type = parameters.getFirst().orElseThrow().getParameterType();
			return Thorough.choose(named(type, this.some.value()), all(type)).stream().map(Arguments::of);
		}

		@SuppressWarnings({ "unchecked", "rawtypes" })
		private Set<?> all(Class<?> type) {
			return (this.some.and().length == 0) ? EnumSet.allOf((Class) type)
					: named(type, Stream.concat(Arrays.stream(this.some.value()), Arrays.stream(this.some.and()))
						.toArray(String[]::new));
		}

		/** In the order in which they are declared. */
		@SuppressWarnings({ "unchecked", "rawtypes" })
		private static Set<?> named(Class type, String... names) {
			return EnumSet
				.copyOf((Set) Arrays.stream(names).map((name) -> Enum.valueOf(type, name)).collect(Collectors.toSet()));
		}

	}

}
