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

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The thread of a blocking call, as an executor: while it waits for a future it runs what
 * the way to that future needs run. So code of the application's runs on the caller's own
 * thread, in its transaction and with its thread locals, and no other thread is woken.
 * <p>
 * {@link #await} is for that one thread. What comes between two waits is run in the next;
 * what comes after {@link #close()} goes to another executor.
 */
public final class CallerThread implements Executor {

	/** What is decided for one who cannot wait: to load, without a flight. */
	public static final Decision INTERRUPTED = new Decision.Load(null);

	private static final Runnable WAKE_UP = () -> {
	};

	private final BlockingQueue<Runnable> tasks = new LinkedBlockingQueue<>();

	private final ReentrantLock lock = new ReentrantLock();

	private final Executor afterwards;

	private boolean closed;

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
		try {
			if (!decision.isDone()) {
				decision.whenComplete((decided, ex) -> this.tasks.add(WAKE_UP));
			}
			while (!decision.isDone()) {
				this.tasks.take().run();
			}
			return decision.join();
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			close();
			decision.thenAccept((late) -> {
				if (late instanceof Decision.Load load && load.flight() != null) {
					load.flight().release();
				}
			});
			return INTERRUPTED;
		}
	}

	@Override
	public void execute(Runnable task) {
		this.lock.lock();
		try {
			if (!this.closed) {
				this.tasks.add(task);
				return;
			}
		}
		finally {
			this.lock.unlock();
		}
		this.afterwards.execute(task);
	}

	/**
	 * Wait no more: whatever is left, and comes yet, runs elsewhere.
	 */
	public void close() {
		this.lock.lock();
		try {
			this.closed = true;
		}
		finally {
			this.lock.unlock();
		}
		for (Runnable task = this.tasks.poll(); task != null; task = this.tasks.poll()) {
			if (task != WAKE_UP) {
				this.afterwards.execute(task);
			}
		}
	}

}
