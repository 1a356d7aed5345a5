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

/**
 * A new version of a tool.
 *
 * @param name the name of its package
 * @param version the version
 */
record ToolRelease(
		@NotBlank @Size(max = 214) @Pattern(regexp = Text.PRINTABLE, message = Text.NOT_PRINTABLE) String name,
		@NotBlank @Size(max = 60) @Pattern(regexp = Text.PRINTABLE, message = Text.NOT_PRINTABLE) String version) {

}
