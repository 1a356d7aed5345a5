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

import java.util.List;

/**
 * A tool server of the catalogue, and how an agent's host starts it.
 *
 * @param name the name of its package
 * @param version the newest version
 * @param downloadsPerMonth how often it is fetched in a month
 * @param transport how the host talks to it
 * @param command what the host runs
 * @param args with which arguments
 */
record ToolDefinition(String name, String version, long downloadsPerMonth, String transport, String command,
		List<String> args) {

	/**
	 * Return the definition of a package, which runs as the child of its host.
	 * @param name the name of the package
	 * @param version its version
	 * @param downloadsPerMonth how often it is fetched in a month
	 * @return the definition
	 */
	static ToolDefinition of(String name, String version, long downloadsPerMonth) {
		return new ToolDefinition(name, version, downloadsPerMonth, "stdio", "npx",
				List.of("-y", name + "@" + version));
	}

}
