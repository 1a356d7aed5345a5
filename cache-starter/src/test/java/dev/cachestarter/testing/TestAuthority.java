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
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/**
 * A certification authority of a test's own, made at run time by the JDK's
 * {@code keytool}: no key is kept anywhere. What it issues is written as PEM.
 */
public final class TestAuthority {

	private static final String PASSWORD = "changeit";

	private final Path directory;

	private final String name;

	/**
	 * Create an authority.
	 * @param directory where its files are
	 * @param name its name, that of its files too
	 */
	public TestAuthority(Path directory, String name) {
		this.directory = directory;
		this.name = name;
		keytool("-alias", name, "-dname", "CN=" + name, "-ext", "bc:c", "-validity", "2");
		write(this.name, false);
	}

	/**
	 * Return the certificate of the authority.
	 */
	public Path certificate() {
		return file(this.name, "crt");
	}

	/**
	 * Issue a certificate that is valid.
	 * @param alias the name of its files
	 * @param subjects the names that it is for, as {@code dns:localhost} or
	 * {@code ip:127.0.0.1}
	 */
	public Issued issue(String alias, String... subjects) {
		return issue(alias, List.of("-validity", "2"), subjects);
	}

	/**
	 * Issue a certificate whose time is over.
	 */
	public Issued issueExpired(String alias, String... subjects) {
		return issue(alias, List.of("-startdate", "-10d", "-validity", "5"), subjects);
	}

	private Issued issue(String alias, List<String> validity, String... subjects) {
		List<String> arguments = new ArrayList<>(
				List.of("-alias", alias, "-dname", "CN=" + alias, "-signer", this.name));
		arguments.addAll(validity);
		if (subjects.length > 0) {
			arguments.addAll(List.of("-ext", "san=" + String.join(",", subjects)));
		}
		keytool(arguments.toArray(String[]::new));
		write(alias, true);
		return new Issued(file(alias, "crt"), file(alias, "key"));
	}

	private void keytool(String... arguments) {
		List<String> command = new ArrayList<>(
				List.of(Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
						"-J-XX:TieredStopAtLevel=1", "-genkeypair", "-keyalg", "EC", "-groupname", "secp256r1",
						"-keystore", store().toString(), "-storetype", "PKCS12", "-storepass", PASSWORD));
		command.addAll(List.of(arguments));
		try {
			Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
			String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
			if (process.waitFor() != 0) {
				throw new IllegalStateException("keytool: " + output);
			}
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			throw new IllegalStateException(ex);
		}
	}

	private Path store() {
		return file(this.name, "p12");
	}

	private Path file(String alias, String ending) {
		return this.directory.resolve(alias + "." + ending);
	}

	private void write(String alias, boolean withKey) {
		try (InputStream in = Files.newInputStream(store())) {
			KeyStore store = KeyStore.getInstance("PKCS12");
			store.load(in, PASSWORD.toCharArray());
			Certificate[] chain = store.getCertificateChain(alias);
			StringBuilder certificates = new StringBuilder();
			for (Certificate certificate : chain) {
				certificates.append(pem("CERTIFICATE", certificate.getEncoded()));
			}
			Files.writeString(file(alias, "crt"), certificates);
			if (withKey) {
				Files.writeString(file(alias, "key"),
						pem("PRIVATE KEY", store.getKey(alias, PASSWORD.toCharArray()).getEncoded()));
			}
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		catch (GeneralSecurityException ex) {
			throw new IllegalStateException(ex);
		}
	}

	private static String pem(String type, byte[] content) {
		return "-----BEGIN " + type + "-----\n" + Base64.getMimeEncoder(64, new byte[] { '\n' }).encodeToString(content)
				+ "\n-----END " + type + "-----\n";
	}

	/**
	 * What was issued.
	 *
	 * @param certificate the certificate, and those up to the authority
	 * @param key its private key
	 */
	public record Issued(Path certificate, Path key) {

	}

}
