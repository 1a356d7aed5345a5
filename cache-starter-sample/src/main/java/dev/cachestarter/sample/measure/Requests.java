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

package dev.cachestarter.sample.measure;

import java.util.List;
import java.util.SplittableRandom;

import org.jspecify.annotations.Nullable;

/**
 * What clients ask of the application over HTTP.
 */
public interface Requests {

	/**
	 * Draw a request. The same random numbers give the same request.
	 * @param random draws
	 * @return the request
	 */
	Request next(SplittableRandom random);

	/**
	 * Return how often entries of the caches are asked for, in the words of the paper,
	 * and which caches these are.
	 * @return the kinds
	 */
	List<Kind> kinds();

	/**
	 * Return how large the database is.
	 * @return a sentence
	 */
	String rows();

	/**
	 * A request.
	 *
	 * @param method its method; what is not a GET is a change
	 * @param path its path and query
	 * @param body its body, in JSON
	 */
	record Request(String method, String path, @Nullable String body) {

		boolean read() {
			return this.method.equals("GET");
		}

	}

	/**
	 * Caches that the paper gives one hit ratio to aim for.
	 *
	 * @param name what is read, and how often
	 * @param target the ratio in the paper
	 * @param caches the names of the caches
	 */
	record Kind(String name, String target, List<String> caches) {

	}

}
