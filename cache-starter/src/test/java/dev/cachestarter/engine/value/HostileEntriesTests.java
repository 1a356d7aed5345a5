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

package dev.cachestarter.engine.value;

import java.lang.management.ManagementFactory;
import java.lang.reflect.Type;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.sun.management.ThreadMXBean;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

import org.springframework.core.ParameterizedTypeReference;
import org.springframework.util.unit.DataSize;

import dev.cachestarter.CacheSettings;
import dev.cachestarter.engine.entry.EntryHeader;
import dev.cachestarter.engine.entry.Observed;
import dev.cachestarter.engine.key.HostileText;
import dev.cachestarter.engine.key.KeyLayout;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.value.ValueCodec.CorruptEntryException;
import dev.cachestarter.testing.Thorough;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Entries that somebody has changed, read in memory: nothing but a value or a corrupt
 * entry comes of them, in bounded memory and time.
 */
class HostileEntriesTests {

	private static final int ROUNDS = Thorough.choose(30_000, 1_000_000);

	/** The largest payload, before compression sixteen times that. */
	private static final int LARGEST = 20_000;

	/** What it takes to say that an entry is corrupt, and to begin to read. */
	private static final long FIXED = 400_000;

	/**
	 * What a byte of JSON may become: two make an empty object, of a hundred bytes and
	 * its place in a list.
	 */
	private static final long EACH = 100;

	private static final CacheSettings PLAIN = CacheSettings.defaults().withMaxValueSize(DataSize.ofBytes(LARGEST));

	private static final CacheSettings PACKED = PLAIN.withCompressAbove(DataSize.ofBytes(60));

	private final HostileText texts = new HostileText();

	private final HostileEntries hostile = new HostileEntries(this.texts.random(), LARGEST * 10);

	/** By the last read. */
	private long allocated;

	private final ValueCodecs codecs = Codecs.fresh();

	private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();

	@Test
	void nothingButAValueOrACorruptEntryComesOfThem() throws Exception {
		System.out.println("Hostile entries: " + this.texts + ", " + ROUNDS + " rounds");
		List<Sample> samples = new ArrayList<>();
		samples().forEach((type, value) -> List.of(PLAIN, PACKED).forEach((settings) -> {
			ValueCodec codec = this.codecs.forType(type, settings);
			samples.add(new Sample(codec, entry(codec, value)));
			samples.add(new Sample(codec, entry(codec, null)));
		}));
		List<ValueCodec> others = List.of(this.codecs.untyped(List.of(), PLAIN),
				this.codecs.named(Number.class, List.of(), PLAIN), oneOf(samples).codec());
		int read = 0;
		int corrupt = 0;
		for (int i = 0; i < ROUNDS; i++) {
			Sample sample = oneOf(samples);
			byte[] bytes = this.hostile.changed(sample.entry(), oneOf(samples).entry());
			ValueCodec codec = (i % 5 == 0) ? oneOf(others) : sample.codec();
			String what = "%s, round %d, %s".formatted(this.texts, i, codec);
			long start = System.nanoTime();
			Outcome outcome = read(codec, bytes, what);
			read += (outcome == Outcome.VALUE) ? 1 : 0;
			corrupt += (outcome == Outcome.CORRUPT) ? 1 : 0;
			assertThat(System.nanoTime() - start).as(what).isLessThan(Duration.ofSeconds(20).toNanos());
			assertThat(this.allocated).as(what).isLessThan(bound(bytes));
		}
		assertThat(read).as(this.texts.toString()).isGreaterThan(ROUNDS / 50);
		assertThat(corrupt).as(this.texts.toString()).isGreaterThan(ROUNDS / 50);
	}

	private static long bound(byte[] bytes) {
		return FIXED + EACH * Math.min(bytes.length * 255L, LARGEST * 16L);
	}

	private Outcome read(ValueCodec codec, byte[] bytes, String what) {
		Outcome outcome = measured(codec, bytes, what);
		// The first time that a class is met its own making counts, too.
		return (this.allocated < bound(bytes)) ? outcome : measured(codec, bytes, what);
	}

	private Outcome measured(ValueCodec codec, byte[] bytes, String what) {
		long before = this.threads.getCurrentThreadAllocatedBytes();
		Outcome outcome;
		try {
			outcome = isRead(codec, bytes) ? Outcome.VALUE : Outcome.NONE;
		}
		catch (CorruptEntryException ex) {
			outcome = Outcome.CORRUPT;
			assertThat(ex.getMessage()).as(what).hasSizeLessThan(2000);
		}
		catch (Throwable ex) {
			throw new AssertionError(
					what + ": " + HexFormat.of().formatHex(Arrays.copyOf(bytes, Math.min(bytes.length, 2000))), ex);
		}
		this.allocated = this.threads.getCurrentThreadAllocatedBytes() - before;
		return outcome;
	}

	/** Do what a reader does with what it has read. */
	private boolean isRead(ValueCodec codec, byte[] bytes) throws CorruptEntryException {
		KeyLayout layout = new KeyLayout("", false);
		layout.register("c");
		StoredKey key = layout.key("c", "t:1");
		Observed observed = new Observed(key, HexFormat.of().formatHex(new byte[8]).getBytes(), new byte[16], bytes);
		assertThat(observed.isForeign() && observed.isOfAnotherFormat()).isFalse();
		assertThat(observed.header()).hasSizeLessThanOrEqualTo(EntryHeader.LENGTH);
		EntryHeader header = EntryHeader.parse(bytes);
		if (header == null) {
			return false;
		}
		long now = 1_700_000_000_000L;
		boolean fresh = header.isFresh(now) || header.isDue(now, 5_000) || header.isClaimed(now, Duration.ofMinutes(2));
		assertThat(header.toString()).hasSize(EntryHeader.LENGTH - 1);
		header.isFor(key);
		header.nonce();
		header.writtenAt();
		if (header.isLease() && fresh) {
			return false;
		}
		ValueCodec reading = header.isOf(codec.schemaMark()) ? codec : codec.reading(header.schemaMark());
		if (reading == null) {
			return false;
		}
		return reading.decode(bytes, header.form()) != null;
	}

	private <T> T oneOf(List<T> choices) {
		return choices.get(this.texts.random().nextInt(choices.size()));
	}

	private static byte[] entry(ValueCodec codec, @Nullable Object value) {
		try {
			return Codecs.entry(codec, value);
		}
		catch (ValueCodec.NotCacheableException ex) {
			throw new IllegalStateException(ex);
		}
	}

	/** Values of types that are stored in different ways. */
	private static Map<Type, Object> samples() {
		Map<Type, Object> samples = new LinkedHashMap<>();
		Agent agent = new Agent(UUID.fromString("0f8fad5b-d9cb-469f-a165-70867728950e"), "Ad\u00e9 \ud83d\ude00", 7,
				0.25, new BigDecimal("12.50"), Instant.parse("2026-01-02T03:04:05.678901234Z"), Optional.of("x"), null);
		samples.put(Agent.class, agent);
		samples.put(new ParameterizedTypeReference<List<Agent>>() {
		}.getType(), List.of(agent, agent, agent));
		samples.put(new ParameterizedTypeReference<Map<String, List<Agent>>>() {
		}.getType(), Map.of("all", List.of(agent), "none", List.of()));
		samples.put(new ParameterizedTypeReference<Set<Circle>>() {
		}.getType(), Set.of(new Circle(1), new Circle(2)));
		samples.put(Shape.class, new Circle(2.5));
		samples.put(new ParameterizedTypeReference<List<Shape>>() {
		}.getType(), List.of(new Circle(1), new Square(2)));
		samples.put(Object.class, Map.of("a", List.of(1, 2.5, "x", true), "b", Map.of("c", "d")));
		samples.put(JsonNode.class, tools.jackson.databind.node.JsonNodeFactory.instance.objectNode().put("a", 1));
		samples.put(String.class, "text, of some length, with \"quotes\" and \u20ac");
		samples.put(Long.class, 42L);
		samples.put(BigDecimal.class, new BigDecimal("1234567890.12"));
		samples.put(Instant.class, Instant.parse("2026-01-02T03:04:05Z"));
		samples.put(byte[].class, new byte[] { 1, 2, 3, 4, 5, 6, 7 });
		samples.put(int[].class, new int[] { 1, 2, 3 });
		samples.put(Color.class, Color.RED);
		return samples;
	}

	record Agent(UUID id, String name, int size, double share, BigDecimal rate, Instant created, Optional<String> team,
			@Nullable Agent boss) {

	}

	@JsonTypeInfo(use = JsonTypeInfo.Id.NAME)
	sealed interface Shape permits Circle, Square {

	}

	record Circle(double radius) implements Shape {

	}

	record Square(double side) implements Shape {

	}

	/**
	 * An entry.
	 *
	 * @param codec has written it
	 * @param entry the entry
	 */
	private record Sample(ValueCodec codec, byte[] entry) {

	}

	private enum Outcome {

		VALUE, CORRUPT, NONE

	}

	enum Color {

		RED, BLUE

	}

}
