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

package dev.cachestarter.engine.redis;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiPredicate;
import java.util.function.LongSupplier;

import org.jspecify.annotations.Nullable;

/**
 * What Redis refuses at present: each kind of command by itself. A refusal is over when
 * Redis does what it has refused: a read that it answers says nothing of an eviction that
 * it refuses. A script that lacked a right calls that command in some of its runs only:
 * others of them say nothing, and any other script or command that needed the same right
 * does. What is not asked for any more cannot tell, so no refusal is believed for longer
 * than a minute.
 * <p>
 * While nothing is refused, an answer costs one look at a field.
 */
final class Refusals {

	/** For how long a refusal is news. */
	private static final long LATELY = TimeUnit.MINUTES.toNanos(1);

	/** Far more than there are kinds of commands, also on each server of a cluster. */
	private static final int MOST = 200;

	/** How many are told. */
	private static final int MOST_TOLD = 3;

	private final LongSupplier clock;

	/** Guards every change. */
	private final ReentrantLock lock = new ReentrantLock();

	/** Never changed, only replaced. */
	private volatile Map<Command, Refusal> refused = Map.of();

	Refusals(LongSupplier clock) {
		this.clock = clock;
	}

	boolean isEmpty() {
		return this.refused.isEmpty();
	}

	/**
	 * Take note of a refusal.
	 * @param command what was refused
	 * @param reason why
	 * @param text what to say of it
	 * @param rights the rights that lack, as they are told
	 */
	void add(Command command, Reason reason, String text, List<String> rights) {
		this.lock.lock();
		try {
			Map<Command, Refusal> now = new HashMap<>(this.refused);
			if (now.size() >= MOST) {
				now.values().removeIf((refusal) -> !isLately(refusal));
			}
			if (now.size() < MOST || now.containsKey(command)) {
				now.put(command, new Refusal(reason, text, Set.copyOf(rights), this.clock.getAsLong()));
				this.refused = Map.copyOf(now);
			}
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Take note that Redis has done something.
	 * @param done what it has done
	 * @param proven the rights that it needed for that
	 * @param unproven the rights that it may not have needed
	 * @return the rights that are no longer known to lack
	 */
	Set<String> done(Command done, Set<String> proven, Set<String> unproven) {
		return remove((command, refusal) -> refusal.isOfRights(proven) ? command.server().equals(done.server())
				: command.isProvenBy(done) && Collections.disjoint(refusal.rights(), unproven));
	}

	/**
	 * Take note that a server has stored a value: it has memory.
	 */
	void stored(Object server) {
		remove((command, refusal) -> command.server().equals(server) && refusal.reason() == Reason.MEMORY);
	}

	private Set<String> remove(BiPredicate<Command, Refusal> which) {
		this.lock.lock();
		try {
			Map<Command, Refusal> left = new HashMap<>(this.refused);
			left.entrySet().removeIf((entry) -> which.test(entry.getKey(), entry.getValue()));
			Set<String> rights = rightsOf(this.refused);
			// Another command may still lack one of them.
			rights.removeAll(rightsOf(left));
			this.refused = Map.copyOf(left);
			return rights;
		}
		finally {
			this.lock.unlock();
		}
	}

	private static Set<String> rightsOf(Map<Command, Refusal> refused) {
		Set<String> rights = new HashSet<>();
		refused.values().forEach((refusal) -> rights.addAll(refusal.rights()));
		return rights;
	}

	/**
	 * Forget all: the link begins anew.
	 */
	void clear() {
		this.lock.lock();
		try {
			this.refused = Map.of();
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Return what is refused for a reason.
	 * @return what to say of it, {@code null} if nothing is
	 */
	@Nullable String text(Reason reason) {
		List<String> texts = this.refused.values()
			.stream()
			.filter((refusal) -> refusal.reason() == reason && isLately(refusal))
			.map(Refusal::text)
			.distinct()
			.sorted()
			.toList();
		if (texts.isEmpty()) {
			return null;
		}
		List<String> told = new ArrayList<>(texts.subList(0, Math.min(MOST_TOLD, texts.size())));
		if (texts.size() > MOST_TOLD) {
			told.add((texts.size() - MOST_TOLD) + " more");
		}
		return String.join("; ", told);
	}

	private boolean isLately(Refusal refusal) {
		return this.clock.getAsLong() - refusal.at() < LATELY;
	}

	/**
	 * Why something is refused.
	 */
	enum Reason {

		/** The login. */
		LOGIN,

		/** This user may not do it, or this server cannot. */
		RIGHT,

		/** There is no memory left to store something in. */
		MEMORY,

		/** The server, or the part of a cluster, is in no state to do it. */
		STATE

	}

	/**
	 * A kind of command.
	 *
	 * @param what its name, or the script that it runs
	 * @param server what is equal for two that one server answers
	 * @param patterns of which keys it is, if that is what was refused
	 */
	record Command(Object what, Object server, Set<String> patterns) {

		boolean isProvenBy(Command done) {
			return this.what.equals(done.what) && this.server.equals(done.server)
					&& done.patterns.containsAll(this.patterns);
		}

	}

	/**
	 * A refusal.
	 *
	 * @param at when, in nanoseconds
	 */
	private record Refusal(Reason reason, String text, Set<String> rights, long at) {

		boolean isOfRights(Set<String> some) {
			return !this.rights.isEmpty() && some.containsAll(this.rights);
		}

	}

}
