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
 * A protocol on a small scale: what can happen next in each state, and which states must
 * not be. What it may forget about commands under way, replies that are late or lost,
 * processes that die and servers that forget, it must not forget.
 */
interface Model {

	World start();

	/**
	 * Say all that can happen next.
	 */
	void next(World world, Steps steps);

	/**
	 * Return a state that is the same but for names that nobody can tell apart, such as
	 * randoms.
	 */
	default World normal(World world) {
		return world;
	}

	/**
	 * Return whether a value can be had in a state, so that it can be wrong at all.
	 */
	boolean isHit(World world);

	/**
	 * Return what is wrong with a state.
	 * @return the end of a sentence, {@code null} if nothing is
	 */
	@Nullable String wrong(World world);

	/**
	 * A rule of a protocol.
	 */
	interface Rule {

		/** Return the rule, as the end of a sentence that begins with "that". */
		String text();

	}

	/**
	 * Takes what can happen next.
	 */
	interface Steps {

		/**
		 * Say one thing that can happen.
		 * @param name what happens, as a sentence without its full stop
		 * @param after the state after it
		 */
		void add(String name, World after);

	}

	/**
	 * Makes a model.
	 */
	interface Maker {

		/**
		 * Make a model.
		 * @param off the rules that are not followed
		 * @param thorough whether more may happen
		 */
		Model make(List<? extends Rule> off, boolean thorough);

	}

}
