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

package dev.cachestarter.metrics;

import io.micrometer.observation.transport.Kind;
import io.micrometer.observation.transport.SenderContext;
import org.jspecify.annotations.Nullable;

/**
 * The context of an observation of one operation of Redis that a cached call makes.
 *
 * @since 0.1.0
 */
public final class RedisOperationContext extends SenderContext<Object> {

	private final String kind;

	private final String command;

	private volatile @Nullable String outcome;

	/**
	 * Create a context.
	 * @param kind what the operation is for
	 * @param command the name of the command
	 * @param address where Redis is
	 */
	public RedisOperationContext(String kind, String command, String address) {
		// Redis takes no headers: nothing is handed on.
		super((carrier, key, value) -> {
		}, Kind.CLIENT);
		this.kind = kind;
		this.command = command;
		setRemoteServiceName("redis");
		setRemoteServiceAddress(address);
	}

	/**
	 * Return what the operation is for, in the words of the tag {@code kind} of the meter
	 * {@code cache.starter.redis}.
	 * @return the operation
	 */
	public String getOperation() {
		return this.kind;
	}

	/**
	 * Return the name of the command.
	 * @return the name, such as {@code MGET}
	 */
	public String getCommand() {
		return this.command;
	}

	/**
	 * Return how it ended, in the words of the tag {@code outcome} of that meter.
	 * @return the outcome, {@code null} before the end
	 */
	public @Nullable String getOutcome() {
		return this.outcome;
	}

	void setOutcome(String outcome) {
		this.outcome = outcome;
	}

}
