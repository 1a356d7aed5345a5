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

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

import org.jspecify.annotations.Nullable;

import org.springframework.expression.ParseException;
import org.springframework.expression.spel.SpelNode;
import org.springframework.expression.spel.ast.CompoundExpression;
import org.springframework.expression.spel.ast.OpPlus;
import org.springframework.expression.spel.ast.StringLiteral;
import org.springframework.expression.spel.ast.VariableReference;
import org.springframework.expression.spel.standard.SpelExpressionParser;

/**
 * Tells whether a {@code key} expression joins values by colons, as in
 * {@code #org + ':' + #id}, and nothing else, and whether a text that it gave says where
 * each value ends. Such a text stands for the segments that the values have as arguments.
 * If a value has a colon of its own, or may have been {@code null}, the text does not
 * say, and is a text like any other.
 */
final class JoinedKey {

	private static final SpelExpressionParser PARSER = new SpelExpressionParser();

	/** How many values an expression joins, 0 if it does something else. */
	private static final Map<String, Integer> COUNTS = new ConcurrentHashMap<>();

	private JoinedKey() {
	}

	/**
	 * Return whether a text is the segments that an expression has joined.
	 * @param expression the expression
	 * @param text what it gave
	 */
	static boolean isSegments(@Nullable String expression, String text) {
		if (expression == null || expression.indexOf(':') < 0 || text.indexOf(':') < 0) {
			return false;
		}
		int count = COUNTS.computeIfAbsent(expression, JoinedKey::valuesIn);
		if (count == 0) {
			return false;
		}
		String[] values = text.split(":", -1);
		return values.length == count && !List.of(values).contains("null");
	}

	private static int valuesIn(String expression) {
		List<SpelNode> operands = new ArrayList<>();
		try {
			flatten(PARSER.parseRaw(expression).getAST(), operands);
		}
		catch (ParseException | IllegalStateException ex) {
			// Spring will say so.
			return 0;
		}
		if (operands.size() < 3 || operands.size() % 2 == 0) {
			return 0;
		}
		for (int i = 0; i < operands.size(); i++) {
			if ((i % 2 == 1) ? !isColon(operands.get(i)) : !isValue(operands.get(i))) {
				return 0;
			}
		}
		return operands.size() / 2 + 1;
	}

	private static void flatten(SpelNode node, List<SpelNode> operands) {
		if (node instanceof OpPlus && node.getChildCount() == 2) {
			flatten(node.getChild(0), operands);
			flatten(node.getChild(1), operands);
		}
		else {
			operands.add(node);
		}
	}

	private static boolean isColon(SpelNode node) {
		return node instanceof StringLiteral literal && ":".equals(literal.getLiteralValue().getValue());
	}

	/** An argument, the result, or something of theirs; but not the name of a method. */
	private static boolean isValue(SpelNode node) {
		SpelNode first = (node instanceof CompoundExpression) ? node.getChild(0) : node;
		if (!(first instanceof VariableReference variable)) {
			return false;
		}
		return !variable.toStringAST().equals("#root")
				|| (node.getChildCount() > 1 && node.getChild(1).toStringAST().equals("args"));
	}

}
