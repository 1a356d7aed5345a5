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

package dev.cachestarter.engine.redis;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;

import org.jspecify.annotations.Nullable;

import dev.cachestarter.engine.connection.Pulse;
import dev.cachestarter.engine.connection.RedisConnection;
import dev.cachestarter.engine.connection.Script;

/**
 * A command on its way: what sends it, how large it is, and since when it is under way.
 *
 * @param <T> the type of its result
 */
final class Parcel<T extends @Nullable Object> {

	private static final byte[][] NO_KEYS = {};

	private final Function<RedisConnection, ? extends CompletionStage<T>> command;

	private final Kind kind;

	private final long session;

	private final long bytes;

	private final Pulse pulse;

	private final @Nullable Account account;

	private Object what = "";

	private byte[][] keys = NO_KEYS;

	private final CompletableFuture<T> result = new CompletableFuture<>();

	/** When it was given to the outbox. */
	private volatile long handedInAt;

	/** Since when the driver has it, and how late this JVM had been altogether then. */
	private long sentAt;

	private long lagBefore;

	/** Whether the driver has it. Guards the two above. */
	private volatile boolean sent;

	/** Its neighbours under way. Of the outbox, under its lock. */
	@Nullable Parcel<?> before;

	@Nullable Parcel<?> after;

	/**
	 * Create a parcel.
	 * @param kind whether it goes before others
	 * @param session the session of the link in which it is sent
	 * @param command sends it
	 * @param bytes how large it is
	 * @param pulse signs of life of the server that is to answer it
	 * @param account is told how it ends, {@code null} if nobody wants to know
	 */
	Parcel(Kind kind, long session, Function<RedisConnection, ? extends CompletionStage<T>> command, long bytes,
			Pulse pulse, @Nullable Account account) {
		this.kind = kind;
		this.session = session;
		this.command = command;
		this.bytes = bytes;
		this.pulse = pulse;
		this.account = account;
	}

	/**
	 * Note what it is about, by which a refusal can be explained, and known to be over.
	 * Before it is sent.
	 * @param what the name of the command, or the {@link Script} that it runs
	 * @param keys the keys
	 * @return this
	 */
	Parcel<T> about(Object what, byte[]... keys) {
		this.what = what;
		this.keys = keys;
		return this;
	}

	boolean isEviction() {
		return this.kind == Kind.EVICTION;
	}

	/** Return whether its answer is no reason to leave. */
	boolean isAside() {
		return this.kind == Kind.ASIDE;
	}

	long session() {
		return this.session;
	}

	long bytes() {
		return this.bytes;
	}

	Pulse pulse() {
		return this.pulse;
	}

	/**
	 * Return the name of the command, or the script that it runs.
	 */
	Object what() {
		return this.what;
	}

	@Nullable Script script() {
		return (this.what instanceof Script script) ? script : null;
	}

	byte[][] keys() {
		return this.keys;
	}

	CompletableFuture<T> result() {
		return this.result;
	}

	void complete(T value) {
		Account account = this.account;
		if (account != null) {
			account.close(null);
			account.resume(() -> this.result.complete(value));
		}
		else {
			this.result.complete(value);
		}
	}

	void fail(Throwable ex) {
		Account account = this.account;
		if (account != null) {
			account.close(ex);
			account.resume(() -> this.result.completeExceptionally(ex));
		}
		else {
			this.result.completeExceptionally(ex);
		}
	}

	void handedIn(long now) {
		this.handedInAt = now;
	}

	/**
	 * Return whether nobody waits for it any more.
	 */
	boolean isExpired(long now, long patience) {
		return this.result.isDone() || now - this.handedInAt > patience;
	}

	/**
	 * Note that the driver has it. The time before that was spent here: a virtual thread
	 * that has to wait for the driver's lock then waits behind all others that are to
	 * run.
	 */
	void sent(long now, long lag) {
		this.sentAt = now;
		this.lagBefore = lag;
		this.sent = true;
	}

	boolean isSent() {
		return this.sent;
	}

	CompletionStage<T> send(RedisConnection connection) {
		try {
			return this.command.apply(connection);
		}
		catch (Throwable ex) {
			return CompletableFuture.failedFuture(ex);
		}
	}

	/**
	 * Return how long it has been under way, without the time for which its answer may
	 * have lain there unread.
	 */
	long age(long now, long lag) {
		return this.sent ? Math.max(0, now - this.sentAt - (lag - this.lagBefore)) : 0;
	}

	/**
	 * Return for how long its server has given no sign of life since it was sent, without
	 * the time in which none would have been seen.
	 */
	long quiet(long now, long lag) {
		return this.sent ? Math.max(0, this.pulse.quiet(this.sentAt, now) - (lag - this.lagBefore)) : 0;
	}

	/**
	 * What a command is for.
	 */
	enum Kind {

		/** Sent also while the link recovers, and before everything else. */
		EVICTION,

		OTHER,

		/** Asked for by people: what comes of it says nothing to callers. */
		ASIDE

	}

}
