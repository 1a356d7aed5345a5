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
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import org.springframework.boot.test.web.server.LocalServerPort;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests that bad input is answered with a problem detail that says what to change.
 */
@SampleTest
class BadInputTests {

	private final Api api;

	BadInputTests(@LocalServerPort int port) {
		this.api = new Api(port);
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', quoteCharacter = '`',
			textBlock = """
					/api/agents?orgId=org-101&page=-1             | 400 | 'page' must be greater than or equal to 1.
					/api/agents?orgId=org-101&page=0              | 400 | 'page' must be greater than or equal to 1.
					/api/agents?orgId=org-101&page=10001          | 400 | 'page' must be less than or equal to 10000.
					/api/agents?orgId=org-101&page=99999999999    | 400 | 'page' must be a whole number
					/api/agents?orgId=org-101&page=two            | 400 | 'page' must be a whole number
					/api/agents?orgId=org-101&limit=100000        | 400 | 'limit' must be less than or equal to 100.
					/api/agents?orgId=org-101&limit=0             | 400 | 'limit' must be greater than or equal to 1.
					/api/agents?orgId=org-101&limit=1.5           | 400 | 'limit' must be a whole number
					/api/agents?orgId=org-101&page=0&limit=0      | 400 | 'limit' must be greater than or equal to 1, 'page' must
					/api/agents?orgId=org-101&status=BUSY         | 400 | 'status' must be one of [ACTIVE, PAUSED, ARCHIVED].
					/api/agents?orgId=org-101&filter=%00          | 400 | 'filter' must not contain control characters.
					/api/agents?orgId=%C3%28                      | 400 | The query parameters must be percent-encoded UTF-8.
					/api/agents                                   | 400 | Name the tenant, in the header 'X-Org-Id' or
					/api/agents?orgId=                            | 400 | Name the tenant, in the header 'X-Org-Id' or
					/api/agents?orgId=org-101&orgId=org-102       | 400 | Name one tenant: the request names [org-101, org-102].
					/api/agents?orgId=org%0A                      | 404 | There is no tenant 'org'.
					/api/agents?orgId=a%00b                       | 400 | The name of a tenant has at most 64 characters, none
					/api/agents?orgId=nobody                      | 404 | There is no tenant 'nobody'.
					/api/agents/abc?orgId=org-101                 | 400 | 'id' must be a whole number
					/api/agents/-1?orgId=org-101                  | 400 | 'id' must be greater than 0.
					/api/agents/99999999999999999999?orgId=org-101 | 400 | 'id' must be a whole number
					/api/agents/99999999?orgId=org-101            | 404 | The tenant 'org-101' has no agent 99999999.
					/api/agents/99999999?orgId=nobody             | 404 | The tenant 'nobody' has no agent 99999999.
					/api/agents/99999999/stats?orgId=org-101      | 404 | The tenant 'org-101' has no agent 99999999.
					/api/agents/1                                 | 400 | Name the tenant
					/api/agents/1/stats                           | 400 | Name the tenant
					/api/tools/definitions?limit=1001             | 400 | 'limit' must be less than or equal to 1000.
					/api/tools/definitions?page=0                 | 400 | 'page' must be greater than or equal to 1.
					/api/entries/tool?name=nothing                | 404 | There is no tool 'nothing'.
					/api/servers                                  | 400 | Name the tenant
					/api/servers?orgId=nobody                     | 404 | There is no tenant 'nobody'.
					/api/servers/x/tools?orgId=org-101            | 400 | 'id' must be a whole number
					/api/servers/0/health?orgId=org-101           | 400 | 'id' must be greater than 0.
					/api/servers/99999999/health?orgId=org-101    | 404 | The tenant 'org-101' has no server 99999999.
					/api/servers/99999999/tools?orgId=org-101     | 404 | The tenant 'org-101' has no server 99999999.
					/api/nothing                                  | 404 | Nothing is served at /api/nothing.
					""")
	void readIsRefused(String path, int status, String detail) {
		Answer answer = this.api.get(path);

		assertThat(answer.status()).isEqualTo(status);
		assertThat(answer.type()).isEqualTo("application/problem+json");
		assertThat(answer.text("/detail")).startsWith(detail);
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
			{"name":"x","model":"m"                       | The body is not valid JSON, see line 1, column
			{"name":"x", oops}                            | The body is not valid JSON, see line 1, column
			[]                                            | 'body' must be a JSON object.
			null                                          | The request must have a JSON object as its body.
			``                                            | The request must have a JSON object as its body.
			{}                                            | 'model' must not be blank, 'name' must not be blank.
			{"name":" ","model":"m"}                      | 'name' must not be blank.
			{"name":{},"model":"m"}                       | 'name' must be text.
			{"name":"x","model":"m","status":"BUSY"}      | 'status' must be one of [ACTIVE, PAUSED, ARCHIVED].
			{"name":"x\\u0000","model":"m"}               | 'name' must not contain control characters.
			{"name":"\\ud800","model":"m"}                | 'name' must not contain control characters.
			""")
	void changeIsRefused(String body, String detail) {
		Answer created = this.api.post("org-101", "/api/agents", body);
		Answer updated = this.api.put("org-101", "/api/agents/1", body);

		assertThat(created.status()).isEqualTo(400);
		assertThat(created.type()).isEqualTo("application/problem+json");
		assertThat(created.text("/detail")).startsWith(detail);
		assertThat(updated.status()).isEqualTo(400);
		assertThat(updated.text("/detail")).startsWith(detail);
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
			POST   | /api/agents            | text/plain | 415 | Content-Type 'text/plain
			POST   | /api/agents            |            | 415 | Content-Type
			PATCH  | /api/agents            |            | 405 | Method 'PATCH' is not supported.
			DELETE | /api/agents            |            | 405 | Method 'DELETE' is not supported.
			POST   | /api/tools/definitions |            | 405 | Method 'POST' is not supported.
			POST   | /api/cache/stats       |            | 405 | Method 'POST' is not supported.
			""")
	void wrongMethodOrTypeIsRefused(String method, String path, @Nullable String type, int status, String detail) {
		Answer answer = this.api.send(method, "org-101", path, type, "{}");

		assertThat(answer.status()).isEqualTo(status);
		assertThat(answer.type()).isEqualTo("application/problem+json");
		assertThat(answer.text("/detail")).startsWith(detail);
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
			/api/agents?orgId=org-101  | text/plain       | The header 'Accept' allows none of [application/json
			/api/agents?orgId=org-101  | application/xml  | The header 'Accept' allows none of [application/json
			/api/agents?orgId=org-101  | nonsense         | The header 'Accept' must be a list of media types
			/api/live                  | application/json | The header 'Accept' allows none of [text/event-stream]
			""")
	void whatCannotBeAnsweredAsWishedIsRefusedAsAProblem(String path, String accept, String detail) {
		Answer answer = this.api.accepting(accept, path);

		assertThat(answer.status()).isEqualTo(406);
		assertThat(answer.type()).isEqualTo("application/problem+json");
		assertThat(answer.text("/detail")).startsWith(detail);
	}

	@ParameterizedTest
	@CsvSource({ "text/html, 404, /api/nothing", "text/plain, 400, /api/agents/abc?orgId=org-101",
			"text/event-stream, 404, /api/agents/99999999?orgId=org-101" })
	void anErrorIsAProblemWhateverIsAccepted(String accept, int status, String path) {
		Answer answer = this.api.accepting(accept, path);

		assertThat(answer.status()).isEqualTo(status);
		assertThat(answer.type()).isEqualTo("application/problem+json");
	}

	@ParameterizedTest
	@CsvSource({ "/api/agents/?orgId=org-101, /api/agents", "/api/cache/stats/, /api/cache/stats",
			"/api/live/, /api/live", "/api/agents//?orgId=org-101, /api/agents", "/actuator/, /actuator" })
	void aSlashAtTheEndIsSaidToBeTooMuch(String path, String meant) {
		Answer answer = this.api.get(path);

		assertThat(answer.status()).isEqualTo(404);
		assertThat(answer.text("/detail")).startsWith("Nothing is served at " + path.replaceAll("\\?.*", "") + ".")
			.endsWith("No path here ends with a slash: try " + meant + ".");
	}

	@ParameterizedTest
	@CsvSource({ "name, 81", "model, 61", "description, 501" })
	void textThatIsTooLongIsRefused(String field, int length) {
		String body = "{\"name\":\"x\",\"model\":\"m\",\"" + field + "\":\"" + "x".repeat(length) + "\"}";

		Answer answer = this.api.post("org-101", "/api/agents", body);

		assertThat(answer.status()).isEqualTo(400);
		assertThat(answer.text("/detail"))
			.isEqualTo("'" + field + "' size must be between 0 and " + (length - 1) + ".");
	}

}
