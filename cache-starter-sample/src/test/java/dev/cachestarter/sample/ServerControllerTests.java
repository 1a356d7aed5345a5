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

import java.time.OffsetDateTime;
import java.time.ZoneOffset;

import dev.cachestarter.sample.Api.Answer;
import org.junit.jupiter.api.Test;

import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.jdbc.core.simple.JdbcClient;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link ServerController}.
 */
@SampleTest
class ServerControllerTests {

	private final Api api;

	private final JdbcClient jdbc;

	ServerControllerTests(@LocalServerPort int port, JdbcClient jdbc) {
		this.api = new Api(port);
		this.jdbc = jdbc;
	}

	@Test
	void listsTheServersOfTheTenant() {
		Answer servers = this.api.get("org-140", "/api/servers");

		assertThat(servers.status()).isEqualTo(200);
		assertThat(servers.body()).hasSizeBetween(3, 10);
	}

	@Test
	void saysWhichToolsAreInstalledAndWhichAreNewer() {
		long id = this.api.get("org-140", "/api/servers").number("/0/id");

		Answer tools = this.api.get("org-140", "/api/servers/" + id + "/tools");

		assertThat(tools.status()).isEqualTo(200);
		assertThat(tools.body()).isNotEmpty()
			.allMatch((tool) -> tool.hasNonNull("version") && tool.hasNonNull("newestVersion"));
	}

	@Test
	void serverThatAnswersIsUp() {
		long id = addServer();
		addHeartbeat(id, 2, false);
		addHeartbeat(id, 1, true);

		ServerHealth health = health(id);

		assertThat(health.status()).isEqualTo(ServerHealth.Status.UP);
		assertThat(health.availability()).isEqualTo(0.5);
		assertThat(health.meanLatencyMillis()).isEqualTo(20);
	}

	@Test
	void serverThatMissedItsLastHeartbeatIsDown() {
		long id = addServer();
		addHeartbeat(id, 2, true);
		addHeartbeat(id, 1, false);

		assertThat(health(id).status()).isEqualTo(ServerHealth.Status.DOWN);
	}

	@Test
	void serverThatWasNeverHeardOfIsDown() {
		long id = addServer();

		assertThat(health(id)).isEqualTo(new ServerHealth(id, ServerHealth.Status.DOWN, 0, 0, null));
	}

	@Test
	void theHealthOfAllServersIsThatOfEach() {
		long up = addServer();
		addHeartbeat(up, 2, true);
		long silent = 1 + up;
		this.jdbc.sql("insert into server values (?, ?, 'silent', 'eu-west', now())")
			.params(silent, "org-new-" + up)
			.update();
		ServerHealth first = health(up);

		Answer all = this.api.get("org-new-" + up, "/api/servers/health");

		assertThat(all.status()).isEqualTo(200);
		assertThat(all.as(ServerHealth[].class)).containsExactly(first,
				new ServerHealth(silent, ServerHealth.Status.DOWN, 0, 0, null));
		// What came of it is what the single server's address answers from now on.
		addHeartbeat(silent, 1, true);
		assertThat(this.api.get("org-new-" + up, "/api/servers/" + silent + "/health").as(ServerHealth.class))
			.isEqualTo(new ServerHealth(silent, ServerHealth.Status.DOWN, 0, 0, null));
	}

	@Test
	void whoHasNoServersHasNoHealth() {
		this.jdbc.sql("insert into tenant values ('org-without', '', now())").update();

		assertThat(this.api.get("org-without", "/api/servers/health").body()).isEmpty();
	}

	private ServerHealth health(long id) {
		return this.api.get("org-new-" + id, "/api/servers/" + id + "/health").as(ServerHealth.class);
	}

	private long addServer() {
		long id = 1 + this.jdbc.sql("select max(id) from server").query(Long.class).single();
		this.jdbc.sql("insert into tenant values (?, '', now())").param("org-new-" + id).update();
		this.jdbc.sql("insert into server values (?, ?, 'new', 'eu-west', now())").params(id, "org-new-" + id).update();
		return id;
	}

	private void addHeartbeat(long id, int minutesAgo, boolean answered) {
		this.jdbc.sql("insert into server_heartbeat values (?, ?, ?, 20)")
			.params(id, OffsetDateTime.now(ZoneOffset.UTC).minusMinutes(minutesAgo), answered)
			.update();
	}

}
