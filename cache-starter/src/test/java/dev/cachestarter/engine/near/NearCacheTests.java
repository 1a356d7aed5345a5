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

package dev.cachestarter.engine.near;

import java.time.Duration;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.util.unit.DataSize;

import dev.cachestarter.CacheSettings;
import dev.cachestarter.NearSettings;
import dev.cachestarter.engine.entry.EntryHeader;
import dev.cachestarter.engine.entry.Observed;
import dev.cachestarter.engine.key.KeyLayout;
import dev.cachestarter.engine.key.LogKeys;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.value.ValueCodec;
import dev.cachestarter.engine.value.ValueCodecs;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What a near cache keeps, and for how long.
 */
class NearCacheTests {

	private static final long NOW = 1_000_000;

	private static final ValueCodec CODEC = new ValueCodecs(ValueCodecs.mapperBuilder().build()).forType(String.class,
			CacheSettings.defaults());

	private final KeyLayout layout = new KeyLayout("", false, LogKeys.FULL);

	{
		this.layout.register("pages");
	}

	private final AtomicLong nanos = new AtomicLong();

	@Test
	void aCopyIsTheValueItselfUnlessEachCallerGetsOneOfHisOwn() throws Exception {
		NearCache shared = near((settings) -> settings);
		NearCache copied = near((settings) -> settings.withCopy(true));
		byte[] entry = CODEC.encode("x".repeat(5000)).entry();

		shared.keep(observed(key(1), entry), header(0, 0), CODEC, "decoded", () -> null, NOW, null);
		copied.keep(observed(key(1), entry), header(0, 0), CODEC, "decoded", () -> null, NOW, null);

		assertThat(shared.get(key(1)).value()).isEqualTo("decoded");
		assertThat(copied.get(key(1)).value()).isEqualTo("x".repeat(5000)).isNotSameAs(copied.get(key(1)).value());
	}

	@ParameterizedTest
	@ValueSource(ints = { 1, 100, 10_000 })
	void neitherBoundIsExceededHoweverLargeEntriesAre(int most) {
		int size = 2000;
		NearCache byNumber = near((settings) -> settings.withMaxEntries(most));
		// The shortest key has eleven bytes, which count twice.
		NearCache bySize = near((settings) -> settings.withMaxSize(DataSize.ofBytes((long) most * (size + 22))));

		for (int i = 0; i < 3 * most; i++) {
			keep(byNumber, i, size);
			keep(bySize, i, size);
		}
		byNumber.cleanUp();
		bySize.cleanUp();

		assertThat(byNumber.count()).isPositive().isLessThanOrEqualTo(most);
		assertThat(bySize.count()).isPositive().isLessThanOrEqualTo(most);
		assertThat(bySize.bytes()).isEqualTo(bySize.count() * size);
	}

	@Test
	void mixedSizesAreWithinBothBounds() {
		NearCache near = near((settings) -> settings.withMaxEntries(100).withMaxSize(DataSize.ofKilobytes(1000)));

		for (int i = 0; i < 1000; i++) {
			keep(near, i, (i % 2 == 0) ? 1500 : 50_000);
		}
		near.cleanUp();

		assertThat(near.count()).isPositive().isLessThanOrEqualTo(100);
		assertThat(near.bytes()).isPositive().isLessThanOrEqualTo(1000 * 1024);
	}

	@Test
	void longKeysCountAsWell() {
		NearCache near = near((settings) -> settings.withMaxSize(DataSize.ofMegabytes(1)));

		for (int i = 0; i < 1000; i++) {
			StoredKey key = this.layout.key("pages", "x".repeat(50_000) + i);
			near.keep(observed(key, new byte[2000]), header(NOW, 0), CODEC, "", () -> null, NOW, null);
		}
		near.cleanUp();

		// As bytes and as text they have 100 KB each.
		assertThat(near.count()).isBetween(1L, 10L);
	}

	@Test
	void whatIsLargerThanAllMayBeOrNotWorthItIsNotKept() {
		NearCache near = near((settings) -> settings.withMaxSize(DataSize.ofKilobytes(10)));

		keep(near, 1, 10 * 1024 + 1);
		keep(near, 2, NearCache.SMALLEST - 1);
		keep(near, 3, NearCache.SMALLEST);

		assertThat(near.get(key(1))).isNull();
		assertThat(near.get(key(2))).isNull();
		assertThat(near.get(key(3))).isNotNull();
	}

	@Test
	void aCopyIsKeptNoLongerThanItsValueIsFreshOrMayBeKept() {
		NearCache lasting = near((settings) -> settings);
		NearCache brief = near((settings) -> settings.withTtl(Duration.ofSeconds(5)));
		for (NearCache near : new NearCache[] { lasting, brief }) {
			near.keep(observed(key(1), new byte[2000]), header(NOW, NOW + 10_000), CODEC, "", () -> null, NOW, null);
			near.keep(observed(key(2), new byte[2000]), header(NOW, 0), CODEC, "", () -> null, NOW, null);
		}

		pass(Duration.ofSeconds(4));
		lasting.get(key(1));
		brief.get(key(1));
		pass(Duration.ofSeconds(2));

		assertThat(brief.get(key(1))).isNull();
		assertThat(brief.get(key(2))).isNull();
		assertThat(lasting.get(key(1))).isNotNull();

		pass(Duration.ofSeconds(5));

		assertThat(lasting.get(key(1))).as("reads do not prolong it").isNull();
		assertThat(lasting.get(key(2))).isNotNull();
		lasting.cleanUp();
		brief.cleanUp();
		assertThat(lasting.bytes()).isEqualTo(2000);
		assertThat(brief.bytes()).isZero();
	}

	@Test
	void whatIsDroppedReplacedOrClearedIsNotCounted() {
		NearCache near = near((settings) -> settings);
		keep(near, 1, 2000);
		keep(near, 1, 3000);
		keep(near, 2, 4000);
		keep(near, 3, 5000);
		NearCopy replaced = near.get(key(3));
		keep(near, 3, 6000);

		near.drop(key(2));
		near.drop(key(3), replaced);

		assertThat(near.count()).isEqualTo(2);
		assertThat(near.bytes()).isEqualTo(3000 + 6000);
		near.clear();
		near.cleanUp();
		assertThat(near.count()).isZero();
		assertThat(near.bytes()).isZero();
	}

	@Test
	void aCopyIsOfEveryHeaderThatDiffersInTheClaimAlone() {
		NearCache near = near((settings) -> settings);
		EntryHeader header = header(NOW, NOW + 10_000);
		near.keep(observed(key(1), new byte[2000]), header, CODEC, "", () -> null, NOW, null);
		NearCopy copy = near.get(key(1));

		for (int i = 0; i < EntryHeader.LENGTH - 1; i++) {
			byte[] line = (header + "\n").getBytes(java.nio.charset.StandardCharsets.US_ASCII);
			if (line[i] == ' ' || i < 5) {
				continue;
			}
			line[i] = (byte) ((line[i] == '1') ? '2' : '1');
			boolean isClaim = i >= 23 && i < 53;

			assertThat(copy.isOf(EntryHeader.parse(line))).as("byte " + i).isEqualTo(isClaim);
		}
	}

	@Test
	void whereNothingIsToBeKeptThereIsNone() {
		NearTracking tracking = new NearTracking(TrackingByHand::new, this.layout);
		for (NearSettings.Mode mode : NearSettings.Mode.values()) {
			NearCache near = NearCache.of("pages", NearSettings.defaults().withMode(mode), tracking);

			assertThat(near != null).as(mode.name()).isEqualTo(mode != NearSettings.Mode.NONE);
		}
	}

	// Aliases

	@Test
	void aKeyIsKnownByArgumentsAsLongAsItsCopyIsThere() {
		NearCache near = near((settings) -> settings.withMaxSize(DataSize.ofKilobytes(100)));
		keep(near, 1, 2000);
		near.remember(arguments(1), key(1), near.get(key(1)));
		assertThat(near.keyOf(arguments(1))).isEqualTo(key(1));

		near.drop(key(1));
		assertThat(near.keyOf(arguments(1))).as("dropped").isNull();

		keep(near, 1, 2000);
		near.remember(arguments(1), key(1), near.get(key(1)));
		near.clear();
		assertThat(near.keyOf(arguments(1))).as("cleared").isNull();

		for (int i = 0; i < 1000; i++) {
			keep(near, i, 2000);
			NearCopy copy = near.get(key(i));
			if (copy != null) {
				near.remember(arguments(i), key(i), copy);
			}
		}
		near.cleanUp();
		assertThat((long) near.aliases()).as("pushed out").isPositive().isLessThanOrEqualTo(near.count());
	}

	@Test
	void aCopyThatIsReplacedTakesItsAliasAlongAndNotThatOfTheNextOne() {
		NearCache near = near((settings) -> settings);
		keep(near, 1, 2000);
		NearCopy first = near.get(key(1));
		near.remember(arguments(1), key(1), first);
		keep(near, 1, 3000);
		assertThat(near.keyOf(arguments(1))).isNull();

		near.remember(arguments(1), key(1), near.get(key(1)));
		near.drop(key(1), first);

		assertThat(near.keyOf(arguments(1))).isEqualTo(key(1));
	}

	@Test
	void aCopyThatIsGoneTakesNoAlias() {
		NearCache near = near((settings) -> settings);
		keep(near, 1, 2000);
		NearCopy gone = near.get(key(1));
		near.drop(key(1));

		near.remember(arguments(1), key(1), gone);

		assertThat(near.keyOf(arguments(1))).isNull();
		assertThat(near.aliases()).isZero();
	}

	/** Who has found the one copy may go on only when there is the next one. */
	@Test
	void aCopyThatIsGoneDoesNotKeepTheNextOneFromBeingKnownByTheSameArguments() {
		NearCache near = near((settings) -> settings);
		keep(near, 1, 2000);
		NearCopy gone = near.get(key(1));
		keep(near, 1, 3000);
		near.remember(arguments(1), key(1), near.get(key(1)));
		near.remember(arguments(1), key(1), gone);

		near.remember(arguments(1), key(1), near.get(key(1)));

		assertThat(near.keyOf(arguments(1))).isEqualTo(key(1));
		near.drop(key(1));
		assertThat(near.aliases()).isZero();
	}

	@Test
	void theAliasOfACopyIsNotThatOfTheNextOne() {
		NearCache near = near((settings) -> settings);
		keep(near, 1, 2000);
		NearCopy gone = near.get(key(1));
		keep(near, 1, 3000);
		NearCopy next = near.get(key(1));

		assertThat(gone.aliasOf(arguments(1), key(1))).isNotEqualTo(next.aliasOf(arguments(1), key(1)));
	}

	@Test
	void aCopyIsKnownByTheArgumentsThatComeFirst() {
		NearCache near = near((settings) -> settings);
		keep(near, 1, 2000);

		for (int i = 1; i < 100; i++) {
			near.remember(arguments(i), key(1), near.get(key(1)));
		}

		assertThat(near.aliases()).isEqualTo(1);
		assertThat(near.keyOf(arguments(1))).isEqualTo(key(1));
	}

	@Test
	void noAliasStaysWhoseCopyIsGone() throws Exception {
		NearCache near = near((settings) -> settings);
		AtomicInteger remembered = new AtomicInteger();
		Thread[] threads = new Thread[4];
		for (int number = 0; number < threads.length; number++) {
			Random random = new Random(number);
			threads[number] = new Thread(() -> {
				for (int i = 0; i < 100_000; i++) {
					int key = random.nextInt(4);
					NearCopy copy = near.get(key(key));
					switch (random.nextInt(3)) {
						case 0 -> keep(near, key, 2000);
						case 1 -> near.drop(key(key));
						default -> {
							if (copy != null) {
								near.remember(arguments(remembered.incrementAndGet()), key(key), copy);
							}
						}
					}
				}
			});
			threads[number].start();
		}
		for (Thread thread : threads) {
			thread.join();
		}

		for (int key = 0; key < 4; key++) {
			near.drop(key(key));
		}
		assertThat(near.aliases()).isZero();
		assertThat(remembered).hasPositiveValue();
	}

	private static PlainArguments arguments(int number) {
		return Objects.requireNonNull(PlainArguments.of(new Object[] { "key", number }));
	}

	private NearCache near(UnaryOperator<NearSettings> change) {
		return new NearCache(change.apply(NearSettings.defaults().withMode(NearSettings.Mode.VALIDATE)),
				this.nanos::get);
	}

	private void keep(NearCache near, int number, int size) {
		near.keep(observed(key(number), new byte[size]), header(NOW, 0), CODEC, "value " + number, () -> null, NOW,
				null);
	}

	private static Observed observed(StoredKey key, byte[] entry) {
		return new Observed(key, null, null, entry);
	}

	private StoredKey key(int number) {
		return this.layout.key("pages", "key-" + number);
	}

	private static EntryHeader header(long written, long freshUntil) {
		return new EntryHeader(EntryHeader.VALUE, "0123456789abcdef", "fedcba9876543210", 3_000_000, "aaaaaaaaaaaaaaaa",
				"bbbbbbbbbbbbbbbb", "cccccccc", "dddddddd", written, freshUntil, EntryHeader.NO_FLAGS, "eeeeeeee");
	}

	private void pass(Duration time) {
		this.nanos.addAndGet(time.toNanos());
	}

}
