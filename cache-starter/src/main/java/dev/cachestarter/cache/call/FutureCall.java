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

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

import org.jspecify.annotations.Nullable;

import org.springframework.cache.interceptor.CacheOperationInvoker.ThrowableWrapper;

import dev.cachestarter.engine.load.Decision;
import dev.cachestarter.engine.load.Failures;
import dev.cachestarter.engine.load.Leading;
import dev.cachestarter.engine.load.Staged;
import dev.cachestarter.engine.monitor.CacheMonitor.LoadOutcome;
import dev.cachestarter.engine.monitor.CacheMonitor.WaitOutcome;
import dev.cachestarter.engine.monitor.Step;

/**
 * A call of a method that returns a {@link CompletableFuture}.
 * <p>
 * What the caller gets completes when the writes of the call are acknowledged, with what
 * the method's future completed with: the very same failure, too. Whoever cancels it ends
 * the load, unless others wait for it; the method's own future is left alone, as Spring
 * leaves it.
 */
public final class FutureCall extends AsynchronousCall {

	private static final String NO_FUTURE = "Returned CompletableFuture must not be null: ";

	private final CompletableFuture<@Nullable Void> cancelled = new CompletableFuture<>();

	/**
	 * Done when Spring has put and evicted all that follows from the result; {@code null}
	 * if the method was not called. What Spring hands on may complete before that.
	 */
	private volatile @Nullable CompletableFuture<@Nullable Void> handedOn;

	/** What the method's future failed with, as it was. */
	private volatile @Nullable Throwable thrown;

	public FutureCall(Intercepted intercepted, @Nullable Ticket reloaded) {
		super(intercepted, reloaded);
	}

	public @Nullable Object start() {
		Object result;
		try {
			result = proceed();
		}
		catch (RuntimeException | Error ex) {
			close();
			throw ex;
		}
		if (!(result instanceof CompletableFuture<?> future)) {
			close();
			return result;
		}
		CompletableFuture<@Nullable Object> settled = new CompletableFuture<>();
		settled.whenComplete((value, ex) -> {
			if (settled.isCancelled()) {
				this.cancelled.complete(null);
				cancel();
			}
		});
		future.whenComplete((value, ex) -> afterHandingOn(() -> afterWrites(() -> {
			close();
			Throwable failure = (ex != null) ? unchanged(CallFailure.original(ex)) : failedExpression();
			if (failure != null) {
				settled.completeExceptionally(failure);
			}
			else {
				settled.complete(value);
			}
		})));
		return settled;
	}

	@Override
	public CompletableFuture<@Nullable Void> cancelled() {
		return this.cancelled;
	}

	private Throwable unchanged(Throwable ex) {
		Throwable cause = Failures.original(ex);
		Throwable original = this.thrown;
		if (original != null && (ex == original || cause == original || cause == Failures.original(original))) {
			return original;
		}
		return (cause instanceof ThrowableWrapper wrapper) ? wrapper.getOriginal() : cause;
	}

	private void afterHandingOn(Runnable next) {
		CompletableFuture<@Nullable Void> handing = this.handedOn;
		if (handing == null) {
			next.run();
		}
		else {
			handing.thenRun(next);
		}
	}

	/**
	 * Go on where the call is, or, if there is something to wait for, off the event loop.
	 */
	private void afterWrites(Runnable next) {
		CompletableFuture<Void> writes = settled();
		if (writes.isDone()) {
			run(null, next);
		}
		else {
			goOn(writes, (done) -> run(null, next), (ex) -> run(null, next));
		}
	}

	@Override
	public Object decideAndLoad() {
		checkConfirmed();
		this.handedOn = new CompletableFuture<>();
		CompletableFuture<@Nullable Object> result = new CompletableFuture<>();
		Step<WaitOutcome> waiting = Steps.waiting(this);
		goOn(waiting.within(this::decideHere), (decision) -> {
			Steps.end(waiting, decision);
			actOn(decision, result);
		}, (ex) -> fail(result, ex));
		return result;
	}

	private void actOn(Decision decision, CompletableFuture<@Nullable Object> result) {
		if (decision instanceof Decision.Value value) {
			complete(result, value.value());
		}
		else if (decision instanceof Decision.Failure failure) {
			fail(result, failure.failure());
		}
		else {
			load(result);
		}
	}

	private void load(CompletableFuture<@Nullable Object> result) {
		CompletableFuture<?> loading;
		Runnable leave = Leading.enter(loadsFor());
		Step<LoadOutcome> step = Steps.loading(this);
		Runnable exit = step.enter();
		try {
			loading = (CompletableFuture<?>) outside(intercepted().invoker()::invoke);
			if (loading == null) {
				throw new IllegalStateException(NO_FUTURE + intercepted().method());
			}
		}
		catch (ThrowableWrapper ex) {
			loading = CompletableFuture.failedFuture(ex.getOriginal());
		}
		catch (RuntimeException | Error ex) {
			loading = CompletableFuture.failedFuture(ex);
		}
		finally {
			exit.run();
			leave.run();
		}
		loading.whenComplete((value, ex) -> {
			Steps.end(step, (ex != null) ? Failures.original(ex) : null);
			if (ex == null) {
				loaded(value);
				complete(result, value);
				return;
			}
			this.thrown = ex;
			goOn(failed(Failures.original(ex)), (decision) -> {
				if (decision instanceof Decision.Value served) {
					complete(result, served.value());
				}
				else {
					fail(result, ex);
				}
			}, (lost) -> fail(result, ex));
		});
	}

	@Override
	public Object inStages(Staged<?> work) {
		CompletableFuture<?> result = beginStages(work);
		this.cancelled.thenRun(() -> result.cancel(true));
		return result;
	}

	/**
	 * {@inheritDoc}
	 * <p>
	 * Whoever cancels what is returned leaves the method's own future alone.
	 */
	@Override
	public CompletableFuture<?> load(Action<@Nullable Object, Throwable> method, @Nullable Leading leading,
			Step<LoadOutcome> step) {
		CompletableFuture<@Nullable Object> loaded = new CompletableFuture<>();
		try {
			CompletableFuture<?> loading = (CompletableFuture<?>) outside(method);
			if (loading == null) {
				throw new IllegalStateException(NO_FUTURE + intercepted().method());
			}
			loading.whenComplete((value, ex) -> {
				if (ex == null) {
					loaded.complete(value);
				}
				else {
					this.thrown = ex;
					loaded.completeExceptionally(ex);
				}
			});
		}
		catch (Throwable ex) {
			loaded.completeExceptionally(ex);
		}
		return loaded;
	}

	/** Spring evicts and puts in what follows: it must find the call. */
	private void complete(CompletableFuture<@Nullable Object> result, @Nullable Object value) {
		run(this, () -> result.complete(value));
		handedOn();
	}

	private void fail(CompletableFuture<@Nullable Object> result, Throwable ex) {
		run(this, () -> result.completeExceptionally(ex));
		handedOn();
	}

	private void handedOn() {
		CompletableFuture<@Nullable Void> handing = this.handedOn;
		if (handing != null) {
			handing.complete(null);
		}
	}

	@Override
	Call copyForReload(Ticket ticket) {
		return new FutureCall(intercepted(), ticket);
	}

	@Override
	CompletableFuture<?> reload() {
		return (start() instanceof CompletableFuture<?> future) ? future : CompletableFuture.completedFuture(null);
	}

}
