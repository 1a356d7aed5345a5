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

import java.util.function.Supplier;

import dev.cachestarter.application.Model.Color;
import dev.cachestarter.application.Model.Reference;
import dev.cachestarter.application.Model.Size;

import org.springframework.cache.annotation.CacheConfig;
import org.springframework.cache.annotation.Cacheable;

/**
 * A generic base class with the annotations, two subclasses, one cache.
 *
 * @param <T> what is referred to
 */
@CacheConfig(cacheNames = "references")
abstract class References<T extends Reference> {

	private final Calls calls;

	private final Supplier<T> type;

	References(Calls calls, Supplier<T> type) {
		this.calls = calls;
		this.type = type;
	}

	@Cacheable(key = "#root.targetClass.simpleName + '-' + #code")
	public T byCode(String code) {
		this.calls.ran(getClass().getSimpleName());
		T reference = this.type.get();
		reference.setCode(code);
		return reference;
	}

	static class Colors extends References<Color> {

		Colors(Calls calls) {
			super(calls, Color::new);
		}

	}

	static class Sizes extends References<Size> {

		Sizes(Calls calls) {
			super(calls, Size::new);
		}

	}

}
