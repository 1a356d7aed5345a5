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

package dev.cachestarter.test;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Finds ports of loopback that nobody uses, below the range from which systems take the
 * local ends of connections: else who listens there could lose the port while it is down,
 * and a client that connects to it meanwhile could reach itself.
 */
final class FreePort {

	private static final int FIRST = 11_000;

	private static final int COUNT = 20_000;

	private FreePort() {
	}

	/**
	 * Return a port that was free a moment ago.
	 */
	static int find() {
		for (int attempt = 0; attempt < 1000; attempt++) {
			int port = FIRST + ThreadLocalRandom.current().nextInt(COUNT);
			try (ServerSocket socket = listen(port)) {
				return socket.getLocalPort();
			}
			catch (IOException ex) {
				// It is taken: the next.
			}
		}
		throw new IllegalStateException(
				"No port from " + FIRST + " to " + (FIRST + COUNT - 1) + " is free on the loopback interface");
	}

	/**
	 * Listen on a port of loopback.
	 */
	@SuppressWarnings("resource")
	static ServerSocket listen(int port) throws IOException {
		ServerSocket socket = new ServerSocket();
		try {
			socket.setReuseAddress(true);
			socket.bind(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), port), 1024);
			return socket;
		}
		catch (IOException ex) {
			socket.close();
			throw ex;
		}
	}

}
