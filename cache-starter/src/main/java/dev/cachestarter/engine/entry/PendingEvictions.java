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

package dev.cachestarter.engine.entry;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.LongSupplier;
import java.util.function.Predicate;

import dev.cachestarter.engine.entry.Target.Glob;
import dev.cachestarter.engine.entry.Target.Kind;
import dev.cachestarter.engine.key.StoredKey;

/**
 * The set of evictions that Redis has not acknowledged, each with the newest sequence in
 * which it was asked for.
 * <p>
 * Threads that evict the same target at once may come here in any order: the newest
 * sequence stays, whoever comes last. Only its acknowledgement removes the target, since
 * an older one says nothing of what was stored between the two askings.
 * <p>
 * Bounded: beyond {@code maxEntries} a new target is widened, never dropped.
 */
final class PendingEvictions {

	/** How many patterns are kept apart; matching a read against them is linear. */
	private static final int MAX_GLOBS = 100;

	private final int maxEntries;

	private final LongSupplier clock;

	private final long maxBytes;

	private final TargetMap<Asked> targets = new TargetMap<>();

	/**
	 * Create an empty set.
	 * @param maxEntries how many are kept apart
	 * @param clock as {@link System#nanoTime()}
	 */
	PendingEvictions(int maxEntries, LongSupplier clock) {
		this.maxEntries = maxEntries;
		this.clock = clock;
		this.maxBytes = Target.maxBytes(maxEntries);
	}

	/**
	 * Return the target under which an eviction is kept: itself, or a wider one if there
	 * are too many, or all of them take too much memory.
	 */
	Target fit(Target target) {
		long timesTooMany = Math.max(this.targets.all(Kind.EXACT).size() / this.maxEntries,
				this.targets.bytes() / this.maxBytes);
		Target wider = fit(target, timesTooMany);
		return (wider instanceof Glob && !has(wider) && this.targets.all(Kind.PATTERN).size() >= MAX_GLOBS)
				? wider.widen() : wider;
	}

	/** Once too many and a target is widened once, twice too many and it is so twice. */
	private Target fit(Target target, long timesTooMany) {
		if (timesTooMany == 0 || has(target)) {
			return target;
		}
		Target wider = target.widen();
		return (timesTooMany == 1 || has(wider)) ? wider : wider.widen();
	}

	private boolean has(Target target) {
		return this.targets.contains(target);
	}

	/**
	 * Note that Redis is asked for a target. It is pending from now on.
	 */
	void add(Target target, long sequence) {
		add(target, new Asked(sequence, false, this.clock.getAsLong()));
	}

	/**
	 * Note that Redis is yet to be asked for a target. It is pending from now on.
	 */
	void addLate(Target target, long sequence) {
		add(target, new Asked(sequence, true, this.clock.getAsLong()));
	}

	private void add(Target target, Asked asked) {
		this.targets.change(target, (known) -> (known != null) ? known.joinedBy(asked) : asked);
	}

	/**
	 * Note that Redis has acknowledged one asking.
	 */
	void acknowledged(Target target, long sequence) {
		this.targets.change(target, (known) -> (known != null && known.sequence() == sequence) ? null : known);
	}

	/**
	 * Note that Redis has not taken one asking.
	 */
	void failed(Target target, long sequence) {
		this.targets.change(target, (known) -> (known != null && known.sequence() == sequence)
				? new Asked(sequence, true, known.since()) : known);
	}

	/**
	 * Return whether a key is named by one of them.
	 */
	boolean covers(StoredKey key) {
		return this.targets.covers(key);
	}

	/**
	 * Return whether one of some tags is among them.
	 */
	boolean coversAny(List<String> tags) {
		return this.targets.coversAny(tags);
	}

	/**
	 * Return whether there is any tag among them.
	 */
	boolean coversAnyTag() {
		return this.targets.all(Kind.EXACT).keySet().stream().anyMatch(Target.Tag.class::isInstance);
	}

	/**
	 * Return all of a kind, those that Redis is being asked for too.
	 */
	List<Pending> all(Kind kind) {
		return list(kind, (asked) -> true);
	}

	/**
	 * Return those of a kind that Redis has not taken when it was asked last.
	 */
	List<Pending> late(Kind kind) {
		return list(kind, Asked::late);
	}

	private List<Pending> list(Kind kind, Predicate<Asked> wanted) {
		List<Pending> found = new ArrayList<>();
		this.targets.all(kind).forEach((target, asked) -> {
			if (wanted.test(asked)) {
				found.add(new Pending(target, asked.sequence()));
			}
		});
		return found;
	}

	/**
	 * Return whether there is one that Redis has not taken when it was asked last.
	 */
	boolean isAnyLate(Kind kind) {
		return this.targets.all(kind).values().stream().anyMatch(Asked::late);
	}

	/**
	 * Return whether there is one, of whatever kind, that Redis has not taken when it was
	 * asked last.
	 */
	boolean isAnyLate() {
		return isAnyLate(Kind.EXACT) || isAnyLate(Kind.PATTERN);
	}

	/**
	 * Return when the oldest of those was first asked for that Redis has not taken when
	 * it was asked last, on the clock of this set; empty if there are none.
	 */
	OptionalLong oldestLate() {
		long now = this.clock.getAsLong();
		OptionalLong age = Arrays.stream(Kind.values())
			.flatMap((kind) -> this.targets.all(kind).values().stream())
			.filter(Asked::late)
			.mapToLong((asked) -> now - asked.since())
			.max();
		return age.isPresent() ? OptionalLong.of(now - age.getAsLong()) : age;
	}

	int size() {
		return this.targets.size();
	}

	/**
	 * Return about how much memory they take.
	 */
	long bytes() {
		return this.targets.bytes();
	}

	/**
	 * One that Redis has not acknowledged.
	 *
	 * @param target the target
	 * @param sequence the newest in which it was asked for
	 */
	record Pending(Target target, long sequence) {

	}

	/**
	 * How a target was asked for last.
	 *
	 * @param sequence in which sequence
	 * @param late whether Redis has not taken it then
	 * @param since since when the target is pending
	 */
	private record Asked(long sequence, boolean late, long since) {

		/** The newer of two askings, pending for as long as the older. */
		Asked joinedBy(Asked other) {
			Asked newer = (this.sequence > other.sequence) ? this : other;
			long earlier = Math.min(0, other.since - this.since);
			return new Asked(newer.sequence, newer.late, this.since + earlier);
		}

	}

}
