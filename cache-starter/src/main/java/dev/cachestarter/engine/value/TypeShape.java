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

import java.io.InputStream;
import java.io.Reader;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Collection;
import java.util.Enumeration;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.Spliterator;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.Future;
import java.util.stream.BaseStream;

import com.fasterxml.jackson.annotation.JsonFormat;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import tools.jackson.databind.AnnotationIntrospector;
import tools.jackson.databind.BeanDescription;
import tools.jackson.databind.DeserializationConfig;
import tools.jackson.databind.JavaType;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.cfg.MapperConfig;
import tools.jackson.databind.introspect.Annotated;
import tools.jackson.databind.introspect.AnnotatedClass;
import tools.jackson.databind.introspect.AnnotatedMember;
import tools.jackson.databind.introspect.BeanPropertyDefinition;
import tools.jackson.databind.introspect.ClassIntrospector;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.jsontype.NamedType;
import tools.jackson.databind.type.TypeFactory;

/**
 * What is known of a type before any value of it was seen: the mark of its shape, and
 * whether its values can be cached at all. Refused for good is a type of which no value
 * could come back, or of which a value would come back without a part that it has: with a
 * property that is written but never read, one that Jackson ignores though there is a
 * field for it, a class without a constructor that Jackson can use, an abstract type that
 * says nothing of its subtypes.
 * <p>
 * The shape is written down as text: the type, and for each class that can be reached
 * from it the properties that Jackson writes and those it reads, with their types, the
 * names of its subtypes, the names of its enum constants. The text is put in an order of
 * its own and mentions each class once, so it depends neither on the order in which a JVM
 * lists members nor on cycles among the classes. The mark is a hash of it.
 * <p>
 * Names of classes are part of the shape. Two types that merely look alike never read
 * each other's entries; the price is a miss after a class was renamed.
 *
 * @param mark eight hex characters
 * @param refusal why no value of the type can be cached and what to do about it, or
 * {@code null}
 */
record TypeShape(String mark, @Nullable String refusal) {

	/** Reading these from a value takes what they hold away from the caller. */
	private static final Class<?>[] ONE_SHOT = { BaseStream.class, Iterator.class, Spliterator.class, Enumeration.class,
			Future.class, CompletionStage.class, Publisher.class, Flow.Publisher.class, InputStream.class,
			Reader.class };

	/** JSON cannot restore these, or must not be trusted to name them. */
	private static final Class<?>[] NOT_DATA = { Class.class, ClassLoader.class, Thread.class, Throwable.class };

	static TypeShape of(JavaType type, JsonMapper mapper) {
		Walk walk = new Walk(mapper);
		String root = walk.reference(type);
		return new TypeShape(mark(root + walk.definitions), walk.refusal);
	}

	/**
	 * Return a mark.
	 * @param text what it stands for
	 * @return eight hex characters that depend on the text alone
	 */
	static String mark(String text) {
		try {
			byte[] hash = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
			return HexFormat.of().formatHex(hash, 0, 4);
		}
		catch (NoSuchAlgorithmException ex) {
			throw new IllegalStateException("Every JDK has SHA-256", ex);
		}
	}

	/**
	 * Return why values of a class can never be cached.
	 * @param type the class of a value, or of a part of it
	 * @return the reason and the cure, or {@code null} if there is no such reason
	 */
	static @Nullable String refusal(Class<?> type) {
		if (isAny(ONE_SHOT, type)) {
			return ("%s can be read only once: to cache it would leave the caller without it. "
					+ "Return what it yields, as a list for example.")
				.formatted(type.getTypeName());
		}
		if (isAny(NOT_DATA, type)) {
			return "%s is not data: it cannot be restored from JSON. Return a record that holds what is needed of it."
				.formatted(type.getTypeName());
		}
		return null;
	}

	private static boolean isAny(Class<?>[] candidates, Class<?> type) {
		return Arrays.stream(candidates).anyMatch((candidate) -> candidate.isAssignableFrom(type));
	}

	/**
	 * One walk over the classes that can be reached from a type.
	 */
	private static final class Walk {

		/** More classes than this are a generic type that grows for ever. */
		private static final int MOST_DEFINITIONS = 500;

		private final JsonMapper mapper;

		private final MapperConfig<?> config;

		private final DeserializationConfig reading;

		private final ClassIntrospector classes;

		private final AnnotationIntrospector annotations;

		private final Map<String, String> definitions = new TreeMap<>();

		private @Nullable String refusal;

		Walk(JsonMapper mapper) {
			this.mapper = mapper;
			this.config = mapper.serializationConfig();
			this.reading = mapper.deserializationConfig();
			this.classes = this.config.classIntrospectorInstance();
			this.annotations = this.config.getAnnotationIntrospector();
		}

		/**
		 * Return a type as it is mentioned, having seen to it that it is defined.
		 */
		String reference(JavaType type) {
			if (type.isArrayType()) {
				return reference(type.getContentType()) + "[]";
			}
			Class<?> raw = type.getRawClass();
			refuse(refusal(raw));
			refuse(HashedAddresses.refusal(type, this.config.getTypeFactory()));
			StringBuilder reference = new StringBuilder(raw.getName());
			for (int i = 0; i < type.containedTypeCount(); i++) {
				reference.append((i == 0) ? "<" : ",").append(reference(type.containedType(i)));
			}
			reference.append((type.containedTypeCount() > 0) ? ">" : "");
			if (isContainer(type)) {
				return reference + content(type);
			}
			JavaType mapped = this.reading.mapAbstractType(type);
			if (mapped != type && !isLeaf(mapped.getRawClass())) {
				return reference + "=" + reference(mapped);
			}
			if (!isLeaf(raw) && this.definitions.size() < MOST_DEFINITIONS) {
				String name = reference.toString();
				// The place is taken first: the type may lead back to itself.
				if (this.definitions.putIfAbsent(name, "") == null) {
					this.definitions.put(name, define(type));
				}
			}
			return reference.toString();
		}

		/** What a subclass of a container says of its elements without being generic. */
		private String content(JavaType type) {
			JavaType content = type.getContentType();
			if (type.containedTypeCount() > 0 || content == null) {
				return "";
			}
			JavaType key = type.getKeyType();
			return "[" + ((key != null) ? reference(key) + ":" : "") + reference(content) + "]";
		}

		/**
		 * Containers of others are written as their elements, whatever else they have.
		 */
		private static boolean isContainer(JavaType type) {
			return type.isContainerType() && !JdkTypes.isJdk(type.getRawClass());
		}

		private static boolean isLeaf(Class<?> type) {
			return JdkTypes.isJdk(type) || JsonNode.class.isAssignableFrom(type);
		}

		private String define(JavaType type) {
			try {
				return type.isEnumType() ? constants(type.getRawClass()) : properties(type);
			}
			catch (RuntimeException | LinkageError ex) {
				// Jackson will have the same trouble with the first value, and say it.
				return "?";
			}
		}

		private String constants(Class<?> type) {
			TreeSet<String> names = new TreeSet<>();
			Object[] constants = type.getEnumConstants();
			Set<String> written = new HashSet<>();
			for (Object constant : constants) {
				String json = this.mapper.writeValueAsString(constant);
				written.add(json);
				// What is written as a number means another constant after a change.
				names.add(json.startsWith("\"") ? json : json + "=" + constant);
			}
			if (written.size() < constants.length) {
				refuse(("The constants of the enum %s have the same JSON, so that one would be read as another. "
						+ "Give each a name of its own.")
					.formatted(type.getTypeName()));
			}
			return names.toString();
		}

		private String properties(JavaType type) {
			AnnotatedClass annotated = this.classes.introspectClassAnnotations(type);
			BeanDescription written = this.classes.introspectForSerialization(type, annotated);
			BeanDescription read = this.reading.classIntrospectorInstance()
				.introspectForDeserialization(type, annotated);
			TreeSet<String> lines = new TreeSet<>();
			for (BeanPropertyDefinition property : written.findProperties()) {
				if (property.couldSerialize() && BeanShape.isWritten(property, this.config)) {
					lines.add("w " + property.getName() + member(property.getAccessor()));
				}
			}
			for (BeanPropertyDefinition property : read.findProperties()) {
				if (BeanShape.isRead(property, this.reading)) {
					lines.add("r " + property.getName()
							+ member(Objects.requireNonNullElse(property.getMutator(), property.getAccessor())));
				}
			}
			refuse(BeanShape.refusal(type, written, read, this.mapper));
			lines.add("* " + member(written.findAnyGetter()));
			lines.add("= " + member(written.findJsonValueAccessor()));
			lines.add("t " + typeInfo(annotated,
					this.config.getSubtypeResolver().collectAndResolveSubtypesByClass(this.config, annotated)));
			return lines.toString();
		}

		private String member(@Nullable AnnotatedMember member) {
			if (member == null) {
				return "";
			}
			JavaType type = this.annotations.refineDeserializationType(this.reading, member, member.getType());
			String before = this.refusal;
			String reference = reference(type);
			if (BeanShape.isSpecial(member, this.config)) {
				// What is said of the member counts, and not what its type is.
				this.refusal = before;
			}
			return ":" + reference + numbered(type, member) + typeInfo(member,
					this.config.getSubtypeResolver().collectAndResolveSubtypesByClass(this.config, member, type));
		}

		/** A property that writes a constant as its number depends on their order. */
		private String numbered(JavaType type, AnnotatedMember member) {
			JsonFormat.Value format = type.isEnumType() ? this.annotations.findFormat(this.config, member) : null;
			return (format != null && format.getShape().isNumeric())
					? Arrays.toString(type.getRawClass().getEnumConstants()) : "";
		}

		private String typeInfo(Annotated annotated, Collection<NamedType> subtypes) {
			JsonTypeInfo.Value info = this.annotations.findPolymorphicTypeInfo(this.config, annotated);
			if (info == null) {
				return "";
			}
			JsonTypeInfo.Id id = info.getIdType();
			if (id == JsonTypeInfo.Id.CLASS || id == JsonTypeInfo.Id.MINIMAL_CLASS) {
				refuse(("%s is annotated with @JsonTypeInfo(use = %s), and names of classes have no place in a cache: "
						+ "whoever can write there could name any class. Use JsonTypeInfo.Id.NAME with @JsonSubTypes.")
					.formatted(annotated.getName(), id));
				return "";
			}
			TreeSet<String> names = new TreeSet<>();
			for (NamedType subtype : subtypes) {
				names.add(subtype.getName() + "="
						+ reference(this.config.getTypeFactory().constructType(subtype.getType())));
			}
			return "(" + id + " " + info.getInclusionType() + " " + info.getPropertyName() + " " + names + ")";
		}

		private void refuse(@Nullable String reason) {
			if (this.refusal == null) {
				this.refusal = reason;
			}
		}

	}

	/**
	 * Finds sets and maps whose elements or keys ask the name service when they are read.
	 * The hash of a {@link URL} is that of the address of its host, so that a hit would
	 * wait for as long as that takes, and hosts may be what a stranger has chosen.
	 */
	private static final class HashedAddresses {

		private final TypeFactory types;

		private final Set<JavaType> seen = new HashSet<>();

		HashedAddresses(TypeFactory types) {
			this.types = types;
		}

		/**
		 * Return why values of a type cannot be cached for this reason.
		 * @param type the type; what it only contains is not looked at
		 * @return the reason and the cure, or {@code null} if there is none
		 */
		static @Nullable String refusal(JavaType type, TypeFactory types) {
			JavaType hashed = hashed(type);
			if (hashed == null || !new HashedAddresses(types).isLookedUp(hashed)) {
				return null;
			}
			return ("%s hashes its %s when it is read, and the hash of a java.net.URL asks the name service for the "
					+ "address of its host: each hit would wait for that. Use java.net.URI, or a list.")
				.formatted(type.toCanonical(), (type.getKeyType() != null) ? "keys" : "elements");
		}

		private static @Nullable JavaType hashed(JavaType type) {
			Class<?> raw = type.getRawClass();
			if (Map.class.isAssignableFrom(raw)) {
				return SortedMap.class.isAssignableFrom(raw) ? null : type.getKeyType();
			}
			return (Set.class.isAssignableFrom(raw) && !SortedSet.class.isAssignableFrom(raw)) ? type.getContentType()
					: null;
		}

		/** Return whether the hash of a value of a type is made of the hash of an URL. */
		private boolean isLookedUp(@Nullable JavaType type) {
			if (type == null || type.isArrayType() || !this.seen.add(type)) {
				return false;
			}
			Class<?> raw = type.getRawClass();
			return raw == URL.class || isLookedUp(type.getKeyType()) || isLookedUp(type.getContentType())
					|| (isRecord(raw) && isAnyFieldLookedUp(type));
		}

		private boolean isAnyFieldLookedUp(JavaType type) {
			for (Field field : type.getRawClass().getDeclaredFields()) {
				if (!Modifier.isStatic(field.getModifiers())
						&& isLookedUp(this.types.resolveMemberType(field.getGenericType(), type.getBindings()))) {
					return true;
				}
			}
			return false;
		}

		/** Records and Kotlin's data classes; what other classes hash, nobody tells. */
		private static boolean isRecord(Class<?> type) {
			if (type.isRecord()) {
				return true;
			}
			try {
				return !JdkTypes.isJdk(type) && type.getMethod("component1") != null;
			}
			catch (NoSuchMethodException | LinkageError ex) {
				return false;
			}
		}

	}

}
