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

package dev.cachestarter.testing;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Free ports on loopback. They lie below the range from which systems take the local ends
 * of outgoing connections: else a server that is down for a moment could lose its port to
 * a client, and a client that tries to reconnect could connect to itself.
 */
final class Ports {

	private static final int FIRST = 11_000;

	private static final int COUNT = 10_000;

	/** A node of a Redis cluster also listens this far above its port. */
	private static final int CLUSTER_BUS_OFFSET = 10_000;

	private Ports() {
	}

	/**
	 * Return a port that was free a moment ago, as was the port for its cluster bus.
	 * @return the port
	 */
	static int free() {
		for (int attempt = 0; attempt < 1000; attempt++) {
			int port = FIRST + ThreadLocalRandom.current().nextInt(COUNT);
			if (isFree(port) && isFree(port + CLUSTER_BUS_OFFSET)) {
				return port;
			}
		}
		throw new IllegalStateException(
				"No free port among " + FIRST + " to " + (FIRST + COUNT - 1) + " on the loopback interface");
	}

	private static boolean isFree(int port) {
		try (ServerSocket socket = new ServerSocket()) {
			socket.setReuseAddress(true);
			socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
			return true;
		}
		catch (IOException ex) {
			return false;
		}
	}

}
