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

package dev.cachestarter.test;

import java.io.File;
import java.io.IOException;
import java.util.List;

import redis.embedded.RedisExecProvider;

/**
 * The {@code redis-server} inside {@code org.signal:embedded-redis}. Known to
 * {@link RedisServers} alone, which asks first whether that is on the class path.
 */
final class EmbeddedRedis {

	private EmbeddedRedis() {
	}

	static RedisServer start(List<String> arguments) throws UnusablePlaceException {
		File file;
		try {
			file = RedisExecProvider.defaultProvider().get();
		}
		catch (IOException | RuntimeException ex) {
			throw new UnusablePlaceException("embedded-redis has no server for " + System.getProperty("os.name")
					+ " on " + System.getProperty("os.arch") + " (" + ex + ")");
		}
		try {
			return RedisProcess.start(file.toPath(), "of embedded-redis", arguments);
		}
		finally {
			if (file.isAbsolute()) {
				// Extracted, and loaded by now: not even a kill leaves it behind.
				file.delete();
				file.getParentFile().delete();
			}
		}
	}

}
