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

package dev.cachestarter.testing;

import java.time.Duration;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Lets {@code await()} look soon and often: most conditions hold within a few
 * milliseconds, and Awaitility's own pauses of a tenth of a second were most of the time
 * that the tests took. On a busy machine some take their time, so it waits longer than
 * Awaitility's ten seconds. Registered for all tests by
 * {@code junit-platform.properties}.
 */
public final class PollingExtension implements BeforeAllCallback {

	private static final Duration INTERVAL = Duration.ofMillis(10);

	private static final Duration PATIENCE = Duration.ofSeconds(30);

	@Override
	public void beforeAll(ExtensionContext context) {
		Awaitility.setDefaultPollDelay(INTERVAL);
		Awaitility.setDefaultPollInterval(INTERVAL);
		Awaitility.setDefaultTimeout(PATIENCE);
	}

}
