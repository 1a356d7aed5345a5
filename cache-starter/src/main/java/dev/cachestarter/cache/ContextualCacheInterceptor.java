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

import java.lang.reflect.AccessibleObject;
import java.lang.reflect.Method;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;
import java.util.function.Supplier;

import org.aopalliance.intercept.MethodInvocation;
import org.jspecify.annotations.Nullable;

import org.springframework.aop.ProxyMethodInvocation;
import org.springframework.aop.framework.AopProxyUtils;
import org.springframework.aop.interceptor.ExposeInvocationInterceptor;
import org.springframework.cache.Cache;
import org.springframework.cache.CacheManager;
import org.springframework.cache.interceptor.CacheEvictOperation;
import org.springframework.cache.interceptor.CacheInterceptor;
import org.springframework.cache.interceptor.CacheOperation;
import org.springframework.cache.interceptor.CacheOperationInvocationContext;
import org.springframework.cache.interceptor.CacheOperationInvoker;
import org.springframework.cache.interceptor.CacheOperationSource;
import org.springframework.cache.interceptor.CachePutOperation;
import org.springframework.cache.interceptor.CacheResolver;
import org.springframework.cache.interceptor.CacheableOperation;
import org.springframework.cache.support.NoOpCache;
import org.springframework.cache.transaction.TransactionAwareCacheDecorator;
import org.springframework.core.KotlinDetector;
import org.springframework.core.ReactiveAdapter;
import org.springframework.core.ReactiveAdapterRegistry;
import org.springframework.util.StringUtils;

import dev.cachestarter.cache.call.BlockingCall;
import dev.cachestarter.cache.call.Call.Intercepted;
import dev.cachestarter.cache.call.Call;
import dev.cachestarter.cache.call.CallFailure;
import dev.cachestarter.cache.call.FutureCall;
import dev.cachestarter.cache.call.MethodTags;
import dev.cachestarter.cache.call.MethodTtl;
import dev.cachestarter.cache.call.MethodTtls;
import dev.cachestarter.cache.call.ReactiveCall;
import dev.cachestarter.cache.call.TaggedMethods;
import dev.cachestarter.engine.key.ArgumentKeyGenerator;
import dev.cachestarter.engine.key.CacheKeys.Tags;
import dev.cachestarter.engine.key.CacheKeys;
import dev.cachestarter.engine.key.EachKey;
import dev.cachestarter.engine.key.EntryKey;
import dev.cachestarter.engine.key.KeyPattern;
import dev.cachestarter.engine.key.UnkeyableException;

/**
 * Spring's {@link CacheInterceptor} with a {@link Call} around each call.
 * <p>
 * All of Spring's semantics stay Spring's. Added is what Spring leaves to the cache
 * without telling it enough: when the method is about to run, the keys that the call has
 * missed are leased, or another's load of the first is waited for and its result taken in
 * the place of the method's; the keys of a {@code @CachePut} are leased before the method
 * runs; leases that no put came of are given back; and what an asynchronous method
 * returns completes only when the writes of the call are acknowledged.
 * <p>
 * A reactive method runs once for each subscription, and only then are the caches asked.
 */
@SuppressWarnings("serial")
final class ContextualCacheInterceptor extends CacheInterceptor {

	private static final int MAX_DEPTH = 20;

	private static final String NULL_KEY = """
			Null key returned for cache operation [%s]. If you are using named parameters, \
			ensure that the compiler uses the '-parameters' flag.""";

	/** The key of what is not to be put or evicted: its expression has failed. */
	private static final Object NO_KEY = new Object();

	/** How results of a type are waited for, empty for those that are there at once. */
	private static final ClassValue<Optional<ReactiveAdapter>> ADAPTERS = new ClassValue<>() {

		@Override
		protected Optional<ReactiveAdapter> computeValue(Class<?> type) {
			return Optional.ofNullable(ReactiveAdapterRegistry.getSharedInstance().getAdapter(type));
		}

	};

	private final transient Supplier<CacheKeys> cacheKeys;

	private final transient MethodTtls ttls;

	private final transient TaggedMethods tags;

	private final transient ManyKeys.Methods manyKeys;

	/** {@code null} as long as Spring's part is not ready. */
	private transient volatile @Nullable HitsAtOnce hitsAtOnce;

	private final transient Call.SpringSide spring = new SpringsPart();

	/**
	 * Create an interceptor.
	 * @param cacheKeys tells what text the keys of caches that are not ours are, when a
	 * pattern is to be evicted from them
	 * @param ttls finds what methods state
	 * @param tags finds the tags that methods state
	 * @param manyKeys finds methods for many keys
	 */
	ContextualCacheInterceptor(Supplier<CacheKeys> cacheKeys, MethodTtls ttls, TaggedMethods tags,
			ManyKeys.Methods manyKeys) {
		this.tags = tags;
		this.manyKeys = manyKeys;
		this.cacheKeys = cacheKeys;
		this.ttls = ttls;
	}

	@Override
	public void afterSingletonsInstantiated() {
		super.afterSingletonsInstantiated();
		this.hitsAtOnce = new HitsAtOnce(this, this::invokeInFull, (name) -> getBean(name, CacheManager.class),
				this.manyKeys);
	}

	@Override
	public @Nullable Object invoke(MethodInvocation invocation) throws Throwable {
		HitsAtOnce atOnce = this.hitsAtOnce;
		// Spring's own log at level TRACE tells of each step of each call.
		return (atOnce != null && !logger.isTraceEnabled()) ? atOnce.invoke(invocation) : invokeInFull(invocation);
	}

	private @Nullable Object invokeInFull(MethodInvocation invocation) throws Throwable {
		if (!this.manyKeys.isEmpty() && invocation instanceof ProxyMethodInvocation proxied) {
			Object target = java.util.Objects.requireNonNull(invocation.getThis());
			Class<?> targetClass = AopProxyUtils.ultimateTargetClass(target);
			ManyKeys many = this.manyKeys.of(invocation.getMethod(), targetClass);
			if (many != null && isCallable(invocation.getMethod())) {
				return call(many, proxied, target, targetClass);
			}
		}
		return super.invoke(
				(invocation instanceof ProxyMethodInvocation proxied) ? new LaterInvocation(proxied) : invocation);
	}

	@Override
	protected @Nullable Object execute(CacheOperationInvoker invoker, Object target, Method method,
			@Nullable Object[] args) {
		Class<?> targetClass = AopProxyUtils.ultimateTargetClass(target);
		CacheOperationSource source = getCacheOperationSource();
		Collection<CacheOperation> operations = (source != null) ? source.getCacheOperations(method, targetClass)
				: null;
		if (operations == null || operations.isEmpty() || !isCallable(method)) {
			return super.execute(invoker, target, method, args);
		}
		return call(new Intercepted(this.spring, invoker, operations, target, targetClass, method, args));
	}

	private static boolean isCallable(Method method) {
		return !KotlinDetector.isSuspendingFunction(method) || SuspendFunctions.areSupported();
	}

	/** Make a call in the way that its method returns. */
	private static @Nullable Object call(Intercepted intercepted) {
		Method method = intercepted.method();
		if (KotlinDetector.isSuspendingFunction(method)) {
			return ReactiveCall.deferred(intercepted, SuspendFunctions.adapter(method));
		}
		Class<?> returns = method.getReturnType();
		if (CompletableFuture.class.isAssignableFrom(returns)) {
			return new FutureCall(intercepted, null).start();
		}
		ReactiveAdapter adapter = ADAPTERS.get(returns).orElse(null);
		return (adapter != null) ? ReactiveCall.deferred(intercepted, adapter)
				: new BlockingCall(intercepted, null).start();
	}

	/** Call a method for many keys. */
	private @Nullable Object call(ManyKeys many, ProxyMethodInvocation invocation, Object target,
			Class<?> targetClass) {
		Method method = invocation.getMethod();
		@Nullable Object[] args = invocation.getArguments();
		CacheOperation operation = many.operation();
		CacheOperationMetadata metadata = getCacheOperationMetadata(operation, method, targetClass);
		Operation whole = new Operation(metadata, args, target);
		ManyKeysCall made = new ManyKeysCall(many, new ManyKeysCall.Operation() {

			@Override
			public Collection<? extends Cache> caches() {
				return whole.caches();
			}

			@Override
			public boolean passes() {
				return whole.isConditionPassing(null);
			}

			@Override
			public boolean stores(@Nullable Object value) {
				return whole.canPutToCache(value);
			}

			@Override
			public Object key(@Nullable Object[] arguments) {
				Object key = new Operation(metadata, arguments, target).generateKey(null);
				if (key == null) {
					throw new IllegalArgumentException(NULL_KEY.formatted(operation));
				}
				return key;
			}

			@Override
			public @Nullable MethodTtl ttl(Call call) {
				return ContextualCacheInterceptor.this.spring.ttl(call);
			}

			@Override
			public @Nullable MethodTags tags(Call call) {
				return ContextualCacheInterceptor.this.spring.tags(call);
			}

		}, (arguments) -> ExposeInvocationInterceptor.INSTANCE.invoke(invocation.invocableClone(arguments)), args);
		return call(new Intercepted(made, () -> null, List.of(operation), target, targetClass, method, args));
	}

	/** Spring's part of each call. */
	private final class SpringsPart implements Call.SpringSide {

		@Override
		public @Nullable Object proceed(Call call) {
			Intercepted intercepted = call.intercepted();
			return ContextualCacheInterceptor.super.execute(call::decideAndLoad, intercepted.target(),
					intercepted.method(), intercepted.args());
		}

		/**
		 * {@inheritDoc}
		 * <p>
		 * An expression may well fail on what the method has yet to fill in; then Spring
		 * evaluates it after the method, as it would anyway.
		 */
		@Override
		public void seize(Call call, CachePutOperation operation, List<CompletableFuture<?>> seized) {
			if (call.tags().areStated()) {
				captureMoment(call, operation, seized);
			}
			if (mentionsResult(operation.getKey()) || mentionsResult(operation.getCondition())) {
				// The put will lease the key itself, after the method.
				return;
			}
			forEach(call, operation, (cache, key) -> seized.add(cache.seize(key, call)));
		}

		/** What is put under a key that the result tells, is tagged since before it. */
		private void captureMoment(Call call, CachePutOperation operation, List<CompletableFuture<?>> captured) {
			Intercepted intercepted = call.intercepted();
			try {
				Operation put = new Operation(
						getCacheOperationMetadata(operation, intercepted.method(), intercepted.targetClass()),
						intercepted.args(), intercepted.target());
				for (Cache cache : put.caches()) {
					if (cache instanceof ResilientRedisCache ours) {
						captured.add(ours.captureMoment(call));
					}
				}
			}
			catch (RuntimeException ex) {
				logger.trace("The cache is not known before the method: " + operation, ex);
			}
		}

		@Override
		public void checkKey(Call call, CacheEvictOperation operation) {
			if (!operation.isBeforeInvocation() && !operation.isCacheWide() && !mentionsResult(operation.getKey())
					&& !mentionsResult(operation.getCondition())) {
				forEach(call, operation, (cache, key) -> {
				});
			}
		}

		/**
		 * {@inheritDoc}
		 * <p>
		 * Spring asks the first alone, but puts into all of them, and what is put after a
		 * load needs a lease from before it.
		 */
		@Override
		public void missOthers(Call call, CacheableOperation operation, List<CompletableFuture<?>> missed) {
			if (operation.isSync()
					|| (operation.getCacheNames().size() == 1 && call.intercepted().operations().size() == 1)) {
				return;
			}
			forEach(call, operation, (cache, key) -> missed.add(cache.miss(key, call)));
		}

		@Override
		public @Nullable MethodTtl ttl(Call call) {
			return ContextualCacheInterceptor.this.ttls.of(call.intercepted().method(),
					call.intercepted().targetClass());
		}

		@Override
		public @Nullable MethodTags tags(Call call) {
			return ContextualCacheInterceptor.this.tags.of(call.intercepted().method(),
					call.intercepted().targetClass());
		}

		/**
		 * Do something with each key that is known before the method. An expression may
		 * well fail on what the method has yet to fill in. What it gives, or what the
		 * method was given, and no key can be made of, the method will not mend.
		 */
		private void forEach(Call call, CacheOperation operation, BiConsumer<ResilientRedisCache, Object> action) {
			try {
				OperationKeys keys = new OperationKeys(operation, call.intercepted());
				for (Cache cache : keys.caches()) {
					if (cache instanceof ResilientRedisCache ours) {
						action.accept(ours, keys.key());
					}
				}
			}
			catch (RuntimeException ex) {
				IllegalArgumentException unkeyable = unkeyable(ex);
				if (unkeyable != null) {
					throw unkeyable;
				}
				logger.trace("The key is not known before the method: " + operation, ex);
			}
		}

	}

	/** Return what says that a key cannot be made of something, if this does. */
	private static @Nullable IllegalArgumentException unkeyable(Throwable ex) {
		IllegalArgumentException outermost = null;
		Throwable cause = ex;
		for (int depth = 0; cause != null && depth < MAX_DEPTH; depth++) {
			if (outermost == null && cause instanceof IllegalArgumentException illegal) {
				outermost = illegal;
			}
			if (cause instanceof UnkeyableException) {
				return outermost;
			}
			cause = cause.getCause();
		}
		return null;
	}

	private static boolean mentionsResult(@Nullable String expression) {
		return StringUtils.hasText(expression) && expression.contains("#result");
	}

	@Override
	protected CacheOperationContext getOperationContext(CacheOperation operation, Method method,
			@Nullable Object[] args, Object target, Class<?> targetClass) {
		Operation context = new ObservedOperation(getCacheOperationMetadata(operation, method, targetClass), args,
				target);
		if (KotlinDetector.isSuspendingFunction(method) && SuspendFunctions.areSupported()) {
			context.actAs(SuspendFunctions.asPublisher(method));
		}
		return context;
	}

	@Override
	protected Collection<? extends Cache> getCaches(CacheOperationInvocationContext<CacheOperation> context,
			CacheResolver cacheResolver) {
		Collection<? extends Cache> caches = Call.outside(() -> super.getCaches(context, cacheResolver));
		Call call = Call.current();
		for (Cache cache : caches) {
			Cache ours = ours(cache);
			if (call != null && ours instanceof ResilientRedisCache met) {
				met.meet(call);
			}
			if (ours != cache) {
				return caches.stream().map(ContextualCacheInterceptor::ours).toList();
			}
			if (call != null && !(ours instanceof ResilientRedisCache) && !(ours instanceof TagCache)) {
				call.hasOtherCaches();
			}
		}
		return caches;
	}

	/**
	 * Take a cache of ours out of a decorator that would put what was loaded, without its
	 * lease, when the transaction has committed: our caches know of transactions.
	 */
	private static Cache ours(Cache cache) {
		return (cache instanceof TransactionAwareCacheDecorator decorator
				&& decorator.getTargetCache() instanceof ResilientRedisCache ours) ? ours : cache;
	}

	@Override
	protected <T> CompletableFuture<T> doRetrieve(Cache cache, Object key, Supplier<CompletableFuture<T>> loader) {
		// Our caches fail for no reason of their own.
		return CallFailure.carry(loader, (ex) -> cache instanceof ResilientRedisCache,
				(carried) -> super.doRetrieve(cache, key, carried));
	}

	@Override
	protected void doPut(Cache cache, Object key, @Nullable Object value) {
		afterTheMethod(key, () -> super.doPut(cache, key, value));
	}

	@Override
	protected void doEvict(Cache cache, Object key, boolean immediate) {
		if (immediate) {
			evict(cache, key, true);
		}
		else {
			afterTheMethod(key, () -> evict(cache, key, false));
		}
	}

	private void evict(Cache cache, Object key, boolean immediate) {
		if (key instanceof EachKey each && !(cache instanceof ResilientRedisCache)) {
			evictEach(cache, each, immediate);
		}
		else if (key instanceof Tags && !(cache instanceof TagCache) && !(cache instanceof NoOpCache)) {
			throw new IllegalStateException(
					"@CacheEvictTag needs the cache manager of cache-starter, and cache '%s' is of another. State its 'cacheManager'"
						.formatted(cache.getName()));
		}
		else if (key instanceof KeyPattern pattern && !(cache instanceof ResilientRedisCache)) {
			ForeignEviction eviction = ForeignEviction.of(cache, pattern, this.cacheKeys, getErrorHandler());
			if (immediate) {
				eviction.evictNow();
			}
			else {
				eviction.evict();
			}
		}
		else {
			super.doEvict(cache, key, immediate);
		}
	}

	/** Caches of other kinds know each key by itself. */
	private void evictEach(Cache cache, EachKey each, boolean immediate) {
		each.keys().forEach((key) -> super.doEvict(cache, key, immediate));
	}

	@Override
	protected void doClear(Cache cache, boolean immediate) {
		if (immediate) {
			super.doClear(cache, true);
		}
		else {
			afterTheMethod("", () -> super.doClear(cache, false));
		}
	}

	/**
	 * Do what follows from the result. What the application's error handler, or a cache
	 * of another kind, throws must not be thrown where nobody waits for it.
	 */
	private static void afterTheMethod(Object key, Runnable action) {
		if (key == NO_KEY) {
			return;
		}
		try {
			action.run();
		}
		catch (RuntimeException | Error ex) {
			Call call = Call.current();
			if (call == null || !call.goesOnAfterFailedExpression()) {
				throw ex;
			}
			call.expressionFailed(ex);
		}
	}

	/**
	 * Spring's own evaluation of an operation. Expressions and key generators are the
	 * user's code: what they do with caches is no part of the call.
	 */
	private class Operation extends CacheOperationContext {

		private @Nullable Method standIn;

		private @Nullable Object named;

		Operation(CacheOperationMetadata metadata, @Nullable Object[] args, Object target) {
			super(metadata, args, target);
		}

		Collection<? extends Cache> caches() {
			return getCaches();
		}

		/**
		 * Have Spring treat the method by the type that another returns. Caches of other
		 * kinds need not know how to answer later.
		 */
		void actAs(Method method) {
			if (getCaches().stream().allMatch(ResilientRedisCache.class::isInstance)) {
				this.standIn = method;
			}
		}

		@Override
		public Method getMethod() {
			Method method = this.standIn;
			return (method != null) ? method : super.getMethod();
		}

		@Override
		protected boolean isConditionPassing(@Nullable Object result) {
			return Call.outside(() -> super.isConditionPassing(result));
		}

		@Override
		protected boolean canPutToCache(@Nullable Object value) {
			return Call.outside(() -> super.canPutToCache(value));
		}

		/**
		 * {@inheritDoc}
		 * <p>
		 * Our caches get the key as they know it: what it is made of may change while the
		 * method runs, and what cannot be a key fails here, where it can be said which
		 * argument that is.
		 */
		@Override
		protected @Nullable Object generateKey(@Nullable Object result) {
			try {
				this.named = Call.outside(() -> named(super.generateKey(result)));
				return this.named;
			}
			catch (UnkeyableException ex) {
				throw ex.about(subject(ex.index()));
			}
		}

		@Override
		protected @Nullable Object getGeneratedKey() {
			return this.named;
		}

		private @Nullable Object named(@Nullable Object key) {
			if (key == null || key instanceof KeyPattern || key instanceof EachKey || key instanceof Tags) {
				return key;
			}
			boolean alike = true;
			EntryKey rendered = null;
			for (Cache cache : getCaches()) {
				EntryKey here = (cache instanceof ResilientRedisCache ours) ? rendered(ours, key) : null;
				alike &= here != null && (rendered == null || rendered.equals(here));
				rendered = here;
			}
			// Another cache knows the key by what Spring made of it.
			return (alike && rendered != null) ? rendered : key;
		}

		private EntryKey rendered(ResilientRedisCache cache, Object key) {
			return (key instanceof String text && JoinedKey.isSegments(getOperation().getKey(), text))
					? cache.joinedKey(text) : cache.entryKey(key);
		}

		private String subject(int index) {
			String what = (index >= 0) ? "Value " + index + " of the key" : "The key";
			if (StringUtils.hasText(getOperation().getKey())) {
				return what + " '" + getOperation().getKey() + "' of " + ArgumentKeyGenerator.describe(getMethod());
			}
			return StringUtils.hasText(getOperation().getKeyGenerator())
					? what + " by the generator '" + getOperation().getKeyGenerator() + "' of "
							+ ArgumentKeyGenerator.describe(getMethod())
					: ArgumentKeyGenerator.describe(getMethod(), Math.max(0, index));
		}

	}

	/**
	 * An operation as Spring evaluates it, with an eye on what its expressions throw: it
	 * must reach the caller, whatever the method returns.
	 */
	private final class ObservedOperation extends Operation {

		private final @Nullable Call call = Call.current();

		ObservedOperation(CacheOperationMetadata metadata, @Nullable Object[] args, Object target) {
			super(metadata, args, target);
		}

		@Override
		protected boolean isConditionPassing(@Nullable Object result) {
			Supplier<Boolean> condition = () -> super.isConditionPassing(result);
			return isLateEviction() ? late(condition, false) : early(condition);
		}

		@Override
		protected boolean canPutToCache(@Nullable Object value) {
			return late(() -> super.canPutToCache(value), false);
		}

		@Override
		protected Object generateKey(@Nullable Object result) {
			Supplier<Object> key = () -> {
				Object generated = super.generateKey(result);
				if (generated == null) {
					throw new IllegalArgumentException(NULL_KEY.formatted(getOperation()));
				}
				return generated;
			};
			return (isLateEviction() || getOperation() instanceof CachePutOperation) ? late(key, NO_KEY) : early(key);
		}

		private boolean isLateEviction() {
			return getOperation() instanceof CacheEvictOperation eviction && !eviction.isBeforeInvocation();
		}

		private <T> T early(Supplier<T> evaluation) {
			try {
				return evaluation.get();
			}
			catch (RuntimeException | Error ex) {
				throw sneakily((this.call != null && !isMerelyUnavailable(ex)) ? this.call.expressionFailed(ex) : ex);
			}
		}

		/**
		 * Evaluate what follows from the result.
		 * @param nothing what nothing follows from
		 */
		private <T> T late(Supplier<T> evaluation, T nothing) {
			try {
				return evaluation.get();
			}
			catch (RuntimeException | Error ex) {
				if (this.call == null) {
					throw ex;
				}
				Throwable failure = this.call.expressionFailed(ex);
				if (this.call.goesOnAfterFailedExpression()) {
					return nothing;
				}
				throw sneakily(failure);
			}
		}

		/** Spring asks before there is a result, and takes this for a maybe. */
		private static boolean isMerelyUnavailable(Throwable ex) {
			return ex.getClass().getSimpleName().equals("VariableNotAvailableException");
		}

		@SuppressWarnings("unchecked")
		private static <X extends Throwable> RuntimeException sneakily(Throwable ex) throws X {
			throw (X) ex;
		}

	}

	/** The keys of an operation, before its method has run. */
	private final class OperationKeys extends Operation {

		private final boolean applies;

		private final @Nullable Object evaluated;

		OperationKeys(CacheOperation operation, Intercepted call) {
			super(getCacheOperationMetadata(operation, call.method(), call.targetClass()), call.args(), call.target());
			this.applies = isConditionPassing(null);
			this.evaluated = this.applies ? generateKey(null) : null;
		}

		Collection<? extends Cache> caches() {
			return (this.applies && this.evaluated != null) ? getCaches() : List.of();
		}

		Object key() {
			return java.util.Objects.requireNonNull(this.evaluated);
		}

	}

	/**
	 * An invocation that can go on at any later time, on another thread, and more than
	 * once, each time through all the interceptors that follow.
	 */
	private record LaterInvocation(ProxyMethodInvocation invocation) implements MethodInvocation {

		@Override
		public @Nullable Object proceed() throws Throwable {
			// Advice in AspectJ's style finds its invocation on the thread.
			return ExposeInvocationInterceptor.INSTANCE.invoke(this.invocation.invocableClone());
		}

		@Override
		public Method getMethod() {
			return this.invocation.getMethod();
		}

		@Override
		public @Nullable Object[] getArguments() {
			return this.invocation.getArguments();
		}

		@Override
		public @Nullable Object getThis() {
			return this.invocation.getThis();
		}

		@Override
		public AccessibleObject getStaticPart() {
			return this.invocation.getStaticPart();
		}

	}

}
