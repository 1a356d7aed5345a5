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

package dev.cachestarter.autoconfigure;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

import org.jspecify.annotations.Nullable;

import org.springframework.data.redis.cache.RedisCacheConfiguration;
import org.springframework.data.redis.cache.RedisCacheWriter.TtlFunction;
import org.springframework.data.redis.serializer.RedisSerializationContext.SerializationPair;

/**
 * What a {@link RedisCacheConfiguration} of the application says, as opposed to what
 * {@link RedisCacheConfiguration#defaultCacheConfig()} has put there: no expiry, cached
 * nulls, the JDK serializer. Such a default is nobody's wish, so it does not hide what
 * the settings say.
 *
 * @param ttl the time to live, {@code null} if not stated or a function
 * @param ttlFunction the function of key and value, {@code null} if there is none
 * @param withoutNulls whether it disables caching nulls
 * @param keyPrefix what stands before the cache's name, empty if not stated
 * @param valueSerializer the serializer, {@code null} if not stated
 */
record StatedConfiguration(@Nullable Duration ttl, @Nullable TtlFunction ttlFunction, boolean withoutNulls,
		String keyPrefix, @Nullable SerializationPair<?> valueSerializer) {

	private static final Class<?> FIXED_TTL = TtlFunction.persistent().getClass();

	private static final int JAVA_STREAM_MAGIC = 0xACED0005;

	/**
	 * Read a configuration.
	 * @param configuration the configuration
	 * @param owner whose it is, for messages
	 * @return what it says
	 * @throws CacheConfigurationException if it says what cannot be kept
	 */
	static StatedConfiguration of(RedisCacheConfiguration configuration, String owner) {
		if (configuration.isTimeToIdleEnabled()) {
			throw new CacheConfigurationException(owner + " enables time-to-idle, which this cache does not have",
					"Remove 'enableTimeToIdle()'; a TTL says how long an entry lives, however often it is read.");
		}
		if (!configuration.usePrefix()) {
			throw new CacheConfigurationException(
					owner + " disables the key prefix, without which caches could not be told apart",
					"Remove 'disableKeyPrefix()'.");
		}
		if (!writesPlainText(configuration.getKeySerializationPair())) {
			throw new CacheConfigurationException(
					owner + " has a key serializer that does not write keys as they are, in UTF-8",
					"Remove 'serializeKeysWith(..)'; to have something before each key, set '"
							+ CacheStarterProperties.PREFIX + ".key-prefix'.");
		}
		TtlFunction function = configuration.getTtlFunction();
		boolean fixed = FIXED_TTL.isInstance(function);
		SerializationPair<Object> serializer = configuration.getValueSerializationPair();
		return new StatedConfiguration(fixed ? positive(function.getTimeToLive("", null)) : null,
				fixed ? null : function, !configuration.getAllowCacheNullValues(), keyPrefix(configuration, owner),
				isJdkSerializer(serializer) ? null : serializer);
	}

	private static @Nullable Duration positive(Duration ttl) {
		return (ttl.toMillis() > 0) ? ttl : null;
	}

	/**
	 * A prefix is a function of the cache's name. The one that can be kept puts a fixed
	 * text before the name; whether one or two colons follow is the engine's to say.
	 */
	private static String keyPrefix(RedisCacheConfiguration configuration, String owner) {
		String prefix = fixedPrefix(configuration, "a");
		if (prefix == null || !prefix.equals(fixedPrefix(configuration, "b:c"))) {
			throw new CacheConfigurationException(
					owner + " computes key prefixes in its own way, but keys of this cache are always "
							+ "<key prefix><cache name>:<key>",
					"Remove 'computePrefixWith(..)' and set '" + CacheStarterProperties.PREFIX
							+ ".key-prefix', or use 'prefixCacheNameWith(..)'.");
		}
		return prefix;
	}

	private static @Nullable String fixedPrefix(RedisCacheConfiguration configuration, String cacheName) {
		String computed = configuration.getKeyPrefixFor(cacheName);
		for (String suffix : new String[] { cacheName + "::", cacheName + ":" }) {
			if (computed.endsWith(suffix)) {
				return computed.substring(0, computed.length() - suffix.length());
			}
		}
		return null;
	}

	private static boolean writesPlainText(SerializationPair<String> serializer) {
		String probe = "pröbe:1";
		return serializer.write(probe).equals(ByteBuffer.wrap(probe.getBytes(StandardCharsets.UTF_8)));
	}

	/**
	 * A serialization pair does not tell its serializer, but what it writes does.
	 */
	private static boolean isJdkSerializer(SerializationPair<Object> serializer) {
		try {
			ByteBuffer written = serializer.write("probe");
			return written.remaining() >= Integer.BYTES && written.getInt(written.position()) == JAVA_STREAM_MAGIC;
		}
		catch (RuntimeException ex) {
			// Made for another type than text, so not the JDK's.
			return false;
		}
	}

}
