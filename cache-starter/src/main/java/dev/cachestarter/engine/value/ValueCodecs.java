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

import java.lang.invoke.MethodType;
import java.lang.reflect.Type;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import com.fasterxml.jackson.annotation.JsonInclude;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamWriteConstraints;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.BeanDescription;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JacksonModule;
import tools.jackson.databind.JavaType;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.PropertyName;
import tools.jackson.databind.SerializationConfig;
import tools.jackson.databind.annotation.JsonDeserialize;
import tools.jackson.databind.annotation.JsonPOJOBuilder;
import tools.jackson.databind.cfg.CoercionAction;
import tools.jackson.databind.cfg.CoercionInputShape;
import tools.jackson.databind.cfg.ConstructorDetector;
import tools.jackson.databind.cfg.DateTimeFeature;
import tools.jackson.databind.cfg.EnumFeature;
import tools.jackson.databind.cfg.MapperConfig;
import tools.jackson.databind.introspect.Annotated;
import tools.jackson.databind.introspect.AnnotatedMember;
import tools.jackson.databind.introspect.AnnotatedMethod;
import tools.jackson.databind.introspect.BeanPropertyDefinition;
import tools.jackson.databind.introspect.JacksonAnnotationIntrospector;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.module.SimpleModule;
import tools.jackson.databind.ser.BeanPropertyWriter;
import tools.jackson.databind.ser.ValueSerializerModifier;
import tools.jackson.databind.type.LogicalType;
import tools.jackson.databind.type.TypeFactory;

import org.springframework.core.ResolvableType;
import org.springframework.data.redis.serializer.RedisSerializationContext.SerializationPair;
import org.springframework.util.ClassUtils;
import org.springframework.util.StringUtils;

import dev.cachestarter.CacheSettings;
import dev.cachestarter.engine.json.BoundedJsonModule;
import dev.cachestarter.engine.json.NamelessTypeFactory;
import dev.cachestarter.engine.value.records.RecordModule;
import dev.cachestarter.engine.value.time.IsoTimeModule;

/**
 * Makes the codecs of an application, one for each type of values and each set of limits,
 * and keeps those that are used. Thread-safe.
 */
public final class ValueCodecs {

	private static final int MAX_NESTING = 500;

	private static final int MAX_NAME_LENGTH = 50_000;

	private static final int MOST_TYPES = 500;

	private static final String MODULE = "cache-starter";

	/** Modules that come with the mapper, those of the class path included. */
	static final Set<String> OWN_MODULES = Stream
		.concat(Stream.of(MODULE, SpringDataModule.NAME, BoundedJsonModule.NAME, IsoTimeModule.NAME, RecordModule.NAME),
				JsonMapper.Builder.findModules(ValueCodecs.class.getClassLoader())
					.stream()
					.map(JacksonModule::getModuleName))
		.collect(Collectors.toUnmodifiableSet());

	private final JsonMapper mapper;

	private final LazyParts lazyParts = new LazyParts();

	/**
	 * Bounded, since values that are put without a type bring shapes of their own, of
	 * which whoever sends JSON to the application can make as many as they like.
	 */
	private final RecentlyUsed<Key, ValueCodec> codecs = new RecentlyUsed<>(MOST_TYPES);

	private final RecentlyUsed<JavaType, TypeShape> shapes = new RecentlyUsed<>(MOST_TYPES);

	/**
	 * Create an empty set of codecs.
	 * @param mapper the mapper for all typed values
	 * @throws IllegalArgumentException if the mapper has default typing switched on
	 */
	public ValueCodecs(JsonMapper mapper) {
		if (mapper.serializationConfig().getDefaultTyper(mapper.constructType(Object.class)) != null
				|| mapper.deserializationConfig().getDefaultTyper(mapper.constructType(Object.class)) != null) {
			throw new IllegalArgumentException("The JsonMapper of the cache cannot have default typing, which writes "
					+ "names of classes into Redis and loads whatever stands there. Remove activateDefaultTyping "
					+ "from your CacheJsonMapperBuilderCustomizer, and annotate abstract types with "
					+ "@JsonTypeInfo(use = Id.NAME) and @JsonSubTypes.");
		}
		this.mapper = readingWhatItWrites(namingNoClasses(mapper));
	}

	/** Whatever a customizer has put in the place of the cache's own type factory. */
	private static JsonMapper namingNoClasses(JsonMapper mapper) {
		return (mapper.getTypeFactory() instanceof NamelessTypeFactory) ? mapper
				: mapper.rebuild().typeFactory(new NamelessTypeFactory()).build();
	}

	/**
	 * Let numbers and truth values be read from text where a serializer of the
	 * application's writes all of a class as text.
	 */
	private static JsonMapper readingWhatItWrites(JsonMapper mapper) {
		List<Class<?>> text = new ArrayList<>();
		if (PlaceFinder.areOwn(mapper, OWN_MODULES)) {
			return mapper;
		}
		for (Object sample : List.of(1L, 1, (short) 1, (byte) 1, 1.5, 1.5f, BigDecimal.ONE, BigInteger.ONE, true)) {
			if (mapper.writeValueAsString(sample).startsWith("\"")) {
				text.add(sample.getClass());
				text.add(MethodType.methodType(sample.getClass()).unwrap().returnType());
			}
		}
		if (text.isEmpty()) {
			return mapper;
		}
		JsonMapper.Builder builder = mapper.rebuild();
		text.forEach((type) -> builder.withCoercionConfig(type,
				(config) -> config.setCoercion(CoercionInputShape.String, CoercionAction.TryConvert)));
		return builder.build();
	}

	/**
	 * Return a builder with the defaults of the cache's own mapper. They are chosen so
	 * that a hit equals a miss, not so that the JSON pleases others:
	 * <ul>
	 * <li>Whatever the class does not know, whatever it knows and does not find, and
	 * whatever would have to be converted on the way, is an error, hence a miss.</li>
	 * <li>Derived getters are not written: they are computed again. Nothing is left out
	 * because it is null or empty, whatever {@code @JsonInclude} says, since what is left
	 * out may come back as something else.</li>
	 * <li>Times keep their zone and their nanoseconds, enums are known by their names,
	 * sets keep their order.</li>
	 * <li>What is read is bounded: nesting, numbers, names, strings, the document.</li>
	 * </ul>
	 * @return a new builder
	 */
	public static JsonMapper.Builder mapperBuilder() {
		JsonFactory factory = JsonFactory.builder()
			.streamReadConstraints(StreamReadConstraints.builder()
				.maxNestingDepth(MAX_NESTING)
				.maxNumberLength(BoundedJsonModule.MAX_NUMBER_LENGTH)
				.maxNameLength(MAX_NAME_LENGTH)
				.maxStringLength(PayloadLimits.LARGEST)
				.maxDocumentLength(PayloadLimits.LARGEST)
				.build())
			.streamWriteConstraints(StreamWriteConstraints.builder().maxNestingDepth(MAX_NESTING).build())
			.build();
		return JsonMapper.builder(factory)
			.typeFactory(new NamelessTypeFactory())
			.annotationIntrospector(new EverythingIncluded())
			.addModule(new IsoTimeModule())
			.addModule(new RecordModule())
			.findAndAddModules(ValueCodecs.class.getClassLoader())
			.addModule(new SimpleModule(MODULE).addAbstractTypeMapping(Set.class, LinkedHashSet.class)
				.setSerializerModifier(new WhatIsRead()))
			.addModule(new SpringDataModule())
			.addModule(new BoundedJsonModule())
			.constructorDetector(ConstructorDetector.DEFAULT.withAllowImplicitWithDefaultConstructor(false))
			.enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES,
					DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES,
					DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES, DeserializationFeature.FAIL_ON_TRAILING_TOKENS,
					DeserializationFeature.FAIL_ON_INVALID_SUBTYPE)
			.disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
			.enable(MapperFeature.USE_GETTERS_AS_SETTERS)
			.disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
			.withCoercionConfig(LogicalType.Textual,
					(textual) -> textual.setCoercion(CoercionInputShape.Integer, CoercionAction.Fail)
						.setCoercion(CoercionInputShape.Float, CoercionAction.Fail)
						.setCoercion(CoercionInputShape.Boolean, CoercionAction.Fail))
			.disable(EnumFeature.READ_ENUMS_USING_TO_STRING, EnumFeature.WRITE_ENUMS_USING_TO_STRING,
					EnumFeature.FAIL_ON_NUMBERS_FOR_ENUMS)
			.enable(DateTimeFeature.WRITE_DATES_WITH_ZONE_ID)
			.disable(DateTimeFeature.WRITE_DATES_AS_TIMESTAMPS, DateTimeFeature.WRITE_DURATIONS_AS_TIMESTAMPS,
					DateTimeFeature.ADJUST_DATES_TO_CONTEXT_TIME_ZONE,
					DateTimeFeature.WRITE_DATES_WITH_CONTEXT_TIME_ZONE, DateTimeFeature.NORMALIZE_DESERIALIZED_ZONE_ID);
	}

	/**
	 * Return the codec for the values of a type.
	 * @param type the declared type of the values
	 * @param settings say from which size on payloads are compressed and how large they
	 * may be
	 * @return the codec, which refuses every value if the type cannot be cached
	 */
	public ValueCodec forType(Type type, CacheSettings settings) {
		PayloadLimits limits = PayloadLimits.of(settings);
		return this.codecs.get(new Key(type, limits), (missing) -> newCodec(boxed(type), limits));
	}

	private ValueCodec newCodec(JavaType type, PayloadLimits limits) {
		Place root = new PlaceFinder(this.mapper, OWN_MODULES, this.lazyParts).place(type);
		return new JsonValueCodec(type, shape(type), root, this.mapper, limits, this.lazyParts);
	}

	private UntypedValueCodec.Codecs codecs(CacheSettings settings) {
		return new UntypedValueCodec.Codecs() {

			@Override
			public ValueCodec of(Type type) {
				return forType(type, settings);
			}

			@Override
			public JavaType boxed(Type type) {
				return ValueCodecs.this.boxed(type);
			}

			@Override
			public TypeFactory types() {
				return ValueCodecs.this.mapper.getTypeFactory();
			}

		};
	}

	private TypeShape shape(JavaType type) {
		return this.shapes.get(type, (missing) -> TypeShape.of(missing, this.mapper));
	}

	/**
	 * Return why no value of a type can be cached as JSON, as far as the type alone
	 * tells. Most types that can be cached are told apart from those that cannot; what
	 * depends on a value ({@code Object} members, subclasses, lazy parts) is seen with
	 * that value. Nothing is loaded or written, and the answer is kept for the codec of
	 * the type, so that asking costs nothing in all. Thread-safe.
	 * @param type the type of the values, such as {@link ValueTypes#valueType} tells it
	 * @return the reason and the cure, in words for the application's log, or
	 * {@code null} if nothing speaks against it
	 */
	public @Nullable String whyNotCacheable(ResolvableType type) {
		return shape(boxed(type.getType())).refusal();
	}

	/**
	 * Return the codec for values that come without a declared type, for whoever puts and
	 * asks without one. It depends on nothing but the value and what methods declare:
	 * <ol>
	 * <li>A value of a type that is known of its cache is written and read as that type,
	 * rather one that is exactly its own than one that it merely is an instance of.</li>
	 * <li>A simple value ({@link SimpleValues}) says what it is.</li>
	 * <li>What JSON itself tells apart is that.</li>
	 * <li>Anything else is written as what it is, and found by those who ask for its type
	 * alone.</li>
	 * </ol>
	 * @param known the types of the values of a cache, as far as they are known
	 * @param settings say from which size on payloads are compressed and how large they
	 * may be
	 * @return the codec
	 */
	public ValueCodec untyped(Collection<Type> known, CacheSettings settings) {
		return new UntypedValueCodec(codecs(settings), known, null);
	}

	/**
	 * Return the codec for values of a type that is named for this one use, such as that
	 * of {@code cache.get(key, Class)}. Beside the entries of that very type it reads
	 * those of known types of the cache, and simple values, that are instances of it.
	 * @param type the type that is asked for
	 * @param known the types of the values of the cache, as far as they are known
	 * @param settings say from which size on payloads are compressed and how large they
	 * may be
	 * @return the codec
	 */
	public ValueCodec named(Type type, Collection<Type> known, CacheSettings settings) {
		return new UntypedValueCodec(codecs(settings), known, type);
	}

	/**
	 * Return the codec for who asks for a value by a class and is told if it is none: it
	 * reads what says of itself what it is as that, and anything else as the class.
	 * @param type the class that is asked for
	 * @param known the types of the values of the cache, as far as they are known
	 * @param settings say from which size on payloads are compressed and how large they
	 * may be
	 * @return the codec
	 */
	public ValueCodec asked(Class<?> type, Collection<Type> known, CacheSettings settings) {
		return new UntypedValueCodec.AsItIs(new UntypedValueCodec(codecs(settings), known, null),
				new UntypedValueCodec(codecs(settings), known, type));
	}

	/**
	 * Return the codec for values that the application serializes by itself.
	 * @param pair the application's serializer
	 * @param settings say from which size on payloads are compressed and how large they
	 * may be
	 * @return the codec
	 * @throws IllegalArgumentException if it is Java serialization
	 */
	public ValueCodec forSerializer(SerializationPair<?> pair, CacheSettings settings) {
		PayloadLimits limits = PayloadLimits.of(settings);
		return this.codecs.get(new Key(pair, limits),
				(missing) -> new SerializerValueCodec(pair, limits, this.lazyParts));
	}

	private JavaType boxed(Type type) {
		JavaType javaType = this.mapper.constructType(type);
		return javaType.isPrimitive()
				? this.mapper.constructType(
						org.springframework.util.ClassUtils.resolvePrimitiveIfNecessary(javaType.getRawClass()))
				: javaType;
	}

	/**
	 * Tells codecs apart.
	 *
	 * @param source the type or the serializer
	 * @param limits the limits
	 */
	private record Key(Object source, PayloadLimits limits) {

	}

	/**
	 * Writes what is read back, and no derived getters: they are computed again.
	 */
	private static final class WhatIsRead extends ValueSerializerModifier {

		private static final long serialVersionUID = 1L;

		@Override
		public List<BeanPropertyWriter> changeProperties(SerializationConfig config, BeanDescription.Supplier bean,
				List<BeanPropertyWriter> writers) {
			Set<String> written = new HashSet<>();
			for (BeanPropertyDefinition property : bean.get().findProperties()) {
				if (BeanShape.isWritten(property, config)) {
					written.add(property.getName());
				}
			}
			writers.removeIf((writer) -> !written.contains(writer.getName()));
			return writers;
		}

	}

	/**
	 * Reads no {@code @JsonInclude}. Writes what a builder takes, though the class itself
	 * has nothing to set it by. Reads numbers from text where they are written as text.
	 */
	private static final class EverythingIncluded extends JacksonAnnotationIntrospector {

		@Override
		public JsonInclude.Value findPropertyInclusion(MapperConfig<?> config, Annotated annotated) {
			return JsonInclude.Value.empty();
		}

		@Override
		public @Nullable PropertyName findNameForSerialization(MapperConfig<?> config, Annotated annotated) {
			PropertyName name = super.findNameForSerialization(config, annotated);
			boolean implicit = name == null && annotated instanceof AnnotatedMethod getter && isTakenByBuilder(getter);
			return implicit ? PropertyName.USE_DEFAULT : name;
		}

		@Override
		public @Nullable Object findDeserializer(MapperConfig<?> config, Annotated annotated) {
			Object stated = super.findDeserializer(config, annotated);
			return (stated == null && annotated instanceof AnnotatedMember
					&& TextScalars.isText(this, config, annotated)) ? TextScalars.class : stated;
		}

		private static boolean isTakenByBuilder(AnnotatedMethod getter) {
			JsonDeserialize read = getter.getDeclaringClass().getAnnotation(JsonDeserialize.class);
			if (read == null || read.builder() == Void.class || getter.getParameterCount() > 0) {
				return false;
			}
			JsonPOJOBuilder builder = read.builder().getAnnotation(JsonPOJOBuilder.class);
			String prefix = (builder != null) ? builder.withPrefix() : JsonPOJOBuilder.DEFAULT_WITH_PREFIX;
			String property = StringUtils.uncapitalize(getter.getName().replaceFirst("^(get|is)(?=[^a-z])", ""));
			String taker = prefix.isEmpty() ? property : prefix + StringUtils.capitalize(property);
			return Arrays.stream(read.builder().getMethods())
				.anyMatch((method) -> method.getName().equals(taker) && method.getParameterCount() == 1);
		}

	}

}
