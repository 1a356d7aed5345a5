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

import java.util.Locale;

import io.micrometer.common.KeyValue;
import io.micrometer.common.KeyValues;

/**
 * The names of the starter: {@code cache.starter.step} with the keys {@code cache},
 * {@code step} ({@code read}, {@code wait} or {@code load}), {@code kind} and
 * {@code outcome}. It is no name of a meter of the starter, since Spring Boot makes
 * meters of observations, too.
 *
 * @since 0.1.0
 */
public class DefaultCacheStepConvention implements CacheStepConvention {

	@Override
	public String getName() {
		return "cache.starter.step";
	}

	@Override
	public String getContextualName(CacheStepContext context) {
		return "cache " + context.getStep().name().toLowerCase(Locale.ROOT) + " " + context.getCacheName();
	}

	@Override
	public KeyValues getLowCardinalityKeyValues(CacheStepContext context) {
		String kind = context.getKind();
		String outcome = context.getOutcome();
		return KeyValues.of(KeyValue.of("cache", context.getCacheName()),
				KeyValue.of("step", context.getStep().name().toLowerCase(Locale.ROOT)),
				KeyValue.of("kind", (kind != null) ? kind : KeyValue.NONE_VALUE),
				KeyValue.of("outcome", (outcome != null) ? outcome : KeyValue.NONE_VALUE));
	}

}
