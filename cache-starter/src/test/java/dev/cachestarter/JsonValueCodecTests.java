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

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.reflect.Type;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DayOfWeek;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.Currency;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.GregorianCalendar;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TimeZone;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import javax.tools.ToolProvider;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.annotation.JsonTypeName;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.DefaultTyping;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.annotation.JsonDeserialize;
import tools.jackson.databind.annotation.JsonPOJOBuilder;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.jsontype.BasicPolymorphicTypeValidator;

import org.springframework.core.ParameterizedTypeReference;
import org.springframework.util.LinkedCaseInsensitiveMap;
import org.springframework.util.unit.DataSize;

import dev.cachestarter.engine.entry.EntryHeader;
import dev.cachestarter.engine.value.Codecs;
import dev.cachestarter.engine.value.PayloadCompression;
import dev.cachestarter.engine.value.PayloadForm;
import dev.cachestarter.engine.value.ValueCodec.CorruptEntryException;
import dev.cachestarter.engine.value.ValueCodec.Encoded;
import dev.cachestarter.engine.value.ValueCodec.NotCacheableException.Reason;
import dev.cachestarter.engine.value.ValueCodec.NotCacheableException;
import dev.cachestarter.engine.value.ValueCodec;
import dev.cachestarter.engine.value.ValueCodecs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

class JsonValueCodecTests {

	// What survives

	static Stream<Object[]> survivors() {
		return Stream.of(of(String.class, "text \u0000 \ud83d\ude00 \u00e9 \"\\"), of(String.class, "lone \ud800"),
				of(Integer.class, 5), of(int.class, 5), of(Long.class, 5L), of(Double.class, Double.NaN),
				of(Double.class, -0.0), of(Float.class, 0.1f), of(Boolean.class, true), of(Character.class, 'c'),
				of(BigDecimal.class, new BigDecimal("1.10")), of(BigDecimal.class, new BigDecimal("1E+3")),
				of(BigDecimal.class, new BigDecimal("12345678901234567890.123456789012345678901234567890")),
				of(BigInteger.class, BigInteger.TWO.pow(500)), of(UUID.class, new UUID(1, 2)),
				of(Instant.class, Instant.parse("2026-01-01T00:00:00.123456789Z")), of(Instant.class, Instant.MAX),
				of(OffsetDateTime.class, OffsetDateTime.parse("2026-01-01T00:00:00.123456789+02:00")),
				of(ZonedDateTime.class, ZonedDateTime.parse("2026-07-01T00:00:00.5+02:00[Europe/Paris]")),
				of(LocalDate.class, LocalDate.EPOCH), of(LocalDateTime.class, LocalDateTime.MAX),
				of(Duration.class, Duration.ofNanos(5)), of(ZoneId.class, ZoneId.of("Europe/Paris")),
				of(DayOfWeek.class, DayOfWeek.FRIDAY), of(Locale.class, Locale.forLanguageTag("zh-Hant-TW")),
				of(Currency.class, Currency.getInstance("EUR")), of(URI.class, URI.create("http://localhost/a")),
				of(Color.class, Color.GREEN), of(Object.class, "text"), of(Object.class, 5),
				of(Object.class, new LinkedHashMap<>(Map.of("a", List.of(1, true, "x", 1.5)))),
				of(type(new ParameterizedTypeReference<List<Agent>>() {
				}), List.of(new Agent("1", "a", 1), new Agent("2", null, 2))),
				of(type(new ParameterizedTypeReference<Map<Integer, Map<UUID, Set<Color>>>>() {
				}), Map.of(1, Map.of(new UUID(1, 1), Set.of(Color.RED)))),
				of(type(new ParameterizedTypeReference<Map<Color, LocalDate>>() {
				}), new EnumMap<>(Map.of(Color.RED, LocalDate.EPOCH))),
				of(type(new ParameterizedTypeReference<Set<Color>>() {
				}), EnumSet.of(Color.RED)), of(type(new ParameterizedTypeReference<Optional<Agent>>() {
				}), Optional.of(new Agent("1", "a", 1))), of(type(new ParameterizedTypeReference<Optional<Agent>>() {
				}), Optional.empty()), of(type(new ParameterizedTypeReference<List<String>>() {
				}), Collections.unmodifiableList(Arrays.asList("a", null))),
				of(type(new ParameterizedTypeReference<Collection<Integer>>() {
				}), new ArrayDeque<>(List.of(1, 2))),
				of(type(new ParameterizedTypeReference<SortedMap<String, Integer>>() {
				}), new TreeMap<>(Map.of("b", 1, "a", 2))), of(type(new ParameterizedTypeReference<Box<Box<Agent>>>() {
				}), new Box<>(new Box<>(new Agent("1", "a", 1)))), of(Empty.class, new Empty()),
				of(Tree.class, new Tree("a", List.of(new Tree("b", List.of())))), of(Shape.class, new Circle(1.5)),
				of(type(new ParameterizedTypeReference<List<Shape>>() {
				}), List.of(new Circle(1), new Square(2))), of(Pet.class, new Dog("rex")),
				of(type(new ParameterizedTypeReference<Map.Entry<String, Agent>>() {
				}), Map.entry("a", new Agent("1", "a", 1))));
	}

	@ParameterizedTest
	@MethodSource("survivors")
	void valueComesBackAsItWentIn(Type type, Object value) throws Exception {
		Object copy = Codecs.roundTrip(Codecs.of(type), value);

		Object expected = (value instanceof ArrayDeque<?> deque) ? List.copyOf(deque) : value;
		assertThat(copy).isEqualTo(expected);
	}

	@Test
	void arraysComeBack() throws Exception {
		assertThat((byte[]) Codecs.roundTrip(Codecs.of(byte[].class), new byte[] { 1, -1 })).containsExactly(1, -1);
		assertThat((int[]) Codecs.roundTrip(Codecs.of(int[].class), new int[] { 1, -1 })).containsExactly(1, -1);
		assertThat((double[]) Codecs.roundTrip(Codecs.of(double[].class), new double[] { Double.NEGATIVE_INFINITY }))
			.containsExactly(Double.NEGATIVE_INFINITY);
		assertThat((Agent[]) Codecs.roundTrip(Codecs.of(Agent[].class), new Agent[] { new Agent("1", "a", 1) }))
			.containsExactly(new Agent("1", "a", 1));
	}

	@Test
	void immutableClassWithoutAnnotationsComesBack() throws Exception {
		Immutable copy = (Immutable) Codecs.roundTrip(Codecs.of(Immutable.class), new Immutable("a", 2));

		assertThat(Objects.requireNonNull(copy).getName()).isEqualTo("a");
		assertThat(copy.getSize()).isEqualTo(2);
		assertThat(copy.getLabel()).isEqualTo("a (2)");
	}

	@Test
	void beanWithDerivedGettersAndInternalStateComesBack() throws Exception {
		Bean bean = new Bean();
		bean.setName("a");
		assertThat(bean.hashOfName()).isEqualTo("a".hashCode());

		Bean copy = (Bean) Codecs.roundTrip(Codecs.of(Bean.class), bean);

		assertThat(Objects.requireNonNull(copy).getName()).isEqualTo("a");
	}

	@Test
	void derivedAccessorsOfRecordsAreNotStored() throws Exception {
		String payload = Codecs.payload(Codecs.entry(Codecs.of(WithDerived.class), new WithDerived("a")));

		assertThat(payload).isEqualTo("{\"name\":\"a\"}");
	}

	@Test
	void jsonIncludeLeavesNothingOut() throws Exception {
		Sparse sparse = new Sparse();
		sparse.setStatus(null);

		Sparse copy = (Sparse) Codecs.roundTrip(Codecs.of(Sparse.class), sparse);

		assertThat(Objects.requireNonNull(copy).getStatus()).isNull();
		assertThat(copy.getTags()).isEmpty();
	}

	@Test
	void setKeepsItsOrder() throws Exception {
		Set<String> names = new LinkedHashSet<>(List.of("zeta", "alpha", "mid", "beta"));

		Object copy = Codecs.roundTrip(Codecs.of(type(new ParameterizedTypeReference<Set<String>>() {
		})), names);

		assertThat(copy).asInstanceOf(org.assertj.core.api.InstanceOfAssertFactories.collection(String.class))
			.containsExactly("zeta", "alpha", "mid", "beta");
	}

	@Test
	void nullHasAFlagAndNoPayload() throws Exception {
		Encoded encoded = Codecs.of(Agent.class).encode(null);

		assertThat(encoded.entry()).hasSize(EntryHeader.LENGTH);
		assertThat(encoded.form()).isEqualTo(PayloadForm.NULL);
		assertThat(encoded.plainSize()).isZero();
		assertThat(Codecs.roundTrip(Codecs.of(Agent.class), null)).isNull();
	}

	@Test
	void jsonNodeComesBack() throws Exception {
		JsonNode node = JsonMapper.builder().build().readTree("{\"a\":[1,2.5,null]}");

		assertThat(Codecs.roundTrip(Codecs.of(JsonNode.class), node)).isEqualTo(node);
	}

	@Test
	void graphThatIsSharedComesBackAsATree() throws Exception {
		Agent shared = new Agent("1", "a", 1);

		Object copy = Codecs.roundTrip(Codecs.of(type(new ParameterizedTypeReference<List<Agent>>() {
		})), List.of(shared, shared));

		assertThat(copy).isEqualTo(List.of(shared, shared));
	}

	// What does not survive

	static Stream<Object[]> losses() {
		TreeMap<String, Integer> reversed = new TreeMap<>(Comparator.reverseOrder());
		reversed.putAll(Map.of("a", 1, "b", 2));
		LinkedCaseInsensitiveMap<Object> row = new LinkedCaseInsensitiveMap<>();
		row.put("ID", 1);
		PagedList<String> paged = new PagedList<>(7);
		paged.add("a");
		return Stream.of(
				new Object[] { Secretive.class, new Secretive("a", "s"), "'secret'", "is ignored by Jackson",
						"mix-in" },
				new Object[] { Hiding.class, new Hiding("s"), "$.hidden", "came back as null",
						"readable and writable" },
				new Object[] { TransientShown.class, TransientShown.of("s"), "$.name", "came back as null",
						"readable" },
				new Object[] { Animal.class, new Cat(), "$", "Cat came back as", "@JsonTypeInfo(use = Id.NAME)" },
				new Object[] { Object.class, new Agent("1", "a", 1), "$",
						"JsonValueCodecTests$Agent came back as java.util.LinkedHashMap", "state the cache's 'type'" },
				new Object[] { Object.class, 5L, "$", "java.lang.Long came back as java.lang.Integer", "'type'" },
				new Object[] { Holder.class, new Holder(5L), "$.value", "java.lang.Long came back as java.lang.Integer",
						"Declare the type" },
				new Object[] { Holder.class, new Holder(Instant.EPOCH), "$.value",
						"java.time.Instant came back as java.lang.String", "" },
				new Object[] { type(new ParameterizedTypeReference<List<Object>>() {
				}), List.of("a", 5L), "$[1]", "java.lang.Long came back as java.lang.Integer", "" },
				new Object[] { type(new ParameterizedTypeReference<Map<Object, String>>() {
				}), Map.of(1, "a"), "$", "a key of type java.lang.Integer came back as java.lang.String", "" },
				new Object[] { type(new ParameterizedTypeReference<Map<String, Integer>>() {
				}), reversed, "$", "comparator", "plain List, Set or Map" },
				new Object[] { type(new ParameterizedTypeReference<SortedMap<String, Integer>>() {
				}), reversed, "$", "comparator", "plain List, Set or Map" },
				new Object[] { type(new ParameterizedTypeReference<Map<String, Object>>() {
				}), row, "$", "ignores case", "" }, new Object[] { type(new ParameterizedTypeReference<List<String>>() {
				}), paged, "$", "PagedList came back as java.util.ArrayList", "" },
				new Object[] { type(new ParameterizedTypeReference<Collection<String>>() {
				}), Set.of("a"), "$", "came back as java.util.ArrayList", "" },
				new Object[] { java.util.Date.class, new java.sql.Time(5), "$",
						"java.sql.Time came back as java.util.Date", "" },
				new Object[] { java.util.Calendar.class,
						new GregorianCalendar(TimeZone.getTimeZone("America/New_York")), "$", "another value", "" },
				new Object[] { Flagged.class,
						new Flagged(java.util.regex.Pattern.compile("a", java.util.regex.Pattern.CASE_INSENSITIVE)),
						"$.pattern", "another value", "" },
				new Object[] { Greeter.class, (Greeter) () -> "hi", "abstract", "", "@JsonTypeInfo" },
				new Object[] { Page.class, new PageOf<>(List.of("a")), "", "abstract", "record" },
				new Object[] { NoWayBack.class, NoWayBack.of(1), "", "no constructor", "record" },
				new Object[] { LazyHolder.class, new LazyHolder(new org.hibernate.collection.PersistentBag()),
						"$.agents", "lazy", "Map entities to records" });
	}

	@ParameterizedTest
	@MethodSource("losses")
	void whatDoesNotComeBackIsNotCached(Type type, Object value, String path, String what, String cure) {
		ValueCodec codec = freshCodec(type);

		NotCacheableException first = notCacheable(codec, value);
		NotCacheableException second = notCacheable(codec, value);

		assertThat(first.reason()).isEqualTo(Reason.SHAPE);
		assertThat(first).hasMessageStartingWith("A value of type " + value.getClass().getTypeName())
			.hasMessageContaining(path)
			.hasMessageContaining(what)
			.hasMessageContaining(cure);
		assertThat(second).hasMessage(first.getMessage());
		assertThat(second.reason()).isEqualTo(Reason.SHAPE);
	}

	static Stream<Object[]> refusals() {
		return Stream.of(new Object[] { ByClass.class, new ByClassDog(), "use = CLASS", "JsonTypeInfo.Id.NAME" },
				new Object[] { type(new ParameterizedTypeReference<List<ByMinimalClass>>() {
				}), List.of(), "use = MINIMAL_CLASS", "JsonTypeInfo.Id.NAME" },
				new Object[] { ByClassProperty.class, new ByClassProperty("a"), "use = CLASS", "JsonTypeInfo.Id.NAME" },
				new Object[] { Stream.class, Stream.of(1), "only once", "list" },
				new Object[] { Object.class, List.of(1).iterator(), "only once", "list" },
				new Object[] { type(new ParameterizedTypeReference<List<Object>>() {
				}), List.of(new ByteArrayInputStream(new byte[1])), "only once", "list" },
				new Object[] { Failed.class, new Failed("a", new IOException("x")), "is not data", "record" },
				new Object[] { Class.class, String.class, "java.lang.Class", "record" },
				new Object[] { Blurred.class, Blurred.ONE, "same JSON", "name of its own" });
	}

	@ParameterizedTest
	@MethodSource("refusals")
	void whatCannotBeCachedIsRefusedBeforeItIsTouched(Type type, Object value, String why, String cure) {
		NotCacheableException refusal = notCacheable(freshCodec(type), value);

		assertThat(refusal.reason()).isEqualTo(Reason.SHAPE);
		assertThat(refusal.getMessage()).containsPattern(why).contains(cure);
	}

	@Test
	void streamIsLeftToTheCaller() {
		Stream<Integer> stream = Stream.of(1, 2);

		notCacheable(freshCodec(Object.class), stream);

		assertThat(stream).containsExactly(1, 2);
	}

	@Test
	void namesOfClassesInDataAreNotRead() {
		byte[] entry = Codecs.entry(EntryHeader.NO_FLAGS,
				"{\"@class\":\"java.lang.ProcessBuilder\"}".getBytes(StandardCharsets.UTF_8));

		assertThatExceptionOfType(CorruptEntryException.class)
			.isThrownBy(() -> Codecs.decode(freshCodec(ByClass.class), entry));
	}

	@Test
	void defaultTypingIsRefused() {
		JsonMapper mapper = ValueCodecs.mapperBuilder()
			.activateDefaultTyping(BasicPolymorphicTypeValidator.builder().allowIfSubType("java.").build(),
					DefaultTyping.NON_FINAL)
			.build();

		assertThatIllegalArgumentException().isThrownBy(() -> new ValueCodecs(mapper))
			.withMessageContaining("activateDefaultTyping")
			.withMessageContaining("CacheJsonMapperBuilderCustomizer");
	}

	@Test
	void valueOfAnotherTypeThanDeclaredIsNotCached() {
		NotCacheableException refusal = notCacheable(freshCodec(Agent.class), "text");

		assertThat(refusal.reason()).isEqualTo(Reason.SHAPE);
		assertThat(refusal).hasMessageContaining("java.lang.String")
			.hasMessageContaining("Agent")
			.hasMessageContaining("'type'");
	}

	@Test
	void classToBlameIsRefusedAndOthersAreNot() throws Exception {
		ValueCodec codec = freshCodec(type(new ParameterizedTypeReference<List<Object>>() {
		}));
		notCacheable(codec, List.of("a", new Agent("1", "a", 1)));

		assertThat(Codecs.roundTrip(codec, List.of("a", "b"))).isEqualTo(List.of("a", "b"));
		assertThat(notCacheable(codec, List.of(new Agent("2", "b", 2)))).hasMessageContaining("Agent came back as");
	}

	@Test
	void lossThatTheFirstValueDoesNotShowIsFound() throws Exception {
		ValueCodec codec = freshCodec(Holder.class);
		Codecs.roundTrip(codec, new Holder("text"));
		Codecs.roundTrip(codec, new Holder("text"));
		Codecs.roundTrip(codec, new Holder("text"));

		assertThat(notCacheable(codec, new Holder(5L))).hasMessageContaining("$.value");

		Codecs.roundTrip(codec, new Holder("text"));
	}

	@Test
	void laterClassOfElementsIsChecked() throws Exception {
		ValueCodec codec = freshCodec(type(new ParameterizedTypeReference<List<Animal>>() {
		}));
		for (int i = 0; i < 5; i++) {
			codec.encode(List.of(new Animal()));
		}

		NotCacheableException refusal = notCacheable(codec, List.of(new Animal(), new Cat()));

		assertThat(refusal).hasMessageContaining("$[1]").hasMessageContaining("Cat came back as");
	}

	// What cannot be written

	@Test
	void failingGetterNamesItsProperty() {
		NotCacheableException refusal = notCacheable(freshCodec(Failing.class), new Failing());

		assertThat(refusal.reason()).isEqualTo(Reason.UNSERIALIZABLE);
		assertThat(refusal).hasMessageContaining("Failing")
			.hasMessageContaining("$.name")
			.hasMessageContaining("AccessDeniedException")
			.hasMessageNotContaining("secret path");
	}

	@Test
	void whatCannotBeReadBackNamesTheCure() {
		NotCacheableException ignored = notCacheable(freshCodec(Discreet.class), new Discreet("a", "b"));
		NotCacheableException computed = notCacheable(freshCodec(Computing.class), new Computing("a", "b"));

		assertThat(ignored).hasMessageContaining("Discreet").hasMessageContaining("cache a record of what is needed");
		assertThat(computed).hasMessageContaining("Computing").hasMessageContaining("cache a record of what is needed");
	}

	@Test
	void whatABuilderTakesComesBack() throws Exception {
		Built value = new Built("a", true, 1);

		Object copy = Codecs.roundTrip(Codecs.of(Built.class), value);

		assertThat(copy).isEqualTo(value);
	}

	@Test
	void cycleIsNotCached() {
		Node node = new Node();
		node.setNext(new Node());
		Objects.requireNonNull(node.getNext()).setNext(node);

		NotCacheableException refusal = notCacheable(freshCodec(Node.class), node);

		assertThat(refusal.reason()).isEqualTo(Reason.UNSERIALIZABLE);
		assertThat(refusal).hasMessageContaining("leads back to itself");
		assertThat(refusal.getMessage()).hasSizeLessThan(600);
	}

	@Test
	void errorInAGetterStaysHere() {
		NotCacheableException refusal = notCacheable(freshCodec(Erroneous.class), new Erroneous());

		assertThat(refusal.reason()).isEqualTo(Reason.UNSERIALIZABLE);
		assertThat(refusal).hasMessageContaining("AssertionError");
	}

	@Test
	void collectionThatFailsIsNotCached() {
		Collection<Object> failing = new java.util.AbstractList<>() {

			@Override
			public Object get(int index) {
				throw new IllegalStateException("no session");
			}

			@Override
			public int size() {
				return 1;
			}

		};

		NotCacheableException refusal = notCacheable(freshCodec(type(new ParameterizedTypeReference<List<Object>>() {
		})), failing);

		assertThat(refusal.reason()).isEqualTo(Reason.UNSERIALIZABLE);
		assertThat(refusal).hasMessageContaining("IllegalStateException");
	}

	// Sizes

	@Test
	void largePayloadIsCompressedAndComesBack() throws Exception {
		ValueCodec codec = Codecs.fresh()
			.forType(String.class, CacheSettings.defaults().withCompressAbove(DataSize.ofKilobytes(1)));
		String text = "all work and no play ".repeat(10_000);

		Encoded encoded = codec.encode(text);

		assertThat(encoded.form()).isEqualTo(PayloadForm.COMPRESSED);
		assertThat(encoded.plainSize()).isEqualTo(text.length() + 2);
		assertThat(encoded.entry().length).isLessThan(5_000);
		assertThat(Codecs.roundTrip(codec, text)).isEqualTo(text);
	}

	@Test
	void payloadIsCompressedAboveTheThresholdOnly() throws Exception {
		ValueCodec codec = Codecs.fresh()
			.forType(String.class, CacheSettings.defaults().withCompressAbove(DataSize.ofBytes(1000)));

		assertThat(codec.encode("a".repeat(998)).form()).isEqualTo(PayloadForm.PLAIN);
		assertThat(codec.encode("a".repeat(999)).form()).isEqualTo(PayloadForm.COMPRESSED);
	}

	@Test
	void payloadThatDoesNotShrinkAndPayloadWithoutThresholdStayPlain() throws Exception {
		byte[] noise = new byte[5000];
		new java.util.Random(1).nextBytes(noise);
		String random = java.util.HexFormat.of().formatHex(noise).substring(0, 100);
		ValueCodec codec = Codecs.fresh()
			.forType(String.class, CacheSettings.defaults().withCompressAbove(DataSize.ofBytes(10)));
		ValueCodec never = Codecs.fresh()
			.forType(String.class, CacheSettings.defaults().withCompressAbove(DataSize.ofBytes(0)));

		assertThat(codec.encode(random).form()).isEqualTo(PayloadForm.PLAIN);
		assertThat(never.encode("a".repeat(500_000)).form()).isEqualTo(PayloadForm.PLAIN);
	}

	@Test
	void limitCountsThePayloadAsStored() throws Exception {
		CacheSettings settings = CacheSettings.defaults()
			.withMaxValueSize(DataSize.ofKilobytes(1))
			.withCompressAbove(DataSize.ofBytes(100));
		ValueCodec codec = Codecs.fresh().forType(String.class, settings);
		ValueCodec uncompressed = Codecs.fresh().forType(String.class, settings.withCompressAbove(DataSize.ofBytes(0)));

		assertThat(codec.encode("a".repeat(2000)).form()).isEqualTo(PayloadForm.COMPRESSED);
		assertThat(uncompressed.encode("a".repeat(1022)).entry()).hasSize(1024 + EntryHeader.LENGTH);
		NotCacheableException refusal = notCacheable(uncompressed, "a".repeat(1023));
		assertThat(refusal.reason()).isEqualTo(Reason.TOO_LARGE);
		assertThat(refusal).hasMessageContaining("'max-value-size' (1KB");
	}

	@Test
	void valueThatWouldInflateBeyondTheBoundIsNotWritten() {
		ValueCodec codec = Codecs.fresh()
			.forType(String.class,
					CacheSettings.defaults()
						.withMaxValueSize(DataSize.ofKilobytes(1))
						.withCompressAbove(DataSize.ofBytes(1)));

		NotCacheableException refusal = notCacheable(codec, "a".repeat(16 * 1024));

		assertThat(refusal.reason()).isEqualTo(Reason.TOO_LARGE);
	}

	@Test
	void endlessValueIsGivenUpEarly() {
		List<String> huge = Collections.nCopies(Integer.MAX_VALUE, "all work and no play");

		NotCacheableException refusal = notCacheable(freshCodec(type(new ParameterizedTypeReference<List<String>>() {
		})), huge);

		assertThat(refusal.reason()).isEqualTo(Reason.TOO_LARGE);
	}

	// Values without a declared type

	@Test
	void untypedValueIsReadAsWhatTheReaderWants() throws Exception {
		ValueCodec untyped = Codecs.fresh().untyped(List.of(), CacheSettings.defaults());
		Agent agent = new Agent("1", "a", 1);
		List<Agent> agents = List.of(agent);
		Type listOfAgents = type(new ParameterizedTypeReference<List<Agent>>() {
		});

		assertThat(untyped.schemaMark()).isEqualTo(EntryHeader.NO_MARK);
		assertThat(Codecs.decode(Codecs.of(Agent.class), Codecs.entry(untyped, agent))).isEqualTo(agent);
		assertThat(Codecs.decode(Codecs.of(listOfAgents), Codecs.entry(untyped, agents))).isEqualTo(agents);
		assertThat(Codecs.decode(untyped, Codecs.entry(untyped, Map.of("a", 1)))).isEqualTo(Map.of("a", 1));
		assertThat(Codecs.roundTrip(untyped, null)).isNull();
	}

	@Test
	void untypedPolymorphicElementsKeepTheirType() throws Exception {
		ValueCodec untyped = Codecs.fresh().untyped(List.of(), CacheSettings.defaults());

		byte[] entry = Codecs.entry(untyped, List.of(new Circle(1), new Circle(2)));

		Type shapes = type(new ParameterizedTypeReference<List<Shape>>() {
		});
		assertThat(Codecs.decode(Codecs.of(shapes), entry)).isEqualTo(List.of(new Circle(1), new Circle(2)));
	}

	@Test
	void untypedValueThatLosesSomethingIsNotCached() {
		ValueCodec untyped = Codecs.fresh().untyped(List.of(), CacheSettings.defaults());

		assertThat(notCacheable(untyped, List.of(new Secretive("a", "s"))))
			.hasMessageContaining("'secret' of " + Secretive.class.getTypeName());
	}

	@Test
	void readerOfAnotherTypeMissesAnUntypedValue() throws Exception {
		ValueCodec untyped = Codecs.fresh().untyped(List.of(), CacheSettings.defaults());
		byte[] agent = Codecs.entry(untyped, new Agent("1", "a", 1));
		byte[] part = Codecs.entry(untyped, Map.of("id", "1"));

		assertThatExceptionOfType(CorruptEntryException.class)
			.isThrownBy(() -> Codecs.decode(Codecs.of(Tree.class), agent));
		assertThatExceptionOfType(CorruptEntryException.class)
			.isThrownBy(() -> Codecs.decode(Codecs.of(Agent.class), part));
	}

	// What cannot be read

	@ParameterizedTest
	@ValueSource(strings = { "", "nu", "null", "[]", "{", "{}", "{\"id\":\"1\",\"name\":\"a\",\"size\":1",
			"{\"id\":\"1\",\"name\":\"a\",\"size\":1}x", "{\"id\":\"1\",\"name\":\"a\",\"size\":1}{}",
			"{\"id\":\"1\",\"name\":\"a\",\"size\":1}\u0000", "{\"id\":\"1\",\"name\":\"a\",\"size\":1,\"more\":true}",
			"{\"id\":\"1\",\"name\":\"a\"}", "{\"id\":\"1\",\"name\":\"a\",\"size\":null}",
			"{\"id\":\"1\",\"name\":\"a\",\"size\":\"1\"}", "{\"id\":\"1\",\"name\":\"a\",\"size\":1.5}",
			"{\"id\":1,\"name\":\"a\",\"size\":1}", "{\"id\":\"1\",\"name\":\"a\",\"size\":99999999999}",
			"{'id':'1','name':'a','size':1}", "{\"id\":\"1\",\"name\":NaN,\"size\":1}", "\u00ac\u00ed\u0000\u0005" })
	void brokenOrForeignPayloadIsCorrupt(String payload) {
		byte[] entry = Codecs.entry(EntryHeader.NO_FLAGS, payload.getBytes(StandardCharsets.ISO_8859_1));

		CorruptEntryException corrupt = catchThrowableOfType(CorruptEntryException.class,
				() -> Codecs.decode(Codecs.of(Agent.class), entry));

		assertThat(corrupt).isNotNull();
		assertThat(corrupt.getCause()).as("a cause would show the payload").isNull();
	}

	@Test
	void invalidUtf8IsCorrupt() {
		byte[] payload = "{\"id\":\"1\",\"name\":\"aX\",\"size\":1}".getBytes(StandardCharsets.UTF_8);
		for (int broken : new int[] { 0x80, 0xC3, 0xE2, 0xF0, 0xFF }) {
			byte[] invalid = payload.clone();
			invalid[new String(payload, StandardCharsets.UTF_8).indexOf('X')] = (byte) broken;

			assertCorrupt(Agent.class, EntryHeader.NO_FLAGS, invalid);
		}
	}

	@Test
	void hostilePayloadsAreCorrupt() {
		String deep = "[".repeat(100_000);
		String nested = "{\"name\":\"a\",\"children\":[".repeat(5_000);

		assertCorrupt(Object.class, EntryHeader.NO_FLAGS, deep.getBytes(StandardCharsets.UTF_8));
		assertCorrupt(JsonNode.class, EntryHeader.NO_FLAGS,
				(deep + "]".repeat(100_000)).getBytes(StandardCharsets.UTF_8));
		assertCorrupt(Tree.class, EntryHeader.NO_FLAGS, nested.getBytes(StandardCharsets.UTF_8));
		assertCorrupt(BigDecimal.class, EntryHeader.NO_FLAGS, "9".repeat(100_000).getBytes(StandardCharsets.UTF_8));
		assertCorrupt(Integer.class, EntryHeader.NO_FLAGS, "1e999999999".getBytes(StandardCharsets.UTF_8));
		assertCorrupt(Object.class, EntryHeader.NO_FLAGS,
				("{\"" + "a".repeat(100_000) + "\":1}").getBytes(StandardCharsets.UTF_8));
	}

	@Test
	void constructorThatThrowsAnErrorIsCorrupt() {
		assertCorrupt(Picky.class, EntryHeader.NO_FLAGS, "{\"size\":-1}".getBytes(StandardCharsets.UTF_8));
		assertCorrupt(Recursive.class, EntryHeader.NO_FLAGS, "{\"size\":-1}".getBytes(StandardCharsets.UTF_8));
	}

	@Test
	void corruptEntryShowsNoData() {
		byte[] entry = Codecs.entry(EntryHeader.NO_FLAGS,
				"{\"id\":\"1\",\"name\":\"a\",\"size\":\"secret\"}".getBytes(StandardCharsets.UTF_8));

		assertThatExceptionOfType(CorruptEntryException.class)
			.isThrownBy(() -> Codecs.decode(Codecs.of(Agent.class), entry))
			.withMessageContaining("Agent")
			.withMessageContaining("$.size")
			.withMessageNotContaining("secret");
	}

	@Test
	void decompressionBombIsCorrupt() {
		byte[] bomb = Objects
			.requireNonNull(PayloadCompression.compress(new byte[EntryHeader.LENGTH + 64 * 1024 * 1024]));
		assertThat(bomb).hasSizeLessThan(512 * 1024);

		assertCorrupt(String.class, "-z--", Arrays.copyOfRange(bomb, EntryHeader.LENGTH, bomb.length));
	}

	@Test
	void brokenFramesAreCorrupt() throws Exception {
		ValueCodec codec = Codecs.fresh()
			.forType(String.class, CacheSettings.defaults().withCompressAbove(DataSize.ofBytes(1)));
		byte[] entry = Codecs.entry(codec, "all work and no play ".repeat(10_000));
		byte[] frame = Arrays.copyOfRange(entry, EntryHeader.LENGTH, entry.length);

		for (int length = 0; length < frame.length; length += 7) {
			assertCorrupt(codec, "-z--", Arrays.copyOf(frame, length));
		}
		for (int i = 0; i < frame.length; i++) {
			byte[] broken = frame.clone();
			broken[i] ^= 0x01;
			assertCorrupt(codec, "-z--", broken);
		}
		assertCorrupt(codec, "-z--", Arrays.copyOf(frame, frame.length + 1));
		byte[] twice = Arrays.copyOf(frame, frame.length * 2);
		System.arraycopy(frame, 0, twice, frame.length, frame.length);
		assertCorrupt(codec, "-z--", twice);
		assertCorrupt(codec, "-z--", "\"plain\"".getBytes(StandardCharsets.UTF_8));
		assertCorrupt(codec, "----", frame);
	}

	// Marks

	@Test
	void marksAreStable() {
		assertThat(Codecs.of(Object.class).schemaMark()).isEqualTo("b25af051");
		assertThat(Codecs.of(Agent.class).schemaMark()).isEqualTo("b3abe505");
		assertThat(Codecs.of(Shape.class).schemaMark()).isEqualTo("a31bef76");
		assertThat(Codecs.of(Tree.class).schemaMark()).isEqualTo("634cb5d3");
		assertThat(Codecs.of(Color.class).schemaMark()).isEqualTo("4500e1ad");
	}

	@ParameterizedTest
	@ValueSource(strings = { "record Thing(String id, Color color, String added) { enum Color { RED, GREEN } }",
			"record Thing(String id) { }", "record Thing(String key, Color color) { enum Color { RED, GREEN } }",
			"record Thing(java.util.UUID id, Color color) { enum Color { RED, GREEN } }",
			"record Thing(String id, java.util.List<Color> color) { enum Color { RED, GREEN } }",
			"record Thing(String id, Color color) { enum Color { RED, BLUE } }",
			"record Thing(String id, Color color) { record Color(int rgb) { } }" })
	void markChangesWithTheShape(String changed, @TempDir Path directory) throws Exception {
		Class<?> after = compile(changed, directory);

		assertThat(mark(after)).matches("[0-9a-f]{8}").isNotEqualTo("9b4a43cf");
	}

	@ParameterizedTest
	@ValueSource(strings = { "record Thing(String id, Color color) { enum Color { RED, GREEN } }",
			"record Thing(Color color, String id) { static int x; enum Color { GREEN, RED } "
					+ "public String getLabel() { return id; } }" })
	void markStaysWhenWhatIsStoredStays(String same, @TempDir Path directory) throws Exception {
		Class<?> type = compile(same, directory);

		assertThat(mark(type)).isEqualTo("9b4a43cf");
	}

	@Test
	void markChangesWithASubtype(@TempDir Path directory) throws Exception {
		String thing = "@com.fasterxml.jackson.annotation.JsonTypeInfo("
				+ "use = com.fasterxml.jackson.annotation.JsonTypeInfo.Id.NAME) "
				+ "sealed interface Thing { record A(int a) implements Thing { } %s }";
		Class<?> before = compile(thing.formatted(""), directory.resolve("before"));
		Class<?> after = compile(thing.formatted("record B(int b) implements Thing { }"), directory.resolve("after"));

		assertThat(mark(after)).isNotEqualTo(mark(before));
	}

	@Test
	void markOfAContainerChangesWithItsContent() {
		assertThat(List.of(mark(Agent.class), mark(type(new ParameterizedTypeReference<List<Agent>>() {
		})), mark(type(new ParameterizedTypeReference<List<Tree>>() {
		})), mark(type(new ParameterizedTypeReference<Optional<Agent>>() {
		})), mark(Agent[].class), mark(type(new ParameterizedTypeReference<Map<String, Agent>>() {
		})), mark(type(new ParameterizedTypeReference<Map<String, Object>>() {
		})))).doesNotHaveDuplicates();
	}

	@Test
	void markDoesNotDependOnWhichTypesWereSeenBefore() {
		String first = Codecs.fresh().forType(Tree.class, CacheSettings.defaults()).schemaMark();
		ValueCodecs codecs = Codecs.fresh();
		codecs.forType(Agent.class, CacheSettings.defaults());
		codecs.forType(Shape.class, CacheSettings.defaults());

		assertThat(codecs.forType(Tree.class, CacheSettings.defaults()).schemaMark()).isEqualTo(first);
	}

	@Test
	void codecsAreKept() {
		CacheSettings settings = CacheSettings.defaults();
		ValueCodecs codecs = Codecs.fresh();

		assertThat(codecs.forType(Agent.class, settings))
			.isSameAs(codecs.forType(Agent.class, settings.withTtl(Duration.ofDays(1))))
			.isNotSameAs(codecs.forType(Agent.class, settings.withMaxValueSize(DataSize.ofKilobytes(3))));
	}

	private static String mark(Type type) {
		return freshCodec(type).schemaMark();
	}

	private static Class<?> compile(String source, Path directory) throws Exception {
		Path file = Files.createDirectories(directory).resolve("Thing.java");
		Files.writeString(file, source);
		int result = ToolProvider.getSystemJavaCompiler()
			.run(null, null, null, "-cp", System.getProperty("java.class.path"), "-proc:none", file.toString());
		assertThat(result).isZero();
		return Class.forName("Thing", true, new URLClassLoader(new URL[] { directory.toUri().toURL() }));
	}

	private static void assertCorrupt(Type type, String flags, byte[] payload) {
		assertCorrupt(Codecs.of(type), flags, payload);
	}

	private static void assertCorrupt(ValueCodec codec, String flags, byte[] payload) {
		byte[] entry = Codecs.entry(flags, payload);
		assertThatExceptionOfType(CorruptEntryException.class).isThrownBy(() -> Codecs.decode(codec, entry));
	}

	private static ValueCodec freshCodec(Type type) {
		return Codecs.fresh().forType(type, CacheSettings.defaults());
	}

	private static NotCacheableException notCacheable(ValueCodec codec, Object value) {
		NotCacheableException refusal = catchThrowableOfType(NotCacheableException.class, () -> codec.encode(value));
		assertThat(refusal).isNotNull();
		return refusal;
	}

	private static Type type(ParameterizedTypeReference<?> reference) {
		return reference.getType();
	}

	private static Object[] of(Type type, Object value) {
		return new Object[] { type, value };
	}

	record Agent(String id, @Nullable String name, int size) {

	}

	record Empty() {

	}

	record Box<T>(T content) {

	}

	record Tree(String name, List<Tree> children) {

	}

	record Holder(Object value) {

	}

	record Flagged(java.util.regex.Pattern pattern) {

	}

	record LazyHolder(List<Object> agents) {

	}

	record Failed(String name, Exception error) {

	}

	record WithDerived(String name) {

		public String getLabel() {
			return "Thing " + this.name;
		}

		public boolean isNamed() {
			return true;
		}

	}

	record Picky(int size) {

		Picky {
			if (size < 0) {
				throw new AssertionError();
			}
		}

	}

	record Recursive(int size) {

		Recursive {
			if (size < 0) {
				new Recursive(size);
			}
		}

	}

	enum Color {

		RED, GREEN {

			@Override
			public String toString() {
				return "verde";
			}

		}

	}

	enum Blurred {

		@JsonProperty("same")
		ONE,

		@JsonProperty("same")
		OTHER

	}

	@JsonTypeInfo(use = JsonTypeInfo.Id.NAME)
	sealed interface Shape permits Circle, Square {

	}

	@JsonTypeName("circle")
	record Circle(double radius) implements Shape {

	}

	@JsonTypeName("square")
	record Square(double side) implements Shape {

	}

	@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
	@JsonSubTypes(@JsonSubTypes.Type(value = Dog.class, name = "dog"))
	interface Pet {

	}

	record Dog(String name) implements Pet {

	}

	@JsonTypeInfo(use = JsonTypeInfo.Id.CLASS)
	interface ByClass {

	}

	static class ByClassDog implements ByClass {

	}

	@JsonTypeInfo(use = JsonTypeInfo.Id.MINIMAL_CLASS)
	interface ByMinimalClass {

	}

	record ByClassProperty(@JsonTypeInfo(use = JsonTypeInfo.Id.CLASS) Object any) {

	}

	interface Greeter {

		String greet();

	}

	interface Page<T> {

		List<T> getContent();

	}

	record PageOf<T>(List<T> content) implements Page<T> {

		@Override
		public List<T> getContent() {
			return this.content;
		}

	}

	static class PagedList<T> extends ArrayList<T> {

		private final int total;

		PagedList(int total) {
			this.total = total;
		}

		int total() {
			return this.total;
		}

	}

	static class Animal {

		private @Nullable String name;

		public @Nullable String getName() {
			return this.name;
		}

		public void setName(@Nullable String name) {
			this.name = name;
		}

	}

	static class Cat extends Animal {

	}

	static class Immutable {

		private final String name;

		private final int size;

		public Immutable(String name, int size) {
			this.name = name;
			this.size = size;
		}

		public String getName() {
			return this.name;
		}

		public int getSize() {
			return this.size;
		}

		public String getLabel() {
			return this.name + " (" + this.size + ")";
		}

	}

	static class NoWayBack {

		private final int size;

		private NoWayBack(Iterator<Integer> sizes) {
			this.size = sizes.next();
		}

		static NoWayBack of(int size) {
			return new NoWayBack(IntStream.of(size).iterator());
		}

		@JsonProperty
		public int getSize() {
			return this.size;
		}

	}

	static class Bean {

		private final ReentrantLock lock = new ReentrantLock();

		private final AtomicInteger reads = new AtomicInteger();

		private transient int hash;

		private @Nullable String name;

		public @Nullable String getName() {
			return this.name;
		}

		public void setName(@Nullable String name) {
			this.name = name;
		}

		public String getLabel() {
			return "Thing " + this.name;
		}

		int hashOfName() {
			this.lock.lock();
			try {
				this.hash = Objects.hashCode(this.name) + this.reads.get();
				return this.hash;
			}
			finally {
				this.lock.unlock();
			}
		}

	}

	@JsonInclude(JsonInclude.Include.NON_EMPTY)
	static class Sparse {

		private @Nullable String status = "new";

		private List<String> tags = new ArrayList<>();

		public @Nullable String getStatus() {
			return this.status;
		}

		public void setStatus(@Nullable String status) {
			this.status = status;
		}

		public List<String> getTags() {
			return this.tags;
		}

		public void setTags(List<String> tags) {
			this.tags = tags;
		}

	}

	static class Secretive {

		private @Nullable String name;

		@JsonIgnore
		private @Nullable String secret;

		Secretive() {
		}

		Secretive(String name, String secret) {
			this.name = name;
			this.secret = secret;
		}

		public @Nullable String getName() {
			return this.name;
		}

		public void setName(@Nullable String name) {
			this.name = name;
		}

		public @Nullable String getSecret() {
			return this.secret;
		}

		public void setSecret(@Nullable String secret) {
			this.secret = secret;
		}

		@Override
		public boolean equals(@Nullable Object other) {
			return other instanceof Secretive that && Objects.equals(this.name, that.name);
		}

		@Override
		public int hashCode() {
			return Objects.hashCode(this.name);
		}

	}

	static class Hiding {

		private @Nullable String hidden;

		Hiding() {
		}

		Hiding(String hidden) {
			this.hidden = hidden;
		}

		boolean unlocks(String key) {
			return key.equals(this.hidden);
		}

	}

	static class TransientShown {

		private transient @Nullable String name;

		static TransientShown of(String name) {
			TransientShown value = new TransientShown();
			value.name = name;
			return value;
		}

		public @Nullable String getName() {
			return this.name;
		}

	}

	static class Failing {

		public String getName() throws IOException {
			throw new AccessDeniedException("secret path");
		}

		public void setName(String name) {
		}

	}

	static class Erroneous {

		public String getName() {
			throw new AssertionError();
		}

		public void setName(String name) {
		}

	}

	record Discreet(String name, @JsonIgnore String secret) {

	}

	record Computing(String first, String last) {

		@JsonProperty
		public String full() {
			return this.first + this.last;
		}

	}

	/** As Lombok writes it for a value with a builder. */
	@JsonDeserialize(builder = Built.Builder.class)
	static final class Built {

		private final String name;

		private final boolean active;

		private final int size;

		private Built(String name, boolean active, int size) {
			this.name = name;
			this.active = active;
			this.size = size;
		}

		public String getName() {
			return this.name;
		}

		public boolean isActive() {
			return this.active;
		}

		public int getSize() {
			return this.size;
		}

		public String getLabel() {
			return this.name + this.size;
		}

		@Override
		public boolean equals(@Nullable Object other) {
			return other instanceof Built that && this.name.equals(that.name) && this.active == that.active
					&& this.size == that.size;
		}

		@Override
		public int hashCode() {
			return this.size;
		}

		@JsonPOJOBuilder(withPrefix = "")
		static final class Builder {

			private String name = "";

			private boolean active;

			private int size;

			public Builder name(String name) {
				this.name = name;
				return this;
			}

			public Builder active(boolean active) {
				this.active = active;
				return this;
			}

			public Builder size(int size) {
				this.size = size;
				return this;
			}

			public Built build() {
				return new Built(this.name, this.active, this.size);
			}

		}

	}

	static class Node {

		private @Nullable Node next;

		public @Nullable Node getNext() {
			return this.next;
		}

		public void setNext(@Nullable Node next) {
			this.next = next;
		}

	}

}
