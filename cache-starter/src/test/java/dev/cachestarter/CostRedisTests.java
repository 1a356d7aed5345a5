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

import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

import com.sun.management.OperatingSystemMXBean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import tools.jackson.databind.json.JsonMapper;

import org.springframework.cache.CacheManager;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.cache.annotation.EnableCaching;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.data.redis.cache.RedisCacheConfiguration;
import org.springframework.data.redis.cache.RedisCacheManager;
import org.springframework.data.redis.cache.RedisCacheWriter;
import org.springframework.data.redis.cache.RedisCacheWriter.RedisCacheWriterConfigurer;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import org.springframework.data.redis.serializer.JacksonJsonRedisSerializer;
import org.springframework.data.redis.serializer.RedisSerializationContext.SerializationPair;

import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.WithRedis;

/**
 * Prints, with the system property {@code costs}, what a hit and a miss cost beside
 * Spring Data's own cache, which awaits its writes too: the same service and server, in
 * turn, in short rounds. The time that processors spend can be trusted on a busy machine,
 * the time that passes cannot.
 */
@WithRedis
@EnabledIfSystemProperty(named = "costs", matches = "true", disabledReason = "Only with -Dcosts=true: it prints")
class CostRedisTests {

	private static final int ROUNDS = Integer.getInteger("costs.rounds", 15);

	private static final int CALLS = 4000;

	private static final int WARM_UP = 3;

	private static final OperatingSystemMXBean PROCESS = (OperatingSystemMXBean) ManagementFactory
		.getOperatingSystemMXBean();

	private final RedisServer redis;

	private final AtomicInteger misses = new AtomicInteger();

	CostRedisTests(RedisServer redis) {
		this.redis = redis;
	}

	@Test
	void table() throws Exception {
		Map<String, List<Ratio>> ratios = new LinkedHashMap<>();
		try (AnnotationConfigApplicationContext spring = spring();
				TestInstance<Agents> starter = TestInstance.of(Agents.class, this.redis).awaitUp()) {
			Agents springs = spring.getBean(Agents.class);
			for (int round = 0; round < WARM_UP + ROUNDS; round++) {
				for (int threads : new int[] { 1, 16 }) {
					for (boolean hit : new boolean[] { true, false }) {
						Ratio ratio = compare(springs, starter.service(), hit, threads, round % 2 == 0);
						if (round >= WARM_UP) {
							ratios
								.computeIfAbsent(
										(hit ? "hit, " : "miss, ") + threads
												+ ((threads == 1) ? " thread" : " threads"),
										(name) -> new ArrayList<>())
								.add(ratio);
						}
					}
				}
			}
		}
		System.out.printf("Spring's cost / the starter's, medians of %d pairs; more than 1: the starter costs less%n",
				ROUNDS);
		System.out.println("| | time | processor time of the application |");
		System.out.println("|---|---|---|");
		ratios.forEach((what, pairs) -> System.out.printf(Locale.ROOT, "| %s | %.2f | %.2f |%n", what,
				median(pairs.stream().map(Ratio::time).toList()),
				median(pairs.stream().map(Ratio::processor).toList())));
	}

	private Ratio compare(Agents springs, Agents starters, boolean hit, int threads, boolean springFirst)
			throws Exception {
		Cost first = cost(springFirst ? springs : starters, hit, threads);
		Cost second = cost(springFirst ? starters : springs, hit, threads);
		Cost spring = springFirst ? first : second;
		Cost starter = springFirst ? second : first;
		return new Ratio((double) spring.time() / starter.time(), (double) spring.processor() / starter.processor());
	}

	private Cost cost(Agents agents, boolean hit, int threads) throws Exception {
		this.redis.flushAll();
		agents.list("org", "again");
		AtomicInteger left = new AtomicInteger(CALLS);
		List<Thread> callers = IntStream.range(0, threads).mapToObj((number) -> new Thread(() -> {
			while (left.getAndDecrement() > 0) {
				agents.list("org", hit ? "again" : "page-" + this.misses.incrementAndGet());
			}
		})).toList();
		long processor = PROCESS.getProcessCpuTime();
		long begun = System.nanoTime();
		callers.forEach(Thread::start);
		for (Thread caller : callers) {
			caller.join();
		}
		return new Cost(System.nanoTime() - begun, PROCESS.getProcessCpuTime() - processor);
	}

	private static double median(List<Double> numbers) {
		return numbers.stream().sorted().toList().get(numbers.size() / 2);
	}

	private AnnotationConfigApplicationContext spring() {
		AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext();
		context.registerBean(LettuceConnectionFactory.class,
				() -> new LettuceConnectionFactory(this.redis.host(), this.redis.port()));
		JsonMapper mapper = JsonMapper.builder().build();
		context.registerBean(CacheManager.class, () -> RedisCacheManager
			.builder(RedisCacheWriter.create(context.getBean(LettuceConnectionFactory.class),
					RedisCacheWriterConfigurer::immediateWrites))
			.cacheDefaults(RedisCacheConfiguration.defaultCacheConfig()
				.entryTtl(Duration.ofMinutes(10))
				.serializeValuesWith(SerializationPair.fromSerializer(new JacksonJsonRedisSerializer<List<Agent>>(
						mapper, mapper.getTypeFactory().constructCollectionType(List.class, Agent.class)))))
			.build());
		context.register(SpringsCaching.class);
		context.registerBean(Agents.class);
		context.refresh();
		return context;
	}

	/**
	 * What some calls cost.
	 *
	 * @param time what passed, in nanoseconds
	 * @param processor what processors spent on them
	 */
	private record Cost(long time, long processor) {

	}

	private record Ratio(double time, double processor) {

	}

	record Agent(String id, String name, String status, Instant created, Instant seen, List<String> tags) {

	}

	static class Agents {

		private static final List<Agent> LIST = IntStream.range(0, 20)
			.mapToObj((i) -> new Agent("agent-" + i, "Agent number " + i + " of the platform", "ACTIVE",
					Instant.ofEpochMilli(1_700_000_000_000L + i), Instant.ofEpochMilli(1_700_000_100_000L + i),
					List.of("a", "b", "c", "tool-" + i)))
			.toList();

		@Cacheable("agents")
		public List<Agent> list(String orgId, String page) {
			return LIST;
		}

	}

	@Configuration(proxyBeanMethods = false)
	@EnableCaching(proxyTargetClass = true)
	static class SpringsCaching {

	}

}
