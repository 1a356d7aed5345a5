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

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;

import org.jspecify.annotations.Nullable;

import dev.cachestarter.engine.key.StoredKey;

/**
 * Targets of evictions, each with something known of it, that can be asked whether they
 * name a key: in a few look-ups, and one match for each pattern. Thread-safe.
 *
 * @param <V> what is known of a target
 */
final class TargetMap<V> {

	/** The targets that are looked up. */
	private final ConcurrentMap<Target, V> exact = new ConcurrentHashMap<>();

	/** Those that are matched. */
	private final ConcurrentMap<Target, V> globs = new ConcurrentHashMap<>();

	/** What they take in memory. */
	private final AtomicLong bytes = new AtomicLong();

	/** The length of the longest name of a cache that any target has had. */
	private final AtomicInteger longestName = new AtomicInteger();

	/**
	 * Change what is known of a target, at once for all who look.
	 * @param change is given what is known, {@code null} if the target is not in here,
	 * and returns what is to be known, {@code null} to remove the target
	 */
	void change(Target target, Function<@Nullable V, @Nullable V> change) {
		partOf(target).compute(target, (same, known) -> {
			V now = change.apply(known);
			if ((known == null) != (now == null)) {
				this.bytes.addAndGet((now != null) ? target.bytes() : -target.bytes());
			}
			return now;
		});
	}

	boolean contains(Target target) {
		return part(Target.Kind.of(target)).containsKey(target);
	}

	/**
	 * Return about how much memory they take.
	 */
	long bytes() {
		return this.bytes.get();
	}

	private ConcurrentMap<Target, V> partOf(Target target) {
		String cacheName = target.cacheName();
		if (cacheName != null) {
			this.longestName.accumulateAndGet(cacheName.length(), Math::max);
		}
		return part(Target.Kind.of(target));
	}

	/**
	 * Return all targets of one kind, as they are at any time.
	 */
	Map<Target, V> all(Target.Kind kind) {
		return Collections.unmodifiableMap(part(kind));
	}

	private ConcurrentMap<Target, V> part(Target.Kind kind) {
		return switch (kind) {
			case EXACT -> this.exact;
			case PATTERN -> this.globs;
		};
	}

	/**
	 * Return whether a key is named by one of the targets.
	 */
	boolean covers(StoredKey key) {
		return (!this.exact.isEmpty() && isNamedExactly(key)) || (!this.globs.isEmpty() && isMatched(key));
	}

	/**
	 * Return whether one of some tags is among the targets.
	 * @param tags the tags, escaped
	 */
	boolean coversAny(List<String> tags) {
		if (tags.isEmpty() || this.exact.isEmpty()) {
			return false;
		}
		for (String tag : tags) {
			if (this.exact.containsKey(new Target.Tag(tag))) {
				return true;
			}
		}
		return false;
	}

	private boolean isNamedExactly(StoredKey key) {
		String group = key.group();
		return this.exact.containsKey(Target.ALL) || this.exact.containsKey(new Target.Key(key))
				|| this.exact.containsKey(new Target.Whole(key.cacheName()))
				|| (group != null && this.exact.containsKey(new Target.Group(key.cacheName(), group)))
				|| (key.cacheName().isEmpty() ? isNamedInAnotherCache(key) : isNamedBySegment(key.cacheName()));
	}

	/** By a target of a cache whose name was not known when the key was made. */
	private boolean isNamedInAnotherCache(StoredKey key) {
		String whole = key.key();
		String group = key.group();
		if (group == null) {
			return false;
		}
		if (this.exact.containsKey(new Target.Segment(group))) {
			return true;
		}
		int longest = this.longestName.get();
		for (int end = whole.indexOf(':'); end >= 0 && end <= longest; end = whole.indexOf(':', end + 1)) {
			String name = whole.substring(0, end);
			if (this.exact.containsKey(new Target.Whole(name))) {
				return true;
			}
			int next = whole.indexOf(':', end + 1);
			if (next != -1 && this.exact.containsKey(new Target.Group(name, whole.substring(end + 1, next)))) {
				return true;
			}
		}
		return false;
	}

	private boolean isNamedBySegment(String cacheName) {
		int colon = cacheName.indexOf(':');
		return this.exact.containsKey(new Target.Segment((colon < 0) ? cacheName : cacheName.substring(0, colon)));
	}

	private boolean isMatched(StoredKey key) {
		for (Map.Entry<Target, V> glob : this.globs.entrySet()) {
			if (glob.getKey().names(key)) {
				return true;
			}
		}
		return false;
	}

	int size() {
		return this.exact.size() + this.globs.size();
	}

}
