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

package dev.cachestarter.benchmark.figure;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;

import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.api.StatefulRedisConnection;

import dev.cachestarter.benchmark.Figure;
import dev.cachestarter.benchmark.Lab;
import dev.cachestarter.benchmark.Report;
import dev.cachestarter.benchmark.Sample;
import dev.cachestarter.benchmark.Table;
import dev.cachestarter.benchmark.WorkerJvm;
import dev.cachestarter.benchmark.peer.Peer;

/**
 * How long it takes to evict a tenant's pages among many other keys, and how long another
 * client of the server waits for an answer meanwhile. The starter removes the evicted
 * entries later, so it is watched until they are gone. The peers are not measured in
 * turn: the starter's sweeps would run while the other is measured.
 */
final class EvictionFigure implements Figure {

	private static final int PAGES = 100;

	private static final int PORTION = 5_000;

	/** Entries of other tenants, a hundred for each, with the header of a real one. */
	private static final String FILL = """
			local value = redis.call('GETRANGE', KEYS[1], 0, 147) .. '[]'
			for i = tonumber(ARGV[2]), tonumber(ARGV[3]) do
				redis.call('SET', ARGV[1] .. math.floor(i / 100) .. ARGV[4] .. i, value, 'PX', 3600000)
			end
			""";

	@Override
	public String name() {
		return "evictions";
	}

	@Override
	public String title() {
		return "Evicting " + PAGES + " pages of a tenant";
	}

	@Override
	public Report measure(Lab lab) throws IOException, InterruptedException {
		Table table = new Table("Evicting " + PAGES + " pages of a tenant among other keys", "keys", "", "time (ms)",
				"another client waited at most (ms): while evicting", "until all was removed",
				"for as long when nothing happened", "removed after (s)");
		Report report = new Report().table(table);
		List<Eviction> evictions = new ArrayList<>();
		lab.workers(List.of(Peer.STARTER, Peer.SPRING));
		for (Peer peer : List.of(Peer.STARTER, Peer.SPRING)) {
			lab.flush();
			try (StatefulRedisConnection<String, String> redis = lab.connect(peer)) {
				// One tenant over and over, so that there is next to nothing to be
				// removed.
				lab.worker(peer).call(Long.class, "evict-for", "warm-up", lab.choose(3000, 1500));
				int filled = 0;
				for (int keys : lab.isBrief() ? List.of(10_000) : List.of(10_000, 100_000, 1_000_000)) {
					fill(lab.worker(peer), redis, peer, filled, keys);
					filled = keys;
					Eviction eviction = measure(lab, peer, redis, keys);
					row(table, report, eviction);
					evictions.add(eviction);
				}
			}
		}
		lab.flush();
		goals(report, evictions);
		return report
			.remark("Medians of " + rounds(lab) + " evictions, quartiles in parentheses, after "
					+ lab.choose(3000, 1500) / 1000.0
					+ " s of evictions that are not counted. The other client asks for a key every half millisecond.")
			.remark("Spring has no command for this; what is measured is SCAN and UNLINK by hand, which removes at once. "
					+ "JetCache and Redisson have none either.");
	}

	private static void goals(Report report, List<Eviction> evictions) {
		List<Eviction> own = evictions.stream().filter((eviction) -> eviction.peer() == Peer.STARTER).toList();
		Eviction largest = own.get(own.size() - 1);
		Eviction byHand = evictions.get(evictions.size() - 1);
		report.goal(PAGES + " pages of a tenant evicted among " + keys(own),
				own.stream()
					.map((eviction) -> Sample.number(eviction.millis().median()))
					.collect(Collectors.joining(" / ")) + " ms; another client waited at most "
						+ Sample.number(own.stream().mapToDouble(Eviction::sweeping).max().orElse(0))
						+ " ms, the sweep included, and "
						+ Sample.number(own.stream().mapToDouble(Eviction::idle).max().orElse(0))
						+ " ms when nothing happened",
				"1.5 ms at each; nobody else waits over 25 ms, the sweep included");
		report.comparison(
				String.format(Locale.ROOT, "%d pages of a tenant evicted among %,d keys", PAGES, largest.keys()),
				Sample.number(largest.millis().median()) + " ms",
				Sample.number(byHand.millis().median()) + " ms (SCAN and UNLINK by hand)");
	}

	private static String keys(List<Eviction> evictions) {
		return evictions.stream()
			.map((eviction) -> String.format(Locale.ROOT, "%,d", eviction.keys()))
			.collect(Collectors.joining(" / ")) + " keys";
	}

	private static int rounds(Lab lab) {
		return lab.choose(9, 5);
	}

	static void fill(WorkerJvm worker, StatefulRedisConnection<String, String> redis, Peer peer, int from, int to) {
		boolean starter = peer == Peer.STARTER;
		worker.call(Long.class, "fill", "seed", 1);
		String seed = starter ? "agents:list:seed:0" : "agents:list::SimpleKey [seed, 0]";
		if (redis.sync().exists(seed) != 1) {
			throw new IllegalStateException("No key '" + seed + "'; there is " + redis.sync().keys("*"));
		}
		for (int begin = from; begin < to; begin += PORTION) {
			redis.sync()
				.eval(FILL, ScriptOutputType.STATUS, new String[] { seed },
						starter ? "agents:list:other-" : "agents:list::SimpleKey [other-", Integer.toString(begin),
						Integer.toString(begin + PORTION - 1), starter ? ":" : ", ");
		}
	}

	private static Eviction measure(Lab lab, Peer peer, StatefulRedisConnection<String, String> redis, int keys)
			throws IOException, InterruptedException {
		WorkerJvm worker = lab.worker(peer);
		long before = redis.sync().dbsize();
		try (OtherClient other = new OtherClient(lab, peer)) {
			List<Double> millis = new ArrayList<>();
			// The first ones show how fast caches of the processor fill, and are thrown
			// away.
			int warmUp = 3;
			long begun = System.nanoTime();
			double evicting = 0;
			for (int round = 0; round < warmUp + rounds(lab); round++) {
				String tenant = "evicted-" + keys + "-" + round;
				worker.call(Long.class, "fill", tenant, PAGES);
				other.longest();
				long nanos = worker.call(Long.class, "evict", tenant);
				if (round >= warmUp) {
					millis.add(nanos / 1e6);
					evicting = Math.max(evicting, other.longest());
				}
				begun = System.nanoTime();
			}
			long deadline = begun + TimeUnit.SECONDS.toNanos(lab.choose(120, 20));
			// Generations may stay.
			while (redis.sync().dbsize() > before + 3 * rounds(lab) && System.nanoTime() - deadline < 0) {
				TimeUnit.MILLISECONDS.sleep(50);
			}
			boolean removed = redis.sync().dbsize() <= before + 3 * rounds(lab);
			double sweeping = Math.max(evicting, other.longest());
			long watched = System.nanoTime() - begun;
			// The longest of many waits is longer than that of few.
			TimeUnit.NANOSECONDS.sleep(Math.max(watched, TimeUnit.MILLISECONDS.toNanos(lab.choose(2000, 500))));
			return new Eviction(peer, keys, Sample.of(millis), evicting, sweeping, other.longest(),
					removed ? watched / 1e9 : -1);
		}
	}

	private static void row(Table table, Report report, Eviction eviction) {
		table.row(String.format(Locale.ROOT, "%,d", eviction.keys()), eviction.peer().label(), eviction.millis().text(),
				Sample.number(eviction.evicting()), Sample.number(eviction.sweeping()), Sample.number(eviction.idle()),
				(eviction.seconds() < 0) ? "not while it was watched" : Sample.number(eviction.seconds()));
		Map<String, Object> data = new LinkedHashMap<>();
		data.put("millis", eviction.millis());
		data.put("otherWaitedIdle", eviction.idle());
		data.put("otherWaitedEvicting", eviction.evicting());
		data.put("otherWaitedSweeping", eviction.sweeping());
		data.put("removedAfterSeconds", eviction.seconds());
		report.data(eviction.peer().id() + "-" + eviction.keys(), data);
	}

	private record Eviction(Peer peer, int keys, Sample millis, double evicting, double sweeping, double idle,
			double seconds) {

	}

	/**
	 * Somebody else who uses the server.
	 */
	private static final class OtherClient implements AutoCloseable {

		private static final long PAUSE_NANOS = 500_000;

		private final StatefulRedisConnection<String, String> redis;

		private final Thread thread;

		private volatile boolean closed;

		/** In nanoseconds. Guarded by this. */
		private long longest;

		OtherClient(Lab lab, Peer peer) {
			this.redis = lab.connect(peer);
			this.thread = new Thread(this::run, "other-client");
			this.thread.setPriority(Thread.MAX_PRIORITY);
			this.thread.start();
		}

		private void run() {
			while (!this.closed) {
				long begun = System.nanoTime();
				this.redis.sync().get("no-such-key");
				long waited = System.nanoTime() - begun;
				synchronized (this) {
					this.longest = Math.max(this.longest, waited);
				}
				LockSupport.parkNanos(PAUSE_NANOS);
			}
		}

		/** The longest wait since this was asked last, in milliseconds. */
		synchronized double longest() {
			double millis = this.longest / 1e6;
			this.longest = 0;
			return millis;
		}

		@Override
		public void close() {
			this.closed = true;
			try {
				this.thread.join();
			}
			catch (InterruptedException ex) {
				Thread.currentThread().interrupt();
			}
			this.redis.close();
		}

	}

}
