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

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;

import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.monitor.RedisOperation;
import dev.cachestarter.engine.redis.RedisLink;

/**
 * Makes the generations of caches and groups, and sees to it that each outlives what is
 * made under it: losing one early costs a miss of every entry under it at once.
 * <p>
 * A generation that is made for a lease lives little longer than that lease, and is kept
 * as long as the lease is renewed: calls that fail, or store nothing, leave nothing
 * behind. Once a value is stored under it, it is kept for the life of that value and a
 * spare. The spare is what later values use up before it must be kept again: as long as
 * the life itself, but no more than an hour. There are few caches and may be many groups,
 * so the generation of a cache has that hour always.
 * <p>
 * A generation is made by {@code SET NX} of a fresh random. Where that is refused, since
 * another instance has made one meanwhile, a script finds out which, or makes one if that
 * has gone again. In this JVM one caller makes it, and those who miss it while its answer
 * is under way wait for the same answer: each random but one would be in vain.
 */
final class Generations {

	private static final Duration LONGEST_SPARE = Duration.ofHours(1);

	private static final Duration SHORTEST_SPARE = Duration.ofSeconds(2);

	private final RedisLink link;

	private final Supplier<String> nonces;

	private final Known known = new Known();

	/** By the key of the generation. */
	private final ConcurrentMap<ByteBuffer, CompletableFuture<byte[]>> making = new ConcurrentHashMap<>();

	Generations(RedisLink link, Supplier<String> nonces) {
		this.link = link;
		this.nonces = nonces;
	}

	/**
	 * Have those generations of a key made that were not there, without waiting for it.
	 * @param observed what was observed of the key
	 * @param life how long they must live at least
	 */
	Making make(Observed observed, Duration life) {
		StoredKey key = observed.key();
		byte[] groupKey = key.groupGenerationKey();
		Attempt cache = observed.hasCacheGeneration() ? Attempt.at(observed.cacheGeneration())
				: attempt(key.cacheGenerationKey(), life, LONGEST_SPARE);
		Attempt group = (groupKey == null || observed.hasGroupGeneration()) ? Attempt.at(observed.groupGeneration())
				: attempt(groupKey, life, spareOf(life));
		boolean known = cache.presumed() != null && group.presumed() != null;
		return new Making(known ? observed.withGenerations(cache.presumed(), group.presumed()) : null,
				cache.certain().thenCombine(group.certain(), observed::withGenerations));
	}

	private Attempt attempt(byte[] generationKey, Duration life, Duration spare) {
		ByteBuffer name = ByteBuffer.wrap(generationKey);
		CompletableFuture<byte[]> certain = new CompletableFuture<>();
		CompletableFuture<byte[]> others = this.making.putIfAbsent(name, certain);
		if (others != null) {
			return new Attempt(null, others);
		}
		byte[] fresh;
		try {
			fresh = this.nonces.get().getBytes(StandardCharsets.US_ASCII);
			make(generationKey, fresh, life.plus(spare)).whenComplete((there, ex) -> made(name, certain, there, ex));
		}
		catch (Throwable ex) {
			// A stack that overflows, say: nobody else is to wait for this.
			made(name, certain, null, ex);
			throw ex;
		}
		return new Attempt(fresh, certain);
	}

	/** Whoever goes on here, on this thread, goes on for itself. */
	private void made(ByteBuffer name, CompletableFuture<byte[]> certain, byte @Nullable [] there,
			@Nullable Throwable ex) {
		this.making.remove(name, certain);
		Throwable failure = (ex != null) ? ex : new IllegalStateException();
		this.link.tracer()
			.within(null, () -> (there != null) ? certain.complete(there) : certain.completeExceptionally(failure));
	}

	private CompletableFuture<byte[]> make(byte[] generationKey, byte[] fresh, Duration whole) {
		String random = new String(fresh, StandardCharsets.US_ASCII);
		long now = this.known.now();
		this.known.takeForKept(random, now, whole);
		return this.link.setIfAbsent(RedisOperation.GENERATION, generationKey, fresh, whole).thenCompose((made) -> {
			if (made) {
				return CompletableFuture.completedFuture(fresh);
			}
			this.known.lives(random, now, null);
			return find(generationKey, whole);
		}).whenComplete((there, ex) -> {
			if (ex != null) {
				this.known.lives(random, now, null);
			}
		});
	}

	/** Another was there; or it was no generation, or it has gone again. */
	private CompletableFuture<byte[]> find(byte[] generationKey, Duration whole) {
		long now = this.known.now();
		return this.link
			.run(EntryScripts.GENERATION, generationKey, this.nonces.get().getBytes(StandardCharsets.US_ASCII),
					EntryScripts.millis(whole))
			.thenApply((there) -> {
				this.known.lives(new String(there, StandardCharsets.ISO_8859_1), now, whole.toMillis());
				return there;
			});
	}

	/**
	 * See to it that the generations of a key live long enough. Nobody waits for it.
	 * @param cacheGeneration the generation of the cache
	 * @param groupGeneration the generation of the group, dashes if the key has none
	 * @param life how long they must live at least, zero for ever
	 */
	void keep(StoredKey key, String cacheGeneration, String groupGeneration, Duration life) {
		keep(key.cacheGenerationKey(), cacheGeneration, life, LONGEST_SPARE);
		byte[] groupKey = key.groupGenerationKey();
		if (groupKey != null) {
			keep(groupKey, groupGeneration, life, spareOf(life));
		}
	}

	/**
	 * See to it that the generation of a tag lives long enough, as that of a group.
	 */
	void keep(byte[] generationKey, String generation, Duration life) {
		keep(generationKey, generation, life, spareOf(life));
	}

	private void keep(byte[] generationKey, String generation, Duration life, Duration spare) {
		long now = this.known.now();
		if (this.known.outlives(generation, now, life)) {
			return;
		}
		// Half of the spare is for those who look at it later, on any instance: so it is
		// not raised by each of them.
		Duration least = life.isZero() ? life : life.plus(spare.dividedBy(2));
		this.known.takeForKept(generation, now, least);
		CompletableFuture<byte[]> kept = life.isZero() ? this.link.run(EntryScripts.KEEP_FOR_EVER, generationKey)
				: this.link.run(EntryScripts.KEEP, generationKey, EntryScripts.millis(least),
						EntryScripts.millis(life.plus(jittered(spare))));
		kept.whenComplete((left, ex) -> this.known.lives(generation, now, (ex != null) ? null : millis(left)));
	}

	/**
	 * Generations that were made together are not to be raised together for ever: each
	 * time, all near caches are told of it.
	 */
	private static Duration jittered(Duration spare) {
		return spare.minusMillis((long) (spare.toMillis() * ThreadLocalRandom.current().nextDouble() / 8));
	}

	private static Long millis(byte[] answer) {
		String text = new String(answer, StandardCharsets.US_ASCII);
		return Long.valueOf(text.startsWith("=") ? text.substring(1) : text);
	}

	/**
	 * Generations that are being made.
	 *
	 * @param presumed what was observed, under the generations as they are if nobody else
	 * makes them at the same moment; {@code null} if somebody in this JVM does
	 * @param certain the same under those that are there, once Redis has said so
	 */
	record Making(@Nullable Observed presumed, CompletableFuture<Observed> certain) {

	}

	/**
	 * A generation that is there, or is being made.
	 */
	private record Attempt(byte @Nullable [] presumed, CompletableFuture<byte[]> certain) {

		static Attempt at(byte @Nullable [] there) {
			return new Attempt(there, CompletableFuture.completedFuture(there));
		}

	}

	private static Duration spareOf(Duration life) {
		if (life.compareTo(LONGEST_SPARE) > 0) {
			return LONGEST_SPARE;
		}
		return (life.compareTo(SHORTEST_SPARE) < 0) ? SHORTEST_SPARE : life;
	}

	/**
	 * Remembers, forgetfully and in little memory, until when a generation is known to
	 * live, so that not every fill has to see to it. What is forgotten for another in the
	 * same slot is done once more than needed.
	 */
	private static final class Known {

		private static final int SLOTS = 4096;

		/** In tenths of a second. */
		private static final int FOR_EVER = Integer.MAX_VALUE;

		/** A command takes its time to get there. */
		private static final int SLACK = 5;

		private final AtomicLongArray slots = new AtomicLongArray(SLOTS);

		private final long start = System.nanoTime();

		/** In tenths of a second. */
		int now() {
			return (int) (TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - this.start) / 100);
		}

		/**
		 * Return whether a generation is known to live long enough.
		 */
		boolean outlives(String generation, long now, Duration life) {
			int hash = generation.hashCode();
			long known = this.slots.get(slot(hash));
			return (int) (known >>> 32) == hash && (int) known >= until(now, life) + (life.isZero() ? 0 : SLACK);
		}

		/**
		 * Take a generation for kept while Redis is asked to keep it, until that is known
		 * better: else all who come at once would ask.
		 */
		void takeForKept(String generation, long now, Duration least) {
			int hash = generation.hashCode();
			this.slots.set(slot(hash), slotOf(hash, until(now, least)));
		}

		/**
		 * Take note of how long a generation lives.
		 * @param millis as {@code PTTL} says, {@code null} if that is not known
		 */
		void lives(String generation, long now, @Nullable Long millis) {
			int hash = generation.hashCode();
			int slot = slot(hash);
			if (millis != null && millis >= -1) {
				this.slots.set(slot,
						slotOf(hash, (millis < 0) ? FOR_EVER : until(now, Duration.ofMillis(Math.max(1, millis)))));
			}
			else if ((int) (this.slots.get(slot) >>> 32) == hash) {
				this.slots.set(slot, 0);
			}
		}

		private static int until(long now, Duration life) {
			return life.isZero() ? FOR_EVER : (int) Math
				.min(now + Math.min(life.toSeconds(), FOR_EVER) * 10 + life.toMillisPart() / 100, FOR_EVER - 10);
		}

		private static long slotOf(int hash, int until) {
			return ((long) hash << 32) | until;
		}

		private static int slot(int hash) {
			return (hash ^ (hash >>> 16)) & (SLOTS - 1);
		}

	}

}
