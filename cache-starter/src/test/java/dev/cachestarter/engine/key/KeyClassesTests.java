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

import java.util.AbstractCollection;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.util.LinkedCaseInsensitiveMap;
import org.springframework.util.LinkedMultiValueMap;

import static org.assertj.core.api.Assertions.assertThat;

class KeyClassesTests {

	private final KeyClasses known = new KeyClasses();

	@ParameterizedTest
	@ValueSource(classes = { ArrayList.class, CopyOnWriteArrayList.class, TreeSet.class, LinkedHashMap.class,
			LinkedMultiValueMap.class, LinkedCaseInsensitiveMap.class })
	void thoseOfLibrariesAreTheirContent(Class<?> type) {
		assertThat(this.known.isMoreThanContent(type)).isFalse();
	}

	@ParameterizedTest
	@ValueSource(classes = { Plain.class, Helpful.class, OfConstants.class, OwnList.class, OwnCollection.class })
	void thoseThatAddNothingAreTheirContentToo(Class<?> type) {
		assertThat(this.known.isMoreThanContent(type)).isFalse();
	}

	@ParameterizedTest
	@ValueSource(classes = { Titled.class, Below.class, Picky.class, TitledMap.class })
	void thoseThatAddFieldsOrCompareOtherwiseMayBeMore(Class<?> type) {
		assertThat(this.known.isMoreThanContent(type)).isTrue();
	}

	@Test
	void anotherMethodThatIsNamedEqualsComparesNothing() {
		assertThat(this.known.isMoreThanContent(Overloaded.class)).isFalse();
	}

	@Test
	void whatIsNoContainerIsNotJudged() {
		assertThat(this.known.isMoreThanContent(NoContainer.class)).isFalse();
		assertThat(this.known.isMoreThanContent(List.class)).isFalse();
	}

	@Test
	void whatIsWrittenWithoutABaseIsItsContent() {
		assertThat(this.known.isMoreThanContent(FromScratch.class)).isFalse();
		assertThat(this.known.isMoreThanContent(OwnKind.class)).isFalse();
	}

	@Test
	void onlyOfRecordsAndKotlinsClassesItIsKnownWhatTellsThemApart() {
		assertThat(this.known.membersOf(Only.class)).isNull();
		assertThat(this.known.membersOf(String.class)).isNull();
		assertThat(this.known.membersOf(Range.class)).isNotNull();
	}

	@Test
	void membersOfARecordAreItsComponentsByTheirNames() {
		KeyMembers members = KeyMembers.of(Range.class);

		assertThat(members).isNotNull();
		assertThat(members.kind()).isEqualTo(KeyMembers.Kind.COMPONENTS);
		assertThat(members.substitutable()).isFalse();
		assertThat(members.members()).extracting(KeyMembers.Member::name).containsExactly("from", "to");
		assertThat(members.members()).extracting((member) -> member.of(new Range(2, 1))).containsExactly(1, 2);
	}

	@Test
	void recordMayStandForAnotherOnlyByAnInterfaceOfTheApplication() {
		assertThat(KeyMembers.of(Named.class)).extracting(KeyMembers::substitutable).isEqualTo(true);
		assertThat(KeyMembers.of(Sortable.class)).extracting(KeyMembers::substitutable).isEqualTo(false);
	}

	record Range(int to, int from) {
	}

	interface Name {

	}

	record Named(String name) implements Name {
	}

	record Sortable(String name) implements Comparable<Sortable> {

		@Override
		public int compareTo(Sortable other) {
			return this.name.compareTo(other.name);
		}

	}

	/** Looks like what Kotlin makes of an object. */
	static final class Only {

		static final Only INSTANCE = new Only();

	}

	interface OwnKind extends Collection<String> {

	}

	abstract static class FromScratch implements Collection<String> {

		private final List<String> content = List.of("a");

		@Override
		public int size() {
			return this.content.size();
		}

	}

	static class Plain extends ArrayList<String> {

	}

	static class Helpful extends ArrayList<String> {

		String first() {
			return get(0);
		}

	}

	static class OfConstants extends HashMap<String, String> {

		static final String NAME = "name";

	}

	/** Keeps its content in a field of its own: that is no more than content. */
	static class OwnList extends AbstractList<String> {

		private final List<String> content = List.of("a");

		@Override
		public String get(int index) {
			return this.content.get(index);
		}

		@Override
		public int size() {
			return this.content.size();
		}

	}

	static class OwnCollection extends AbstractCollection<String> {

		private final List<String> content = List.of("a");

		@Override
		public Iterator<String> iterator() {
			return this.content.iterator();
		}

		@Override
		public int size() {
			return this.content.size();
		}

	}

	static class Titled extends ArrayList<String> {

		@Nullable String title;

	}

	static class Below extends Titled {

	}

	static class TitledMap extends LinkedHashMap<String, String> {

		@Nullable String title;

	}

	static class Picky extends ArrayList<String> {

		@Override
		public boolean equals(Object other) {
			return other instanceof Picky && super.equals(other);
		}

		@Override
		public int hashCode() {
			return super.hashCode();
		}

	}

	static class Overloaded extends ArrayList<String> {

		boolean equals(String other) {
			return contains(other);
		}

		boolean equals(Object one, Object other) {
			return contains(one) && contains(other);
		}

	}

	static class NoContainer extends Thread {

		@Nullable Map<String, String> more;

	}

}
