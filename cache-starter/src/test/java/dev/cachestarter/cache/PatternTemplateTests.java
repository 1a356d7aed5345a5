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
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.expression.BeanFactoryResolver;
import org.springframework.core.convert.support.GenericConversionService;
import org.springframework.expression.spel.standard.SpelExpressionParser;
import org.springframework.expression.spel.support.StandardEvaluationContext;

import dev.cachestarter.engine.key.CacheKeys;
import dev.cachestarter.engine.key.HostileText;
import dev.cachestarter.engine.key.KeyPattern;
import dev.cachestarter.testing.Thorough;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.junit.jupiter.params.provider.Arguments.arguments;

class PatternTemplateTests {

	@ParameterizedTest
	@MethodSource
	void templateIsTakenApart(String template, List<String> globs, List<String> expressions) {
		PatternTemplate parsed = PatternTemplate.parse(template);

		assertThat(parsed.globs()).isEqualTo(globs);
		assertThat(parsed.expressions()).isEqualTo(expressions);
	}

	static Stream<Arguments> templateIsTakenApart() {
		return Stream.of(arguments("#{#orgId}:*", List.of("", ":*"), List.of("#orgId")),
				arguments("page-*", List.of("page-*"), List.of()),
				arguments("#{#a}:#{#b.c['}']}:*", List.of("", ":", ":*"), List.of("#a", "#b.c['}']")),
				arguments("#{ {1, {2}}.size() }", List.of("", ""), List.of("{1, {2}}.size()")),
				arguments("#{'it''s }'}x", List.of("", "x"), List.of("'it''s }'")),
				arguments("#{\"}\" + '\"'}", List.of("", ""), List.of("\"}\" + '\"'")),
				arguments("\\#{x}*", List.of("\\#{x}*"), List.of()),
				arguments("#x-{y}*", List.of("#x-{y}*"), List.of()),
				arguments("[a-c\\]]#{#x}", List.of("[a-c\\]]", ""), List.of("#x")),
				arguments("\\[#{#x}", List.of("\\[", ""), List.of("#x")),
				arguments("#{@names.of(#result?.id)}:*", List.of("", ":*"), List.of("@names.of(#result?.id)")));
	}

	@Test
	void variablesOfTheExpressionsAreKnown() {
		assertThat(PatternTemplate.parse("#{#a}:#{#b.c[#d] + @x.y(#result)}:*").variables())
			.containsExactlyInAnyOrder("a", "b", "d", "result");
	}

	@Test
	void aTemplateOfAnyTextIsTakenApartOrRefusedWithItsPosition() {
		HostileText texts = new HostileText();
		for (int i = 0; i < Thorough.choose(20_000, 500_000); i++) {
			String template = texts.next(4)
					+ texts.oneOf("#{", "}", "#{#a}", "#{'", "']", "(", "#{#a[", "#{#a + '}'}", "\\#{", "[", "")
					+ texts.next(4);
			try {
				assertThat(PatternTemplate.parse(template).globs()).isNotEmpty();
			}
			catch (IllegalArgumentException ex) {
				assertThat(ex.getMessage()).as("%s: %s", texts, template).contains("position");
			}
		}
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
			``                | position 0  | all of a cache
			a:#{#orgId        | position 2  | Add the '}'
			a:#{}             | position 2  | Write one
			#{#a]}            | position 4  | Balance
			#{(#a}            | position 5  | Balance
			#{'a}             | position 2  | closing quote
			#{#a b}           | position 0  | Correct it
			#{#a, #b}         | position 0  | Correct it
			[#{#a}]*          | position 1  | close it before
			[a-]#{#a}]        | position 4  | close it before
			[a-#{#b}]         | position 1  | close it before
			x[ab              | position 1  | Add the ']'
			a\\               | position 1  | Double it
			""")
	void malformedTemplateIsRefusedWithPositionAndCure(String template, String position, String cure) {
		assertThatIllegalArgumentException().isThrownBy(() -> PatternTemplate.parse(template))
			.withMessageContaining("'" + template + "'")
			.withMessageContaining(position)
			.withMessageContaining(cure);
	}

	@ParameterizedTest
	@MethodSource
	void valuesAreSegmentsAndLiteralsAreGlobs(String template, @Nullable Object orgId, String glob) {
		assertThat(evaluate(template, orgId).glob()).isEqualTo(glob);
	}

	static Stream<Arguments> valuesAreSegmentsAndLiteralsAreGlobs() {
		return Stream.of(arguments("#{#orgId}:*", "org-123", "org-123:*"), arguments("#{#orgId}:*", "*", "%2A:*"),
				arguments("#{#orgId}:*", null, "%null:*"), arguments("#{#orgId}:*", "", "%empty:*"),
				arguments("#{#orgId}:*", "a:b", "a%3Ab:*"), arguments("#{#orgId}:*", 42L, "42:*"),
				arguments("#{#orgId}:*", List.of("*", 1), "\\[\"\\*\",1]:*"),
				arguments("#{#orgId}:*", new String[] { "a" }, "\\[\"a\"]:*"),
				arguments("#{#orgId}:*", new Code("x*"), "code-x%2A:*"),
				arguments("x'y[^a]?#{#orgId}-'*", "o'k", "x'y[^a]?o'k-'*"), arguments("page-*", "unused", "page-*"),
				arguments("#{#orgId == null ? 'none' : #orgId}:*", null, "none:*"),
				arguments("\\#{a}", "unused", "\\#{a}"));
	}

	@Test
	void valueThatNoKeyCanBeMadeOfIsRefused() {
		assertThatIllegalArgumentException().isThrownBy(() -> keys().pattern("", new Object(), ":*"))
			.withMessageContaining("key expression");
	}

	@Test
	void patternOfATenantMatchesAllItsKeysAndNoOthers() {
		HostileText texts = new HostileText();
		CacheKeys keys = keys();
		List<@Nullable Object> tenants = new ArrayList<>();
		tenants.add(null);
		while (tenants.size() < 400) {
			tenants.add(texts.oneOf(texts.next(3), List.of(texts.next(2)), new Code(texts.next(2))));
		}

		for (Object tenant : tenants) {
			KeyPattern pattern = keys.pattern("", tenant, ":*");
			assertThat(pattern).as(texts.toString()).isEqualTo(keys.under(tenant));
			for (Object other : tenants) {
				String key = keys.text(other, texts.next(2), texts.next(2));
				boolean same = keys.text(tenant).equals(keys.text(other));
				assertThat(pattern.matches(key)).as("%s: %s against %s", texts, pattern, key).isEqualTo(same);
			}
		}
		assertThat(Set.copyOf(tenants.stream().map((tenant) -> keys.text(tenant)).toList())).hasSizeGreaterThan(200);
	}

	private static KeyPattern evaluate(String template, @Nullable Object orgId) {
		try (AnnotationConfigApplicationContext beans = new AnnotationConfigApplicationContext()) {
			beans.registerBean("cacheKeys", CacheKeys.class, PatternTemplateTests::keys);
			beans.refresh();
			StandardEvaluationContext context = new StandardEvaluationContext();
			context.setBeanResolver(new BeanFactoryResolver(beans));
			context.setVariable("orgId", orgId);
			Object value = new SpelExpressionParser().parseExpression(PatternTemplate.parse(template).toKeyExpression())
				.getValue(context);
			return (KeyPattern) Objects.requireNonNull(value);
		}
	}

	private static CacheKeys keys() {
		GenericConversionService converters = new GenericConversionService();
		converters.addConverter(Code.class, String.class, (code) -> "code-" + code.text());
		return new CacheKeys(converters);
	}

	record Code(String text) {
	}

}
