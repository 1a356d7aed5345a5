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
package dev.cachestarter.engine.tag;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import org.jspecify.annotations.Nullable;

/**
 * What was read under the keys of generations of tags, at one moment.
 */
public final class ReadGenerations {

	public static final ReadGenerations NONE = new ReadGenerations(List.of(), Map.of(), List.of(), 0);

	/** Those of one entry, in the order in which it carries them. */
	private final List<String> names;

	/** Where that of each tag is, if they are not in that order. */
	private final Map<String, Integer> places;

	private final List<byte @Nullable []> found;

	private final int first;

	private ReadGenerations(List<String> names, Map<String, Integer> places, List<byte @Nullable []> found, int first) {
		this.names = names;
		this.places = places;
		this.found = found;
		this.first = first;
	}

	/**
	 * Take what was read of the tags of one entry.
	 * @param found what stands there, among other things
	 * @param first where the first is
	 */
	public static ReadGenerations of(TagSet tags, List<byte @Nullable []> found, int first) {
		return new ReadGenerations(tags.names(), Map.of(), found, first);
	}

	/**
	 * Take what was read of the tags of any entries.
	 * @param tags the tags, each of them once
	 * @param found what stands there, among other things, which are not kept: whoever
	 * keeps one entry would keep all that were read with it
	 * @param first where the first is
	 */
	public static ReadGenerations of(Collection<String> tags, List<byte @Nullable []> found, int first) {
		if (tags.isEmpty()) {
			return NONE;
		}
		Map<String, Integer> places = new HashMap<>();
		tags.forEach((tag) -> places.put(tag, places.size()));
		return new ReadGenerations(List.of(), places, new ArrayList<>(found.subList(first, first + tags.size())), 0);
	}

	/**
	 * Return whether it tells of each of the tags that an entry carries.
	 */
	public boolean tellsOf(CarriedTags carried) {
		List<String> tags = carried.names();
		if (tags == this.names) {
			return true;
		}
		for (String tag : tags) {
			if (placeOf(tag) < 0) {
				return false;
			}
		}
		return true;
	}

	/**
	 * Return whether each of the tags that an entry carries is of the generation that was
	 * read for it.
	 */
	public boolean areCurrent(CarriedTags carried) {
		List<String> tags = carried.names();
		for (int i = 0; i < tags.size(); i++) {
			int place = (tags == this.names) ? i : placeOf(tags.get(i));
			if (place < 0 || !carried.isOf(i, this.found.get(this.first + place))) {
				return false;
			}
		}
		return true;
	}

	private int placeOf(String tag) {
		return this.places.isEmpty() ? this.names.indexOf(tag) : this.places.getOrDefault(tag, -1);
	}

}
