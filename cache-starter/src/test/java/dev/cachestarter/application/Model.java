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
import java.sql.Timestamp;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonFormat;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import org.jspecify.annotations.Nullable;

/** What the application's methods take and return: classes as people write them. */
final class Model {

	private Model() {
	}

	record Sku(String code) {
	}

	record Query(String text, int page, @Nullable Sku like) {
	}

	enum Role {

		BUYER, SELLER {
			@Override
			boolean sells() {
				return true;
			}
		};

		boolean sells() {
			return false;
		}

	}

	/** A bean with everything public. */
	public static class Product {

		private @Nullable Long id;

		private @Nullable String name;

		private @Nullable BigDecimal price;

		private List<String> tags = new ArrayList<>();

		public @Nullable Long getId() {
			return this.id;
		}

		public void setId(@Nullable Long id) {
			this.id = id;
		}

		public @Nullable String getName() {
			return this.name;
		}

		public void setName(@Nullable String name) {
			this.name = name;
		}

		public @Nullable BigDecimal getPrice() {
			return this.price;
		}

		public void setPrice(@Nullable BigDecimal price) {
			this.price = price;
		}

		public List<String> getTags() {
			return this.tags;
		}

		public void setTags(List<String> tags) {
			this.tags = tags;
		}

		static Product of(long id) {
			Product product = new Product();
			product.setId(id);
			product.setName("product " + id);
			product.setPrice(new BigDecimal("9.90"));
			product.getTags().add("new");
			return product;
		}

	}

	/**
	 * As mapped by JPA: a hidden constructor, no setters, a list that grows by a method,
	 * and a {@link Timestamp} where a date is declared.
	 */
	public static class Customer {

		private @Nullable Long id;

		private @Nullable String city;

		private @Nullable Date since;

		private final List<Address> addresses = new ArrayList<>();

		protected Customer() {
		}

		Customer(long id, String city) {
			this.id = id;
			this.city = city;
			this.since = new Timestamp(1_700_000_000_123L);
			this.addresses.add(new Address("1 High Street", city));
		}

		public @Nullable Long getId() {
			return this.id;
		}

		public @Nullable String getCity() {
			return this.city;
		}

		public @Nullable Date getSince() {
			return this.since;
		}

		public List<Address> getAddresses() {
			return this.addresses;
		}

	}

	/** A value with all in its constructor, and another for the mapper. */
	public static class Address {

		private @Nullable String street;

		private @Nullable String city;

		public Address() {
		}

		public Address(String street, String city) {
			this.street = street;
			this.city = city;
		}

		public @Nullable String getStreet() {
			return this.street;
		}

		public void setStreet(String street) {
			this.street = street;
		}

		public @Nullable String getCity() {
			return this.city;
		}

		public void setCity(String city) {
			this.city = city;
		}

	}

	/** A projection by class. */
	record CustomerSummary(long id, String city, Instant since) {
	}

	/** A projection by interface: Spring Data makes a proxy of it. */
	public interface CustomerView {

		Long getId();

		String getCity();

	}

	@JsonTypeInfo(use = JsonTypeInfo.Id.NAME)
	@JsonSubTypes({ @JsonSubTypes.Type(value = Card.class, name = "card"),
			@JsonSubTypes.Type(value = Transfer.class, name = "transfer") })
	sealed interface Payment permits Card, Transfer {

		BigDecimal amount();

	}

	record Card(BigDecimal amount, String number) implements Payment {
	}

	record Transfer(BigDecimal amount, String iban, LocalDate due) implements Payment {
	}

	/** The same without a word on how to tell them apart. */
	sealed interface Discount permits Percent, Fixed {

	}

	record Percent(int percent) implements Discount {
	}

	record Fixed(BigDecimal amount) implements Discount {
	}

	record Envelope<T>(String id, T content, Map<String, Instant> times) {
	}

	/** Immutable, with a constructor that Jackson is told of. */
	public static final class Money {

		private final BigDecimal amount;

		private final String currency;

		@JsonCreator
		Money(@JsonProperty("amount") BigDecimal amount, @JsonProperty("currency") String currency) {
			this.amount = amount;
			this.currency = currency;
		}

		public BigDecimal getAmount() {
			return this.amount;
		}

		public String getCurrency() {
			return this.currency;
		}

	}

	/** With numbers as a web page wants them, and a computed property. */
	public static class Invoice {

		@JsonFormat(shape = JsonFormat.Shape.STRING)
		private long number;

		@JsonFormat(shape = JsonFormat.Shape.STRING)
		private BigDecimal total = BigDecimal.ZERO;

		private final List<Money> lines = new ArrayList<>();

		public long getNumber() {
			return this.number;
		}

		public void setNumber(long number) {
			this.number = number;
		}

		public BigDecimal getTotal() {
			return this.total;
		}

		public void setTotal(BigDecimal total) {
			this.total = total;
		}

		public List<Money> getLines() {
			return this.lines;
		}

	}

	/** With an attribute of any type, as of a key-value table. */
	record Attribute(String name, Object value) {
	}

	/** One generic base, two classes. */
	public abstract static class Reference {

		private @Nullable String code;

		public @Nullable String getCode() {
			return this.code;
		}

		public void setCode(@Nullable String code) {
			this.code = code;
		}

	}

	public static class Color extends Reference {

		private int rgb;

		public int getRgb() {
			return this.rgb;
		}

		public void setRgb(int rgb) {
			this.rgb = rgb;
		}

	}

	public static class Size extends Reference {

		private @Nullable Double inches;

		public @Nullable Double getInches() {
			return this.inches;
		}

		public void setInches(@Nullable Double inches) {
			this.inches = inches;
		}

	}

	/** A bean that knows others and is known by them. */
	public static class Category {

		private final UUID id;

		private final List<Category> children;

		@JsonCreator
		Category(@JsonProperty("id") UUID id, @JsonProperty("children") @Nullable List<Category> children) {
			this.id = id;
			this.children = Objects.requireNonNullElse(children, Collections.emptyList());
		}

		public UUID getId() {
			return this.id;
		}

		public List<Category> getChildren() {
			return this.children;
		}

	}

}
