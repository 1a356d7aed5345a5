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

package dev.cachestarter.autoconfigure.report;

import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import org.springframework.aop.framework.autoproxy.AutoProxyUtils;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.cache.interceptor.CacheOperation;
import org.springframework.cache.interceptor.CacheOperationSource;
import org.springframework.core.MethodIntrospector;
import org.springframework.core.log.LogMessage;
import org.springframework.util.ClassUtils;

/**
 * Finds the methods with cache annotations among the beans of a context, without making
 * any: on classes and interfaces, of proxies and of what factory beans produce.
 */
public final class AnnotatedMethods {

	private static final Log logger = LogFactory.getLog(AnnotatedMethods.class);

	private final ConfigurableListableBeanFactory beanFactory;

	private final CacheOperationSource operations;

	private volatile @Nullable List<Annotated> found;

	public AnnotatedMethods(ConfigurableListableBeanFactory beanFactory, CacheOperationSource operations) {
		this.beanFactory = beanFactory;
		this.operations = operations;
	}

	/**
	 * Return the methods.
	 * @return each once, also if several beans are of its class; looked for when this is
	 * called first
	 */
	public List<Annotated> all() {
		List<Annotated> all = this.found;
		if (all == null) {
			all = List.copyOf(find());
			this.found = all;
		}
		return all;
	}

	private List<Annotated> find() {
		List<Annotated> all = new ArrayList<>();
		Set<Class<?>> seen = new HashSet<>();
		for (String beanName : this.beanFactory.getBeanNamesForType(Object.class, true, false)) {
			Class<?> type = targetClass(beanName);
			if (type != null && this.operations.isCandidateClass(type) && seen.add(type)) {
				addMethods(type, all);
			}
		}
		return all;
	}

	private @Nullable Class<?> targetClass(String beanName) {
		try {
			Class<?> type = AutoProxyUtils.determineTargetClass(this.beanFactory, beanName);
			return (type != null) ? ClassUtils.getUserClass(type) : null;
		}
		catch (RuntimeException | LinkageError ex) {
			logger.debug(LogMessage.format("Could not tell the class of bean '%s'", beanName), ex);
			return null;
		}
	}

	private void addMethods(Class<?> type, List<Annotated> all) {
		try {
			MethodIntrospector
				.selectMethods(type,
						(MethodIntrospector.MetadataLookup<Collection<CacheOperation>>) (method) -> this.operations
							.getCacheOperations(method, type))
				.forEach((method, operations) -> {
					if (!operations.isEmpty()) {
						all.add(new Annotated(type, method, operations));
					}
				});
		}
		catch (RuntimeException | LinkageError ex) {
			logger.debug(LogMessage.format("Could not read the cache operations of %s", type), ex);
		}
	}

	/**
	 * A method with cache annotations.
	 *
	 * @param type the class of its bean
	 * @param method the method
	 * @param operations what its annotations say
	 */
	public record Annotated(Class<?> type, Method method, Collection<CacheOperation> operations) {

	}

}
