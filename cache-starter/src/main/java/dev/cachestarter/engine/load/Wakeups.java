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

package dev.cachestarter.engine.load;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;

import dev.cachestarter.engine.entry.EntryHeader;
import dev.cachestarter.engine.redis.Tracking;

/**
 * Wakes those who look at a key now and then when Redis says that it has changed, where
 * Redis tells what changes.
 *
 * <h2>Why no change is missed in a session</h2>
 *
 * <p>
 * Redis tells of a key once for each time that it was read over a tracked connection. So
 * the header of the key is read there, and the next message is about the first change
 * after that.
 * <ol>
 * <li><b>Known first, then read.</b> A wake-up is in the map before its read is sent. So
 * whatever is told because of that read finds it there.
 * <li><b>The answer counts, too.</b> What had changed before the read is told to nobody.
 * It shows in the answer, which then wakes.
 * <li><b>Armed until it is told.</b> A message takes the arms away before it wakes, and
 * whoever was woken and finds that nothing has changed for him (a lease was renewed) arms
 * again. So there is no more than one such read for each message.
 * <li><b>Armed in one session.</b> What was read in a session that has ended is told of
 * no more. The next look arms again.
 * </ol>
 * A wake-up is a hint. What it leads to is a look, as time alone would, and that look
 * decides. So a message that is late, is lost, or is about something else costs a look,
 * or the time until the next one, and never a wrong answer.
 * <p>
 * Messages come on an event loop: who is woken must not block there, and goes on
 * elsewhere.
 */
final class Wakeups implements Tracking.Listener {

	/** In no session. */
	private static final long UNARMED = -1;

	/** {@code null} as long as Redis tells nothing. */
	private volatile @Nullable Tracking tracking;

	/** By the keys. */
	private final ConcurrentMap<ByteBuffer, List<Wakeup>> wakeups = new ConcurrentHashMap<>();

	/**
	 * Wake by what Redis tells there, from now on.
	 */
	void by(Tracking tracking) {
		tracking.addListener(this);
		this.tracking = tracking;
	}

	/**
	 * Return a wake-up for somebody who is about to look at a key now and then. It is not
	 * armed.
	 * @param key the key
	 * @param unchanged tells from the beginning of what stands there that nothing has
	 * changed for him
	 * @param wake wakes him; must not block
	 */
	Wakeup of(byte[] key, Predicate<byte[]> unchanged, Runnable wake) {
		return new Wakeup(key, unchanged, wake);
	}

	/** Return for how many keys there is one. */
	int count() {
		return this.wakeups.size();
	}

	@Override
	public void changed(byte[] key) {
		if (!this.wakeups.isEmpty()) {
			this.wakeups.getOrDefault(ByteBuffer.wrap(key), List.of()).forEach(Wakeup::ring);
		}
	}

	/**
	 * Wakes all if Redis was flushed. Where a session has ended nothing is known to have
	 * changed, and a server in trouble is not to be asked by everybody at once.
	 */
	@Override
	public void allChanged() {
		Tracking tells = this.tracking;
		if (tells != null && !this.wakeups.isEmpty()) {
			long session = tells.session();
			this.wakeups.values()
				.forEach((all) -> all.stream().filter((each) -> each.armedIn.get() == session).forEach(Wakeup::ring));
		}
	}

	private static List<Wakeup> with(List<Wakeup> all, Wakeup added) {
		return all.contains(added) ? all : Stream.concat(all.stream(), Stream.of(added)).toList();
	}

	private static @Nullable List<Wakeup> without(List<Wakeup> all, Wakeup removed) {
		List<Wakeup> left = all.stream().filter((each) -> each != removed).toList();
		return left.isEmpty() ? null : left;
	}

	/**
	 * Wakes one who looks at a key.
	 */
	final class Wakeup {

		private final byte[] key;

		private final Predicate<byte[]> unchanged;

		private final Runnable wake;

		/** In which session Redis will tell, or the answer to a read will. */
		private final AtomicLong armedIn = new AtomicLong(UNARMED);

		private volatile boolean closed;

		private Wakeup(byte[] key, Predicate<byte[]> unchanged, Runnable wake) {
			this.key = key;
			this.unchanged = unchanged;
			this.wake = wake;
		}

		/**
		 * Have Redis tell of the next change, if it tells of changes at present, and does
		 * not tell of this one yet.
		 */
		void arm() {
			Tracking tells = Wakeups.this.tracking;
			long session = (tells != null) ? tells.session() : UNARMED;
			if (tells == null || this.closed || this.armedIn.get() == session || !tells.isGood(session)) {
				return;
			}
			ByteBuffer name = ByteBuffer.wrap(this.key);
			Wakeups.this.wakeups.merge(name, List.of(this), (all, one) -> with(all, this));
			if (this.closed) {
				close();
				return;
			}
			this.armedIn.set(session);
			tells.readStart(this.key, EntryHeader.LENGTH).whenComplete((start, ex) -> {
				if (ex != null) {
					this.armedIn.compareAndSet(session, UNARMED);
				}
				else if (!this.unchanged.test(start)) {
					ring();
				}
			});
		}

		/** Whatever comes of it: a failure here would end the session. */
		private void ring() {
			this.armedIn.set(UNARMED);
			try {
				this.wake.run();
			}
			catch (Throwable ex) {
				// Who cannot be woken looks when it is time.
			}
		}

		/**
		 * Wake no more.
		 */
		void close() {
			this.closed = true;
			Wakeups.this.wakeups.computeIfPresent(ByteBuffer.wrap(this.key), (same, all) -> without(all, this));
		}

	}

}
