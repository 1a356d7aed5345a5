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

import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.reflect.Method;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import org.springframework.beans.factory.support.DefaultListableBeanFactory;
import org.springframework.core.annotation.AliasFor;
import org.springframework.mock.env.MockEnvironment;

import dev.cachestarter.CacheTtl;
import dev.cachestarter.TtlPreset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

/**
 * What an annotation may say of a time to live, and where it is found.
 */
class MethodTtlTests {

	private static final Method FIND = Arrays.stream(Service.class.getDeclaredMethods())
		.filter((method) -> method.getName().equals("find"))
		.findFirst()
		.orElseThrow();

	@ParameterizedTest
	@CsvSource({ "5m, PT5M", "' 90s ', PT90S", "1d, P1D", "PT5M, PT5M", "1h30m, PT1H30M", "0, PT0S", "0s, PT0S",
			"1ns, PT0.001S", "99999999d, P36500D" })
	void aDurationIsWrittenWithItsUnit(String text, Duration expected) {
		MethodTtl ttl = parse(text);

		assertThat(ttl.fixed()).isEqualTo(expected);
		assertThat(of(ttl, "any")).isEqualTo(expected);
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', quoteCharacter = '"', textBlock = """
			""                       | is no duration. Write a number and its unit
			600                      | '600' has no unit. Write one, such as '5m'
			-5                       | '-5' has no unit
			-5m                      | '-5m' is negative. Write 0 for no expiry
			5 minutes                | '5 minutes' is no duration
			99999999999999999999d    | is no duration
			9223372036854775807d     | is no duration
			"#result"                | '#result' is no duration
			"#{#result."             | is no template
			"#{}"                    | is no template
			"#{#reslt.ttl}"          | "#reslt is no parameter of find[id, tenant]. Name one of these, or #result"
			"#{#a2}m"                | "#a2 is no parameter"
			""")
	void wrongTextIsRefusedWithTheCure(String text, String message) {
		assertThatIllegalArgumentException().isThrownBy(() -> parse(text)).withMessageContaining(message);
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', quoteCharacter = '`', commentCharacter = '%', textBlock = """
			#{#result == 'closed' ? '1d' : '1m'}               | PT1M
			#{#id}m                                            | PT7M
			#{#a0}m                                            | PT7M
			1h#{#p0}m                                          | PT1H7M
			#{T(java.time.Duration).ofSeconds(#id)}            | PT7S
			#{T(dev.cachestarter.TtlPreset).STATIC}            | PT1H
			#{#root.methodName == 'find' ? '2m' : '3m'}        | PT2M
			#{@settings['ttl']}                                   | PT9M
			#{#result == 'open' ? '0' : '3m'}                  | PT0S
			#{{'1m', '2m'}[1]}                                 | PT2M
			#{#result.matches('.*\\}.*') ? '1s' : '2s'}        | PT2S
			#{#id}999999999d                                   | P36500D
			#{T(java.time.Duration).ofNanos(5)}                | PT0.001S
			""")
	void aTemplateGivesTheDurationOfAValue(String text, Duration expected) {
		MethodTtl ttl = parse(text);

		assertThat(ttl.fixed()).isNull();
		assertThat(of(ttl, "open")).isEqualTo(expected);
	}

	@Test
	void whatGivesNullLeavesItToTheCache() {
		assertThat(of(parse("#{null}"), "open")).isNull();
	}

	@Test
	void textOfAValueIsNotEvaluated() {
		assertThatIllegalArgumentException()
			.isThrownBy(() -> of(parse("#{#result}"), "#{T(java.lang.Runtime).runtime.exit(1)}"))
			.withMessage("What '#{#result}' gives, a java.lang.String, is no duration. Write a number and its unit, "
					+ "such as '5m', '30s' or '1d'");
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', quoteCharacter = '`', commentCharacter = '%', textBlock = """
			#{#id}                                     | a java.lang.Integer, is no duration
			#{#id}0                                    | a java.lang.String, has no unit
			-#{#id}m                                   | a java.lang.String, is negative
			#{T(java.time.Duration).ofDays(-1)}        | a java.time.Duration, is negative
			#{''}                                      | a java.lang.String, is no duration
			#{#root.args}                              | a [Ljava.lang.Object;, is no duration
			""")
	void whatGivesNoDurationFailsWithoutTellingTheValue(String text, String message) {
		assertThatIllegalArgumentException().isThrownBy(() -> of(parse(text), "open"))
			.withMessageContaining("What '" + text + "' gives, " + message)
			.withMessageNotContaining("'7");
	}

	@Test
	void theAnnotationOfAMethodGoesBeforeThatOfItsClass() throws Exception {
		MethodTtls ttls = ttls();

		assertThat(fixed(ttls, Annotated.class, "own")).hasMinutes(5);
		assertThat(fixed(ttls, Annotated.class, "ofTheClass")).hasMinutes(10);
		assertThat(fixed(ttls, Annotated.class, "composed")).hasMinutes(1);
		assertThat(fixed(ttls, Annotated.class, "aliased")).hasMinutes(3);
		assertThat(fixed(ttls, Annotated.class, "declared")).hasMinutes(4);
		assertThat(fixed(ttls, Inheriting.class, "own")).hasMinutes(5);
		assertThat(fixed(ttls, Inheriting.class, "ofTheClass")).hasMinutes(10);
		assertThat(fixed(ttls, Plain.class, "find")).isNull();
		assertThat(fixed(ttls, Stating.class, "find")).as("inherited, and not overridden").hasMinutes(7);
		assertThat(ttls.of(Repository.class.getMethod("all"), Plain.class).fixed())
			.as("what implements it is no subtype")
			.hasMinutes(6);
	}

	@Test
	void placeholdersHaveTheirValuesAtTheStart() throws Exception {
		MethodTtls ttls = ttls();

		assertThat(fixed(ttls, Placeholders.class, "set")).hasMinutes(8);
		assertThat(fixed(ttls, Placeholders.class, "defaulted")).hasMinutes(2);
		assertThat(ttls.of(Placeholders.class.getMethod("within", String.class), Placeholders.class).text())
			.isEqualTo("#{#id == 'a' ? '8m' : '1m'}");
		assertThatExceptionOfType(IllegalStateException.class)
			.isThrownBy(() -> fixed(ttls, Placeholders.class, "missing"))
			.withMessageStartingWith(
					"@CacheTtl on 'public void " + Placeholders.class.getName().replace('$', '.').substring(0, 20))
			.withMessageContaining("'${no.such}' has a placeholder without a value. Set the property, or write a "
					+ "default, such as ${agents.ttl:5m}");
	}

	@Test
	void placeholdersThatNobodyResolvesAreRefused() throws Exception {
		Method method = Placeholders.class.getMethod("within", String.class);

		for (MethodTtls ttls : List.of(new MethodTtls(null), new MethodTtls(new DefaultListableBeanFactory()))) {
			assertThatExceptionOfType(IllegalStateException.class).isThrownBy(() -> ttls.of(method, Placeholders.class))
				.withMessageContaining("has a placeholder without a value");
		}
	}

	private static MethodTtls ttls() {
		DefaultListableBeanFactory beans = new DefaultListableBeanFactory();
		MockEnvironment environment = new MockEnvironment().withProperty("agents.ttl", "8m");
		beans.addEmbeddedValueResolver(environment::resolveRequiredPlaceholders);
		return new MethodTtls(beans);
	}

	private static @Nullable Duration fixed(MethodTtls ttls, Class<?> type, String method) throws Exception {
		MethodTtl ttl = ttls.of(type.getMethod(method), type);
		return (ttl != null) ? ttl.fixed() : null;
	}

	private static MethodTtl parse(String text) {
		DefaultListableBeanFactory beans = new DefaultListableBeanFactory();
		beans.registerSingleton("settings", Map.of("ttl", "9m"));
		return MethodTtl.parse(text, FIND, beans);
	}

	private static @Nullable Duration of(MethodTtl ttl, Object value) {
		return ttl.of(value, new Service(), Service.class, FIND, new Object[] { 7, "acme" });
	}

	static class Service {

		String find(int id, String tenant) {
			return tenant + id + TtlPreset.STATIC;
		}

	}

	@CacheTtl("1m")
	@Retention(RetentionPolicy.RUNTIME)
	@interface Briefly {

	}

	@CacheTtl("")
	@Retention(RetentionPolicy.RUNTIME)
	@interface Lasting {

		@AliasFor(annotation = CacheTtl.class, attribute = "value")
		String lasts();

	}

	interface Declaring {

		@CacheTtl("4m")
		void declared();

	}

	@CacheTtl("10m")
	static class Annotated implements Declaring {

		@CacheTtl("5m")
		public void own() {
		}

		public void ofTheClass() {
		}

		@Briefly
		public void composed() {
		}

		@Lasting(lasts = "3m")
		public void aliased() {
		}

		@Override
		public void declared() {
		}

	}

	static class Inheriting extends Annotated {

		@Override
		public void own() {
		}

	}

	static class Plain {

		public void find() {
		}

	}

	@CacheTtl("7m")
	static class Stating extends Plain {

	}

	@CacheTtl("6m")
	interface Repository {

		void all();

	}

	static class Placeholders {

		@CacheTtl("${agents.ttl}")
		public void set() {
		}

		@CacheTtl("${no.such:2m}")
		public void defaulted() {
		}

		@CacheTtl("#{#id == 'a' ? '${agents.ttl}' : '1m'}")
		public void within(String id) {
		}

		@CacheTtl("${no.such}")
		public void missing() {
		}

	}

}
