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
import java.util.Arrays;
import java.util.Collection;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.aopalliance.intercept.MethodInterceptor;
import org.aopalliance.intercept.MethodInvocation;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import org.springframework.aop.TargetClassAware;
import org.springframework.aop.framework.AopProxyUtils;
import org.springframework.aop.support.AopUtils;
import org.springframework.cache.CacheManager;
import org.springframework.cache.interceptor.CacheAspectSupport;
import org.springframework.cache.interceptor.CacheOperation;
import org.springframework.cache.interceptor.CacheResolver;
import org.springframework.cache.interceptor.CacheableOperation;
import org.springframework.cache.interceptor.KeyGenerator;
import org.springframework.cache.interceptor.SimpleCacheResolver;
import org.springframework.core.DefaultParameterNameDiscoverer;
import org.springframework.core.KotlinDetector;
import org.springframework.core.ParameterNameDiscoverer;
import org.springframework.core.ReactiveAdapterRegistry;
import org.springframework.util.StringUtils;

import dev.cachestarter.NearSettings;
import dev.cachestarter.cache.entries.EntryReader;
import dev.cachestarter.cache.entries.Reading;
import dev.cachestarter.engine.key.ArgumentKeyGenerator;
import dev.cachestarter.engine.near.PlainArguments;

/**
 * Asks, before a call is made, whether a copy in memory may be served at once. Such a hit
 * takes less time than Spring needs to find out which cache to ask for which key.
 *
 * <h2>Which calls</h2>
 *
 * <p>
 * Those of whose method nothing but the arguments decides what Spring would do on a hit,
 * which is looked at once for each method: a single {@code @Cacheable} of one cache in
 * mode {@code track} that is found by its name, without a {@code condition} and
 * {@code sync}, whose key is that of all arguments, or of one that the {@code key} names,
 * and whose result is waited for by the caller's thread. {@code unless} is not asked on a
 * hit, and neither are a time to live and tags. All that may change from call to call is
 * asked in each: {@link EntryReader#atOnce} does, with the code that serves a copy to any
 * other read.
 *
 * <h2>Why it is no second way to read</h2>
 *
 * <p>
 * Either there is a hit, which counts, is measured and logged as any other; or nothing
 * has happened, and the call is made in full. A plan is made only when a call in full has
 * returned, and Spring's part is ready.
 */
final class HitsAtOnce {

	private static final Log logger = LogFactory.getLog(HitsAtOnce.class);

	private static final ParameterNameDiscoverer PARAMETER_NAMES = new DefaultParameterNameDiscoverer();

	/** A variable, and nothing else. */
	private static final Pattern VARIABLE = Pattern.compile("#([A-Za-z_][A-Za-z0-9_]*)");

	/** Of what a variable's name cannot be a parameter's alone. */
	private static final Pattern RESERVED = Pattern.compile("root|this|result|[ap][0-9]+");

	private final CacheAspectSupport spring;

	private final MethodInterceptor inFull;

	private final Function<String, CacheManager> managers;

	private final ManyKeys.Methods manyKeys;

	/** The plans for the classes that a method is called on, the last one first. */
	private final ConcurrentMap<Method, Plan> plans = new ConcurrentHashMap<>();

	/**
	 * Create what asks.
	 * @param spring what the application has configured
	 * @param inFull makes a call in full
	 * @param managers finds a cache manager by the name of its bean
	 * @param manyKeys finds methods for many keys
	 */
	HitsAtOnce(CacheAspectSupport spring, MethodInterceptor inFull, Function<String, CacheManager> managers,
			ManyKeys.Methods manyKeys) {
		this.manyKeys = manyKeys;
		this.spring = spring;
		this.inFull = inFull;
		this.managers = managers;
	}

	/**
	 * Make a call: at once if it is such a hit, else in full.
	 */
	@Nullable Object invoke(MethodInvocation invocation) throws Throwable {
		Object target = invocation.getThis();
		Plan plan = (target != null) ? find(this.plans.get(invocation.getMethod()), target) : null;
		Reads reads = (plan != null) ? plan.reads : null;
		Reading hit = (reads != null && target != null) ? reads.read(invocation, target) : null;
		if (reads != null && hit != null) {
			return reads.result(hit);
		}
		Object result = this.inFull.invoke(invocation);
		if (plan == null && target != null) {
			learn(invocation.getMethod(), target);
		}
		return result;
	}

	private void learn(Method method, Object target) {
		Reads reads = reads(method, target);
		this.plans.compute(method,
				(same, others) -> (find(others, target) != null) ? others : new Plan(target.getClass(), reads, others));
	}

	private static @Nullable Plan find(@Nullable Plan first, Object target) {
		Plan plan = first;
		while (plan != null && plan.target != target.getClass()) {
			plan = plan.next;
		}
		return plan;
	}

	/**
	 * Return what calls of a method read, {@code null} if they are to be made in full.
	 */
	private @Nullable Reads reads(Method method, Object target) {
		try {
			// Of another proxy the class does not tell what is behind it.
			return (target instanceof TargetClassAware) ? null
					: reads(method, AopProxyUtils.ultimateTargetClass(target));
		}
		catch (RuntimeException | Error ex) {
			// What keeps a cache from being used is told where it is used.
			logger.trace("Calls are made in full: " + method, ex);
			return null;
		}
	}

	private @Nullable Reads reads(Method method, Class<?> targetClass) {
		CacheableOperation operation = operation(method, targetClass);
		int argument = (operation != null) ? argument(operation, method, targetClass) : Reads.NO_ARGUMENT;
		CacheManager manager = (operation != null && argument != Reads.NO_ARGUMENT) ? manager(operation) : null;
		if (operation == null || !(manager instanceof ResilientRedisCacheManager)) {
			return null;
		}
		String name = operation.getCacheNames().iterator().next();
		if (!(manager.getCache(name) instanceof ResilientRedisCache cache)
				|| cache.getSettings().near().mode() != NearSettings.Mode.TRACK || cache.getSettings().near().copy()) {
			return null;
		}
		EntryReader reader = cache.readers().of(method, targetClass);
		return (reader != null) ? new Reads(manager, name, cache, reader, this.spring.getKeyGenerator(), argument,
				method.getReturnType() == Optional.class) : null;
	}

	/**
	 * Return the only operation of a method, {@code null} if it is to be made in full.
	 */
	private @Nullable CacheableOperation operation(Method method, Class<?> targetClass) {
		Class<?> returned = method.getReturnType();
		if (method.isVarArgs() || KotlinDetector.isSuspendingFunction(method)
				|| CompletableFuture.class.isAssignableFrom(returned)
				|| ReactiveAdapterRegistry.getSharedInstance().getAdapter(returned) != null
				|| !(this.spring.getCacheOperationSource() instanceof PatternAwareOperationSource source)
				|| this.manyKeys.of(method, targetClass) != null) {
			return null;
		}
		Collection<CacheOperation> operations = source.getCacheOperations(method, targetClass);
		return (operations != null && operations.size() == 1
				&& operations.iterator().next() instanceof CacheableOperation only && !only.isSync()
				&& only.getCacheNames().size() == 1 && !StringUtils.hasText(only.getCondition())) ? only : null;
	}

	/** Return which argument is the key. */
	private int argument(CacheableOperation operation, Method method, Class<?> targetClass) {
		if (!StringUtils.hasText(operation.getKey())) {
			return (!StringUtils.hasText(operation.getKeyGenerator())
					&& this.spring.getKeyGenerator() instanceof ArgumentKeyGenerator) ? Reads.ALL_ARGUMENTS
							: Reads.NO_ARGUMENT;
		}
		Matcher variable = VARIABLE.matcher(operation.getKey());
		@Nullable String[] names = variable.matches()
				? PARAMETER_NAMES.getParameterNames(AopUtils.getMostSpecificMethod(method, targetClass)) : null;
		if (names == null || RESERVED.matcher(variable.group(1)).matches()) {
			return Reads.NO_ARGUMENT;
		}
		int first = Arrays.asList(names).indexOf(variable.group(1));
		return (first >= 0) ? first : Reads.NO_ARGUMENT;
	}

	private @Nullable CacheManager manager(CacheableOperation operation) {
		if (StringUtils.hasText(operation.getCacheResolver())) {
			return null;
		}
		if (StringUtils.hasText(operation.getCacheManager())) {
			return this.managers.apply(operation.getCacheManager());
		}
		CacheResolver resolver = this.spring.getCacheResolver();
		return (resolver instanceof SimpleCacheResolver simple && resolver.getClass() == SimpleCacheResolver.class)
				? simple.getCacheManager() : null;
	}

	/**
	 * What to do about the calls of a method on objects of one class.
	 *
	 * @param target the class
	 * @param reads what they read, {@code null} if they are made in full
	 * @param next the plan for objects of another class
	 */
	private record Plan(Class<?> target, @Nullable Reads reads, @Nullable Plan next) {

	}

	/**
	 * What the calls of a method read.
	 *
	 * @param manager what Spring asks for the cache in each call
	 * @param name the name of the cache
	 * @param cache the cache
	 * @param reader reads it as the method's results
	 * @param keys makes the keys of all arguments
	 * @param argument which argument is the key
	 * @param optional whether the method returns an {@code Optional}
	 */
	private record Reads(CacheManager manager, String name, ResilientRedisCache cache, EntryReader reader,
			KeyGenerator keys, int argument, boolean optional) {

		static final int ALL_ARGUMENTS = -1;

		static final int NO_ARGUMENT = -2;

		/**
		 * Return the hit that a call is.
		 * @return {@code null} if it is to be made in full
		 */
		@Nullable Reading read(MethodInvocation invocation, Object target) {
			@Nullable Object[] all = invocation.getArguments();
			Object key = (this.argument != ALL_ARGUMENTS) ? all[this.argument] : null;
			if (key == null && this.argument != ALL_ARGUMENTS) {
				return null;
			}
			PlainArguments arguments = PlainArguments.of((key != null) ? new Object[] { key } : all);
			if (arguments == null || this.manager.getCache(this.name) != this.cache) {
				return null;
			}
			try {
				return this.reader.atOnce(arguments, () -> this.cache
					.storedKey((key != null) ? key : this.keys.generate(target, invocation.getMethod(), all)));
			}
			catch (RuntimeException ex) {
				// Whatever it is, the call in full has a net for it.
				return null;
			}
		}

		/** Return what the call returns. */
		@Nullable Object result(Reading hit) {
			Object value = hit.value();
			return (this.optional && !(value instanceof Optional)) ? Optional.ofNullable(value) : value;
		}

	}

}
