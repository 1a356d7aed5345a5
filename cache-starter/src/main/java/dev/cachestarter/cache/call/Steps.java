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

package dev.cachestarter.cache.call;

import org.jspecify.annotations.Nullable;

import dev.cachestarter.engine.load.Decision;
import dev.cachestarter.engine.monitor.CacheMonitor.LoadKind;
import dev.cachestarter.engine.monitor.CacheMonitor.LoadOutcome;
import dev.cachestarter.engine.monitor.CacheMonitor.WaitOutcome;
import dev.cachestarter.engine.monitor.Step;

/**
 * The steps of callers that are measured and traced. A call that missed several keys
 * waits and loads for the first of them; one that missed nothing does neither, whatever
 * its method does.
 */
public final class Steps {

	private Steps() {
	}

	/** Begin to wait for what a call is to do about what it has missed. */
	static Step<WaitOutcome> waiting(Call call) {
		Ticket first = call.firstMissed();
		return (first == null || call.isReloading()) ? Step.none()
				: first.ask().entries().waiting(first.ask().origin());
	}

	/** Begin the method of a call, if it loads. */
	static Step<LoadOutcome> loading(Call call) {
		Ticket first = call.firstMissed();
		return (first == null) ? Step.none()
				: first.ask()
					.entries()
					.loading(first.ask().origin(), call.isReloading() ? LoadKind.BACKGROUND : LoadKind.CALL);
	}

	/** End a wait with what came of it. */
	public static void end(Step<WaitOutcome> waiting, Decision decision) {
		if (decision instanceof Decision.Failure failure) {
			waiting.end(WaitOutcome.FAILURE, failure.failure());
		}
		else {
			// What another has stored when its load is over is looked at next.
			waiting.end((decision instanceof Decision.Value || decision instanceof Decision.LookAgain)
					? WaitOutcome.VALUE : WaitOutcome.LOAD, null);
		}
	}

	/** End a load. */
	public static void end(Step<LoadOutcome> loading, @Nullable Throwable failure) {
		loading.end((failure == null) ? LoadOutcome.SUCCESS : LoadOutcome.FAILURE, failure);
	}

}
