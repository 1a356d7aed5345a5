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

package dev.cachestarter;

import java.util.List;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonTypeInfo;

import org.springframework.cache.annotation.CacheConfig;
import org.springframework.cache.annotation.CachePut;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.context.annotation.Bean;

import dev.cachestarter.autoconfigure.CacheJsonMapperBuilderCustomizer;

/**
 * The code of {@code docs/what-can-be-cached.md}.
 */
@SuppressWarnings("unused")
final class WhatCanBeCachedExample {

	private WhatCanBeCachedExample() {
	}

	// @formatter:off
	@CacheConfig(cacheNames = "products")
	class Products {

		@Cacheable(key = "'all'")
		public List<Product> findAll() {
			return this.repository.findAll();
		}

		@Cacheable
		public Product findById(String id) {
			return this.repository.findById(id);
		}

		@Cacheable(key = "'count'")
		public long count() {
			return this.repository.count();
		}

		@CachePut(key = "#product.id()")
		public Product save(Product product) {
			return this.repository.save(product);
		}
		// @formatter:on

		private final Repository repository;

		Products(Repository repository) {
			this.repository = repository;
		}

	}

	record Product(String id, int price) {

	}

	interface Repository {

		List<Product> findAll();

		Product findById(String id);

		long count();

		Product save(Product product);

	}

	record OwnerView(Integer id, String name, List<String> pets) {

		static OwnerView of(Owner owner) {
			return new OwnerView(owner.getId(), owner.getName(), owner.getPets().stream().map(Pet::getName).toList());
		}

	}

	interface Owner {

		Integer getId();

		String getName();

		List<Pet> getPets();

	}

	interface Pet {

		String getName();

	}

	record NameOnly(String firstName, String lastName) {

	}

	@JsonTypeInfo(use = JsonTypeInfo.Id.NAME)
	sealed interface Payment permits Card, Transfer {

	}

	record Card(String number) implements Payment {

	}

	record Transfer(String account) implements Payment {

	}

	static class Account {

		private String name = "";

		@JsonIgnore
		private String secret = "";

		public String getName() {
			return this.name;
		}

		public void setName(String name) {
			this.name = name;
		}

		public String getSecret() {
			return this.secret;
		}

		public void setSecret(String secret) {
			this.secret = secret;
		}

	}

	static class CacheConfiguration {

		@Bean
		CacheJsonMapperBuilderCustomizer accountsInTheCache() {
			return (builder) -> builder.addMixIn(Account.class, CachedAccount.class);
		}

		abstract static class CachedAccount {

			@JsonIgnore(false)
			private String secret;

		}

	}

}
