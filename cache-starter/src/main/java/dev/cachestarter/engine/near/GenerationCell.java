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

import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;

import org.jspecify.annotations.Nullable;

/**
 * What is known of one generation: its value, and whether that is still known to be the
 * value. All copies under the generation refer to this one object.
 * <p>
 * A generation is a key like any other: a message says that it has changed, not how. Most
 * often nothing has but the time that it lives, which each instance extends now and then.
 * So a message makes the cell <em>unknown</em>, not its copies worthless. The next hit
 * has the generation read once more. If it has the same value, all copies live on; if it
 * has another one, or none, all of them are dead, and nobody has to look for them.
 * <ol>
 * <li>Each message begins a new epoch of the cell. What was read counts only in the epoch
 * in which it was asked for: what was answered before the message says nothing of what
 * came with it.
 * <li>Within one epoch and session all answers are the same, since Redis would have told
 * of a change between two of them. If they are not, none of them counts.
 * <li>A value that is found again is the same object as before, by which a hit compares
 * it with that of its copy.
 * </ol>
 */
final class GenerationCell {

	/** In no session. */
	private static final long UNKNOWN = -1;

	private final byte[] key;

	private final AtomicReference<State> state = new AtomicReference<>(new State(0, null, UNKNOWN));

	/** Whether somebody is having it read. */
	private final AtomicBoolean asked = new AtomicBoolean();

	GenerationCell(byte[] key) {
		this.key = key;
	}

	byte[] key() {
		return this.key;
	}

	/**
	 * Return the number of the present epoch, for who is about to have it read.
	 */
	long epoch() {
		return now().epoch();
	}

	/**
	 * Return how a copy stands that was made under a value of this generation.
	 * @param value the value, as {@link #take} returned it
	 * @param session the session in which it must be known
	 */
	Standing standing(byte[] value, long session) {
		State now = now();
		if (now.value() != value) {
			return Standing.DEAD;
		}
		return (now.session() == session) ? Standing.CURRENT : Standing.UNKNOWN;
	}

	/**
	 * Take note of what was read.
	 * @param epoch the epoch in which it was asked for
	 * @param session the session in which that was
	 * @param read what was read, {@code null} if there is no such generation
	 * @return what stands for this value in copies; {@code null} if none are to be made
	 */
	byte @Nullable [] take(long epoch, long session, byte @Nullable [] read) {
		while (true) {
			State now = now();
			if (now.epoch() != epoch || now.session() > session) {
				return null;
			}
			boolean same = Arrays.equals(now.value(), read);
			if (now.session() == session) {
				if (!same) {
					changed();
				}
				return same ? now.value() : null;
			}
			byte[] value = same ? now.value() : read;
			if (this.state.compareAndSet(now, new State(epoch, value, session))) {
				return value;
			}
		}
	}

	private State now() {
		return Objects.requireNonNull(this.state.get());
	}

	/**
	 * Take note that it has changed, or lives longer.
	 */
	void changed() {
		this.state.updateAndGet((now) -> new State(now.epoch() + 1, now.value(), UNKNOWN));
	}

	/**
	 * Take note that the session has ended: nothing that was asked for in it counts.
	 * While nobody has read it again, what was known in that session is still remembered
	 * as such.
	 */
	void ended() {
		this.state.updateAndGet((now) -> new State(now.epoch() + 1, now.value(), now.session()));
	}

	/**
	 * Return whether its value is known in a session.
	 */
	boolean isKnownIn(long session) {
		return now().session() == session;
	}

	/**
	 * Return whether the caller is the one to have it read.
	 */
	boolean ask() {
		return !this.asked.get() && this.asked.compareAndSet(false, true);
	}

	/**
	 * Take note that it is being read no longer.
	 */
	void answered() {
		this.asked.set(false);
	}

	/**
	 * How a copy stands under a generation.
	 */
	enum Standing {

		/** Its generation is the present one. */
		CURRENT,

		/** Its generation may be the present one. */
		UNKNOWN,

		/** Its generation was evicted. */
		DEAD

	}

	/**
	 * What is known.
	 *
	 * @param epoch how often something was told of it
	 * @param value the last value that was known, {@code null} if there was none
	 * @param session the session in which it is known
	 */
	private record State(long epoch, byte @Nullable [] value, long session) {

	}

}
