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

import dev.cachestarter.sample.Api.Answer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.context.TestPropertySource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests the endpoint of the cache over HTTP, where it may write.
 */
@SampleTest
@TestPropertySource(properties = "management.endpoint.cachestarter.access=unrestricted")
class EndpointWithWriteAccessTests {

	private static final String LIST = "/actuator/cachestarter/servers:list";

	private final Api api;

	EndpointWithWriteAccessTests(@LocalServerPort int port) {
		this.api = new Api(port);
	}

	@AfterEach
	void asConfigured() {
		assertThat(control("{\"reset\": true}").status()).isEqualTo(200);
	}

	@Test
	void aCacheIsSwitchedOffAndOn() {
		assertThat(control("{\"enabled\": false}").body().at("/settings/enabled/value").booleanValue()).isFalse();
		long hits = hits();
		this.api.get("org-141", "/api/servers");
		this.api.get("org-141", "/api/servers");
		assertThat(hits()).isEqualTo(hits);

		assertThat(control("{\"enabled\": \"true\"}").status()).isEqualTo(200);

		this.api.get("org-141", "/api/servers");
		this.api.get("org-141", "/api/servers");
		assertThat(hits()).isGreaterThan(hits);
	}

	@Test
	void numbersAndTextsOfTheBodyAreUnderstood() {
		Answer answer = control("{\"bypass\": 0.25, \"ttl\": \"45s\"}");

		assertThat(answer.status()).isEqualTo(200);
		assertThat(answer.body().at("/settings/bypass/value").asString()).isEqualTo("0.25");
		assertThat(answer.body().at("/settings/ttl/value").asString()).contains("45");
		assertThat(this.api.get(LIST).body().at("/settings/bypass/value").asString()).isEqualTo("0.25");
	}

	@Test
	void whatCannotBeMeantIsRefusedAndChangesNothing() {
		for (String body : new String[] { "{}", "{\"enabled\": \"perhaps\"}", "{\"bypass\": 2}", "{\"ttl\": 45}",
				"{\"ttl\": \"-1s\"}", "{\"enabled\": false, \"bypass\": \"some\"}", "{\"enabled\"" }) {
			assertThat(control(body).status()).as(body).isEqualTo(400);
		}

		assertThat(this.api.get(LIST).body().at("/settings/enabled/value").booleanValue()).isTrue();
		assertThat(this.api.send("POST", null, "/actuator/cachestarter/nobody", "application/json", "{\"reset\": true}")
			.status()).isEqualTo(404);
	}

	@Test
	void aGroupAndAKeyAreEvicted() {
		this.api.get("org-142", "/api/servers");
		this.api.get("org-143", "/api/servers");

		Answer evicted = this.api.send("DELETE", null, LIST + "?key=org-142", null, null);
		assertThat(evicted.status()).isEqualTo(200);
		assertThat(evicted.body().at("/evicted").asString()).isEqualTo("key org-142");
		assertThat(evicted.body().at("/pendingEvictions").intValue()).isZero();

		assertThat(keys("org-142")).isZero();
		assertThat(keys("org-143")).isEqualTo(1);
		assertThat(this.api.send("DELETE", null, LIST + "?pattern=org-14*", null, null).status()).isEqualTo(200);
		assertThat(keys("org-143")).isZero();
		assertThat(this.api.send("DELETE", null, LIST, null, null).status()).isEqualTo(400);
		assertThat(this.api.send("DELETE", null, LIST + "?key=a&group=b", null, null).status()).isEqualTo(400);
	}

	private Answer control(String body) {
		return this.api.send("POST", null, LIST, "application/json", body);
	}

	private long hits() {
		return this.api.get(LIST).body().at("/counters/hits").longValue();
	}

	private int keys(String pattern) {
		return this.api.get(LIST + "?pattern=" + pattern).body().at("/keys/keys").size();
	}

}
