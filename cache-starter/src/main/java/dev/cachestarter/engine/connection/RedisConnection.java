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

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

import org.jspecify.annotations.Nullable;

/**
 * A connection to one server, or to all masters of a cluster.
 * <p>
 * It is never repaired. When it is lost, in whole or in part, it says so once and stays
 * lost: whoever wants another has one made, and greets it.
 */
public interface RedisConnection {

	/**
	 * Return what sends commands.
	 */
	RedisCommands commands();

	/**
	 * Return each master, for commands that every master must answer.
	 */
	CompletableFuture<List<RedisCommands.Server>> masters();

	/**
	 * Return how many servers were greeted.
	 */
	int servers();

	/**
	 * Return whether what one server answers says something of all that there is. Of a
	 * cluster, the others may be well.
	 */
	boolean isOneServer();

	/**
	 * Return what is equal for two keys that one server has.
	 */
	Object serverOf(byte[] key);

	/**
	 * Return whether every key is with a server that was greeted, as far as is known.
	 */
	boolean reaches(byte[]... keys);

	/**
	 * Return whether every master was greeted.
	 */
	boolean isWhole();

	/**
	 * Ask the servers whether they can be used, and who they are. Blocks. The first time
	 * every master is connected to; nothing but this may be asked before.
	 * @return what they answered
	 * @throws Exception if they cannot be used, or do not answer in time
	 */
	Greeting greet() throws Exception;

	/**
	 * Have someone told, once, that the connection is lost. Before that,
	 * {@link #isOpen()} answers {@code false}, so who registers late may ask.
	 * @param told is given the reason; called on any thread, must not block
	 */
	void onLost(Consumer<String> told);

	/**
	 * Return whether it is not lost.
	 */
	boolean isOpen();

	/**
	 * Return the signs of life of the server that has all of these keys. If they are with
	 * several, nothing is known of them.
	 */
	Pulse pulse(byte[]... keys);

	/**
	 * Return for how long, altogether, answers may have lain there unread because this
	 * JVM was late, in nanoseconds. The difference of two such numbers is nothing that
	 * the server can be blamed for.
	 */
	long lag();

	/**
	 * Close it. What is under way fails.
	 */
	void close();

	/**
	 * What the servers answered to a greeting.
	 *
	 * @param identity who they are
	 * @param clockOffset the server's time minus that of the link's clock, in
	 * milliseconds, {@code null} if it may not be asked for
	 * @param took how long the answer to a ping took, in nanoseconds
	 * @param refused what they refused to answer that is merely good to know
	 */
	record Greeting(Identity identity, @Nullable Long clockOffset, long took, List<Throwable> refused) {

	}

}
