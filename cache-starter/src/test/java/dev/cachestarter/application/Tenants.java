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

package dev.cachestarter.application;

import java.math.BigDecimal;
import java.util.Map;
import java.util.Objects;

import dev.cachestarter.CacheService;
import dev.cachestarter.TtlPreset;
import dev.cachestarter.application.Model.Address;
import dev.cachestarter.application.Model.Money;
import dev.cachestarter.application.Model.Product;
import org.jspecify.annotations.Nullable;

import org.springframework.cache.Cache;
import org.springframework.cache.CacheManager;
import org.springframework.cache.annotation.CacheEvict;
import org.springframework.cache.annotation.Cacheable;

/** Keys, names and calls that the application makes itself. */
class Tenants {

	private final Calls calls;

	private final CacheManager manager;

	private final CacheService service;

	Tenants(Calls calls, CacheManager manager, CacheService service) {
		this.calls = calls;
		this.manager = manager;
		this.service = service;
	}

	@Cacheable(cacheResolver = "tenantCaches")
	public Address office(String tenant, String city) {
		this.calls.ran("office");
		return new Address("1 " + tenant + " Street", city);
	}

	@Cacheable("users")
	public Product user(String name) {
		this.calls.ran("user");
		return Product.of(name.length());
	}

	@CacheEvict(cacheNames = "users", key = "#user.name")
	public void changed(Product user) {
		this.calls.ran("changed");
	}

	@Cacheable(cacheNames = "prices", key = "#tenant + ':' + #sku")
	public Money price(String tenant, String sku, String requestId) {
		this.calls.ran("price");
		return new Money(BigDecimal.TEN, "EUR");
	}

	@Cacheable(cacheNames = "features", keyGenerator = "tenantKeys")
	public Map<String, Boolean> features(String tenant) {
		this.calls.ran("features");
		return Map.of("dark", true);
	}

	/** By the cache, with a loader. */
	public @Nullable Product loaded(String key) {
		return cache("loaded").get(key, () -> {
			this.calls.ran("loaded");
			return Product.of(1);
		});
	}

	/** By the cache, with a type. */
	public Product looked(String key) {
		Product found = cache("looked").get(key, Product.class);
		if (found == null) {
			this.calls.ran("looked");
			found = Product.of(2);
			cache("looked").put(key, found);
		}
		return found;
	}

	/** By the cache, with no word on the type. */
	public Object counter(String key) {
		Cache.ValueWrapper found = cache("counters").get(key);
		if (found == null) {
			this.calls.ran("counter");
			cache("counters").put(key, 5L);
			return 5L;
		}
		return Objects.requireNonNull(found.get());
	}

	/** By the service. */
	public @Nullable Product served(String id) {
		return this.service.getOrLoad("served:" + id, Product.class, TtlPreset.FREQUENT.ttl(), () -> {
			this.calls.ran("served");
			return Product.of(3);
		});
	}

	private Cache cache(String name) {
		return Objects.requireNonNull(this.manager.getCache(name));
	}

}
