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

package dev.cachestarter.benchmark.peer;

import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.IntStream;

/**
 * Where agents come from: memory, at no cost, or after a time. Counts how often it is
 * asked, in this JVM.
 */
public final class AgentSource {

	private static final List<Agent> EIGHT_HUNDRED = IntStream.range(0, 800).mapToObj(Agent::number).toList();

	private static final List<Agent> TWENTY = List.copyOf(EIGHT_HUNDRED.subList(0, 20));

	private static final LongAdder loads = new LongAdder();

	private static volatile long delayMillis;

	private AgentSource() {
	}

	static Agent agent() {
		load();
		return TWENTY.get(0);
	}

	static List<Agent> twenty() {
		load();
		return TWENTY;
	}

	static List<Agent> eightHundred() {
		load();
		return EIGHT_HUNDRED;
	}

	private static void load() {
		loads.increment();
		long delay = delayMillis;
		if (delay > 0) {
			try {
				TimeUnit.MILLISECONDS.sleep(delay);
			}
			catch (InterruptedException ex) {
				Thread.currentThread().interrupt();
				throw new IllegalStateException(ex);
			}
		}
	}

	/** Return twenty agents, without counting that as a load. */
	public static List<Agent> sample() {
		return TWENTY;
	}

	/** Return how often something was loaded. */
	public static long loads() {
		return loads.sum();
	}

	/** Let each load take so long from now on. */
	public static void takeLong(long millis) {
		delayMillis = millis;
	}

}
