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
package dev.cachestarter.engine.tag;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import org.springframework.cache.annotation.Cacheable;
import org.springframework.data.redis.connection.RedisStandaloneConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

import dev.cachestarter.CacheTag;
import dev.cachestarter.Interleavings;
import dev.cachestarter.TestInstance;
import dev.cachestarter.engine.key.KeyLayout;
import dev.cachestarter.engine.redis.RedisLink;
import dev.cachestarter.testing.FaultProxy;
import dev.cachestarter.testing.FaultProxy.Direction;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * The eviction of a tag where one script takes both steps, and where one cannot.
 */
@WithRedis
class TagEvictionRedisTests {

	private static final Duration LONG = Duration.ofMinutes(1);

	private static final List<String> TOOL = List.of("tool");

	private final KeyLayout layout = new KeyLayout("", false);

	private final AtomicInteger nonces = new AtomicInteger();

	private final List<RedisLink> links = new ArrayList<>();

	private final RedisServer redis;

	TagEvictionRedisTests(RedisServer redis) {
		this.redis = redis;
	}

	@AfterEach
	void close() {
		this.links.forEach(RedisLink::close);
	}

	@Test
	void itIsOneRoundTrip() {
		TagGenerations tags = tags(this.redis.host(), this.redis.port());
		get(tags.admit(TOOL, capture(tags)));
		get(tags.evict(TOOL));
		this.redis.cli("CONFIG", "RESETSTAT");

		assertThat(get(tags.evict(TOOL))).isEqualTo(1);

		assertThat(calls("evalsha")).isEqualTo(1);
		assertThat(calls("eval")).isZero();
		assertThat(counter()).isEqualTo(2);
	}

	@Test
	void aServerThatHasForgottenTheScriptIsSentItsTextAndCountsOnce() {
		TagGenerations tags = tags(this.redis.host(), this.redis.port());
		get(tags.admit(TOOL, capture(tags)));
		this.redis.cli("SCRIPT", "FLUSH");

		assertThat(get(tags.evict(TOOL))).isEqualTo(1);

		assertThat(counter()).isEqualTo(1);
	}

	@Test
	void eachOfSeveralTagsIsEvictedAndThoseWithoutAGenerationAreNotCounted() {
		TagGenerations tags = tags(this.redis.host(), this.redis.port());
		CarriedTags carried = get(tags.admit(List.of("a", "b"), capture(tags)));
		CarriedTags other = get(tags.admit(List.of("c"), capture(tags)));
		TagMoment moment = capture(tags);

		assertThat(get(tags.evict(List.of("a", "b", "unknown")))).isEqualTo(2);

		assertThat(isCurrent(carried)).isFalse();
		assertThat(isCurrent(other)).isTrue();
		for (String tag : List.of("a", "b", "unknown")) {
			assertThat(get(tags.admit(List.of(tag), moment))).as(tag).isNull();
		}
		assertThat(get(tags.admit(List.of("c"), moment))).isNotNull();
	}

	@Test
	void oneThatIsHeldUpOnItsWayCountsWhenItArrives() {
		try (FaultProxy proxy = FaultProxy.inFrontOf(this.redis)) {
			TagGenerations here = tags(this.redis.host(), this.redis.port());
			TagGenerations slow = tags(proxy.host(), proxy.port());
			get(here.admit(TOOL, capture(slow)));
			get(slow.evict(TOOL));
			proxy.holdBack();
			slow.evict(TOOL);
			await().atMost(LONG).until(() -> proxy.heldBytes() > 0);
			get(here.evict(TOOL));
			TagMoment moment = capture(here);
			// The row is written once more.
			get(here.evict(TOOL));

			proxy.releaseHeld();
			await().atMost(LONG).until(() -> counter() == 4);

			assertThat(get(here.admit(TOOL, moment))).isNull();
			assertThat(isCurrent(get(here.admit(TOOL, capture(here))))).isTrue();
		}
	}

	@Test
	void oneWhoseAnswerIsLostFailsAndMakesAnotherGenerationWhenItIsAskedForAgain() {
		try (FaultProxy proxy = FaultProxy.inFrontOf(this.redis)) {
			TagGenerations here = tags(this.redis.host(), this.redis.port());
			TagGenerations cut = tags(proxy.host(), proxy.port());
			RedisLink link = this.links.get(1);
			get(here.admit(TOOL, capture(cut)));
			proxy.blackhole(Direction.REPLIES);
			CompletableFuture<Long> lost = cut.evict(TOOL);
			await().atMost(LONG).until(() -> counter() == 1);
			CarriedTags between = get(here.admit(TOOL, capture(here)));
			assertThat(isCurrent(between)).isTrue();

			proxy.closeAll();
			assertThat(lost).failsWithin(LONG);
			get(here.evict(TOOL));
			proxy.pass();
			await().atMost(LONG).until(link::isUp);
			get(cut.evict(TOOL));

			assertThat(counter()).isEqualTo(3);
			assertThat(isCurrent(between)).isFalse();
		}
	}

	@ParameterizedTest
	@EnumSource
	void oneThatIsLostOnItsWayIsPendingAndAppliedWhenRedisIsBack(Direction lost) {
		try (FaultProxy proxy = FaultProxy.inFrontOf(this.redis);
				TestInstance<Rows> here = TestInstance.of(Rows.class, proxy.host(), proxy.port(), (builder) -> {
				});
				TestInstance<Rows> there = TestInstance.of(Rows.class, this.redis)) {
			here.awaitUp();
			there.awaitUp();
			int before = there.service().find("a");
			await().atMost(LONG).until(() -> String.valueOf(this.redis.cli("GET", "rows:a")).startsWith("cs3 v"));
			assertThat(here.service().find("a")).isEqualTo(before);

			proxy.blackhole(lost);
			int now = Rows.VERSION.incrementAndGet();
			here.manager().getCacheService().evictTag("row:a");

			assertThat(here.engine().evictions().pendingCount()).isPositive();
			assertThat(here.service().find("a")).isEqualTo(now);
			proxy.closeAll();
			proxy.pass();
			await().atMost(LONG).until(() -> here.engine().evictions().pendingCount() == 0);
			assertThat(here.service().find("a")).isEqualTo(now);
			assertThat(there.service().find("a")).isEqualTo(now);
		}
	}

	@Test
	void whereTheCounterIsNotFoundTheScriptDoesNothing() {
		TagGenerations tags = tags(this.redis.host(), this.redis.port());
		CarriedTags carried = get(tags.admit(TOOL, capture(tags)));
		this.redis.cli("RENAME", "~t:", "elsewhere");

		byte[] answer = get(this.links.get(0)
			.run(TagScripts.EVICT, new byte[][] { this.layout.tagGenerationKey("tool"), this.layout.tagCounterKey() },
					"00000000000000aa".getBytes(StandardCharsets.US_ASCII)));

		assertThat(answer).asString().isEqualTo("=");
		assertThat(isCurrent(carried)).isTrue();
		assertThat(this.redis.number("EXISTS", "~t:")).isZero();
		assertThat(get(tags.evict(TOOL))).isEqualTo(1);
		assertThat(isCurrent(carried)).isFalse();
	}

	@Test
	void whatSeemsToBeOneServerAndRefusesKeysOfSeveralSlotsIsAskedInTwoSteps() {
		try (RedisServer parted = RedisServer.local("--cluster-enabled", "yes").start()) {
			parted.cli("CLUSTER", "ADDSLOTSRANGE", "0", "16383");
			await().atMost(LONG)
				.until(() -> String.valueOf(parted.cli("CLUSTER", "INFO")).contains("cluster_state:ok"));
			TagGenerations tags = tags(parted.host(), parted.port());
			TagMoment moment = capture(tags);
			CarriedTags carried = get(tags.admit(TOOL, moment));
			assertThat(carried).isNotNull();

			assertThat(get(tags.evict(TOOL))).isEqualTo(1);
			assertThat(get(tags.evict(TOOL))).isEqualTo(1);

			// Both were counted, so nothing was deleted for the sake of the refusal.
			assertThat(String.valueOf(parted.cli("GET", "~t:"))).isEqualTo(moment.epoch() + " 000000000000002");
			assertThat(get(tags.admit(TOOL, moment))).isNull();
			assertThat(String.valueOf(parted.cli("INFO", "errorstats"))).contains("errorstat_CROSSSLOT:count=1");
		}
	}

	@Test
	void whatDoesNotSayWhoItIsIsAskedInTwoSteps() {
		RedisStandaloneConfiguration where = new RedisStandaloneConfiguration(this.redis.host(), this.redis.port());
		where.setUsername("silent");
		where.setPassword("secret");
		this.redis.cli("ACL", "SETUSER", "silent", "on", ">secret", "~*", "+@all", "-info");
		try {
			TagGenerations tags = tags(new LettuceConnectionFactory(where));
			CarriedTags carried = get(tags.admit(TOOL, capture(tags)));
			get(tags.evict(TOOL));
			carried = get(tags.admit(TOOL, capture(tags)));
			this.redis.cli("CONFIG", "RESETSTAT");

			assertThat(get(tags.evict(TOOL))).isEqualTo(1);

			assertThat(calls("evalsha")).isEqualTo(2);
			assertThat(isCurrent(carried)).isFalse();
		}
		finally {
			this.redis.cli("ACL", "DELUSER", "silent");
		}
	}

	private TagGenerations tags(String host, int port) {
		return tags(new LettuceConnectionFactory(host, port));
	}

	private TagGenerations tags(LettuceConnectionFactory source) {
		RedisLink link = new RedisLink(source, Interleavings.PATIENT);
		this.links.add(link);
		link.start();
		await().atMost(LONG).until(link::isUp);
		return new TagGenerations(link, this.layout, () -> "%016x".formatted(this.nonces.incrementAndGet()));
	}

	private static TagMoment capture(TagGenerations tags) {
		return java.util.Objects.requireNonNull(get(tags.capture()));
	}

	private long counter() {
		return Long.parseLong(String.valueOf(this.redis.cli("GET", "~t:")).substring(17));
	}

	private long calls(String command) {
		Matcher matcher = Pattern.compile("cmdstat_" + command + ":calls=(\\d+)")
			.matcher(String.valueOf(this.redis.cli("INFO", "commandstats")));
		return matcher.find() ? Long.parseLong(matcher.group(1)) : 0;
	}

	/** As a reader sees it. */
	private boolean isCurrent(@Nullable CarriedTags carried) {
		assertThat(carried).isNotNull();
		List<byte @Nullable []> there = get(this.links.get(0)
			.read(carried.names().stream().map(this.layout::tagGenerationKey).toArray(byte[][]::new)));
		return ReadGenerations.of(carried.names(), there, 0).areCurrent(carried);
	}

	private static <T extends @Nullable Object> T get(CompletableFuture<T> future) {
		return future.orTimeout(1, TimeUnit.MINUTES).join();
	}

	static class Rows {

		static final AtomicInteger VERSION = new AtomicInteger();

		@Cacheable("rows")
		@CacheTag("row:#{#id}")
		public int find(String id) {
			return VERSION.get();
		}

	}

}
