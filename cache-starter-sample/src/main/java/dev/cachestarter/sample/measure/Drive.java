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
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.Proxy;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import java.util.stream.Collectors;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import dev.cachestarter.sample.live.AnswerTrace;

/**
 * Sends requests at a rate that is bounded, at random times as clients do, and does not
 * wait for one answer before the next is due. How long a request takes counts from the
 * moment at which it was due: what waits behind others has that in its time, also if it
 * waits for a free caller.
 * <p>
 * Each caller is a thread that takes the next request, waits until it is due, writes it
 * and reads the answer. No other thread takes part, which would have to wait for a
 * processor, too: the client is not what is measured.
 */
final class Drive {

	private static final Log log = LogFactory.getLog(Drive.class);

	private static final int CALLERS = 50;

	/** As many as keep all processors busy, and no more. */
	private static final int WARMING_CALLERS = 2 * Runtime.getRuntime().availableProcessors();

	private static final Duration LONGEST = Duration.ofSeconds(30);

	static {
		// The client of the JDK keeps five connections open otherwise, and makes new ones
		// for more callers.
		System.setProperty("http.maxConnections", Integer.toString(CALLERS));
	}

	private final URI address;

	private final Requests requests;

	private final int rate;

	private final SplittableRandom random;

	private int drawn;

	Drive(URI address, Requests requests, Plan plan) {
		this.address = address;
		this.requests = requests;
		this.rate = plan.rate();
		this.random = new SplittableRandom(plan.seed());
	}

	/**
	 * Send requests as fast as they are answered, other ones than those that count.
	 */
	static void warmUp(URI address, Requests requests, Plan plan) {
		SplittableRandom random = new SplittableRandom(plan.seed() + 1);
		long end = System.nanoTime() + plan.warmUp().toNanos();
		call(WARMING_CALLERS, () -> {
			do {
				SplittableRandom own;
				synchronized (random) {
					own = random.split();
				}
				send(address, requests.next(own));
			}
			while (System.nanoTime() - end < 0);
		});
	}

	/**
	 * Draw the requests of a while, and send none of them.
	 */
	void skip(Duration duration) {
		Schedule schedule = new Schedule(System.nanoTime(), duration);
		while (schedule.next() != null) {
			continue;
		}
	}

	/**
	 * Send requests for a while, and return when all are answered. The next while goes on
	 * with the requests that come then.
	 */
	Answers run(Duration duration) {
		Schedule schedule = new Schedule(System.nanoTime(), duration);
		Queue<Answer> answers = new ConcurrentLinkedQueue<>();
		call(CALLERS, () -> {
			for (Due due = schedule.next(); due != null; due = schedule.next()) {
				for (long left = due.at() - System.nanoTime(); left > 0; left = due.at() - System.nanoTime()) {
					LockSupport.parkNanos(left);
				}
				Outcome outcome = send(this.address, due.request());
				answers.add(new Answer(due.number(), due.request().read(), outcome, System.nanoTime() - due.at()));
			}
		});
		return new Answers(List.copyOf(answers));
	}

	private static void call(int callers, Runnable task) {
		List<Thread> threads = new ArrayList<>();
		for (int i = 0; i < callers; i++) {
			Thread thread = new Thread(task, "measure-caller-" + i);
			thread.setDaemon(true);
			threads.add(thread);
			thread.start();
		}
		try {
			for (Thread thread : threads) {
				thread.join();
			}
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			throw new IllegalStateException("Measuring was interrupted", ex);
		}
	}

	private static Outcome send(URI address, Requests.Request request) {
		try {
			HttpURLConnection connection = (HttpURLConnection) URI.create(address + request.path())
				.toURL()
				.openConnection(Proxy.NO_PROXY);
			connection.setConnectTimeout((int) LONGEST.toMillis());
			connection.setReadTimeout((int) LONGEST.toMillis());
			connection.setRequestMethod(request.method());
			connection.setRequestProperty(AnswerTrace.HEADER, AnswerTrace.BRIEF);
			if (request.body() != null) {
				byte[] body = request.body().getBytes(StandardCharsets.UTF_8);
				connection.setRequestProperty("Content-Type", "application/json");
				connection.setDoOutput(true);
				connection.setFixedLengthStreamingMode(body.length);
				try (OutputStream out = connection.getOutputStream()) {
					out.write(body);
				}
			}
			int status = connection.getResponseCode();
			try (InputStream in = (status < 400) ? connection.getInputStream() : connection.getErrorStream()) {
				if (in != null) {
					in.readAllBytes();
				}
			}
			if (status >= 300) {
				log.warn(request + " was answered by " + status);
				return Outcome.FAILED;
			}
			String timing = connection.getHeaderField("Server-Timing");
			return (timing == null || timing.contains(AnswerTrace.FROM_DATABASE)) ? Outcome.MISS : Outcome.HIT;
		}
		catch (IOException ex) {
			log.warn(request + " failed", ex);
			return Outcome.FAILED;
		}
	}

	/**
	 * The requests of a while, each with the moment at which it is due.
	 */
	private final class Schedule {

		private final long begin;

		private final long length;

		private double at;

		Schedule(long begin, Duration duration) {
			this.begin = begin;
			this.length = duration.toNanos();
			this.at = gap();
		}

		synchronized @Nullable Due next() {
			if (this.at >= this.length) {
				return null;
			}
			Due due = new Due(Drive.this.drawn++, Drive.this.requests.next(Drive.this.random.split()),
					this.begin + (long) this.at);
			this.at += gap();
			return due;
		}

		private double gap() {
			return -Math.log(1 - Drive.this.random.nextDouble()) * 1e9 / Drive.this.rate;
		}

	}

	private record Due(int number, Requests.Request request, long at) {

	}

	private record Answer(int number, boolean read, Outcome outcome, long nanos) {

		boolean isRead() {
			return this.read && this.outcome != Outcome.FAILED;
		}

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

		private final List<Answer> answers;

		private Answers(List<Answer> answers) {
			this.answers = answers;
		}

		/**
		 * Return how long each read took, the shortest first.
		 */
		long[] reads() {
			return times(Answer::isRead);
		}

		/**
		 * Return how long each of some reads took, the shortest first.
		 */
		long[] reads(Set<Integer> numbers) {
			return times((answer) -> answer.isRead() && numbers.contains(answer.number()));
		}

		private long[] times(Predicate<Answer> which) {
			return this.answers.stream().filter(which).mapToLong(Answer::nanos).sorted().toArray();
		}

		/**
		 * Return the numbers of the reads that the cache answered.
		 */
		Set<Integer> hits() {
			return this.answers.stream()
				.filter((answer) -> answer.isRead() && answer.outcome() == Outcome.HIT)
				.map(Answer::number)
				.collect(Collectors.toSet());
		}

		long changes() {
			return this.answers.stream()
				.filter((answer) -> !answer.read() && answer.outcome() != Outcome.FAILED)
				.count();
		}

		long failed() {
			return this.answers.stream().filter((answer) -> answer.outcome() == Outcome.FAILED).count();
		}

	}

}
