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

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;

import org.jspecify.annotations.Nullable;

/**
 * Looks at every state that a model can reach, those that take the fewest steps first. So
 * the way to the first state that is wrong is one of the shortest.
 */
final class Checker {

	private Checker() {
	}

	/**
	 * Check a model.
	 * @param most how many states to look at; more are a failure
	 */
	static Outcome check(Model model, int most) {
		Set<World> seen = new HashSet<>();
		Queue<World> coming = new ArrayDeque<>();
		World start = model.normal(model.start());
		seen.add(start);
		coming.add(start);
		int hits = 0;
		for (World world = coming.poll(); world != null; world = coming.poll()) {
			String wrong = model.wrong(world);
			if (wrong != null) {
				return new Outcome(seen.size(), hits, wrong, story(world));
			}
			hits += model.isHit(world) ? 1 : 0;
			World now = world;
			model.next(world, (name, after) -> {
				World normal = model.normal(after);
				if (seen.add(normal)) {
					coming.add(normal.reachedFrom(now, name));
				}
			});
			if (seen.size() > most) {
				throw new IllegalStateException("More than " + most + " states");
			}
		}
		return new Outcome(seen.size(), hits, null, List.of());
	}

	private static List<String> story(World last) {
		List<String> steps = new ArrayList<>();
		World world = last;
		for (World before = world.before(); before != null; before = world.before()) {
			steps.add(world.step());
			world = before;
		}
		Collections.reverse(steps);
		return steps;
	}

	/**
	 * What came of it.
	 *
	 * @param states how many states were seen
	 * @param hits in how many of them a value could be had
	 * @param wrong what is wrong, {@code null} if nothing is
	 * @param steps how it comes to that
	 */
	record Outcome(int states, int hits, @Nullable String wrong, List<String> steps) {

		/**
		 * Tell it.
		 * @param rule the rule that was not followed
		 */
		String story(Model.Rule rule) {
			StringBuilder story = new StringBuilder("Without the rule that " + rule.text() + ":\n");
			for (int i = 0; i < this.steps.size(); i++) {
				story.append("  ").append(i + 1).append(". ").append(this.steps.get(i)).append(".\n");
			}
			return story.append("  So ").append(this.wrong).append(".").toString();
		}

	}

}
