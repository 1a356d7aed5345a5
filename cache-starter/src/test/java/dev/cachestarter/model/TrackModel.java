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

import java.util.Arrays;
import java.util.List;

import org.jspecify.annotations.Nullable;

/**
 * A near cache that Redis tells of changes: one instance with its tracking connection,
 * one key under one generation, and others that evict, store and extend the generation's
 * life. The server's messages to the instance stand in a queue; the connection may be
 * dead for as long as it likes before that is noticed; the slot of the key may move to
 * another master, which tells nobody.
 * <p>
 * A hit must not be older than any eviction that Redis had applied when it answered the
 * last heartbeat that was heard, and not older than an own eviction that has returned. In
 * one history a generation is extended or a slot moves, not both.
 * <p>
 * It differs from the code in three ways. Here an answer to a heartbeat also says whether
 * the slot has moved; the code asks each master for its slots twice a second besides, and
 * counts as good only what both answers vouch for. Here a near cache that is emptied
 * begins a new epoch of all keys; in the code that is the round. And here tracking that
 * is on tells of changes; that it does is what the code's canary is for.
 */
final class TrackModel implements Model {

	enum Rule implements Model.Rule {

		KEY_EPOCH("an answer is kept only if no message about its key came since it was asked for"),

		GENERATION_EPOCH("a generation is kept only if no message about it came since it was asked for"),

		CLEARED("a lost connection empties the near cache"),

		COMPARED("a copy counts only under the generation that it carries"),

		UNKNOWN("a message about a generation makes it unknown until it is asked for"),

		NULL_MESSAGE("a message without keys empties the near cache"),

		DROPPED("an own eviction drops the copy when it is acknowledged"),

		TRACKED_ANSWERS("only what was read over the tracking connection is kept"),

		ORDER("messages arrive before the answer to a later heartbeat"),

		HEARTBEAT("nothing is a hit once no heartbeat is answered"),

		TOPOLOGY("a cluster that has changed empties the near cache");

		private final String text;

		Rule(String text) {
			this.text = text;
		}

		@Override
		public String text() {
			return this.text;
		}

	}

	private static final int DB = 0;

	/** The version under the key plus 1, and its generation. */
	private static final int KEY = 1;

	private static final int GENERATION_OF_KEY = 2;

	private static final int GENERATION = 3;

	private static final int EVICTIONS = 4;

	private static final int FLOOR = 5;

	/** Whether the server has noted that the instance has read these. */
	private static final int TRACKS_KEY = 6;

	private static final int TRACKS_GENERATION = 7;

	private static final int LINK = 8;

	private static final int SESSION = 9;

	private static final int KEY_EPOCH = 10;

	private static final int GENERATION_EPOCH = 11;

	private static final int COPY = 12;

	private static final int COPY_GENERATION = 13;

	private static final int CELL = 14;

	private static final int CELL_KNOWN = 15;

	/** A read: whether there is one, and what held when it was sent. */
	private static final int READ = 16;

	/** Its answer, with the caller's thread: the same, the generation, and the key. */
	private static final int HELD = 20;

	/** A question for the generation alone. */
	private static final int ASKED = 27;

	private static final int TOLD = 30;

	/** An own eviction: 1 sent, 2 applied. */
	private static final int OWN = 34;

	private static final int OWN_VERSION = 35;

	private static final int OWN_FLOOR = 36;

	private static final int VOUCHED = 37;

	private static final int BEATING = 38;

	private static final int EXTENDED = 39;

	private static final int MOVED = 40;

	private static final int KNOWS_MOVED = 41;

	private static final int LENGTH = 42;

	private static final int QUEUE = 43;

	private static final int ROOM = 3;

	/** Of a message: what it is, and up to six numbers. */
	private static final int OF_MESSAGE = 7;

	private static final int ABOUT = 1;

	private static final int ANSWER = 2;

	private static final int TELL = 3;

	private static final int BEAT = 4;

	/** What a message is about. */
	private static final int THE_KEY = 1;

	private static final int THE_GENERATION = 2;

	private static final int ALL = 3;

	private static final int UP = 0;

	private static final int DEAD = 1;

	private static final int CELLS = QUEUE + ROOM * OF_MESSAGE;

	private final List<? extends Model.Rule> off;

	private final int evictions;

	TrackModel(List<? extends Model.Rule> off, boolean thorough) {
		this.off = off;
		this.evictions = thorough ? 2 : 1;
	}

	private boolean has(Rule rule) {
		return !this.off.contains(rule);
	}

	@Override
	public World start() {
		return new World(CELLS).set(KEY, 1).set(GENERATION_OF_KEY, 1).set(GENERATION, 1);
	}

	@Override
	public boolean isHit(World world) {
		return !world.is(COPY, 0) && world.is(CELL_KNOWN, 1)
				&& (world.get(CELL) == world.get(COPY_GENERATION) || !has(Rule.COMPARED));
	}

	@Override
	public @Nullable String wrong(World world) {
		if (!isHit(world)) {
			return null;
		}
		int version = world.get(COPY) - 1;
		if (version < world.get(VOUCHED)) {
			return "there is a hit of version " + version + ", though Redis had evicted the one before version "
					+ world.get(VOUCHED) + " when it answered the last heartbeat";
		}
		if (version < world.get(OWN_FLOOR)) {
			return "there is a hit of version " + version + " after an own eviction has returned";
		}
		return (!has(Rule.HEARTBEAT) && world.is(LINK, DEAD) && version < world.get(FLOOR))
				? "there is a hit of version " + version + ", for as long as nobody notices" : null;
	}

	@Override
	public void next(World world, Steps steps) {
		if (world.is(DB, 0)) {
			steps.add("The row changes to version 1", world.copy().set(DB, 1));
		}
		if (world.get(LENGTH) < ROOM) {
			others(world, steps);
			asks(world, steps);
		}
		link(world, steps);
		if (world.get(LENGTH) > 0 && world.is(LINK, UP)) {
			take(world, steps, 0);
			if (!has(Rule.ORDER) && world.is(QUEUE, ABOUT)) {
				for (int i = 1; i < world.get(LENGTH); i++) {
					if (world.is(QUEUE + i * OF_MESSAGE, BEAT)) {
						take(world, steps, i);
						break;
					}
				}
			}
		}
		keeps(world, steps);
		owns(world, steps);
	}

	// The server

	private static World said(World world, int what, int... numbers) {
		if (!world.is(LINK, UP)) {
			return world;
		}
		int at = QUEUE + world.get(LENGTH) * OF_MESSAGE;
		world.set(at, what);
		for (int i = 0; i < numbers.length; i++) {
			world.set(at + 1 + i, numbers[i]);
		}
		return world.add(LENGTH, 1);
	}

	private static World keyChanges(World world) {
		return world.is(TRACKS_KEY, 1) ? said(world.set(TRACKS_KEY, 0), ABOUT, THE_KEY) : world;
	}

	private static World generationChanges(World world) {
		return world.is(TRACKS_GENERATION, 1) ? said(world.set(TRACKS_GENERATION, 0), ABOUT, THE_GENERATION) : world;
	}

	private static World withoutKey(World world) {
		return keyChanges(world.set(KEY, 0).set(GENERATION_OF_KEY, 0)).set(FLOOR, world.get(DB));
	}

	private void others(World world, Steps steps) {
		if (world.get(EVICTIONS) < this.evictions) {
			World after = world.copy().add(EVICTIONS, 1);
			steps.add("Another instance evicts the key", withoutKey(after.copy()));
			steps.add("Another instance evicts the generation",
					generationChanges(after.copy().set(GENERATION, 0).set(FLOOR, world.get(DB))));
			World empty = after.set(KEY, 0)
				.set(GENERATION_OF_KEY, 0)
				.set(GENERATION, 0)
				.set(TRACKS_KEY, 0)
				.set(TRACKS_GENERATION, 0)
				.set(FLOOR, world.get(DB));
			steps.add("Somebody flushes the database", world.is(MOVED, 0) ? said(empty, ABOUT, ALL) : empty);
		}
		if (world.is(KEY, 0) || world.get(GENERATION_OF_KEY) != world.get(GENERATION)) {
			World after = world.copy();
			if (world.is(GENERATION, 0)) {
				generationChanges(after.set(GENERATION, fresh(world)));
			}
			if (after.get(LENGTH) < ROOM) {
				steps.add("Another instance stores version " + world.get(DB),
						keyChanges(after.set(KEY, world.get(DB) + 1).set(GENERATION_OF_KEY, after.get(GENERATION))));
			}
		}
		if (world.is(GENERATION, 0)) {
			steps.add("The load of another key makes the generation",
					generationChanges(world.copy().set(GENERATION, fresh(world))));
		}
		if (world.is(TRACKS_GENERATION, 1) && world.is(EXTENDED, 0) && world.is(MOVED, 0)) {
			steps.add("Another instance extends the generation's life",
					generationChanges(world.copy().set(EXTENDED, 1)));
		}
		if (world.is(MOVED, 0) && world.is(EXTENDED, 0)) {
			steps.add("The slot moves to another master",
					world.copy().set(MOVED, 1).set(TRACKS_KEY, 0).set(TRACKS_GENERATION, 0));
		}
	}

	private static int fresh(World world) {
		int most = 0;
		for (int cell : generations(world)) {
			most = Math.max(most, world.get(cell));
		}
		return most + 1;
	}

	private static int[] generations(World world) {
		int[] cells = { GENERATION, GENERATION_OF_KEY, COPY_GENERATION, CELL, HELD + 4, HELD + 6, TOLD + 3, 0, 0, 0, 0,
				0, 0 };
		int found = 7;
		for (int i = 0; i < world.get(LENGTH); i++) {
			int at = QUEUE + i * OF_MESSAGE;
			if (world.is(at, ANSWER)) {
				cells[found++] = at + 4;
				cells[found++] = at + 6;
			}
			else if (world.is(at, TELL)) {
				cells[found++] = at + 3;
			}
		}
		return Arrays.copyOf(cells, found);
	}

	// The instance asks

	private void asks(World world, Steps steps) {
		if (!world.is(LINK, UP)) {
			return;
		}
		if (world.is(READ, 0) && world.is(MOVED, 0)) {
			int[] numbers = { world.get(KEY_EPOCH), world.get(GENERATION_EPOCH), world.get(SESSION),
					world.get(GENERATION), world.get(KEY), world.get(GENERATION_OF_KEY) };
			World reading = world.copy().set(READ, 1);
			for (int i = 0; i < 3; i++) {
				reading.set(READ + 1 + i, numbers[i]);
			}
			steps.add("The instance reads; the server answers",
					said(reading.copy().set(TRACKS_KEY, 1).set(TRACKS_GENERATION, 1), ANSWER, numbers));
			if (!has(Rule.TRACKED_ANSWERS)) {
				steps.add("The instance reads over another connection, and has the answer", held(reading, numbers));
			}
		}
		if (world.is(ASKED, 0) && !world.is(CELL, 0) && world.is(CELL_KNOWN, 0) && !world.is(COPY, 0)
				&& world.is(MOVED, 0)) {
			World asking = world.copy()
				.set(ASKED, 1)
				.set(ASKED + 1, world.get(GENERATION_EPOCH))
				.set(ASKED + 2, world.get(SESSION))
				.set(TRACKS_GENERATION, 1);
			steps.add("The instance asks for the generation; the server answers",
					said(asking, TELL, world.get(GENERATION_EPOCH), world.get(SESSION), world.get(GENERATION)));
		}
		if (world.is(BEATING, 0)) {
			steps.add("The server answers a heartbeat",
					said(world.copy().set(BEATING, 1), BEAT, world.get(FLOOR), world.get(MOVED)));
		}
	}

	private static World held(World world, int... numbers) {
		world.set(HELD, 1);
		for (int i = 0; i < numbers.length; i++) {
			world.set(HELD + 1 + i, numbers[i]);
		}
		return world;
	}

	// The connection

	private void link(World world, Steps steps) {
		if (world.is(LINK, UP)) {
			steps.add("The connection dies, and nobody notices",
					world.copy().set(LINK, DEAD).clear(LENGTH, 1 + ROOM * OF_MESSAGE));
		}
		else if (world.is(SESSION, 0)) {
			World after = world.copy()
				.set(LINK, UP)
				.add(SESSION, 1)
				.set(TRACKS_KEY, 0)
				.set(TRACKS_GENERATION, 0)
				.set(BEATING, 0);
			steps.add("The instance notices, and connects again", has(Rule.CLEARED) ? emptied(after) : after);
		}
		boolean dead = world.is(LINK, DEAD);
		if (world.is(READ, 1) && world.is(HELD, 0) && (dead || world.get(READ + 3) != world.get(SESSION))) {
			steps.add("The read fails", world.copy().clear(READ, 4));
		}
		if (world.is(ASKED, 1) && world.is(TOLD, 0) && (dead || world.get(ASKED + 2) != world.get(SESSION))) {
			steps.add("The question for the generation fails", world.copy().clear(ASKED, 3));
		}
	}

	private static World emptied(World world) {
		return world.clear(COPY, 4).add(KEY_EPOCH, 1).add(GENERATION_EPOCH, 1);
	}

	/** The event loop takes a message. */
	private void take(World world, Steps steps, int index) {
		int at = QUEUE + index * OF_MESSAGE;
		World after = world.copy();
		for (int cell = at; cell < CELLS; cell++) {
			after.set(cell, (cell + OF_MESSAGE < CELLS) ? world.get(cell + OF_MESSAGE) : 0);
		}
		after.add(LENGTH, -1);
		switch (world.get(at)) {
			case ABOUT -> about(world.get(at + 1), after, steps);
			case ANSWER -> {
				int[] numbers = new int[6];
				for (int i = 0; i < 6; i++) {
					numbers[i] = world.get(at + 1 + i);
				}
				steps.add("The answer to the read arrives", held(after, numbers));
			}
			case TELL -> steps.add("The answer about the generation arrives",
					after.set(TOLD, 1)
						.set(TOLD + 1, world.get(at + 1))
						.set(TOLD + 2, world.get(at + 2))
						.set(TOLD + 3, world.get(at + 3)));
			default -> {
				after.set(VOUCHED, Math.max(world.get(VOUCHED), world.get(at + 1))).set(BEATING, 0);
				boolean moved = world.is(at + 2, 1) && world.is(KNOWS_MOVED, 0);
				steps.add("The answer to the heartbeat arrives" + (moved ? ", of a cluster that has changed" : ""),
						(moved && has(Rule.TOPOLOGY)) ? emptied(after.set(KNOWS_MOVED, 1)) : after);
			}
		}
	}

	private void about(int what, World after, Steps steps) {
		if (what == THE_KEY) {
			steps.add("The message about the key arrives", after.clear(COPY, 2).add(KEY_EPOCH, 1));
		}
		else if (what == THE_GENERATION) {
			after.add(GENERATION_EPOCH, 1);
			steps.add("The message about the generation arrives", has(Rule.UNKNOWN) ? after.set(CELL_KNOWN, 0) : after);
		}
		else {
			steps.add("The message without keys arrives", has(Rule.NULL_MESSAGE) ? emptied(after) : after);
		}
	}

	/** The caller's thread has an answer. */
	private void keeps(World world, Steps steps) {
		if (world.is(HELD, 1)) {
			boolean value = !world.is(HELD + 5, 0) && !world.is(HELD + 4, 0)
					&& world.get(HELD + 4) == world.get(HELD + 6);
			boolean keyIs = !has(Rule.KEY_EPOCH) || world.get(HELD + 1) == world.get(KEY_EPOCH);
			boolean generationIs = !has(Rule.GENERATION_EPOCH) || world.get(HELD + 2) == world.get(GENERATION_EPOCH);
			World after = world.copy().clear(READ, HELD + 7 - READ);
			if (value && keyIs && generationIs) {
				steps.add("The instance keeps the value, version " + (world.get(HELD + 5) - 1),
						after.set(COPY, world.get(HELD + 5))
							.set(COPY_GENERATION, world.get(HELD + 6))
							.set(CELL, world.get(HELD + 4))
							.set(CELL_KNOWN, 1));
			}
			else {
				steps.add("The instance keeps nothing", after);
			}
		}
		if (world.is(TOLD, 1)) {
			boolean is = !has(Rule.GENERATION_EPOCH) || world.get(TOLD + 1) == world.get(GENERATION_EPOCH);
			World after = world.copy().clear(ASKED, 7);
			if (is && !world.is(CELL, 0)) {
				after.set(CELL, world.get(TOLD + 3)).set(CELL_KNOWN, world.is(TOLD + 3, 0) ? 0 : 1);
			}
			steps.add(is ? "The instance knows the generation again" : "The instance takes no generation", after);
		}
	}

	/** An eviction of its own, over the other connection. */
	private void owns(World world, Steps steps) {
		if (world.is(OWN, 0) && world.get(EVICTIONS) < this.evictions) {
			steps.add("The instance sends an eviction", world.copy().set(OWN, 1).add(EVICTIONS, 1));
		}
		if (world.is(OWN, 1) && world.get(LENGTH) < ROOM) {
			steps.add("The server takes the eviction",
					withoutKey(world.copy()).set(OWN, 2).set(OWN_VERSION, world.get(DB)));
		}
		if (world.is(OWN, 2)) {
			World after = world.copy()
				.set(OWN_FLOOR, Math.max(world.get(OWN_FLOOR), world.get(OWN_VERSION)))
				.clear(OWN, 2);
			steps.add("The eviction returns", has(Rule.DROPPED) ? after.clear(COPY, 2).add(KEY_EPOCH, 1) : after);
		}
	}

	/**
	 * Epochs count by whether they are those of now: each is numbered from the oldest.
	 */
	@Override
	public World normal(World world) {
		World normal = world.copy();
		boolean read = world.is(READ, 1);
		boolean held = world.is(HELD, 1);
		int[] keys = { KEY_EPOCH, read ? READ + 1 : KEY_EPOCH, held ? HELD + 1 : KEY_EPOCH, KEY_EPOCH, KEY_EPOCH,
				KEY_EPOCH };
		int[] generations = { GENERATION_EPOCH, read ? READ + 2 : GENERATION_EPOCH, held ? HELD + 2 : GENERATION_EPOCH,
				world.is(ASKED, 1) ? ASKED + 1 : GENERATION_EPOCH, world.is(TOLD, 1) ? TOLD + 1 : GENERATION_EPOCH,
				GENERATION_EPOCH, GENERATION_EPOCH, GENERATION_EPOCH };
		for (int i = 0; i < world.get(LENGTH); i++) {
			int at = QUEUE + i * OF_MESSAGE;
			if (world.is(at, ANSWER)) {
				keys[3 + i] = at + 1;
				generations[5 + i] = at + 2;
			}
			else if (world.is(at, TELL)) {
				generations[5 + i] = at + 1;
			}
		}
		number(world, normal, keys);
		number(world, normal, generations);
		return normal;
	}

	private static void number(World world, World normal, int... cells) {
		for (int cell : cells) {
			int rank = 0;
			for (int i = 0; i < cells.length; i++) {
				int other = world.get(cells[i]);
				boolean first = true;
				for (int j = 0; j < i; j++) {
					first &= world.get(cells[j]) != other;
				}
				rank += (first && other < world.get(cell)) ? 1 : 0;
			}
			normal.set(cell, rank);
		}
	}

}
