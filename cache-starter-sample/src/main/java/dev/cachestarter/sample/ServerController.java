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

import java.util.Collection;
import java.util.List;

import jakarta.validation.constraints.Positive;

import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/**
 * The servers of a tenant, over HTTP.
 */
@RestController
@RequestMapping("/api/servers")
class ServerController {

	private final ServerService servers;

	ServerController(ServerService servers) {
		this.servers = servers;
	}

	@GetMapping
	List<Server> list(@Tenant String orgId) {
		return this.servers.list(orgId);
	}

	@GetMapping("/health")
	Collection<ServerHealth> health(@Tenant String orgId) {
		return this.servers.health(orgId);
	}

	@GetMapping("/{id}/tools")
	List<InstalledTool> tools(@Tenant String orgId, @PathVariable @Positive long id) {
		return this.servers.tools(orgId, id);
	}

	@GetMapping("/{id}/health")
	ServerHealth health(@Tenant String orgId, @PathVariable @Positive long id) {
		return this.servers.health(orgId, id);
	}

}
