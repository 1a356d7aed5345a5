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

package dev.cachestarter.actuate;

import java.util.Map;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.actuate.endpoint.SecurityContext;
import org.springframework.boot.actuate.endpoint.annotation.DeleteOperation;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.annotation.Selector;
import org.springframework.boot.actuate.endpoint.annotation.WriteOperation;
import org.springframework.boot.actuate.endpoint.web.WebEndpointResponse;
import org.springframework.boot.actuate.endpoint.web.annotation.EndpointWebExtension;

/**
 * {@link EndpointWebExtension} of the {@link CacheStarterEndpoint}: says which caches
 * there are where one is asked for that is not.
 *
 * @since 0.1.0
 */
@EndpointWebExtension(endpoint = CacheStarterEndpoint.class)
public class CacheStarterEndpointWebExtension {

	private final CacheStarterEndpoint endpoint;

	/**
	 * Create an extension.
	 * @param endpoint what it extends
	 */
	public CacheStarterEndpointWebExtension(CacheStarterEndpoint endpoint) {
		this.endpoint = endpoint;
	}

	/**
	 * Return one cache, and keys of it if they are asked for.
	 * @param cache the name of the cache
	 * @param group asks for the keys whose first segment this is
	 * @param pattern asks for the keys that match this glob
	 * @param cursor the cursor of the page before
	 * @param limit after how many keys a page ends
	 * @return the description
	 */
	@ReadOperation
	public WebEndpointResponse<Object> cache(@Selector String cache, @Nullable String group, @Nullable String pattern,
			@Nullable String cursor, @Nullable Integer limit) {
		return response(cache, this.endpoint.cache(cache, group, pattern, cursor, limit));
	}

	/**
	 * Evict a key, the keys of a group, or those that match a pattern.
	 * @param cache the name of the cache
	 * @param key the key
	 * @param group the first segment of the keys
	 * @param pattern a glob against keys within the cache
	 * @param securityContext knows who asks
	 * @return what was evicted
	 */
	@DeleteOperation
	public WebEndpointResponse<Object> evict(@Selector String cache, @Nullable String key, @Nullable String group,
			@Nullable String pattern, SecurityContext securityContext) {
		return response(cache, this.endpoint.evict(cache, key, group, pattern, securityContext));
	}

	/**
	 * Change how this instance uses a cache.
	 * @param cache the name of the cache
	 * @param enabled {@code true} or {@code false}
	 * @param bypass the share of calls that bypass it
	 * @param ttl the time to live of what is stored from now on
	 * @param reset {@code true} to follow the settings again
	 * @param securityContext knows who asks
	 * @return the description of the cache
	 */
	@WriteOperation
	public WebEndpointResponse<Object> control(@Selector String cache, @Nullable String enabled,
			@Nullable String bypass, @Nullable String ttl, @Nullable String reset, SecurityContext securityContext) {
		return response(cache, this.endpoint.control(cache, enabled, bypass, ttl, reset, securityContext));
	}

	private WebEndpointResponse<Object> response(String cache, @Nullable Object body) {
		return (body != null) ? new WebEndpointResponse<>(body)
				: new WebEndpointResponse<>(
						Map.of("error", "No cache has the name '" + cache + "'", "caches", this.endpoint.names()),
						WebEndpointResponse.STATUS_NOT_FOUND);
	}

}
