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

import io.micrometer.common.KeyValue;
import io.micrometer.common.KeyValues;

/**
 * The names of the starter: {@code cache.starter.operation}, with OpenTelemetry's keys
 * for databases as far as there are any ({@code db.system.name},
 * {@code db.operation.name}), and the keys {@code kind} and {@code outcome} of the meter
 * {@code cache.starter.redis}.
 *
 * @since 0.1.0
 */
public class DefaultRedisOperationConvention implements RedisOperationConvention {

	@Override
	public String getName() {
		return "cache.starter.operation";
	}

	@Override
	public String getContextualName(RedisOperationContext context) {
		return context.getCommand();
	}

	@Override
	public KeyValues getLowCardinalityKeyValues(RedisOperationContext context) {
		String outcome = context.getOutcome();
		return KeyValues.of(KeyValue.of("db.system.name", "redis"),
				KeyValue.of("db.operation.name", context.getCommand()), KeyValue.of("kind", context.getOperation()),
				KeyValue.of("outcome", (outcome != null) ? outcome : KeyValue.NONE_VALUE));
	}

}
