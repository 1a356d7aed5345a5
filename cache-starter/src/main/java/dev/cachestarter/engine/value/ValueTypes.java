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

import java.lang.reflect.GenericArrayType;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;

import org.jspecify.annotations.Nullable;

import org.springframework.core.BridgeMethodResolver;
import org.springframework.core.KotlinDetector;
import org.springframework.core.ReactiveAdapter;
import org.springframework.core.ReactiveAdapterRegistry;
import org.springframework.core.ResolvableType;
import org.springframework.core.annotation.AnnotatedElementUtils;
import org.springframework.util.ClassUtils;

import dev.cachestarter.CacheableAll;

/**
 * Infers from a method what the values of a cache are that holds its results, which is
 * what Spring hands to the cache and not always what the method returns.
 */
public final class ValueTypes {

	private ValueTypes() {
	}

	/**
	 * Return the type of the values that a method's results are cached as: what is in an
	 * {@code Optional}, a future or a {@code Mono}, and a list of what is in a
	 * {@code Flux} or a {@code Flow}. An {@code Optional} inside a future stays one,
	 * since Spring caches it as it is.
	 * @param method a method, perhaps of an interface
	 * @param targetClass the class of the bean, against which type variables are resolved
	 * @return a type without type variables and wildcards, or {@code null} if the method
	 * returns nothing to cache
	 */
	public static @Nullable Type valueType(Method method, Class<?> targetClass) {
		Class<?> userClass = declaring(method, targetClass);
		Method specific = BridgeMethodResolver.getMostSpecificMethod(method, userClass);
		ResolvableType returned = returned(specific, userClass);
		Class<?> raw = returned.resolve(Object.class);
		if (AnnotatedElementUtils.hasAnnotation(specific, CacheableAll.class)) {
			return ofMany(resultOf(returned));
		}
		if (raw == void.class || raw == Void.class || raw.getName().equals("kotlin.Unit")) {
			return null;
		}
		if (raw == Optional.class) {
			return content(returned);
		}
		if (CompletionStage.class.isAssignableFrom(raw)) {
			return content(returned.as(CompletionStage.class));
		}
		ReactiveAdapter adapter = ReactiveAdapterRegistry.getSharedInstance().getAdapter(raw);
		if (adapter == null) {
			return concrete(returned, new HashSet<>());
		}
		if (adapter.getDescriptor().isNoValue()) {
			return null;
		}
		Type element = content(returned.as(adapter.getReactiveType()));
		if (element == null || !adapter.isMultiValue()) {
			return element;
		}
		return ResolvableType.forClassWithGenerics(List.class, ResolvableType.forType(element)).getType();
	}

	/** What a method for many keys results in holds the values. */
	private static @Nullable Type ofMany(ResolvableType result) {
		ResolvableType map = result.as(Map.class);
		ResolvableType values = (map != ResolvableType.NONE) ? map.getGeneric(1)
				: result.as(Collection.class).getGeneric(0);
		return concrete(values, new HashSet<>());
	}

	/**
	 * Return what a method for many keys results in: what it returns, what its future or
	 * {@code Mono} brings, or a list of what is in a {@code Flux} or a {@code Flow}.
	 * @param method a method with {@link CacheableAll}
	 * @param targetClass the class of the bean
	 */
	public static ResolvableType resultOfMany(Method method, Class<?> targetClass) {
		Class<?> userClass = declaring(method, targetClass);
		return resultOf(returned(BridgeMethodResolver.getMostSpecificMethod(method, userClass), userClass));
	}

	private static ResolvableType resultOf(ResolvableType returned) {
		Class<?> raw = returned.resolve(Object.class);
		if (CompletionStage.class.isAssignableFrom(raw)) {
			return returned.as(CompletionStage.class).getGeneric(0);
		}
		ReactiveAdapter adapter = ReactiveAdapterRegistry.getSharedInstance().getAdapter(raw);
		if (adapter == null || adapter.getDescriptor().isNoValue()) {
			return returned;
		}
		ResolvableType item = returned.as(adapter.getReactiveType()).getGeneric(0);
		return adapter.isMultiValue() ? ResolvableType.forClassWithGenerics(List.class,
				ResolvableType.forType(concrete(item, new HashSet<>()))) : item;
	}

	/**
	 * What a {@code suspend} function of Kotlin returns is what its continuation is
	 * given.
	 */
	private static ResolvableType returned(Method method, Class<?> userClass) {
		return KotlinDetector.isSuspendingFunction(method)
				? ResolvableType.forMethodParameter(method, method.getParameterCount() - 1, userClass).getGeneric(0)
				: ResolvableType.forMethodReturnType(method, userClass);
	}

	/**
	 * Return where a method is looked up. The methods of a JDK proxy, such as a
	 * repository or an HTTP client that is but an interface, know no generics: those of
	 * its interface do.
	 * @param method a method, perhaps of an interface
	 * @param targetClass the class of the bean
	 * @return the class or interface that tells most of the method
	 */
	public static Class<?> declaring(Method method, Class<?> targetClass) {
		if (!Proxy.isProxyClass(targetClass)) {
			return ClassUtils.getUserClass(targetClass);
		}
		Class<?> narrowest = method.getDeclaringClass();
		for (Class<?> implemented : targetClass.getInterfaces()) {
			narrowest = narrowest.isAssignableFrom(implemented) ? implemented : narrowest;
		}
		return narrowest;
	}

	private static @Nullable Type content(ResolvableType wrapper) {
		Type content = concrete(wrapper.getGeneric(0), new HashSet<>());
		return (content != Void.class) ? content : null;
	}

	/**
	 * Return a type with everything in it replaced by what it stands for, so that it
	 * means the same without its surroundings.
	 * @param open the type variables that are being replaced: a bound may lead back to
	 * itself, as in {@code <T extends Comparable<T>>}
	 */
	private static Type concrete(ResolvableType type, Set<Type> open) {
		Class<?> raw = type.resolve(Object.class);
		if (type.getType() instanceof TypeVariable && !open.add(type.getType())) {
			return raw;
		}
		Type concrete = raw;
		if (type.isArray()) {
			Type component = concrete(type.getComponentType(), open);
			concrete = (component instanceof Class) ? raw : new ArrayOf(component);
		}
		else if (raw.isPrimitive()) {
			concrete = ClassUtils.resolvePrimitiveIfNecessary(raw);
		}
		else if (Arrays.stream(type.getGenerics()).anyMatch((generic) -> generic.resolve() != null)) {
			ResolvableType[] arguments = Arrays.stream(type.getGenerics())
				.map((generic) -> ResolvableType.forType(concrete(generic, open)))
				.toArray(ResolvableType[]::new);
			concrete = ResolvableType.forClassWithGenerics(raw, arguments).getType();
		}
		open.remove(type.getType());
		return concrete;
	}

	/**
	 * An array of a generic type.
	 *
	 * @param component the type of its elements
	 */
	private record ArrayOf(Type component) implements GenericArrayType {

		@Override
		public Type getGenericComponentType() {
			return this.component;
		}

		@Override
		public String getTypeName() {
			return this.component.getTypeName() + "[]";
		}

	}

}
