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

import java.lang.reflect.Method;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ForkJoinPool;
import java.util.function.Predicate;
import java.util.function.Supplier;

import org.jspecify.annotations.NullUnmarked;
import org.jspecify.annotations.Nullable;

import org.springframework.cache.interceptor.CacheEvictOperation;
import org.springframework.cache.interceptor.CacheOperation;
import org.springframework.cache.interceptor.CacheOperationInvoker;
import org.springframework.cache.interceptor.CachePutOperation;
import org.springframework.cache.interceptor.CacheableOperation;

import dev.cachestarter.CacheSettings;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.load.Ask.Reload;
import dev.cachestarter.engine.load.Ask;
import dev.cachestarter.engine.load.Decision;
import dev.cachestarter.engine.load.Flight;
import dev.cachestarter.engine.load.Leading;
import dev.cachestarter.engine.load.Staged;
import dev.cachestarter.engine.load.Turns;
import dev.cachestarter.engine.monitor.CacheMonitor.LoadOutcome;
import dev.cachestarter.engine.monitor.Step;
import dev.cachestarter.engine.monitor.Tracer;
import dev.cachestarter.engine.redis.Budget;
import dev.cachestarter.engine.redis.Deadline.RedisWaitException;
import dev.cachestarter.engine.redis.Deadline;
import dev.cachestarter.engine.redis.RedisLink;

/**
 * One intercepted call: which keys it missed and leads ({@link Tickets}), what it may
 * still wait for Redis, and which writes it must not return before.
 * <p>
 * Spring's interceptor asks a cache for a key, runs the method and puts the result, and
 * these three know nothing of each other. The call is how they meet: the miss notes what
 * was observed, the wrapped invocation decides with {@link Turns} what to do about it,
 * and the put finds the lease. The call is bound to the thread while Spring's interceptor
 * works, and to the signals of what an asynchronous method returned; never while code of
 * the application's runs, so that what that does with caches is its own affair.
 * <p>
 * Leases are taken in the wrapped invocation and not by the miss, so that a mere look at
 * a cache leaves none.
 * <p>
 * The kinds of calls differ in how they wait for a decision and in how they call the
 * method.
 *
 * <h2>The way of a call</h2>
 *
 * <ol>
 * <li>{@code ContextualCacheInterceptor.execute}, which Spring's proxy comes to, creates
 * the call.</li>
 * <li>The call is started ({@code start()}, or on subscription {@code subscribe()}), and
 * {@link #proceed()} binds it to the thread.</li>
 * <li>{@link SpringSide#proceed} runs Spring's own interceptor. It asks our caches, which
 * {@linkplain #missed note misses}, and on a hit it returns.</li>
 * <li>On a miss it calls {@link #decideAndLoad()} in the place of the method, which
 * {@linkplain #decide decides} and, if that is the decision, runs the method.</li>
 * <li>Spring puts the result into our caches, which {@linkplain #claimTicket find the
 * ticket} and fill under its flight.</li>
 * <li>{@link #close()} releases what no put came for.</li>
 * </ol>
 *
 * <h2>Calls in the background</h2>
 *
 * <p>
 * To load an entry again that a call has found near its end, or has found stale, the
 * intercepted call is made once more on another thread, by a call that <em>reloads</em>:
 * it holds the claim on that entry from the beginning, and all its caches answer that
 * they have nothing. So {@code unless}, {@code condition} and several caches mean what
 * they mean to Spring. The keys are evaluated again too, and what they are made of may
 * have stayed on the caller's thread (a tenant, say). So the method runs only when the
 * cache was asked for the very key that is to be loaded.
 */
public abstract class Call {

	private static final ThreadLocal<@Nullable Call> CURRENT = new ThreadLocal<>();

	private final Intercepted intercepted;

	private final Tickets tickets = new Tickets();

	private final @Nullable Ticket reloaded;

	private volatile boolean confirmed;

	private volatile @Nullable CompletableFuture<Void> writes;

	private volatile @Nullable CallTags tags;

	private volatile @Nullable Deadline deadline;

	private volatile @Nullable Executor continuations;

	private volatile boolean hasOtherCaches;

	private volatile @Nullable Throwable failedExpression;

	/** What its steps belong to, once it is known. */
	private volatile @Nullable Origin origin;

	/**
	 * Create a call.
	 * @param reloaded what it loads again, {@code null} for a call of the application's
	 */
	Call(Intercepted intercepted, @Nullable Ticket reloaded) {
		this.intercepted = intercepted;
		this.reloaded = reloaded;
		if (reloaded != null) {
			this.tickets.hold(reloaded);
		}
	}

	// The kinds of calls

	/**
	 * What Spring's interceptor calls in the place of the method: decides about what was
	 * missed, and runs the method if that is the decision.
	 */
	public abstract @Nullable Object decideAndLoad();

	/** Whether the call returns before its work is done, so that nothing may block. */
	public abstract boolean isAsynchronous();

	/**
	 * Return where code of the application's runs on the way of this call.
	 * @param executor runs what must not run on an event loop
	 */
	public abstract Executor userCode(Executor executor);

	/**
	 * Return whether the call is in a transaction that is bound to no thread.
	 */
	public boolean isInTransaction() {
		return false;
	}

	/**
	 * Do something once more when the transaction that the call is in has committed.
	 * Without one, or with one that is bound to the thread, nothing is done.
	 * @param action starts it, and returns what completes when it is done
	 */
	public void afterCommit(Supplier<CompletableFuture<?>> action) {
	}

	/**
	 * Do all of the call's work in stages, for a method of many keys.
	 * @return what the method would return: for one of many results, those in the list
	 * that comes of the work
	 */
	public abstract @Nullable Object inStages(Staged<?> work);

	/**
	 * Call the method in such work, on this thread.
	 * @param method calls it
	 * @param leading what it is run for
	 * @param step the step that it is
	 * @return what it returns, when that is there; many results are a list
	 */
	public abstract CompletableFuture<?> load(Action<@Nullable Object, Throwable> method, @Nullable Leading leading,
			Step<LoadOutcome> step);

	/**
	 * Call the method in the place of such work, as if nothing was cached.
	 * @param method calls it
	 */
	public @Nullable Object passing(Action<@Nullable Object, Throwable> method) throws Throwable {
		return outside(method);
	}

	/** Return a copy of this call that loads an entry again in the background. */
	abstract Call copyForReload(Ticket ticket);

	/** Start a copy of a call, on whatever thread this is, and without a caller. */
	abstract CompletableFuture<?> reload();

	public Intercepted intercepted() {
		return this.intercepted;
	}

	/** Have Spring's interceptor make the call, with this call bound. */
	@Nullable Object proceed() {
		Call outer = bind(this);
		try {
			return this.intercepted.spring().proceed(this);
		}
		finally {
			bind(outer);
		}
	}

	// What is bound to a thread

	public static @Nullable Call current() {
		return CURRENT.get();
	}

	/**
	 * Bind a call, or none, to this thread.
	 * @return what was bound before, to be given to this method again
	 */
	public static @Nullable Call bind(@Nullable Call call) {
		Call before = CURRENT.get();
		if (call != null) {
			CURRENT.set(call);
		}
		else {
			CURRENT.remove();
		}
		return before;
	}

	public static void run(@Nullable Call call, Runnable action) {
		Call before = bind(call);
		try {
			action.run();
		}
		finally {
			bind(before);
		}
	}

	/**
	 * Run code of the application's: what it does with caches is no part of this call.
	 */
	public static <T extends @Nullable Object, X extends Throwable> T outside(Action<T, X> action) throws X {
		Call before = CURRENT.get();
		if (before == null) {
			return action.run();
		}
		// Whoever has bound the call removes it: the entry need not be made again.
		CURRENT.set(null);
		try {
			return action.run();
		}
		finally {
			CURRENT.set(before);
		}
	}

	// Loading again

	/**
	 * Return whether all caches are to answer that they have nothing.
	 */
	public boolean isReloading() {
		return this.reloaded != null;
	}

	/**
	 * Return the flight of the entry that is loaded again, if a cache was asked for it.
	 */
	public @Nullable Flight confirm(Object cache, StoredKey key) {
		Ticket ticket = this.reloaded;
		if (ticket == null || !ticket.isFor(cache, key)) {
			return null;
		}
		this.confirmed = true;
		return ticket.flight();
	}

	/**
	 * Give up if this call reloads, but not what it was asked for.
	 */
	public void checkConfirmed() {
		Ticket ticket = this.reloaded;
		if (ticket != null && !this.confirmed) {
			throw new IllegalStateException("In the background, the call asks cache '" + ticket.ask().key().cacheName()
					+ "' for another key than before, or for none: what the key or the condition is made of"
					+ " is not carried over from the thread of the call");
		}
	}

	/**
	 * Return how an entry of a cache is loaded again by making this call again.
	 * @return {@code null} if that would be more than loading
	 */
	public @Nullable Reload reload(Object cache, Turns turns) {
		return (this.reloaded == null && this.intercepted.isMereLoad())
				? (ask, flight) -> copyForReload(Ticket.reloading(cache, turns, ask, flight)).reload() : null;
	}

	// What is traced

	/**
	 * Return what the steps of this call belong to: what was current where it was made,
	 * which the first cache that it meets finds out. {@code null} for nothing.
	 */
	public @Nullable Object origin(Tracer tracer) {
		Origin known = this.origin;
		if (known == null) {
			known = new Origin(findOrigin(tracer));
			this.origin = known;
		}
		return known.of();
	}

	@Nullable Object findOrigin(Tracer tracer) {
		return tracer.current();
	}

	@Nullable Ticket firstMissed() {
		return this.tickets.firstMissed();
	}

	// What an expression throws

	/**
	 * Note that an expression of the method's annotations has failed: the caller will get
	 * what it threw, even if Spring loses it.
	 * @return what to throw for it
	 */
	public Throwable expressionFailed(Throwable failure) {
		if (this.failedExpression == null) {
			this.failedExpression = failure;
		}
		return failure;
	}

	/**
	 * Return whether what follows from the result, evaluated where nothing must be
	 * thrown, goes on as if it was not asked for when an expression has failed.
	 */
	public boolean goesOnAfterFailedExpression() {
		return false;
	}

	/** What the first expression that failed has thrown. */
	@Nullable Throwable failedExpression() {
		return this.failedExpression;
	}

	// What the caches tell

	/**
	 * Note that the method also has caches of which this call knows nothing.
	 */
	public void hasOtherCaches() {
		this.hasOtherCaches = true;
	}

	/**
	 * Say where the call goes on if it must not do so on an event loop; the first cache
	 * that it meets does.
	 */
	public void goesOnBy(Executor executor) {
		if (this.continuations == null) {
			this.continuations = executor;
		}
	}

	/**
	 * Return what this call may wait for a Redis: all its waits together, for whatever
	 * Redis, are bounded.
	 */
	public Deadline deadline(RedisLink link) {
		Deadline current = this.deadline;
		if (current == null) {
			current = new Deadline(link, new Budget(link.commandTimeout()));
			this.deadline = current;
		}
		return current.on(link);
	}

	/**
	 * Return where the call goes on that must not do so on an event loop. One that no
	 * cache of ours has met waits for no Redis of ours, and needs no better place than
	 * the common pool.
	 */
	Executor continuations() {
		Executor current = this.continuations;
		return (current != null) ? current : ForkJoinPool.commonPool();
	}

	/**
	 * Return whether the caller may fail with what another's loader threw. Failures of
	 * what is returned at once need not be declared.
	 */
	public Predicate<Throwable> declared() {
		return isAsynchronous() ? (failure) -> true : this.intercepted::declares;
	}

	/**
	 * Note a miss.
	 */
	public void missed(Object cache, Turns turns, Ask ask) {
		this.tickets.missed(cache, turns, ask);
	}

	public boolean knows(Object cache, StoredKey key) {
		return this.tickets.knows(cache, key);
	}

	/**
	 * Lease a key for a value that will be put whatever is there.
	 * @return completed when it is leased, or is known not to be
	 */
	public CompletableFuture<?> seize(Object cache, Turns turns, Ask ask) {
		return this.tickets.seize(cache, turns, ask);
	}

	/**
	 * Return the ticket for a put, if the call has one, and mark it as used.
	 */
	public @Nullable Ticket claimTicket(Object cache, StoredKey key) {
		return this.tickets.claim(cache, key);
	}

	/**
	 * Return how long what the method returned is kept, as its {@code @CacheTtl} says.
	 * @return {@code null} if nothing is said
	 */
	public @Nullable MethodTtl ttl() {
		return this.intercepted.spring().ttl(this);
	}

	/**
	 * Return what that says of a value. Runs code of the application's, which may throw
	 * anything.
	 * @return {@code null} if nothing is said
	 */
	public @Nullable Duration ttlOf(Object value) {
		MethodTtl ttl = ttl();
		Intercepted call = this.intercepted;
		return (ttl != null) ? ttl.of(value, call.target(), call.targetClass(), call.method(), call.args()) : null;
	}

	/**
	 * Return the tags of what the method stores.
	 */
	public CallTags tags() {
		CallTags known = this.tags;
		if (known == null) {
			MethodTags stated = this.intercepted.spring().tags(this);
			Intercepted call = this.intercepted;
			known = (stated == null) ? CallTags.NONE : new CallTags(
					(value) -> stated.of(value, call.target(), call.targetClass(), call.method(), call.args()));
			this.tags = known;
		}
		return known;
	}

	/**
	 * Have the call not return before a write is acknowledged.
	 */
	public void returnsAfter(CompletableFuture<?> write) {
		CompletableFuture<Void> settled = write.handle((result, ex) -> null);
		CompletableFuture<Void> before = this.writes;
		this.writes = (before == null) ? settled : CompletableFuture.allOf(before, settled);
	}

	/**
	 * Wait for a write, or have an asynchronous call not return before it; failures are
	 * seen to already.
	 * @return what came of it, {@code null} if that is not known yet
	 */
	public static <T> @Nullable T settle(@Nullable Call call, CompletableFuture<T> write, Deadline deadline) {
		if (call != null && call.isAsynchronous()) {
			call.returnsAfter(deadline.limit(write));
			return null;
		}
		try {
			return deadline.await(write);
		}
		catch (RedisWaitException ex) {
			return null;
		}
	}

	/**
	 * Return what completes when all writes so far are acknowledged, or have failed.
	 */
	CompletableFuture<Void> settled() {
		CompletableFuture<Void> current = this.writes;
		return (current != null) ? current : CompletableFuture.completedFuture(null);
	}

	// Deciding

	/**
	 * Decide about what was missed. What will be put is leased before, and what was to be
	 * evicted before the method is evicted then. What will be put or evicted under a key
	 * that cannot be made is a failure.
	 * @return the decision; never fails
	 */
	CompletableFuture<Decision> decide() {
		CompletableFuture<Void> evictions = settled();
		CompletableFuture<Decision> decided = evictions.isDone() ? prepareAndDecide()
				: evictions.thenComposeAsync((done) -> prepareAndDecide(), userCode(continuations()));
		return decided.exceptionally((ex) -> new Decision.Load(null));
	}

	private CompletableFuture<Decision> prepareAndDecide() {
		List<CompletableFuture<?>> before = new ArrayList<>();
		boolean others = isAsynchronous() && this.tickets.firstMissed() != null;
		SpringSide spring = this.intercepted.spring();
		try {
			for (CacheOperation operation : this.intercepted.operations()) {
				if (operation instanceof CachePutOperation put) {
					spring.seize(this, put, before);
				}
				else if (operation instanceof CacheEvictOperation eviction) {
					spring.checkKey(this, eviction);
				}
				else if (others && operation instanceof CacheableOperation cacheable) {
					spring.missOthers(this, cacheable, before);
				}
			}
		}
		catch (IllegalArgumentException ex) {
			// What has no key is told before the method has changed anything.
			return CompletableFuture.completedFuture(new Decision.Failure(ex));
		}
		return before.isEmpty() ? decideOnTickets() : CompletableFuture.allOf(before.toArray(CompletableFuture[]::new))
			.thenComposeAsync((done) -> decideOnTickets(), userCode(continuations()));
	}

	private CompletableFuture<Decision> decideOnTickets() {
		return this.intercepted.hasPuts() ? this.tickets.leaseAll() : this.tickets.decide();
	}

	/**
	 * The settings of the first cache that was missed, {@code null} if none of ours was.
	 */
	@Nullable CacheSettings settings() {
		Ticket first = this.tickets.firstMissed();
		return (first != null) ? first.ask().entries().settings() : null;
	}

	/**
	 * Return whether a load is of use that the caller does not wait for any more: it can
	 * be stored, or others wait for it.
	 */
	boolean isLoadOfUse() {
		return this.tickets.isLoadOfUse() || this.hasOtherCaches;
	}

	/**
	 * Return what the method is run for: the flights of this call, and those whose
	 * loaders have made it. So a method that asks for its own keys does not wait for
	 * itself.
	 */
	@Nullable Leading loadsFor() {
		return this.tickets.loadsFor();
	}

	/**
	 * Keep the method's result for those who share the loads of this call.
	 */
	void loaded(@Nullable Object value) {
		this.tickets.loaded(value);
	}

	/**
	 * Decide what comes of the method's failure, which those get who share the loads of
	 * this call. Those who wait for a put of it do not: they load.
	 * @return a value that serves, or the failure; never fails
	 */
	CompletableFuture<Decision> failed(Throwable failure) {
		return this.tickets.failed(failure);
	}

	// The end

	/**
	 * Return what completes when the caller goes on without the call, which only one that
	 * gets a future can.
	 */
	public CompletableFuture<@Nullable Void> cancelled() {
		return new CompletableFuture<>();
	}

	/** The caller has gone on without the call: it ends, but for what others wait for. */
	void cancel() {
		this.tickets.cancel();
	}

	/**
	 * End the call: give back the leases that no fill came of, those that are still to
	 * come included.
	 */
	void close() {
		this.tickets.close();
	}

	/**
	 * Code of the application's.
	 *
	 * @param <T> what it returns
	 * @param <X> what it throws
	 */
	@NullUnmarked
	@FunctionalInterface
	public interface Action<T extends @Nullable Object, X extends Throwable> {

		T run() throws X;

	}

	private record Origin(@Nullable Object of) {

	}

	/**
	 * Spring's part of a call.
	 */
	public interface SpringSide {

		/**
		 * Make the call as Spring does, with {@link Call#decideAndLoad()} in the place of
		 * the method.
		 */
		@Nullable Object proceed(Call call);

		/**
		 * Lease the keys of a {@code @CachePut} before its method runs, if they can be
		 * told without it.
		 * @param seized is added what completes when they are leased
		 * @throws IllegalArgumentException if no key can be made of what the expression
		 * or the arguments give
		 */
		void seize(Call call, CachePutOperation operation, List<CompletableFuture<?>> seized);

		/**
		 * Look, before the method runs, whether the key of an eviction after it can be
		 * made, if it can be told without the result.
		 * @throws IllegalArgumentException if no key can be made of what the expression
		 * or the arguments give
		 */
		void checkKey(Call call, CacheEvictOperation operation);

		/**
		 * Look at the caches of an asynchronous method that Spring has not asked.
		 * @param missed is added what completes when that is done
		 */
		void missOthers(Call call, CacheableOperation operation, List<CompletableFuture<?>> missed);

		/**
		 * Return the time to live that is stated on the method.
		 * @return {@code null} if there is none
		 */
		@Nullable MethodTtl ttl(Call call);

		/**
		 * Return the tags that are stated on the method.
		 * @return {@code null} if there are none
		 */
		@Nullable MethodTags tags(Call call);

	}

	/**
	 * What is called, and how.
	 *
	 * @param spring Spring's part
	 * @param invoker calls the method
	 * @param operations what its annotations say
	 */
	public record Intercepted(SpringSide spring, CacheOperationInvoker invoker, Collection<CacheOperation> operations,
			Object target, Class<?> targetClass, Method method, @Nullable Object[] args) {

		/** Whether making the call again does no more than load. */
		boolean isMereLoad() {
			for (CacheOperation operation : this.operations) {
				if (!(operation instanceof CacheableOperation)) {
					return false;
				}
			}
			return true;
		}

		boolean hasPuts() {
			for (CacheOperation operation : this.operations) {
				if (operation instanceof CachePutOperation) {
					return true;
				}
			}
			return false;
		}

		boolean isSynchronized() {
			for (CacheOperation operation : this.operations) {
				if (operation instanceof CacheableOperation cacheable && cacheable.isSync()) {
					return true;
				}
			}
			return false;
		}

		private boolean declares(Throwable failure) {
			if (failure instanceof RuntimeException || failure instanceof Error) {
				return true;
			}
			for (Class<?> declared : this.method.getExceptionTypes()) {
				if (declared.isInstance(failure)) {
					return true;
				}
			}
			return false;
		}

	}

}
