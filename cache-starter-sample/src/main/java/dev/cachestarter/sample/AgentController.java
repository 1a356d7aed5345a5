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

import java.net.URI;

import jakarta.validation.Valid;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.Pattern;
import jakarta.validation.constraints.Positive;
import jakarta.validation.constraints.Size;
import org.jspecify.annotations.Nullable;

import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

/**
 * The agents of a tenant, over HTTP.
 */
@RestController
@RequestMapping("/api/agents")
class AgentController {

	private final AgentService agents;

	AgentController(AgentService agents) {
		this.agents = agents;
	}

	@GetMapping
	Page<Agent> list(@Tenant String orgId, @RequestParam(defaultValue = "1") @Min(1) @Max(10_000) int page,
			@RequestParam(defaultValue = "20") @Min(1) @Max(100) int limit,
			@RequestParam(required = false) @Nullable AgentStatus status,
			@RequestParam(required = false) @Size(max = 80) @Pattern(regexp = Text.PRINTABLE,
					message = Text.NOT_PRINTABLE) @Nullable String filter) {
		return this.agents.list(orgId, new AgentQuery(page, limit, status, filter));
	}

	@GetMapping("/{id}")
	Agent get(@Tenant String orgId, @PathVariable @Positive long id) {
		return this.agents.get(orgId, id);
	}

	@GetMapping("/{id}/stats")
	AgentStats stats(@Tenant String orgId, @PathVariable @Positive long id) {
		return this.agents.stats(orgId, id);
	}

	@PostMapping
	ResponseEntity<Agent> create(@Tenant String orgId, @Valid @RequestBody AgentDraft draft) {
		Agent agent = this.agents.create(orgId, draft);
		return ResponseEntity.created(URI.create("/api/agents/" + agent.id())).body(agent);
	}

	@PutMapping("/{id}")
	Agent update(@Tenant String orgId, @PathVariable @Positive long id, @Valid @RequestBody AgentDraft draft) {
		return this.agents.update(orgId, id, draft);
	}

	@DeleteMapping("/{id}")
	@ResponseStatus(HttpStatus.NO_CONTENT)
	void delete(@Tenant String orgId, @PathVariable @Positive long id) {
		this.agents.delete(orgId, id);
	}

}
