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
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;

import com.sun.management.ThreadMXBean;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordedFrame;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JavaType;
import tools.jackson.databind.json.JsonMapper;

import org.springframework.cache.CacheManager;
import org.springframework.cache.annotation.CacheEvict;
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

import dev.cachestarter.testing.OnlyThorough;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Counts the bytes that a cached call allocates, on the thread that makes it and on all,
 * beside what Spring's own interceptor and Spring Data's own cache do for the same
 * service on the same Redis. Prints them. Asserts that a list of twenty records costs
 * less than with Spring's cache. So does a hit of a small value on the calling thread; on
 * all threads it may cost a quarter more. What makes and removes leases, two and a half
 * times as much. With the system property {@code allocations.sites} it also prints where
 * a flight recording saw them.
 */
@WithRedis
class AllocationRedisTests {

	private static final int CALLS = Integer.getInteger("allocations.calls", 4000);

	private static final int CALLS_FOR_LISTS = CALLS / 4;

	private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

	private final RedisServer redis;

	AllocationRedisTests(RedisServer redis) {
		this.redis = redis;
	}

	@OnlyThorough
	@Test
	void aHitOfASmallValueAllocatesLessOnItsThreadThanSpringsOwn() throws Exception {
		Map<String, Figures> spring = new LinkedHashMap<>();
		Map<String, Figures> starter;
		try (AnnotationConfigApplicationContext context = spring()) {
			spring.putAll(measure("Spring", context.getBean(Quotes.class)));
		}
		this.redis.flushAll();
		try (TestInstance<Quotes> instance = TestInstance.of(Quotes.class, this.redis).awaitUp()) {
			starter = measure("starter", instance.service());
		}

		print(CALLS, spring, starter);
		assertThat(starter.get("hit").caller()).isLessThan(spring.get("hit").caller());
		assertThat(starter.get("hit").all()).isLessThan(spring.get("hit").all() * 5 / 4);
		assertThat(starter).allSatisfy(
				(operation, figures) -> assertThat(figures.all()).isLessThan(spring.get(operation).all() * 5 / 2));
	}

	private static void print(int calls, Map<String, Figures> spring, Map<String, Figures> starter) {
		System.out.printf("Bytes allocated per call, mean of %d; Java %s%n", calls, Runtime.version().feature());
		System.out.printf("%-15s %12s %12s %12s %12s%n", "", "Spring", "starter", "Spring, all", "starter, all");
		starter.forEach((operation, figures) -> System.out.printf("%-15s %12d %12d %12d %12d%n", operation,
				spring.get(operation).caller(), figures.caller(), spring.get(operation).all(), figures.all()));
	}

	@Test
	void aHitAndAMissOfAListAllocateLessThanSpringsOwn() throws Exception {
		Map<String, Figures> spring;
		Map<String, Figures> starter;
		try (AnnotationConfigApplicationContext context = spring()) {
			spring = measureLists("Spring", context.getBean(Quotes.class));
		}
		this.redis.flushAll();
		try (TestInstance<Quotes> instance = TestInstance.of(Quotes.class, this.redis).awaitUp()) {
			starter = measureLists("starter", instance.service());
		}

		print(CALLS_FOR_LISTS, spring, starter);
		for (String operation : List.of("hit of a list", "miss of a list")) {
			assertThat(starter.get(operation).caller()).as(operation).isLessThan(spring.get(operation).caller());
			assertThat(starter.get(operation).all()).as(operation).isLessThan(spring.get(operation).all());
		}
	}

	private static Map<String, Figures> measureLists(String who, Quotes quotes) throws Exception {
		IntConsumer hit = (number) -> quotes.list("org-1", number % 10);
		IntConsumer miss = (number) -> quotes.list("org-2", number);
		hit(quotes, hit);
		for (int number = 0; number < CALLS_FOR_LISTS; number++) {
			hit.accept(number);
			miss.accept(-1 - number);
		}
		Map<String, Figures> figures = new LinkedHashMap<>();
		int before = quotes.loads();
		figures.put("hit of a list", count(who + ", hit of a list", CALLS_FOR_LISTS, hit));
		assertThat(quotes.loads()).isEqualTo(before);
		figures.put("miss of a list", count(who + ", miss of a list", CALLS_FOR_LISTS, miss));
		assertThat(quotes.loads() - before).isEqualTo(CALLS_FOR_LISTS);
		return figures;
	}

	private static Map<String, Figures> measure(String who, Quotes quotes) throws Exception {
		IntConsumer hit = (number) -> quotes.find("org-1", number % 100);
		IntConsumer miss = (number) -> quotes.find("org-2", number);
		IntConsumer evict = (number) -> quotes.changed("org-2", number);
		hit(quotes, hit);
		for (int number = 0; number < CALLS; number++) {
			hit.accept(number);
			miss.accept(-1 - number);
			evict.accept(-1 - number);
		}
		Map<String, Figures> figures = new LinkedHashMap<>();
		figures.put("hit", count(who + ", hit", CALLS, hit));
		int loads = quotes.loads();
		figures.put("miss", count(who + ", miss", CALLS, miss));
		assertThat(quotes.loads() - loads).isEqualTo(CALLS);
		figures.put("eviction", count(who + ", eviction", CALLS, evict));
		return figures;
	}

	/** Until all are there: what the starter stores need not be awaited. */
	private static void hit(Quotes quotes, IntConsumer hit) {
		await().atMost(Duration.ofMinutes(1)).until(() -> {
			int before = quotes.loads();
			for (int number = 0; number < 100; number++) {
				hit.accept(number);
			}
			return quotes.loads() == before;
		});
	}

	private static Figures count(String what, int calls, IntConsumer call) throws Exception {
		try (Recording recording = new Recording()) {
			boolean sites = Boolean.getBoolean("allocations.sites");
			if (sites) {
				recording.enable("jdk.ObjectAllocationSample").with("throttle", "1000/s");
				recording.start();
			}
			long all = allocatedByAll();
			long caller = THREADS.getCurrentThreadAllocatedBytes();
			for (int number = 0; number < calls; number++) {
				call.accept(number);
			}
			caller = THREADS.getCurrentThreadAllocatedBytes() - caller;
			all = allocatedByAll() - all;
			if (sites) {
				recording.stop();
				print(what, recording);
			}
			return new Figures(caller / calls, all / calls);
		}
	}

	private static long allocatedByAll() {
		long sum = 0;
		for (long bytes : THREADS.getThreadAllocatedBytes(THREADS.getAllThreadIds())) {
			sum += Math.max(0, bytes);
		}
		return sum;
	}

	private static void print(String what, Recording recording) throws Exception {
		java.nio.file.Path file = java.nio.file.Files.createTempFile("allocations", ".jfr");
		try {
			recording.dump(file);
			Map<String, Long> weights = new HashMap<>();
			long sum = 0;
			for (RecordedEvent event : RecordingFile.readAllEvents(file)) {
				long weight = event.getLong("weight");
				sum += weight;
				weights.merge(site(event), weight, Long::sum);
			}
			System.out.println("Sites of " + what);
			long total = sum;
			weights.entrySet()
				.stream()
				.sorted(Map.Entry.<String, Long>comparingByValue().reversed())
				.limit(25)
				.forEach((entry) -> System.out.printf("%5.1f %%  %s%n", 100.0 * entry.getValue() / total,
						entry.getKey()));
		}
		finally {
			java.nio.file.Files.delete(file);
		}
	}

	/** What was allocated, and for whom: the first frame that is not the JDK's. */
	private static String site(RecordedEvent event) {
		String type = event.getClass("objectClass").getName();
		if (event.getStackTrace() == null) {
			return type;
		}
		for (RecordedFrame frame : event.getStackTrace().getFrames()) {
			String owner = frame.getMethod().getType().getName();
			if (!owner.startsWith("java.") && !owner.startsWith("jdk.")) {
				return type + "  " + owner + "." + frame.getMethod().getName() + ":" + frame.getLineNumber();
			}
		}
		return type;
	}

	private AnnotationConfigApplicationContext spring() {
		AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext();
		context.registerBean(LettuceConnectionFactory.class,
				() -> new LettuceConnectionFactory(this.redis.host(), this.redis.port()));
		JsonMapper mapper = JsonMapper.builder().build();
		context.registerBean(CacheManager.class, () -> RedisCacheManager
			.builder(RedisCacheWriter.create(context.getBean(LettuceConnectionFactory.class),
					RedisCacheWriterConfigurer::immediateWrites))
			.cacheDefaults(configuration(mapper, mapper.constructType(Quote.class)))
			.withCacheConfiguration("agents",
					configuration(mapper, mapper.getTypeFactory().constructCollectionType(List.class, Agent.class)))
			.build());
		context.register(SpringsCaching.class);
		context.registerBean(Quotes.class);
		context.refresh();
		return context;
	}

	private static RedisCacheConfiguration configuration(JsonMapper mapper, JavaType type) {
		return RedisCacheConfiguration.defaultCacheConfig()
			.entryTtl(Duration.ofMinutes(10))
			.serializeValuesWith(SerializationPair.fromSerializer(new JacksonJsonRedisSerializer<>(mapper, type)));
	}

	/**
	 * Means over all calls.
	 *
	 * @param caller bytes on the thread that calls
	 * @param all bytes on all threads
	 */
	private record Figures(long caller, long all) {

	}

	record Quote(String orgId, int number, String text, double price) {

	}

	record Agent(String id, String name, String status, Instant created, Instant seen, List<String> tags) {

	}

	static class Quotes {

		private static final List<Agent> AGENTS = IntStream.range(0, 20)
			.mapToObj((i) -> new Agent("agent-" + i, "Agent number " + i + " of the platform", "ACTIVE",
					Instant.ofEpochMilli(1_700_000_000_000L + i), Instant.ofEpochMilli(1_700_000_100_000L + i),
					List.of("a", "b", "c", "tool-" + i)))
			.toList();

		private final AtomicInteger loads = new AtomicInteger();

		public int loads() {
			return this.loads.get();
		}

		@Cacheable("quotes")
		public Quote find(String orgId, int number) {
			this.loads.incrementAndGet();
			return new Quote(orgId, number, "as agreed", 9.75);
		}

		@Cacheable("agents")
		public List<Agent> list(String orgId, int page) {
			this.loads.incrementAndGet();
			return AGENTS;
		}

		@CacheEvict("quotes")
		public void changed(String orgId, int number) {
		}

	}

	@Configuration(proxyBeanMethods = false)
	@EnableCaching(proxyTargetClass = true)
	static class SpringsCaching {

	}

}
