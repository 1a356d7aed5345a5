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

package dev.cachestarter.engine.monitor;

/**
 * What an operation of Redis is for.
 */
public enum RedisOperation {

	/** Reads entries and their generations. */
	READ,

	/** Leases or claims a key for a load. */
	LEASE,

	/** Makes a lease, a claim or a generation live on. */
	RENEW,

	/** Gives a lease back, or removes what cannot be read. */
	RELEASE,

	/** Makes the generation of a cache or a group. */
	GENERATION,

	/** Stores a value. */
	FILL,

	/** Evicts. */
	EVICT,

	/** Walks through keys: for a pattern, or to sweep what was evicted. */
	SWEEP,

	/** Asks the server about itself. */
	INFO

}
