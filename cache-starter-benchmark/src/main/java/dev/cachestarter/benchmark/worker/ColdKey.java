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

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;

import dev.cachestarter.benchmark.peer.AgentSource;
import dev.cachestarter.benchmark.peer.Agents;

/**
 * Many callers who want the same key at the same moment.
 */
final class ColdKey {

	private static final String TENANT = "org-1";

	private ColdKey() {
	}

	/**
	 * Call.
	 * @param instances whose callers these are
	 * @param inTurn whether to call the method for which the peer has a way against many
	 * loads
	 * @param page the key, which nobody has asked for before
	 * @param callers how many callers each instance has
	 * @param loadMillis how long a load takes
	 * @param beginAt when to begin, in milliseconds since 1970
	 */
	static ColdCalls run(List<Agents> instances, boolean inTurn, int page, int callers, long loadMillis, long beginAt)
			throws InterruptedException, ExecutionException {
		CountDownLatch begin = new CountDownLatch(1);
		CountDownLatch ready = new CountDownLatch(instances.size() * callers);
		List<FutureTask<Long>> tasks = new ArrayList<>();
		for (Agents agents : instances) {
			for (int caller = 0; caller < callers; caller++) {
				FutureTask<Long> task = new FutureTask<>(() -> {
					ready.countDown();
					begin.await();
					long begun = System.nanoTime();
					if (inTurn) {
						agents.listInTurn(TENANT, page);
					}
					else {
						agents.list(TENANT, page);
					}
					return System.nanoTime() - begun;
				});
				tasks.add(task);
				new Thread(task, "caller-" + tasks.size()).start();
			}
		}
		ready.await();
		long loads = AgentSource.loads();
		AgentSource.takeLong(loadMillis);
		TimeUnit.MILLISECONDS.sleep(Math.max(0, beginAt - System.currentTimeMillis()));
		begin.countDown();
		List<Long> nanos = new ArrayList<>();
		for (FutureTask<Long> task : tasks) {
			nanos.add(task.get());
		}
		AgentSource.takeLong(0);
		return new ColdCalls(AgentSource.loads() - loads, nanos);
	}

}
