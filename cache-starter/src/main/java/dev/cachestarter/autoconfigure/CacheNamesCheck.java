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

package dev.cachestarter.autoconfigure;

import java.util.LinkedHashSet;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.cache.interceptor.CacheOperation;

import dev.cachestarter.autoconfigure.names.CacheNamePattern;
import dev.cachestarter.autoconfigure.names.SimilarNames;
import dev.cachestarter.autoconfigure.report.AnnotatedMethods;

/**
 * Looks at the names of caches once all beans are there.
 * <ul>
 * <li>A name in {@code cache-starter.caches} that no cache in use has is reported, and a
 * pattern that none fits. The likeliest cause is a name without brackets, of which the
 * binder leaves letters and digits alone: {@code agents:list} becomes {@code agentslist}.
 * It is a warning, since a cache may be used by code alone, which annotations do not
 * tell.
 * <li>A name that swallows another stops the start: the keys of {@code agents:list} would
 * be keys of {@code agents} too. The cache manager refuses such names as well, but those
 * on annotations only when they are first used.
 * <li>All others are made known to the cache manager, so that code which gives keys in
 * full means the same cache as the methods that have not been called yet.
 * </ul>
 */
final class CacheNamesCheck implements SmartInitializingSingleton {

	private static final Log logger = LogFactory.getLog(CacheNamesCheck.class);

	private final AnnotatedMethods methods;

	private final Set<String> configuredNames;

	private final Set<String> declaredNames;

	private final Consumer<String> inUse;

	/**
	 * Create a check.
	 * @param inUse is told each name in use
	 */
	CacheNamesCheck(AnnotatedMethods methods, Set<String> configuredNames, Set<String> declaredNames,
			Consumer<String> inUse) {
		this.methods = methods;
		this.configuredNames = configuredNames;
		this.declaredNames = declaredNames;
		this.inUse = inUse;
	}

	@Override
	public void afterSingletonsInstantiated() {
		Set<String> inUse = namesOnAnnotations();
		inUse.addAll(this.declaredNames);
		Set<String> unknown = new LinkedHashSet<>(this.configuredNames);
		unknown.removeIf((name) -> isUsed(name, inUse));
		unknown.forEach((name) -> logger.warn(report(name, inUse)));
		this.configuredNames.stream().filter((name) -> !CacheNamePattern.isPattern(name)).forEach(inUse::add);
		inUse.forEach((name) -> refuseSwallowed(name, inUse, unknown));
		inUse.forEach(this.inUse);
	}

	private static boolean isUsed(String configured, Set<String> inUse) {
		return CacheNamePattern.isPattern(configured) ? inUse.stream().anyMatch(new CacheNamePattern(configured)::fits)
				: inUse.contains(configured);
	}

	private static void refuseSwallowed(String name, Set<String> names, Set<String> unknown) {
		names.stream().filter((other) -> other.startsWith(name + ":")).findFirst().ifPresent((other) -> {
			String cure = unknown.contains(name)
					? "If '%1$s' is to be a pattern for all that begin with it, write the brackets: '%2$s'. Else rename"
						.formatted(name, CacheStarterProperties.pathOf(name + ":*"))
					: "Rename";
			throw new CacheConfigurationException(
					"The caches '%1$s' and '%2$s' cannot be told apart: both their keys begin with '%1$s:'".formatted(
							name, other),
					cure + " one of them, for example '%1$s' to '%1$s:all'.".formatted(name));
		});
	}

	private static String report(String name, Set<String> inUse) {
		boolean pattern = CacheNamePattern.isPattern(name);
		String problem = "No cache in use %s '%s' that '%s' configures"
			.formatted(pattern ? "fits the pattern" : "has the name", name, CacheStarterProperties.pathOf(name));
		String bare = name.replaceAll("^\\[|]$", "");
		if (!bare.equals(name) && inUse.contains(bare)) {
			return problem + ": in YAML, put the brackets in quotes: \"[" + bare + "]\"";
		}
		return SimilarNames.closest(name, pattern ? patternsFor(inUse) : inUse)
			.map((meant) -> "%s: did you mean '%s'?".formatted(problem, CacheStarterProperties.pathOf(meant)))
			.orElseGet(() -> "%s. In use are %s; if code alone uses %s, say so by adding %s to ".formatted(problem,
					inUse, pattern ? "one that does" : "it", pattern ? "its name" : "it")
					+ "'spring.cache.cache-names'.");
	}

	/** The patterns that fit the names in use, cut where they have a colon. */
	private static Set<String> patternsFor(Set<String> names) {
		Set<String> patterns = new TreeSet<>();
		for (String name : names) {
			for (int colon = name.indexOf(':'); colon >= 0; colon = name.indexOf(':', colon + 1)) {
				patterns.add(name.substring(0, colon + 1) + "*");
				patterns.add("*" + name.substring(colon));
			}
		}
		return patterns;
	}

	private Set<String> namesOnAnnotations() {
		Set<String> names = new TreeSet<>();
		this.methods.all()
			.forEach((method) -> method.operations()
				.stream()
				.filter(this::isOurs)
				.forEach((operation) -> names.addAll(operation.getCacheNames())));
		// What evicts by a tag names no cache.
		names.removeIf((name) -> name.startsWith("~"));
		return names;
	}

	/**
	 * An operation may name another cache manager, or a resolver that makes of its names
	 * what it likes.
	 */
	private boolean isOurs(CacheOperation operation) {
		String manager = operation.getCacheManager();
		return operation.getCacheResolver().isEmpty() && (manager.isEmpty() || manager.equals("cacheManager"));
	}

}
