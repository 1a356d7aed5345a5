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
 * Evictions that Redis has not taken: one instance that evicts, and reads; others, which
 * load; a connection that breaks; a server that restarts with what it had saved. Commands
 * of a connection that broke may still arrive, and answers that were read from it may be
 * acted on late.
 */
final class PendingModel implements Model {

	enum Rule implements Model.Rule {

		KEPT("an eviction that was not acknowledged in time stays pending"),

		BYPASSED("what is pending is not read, though the link is up"),

		OWN_SEQUENCE("only the acknowledgement of its newest asking ends a pending eviction"),

		REPLAYED("what was acknowledged lately is evicted again on a server that is another than before"),

		REPLAYED_FIRST("it is pending again before that server is read from"),

		SAME_SERVER("an acknowledgement does not count if another server was seen since it was asked for"),

		REMEMBERED_FIRST("an acknowledgement is remembered before it is seen whether the server is the same");

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

	/** The version under the key, plus 1. */
	private static final int KEY = 1;

	/** How often the server has restarted, and what this instance knows of it. */
	private static final int SERVER = 2;

	private static final int KNOWN = 3;

	/** How often another server was seen, as evictions count it. */
	private static final int SERVERS = 4;

	private static final int LINK = 5;

	private static final int BREAKS = 6;

	/** The newest sequence in which the key was asked to be evicted. */
	private static final int SEQUENCE = 7;

	/** The sequence that is pending. */
	private static final int PENDING = 8;

	private static final int RECENT = 9;

	private static final int FLOOR = 10;

	private static final int ASKED = 11;

	/** Of each asking: its sequence, the count of servers, where it is. */
	private static final int OF_SEQUENCE = 0;

	private static final int OF_SERVERS = 1;

	private static final int WHERE = 2;

	/** The version that its caller waits for, plus 1. */
	private static final int CALLER = 3;

	private static final int OF_ASKING = 4;

	private static final int ASKINGS = 3;

	/** Where an asking is. */
	private static final int NOWHERE = 0;

	private static final int SENT = 1;

	private static final int APPLIED = 2;

	private static final int HEARD = 3;

	/** Remembered, or with the order the other way round: found to be of the server. */
	private static final int HALF_NOTED = 4;

	private static final int WAITING = 5;

	/** The link. */
	private static final int UP = 0;

	private static final int DOWN = 1;

	private static final int ANOTHER_SEEN = 2;

	private static final int REPLAYING_LATE = 3;

	private final List<? extends Model.Rule> off;

	private final int versions;

	private final int breaks;

	PendingModel(List<? extends Model.Rule> off, boolean thorough) {
		this.off = off;
		this.versions = 3;
		this.breaks = thorough ? 3 : 2;
	}

	private boolean has(Rule rule) {
		return !this.off.contains(rule);
	}

	@Override
	public World start() {
		return new World(ASKED + ASKINGS * OF_ASKING).set(KEY, 1);
	}

	@Override
	public boolean isHit(World world) {
		boolean reads = world.is(LINK, UP) || world.is(LINK, REPLAYING_LATE);
		return reads && !world.is(KEY, 0) && (world.is(PENDING, 0) || !has(Rule.BYPASSED));
	}

	@Override
	public @Nullable String wrong(World world) {
		int version = world.get(KEY) - 1;
		return (isHit(world) && version < world.get(FLOOR)) ? "the instance reads version " + version
				+ " after its own eviction of version " + world.get(FLOOR) + " has returned" : null;
	}

	@Override
	public void next(World world, Steps steps) {
		if (world.is(KEY, 0)) {
			steps.add("Another instance stores version " + world.get(DB), world.copy().set(KEY, world.get(DB) + 1));
		}
		if (world.get(DB) + 1 < this.versions) {
			int version = world.get(DB) + 1;
			World after = world.copy().add(DB, 1).add(SEQUENCE, 1);
			after.set(PENDING, after.get(SEQUENCE));
			if (world.is(LINK, UP) && free(world) >= 0) {
				steps.add("The row changes to version " + version + ", and its eviction is sent",
						asked(after, free(world), version + 1));
			}
			if (!world.is(LINK, UP)) {
				steps.add(
						"The row changes to version " + version
								+ "; there is no connection, so its eviction is pending and returns",
						after.set(FLOOR, version));
			}
		}
		for (int asking = 0; asking < ASKINGS; asking++) {
			asking(world, steps, ASKED + asking * OF_ASKING);
		}
		link(world, steps);
		if (!world.is(PENDING, 0) && !world.is(LINK, DOWN) && free(world) >= 0 && isUnasked(world)) {
			steps.add("What is pending is asked for again", asked(world.copy(), free(world), 0));
		}
	}

	private static int free(World world) {
		for (int asking = 0; asking < ASKINGS; asking++) {
			int at = ASKED + asking * OF_ASKING;
			if (world.is(at + WHERE, NOWHERE)) {
				return at;
			}
		}
		return -1;
	}

	/** Return whether nothing that would end what is pending is under way. */
	private static boolean isUnasked(World world) {
		for (int asking = 0; asking < ASKINGS; asking++) {
			int at = ASKED + asking * OF_ASKING;
			if (!world.is(at + WHERE, NOWHERE) && world.get(at + OF_SEQUENCE) == world.get(PENDING)) {
				return false;
			}
		}
		return true;
	}

	private static World asked(World world, int at, int caller) {
		return world.set(at + OF_SEQUENCE, world.get(PENDING))
			.set(at + OF_SERVERS, world.get(SERVERS))
			.set(at + WHERE, SENT)
			.set(at + CALLER, caller);
	}

	private void asking(World world, Steps steps, int at) {
		String name = "eviction " + world.get(at + OF_SEQUENCE);
		if (!world.is(at + CALLER, 0) && !world.is(at + WHERE, HEARD) && !world.is(at + WHERE, HALF_NOTED)) {
			World after = returned(world.copy(), at);
			if (!has(Rule.KEPT) && world.get(PENDING) == world.get(at + OF_SEQUENCE)) {
				after.set(PENDING, 0);
			}
			steps.add("Nobody waits for " + name + " any longer, and it returns", after);
		}
		switch (world.get(at + WHERE)) {
			case NOWHERE -> {
			}
			case SENT -> {
				steps.add("The server takes " + name, world.copy().set(KEY, 0).set(at + WHERE, APPLIED));
				steps.add("The " + name + " is lost on its way", world.copy().set(at + WHERE, WAITING));
			}
			case APPLIED -> {
				steps.add("The answer to " + name + " is read", world.copy().set(at + WHERE, HEARD));
				steps.add("The answer to " + name + " is lost", world.copy().set(at + WHERE, WAITING));
			}
			case HEARD -> half(world, steps, at, name);
			case HALF_NOTED -> noted(world, steps, at, name);
			default -> {
				if (world.is(at + CALLER, 0)) {
					steps.add("The " + name + " has failed", world.copy().clear(at, OF_ASKING));
				}
			}
		}
	}

	private void half(World world, Steps steps, int at, String name) {
		World after = world.copy().set(at + WHERE, HALF_NOTED);
		if (has(Rule.REMEMBERED_FIRST)) {
			steps.add("The acknowledged " + name + " is remembered", after.set(RECENT, 1));
		}
		else if (counts(world, at)) {
			steps.add("The server of the acknowledged " + name + " is found to be the same", after);
		}
		else {
			steps.add("The server of the acknowledged " + name + " is another by now", failed(world.copy(), at));
		}
	}

	private boolean counts(World world, int at) {
		return world.get(at + OF_SERVERS) == world.get(SERVERS) || !has(Rule.SAME_SERVER);
	}

	private void noted(World world, Steps steps, int at, String name) {
		World after = world.copy();
		if (!has(Rule.REMEMBERED_FIRST)) {
			after.set(RECENT, 1);
		}
		else if (!counts(world, at)) {
			steps.add("The server of the acknowledged " + name + " is another by now", failed(after, at));
			return;
		}
		if (world.get(PENDING) == world.get(at + OF_SEQUENCE) || !has(Rule.OWN_SEQUENCE)) {
			after.set(PENDING, 0);
		}
		steps.add("The acknowledged " + name + " ends what is pending, and returns",
				returned(after, at).clear(at, OF_ASKING));
	}

	private static World failed(World world, int at) {
		return returned(world, at).clear(at, OF_ASKING);
	}

	private static World returned(World world, int at) {
		int version = world.get(at + CALLER) - 1;
		return world.set(FLOOR, Math.max(world.get(FLOOR), version)).set(at + CALLER, 0);
	}

	private void link(World world, Steps steps) {
		// The thread that sees another server replays before it looks at anything else.
		if (world.get(BREAKS) < this.breaks && world.is(LINK, UP)) {
			World down = world.copy().add(BREAKS, 1).set(LINK, DOWN);
			steps.add("The connection breaks", down);
			if (world.is(SERVER, 0)) {
				World restarted = down.copy().set(SERVER, 1).set(KEY, 1);
				for (int asking = 0; asking < ASKINGS; asking++) {
					int at = ASKED + asking * OF_ASKING;
					if (world.is(at + WHERE, SENT)) {
						restarted.set(at + WHERE, WAITING);
					}
				}
				steps.add("The server dies, and another has version 0 from its dump", restarted);
			}
		}
		boolean same = world.get(SERVER) == world.get(KNOWN);
		if (world.is(LINK, DOWN) && same) {
			steps.add("The instance connects again", world.copy().set(LINK, UP));
		}
		if (world.is(LINK, DOWN) && !same) {
			World seen = world.copy().set(KNOWN, world.get(SERVER)).add(SERVERS, 1);
			steps.add("The instance connects, and sees that the server is another",
					seen.set(LINK, has(Rule.REPLAYED_FIRST) ? ANOTHER_SEEN : REPLAYING_LATE));
		}
		if (world.is(LINK, ANOTHER_SEEN) || world.is(LINK, REPLAYING_LATE)) {
			boolean replays = world.is(RECENT, 1) && has(Rule.REPLAYED);
			World after = world.copy().set(LINK, UP);
			steps.add(replays ? "What was acknowledged lately is pending again" : "Nothing was acknowledged lately",
					replays ? after.add(SEQUENCE, 1).set(PENDING, after.get(SEQUENCE)) : after);
		}
	}

}
