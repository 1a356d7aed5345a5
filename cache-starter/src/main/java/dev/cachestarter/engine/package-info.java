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
 * The engine: keys, values, the link to Redis, entries and their protocols, and loads. It
 * knows Spring and Spring Data Redis, and neither Spring Boot nor what observes it. Not
 * API, but for {@code KeyPattern} and {@code CacheKeys} in the package of keys.
 */
@NullMarked
package dev.cachestarter.engine;

import org.jspecify.annotations.NullMarked;
