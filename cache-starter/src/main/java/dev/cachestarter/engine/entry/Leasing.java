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
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

import org.jspecify.annotations.Nullable;

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
 * the fill is refused, and {@link EntryStore#release} removes the lease without a script.
 */
final class Leasing {

	private final RedisLink link;

	private final Generations generations;

	Leasing(RedisLink link, Generations generations) {
		this.link = link;
		this.generations = generations;
	}

	/**
	 * Try to lease a key as it was observed.
	 */
	CompletableFuture<Acquired> acquire(Observed observed, Wanted wanted) {
		return underGenerations(observed, wanted.life(),
				(current) -> current.isAbsent() ? placeOnNothing(current, wanted) : placeOver(current, wanted));
	}

	/**
	 * Lease a key whatever is there.
	 */
	CompletableFuture<Lease> seize(StoredKey key, Wanted wanted) {
		Observed unseen = new Observed(key, null,
				(key.groupGenerationKey() != null) ? null : EntryHeader.NO_GENERATION_BYTES, null);
		return underGenerations(unseen, wanted.life(), (current) -> {
			NewLease placed = newLease(current, wanted);
			return this.link.set(key.redisKey(), placed.header(), wanted.life()).thenApply((ok) -> placed.lease());
		});
	}

	private CompletableFuture<Acquired> placeOnNothing(Observed current, Wanted wanted) {
		NewLease placed = newLease(current, wanted);
		return this.link.setIfAbsent(RedisOperation.LEASE, current.key().redisKey(), placed.header(), wanted.life())
			.thenCompose(
					(free) -> free ? CompletableFuture.completedFuture(new Acquired(placed.lease(), current, false))
							: place(current, placed, wanted.life()));
	}

	private CompletableFuture<Acquired> placeOver(Observed current, Wanted wanted) {
		return place(current, newLease(current, wanted), wanted.life());
	}

	private CompletableFuture<Acquired> place(Observed current, NewLease placed, Duration life) {
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

	/** Go on with what was observed, completed by the generations that are missing. */
	private <T> CompletableFuture<T> underGenerations(Observed observed, Duration life,
			Function<Observed, CompletableFuture<T>> next) {
		StoredKey key = observed.key();
		boolean hasGroup = observed.hasGroupGeneration() || key.groupGenerationKey() == null;
		if (observed.hasCacheGeneration() && hasGroup) {
			return next.apply(observed);
		}
		CompletableFuture<byte[]> cache = observed.hasCacheGeneration()
				? CompletableFuture.completedFuture(observed.cacheGeneration())
				: this.generations.makeForCache(key, life);
		CompletableFuture<byte[]> group = hasGroup ? CompletableFuture.completedFuture(observed.groupGeneration())
				: this.generations.makeForGroup(key, life);
		return cache.thenCombine(group, observed::withGenerations).thenCompose(next);
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

}
