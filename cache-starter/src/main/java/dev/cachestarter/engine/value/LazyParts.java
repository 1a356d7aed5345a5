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

package dev.cachestarter.engine.value;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

import org.jspecify.annotations.Nullable;

import org.springframework.util.ClassUtils;

/**
 * Knows what persistence providers put into entities in the place of what is loaded when
 * it is needed, by the names of their classes, since none of them need be there.
 * <p>
 * A collection of theirs that has been loaded is as good as a plain one. One that has not
 * must not be touched: that would load it, or fail. A proxy in the place of an entity is
 * another class than the entity, loaded or not. Thread-safe; made once for all codecs,
 * since each class is looked at once.
 */
final class LazyParts {

	/**
	 * Interfaces of collections, each with the method that tells whether one is loaded.
	 */
	private static final List<Provider> COLLECTIONS = List.of(
			new Provider("org.hibernate.collection.spi.PersistentCollection", "wasInitialized"),
			new Provider("org.eclipse.persistence.indirection.IndirectContainer", "isInstantiated"));

	private static final String[] LAZY = { "org.hibernate.proxy.", "org.hibernate.collection.",
			"org.eclipse.persistence.indirection." };

	/** What was found out of each class. */
	private final ClassValue<Optional<Kind>> kinds = new ClassValue<>() {

		@Override
		protected Optional<Kind> computeValue(Class<?> type) {
			return Optional.ofNullable(kind(type));
		}

	};

	/**
	 * Return whether an object stands for something that is not loaded, or for something
	 * of another class. Nothing is loaded by asking.
	 */
	boolean isUnloaded(Object object) {
		Kind kind = this.kinds.get(object.getClass()).orElse(null);
		return kind != null && !kind.isLoaded(object);
	}

	private static @Nullable Kind kind(Class<?> type) {
		if (JdkTypes.isJdk(type)) {
			return null;
		}
		Set<Class<?>> all = new LinkedHashSet<>(ClassUtils.getAllInterfacesForClassAsSet(type));
		for (Class<?> current = type; current != null; current = current.getSuperclass()) {
			all.add(current);
		}
		for (Class<?> each : all) {
			for (Provider provider : COLLECTIONS) {
				if (each.getName().equals(provider.type())) {
					return new Kind(ClassUtils.getMethodIfAvailable(each, provider.method()));
				}
			}
		}
		for (Class<?> each : all) {
			for (String prefix : LAZY) {
				if (each.getName().startsWith(prefix)) {
					return new Kind(null);
				}
			}
		}
		return null;
	}

	private record Provider(String type, String method) {

	}

	/**
	 * What a lazy class is.
	 *
	 * @param loaded tells whether one is loaded, {@code null} if that does not matter or
	 * nothing tells
	 */
	private record Kind(@Nullable Method loaded) {

		boolean isLoaded(Object object) {
			Method method = this.loaded;
			try {
				return method != null && Boolean.TRUE.equals(method.invoke(object));
			}
			catch (IllegalAccessException | InvocationTargetException | RuntimeException ex) {
				return false;
			}
		}

	}

}
