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

package dev.cachestarter.engine.load;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

import io.netty.util.concurrent.FastThreadLocalThread;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import reactor.core.scheduler.NonBlocking;

/**
 * The threads on which an asynchronous call goes on when Redis has answered: decoding,
 * and code of the application's, neither of which may run on an event loop.
 *
 * <h2>What callers can rely on</h2>
 *
 * <p>
 * Nothing is refused and nothing is lost, also not after {@link #close()}. Nothing runs
 * on an event loop or on the timer. {@link #then} completes what depends on it in any
 * case, so that nobody waits for ever for a continuation that failed.
 *
 * <h2>How many threads</h2>
 *
 * <p>
 * A burst of replies must not be a burst of threads. So there are a few threads that
 * start freely, and a queue. But the application's code may block, even on another cached
 * call that goes on here as well: then all threads wait for tasks that are queued behind
 * them. So the queue is watched. If a task has waited for {@value #PATIENCE_MILLIS} ms,
 * the threads grow by a quarter, and again as long as tasks wait: slowly enough that a
 * burst of short tasks is over before it matters, quickly enough that blocked threads are
 * made up for within a second.
 * <p>
 * The growth has a bound: 256 threads blocked in the application's code are more than
 * what a database answers at a time. So that calls from outside cannot use all of them
 * and then wait for their own continuations, there are two queues. What was begun on
 * these threads ({@link #here()}) goes first, and a quarter of the threads is kept for
 * it. So nested calls come to an end however many calls wait outside, unless what is
 * nested blocks on all of its quarter, too; then calls wait until the application's code
 * returns.
 *
 * <h2>Without threads</h2>
 *
 * <p>
 * If the system has no thread left, the task is queued for the threads there are. If
 * there are none, it runs on the caller's thread where that may block; else it stays
 * queued, and a thread is tried for again and again.
 */
public final class Continuations implements Executor {

	private static final Log logger = LogFactory.getLog("dev.cachestarter");

	private static final long PATIENCE_MILLIS = 50;

	private static final long PATIENCE = TimeUnit.MILLISECONDS.toNanos(PATIENCE_MILLIS);

	private static final long KEPT = TimeUnit.SECONDS.toNanos(30);

	private final ScheduledExecutorService timer;

	private final Bounds bounds;

	private final Consumer<Thread> starter;

	private final AtomicInteger number = new AtomicInteger();

	private final Executor nested = (task) -> queue(task, Origin.HERE);

	private final Lock lock = new ReentrantLock();

	private final Condition work = this.lock.newCondition();

	// All guarded by the lock.

	private final Deque<Waiting> fromHere = new ArrayDeque<>();

	private final Deque<Waiting> fromOutside = new ArrayDeque<>();

	private int threads;

	private int idle;

	/** How many threads run a task from outside. */
	private int outside;

	private boolean watched;

	private boolean closed;

	/**
	 * Create threads.
	 * @param timer watches the queue
	 */
	public Continuations(ScheduledExecutorService timer) {
		this(timer, new Bounds(Math.max(16, 4 * Runtime.getRuntime().availableProcessors()), 192, 256), Thread::start);
	}

	Continuations(ScheduledExecutorService timer, Bounds bounds, Consumer<Thread> starter) {
		this.timer = timer;
		this.bounds = bounds;
		this.starter = starter;
	}

	/**
	 * Run something when a future has completed, and have it complete another. That one
	 * also completes, with the failure, if the body throws whatever it be, or if the
	 * executor fails to run it. A body that neither throws nor completes the result
	 * promises to complete it later.
	 * @param source the future that is waited for
	 * @param executor where the body runs, also if the source has completed already
	 * @param result what the body completes
	 */
	public static <T extends @Nullable Object, R extends @Nullable Object> CompletableFuture<R> then(
			CompletableFuture<T> source, Executor executor, CompletableFuture<R> result, Body<T, R> body) {
		CompletableFuture<@Nullable Object> run;
		try {
			run = source.handleAsync((value, failure) -> {
				body.run(value, failure, result);
				return null;
			}, executor);
		}
		catch (Throwable ex) {
			result.completeExceptionally(ex);
			return result;
		}
		run.whenComplete((done, failure) -> {
			if (failure != null) {
				Throwable cause = failure.getCause();
				result
					.completeExceptionally((failure instanceof CompletionException && cause != null) ? cause : failure);
			}
		});
		return result;
	}

	/**
	 * Run something on these threads when a future has completed.
	 * @return what the body completes; it completes in any case
	 * @see #then(CompletableFuture, Executor, CompletableFuture, Body)
	 */
	public <T extends @Nullable Object, R extends @Nullable Object> CompletableFuture<R> then(
			CompletableFuture<T> source, Body<T, R> body) {
		return then(source, here(), new CompletableFuture<>(), body);
	}

	/**
	 * Return the executor for what the calling thread begins. It is asked for when a
	 * continuation is registered, not when it is due: what was begun on one of these
	 * threads may be waited for by it, and goes first.
	 */
	public Executor here() {
		return (Thread.currentThread() instanceof Worker worker && worker.isOf(this)) ? this.nested : this;
	}

	/**
	 * Run a task, on one of the threads. Never throws.
	 */
	@Override
	public void execute(Runnable task) {
		queue(task, (here() != this) ? Origin.HERE : Origin.OUTSIDE);
	}

	private void queue(Runnable task, Origin origin) {
		Waiting waiting = new Waiting(task, System.nanoTime(), origin);
		boolean start;
		this.lock.lock();
		try {
			queueOf(origin).add(waiting);
			if (this.idle > 0) {
				this.work.signal();
			}
			start = queued() > this.idle && this.threads < (this.closed ? this.bounds.most() : this.bounds.free());
			if (start) {
				this.threads++;
			}
			else if (queued() > this.idle) {
				watch();
			}
		}
		finally {
			this.lock.unlock();
		}
		if (start && !start()) {
			rescue(waiting);
		}
	}

	private Deque<Waiting> queueOf(Origin origin) {
		return (origin == Origin.HERE) ? this.fromHere : this.fromOutside;
	}

	private int queued() {
		return this.fromHere.size() + this.fromOutside.size();
	}

	/** Start a thread that is counted already. */
	private boolean start() {
		try {
			this.starter.accept(new Worker(this, "cache-starter-" + this.number.incrementAndGet()));
			return true;
		}
		catch (Throwable ex) {
			this.lock.lock();
			try {
				this.threads--;
			}
			finally {
				this.lock.unlock();
			}
			return false;
		}
	}

	/** See to a task for which no thread could be had. */
	private void rescue(Waiting task) {
		boolean here = false;
		this.lock.lock();
		try {
			if (this.threads == 0 && mayBlock(Thread.currentThread())) {
				here = queueOf(task.origin()).remove(task);
			}
			else {
				watch();
			}
		}
		finally {
			this.lock.unlock();
		}
		if (here) {
			run(task.task());
		}
	}

	private static boolean mayBlock(Thread thread) {
		String name = thread.getName();
		return !(thread instanceof FastThreadLocalThread) && !(thread instanceof NonBlocking)
				&& !name.equals("cache-starter-timer") && !name.equals("cache-starter-link")
				&& !name.equals("CompletableFutureDelayScheduler");
	}

	/** Look after the queue a little later. With the lock. */
	private void watch() {
		if (this.watched) {
			return;
		}
		this.watched = true;
		try {
			this.timer.schedule(this::look, PATIENCE, TimeUnit.NANOSECONDS);
		}
		catch (RuntimeException ex) {
			// Closed. The delay is the JDK's own then, and so is the thread.
			CompletableFuture.delayedExecutor(PATIENCE, TimeUnit.NANOSECONDS, Runnable::run).execute(this::look);
		}
	}

	private void look() {
		int more = 0;
		this.lock.lock();
		try {
			this.watched = false;
			more = missing();
			this.threads += more;
			if (queued() > 0 && this.threads < this.bounds.most()) {
				watch();
			}
		}
		finally {
			this.lock.unlock();
		}
		start(more);
	}

	private void start(int count) {
		for (int i = 0; i < count; i++) {
			if (!start()) {
				this.lock.lock();
				try {
					this.threads -= count - i - 1;
					watch();
				}
				finally {
					this.lock.unlock();
				}
				return;
			}
		}
	}

	/** How many threads to add. With the lock. */
	private int missing() {
		if (queued() == 0) {
			return 0;
		}
		if (this.threads == 0) {
			return 1;
		}
		int most = isLate(this.fromHere) ? this.bounds.most()
				: isLate(this.fromOutside) ? this.bounds.outside() : this.threads;
		int quarter = Math.max(1, this.threads / 4);
		return Math.max(0, Math.min(Math.min(quarter, queued()), most - this.threads));
	}

	private static boolean isLate(Deque<Waiting> queue) {
		Waiting oldest = queue.peek();
		return oldest != null && System.nanoTime() - oldest.since() >= PATIENCE;
	}

	private @Nullable Waiting next() {
		this.lock.lock();
		try {
			long left = KEPT;
			while (true) {
				Waiting next = this.fromHere.poll();
				if (next == null && this.outside < this.bounds.outside()) {
					next = this.fromOutside.poll();
				}
				if (next != null) {
					this.outside += (next.origin() == Origin.OUTSIDE) ? 1 : 0;
					return next;
				}
				if (this.closed || left <= 0) {
					this.threads--;
					return null;
				}
				left = await(left);
			}
		}
		finally {
			this.lock.unlock();
		}
	}

	private long await(long nanos) {
		this.idle++;
		try {
			return this.work.awaitNanos(nanos);
		}
		catch (InterruptedException ex) {
			// Meant for the task that has just ended.
			return nanos;
		}
		finally {
			this.idle--;
		}
	}

	private void ended(Waiting task) {
		if (task.origin() == Origin.OUTSIDE) {
			this.lock.lock();
			try {
				this.outside--;
			}
			finally {
				this.lock.unlock();
			}
		}
	}

	private static void run(Runnable task) {
		try {
			task.run();
		}
		catch (Throwable ex) {
			logger.warn("What follows the answer of Redis failed", ex);
		}
	}

	/** Return how many threads there are. */
	int threads() {
		this.lock.lock();
		try {
			return this.threads;
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Keep no thread for longer than there are tasks. What is under way goes on, and what
	 * still comes is run: somebody waits for it.
	 */
	public void close() {
		int more;
		this.lock.lock();
		try {
			this.closed = true;
			// The timer may have been shut down with the look in it.
			this.watched = false;
			this.work.signalAll();
			more = Math.max(0, Math.min(queued() - this.idle, this.bounds.most() - this.threads));
			this.threads += more;
		}
		finally {
			this.lock.unlock();
		}
		start(more);
	}

	/**
	 * What is run when a future has completed.
	 *
	 * @param <T> what it is waited for
	 * @param <R> what is completed
	 */
	@FunctionalInterface
	public interface Body<T extends @Nullable Object, R extends @Nullable Object> {

		/**
		 * Go on.
		 * @param value the value, {@code null} if there was a failure
		 * @param failure the failure, {@code null} if there was none
		 * @param result what is to be completed
		 */
		void run(@Nullable T value, @Nullable Throwable failure, CompletableFuture<R> result);

	}

	/**
	 * How many threads there are at most.
	 *
	 * @param free so many start when there is a task for them
	 * @param outside so many run tasks that were not begun on these threads
	 * @param most so many altogether
	 */
	record Bounds(int free, int outside, int most) {

	}

	/** Where a task was begun. */
	private enum Origin {

		/** On one of these threads, which may wait for it. */
		HERE,

		/** On another thread. */
		OUTSIDE

	}

	/**
	 * A task in the queue.
	 *
	 * @param task the task
	 * @param since since when, in {@link System#nanoTime()}
	 * @param origin where it was begun
	 */
	private record Waiting(Runnable task, long since, Origin origin) {

		@Override
		public boolean equals(@Nullable Object other) {
			return this == other;
		}

		@Override
		public int hashCode() {
			return System.identityHashCode(this);
		}

	}

	private static final class Worker extends Thread {

		private final Continuations continuations;

		Worker(Continuations continuations, String name) {
			// What is bound to the thread that happens to need it first is nobody else's.
			super(null, null, name, 0, false);
			setDaemon(true);
			this.continuations = continuations;
		}

		boolean isOf(Continuations continuations) {
			return this.continuations == continuations;
		}

		@Override
		public void run() {
			Waiting task = this.continuations.next();
			while (task != null) {
				try {
					Continuations.run(task.task());
				}
				finally {
					this.continuations.ended(task);
				}
				Thread.interrupted();
				task = this.continuations.next();
			}
		}

	}

}
