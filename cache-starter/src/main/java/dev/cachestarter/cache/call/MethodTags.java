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
package dev.cachestarter.cache.call;

import java.lang.reflect.Method;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;

import org.jspecify.annotations.Nullable;

import org.springframework.beans.factory.BeanFactory;
import org.springframework.context.expression.BeanFactoryResolver;
import org.springframework.context.expression.MethodBasedEvaluationContext;
import org.springframework.core.DefaultParameterNameDiscoverer;
import org.springframework.expression.Expression;
import org.springframework.expression.spel.standard.SpelExpressionParser;

import dev.cachestarter.engine.key.CacheKeys.Tags;

/**
 * The tags that the {@link dev.cachestarter.CacheTag}s of a method give what it stores.
 */
public final class MethodTags {

	private static final SpelExpressionParser PARSER = new SpelExpressionParser();

	private final List<Expression> expressions;

	private final @Nullable BeanFactory beans;

	/**
	 * Create them.
	 * @param templates at least one
	 * @param beans the beans that expressions may name
	 */
	MethodTags(List<TagTemplate> templates, @Nullable BeanFactory beans) {
		this.expressions = templates.stream()
			.map((template) -> PARSER.parseExpression(template.keyExpression()))
			.toList();
		this.beans = beans;
	}

	/**
	 * Return the tags of a value. Runs code of the application's, which may throw
	 * anything.
	 */
	Tags of(@Nullable Object value, Object target, Class<?> targetClass, Method method, @Nullable Object[] args) {
		MethodBasedEvaluationContext context = new MethodBasedEvaluationContext(
				new MethodTtl.Root(method, args, target, targetClass), method, args,
				DefaultParameterNameDiscoverer.getSharedInstance());
		context.setVariable("result", value);
		if (this.beans != null) {
			context.setBeanResolver(new BeanFactoryResolver(this.beans));
		}
		if (this.expressions.size() == 1) {
			return tags(this.expressions.get(0), context);
		}
		Set<String> names = new LinkedHashSet<>();
		this.expressions.forEach((expression) -> names.addAll(tags(expression, context).names()));
		return new Tags(List.copyOf(names));
	}

	private static Tags tags(Expression expression, MethodBasedEvaluationContext context) {
		return (Tags) Objects.requireNonNull(expression.getValue(context));
	}

}
