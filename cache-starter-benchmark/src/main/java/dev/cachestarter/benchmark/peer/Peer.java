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

import java.util.Locale;
import java.util.function.Function;

/**
 * Who takes part.
 */
public enum Peer {

	/** The starter, with its defaults. */
	STARTER("cache-starter", StarterPeer::open),

	/** Spring's Redis cache as somebody sets it up who knows it well. */
	SPRING("Spring, tuned", SpringPeer::tuned),

	/** What Spring Boot makes of a dependency and a host name: Java serialization. */
	BOOT("Spring Boot's default", SpringPeer::untouched),

	/** JetCache with its own annotations, remote only, Kryo 5. */
	JETCACHE("JetCache, Kryo", JetCachePeer::open),

	/** Redisson's cache manager for Spring, with its default codec, Kryo 5. */
	REDISSON("Redisson, Kryo", RedissonPeer::open),

	/** The floor: the driver, Jackson, and nothing else. */
	LETTUCE("Lettuce and Jackson by hand", LettucePeer::open),

	/** In memory. No Redis, and no copy of the value. */
	CAFFEINE("Caffeine, in memory", CaffeinePeer::open),

	/** The starter with copies in memory that Redis confirms. */
	NEAR("cache-starter, near.mode: validate", StarterPeer::openNear),

	/** The starter with copies in memory of which Redis says when they change. */
	TRACK("cache-starter, near.mode: track", StarterPeer::openTrack);

	private final String label;

	private final Function<RedisPlace, PeerInstance> opening;

	Peer(String label, Function<RedisPlace, PeerInstance> opening) {
		this.label = label;
		this.opening = opening;
	}

	/**
	 * Start an instance, which answers when this returns.
	 */
	public PeerInstance open(RedisPlace place) {
		return this.opening.apply(place);
	}

	/** What it is called in tables. */
	public String label() {
		return this.label;
	}

	/** What it is called in files and commands. */
	public String id() {
		return name().toLowerCase(Locale.ROOT);
	}

	/** Whether each value stands under a key of its own, so that keys can be counted. */
	public boolean hasKeys() {
		return this != REDISSON && this != CAFFEINE;
	}

}
