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

package dev.cachestarter.testing;

import java.util.Optional;

import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

import org.springframework.core.annotation.AnnotatedElementUtils;

/**
 * What {@link WithRedis} does.
 */
final class RedisExtension implements ExecutionCondition, BeforeEachCallback, ParameterResolver {

	private static final Namespace NAMESPACE = Namespace.create(RedisExtension.class);

	@Override
	public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
		Optional<String> whyNot = isLocal(annotation(context)) ? RedisServer.whyNotLocal() : SharedRedisServer.whyNot();
		return whyNot.map((reason) -> ConditionEvaluationResult.disabled("No Redis: " + reason))
			.orElseGet(() -> ConditionEvaluationResult.enabled("There is a Redis"));
	}

	@Override
	public void beforeEach(ExtensionContext context) {
		RedisServer server = server(context);
		if (isLocal(annotation(context))) {
			if (server.isAlive()) {
				server.resume();
			}
			else {
				server.start();
			}
		}
		server.flushAll();
	}

	@Override
	public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
		return parameter.getParameter().getType() == RedisServer.class;
	}

	@Override
	public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
		return server(context);
	}

	private static RedisServer server(ExtensionContext context) {
		WithRedis annotation = annotation(context);
		if (!isLocal(annotation)) {
			return RedisServer.shared();
		}
		// One per annotated class; nested classes have their own context below it.
		ExtensionContext owner = context;
		while (owner.getParent().filter((parent) -> parent.getTestClass().isPresent()).isPresent()) {
			owner = owner.getParent().orElseThrow();
		}
		return owner.getStore(NAMESPACE)
			.computeIfAbsent(RedisServer.class, (type) -> RedisServer.local(annotation.arguments()).start(),
					RedisServer.class);
	}

	private static boolean isLocal(WithRedis annotation) {
		return annotation.local() || annotation.arguments().length > 0;
	}

	private static WithRedis annotation(ExtensionContext context) {
		for (Class<?> type = context.getRequiredTestClass(); type != null; type = type.getEnclosingClass()) {
			WithRedis annotation = AnnotatedElementUtils.findMergedAnnotation(type, WithRedis.class);
			if (annotation != null) {
				return annotation;
			}
		}
		throw new IllegalStateException(context.getRequiredTestClass() + " is not annotated with @WithRedis");
	}

}
