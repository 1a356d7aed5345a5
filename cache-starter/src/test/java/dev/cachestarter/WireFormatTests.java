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

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;

import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.annotation.JsonTypeName;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import org.springframework.core.ParameterizedTypeReference;
import org.springframework.util.unit.DataSize;

import dev.cachestarter.engine.entry.EntryHeader;
import dev.cachestarter.engine.entry.TestEntries;
import dev.cachestarter.engine.tag.CarriedTags;
import dev.cachestarter.engine.tag.TestTags;
import dev.cachestarter.engine.value.Codecs;
import dev.cachestarter.engine.value.ValueCodec;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Pins every byte that is stored. If one of these fails, entries of the released versions
 * can no longer be read: the format tag must change, and with it a snapshot be added.
 */
class WireFormatTests {

	private static final Agent AGENT = new Agent(new UUID(1, 2), "Ada \u2764", Status.ACTIVE, new BigDecimal("12.50"),
			Instant.parse("2026-01-02T03:04:05.678901234Z"), OffsetDateTime.parse("2026-01-02T03:04:05+02:00"),
			LocalDate.parse("2026-01-02"), Optional.of("team"), null, List.of(1, 2), new byte[] { 1, 2, 3 });

	@Test
	void record() throws Exception {
		assertPinned("record.txt", Codecs.of(Agent.class), AGENT);
	}

	@Test
	void collection() throws Exception {
		Map<String, List<Integer>> value = new LinkedHashMap<>();
		value.put("one", List.of(1));
		value.put("none", List.of());

		assertPinned("collection.txt", Codecs.of(new ParameterizedTypeReference<Map<String, List<Integer>>>() {
		}.getType()), value);
	}

	@Test
	void polymorphic() throws Exception {
		assertPinned("polymorphic.txt", Codecs.of(new ParameterizedTypeReference<List<Event>>() {
		}.getType()), List.of(new Started("a"), new Stopped(5)));
	}

	@Test
	void cachedNull() throws Exception {
		assertPinned("null.txt", Codecs.of(Agent.class), null);
	}

	@Test
	void untyped() throws Exception {
		assertPinned("untyped.txt", Codecs.fresh().untyped(List.of(), CacheSettings.defaults()), Map.of("a", 1));
	}

	@Test
	void compressed() throws Exception {
		ValueCodec codec = Codecs.fresh()
			.forType(String.class, CacheSettings.defaults().withCompressAbove(DataSize.ofBytes(64)));
		String value = "all work and no play ".repeat(8);

		byte[] entry = Codecs.entry(codec, value);

		byte[] frame = Arrays.copyOfRange(entry, EntryHeader.LENGTH, entry.length);
		assertThat(header(entry) + HexFormat.of().formatHex(frame) + "\n").isEqualTo(snapshot("compressed.txt"));
		assertThat(Codecs.decode(codec, entry)).isEqualTo(value);
	}

	@Test
	void tagged() throws Exception {
		ValueCodec codec = Codecs.of(String.class);
		Map<String, String> generations = new LinkedHashMap<>();
		generations.put("tool:search", "8d0c5a3be1f24790");
		generations.put("mail", "41b7c06ed2a98f35");
		generations.put("caf\u00e9", "5e21bb0c9a7740d3");

		byte[] entry = TestEntries.tagged(Codecs.entry(codec, "value"), TestTags.of(generations));

		assertThat(new String(entry, StandardCharsets.UTF_8) + "\n").isEqualTo(snapshot("tagged.txt"));
		String stored = snapshot("tagged.txt");
		byte[] before = stored.substring(0, stored.length() - 1).getBytes(StandardCharsets.UTF_8);
		assertThat(Objects.requireNonNull(EntryHeader.parse(before)).isTagged()).isTrue();
		CarriedTags tags = Objects.requireNonNull(CarriedTags.parse(before, EntryHeader.LENGTH));
		assertThat(tags.names()).containsExactlyElementsOf(generations.keySet());
		for (int i = 0; i < tags.names().size(); i++) {
			assertThat(tags.generation(i)).isEqualTo(generations.get(tags.names().get(i)));
		}
		assertThat(Codecs.decode(codec, tags.takeOutOf(before, EntryHeader.LENGTH))).isEqualTo("value");
	}

	private static void assertPinned(String name, ValueCodec codec, @Nullable Object value) throws Exception {
		byte[] entry = Codecs.entry(codec, value);

		assertThat(new String(entry, StandardCharsets.UTF_8) + "\n").isEqualTo(snapshot(name));
		String stored = snapshot(name);
		byte[] before = stored.substring(0, stored.length() - 1).getBytes(StandardCharsets.UTF_8);
		assertThat(Codecs.decode(codec, before)).usingRecursiveComparison().isEqualTo(value);
	}

	private static String header(byte[] entry) {
		return new String(entry, 0, EntryHeader.LENGTH, StandardCharsets.US_ASCII);
	}

	private static String snapshot(String name) {
		try (InputStream in = Objects.requireNonNull(WireFormatTests.class.getResourceAsStream("/snapshots/" + name),
				name)) {
			return new String(in.readAllBytes(), StandardCharsets.UTF_8);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	record Agent(UUID id, String name, Status status, BigDecimal rate, Instant created, OffsetDateTime seen,
			LocalDate since, Optional<String> team, @Nullable String note, List<Integer> ranks, byte[] avatar) {

	}

	enum Status {

		ACTIVE, PAUSED

	}

	@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
	sealed interface Event permits Started, Stopped {

	}

	@JsonTypeName("started")
	record Started(String by) implements Event {

	}

	@JsonTypeName("stopped")
	record Stopped(int code) implements Event {

	}

}
