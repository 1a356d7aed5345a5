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

/**
 * Connections to Redis: to one server or to a cluster, what they send, who answers, what
 * errors mean, and how late this JVM is itself. The only package that knows the driver. A
 * connection has no state machine: the link above it decides when there is one and what
 * is sent on it. Called by the link, and for errors, scripts and pages of keys by the
 * protocols. Not API.
 */
@NullMarked
package dev.cachestarter.engine.connection;

import org.jspecify.annotations.NullMarked;
