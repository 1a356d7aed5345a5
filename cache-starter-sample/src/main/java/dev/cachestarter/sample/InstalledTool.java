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
 * A tool as it is installed on a server.
 *
 * @param name the name of its package
 * @param version the version installed
 * @param newestVersion the newest version in the catalogue
 * @param installedAt when it was installed
 */
record InstalledTool(String name, String version, String newestVersion, Instant installedAt) {
}
