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

package dev.cachestarter;

import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance.Lifecycle;

import org.springframework.cache.annotation.Cacheable;
import org.springframework.data.redis.connection.RedisClusterConfiguration;
import org.springframework.data.redis.connection.RedisNode;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

import dev.cachestarter.testing.RedisCluster;
import dev.cachestarter.testing.Threads;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Tags on a cluster, where the counter, the tags and the entries are on different
 * servers.
 */
@org.junit.jupiter.api.TestInstance(Lifecycle.PER_CLASS)
class TagsInClusterRedisTests {

	private final RedisCluster redis = RedisCluster.start();

	private @Nullable TestInstance<Items> here;

	private @Nullable TestInstance<Items> there;

	@BeforeEach
	void open() {
		this.redis.flushAll();
		Items.LOADS.set(0);
		Items.hold = null;
		this.here = instance();
		this.there = instance();
	}

	@AfterEach
	void close() {
		java.util.Objects.requireNonNull(this.here).close();
		java.util.Objects.requireNonNull(this.there).close();
	}

	@AfterAll
	void closeCluster() {
		this.redis.close();
	}

	private TestInstance<Items> instance() {
		RedisClusterConfiguration where = new RedisClusterConfiguration();
		this.redis.nodes().forEach((node) -> where.addClusterNode(new RedisNode(node.host(), node.port())));
		return TestInstance.of(Items.class, () -> new LettuceConnectionFactory(where), TestInstance::patient).awaitUp();
	}

	@Test
	void tagsOfAllServersAreEvicted() {
		Items items = java.util.Objects.requireNonNull(this.here).service();
		Items others = java.util.Objects.requireNonNull(this.there).service();
		List<String> tags = IntStream.range(0, 12).mapToObj((i) -> "tag-" + i).toList();
		Set<Integer> ports = new TreeSet<>();
		tags.forEach((tag) -> ports.add(this.redis.ownerOf("{}~t:" + tag).port()));
		assertThat(ports).hasSizeGreaterThan(1);
		for (String tag : tags) {
			items.find("a", tags);
			awaitEntry("items:a");
			others.find("a", tags);
			int loads = Items.LOADS.get();

			java.util.Objects.requireNonNull(this.there).cacheService().evictTag(tag);

			items.find("a", tags);
			assertThat(Items.LOADS).as(tag).hasValue(loads + 1);
		}
		java.util.Objects.requireNonNull(this.here).cacheService().evictTags(tags);
		int loads = Items.LOADS.get();
		others.find("a", tags);
		assertThat(Items.LOADS).hasValue(loads + 1);
	}

	@Test
	void aLoadWhoseTagIsEvictedMeanwhileIsNotStored() throws Exception {
		Items items = java.util.Objects.requireNonNull(this.here).service();
		CountDownLatch go = new CountDownLatch(1);
		Items.hold = go;
		CompletableFuture<String> loading = CompletableFuture.supplyAsync(() -> items.find("b", List.of("x", "y")),
				Threads.OWN);
		await().atMost(Duration.ofMinutes(1)).until(() -> Items.LOADS.get() == 1);
		Items.hold = null;

		java.util.Objects.requireNonNull(this.there).cacheService().evictTag("y");

		go.countDown();
		loading.get(1, TimeUnit.MINUTES);
		items.find("b", List.of("x", "y"));
		assertThat(Items.LOADS).hasValue(2);
	}

	private void awaitEntry(String key) {
		await().atMost(Duration.ofMinutes(1))
			.until(() -> String.valueOf(this.redis.ownerOf("{}" + key).cli("GETRANGE", "{}" + key, "0", "4"))
				.equals("cs3 v"));
	}

	static class Items {

		static final AtomicInteger LOADS = new AtomicInteger();

		static volatile @Nullable CountDownLatch hold;

		@Cacheable(cacheNames = "items", key = "#id")
		@CacheTag("#{#tags}")
		public String find(String id, List<String> tags) {
			LOADS.incrementAndGet();
			CountDownLatch latch = hold;
			if (latch != null) {
				try {
					latch.await(1, TimeUnit.MINUTES);
				}
				catch (InterruptedException ex) {
					Thread.currentThread().interrupt();
				}
			}
			return id;
		}

	}

}
