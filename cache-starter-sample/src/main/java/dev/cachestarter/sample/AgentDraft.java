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

import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.Pattern;
import jakarta.validation.constraints.Size;
import org.jspecify.annotations.Nullable;

/**
 * What a client says of an agent, to create it or to replace what was said before.
 *
 * @param name what people call it
 * @param model the language model it runs on
 * @param status whether it takes work, active unless said otherwise
 * @param description what it does, empty unless said
 */
record AgentDraft(@NotBlank @Size(max = 80) @Pattern(regexp = Text.PRINTABLE, message = Text.NOT_PRINTABLE) String name,
		@NotBlank @Size(max = 60) @Pattern(regexp = Text.PRINTABLE, message = Text.NOT_PRINTABLE) String model,
		AgentStatus status,
		@Size(max = 500) @Pattern(regexp = Text.PRINTABLE, message = Text.NOT_PRINTABLE) String description) {

	AgentDraft(String name, String model, @Nullable AgentStatus status, @Nullable String description) {
		this.name = name;
		this.model = model;
		this.status = (status != null) ? status : AgentStatus.ACTIVE;
		this.description = (description != null) ? description : "";
	}

}
