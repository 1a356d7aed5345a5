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
import java.time.Duration;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;

import org.jspecify.annotations.Nullable;

import org.springframework.beans.factory.BeanFactory;
import org.springframework.context.expression.BeanFactoryResolver;
import org.springframework.context.expression.MethodBasedEvaluationContext;
import org.springframework.core.DefaultParameterNameDiscoverer;
import org.springframework.core.ParameterNameDiscoverer;
import org.springframework.expression.Expression;
import org.springframework.expression.ParseException;
import org.springframework.expression.common.CompositeStringExpression;
import org.springframework.expression.common.LiteralExpression;
import org.springframework.expression.common.TemplateParserContext;
import org.springframework.expression.spel.SpelNode;
import org.springframework.expression.spel.ast.VariableReference;
import org.springframework.expression.spel.standard.SpelExpression;
import org.springframework.expression.spel.standard.SpelExpressionParser;
import org.springframework.format.datetime.standard.DurationFormatterUtils;

import dev.cachestarter.CacheSettings;
import dev.cachestarter.TtlPreset;

/**
 * The time to live that a {@link dev.cachestarter.CacheTtl} states: a duration, or a
 * template that gives one for each value.
 */
public final class MethodTtl {

	private static final SpelExpressionParser PARSER = new SpelExpressionParser();

	private static final ParameterNameDiscoverer NAMES = DefaultParameterNameDiscoverer.getSharedInstance();

	private static final Duration SHORTEST = Duration.ofMillis(1);

	private final String text;

	private final @Nullable Duration fixed;

	private final Expression template;

	private final @Nullable BeanFactory beans;

	private MethodTtl(String text, @Nullable Duration fixed, Expression template, @Nullable BeanFactory beans) {
		this.text = text;
		this.fixed = fixed;
		this.template = template;
		this.beans = beans;
	}

	/**
	 * Read what an annotation says.
	 * @param text the text, without placeholders
	 * @param method the method whose values it is for
	 * @param beans the beans that expressions may name
	 * @return the time to live
	 * @throws IllegalArgumentException if it is neither a duration nor a template: what
	 * is wrong, and the cure
	 */
	static MethodTtl parse(String text, Method method, @Nullable BeanFactory beans) {
		Expression template;
		try {
			template = PARSER.parseExpression(text, new TemplateParserContext());
		}
		// Of what is malformed in odd ways its assertions speak.
		catch (ParseException | IllegalStateException | IllegalArgumentException ex) {
			throw new IllegalArgumentException(
					"'%s' is no template (%s). Write expressions as #{...}".formatted(text, ex.getMessage()), ex);
		}
		if (template instanceof LiteralExpression literal) {
			String plain = literal.getExpressionString().strip();
			return new MethodTtl(text, duration(plain, "'" + plain + "'"), template, beans);
		}
		checkVariables(template, method);
		return new MethodTtl(text, null, template, beans);
	}

	/** SpEL takes a variable that does not exist for {@code null}. */
	static void checkVariables(Expression template, Method method) {
		Set<String> known = new TreeSet<>(Set.of("result", "root", "this"));
		@Nullable String[] names = NAMES.getParameterNames(method);
		for (int i = 0; i < method.getParameterCount(); i++) {
			if (names == null || names[i] == null) {
				return;
			}
			known.addAll(Set.of(names[i], "a" + i, "p" + i));
		}
		Set<String> used = new TreeSet<>();
		collectVariables(template, used);
		used.removeAll(known);
		if (!used.isEmpty()) {
			throw new IllegalArgumentException(
					"#%s is no parameter of %s%s. Name one of these, or #result, which is what the method returns"
						.formatted(used.iterator().next(), method.getName(), Arrays.toString(names)));
		}
	}

	private static void collectVariables(Expression expression, Set<String> variables) {
		if (expression instanceof CompositeStringExpression composite) {
			for (Expression part : composite.getExpressions()) {
				collectVariables(part, variables);
			}
		}
		else if (expression instanceof SpelExpression spel) {
			collectVariables(spel.getAST(), variables);
		}
	}

	private static void collectVariables(SpelNode node, Set<String> variables) {
		if (node instanceof VariableReference) {
			variables.add(node.toStringAST().substring(1));
		}
		for (int i = 0; i < node.getChildCount(); i++) {
			collectVariables(node.getChild(i), variables);
		}
	}

	/**
	 * Return what was written, with the values of placeholders.
	 */
	public String text() {
		return this.text;
	}

	/**
	 * Return the time to live of all values.
	 * @return {@code null} if it depends on the value
	 */
	public @Nullable Duration fixed() {
		return this.fixed;
	}

	/**
	 * Return the time to live of a value. Runs code of the application's, which may throw
	 * anything.
	 * @return {@code null} if it is left to the cache
	 */
	@Nullable Duration of(Object value, Object target, Class<?> targetClass, Method method, @Nullable Object[] args) {
		if (this.fixed != null) {
			return this.fixed;
		}
		MethodBasedEvaluationContext context = new MethodBasedEvaluationContext(
				new Root(method, args, target, targetClass), method, args, NAMES);
		context.setVariable("result", value);
		if (this.beans != null) {
			context.setBeanResolver(new BeanFactoryResolver(this.beans));
		}
		Object given = this.template.getValue(context);
		if (given == null) {
			return null;
		}
		// What it is made of may be a value, and is no business of the log.
		String what = "What '%s' gives, a %s,".formatted(this.text, given.getClass().getName());
		if (given instanceof Duration duration) {
			return valid(duration, what);
		}
		if (given instanceof TtlPreset preset) {
			return preset.ttl();
		}
		if (given instanceof CharSequence written) {
			return duration(written.toString().strip(), what);
		}
		throw new IllegalArgumentException(what + " is no duration. Let it give a text such as '5m', or a Duration");
	}

	/**
	 * Read a time to live that people have written.
	 * @param text the text
	 * @param what what messages call it
	 * @return the time to live, zero for no expiry
	 * @throws IllegalArgumentException if it is none: what is wrong, and the cure
	 */
	public static Duration duration(String text, String what) {
		if (text.equals("0")) {
			return Duration.ZERO;
		}
		if (text.matches("[+-]?\\d+")) {
			throw new IllegalArgumentException(what + " has no unit. Write one, such as '5m' or '30s'");
		}
		Duration duration;
		try {
			duration = DurationFormatterUtils.detectAndParse(text);
		}
		catch (RuntimeException ex) {
			throw new IllegalArgumentException(
					what + " is no duration. Write a number and its unit, such as '5m', '30s' or '1d'");
		}
		return valid(duration, what);
	}

	private static Duration valid(Duration duration, String what) {
		if (duration.isNegative()) {
			throw new IllegalArgumentException(what + " is negative. Write 0 for no expiry");
		}
		boolean tiny = !duration.isZero() && duration.compareTo(SHORTEST) < 0;
		return CacheSettings.defaults().withTtl(tiny ? SHORTEST : duration).ttl();
	}

	/**
	 * What expressions see as {@code #root}.
	 */
	public static final class Root {

		private final Method method;

		private final @Nullable Object[] args;

		private final Object target;

		private final Class<?> targetClass;

		Root(Method method, @Nullable Object[] args, Object target, Class<?> targetClass) {
			this.method = method;
			this.args = args;
			this.target = target;
			this.targetClass = targetClass;
		}

		public Method getMethod() {
			return this.method;
		}

		public String getMethodName() {
			return this.method.getName();
		}

		public @Nullable Object[] getArgs() {
			return this.args;
		}

		public Object getTarget() {
			return this.target;
		}

		public Class<?> getTargetClass() {
			return this.targetClass;
		}

	}

}
