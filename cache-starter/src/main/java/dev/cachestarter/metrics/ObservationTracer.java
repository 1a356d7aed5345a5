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

package dev.cachestarter.metrics;

import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Supplier;

import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationConvention;
import io.micrometer.observation.ObservationRegistry;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import dev.cachestarter.engine.connection.DaemonThreads;
import dev.cachestarter.engine.monitor.CacheMonitor.LoadKind;
import dev.cachestarter.engine.monitor.RedisOperation;
import dev.cachestarter.engine.monitor.Tracer;

/**
 * Makes observations of the steps of calls.
 * <p>
 * Handlers and conventions are the application's. What they throw is told once and goes
 * no further: a step that cannot be begun is not observed, and the scope of the thread is
 * put back as it was. The answers of Redis come on event loops, where they must not run:
 * a thread of its own ends the observations of operations, and begins those that follow
 * from an answer. So these begin a moment late. What it has no room for is not begun, or
 * never ended, and so never exported.
 */
final class ObservationTracer implements Tracer, AutoCloseable {

	private static final Log logger = LogFactory.getLog("dev.cachestarter");

	private static final Runnable NOTHING = () -> {
	};

	private static final int MOST_WAITING = 10_000;

	private static final CacheStepConvention STEP = new DefaultCacheStepConvention();

	private static final RedisOperationConvention OPERATION = new DefaultRedisOperationConvention();

	private final ObservationRegistry registry;

	private final @Nullable CacheStepConvention steps;

	private final @Nullable RedisOperationConvention operations;

	private final String address;

	/** What this thread does something for, instead of what is current on it. */
	private final ThreadLocal<@Nullable Origin> instead = new ThreadLocal<>();

	private final ThreadPoolExecutor ending = new ThreadPoolExecutor(1, 1, 30, TimeUnit.SECONDS,
			new LinkedBlockingQueue<>(MOST_WAITING),
			(task) -> DaemonThreads.daemon(task, "cache-starter-observations"));

	private final AtomicBoolean warned = new AtomicBoolean();

	ObservationTracer(ObservationRegistry registry, @Nullable CacheStepConvention steps,
			@Nullable RedisOperationConvention operations, String address) {
		this.registry = registry;
		this.steps = steps;
		this.operations = operations;
		this.address = address;
		this.ending.allowCoreThreadTimeOut(true);
	}

	@Override
	public boolean isActive() {
		return true;
	}

	@Override
	public @Nullable Object current() {
		Origin instead = this.instead.get();
		return (instead != null) ? instead.of() : this.registry.getCurrentObservation();
	}

	/** As Micrometer's accessor of thread locals has it, which is optional. */
	@Override
	public Object contextKey() {
		return "micrometer.observation";
	}

	@Override
	public <T> T within(@Nullable Object origin, Supplier<T> action) {
		Origin before = this.instead.get();
		return instead(before, new Origin(origin, before != null && before.later()), action);
	}

	@Override
	public <T> T resume(@Nullable Object origin, Supplier<T> action) {
		return instead(this.instead.get(), new Origin(origin, true), action);
	}

	private <T> T instead(@Nullable Origin before, Origin now, Supplier<T> action) {
		this.instead.set(now);
		try {
			return action.get();
		}
		finally {
			if (before != null) {
				this.instead.set(before);
			}
			else {
				this.instead.remove();
			}
		}
	}

	@Override
	public Span read(String cache, @Nullable Object origin) {
		return step(new CacheStepContext(CacheStepContext.Step.READ, cache, null), origin);
	}

	@Override
	public Span wait(String cache, @Nullable Object origin) {
		return step(new CacheStepContext(CacheStepContext.Step.WAIT, cache, null), origin);
	}

	@Override
	public Span load(String cache, LoadKind kind, @Nullable Object origin) {
		return step(new CacheStepContext(CacheStepContext.Step.LOAD, cache, MeterNames.tag(kind)), origin);
	}

	private Span step(CacheStepContext context, @Nullable Object origin) {
		return begin(this.steps, STEP, context, origin, context::setOutcome, Runnable::run);
	}

	@Override
	public Span redis(RedisOperation operation, String command) {
		Object origin = current();
		if (origin == null) {
			return Span.NONE;
		}
		RedisOperationContext context = new RedisOperationContext(MeterNames.tag(operation), command, this.address);
		Origin instead = this.instead.get();
		if (instead == null || !instead.later()) {
			return begin(this.operations, OPERATION, context, origin, context::setOutcome, this::later);
		}
		Late late = new Late();
		later(() -> late.begun = begin(this.operations, OPERATION, context, origin, context::setOutcome,
				Runnable::run));
		return late;
	}

	private void later(Runnable end) {
		try {
			this.ending.execute(end);
		}
		catch (RejectedExecutionException ex) {
			// Too many, or closed.
		}
	}

	private <C extends Observation.Context> Span begin(@Nullable ObservationConvention<C> custom,
			ObservationConvention<C> standard, C context, @Nullable Object origin, Consumer<String> outcome,
			Consumer<Runnable> ending) {
		try {
			Observation observation = Observation.createNotStarted(custom, standard, () -> context, this.registry);
			if (observation.isNoop()) {
				return Span.NONE;
			}
			// Whatever is current on this thread.
			context.setParentObservation((origin instanceof Observation parent) ? parent : null);
			observation.start();
			return new Observed(observation, outcome, ending);
		}
		catch (Throwable ex) {
			failed(ex);
			return Span.NONE;
		}
	}

	private void failed(Throwable ex) {
		if (this.warned.compareAndSet(false, true)) {
			logger.warn("An ObservationHandler, or a convention, failed; further failures are not told", ex);
		}
	}

	/**
	 * End: nothing is observed any more.
	 */
	@Override
	public void close() {
		this.ending.shutdown();
	}

	/**
	 * What this thread does something for.
	 *
	 * @param later whether nobody who listens may run on it
	 */
	private record Origin(@Nullable Object of, boolean later) {

	}

	/**
	 * A step that is begun and ended on the thread that is there for it.
	 */
	private final class Late implements Span {

		/** Of that thread. */
		private Span begun = Span.NONE;

		@Override
		public void end(Enum<?> what, @Nullable Throwable failure) {
			later(() -> this.begun.end(what, failure));
		}

	}

	private final class Observed implements Span {

		private final Observation observation;

		private final Consumer<String> outcome;

		private final Consumer<Runnable> ending;

		Observed(Observation observation, Consumer<String> outcome, Consumer<Runnable> ending) {
			this.observation = observation;
			this.outcome = outcome;
			this.ending = ending;
		}

		@Override
		public Object origin() {
			return this.observation;
		}

		@Override
		public Runnable enter() {
			ObservationRegistry registry = ObservationTracer.this.registry;
			Observation.Scope before = registry.getCurrentObservationScope();
			Observation.Scope scope;
			try {
				scope = this.observation.openScope();
			}
			catch (Throwable ex) {
				registry.setCurrentObservationScope(before);
				failed(ex);
				return NOTHING;
			}
			AtomicBoolean closed = new AtomicBoolean();
			return () -> {
				if (closed.compareAndSet(false, true)) {
					try {
						scope.close();
					}
					catch (Throwable ex) {
						registry.setCurrentObservationScope(before);
						failed(ex);
					}
				}
			};
		}

		@Override
		public void end(Enum<?> what, @Nullable Throwable failure) {
			this.ending.accept(() -> {
				try {
					this.outcome.accept(MeterNames.tag(what));
					if (failure != null) {
						this.observation.error(failure);
					}
					this.observation.stop();
				}
				catch (Throwable ex) {
					failed(ex);
				}
			});
		}

	}

}
