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

import java.lang.reflect.Type;
import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import org.springframework.core.ParameterizedTypeReference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

class ValueTypeParserTests {

	private static final String AGENT = Agent.class.getName();

	@Test
	void aClassNameIsTheClass() {
		assertThat(parse(AGENT)).isEqualTo(Agent.class);
	}

	@Test
	void aNestedClassMayBeNamedAsInSource() {
		assertThat(parse(AGENT.replace('$', '.'))).isEqualTo(Agent.class);
	}

	@Test
	void anArrayIsItsClass() {
		assertThat(parse(AGENT + "[]")).isEqualTo(Agent[].class);
		assertThat(parse("byte[]")).isEqualTo(byte[].class);
		assertThat(parse("long[][]")).isEqualTo(long[][].class);
	}

	@Test
	void genericsEqualThoseOfAMethod() {
		Type expected = new ParameterizedTypeReference<Map<String, List<Agent>>>() {
		}.getType();

		Type parsed = parse(" java.util.Map < java.lang.String , java.util.List<" + AGENT + "> > ".strip());

		assertThat(parsed).isEqualTo(expected);
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', quoteCharacter = '"', textBlock = """
			com.acme.Missing                  | there is no class 'com.acme.Missing'
			java.util.List<com.acme.Missing>  | there is no class 'com.acme.Missing'
			java.util.List<                   | it ends where a class name should stand
			java.util.List<>                  | '>' is unexpected at position 16
			java.util.List<java.lang.String   | '>' is missing at position 32
			java.util.List<? extends Number>  | '?' is unexpected at position 16
			java.util.List<java.lang.Long>>   | '>' is unexpected at position 31
			java.util.Map<java.lang.String>   | 'java.util.Map' takes 2 type arguments, not 1
			java.lang.String<java.lang.Long>  | 'java.lang.String' takes 0 type arguments, not 1
			java.lang.String[                 | ']' is missing at position 18
			""")
	void whatIsNoTypeIsRefusedWithTheReason(String text, String reason) {
		assertThatIllegalArgumentException().isThrownBy(() -> parse(text)).withMessage(reason);
	}

	private static Type parse(String text) {
		return ValueTypeParser.parse(text, ValueTypeParserTests.class.getClassLoader());
	}

	record Agent(String name) {

	}

}
