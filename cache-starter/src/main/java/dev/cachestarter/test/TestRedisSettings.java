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

import java.util.List;

/**
 * What {@link WithTestRedis} says of the server. Contexts whose tests say the same may be
 * shared.
 *
 * @param ownServer whether it is its own
 * @param arguments arguments of {@code redis-server}
 */
record TestRedisSettings(boolean ownServer, List<String> arguments) {

	static TestRedisSettings of(WithTestRedis annotation) {
		List<String> arguments = List.of(annotation.arguments());
		return new TestRedisSettings(annotation.ownServer() || !arguments.isEmpty(), arguments);
	}

}
