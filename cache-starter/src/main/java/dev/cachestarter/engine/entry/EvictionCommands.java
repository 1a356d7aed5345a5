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

package dev.cachestarter.engine.entry;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

import dev.cachestarter.engine.key.KeyLayout;
import dev.cachestarter.engine.redis.RedisLink;

/**
 * What is sent to Redis to evict a target.
 */
final class EvictionCommands {

	private final RedisLink link;

	private final KeyLayout layout;

	private final PatternWalks walks;

	EvictionCommands(RedisLink link, KeyLayout layout, PatternWalks walks) {
		this.link = link;
		this.layout = layout;
		this.walks = walks;
	}

	/**
	 * Evict one target.
	 * @return how many entries or generations there were
	 */
	CompletableFuture<Long> evict(Target target) {
		return (target instanceof Target.Glob glob) ? this.walks.delete(glob)
				: this.link.unlink(keysOf(target).toArray(byte[][]::new));
	}

	/**
	 * Evict several targets, none of them a pattern, in one command.
	 */
	CompletableFuture<Long> evict(List<Target> targets) {
		List<byte[]> keys = new ArrayList<>();
		targets.forEach((target) -> keys.addAll(keysOf(target)));
		return this.link.unlink(keys.toArray(byte[][]::new));
	}

	/**
	 * Delete nothing, to see whether Redis takes a write.
	 */
	CompletableFuture<Long> probe() {
		return this.link.unlink(this.layout.probeKey());
	}

	/**
	 * Return how many bytes of keys it takes to evict a target that is no pattern.
	 */
	int lengthOf(Target target) {
		return keysOf(target).stream().mapToInt((key) -> key.length).sum();
	}

	/**
	 * Return what is equal for two targets that one server has. No target that is a
	 * pattern is with one server.
	 */
	Object serverOf(Target target) {
		// All has keys on every server, and so a round of its own.
		return (target instanceof Target.All) ? Target.ALL : this.link.serverOf(keysOf(target).get(0));
	}

	private List<byte[]> keysOf(Target target) {
		if (target instanceof Target.Key key) {
			return List.of(key.key().redisKey());
		}
		if (target instanceof Target.Group group) {
			return List.of(this.layout.groupGenerationKey(group.cacheName(), group.group()));
		}
		if (target instanceof Target.Whole whole) {
			return List.of(this.layout.cacheGenerationKey(whole.cacheName()));
		}
		List<byte[]> generations = new ArrayList<>();
		this.layout.cacheNames().forEach((name) -> generations.add(this.layout.cacheGenerationKey(name)));
		generations.add(this.layout.cacheGenerationKey(""));
		return generations;
	}

}
