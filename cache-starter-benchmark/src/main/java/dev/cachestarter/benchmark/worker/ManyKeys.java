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

package dev.cachestarter.benchmark.worker;

import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.stream.IntStream;

import dev.cachestarter.benchmark.peer.Agents;

/**
 * Calls for a hundred agents: all at once, or one by one.
 */
final class ManyKeys {

	private static final int KEYS = 100;

	/** How many hundreds there are to be found. */
	private static final int HUNDREDS = 10;

	private ManyKeys() {
	}

	static Calls run(CallLoop loop, boolean together, CallLoop.Kind kind, long millis)
			throws InterruptedException, ExecutionException {
		return loop.run(kind, (agents, orgId, number) -> {
			int hundred = (kind == CallLoop.Kind.HIT) ? number % HUNDREDS : number;
			List<Integer> numbers = IntStream.range(hundred * KEYS, (hundred + 1) * KEYS).boxed().toList();
			if (together) {
				check(agents.findAll(orgId, numbers).size());
			}
			else {
				oneByOne(agents, orgId, numbers);
			}
		}, 1, millis);
	}

	private static void oneByOne(Agents agents, String orgId, List<Integer> numbers) {
		int found = 0;
		for (Integer number : numbers) {
			found += (agents.find(orgId, number) != null) ? 1 : 0;
		}
		check(found);
	}

	private static void check(int found) {
		if (found != KEYS) {
			throw new IllegalStateException("Found " + found);
		}
	}

}
