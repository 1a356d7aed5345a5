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

package dev.cachestarter.sample;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;

import jakarta.validation.constraints.Positive;
import org.jspecify.annotations.Nullable;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.core.ParameterizedTypeReference;
import org.springframework.data.redis.core.Cursor;
import org.springframework.data.redis.core.ScanOptions;
import org.springframework.data.redis.core.StringRedisTemplate;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

import dev.cachestarter.CacheService;

/**
 * The entries around an agent, over HTTP, so that one can see which of them a change
 * takes: the agent's own, its tenant's lists, and some that a change must leave alone.
 * <p>
 * An evicted list may still be found in Redis for a moment, where no reader gets it: its
 * generation is gone, and a sweep removes it later. So an entry is read before it is told
 * of, which the counters count.
 */
@RestController
class EntryController {

	private static final int MOST = 40;

	private static final int NEIGHBOURS = 3;

	/** Its first line, which tells one entry from another under the same key. */
	private static final int HEADER = 120;

	private static final ParameterizedTypeReference<Page<Agent>> AGENTS = new ParameterizedTypeReference<>() {
	};

	private static final ParameterizedTypeReference<Page<ToolDefinition>> TOOLS = new ParameterizedTypeReference<>() {
	};

	private static final ParameterizedTypeReference<List<Server>> SERVERS = new ParameterizedTypeReference<>() {
	};

	private final CacheService cache;

	private final PlatformCacheKeys keys;

	private final Tenants tenants;

	private final ObjectProvider<StringRedisTemplate> redis;

	EntryController(CacheService cache, PlatformCacheKeys keys, Tenants tenants,
			ObjectProvider<StringRedisTemplate> redis) {
		this.cache = cache;
		this.keys = keys;
		this.tenants = tenants;
		this.redis = redis;
	}

	@GetMapping("/api/entries")
	Entries entries(@Tenant String orgId, @RequestParam @Positive long agent) {
		StringRedisTemplate template = this.redis.getIfAvailable();
		if (template == null || !this.cache.isEnabled()) {
			return new Entries(false, List.of());
		}
		// This client of Redis waits longer than the cache does: not for us.
		CompletableFuture<List<Entry>> found = CompletableFuture.supplyAsync(() -> find(template, orgId, agent));
		try {
			return new Entries(true, found.get(3, TimeUnit.SECONDS));
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			return new Entries(false, List.of());
		}
		catch (ExecutionException | TimeoutException ex) {
			return new Entries(false, List.of());
		}
	}

	private List<Entry> find(StringRedisTemplate template, String orgId, long agent) {
		List<String> readable = new ArrayList<>();
		add(readable, this.keys.agentDetails(agent), (key) -> this.cache.get(key, Agent.class));
		add(readable, this.keys.agentStats(agent), (key) -> this.cache.get(key, AgentStats.class));
		for (String key : scan(template, this.keys.agentListPattern(orgId))) {
			add(readable, key, (list) -> this.cache.get(list, AGENTS));
		}
		add(readable, this.keys.serverList(orgId), (key) -> this.cache.get(key, SERVERS));
		for (long other = Math.max(1, agent - NEIGHBOURS); other <= agent + NEIGHBOURS; other++) {
			if (other != agent) {
				add(readable, this.keys.agentDetails(other), (key) -> this.cache.get(key, Agent.class));
			}
		}
		add(readable, this.keys.toolDefinitions(ToolQuery.ALL), (key) -> this.cache.get(key, TOOLS));
		this.tenants.list()
			.stream()
			.map(Tenants.Named::id)
			.filter((other) -> !other.equals(orgId))
			.limit(NEIGHBOURS)
			.forEach((other) -> add(readable, this.keys.agentList(other, AgentQuery.FIRST_PAGE),
					(key) -> this.cache.get(key, AGENTS)));
		List<Entry> entries = new ArrayList<>();
		for (String key : readable) {
			String header = template.opsForValue().get(key, 0, HEADER);
			entries.add(new Entry(key, (header != null) ? Integer.toHexString(header.hashCode()) : null));
		}
		return entries;
	}

	private static void add(List<String> readable, String key, Function<String, Optional<?>> read) {
		if (read.apply(key).isPresent()) {
			readable.add(key);
		}
	}

	private static Iterable<String> scan(StringRedisTemplate template, String pattern) {
		TreeSet<String> found = new TreeSet<>();
		try (Cursor<String> cursor = template.scan(ScanOptions.scanOptions().match(pattern).count(500).build())) {
			while (cursor.hasNext() && found.size() < MOST) {
				found.add(cursor.next());
			}
		}
		return found;
	}

	/**
	 * What was found.
	 *
	 * @param known whether Redis could be asked
	 * @param entries the entries that readers get
	 */
	record Entries(boolean known, List<Entry> entries) {

	}

	/**
	 * An entry that readers get.
	 *
	 * @param key its key
	 * @param stamp tells it from another under the same key
	 */
	record Entry(String key, @Nullable String stamp) {

	}

}
