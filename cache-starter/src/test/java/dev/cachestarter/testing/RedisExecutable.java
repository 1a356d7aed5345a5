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

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

/**
 * A {@code redis-server} that this machine can execute: the one on the {@code PATH}, else
 * the static one inside {@code org.signal:embedded-redis}.
 *
 * @param file the executable
 * @param origin where it was found, for people
 * @param majorVersion the major version of Redis, or of Valkey
 */
record RedisExecutable(Path file, String origin, int majorVersion) {

	private static final String EMBEDDED_VERSION = "7.0.15";

	private static final Pattern VERSION = Pattern.compile("v=(\\d+)\\.");

	/**
	 * Return the executable of this machine.
	 * @return the executable, empty on a system that {@code embedded-redis} does not know
	 * and that has none of its own
	 */
	static Optional<RedisExecutable> find() {
		return Optional.ofNullable(Holder.FOUND);
	}

	private static @Nullable RedisExecutable search() {
		for (String directory : Optional.ofNullable(System.getenv("PATH")).orElse("").split(File.pathSeparator)) {
			Path file = Path.of(directory, "redis-server");
			if (!directory.isEmpty() && Files.isExecutable(file) && Files.isRegularFile(file)) {
				return new RedisExecutable(file, file + " on the PATH", majorVersion(file));
			}
		}
		String name = "redis-server-" + EMBEDDED_VERSION + "-" + platform();
		try (InputStream binary = RedisExecutable.class.getResourceAsStream("/" + name)) {
			if (binary == null) {
				return null;
			}
			Path file = extract(binary, name);
			return new RedisExecutable(file, EMBEDDED_VERSION + " of embedded-redis", majorVersion(file));
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/**
	 * Put the binary into the build directory, where the next JVM finds it and a clean
	 * build removes it.
	 */
	private static Path extract(InputStream binary, String name) throws IOException {
		Path directory = Files.createDirectories(buildDirectory().resolve("redis"));
		Path file = directory.resolve(name);
		if (!Files.isExecutable(file)) {
			Path partial = Files.createTempFile(directory, name, ".partial");
			Files.copy(binary, partial, StandardCopyOption.REPLACE_EXISTING);
			if (!partial.toFile().setExecutable(true)) {
				throw new IOException("Cannot make " + partial + " executable");
			}
			Files.move(partial, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
		}
		return file;
	}

	private static Path buildDirectory() throws IOException {
		try {
			Path classes = Path.of(RedisExecutable.class.getProtectionDomain().getCodeSource().getLocation().toURI());
			Path build = classes.getParent();
			return (build != null && Files.isDirectory(classes)) ? build : Files.createTempDirectory("redis");
		}
		catch (URISyntaxException ex) {
			throw new IOException(ex);
		}
	}

	private static String platform() {
		String os = System.getProperty("os.name").toLowerCase(Locale.ROOT);
		String family = os.startsWith("mac") ? "darwin" : os.split(" ")[0];
		String architecture = switch (System.getProperty("os.arch")) {
			case "amd64", "x86_64" -> "amd64";
			case "aarch64", "arm64" -> "arm64";
			default -> System.getProperty("os.arch");
		};
		return family + "-" + architecture;
	}

	private static int majorVersion(Path file) {
		try {
			Process process = new ProcessBuilder(file.toString(), "--version").redirectErrorStream(true).start();
			String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
			Matcher matcher = VERSION.matcher(output);
			if (process.waitFor() != 0 || !matcher.find()) {
				throw new IllegalStateException(file + " --version answered: " + output);
			}
			return Integer.parseInt(matcher.group(1));
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			throw new IllegalStateException(ex);
		}
	}

	private static final class Holder {

		static final @Nullable RedisExecutable FOUND = search();

	}

}
