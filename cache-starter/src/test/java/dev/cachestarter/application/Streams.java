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

import java.util.List;
import java.util.concurrent.CompletableFuture;

import dev.cachestarter.application.Model.Product;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import org.springframework.cache.annotation.Cacheable;

/** Results that are not there yet. */
class Streams {

	private final Calls calls;

	Streams(Calls calls) {
		this.calls = calls;
	}

	@Cacheable("mono")
	public Mono<Product> mono(long id) {
		return Mono.fromSupplier(() -> {
			this.calls.ran("mono");
			return Product.of(id);
		});
	}

	@Cacheable(cacheNames = "monoSync", sync = true)
	public Mono<Boolean> monoSync(String name) {
		return Mono.fromSupplier(() -> {
			this.calls.ran("monoSync");
			return true;
		});
	}

	@Cacheable("flux")
	public Flux<Product> flux(String tenant) {
		return Flux.defer(() -> {
			this.calls.ran("flux");
			return Flux.just(Product.of(1), Product.of(2), Product.of(3));
		});
	}

	@Cacheable("future")
	public CompletableFuture<Product> future(long id) {
		this.calls.ran("future");
		return CompletableFuture.supplyAsync(() -> Product.of(id));
	}

	@Cacheable(cacheNames = "futureOfMany", sync = true)
	public CompletableFuture<List<Long>> futureOfMany(List<String> names) {
		this.calls.ran("futureOfMany");
		return CompletableFuture.completedFuture(List.of(1L, 2L));
	}

}
