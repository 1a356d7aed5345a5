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

import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The slots of a cluster as one of its masters sees them at one moment.
 *
 * @param owned the slots that it owns, as it knows itself
 * @param assigned the slots that it knows anybody to own
 * @param isMoving whether it is giving a slot to another, or is given one
 */
public record SlotView(BitSet owned, BitSet assigned, boolean isMoving) {

	/** The field of a line with which slots begin. */
	private static final int FIRST = 8;

	/** What there is to see on a single server. */
	public static final SlotView NONE = new SlotView(new BitSet(), new BitSet(), false);

	/**
	 * Read what {@code CLUSTER NODES} answers: a line for each node, which ends with its
	 * slots. Slots that are being moved are in brackets, only in the line of the node
	 * itself.
	 */
	static SlotView parse(String nodes) {
		BitSet owned = new BitSet();
		BitSet assigned = new BitSet();
		boolean moving = false;
		for (String line : nodes.split("\n")) {
			String[] fields = line.strip().split(" ");
			boolean myself = fields.length > 2 && List.of(fields[2].split(",")).contains("myself");
			moving |= Arrays.stream(fields).skip(FIRST).anyMatch((field) -> field.startsWith("["));
			BitSet slots = slots(fields);
			assigned.or(slots);
			if (myself) {
				owned.or(slots);
			}
		}
		return new SlotView(owned, assigned, moving);
	}

	/**
	 * Read from the same answer which slots each node has, by the names of those that
	 * have any.
	 */
	static Map<String, BitSet> owners(String nodes) {
		Map<String, BitSet> owners = new HashMap<>();
		for (String line : nodes.split("\n")) {
			String[] fields = line.strip().split(" ");
			BitSet slots = slots(fields);
			if (!slots.isEmpty()) {
				owners.put(fields[0], slots);
			}
		}
		return owners;
	}

	private static BitSet slots(String[] fields) {
		BitSet slots = new BitSet();
		for (int i = FIRST; i < fields.length; i++) {
			if (!fields[i].startsWith("[")) {
				String[] range = fields[i].split("-");
				slots.set(Integer.parseInt(range[0]), Integer.parseInt(range[range.length - 1]) + 1);
			}
		}
		return slots;
	}

	/**
	 * Return whether no key can have moved while something was asked of all masters, one
	 * after another or at once.
	 * @param before what each of them saw before
	 * @param after what each of them saw after it, in the same order
	 * @return {@code false} also if these are not all the masters
	 */
	public static boolean isSettled(List<SlotView> before, List<SlotView> after) {
		BitSet owned = new BitSet();
		BitSet assigned = new BitSet();
		for (SlotView view : after) {
			owned.or(view.owned());
			assigned.or(view.assigned());
		}
		return before.equals(after) && after.stream().noneMatch(SlotView::isMoving) && owned.equals(assigned);
	}

}
