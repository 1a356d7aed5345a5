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

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

import dev.cachestarter.application.Model.Product;
import dev.cachestarter.application.Model.Query;
import dev.cachestarter.application.Model.Sku;
import org.jspecify.annotations.Nullable;

import org.springframework.cache.annotation.CacheConfig;
import org.springframework.cache.annotation.CacheEvict;
import org.springframework.cache.annotation.CachePut;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.cache.annotation.Caching;
import org.springframework.data.domain.OffsetScrollPosition;
import org.springframework.data.domain.Page;
import org.springframework.data.domain.PageImpl;
import org.springframework.data.domain.Pageable;
import org.springframework.data.domain.Slice;
import org.springframework.data.domain.SliceImpl;
import org.springframework.data.domain.Sort;
import org.springframework.data.domain.Window;

/** One class, one cache name, and as many types as a repository has. No interface. */
@CacheConfig(cacheNames = "products")
class Catalog {

	private final Calls calls;

	Catalog(Calls calls) {
		this.calls = calls;
	}

	@Cacheable
	public List<Product> findAll() {
		this.calls.ran("findAll");
		return List.of(Product.of(1), Product.of(2));
	}

	@Cacheable
	public @Nullable Product findById(long id) {
		this.calls.ran("findById");
		return (id > 0) ? Product.of(id) : null;
	}

	@Cacheable
	public Optional<Product> findBySku(Sku sku) {
		this.calls.ran("findBySku");
		return Optional.of(Product.of(sku.code().length()));
	}

	@Cacheable(key = "'count'")
	public long count() {
		this.calls.ran("count");
		return 2;
	}

	@Cacheable(key = "'exists-' + #id")
	public boolean exists(long id) {
		this.calls.ran("exists");
		return id > 0;
	}

	@Cacheable
	public List<Product> search(String tenant, Query query) {
		this.calls.ran("search");
		return new ArrayList<>(List.of(Product.of(query.page())));
	}

	@Caching(put = @CachePut(key = "#result.id"), evict = { @CacheEvict(key = "'count'"),
			@CacheEvict(key = "T(org.springframework.cache.interceptor.SimpleKey).EMPTY") })
	public Product save(Product product) {
		this.calls.ran("save");
		return product;
	}

	@CacheEvict
	public void delete(long id) {
		this.calls.ran("delete");
	}

	@Cacheable("pages")
	public Page<Product> page(Pageable pageable) {
		this.calls.ran("page");
		return new PageImpl<>(List.of(Product.of(1), Product.of(2)), pageable, 17);
	}

	@Cacheable("pages")
	public Slice<Product> slice(String tenant, Pageable pageable) {
		this.calls.ran("slice");
		return new SliceImpl<>(List.of(Product.of(3)), pageable, true);
	}

	@Cacheable(cacheNames = "pages", key = "'window-' + #position.offset")
	public Window<Product> window(OffsetScrollPosition position) {
		this.calls.ran("window");
		return Window.from(List.of(Product.of(4)), OffsetScrollPosition.positionFunction(position.getOffset()), true);
	}

	@Cacheable("sorted")
	public List<Product> sorted(Sort sort) {
		this.calls.ran("sorted");
		return List.of(Product.of(2), Product.of(1));
	}

}
