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
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.UUID;
import java.util.stream.Stream;

import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.compressors.xz.XZCompressorInputStream;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import org.springframework.boot.jdbc.autoconfigure.JdbcConnectionDetails;
import org.springframework.core.io.ClassPathResource;
import org.springframework.core.io.Resource;
import org.springframework.util.FileSystemUtils;

/**
 * A PostgreSQL of the application's own, on a free port of the loopback interface, in a
 * temporary directory. Its programs come from the class path, where the Maven profile
 * {@code postgres} puts them, or are those that are installed. It ends with the
 * application, see {@link WatchedProcess}, and its data with it.
 * <p>
 * PostgreSQL refuses to run as root. Where the application does, its database runs as
 * {@code nobody}.
 */
final class EmbeddedPostgres implements JdbcConnectionDetails, AutoCloseable {

	private static final Log log = LogFactory.getLog(EmbeddedPostgres.class);

	private static final String HOST = "127.0.0.1";

	/** Of the database, and of its user. */
	private static final String NAME = "platform";

	// It has nothing to save, so it need not shut down in good order.
	private static final String END = "QUIT";

	private static final boolean ROOT = "root".equals(System.getProperty("user.name"));

	private static final List<String> AS_NOBODY = List.of("setpriv", "--reuid=nobody", "--regid=nogroup",
			"--clear-groups");

	private final WatchedProcess server;

	private final int port;

	private final String password;

	private EmbeddedPostgres(WatchedProcess server, int port, String password) {
		this.server = server;
		this.port = port;
		this.password = password;
	}

	/**
	 * Return why no server can be started here.
	 * @return the reason, {@code null} if there is none
	 */
	static @Nullable String obstacle() {
		if (archive() == null && installed() == null) {
			return "there are no programs of PostgreSQL, neither on the class path nor on the PATH (for the former "
					+ "there is the Maven profile 'postgres')";
		}
		if (ROOT && find("setpriv") == null) {
			return "PostgreSQL refuses to run as root, and there is no 'setpriv' to run it as nobody";
		}
		return null;
	}

	/**
	 * Start a server, and return when it takes connections.
	 * @return the server
	 * @throws IllegalStateException if none can be started here
	 */
	static EmbeddedPostgres start() {
		try {
			String obstacle = obstacle();
			if (obstacle != null) {
				throw new IOException(obstacle);
			}
			EmbeddedPostgres postgres = WatchedProcess.onFreePort(HOST, EmbeddedPostgres::start);
			log.info("Started a PostgreSQL of its own, see: psql postgresql://" + NAME + ":" + postgres.password + "@"
					+ HOST + ":" + postgres.port + "/" + NAME);
			return postgres;
		}
		catch (IOException | RuntimeException ex) {
			throw new IllegalStateException("No PostgreSQL can be started here: " + ex.getMessage()
					+ ". Start the sample with 'mvn spring-boot:run -Ppostgres', best not as root; or start a "
					+ "PostgreSQL yourself and say where it is, such as "
					+ "POSTGRES_URL=jdbc:postgresql://localhost:5432/platform with POSTGRES_USER and "
					+ "POSTGRES_PASSWORD in the environment", ex);
		}
	}

	private static EmbeddedPostgres start(int port) throws IOException {
		Path directory = Files.createTempDirectory("sample-postgres");
		WatchedProcess server = null;
		try {
			// Whoever runs the server reads its programs here, and owns the data.
			permit(directory, "rwxr-xr-x");
			Path programs = programs(directory);
			String password = UUID.randomUUID().toString();
			Path secret = ownedByServer(Files.writeString(directory.resolve("password"), password), "rw-------");
			Path data = ownedByServer(Files.createDirectory(directory.resolve("data")), "rwx------");
			initialize(programs, data, secret);
			server = WatchedProcess.start(command(programs.resolve("postgres"), options(programs, data, port)), "",
					"database system is ready to accept connections", END, directory);
			EmbeddedPostgres postgres = new EmbeddedPostgres(server, port, password);
			postgres.execute("postgres", "create database " + NAME);
			if (hasStatements(programs)) {
				postgres.execute(NAME, "create extension pg_stat_statements");
			}
			return postgres;
		}
		catch (IOException | RuntimeException ex) {
			if (server != null) {
				server.end();
			}
			FileSystemUtils.deleteRecursively(directory);
			throw ex;
		}
	}

	private static List<String> options(Path programs, Path data, int port) throws IOException {
		List<String> options = new ArrayList<>(List.of("-D", data.toString(), "-p", Integer.toString(port), "-h", HOST,
				"-k", "", "-F", "-c", "shared_buffers=256MB", "-c", "wal_level=minimal", "-c", "max_wal_senders=0",
				"-c", "max_wal_size=2GB"));
		if (hasStatements(programs)) {
			options.addAll(List.of("-c", "shared_preload_libraries=pg_stat_statements", "-c",
					"pg_stat_statements.track_utility=off"));
		}
		return options;
	}

	private static void initialize(Path programs, Path data, Path secret) throws IOException {
		Process initdb = new ProcessBuilder(command(programs.resolve("initdb"), List.of("-D", data.toString(), "-U",
				NAME, "-A", "scram-sha-256", "--pwfile", secret.toString(), "-E", "UTF8", "--locale=C", "--no-sync")))
			.redirectErrorStream(true)
			.start();
		String said = new String(initdb.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
		try {
			if (initdb.waitFor() != 0) {
				throw new IllegalStateException("initdb failed: " + said.strip());
			}
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			throw new IOException("Interrupted", ex);
		}
	}

	private static List<String> command(Path program, List<String> options) {
		List<String> command = new ArrayList<>(ROOT ? AS_NOBODY : List.of());
		command.add(program.toString());
		command.addAll(options);
		return command;
	}

	private static void permit(Path path, String permissions) throws IOException {
		Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(permissions));
	}

	private static Path ownedByServer(Path path, String permissions) throws IOException {
		permit(path, permissions);
		if (ROOT) {
			Files.setOwner(path, path.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName("nobody"));
		}
		return path;
	}

	/**
	 * Return where the programs are, after they are unpacked if need be.
	 */
	private static Path programs(Path directory) throws IOException {
		Resource archive = archive();
		if (archive == null) {
			return Objects.requireNonNull(installed());
		}
		try (TarArchiveInputStream tar = new TarArchiveInputStream(
				new XZCompressorInputStream(new BufferedInputStream(archive.getInputStream())))) {
			for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
				Path path = directory.resolve(entry.getName()).normalize();
				if (!path.startsWith(directory)) {
					throw new IOException("Not a path in the archive: " + entry.getName());
				}
				if (entry.isDirectory()) {
					permit(Files.createDirectories(path), "rwxr-xr-x");
				}
				else {
					Path parent = Files.createDirectories(Objects.requireNonNull(path.getParent()));
					permit(parent, "rwxr-xr-x");
					if (entry.isSymbolicLink()) {
						Files.createSymbolicLink(path, Path.of(entry.getLinkName()));
					}
					else {
						Files.copy(tar, path);
						permit(path, ((entry.getMode() & 0111) != 0) ? "rwxr-xr-x" : "rw-r--r--");
					}
				}
			}
		}
		return directory.resolve("bin");
	}

	/**
	 * Return the programs that are on the class path, for whichever libc.
	 */
	private static @Nullable Resource archive() {
		String system = System.getProperty("os.name").toLowerCase(Locale.ROOT).startsWith("mac") ? "darwin" : "linux";
		String machine = System.getProperty("os.arch").equals("aarch64") ? "arm_64" : "x86_64";
		return Stream.of("", "-alpine_linux")
			.map((libc) -> new ClassPathResource("postgres-" + system + "-" + machine + libc + ".txz"))
			.filter(Resource::exists)
			.findFirst()
			.orElse(null);
	}

	private static @Nullable Path installed() {
		Path postgres = find("postgres");
		return (postgres != null && find("initdb") != null) ? postgres.getParent() : null;
	}

	/**
	 * Return whether the server can count its statements.
	 */
	private static boolean hasStatements(Path programs) throws IOException {
		Path library = programs.toRealPath().resolveSibling("lib");
		return Stream.of("", "postgresql")
			.anyMatch((place) -> Stream.of(".so", ".dylib")
				.anyMatch((type) -> Files.exists(library.resolve(place).resolve("pg_stat_statements" + type))));
	}

	private static @Nullable Path find(String program) {
		try {
			for (String directory : System.getenv("PATH").split(":")) {
				Path path = Path.of(directory, program);
				if (Files.isExecutable(path)) {
					// Its libraries are beside it, and not beside a link to it.
					return path.toRealPath();
				}
			}
			return null;
		}
		catch (IOException ex) {
			return null;
		}
	}

	private void execute(String database, String sql) throws IOException {
		try (Connection connection = DriverManager.getConnection(url(database), NAME, this.password);
				Statement statement = connection.createStatement()) {
			statement.execute(sql);
		}
		catch (SQLException ex) {
			throw new IOException(ex);
		}
	}

	private String url(String database) {
		return "jdbc:postgresql://" + HOST + ":" + this.port + "/" + database;
	}

	@Override
	public String getJdbcUrl() {
		return url(NAME);
	}

	@Override
	public String getUsername() {
		return NAME;
	}

	@Override
	public String getPassword() {
		return this.password;
	}

	/**
	 * End the server, and return when it and its data are gone.
	 */
	@Override
	public void close() {
		this.server.end();
	}

}
