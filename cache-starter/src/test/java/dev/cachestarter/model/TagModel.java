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

package dev.cachestarter.model;

import java.util.List;

import org.jspecify.annotations.Nullable;

/**
 * Evictions of a tag against loads whose tag is known only when they are over: two loads,
 * two who evict, callers who join a load, and a server that may lose the counter and the
 * generation of the tag at any moment. That a load holds the lease of its key is taken as
 * given: it is another protocol that sees to it. An eviction takes two steps, or one
 * where one server has all keys; both are tried beside each other, as in a deployment in
 * which instances of an older version still take two.
 */
final class TagModel implements Model {

	enum Rule implements Model.Rule {

		CAPTURED_FIRST("the counter is read before the load begins"),

		COMPARED("an entry is refused if its tag's generation was made after what was captured"),

		EPOCH("a counter that is made again has an epoch that was never there before"),

		COUNTED_FIRST("the counter is increased before the generation is replaced"),

		NUMBERED_LATER("the number of a new generation is read after the generation was made"),

		NEVER_LOWERED("an eviction lowers no number, and gives none to a generation that has none or another epoch"),

		ASKED_AGAIN("an eviction whose answer is lost is not over, and asked for again"),

		FORGOTTEN_IN_ORDER("where nothing can be written the counter is deleted before the generation"),

		CARRIED("an entry counts only under the generation that it carries"),

		HANDED_OVER_LATE("a value is handed to those who joined when it is admitted, and not before"),

		CLOSED("nobody joins a load whose tag is being judged");

		private final String text;

		Rule(String text) {
			this.text = text;
		}

		@Override
		public String text() {
			return this.text;
		}

	}

	/** The version of the row, and the newest whose eviction has returned. */
	private static final int DB = 0;

	private static final int FLOOR = 1;

	/** The counter: its epoch, 0 if there is none, and its number. */
	private static final int COUNTER_EPOCH = 2;

	private static final int COUNTER_NUMBER = 3;

	/** The generation of the tag: its random, 0 if there is none; epoch 0: no number. */
	private static final int TAG = 4;

	private static final int TAG_EPOCH = 5;

	private static final int TAG_NUMBER = 6;

	/** The version of the entry plus 1, 0 if there is none, and what it carries. */
	private static final int ENTRY = 7;

	private static final int ENTRY_TAG = 8;

	private static final int LOST = 9;

	private static final int LOADS = 10;

	private static final int EVICTIONS = 11;

	/** What was handed to one who came after the eviction of a newer version, plus 1. */
	private static final int HANDED_STALE = 12;

	/** How many answers to scripts that count and replace were lost. */
	private static final int ANSWERS_LOST = 13;

	private static final int EVICTORS = 14;

	private static final int EVICTOR_COUNT = 2;

	/** Of each eviction: its phase, what the counter said, and the version it is for. */
	private static final int EVICTOR_EPOCH = 1;

	private static final int EVICTOR_NUMBER = 2;

	private static final int EVICTOR_VERSION = 3;

	private static final int OF_EVICTOR = 4;

	private static final int LOADERS = EVICTORS + EVICTOR_COUNT * OF_EVICTOR;

	/** Of each load. */
	private static final int PHASE = 0;

	private static final int EPOCH = 1;

	private static final int NUMBER = 2;

	private static final int VALUE = 3;

	private static final int RANDOM = 4;

	private static final int SEEN_EPOCH = 5;

	private static final int SEEN_NUMBER = 6;

	/** The floor of the last who joined, plus 1. */
	private static final int JOINED = 7;

	/** A confirmation that is under way: random, epoch, number. */
	private static final int CONFIRMED = 8;

	private static final int OF_LOADER = 11;

	private static final int LOADER_COUNT = 2;

	private static final int IDLE = 0;

	private static final int CAPTURED = 1;

	private static final int LOADED = 2;

	/** The generation was found to be of another epoch, or of a later number. */
	private static final int DOUBTFUL = 3;

	/** There is no generation, or an outdated one. */
	private static final int MAKING = 4;

	/** The counter was read too early. */
	private static final int NUMBERED_TOO_EARLY = 5;

	/** There is one without a number. */
	private static final int NUMBERING = 6;

	private static final int ADMITTED = 7;

	/** Of one who evicts. */
	private static final int WRITTEN = 1;

	private static final int COUNTED = 2;

	private static final int RENEWED_FIRST = 3;

	private static final int COUNTER_FORGOTTEN = 4;

	private static final int TAG_FORGOTTEN_FIRST = 5;

	private final List<? extends Model.Rule> off;

	private final int evictions;

	private final int losses;

	private final int answersLost;

	TagModel(List<? extends Model.Rule> off, boolean thorough) {
		this.off = off;
		this.evictions = 2;
		this.losses = thorough ? 2 : 1;
		this.answersLost = thorough ? 1 : 0;
	}

	private boolean has(Rule rule) {
		return !this.off.contains(rule);
	}

	@Override
	public World start() {
		return new World(LOADERS + LOADER_COUNT * OF_LOADER);
	}

	@Override
	public boolean isHit(World world) {
		return !world.is(ENTRY, 0)
				&& (!has(Rule.CARRIED) || (!world.is(TAG, 0) && world.get(ENTRY_TAG) == world.get(TAG)));
	}

	@Override
	public @Nullable String wrong(World world) {
		if (!world.is(HANDED_STALE, 0)) {
			return "a caller who came after an eviction has returned is handed version "
					+ (world.get(HANDED_STALE) - 1);
		}
		int version = world.get(ENTRY) - 1;
		return (isHit(world) && version < world.get(FLOOR))
				? "version " + version + " is read after the eviction of version " + world.get(FLOOR) + " has returned"
				: null;
	}

	@Override
	public void next(World world, Steps steps) {
		if (world.get(LOST) < this.losses) {
			if (!world.is(COUNTER_EPOCH, 0)) {
				steps.add("The server loses the counter", world.copy().add(LOST, 1).clear(COUNTER_EPOCH, 2));
			}
			if (!world.is(TAG, 0)) {
				steps.add("The server loses the generation", world.copy().add(LOST, 1).clear(TAG, 3));
			}
		}
		for (int loader = 0; loader < LOADER_COUNT; loader++) {
			load(world, steps, LOADERS + loader * OF_LOADER, "load " + (loader + 1));
		}
		for (int evictor = 0; evictor < EVICTOR_COUNT; evictor++) {
			evict(world, steps, EVICTORS + evictor * OF_EVICTOR, (evictor == 0) ? "one" : "another");
		}
	}

	// Loads

	private void load(World world, Steps steps, int at, String name) {
		if (!world.is(at + CONFIRMED, 0)) {
			steps.add("The number that " + name + " has read reaches the generation", confirmed(world.copy(), at));
			steps.add("The number that " + name + " has read is lost on its way",
					world.copy().clear(at + CONFIRMED, 3));
		}
		if (canBeJoined(world.get(at + PHASE)) && world.get(at + JOINED) <= world.get(FLOOR)) {
			steps.add("A caller joins " + name, world.copy().set(at + JOINED, world.get(FLOOR) + 1));
		}
		switch (world.get(at + PHASE)) {
			case IDLE -> {
				boolean other = at == LOADERS || !world.is(LOADERS + PHASE, IDLE) || !world.is(LOADS, 0);
				if (world.get(LOADS) < LOADER_COUNT && other) {
					World after = world.copy().add(LOADS, 1).set(at + PHASE, CAPTURED);
					if (has(Rule.CAPTURED_FIRST)) {
						steps.add("The counter is read for " + name, captured(after, at));
					}
					else {
						steps.add("The lease of " + name + " is placed", after);
					}
				}
			}
			case CAPTURED -> {
				World after = world.copy().set(at + VALUE, world.get(DB) + 1).set(at + PHASE, LOADED);
				steps.add("The " + name + " reads version " + world.get(DB), after);
			}
			case LOADED -> judge(has(Rule.CAPTURED_FIRST) ? world : captured(world.copy(), at), steps, at, name);
			case DOUBTFUL -> {
				World after = world.copy();
				boolean same = world.get(COUNTER_EPOCH) == world.get(at + EPOCH);
				boolean outdated = same && world.get(at + SEEN_EPOCH) != world.get(COUNTER_EPOCH);
				steps.add(
						"For " + name + " the counter is read again, and its tag is "
								+ (outdated ? "of an older one" : "refused"),
						outdated ? after.set(at + PHASE, MAKING) : ended(after, at));
			}
			case MAKING -> make(world, steps, at, name);
			case NUMBERED_TOO_EARLY -> {
				World after = world.copy();
				if (isReplaceable(world, at)) {
					after.set(TAG, fresh(world, TAG))
						.set(TAG_EPOCH, world.get(at + SEEN_EPOCH))
						.set(TAG_NUMBER, world.get(at + SEEN_NUMBER));
				}
				steps.add("A generation with the number that was read is made for " + name,
						decided(after, at, after.get(TAG_EPOCH), after.get(TAG_NUMBER)));
			}
			case NUMBERING -> {
				World after = world.copy();
				if (world.is(COUNTER_EPOCH, 0)) {
					steps.add("For " + name + " no counter is found", ended(after, at));
				}
				else {
					after.set(at + CONFIRMED, world.get(at + RANDOM))
						.set(at + CONFIRMED + 1, world.get(COUNTER_EPOCH))
						.set(at + CONFIRMED + 2, world.get(COUNTER_NUMBER));
					steps.add("For " + name + " the counter is read, for the number of the generation",
							decided(after, at, world.get(COUNTER_EPOCH), world.get(COUNTER_NUMBER)));
				}
			}
			default -> steps.add("What " + name + " has read is stored",
					ended(world.copy().set(ENTRY, world.get(at + VALUE)).set(ENTRY_TAG, world.get(at + RANDOM)), at));
		}
	}

	private boolean canBeJoined(int phase) {
		return phase == CAPTURED || phase == LOADED || (phase != IDLE && !has(Rule.CLOSED));
	}

	private World captured(World world, int at) {
		if (world.is(COUNTER_EPOCH, 0)) {
			madeCounter(world);
		}
		return world.set(at + EPOCH, world.get(COUNTER_EPOCH)).set(at + NUMBER, world.get(COUNTER_NUMBER));
	}

	private void madeCounter(World world) {
		world.set(COUNTER_EPOCH, has(Rule.EPOCH) ? freshEpoch(world) : 1).set(COUNTER_NUMBER, 0);
	}

	private void judge(World world, Steps steps, int at, String name) {
		World after = has(Rule.HANDED_OVER_LATE) ? world.copy() : handed(world.copy(), at);
		if (world.is(TAG, 0)) {
			steps.add("The " + name + " finds no generation of its tag", after.set(at + PHASE, MAKING));
			return;
		}
		after.set(at + RANDOM, world.get(TAG))
			.set(at + SEEN_EPOCH, world.get(TAG_EPOCH))
			.set(at + SEEN_NUMBER, world.get(TAG_NUMBER));
		String found = "The generation of the tag is read for " + name;
		if (world.is(TAG_EPOCH, 0)) {
			steps.add(found + ": it has no number", after.set(at + PHASE, NUMBERING));
		}
		else if (isCovered(world, at, world.get(TAG_EPOCH), world.get(TAG_NUMBER))) {
			steps.add(found, admitted(after, at));
		}
		else {
			steps.add(found + ": it is not from before the load", after.set(at + PHASE, DOUBTFUL));
		}
	}

	private void make(World world, Steps steps, int at, String name) {
		World after = world.copy();
		if (!has(Rule.NUMBERED_LATER)) {
			if (!world.is(COUNTER_EPOCH, 0)) {
				steps.add("The counter is read for the generation that " + name + " is about to make",
						after.set(at + SEEN_EPOCH, world.get(COUNTER_EPOCH))
							.set(at + SEEN_NUMBER, world.get(COUNTER_NUMBER))
							.set(at + PHASE, NUMBERED_TOO_EARLY));
			}
			return;
		}
		if (isReplaceable(world, at)) {
			after.set(TAG, fresh(world, TAG)).set(TAG_EPOCH, 0).set(TAG_NUMBER, 0);
			steps.add("A generation without a number is made for " + name,
					after.set(at + RANDOM, after.get(TAG)).set(at + PHASE, NUMBERING));
		}
		else if (world.is(TAG_EPOCH, 0)) {
			steps.add("For " + name + " another has made a generation, without a number",
					after.set(at + RANDOM, world.get(TAG)).set(at + PHASE, NUMBERING));
		}
		else {
			steps.add("For " + name + " another has made a generation",
					decided(after, at, world.get(TAG_EPOCH), world.get(TAG_NUMBER)));
		}
	}

	/** Return whether there is no generation, or the outdated one that was seen. */
	private static boolean isReplaceable(World world, int at) {
		return world.is(TAG, 0) || (!world.is(at + RANDOM, 0) && world.get(at + RANDOM) == world.get(TAG));
	}

	private World decided(World world, int at, int epoch, int number) {
		if (world.is(at + PHASE, MAKING) || world.is(at + PHASE, NUMBERED_TOO_EARLY)) {
			world.set(at + RANDOM, world.get(TAG));
		}
		return isCovered(world, at, epoch, number) ? admitted(world, at) : ended(world, at);
	}

	private boolean isCovered(World world, int at, int epoch, int number) {
		return !has(Rule.COMPARED) || (epoch == world.get(at + EPOCH) && number <= world.get(at + NUMBER));
	}

	private World admitted(World world, int at) {
		// One who joins now is handed it when it is stored, at the latest.
		return handed(world, at).set(at + PHASE, ADMITTED);
	}

	private static World handed(World world, int at) {
		if (!world.is(at + JOINED, 0) && world.get(at + VALUE) < world.get(at + JOINED)) {
			world.set(HANDED_STALE, world.get(at + VALUE));
		}
		return world.set(at + JOINED, 0);
	}

	private World ended(World world, int at) {
		if (world.is(at + PHASE, ADMITTED)) {
			handed(world, at);
		}
		return world.clear(at, CONFIRMED);
	}

	private static World confirmed(World world, int at) {
		if (world.get(TAG) == world.get(at + CONFIRMED) && world.is(TAG_EPOCH, 0)) {
			world.set(TAG_EPOCH, world.get(at + CONFIRMED + 1)).set(TAG_NUMBER, world.get(at + CONFIRMED + 2));
		}
		return world.clear(at + CONFIRMED, 3);
	}

	// Evictions

	private void evict(World world, Steps steps, int at, String name) {
		World after = world.copy();
		switch (world.get(at)) {
			case IDLE -> {
				// The second begins while the first is under way: else it is the first
				// again.
				if (world.get(EVICTIONS) < this.evictions && (at == EVICTORS || !world.is(EVICTORS, IDLE))) {
					steps.add("The row changes to version " + (world.get(DB) + 1) + ", and " + name + " is to evict",
							after.add(DB, 1)
								.add(EVICTIONS, 1)
								.set(at, WRITTEN)
								.set(at + EVICTOR_VERSION, after.get(DB)));
				}
			}
			case WRITTEN -> {
				if (has(Rule.COUNTED_FIRST)) {
					steps.add("The eviction by " + name + " is counted", counted(after, at).set(at, COUNTED));
				}
				else {
					World first = counted(world.copy(), at);
					steps.add("The generation is replaced by " + name,
							renewed(after, first.get(COUNTER_EPOCH), first.get(COUNTER_NUMBER)).set(at, RENEWED_FIRST));
				}
				script(world, steps, at, name);
				World forgetful = world.copy();
				if (has(Rule.FORGOTTEN_IN_ORDER)) {
					steps.add("Nothing can be written: the counter is deleted by " + name,
							forgetful.clear(COUNTER_EPOCH, 2).set(at, COUNTER_FORGOTTEN));
				}
				else {
					steps.add("Nothing can be written: the generation is deleted by " + name,
							forgetful.clear(TAG, 3).set(at, TAG_FORGOTTEN_FIRST));
				}
			}
			case COUNTED -> steps.add("The generation is replaced by " + name + ", and the eviction returns",
					returned(renewed(after, world.get(at + EVICTOR_EPOCH), world.get(at + EVICTOR_NUMBER)), at));
			case RENEWED_FIRST ->
				steps.add("The eviction by " + name + " is counted, and returns", returned(counted(after, at), at));
			case COUNTER_FORGOTTEN -> steps.add("The generation is deleted by " + name + ", and the eviction returns",
					returned(after.clear(TAG, 3), at));
			default -> steps.add("The counter is deleted by " + name + ", and the eviction returns",
					returned(after.clear(COUNTER_EPOCH, 2), at));
		}
	}

	/** Where all keys are on one server, and the counter is there. */
	private void script(World world, Steps steps, int at, String name) {
		if (world.is(COUNTER_EPOCH, 0)) {
			return;
		}
		World done = counted(world.copy(), at);
		renewed(done, done.get(at + EVICTOR_EPOCH), done.get(at + EVICTOR_NUMBER));
		steps.add(
				"One script counts the eviction by " + name + " and replaces the generation, and the eviction returns",
				returned(done.copy(), at));
		if (world.get(ANSWERS_LOST) < this.answersLost) {
			steps.add("The answer to the script of " + name + " is lost",
					done.clear(at + EVICTOR_EPOCH, 2).add(ANSWERS_LOST, 1));
		}
		if (!has(Rule.ASKED_AGAIN)) {
			steps.add("The script of " + name + " is lost on its way, and the eviction returns",
					returned(world.copy(), at));
		}
	}

	private World counted(World world, int at) {
		if (world.is(COUNTER_EPOCH, 0)) {
			madeCounter(world);
		}
		else {
			world.add(COUNTER_NUMBER, 1);
		}
		return world.set(at + EVICTOR_EPOCH, world.get(COUNTER_EPOCH))
			.set(at + EVICTOR_NUMBER, world.get(COUNTER_NUMBER));
	}

	private World renewed(World world, int epoch, int number) {
		if (world.is(TAG, 0)) {
			return world;
		}
		boolean same = world.is(TAG_EPOCH, epoch);
		if (has(Rule.NEVER_LOWERED) && !same && !world.is(TAG_EPOCH, 0)) {
			return world.clear(TAG, 3);
		}
		world.set(TAG, fresh(world, TAG));
		boolean keeps = has(Rule.NEVER_LOWERED) && (!same || world.get(TAG_NUMBER) > number);
		return keeps ? world : world.set(TAG_EPOCH, epoch).set(TAG_NUMBER, number);
	}

	private static World returned(World world, int at) {
		return world.set(FLOOR, Math.max(world.get(FLOOR), world.get(at + EVICTOR_VERSION))).clear(at, OF_EVICTOR);
	}

	// Randoms

	/** A random that nobody remembers might as well never have been there. */
	private static int fresh(World world, int cell) {
		int random = 1;
		while (world.is(cell, random) || world.is(ENTRY_TAG, random) || isRemembered(world, random)) {
			random++;
		}
		return random;
	}

	private static boolean isRemembered(World world, int random) {
		for (int loader = 0; loader < LOADER_COUNT; loader++) {
			int at = LOADERS + loader * OF_LOADER;
			if (world.is(at + RANDOM, random) || world.is(at + CONFIRMED, random)) {
				return true;
			}
		}
		return false;
	}

	private static int freshEpoch(World world) {
		int epoch = 1;
		while (isRememberedEpoch(world, epoch)) {
			epoch++;
		}
		return epoch;
	}

	private static boolean isRememberedEpoch(World world, int epoch) {
		if (world.is(COUNTER_EPOCH, epoch) || world.is(TAG_EPOCH, epoch)) {
			return true;
		}
		for (int evictor = 0; evictor < EVICTOR_COUNT; evictor++) {
			if (world.is(EVICTORS + evictor * OF_EVICTOR + EVICTOR_EPOCH, epoch)) {
				return true;
			}
		}
		for (int loader = 0; loader < LOADER_COUNT; loader++) {
			int at = LOADERS + loader * OF_LOADER;
			if (world.is(at + EPOCH, epoch) || world.is(at + SEEN_EPOCH, epoch)
					|| world.is(at + CONFIRMED + 1, epoch)) {
				return true;
			}
		}
		return false;
	}

}
