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

import org.jspecify.annotations.Nullable;

/**
 * One state of a model: a row of small numbers, each with a meaning that the model gives
 * it. It remembers by which step it was reached first.
 */
final class World {

	private final byte[] cells;

	private @Nullable World before;

	private String step = "";

	World(int size) {
		this(new byte[size]);
	}

	private World(byte[] cells) {
		this.cells = cells;
	}

	int get(int cell) {
		return this.cells[cell];
	}

	boolean is(int cell, int value) {
		return this.cells[cell] == value;
	}

	/** Return a copy, which may be changed until it is handed to {@link Steps}. */
	World copy() {
		return new World(this.cells.clone());
	}

	World set(int cell, int value) {
		this.cells[cell] = (byte) value;
		return this;
	}

	World add(int cell, int value) {
		return set(cell, get(cell) + value);
	}

	/** Set a row of cells to 0. */
	World clear(int from, int count) {
		Arrays.fill(this.cells, from, from + count, (byte) 0);
		return this;
	}

	World reachedFrom(World world, String name) {
		this.before = world;
		this.step = name;
		return this;
	}

	@Nullable World before() {
		return this.before;
	}

	String step() {
		return this.step;
	}

	@Override
	public boolean equals(@Nullable Object other) {
		return other instanceof World that && Arrays.equals(this.cells, that.cells);
	}

	@Override
	public int hashCode() {
		int hash = 1;
		for (byte cell : this.cells) {
			hash = 0x01000193 * hash + cell;
		}
		return hash ^ (hash >>> 15);
	}

}
