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
import java.time.Instant;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;

import dev.cachestarter.application.Model.Card;
import dev.cachestarter.application.Model.Customer;
import dev.cachestarter.application.Model.CustomerSummary;
import dev.cachestarter.application.Model.CustomerView;
import dev.cachestarter.application.Model.Discount;
import dev.cachestarter.application.Model.Fixed;
import dev.cachestarter.application.Model.Payment;
import dev.cachestarter.application.Model.Transfer;

import org.springframework.cache.annotation.CacheEvict;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.data.projection.SpelAwareProxyProjectionFactory;

/** As a Spring Data repository: an interface with the annotations, behind a JDK proxy. */
interface Customers {

	@Cacheable("customers")
	Customer find(long id);

	@Cacheable("customersByCity")
	List<Customer> inCity(String city);

	@CacheEvict(cacheNames = "customersByCity", key = "#customer.city")
	void moved(Customer customer);

	@Cacheable("customerSummaries")
	List<CustomerSummary> summaries(Instant before);

	@Cacheable("customerViews")
	List<CustomerView> views(String city);

	@Cacheable("payments")
	Payment payment(UUID id);

	@Cacheable("paymentsByDay")
	List<Payment> payments(LocalDate day);

	@Cacheable("discounts")
	Discount discount(String code);

	@Cacheable("exports")
	Stream<Customer> export(String city);

	/** What is behind the interface. */
	class StoredCustomers implements Customers {

		private final SpelAwareProxyProjectionFactory projections = new SpelAwareProxyProjectionFactory();

		private final Calls calls;

		StoredCustomers(Calls calls) {
			this.calls = calls;
		}

		@Override
		public Customer find(long id) {
			this.calls.ran("find");
			return new Customer(id, "Utrecht");
		}

		@Override
		public List<Customer> inCity(String city) {
			this.calls.ran("inCity");
			return List.of(new Customer(1, city), new Customer(2, city));
		}

		@Override
		public void moved(Customer customer) {
			this.calls.ran("moved");
		}

		@Override
		public List<CustomerSummary> summaries(Instant before) {
			this.calls.ran("summaries");
			return List.of(new CustomerSummary(1, "Utrecht", before));
		}

		@Override
		public List<CustomerView> views(String city) {
			this.calls.ran("views");
			return List.of(this.projections.createProjection(CustomerView.class, Map.of("id", 1L, "city", city)));
		}

		@Override
		public Payment payment(UUID id) {
			this.calls.ran("payment");
			return new Card(new BigDecimal("12.50"), "4111");
		}

		@Override
		public List<Payment> payments(LocalDate day) {
			this.calls.ran("payments");
			return List.of(new Card(BigDecimal.ONE, "4111"), new Transfer(BigDecimal.TEN, "NL00", day));
		}

		@Override
		public Discount discount(String code) {
			this.calls.ran("discount");
			return new Fixed(BigDecimal.TEN);
		}

		@Override
		public Stream<Customer> export(String city) {
			this.calls.ran("export");
			return Stream.of(new Customer(1, city));
		}

	}

}
