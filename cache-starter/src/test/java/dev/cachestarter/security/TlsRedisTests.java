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

package dev.cachestarter.security;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import dev.cachestarter.testing.OnlyThorough;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.TestAuthority;
import dev.cachestarter.testing.TestAuthority.Issued;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Encrypted connections to a real server, with certificates that are right and wrong.
 */
@ExtendWith(OutputCaptureExtension.class)
class TlsRedisTests {

	@TempDir
	private static Path directory;

	private static TestAuthority authority;

	private static TestAuthority stranger;

	private static Issued good;

	@BeforeAll
	static void issue() {
		authority = new TestAuthority(directory, "authority");
		stranger = new TestAuthority(directory, "stranger");
		good = authority.issue("redis", "dns:localhost");
	}

	@Test
	void aBundleOfSpringBootsIsUsed(CapturedOutput output) throws IOException {
		try (Server server = Server.start(good); AllFeatures features = server.application(trusting(authority))) {
			assertThat(features.awaitUp().use()).doesNotContainValue(false);
			assertThat(output.getAll().lines()).noneMatch((line) -> line.contains(" WARN "));
		}
	}

	@Test
	void aUrlThatAsksForTlsIsEnough() throws IOException {
		try (Server server = Server.start(good);
				AllFeatures features = AllFeatures
					.start(with(trusting(authority), "spring.data.redis.url=rediss://localhost:" + server.tlsPort()))) {
			assertThat(features.awaitUp().use()).doesNotContainValue(false);
		}
	}

	@OnlyThorough
	@Test
	void theVariableDoesToo() throws IOException {
		try (Server server = Server.start(good);
				AllFeatures features = AllFeatures
					.start(with(trusting(authority), "REDIS_URL=rediss://localhost:" + server.tlsPort()))) {
			assertThat(features.awaitUp().use()).doesNotContainValue(false);
		}
	}

	@OnlyThorough
	@Test
	void aCertificateForAnotherNameIsRefused(CapturedOutput output) throws IOException {
		assertRefused(authority.issue("other", "dns:other.example.org"), output,
				"No subject alternative DNS name matching localhost found");
	}

	@OnlyThorough
	@Test
	void aCertificateThatHasExpiredIsRefused(CapturedOutput output) throws IOException {
		assertRefused(authority.issueExpired("expired", "dns:localhost"), output, "NotAfter");
	}

	@Test
	void aCertificateOfAnotherAuthorityIsRefused(CapturedOutput output) throws IOException {
		assertRefused(stranger.issue("unknown", "dns:localhost"), output, "unable to find valid certification path");
	}

	/** Until the server has the right one: nobody has to restart the application. */
	private static void assertRefused(Issued wrong, CapturedOutput output, String why) throws IOException {
		try (Server server = Server.start(wrong); AllFeatures features = server.application(trusting(authority))) {
			assertThat(features.use()).containsEntry("hit", false);
			await().atMost(AllFeatures.LONG).untilAsserted(() -> assertThat(output).contains(why));
			assertThat(output).contains("Redis' certificate is not accepted").contains("spring.data.redis.ssl.bundle");

			server.use(good);

			assertThat(features.awaitUp().use()).doesNotContainValue(false);
		}
	}

	@OnlyThorough
	@Test
	void aClientWithoutACertificateIsRefusedWhereOneIsAskedFor(CapturedOutput output) throws IOException {
		try (Server server = Server.start(good, "--tls-auth-clients", "yes");
				AllFeatures features = server.application(trusting(authority))) {
			assertThat(features.use()).containsEntry("hit", false);
			await().atMost(AllFeatures.LONG)
				.untilAsserted(() -> assertThat(output).contains("Redis asks for a certificate of the client"));
		}
	}

	@OnlyThorough
	@Test
	void aClientWithACertificateIsNot() throws IOException {
		Issued client = authority.issue("client");
		try (Server server = Server.start(good, "--tls-auth-clients", "yes");
				AllFeatures features = server.application(with(trusting(authority), identifiedBy(client)))) {
			assertThat(features.awaitUp().use()).doesNotContainValue(false);
		}
	}

	@Test
	void anotherAuthorityIsTrustedAsSoonAsTheBundleIs(CapturedOutput output) throws IOException {
		Path trusted = copy(authority.certificate(), "trusted.crt");
		Issued client = authority.issue("before");
		Path certificate = copy(client.certificate(), "rotated.crt");
		Path key = copy(client.key(), "rotated.key");
		try (Server server = Server.start(good, "--tls-auth-clients", "yes");
				AllFeatures features = server.application(with(trusting(trusted),
						identifiedBy(new Issued(certificate, key)), "spring.ssl.bundle.pem.redis.reload-on-update=true",
						"spring.ssl.bundle.watch.file.quiet-period=100ms"))) {
			assertThat(features.awaitUp().use()).doesNotContainValue(false);
			int connections = server.connectionsSoFar();

			Issued next = stranger.issue("after");
			copy(stranger.certificate(), "trusted.crt");
			copy(next.key(), "rotated.key");
			copy(next.certificate(), "rotated.crt");
			server.use(stranger.issue("redis-after", "dns:localhost"), stranger.certificate());

			// What is open goes on.
			assertThat(features.use()).doesNotContainValue(false);
			assertThat(server.connectionsSoFar()).isEqualTo(connections);
			// What is opened has the new certificates.
			server.dropConnections();
			await().atMost(AllFeatures.LONG).until(() -> server.connectionsSoFar() > connections && features.isUp());
			assertThat(features.use()).doesNotContainValue(false);
		}
	}

	private static Path copy(Path from, String name) throws IOException {
		Path partial = Files.copy(from, directory.resolve(name + ".partial"), StandardCopyOption.REPLACE_EXISTING);
		return Files.move(partial, directory.resolve(name), StandardCopyOption.REPLACE_EXISTING);
	}

	private static String[] trusting(TestAuthority authority) {
		return trusting(authority.certificate());
	}

	private static String[] trusting(Path certificate) {
		return new String[] { "spring.data.redis.ssl.bundle=redis",
				"spring.ssl.bundle.pem.redis.truststore.certificate=file:" + certificate };
	}

	private static String[] identifiedBy(Issued client) {
		return new String[] { "spring.ssl.bundle.pem.redis.keystore.certificate=file:" + client.certificate(),
				"spring.ssl.bundle.pem.redis.keystore.private-key=file:" + client.key() };
	}

	private static String[] with(String[] some, String... more) {
		return Stream.of(some, more).flatMap(Arrays::stream).toArray(String[]::new);
	}

	private static String[] with(String[] some, String[] others, String... more) {
		return with(with(some, others), more);
	}

	/**
	 * A server that listens for encrypted connections on one port, and on another for the
	 * test's own.
	 */
	private record Server(RedisServer redis, int tlsPort) implements AutoCloseable {

		static Server start(Issued issued, String... arguments) throws IOException {
			int port;
			try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
				port = socket.getLocalPort();
			}
			List<String> all = new ArrayList<>(List.of("--tls-port", Integer.toString(port), "--tls-cert-file",
					issued.certificate().toString(), "--tls-key-file", issued.key().toString(), "--tls-ca-cert-file",
					authority.certificate().toString(), "--tls-auth-clients", "no"));
			all.addAll(List.of(arguments));
			return new Server(RedisServer.local(all.toArray(String[]::new)).start(), port);
		}

		void use(Issued issued) {
			use(issued, authority.certificate());
		}

		void use(Issued issued, Path clients) {
			this.redis.cli("CONFIG", "SET", "tls-cert-file", issued.certificate().toString(), "tls-key-file",
					issued.key().toString(), "tls-ca-cert-file", clients.toString());
		}

		AllFeatures application(String... properties) {
			return AllFeatures.start(with(properties, "spring.data.redis.host=localhost",
					"spring.data.redis.port=" + this.tlsPort, "spring.data.redis.ssl.enabled=true"));
		}

		/** Of the application: the test's own are one at a time. */
		int connectionsSoFar() {
			return this.redis.cli("CLIENT", "LIST")
				.toString()
				.lines()
				.filter((line) -> line.contains(":" + this.tlsPort + " "))
				.mapToInt((line) -> Integer.parseInt(line.replaceAll("^id=(\\d+) .*", "$1")))
				.max()
				.orElse(0);
		}

		void dropConnections() {
			this.redis.cli("CLIENT", "KILL", "TYPE", "normal");
		}

		@Override
		public void close() {
			this.redis.close();
		}

	}

}
