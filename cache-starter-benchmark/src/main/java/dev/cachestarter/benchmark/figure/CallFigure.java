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
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

import io.lettuce.core.api.StatefulRedisConnection;

import dev.cachestarter.benchmark.Figure;
import dev.cachestarter.benchmark.Lab;
import dev.cachestarter.benchmark.Report;
import dev.cachestarter.benchmark.Sample;
import dev.cachestarter.benchmark.Table;
import dev.cachestarter.benchmark.WorkerJvm;
import dev.cachestarter.benchmark.peer.Peer;
import dev.cachestarter.benchmark.worker.Calls;
import dev.cachestarter.benchmark.worker.Payload;

/**
 * What a hit or a miss costs. The peers are measured in turn, in an order that rotates
 * from round to round; what is compared was measured in the same round.
 */
final class CallFigure implements Figure {

	/** A call that loads where it should not, or does not store, is another call. */
	private static final double TOLERANCE = 0.01;

	private static final List<Peer> ALL = List.of(Peer.STARTER, Peer.SPRING, Peer.BOOT, Peer.JETCACHE, Peer.REDISSON,
			Peer.LETTUCE, Peer.CAFFEINE);

	private final String name;

	private final String title;

	private final boolean hits;

	private final List<Peer> peers;

	/** Whom the others are compared with. */
	private final Peer own;

	private CallFigure(String name, String title, boolean hits, List<Peer> peers, Peer own) {
		this.name = name;
		this.title = title;
		this.hits = hits;
		this.peers = peers;
		this.own = own;
	}

	static CallFigure hits() {
		return new CallFigure("hits", "A hit", true, ALL, Peer.STARTER);
	}

	static CallFigure misses() {
		return new CallFigure("misses", "A miss, with load and fill", false, ALL, Peer.STARTER);
	}

	static CallFigure near() {
		return new CallFigure("near", "A hit with a copy in memory", true,
				List.of(Peer.NEAR, Peer.STARTER, Peer.JETCACHE), Peer.NEAR);
	}

	static CallFigure track() {
		return new CallFigure("track", "A hit that asks nobody", true,
				List.of(Peer.TRACK, Peer.CAFFEINE, Peer.NEAR, Peer.STARTER), Peer.TRACK);
	}

	@Override
	public String name() {
		return this.name;
	}

	@Override
	public String title() {
		return this.title;
	}

	@Override
	public Report measure(Lab lab) throws IOException {
		List<Cell> cells = cells(lab);
		Map<Cell, Map<Peer, List<Calls>>> measured = new LinkedHashMap<>();
		Map<Peer, Long> unlike = new EnumMap<>(Peer.class);
		lab.workers(this.peers);
		warmUp(lab, cells);
		int rounds = lab.choose(5, 3);
		// The first shows how fast a JVM warms up, and is thrown away.
		for (int round = 0; round <= rounds; round++) {
			for (Cell cell : cells) {
				for (Peer peer : rotated(this.peers, round)) {
					Calls calls = measure(lab, peer, cell, unlike);
					if (round > 0) {
						measured.computeIfAbsent(cell, (key) -> new EnumMap<>(Peer.class))
							.computeIfAbsent(peer, (key) -> new ArrayList<>())
							.add(calls);
					}
				}
			}
		}
		Report report = new Report();
		measured.forEach((cell, calls) -> table(report, cell, calls));
		goals(report, measured);
		report.remark("Medians of " + rounds + " rounds, quartiles in parentheses; 'as fast' is calls a second of "
				+ this.own.label() + " divided by the peer's, of the same round.");
		unlike.forEach((peer, count) -> report.remark("**" + peer.label() + ": " + count + (this.hits
				? " calls that should have been hits loaded.**" : " calls did not store what they loaded.**")));
		return report;
	}

	private List<Cell> cells(Lab lab) {
		List<Payload> payloads = (lab.isBrief() && this.own == Peer.STARTER) ? List.of(Payload.MEDIUM)
				: List.of(Payload.values());
		return payloads.stream()
			.flatMap((payload) -> List.of(new Cell(payload, 1), new Cell(payload, 16)).stream())
			.toList();
	}

	/** Most of what a JVM does in its first seconds of such calls is to compile them. */
	private void warmUp(Lab lab, List<Cell> cells) throws IOException {
		for (Peer peer : this.peers) {
			int millis = (peer == Peer.CAFFEINE) ? 200 : lab.choose(4000, 1000);
			for (Cell cell : cells) {
				lab.worker(peer).call(Calls.class, command(cell, millis));
			}
			lab.flush();
		}
	}

	private Object[] command(Cell cell, int millis) {
		return new Object[] { "calls", this.hits ? "HIT" : "MISS", cell.payload(), cell.threads(), millis };
	}

	private Calls measure(Lab lab, Peer peer, Cell cell, Map<Peer, Long> unlike) throws IOException {
		WorkerJvm worker = lab.worker(peer);
		if (this.hits) {
			Calls calls = worker.call(Calls.class, command(cell, lab.choose(500, 200)));
			if (calls.loads() > TOLERANCE * calls.count()) {
				unlike.merge(peer, calls.loads(), Long::sum);
			}
			return calls;
		}
		try (StatefulRedisConnection<String, String> redis = lab.connect(peer)) {
			lab.flush();
			Calls calls = worker.call(Calls.class, command(cell, lab.choose(500, 200)));
			long missing = calls.count() - redis.sync().dbsize();
			if (peer.hasKeys() && missing > TOLERANCE * calls.count()) {
				unlike.merge(peer, missing, Long::sum);
			}
			lab.flush();
			return calls;
		}
	}

	private static List<Peer> rotated(List<Peer> all, int round) {
		List<Peer> peers = new ArrayList<>(all);
		Collections.rotate(peers, -round);
		return peers;
	}

	private void table(Report report, Cell cell, Map<Peer, List<Calls>> calls) {
		Table table = new Table(
				(this.hits ? "Hit" : "Miss") + ", " + cell.payload().label() + ", " + cell.threads()
						+ ((cell.threads() == 1) ? " thread" : " threads"),
				"", "calls a second", "p50 (µs)", "p99 (µs)", "processor (µs)", "allocated (KB), caller / all",
				this.own.label() + " is … as fast");
		Map<String, Object> data = new LinkedHashMap<>();
		Sample own = sample(calls, this.own, Calls::perSecond);
		calls.keySet().forEach((peer) -> {
			Sample perSecond = sample(calls, peer, Calls::perSecond);
			Sample ratio = Sample.ratio(own, perSecond);
			table.row(peer.label(), perSecond.text(), number(calls, peer, (call) -> call.median() / 1e3),
					number(calls, peer, (call) -> call.p99() / 1e3), number(calls, peer, Calls::processorMicros),
					number(calls, peer, Calls::callerKilobytes) + " / " + number(calls, peer, Calls::allKilobytes),
					(peer == this.own) ? "" : ratio.text());
			data.put(peer.id(), Map.of("perSecond", perSecond, "starterIsAsFast", ratio, "rounds", calls.get(peer)));
		});
		report.table(table).data(cell.payload() + "-" + cell.threads(), data);
	}

	private void goals(Report report, Map<Cell, Map<Peer, List<Calls>>> measured) {
		Cell one = new Cell(Payload.MEDIUM, 1);
		Cell many = new Cell(Payload.MEDIUM, 16);
		Map<Peer, List<Calls>> alone = measured.getOrDefault(one, Map.of());
		Map<Peer, List<Calls>> together = measured.getOrDefault(many, Map.of());
		if (this.own == Peer.NEAR) {
			nearGoals(report, measured);
			return;
		}
		if (this.own == Peer.TRACK) {
			report.goal("hit that asks nobody, 5 KB, 1 / 16 threads",
					asFast(alone, Peer.CAFFEINE) + " / " + asFast(together, Peer.CAFFEINE)
							+ " x Spring's cache with Caffeine; " + asFast(alone, Peer.STARTER) + " / "
							+ asFast(together, Peer.STARTER) + " x without copies",
					"0.9 x Spring's cache with Caffeine");
			return;
		}
		String what = this.hits ? "hit" : "miss, load and fill";
		report.goal(what + ", 5 KB, 1 / 16 threads",
				asFast(alone, Peer.SPRING) + " / " + asFast(together, Peer.SPRING) + " x Spring, tuned; "
						+ asFast(alone, Peer.JETCACHE) + " / " + asFast(together, Peer.JETCACHE) + " x JetCache",
				this.hits ? "1.3 x Spring at both, and no slower than JetCache" : "1.0 x Spring");
		report.goal("heap allocated by a " + (this.hits ? "hit" : "miss"),
				number(together, Peer.STARTER, Calls::allKilobytes) + " KB; Spring, tuned: "
						+ number(together, Peer.SPRING, Calls::allKilobytes) + " KB",
				"below Spring's");
		report.comparison(
				"a " + what + ", 5 KB, 16 threads on " + Runtime.getRuntime().availableProcessors() + " processors",
				number(together, Peer.STARTER, Calls::perSecond) + " calls a second",
				number(together, Peer.SPRING, Calls::perSecond));
	}

	private void nearGoals(Report report, Map<Cell, Map<Peer, List<Calls>>> measured) {
		for (Payload payload : Payload.values()) {
			Map<Peer, List<Calls>> alone = measured.getOrDefault(new Cell(payload, 1), Map.of());
			Map<Peer, List<Calls>> together = measured.getOrDefault(new Cell(payload, 16), Map.of());
			report.goal("hit with a copy in memory, " + payload.label() + ", 1 / 16 threads",
					asFast(alone, Peer.STARTER) + " / " + asFast(together, Peer.STARTER) + " x without; "
							+ asFast(alone, Peer.JETCACHE) + " / " + asFast(together, Peer.JETCACHE) + " x JetCache",
					switch (payload) {
						case SMALL -> "0.97 x";
						case MEDIUM -> "1.25 x, and faster than JetCache";
						case LARGE -> "5 x";
					});
		}
	}

	private String asFast(Map<Peer, List<Calls>> calls, Peer peer) {
		return Sample
			.number(Sample.ratio(sample(calls, this.own, Calls::perSecond), sample(calls, peer, Calls::perSecond))
				.median());
	}

	private static Sample sample(Map<Peer, List<Calls>> calls, Peer peer, ToDoubleFunction<Calls> what) {
		return Sample.of(calls.getOrDefault(peer, List.of()).stream().map(what::applyAsDouble).toList());
	}

	private static String number(Map<Peer, List<Calls>> calls, Peer peer, ToDoubleFunction<Calls> what) {
		return Sample.number(sample(calls, peer, what).median());
	}

	private record Cell(Payload payload, int threads) {

	}

}
