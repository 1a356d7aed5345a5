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
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

import org.jspecify.annotations.Nullable;

import dev.cachestarter.engine.entry.Evictions.Glob;
import dev.cachestarter.engine.entry.Evictions.Group;
import dev.cachestarter.engine.entry.Evictions.Key;
import dev.cachestarter.engine.entry.Evictions.Target;
import dev.cachestarter.engine.entry.Evictions.Whole;
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

	/** The targets that are looked up. */
	private final ConcurrentMap<Target, Asked> exact = new ConcurrentHashMap<>();

	/** Those that are matched. */
	private final ConcurrentMap<Target, Asked> globs = new ConcurrentHashMap<>();

	PendingEvictions(int maxEntries) {
		this.maxEntries = maxEntries;
	}

	/**
	 * Return the target under which an eviction is kept: itself, or a wider one if there
	 * are too many.
	 */
	Target fit(Target target) {
		Target wider = target;
		if (this.exact.size() >= this.maxEntries && !this.exact.containsKey(target)) {
			wider = target.widen();
			if (this.exact.size() >= 2 * this.maxEntries && !this.exact.containsKey(wider)) {
				wider = wider.widen();
			}
		}
		if (wider instanceof Glob && this.globs.size() >= MAX_GLOBS && !this.globs.containsKey(wider)) {
			wider = wider.widen();
		}
		return wider;
	}

	/**
	 * Note that a target is asked for. It is pending from now on.
	 * @param late whether Redis is yet to be asked
	 */
	void add(Target target, long sequence, boolean late) {
		mapOf(target).merge(target, new Asked(sequence, late),
				(known, added) -> (known.sequence() > added.sequence()) ? known : added);
	}

	/**
	 * Note that Redis has acknowledged one asking.
	 */
	void acknowledged(Target target, long sequence) {
		mapOf(target).computeIfPresent(target, (same, known) -> (known.sequence() == sequence) ? null : known);
	}

	/**
	 * Note that Redis has not taken one asking.
	 */
	void failed(Target target, long sequence) {
		mapOf(target).computeIfPresent(target,
				(same, known) -> (known.sequence() == sequence) ? new Asked(sequence, true) : known);
	}

	private ConcurrentMap<Target, Asked> mapOf(Target target) {
		return (target instanceof Glob) ? this.globs : this.exact;
	}

	/**
	 * Return whether a key is named by one of them.
	 */
	boolean covers(StoredKey key) {
		if (this.exact.isEmpty() && this.globs.isEmpty()) {
			return false;
		}
		String group = key.group();
		if (this.exact.containsKey(Evictions.ALL) || this.exact.containsKey(new Key(key))
				|| this.exact.containsKey(new Whole(key.cacheName()))
				|| (group != null && this.exact.containsKey(new Group(key.cacheName(), group)))) {
			return true;
		}
		for (Target glob : this.globs.keySet()) {
			if (glob.names(key)) {
				return true;
			}
		}
		return false;
	}

	/**
	 * Return the patterns, or all that is none.
	 * @param under those that are under way, too
	 */
	List<Late> list(boolean patterns, boolean under) {
		List<Late> found = new ArrayList<>();
		for (Map.Entry<Target, Asked> entry : (patterns ? this.globs : this.exact).entrySet()) {
			if (under || entry.getValue().late()) {
				found.add(new Late(entry.getKey(), entry.getValue().sequence()));
			}
		}
		return found;
	}

	/**
	 * Return whether there is one that Redis has not taken when it was asked last.
	 */
	boolean isAnyLate(boolean patterns) {
		return (patterns ? this.globs : this.exact).values().stream().anyMatch(Asked::late);
	}

	@Nullable Long sequenceOf(Target target) {
		Asked asked = mapOf(target).get(target);
		return (asked != null) ? asked.sequence() : null;
	}

	int size() {
		return this.exact.size() + this.globs.size();
	}

	/**
	 * One that is to be asked for again.
	 *
	 * @param target the target
	 * @param sequence the newest in which it was asked for
	 */
	record Late(Target target, long sequence) {

	}

	/**
	 * How a target was asked for last.
	 *
	 * @param sequence in which sequence
	 * @param late whether Redis has not taken it then
	 */
	private record Asked(long sequence, boolean late) {

	}

}
