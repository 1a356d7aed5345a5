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

import java.lang.reflect.Type;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;

import com.fasterxml.jackson.annotation.JsonTypeInfo;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

import org.springframework.core.ParameterizedTypeReference;
import org.springframework.util.unit.DataSize;

import dev.cachestarter.CacheSettings;
import dev.cachestarter.engine.entry.EntryHeader;
import dev.cachestarter.engine.value.ValueCodec.CorruptEntryException;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Feeds codecs with broken and hostile bytes. Nothing but {@link CorruptEntryException}
 * may come of it, or a value, where what is left is still valid.
 */
class ValueCodecFuzzTests {

	private static final int ROUNDS = 5_000;

	private static final Type AGENTS = new ParameterizedTypeReference<Map<String, List<Agent>>>() {
	}.getType();

	private final long seed = System.nanoTime();

	private final Random random = new Random(this.seed);

	@Test
	void truncatedEntryIsCorrupt() throws Exception {
		for (CacheSettings settings : settings()) {
			ValueCodec codec = Codecs.fresh().forType(AGENTS, settings);
			byte[] entry = Codecs.entry(codec, agents());
			for (int length = EntryHeader.LENGTH; length < entry.length; length++) {
				Outcome outcome = decode(codec, Arrays.copyOf(entry, length));

				assertThat(outcome).as("seed %d, length %d", this.seed, length).isEqualTo(Outcome.CORRUPT);
			}
		}
	}

	@Test
	void flippedBitsAreCorruptOrAnotherValidValue() throws Exception {
		ValueCodec codec = Codecs.of(AGENTS);
		byte[] entry = Codecs.entry(codec, agents());
		int corrupt = 0;
		for (int i = 0; i < ROUNDS; i++) {
			corrupt += (decode(codec, flipped(entry)) == Outcome.CORRUPT) ? 1 : 0;
		}

		assertThat(corrupt).as("seed " + this.seed).isGreaterThan(ROUNDS / 10);
	}

	@Test
	void flippedBitOfACompressedPayloadNeverGivesAnotherValue() throws Exception {
		ValueCodec codec = Codecs.fresh().forType(AGENTS, settings().get(1));
		Map<String, List<Agent>> agents = agents();
		byte[] entry = Codecs.entry(codec, agents);
		for (int i = 0; i < ROUNDS / 4; i++) {
			byte[] flipped = flipped(entry);
			try {
				// A bit of the end mark means nothing.
				assertThat(Codecs.decode(codec, flipped)).as("seed " + this.seed).isEqualTo(agents);
			}
			catch (CorruptEntryException ex) {
				assertThat(flipped).isNotEqualTo(entry);
			}
		}
	}

	@Test
	void randomBytesNeverEscape() {
		List<ValueCodec> codecs = codecs();
		for (int i = 0; i < ROUNDS; i++) {
			byte[] payload = new byte[this.random.nextInt(60)];
			this.random.nextBytes(payload);
			for (ValueCodec codec : codecs) {
				decode(codec, Codecs.entry(this.random.nextBoolean() ? "----" : "-z--", payload));
			}
		}
	}

	@Test
	void randomJsonNeverEscapes() {
		List<ValueCodec> codecs = codecs();
		int read = 0;
		for (int i = 0; i < ROUNDS; i++) {
			StringBuilder json = new StringBuilder();
			json(json, 0);
			byte[] payload = json.toString().getBytes(StandardCharsets.UTF_8);
			for (ValueCodec codec : codecs) {
				read += (decode(codec, Codecs.entry("----", payload)) == Outcome.READ) ? 1 : 0;
			}
		}

		assertThat(read).as("seed " + this.seed).isPositive();
	}

	@Test
	void framesWithRandomContentNeverEscape() {
		ValueCodec codec = Codecs.of(JsonNode.class);
		byte[] plain = new byte[EntryHeader.LENGTH + 3000];
		Arrays.fill(plain, (byte) ' ');
		byte[] frame = java.util.Objects.requireNonNull(PayloadCompression.compress(plain));
		for (int i = 0; i < ROUNDS; i++) {
			byte[] payload = Arrays.copyOfRange(frame, EntryHeader.LENGTH, frame.length);
			// Behind what is checked at once: sizes, blocks, the end.
			for (int n = this.random.nextInt(8); n >= 0; n--) {
				payload[6 + this.random.nextInt(payload.length - 6)] = (byte) this.random.nextInt(256);
			}

			decode(codec, Codecs.entry("-z--", payload));
		}
	}

	private static List<CacheSettings> settings() {
		return List.of(CacheSettings.defaults(), CacheSettings.defaults().withCompressAbove(DataSize.ofBytes(10)));
	}

	private static List<ValueCodec> codecs() {
		return List.of(Codecs.of(AGENTS), Codecs.of(Agent.class), Codecs.of(Object.class), Codecs.of(JsonNode.class),
				Codecs.of(Shape.class), Codecs.of(Instant.class), Codecs.of(byte[].class),
				Codecs.fresh().untyped(List.of(), CacheSettings.defaults()));
	}

	private Map<String, List<Agent>> agents() {
		List<Agent> agents = new ArrayList<>();
		for (int i = 0; i < 5; i++) {
			agents.add(new Agent(new UUID(this.random.nextLong(), i), "agent \u00e9 " + i, i, i / 3d, Instant.now(),
					Optional.of("o" + i), null));
		}
		return Map.of("all", agents);
	}

	private byte[] flipped(byte[] entry) {
		byte[] flipped = entry.clone();
		int bit = this.random.nextInt((entry.length - EntryHeader.LENGTH) * 8);
		flipped[EntryHeader.LENGTH + bit / 8] ^= (byte) (1 << (bit % 8));
		return flipped;
	}

	private void json(StringBuilder json, int depth) {
		String[] tokens = { "null", "true", "0", "-1", "1e400", "9999999999999999999999", "\"\"", "\"2026\"",
				"\"\\ud800\"", "[]", "{}", "NaN", "," };
		if (depth > 4 || this.random.nextInt(3) == 0) {
			json.append(tokens[this.random.nextInt(tokens.length)]);
			return;
		}
		boolean object = this.random.nextBoolean();
		json.append(object ? "{" : "[");
		String[] names = { "id", "name", "size", "share", "created", "team", "note", "@type", "all", "\u0000", "" };
		for (int i = this.random.nextInt(4); i >= 0; i--) {
			if (object) {
				json.append('"').append(names[this.random.nextInt(names.length)]).append("\":");
			}
			json(json, depth + 1);
			json.append((i > 0) ? "," : "");
		}
		json.append(object ? "}" : "]");
	}

	private Outcome decode(ValueCodec codec, byte[] entry) {
		try {
			Codecs.decode(codec, entry);
			return Outcome.READ;
		}
		catch (CorruptEntryException ex) {
			return Outcome.CORRUPT;
		}
		catch (Throwable ex) {
			throw new AssertionError(
					"Seed " + this.seed + ", " + codec + ": " + new String(entry, StandardCharsets.UTF_8), ex);
		}
	}

	private enum Outcome {

		READ, CORRUPT

	}

	record Agent(UUID id, String name, int size, double share, Instant created, Optional<String> team,
			@Nullable Agent note) {

	}

	@JsonTypeInfo(use = JsonTypeInfo.Id.NAME)
	sealed interface Shape permits Circle, Square {

	}

	record Circle(double radius) implements Shape {

	}

	record Square(double side) implements Shape {

	}

}
