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

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The sample's API as a client on the same machine sees it.
 */
final class Api {

	private static final JsonMapper json = JsonMapper.shared();

	private final HttpClient client = HttpClient.newHttpClient();

	private final String address;

	Api(int port) {
		this.address = "http://127.0.0.1:" + port;
	}

	Answer get(String path) {
		return get(null, path);
	}

	Answer get(@Nullable String orgId, String path) {
		return send("GET", orgId, path, null, null);
	}

	/**
	 * Ask for a form of the answer that there may not be.
	 */
	Answer accepting(String types, String path) {
		return send(request(path).header("Accept", types).GET());
	}

	Answer post(String orgId, String path, String body) {
		return send("POST", orgId, path, "application/json", body);
	}

	Answer put(String orgId, String path, String body) {
		return send("PUT", orgId, path, "application/json", body);
	}

	Answer delete(String orgId, String path) {
		return send("DELETE", orgId, path, null, null);
	}

	Answer send(String method, @Nullable String orgId, String path, @Nullable String type, @Nullable String body) {
		HttpRequest.Builder request = request(path).method(method,
				(body != null) ? BodyPublishers.ofString(body) : BodyPublishers.noBody());
		if (orgId != null) {
			request.header(Tenant.HEADER, orgId);
		}
		if (type != null) {
			request.header("Content-Type", type);
		}
		return send(request);
	}

	private HttpRequest.Builder request(String path) {
		return HttpRequest.newBuilder(URI.create(this.address + path));
	}

	private Answer send(HttpRequest.Builder request) {
		try {
			HttpResponse<String> response = this.client.send(request.build(), BodyHandlers.ofString());
			return new Answer(response.statusCode(), response.headers().firstValue("Content-Type").orElse(""),
					json.readTree(response.body()));
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		catch (InterruptedException ex) {
			throw new IllegalStateException(ex);
		}
	}

	/**
	 * What came back.
	 *
	 * @param status the status code
	 * @param type the media type, empty if there is none
	 * @param body the body, a missing node if there is none
	 */
	record Answer(int status, String type, JsonNode body) {

		<T> T as(Class<T> type) {
			return json.treeToValue(this.body, type);
		}

		String text(String pointer) {
			return this.body.at(pointer).asString();
		}

		long number(String pointer) {
			return this.body.at(pointer).asLong();
		}

	}

}
