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
import org.junit.jupiter.api.Test;

import org.springframework.boot.test.web.server.LocalServerPort;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link ToolController}.
 */
@SampleTest
class ToolControllerTests {

	private final Api api;

	ToolControllerTests(@LocalServerPort int port) {
		this.api = new Api(port);
	}

	@Test
	void answersTheWholeCatalogueUnlessAskedForLess() {
		Answer tools = this.api.get("/api/tools/definitions");

		assertThat(tools.status()).isEqualTo(200);
		assertThat(tools.number("/total")).isEqualTo(924);
		assertThat(tools.body().at("/items")).hasSize(924);
	}

	@Test
	void mostDownloadedComeFirst() {
		Answer tools = this.api.get("/api/tools/definitions?limit=2");

		assertThat(tools.text("/items/0/name")).isEqualTo("@playwright/mcp");
		assertThat(tools.text("/items/0/args/1")).isEqualTo("@playwright/mcp@0.0.83");
		assertThat(tools.number("/items/0/downloadsPerMonth"))
			.isGreaterThan(tools.number("/items/1/downloadsPerMonth"));
	}

	@Test
	void filterLooksAnywhereInTheNameInAnyCase() {
		Answer tools = this.api.get("/api/tools/definitions?filter=PlayWright");

		assertThat(tools.body().at("/items")).hasSizeGreaterThan(1)
			.allMatch((tool) -> tool.at("/name").asString().contains("playwright"));
	}

	@Test
	void aVersionOfAToolThatDoesNotExistIsRefused() {
		Answer unknown = this.api.put("org-101", "/api/tools/definitions", "{\"name\":\"nothing\",\"version\":\"1\"}");
		Answer blank = this.api.put("org-101", "/api/tools/definitions", "{\"name\":\" \",\"version\":\"1\"}");

		assertThat(unknown.status()).isEqualTo(404);
		assertThat(unknown.text("/detail")).isEqualTo("There is no tool 'nothing'.");
		assertThat(blank.status()).isEqualTo(400);
		assertThat(blank.text("/detail")).startsWith("'name' must not be blank.");
	}

}
