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

package dev.cachestarter.cache;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

import org.springframework.expression.ParseException;
import org.springframework.expression.spel.SpelNode;
import org.springframework.expression.spel.ast.VariableReference;
import org.springframework.expression.spel.standard.SpelExpressionParser;

/**
 * The template of a {@link dev.cachestarter.CacheEvictPattern}, taken apart: literal
 * globs, and between them the expressions that stood in <code>#{...}</code>. A backslash
 * in a literal keeps the next character from meaning anything, so <code>\#{</code> is a
 * literal. Braces, brackets and quotes within an expression are its own:
 *
 * <pre>
 * #{#orgId}:*              globs "" and ":*" around #orgId
 * page-*                   the glob alone
 * #{#tenants['}'].id}:*    one expression; the quoted brace does not end it
 * </pre>
 *
 * @param globs the literals, one more than expressions
 * @param expressions the expressions in SpEL
 * @param variables the names of the variables that the expressions use. SpEL takes one
 * that does not exist for {@code null}, and the pattern would match nothing: whoever
 * knows the method's parameters should check
 */
record PatternTemplate(List<String> globs, List<String> expressions, Set<String> variables) {

	private static final SpelExpressionParser PARSER = new SpelExpressionParser();

	/**
	 * Take a template apart.
	 * @param template the template
	 * @return its parts
	 * @throws IllegalArgumentException if it is malformed, naming the position and the
	 * cure
	 */
	static PatternTemplate parse(String template) {
		return new Parser(template).parse();
	}

	/**
	 * Return the template as a SpEL expression that gives a
	 * {@link dev.cachestarter.engine.key.KeyPattern}. It refers to the bean
	 * {@code cacheKeys}, so that a value is rendered as it is in keys, by the same
	 * converters.
	 * @return an expression for the key of a cache operation
	 */
	String toKeyExpression() {
		StringBuilder expression = new StringBuilder("@cacheKeys.pattern(").append(quote(this.globs.get(0)));
		for (int i = 0; i < this.expressions.size(); i++) {
			expression.append(", (").append(this.expressions.get(i)).append("), ").append(quote(this.globs.get(i + 1)));
		}
		return expression.append(')').toString();
	}

	private static String quote(String text) {
		return "'" + text.replace("'", "''") + "'";
	}

	/**
	 * Reads one template from left to right.
	 */
	private static final class Parser {

		private final String template;

		private final List<String> globs = new ArrayList<>();

		private final List<String> expressions = new ArrayList<>();

		private final Set<String> variables = new TreeSet<>();

		Parser(String template) {
			this.template = template;
		}

		PatternTemplate parse() {
			if (this.template.isEmpty()) {
				throw malformed(0, "it is empty", "To evict all of a cache use pattern = \"*\"");
			}
			int start = 0;
			int index = 0;
			while (index < this.template.length()) {
				char current = this.template.charAt(index);
				if (current == '\\') {
					if (index + 1 == this.template.length()) {
						throw malformed(index, "the backslash escapes nothing", "Double it to mean itself");
					}
					index += 2;
				}
				else if (current == '[') {
					index = endOfClass(index);
				}
				else if (this.template.startsWith("#{", index)) {
					this.globs.add(this.template.substring(start, index));
					index = expression(index);
					start = index;
				}
				else {
					index++;
				}
			}
			this.globs.add(this.template.substring(start));
			return new PatternTemplate(List.copyOf(this.globs), List.copyOf(this.expressions),
					Set.copyOf(this.variables));
		}

		/**
		 * Return where a class ends, as {@link dev.cachestarter.engine.key.KeyPattern}
		 * and Redis read it: in {@code [a-]} the bracket is the end of a range.
		 */
		private int endOfClass(int start) {
			int index = start + 1;
			while (index < this.template.length()) {
				char current = this.template.charAt(index);
				boolean range = current != '\\' && current != ']' && index + 2 < this.template.length()
						&& this.template.charAt(index + 1) == '-' && !(current == '^' && index == start + 1);
				if (this.template.startsWith("#{", index) || range && this.template.startsWith("#{", index + 2)) {
					throw malformed(index, "an expression stands within [...]",
							"A class matches single characters: close it before the expression, or escape its '[' with a backslash");
				}
				if (current == ']') {
					return index + 1;
				}
				index += range ? 3 : (current == '\\') ? 2 : 1;
			}
			throw malformed(start, "'[' is not closed", "Add the ']', or escape the '[' with a backslash");
		}

		/**
		 * Read an expression.
		 * @param start where its <code>#{</code> stands
		 * @return the index after the brace that closes it
		 */
		private int expression(int start) {
			int end = endOfExpression(start);
			String expression = this.template.substring(start + 2, end).strip();
			if (expression.isEmpty()) {
				throw malformed(start, "#{} holds no expression", "Write one, such as #{#orgId}");
			}
			try {
				collectVariables(PARSER.parseRaw(expression).getAST());
			}
			// Of what is malformed in odd ways its assertions speak.
			catch (ParseException | IllegalStateException | IllegalArgumentException ex) {
				IllegalArgumentException failure = malformed(start,
						"'" + expression + "' is not a SpEL expression (" + ex.getMessage() + ")", "Correct it");
				failure.initCause(ex);
				throw failure;
			}
			this.expressions.add(expression);
			return end + 1;
		}

		private void collectVariables(SpelNode node) {
			if (node instanceof VariableReference) {
				this.variables.add(node.toStringAST().substring(1));
			}
			for (int i = 0; i < node.getChildCount(); i++) {
				collectVariables(node.getChild(i));
			}
		}

		private int endOfExpression(int start) {
			Deque<Character> closers = new ArrayDeque<>();
			closers.push('}');
			for (int i = start + 2; i < this.template.length(); i++) {
				char current = this.template.charAt(i);
				switch (current) {
					case '\'', '"' -> i = endOfQuote(i);
					case '{' -> closers.push('}');
					case '[' -> closers.push(']');
					case '(' -> closers.push(')');
					case '}', ']', ')' -> {
						if (closers.pop() != current) {
							throw malformed(i, "'" + current + "' closes nothing",
									"Balance the brackets of the expression, or put the character in quotes");
						}
						if (closers.isEmpty()) {
							return i;
						}
					}
					default -> {
					}
				}
			}
			throw malformed(start, "#{ is not closed", "Add the '}', or write \\#{ for the characters themselves");
		}

		private int endOfQuote(int start) {
			// A doubled quote, which SpEL reads as one, closes a literal and opens
			// another.
			int end = this.template.indexOf(this.template.charAt(start), start + 1);
			if (end < 0) {
				throw malformed(start, "a quote is not closed", "Add the closing quote");
			}
			return end;
		}

		private IllegalArgumentException malformed(int position, String problem, String cure) {
			return new IllegalArgumentException("The pattern template '%s' is malformed at position %d: %s. %s"
				.formatted(this.template, position, problem, cure));
		}

	}

}
