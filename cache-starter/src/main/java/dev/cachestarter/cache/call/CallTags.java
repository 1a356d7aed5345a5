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

import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

import org.jspecify.annotations.Nullable;

import dev.cachestarter.engine.key.CacheKeys.Tags;
import dev.cachestarter.engine.tag.TagGenerations;
import dev.cachestarter.engine.tag.TagMoment;

/**
 * The tags of what the method of a call stores, and when it began.
 */
public final class CallTags {

	/** Those of a method that states none. */
	static final CallTags NONE = new CallTags(null);

	private final @Nullable Function<@Nullable Object, Tags> stated;

	/** In each Redis that the method puts into. */
	private final Map<TagGenerations, CompletableFuture<@Nullable TagMoment>> moments = new ConcurrentHashMap<>(2);

	/**
	 * Create them.
	 * @param stated tells those of a value, {@code null} if the method states none
	 */
	CallTags(@Nullable Function<@Nullable Object, Tags> stated) {
		this.stated = stated;
	}

	/**
	 * Return whether the method states any.
	 */
	public boolean areStated() {
		return this.stated != null;
	}

	/**
	 * Return the tags of what the method returned. Runs code of the application's, which
	 * may throw anything.
	 */
	public Tags of(@Nullable Object value) {
		Function<@Nullable Object, Tags> tags = this.stated;
		return (tags != null) ? tags.apply(value) : Tags.NONE;
	}

	/**
	 * Capture the moment before the method, for what it will put with tags.
	 * @return completed when it is captured, or is known not to be
	 */
	public CompletableFuture<?> capture(TagGenerations tags) {
		return this.moments.computeIfAbsent(tags, TagGenerations::capture);
	}

	/**
	 * Give up a moment that nobody waits for any more: what is said of it after the
	 * method has begun may tell of evictions that the method knows nothing of.
	 */
	public void giveUp(TagGenerations tags) {
		this.moments.remove(tags);
	}

	/**
	 * Return the moment before the method.
	 * @return completed with {@code null} if it is not known
	 */
	public CompletableFuture<@Nullable TagMoment> moment(TagGenerations tags) {
		CompletableFuture<@Nullable TagMoment> moment = this.moments.get(tags);
		return (moment != null) ? moment : CompletableFuture.completedFuture(null);
	}

}
