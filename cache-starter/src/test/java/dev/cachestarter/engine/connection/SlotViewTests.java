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

package dev.cachestarter.engine.connection;

import java.util.List;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

class SlotViewTests {

	private static final String A = "a 127.0.0.1:7000@17000 %smaster - 0 1700000000000 1 connected 0-5460 5462%s\n";

	private static final String B = "b 127.0.0.1:7001@17001,host %smaster - 0 1700000000001 2 connected 5461 5463-16383%s\n";

	private static final String REPLICA = "c 127.0.0.1:7002@17002 slave a 0 1700000000002 1 connected\n";

	@Test
	void nothingMovesWhereAllMastersSeeTheSameBeforeAndAfter() {
		List<SlotView> before = List.of(ofA("", ""), ofB("", ""));
		List<SlotView> after = List.of(ofA("", ""), ofB("", ""));

		assertThat(SlotView.isSettled(before, after)).isTrue();
	}

	@Test
	void aSlotThatIsGivenOrTakenIsOnTheMove() {
		List<SlotView> giving = List.of(ofA(" [93->-b]", ""), ofB("", ""));
		List<SlotView> taking = List.of(ofA("", ""), ofB("", " [93-<-a]"));

		assertThat(SlotView.isSettled(giving, giving)).isFalse();
		assertThat(SlotView.isSettled(taking, taking)).isFalse();
		assertThat(SlotView.isSettled(giving, List.of(ofA("", ""), ofB("", "")))).isFalse();
	}

	@Test
	void aSlotThatHasMovedIsFoundAlsoIfOneSideSaysSo() {
		SlotView more = SlotView.parse(A.formatted("myself,", " 5461") + B.formatted("", ""));

		assertThat(SlotView.isSettled(List.of(ofA("", ""), ofB("", "")), List.of(more, ofB("", "")))).isFalse();
	}

	@Test
	void aMasterThatWasNotAskedIsMissed() {
		List<SlotView> alone = List.of(ofA("", ""));

		assertThat(SlotView.isSettled(alone, alone)).isFalse();
	}

	@Test
	void aSlotThatNobodyHasMovesNowhere() {
		SlotView half = SlotView.parse(A.formatted("myself,", "") + REPLICA);

		assertThat(SlotView.isSettled(List.of(half), List.of(half))).isTrue();
	}

	@Test
	void aSingleServerHasNoSlots() {
		assertThat(SlotView.isSettled(List.of(SlotView.NONE), List.of(SlotView.NONE))).isTrue();
	}

	private static SlotView ofA(String open, String openOfB) {
		return SlotView.parse(A.formatted("myself,", open) + B.formatted("", openOfB) + REPLICA);
	}

	private static SlotView ofB(String openOfA, String open) {
		return SlotView.parse(A.formatted("", openOfA) + B.formatted("myself,", open) + REPLICA);
	}

}
