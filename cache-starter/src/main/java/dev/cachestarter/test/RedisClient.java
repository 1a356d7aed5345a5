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

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Sends the few commands that the kit itself has for a server.
 */
final class RedisClient implements AutoCloseable {

	private static final Duration PATIENCE = Duration.ofSeconds(20);

	private final Socket socket;

	private final InputStream in;

	private RedisClient(Socket socket) throws IOException {
		this.socket = socket;
		this.in = new BufferedInputStream(socket.getInputStream());
	}

	/**
	 * Connect to a server.
	 * @throws UncheckedIOException if nobody listens there
	 */
	@SuppressWarnings("resource")
	static RedisClient connect(String host, int port) {
		Socket socket = new Socket();
		try {
			socket.setSoTimeout((int) PATIENCE.toMillis());
			socket.connect(new InetSocketAddress(host, port), (int) PATIENCE.toMillis());
			return new RedisClient(socket);
		}
		catch (IOException ex) {
			FaultyProxy.closeQuietly(socket);
			throw new UncheckedIOException("The Redis of the tests does not answer at " + host + ":" + port, ex);
		}
	}

	/**
	 * Send a command and wait for its reply.
	 * @return the texts of the reply
	 * @throws IllegalStateException if it is an error
	 */
	List<String> call(String... command) {
		ByteArrayOutputStream out = new ByteArrayOutputStream();
		out.writeBytes(("*" + command.length + "\r\n").getBytes(StandardCharsets.US_ASCII));
		for (String part : command) {
			byte[] bytes = part.getBytes(StandardCharsets.UTF_8);
			out.writeBytes(("$" + bytes.length + "\r\n").getBytes(StandardCharsets.US_ASCII));
			out.writeBytes(bytes);
			out.writeBytes(new byte[] { '\r', '\n' });
		}
		try {
			this.socket.getOutputStream().write(out.toByteArray());
			List<String> reply = new ArrayList<>();
			read(reply);
			return reply;
		}
		catch (IOException ex) {
			throw new UncheckedIOException("The Redis of the tests does not answer", ex);
		}
	}

	private void read(List<String> reply) throws IOException {
		String line = readLine();
		String rest = line.substring(1);
		switch (line.charAt(0)) {
			case '-' -> throw new IllegalStateException("The Redis of the tests answers: " + rest);
			case '$' -> {
				byte[] bytes = this.in.readNBytes(Integer.parseInt(rest));
				readLine();
				reply.add(new String(bytes, StandardCharsets.UTF_8));
			}
			case '*' -> {
				for (int i = Integer.parseInt(rest); i > 0; i--) {
					read(reply);
				}
			}
			default -> reply.add(rest);
		}
	}

	private String readLine() throws IOException {
		StringBuilder line = new StringBuilder();
		for (int next = this.in.read(); next != '\n'; next = this.in.read()) {
			if (next < 0) {
				throw new EOFException("the connection is closed");
			}
			line.append((char) next);
		}
		line.setLength(line.length() - 1);
		return line.toString();
	}

	@Override
	public void close() {
		FaultyProxy.closeQuietly(this.socket);
	}

}
