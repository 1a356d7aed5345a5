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

package dev.cachestarter.sample.live;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import org.springframework.beans.factory.DisposableBean;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.context.event.ContextClosedEvent;
import org.springframework.context.event.EventListener;
import org.springframework.http.MediaType;
import org.springframework.stereotype.Component;
import org.springframework.web.servlet.mvc.method.annotation.SseEmitter;

/**
 * Sends a {@link Tick} a second to whoever listens: the last minutes first, then each as
 * it is made. Of subscribers there are at most {@value #MOST}, and one that does not read
 * is left behind and then given up: nobody waits for it.
 */
@Component
final class LiveFeed implements DisposableBean {

	static final int MOST = 16;

	private static final Log log = LogFactory.getLog(LiveFeed.class);

	private static final int KEPT = 180;

	private static final int MOST_BEHIND = 30;

	private final Ticker ticker;

	private final ScheduledExecutorService clock = Executors
		.newSingleThreadScheduledExecutor((task) -> Load.daemon(task, "live-clock"));

	private final ExecutorService senders = Executors.newCachedThreadPool((task) -> Load.daemon(task, "live-sender"));

	private final Set<Subscriber> subscribers = ConcurrentHashMap.newKeySet();

	private final Deque<Tick> kept = new ArrayDeque<>();

	private boolean closed;

	LiveFeed(Ticker ticker) {
		this.ticker = ticker;
	}

	@EventListener
	void onReady(ApplicationReadyEvent event) {
		this.clock.scheduleAtFixedRate(this::tick, 1, 1, TimeUnit.SECONDS);
	}

	private void tick() {
		try {
			Tick tick = this.ticker.next();
			synchronized (this) {
				this.kept.addLast(tick);
				if (this.kept.size() > KEPT) {
					this.kept.removeFirst();
				}
				this.subscribers.forEach((subscriber) -> subscriber.offer(tick));
			}
		}
		catch (RuntimeException ex) {
			log.warn("A second was left out", ex);
		}
	}

	/**
	 * Return a stream for one more subscriber.
	 * @return the stream, {@code null} if there are enough
	 */
	synchronized @Nullable SseEmitter subscribe() {
		if (this.closed || this.subscribers.size() >= MOST) {
			return null;
		}
		Subscriber subscriber = new Subscriber();
		this.subscribers.add(subscriber);
		subscriber.send("history", new ArrayList<>(this.kept));
		return subscriber.emitter;
	}

	/** Return the names of the caches that are switched off. */
	List<String> switchedOff() {
		return this.ticker.switchedOff();
	}

	int subscribers() {
		return this.subscribers.size();
	}

	/**
	 * End all streams: a server that ends waits for its requests.
	 */
	@EventListener
	void onClosed(ContextClosedEvent event) {
		List<Subscriber> last;
		synchronized (this) {
			this.closed = true;
			last = List.copyOf(this.subscribers);
		}
		last.forEach(Subscriber::end);
	}

	@Override
	public void destroy() {
		this.clock.shutdownNow();
		this.senders.shutdownNow();
	}

	/**
	 * One that listens.
	 */
	private final class Subscriber {

		// No timeout: the page is left open all day.
		private final SseEmitter emitter = new SseEmitter(0L);

		/** How many seconds it has not taken yet. */
		private final AtomicInteger behind = new AtomicInteger();

		Subscriber() {
			this.emitter.onCompletion(this::forget);
			this.emitter.onError((ex) -> forget());
			this.emitter.onTimeout(this::forget);
		}

		void offer(Tick tick) {
			if (this.behind.get() == 0) {
				send("tick", tick);
			}
			else if (this.behind.incrementAndGet() > MOST_BEHIND) {
				end();
			}
		}

		void send(String name, Object data) {
			this.behind.set(1);
			LiveFeed.this.senders.execute(() -> {
				try {
					this.emitter.send(SseEmitter.event().name(name).data(data, MediaType.APPLICATION_JSON));
					this.behind.set(0);
				}
				catch (IOException | IllegalStateException ex) {
					// Gone, which the container tells too.
					forget();
				}
			});
		}

		void end() {
			forget();
			LiveFeed.this.senders.execute(this.emitter::complete);
		}

		private void forget() {
			LiveFeed.this.subscribers.remove(this);
		}

	}

}
