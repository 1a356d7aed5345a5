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

package dev.cachestarter.cache.call;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import org.reactivestreams.Subscription;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.util.context.Context;
import reactor.util.context.ContextView;

import org.springframework.cache.interceptor.CacheOperationInvoker.ThrowableWrapper;
import org.springframework.core.ReactiveAdapter;

import dev.cachestarter.CacheSettings;
import dev.cachestarter.engine.load.Decision;
import dev.cachestarter.engine.load.Leading;
import dev.cachestarter.engine.load.Staged;
import dev.cachestarter.engine.monitor.CacheMonitor.LoadOutcome;
import dev.cachestarter.engine.monitor.CacheMonitor.WaitOutcome;
import dev.cachestarter.engine.monitor.Step;
import dev.cachestarter.engine.monitor.Tracer;

/**
 * A call of a method that returns a publisher: one such call for each subscription, and
 * only then are the caches asked.
 */
public final class ReactiveCall extends AsynchronousCall {

	private final ReactiveAdapter adapter;

	private final ContextView subscriber;

	/** The reader, and the load of many results, which may go on without it. */
	private final AtomicInteger parties = new AtomicInteger(1);

	/** The source of the load, while that goes on. */
	private volatile @Nullable Subscription loading;

	private volatile boolean stopped;

	/** Stops a load that nobody reads any more. */
	private final Disposable.Swap lastCall = Disposables.swap();

	/** How many items a load may have that nobody reads any more. */
	private volatile long mostUnread = Long.MAX_VALUE;

	private ReactiveCall(Intercepted intercepted, ReactiveAdapter adapter, ContextView subscriber,
			@Nullable Ticket reloaded) {
		super(intercepted, reloaded);
		this.adapter = adapter;
		this.subscriber = subscriber;
	}

	/**
	 * Return what the caller gets: a publisher that makes the call when it is subscribed
	 * to.
	 */
	public static Object deferred(Intercepted intercepted, ReactiveAdapter adapter) {
		Function<ContextView, Publisher<?>> call = (
				subscriber) -> new ReactiveCall(intercepted, adapter, subscriber, null).subscribe();
		return adapter.fromPublisher(
				adapter.isMultiValue() ? Flux.deferContextual((subscriber) -> Flux.from(call.apply(subscriber)))
						: Mono.deferContextual((subscriber) -> Mono.fromDirect(call.apply(subscriber))));
	}

	private Publisher<?> subscribe() {
		Object result;
		Runnable leave = Leading.enter(this.subscriber.getOrDefault(Leading.KEY, null));
		try {
			result = proceed();
		}
		catch (Throwable ex) {
			close();
			return Mono.error(CallFailure.original(ex));
		}
		finally {
			leave.run();
		}
		Publisher<Object> bound = Boundary.outOf(this, published(result));
		Mono<Object> writes = Mono.defer(() -> {
			CompletableFuture<Void> pending = settled();
			return pending.isDone() ? Mono.empty()
					: Mono.fromFuture(pending.thenApplyAsync((done) -> done, continuations()));
		});
		if (this.adapter.isMultiValue()) {
			return Flux.from(bound)
				.concatWith(writes)
				.concatWith(Mono.defer(this::failureOfExpression))
				.onErrorResume((ex) -> writes.then(Mono.error(CallFailure.original(ex))))
				.doOnCancel(this::readerHasGone)
				.doFinally((signal) -> exit());
		}
		return Mono.fromDirect(bound)
			.flatMap((value) -> writes.thenReturn(value))
			.switchIfEmpty(writes)
			.onErrorResume((ex) -> writes.then(Mono.error(CallFailure.original(ex))))
			.doFinally((signal) -> exit());
	}

	private Mono<Object> failureOfExpression() {
		Throwable failure = failedExpression();
		return (failure != null) ? Mono.error(failure) : Mono.empty();
	}

	@Override
	public Throwable expressionFailed(Throwable failure) {
		return CallFailure.of(super.expressionFailed(failure));
	}

	/**
	 * {@inheritDoc}
	 * <p>
	 * What follows from many results is evaluated by a subscriber of Spring's beside the
	 * reader, when the source has ended. If that throws, nobody is told, and the reader
	 * waits for ever.
	 */
	@Override
	public boolean goesOnAfterFailedExpression() {
		return this.adapter.isMultiValue();
	}

	@Override
	public Object decideAndLoad() {
		Mono<Decision> decided = Mono.defer(() -> {
			checkConfirmed();
			Step<WaitOutcome> waiting = Steps.waiting(this);
			return later(waiting.within(this::decideHere)).doOnNext((decision) -> Steps.end(waiting, decision))
				.doOnCancel(() -> waiting.end(WaitOutcome.LOAD, null));
		});
		Publisher<Object> loaded = this.adapter.isMultiValue()
				? decided.flatMapMany(this::many).onErrorMap(CallFailure::of)
				: decided.flatMap(this::one).onErrorMap(CallFailure::of);
		Boundary bound = Boundary.into(this, loaded);
		// Spring takes it for one of Reactor's own, whatever the method returns.
		Publisher<Object> result = this.adapter.isMultiValue() ? Flux.from(bound) : Mono.fromDirect(bound);
		return intercepted().isSynchronized() ? this.adapter.fromPublisher(result) : result;
	}

	private Mono<Decision> later(CompletableFuture<Decision> decision) {
		return decision.isDone() ? Mono.just(decision.join())
				: Mono.fromFuture(decision.thenApplyAsync((decided) -> decided, continuations()));
	}

	private Mono<Object> one(Decision decision) {
		if (decision instanceof Decision.Value value) {
			return Mono.justOrEmpty(value.value());
		}
		if (decision instanceof Decision.Failure failure) {
			return Mono.error(failure.failure());
		}
		Leading leading = leading();
		Step<LoadOutcome> step = Steps.loading(this);
		// Not by from(..), which cancels what is no Mono when it has its item.
		return Mono.fromDirect(publisher(intercepted().invoker()::invoke, leading, step))
			.doOnSuccess((value) -> Steps.end(step, null))
			.doOnSuccess(this::loaded)
			.doOnError((ex) -> Steps.end(step, ex))
			.doOnCancel(() -> step.end(LoadOutcome.FAILURE, null))
			.onErrorResume((ex) -> Mono.defer(() -> later(failed(ex)))
				.flatMap((came) -> (came instanceof Decision.Value value) ? Mono.justOrEmpty(value.value())
						: Mono.error(ex)))
			.contextWrite(seenByMethod(leading, step));
	}

	private Flux<Object> many(Decision decision) {
		if (decision instanceof Decision.Value value) {
			return items(value);
		}
		if (decision instanceof Decision.Failure failure) {
			return Flux.error(failure.failure());
		}
		return Flux.defer(() -> enter() ? load() : Flux.error(new CancellationException("Nobody reads it")));
	}

	private Flux<Object> load() {
		List<Object> items = new ArrayList<>();
		Leading leading = leading();
		Step<LoadOutcome> step = Steps.loading(this);
		return Flux.from(publisher(intercepted().invoker()::invoke, leading, step)).doOnNext((item) -> {
			items.add(item);
			if (items.size() > this.mostUnread) {
				stop();
			}
		})
			.doOnComplete(() -> Steps.end(step, null))
			.doOnComplete(() -> loaded(items))
			.doOnError((ex) -> Steps.end(step, ex))
			.doOnCancel(() -> step.end(LoadOutcome.FAILURE, null))
			.onErrorResume((ex) -> Mono.defer(() -> later(failed(ex)))
				// What has been handed on already cannot be taken back.
				.flatMapMany((came) -> (came instanceof Decision.Value value && items.isEmpty()) ? items(value)
						: Flux.error(ex)))
			// Spring shares what comes, with itself for one, and its own has no context.
			.contextWrite(seenByMethod(leading, step))
			.doFinally((signal) -> exit())
			.doOnSubscribe((source) -> {
				this.loading = source;
				if (this.stopped) {
					source.cancel();
				}
			});
	}

	private static Flux<Object> items(Decision.Value decided) {
		return (decided.value() instanceof Iterable<?> items) ? Flux.fromIterable(items) : Flux.empty();
	}

	// Many keys

	@Override
	public Object inStages(Staged<?> work) {
		// Whoever cancels the subscription cancels the work.
		Mono<?> result = Mono.fromFuture(beginStages(work));
		return this.adapter.isMultiValue() ? result.flatMapMany((items) -> Flux.fromIterable((Iterable<?>) items))
				: result;
	}

	@Override
	public CompletableFuture<?> load(Action<@Nullable Object, Throwable> method, @Nullable Leading leading,
			Step<LoadOutcome> step) {
		return outside(() -> {
			Publisher<Object> loading = publisher(method, leading, step);
			Mono<?> loaded = this.adapter.isMultiValue() ? Flux.from(loading).collectList() : Mono.fromDirect(loading);
			return loaded.contextWrite(seenByMethod(leading, step)).toFuture();
		});
	}

	@Override
	public Object passing(Action<@Nullable Object, Throwable> method) throws Throwable {
		return Boundary.into(this, published(outside(method)));
	}

	// Who reads, and what goes on without them

	/**
	 * Take part in the call, unless it is over.
	 */
	private boolean enter() {
		return this.parties.getAndUpdate((count) -> (count > 0) ? count + 1 : 0) > 0;
	}

	/** The last that leaves closes. */
	private void exit() {
		if (this.parties.decrementAndGet() == 0) {
			this.lastCall.dispose();
			close();
		}
	}

	/**
	 * The reader has gone before the end. As Spring has it, the source goes on to its end
	 * for what is stored or evicted then. But a mere load goes on only as long as there
	 * is something to store: not in a transaction or without a lease, not beyond the
	 * limit of the lease, and not for more items than the largest value has bytes.
	 */
	private void readerHasGone() {
		CacheSettings settings = settings();
		if (settings == null || !intercepted().isMereLoad()) {
			return;
		}
		if (!isLoadOfUse()) {
			stop();
			return;
		}
		this.mostUnread = settings.maxValueSize().toBytes();
		this.lastCall.update(Mono.delay(settings.loadLeaseLimit()).subscribe((tick) -> stop()));
	}

	private void stop() {
		this.stopped = true;
		Subscription source = this.loading;
		if (source != null) {
			source.cancel();
		}
	}

	// The method

	private Publisher<Object> publisher(Action<@Nullable Object, Throwable> method, @Nullable Leading leading,
			Step<?> step) {
		Publisher<Object> loading;
		Runnable leave = Leading.enter(leading);
		Runnable exit = step.enter();
		try {
			loading = published(method.run());
		}
		catch (ThrowableWrapper ex) {
			loading = Mono.error(ex.getOriginal());
		}
		catch (Throwable ex) {
			loading = Mono.error(ex);
		}
		finally {
			exit.run();
			leave.run();
		}
		return new Loading(loading, leading, step);
	}

	/**
	 * Return a result as what it is to Spring. That of a {@code suspend} function may be
	 * the mere value, when a cache of another kind has it.
	 */
	@SuppressWarnings("unchecked")
	private Publisher<Object> published(@Nullable Object result) {
		if (result instanceof Publisher<?> publisher) {
			return (Publisher<Object>) publisher;
		}
		Class<?> type = this.adapter.getReactiveType();
		if (type == Mono.class) {
			return Mono.justOrEmpty(result);
		}
		if (type == Flux.class && result instanceof Iterable<?> items) {
			return Flux.fromIterable(items);
		}
		return this.adapter.toPublisher(result);
	}

	/** What the method is run for: on this thread, or else for its subscriber. */
	private @Nullable Leading leading() {
		Leading leading = loadsFor();
		return (leading != null) ? leading : this.subscriber.getOrDefault(Leading.KEY, null);
	}

	/**
	 * The subscriber's context, with what the method is run for, and the step that it is.
	 */
	private ContextView seenByMethod(@Nullable Leading leading, Step<?> step) {
		Context seen = Context.of(this.subscriber);
		Object origin = step.origin();
		if (leading != null) {
			seen = seen.put(Leading.KEY, leading);
		}
		return (origin != null) ? seen.put(step.contextKey(), origin) : seen;
	}

	/** That of the subscriber, whatever is current on the thread that subscribes. */
	@Override
	@Nullable Object findOrigin(Tracer tracer) {
		Object origin = this.subscriber.getOrDefault(tracer.contextKey(), null);
		return (origin != null) ? origin : tracer.current();
	}

	@Override
	public boolean isInTransaction() {
		return ReactiveTransactions.isActive(this.subscriber);
	}

	@Override
	public void afterCommit(Supplier<CompletableFuture<?>> action) {
		ReactiveTransactions.afterCommit(this.subscriber, action);
	}

	@Override
	Call copyForReload(Ticket ticket) {
		return new ReactiveCall(intercepted(), this.adapter, withoutTransactionAndRequest(), ticket);
	}

	/** A call in the background is in no transaction and no request of its caller's. */
	private ContextView withoutTransactionAndRequest() {
		Context kept = Context.of(this.subscriber);
		for (Object key : this.subscriber.stream().map(Map.Entry::getKey).toList()) {
			String name = (key instanceof Class<?> type) ? type.getName() : String.valueOf(key);
			if (name.startsWith("org.springframework.transaction.") || name.startsWith("org.springframework.web.")) {
				kept = kept.delete(key);
			}
		}
		return kept;
	}

	@Override
	CompletableFuture<?> reload() {
		CompletableFuture<@Nullable Void> done = new CompletableFuture<>();
		Flux.from(subscribe()).contextWrite(this.subscriber).subscribe((item) -> {
		}, done::completeExceptionally, () -> done.complete(null));
		return done;
	}

}
