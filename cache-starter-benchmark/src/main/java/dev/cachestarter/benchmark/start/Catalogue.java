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

package dev.cachestarter.benchmark.start;

import java.io.Serializable;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import java.util.Optional;

import org.springframework.cache.annotation.CacheEvict;
import org.springframework.cache.annotation.Cacheable;

/**
 * Ten cached methods.
 */
class Catalogue {

	@Cacheable("words")
	public List<String> words(String tenant) {
		return List.of(tenant);
	}

	@Cacheable("products:details")
	public Product product(String tenant, long id) {
		throw new UnsupportedOperationException();
	}

	@Cacheable("products:list")
	public List<Product> products(String tenant, int page) {
		throw new UnsupportedOperationException();
	}

	@Cacheable("prices")
	public Map<String, BigDecimal> prices(String tenant) {
		throw new UnsupportedOperationException();
	}

	@Cacheable("offers")
	public Optional<Offer> offer(String tenant, LocalDate day) {
		throw new UnsupportedOperationException();
	}

	@Cacheable("orders:details")
	public Order order(String tenant, long id) {
		throw new UnsupportedOperationException();
	}

	@Cacheable("orders:list")
	public Page<Order> orders(String tenant, int page) {
		throw new UnsupportedOperationException();
	}

	@Cacheable("stock")
	public int stock(String tenant, long product) {
		throw new UnsupportedOperationException();
	}

	@Cacheable("suppliers")
	public List<Supplier> suppliers(String tenant) {
		throw new UnsupportedOperationException();
	}

	@Cacheable("shipments")
	public Shipment shipment(String tenant, long order) {
		throw new UnsupportedOperationException();
	}

	@CacheEvict(cacheNames = { "products:details", "products:list" }, allEntries = true)
	public void changed() {
	}

	record Product(long id, String name, BigDecimal price, List<String> tags, Instant changed) implements Serializable {

	}

	record Offer(long product, BigDecimal price, LocalDate until) implements Serializable {

	}

	record Order(long id, List<Line> lines, Instant placed, Map<String, String> notes) implements Serializable {

	}

	record Line(long product, int count, BigDecimal price) implements Serializable {

	}

	record Supplier(long id, String name, Address address) implements Serializable {

	}

	record Address(String street, String town, String country) implements Serializable {

	}

	record Shipment(long order, Address to, Instant sent, State state) implements Serializable {

	}

	record Page<T extends Serializable>(List<T> content, int number, long total) implements Serializable {

	}

	enum State {

		PACKED, SENT, DELIVERED

	}

}
