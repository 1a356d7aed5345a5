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

import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

import com.fasterxml.jackson.annotation.JsonIgnore;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import org.springframework.data.redis.serializer.GenericJacksonJsonRedisSerializer;
import org.springframework.data.redis.serializer.JacksonJsonRedisSerializer;
import org.springframework.data.redis.serializer.JdkSerializationRedisSerializer;
import org.springframework.data.redis.serializer.RedisElementReader;
import org.springframework.data.redis.serializer.RedisElementWriter;
import org.springframework.data.redis.serializer.RedisSerializationContext.SerializationPair;
import org.springframework.data.redis.serializer.RedisSerializer;
import org.springframework.util.unit.DataSize;

import dev.cachestarter.CacheSettings;
import dev.cachestarter.engine.entry.EntryHeader;
import dev.cachestarter.engine.value.ValueCodec.CorruptEntryException;
import dev.cachestarter.engine.value.ValueCodec.NotCacheableException.Reason;
import dev.cachestarter.engine.value.ValueCodec.NotCacheableException;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

class SerializerValueCodecTests {

	@Test
	void bytesAreTheSerializersOwn() throws Exception {
		ValueCodec codec = codec(RedisSerializer.string());

		byte[] entry = Codecs.entry(codec, "text");

		assertThat(Codecs.payload(entry)).isEqualTo("text");
		assertThat(Codecs.decode(codec, entry)).isEqualTo("text");
	}

	@Test
	void typedJsonOfTheApplicationComesBack() throws Exception {
		ValueCodec codec = codec(new JacksonJsonRedisSerializer<>(Agent.class));

		assertThat(Codecs.roundTrip(codec, new Agent("1"))).isEqualTo(new Agent("1"));
	}

	@Test
	void rawBytesComeBack() throws Exception {
		ValueCodec bytes = codec(RedisSerializer.byteArray());
		ValueCodec buffers = codec(SerializationPair.byteBuffer());

		assertThat((byte[]) Codecs.roundTrip(bytes, new byte[] { 1, 2 })).containsExactly(1, 2);
		assertThat(Codecs.roundTrip(buffers, ByteBuffer.wrap(new byte[] { 1, 2 })))
			.isEqualTo(ByteBuffer.wrap(new byte[] { 1, 2 }));
	}

	@Test
	void whatTheSerializerDoesNotRestoreIsNotCached() throws Exception {
		ValueCodec codec = codec(new JacksonJsonRedisSerializer<>(Account.class));
		codec.encode(new Account("a", null));

		for (int i = 0; i < 3; i++) {
			NotCacheableException refusal = catchThrowableOfType(NotCacheableException.class,
					() -> codec.encode(new Account("a", "secret word")));

			assertThat(refusal).hasMessageContaining("$.secret")
				.hasMessageContaining("came back as null")
				.hasMessageContaining("JacksonJsonRedisSerializer")
				.hasMessageNotContaining("secret word");
		}
	}

	@Test
	void whatTheSerializerCannotReadIsToldByItsPlace() {
		ValueCodec codec = codec(new JacksonJsonRedisSerializer<>(Agent.class));

		assertThatExceptionOfType(CorruptEntryException.class)
			.isThrownBy(() -> Codecs.decode(codec,
					Codecs.entry("----", "{\"id\":[\"secret\"]}".getBytes(StandardCharsets.UTF_8))))
			.withMessageContaining("$.id")
			.withMessageNotContaining("secret");
	}

	@Test
	void nullIsAFlagAndNotTheSerializersAffair() throws Exception {
		ValueCodec codec = codec(RedisSerializer.string());

		assertThat(codec.encode(null).form()).isEqualTo(PayloadForm.NULL);
		assertThat(Codecs.roundTrip(codec, null)).isNull();
	}

	@Test
	void largePayloadIsCompressed() throws Exception {
		ValueCodec codec = Codecs.fresh()
			.forSerializer(SerializationPair.fromSerializer(RedisSerializer.string()),
					CacheSettings.defaults().withCompressAbove(DataSize.ofKilobytes(1)));
		String text = "all work and no play ".repeat(1000);

		assertThat(codec.encode(text).form()).isEqualTo(PayloadForm.COMPRESSED);
		assertThat(Codecs.roundTrip(codec, text)).isEqualTo(text);
	}

	@Test
	void tooLargePayloadIsNotCached() {
		ValueCodec codec = Codecs.fresh()
			.forSerializer(SerializationPair.fromSerializer(RedisSerializer.string()),
					CacheSettings.defaults()
						.withMaxValueSize(DataSize.ofKilobytes(1))
						.withCompressAbove(DataSize.ofBytes(0)));

		assertThat(notCacheable(codec, "a".repeat(1025)).reason()).isEqualTo(Reason.TOO_LARGE);
	}

	@Test
	void javaSerializationIsRefused() {
		assertRefused(SerializationPair.fromSerializer(RedisSerializer.java()));
		assertRefused(SerializationPair.fromSerializer(new JdkSerializationRedisSerializer()));
		assertRefused(new JavaInDisguise());
	}

	@Test
	void javaSerializationThatTurnsUpLaterIsNotStored() {
		JdkSerializationRedisSerializer java = new JdkSerializationRedisSerializer();
		ValueCodec codec = codec(new RedisSerializer<>() {

			@Override
			public byte[] serialize(@Nullable Object value) {
				return (value instanceof Serializable && !(value instanceof String)) ? java.serialize(value)
						: new byte[0];
			}

			@Override
			public @Nullable Object deserialize(byte @Nullable [] bytes) {
				return java.deserialize(bytes);
			}

		});

		assertThat(notCacheable(codec, 5L)).hasMessageContaining("Java serialization");
	}

	@Test
	void javaSerializationIsNeverHandedToAReader() {
		boolean[] read = new boolean[1];
		ValueCodec codec = codec(new SerializationPair<Object>() {

			@Override
			public RedisElementReader<Object> getReader() {
				return (buffer) -> {
					read[0] = true;
					return "read";
				};
			}

			@Override
			public RedisElementWriter<Object> getWriter() {
				return (value) -> ByteBuffer.wrap(new byte[1]);
			}

		});
		byte[] entry = Codecs.entry(EntryHeader.NO_FLAGS, new JdkSerializationRedisSerializer().serialize("x"));

		assertThatExceptionOfType(CorruptEntryException.class).isThrownBy(() -> Codecs.decode(codec, entry));
		assertThat(read[0]).isFalse();
	}

	@Test
	void failingSerializerIsAMissAndNotAnError() {
		ValueCodec codec = codec(new RedisSerializer<>() {

			@Override
			public byte[] serialize(@Nullable Object value) {
				throw new StackOverflowError("secret");
			}

			@Override
			public Object deserialize(byte @Nullable [] bytes) {
				throw new StackOverflowError("secret");
			}

		});
		byte[] entry = Codecs.entry(EntryHeader.NO_FLAGS, new byte[] { 1 });

		NotCacheableException refusal = notCacheable(codec, "text");
		assertThat(refusal.reason()).isEqualTo(Reason.UNSERIALIZABLE);
		assertThat(refusal).hasMessageContaining("StackOverflowError").hasMessageNotContaining("secret");
		assertThatExceptionOfType(CorruptEntryException.class).isThrownBy(() -> Codecs.decode(codec, entry))
			.withMessageNotContaining("secret");
	}

	@Test
	void valueThatTheSerializerDoesNotKnowIsNotCached() {
		assertThat(notCacheable(codec(RedisSerializer.string()), 5L).reason()).isEqualTo(Reason.UNSERIALIZABLE);
	}

	@Test
	void payloadThatReadsAsNothingIsCorrupt() {
		byte[] entry = Codecs.entry(EntryHeader.NO_FLAGS, new byte[0]);

		assertThatExceptionOfType(CorruptEntryException.class)
			.isThrownBy(() -> Codecs.decode(codec(GenericJacksonJsonRedisSerializer.builder().build()), entry));
	}

	@Test
	void markTellsSerializersApartAndIsStable() {
		assertThat(codec(RedisSerializer.string()).schemaMark()).isEqualTo("eebe0564");
		assertThat(codec(new JacksonJsonRedisSerializer<>(Agent.class)).schemaMark()).isEqualTo("2ac0b980");
		assertThat(codec(SerializationPair.byteBuffer()).schemaMark())
			.isNotEqualTo(codec(RedisSerializer.string()).schemaMark());
	}

	@Test
	void theBeginningOfJavaSerializationAloneIsData() throws Exception {
		ValueCodec codec = codec(RedisSerializer.byteArray());
		byte[] beginning = { (byte) 0xAC, (byte) 0xED, 0 };

		assertThat((byte[]) Codecs.roundTrip(codec, beginning)).containsExactly(beginning);
		assertThat(notCacheable(codec, new byte[] { (byte) 0xAC, (byte) 0xED, 0, 5 }))
			.hasMessageContaining("Java serialization");
	}

	@Test
	void aPayloadOfExactlyTheLimitIsStored() throws Exception {
		ValueCodec codec = Codecs.fresh()
			.forSerializer(SerializationPair.fromSerializer(RedisSerializer.string()),
					CacheSettings.defaults()
						.withMaxValueSize(DataSize.ofKilobytes(1))
						.withCompressAbove(DataSize.ofBytes(0)));

		assertThat(codec.encode("a".repeat(1024)).plainSize()).isEqualTo(1024);
	}

	@Test
	void twoValuesAreTheSameIfAllOfThemIs() {
		ValueCodec codec = codec(new JacksonJsonRedisSerializer<>(Agent.class));

		assertThat(codec.isSame(new Agent("1"), new Agent("1"))).isTrue();
		assertThat(codec.isSame(new Agent("1"), new Agent("2"))).isFalse();
		assertThat(codec.isSame(null, null)).isTrue();
		assertThat(codec.isSame(null, new Agent("1"))).isFalse();
		assertThat(codec.isSame(new Agent("1"), null)).isFalse();
		assertThat(codec).hasToString(JacksonJsonRedisSerializer.class.getName());
	}

	private static void assertRefused(SerializationPair<?> pair) {
		assertThatIllegalArgumentException().isThrownBy(() -> codec(pair))
			.withMessageContaining("Java serialization")
			.withMessageContaining("GenericJacksonJsonRedisSerializer");
	}

	private static ValueCodec codec(RedisSerializer<?> serializer) {
		return codec(SerializationPair.fromSerializer(serializer));
	}

	private static ValueCodec codec(SerializationPair<?> pair) {
		return Codecs.fresh().forSerializer(pair, CacheSettings.defaults());
	}

	private static NotCacheableException notCacheable(ValueCodec codec, Object value) {
		NotCacheableException refusal = catchThrowableOfType(NotCacheableException.class, () -> codec.encode(value));
		assertThat(refusal).isNotNull();
		return refusal;
	}

	record Account(String name, @JsonIgnore @Nullable String secret) {

	}

	record Agent(String id) {

	}

	/** A pair of the application's own, which no look inside gives away. */
	static final class JavaInDisguise implements SerializationPair<Object> {

		@Override
		public RedisElementReader<Object> getReader() {
			return (buffer) -> new String(buffer.array(), StandardCharsets.UTF_8);
		}

		@Override
		public RedisElementWriter<Object> getWriter() {
			return (value) -> ByteBuffer.wrap(new JdkSerializationRedisSerializer().serialize(value));
		}

	}

}
