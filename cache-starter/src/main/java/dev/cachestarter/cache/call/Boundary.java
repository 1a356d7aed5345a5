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
import reactor.util.context.Context;

/**
 * A border between Spring's part of a reactive call, which must find the call, and the
 * application's, which must not: each signal that crosses it changes sides.
 */
final class Boundary implements Publisher<Object> {

	private final Publisher<Object> source;

	private final @Nullable Call upstream;

	private final @Nullable Call downstream;

	@SuppressWarnings("unchecked")
	private Boundary(Publisher<?> source, @Nullable Call upstream, @Nullable Call downstream) {
		this.source = (Publisher<Object>) source;
		this.upstream = upstream;
		this.downstream = downstream;
	}

	/**
	 * Return what Spring makes of a call, for the application: what is above must find
	 * the call, and what is below must not.
	 */
	static Boundary outOf(Call call, Publisher<?> source) {
		return new Boundary(source, call, null);
	}

	/**
	 * Return what the application has made, for Spring: what is below must find the call,
	 * and what is above must not.
	 */
	static Boundary into(Call call, Publisher<?> source) {
		return new Boundary(source, null, call);
	}

	@Override
	public void subscribe(org.reactivestreams.Subscriber<? super Object> subscriber) {
		CoreSubscriber<Object> crossing = new CoreSubscriber<>() {

			@Override
			public Context currentContext() {
				return (subscriber instanceof CoreSubscriber<?> core) ? core.currentContext() : Context.empty();
			}

			@Override
			public void onSubscribe(Subscription subscription) {
				Call.run(Boundary.this.downstream, () -> subscriber.onSubscribe(new Subscription() {

					@Override
					public void request(long n) {
						Call.run(Boundary.this.upstream, () -> subscription.request(n));
					}

					@Override
					public void cancel() {
						Call.run(Boundary.this.upstream, subscription::cancel);
					}

				}));
			}

			@Override
			public void onNext(Object item) {
				Call.run(Boundary.this.downstream, () -> subscriber.onNext(item));
			}

			@Override
			public void onError(Throwable ex) {
				Call.run(Boundary.this.downstream, () -> subscriber.onError(ex));
			}

			@Override
			public void onComplete() {
				Call.run(Boundary.this.downstream, subscriber::onComplete);
			}

		};
		Call.run(this.upstream, () -> this.source.subscribe(crossing));
	}

}
