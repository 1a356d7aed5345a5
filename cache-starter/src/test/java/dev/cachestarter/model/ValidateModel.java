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
 * A near cache that asks with each read whether its copy is still the value: two callers
 * of one instance, which share its copies, and others that evict and store. The
 * generation and the header are read one after the other, as a server may answer them.
 */
final class ValidateModel implements Model {

	enum Rule implements Model.Rule {

		ASKED("a copy is used only after Redis was asked in that call"),

		NONCE("a copy counts only if the value in Redis has its nonce"),

		FRESH_NONCE("no nonce is ever made twice"),

		GENERATION("a copy counts only under the current generation"),

		OWN_HEADER("a copy is compared by the header that it was decoded with"),

		BYPASSED("what is pending is not read, whatever the copy says");

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

	private static final int NONCE = 1;

	/** 0 if nothing is there. */
	private static final int VERSION = 2;

	private static final int GENERATION_OF_KEY = 3;

	private static final int GENERATION = 4;

	private static final int EVICTING = 5;

	private static final int EVICTED = 6;

	private static final int FLOOR = 7;

	private static final int PENDING = 8;

	/** The copy: the nonce of its header, its generation, its version. */
	private static final int COPY = 9;

	private static final int COPY_GENERATION = 10;

	private static final int COPY_VERSION = 11;

	private static final int WRONG = 12;

	private static final int CALLERS = 13;

	private static final int STEP = 0;

	private static final int CALLER_FLOOR = 1;

	/** The copy that the caller found when it began. */
	private static final int HELD = 2;

	private static final int HELD_GENERATION = 3;

	private static final int HELD_VERSION = 4;

	/** What it was answered. */
	private static final int READ_GENERATION = 5;

	private static final int READ_NONCE = 6;

	private static final int READ_GENERATION_OF_KEY = 7;

	private static final int READ_VERSION = 8;

	private static final int OF_CALLER = 9;

	private static final int IDLE = 0;

	private static final int BEGUN = 1;

	private static final int GENERATION_READ = 2;

	private static final int HEADER_READ = 3;

	private static final int READS_WHOLE = 4;

	private static final int WHOLE_READ = 5;

	private static final String[] NAMES = { "Caller 1", "Caller 2" };

	private final List<? extends Model.Rule> off;

	private final int versions;

	ValidateModel(List<? extends Model.Rule> off, boolean thorough) {
		this.off = off;
		this.versions = thorough ? 3 : 2;
	}

	private boolean has(Rule rule) {
		return !this.off.contains(rule);
	}

	/** Versions are counted from 1, so that 0 is nothing. */
	@Override
	public World start() {
		return new World(CALLERS + 2 * OF_CALLER).set(DB, 1)
			.set(NONCE, 1)
			.set(VERSION, 1)
			.set(GENERATION_OF_KEY, 1)
			.set(GENERATION, 1);
	}

	@Override
	public boolean isHit(World world) {
		return world.is(CALLERS + STEP, HEADER_READ) || world.is(CALLERS + OF_CALLER + STEP, HEADER_READ);
	}

	@Override
	public @Nullable String wrong(World world) {
		return world.is(WRONG, 0) ? null : "the caller has version " + world.get(WRONG)
				+ ", though the eviction of a later one had returned before it called";
	}

	@Override
	public void next(World world, Steps steps) {
		others(world, steps);
		evictor(world, steps);
		for (int caller = 0; caller < 2; caller++) {
			caller(world, steps, NAMES[caller], CALLERS + caller * OF_CALLER);
		}
		if (!world.is(COPY_VERSION, 0)) {
			steps.add("There is no room for the copy", world.copy().clear(COPY, 3));
		}
	}

	private void others(World world, Steps steps) {
		if (!world.is(VERSION, 0) && world.get(GENERATION) != world.get(GENERATION_OF_KEY)) {
			steps.add("The value of an old generation expires", world.copy().clear(NONCE, 3));
		}
		if (world.is(VERSION, 0) || world.get(GENERATION) != world.get(GENERATION_OF_KEY)) {
			World after = world.copy();
			if (world.is(GENERATION, 0)) {
				after.set(GENERATION, most(world, generations()) + 1);
			}
			steps.add("Another instance stores version " + world.get(DB),
					after.set(VERSION, world.get(DB))
						.set(NONCE, has(Rule.FRESH_NONCE) ? most(world, nonces()) + 1 : 1)
						.set(GENERATION_OF_KEY, after.get(GENERATION)));
		}
		if (world.is(GENERATION, 0)) {
			steps.add("The load of another key makes the generation",
					world.copy().set(GENERATION, most(world, generations()) + 1));
		}
	}

	private static int most(World world, int... cells) {
		int most = 0;
		for (int cell : cells) {
			most = Math.max(most, world.get(cell));
		}
		return most;
	}

	private static int[] generations() {
		int second = CALLERS + OF_CALLER;
		return new int[] { GENERATION, GENERATION_OF_KEY, COPY_GENERATION, CALLERS + HELD_GENERATION,
				CALLERS + READ_GENERATION, CALLERS + READ_GENERATION_OF_KEY, second + HELD_GENERATION,
				second + READ_GENERATION, second + READ_GENERATION_OF_KEY };
	}

	private static int[] nonces() {
		int second = CALLERS + OF_CALLER;
		return new int[] { NONCE, COPY, CALLERS + HELD, CALLERS + READ_NONCE, second + HELD, second + READ_NONCE };
	}

	private void evictor(World world, Steps steps) {
		if (world.is(EVICTING, 0) && world.get(DB) < this.versions) {
			steps.add("The row changes to version " + (world.get(DB) + 1),
					world.copy().add(DB, 1).set(EVICTING, 1).set(EVICTED, world.get(DB) + 1));
		}
		if (world.is(EVICTING, 1)) {
			steps.add("Another instance evicts the key, and returns", evicted(world.copy().clear(NONCE, 3)));
			steps.add("Another instance evicts the generation, and returns", evicted(world.copy().set(GENERATION, 0)));
			steps.add("This instance evicts the key; Redis does not answer, so it is pending, and returns",
					evicted(world.copy().set(PENDING, 1)));
		}
		if (world.is(PENDING, 1)) {
			steps.add("Redis takes what is pending", world.copy().clear(NONCE, 3).set(PENDING, 0));
		}
	}

	private static World evicted(World world) {
		return world.set(FLOOR, world.get(EVICTED)).clear(EVICTING, 2);
	}

	private void caller(World world, Steps steps, String name, int at) {
		switch (world.get(at + STEP)) {
			case IDLE -> idle(world, steps, name, at);
			case BEGUN -> steps.add(name + " reads the generation",
					world.copy().set(at + STEP, GENERATION_READ).set(at + READ_GENERATION, world.get(GENERATION)));
			case GENERATION_READ -> steps.add(name + " reads the header",
					world.copy()
						.set(at + STEP, HEADER_READ)
						.set(at + READ_NONCE, world.get(NONCE))
						.set(at + READ_GENERATION_OF_KEY, world.get(GENERATION_OF_KEY)));
			case HEADER_READ -> compares(world, steps, name, at);
			case READS_WHOLE -> steps.add(name + " reads all of the value",
					world.copy()
						.set(at + STEP, WHOLE_READ)
						.set(at + READ_GENERATION, world.get(GENERATION))
						.set(at + READ_NONCE, world.get(NONCE))
						.set(at + READ_GENERATION_OF_KEY, world.get(GENERATION_OF_KEY))
						.set(at + READ_VERSION, world.get(VERSION)));
			case WHOLE_READ -> takes(world, steps, name, at);
			default -> throw new IllegalStateException();
		}
		if (!world.is(at + STEP, IDLE)) {
			steps.add(name + " is not answered in time", world.copy().clear(at, OF_CALLER));
		}
	}

	private boolean bypasses(World world) {
		return world.is(PENDING, 1) && has(Rule.BYPASSED);
	}

	private void idle(World world, Steps steps, String name, int at) {
		if (bypasses(world)) {
			return;
		}
		boolean holds = !world.is(COPY_VERSION, 0);
		World begun = world.copy().set(at + CALLER_FLOOR, world.get(FLOOR));
		if (!holds) {
			steps.add(name + " calls, and there is no copy", begun.set(at + STEP, READS_WHOLE));
		}
		else if (!has(Rule.ASKED)) {
			steps.add(name + " calls, and takes the copy", returned(begun, at, world.get(COPY_VERSION)));
		}
		else {
			steps.add(name + " calls, and holds a copy of version " + world.get(COPY_VERSION),
					begun.set(at + STEP, BEGUN)
						.set(at + HELD, world.get(COPY))
						.set(at + HELD_GENERATION, world.get(COPY_GENERATION))
						.set(at + HELD_VERSION, world.get(COPY_VERSION)));
		}
	}

	private static World returned(World world, int at, int version) {
		boolean wrong = version < world.get(at + CALLER_FLOOR);
		return world.clear(at, OF_CALLER).set(WRONG, wrong ? version : 0);
	}

	private void compares(World world, Steps steps, String name, int at) {
		boolean own = has(Rule.OWN_HEADER);
		int nonce = own ? world.get(at + HELD) : world.get(COPY);
		int generation = own ? world.get(at + HELD_GENERATION) : world.get(COPY_GENERATION);
		int read = world.get(at + READ_NONCE);
		boolean same = read != 0 && (read == nonce || !has(Rule.NONCE));
		boolean current = !has(Rule.GENERATION)
				|| (world.get(at + READ_GENERATION_OF_KEY) == world.get(at + READ_GENERATION)
						&& !world.is(at + READ_GENERATION, 0)
						&& (generation == world.get(at + READ_GENERATION) || !has(Rule.NONCE)));
		if (same && current && !bypasses(world)) {
			steps.add(name + " finds the header of its copy, and takes it",
					returned(world.copy(), at, world.get(at + HELD_VERSION)));
		}
		else {
			steps.add(name + " finds another header",
					world.copy().set(at + STEP, READS_WHOLE).clear(at + HELD, OF_CALLER - HELD));
		}
	}

	private void takes(World world, Steps steps, String name, int at) {
		int generation = world.get(at + READ_GENERATION);
		boolean current = !world.is(at + READ_VERSION, 0)
				&& ((generation != 0 && generation == world.get(at + READ_GENERATION_OF_KEY)) || !has(Rule.GENERATION));
		if (!current || bypasses(world)) {
			steps.add(name + " misses", world.copy().clear(at, OF_CALLER));
			return;
		}
		World after = world.copy()
			.set(COPY, world.get(at + READ_NONCE))
			.set(COPY_GENERATION, generation)
			.set(COPY_VERSION, world.get(at + READ_VERSION));
		steps.add(name + " takes version " + world.get(at + READ_VERSION) + ", and keeps a copy of it",
				returned(after, at, world.get(at + READ_VERSION)));
	}

	/** Nonces and generations are randoms: they are numbered as they stand. */
	@Override
	public World normal(World world) {
		World normal = world.copy();
		number(world, normal, generations());
		if (has(Rule.FRESH_NONCE)) {
			number(world, normal, nonces());
		}
		return normal;
	}

	private static void number(World world, World normal, int... cells) {
		int[] names = new int[cells.length + 2];
		int next = 1;
		for (int cell : cells) {
			int random = world.get(cell);
			if (random != 0 && names[random] == 0) {
				names[random] = next;
				next++;
			}
			normal.set(cell, names[random]);
		}
	}

}
