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

import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.ByteBuffer;

import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;

import org.springframework.data.redis.serializer.JdkSerializationRedisSerializer;
import org.springframework.data.redis.serializer.RedisElementReader;
import org.springframework.data.redis.serializer.RedisElementWriter;
import org.springframework.data.redis.serializer.RedisSerializationContext.SerializationPair;
import org.springframework.data.redis.serializer.RedisSerializer;
import org.springframework.util.ReflectionUtils;

import dev.cachestarter.engine.value.ValueCodec.NotCacheableException.Reason;

/**
 * Stores what the application's own serializer makes of a value. Its header, limits and
 * compression are those of every other entry; the bytes are the serializer's affair. What
 * they do not restore is not stored, like any other value.
 * <p>
 * Java serialization is refused: as a serializer when the codec is made, and as bytes
 * whenever they turn up, since reading them runs code of the writer's choice.
 */
final class SerializerValueCodec implements ValueCodec {

	private static final int[] JAVA_STREAM = { 0xAC, 0xED, 0x00, 0x05 };

	private final RedisElementWriter<Object> writer;

	private final RedisElementReader<?> reader;

	private final PayloadLimits limits;

	private final LazyParts lazyParts;

	private final String name;

	/**
	 * Create a codec.
	 * @param pair the application's serializer
	 * @param limits what payloads may weigh
	 * @param lazyParts knows what is not loaded
	 * @throws IllegalArgumentException if it is Java serialization
	 */
	@SuppressWarnings("unchecked")
	SerializerValueCodec(SerializationPair<?> pair, PayloadLimits limits, LazyParts lazyParts) {
		// What a writer cannot write it refuses by itself.
		this.writer = (RedisElementWriter<Object>) pair.getWriter();
		this.reader = pair.getReader();
		this.limits = limits;
		this.lazyParts = lazyParts;
		Object serializer = serializer(this.writer);
		this.name = stableName((serializer != null) ? serializer.getClass() : this.writer.getClass());
		if (serializer instanceof JdkSerializationRedisSerializer || isJavaSerialization(this.writer)) {
			throw new IllegalArgumentException("The value serializer " + this.name
					+ " cannot be Java serialization: whoever can write to Redis could run code here, "
					+ "and every change of a class would break its entries. Remove it to get typed JSON, "
					+ "or set one such as GenericJacksonJsonRedisSerializer");
		}
	}

	@Override
	public String schemaMark() {
		return TypeShape.mark("serializer " + this.name);
	}

	@Override
	public Encoded encode(@Nullable Object value) throws NotCacheableException {
		if (value == null) {
			return PayloadLimits.sealNull().as(schemaMark());
		}
		String type = value.getClass().getTypeName();
		byte[] entry;
		try {
			ByteBuffer payload = this.writer.write(value).duplicate();
			if (payload.remaining() > this.limits.mostToEncode()) {
				throw this.limits.tooLarge(type);
			}
			entry = new byte[ValueCodec.HEADROOM + payload.remaining()];
			payload.get(entry, ValueCodec.HEADROOM, payload.remaining());
		}
		catch (NotCacheableException ex) {
			throw ex;
		}
		// Anything, for it is the application's code.
		catch (Throwable ex) {
			throw new NotCacheableException(Reason.UNSERIALIZABLE,
					"A value of type %s is not cached: the value serializer %s failed with %s. Set one that can write it."
						.formatted(type, this.name, ex.getClass().getName()));
		}
		if (isJavaStream(entry, ValueCodec.HEADROOM, entry.length)) {
			throw new NotCacheableException(Reason.UNSERIALIZABLE,
					"A value of type %s is not cached: the value serializer %s wrote Java serialization. Set another."
						.formatted(type, this.name));
		}
		Encoded encoded = this.limits.seal(entry, type).as(schemaMark());
		check(value, entry);
		return encoded;
	}

	/** Nothing tells what the serializer makes of a type: each value is read back. */
	private void check(Object value, byte[] entry) throws NotCacheableException {
		String type = value.getClass().getTypeName();
		Object copy;
		try {
			copy = this.reader
				.read(ByteBuffer.wrap(entry, ValueCodec.HEADROOM, entry.length - ValueCodec.HEADROOM).slice());
		}
		catch (Throwable ex) {
			throw new NotCacheableException(Reason.SHAPE,
					"A value of type %s is not cached: the value serializer %s wrote it but cannot read it back (%s). %s"
						.formatted(type, this.name, failure(ex),
								"Set one that can, or cache a record of what is needed."));
		}
		ShapeCheck.Difference difference = difference(value, copy);
		if (difference != null) {
			throw new NotCacheableException(Reason.SHAPE,
					"A value of type %s is not cached: written by the value serializer %s, it would not come back as it went in: at %s, %s. %s"
						.formatted(type, this.name, difference.path(), difference.what(),
								"Have the serializer write all of it, or cache a record of what is needed."));
		}
	}

	private ShapeCheck.@Nullable Difference difference(Object original, @Nullable Object copy) {
		return new ShapeCheck(this.lazyParts, this::bytes).compare(original, copy);
	}

	private byte[] bytes(Object part) {
		ByteBuffer written = this.writer.write(part).duplicate();
		byte[] bytes = new byte[written.remaining()];
		written.get(bytes);
		return bytes;
	}

	/** What went wrong, in classes and properties: messages may show data. */
	private static String failure(Throwable failure) {
		for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
			if (cause instanceof JacksonException) {
				return JsonFailures.read(cause);
			}
		}
		return failure.getClass().getName();
	}

	@Override
	public @Nullable Object decode(byte[] entry, int start, PayloadForm form) throws CorruptEntryException {
		if (form == PayloadForm.NULL) {
			return null;
		}
		Object value;
		try {
			PayloadLimits.Plain plain = this.limits.open(entry, start, form);
			if (isJavaStream(plain.bytes(), plain.offset(), plain.offset() + plain.length())) {
				throw new CorruptEntryException("The payload is Java serialization", null);
			}
			value = this.reader.read(ByteBuffer.wrap(plain.bytes(), plain.offset(), plain.length()).slice());
		}
		catch (CorruptEntryException ex) {
			throw ex;
		}
		catch (Throwable ex) {
			throw new CorruptEntryException("The value serializer %s failed: %s".formatted(this.name, failure(ex)),
					null);
		}
		if (value == null) {
			throw new CorruptEntryException("The value serializer %s read nothing".formatted(this.name), null);
		}
		return value;
	}

	@Override
	public boolean isSame(@Nullable Object one, @Nullable Object other) {
		return (one == null || other == null) ? one == other : difference(one, other) == null;
	}

	@Override
	public String toString() {
		return this.name;
	}

	/**
	 * Find the serializer behind Spring Data's adapter, which does not give it away.
	 */
	private static @Nullable Object serializer(RedisElementWriter<?> writer) {
		Field field = ReflectionUtils.findField(writer.getClass(), null, RedisSerializer.class);
		if (field == null || Modifier.isStatic(field.getModifiers()) || !field.trySetAccessible()) {
			return null;
		}
		return ReflectionUtils.getField(field, writer);
	}

	/**
	 * Ask a writer of unknown kind for a sample of its work.
	 */
	private static boolean isJavaSerialization(RedisElementWriter<Object> writer) {
		try {
			ByteBuffer sample = writer.write("sample").duplicate();
			byte[] bytes = new byte[sample.remaining()];
			sample.get(bytes);
			return isJavaStream(bytes, 0, bytes.length);
		}
		catch (Throwable ex) {
			// It does not write strings: its values are looked at instead.
			return false;
		}
	}

	private static boolean isJavaStream(byte[] bytes, int from, int to) {
		for (int i = 0; i < JAVA_STREAM.length; i++) {
			if (from + i >= to || (bytes[from + i] & 0xFF) != JAVA_STREAM[i]) {
				return false;
			}
		}
		return true;
	}

	/**
	 * Return the name of a class without what differs from run to run.
	 */
	private static String stableName(Class<?> type) {
		String name = type.getName();
		int lambda = name.indexOf("$$Lambda");
		return (lambda > 0) ? name.substring(0, lambda) : name;
	}

}
