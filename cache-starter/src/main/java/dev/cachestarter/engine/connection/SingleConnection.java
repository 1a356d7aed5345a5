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

import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;

import io.lettuce.core.RedisChannelHandler;
import io.lettuce.core.RedisConnectionStateListener;
import io.lettuce.core.api.StatefulRedisConnection;
import org.jspecify.annotations.Nullable;

/**
 * A connection to one server: a master of its own, or the one that Sentinel names.
 */
final class SingleConnection extends LettuceConnection {

	private static final Object SERVER = "";

	private final StatefulRedisConnection<byte[], byte[]> connection;

	private final Pulse pulse = new Pulse();

	private @Nullable String runId;

	private boolean met;

	SingleConnection(StatefulRedisConnection<byte[], byte[]> connection, RedisConnector.Patience patience,
			EventLoopLag lags) {
		super(connection, connection.async(), new SingleCommands(connection), patience, lags);
		this.connection = connection;
		connection.addListener(new RedisConnectionStateListener() {

			@Override
			public void onRedisDisconnected(RedisChannelHandler<?, ?> handler) {
				lost("connection lost");
			}

		});
	}

	@Override
	void pinged() {
		measureBy(lags().ofThisThread());
	}

	@Override
	Identity meet(long since) throws Exception {
		if (!this.met) {
			this.runId = runId(this.connection.async());
			this.met = true;
		}
		Replication replication = replication(this.connection.async());
		String role = (replication.role() != null) ? replication.role() : role();
		if (role != null && !role.equals("master")) {
			throw new IllegalStateException("the server is a replica");
		}
		return Identity.of(Collections.singletonList(replication.of(this.runId)), since);
	}

	private @Nullable String role() throws Exception {
		List<Object> role = ifAllowed(this.connection.async().role());
		return (role != null) ? new String((byte[]) role.get(0), StandardCharsets.US_ASCII) : null;
	}

	@Override
	public CompletableFuture<List<RedisCommands.Server>> masters() {
		return CompletableFuture
			.completedFuture(List.of(new LettuceCommands.Server(this.connection.async(), this.pulse)));
	}

	@Override
	public int servers() {
		return 1;
	}

	@Override
	public boolean isOneServer() {
		return true;
	}

	@Override
	public Object serverOf(byte[] key) {
		return SERVER;
	}

	@Override
	public boolean reaches(byte[]... keys) {
		return true;
	}

	@Override
	public boolean isWhole() {
		return true;
	}

	@Override
	public boolean isOpen() {
		return !isLost() && this.connection.isOpen();
	}

	@Override
	public Pulse pulse(byte[]... keys) {
		return this.pulse;
	}

}
