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

import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

import org.jspecify.annotations.Nullable;

import org.springframework.cache.interceptor.CacheOperationInvoker.ThrowableWrapper;
import org.springframework.util.ObjectUtils;

import dev.cachestarter.engine.load.CallerThread;
import dev.cachestarter.engine.load.Decision;
import dev.cachestarter.engine.load.Leading;
import dev.cachestarter.engine.load.Staged;
import dev.cachestarter.engine.monitor.CacheMonitor.LoadOutcome;
import dev.cachestarter.engine.monitor.CacheMonitor.WaitOutcome;
import dev.cachestarter.engine.monitor.Step;

/**
 * A call whose thread waits: for the decision, and in the method.
 */
public final class BlockingCall extends Call {

	private @Nullable CallerThread thread;

	public BlockingCall(Intercepted intercepted, @Nullable Ticket reloaded) {
		super(intercepted, reloaded);
	}

	public @Nullable Object start() {
		try {
			return proceed();
		}
		finally {
			close();
			if (this.thread != null) {
				this.thread.close();
			}
		}
	}

	@Override
	public @Nullable Object decideAndLoad() {
		checkConfirmed();
		Step<WaitOutcome> waiting = Steps.waiting(this);
		Decision decision = await(waiting.within(this::decide));
		Steps.end(waiting, decision);
		if (decision instanceof Decision.Value value) {
			return wrapped(value);
		}
		if (decision instanceof Decision.Failure failure) {
			throw new ThrowableWrapper(failure.failure());
		}
		Runnable leave = Leading.enter(loadsFor());
		Step<LoadOutcome> loading = Steps.loading(this);
		Runnable exit = loading.enter();
		try {
			Object result = outside(intercepted().invoker()::invoke);
			exit.run();
			Steps.end(loading, null);
			loaded(ObjectUtils.unwrapOptional(result));
			return result;
		}
		catch (ThrowableWrapper ex) {
			exit.run();
			Steps.end(loading, ex.getOriginal());
			if (await(failed(ex.getOriginal())) instanceof Decision.Value value) {
				return wrapped(value);
			}
			throw ex;
		}
		finally {
			exit.run();
			leave.run();
		}
	}

	@Override
	public @Nullable Object inStages(Staged<?> work) {
		try {
			return Staged.await(work, thread(continuations()));
		}
		catch (Throwable ex) {
			// What the method throws it may.
			throw BlockingCall.<RuntimeException>unchanged(ex);
		}
	}

	@SuppressWarnings("unchecked")
	private static <X extends Throwable> RuntimeException unchanged(Throwable failure) throws X {
		throw (X) failure;
	}

	@Override
	public CompletableFuture<?> load(Action<@Nullable Object, Throwable> method, @Nullable Leading leading,
			Step<LoadOutcome> step) {
		try {
			return CompletableFuture.completedFuture(outside(method));
		}
		catch (Throwable ex) {
			return CompletableFuture.failedFuture(ex);
		}
	}

	private Decision await(CompletableFuture<Decision> decision) {
		Decision decided = thread(continuations()).await(decision);
		if (decided == CallerThread.INTERRUPTED) {
			// The load begins without a lease, so none that comes later may be filled
			// under.
			close();
		}
		return decided;
	}

	private @Nullable Object wrapped(Decision.Value decided) {
		Object value = decided.value();
		return (intercepted().method().getReturnType() == Optional.class && !(value instanceof Optional))
				? Optional.ofNullable(value) : value;
	}

	@Override
	public boolean isAsynchronous() {
		return false;
	}

	@Override
	public Executor userCode(Executor executor) {
		return thread(executor);
	}

	private CallerThread thread(Executor executor) {
		CallerThread current = this.thread;
		if (current == null) {
			current = new CallerThread(executor);
			this.thread = current;
		}
		return current;
	}

	@Override
	Call copyForReload(Ticket ticket) {
		return new BlockingCall(intercepted(), ticket);
	}

	@Override
	CompletableFuture<?> reload() {
		try {
			return CompletableFuture.completedFuture(start());
		}
		catch (ThrowableWrapper ex) {
			return CompletableFuture.failedFuture(ex.getOriginal());
		}
	}

}
