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
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;

import dev.cachestarter.engine.connection.Futures;
import dev.cachestarter.engine.key.KeyLayout;
import dev.cachestarter.engine.redis.RedisLink;
import dev.cachestarter.engine.tag.TagGenerations;

/**
 * What is sent to Redis to evict a target.
 */
final class EvictionCommands {

	/** How many keys are in one command. */
	static final int MOST = 200;

	private final RedisLink link;

	private final KeyLayout layout;

	private final PatternWalks walks;

	private final TagGenerations tags;

	EvictionCommands(RedisLink link, KeyLayout layout, TagGenerations tags, PatternWalks walks) {
		this.link = link;
		this.layout = layout;
		this.tags = tags;
		this.walks = walks;
	}

	/**
	 * Evict one target.
	 * @return how many entries or generations there were
	 */
	CompletableFuture<Long> evict(Target target) {
		return (target instanceof Target.Glob glob) ? this.walks.delete(glob) : evict(List.of(target));
	}

	/**
	 * Evict several targets, none of them a pattern.
	 */
	CompletableFuture<Long> evict(List<Target> targets) {
		List<String> tags = new ArrayList<>();
		List<Target> others = new ArrayList<>();
		for (Target target : targets) {
			if (target instanceof Target.Tag tag) {
				tags.add(tag.tag());
			}
			else {
				others.add(target);
			}
		}
		if (tags.isEmpty()) {
			return delete(targets);
		}
		CompletableFuture<Long> tagged = this.tags.evict(tags);
		return others.isEmpty() ? tagged : tagged.thenCombine(delete(others), Long::sum);
	}

	private CompletableFuture<Long> delete(List<Target> targets) {
		List<byte[]> keys = new ArrayList<>();
		targets.forEach((target) -> keys.addAll(keysOf(target)));
		if (targets.stream().noneMatch(this::isOfUnknownCaches)) {
			return unlink(keys);
		}
		return this.walks.cacheGenerations().thenCompose((generations) -> {
			generations.forEach((generationKey) -> {
				String cacheName = this.layout.cacheOfGeneration(generationKey);
				if (cacheName != null && targets.stream().anyMatch((target) -> touches(target, cacheName))) {
					keys.add(generationKey);
				}
			});
			return unlink(keys);
		});
	}

	/**
	 * Return whether a target may be of caches that only other instances know, which must
	 * be looked for.
	 */
	boolean isOfUnknownCaches(Target target) {
		return target instanceof Target.All || target instanceof Target.Segment;
	}

	private static boolean touches(Target target, String cacheName) {
		return target instanceof Target.All || (target instanceof Target.Segment segment && segment.begins(cacheName));
	}

	/** One server that cannot be reached does not keep the others from being asked. */
	private CompletableFuture<Long> unlink(List<byte[]> keys) {
		Map<Object, List<byte[]>> portions = new HashMap<>();
		List<CompletableFuture<Long>> removed = new ArrayList<>();
		for (byte[] key : keys) {
			Object server = (keys.size() > 1) ? this.link.serverOf(key) : "";
			List<byte[]> portion = portions.computeIfAbsent(server, (same) -> new ArrayList<>());
			portion.add(key);
			if (portion.size() == MOST) {
				removed.add(this.link.unlink(portion.toArray(byte[][]::new)));
				portions.remove(server);
			}
		}
		portions.values().forEach((portion) -> removed.add(this.link.unlink(portion.toArray(byte[][]::new))));
		return (removed.size() == 1) ? removed.get(0)
				: Futures.all(removed).thenApply((counts) -> counts.stream().mapToLong(Long::longValue).sum());
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
	 * Return what is equal for two targets that the same servers have. No target that is
	 * a pattern is with one server.
	 */
	Object serversOf(Target target) {
		if (target instanceof Target.Tag) {
			// One counter is increased for all of them.
			return Target.Tag.class;
		}
		// These have keys on every server, and so a round of their own.
		return isOfUnknownCaches(target) ? Target.ALL
				: keysOf(target).stream().map(this.link::serverOf).collect(Collectors.toSet());
	}

	private List<byte[]> keysOf(Target target) {
		if (target instanceof Target.Key key) {
			return List.of(key.key().redisKey());
		}
		if (target instanceof Target.Group group) {
			return withUnnamed(group.cacheName(), this.layout.groupGenerationKey(group.cacheName(), group.group()));
		}
		if (target instanceof Target.Whole whole) {
			return withUnnamed(whole.cacheName(), this.layout.cacheGenerationKey(whole.cacheName()));
		}
		if (target instanceof Target.Segment segment) {
			return List.of(this.layout.groupGenerationKey("", segment.segment()));
		}
		if (target instanceof Target.Tag tag) {
			return List.of(this.tags.keyOf(tag.tag()));
		}
		List<byte[]> generations = new ArrayList<>();
		this.layout.cacheNames().forEach((name) -> generations.add(this.layout.cacheGenerationKey(name)));
		generations.add(this.layout.cacheGenerationKey(""));
		return generations;
	}

	/** To an instance that has not used the cache yet its entries are of the unnamed. */
	private List<byte[]> withUnnamed(String cacheName, byte[] generationKey) {
		return this.layout.isUnnamedToOthers(cacheName)
				? List.of(generationKey, this.layout.unnamedGenerationKey(cacheName)) : List.of(generationKey);
	}

}
