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

import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.Exceptions;
import reactor.core.publisher.Operators;
import reactor.util.context.Context;

import dev.cachestarter.engine.load.Leading;
import dev.cachestarter.engine.monitor.Step;

/**
 * What a method returned, subscribed to as what it is: a load. What it does on the
 * subscribing thread may be a blocking call, which sees no context. And an error that
 * Reactor takes for fatal it throws and hands to nobody: on a thread of ours it would be
 * lost, and the caller wait for ever. So it goes on as the cause of another.
 */
record Loading(Publisher<Object> source, @Nullable Leading leading, Step<?> step) implements Publisher<Object> {

	@Override
	public void subscribe(org.reactivestreams.Subscriber<? super Object> subscriber) {
		Watched watched = new Watched(subscriber);
		Runnable leave = Leading.enter(this.leading);
		Runnable exit = this.step.enter();
		try {
			this.source.subscribe(watched);
		}
		catch (RuntimeException | Error ex) {
			if (watched.ended || ex == watched.thrown) {
				throw ex;
			}
			watched.fail(ex);
		}
		finally {
			exit.run();
			leave.run();
		}
	}

	private static Throwable handedOn(Throwable ex) {
		return Exceptions.isFatal(ex) ? new IllegalStateException("The method failed with " + ex, ex) : ex;
	}

	/** Knows how far its subscriber has got. */
	private static final class Watched implements CoreSubscriber<Object> {

		private final org.reactivestreams.Subscriber<? super Object> subscriber;

		private boolean begun;

		private boolean ended;

		/** What the subscriber itself threw. */
		private @Nullable Throwable thrown;

		Watched(org.reactivestreams.Subscriber<? super Object> subscriber) {
			this.subscriber = subscriber;
		}

		@Override
		public Context currentContext() {
			return (this.subscriber instanceof CoreSubscriber<?> core) ? core.currentContext() : Context.empty();
		}

		@Override
		public void onSubscribe(Subscription subscription) {
			this.begun = true;
			this.subscriber.onSubscribe(subscription);
		}

		@Override
		public void onNext(Object item) {
			try {
				this.subscriber.onNext(item);
			}
			catch (RuntimeException | Error ex) {
				this.thrown = ex;
				throw ex;
			}
		}

		@Override
		public void onError(Throwable ex) {
			this.ended = true;
			this.subscriber.onError(handedOn(ex));
		}

		@Override
		public void onComplete() {
			this.ended = true;
			this.subscriber.onComplete();
		}

		void fail(Throwable ex) {
			if (!this.begun) {
				Operators.error(this.subscriber, handedOn(ex));
			}
			else {
				onError(ex);
			}
		}

	}

}
