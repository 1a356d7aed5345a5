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
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.util.context.Context;
import reactor.util.context.ContextView;

import org.springframework.cache.interceptor.CacheOperationInvoker.ThrowableWrapper;
import org.springframework.core.ReactiveAdapter;

import dev.cachestarter.engine.load.Decision;
import dev.cachestarter.engine.load.Leading;

/**
 * A call of a method that returns a publisher: one such call for each subscription, and
 * only then are the caches asked.
 */
public final class ReactiveCall extends AsynchronousCall {

	private final ReactiveAdapter adapter;

	private final ContextView subscriber;

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
		catch (RuntimeException | Error ex) {
			close();
			throw ex;
		}
		finally {
			leave.run();
		}
		Publisher<Object> bound = Boundary.outOf(this,
				(result instanceof Publisher<?> publisher) ? publisher : this.adapter.toPublisher(result));
		Mono<Object> writes = Mono.defer(() -> {
			CompletableFuture<Void> pending = settled();
			return pending.isDone() ? Mono.empty()
					: Mono.fromFuture(pending.thenApplyAsync((done) -> done, continuations()));
		});
		if (this.adapter.isMultiValue()) {
			return Flux.from(bound)
				.concatWith(writes)
				.onErrorResume((ex) -> writes.then(Mono.error(ex)))
				.doFinally((signal) -> close());
		}
		return Mono.fromDirect(bound)
			.flatMap((value) -> writes.thenReturn(value))
			.switchIfEmpty(writes)
			.onErrorResume((ex) -> writes.then(Mono.error(ex)))
			.doFinally((signal) -> close());
	}

	@Override
	public Object decideAndLoad() {
		checkConfirmed();
		Mono<Decision> decided = Mono.defer(() -> later(decideHere()));
		Publisher<Object> loaded = this.adapter.isMultiValue() ? decided.flatMapMany(this::many)
				: decided.flatMap(this::one);
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
		// Not by from(..), which cancels what is no Mono when it has its item.
		return Mono.fromDirect(publisher(leading))
			.doOnSuccess(this::loaded)
			.onErrorResume((ex) -> Mono.defer(() -> later(failed(ex)))
				.flatMap((came) -> (came instanceof Decision.Value value) ? Mono.justOrEmpty(value.value())
						: Mono.error(ex)))
			.contextWrite(seenByMethod(leading));
	}

	private Flux<Object> many(Decision decision) {
		if (decision instanceof Decision.Value value) {
			return items(value);
		}
		if (decision instanceof Decision.Failure failure) {
			return Flux.error(failure.failure());
		}
		List<Object> items = new ArrayList<>();
		Leading leading = leading();
		return Flux.from(publisher(leading))
			.doOnNext(items::add)
			.doOnComplete(() -> loaded(items))
			.onErrorResume((ex) -> Mono.defer(() -> later(failed(ex)))
				// What has been handed on already cannot be taken back.
				.flatMapMany((came) -> (came instanceof Decision.Value value && items.isEmpty()) ? items(value)
						: Flux.error(ex)))
			// Spring shares what comes, with itself for one, and its own has no context.
			.contextWrite(seenByMethod(leading));
	}

	private static Flux<Object> items(Decision.Value decided) {
		return (decided.value() instanceof Iterable<?> items) ? Flux.fromIterable(items) : Flux.empty();
	}

	private Publisher<Object> publisher(@Nullable Leading leading) {
		Publisher<Object> loading;
		Runnable leave = Leading.enter(leading);
		try {
			loading = this.adapter.toPublisher(intercepted().invoker().invoke());
		}
		catch (ThrowableWrapper ex) {
			loading = Mono.error(ex.getOriginal());
		}
		finally {
			leave.run();
		}
		return new Loading(loading, leading);
	}

	/** What the method is run for: on this thread, or else for its subscriber. */
	private @Nullable Leading leading() {
		Leading leading = loadsFor();
		return (leading != null) ? leading : this.subscriber.getOrDefault(Leading.KEY, null);
	}

	/** The subscriber's context, with what the method is run for. */
	private ContextView seenByMethod(@Nullable Leading leading) {
		return (leading != null) ? Context.of(this.subscriber).put(Leading.KEY, leading) : this.subscriber;
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
