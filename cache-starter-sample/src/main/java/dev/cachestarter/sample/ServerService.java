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

import org.springframework.stereotype.Service;

/**
 * The servers of a tenant. Whoever asks for another tenant's server is told that there is
 * none; the tenant's cached list answers that without the database.
 */
@Service
class ServerService {

	private final ServerReads reads;

	ServerService(ServerReads reads) {
		this.reads = reads;
	}

	List<Server> list(String orgId) {
		return this.reads.list(orgId);
	}

	List<InstalledTool> tools(String orgId, long serverId) {
		requireServer(orgId, serverId);
		return this.reads.tools(serverId);
	}

	ServerHealth health(String orgId, long serverId) {
		requireServer(orgId, serverId);
		return this.reads.health(serverId);
	}

	/** Return the health of all servers of a tenant, in the order of their list. */
	Collection<ServerHealth> health(String orgId) {
		return this.reads.health(list(orgId).stream().map(Server::id).toList()).values();
	}

	private void requireServer(String orgId, long serverId) {
		if (this.reads.list(orgId).stream().noneMatch((server) -> server.id() == serverId)) {
			throw new NotFoundException("The tenant '" + orgId + "' has no server " + serverId + ".");
		}
	}

}
