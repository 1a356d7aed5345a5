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
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

import dev.cachestarter.Interleavings;
import dev.cachestarter.engine.key.KeyLayout;
import dev.cachestarter.engine.redis.RedisLink;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * The protocol of tags, step by step, on a real server. The orders of steps that go wrong
 * where a rule is missing are those of the model. Where an eviction is overtaken, it is
 * one in two steps, as of an instance of an older version.
 */
@WithRedis(local = true)
class TagGenerationsRedisTests {

	static final String COUNTER = "~t:";

	static final String TAG = "~t:tool";

	private static final List<String> TOOL = List.of("tool");

	private final AtomicInteger nonces = new AtomicInteger();

	final RedisServer redis;

	private final RedisLink link;

	private final KeyLayout layout = new KeyLayout("", false);

	private final TagGenerations tags;

	TagGenerationsRedisTests(RedisServer redis) {
		this.redis = redis;
		this.link = new RedisLink(new LettuceConnectionFactory(redis.host(), redis.port()), Interleavings.PATIENT);
		this.tags = new TagGenerations(this.link, this.layout, () -> "%016x".formatted(this.nonces.incrementAndGet()));
	}

	@BeforeEach
	void connect() {
		this.redis.flushAll();
		this.link.start();
		await().atMost(Duration.ofMinutes(1)).until(this.link::isUp);
	}

	@AfterEach
	void close() {
		this.redis.cli("CONFIG", "SET", "maxmemory", "0");
		this.link.close();
	}

	@Test
	void whatIsLoadedWithoutAnEvictionIsAdmitted() {
		TagMoment moment = capture();

		CarriedTags carried = admit(moment);

		assertThat(isCurrent(carried)).isTrue();
		assertThat(isCurrent(admit(moment))).isTrue();
	}

	@Test
	void aGenerationGetsItsNumberOnceItIsMade() {
		admit(capture());

		await().atMost(Duration.ofMinutes(1))
			.untilAsserted(
					() -> assertThat(this.redis.cli("GET", TAG)).asString().matches("[0-9a-f]{16} [0-9a-f]{16} 0{15}"));
		assertThat(this.redis.cli("GET", COUNTER)).asString().matches("[0-9a-f]{16} 0{15}");
	}

	@Test
	void whatIsEvictedWhileItIsLoadedIsRefused() {
		admit(capture());
		TagMoment moment = capture();

		evict();

		assertThat(admit(moment)).isNull();
		assertThat(isCurrent(admit(capture()))).isTrue();
	}

	@Test
	void whatWasAdmittedBeforeTheEvictionIsNotCurrentAfterIt() {
		CarriedTags carried = admit(capture());

		assertThat(evict()).isEqualTo(1);

		assertThat(isCurrent(carried)).isFalse();
	}

	@Test
	void anEvictionOfATagThatNothingCarriesLeavesNothingBehind() {
		assertThat(evict()).isZero();

		assertThat(this.redis.cli("GET", TAG)).isNull();
	}

	@Test
	void whatIsLoadedWhileATagIsEvictedThatHasNoGenerationIsRefused() {
		TagMoment moment = capture();

		evict();

		assertThat(admit(moment)).isNull();
	}

	@Test
	void othersAreNotRefusedForTheSakeOfATag() {
		admit(capture());
		CarriedTags carried = get(this.tags.admit(List.of("other"), capture()));
		assertThat(carried).isNotNull();
		TagMoment moment = capture();

		evict();

		assertThat(get(this.tags.admit(List.of("other"), moment))).isNotNull();
		assertThat(isCurrent(carried)).isTrue();
	}

	// The orders of the model

	@Test
	void aCounterThatWasLostDoesNotCountForTheOneBefore() {
		admit(capture());
		evict();
		byte[] counted = count();
		TagMoment moment = capture();
		this.redis.cli("DEL", COUNTER);
		renew(counted);

		// The row is written, and evicted again.
		evict();

		assertThat(admit(moment)).isNull();
	}

	@Test
	void aGenerationThatIsMadeGetsNoNumberFromBeforeItWasMade() {
		TagMoment moment = capture();
		// Another has found no generation, and is about to make one.
		evict();
		this.redis.cli("SET", TAG, "00000000000000ff ---------------- 000000000000000");

		assertThat(admit(moment)).isNull();

		await().atMost(Duration.ofMinutes(1))
			.untilAsserted(() -> assertThat(this.redis.cli("GET", TAG)).asString().endsWith(" 000000000000001"));
		assertThat(isCurrent(admit(capture()))).isTrue();
	}

	@Test
	void anEvictionThatIsOvertakenByALaterOneDoesNotLowerTheNumber() {
		admit(capture());
		byte[] counted = count();
		TagMoment moment = capture();
		// The row is written once more, and that eviction is the first to return.
		evict();

		renew(counted);

		assertThat(admit(moment)).isNull();
		assertThat(isCurrent(admit(capture()))).isTrue();
	}

	@Test
	void anEvictionThatIsOvertakenGivesAGenerationThatWasMadeMeanwhileNoNumber() {
		capture();
		byte[] counted = count();
		TagMoment moment = capture();
		// There is no generation yet.
		assertThat(evict()).isZero();
		this.redis.cli("SET", TAG, "00000000000000ff ---------------- 000000000000000");

		renew(counted);

		assertThat(admit(moment)).isNull();
		assertThat(isCurrent(admit(capture()))).isTrue();
	}

	@Test
	void anEvictionThatIsOvertakenAcrossTheLossOfTheCounterDoesNotBringTheOldOneBack() {
		admit(capture());
		byte[] counted = count();
		TagMoment moment = capture();
		this.redis.cli("DEL", COUNTER);
		evict();
		admit(capture());

		renew(counted);

		assertThat(admit(moment)).isNull();
		assertThat(isCurrent(admit(capture()))).isTrue();
	}

	@Test
	void anEvictionThatIsOvertakenStillTakesWhatWasAdmittedBeforeIt() {
		CarriedTags carried = admit(capture());
		byte[] counted = count();
		evict();
		CarriedTags later = admit(capture());

		renew(counted);

		assertThat(isCurrent(carried)).isFalse();
		assertThat(isCurrent(later)).isFalse();
	}

	// What is lost

	@Test
	void aGenerationThatIsLostIsAMissAndMadeAgain() {
		CarriedTags carried = admit(capture());

		this.redis.cli("DEL", TAG);

		assertThat(isCurrent(carried)).isFalse();
		assertThat(isCurrent(admit(capture()))).isTrue();
		assertThat(isCurrent(carried)).isFalse();
	}

	@Test
	void whatCapturedACounterThatIsLostIsRefused() {
		admit(capture());
		TagMoment moment = capture();

		this.redis.cli("DEL", COUNTER, TAG);

		assertThat(admit(moment)).isNull();
	}

	@Test
	void aGenerationOfACounterThatIsLostIsReplaced() {
		CarriedTags carried = admit(capture());
		this.redis.cli("DEL", COUNTER);

		CarriedTags again = admit(capture());

		assertThat(isCurrent(again)).isTrue();
		assertThat(isCurrent(carried)).isFalse();
	}

	@Test
	void aNumberThatTheCounterHasNotReachedIsReplaced() {
		String epoch = capture().epoch();
		this.redis.cli("SET", TAG, "00000000000000ff " + epoch + " 000000000000007");

		assertThat(isCurrent(admit(capture()))).isTrue();
		assertThat(this.redis.cli("GET", TAG)).asString().doesNotStartWith("00000000000000ff");
	}

	@Test
	void whatCapturedACounterThatAnOldDumpSetsBackIsRefused() {
		admit(capture());
		this.redis.cli("SAVE");
		for (int i = 0; i < 3; i++) {
			evict();
		}
		TagMoment moment = capture();
		this.redis.kill();
		this.redis.start();
		await().atMost(Duration.ofMinutes(1))
			.until(() -> this.link.isUp() && !this.link.runMark().equals(moment.run()));

		evict();

		assertThat(this.redis.cli("GET", COUNTER)).asString().endsWith(" 000000000000001");
		assertThat(admit(moment)).isNull();
	}

	@ParameterizedTest
	@ValueSource(strings = { "", "x", "0123456789abcdef", "0123456789abcdef 00000000000000x",
			"0123456789abcdef 0000000000000001", "zzzzzzzzzzzzzzzz 000000000000001" })
	void aCounterThatIsNoneIsReplaced(String counter) {
		this.redis.cli("SET", COUNTER, counter);

		assertThat(isCurrent(admit(capture()))).isTrue();
		assertThat(evict()).isEqualTo(1);
		assertThat(this.redis.cli("GET", COUNTER)).asString().matches("[0-9a-f]{16} [0-9]{15}");
	}

	@ParameterizedTest
	@ValueSource(strings = { "", "x", "0123456789abcdef 0123456789abcdef 00000000000000x",
			"0123456789abcdef 0123456789abcdef 0000000000000001" })
	void aGenerationThatIsNoneIsReplaced(String generation) {
		this.redis.cli("SET", TAG, generation);

		assertThat(isCurrent(admit(capture()))).isTrue();
	}

	@ParameterizedTest
	@ValueSource(strings = { COUNTER, TAG })
	void whatIsOfAnotherTypeIsReplaced(String key) {
		this.redis.cli("LPUSH", key, "x");

		CarriedTags carried = admit(capture());

		assertThat(isCurrent(carried)).isTrue();
		this.redis.cli("DEL", key);
		this.redis.cli("LPUSH", key, "x");
		evict();
		assertThat(isCurrent(carried)).isFalse();
	}

	// Where nothing can be written

	@Test
	void outOfMemoryAnEvictionLosesBothOnPurpose() {
		CarriedTags carried = admit(capture());
		TagMoment moment = capture();
		this.redis.cli("CONFIG", "SET", "maxmemory", "1");

		assertThat(evict()).isEqualTo(1);

		assertThat(this.redis.number("EXISTS", COUNTER, TAG)).isZero();
		this.redis.cli("CONFIG", "SET", "maxmemory", "0");
		assertThat(isCurrent(carried)).isFalse();
		assertThat(admit(moment)).isNull();
		assertThat(isCurrent(admit(capture()))).isTrue();
	}

	// Steps

	TagMoment capture() {
		return java.util.Objects.requireNonNull(get(this.tags.capture()));
	}

	@Nullable CarriedTags admit(TagMoment moment) {
		return get(this.tags.admit(TOOL, moment));
	}

	long evict() {
		return get(evict(this.tags, TOOL));
	}

	/** In one step, since there is one server. */
	CompletableFuture<Long> evict(TagGenerations tags, List<String> names) {
		return tags.evict(names);
	}

	/** The first half of an eviction. */
	private byte[] count() {
		return get(this.link.run(TagScripts.COUNT, this.layout.tagCounterKey(), bytes("00000000000000aa"), bytes("1")));
	}

	/** The second half. */
	private void renew(byte[] counted) {
		get(this.link.run(TagScripts.RENEW, this.layout.tagGenerationKey("tool"),
				bytes("00000000000000bb " + new String(counted, StandardCharsets.US_ASCII))));
	}

	/** As a reader sees it. */
	private boolean isCurrent(@Nullable CarriedTags carried) {
		assertThat(carried).isNotNull();
		List<byte @Nullable []> there = get(this.link.read(this.layout.tagGenerationKey(carried.names().get(0))));
		return ReadGenerations.of(carried.names(), there, 0).areCurrent(carried);
	}

	private static byte[] bytes(String text) {
		return text.getBytes(StandardCharsets.US_ASCII);
	}

	private static <T extends @Nullable Object> T get(CompletableFuture<T> future) {
		return future.orTimeout(1, TimeUnit.MINUTES).join();
	}

}
