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

import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ForkJoinPool.ManagedBlocker;
import java.util.concurrent.locks.LockSupport;

import org.jspecify.annotations.Nullable;

/**
 * The thread of a blocking call, as an executor: while it waits for a future it runs what
 * the way to that future needs run. So code of the application's runs on the caller's own
 * thread, in its transaction and with its thread locals, and no other thread is woken.
 * <p>
 * {@link #await} is for that one thread. What comes between two waits is run in the next;
 * what comes after {@link #close()} goes to another executor.
 * <p>
 * There is no lock in it: an event loop that wakes its caller is often put aside for that
 * very caller, which would then have to wait for a lock that the loop still holds.
 */
public final class CallerThread implements Executor {

	/** What is decided for one who cannot wait: to load, without a flight. */
	public static final Decision INTERRUPTED = new Decision.Load(null);

	private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();

	private final Executor afterwards;

	/** Who waits here, once it has. */
	private volatile @Nullable Thread waiter;

	private volatile boolean closed;

	/**
	 * Create one for the calling thread.
	 * @param afterwards runs what comes when nobody waits here any more
	 */
	public CallerThread(Executor afterwards) {
		this.afterwards = afterwards;
	}

	/**
	 * Wait for a decision, all of whose own waits are bounded.
	 * @param decision the decision
	 * @return the same; {@link #INTERRUPTED} if the thread is interrupted, with the
	 * interrupt flag kept: then nothing is run here any more, and a flight that comes
	 * later is released
	 */
	public Decision await(CompletableFuture<Decision> decision) {
		awaitDone(decision);
		return decided(decision);
	}

	/**
	 * Wait for something, all of whose own waits are bounded.
	 * @return whether it is done; not if the thread is interrupted, with the interrupt
	 * flag kept: then nothing is run here any more
	 */
	public boolean awaitDone(CompletableFuture<?> future) {
		try {
			if (!future.isDone()) {
				this.waiter = Thread.currentThread();
				future.whenComplete((done, ex) -> wake());
			}
			Waiting waiting = new Waiting(future);
			while (!future.isDone()) {
				if (Thread.interrupted()) {
					throw new InterruptedException();
				}
				ForkJoinPool.managedBlock(waiting);
				Runnable task = this.tasks.poll();
				if (task != null) {
					task.run();
				}
			}
			return true;
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			close();
			return false;
		}
	}

	/**
	 * Return what was decided.
	 * @return {@link #INTERRUPTED} if nothing is yet; a flight that comes later is
	 * released
	 */
	public static Decision decided(CompletableFuture<Decision> decision) {
		if (decision.isDone()) {
			return decision.join();
		}
		decision.thenAccept((late) -> {
			if (late instanceof Decision.Load load && load.flight() != null) {
				load.flight().release();
			}
		});
		return INTERRUPTED;
	}

	@Override
	public void execute(Runnable task) {
		this.tasks.add(task);
		wake();
		if (this.closed) {
			runElsewhere();
		}
	}

	private void wake() {
		Thread thread = this.waiter;
		if (thread != null && thread != Thread.currentThread()) {
			LockSupport.unpark(thread);
		}
	}

	/**
	 * Wait no more: whatever is left, and comes yet, runs elsewhere.
	 */
	public void close() {
		this.closed = true;
		runElsewhere();
	}

	/** Who closes and who brings a task meanwhile both look: none is left behind. */
	private void runElsewhere() {
		for (Runnable task = this.tasks.poll(); task != null; task = this.tasks.poll()) {
			this.afterwards.execute(task);
		}
	}

	/**
	 * Waits for what is to be done or a task: a pool whose thread this is may have
	 * another work meanwhile.
	 */
	private final class Waiting implements ManagedBlocker {

		private final CompletableFuture<?> future;

		Waiting(CompletableFuture<?> future) {
			this.future = future;
		}

		@Override
		public boolean block() throws InterruptedException {
			if (Thread.interrupted()) {
				throw new InterruptedException();
			}
			if (!isReleasable()) {
				LockSupport.park(this);
			}
			return isReleasable();
		}

		@Override
		public boolean isReleasable() {
			return this.future.isDone() || !CallerThread.this.tasks.isEmpty();
		}

	}

}
