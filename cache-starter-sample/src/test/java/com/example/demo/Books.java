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

package com.example.demo;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

import org.springframework.cache.annotation.CacheEvict;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.stereotype.Service;

@Service
public class Books {

	public record Book(String isbn, String title) {
	}

	private final Map<String, String> titles = new ConcurrentHashMap<>(Map.of("978-1", "Dune", "978-2", "Solaris"));

	@Cacheable("books")
	public Book find(String isbn) throws InterruptedException {
		Thread.sleep(2000); // a slow database
		return new Book(isbn, this.titles.get(isbn));
	}

	@CacheEvict(cacheNames = "books", key = "#isbn")
	public void rename(String isbn, String title) {
		this.titles.put(isbn, title);
	}

}
