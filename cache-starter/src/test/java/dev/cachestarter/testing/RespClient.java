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

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import org.jspecify.annotations.Nullable;

/**
 * A connection to Redis over a plain socket. It shares no code with what is tested, so
 * that a test looks at Redis from outside. Replies become {@code String}, {@code Long},
 * {@code Double}, {@code Boolean}, {@code List}, {@code Map} or {@code null}. Not
 * thread-safe.
 */
public final class RespClient implements AutoCloseable {

	private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(2);

	private final Socket socket;

	private final DataInputStream in;

	private RespClient(Socket socket) throws IOException {
		this.socket = socket;
		this.in = new DataInputStream(new BufferedInputStream(socket.getInputStream()));
	}

	/**
	 * Connect to a server.
	 * @param host the host
	 * @param port the port
	 * @param replyTimeout how long a reply may take
	 * @return the open connection
	 * @throws UncheckedIOException if nobody listens there
	 */
	@SuppressWarnings("resource")
	public static RespClient connect(String host, int port, Duration replyTimeout) {
		Socket socket = new Socket();
		try {
			socket.connect(new InetSocketAddress(host, port), (int) CONNECT_TIMEOUT.toMillis());
			socket.setTcpNoDelay(true);
			socket.setSoTimeout((int) replyTimeout.toMillis());
			return new RespClient(socket);
		}
		catch (IOException ex) {
			try {
				socket.close();
			}
			catch (IOException suppressed) {
				ex.addSuppressed(suppressed);
			}
			throw new UncheckedIOException("No connection to " + host + ":" + port, ex);
		}
	}

	/**
	 * Change how long replies may take from now on.
	 * @param replyTimeout how long
	 */
	public void replyTimeout(Duration replyTimeout) {
		try {
			this.socket.setSoTimeout((int) replyTimeout.toMillis());
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/**
	 * Send a command and wait for its reply.
	 * @param command the command and its arguments
	 * @return the reply, its strings read as UTF-8
	 * @throws ErrorReply if Redis answers with an error
	 * @throws UncheckedIOException if there is no answer
	 */
	public @Nullable Object call(String... command) {
		send(command);
		return receive();
	}

	/**
	 * Send a command and wait for its reply, which must be one string.
	 * @param command the command and its arguments
	 * @return the bytes of the reply, {@code null} for a missing key
	 */
	public byte @Nullable [] callForBytes(byte[]... command) {
		sendBytes(command);
		return (byte[]) raised(read());
	}

	/**
	 * Send a command and do not wait for its reply.
	 * @param command the command and its arguments
	 */
	public void send(String... command) {
		sendBytes(Arrays.stream(command).map((part) -> part.getBytes(StandardCharsets.UTF_8)).toArray(byte[][]::new));
	}

	private void sendBytes(byte[]... command) {
		ByteArrayOutputStream out = new ByteArrayOutputStream();
		out.writeBytes(ascii("*" + command.length + "\r\n"));
		for (byte[] part : command) {
			out.writeBytes(ascii("$" + part.length + "\r\n"));
			out.writeBytes(part);
			out.writeBytes(ascii("\r\n"));
		}
		try {
			this.socket.getOutputStream().write(out.toByteArray());
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/**
	 * Wait for the next reply or push message.
	 * @return the reply, its strings read as UTF-8
	 * @throws ErrorReply if it is an error
	 * @throws UncheckedIOException if none comes
	 */
	public @Nullable Object receive() {
		return text(raised(read()));
	}

	private @Nullable Object raised(@Nullable Object reply) {
		if (reply instanceof ErrorReply error) {
			throw error;
		}
		return reply;
	}

	private @Nullable Object read() {
		try {
			return readReply();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	private @Nullable Object readReply() throws IOException {
		String line = readLine();
		String rest = line.substring(1);
		return switch (line.charAt(0)) {
			case '+' -> rest;
			case '-' -> new ErrorReply(rest);
			case ':' -> Long.valueOf(rest);
			case '$', '=' -> readBytes(Integer.parseInt(rest));
			case '*', '~', '>' -> readList(Integer.parseInt(rest));
			case '%' -> readMap(Integer.parseInt(rest));
			case '_' -> null;
			case ',' -> Double.valueOf(rest);
			case '#' -> rest.equals("t");
			case '(' -> rest;
			default -> throw new IOException("Not a reply of Redis: " + line);
		};
	}

	private byte @Nullable [] readBytes(int length) throws IOException {
		if (length < 0) {
			return null;
		}
		byte[] bytes = new byte[length];
		this.in.readFully(bytes);
		readLine();
		return bytes;
	}

	private @Nullable List<@Nullable Object> readList(int size) throws IOException {
		if (size < 0) {
			return null;
		}
		List<@Nullable Object> list = new ArrayList<>(size);
		for (int i = 0; i < size; i++) {
			list.add(readReply());
		}
		return list;
	}

	private Map<@Nullable Object, @Nullable Object> readMap(int size) throws IOException {
		Map<@Nullable Object, @Nullable Object> map = new LinkedHashMap<>();
		for (int i = 0; i < size; i++) {
			map.put(readReply(), readReply());
		}
		return map;
	}

	private String readLine() throws IOException {
		ByteArrayOutputStream line = new ByteArrayOutputStream();
		InputStream in = this.in;
		for (int b = in.read(); b != '\r'; b = in.read()) {
			if (b < 0) {
				throw new EOFException("Redis closed the connection");
			}
			line.write(b);
		}
		if (in.read() != '\n') {
			throw new IOException("A line of Redis did not end with CRLF");
		}
		return line.toString(StandardCharsets.UTF_8);
	}

	private static @Nullable Object text(@Nullable Object reply) {
		if (reply instanceof byte[] bytes) {
			return new String(bytes, StandardCharsets.UTF_8);
		}
		if (reply instanceof List<?> list) {
			List<@Nullable Object> texts = new ArrayList<>(list.size());
			list.forEach((element) -> texts.add(text(element)));
			return texts;
		}
		if (reply instanceof Map<?, ?> map) {
			Map<@Nullable Object, @Nullable Object> texts = new LinkedHashMap<>();
			map.forEach((key, value) -> texts.put(text(key), text(value)));
			return texts;
		}
		return reply;
	}

	private static byte[] ascii(String text) {
		return text.getBytes(StandardCharsets.US_ASCII);
	}

	@Override
	public void close() {
		try {
			this.socket.close();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/**
	 * An error that Redis answered with; the message is its text, the prefix included.
	 */
	public static final class ErrorReply extends RuntimeException {

		ErrorReply(String message) {
			super(message);
		}

	}

}
