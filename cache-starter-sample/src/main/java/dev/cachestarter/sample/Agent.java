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

import java.time.Instant;

/**
 * An agent of a tenant.
 *
 * @param id its number, unique over all tenants
 * @param orgId the tenant that owns it
 * @param name what people call it
 * @param model the language model it runs on
 * @param status whether it takes work
 * @param description what it does, may be empty
 * @param createdAt when it was created
 * @param updatedAt when it was last changed
 */
record Agent(long id, String orgId, String name, String model, AgentStatus status, String description,
		Instant createdAt, Instant updatedAt) {
}
