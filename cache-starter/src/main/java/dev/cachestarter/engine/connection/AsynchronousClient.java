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

package dev.cachestarter.engine.connection;

import java.lang.reflect.Field;
import java.lang.reflect.InaccessibleObjectException;
import java.time.Duration;

import io.lettuce.core.RedisChannelWriter;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.StatefulRedisConnectionImpl;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.codec.RedisCodec;
import io.lettuce.core.protocol.PushHandler;
import io.lettuce.core.resource.ClientResources;
import org.jspecify.annotations.Nullable;

import org.springframework.util.ReflectionUtils;

/**
 * A client of the driver whose connections have no synchronous commands, which the cache
 * does not use. With the first connection the driver looks for the asynchronous method
 * behind each of some nine hundred synchronous ones, and that takes longer than all else
 * that it does to connect.
 */
final class AsynchronousClient extends RedisClient {

	private static final @Nullable Field URI = readable(RedisClient.class, "redisURI");

	private AsynchronousClient(ClientResources resources, RedisURI uri) {
		super(resources, uri);
	}

	/**
	 * Return a private field of a library's that can be read.
	 * @return {@code null} if there is none any more, or its module does not open it: the
	 * class whose constant it is must load all the same
	 */
	static @Nullable Field readable(Class<?> type, String name) {
		try {
			Field field = ReflectionUtils.findField(type, name);
			if (field != null) {
				ReflectionUtils.makeAccessible(field);
			}
			return field;
		}
		catch (InaccessibleObjectException | SecurityException ex) {
			return null;
		}
	}

	/**
	 * Return a client of the same server with the same options.
	 * @param client a client that has not connected
	 * @return the client itself where the driver no longer says which server it is for
	 */
	static RedisClient of(RedisClient client) {
		RedisURI uri = (URI != null) ? (RedisURI) ReflectionUtils.getField(URI, client) : null;
		if (uri == null) {
			return client;
		}
		AsynchronousClient asynchronous = new AsynchronousClient(client.getResources(), uri);
		asynchronous.setOptions(client.getOptions());
		return asynchronous;
	}

	@Override
	protected <K, V> StatefulRedisConnectionImpl<K, V> newStatefulRedisConnection(RedisChannelWriter writer,
			PushHandler pushHandler, RedisCodec<K, V> codec, Duration timeout) {
		return new Connection<>(writer, pushHandler, codec, timeout);
	}

	/** A connection without synchronous commands. */
	private static final class Connection<K, V> extends StatefulRedisConnectionImpl<K, V> {

		Connection(RedisChannelWriter writer, PushHandler pushHandler, RedisCodec<K, V> codec, Duration timeout) {
			super(writer, pushHandler, codec, timeout);
		}

		@Override
		protected @Nullable RedisCommands<K, V> newRedisSyncCommandsImpl() {
			return null;
		}

	}

}
