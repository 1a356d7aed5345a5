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
 * Leases and generations: two instances, one key of one generation, and somebody who
 * changes the row and evicts. As the code has it: what is observed is one answer and may
 * be old when it is acted on; a first generation is sent with its lease right behind it;
 * a fill is under way for as long as it likes, and arrives after its sender has died.
 */
final class LeaseModel implements Model {

	enum Rule implements Model.Rule {

		LEASE("a value is stored only where a lease stands"),

		OWN_LEASE("a value is stored only where the very lease of its load stands"),

		LEASE_BEFORE_LOAD("a load begins after its lease is acknowledged"),

		GENERATION_BEFORE_LOAD("a load begins after its generation is acknowledged, too"),

		CAPTURED_GENERATION("a value carries the generation that its lease was placed under"),

		FRESH_GENERATION("no generation is ever made twice"),

		CURRENT_GENERATION("a value counts only under the generation that it carries"),

		NO_GENERATION_NO_HIT("nothing is a hit while there is no generation"),

		COMPARED_LEASE("a lease is placed only where what was observed still stands"),

		OWN_CLAIM("a claimed value is replaced only while the very claim is on it"),

		SEEN_FLIGHT("a load of this instance is joined only by who has read its lease"),

		PUT_LEASES_FIRST("a put leases the key before its method runs"),

		REFUSED_PUT_EVICTS("a put whose value is refused evicts the key");

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

	/**
	 * What stands under the key, and of a value or lease its nonce, version and so on.
	 */
	private static final int KEY = 1;

	private static final int NONCE = 2;

	private static final int VERSION = 3;

	private static final int GENERATION_OF_KEY = 4;

	private static final int CLAIM = 5;

	private static final int GENERATION = 6;

	/** Who changes the row: 0 nobody, 1 has changed it, 2 has evicted. */
	private static final int EVICTING = 7;

	private static final int EVICTED = 8;

	/** The newest version of which an eviction or a put has returned. */
	private static final int FLOOR = 9;

	/** Whether anything but loads has happened, so that two may load. */
	private static final int DISTURBED = 10;

	private static final int WRONG = 11;

	/** A second caller of the first instance: 0 none yet, 1 has read, 2 is done. */
	private static final int JOINER = 12;

	private static final int JOINER_FLOOR = 13;

	private static final int JOINER_SAW = 14;

	/** Of each instance, from here on. */
	private static final int INSTANCES = 15;

	private static final int STEP = 0;

	private static final int KIND = 1;

	private static final int SAW = 2;

	private static final int SAW_NONCE = 3;

	private static final int SAW_GENERATION = 4;

	private static final int SAW_CLAIM = 5;

	private static final int UNDER = 6;

	/** What was loaded, plus 1. */
	private static final int LOADED = 7;

	private static final int MADE = 8;

	private static final int PLACED = 9;

	private static final int OF_CALL = 10;

	private static final int CALLS = 10;

	private static final int FILL = 11;

	private static final int FILL_NONCE = 12;

	private static final int FILL_VERSION = 13;

	private static final int FILL_GENERATION = 14;

	private static final int OF_INSTANCE = 15;

	/** What stands under the key. */
	private static final int NOTHING = 0;

	private static final int LEASE = 1;

	private static final int VALUE = 2;

	/** Kinds of calls, and of fills. */
	private static final int LOAD = 1;

	private static final int REFRESH = 2;

	private static final int PUT = 3;

	/** Steps of a call. */
	private static final int IDLE = 0;

	private static final int OBSERVED = 1;

	private static final int GENERATION_SENT = 2;

	private static final int ANSWERED = 3;

	private static final int FOUND = 4;

	private static final int LEASED = 5;

	private static final int REFUSED = 6;

	private static final String[] NAMES = { "Instance A", "Instance B" };

	private final List<? extends Model.Rule> off;

	private final int versions;

	LeaseModel(List<? extends Model.Rule> off, boolean thorough) {
		this.off = off;
		this.versions = (thorough || off.contains(Rule.PUT_LEASES_FIRST)) ? 3 : 2;
	}

	private boolean has(Rule rule) {
		return !this.off.contains(rule);
	}

	@Override
	public World start() {
		return new World(INSTANCES + 2 * OF_INSTANCE).set(KEY, VALUE)
			.set(NONCE, 9)
			.set(GENERATION_OF_KEY, 1)
			.set(GENERATION, 1);
	}

	@Override
	public boolean isHit(World world) {
		if (!world.is(KEY, VALUE)) {
			return false;
		}
		return world.is(GENERATION, 0) ? !has(Rule.NO_GENERATION_NO_HIT)
				: !has(Rule.CURRENT_GENERATION) || world.get(GENERATION) == world.get(GENERATION_OF_KEY);
	}

	@Override
	public @Nullable String wrong(World world) {
		if (isHit(world) && world.get(VERSION) < world.get(FLOOR)) {
			return "a reader gets version " + world.get(VERSION) + " after the eviction or put of version "
					+ world.get(FLOOR) + " has returned";
		}
		if (world.is(WRONG, 1)) {
			return "the second caller gets what was loaded before an eviction that had returned before it called";
		}
		if (world.is(DISTURBED, 0) && loads(world, 0) && loads(world, 1)) {
			return "both instances load the key at the same time, though nothing was evicted and nobody failed";
		}
		return null;
	}

	private static boolean loads(World world, int instance) {
		int at = INSTANCES + instance * OF_INSTANCE;
		return world.is(at + STEP, LEASED) && world.is(at + KIND, LOAD);
	}

	@Override
	public void next(World world, Steps steps) {
		environment(world, steps);
		evictor(world, steps);
		for (int instance = 0; instance < 2; instance++) {
			instance(world, steps, instance, INSTANCES + instance * OF_INSTANCE);
		}
		joiner(world, steps);
	}

	private static void environment(World world, Steps steps) {
		if (!world.is(KEY, NOTHING)) {
			steps.add("Redis drops the key, or it expires", disturbed(withoutKey(world.copy())));
		}
		if (!world.is(GENERATION, 0)) {
			steps.add("Redis drops the generation", disturbed(world.copy().set(GENERATION, 0)));
		}
	}

	/** What happens before any call disturbs none. */
	private static World disturbed(World world) {
		boolean idle = world.is(INSTANCES + STEP, IDLE) && world.is(INSTANCES + OF_INSTANCE + STEP, IDLE);
		return idle ? world : world.set(DISTURBED, 1);
	}

	private static World withoutKey(World world) {
		return world.clear(KEY, CLAIM - KEY + 1);
	}

	private void evictor(World world, Steps steps) {
		if (world.is(EVICTING, 0) && world.get(DB) + 1 < this.versions) {
			steps.add("The row changes to version " + (world.get(DB) + 1),
					world.copy().add(DB, 1).set(EVICTING, 1).set(EVICTED, world.get(DB) + 1));
		}
		if (world.is(EVICTING, 1)) {
			steps.add("Its key is evicted", withoutKey(world.copy()).set(EVICTING, 2).set(DISTURBED, 1));
			steps.add("Its generation is evicted", world.copy().set(GENERATION, 0).set(EVICTING, 2).set(DISTURBED, 1));
		}
		if (world.is(EVICTING, 2)) {
			steps.add("The eviction returns", returned(world.copy(), world.get(EVICTED)).clear(EVICTING, 2));
		}
		if (world.is(GENERATION, 0)) {
			steps.add("The load of another key makes the generation", world.copy().set(GENERATION, fresh(world)));
		}
	}

	private static World returned(World world, int version) {
		return world.set(FLOOR, Math.max(world.get(FLOOR), version));
	}

	private int fresh(World world) {
		if (!has(Rule.FRESH_GENERATION)) {
			return 1;
		}
		int most = 0;
		for (int cell : generations()) {
			most = Math.max(most, world.get(cell));
		}
		return most + 1;
	}

	private static int[] generations() {
		int second = INSTANCES + OF_INSTANCE;
		return new int[] { GENERATION, GENERATION_OF_KEY, INSTANCES + UNDER, INSTANCES + SAW_GENERATION,
				INSTANCES + FILL_GENERATION, second + UNDER, second + SAW_GENERATION, second + FILL_GENERATION };
	}

	private void instance(World world, Steps steps, int instance, int at) {
		String name = NAMES[instance];
		int nonce = 1 + instance + 2 * world.get(at + CALLS);
		switch (world.get(at + STEP)) {
			case IDLE -> idle(world, steps, name, instance, at);
			case OBSERVED -> observed(world, steps, name, nonce, at);
			case GENERATION_SENT -> {
				World after = world.copy().set(at + STEP, ANSWERED);
				boolean placed = place(after, nonce, at);
				steps.add(name + "'s lease arrives behind it" + (placed ? "" : ", and is not placed"),
						after.set(at + PLACED, placed ? 1 : 0));
			}
			case ANSWERED -> answered(world, steps, name, at);
			case FOUND -> {
				boolean still = world.is(KEY, LEASE) && world.is(NONCE, nonce);
				steps.add(name + (still ? " replaces its lease by one under that generation" : " finds its lease gone"),
						still ? leased(world.copy().set(GENERATION_OF_KEY, world.get(at + UNDER)), at)
								: ended(world.copy(), at));
			}
			case LEASED -> leased(world, steps, name, nonce, at);
			case REFUSED -> steps.add(name + " evicts the key, and its put returns",
					ended(returned(withoutKey(world.copy()), world.get(at + LOADED) - 1), at));
			default -> throw new IllegalStateException();
		}
		if (!world.is(at + STEP, IDLE)) {
			steps.add(name + "'s call dies", ended(world.copy(), at).set(DISTURBED, 1));
		}
		fill(world, steps, name, at);
	}

	private void idle(World world, Steps steps, String name, int instance, int at) {
		if (world.is(at + CALLS, 1)) {
			return;
		}
		World seen = world.copy()
			.set(at + STEP, OBSERVED)
			.set(at + SAW, world.get(KEY))
			.set(at + SAW_NONCE, world.get(NONCE))
			.set(at + SAW_GENERATION, world.get(GENERATION_OF_KEY))
			.set(at + SAW_CLAIM, world.get(CLAIM))
			.set(at + UNDER, world.get(GENERATION));
		boolean current = !world.is(GENERATION, 0) && world.get(GENERATION) == world.get(GENERATION_OF_KEY);
		if (world.is(KEY, VALUE) && current) {
			steps.add(name + " reads a value that is due to be loaded again", seen.set(at + KIND, REFRESH));
		}
		else if (!world.is(KEY, LEASE) || !current) {
			steps.add(name + " reads, and finds nothing that counts", seen.set(at + KIND, LOAD));
		}
		if (instance == 1 && world.get(DB) + 1 < this.versions) {
			World put = world.copy()
				.set(at + STEP, OBSERVED)
				.set(at + KIND, PUT)
				.set(at + UNDER, world.get(GENERATION));
			boolean first = has(Rule.PUT_LEASES_FIRST);
			steps.add(name + " begins a put" + (first ? ", and reads the generation" : ": its method changes the row"),
					first ? put : put.add(DB, 1).set(at + LOADED, world.get(DB) + 2));
		}
	}

	private void observed(World world, Steps steps, String name, int nonce, int at) {
		if (!has(Rule.LEASE_BEFORE_LOAD) && world.is(at + KIND, LOAD) && world.is(at + LOADED, 0)) {
			steps.add(name + " loads version " + world.get(DB), world.copy().set(at + LOADED, world.get(DB) + 1));
		}
		if (world.is(at + KIND, REFRESH)) {
			boolean still = isAsSeen(world, at);
			steps.add(name + (still ? " claims the value" : " finds another value, and claims nothing"),
					still ? leased(world.copy().set(CLAIM, nonce), at) : ended(world.copy(), at));
		}
		else if (world.is(at + UNDER, 0)) {
			boolean free = world.is(GENERATION, 0);
			int fresh = fresh(world);
			World after = world.copy()
				.set(at + STEP, GENERATION_SENT)
				.set(at + UNDER, fresh)
				.set(at + MADE, free ? 1 : 0);
			steps.add(name + (free ? " makes a generation" : " would make a generation, and another is there"),
					free ? after.set(GENERATION, fresh) : after);
		}
		else if (world.is(at + KIND, LOAD) && world.is(KEY, NOTHING) && !world.is(at + SAW, NOTHING)) {
			steps.add(name + " is told that nothing is there any more", world.copy().clear(at + SAW, 4));
		}
		else {
			World after = world.copy();
			boolean placed = place(after, nonce, at);
			steps.add(name + (placed ? " leases the key" : " is told of another's lease or value"),
					placed ? leased(after, at) : ended(after, at));
		}
	}

	private static boolean isAsSeen(World world, int at) {
		return world.get(KEY) == world.get(at + SAW) && world.get(NONCE) == world.get(at + SAW_NONCE)
				&& world.get(GENERATION_OF_KEY) == world.get(at + SAW_GENERATION)
				&& world.get(CLAIM) == world.get(at + SAW_CLAIM);
	}

	/** Place a lease: a put's whatever is there. */
	private boolean place(World world, int nonce, int at) {
		boolean put = world.is(at + KIND, PUT);
		if (!put && !isAsSeen(world, at) && has(Rule.COMPARED_LEASE)) {
			return false;
		}
		withoutKey(world).set(KEY, LEASE).set(NONCE, nonce).set(GENERATION_OF_KEY, world.get(at + UNDER));
		if (put) {
			world.set(DISTURBED, 1);
		}
		return true;
	}

	private void answered(World world, Steps steps, String name, int at) {
		if (!has(Rule.GENERATION_BEFORE_LOAD) && world.is(at + PLACED, 1) && world.is(at + LOADED, 0)
				&& world.is(at + KIND, LOAD)) {
			steps.add(name + " loads version " + world.get(DB), world.copy().set(at + LOADED, world.get(DB) + 1));
		}
		if (world.is(at + MADE, 1)) {
			boolean placed = world.is(at + PLACED, 1);
			steps.add(name + " has both answers", placed ? leased(world.copy(), at) : ended(world.copy(), at));
			return;
		}
		int there = world.is(GENERATION, 0) ? fresh(world) : world.get(GENERATION);
		World after = world.copy().set(GENERATION, there).set(at + UNDER, there);
		steps.add(name + " asks for the generation that is there",
				world.is(at + PLACED, 1) ? after.set(at + STEP, FOUND) : ended(after, at));
	}

	private static World leased(World world, int at) {
		return world.set(at + STEP, LEASED).clear(at + SAW, 4).set(at + MADE, 0).set(at + PLACED, 0);
	}

	/** End a call, and count it. */
	private static World ended(World world, int at) {
		return world.clear(at, OF_CALL).add(at + CALLS, 1);
	}

	private void leased(World world, Steps steps, String name, int nonce, int at) {
		if (world.is(at + LOADED, 0)) {
			if (!world.is(at + KIND, PUT)) {
				steps.add(name + " loads version " + world.get(DB), world.copy().set(at + LOADED, world.get(DB) + 1));
			}
			else if (world.get(DB) + 1 < this.versions) {
				steps.add(name + "'s method changes the row to version " + (world.get(DB) + 1),
						world.copy().add(DB, 1).set(at + LOADED, world.get(DB) + 2));
			}
			return;
		}
		int version = world.get(at + LOADED) - 1;
		if (world.is(at + KIND, PUT)) {
			boolean still = world.is(KEY, LEASE) && world.is(NONCE, nonce);
			World after = world.copy();
			if (still) {
				steps.add(name + " stores version " + version + ", and its put returns",
						ended(returned(store(after, nonce, version, world.get(at + UNDER)), version), at));
			}
			else {
				steps.add(name + "'s value is refused" + (has(Rule.REFUSED_PUT_EVICTS) ? "" : ", and its put returns"),
						has(Rule.REFUSED_PUT_EVICTS) ? after.set(at + STEP, REFUSED)
								: ended(returned(after, version), at));
			}
		}
		else if (world.is(at + FILL, 0)) {
			int under = has(Rule.CAPTURED_GENERATION) ? world.get(at + UNDER) : world.get(GENERATION);
			steps.add(name + " sends version " + version + " to be stored",
					ended(world.copy()
						.set(at + FILL, world.get(at + KIND))
						.set(at + FILL_NONCE, nonce)
						.set(at + FILL_VERSION, version)
						.set(at + FILL_GENERATION, under), at));
		}
	}

	private static World store(World world, int nonce, int version, int generation) {
		return world.set(KEY, VALUE)
			.set(NONCE, nonce)
			.set(VERSION, version)
			.set(GENERATION_OF_KEY, generation)
			.set(CLAIM, 0);
	}

	private void fill(World world, Steps steps, String name, int at) {
		if (world.is(at + FILL, 0)) {
			return;
		}
		int nonce = world.get(at + FILL_NONCE);
		boolean lease = world.is(KEY, LEASE) && (world.is(NONCE, nonce) || !has(Rule.OWN_LEASE));
		boolean claim = world.is(KEY, VALUE) && (world.is(CLAIM, nonce) || !has(Rule.OWN_CLAIM));
		boolean stores = world.is(at + FILL, REFRESH) ? claim : lease || !has(Rule.LEASE);
		World gone = world.copy().clear(at + FILL, 4);
		steps.add(name + "'s fill is lost", gone.copy().set(DISTURBED, 1));
		steps.add(
				name + "'s fill arrives"
						+ (stores ? " and stores version " + world.get(at + FILL_VERSION) : " and is refused"),
				stores ? store(gone, nonce, world.get(at + FILL_VERSION), world.get(at + FILL_GENERATION)) : gone);
	}

	/** Another caller of instance A, which may get what that loads. */
	private void joiner(World world, Steps steps) {
		int flight = 1 + 2 * world.get(INSTANCES + CALLS);
		boolean flies = world.is(INSTANCES + STEP, LEASED) && world.is(INSTANCES + KIND, LOAD);
		if (flies && world.is(JOINER, 0)) {
			boolean current = world.is(KEY, LEASE) && !world.is(GENERATION, 0)
					&& world.get(GENERATION) == world.get(GENERATION_OF_KEY);
			steps.add("A second caller of instance A reads, and finds " + (current ? "a lease" : "nothing that counts"),
					world.copy()
						.set(JOINER, 1)
						.set(JOINER_FLOOR, world.get(FLOOR))
						.set(JOINER_SAW, current ? world.get(NONCE) : 0));
		}
		if (flies && world.is(JOINER, 1) && !world.is(INSTANCES + LOADED, 0)
				&& (!has(Rule.SEEN_FLIGHT) || world.is(JOINER_SAW, flight))) {
			int version = world.get(INSTANCES + LOADED) - 1;
			steps.add("It is given version " + version + ", which the first one has loaded",
					world.copy()
						.set(JOINER, 2)
						.set(WRONG, (version < world.get(JOINER_FLOOR)) ? 1 : 0)
						.clear(JOINER_FLOOR, 2));
		}
	}

	/** Generations are randoms: they are numbered in the order in which they stand. */
	@Override
	public World normal(World world) {
		int[] names = new int[16];
		int next = 1;
		World normal = world.copy();
		for (int cell : generations()) {
			int generation = world.get(cell);
			if (generation != 0 && names[generation] == 0) {
				names[generation] = next;
				next++;
			}
			normal.set(cell, names[generation]);
		}
		return normal;
	}

}
