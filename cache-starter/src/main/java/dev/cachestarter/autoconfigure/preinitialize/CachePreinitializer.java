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

package dev.cachestarter.autoconfigure.preinitialize;

import org.springframework.boot.autoconfigure.preinitialize.BackgroundPreinitializer;

import dev.cachestarter.engine.connection.RedisDriver;
import dev.cachestarter.engine.value.ValueCodecs;

/**
 * Has the classes of Jackson and of the driver loaded by Spring Boot's background thread,
 * while the application is still reading its configuration. A third of what the cache
 * adds to a start is spent on loading them.
 * <p>
 * Nothing is kept. Of the driver no class is initialized: two threads that initialize
 * classes which need each other can wait for each other for ever.
 */
final class CachePreinitializer implements BackgroundPreinitializer {

	@Override
	public void preinitialize() {
		ValueCodecs.mapperBuilder().build();
		RedisDriver.loadClasses();
	}

}
