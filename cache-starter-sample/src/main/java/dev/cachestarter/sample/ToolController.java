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

import jakarta.validation.Valid;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.Pattern;
import jakarta.validation.constraints.Size;
import org.jspecify.annotations.Nullable;

import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/**
 * The tool catalogue, over HTTP.
 */
@RestController
class ToolController {

	private final ToolReads tools;

	private final ToolService service;

	ToolController(ToolReads tools, ToolService service) {
		this.tools = tools;
		this.service = service;
	}

	@GetMapping("/api/tools/definitions")
	Page<ToolDefinition> definitions(@RequestParam(defaultValue = "1") @Min(1) @Max(10_000) int page,
			@RequestParam(defaultValue = "1000") @Min(1) @Max(1000) int limit,
			@RequestParam(required = false) @Size(max = 80) @Pattern(regexp = Text.PRINTABLE,
					message = Text.NOT_PRINTABLE) @Nullable String filter) {
		return this.tools.definitions(new ToolQuery(page, limit, filter));
	}

	@PutMapping("/api/tools/definitions")
	ToolDefinition release(@Valid @RequestBody ToolRelease release) {
		return this.service.release(release.name(), release.version());
	}

}
