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

package dev.cachestarter.cache.entries;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Function;

import org.jspecify.annotations.Nullable;

import dev.cachestarter.cache.entries.EntryReader.Purpose;
import dev.cachestarter.engine.entry.EntryHeader;
import dev.cachestarter.engine.entry.Observed;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.load.Ask;
import dev.cachestarter.engine.monitor.CacheMonitor.ReadOutcome;
import dev.cachestarter.engine.monitor.Tracer;
import dev.cachestarter.engine.redis.Deadline;

/**
 * Reads several keys at once, of one cache or of several of one manager. What is found is
 * for the {@link EntryReader} of each to say.
 */
public final class ManyEntries {

	private ManyEntries() {
	}

	/**
	 * Read several keys of one manager in one round trip.
	 * @param executor where the values are decoded
	 * @return what came of them, in the order of the keys
	 */
	public static CompletableFuture<List<Reading>> readAll(List<EntryReader> readers, List<StoredKey> keys,
			Deadline deadline, Executor executor) {
		Reading[] readings = new Reading[keys.size()];
		List<StoredKey> asked = new ArrayList<>();
		long[] epochs = new long[keys.size()];
		long[] since = new long[keys.size()];
		// Once for the call, however many keys it has.
		Map<CacheParts, Boolean> bypassed = new HashMap<>();
		Tracer.Span span = keys.isEmpty() ? Tracer.Span.NONE : readers.get(0).span(Purpose.LOAD);
		for (int i = 0; i < readings.length; i++) {
			since[i] = readers.get(i).begin(Purpose.LOAD);
			EntryReader reader = readers.get(i);
			boolean bypasses = bypassed.computeIfAbsent(reader.parts(), (cache) -> reader.isToBypass(Purpose.LOAD));
			Reading known = reader.known(keys.get(i), Purpose.LOAD, bypasses);
			if (known != null) {
				readings[i] = reader.told(known, known.isHit() ? ReadOutcome.HIT : ReadOutcome.BYPASSED, since[i],
						Tracer.Span.NONE);
			}
			else {
				epochs[i] = reader.staleEpoch(keys.get(i));
				Reading near = reader.nearHit(keys.get(i), epochs[i]);
				if (near != null) {
					readings[i] = reader.told(near, since[i], Tracer.Span.NONE);
				}
				else {
					asked.add(keys.get(i));
				}
			}
		}
		CompletableFuture<@Nullable List<Observed>> answer = asked.isEmpty()
				? CompletableFuture.completedFuture(List.of())
				: readers.get(0).within(span, () -> observeAll(readers.get(0).engine(), asked, deadline));
		Function<@Nullable List<Observed>, List<Reading>> interpreted = (observed) -> {
			int next = 0;
			for (int i = 0; i < readings.length; i++) {
				EntryReader reader = readers.get(i);
				if (readings[i] == null) {
					readings[i] = (observed == null)
							? reader.told(reader.unanswered(keys.get(i), Purpose.LOAD), ReadOutcome.UNANSWERED,
									since[i], Tracer.Span.NONE)
							: reader.told(
									reader.interpret(keys.get(i), observed.get(next), epochs[i], Purpose.LOAD, null),
									since[i], Tracer.Span.NONE);
					next++;
				}
			}
			span.end(
					(observed == null) ? ReadOutcome.UNANSWERED
							: Arrays.stream(readings).allMatch(Reading::isHit) ? ReadOutcome.HIT : ReadOutcome.MISS,
					null);
			return List.of(readings);
		};
		return answer.isDone() ? CompletableFuture.completedFuture(interpreted.apply(answer.join()))
				: answer.thenApplyAsync(interpreted, executor);
	}

	/**
	 * Look at several keys once more, in one round trip.
	 * @return the same with what stands there, or with nothing for those that are
	 * bypassed or if Redis does not answer; never fails
	 */
	public static CompletableFuture<List<Ask>> lookAgain(List<EntryReader> readers, List<Ask> asks, Deadline deadline) {
		List<StoredKey> keys = new ArrayList<>();
		List<Ask> again = new ArrayList<>(asks);
		for (int i = 0; i < asks.size(); i++) {
			if (!readers.get(i).isBypassed(asks.get(i).key()) && asks.get(i).observed() != null) {
				keys.add(asks.get(i).key());
			}
			else {
				again.set(i, asks.get(i).seeing(null, asks.get(i).stale()));
			}
		}
		CompletableFuture<@Nullable List<Observed>> answer = keys.isEmpty()
				? CompletableFuture.completedFuture(List.of()) : observeAll(readers.get(0).engine(), keys, deadline);
		return answer.thenApply((observed) -> {
			int next = 0;
			for (int i = 0; i < asks.size(); i++) {
				Ask ask = again.get(i);
				if (ask.observed() != null) {
					again.set(i, ask.seeing((observed != null) ? observed.get(next) : null, ask.stale()));
					next++;
				}
			}
			return again;
		});
	}

	private static CompletableFuture<@Nullable List<Observed>> observeAll(Engine engine, List<StoredKey> keys,
			Deadline deadline) {
		return deadline.limit(engine.store().observe(keys))
			.<@Nullable List<Observed>>thenApply((observed) -> observed)
			.exceptionally((ex) -> null);
	}

	/**
	 * Look at several keys for people, in one round trip: whatever the type of their
	 * values, without counting it as a read, and without decoding or removing anything.
	 * @return in the order of the keys what a reader of the right type would take, with a
	 * current header; {@code null} for what is a miss to all
	 */
	public static CompletableFuture<List<@Nullable Observed>> standing(Engine engine, List<StoredKey> keys) {
		return engine.store().observe(keys).thenApply((found) -> {
			long now = engine.store().serverMillis();
			List<@Nullable Observed> standing = new ArrayList<>();
			for (Observed observed : found) {
				EntryHeader header = observed.current();
				boolean counts = header != null && !header.isLease() && engine.isTrusted(header) && header.isFresh(now)
						&& !engine.evictions().covers(observed.key()) && !engine.evictions().coversAny(observed.tags());
				standing.add(counts ? observed : null);
			}
			return standing;
		});
	}

}
