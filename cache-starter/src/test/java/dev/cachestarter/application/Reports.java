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
import java.net.URL;
import java.nio.file.Path;
import java.time.DayOfWeek;
import java.time.Instant;
import java.time.LocalDate;
import java.util.Collection;
import java.util.Date;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TimeZone;
import java.util.TreeMap;
import java.util.UUID;

import dev.cachestarter.application.Model.Attribute;
import dev.cachestarter.application.Model.Category;
import dev.cachestarter.application.Model.Envelope;
import dev.cachestarter.application.Model.Invoice;
import dev.cachestarter.application.Model.Money;
import dev.cachestarter.application.Model.Product;
import dev.cachestarter.application.Model.Role;
import org.jspecify.annotations.Nullable;

import org.springframework.cache.annotation.Cacheable;

/** Arguments and results of every kind. */
class Reports {

	private final Calls calls;

	Reports(Calls calls) {
		this.calls = calls;
	}

	@Cacheable("turnover")
	public Map<LocalDate, BigDecimal> turnover(Date from, TimeZone zone) {
		this.calls.ran("turnover");
		return new TreeMap<>(
				Map.of(LocalDate.of(2026, 1, 2), BigDecimal.ONE, LocalDate.of(2026, 1, 3), new BigDecimal("2.50")));
	}

	@Cacheable("byName")
	public Map<String, Product> byName(Map<DayOfWeek, Integer> hours, String... names) {
		this.calls.ran("byName");
		return Map.of("one", Product.of(1));
	}

	@Cacheable("roles")
	public Set<Role> roles(UUID user, Locale locale) {
		this.calls.ran("roles");
		return EnumSet.allOf(Role.class);
	}

	@Cacheable("labels")
	public @Nullable String[] labels(Class<?> type, Optional<String> filter) {
		this.calls.ran("labels");
		return new @Nullable String[] { "a", null };
	}

	@Cacheable("image")
	public byte[] image(Path path, int width) {
		this.calls.ran("image");
		return new byte[] { 1, -1, 0 };
	}

	@Cacheable("stock")
	public int stock(URL shop, char shelf) {
		this.calls.ran("stock");
		return 42;
	}

	@Cacheable("envelope")
	public Envelope<List<Product>> envelope(long id) {
		this.calls.ran("envelope");
		return new Envelope<>("e-" + id, List.of(Product.of(id)), Map.of("sent", Instant.ofEpochSecond(7)));
	}

	@Cacheable("invoices")
	public Invoice invoice(long number) {
		this.calls.ran("invoice");
		Invoice invoice = new Invoice();
		invoice.setNumber(number);
		invoice.setTotal(new BigDecimal("10.00"));
		invoice.getLines().add(new Money(new BigDecimal("10.00"), "EUR"));
		return invoice;
	}

	@Cacheable("attributes")
	public Collection<Attribute> attributes(String entity) {
		this.calls.ran("attributes");
		return List.of(new Attribute("name", "x"), new Attribute("open", true), new Attribute("rank", 3));
	}

	@Cacheable("categories")
	public Category categories() {
		this.calls.ran("categories");
		return new Category(new UUID(0, 1), List.of(new Category(new UUID(0, 2), null)));
	}

}
