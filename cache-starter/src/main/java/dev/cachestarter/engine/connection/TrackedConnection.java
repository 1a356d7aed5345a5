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

import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

import org.jspecify.annotations.Nullable;

/**
 * Connections, one to each master, on which Redis can be told to say what changes of what
 * was read over them.
 * <p>
 * They are never repaired. When one of them is lost, the listener is told, and all of
 * them are of no use any more: whoever wants others has them opened.
 */
public interface TrackedConnection {

	/**
	 * Return the masters, as they were known when this was opened.
	 */
	List<Master> masters();

	/**
	 * Return whether they are the masters of a cluster.
	 */
	boolean isCluster();

	/**
	 * Read keys, each over the connection to its master.
	 * @return a value or {@code null} for each, in order; what is not a string is absent.
	 * Fails if a master no longer has a key, and if a connection is lost
	 */
	CompletableFuture<List<byte @Nullable []>> read(List<byte[]> keys);

	/**
	 * Read the beginning of what stands under a key, over the connection to its master.
	 * @return no more than so many bytes, none if nothing is there. Fails as
	 * {@link #read} does, and if what stands there is not a string
	 */
	CompletableFuture<byte[]> readStart(byte[] key, int length);

	/**
	 * Close them. What is under way fails.
	 */
	void close();

	/**
	 * One master. What it is sent it answers in that order, on one event loop, and what
	 * it tells meanwhile the listener is told in between.
	 */
	interface Master {

		/**
		 * What it is called: its host and port in a cluster, nothing if it is the only
		 * one.
		 */
		String name();

		/**
		 * Return whether it has a key, as it was known when this was opened.
		 */
		boolean owns(byte[] key);

		/**
		 * Ask who it is, and which of its clients this is.
		 */
		CompletionStage<Hello> hello();

		/**
		 * Have it tell from now on what changes of what is read.
		 * @return whether it says that it does
		 */
		CompletionStage<Boolean> track();

		/**
		 * Read keys that it owns, of one slot.
		 */
		CompletionStage<List<byte @Nullable []>> read(byte[]... keys);

		/**
		 * Ask for its part in its cluster.
		 */
		CompletionStage<Topology> topology();

		/**
		 * Ask which slots each master of its cluster has, as it knows. The answer grows
		 * with the cluster.
		 * @return the slots by the names of those that have them
		 */
		CompletionStage<Map<String, BitSet>> slots();

	}

	/**
	 * Is told what happens, on the event loop of that connection.
	 */
	interface Listener {

		/**
		 * These keys have changed.
		 */
		void changed(Master master, List<byte[]> keys);

		/**
		 * Any key of this master may have changed.
		 */
		void allChanged(Master master);

		/**
		 * It told what cannot be understood, or what was told could not be taken in.
		 */
		void failed(Master master, String why);

		/**
		 * The connection is lost.
		 */
		void lost(Master master);

	}

	/**
	 * What a master says of its cluster.
	 *
	 * @param isWell whether the cluster can be used
	 * @param epoch changes with each fail-over, and with most other changes. A slot may
	 * go to a master that has the greatest epoch already, and then the epoch stays
	 */
	record Topology(boolean isWell, String epoch) {

	}

	/**
	 * What a server says of itself and of a connection.
	 *
	 * @param version its version, such as {@code 7.0.15}
	 * @param protocol the version of the protocol that is spoken on the connection
	 * @param id the number of the connection
	 * @param role whether it is a master
	 */
	record Hello(String version, long protocol, long id, String role) {

		public boolean isMaster() {
			return this.role.equals("master");
		}

	}

}
