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

package dev.cachestarter.sample.measure;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Phaser;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

import dev.cachestarter.sample.live.AnswerTrace;

/**
 * Sends requests at a rate that is bounded, at random times as clients do, and does not
 * wait for one answer before it sends the next. How long a request takes counts from the
 * moment at which it was due: what waits behind others waits for its answer, too.
 * <p>
 * A request that finds no free caller when it is due is not sent, and counted as left
 * out.
 */
final class Drive implements AutoCloseable {

	private static final Log log = LogFactory.getLog(Drive.class);

	private static final int CALLERS = 100;

	private final URI address;

	private final Requests requests;

	private final int rate;

	private final SplittableRandom random;

	private final HttpClient client;

	private final ThreadPoolExecutor callers;

	Drive(URI address, Requests requests, Plan plan) {
		this.address = address;
		this.requests = requests;
		this.rate = plan.rate();
		this.random = new SplittableRandom(plan.seed());
		this.client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
		this.callers = new ThreadPoolExecutor(0, CALLERS, 10, TimeUnit.SECONDS, new SynchronousQueue<>(), (task) -> {
			Thread thread = new Thread(task, "measure-caller");
			thread.setDaemon(true);
			return thread;
		});
	}

	/**
	 * Send requests for a while, and return when all are answered. The next while goes on
	 * with the requests that come then.
	 */
	Answers run(Duration duration) {
		Answers answers = new Answers();
		Phaser underWay = new Phaser(1);
		long begin = System.nanoTime();
		double at = gap();
		while (at < duration.toNanos()) {
			Requests.Request request = this.requests.next(this.random.split());
			long due = begin + (long) at;
			for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
				LockSupport.parkNanos(left);
			}
			underWay.register();
			try {
				this.callers.execute(() -> {
					try {
						answers.add(request, send(request), System.nanoTime() - due);
					}
					finally {
						underWay.arriveAndDeregister();
					}
				});
			}
			catch (RejectedExecutionException ex) {
				underWay.arriveAndDeregister();
				answers.leftOut.increment();
			}
			at += gap();
		}
		underWay.arriveAndAwaitAdvance();
		return answers;
	}

	private double gap() {
		return -Math.log(1 - this.random.nextDouble()) * 1e9 / this.rate;
	}

	private Outcome send(Requests.Request request) {
		HttpRequest.Builder builder = HttpRequest.newBuilder(URI.create(this.address + request.path()))
			.header(AnswerTrace.HEADER, AnswerTrace.BRIEF)
			.timeout(Duration.ofSeconds(30));
		if (request.body() != null) {
			builder.header("Content-Type", "application/json")
				.method(request.method(), BodyPublishers.ofString(request.body()));
		}
		try {
			HttpResponse<byte[]> response = this.client.send(builder.build(), BodyHandlers.ofByteArray());
			if (response.statusCode() >= 300) {
				log.warn(request + " was answered by " + response.statusCode());
				return Outcome.FAILED;
			}
			return response.headers()
				.firstValue("Server-Timing")
				.filter((timing) -> !timing.contains(AnswerTrace.FROM_DATABASE))
				.map((timing) -> Outcome.HIT)
				.orElse(Outcome.MISS);
		}
		catch (IOException ex) {
			log.warn(request + " failed", ex);
			return Outcome.FAILED;
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			return Outcome.FAILED;
		}
	}

	@Override
	public void close() {
		this.callers.shutdownNow();
	}

	private enum Outcome {

		/** The cache answered, and the database was not asked. */
		HIT,

		MISS,

		FAILED

	}

	/**
	 * What came back.
	 */
	static final class Answers {

		private final ConcurrentLinkedQueue<Long> reads = new ConcurrentLinkedQueue<>();

		private final ConcurrentLinkedQueue<Long> hits = new ConcurrentLinkedQueue<>();

		private final LongAdder changes = new LongAdder();

		private final LongAdder failed = new LongAdder();

		private final LongAdder leftOut = new LongAdder();

		private void add(Requests.Request request, Outcome outcome, long nanos) {
			if (outcome == Outcome.FAILED) {
				this.failed.increment();
			}
			else if (!request.read()) {
				this.changes.increment();
			}
			else {
				this.reads.add(nanos);
				if (outcome == Outcome.HIT) {
					this.hits.add(nanos);
				}
			}
		}

		long[] reads() {
			return sorted(this.reads);
		}

		long[] hits() {
			return sorted(this.hits);
		}

		private static long[] sorted(ConcurrentLinkedQueue<Long> nanos) {
			return nanos.stream().mapToLong(Long::longValue).sorted().toArray();
		}

		long changes() {
			return this.changes.sum();
		}

		long failed() {
			return this.failed.sum();
		}

		long leftOut() {
			return this.leftOut.sum();
		}

	}

}
