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

package dev.cachestarter.engine.key;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;

class KeySegmentsTests {

	@ParameterizedTest
	@CsvSource(delimiter = '|', textBlock = """
			org-123:{"limit":20,"page":1}  | org-123
			a:b:c                          | a
			a:                             | a
			{"a":1}:x                      | {"a":1}
			{"a":"b:c","d":{"e:":[":"]}}:x | {"a":"b:c","d":{"e:":[":"]}}
			{ "a" : -1.5e+10 }:x           | { "a" : -1.5e+10 }
			["a:b",true,false,null]:x      | ["a:b",true,false,null]
			[]:{}:x                        | []
			"a:b":x                        | "a:b"
			"a\\":b\\u003a":x              | "a\\":b\\u003a"
			{}:                            | {}
			{\t"a" :\t"b:" , "c" : [ ] }:x | {\t"a" :\t"b:" , "c" : [ ] }
			[ "a:" , { } , [ 0 ] ]:x       | [ "a:" , { } , [ 0 ] ]
			{ }:x                          | { }
			["\\u00aF:"]:x                 | ["\\u00aF:"]
			["\\u00af:"]:x                 | ["\\u00af:"]
			["\\u09aZ:"]:x                 | ["\\u09aZ
			["\\u00g0:"]:x                 | ["\\u00g0
			["\\/\\b\\f\\n\\r\\t\\\\:"]:x    | ["\\/\\b\\f\\n\\r\\t\\\\:"]
			[":",0,-0,9,10,0.5,1e9,2E-3]:x | [":",0,-0,9,10,0.5,1e9,2E-3]
			""")
	void firstSegmentEndsAtTheColonAfterIt(String key, String first) {
		assertThat(KeySegments.endOfFirst(key)).isEqualTo(first.length());
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', textBlock = """
			{a:b}:x         | {a
			{"a:b           | {"a
			{"a":1,}:x      | {"a"
			["a:b"]y:x      | ["a
			[01]:x          | [01]
			[1.]:x          | [1.]
			[tru]:x         | [tru]
			"a\\x:b":c      | "a\\x
			{tag}:x         | {tag}
			{"a":":" "b":1}:x | {"a"
			{"a" ":":1}:x   | {"a" "
			{"a"}:x         | {"a"}
			{"a":":"        | {"a"
			[":" 1]:x       | ["
			[":",]:x        | ["
			[":",-]:x       | ["
			[":",1e]:x      | ["
			[":",1e+]:x     | ["
			[":",.5]:x      | ["
			[":",+1]:x      | ["
			[":",nul]:x     | ["
			[":",True]:x    | ["
			[":\\v"]:x      | ["
			[":",1.]:x      | ["
			[":",1.:x       | ["
			{":":1,:x       | {"
			{":":1,x:1}:y   | {"
			"a:b            | "a
			{"a:b"          | {"a
			"a:b\\:c":d      | "a
			["a:b           | ["a
			[["a:b"]:x      | [["a
			[":\\u003]:x    | ["
			"":x            | ""
			["\\":":x        | ["\\"
			""")
	void whatOnlyLooksLikeJsonIsText(String key, String first) {
		assertThat(KeySegments.endOfFirst(key)).isEqualTo(first.length());
	}

	@ParameterizedTest
	@ValueSource(strings = { "", "42", "{\"a\":\"b:c\"}", "[\":\"]", "\":\"", "[", "{" })
	void singleSegmentHasNoEnd(String key) {
		assertThat(KeySegments.endOfFirst(key)).isEqualTo(-1);
	}

	@Test
	void jsonDeeperThanTheLimitIsText() {
		String deepest = "[".repeat(KeySegments.MAX_DEPTH - 1) + "[\":\"]" + "]".repeat(KeySegments.MAX_DEPTH - 1);
		String tooDeep = "[" + deepest + "]";

		assertThat(KeySegments.endOfFirst(deepest + ":x")).isEqualTo(deepest.length());
		assertThat(KeySegments.endOfFirst(tooDeep + ":x")).isEqualTo(tooDeep.indexOf(':'));
		assertThat(KeySegments.endOfFirst("[".repeat(1_000_000) + ":x")).isEqualTo(1_000_000);
	}

	@ParameterizedTest
	@ValueSource(strings = { "", "org-123", "{\"a\":\"b:c\"}", "[1]", "\"a\"", "{tag}", "[1]x", "a\"b", "{", "[1",
			"[tru", "[-", "[1.", "[1e", "[1e-", "[\"\\u00", "[\"\\", "[1," })
	void textAndWholeJsonAndWhatCannotBecomeJsonAreTheFirstSegmentOfAllTheyBegin(String text) {
		assertThat(KeySegments.isFirstOfAllItBegins(text)).isTrue();
	}

	@ParameterizedTest
	@ValueSource(strings = { "a:b", "{\"a", "{\"a\"", "[\"a", "\"a", "{\"a\":1", "[1]:x", "{a:b}", "[1,\"", "{\"a\":" })
	void textWithAColonAndJsonThatCouldGoOnAreNot(String text) {
		assertThat(KeySegments.isFirstOfAllItBegins(text)).isFalse();
	}

	@Test
	void objectsAreNoDeeperThanListsMayBe() {
		String deepest = "{\"a\":".repeat(KeySegments.MAX_DEPTH) + "\":\"" + "}".repeat(KeySegments.MAX_DEPTH);
		String tooDeep = "{\"a\":" + deepest + "}";

		assertThat(KeySegments.endOfFirst(deepest + ":x")).isEqualTo(deepest.length());
		assertThat(KeySegments.endOfFirst(tooDeep + ":x")).isEqualTo(tooDeep.indexOf(':'));
	}

}
