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
package dev.cachestarter.cache.entries;

import java.time.Duration;
import java.util.Collection;
import java.util.function.Function;

import org.jspecify.annotations.Nullable;

import dev.cachestarter.engine.load.Ask;

/**
 * What the code that brings a value, or its loader, says of how it is kept.
 *
 * @param ttl the time to live, {@code null} for what the method or the cache says
 * @param tags the tags of the value, {@code null} for those of the method
 */
public record Stated(@Nullable Duration ttl, @Nullable Function<@Nullable Object, Collection<String>> tags) {

	/** Nothing is said. */
	public static final Stated NOTHING = new Stated(null, null);

	/** Return how one asks for the key who says this. */
	Ask asking(Ask ask) {
		return (this.tags != null) ? ask.withTags() : ask;
	}

}
