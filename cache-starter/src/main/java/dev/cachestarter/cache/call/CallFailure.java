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
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

import org.jspecify.annotations.Nullable;

import dev.cachestarter.engine.load.Failures;

/**
 * What a method, or an expression of its annotations, has failed with, on its way through
 * Spring's interceptor.
 * <p>
 * In a reactive pipeline, and with {@code sync = true} in any asynchronous one, Spring
 * takes every {@link RuntimeException} for one of the cache: it tells the
 * {@link org.springframework.cache.interceptor.CacheErrorHandler}, which may log it and
 * evict the key, and calls the method again. Other exceptions it lets pass. So what is
 * the call's own passes as this one, and is taken out of it where it leaves Spring's
 * part.
 */
public final class CallFailure extends Exception {

	private static final int MAX_DEPTH = 20;

	private final Throwable failure;

	private CallFailure(Throwable failure) {
		super(null, failure, false, false);
		this.failure = failure;
	}

	/**
	 * Return what to hand to Spring for a failure of the call's own.
	 */
	static CallFailure of(Throwable failure) {
		return (failure instanceof CallFailure carried) ? carried : new CallFailure(failure);
	}

	/**
	 * Return what has failed, out of what it is carried in and what a future has wrapped
	 * that in. What is not carried is returned as it is.
	 */
	static Throwable original(Throwable ex) {
		return (Failures.original(ex) instanceof CallFailure carried) ? carried.failure : ex;
	}

	/**
	 * Hand a loader to a cache, and the cache's result to Spring. The cache gets what the
	 * loader throws as it is; what it hands on of that is carried past Spring.
	 * @param shared what else that the cache fails with is a method's failure: that of
	 * another call which this one has shared a load with
	 */
	public static <T> CompletableFuture<T> carry(Supplier<CompletableFuture<T>> loader, Predicate<Throwable> shared,
			Retrieval<T> retrieval) {
		Thrown thrown = new Thrown();
		CompletableFuture<T> retrieved = retrieval.retrieve(() -> linked(begin(loader), thrown::note));
		return linked(retrieved, (ex) -> {
			Throwable own = thrown.reasonOf(ex);
			return (own != null) ? of(own) : shared.test(ex) ? of(Failures.original(ex)) : ex;
		});
	}

	private static <T> CompletableFuture<T> begin(Supplier<CompletableFuture<T>> loader) {
		try {
			return loader.get();
		}
		catch (RuntimeException | Error ex) {
			return CompletableFuture.failedFuture(ex);
		}
	}

	/** Return a future that ends as another does, and is cancelled with it. */
	private static <T> CompletableFuture<T> linked(CompletableFuture<T> source, UnaryOperator<Throwable> failure) {
		CompletableFuture<T> result = new CompletableFuture<>();
		source.whenComplete((value, ex) -> {
			if (ex != null) {
				result.completeExceptionally(failure.apply(ex));
			}
			else {
				result.complete(value);
			}
		});
		result.whenComplete((value, ex) -> {
			if (result.isCancelled()) {
				source.cancel(true);
			}
		});
		return result;
	}

	/** What a loader has thrown. */
	private static final class Thrown {

		private volatile @Nullable Throwable noted;

		Throwable note(Throwable ex) {
			Throwable original = original(ex);
			this.noted = original;
			return original;
		}

		/** Return it if it is the reason for a failure, whatever it is wrapped in. */
		@Nullable Throwable reasonOf(Throwable ex) {
			Throwable original = this.noted;
			Throwable cause = ex;
			for (int depth = 0; original != null && cause != null && depth < MAX_DEPTH; depth++) {
				if (cause == original || cause == Failures.original(original)) {
					return original;
				}
				cause = cause.getCause();
			}
			return null;
		}

	}

	/**
	 * How a cache is asked.
	 *
	 * @param <T> the type of the value
	 */
	@FunctionalInterface
	public interface Retrieval<T> {

		/**
		 * Ask the cache.
		 * @param loader loads what it has not
		 */
		CompletableFuture<T> retrieve(Supplier<CompletableFuture<T>> loader);

	}

}
