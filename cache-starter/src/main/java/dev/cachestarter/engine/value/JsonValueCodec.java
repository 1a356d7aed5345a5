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
import java.util.concurrent.atomic.AtomicLong;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JavaType;
import tools.jackson.databind.ObjectReader;
import tools.jackson.databind.ObjectWriter;
import tools.jackson.databind.json.JsonMapper;

import dev.cachestarter.engine.json.JsonElements;
import dev.cachestarter.engine.value.ValueCodec.NotCacheableException.Reason;

/**
 * Turns the values of one type into JSON and back, and holds to it that a hit equals the
 * miss that filled it.
 * <ul>
 * <li>What the type alone tells is decided once ({@link TypeShape}): a property that is
 * written and never read back, one that is ignored, an abstract type without subtypes. No
 * value of such a type is cached.</li>
 * <li>What only a value tells is looked at in each value ({@link Place}): the classes
 * that stand in for declared ones, comparators, what is not loaded. A class that stands
 * somewhere for the first time, and whatever stands where a type tells nothing (an
 * {@code Object} member), is read back after it was written and compared with the
 * original ({@link ShapeCheck}).</li>
 * <li>The rest is trusted, and read back now and then all the same: the first value, then
 * the second, fourth, eighth and so on.</li>
 * </ul>
 * What does not come back as it went in is refused. If its class is to blame, so is the
 * class from then on, at that place; never a container of the JDK, which is only around
 * it.
 * <p>
 * Nothing that Jackson or the application's classes do escapes from here but as one of
 * the two checked exceptions: neither a failing getter nor a stack overflow nor an error
 * in a static initializer may reach the caller of a cached method. Messages name classes
 * and properties, never values.
 */
final class JsonValueCodec implements ValueCodec {

	private static final int FIRST_BUFFER = 512;

	private static final String LAZY_CURE = "Map entities to records before they are cached, "
			+ "or load what is lazy before the method returns.";

	private final JavaType type;

	private final TypeShape shape;

	private final Place root;

	private final PayloadLimits limits;

	private final LazyParts lazyParts;

	private final ObjectReader reader;

	private final ObjectWriter writer;

	private final AtomicLong written = new AtomicLong();

	/** Whether a value has failed that nothing but reading it back tells from others. */
	private volatile boolean wary;

	JsonValueCodec(JavaType type, TypeShape shape, Place root, JsonMapper mapper, PayloadLimits limits,
			LazyParts lazyParts) {
		this.type = type;
		this.shape = shape;
		this.root = root;
		this.limits = limits;
		this.lazyParts = lazyParts;
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
		Place.Look look = look(value);
		byte[] entry = write(value);
		Encoded encoded = this.limits.seal(entry, name(value));
		if (look.isCheckDue() || this.wary || Long.bitCount(this.written.incrementAndGet()) == 1) {
			check(value, entry);
			look.survived();
		}
		return encoded.as(schemaMark());
	}

	@Override
	public @Nullable Object decode(byte[] entry, int start, PayloadForm form) throws CorruptEntryException {
		if (form == PayloadForm.NULL) {
			return null;
		}
		if (this.shape.refusal() != null) {
			throw new CorruptEntryException("Values of type " + this.type.toCanonical() + " are not cached", null);
		}
		Object value;
		try {
			PayloadLimits.Plain plain = this.limits.open(entry, start, form);
			if (JsonElements.areMoreThan(this.limits.mostElements(), plain.bytes(), plain.offset(), plain.length())) {
				throw new IOException("The payload has too many parts");
			}
			value = this.reader.readValue(plain.bytes(), plain.offset(), plain.length());
		}
		// Anything, for the bytes may be anything: a deep stack or a constructor of the
		// application that meets arguments it never saw.
		catch (Throwable ex) {
			throw new CorruptEntryException("The payload cannot be read as %s: %s".formatted(this.type.toCanonical(),
					(ex instanceof IOException) ? ex.getMessage() : JsonFailures.read(ex)), null);
		}
		if (value == null) {
			throw new CorruptEntryException("The payload is null, which only its header may say", null);
		}
		return value;
	}

	@Override
	public boolean isSame(@Nullable Object one, @Nullable Object other) {
		return (one == null || other == null) ? one == other : difference(one, other) == null;
	}

	@Override
	public String toString() {
		return "JSON of " + this.type.toCanonical();
	}

	/** Look at what no type tells, before anything is written or loaded. */
	private Place.Look look(Object value) throws NotCacheableException {
		Place.Look look = new Place.Look();
		try {
			this.root.look(value, look);
		}
		catch (Throwable ex) {
			throw notCacheable(Reason.UNSERIALIZABLE, value, "its elements cannot be read (" + ex.getClass().getName()
					+ "). Load what is lazy before the method returns.");
		}
		String lazy = look.lazy();
		if (lazy != null) {
			throw notCacheable(Reason.SHAPE, value, "at %s it holds %s, which is a lazy proxy or not loaded. %s"
				.formatted(look.path(), lazy, LAZY_CURE));
		}
		String refusal = look.refusal();
		if (refusal != null) {
			throw notCacheable(Reason.SHAPE, value, refusal);
		}
		return look;
	}

	private byte[] write(Object value) throws NotCacheableException {
		EntryBuffer buffer = new EntryBuffer(FIRST_BUFFER, this.limits.mostToEncode());
		try {
			this.writer.writeValue(buffer, value);
		}
		// Anything, for the getters may be anything.
		catch (Throwable ex) {
			if (JsonFailures.isCausedBy(ex, EntryBuffer.FullException.class)) {
				throw this.limits.tooLarge(name(value));
			}
			throw notCacheable(Reason.UNSERIALIZABLE, value, JsonFailures.written(ex));
		}
		byte[] entry = buffer.toEntry();
		if (JsonElements.areMoreThan(this.limits.mostElements(), entry, HEADROOM, entry.length - HEADROOM)) {
			throw this.limits.tooMany(name(value));
		}
		return entry;
	}

	private void check(Object value, byte[] entry) throws NotCacheableException {
		Object copy;
		try {
			copy = this.reader.readValue(entry, ValueCodec.HEADROOM, entry.length - ValueCodec.HEADROOM);
		}
		catch (Throwable ex) {
			this.wary = true;
			String why = JsonFailures.read(ex);
			throw notCacheable(Reason.SHAPE, value, "it is written but cannot be read back: "
					+ (why.endsWith(".") ? why : why + ". " + ShapeCheck.Cause.LOST.cure()));
		}
		ShapeCheck.Difference difference = difference(value, copy);
		if (difference == null) {
			return;
		}
		String why = "it would not come back as it went in: at %s, %s. %s".formatted(difference.path(),
				difference.what(), cure(difference, value));
		if (!this.root.refuse(value.getClass(), difference, why)) {
			this.wary = true;
		}
		throw notCacheable(Reason.SHAPE, value, why);
	}

	private ShapeCheck.@Nullable Difference difference(Object original, @Nullable Object copy) {
		return new ShapeCheck(this.lazyParts, this::json).compare(original, copy);
	}

	private byte[] json(Object part) {
		return this.writer.forType((JavaType) null).writeValueAsBytes(part);
	}

	private String cure(ShapeCheck.Difference difference, Object value) {
		if (this.type.isJavaLangObject() && difference.cause() == ShapeCheck.Cause.TYPE) {
			return "The declared type is Object: state the cache's 'type', or let the method return " + name(value)
					+ ".";
		}
		return difference.cause().cure();
	}

	private static NotCacheableException notCacheable(Reason reason, Object value, String why) {
		return new NotCacheableException(reason, "A value of type %s is not cached: %s".formatted(name(value), why));
	}

	private static String name(Object value) {
		return value.getClass().getTypeName();
	}

}
