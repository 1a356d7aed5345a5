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

package dev.cachestarter.engine.near;

import java.util.stream.IntStream;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Which keys come for the second time.
 */
class DoorkeeperTests {

	@Test
	void aKeyIsAdmittedFromItsSecondTimeOn() {
		Doorkeeper doorkeeper = new Doorkeeper(10_000);

		assertThat(doorkeeper.admit(42)).isFalse();
		assertThat(doorkeeper.admit(42)).isTrue();
		assertThat(doorkeeper.admit(42)).isTrue();
	}

	@Test
	void ofAMillionKeysThatComeOnceLessThanOneInAThousandIsAdmitted() {
		Doorkeeper doorkeeper = new Doorkeeper(10_000);

		long admitted = IntStream.range(0, 1_000_000)
			.filter((i) -> doorkeeper.admit(("agents:org:" + i).hashCode()))
			.count();

		assertThat(admitted).isLessThan(1000);
	}

	@Test
	void aKeyIsRememberedForAsManyOthersAsAreExpectedAndNotForEver() {
		Doorkeeper doorkeeper = new Doorkeeper(10_000);
		IntStream.range(0, 100).forEach(doorkeeper::admit);

		IntStream.range(1000, 10_000).forEach(doorkeeper::admit);
		assertThat(IntStream.range(0, 100).filter(doorkeeper::admit).count()).isEqualTo(100);

		IntStream.range(100_000, 200_000).forEach(doorkeeper::admit);
		assertThat(IntStream.range(0, 100).filter(doorkeeper::admit).count()).isLessThan(50);
	}

}
