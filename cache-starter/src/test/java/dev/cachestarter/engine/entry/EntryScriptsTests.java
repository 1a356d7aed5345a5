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

package dev.cachestarter.engine.entry;

import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.junit.jupiter.api.Test;

import dev.cachestarter.engine.connection.Script;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What scripts say of the commands that they call.
 */
class EntryScriptsTests {

	private static final Pattern CALL = Pattern.compile("redis\\.p?call\\('(\\w+)'");

	@Test
	void whatAScriptCallsInAConditionIsNotTakenForPermittedByEachOfItsRuns() throws IllegalAccessException {
		List<Script> scripts = scripts();
		assertThat(scripts).hasSizeGreaterThan(12);

		for (Script script : scripts) {
			Set<String> always = new TreeSet<>();
			Set<String> inConditions = new TreeSet<>();
			script.text().lines().forEach((line) -> {
				Matcher call = CALL.matcher(line);
				while (call.find()) {
					(line.startsWith(" ") ? inConditions : always).add("+" + call.group(1).toLowerCase(Locale.ROOT));
				}
			});
			inConditions.removeAll(always);
			if (script == EntryScripts.FILL) {
				// In both branches.
				inConditions.remove("+set");
			}
			if (script.text().contains("HSET")) {
				// There is one target at least.
				inConditions.removeAll(Set.of("+hlen", "+hset"));
			}

			assertThat(script.unsure()).as(script.text()).containsAll(inConditions);
			assertThat(script.sure()).noneMatch(inConditions::contains);
		}
	}

	@Test
	void aScriptThatGoesOnWithoutACommandDoesNotProveIt() {
		assertThat(EntryScripts.ELECT.sure()).containsExactly("+set");
		assertThat(EntryScripts.RENEW.sure()).containsExactlyInAnyOrder("+getrange", "+pexpire");
		assertThat(EntryScripts.KEEP.sure()).containsExactlyInAnyOrder("+pttl", "+pexpire");
		assertThat(EntryScripts.KEEP_FOR_EVER.sure()).containsExactlyInAnyOrder("+pttl", "+persist");
	}

	private static List<Script> scripts() throws IllegalAccessException {
		List<Script> scripts = new ArrayList<>();
		for (Class<?> holder : List.of(EntryScripts.class, DueTargets.class)) {
			for (Field field : Arrays.stream(holder.getDeclaredFields())
				.filter((each) -> each.getType() == Script.class)
				.toList()) {
				field.setAccessible(true);
				scripts.add((Script) field.get(null));
			}
		}
		return scripts;
	}

}
