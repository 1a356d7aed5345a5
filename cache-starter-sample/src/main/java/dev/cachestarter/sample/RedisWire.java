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

package dev.cachestarter.sample;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/**
 * A connection to a redis-server for a few simple commands, with a timeout of its own and
 * without threads.
 */
final class RedisWire implements Closeable {

	private static final int TIMEOUT_MILLIS = 2000;

	private final Socket socket;

	private final InputStream answers;

	RedisWire(String host, int port, String password) throws IOException {
		this.socket = new Socket();
		try {
			this.socket.setTcpNoDelay(true);
			this.socket.setSoTimeout(TIMEOUT_MILLIS);
			this.socket.connect(new InetSocketAddress(host, port), TIMEOUT_MILLIS);
			this.answers = new BufferedInputStream(this.socket.getInputStream());
			call("AUTH", password);
		}
		catch (IOException ex) {
			this.socket.close();
			throw ex;
		}
	}

	/**
	 * Send a command that answers with one line.
	 * @param command the command and its arguments
	 * @return the line
	 * @throws IOException if there is no answer, or it is an error
	 */
	String call(String... command) throws IOException {
		ByteArrayOutputStream request = new ByteArrayOutputStream();
		request.writeBytes(bytes("*" + command.length + "\r\n"));
		for (String part : command) {
			byte[] content = bytes(part);
			request.writeBytes(bytes("$" + content.length + "\r\n"));
			request.writeBytes(content);
			request.writeBytes(bytes("\r\n"));
		}
		this.socket.getOutputStream().write(request.toByteArray());
		String line = readLine();
		if (line.startsWith("-")) {
			throw new IOException("redis-server refused " + command[0] + ": " + line.substring(1));
		}
		return line.substring(1);
	}

	private String readLine() throws IOException {
		ByteArrayOutputStream line = new ByteArrayOutputStream();
		for (int next = this.answers.read(); next != '\n'; next = this.answers.read()) {
			if (next < 0) {
				throw new EOFException("redis-server closed the connection");
			}
			if (next != '\r') {
				line.write(next);
			}
		}
		return line.toString(StandardCharsets.UTF_8);
	}

	private static byte[] bytes(String text) {
		return text.getBytes(StandardCharsets.UTF_8);
	}

	@Override
	public void close() throws IOException {
		this.socket.close();
	}

}
