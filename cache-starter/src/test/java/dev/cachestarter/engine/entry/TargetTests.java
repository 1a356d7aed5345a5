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

import java.util.List;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import dev.cachestarter.engine.key.KeyLayout;
import dev.cachestarter.engine.key.KeyPattern;
import dev.cachestarter.engine.key.StoredKey;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What can be evicted, and what is evicted in its place when there is too much of it.
 */
class TargetTests {

	private static final KeyLayout LAYOUT = new KeyLayout("app:", false);

	private static final List<StoredKey> KEYS;

	static {
		LAYOUT.register("agents");
		LAYOUT.register("tools");
		KEYS = Stream
			.of("agents:1", "agents:org-1", "agents:org-1:1", "agents:org-1:1:a", "agents:org-2:1", "tools:1",
					"tools:org-1:1", "any", "any:1", "other:org-1:1")
			.map(LAYOUT::locate)
			.toList();
	}

	static Stream<Target> targets() {
		return Stream.concat(KEYS.stream().map(Target.Key::new),
				Stream.of(new Target.Group("agents", "org-1"), new Target.Group("", "any"), new Target.Whole("agents"),
						new Target.Whole(""), new Target.Glob("agents", KeyPattern.of("*:1")),
						new Target.Glob("", KeyPattern.of("any*")), new Target.Glob(null, KeyPattern.of("*:org-1:*")),
						Target.ALL));
	}

	@ParameterizedTest
	@MethodSource("targets")
	void whatIsEvictedInsteadNamesAllThatItNamed(Target target) {
		Target wider = target.widen();

		assertThat(named(wider)).isNotEmpty().containsAll(named(target));
		assertThat(wider.widen().widen()).as("there is an end to it").isEqualTo(wider.widen().widen().widen());
		assertThat(Target.Kind.of(wider)).isEqualTo(Target.Kind.EXACT);
	}

	@Test
	void whatIsNamed() {
		assertThat(named(new Target.Key(LAYOUT.locate("agents:org-1:1")))).containsExactly("agents:org-1:1");
		assertThat(named(new Target.Group("agents", "org-1"))).containsExactly("agents:org-1:1", "agents:org-1:1:a");
		assertThat(named(new Target.Whole("tools"))).containsExactly("tools:1", "tools:org-1:1");
		assertThat(named(new Target.Whole(""))).containsExactly("any", "any:1", "other:org-1:1");
		assertThat(named(new Target.Glob("agents", KeyPattern.of("*:1")))).containsExactly("agents:org-1:1",
				"agents:org-2:1");
		assertThat(named(new Target.Glob(null, KeyPattern.of("*:org-1:*")))).containsExactly("agents:org-1:1",
				"agents:org-1:1:a", "tools:org-1:1", "other:org-1:1");
		assertThat(named(new Target.Glob(null, KeyPattern.of("t*:1")))).containsExactly("tools:1", "tools:org-1:1");
		assertThat(named(Target.ALL)).hasSize(KEYS.size());
	}

	private static List<String> named(Target target) {
		return KEYS.stream().filter(target::names).map(StoredKey::displayName).toList();
	}

}
