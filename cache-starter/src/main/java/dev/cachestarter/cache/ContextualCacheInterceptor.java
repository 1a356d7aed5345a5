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
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.Supplier;

import org.aopalliance.intercept.MethodInvocation;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.Exceptions;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Operators;
import reactor.util.context.Context;
import reactor.util.context.ContextView;

import org.springframework.aop.ProxyMethodInvocation;
import org.springframework.aop.framework.AopProxyUtils;
import org.springframework.aop.interceptor.ExposeInvocationInterceptor;
import org.springframework.cache.Cache;
import org.springframework.cache.interceptor.CacheInterceptor;
import org.springframework.cache.interceptor.CacheOperation;
import org.springframework.cache.interceptor.CacheOperationInvocationContext;
import org.springframework.cache.interceptor.CacheOperationInvoker;
import org.springframework.cache.interceptor.CacheOperationSource;
import org.springframework.cache.interceptor.CachePutOperation;
import org.springframework.cache.interceptor.CacheResolver;
import org.springframework.cache.transaction.TransactionAwareCacheDecorator;
import org.springframework.cache.interceptor.CacheableOperation;
import org.springframework.core.KotlinDetector;
import org.springframework.core.ReactiveAdapter;
import org.springframework.core.ReactiveAdapterRegistry;
import org.springframework.transaction.support.TransactionSynchronizationManager;
import org.springframework.util.ObjectUtils;
import org.springframework.util.StringUtils;

import dev.cachestarter.cache.ResilientRedisCache.StandIn;
import dev.cachestarter.engine.key.CacheKeys;
import dev.cachestarter.engine.key.KeyPattern;
import dev.cachestarter.engine.load.Loads.Leading;
import dev.cachestarter.engine.load.Loads.Turn;
import dev.cachestarter.engine.load.Loads;
import dev.cachestarter.engine.redis.RedisLink;

/**
 * Spring's {@link CacheInterceptor} with a {@link CallContext} around each call.
 * <p>
 * All of Spring's semantics stay Spring's. Added is what Spring leaves to the cache
 * without telling it enough: when the method is about to run, the keys that the call has
 * missed are leased, or another's load of the first is waited for and its result taken in
 * the place of the method's; the keys of a {@code @CachePut} are leased before the method
 * runs; leases that no put came of are given back; and what an asynchronous method
 * returns completes only when the writes of the call are acknowledged.
 * <p>
 * A reactive method is run anew for each subscription, and only then are the caches
 * asked.
 */
@SuppressWarnings("serial")
final class ContextualCacheInterceptor extends CacheInterceptor {

	/** How results of a type are waited for, empty for those that are there at once. */
	private static final ClassValue<Optional<ReactiveAdapter>> ADAPTERS = new ClassValue<>() {

		@Override
		protected Optional<ReactiveAdapter> computeValue(Class<?> type) {
			return Optional.ofNullable(ReactiveAdapterRegistry.getSharedInstance().getAdapter(type));
		}

	};

	private final transient Supplier<CacheKeys> cacheKeys;

	/**
	 * Create an interceptor.
	 * @param cacheKeys tells what text the keys of caches that are not ours are, when a
	 * pattern is to be evicted from them
	 */
	ContextualCacheInterceptor(Supplier<CacheKeys> cacheKeys) {
		this.cacheKeys = cacheKeys;
	}

	@Override
	public @Nullable Object invoke(MethodInvocation invocation) throws Throwable {
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
		if (operations == null || operations.isEmpty() || KotlinDetector.isSuspendingFunction(method)) {
			return super.execute(invoker, target, method, args);
		}
		Class<?> returns = method.getReturnType();
		if (CompletableFuture.class.isAssignableFrom(returns)) {
			Call call = new Call(this, operations, target, targetClass, method, args, null);
			return executeFuture(invoker, call, newContext(invoker, call));
		}
		ReactiveAdapter adapter = ADAPTERS.get(returns).orElse(null);
		if (adapter != null) {
			Call template = new Call(this, operations, target, targetClass, method, args, adapter);
			return adapter.fromPublisher(adapter.isMultiValue()
					? Flux.deferContextual((subscriber) -> Flux.from(subscribe(invoker, template.again(subscriber))))
					: Mono.deferContextual(
							(subscriber) -> Mono.fromDirect(subscribe(invoker, template.again(subscriber)))));
		}
		Call call = new Call(this, operations, target, targetClass, method, args, null);
		return executeBlocking(invoker, call, newContext(invoker, call));
	}

	private @Nullable Object executeBlocking(CacheOperationInvoker invoker, Call call, CallContext context) {
		try {
			return within(call, context, invoker);
		}
		finally {
			context.close();
		}
	}

	private CallContext newContext(CacheOperationInvoker invoker, Call call) {
		CallContext context = new CallContext(call.isAsynchronous());
		if (call.isMereLoad()) {
			context.repeatBy(new CallContext.Again() {

				@Override
				public CompletableFuture<?> call(CallContext reloading) {
					return callAgain(invoker, call.again(withoutTransactionAndRequest(call.subscriber)), reloading);
				}

				@Override
				public boolean isAsynchronous() {
					return call.isAsynchronous();
				}

			});
		}
		return context;
	}

	/** A call in the background is in no transaction and no request of its caller's. */
	private static ContextView withoutTransactionAndRequest(ContextView subscriber) {
		Context kept = Context.of(subscriber);
		for (Object key : subscriber.stream().map(Map.Entry::getKey).toList()) {
			String name = (key instanceof Class<?> type) ? type.getName() : String.valueOf(key);
			if (name.startsWith("org.springframework.transaction.") || name.startsWith("org.springframework.web.")) {
				kept = kept.delete(key);
			}
		}
		return kept;
	}

	/** Make a call once more, on whatever thread this is, without the caller. */
	private CompletableFuture<?> callAgain(CacheOperationInvoker invoker, Call call, CallContext context) {
		if (call.adapter != null) {
			CompletableFuture<@Nullable Void> done = new CompletableFuture<>();
			Flux.from(subscribe(invoker, call, context)).contextWrite(call.subscriber).subscribe((item) -> {
			}, done::completeExceptionally, () -> done.complete(null));
			return done;
		}
		if (call.isAsynchronous()) {
			return (executeFuture(invoker, call, context) instanceof CompletableFuture<?> future) ? future
					: CompletableFuture.completedFuture(null);
		}
		return CompletableFuture.completedFuture(executeBlocking(invoker, call, context));
	}

	private @Nullable Object within(Call call, CallContext context, CacheOperationInvoker invoker) {
		call.context = context;
		CallContext outer = CallContext.bind(context);
		try {
			return super.execute(() -> invoke(call, invoker), call.target, call.method, call.args);
		}
		finally {
			CallContext.bind(outer);
		}
	}

	private @Nullable Object executeFuture(CacheOperationInvoker invoker, Call call, CallContext context) {
		Object result;
		try {
			result = within(call, context, invoker);
		}
		catch (RuntimeException | Error ex) {
			context.close();
			throw ex;
		}
		if (!(result instanceof CompletableFuture<?> future)) {
			context.close();
			return result;
		}
		CompletableFuture<@Nullable Object> settled = new CompletableFuture<>();
		future.whenComplete((value, ex) -> afterWrites(context, () -> {
			context.close();
			if (ex != null) {
				settled.completeExceptionally(original(ex));
			}
			else {
				settled.complete(value);
			}
		}));
		return settled;
	}

	/**
	 * Go on where the call is, or, if there is something to wait for, off the event loop.
	 */
	private static void afterWrites(CallContext context, Runnable next) {
		CompletableFuture<Void> writes = context.settled();
		if (writes.isDone()) {
			CallContext.run(null, next);
		}
		else {
			writes.whenCompleteAsync((done, ex) -> next.run(), context.executor());
		}
	}

	private Publisher<?> subscribe(CacheOperationInvoker invoker, Call call) {
		return subscribe(invoker, call, newContext(invoker, call));
	}

	private Publisher<?> subscribe(CacheOperationInvoker invoker, Call call, CallContext context) {
		Object result;
		Runnable leave = Loads.enter(call.subscriber.getOrDefault(Leading.KEY, null));
		try {
			result = within(call, context, invoker);
		}
		catch (RuntimeException | Error ex) {
			context.close();
			throw ex;
		}
		finally {
			leave.run();
		}
		ReactiveAdapter adapter = java.util.Objects.requireNonNull(call.adapter);
		Publisher<Object> bound = new Boundary(
				(result instanceof Publisher<?> publisher) ? publisher : adapter.toPublisher(result), context, null);
		Mono<Object> writes = Mono.defer(() -> {
			CompletableFuture<Void> pending = context.settled();
			return pending.isDone() ? Mono.empty()
					: Mono.fromFuture(pending.thenApplyAsync((done) -> done, context.executor()));
		});
		if (adapter.isMultiValue()) {
			return Flux.from(bound)
				.concatWith(writes)
				.onErrorResume((ex) -> writes.then(Mono.error(ex)))
				.doFinally((signal) -> context.close());
		}
		return Mono.fromDirect(bound)
			.flatMap((value) -> writes.thenReturn(value))
			.switchIfEmpty(writes)
			.onErrorResume((ex) -> writes.then(Mono.error(ex)))
			.doFinally((signal) -> context.close());
	}

	/** The wrapped invocation. */
	private @Nullable Object invoke(Call call, CacheOperationInvoker invoker) {
		CallContext context = java.util.Objects.requireNonNull(call.context);
		context.checkConfirmed();
		if (call.adapter != null) {
			return invokeReactive(call, invoker, call.adapter, context);
		}
		if (CompletableFuture.class.isAssignableFrom(call.method.getReturnType())) {
			return invokeFuture(call, invoker, context);
		}
		Turn turn = await(call.turn(context), context);
		if (turn instanceof Turn.GaveUp) {
			StandIn standIn = awaitStandIn(context, null);
			if (standIn != null) {
				return call.wrap(standIn.value());
			}
			turn = await(context.turnAfterWaiting(), context);
		}
		if (turn instanceof Turn.Failed failed) {
			StandIn standIn = awaitStandIn(context, failed.failure());
			if (standIn != null) {
				return call.wrap(standIn.value());
			}
			throw new CacheOperationInvoker.ThrowableWrapper(failed.failure());
		}
		StandIn brought = call.valueOf(turn);
		if (brought != null) {
			return call.wrap(brought.value());
		}
		Runnable leave = Loads.enter(context.loadsFor());
		try {
			Object result = CallContext.<@Nullable Object>call(null, invoker::invoke);
			context.loaded(ObjectUtils.unwrapOptional(result));
			return result;
		}
		catch (CacheOperationInvoker.ThrowableWrapper ex) {
			context.failed(ex.getOriginal());
			StandIn standIn = awaitStandIn(context, ex.getOriginal());
			if (standIn != null) {
				return call.wrap(standIn.value());
			}
			throw ex;
		}
		finally {
			leave.run();
		}
	}

	private static @Nullable StandIn awaitStandIn(CallContext context, @Nullable Throwable failure) {
		try {
			return context.standIn(failure).get();
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			return null;
		}
		catch (ExecutionException ex) {
			return null;
		}
	}

	/** Wait for a turn, which comes when it comes: all that it waits for is bounded. */
	private static @Nullable Turn await(CompletableFuture<@Nullable Turn> turn, CallContext context) {
		try {
			return turn.get();
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
		catch (ExecutionException ex) {
			// Never told by Redis, but whatever it is, the method will do.
		}
		// The load begins without a lease, so none that comes later may be filled under.
		context.close();
		return null;
	}

	/**
	 * Find out whose turn it is, on this thread if it is in a transaction: the method
	 * must be, too.
	 */
	private static CompletableFuture<@Nullable Turn> turnOf(Call call, CallContext context) {
		CompletableFuture<@Nullable Turn> turn = call.turn(context);
		return (!turn.isDone() && TransactionSynchronizationManager.isActualTransactionActive())
				? CompletableFuture.completedFuture(await(turn, context)) : turn;
	}

	private CompletableFuture<?> invokeFuture(Call call, CacheOperationInvoker invoker, CallContext context) {
		CompletableFuture<@Nullable Object> result = new CompletableFuture<>();
		CompletableFuture<@Nullable Turn> turn = turnOf(call, context);
		if (turn.isDone()) {
			lead(call, invoker, context, turn.join(), result);
		}
		else {
			turn.whenCompleteAsync((decided, ex) -> leadOrFail(call, invoker, context, decided, result),
					context.executor());
		}
		return result;
	}

	private void lead(Call call, CacheOperationInvoker invoker, CallContext context, @Nullable Turn turn,
			CompletableFuture<@Nullable Object> result) {
		if (turn instanceof Turn.Failed failed) {
			completeOrStandIn(context, result, failed.failure(), failed.failure());
			return;
		}
		if (turn instanceof Turn.GaveUp) {
			context.standIn(null)
				.thenCompose((standIn) -> (standIn != null)
						? CompletableFuture.<@Nullable Turn>completedFuture(new Turn.Shared(standIn.value()))
						: onceMore(context))
				.whenCompleteAsync((next, ex) -> leadOrFail(call, invoker, context, next, result), context.executor());
			return;
		}
		StandIn brought = call.valueOf(turn);
		if (brought != null) {
			complete(context, result, brought.value(), null);
			return;
		}
		load(call, invoker, context, result);
	}

	/** Find out whose turn it is after waiting in vain; to wait again is not one. */
	private static CompletableFuture<@Nullable Turn> onceMore(CallContext context) {
		return context.turnAfterWaiting().thenApply((turn) -> (turn instanceof Turn.GaveUp) ? null : turn);
	}

	private void leadOrFail(Call call, CacheOperationInvoker invoker, CallContext context, @Nullable Turn turn,
			CompletableFuture<@Nullable Object> result) {
		try {
			lead(call, invoker, context, turn, result);
		}
		catch (RuntimeException failure) {
			complete(context, result, null, original(failure));
		}
	}

	private void load(Call call, CacheOperationInvoker invoker, CallContext context,
			CompletableFuture<@Nullable Object> result) {
		CompletableFuture<?> loading;
		Runnable leave = Loads.enter(context.loadsFor());
		try {
			loading = (CompletableFuture<?>) CallContext.<@Nullable Object>call(null, invoker::invoke);
		}
		catch (CacheOperationInvoker.ThrowableWrapper ex) {
			context.failed(ex.getOriginal());
			completeOrStandIn(context, result, ex.getOriginal(), ex.getOriginal());
			return;
		}
		finally {
			leave.run();
		}
		if (loading == null) {
			throw new IllegalStateException("Returned CompletableFuture must not be null: " + call.method);
		}
		loading.whenComplete((value, ex) -> {
			if (ex != null) {
				context.failed(RedisLink.unwrap(ex));
				completeOrStandIn(context, result, ex, RedisLink.unwrap(ex));
			}
			else {
				context.loaded(value);
				complete(context, result, value, null);
			}
		});
	}

	private static void completeOrStandIn(CallContext context, CompletableFuture<@Nullable Object> result, Throwable ex,
			Throwable failure) {
		CompletableFuture<@Nullable StandIn> standIn = context.standIn(failure);
		if (standIn.isDone() && !standIn.isCompletedExceptionally() && standIn.join() == null) {
			complete(context, result, null, ex);
			return;
		}
		standIn.whenCompleteAsync((found, ignored) -> {
			if (found != null) {
				complete(context, result, found.value(), null);
			}
			else {
				complete(context, result, null, ex);
			}
		}, context.executor());
	}

	/** What the method threw, out of what Spring and futures have wrapped it into. */
	private static Throwable original(Throwable ex) {
		Throwable cause = RedisLink.unwrap(ex);
		return (cause instanceof CacheOperationInvoker.ThrowableWrapper wrapper) ? wrapper.getOriginal() : cause;
	}

	private static void complete(CallContext context, CompletableFuture<@Nullable Object> result,
			@Nullable Object value, @Nullable Throwable ex) {
		// Spring evicts and puts in what follows: it must find the context.
		CallContext.run(context, () -> {
			if (ex != null) {
				result.completeExceptionally(ex);
			}
			else {
				result.complete(value);
			}
		});
	}

	private Object invokeReactive(Call call, CacheOperationInvoker invoker, ReactiveAdapter adapter,
			CallContext context) {
		Mono<Optional<Turn>> turn = Mono.defer(() -> {
			CompletableFuture<@Nullable Turn> decided = turnOf(call, context);
			return decided.isDone() ? Mono.just(Optional.ofNullable(decided.join()))
					: Mono.fromFuture(decided.thenApplyAsync(Optional::ofNullable, context.executor()));
		});
		Publisher<Object> loaded = adapter.isMultiValue()
				? turn.flatMapMany((decided) -> many(call, invoker, adapter, context, decided.orElse(null)))
				: turn.flatMap((decided) -> one(call, invoker, adapter, context, decided.orElse(null)));
		Boundary bound = new Boundary(loaded, null, context);
		// Spring takes it for one of Reactor's own, whatever the method returns.
		Publisher<Object> result = adapter.isMultiValue() ? Flux.from(bound) : Mono.fromDirect(bound);
		return call.isSynchronized() ? adapter.fromPublisher(result) : result;
	}

	private Mono<Object> one(Call call, CacheOperationInvoker invoker, ReactiveAdapter adapter, CallContext context,
			@Nullable Turn turn) {
		if (turn instanceof Turn.Failed failed) {
			return oneOrStandIn(context, failed.failure(), Mono.error(failed.failure()));
		}
		if (turn instanceof Turn.GaveUp) {
			return oneOrStandIn(context, null, Mono.defer(() -> Mono.fromFuture(later(context))
				.flatMap((next) -> one(call, invoker, adapter, context, next.orElse(null)))));
		}
		StandIn brought = call.valueOf(turn);
		if (brought != null) {
			return Mono.justOrEmpty(brought.value());
		}
		Leading leading = call.loadsFor(context);
		// Not by from(..), which cancels what is no Mono when it has its item.
		return Mono.fromDirect(publisher(invoker, adapter, leading))
			.doOnSuccess(context::loaded)
			.doOnError(context::failed)
			.onErrorResume((ex) -> oneOrStandIn(context, ex, Mono.error(ex)))
			.contextWrite(call.seenByMethod(leading));
	}

	private static Mono<Object> oneOrStandIn(CallContext context, @Nullable Throwable failure, Mono<Object> otherwise) {
		return standIn(context, failure)
			.flatMap((found) -> found.isPresent() ? Mono.justOrEmpty(found.get().value()) : otherwise);
	}

	private static Flux<Object> manyOrStandIn(CallContext context, @Nullable Throwable failure,
			Flux<Object> otherwise) {
		return standIn(context, failure)
			.flatMapMany((found) -> found.isPresent() ? items(found.get().value()) : otherwise);
	}

	private static Mono<Optional<StandIn>> standIn(CallContext context, @Nullable Throwable failure) {
		return Mono.defer(() -> {
			CompletableFuture<@Nullable StandIn> found = context.standIn(failure);
			return found.isDone() ? Mono.just(Optional.ofNullable(found.join()))
					: Mono.fromFuture(found.thenApplyAsync(Optional::ofNullable, context.executor()));
		});
	}

	private static CompletableFuture<Optional<Turn>> later(CallContext context) {
		return onceMore(context).thenApplyAsync(Optional::ofNullable, context.executor());
	}

	private static Flux<Object> items(@Nullable Object value) {
		return (value instanceof Iterable<?> items) ? Flux.fromIterable(items) : Flux.empty();
	}

	private Flux<Object> many(Call call, CacheOperationInvoker invoker, ReactiveAdapter adapter, CallContext context,
			@Nullable Turn turn) {
		if (turn instanceof Turn.Failed failed) {
			return manyOrStandIn(context, failed.failure(), Flux.error(failed.failure()));
		}
		if (turn instanceof Turn.GaveUp) {
			return manyOrStandIn(context, null, Flux.defer(() -> Mono.fromFuture(later(context))
				.flatMapMany((next) -> many(call, invoker, adapter, context, next.orElse(null)))));
		}
		StandIn brought = call.valueOf(turn);
		if (brought != null) {
			return items(brought.value());
		}
		List<Object> items = new ArrayList<>();
		Leading leading = call.loadsFor(context);
		return Flux.from(publisher(invoker, adapter, leading))
			.doOnNext(items::add)
			.doOnComplete(() -> context.loaded(items))
			.doOnError(context::failed)
			// What has been handed on already cannot be taken back.
			.onErrorResume((ex) -> items.isEmpty() ? manyOrStandIn(context, ex, Flux.error(ex)) : Flux.error(ex))
			// Spring shares what comes, with itself for one, and its own has no context.
			.contextWrite(call.seenByMethod(leading));
	}

	private static Publisher<Object> publisher(CacheOperationInvoker invoker, ReactiveAdapter adapter,
			@Nullable Leading leading) {
		Publisher<Object> loading;
		Runnable leave = Loads.enter(leading);
		try {
			loading = adapter.toPublisher(invoker.invoke());
		}
		catch (CacheOperationInvoker.ThrowableWrapper ex) {
			loading = Mono.error(ex.getOriginal());
		}
		finally {
			leave.run();
		}
		return new Loading(loading, leading);
	}

	/**
	 * One call: what it needs to know when the method is about to run.
	 */
	private static final class Call {

		private final ContextualCacheInterceptor interceptor;

		private final Collection<CacheOperation> operations;

		private final Object target;

		private final Class<?> targetClass;

		private final Method method;

		private final @Nullable Object[] args;

		private final @Nullable ReactiveAdapter adapter;

		private ContextView subscriber = Context.empty();

		private @Nullable CallContext context;

		private @Nullable ResilientRedisCache leader;

		Call(ContextualCacheInterceptor interceptor, Collection<CacheOperation> operations, Object target,
				Class<?> targetClass, Method method, @Nullable Object[] args, @Nullable ReactiveAdapter adapter) {
			this.interceptor = interceptor;
			this.operations = operations;
			this.target = target;
			this.targetClass = targetClass;
			this.method = method;
			this.args = args;
			this.adapter = adapter;
		}

		Call again(ContextView subscriber) {
			Call again = new Call(this.interceptor, this.operations, this.target, this.targetClass, this.method,
					this.args, this.adapter);
			again.subscriber = subscriber;
			return again;
		}

		/** What the method is run for: on this thread, or else for its subscriber. */
		@Nullable Leading loadsFor(CallContext context) {
			Leading leading = context.loadsFor();
			return (leading != null) ? leading : this.subscriber.getOrDefault(Leading.KEY, null);
		}

		/** The subscriber's context, with what the method is run for. */
		ContextView seenByMethod(@Nullable Leading leading) {
			return (leading != null) ? Context.of(this.subscriber).put(Leading.KEY, leading) : this.subscriber;
		}

		/**
		 * Lease what will be put, then find out whose turn it is to load what was missed.
		 * What was to be evicted before the method is evicted then.
		 */
		CompletableFuture<@Nullable Turn> turn(CallContext context) {
			CompletableFuture<Void> evictions = context.settled();
			return evictions.isDone() ? leaseAndTurn(context) : evictions.thenCompose((done) -> leaseAndTurn(context));
		}

		private CompletableFuture<@Nullable Turn> leaseAndTurn(CallContext context) {
			this.leader = context.leader();
			List<CompletableFuture<?>> before = new ArrayList<>();
			boolean puts = false;
			for (CacheOperation operation : this.operations) {
				if (operation instanceof CachePutOperation put) {
					puts = true;
					this.interceptor.seize(put, this, context, before);
				}
				else if (operation instanceof CacheableOperation cacheable && context.isAsynchronous()
						&& this.leader != null) {
					this.interceptor.missOthers(cacheable, this, context, before);
				}
			}
			boolean mustInvoke = puts;
			return before.isEmpty() ? context.turn(mustInvoke)
					: CompletableFuture.allOf(before.toArray(CompletableFuture[]::new))
						.thenCompose((done) -> context.turn(mustInvoke));
		}

		@Nullable StandIn valueOf(@Nullable Turn turn) {
			return (this.leader != null) ? this.leader.valueOf(turn) : null;
		}

		boolean isAsynchronous() {
			return this.adapter != null || CompletableFuture.class.isAssignableFrom(this.method.getReturnType());
		}

		/** Whether making the call again does no more than load. */
		boolean isMereLoad() {
			for (CacheOperation operation : this.operations) {
				if (!(operation instanceof CacheableOperation)) {
					return false;
				}
			}
			return true;
		}

		boolean isSynchronized() {
			return this.operations.stream()
				.anyMatch((operation) -> operation instanceof CacheableOperation cacheable && cacheable.isSync());
		}

		@Nullable Object wrap(@Nullable Object value) {
			return (this.method.getReturnType() == Optional.class && !(value instanceof Optional))
					? Optional.ofNullable(value) : value;
		}

	}

	/**
	 * Lease the keys of a {@code @CachePut} before its method runs, if they can be told
	 * without it. An expression may well fail on what the method has yet to fill in; then
	 * Spring evaluates it after the method, as it would anyway.
	 */
	private void seize(CachePutOperation operation, Call call, CallContext context, List<CompletableFuture<?>> seized) {
		if (mentionsResult(operation.getKey()) || mentionsResult(operation.getCondition())) {
			// The put will lease the key itself, after the method.
			return;
		}
		try {
			OperationKeys keys = new OperationKeys(operation, call);
			for (Cache cache : keys.caches()) {
				if (cache instanceof ResilientRedisCache ours) {
					seized.add(ours.seize(keys.key(), context));
				}
			}
		}
		catch (RuntimeException ex) {
			logger.trace("The key of a put is not known before its method: " + operation, ex);
		}
	}

	/**
	 * Look at the caches of an asynchronous method that Spring has not asked. It asks the
	 * first alone, but puts into all of them, and what is put after a load needs a lease
	 * from before it.
	 */
	private void missOthers(CacheableOperation operation, Call call, CallContext context,
			List<CompletableFuture<?>> missed) {
		if (operation.isSync() || (operation.getCacheNames().size() == 1 && call.operations.size() == 1)) {
			return;
		}
		try {
			OperationKeys keys = new OperationKeys(operation, call);
			for (Cache cache : keys.caches()) {
				if (cache instanceof ResilientRedisCache ours) {
					missed.add(ours.miss(keys.key(), context));
				}
			}
		}
		catch (RuntimeException ex) {
			logger.trace("The key is not known before the method: " + operation, ex);
		}
	}

	private static boolean mentionsResult(@Nullable String expression) {
		return StringUtils.hasText(expression) && expression.contains("#result");
	}

	@Override
	protected CacheOperationContext getOperationContext(CacheOperation operation, Method method,
			@Nullable Object[] args, Object target, Class<?> targetClass) {
		return new Operation(getCacheOperationMetadata(operation, method, targetClass), args, target);
	}

	@Override
	protected Collection<? extends Cache> getCaches(CacheOperationInvocationContext<CacheOperation> context,
			CacheResolver cacheResolver) {
		CallContext call = CallContext.bind(null);
		Collection<? extends Cache> caches;
		try {
			caches = super.getCaches(context, cacheResolver);
		}
		finally {
			CallContext.bind(call);
		}
		for (Cache cache : caches) {
			if (ours(cache) != cache) {
				return caches.stream().map(ContextualCacheInterceptor::ours).toList();
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
	protected void doEvict(Cache cache, Object key, boolean immediate) {
		if (key instanceof KeyPattern pattern && !(cache instanceof ResilientRedisCache)) {
			ForeignEviction.of(cache, pattern, this.cacheKeys, getErrorHandler()).evict(immediate);
		}
		else {
			super.doEvict(cache, key, immediate);
		}
	}

	/**
	 * Spring's own evaluation of an operation. Expressions and key generators are the
	 * user's code: what they do with caches is no part of the call.
	 */
	private class Operation extends CacheOperationContext {

		Operation(CacheOperationMetadata metadata, @Nullable Object[] args, Object target) {
			super(metadata, args, target);
		}

		@Override
		protected boolean isConditionPassing(@Nullable Object result) {
			CallContext call = CallContext.bind(null);
			try {
				return super.isConditionPassing(result);
			}
			finally {
				CallContext.bind(call);
			}
		}

		@Override
		protected boolean canPutToCache(@Nullable Object value) {
			CallContext call = CallContext.bind(null);
			try {
				return super.canPutToCache(value);
			}
			finally {
				CallContext.bind(call);
			}
		}

		@Override
		protected @Nullable Object generateKey(@Nullable Object result) {
			CallContext call = CallContext.bind(null);
			try {
				return super.generateKey(result);
			}
			finally {
				CallContext.bind(call);
			}
		}

	}

	/** The keys of an operation, before its method has run. */
	private final class OperationKeys extends Operation {

		private final boolean applies;

		private final @Nullable Object evaluated;

		OperationKeys(CacheOperation operation, Call call) {
			super(getCacheOperationMetadata(operation, call.method, call.targetClass), call.args, call.target);
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

	/**
	 * What a method returned, subscribed to as what it is: a load. What it does on the
	 * subscribing thread may be a blocking call, which sees no context. And an error that
	 * Reactor takes for fatal it throws and hands to nobody: on a thread of ours it would
	 * be lost, and the caller wait for ever. So it goes on as the cause of another.
	 */
	private record Loading(Publisher<Object> source, @Nullable Leading leading) implements Publisher<Object> {

		@Override
		public void subscribe(org.reactivestreams.Subscriber<? super Object> subscriber) {
			Watched watched = new Watched(subscriber);
			Runnable leave = Loads.enter(this.leading);
			try {
				this.source.subscribe(watched);
			}
			catch (RuntimeException | Error ex) {
				if (watched.ended || ex == watched.thrown) {
					throw ex;
				}
				watched.fail(ex);
			}
			finally {
				leave.run();
			}
		}

		private static Throwable handedOn(Throwable ex) {
			return Exceptions.isFatal(ex) ? new IllegalStateException("The method failed with " + ex, ex) : ex;
		}

		/** Knows how far its subscriber has got. */
		private static final class Watched implements CoreSubscriber<Object> {

			private final org.reactivestreams.Subscriber<? super Object> subscriber;

			private boolean begun;

			private boolean ended;

			/** What the subscriber itself threw. */
			private @Nullable Throwable thrown;

			Watched(org.reactivestreams.Subscriber<? super Object> subscriber) {
				this.subscriber = subscriber;
			}

			@Override
			public Context currentContext() {
				return (this.subscriber instanceof CoreSubscriber<?> core) ? core.currentContext() : Context.empty();
			}

			@Override
			public void onSubscribe(Subscription subscription) {
				this.begun = true;
				this.subscriber.onSubscribe(subscription);
			}

			@Override
			public void onNext(Object item) {
				try {
					this.subscriber.onNext(item);
				}
				catch (RuntimeException | Error ex) {
					this.thrown = ex;
					throw ex;
				}
			}

			@Override
			public void onError(Throwable ex) {
				this.ended = true;
				this.subscriber.onError(handedOn(ex));
			}

			@Override
			public void onComplete() {
				this.ended = true;
				this.subscriber.onComplete();
			}

			void fail(Throwable ex) {
				if (!this.begun) {
					Operators.error(this.subscriber, handedOn(ex));
				}
				else {
					onError(ex);
				}
			}

		}

	}

	/**
	 * A border between Spring's part of a reactive call, which must find the context, and
	 * the application's, which must not: each signal that crosses it changes sides.
	 */
	private static final class Boundary implements Publisher<Object> {

		private final Publisher<Object> source;

		private final @Nullable CallContext upstream;

		private final @Nullable CallContext downstream;

		@SuppressWarnings("unchecked")
		Boundary(Publisher<?> source, @Nullable CallContext upstream, @Nullable CallContext downstream) {
			this.source = (Publisher<Object>) source;
			this.upstream = upstream;
			this.downstream = downstream;
		}

		@Override
		public void subscribe(org.reactivestreams.Subscriber<? super Object> subscriber) {
			CoreSubscriber<Object> crossing = new CoreSubscriber<>() {

				@Override
				public Context currentContext() {
					return (subscriber instanceof CoreSubscriber<?> core) ? core.currentContext() : Context.empty();
				}

				@Override
				public void onSubscribe(Subscription subscription) {
					CallContext.run(Boundary.this.downstream, () -> subscriber.onSubscribe(new Subscription() {

						@Override
						public void request(long n) {
							CallContext.run(Boundary.this.upstream, () -> subscription.request(n));
						}

						@Override
						public void cancel() {
							CallContext.run(Boundary.this.upstream, subscription::cancel);
						}

					}));
				}

				@Override
				public void onNext(Object item) {
					CallContext.run(Boundary.this.downstream, () -> subscriber.onNext(item));
				}

				@Override
				public void onError(Throwable ex) {
					CallContext.run(Boundary.this.downstream, () -> subscriber.onError(ex));
				}

				@Override
				public void onComplete() {
					CallContext.run(Boundary.this.downstream, subscriber::onComplete);
				}

			};
			CallContext.run(this.upstream, () -> this.source.subscribe(crossing));
		}

	}

}
