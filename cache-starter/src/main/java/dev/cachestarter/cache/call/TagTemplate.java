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
import java.util.ArrayList;
import java.util.List;

import org.jspecify.annotations.Nullable;

import org.springframework.expression.Expression;
import org.springframework.expression.ParseException;
import org.springframework.expression.common.CompositeStringExpression;
import org.springframework.expression.common.LiteralExpression;
import org.springframework.expression.common.TemplateParserContext;
import org.springframework.expression.spel.standard.SpelExpressionParser;

/**
 * The template of a tag: text, and between it expressions in <code>#{...}</code>.
 *
 * @param text the template
 * @param keyExpression an expression that gives the tags, as
 * {@link dev.cachestarter.engine.key.CacheKeys.Tags}. It refers to the bean
 * {@code cacheKeys}, so that a value is rendered as it is in keys, by the same converters
 */
public record TagTemplate(String text, String keyExpression) {

	private static final SpelExpressionParser PARSER = new SpelExpressionParser();

	/**
	 * Take a template apart.
	 * @param text the template
	 * @param method the method that it stands on, {@code null} if it stands on a class
	 * @throws IllegalArgumentException if it is malformed: what is wrong, and the cure
	 */
	public static TagTemplate parse(String text, @Nullable Method method) {
		if (text.isBlank()) {
			throw new IllegalArgumentException("its tag is blank. Write one, such as tool:#{#name}");
		}
		Expression template;
		try {
			template = PARSER.parseExpression(text, new TemplateParserContext());
		}
		// Of what is malformed in odd ways its assertions speak.
		catch (ParseException | IllegalStateException | IllegalArgumentException ex) {
			throw new IllegalArgumentException(
					"'%s' is no template (%s). Write expressions as #{...}".formatted(text, ex.getMessage()), ex);
		}
		if (method != null) {
			MethodTtl.checkVariables(template, method);
		}
		Expression[] parts = (template instanceof CompositeStringExpression composite) ? composite.getExpressions()
				: new Expression[] { template };
		List<String> arguments = new ArrayList<>();
		for (Expression part : parts) {
			boolean literal = part instanceof LiteralExpression;
			// A text and an expression take turns.
			if (literal == (arguments.size() % 2 == 1)) {
				arguments.add("''");
			}
			arguments.add(literal ? "'" + part.getExpressionString().replace("'", "''") + "'"
					: "(" + part.getExpressionString() + ")");
		}
		return new TagTemplate(text, "@cacheKeys.tags(" + String.join(", ", arguments) + ")");
	}

	/** Return whether the tag is known only when the method has returned. */
	public boolean mentionsResult() {
		return this.keyExpression.contains("#result");
	}

}
