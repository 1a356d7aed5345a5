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

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Function;

import org.jspecify.annotations.Nullable;

import dev.cachestarter.engine.connection.Futures;
import dev.cachestarter.engine.connection.RedisErrors;
import dev.cachestarter.engine.entry.Generations.Making;
import dev.cachestarter.engine.entry.Lease.Hold;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.monitor.RedisOperation;
import dev.cachestarter.engine.redis.RedisLink;

/**
 * Places leases.
 *
 * <h2>Where nothing is</h2>
 *
 * <p>
 * Most misses find nothing under their key. Such a key is leased by
 * {@code SET key lease NX PX life}, a fifth of the work that a script is for the server.
 * The answer says that the lease was placed, or that it was not (nil), and then nothing
 * more: not what is there, and not whether it is still there. So a nil decides nothing.
 * What follows it is the script that is run where something was observed: it compares
 * with "nothing" and places the lease, or answers with what is there, in one step.
 *
 * <pre>
 * under the key when the script runs     what it answers
 * a lease or value that came meanwhile   '=' and its header: judged by who asked
 * nothing: what came has gone again      '+': placed
 * another data type, read as nothing     '!': replaced by the lease
 * an empty text, read as nothing         '+': replaced by the lease
 * this very lease                        '=' and its header: it is ours, see below
 * </pre>
 *
 * <p>
 * <em>Our own lease</em> can be there after a nil if something between us and the server
 * has sent {@code SET} twice, and told us the second answer. Its nonce is nobody else's,
 * so it is ours: who took it for another's would wait for a load that nobody makes.
 * <p>
 * <em>No answer</em> (a time-out, a connection that broke) says nothing. {@code SET} is
 * not sent again: whoever asked loads without a lease, and has what may stand there
 * removed by its nonce.
 * <p>
 * <em>A refusal</em> (out of memory, no permission, read-only) places nothing, and the
 * script would be refused as well, since it runs {@code SET} with the same rights. Where
 * {@code SET} is permitted and scripts are not, a lease is placed that cannot be filled;
 * the fill is refused, and {@link #release} removes the lease without a script.
 *
 * <h2>Where the generation is missing too</h2>
 *
 * <p>
 * The first miss in a cache or a group finds no generation and makes one, by
 * {@code SET generation random NX PX}. On one server the lease is sent right behind it on
 * the same connection, under that random, instead of after its answer: one round trip
 * less. Nothing is presumed for longer than that. The lease counts only when both answers
 * are there, so the order of {@link EntryStore} holds: generations acknowledged, lease
 * acknowledged, load.
 *
 * <pre>
 * the generation       the lease     what comes of it
 * made                 placed        leased
 * made                 not placed    the answer is what is there, as above
 * another's is there   placed        the lease is under a random of nobody's: it is replaced
 *                                    by one under the right generation, by the script, which
 *                                    compares with the lease that was placed
 * another's is there   not placed    the answer is what is there, under the right generation
 * refused, no answer   placed        the lease is given back, and whoever asked fails
 * any                  refused, or   whoever asked fails; what may stand there is removed by
 *                      no answer     its nonce
 * </pre>
 *
 * <p>
 * <em>Until it is replaced</em> a lease under a random of nobody's is one that no reader
 * takes for current. Who finds it takes it over, as any unusable entry; then the script
 * that would replace it answers with that other lease. It may have the same nonce as the
 * lease that replaces it: one load, which has not begun, is to be under the two.
 * <p>
 * <em>An eviction between the two</em> drops the generation that was just made. The lease
 * is placed and the load begins, both after the eviction, and what it stores is a miss.
 * <p>
 * <em>A random that was not acknowledged</em> is carried by no value: the load under it
 * does not begin. It may be made late, and is then a generation that nothing is under.
 * <p>
 * <em>On a cluster</em> the two may be on different servers, so the lease could be seen
 * before its generation. It would be taken over, and two would load. So there one is
 * awaited after the other. So are they where another caller of this JVM makes the
 * generation at that moment (see {@link Generations}).
 */
final class Leasing {

	private static final byte[] ONE = { '1' };

	private static final byte[] NOTHING = {};

	private final RedisLink link;

	private final Generations generations;

	/** How a lease is placed, given what is there under current generations. */
	private interface Way {

		CompletableFuture<Acquired> place(Observed current, NewLease lease, Duration life);

	}

	Leasing(RedisLink link, Generations generations) {
		this.link = link;
		this.generations = generations;
	}

	/**
	 * Try to lease a key as it was observed.
	 */
	CompletableFuture<Acquired> acquire(Observed observed, Wanted wanted) {
		return place(observed, wanted, this::placeAsObserved);
	}

	/**
	 * Lease a key whatever is there.
	 * @param observed its generations
	 */
	CompletableFuture<Lease> seize(Observed observed, Wanted wanted) {
		return place(observed, wanted, this::placeAnyway).thenApply((placed) -> Objects.requireNonNull(placed.lease()));
	}

	private CompletableFuture<Acquired> place(Observed observed, Wanted wanted, Way way) {
		if (observed.hasCacheGeneration() && observed.hasGroupGeneration()) {
			return way.place(observed, newLease(observed, wanted), wanted.life());
		}
		Making making = this.generations.make(observed, wanted.life());
		Observed presumed = making.presumed();
		return (presumed != null && this.link.isOneServer()) ? placeBehind(making.certain(), presumed, wanted, way)
				: making.certain()
					.thenCompose(this.link.tracer()
						.carried((current) -> way.place(current, newLease(current, wanted), wanted.life())));
	}

	/** Place a lease while its generations are being made. */
	private CompletableFuture<Acquired> placeBehind(CompletableFuture<Observed> making, Observed presumed,
			Wanted wanted, Way way) {
		NewLease lease = newLease(presumed, wanted);
		Function<Answered, CompletableFuture<Acquired>> settling = this.link.tracer()
			.carried((answered) -> settle(answered, lease, presumed, wanted, way));
		return way.place(presumed, lease, wanted.life())
			.thenCompose((placed) -> making.handle((current, ex) -> settling.apply(new Answered(placed, current, ex)))
				.thenCompose(Function.identity()));
	}

	private CompletableFuture<Acquired> giveBack(Acquired placed, Throwable failure) {
		Lease lease = placed.lease();
		CompletableFuture<?> released = (lease != null) ? release(lease) : CompletableFuture.completedFuture(null);
		return released.handle((done, ex) -> {
			throw new CompletionException(Futures.unwrap(failure));
		});
	}

	private CompletableFuture<Acquired> settle(Answered answered, NewLease lease, Observed presumed, Wanted wanted,
			Way way) {
		Acquired placed = answered.placed();
		Observed current = answered.current();
		if (current == null) {
			return giveBack(placed, Objects.requireNonNull(answered.failure()));
		}
		if (current.isUnderSameGenerationsAs(presumed)) {
			return CompletableFuture.completedFuture(placed);
		}
		if (placed.lease() == null) {
			byte[] there = placed.observed().bytes();
			return CompletableFuture
				.completedFuture(new Acquired(null, current.withEntry((there != null) ? there : NOTHING), false));
		}
		return way.place(current.withEntry(lease.header()), newLease(current, wanted), wanted.life())
			.thenApply((again) -> new Acquired(again.lease(), again.observed(), placed.foreign() || again.foreign()));
	}

	/** A lease as a plain command where nothing was, else by the script. */
	private CompletableFuture<Acquired> placeAsObserved(Observed current, NewLease lease, Duration life) {
		if (!current.isAbsent()) {
			return compareAndPlace(current, lease, life);
		}
		return this.link.setIfAbsent(RedisOperation.LEASE, current.key().redisKey(), lease.header(), life)
			.thenCompose((free) -> free ? CompletableFuture.completedFuture(new Acquired(lease.lease(), current, false))
					: compareAndPlace(current, lease, life));
	}

	private CompletableFuture<Acquired> placeAnyway(Observed current, NewLease lease, Duration life) {
		return this.link.set(current.key().redisKey(), lease.header(), life)
			.thenApply((ok) -> new Acquired(lease.lease(), current, false));
	}

	private CompletableFuture<Acquired> compareAndPlace(Observed current, NewLease placed, Duration life) {
		return this.link
			.run(EntryScripts.ACQUIRE, current.key().redisKey(), current.header(), placed.header(),
					EntryScripts.millis(life))
			.thenApply((answer) -> switch (answer[0]) {
				case '+' -> new Acquired(placed.lease(), current, false);
				case '!' -> new Acquired(placed.lease(), current, true);
				default -> {
					byte[] there = Arrays.copyOfRange(answer, 1, answer.length);
					yield Arrays.equals(there, placed.header()) ? new Acquired(placed.lease(), current, false)
							: new Acquired(null, current.withEntry(there), false);
				}
			});
	}

	/**
	 * Give a lease back, if it is still there.
	 * @return whether it was
	 */
	CompletableFuture<Boolean> release(Lease lease) {
		byte[] key = lease.key().redisKey();
		return this.link.run(EntryScripts.DELETE_IF, key, lease.identity())
			.thenApply((answer) -> Arrays.equals(answer, ONE))
			// Where no script may run, a lease can be placed and not compared. Deleting
			// whatever is there makes a miss.
			.exceptionallyCompose((ex) -> RedisErrors.isRefusal(ex) ? this.link.unlink(key).thenApply((count) -> true)
					: CompletableFuture.failedFuture(ex));
	}

	/**
	 * Make a lease that is to be placed, and see to it that its generations outlive it.
	 */
	private NewLease newLease(Observed current, Wanted wanted) {
		StoredKey key = current.key();
		String runMark = this.link.runMark();
		String cacheGeneration = text(current.cacheGeneration());
		String groupGeneration = text(current.groupGeneration());
		this.generations.keep(key, cacheGeneration, groupGeneration, wanted.life());
		byte[] header = header(key, wanted.nonce(), cacheGeneration, groupGeneration, runMark, wanted.flags());
		return new NewLease(new Lease(key, wanted.nonce(), runMark, Hold.LEASE,
				Arrays.copyOf(header, EntryHeader.IDENTITY_LENGTH), cacheGeneration, groupGeneration), header);
	}

	/**
	 * Return what stands in Redis for a lease.
	 */
	static byte[] header(StoredKey key, String nonce, String cacheGeneration, String groupGeneration, String runMark,
			String flags) {
		return new EntryHeader(EntryHeader.LEASE, nonce, EntryHeader.NO_NONCE, 0, cacheGeneration, groupGeneration,
				EntryHeader.NO_MARK, runMark, 0, 0, flags, key.mark())
			.bytes();
	}

	static String text(byte @Nullable [] generation) {
		return (generation != null) ? new String(generation, StandardCharsets.ISO_8859_1) : EntryHeader.NO_GENERATION;
	}

	/**
	 * A lease that somebody wants.
	 *
	 * @param nonce what tells it from all others, never used before
	 * @param life how long it lives unless it is renewed
	 * @param flags who holds it, and what a load before it has left
	 */
	record Wanted(String nonce, Duration life, String flags) {

	}

	/**
	 * A lease, and what is to be placed for it.
	 */
	private record NewLease(Lease lease, byte[] header) {

	}

	/**
	 * What came of a lease and of the generations that it was sent behind.
	 *
	 * @param current under the generations that are there, {@code null} if that failed
	 */
	private record Answered(Acquired placed, @Nullable Observed current, @Nullable Throwable failure) {

	}

}
