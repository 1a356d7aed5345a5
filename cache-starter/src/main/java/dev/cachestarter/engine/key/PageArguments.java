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

package dev.cachestarter.engine.key;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import org.jspecify.annotations.Nullable;

import org.springframework.data.domain.Limit;
import org.springframework.data.domain.PageRequest;
import org.springframework.data.domain.Pageable;
import org.springframework.data.domain.Sort;

/**
 * What Spring Data's arguments of a query are told apart by. Of a subclass that compares
 * more than its base does, that is not known.
 */
final class PageArguments {

	private PageArguments() {
	}

	/**
	 * Return what a value is told apart by.
	 * @return its members by their names, for a {@link Sort} the list of its orders;
	 * {@code null} if it is no such argument
	 */
	static @Nullable Object of(Object value) {
		if (value instanceof Sort sort) {
			return equalsAs(Sort.class, sort) ? orders(sort) : null;
		}
		if (value instanceof Pageable page) {
			return page(page);
		}
		if (value instanceof Limit limit) {
			return limit.isLimited() ? Map.of("limit", limit.max()) : Map.of();
		}
		return null;
	}

	/**
	 * Return whether the values of a type are such arguments, or may be.
	 */
	static boolean isOne(Class<?> type) {
		return Sort.class.isAssignableFrom(type) || Pageable.class.isAssignableFrom(type)
				|| Limit.class.isAssignableFrom(type);
	}

	private static @Nullable Object page(Pageable page) {
		if (page.isPaged() && !equalsAs(PageRequest.class, page)) {
			return null;
		}
		List<?> orders = equalsAs(Sort.class, page.getSort()) ? orders(page.getSort()) : null;
		if (orders == null) {
			return null;
		}
		Map<String, Object> members = new TreeMap<>();
		if (page.isPaged()) {
			members.put("page", page.getPageNumber());
			members.put("size", page.getPageSize());
		}
		if (!orders.isEmpty()) {
			members.put("sort", orders);
		}
		return members;
	}

	private static @Nullable List<?> orders(Sort sort) {
		List<Map<String, Object>> orders = new ArrayList<>();
		for (Sort.Order order : sort) {
			if (!equalsAs(Sort.Order.class, order)) {
				return null;
			}
			Map<String, Object> members = new TreeMap<>();
			members.put("property", order.getProperty());
			members.put("direction", order.getDirection());
			if (order.isIgnoreCase()) {
				members.put("ignoreCase", true);
			}
			if (order.getNullHandling() != Sort.NullHandling.NATIVE) {
				members.put("nulls", order.getNullHandling());
			}
			orders.add(members);
		}
		return orders;
	}

	private static boolean equalsAs(Class<?> base, Object value) {
		try {
			return base.isInstance(value)
					&& value.getClass().getMethod("equals", Object.class).getDeclaringClass() == base;
		}
		catch (NoSuchMethodException ex) {
			throw new IllegalStateException(ex);
		}
	}

}
