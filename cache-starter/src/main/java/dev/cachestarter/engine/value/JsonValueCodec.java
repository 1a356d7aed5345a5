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

import java.io.IOException;
import java.util.Collection;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.exc.StreamConstraintsException;
import tools.jackson.core.exc.StreamReadException;
import tools.jackson.core.exc.StreamWriteException;
import tools.jackson.databind.JavaType;
import tools.jackson.databind.ObjectReader;
import tools.jackson.databind.ObjectWriter;
import tools.jackson.databind.exc.InvalidDefinitionException;
import tools.jackson.databind.exc.MismatchedInputException;
import tools.jackson.databind.exc.UnrecognizedPropertyException;
import tools.jackson.databind.json.JsonMapper;

import dev.cachestarter.engine.value.ValueCodec.NotCacheableException.Reason;

/**
 * Turns the values of one type into JSON and back, and holds to it that a hit equals the
 * miss that filled it.
 * <p>
 * Whether JSON restores a value cannot be told from its type. So values are read back
 * after they were written and compared with the original ({@link ShapeCheck}): the first
 * of each class, and then the second, fourth, eighth and so on, because what is lost may
 * depend on the value. The class of a value counts, and the classes of the elements of
 * containers. What does not come back as it went in is refused, and so are from then on
 * all values with the class to blame.
 * <p>
 * Nothing that Jackson or the application's classes do escapes from here but as one of
 * the two checked exceptions: neither a failing getter nor a stack overflow nor an error
 * in a static initializer may reach the caller of a cached method. Messages name classes
 * and properties, never values.
 */
final class JsonValueCodec implements ValueCodec {

	private static final int FIRST_BUFFER = 512;

	/** How many elements are looked at for their classes. */
	private static final int MOST_ELEMENTS = 10_000;

	/** How many steps of a path are told: the one through a cycle has no end. */
	private static final int MOST_STEPS = 8;

	private static final String LOST_CURE = "Make the property readable and writable for Jackson (a mix-in added by a "
			+ "CacheJsonMapperBuilderCustomizer leaves your other JSON as it is), "
			+ "or cache a record of what is needed.";

	private final JavaType type;

	private final TypeShape shape;

	private final PayloadLimits limits;

	private final ObjectReader reader;

	private final ObjectWriter writer;

	/** The classes that came back, each with the number of values since. */
	private final Map<Class<?>, AtomicLong> survived = new ConcurrentHashMap<>();

	private final Map<Class<?>, String> refused = new ConcurrentHashMap<>();

	JsonValueCodec(JavaType type, TypeShape shape, JsonMapper mapper, PayloadLimits limits) {
		this.type = type;
		this.shape = shape;
		this.limits = limits;
		this.reader = mapper.readerFor(type);
		this.writer = mapper.writerFor(type);
	}

	@Override
	public String schemaMark() {
		return this.shape.mark();
	}

	/**
	 * {@inheritDoc}
	 * <p>
	 * What code has put without a declared type is read as whatever its reader asks for,
	 * if it fits. But who asks for a container of anything would get maps in the place of
	 * objects, and who asks for a list of objects by its class alone names no type of
	 * theirs.
	 */
	@Override
	public @Nullable ValueCodec reading(String mark) {
		if (mark.equals(schemaMark())) {
			return this;
		}
		boolean put = mark.equals(SimpleValues.PLAIN_MARK) || SimpleValues.isMark(mark)
				|| (mark.equals(NO_MARK) && !isOpen(this.type));
		return (put && !this.type.isJavaLangObject()) ? this : null;
	}

	/** Return whether a type says nothing of what is in it. */
	private static boolean isOpen(JavaType type) {
		if (type.isContainerType() || type.isReferenceType()) {
			return type.getContentType() == null || isOpen(type.getContentType());
		}
		return type.isJavaLangObject() || type.hasRawClass(Iterable.class);
	}

	@Override
	public Encoded encode(@Nullable Object value) throws NotCacheableException {
		if (value == null) {
			return PayloadLimits.sealNull().as(schemaMark());
		}
		if (this.shape.refusal() != null) {
			throw notCacheable(Reason.SHAPE, value, this.shape.refusal());
		}
		if (!this.type.getRawClass().isInstance(value)) {
			throw notCacheable(Reason.SHAPE, value, "the values of this cache are declared as %s. %s"
				.formatted(this.type.toCanonical(), "State with 'type' what all methods that use it have in common."));
		}
		Set<Class<?>> classes = classes(value);
		byte[] entry = write(value);
		Encoded encoded = this.limits.seal(entry, name(value));
		if (isCheckDue(classes)) {
			check(value, entry);
			classes.forEach((type) -> this.survived.computeIfAbsent(type, (key) -> new AtomicLong(1)));
		}
		return encoded.as(schemaMark());
	}

	@Override
	public @Nullable Object decode(byte[] entry, PayloadForm form) throws CorruptEntryException {
		if (form == PayloadForm.NULL) {
			return null;
		}
		if (this.shape.refusal() != null) {
			throw new CorruptEntryException("Values of type " + this.type.toCanonical() + " are not cached", null);
		}
		Object value;
		try {
			PayloadLimits.Plain plain = this.limits.open(entry, form);
			value = this.reader.readValue(plain.bytes(), plain.offset(), plain.length());
		}
		// Anything, for the bytes may be anything: a deep stack or a constructor of the
		// application that meets arguments it never saw.
		catch (Throwable ex) {
			throw new CorruptEntryException("The payload cannot be read as %s: %s".formatted(this.type.toCanonical(),
					(ex instanceof IOException) ? ex.getMessage() : readFailure(ex)), null);
		}
		if (value == null) {
			throw new CorruptEntryException("The payload is null, which only its header may say", null);
		}
		return value;
	}

	@Override
	public String toString() {
		return "JSON of " + this.type.toCanonical();
	}

	private byte[] write(Object value) throws NotCacheableException {
		EntryBuffer buffer = new EntryBuffer(FIRST_BUFFER, this.limits.mostToEncode());
		try {
			this.writer.writeValue(buffer, value);
		}
		// Anything, for the getters may be anything.
		catch (Throwable ex) {
			if (isCausedBy(ex, EntryBuffer.FullException.class)) {
				throw this.limits.tooLarge(name(value));
			}
			throw notCacheable(Reason.UNSERIALIZABLE, value, writeFailure(ex));
		}
		return buffer.toEntry();
	}

	/**
	 * Return the classes that a value is made of, as far as only containers are around
	 * them, and refuse it for the sake of one of them.
	 */
	private Set<Class<?>> classes(Object value) throws NotCacheableException {
		Set<Class<?>> classes = new LinkedHashSet<>();
		try {
			collect(value, classes, MOST_ELEMENTS);
		}
		catch (Throwable ex) {
			throw notCacheable(Reason.UNSERIALIZABLE, value, "its elements cannot be read (" + ex.getClass().getName()
					+ "). Load what is lazy before the method returns.");
		}
		for (Class<?> type : classes) {
			String refusal = this.refused.get(type);
			if (refusal != null) {
				throw new NotCacheableException(Reason.SHAPE, refusal);
			}
			// A class that survived was asked before.
			refusal = this.survived.containsKey(type) ? null : TypeShape.refusal(type);
			if (refusal != null) {
				throw notCacheable(Reason.SHAPE, value, refusal);
			}
		}
		return classes;
	}

	private static int collect(@Nullable Object value, Set<Class<?>> classes, int budget) {
		int left = budget - 1;
		if (value == null || left < 0) {
			return left;
		}
		classes.add(value.getClass());
		if (value instanceof Optional<?> optional) {
			return collect(optional.orElse(null), classes, left);
		}
		if (value instanceof Map<?, ?> map) {
			return collectAll(map.keySet(), classes, collectAll(map.values(), classes, left));
		}
		if (value instanceof Collection<?> collection) {
			return collectAll(collection, classes, left);
		}
		return (value instanceof Object[] array) ? collectAll(List.of(array), classes, left) : left;
	}

	private static int collectAll(Collection<?> values, Set<Class<?>> classes, int budget) {
		int left = budget;
		for (Iterator<?> i = values.iterator(); i.hasNext() && left > 0;) {
			left = collect(i.next(), classes, left);
		}
		return left;
	}

	/**
	 * Return whether a value is to be read back: always until its classes have survived
	 * once, then ever more rarely.
	 */
	private boolean isCheckDue(Set<Class<?>> classes) {
		boolean due = false;
		for (Class<?> type : classes) {
			AtomicLong count = this.survived.get(type);
			due |= count == null || Long.bitCount(count.incrementAndGet()) == 1;
		}
		return due;
	}

	private void check(Object value, byte[] entry) throws NotCacheableException {
		Object copy;
		try {
			copy = this.reader.readValue(entry, ValueCodec.HEADROOM, entry.length - ValueCodec.HEADROOM);
		}
		catch (Throwable ex) {
			String why = readFailure(ex);
			String message = message(value,
					"it is written but cannot be read back: " + (why.endsWith(".") ? why : why + ". " + LOST_CURE));
			if (!isCausedBy(ex, StreamConstraintsException.class)) {
				// Of all that was written, nothing tells which part is to blame.
				this.refused.put(value.getClass(), message);
			}
			throw new NotCacheableException(Reason.SHAPE, message);
		}
		ShapeCheck.Difference difference = new ShapeCheck(this::json).compare(value, copy);
		if (difference != null) {
			String message = message(value, "it would not come back as it went in: at %s, %s. %s"
				.formatted(difference.path(), difference.what(), cure(difference, value)));
			this.refused.put(difference.owner(), message);
			throw new NotCacheableException(Reason.SHAPE, message);
		}
	}

	private byte[] json(Object part) {
		return this.writer.forType((JavaType) null).writeValueAsBytes(part);
	}

	private String cure(ShapeCheck.Difference difference, Object value) {
		if (difference.cause() == ShapeCheck.Cause.LAZY) {
			return "Map entities to records before they are cached.";
		}
		if (this.type.isJavaLangObject() && difference.cause() == ShapeCheck.Cause.TYPE) {
			return "The declared type is Object: state the cache's 'type', or let the method return " + name(value)
					+ ".";
		}
		return switch (difference.cause()) {
			case LOST -> LOST_CURE;
			case TYPE -> "Declare the type that is returned, or annotate what is declared "
					+ "with @JsonTypeInfo(use = Id.NAME) and @JsonSubTypes.";
			case CONTAINER -> "Return a plain List, Set or Map, or a record.";
			default -> "Cache a record of what is needed.";
		};
	}

	private static String writeFailure(Throwable failure) {
		String where = where(failure);
		if (failure instanceof StackOverflowError || isCausedBy(failure, StreamConstraintsException.class)
				|| isCausedBy(failure, StreamWriteException.class)) {
			return "it cannot be written as JSON%s: it is nested too deeply, leads back to itself, ".formatted(where)
					+ "or holds text that is not valid Unicode. Cache a record of what is needed.";
		}
		if (failure instanceof InvalidDefinitionException ex && ex.getCause() == null) {
			return "it cannot be written as JSON%s: Jackson has no serializer for %s, or it leads back to itself. %s"
				.formatted(where, ex.getType(), "Cache a record of what is needed.");
		}
		return "it cannot be written as JSON%s: %s. Load what is lazy before the method returns, %s".formatted(where,
				root(failure).getClass().getName(), "or cache a record of what is needed.");
	}

	private static String readFailure(Throwable failure) {
		if (failure instanceof UnrecognizedPropertyException) {
			return "it has a property that the class does not know" + where(failure);
		}
		if (failure instanceof InvalidDefinitionException ex && ex.getType() != null) {
			JavaType type = ex.getType();
			return type.isAbstract()
					? ("%s is abstract and says nothing of its subtypes%s. Annotate it with @JsonTypeInfo(use = Id.NAME) "
							+ "and @JsonSubTypes, or return a concrete type such as a record.")
						.formatted(type.toCanonical(), where(failure))
					: ("Jackson finds no constructor that it can use in %s%s. Give it a public one for all properties, or cache "
							+ "a record.")
						.formatted(type.toCanonical(), where(failure));
		}
		if (failure instanceof MismatchedInputException ex && ex.getTargetType() != null) {
			return "it does not fit %s%s".formatted(ex.getTargetType().getTypeName(), where(failure));
		}
		if (isCausedBy(failure, StreamConstraintsException.class)) {
			return "it exceeds the limits to nesting or to the length of a number or name";
		}
		if (isCausedBy(failure, StreamReadException.class)) {
			return "it is not valid JSON";
		}
		return root(failure).getClass().getName() + where(failure);
	}

	/**
	 * Return where in a value Jackson failed. The keys of maps are left out: they are
	 * data.
	 */
	private static String where(Throwable failure) {
		StringBuilder path = new StringBuilder();
		if (failure instanceof JacksonException ex) {
			ex.getPath().stream().limit(MOST_STEPS).forEach((step) -> path.append(step(step)));
			path.append((ex.getPath().size() > MOST_STEPS) ? ".." : "");
		}
		return path.isEmpty() ? "" : " at $" + path;
	}

	private static String step(JacksonException.Reference step) {
		Object from = step.from();
		if (from instanceof Map || from instanceof Class<?> type && Map.class.isAssignableFrom(type)) {
			return "{}";
		}
		String property = step.getPropertyName();
		if (property == null) {
			return "[" + step.getIndex() + "]";
		}
		// What foreign bytes call a property is not for the log.
		return property.matches("[\\w$-]{1,60}") ? "." + property : ".?";
	}

	private static boolean isCausedBy(Throwable failure, Class<? extends Throwable> type) {
		Throwable current = failure;
		for (int depth = 0; current != null && depth < 20; depth++) {
			if (type.isInstance(current)) {
				return true;
			}
			current = current.getCause();
		}
		return false;
	}

	private static Throwable root(Throwable failure) {
		Throwable current = failure;
		for (int depth = 0; current.getCause() != null && depth < 20; depth++) {
			current = Objects.requireNonNull(current.getCause());
		}
		return current;
	}

	private NotCacheableException notCacheable(Reason reason, Object value, String why) {
		return new NotCacheableException(reason, message(value, why));
	}

	private static String message(Object value, String why) {
		return "A value of type %s is not cached: %s".formatted(name(value), why);
	}

	private static String name(Object value) {
		return value.getClass().getTypeName();
	}

}
