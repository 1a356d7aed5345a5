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

package dev.cachestarter.model;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import dev.cachestarter.testing.Thorough;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The protocols, explored exhaustively within small bounds: they hold, and do so for each
 * of their rules. The story of what goes wrong without a rule is printed.
 */
class ModelTests {

	private static final boolean THOROUGH = Thorough.choose(false, true);

	private static final int MOST_STATES = Thorough.choose(1_500_000, 20_000_000);

	@ParameterizedTest(name = "{0}")
	@MethodSource("models")
	void nothingGoesWrongWithAllRules(String name, Model.Maker maker) {
		Checker.Outcome outcome = Checker.check(maker.make(List.of(), THOROUGH), MOST_STATES);

		System.out.println(name + ": " + outcome.states() + " states, " + outcome.hits() + " with a hit");
		assertThat(outcome.wrong()).as(() -> String.join("\n", outcome.steps())).isNull();
		assertThat(outcome.hits()).as("states in which anything can go wrong").isGreaterThan(10);
	}

	@ParameterizedTest(name = "{0}: {2}")
	@MethodSource("rules")
	void somethingGoesWrongWithoutEachRule(String name, Model.Maker maker, Model.Rule rule) {
		Checker.Outcome outcome = Checker.check(maker.make(List.of(rule), false), MOST_STATES);

		System.out.println(name + ", " + outcome.states() + " states. " + outcome.story(rule));
		assertThat(outcome.wrong()).isNotNull();
	}

	static Stream<Arguments> models() {
		return Stream.of(Protocol.values()).map((protocol) -> Arguments.of(protocol.text, protocol.maker));
	}

	static Stream<Arguments> rules() {
		return Stream.of(Protocol.values())
			.flatMap((protocol) -> Arrays.stream(protocol.rules)
				.map((rule) -> Arguments.of(protocol.text, protocol.maker, rule)));
	}

	private enum Protocol {

		LEASES("leases and generations", LeaseModel::new, LeaseModel.Rule.values()),

		PENDING("pending evictions", PendingModel::new, PendingModel.Rule.values()),

		TAGS("tags", TagModel::new, TagModel.Rule.values()),

		VALIDATE("near cache, validate", ValidateModel::new, ValidateModel.Rule.values()),

		TRACK("near cache, track", TrackModel::new, TrackModel.Rule.values());

		private final String text;

		private final Model.Maker maker;

		private final Model.Rule[] rules;

		Protocol(String text, Model.Maker maker, Model.Rule... rules) {
			this.text = text;
			this.maker = maker;
			this.rules = rules;
		}

	}

}
