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

package dev.cachestarter;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

import org.jspecify.annotations.Nullable;

import dev.cachestarter.engine.connection.Script;
import dev.cachestarter.engine.entry.EntryHeader;
import dev.cachestarter.engine.entry.EntryScripts;
import dev.cachestarter.engine.tag.CarriedTags;
import dev.cachestarter.testing.RespClient;

/**
 * A proxy between one instance and Redis that breaks rules of the protocols, so that a
 * test which passes with the rule can be seen to fail without it. The cache knows nothing
 * of it: every rule is about what is sent, in which order, and what is made of the
 * answer, so each can be broken on the wire.
 * <p>
 * It knows the steps of the protocols, so it can also hold an instance before a step (see
 * {@link #hold(Step)}), and keeps a journal of them.
 */
final class RuleBreaker implements AutoCloseable {

	private static final int HEADER = EntryHeader.LENGTH;

	private static final String TAGS = "~t:";

	private static final byte[] SAME_GENERATION = ascii("0000000000000001");

	private static final byte[] OK = ascii("+OK\r\n");

	private static final byte[] ZERO = bulk(ascii("0"));

	private static final byte[] ONE = bulk(ascii("1"));

	private final String host;

	private final int port;

	private final Set<Rule> broken;

	private final ServerSocket listener;

	private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();

	private final Queue<String> journal = new ConcurrentLinkedQueue<>();

	private final AtomicReference<@Nullable Gate> gate = new AtomicReference<>();

	/** The leases that this instance was granted and has not used yet, by key. */
	private final Map<String, byte[]> leases = new ConcurrentHashMap<>();

	/** What was first found of a key. */
	private final Map<String, byte[]> firstReads = new ConcurrentHashMap<>();

	/** Keys of which a fill was refused. */
	private final Set<String> refused = ConcurrentHashMap.newKeySet();

	private final Map<String, String> identity = new ConcurrentHashMap<>();

	/** Where the generations of a key are: a read asks for them before it. */
	private final Map<String, List<byte[]>> generationKeys = new ConcurrentHashMap<>();

	private RuleBreaker(String host, int port, Set<Rule> broken) {
		this.host = host;
		this.port = port;
		this.broken = broken;
		try {
			this.listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		daemon("rule-breaker", this::accept);
	}

	/**
	 * Start a proxy.
	 * @param host the host of Redis
	 * @param port the port of Redis
	 * @param broken the rules to break
	 * @return the proxy
	 */
	static RuleBreaker inFrontOf(String host, int port, Set<Rule> broken) {
		return new RuleBreaker(host, port, broken);
	}

	String host() {
		return "127.0.0.1";
	}

	int port() {
		return this.listener.getLocalPort();
	}

	/**
	 * Have the next request that makes a step wait, and all that the instance sends after
	 * it.
	 * @param step the step
	 * @return the gate that it waits at
	 */
	Gate hold(Step step) {
		Gate gate = new Gate(step);
		this.gate.set(gate);
		return gate;
	}

	/**
	 * Note something among the steps.
	 */
	void note(String event) {
		this.journal.add(event);
	}

	/**
	 * Return what has happened: a step that was asked for, as {@code ACQUIRE?}, and one
	 * whose answer the instance was about to get, as {@code ACQUIRE!}.
	 */
	List<String> journal() {
		return List.copyOf(this.journal);
	}

	private void accept() {
		while (!this.listener.isClosed()) {
			try {
				Socket client = this.listener.accept();
				this.sockets.add(client);
				daemon("rule-breaker-requests", () -> serve(client));
			}
			catch (IOException ex) {
				// Closed.
			}
		}
	}

	private void serve(Socket client) {
		try (client;
				Socket upstream = new Socket(this.host, this.port);
				RespClient side = RespClient.connect(this.host, this.port, java.time.Duration.ofSeconds(20))) {
			this.sockets.add(upstream);
			client.setTcpNoDelay(true);
			upstream.setTcpNoDelay(true);
			Connection connection = new Connection(client, upstream, side);
			daemon("rule-breaker-replies", connection::replies);
			connection.requests();
		}
		catch (IOException | UncheckedIOException ex) {
			// One of the two has gone.
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

	@Override
	public void close() {
		Gate waiting = this.gate.get();
		if (waiting != null) {
			waiting.open();
		}
		try {
			this.listener.close();
			for (Socket socket : this.sockets) {
				socket.close();
			}
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	private static void daemon(String name, Runnable task) {
		Thread thread = new Thread(task, name);
		thread.setDaemon(true);
		thread.start();
	}

	private static byte[] ascii(String text) {
		return text.getBytes(StandardCharsets.US_ASCII);
	}

	private static String text(byte[] bytes) {
		return new String(bytes, StandardCharsets.ISO_8859_1);
	}

	private static byte[] bulk(byte[] payload) {
		ByteArrayOutputStream out = new ByteArrayOutputStream();
		out.writeBytes(ascii("$" + payload.length + "\r\n"));
		out.writeBytes(payload);
		out.writeBytes(ascii("\r\n"));
		return out.toByteArray();
	}

	/**
	 * A rule of the protocols.
	 */
	enum Rule {

		/** A value is stored only where the lease of its load still stands. */
		COMPARE_ON_FILL,

		/** The lease stands before the load, or the method of a put, begins. */
		LEASE_BEFORE_LOAD,

		/** A lease is placed only where the key is as it was observed. */
		COMPARE_ON_ACQUIRE,

		/** A value is claimed only as it was observed, and by one at a time. */
		COMPARE_ON_CLAIM,

		/** What stands in for a load is looked at again before it does. */
		LOOK_AGAIN,

		/** A load is joined only by those whose own read found its lease. */
		JOIN_BY_NONCE,

		/** An entry counts only under the current generations. */
		COMPARE_GENERATIONS,

		/** A value carries the generations from before its load. */
		CAPTURE_GENERATIONS,

		/** A generation never comes back. */
		FRESH_GENERATIONS,

		/** A value is refused whose tag was evicted since its load began. */
		COMPARE_NUMBERS_OF_TAGS,

		/** An entry counts only under the current generations of its tags. */
		COMPARE_TAGS,

		/** A lease is renewed while its load runs. */
		RENEW,

		/** A lease that no fill comes of is given back. */
		RELEASE,

		/** A lease dies by itself soon after its holder. */
		EXPIRE,

		/** A put whose value was refused takes away what is there. */
		EVICT_AFTER_REFUSED_PUT,

		/** Many entries are evicted by a deletion, which needs no memory. */
		EVICT_BY_UNLINK,

		/** An eviction has taken effect when it is acknowledged. */
		AWAIT_EVICTION,

		/**
		 * What Redis refuses to evict is still to be evicted, and bypassed until then.
		 */
		PENDING_UNTIL_ACKNOWLEDGED,

		/** What was evicted lately is evicted again when the server is another. */
		REPLAY_AFTER_RESTART,

		/** What was read over a tracked connection is told of when it changes. */
		TELL_OF_CHANGES

	}

	/**
	 * A step of the protocols.
	 */
	enum Step {

		READ, GENERATION, ACQUIRE, SEIZE, CLAIM, UNCLAIM, FILL, RENEW, RELEASE, UNLINK, OTHER;

		static Step of(List<byte[]> command) {
			return switch (text(command.get(0)).toUpperCase(Locale.ROOT)) {
				case "MGET" -> READ;
				case "UNLINK" -> UNLINK;
				case "SET" -> isLease(command.get(2)) ? isIfAbsent(command) ? ACQUIRE : SEIZE
						: text(command.get(1)).startsWith("~g:") ? GENERATION : OTHER;
				case "EVALSHA", "EVAL" -> ofScript(text(command.get(1)), command);
				default -> OTHER;
			};
		}

		private static Step ofScript(String script, List<byte[]> command) {
			if (is(EntryScripts.GENERATION, script)) {
				return GENERATION;
			}
			if (is(EntryScripts.ACQUIRE, script)) {
				return ACQUIRE;
			}
			if (is(EntryScripts.FILL, script)) {
				return FILL;
			}
			if (is(EntryScripts.RENEW, script)) {
				return RENEW;
			}
			if (is(EntryScripts.CLAIM, script)) {
				return CLAIM;
			}
			if (is(EntryScripts.RECLAIM, script)) {
				return text(command.get(5)).equals(EntryHeader.NO_NONCE) ? UNCLAIM : RENEW;
			}
			if (is(EntryScripts.LEAVE_TRACE, script)) {
				return RELEASE;
			}
			return (is(EntryScripts.DELETE_IF, script) && command.get(4).length == EntryHeader.IDENTITY_LENGTH)
					? RELEASE : OTHER;
		}

		private static boolean is(Script script, String sent) {
			return sent.equals(script.sha()) || sent.equals(script.text());
		}

		private static boolean isIfAbsent(List<byte[]> set) {
			return set.subList(3, set.size()).stream().anyMatch((argument) -> text(argument).equals("NX"));
		}

		private static boolean isLease(byte[] value) {
			EntryHeader header = EntryHeader.parse(value);
			return header != null && header.isLease();
		}

	}

	/**
	 * Where an instance waits before a step.
	 */
	static final class Gate {

		private final Step step;

		private final CountDownLatch reached = new CountDownLatch(1);

		private final CountDownLatch opened = new CountDownLatch(1);

		Gate(Step step) {
			this.step = step;
		}

		void awaitReached() throws InterruptedException {
			if (!this.reached.await(20, TimeUnit.SECONDS)) {
				throw new AssertionError("Nobody came to the gate before " + this.step);
			}
		}

		void open() {
			this.opened.countDown();
		}

	}

	/**
	 * A connection of the instance, and the proxy's own to Redis for it.
	 */
	private final class Connection {

		private final InputStream fromClient;

		private final OutputStream toClient;

		private final InputStream fromServer;

		private final OutputStream toServer;

		/** For what the proxy itself wants to know. */
		private final RespClient side;

		/** What to do with each reply that is yet to come, in their order. */
		private final BlockingQueue<Reply> replies = new LinkedBlockingQueue<>();

		Connection(Socket client, Socket upstream, RespClient side) throws IOException {
			this.fromClient = new BufferedInputStream(client.getInputStream());
			this.toClient = client.getOutputStream();
			this.fromServer = new BufferedInputStream(upstream.getInputStream());
			this.toServer = upstream.getOutputStream();
			this.side = side;
		}

		void requests() throws IOException, InterruptedException {
			while (true) {
				List<byte[]> command = new ArrayList<>();
				for (byte[] part : elements(read(this.fromClient))) {
					command.add(java.util.Objects.requireNonNull(payload(part)));
				}
				Step step = Step.of(command);
				Gate gate = RuleBreaker.this.gate.get();
				if (gate != null && gate.step == step && RuleBreaker.this.gate.compareAndSet(gate, null)) {
					gate.reached.countDown();
					gate.opened.await();
				}
				if (step != Step.OTHER) {
					note(step + "?");
				}
				handle(step, command);
			}
		}

		private void handle(Step step, List<byte[]> command) throws IOException {
			if (isBroken(Rule.FRESH_GENERATIONS) && (step == Step.ACQUIRE || step == Step.SEIZE || step == Step.FILL)) {
				underTheSameGenerations(command.get(text(command.get(0)).equals("SET") ? 2 : 5));
			}
			switch (step) {
				case READ -> read(command);
				case GENERATION -> {
					if (isBroken(Rule.FRESH_GENERATIONS)) {
						command.set(text(command.get(0)).equals("SET") ? 2 : 4, SAME_GENERATION);
					}
					forward(step, command);
				}
				case ACQUIRE -> {
					if (text(command.get(0)).equals("SET")) {
						acquireOnNothing(command);
					}
					else {
						acquire(command);
					}
				}
				case SEIZE -> {
					if (isBroken(Rule.LEASE_BEFORE_LOAD)) {
						answer(step, OK);
					}
					else {
						forward(step, command);
					}
				}
				case CLAIM -> claim(command);
				case FILL -> fill(command);
				case RENEW -> {
					// A renewal would end a lease that never ends.
					if (isBroken(Rule.RENEW) || isBroken(Rule.EXPIRE) || isBroken(Rule.LEASE_BEFORE_LOAD)) {
						answer(step, ONE);
					}
					else {
						forward(step, command);
					}
				}
				case RELEASE -> {
					RuleBreaker.this.leases.remove(text(command.get(3)));
					if (isBroken(Rule.RELEASE)) {
						answer(step, ONE);
					}
					else {
						forward(step, command);
					}
				}
				case UNCLAIM -> forward(step, command);
				case UNLINK -> unlink(command);
				case OTHER -> {
					if (isBroken(Rule.REPLAY_AFTER_RESTART)
							&& text(command.get(0)).toUpperCase(Locale.ROOT).equals("INFO")) {
						sameServer(command);
					}
					else {
						forward(step, command);
					}
				}
			}
		}

		/** A lease is sent before it is known which generation was made. */
		private void underTheSameGenerations(byte[] entry) {
			System.arraycopy(SAME_GENERATION, 0, entry, 54, 16);
			if (entry[71] != '-') {
				System.arraycopy(SAME_GENERATION, 0, entry, 71, 16);
			}
		}

		private void read(List<byte[]> command) throws IOException {
			String key = text(command.get(command.size() - 1));
			if (isBroken(Rule.CAPTURE_GENERATIONS)) {
				RuleBreaker.this.generationKeys.put(key, List.copyOf(command.subList(1, command.size() - 1)));
			}
			send(command, (reply) -> {
				if (reply[0] != '*') {
					return reply;
				}
				if (isBroken(Rule.LOOK_AGAIN)) {
					byte[] first = RuleBreaker.this.firstReads.putIfAbsent(key, reply);
					return journalled(Step.READ, (first != null) ? first : reply);
				}
				List<byte[]> found = elements(reply);
				byte[] entry = payload(found.get(found.size() - 1));
				if (isBroken(Rule.COMPARE_NUMBERS_OF_TAGS)) {
					withoutNumbers(command, found);
				}
				if (isBroken(Rule.COMPARE_TAGS) && entry != null) {
					underItsTags(command, found, entry);
				}
				byte[] lease = RuleBreaker.this.leases.get(key);
				if (isBroken(Rule.JOIN_BY_NONCE) && lease != null) {
					// Whatever there is: this instance is loading the key.
					entry = lease;
					found.set(found.size() - 1, bulk(entry));
					underItsGenerations(found, entry);
				}
				if (isBroken(Rule.COMPARE_GENERATIONS) && entry != null && entry.length >= HEADER) {
					underItsGenerations(found, entry);
				}
				return journalled(Step.READ, array(found));
			});
		}

		private void underItsGenerations(List<byte[]> found, byte[] entry) {
			found.set(0, bulk(Arrays.copyOfRange(entry, 54, 70)));
			if (found.size() == 3) {
				found.set(1, bulk(Arrays.copyOfRange(entry, 71, 87)));
			}
		}

		/** Where tags are judged they alone are asked for. */
		private void withoutNumbers(List<byte[]> command, List<byte[]> found) throws IOException {
			byte[] counter = this.side.callForBytes(ascii("GET"), ascii(TAGS));
			for (int i = 0; i < found.size(); i++) {
				byte[] generation = payload(found.get(i));
				if (text(command.get(i + 1)).startsWith(TAGS) && generation != null && generation.length == 49
						&& counter != null) {
					found.set(i, bulk(ascii(
							text(generation).substring(0, 17) + text(counter).substring(0, 17) + "0".repeat(15))));
				}
			}
		}

		private void underItsTags(List<byte[]> command, List<byte[]> found, byte[] entry) throws IOException {
			CarriedTags tags = (entry.length > HEADER) ? CarriedTags.parse(entry, HEADER) : null;
			for (int i = 0; tags != null && i < tags.names().size(); i++) {
				for (int asked = 1; asked < command.size() - 1; asked++) {
					byte[] generation = payload(found.get(asked - 1));
					if (text(command.get(asked)).equals(TAGS + tags.names().get(i)) && generation != null) {
						found.set(asked - 1, bulk(ascii(tags.generation(i) + text(generation).substring(16))));
					}
				}
			}
		}

		private void acquire(List<byte[]> command) throws IOException {
			String key = text(command.get(3));
			byte[] lease = command.get(5);
			if (isBroken(Rule.LEASE_BEFORE_LOAD)) {
				answer(Step.ACQUIRE, bulk(ascii("+")));
				return;
			}
			if (isBroken(Rule.COMPARE_ON_ACQUIRE)) {
				byte[] there = this.side.callForBytes(ascii("GETRANGE"), command.get(3), ascii("0"), ascii("147"));
				command.set(4, (there != null) ? there : new byte[0]);
			}
			if (isBroken(Rule.EXPIRE)) {
				command.set(6, ascii("3600000"));
			}
			send(command, (reply) -> {
				if (isBroken(Rule.JOIN_BY_NONCE) && Arrays.equals(reply, bulk(ascii("+")))) {
					RuleBreaker.this.leases.put(key, lease);
				}
				return journalled(Step.ACQUIRE, reply);
			});
		}

		private void acquireOnNothing(List<byte[]> command) throws IOException {
			if (isBroken(Rule.LEASE_BEFORE_LOAD)) {
				answer(Step.ACQUIRE, OK);
				return;
			}
			if (isBroken(Rule.COMPARE_ON_ACQUIRE)) {
				command.removeIf((argument) -> text(argument).equals("NX"));
			}
			if (isBroken(Rule.EXPIRE)) {
				command.set(command.indexOf(find(command, "PX")) + 1, ascii("3600000"));
			}
			send(command, (reply) -> {
				if (isBroken(Rule.JOIN_BY_NONCE) && Arrays.equals(reply, OK)) {
					RuleBreaker.this.leases.put(text(command.get(1)), command.get(2));
				}
				return journalled(Step.ACQUIRE, reply);
			});
		}

		private static byte[] find(List<byte[]> command, String argument) {
			return command.stream().filter((each) -> text(each).equals(argument)).findFirst().orElseThrow();
		}

		private void claim(List<byte[]> command) throws IOException {
			if (isBroken(Rule.COMPARE_ON_CLAIM)) {
				// Whatever is there, and whoever has claimed it.
				send(List.of(ascii("SETRANGE"), command.get(3), ascii("23"), command.get(5)),
						(reply) -> journalled(Step.CLAIM, bulk(ascii("+"))));
			}
			else {
				forward(Step.CLAIM, command);
			}
		}

		private void fill(List<byte[]> command) throws IOException {
			String key = text(command.get(3));
			byte[] value = command.get(5);
			RuleBreaker.this.leases.remove(key);
			if (isBroken(Rule.COMPARE_ON_FILL) || isBroken(Rule.LEASE_BEFORE_LOAD)) {
				// With its lease put there just before, no fill is ever refused.
				send(List.of(ascii("SET"), command.get(3), command.get(4)), (reply) -> null);
			}
			List<byte[]> generations = RuleBreaker.this.generationKeys.get(key);
			if (generations != null) {
				System.arraycopy(current(generations.get(0)), 0, value, 54, 16);
				if (generations.size() == 2) {
					System.arraycopy(current(generations.get(1)), 0, value, 71, 16);
				}
			}
			send(command, (reply) -> {
				if (isBroken(Rule.EVICT_AFTER_REFUSED_PUT) && Arrays.equals(reply, ZERO)) {
					RuleBreaker.this.refused.add(key);
				}
				return journalled(Step.FILL, reply);
			});
		}

		/** Return a generation as it is now, made if there is none. */
		private byte[] current(byte[] generationKey) {
			byte[] there = null;
			while (there == null) {
				// It may be evicted between the two commands.
				byte[] fresh = ascii("%016x".formatted(ThreadLocalRandom.current().nextLong()));
				this.side.call("SET", text(generationKey), text(fresh), "NX", "PX", "600000");
				there = this.side.callForBytes(ascii("GET"), generationKey);
			}
			return there;
		}

		private void unlink(List<byte[]> command) throws IOException {
			if (RuleBreaker.this.refused.remove(text(command.get(1)))) {
				answer(Step.UNLINK, ascii(":1\r\n"));
			}
			else if (isBroken(Rule.EVICT_BY_UNLINK) && text(command.get(1)).startsWith("~g:")) {
				byte[] fresh = ascii("%016x".formatted(ThreadLocalRandom.current().nextLong()));
				send(List.of(ascii("SET"), command.get(1), fresh),
						(reply) -> journalled(Step.UNLINK, (reply[0] == '-') ? reply : ascii(":1\r\n")));
			}
			else if (isBroken(Rule.AWAIT_EVICTION)) {
				answer(Step.UNLINK, ascii(":1\r\n"));
				daemon("rule-breaker-late", () -> {
					java.util.concurrent.locks.LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
					try (RespClient late = RespClient.connect(RuleBreaker.this.host, RuleBreaker.this.port,
							java.time.Duration.ofSeconds(20))) {
						command.subList(1, command.size()).forEach((key) -> late.call("UNLINK", text(key)));
					}
				});
			}
			else if (isBroken(Rule.PENDING_UNTIL_ACKNOWLEDGED)) {
				send(command, (reply) -> journalled(Step.UNLINK, (reply[0] == '-') ? ascii(":1\r\n") : reply));
			}
			else {
				forward(Step.UNLINK, command);
			}
		}

		/** Whoever answers is who answered first. */
		private void sameServer(List<byte[]> command) throws IOException {
			send(command, (reply) -> {
				String info = text(reply);
				for (String name : List.of("\nrun_id:", "\nmaster_replid:")) {
					int at = info.indexOf(name) + name.length();
					if (at >= name.length()) {
						String first = RuleBreaker.this.identity.computeIfAbsent(name,
								(same) -> text(reply).substring(at, at + 40));
						info = info.substring(0, at) + first + info.substring(at + 40);
					}
				}
				return info.getBytes(StandardCharsets.ISO_8859_1);
			});
		}

		private boolean isBroken(Rule rule) {
			return RuleBreaker.this.broken.contains(rule);
		}

		private byte[] journalled(Step step, byte[] reply) {
			if (step != Step.OTHER) {
				note(step + "!");
			}
			return reply;
		}

		private void forward(Step step, List<byte[]> command) throws IOException {
			send(command, (reply) -> journalled(step, reply));
		}

		private void send(List<byte[]> command, Change reply) throws IOException {
			this.replies.add(new Reply(null, reply));
			this.toServer.write(array(command.stream().map(RuleBreaker::bulk).toList()));
		}

		/** Answer in the server's place. */
		private void answer(Step step, byte[] reply) {
			this.replies.add(new Reply(reply, (same) -> journalled(step, same)));
		}

		void replies() {
			try {
				while (true) {
					Reply next = this.replies.take();
					byte[] reply = next.canned();
					byte[] passed = next.change().apply((reply != null) ? reply : readReply());
					if (passed != null) {
						this.toClient.write(passed);
					}
				}
			}
			catch (IOException ex) {
				try {
					this.toClient.close();
				}
				catch (IOException ignored) {
					// It has gone, too.
				}
			}
			catch (InterruptedException ex) {
				Thread.currentThread().interrupt();
			}
		}

		private byte[] array(List<byte[]> elements) {
			ByteArrayOutputStream out = new ByteArrayOutputStream();
			out.writeBytes(ascii("*" + elements.size() + "\r\n"));
			elements.forEach(out::writeBytes);
			return out.toByteArray();
		}

		/** Return the elements of an array, each as it was sent; none of what is none. */
		private List<byte[]> elements(byte[] array) throws IOException {
			InputStream in = new java.io.ByteArrayInputStream(array);
			String line = line(in, new ByteArrayOutputStream());
			List<byte[]> elements = new ArrayList<>();
			if (line.startsWith("*")) {
				for (int i = Integer.parseInt(line.substring(1)); i > 0; i--) {
					elements.add(read(in));
				}
			}
			return elements;
		}

		private byte @Nullable [] payload(byte[] bulk) {
			if (bulk[0] != '$' || bulk[1] == '-') {
				return null;
			}
			int start = 1;
			while (bulk[start - 1] != '\n') {
				start++;
			}
			return Arrays.copyOfRange(bulk, start, bulk.length - 2);
		}

		/** Read one reply; what is told before it goes on its way, or nowhere. */
		private byte[] readReply() throws IOException {
			byte[] read = read(this.fromServer);
			while (read[0] == '>') {
				// A proxy that swallowed all would be found out.
				if (!isBroken(Rule.TELL_OF_CHANGES) || text(read).contains("~canary")) {
					this.toClient.write(read);
				}
				read = read(this.fromServer);
			}
			return read;
		}

		/** Read one reply, or command, as it was sent. */
		private byte[] read(InputStream in) throws IOException {
			ByteArrayOutputStream out = new ByteArrayOutputStream();
			copy(in, out);
			return out.toByteArray();
		}

		private void copy(InputStream in, ByteArrayOutputStream out) throws IOException {
			String line = line(in, out);
			int parts = switch (line.charAt(0)) {
				case '*', '~', '>' -> Integer.parseInt(line.substring(1));
				case '%' -> 2 * Integer.parseInt(line.substring(1));
				default -> 0;
			};
			if (line.charAt(0) == '$' || line.charAt(0) == '=') {
				int length = Integer.parseInt(line.substring(1));
				if (length >= 0) {
					byte[] bytes = in.readNBytes(length + 2);
					if (bytes.length < length + 2) {
						throw new EOFException();
					}
					out.writeBytes(bytes);
				}
			}
			for (int i = 0; i < parts; i++) {
				copy(in, out);
			}
		}

		private String line(InputStream in, ByteArrayOutputStream out) throws IOException {
			StringBuilder line = new StringBuilder();
			for (int b = in.read(); b != '\n'; b = in.read()) {
				if (b < 0) {
					throw new EOFException();
				}
				out.write(b);
				if (b != '\r') {
					line.append((char) b);
				}
			}
			out.write('\n');
			return line.toString();
		}

	}

	/**
	 * Makes of a reply what the instance gets.
	 */
	@FunctionalInterface
	private interface Change {

		byte @Nullable [] apply(byte[] reply) throws IOException;

	}

	/**
	 * What to do with a reply.
	 *
	 * @param canned the reply, {@code null} if the server gives it
	 * @param change makes of it what the instance gets, {@code null} for nothing
	 */
	private record Reply(byte @Nullable [] canned, Change change) {

	}

}
