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
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;

import dev.cachestarter.engine.connection.Futures;
import dev.cachestarter.engine.connection.RedisErrors;
import dev.cachestarter.engine.entry.Lease.Hold;
import dev.cachestarter.engine.key.KeyLayout;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.monitor.Tracer;
import dev.cachestarter.engine.redis.RedisLink;
import dev.cachestarter.engine.redis.Tracking;
import dev.cachestarter.engine.tag.CarriedTags;
import dev.cachestarter.engine.tag.KnownTags;
import dev.cachestarter.engine.tag.ReadGenerations;
import dev.cachestarter.engine.tag.TagGenerations;
import dev.cachestarter.engine.tag.TagSet;
import dev.cachestarter.engine.value.ValueCodec;

/**
 * Entries in Redis, and the two protocols that keep a stale one from being served.
 *
 * <h2>Why a lease</h2>
 *
 * <p>
 * A caller misses, reads the database, and is slow. Meanwhile another changes the row and
 * evicts the key. Now the first stores what it read: stale, until the TTL. So a key is
 * <em>leased</em> before it is loaded: a short entry with a random nonce is put in its
 * place, and a value is stored only where that very lease still stands. Whatever deletes
 * the key (an eviction, a pattern, {@code FLUSHALL}, Redis' own eviction, a human with
 * {@code redis-cli}) voids the lease with it, so nobody has to know of anybody's loads.
 * <ol>
 * <li><b>Observe</b>: one {@code MGET} of the generations and the key. Anything but a
 * value under current generations is a miss; its header is kept.
 * <li><b>Acquire</b>: the lease is put there if the header is still the one observed, and
 * else the answer is the one that is. So an unusable entry (of another generation,
 * foreign, corrupt) is replaced, and of two who observed the same one wins. How that is
 * asked for, {@link Leasing} says.
 * <li><b>Load</b>, after the acknowledgement, outside of this class.
 * <li><b>Fill</b>: a script puts the value there if the lease still is. It may be late,
 * lost, or arrive after this process died: the server decides.
 * <li><b>Evict</b>: {@code UNLINK key}.
 * </ol>
 *
 * <h2>Why generations</h2>
 *
 * <p>
 * To evict a tenant's thousand pages, or a cache of a million, at once, no key is looked
 * for. A cache has a generation, and so has each group in it (all keys with the same
 * first segment): a random value under a key of its own, which every entry made under it
 * carries. An entry whose generations are not the current ones is a miss, and no
 * generation, no hit. So {@code UNLINK generation} evicts all of them at one instant,
 * also when Redis is out of memory. A generation is never made twice: one that is lost
 * costs a miss. How long one lives, {@link Generations} decides.
 * <p>
 * The order matters, and is: generations acknowledged and lease acknowledged, then load.
 * An eviction that comes before the lease's acknowledgement was before the load; one that
 * comes after it voids the lease, or the generation that the fill carries. Generations
 * are therefore never read again for the fill.
 *
 * <h2>Claims</h2>
 *
 * <p>
 * A value that is still good for something (it is about to expire and is loaded again
 * ahead of that, or it has, and may be served if its load fails) must stay readable while
 * it is loaded. So no lease takes its place: a script writes a <em>claim</em>, a nonce
 * and until when it holds, into the value's own header, if that is still the one observed
 * and no other claim holds. The rest goes as with a lease: the fill compares the header
 * with the claim in it, so whatever deletes or replaces the value voids the claim, and of
 * two who claim one wins. A claim is renewed like a lease, ends by itself when its holder
 * dies, and leaves the value's payload alone, and its time to live too but for what the
 * claim itself needs: a value that went before its load ended would take the claim with
 * it. (Whether it is fresh the header tells.) After a load that failed, a claim of
 * nobody's (dashes for a nonce) keeps all instances from trying again at once. A claim
 * that lies further in the future than any is made for does not hold: the server's clock
 * was set back. The claim comes after the read that found the value under current
 * generations, so the order holds here too: generations, claim, load.
 *
 * <h2>Tags</h2>
 *
 * <p>
 * A tag has a generation as a group has, but is known only when the load is over. How an
 * eviction reaches such a load {@link TagGenerations} says; the moment that it speaks of
 * is captured with the lease, and kept in it. What an entry carries is admitted before it
 * is filled, and read with the generations of its tags: those that it had when it was
 * seen last are asked for in the same command ({@link KnownTags}), others in a second.
 *
 * <h2>What may arrive late</h2>
 *
 * <p>
 * Bytes handed to a connection that then breaks may reach the server at any later time. A
 * late lease makes a miss and expires. A late fill finds its lease gone. A late
 * generation is a fresh random that nothing carries. A late {@code UNLINK} makes a miss.
 * That is why no write here is an unconditional {@code SET} of a value; {@link #replace}
 * is two steps for that reason.
 */
public final class EntryStore {

	/** How long a load without a value to be stored is known of. */
	private static final Duration TRACE_LIFE = Duration.ofMillis(500);

	private static final byte[] ONE = ascii("1");

	private static final char NO_TRACE = '-';

	private final RedisLink link;

	private final Supplier<String> nonces;

	private final Generations generations;

	private final Leasing leasing;

	private final RefusedWrites refused = new RefusedWrites(System::nanoTime);

	private final LargeEntries large;

	private final TagGenerations tags;

	private final KnownTags knownTags;

	private volatile Consumer<byte[]> written = (redisKey) -> {
	};

	public EntryStore(RedisLink link, Supplier<String> nonces, KeyLayout layout) {
		this.link = link;
		this.tags = new TagGenerations(link, layout, nonces);
		this.knownTags = new KnownTags(layout);
		this.nonces = nonces;
		this.generations = new Generations(link, nonces);
		this.leasing = new Leasing(link, this.generations);
		this.large = new LargeEntries(link, System::nanoTime);
	}

	/**
	 * Have somebody told, from now on, of each key whose value may have been replaced or
	 * deleted here: on an event loop, when Redis has answered or is known not to, and
	 * before who waits for it goes on.
	 */
	public void tell(Consumer<byte[]> written) {
		this.written = written;
	}

	/** Also of what has failed: nobody knows what Redis has done. */
	private <T> CompletableFuture<T> told(byte[] redisKey, CompletableFuture<T> write) {
		return write.whenComplete((answer, ex) -> this.written.accept(redisKey));
	}

	public String newNonce() {
		return this.nonces.get();
	}

	/**
	 * Return the generations of tags, and what says whether one was evicted.
	 */
	public TagGenerations tags() {
		return this.tags;
	}

	/**
	 * Return what traces the operations made here.
	 */
	public Tracer tracer() {
		return this.link.tracer();
	}

	/**
	 * Return whether Redis is asked at present.
	 */
	public boolean isReachable() {
		return this.link.isUp();
	}

	/**
	 * Return the server's clock as far as it is known, in milliseconds.
	 */
	public long serverMillis() {
		return this.link.serverMillis();
	}

	/**
	 * Take note that a look at a key was not answered, which may be for the sake of what
	 * stands there (see {@link LargeEntries}).
	 * @param longest the most bytes that a value of this key can have
	 */
	public void unanswered(StoredKey key, long longest) {
		this.large.suspect(key, EntryHeader.LENGTH + CarriedTags.MOST_BYTES + longest);
	}

	/**
	 * Look at a key and its generations, in one round trip.
	 */
	public CompletableFuture<Observed> observe(StoredKey key) {
		CompletableFuture<?> looked = this.large.look(key);
		return (looked != null) ? looked.thenCompose((done) -> observeNow(key)) : observeNow(key);
	}

	/**
	 * Look at a key and its generations over connections on which Redis tells what
	 * changes of them from now on.
	 * @return {@code null} if its entry had tags, of which nothing would be told
	 */
	public @Nullable CompletableFuture<Observed> observeTracked(StoredKey key, Tracking tracking) {
		if (!this.knownTags.of(key).isEmpty()) {
			return null;
		}
		CompletableFuture<?> looked = this.large.look(key);
		Function<byte[][], CompletableFuture<List<byte @Nullable []>>> read = (keys) -> tracking.read(List.of(keys));
		// Also if it has come to be known meanwhile that it has some.
		return (looked != null) ? looked.thenCompose((done) -> observeNow(key, TagSet.NONE, read))
				: observeNow(key, TagSet.NONE, read);
	}

	private CompletableFuture<Observed> observeNow(StoredKey key) {
		return observeNow(key, this.knownTags.of(key), this.link::read);
	}

	/** A generation is asked for before the key that needs it. */
	private CompletableFuture<Observed> observeNow(StoredKey key, TagSet guess,
			Function<byte[][], CompletableFuture<List<byte @Nullable []>>> read) {
		byte[] groupKey = key.groupGenerationKey();
		int firstTag = (groupKey != null) ? 2 : 1;
		byte[][] keys = new byte[firstTag + guess.size() + 1][];
		keys[0] = key.cacheGenerationKey();
		if (groupKey != null) {
			keys[1] = groupKey;
		}
		for (int i = 0; i < guess.size(); i++) {
			keys[firstTag + i] = guess.keyOf(i);
		}
		keys[keys.length - 1] = key.redisKey();
		return read.apply(keys).thenCompose((found) -> {
			Observed observed = new Observed(key, found.get(0),
					(groupKey != null) ? found.get(1) : EntryHeader.NO_GENERATION_BYTES, found.get(keys.length - 1),
					guess, guess.isEmpty() ? ReadGenerations.NONE : ReadGenerations.of(guess, found, firstTag));
			learnFewer(observed, guess);
			return observed.isToBeReadOn() ? readOn(List.of(observed)).thenApply((all) -> all.get(0))
					: CompletableFuture.completedFuture(observed);
		});
	}

	/**
	 * Take note that a value has not all the tags that it had, or has them in another
	 * order: each read would go on to ask for them. Those that it has in addition are
	 * read, and noted, later.
	 */
	private void learnFewer(Observed observed, TagSet guess) {
		if (!guess.isEmpty() && observed.tags() != guess.names() && observed.isValue() && !observed.isToBeReadOn()) {
			this.knownTags.learn(observed.key(), observed.tags());
		}
	}

	/**
	 * Read the generations of the tags that entries turn out to have. What is read later
	 * tells of more evictions, not of fewer: the entry need not be read again.
	 */
	private CompletableFuture<List<Observed>> readOn(List<Observed> observed) {
		Set<String> tags = new LinkedHashSet<>();
		observed.forEach((one) -> tags.addAll(one.isToBeReadOn() ? one.tags() : List.of()));
		return tags.isEmpty() ? CompletableFuture.completedFuture(observed)
				: this.link.read(tags.stream().map(this.tags::keyOf).toArray(byte[][]::new)).thenApply((found) -> {
					ReadGenerations generations = ReadGenerations.of(tags, found, 0);
					return observed.stream().map((one) -> {
						if (!one.isToBeReadOn()) {
							return one;
						}
						this.knownTags.learn(one.key(), one.tags());
						return one.withTagGenerations(generations);
					}).toList();
				});
	}

	/**
	 * Look at several keys and their generations, in one round trip (on a cluster in one
	 * to each node). A generation is asked for before the keys that need it.
	 */
	public CompletableFuture<List<Observed>> observe(List<StoredKey> keys) {
		CompletableFuture<?> looked = this.large.look(keys);
		return (looked != null) ? looked.thenCompose((done) -> observeNow(keys)) : observeNow(keys);
	}

	private CompletableFuture<List<Observed>> observeNow(List<StoredKey> keys) {
		Map<String, Integer> generations = new HashMap<>();
		List<byte[]> asked = new ArrayList<>();
		for (StoredKey key : keys) {
			generations.computeIfAbsent(key.cacheName(), (name) -> add(asked, key.cacheGenerationKey()));
			byte[] groupKey = key.groupGenerationKey();
			if (groupKey != null) {
				generations.computeIfAbsent(groupOf(key), (group) -> add(asked, groupKey));
			}
		}
		List<TagSet> guesses = keys.stream().map(this.knownTags::of).toList();
		Set<String> tags = new LinkedHashSet<>();
		int firstTag = asked.size();
		for (TagSet guess : guesses) {
			for (int i = 0; i < guess.size(); i++) {
				if (tags.add(guess.names().get(i))) {
					asked.add(guess.keyOf(i));
				}
			}
		}
		int first = asked.size();
		keys.forEach((key) -> asked.add(key.redisKey()));
		return this.link.read(asked.toArray(byte[][]::new)).thenCompose((found) -> {
			ReadGenerations tagGenerations = ReadGenerations.of(tags, found, firstTag);
			List<Observed> observed = new ArrayList<>(keys.size());
			for (int i = 0; i < keys.size(); i++) {
				StoredKey key = keys.get(i);
				Integer group = generations.get(groupOf(key));
				Observed one = new Observed(key, found.get(Objects.requireNonNull(generations.get(key.cacheName()))),
						(group != null) ? found.get(group) : EntryHeader.NO_GENERATION_BYTES, found.get(first + i),
						guesses.get(i), tagGenerations);
				learnFewer(one, guesses.get(i));
				observed.add(one);
			}
			return readOn(observed);
		});
	}

	private static int add(List<byte[]> keys, byte[] key) {
		keys.add(key);
		return keys.size() - 1;
	}

	/** No cache's name has a line feed followed by what begins a group. */
	private static String groupOf(StoredKey key) {
		return key.cacheName() + "\n:" + key.group();
	}

	/**
	 * Look at the generations of a key alone.
	 */
	CompletableFuture<Observed> observeGenerations(StoredKey key) {
		byte[] groupKey = key.groupGenerationKey();
		return this.link.read(generationKeys(key))
			.thenApply((found) -> new Observed(key, found.get(0),
					(groupKey != null) ? found.get(1) : EntryHeader.NO_GENERATION_BYTES, null));
	}

	private static byte[][] generationKeys(StoredKey key) {
		byte[] groupKey = key.groupGenerationKey();
		return (groupKey != null) ? new byte[][] { key.cacheGenerationKey(), groupKey }
				: new byte[][] { key.cacheGenerationKey() };
	}

	/**
	 * Look at a key and its generations without the payload, in one round trip. A
	 * generation is read before what is under it.
	 * @return what was observed, with no more of the entry than its header; fails if what
	 * stands there is no string
	 */
	public CompletableFuture<Observed> observeHeader(StoredKey key) {
		byte[] groupKey = key.groupGenerationKey();
		return this.link.readAndStart(generationKeys(key), key.redisKey(), EntryHeader.LENGTH)
			.thenApply((found) -> new Observed(key, found.get(0),
					(groupKey != null) ? found.get(1) : EntryHeader.NO_GENERATION_BYTES, null)
				.withEntry(Objects.requireNonNull(found.get(found.size() - 1))))
			.thenCompose(this::whole);
	}

	/** A header does not tell whether an entry with tags counts. */
	private CompletableFuture<Observed> whole(Observed observed) {
		return observed.isToBeReadOn() ? observeNow(observed.key()) : CompletableFuture.completedFuture(observed);
	}

	private CompletableFuture<Acquired> whole(Acquired acquired) {
		Observed there = acquired.observed();
		return (acquired.lease() == null && there.isToBeReadOn())
				? whole(there).thenApply((whole) -> new Acquired(null, whole, acquired.foreign()))
				: CompletableFuture.completedFuture(acquired);
	}

	/**
	 * Try to lease a key as it was observed.
	 * @param observed what was observed
	 * @param nonce what tells the lease from all others, never used before
	 * @param life how long the lease lives unless it is renewed
	 * @param holder who loads, which tells others whether to wait
	 */
	public CompletableFuture<Acquired> acquire(Observed observed, String nonce, Duration life, Lease.Holder holder) {
		String flags = flags(holder, traceOf(observed));
		return told(observed.key().redisKey(), this.leasing.acquire(observed, new Leasing.Wanted(nonce, life, flags)))
			.whenComplete((acquired, ex) -> this.refused.wrote(ex))
			.thenCompose(this::whole);
	}

	/**
	 * Lease a key whatever is there, for one who is about to replace it.
	 */
	public CompletableFuture<Lease> seize(StoredKey key, String nonce, Duration life, Lease.Holder holder) {
		Leasing.Wanted wanted = new Leasing.Wanted(nonce, life, flags(holder, NO_TRACE));
		return told(key.redisKey(),
				observeGenerations(key).thenCompose((observed) -> this.leasing.seize(observed, wanted)))
			.whenComplete((lease, ex) -> this.refused.wrote(ex));
	}

	/**
	 * Store a value where a lease of ours stands.
	 * @param lease the lease
	 * @param encoded the value
	 * @param schemaMark the mark of its type
	 * @param ttl how long it is fresh, zero for ever
	 * @param extra how much longer it is kept
	 * @return whether it was stored; {@code false} if the lease is gone; fails if Redis
	 * refuses it, in which case the lease is given back
	 */
	public CompletableFuture<Boolean> fill(Lease lease, ValueCodec.Encoded encoded, String schemaMark, Duration ttl,
			Duration extra) {
		return fill(lease, encoded, schemaMark, ttl, extra, CarriedTags.NONE);
	}

	/**
	 * Store a value that carries tags where a lease of ours stands.
	 * @param tags what {@link TagGenerations#admit} has said
	 */
	public CompletableFuture<Boolean> fill(Lease lease, ValueCodec.Encoded encoded, String schemaMark, Duration ttl,
			Duration extra, CarriedTags tags) {
		EntryHeader header = new EntryHeader(EntryHeader.VALUE, lease.nonce(), EntryHeader.NO_NONCE, 0,
				lease.cacheGeneration(), lease.groupGeneration(), schemaMark, lease.runMark(), 0, 0,
				EntryHeader.flagsOf(encoded.form()), lease.key().mark());
		byte[] entry = tags.isEmpty() ? encoded.entry() : tags.insertInto(encoded.entry(), EntryHeader.LENGTH);
		(tags.isEmpty() ? header : header.tagged()).writeTo(entry);
		Duration life = ttl.isZero() ? Duration.ZERO
				: (ttl.compareTo(EntryScripts.LONGEST) > 0) ? EntryScripts.LONGEST.plus(extra) : ttl.plus(extra);
		CompletableFuture<Boolean> filled = told(lease.key().redisKey(),
				this.link.run(EntryScripts.FILL, lease.key().redisKey(), lease.identity(), entry,
						EntryScripts.millis(life), EntryScripts.millis(ttl)))
			.whenComplete((answer, ex) -> this.refused.wrote(ex))
			.thenApply((answer) -> Arrays.equals(answer, ONE))
			.exceptionallyCompose((ex) -> endRefused(lease, ex).<Boolean>handle((done, again) -> {
				throw new CompletionException(Futures.unwrap(ex));
			}));
		filled.thenAccept((stored) -> {
			if (stored) {
				keepGenerations(lease, life);
				keepTags(tags, life);
				this.knownTags.learn(lease.key(), tags.names());
			}
		});
		return filled;
	}

	private void keepGenerations(Lease lease, Duration life) {
		this.generations.keep(lease.key(), lease.cacheGeneration(), lease.groupGeneration(), life);
	}

	private void keepTags(CarriedTags tags, Duration life) {
		for (int i = 0; i < tags.names().size(); i++) {
			this.generations.keep(this.tags.keyOf(tags.names().get(i)), tags.generation(i), life);
		}
	}

	/** Others would wait for a lease that cannot be filled, and get nothing. */
	private CompletableFuture<Boolean> endRefused(Lease lease, Throwable ex) {
		return (RedisErrors.isRefusal(ex) && !lease.isOnValue()) ? release(lease)
				: CompletableFuture.completedFuture(false);
	}

	/**
	 * Store a value whatever is there: two awaited steps, so that neither can surface
	 * after a later eviction.
	 */
	public CompletableFuture<Boolean> replace(StoredKey key, ValueCodec.Encoded encoded, String schemaMark,
			Duration ttl, Duration extra, Duration leaseLife) {
		return replace(key, encoded, schemaMark, ttl, extra, leaseLife, CarriedTags.NONE);
	}

	/**
	 * The same with tags.
	 * @param tags what {@link TagGenerations#admit} has said
	 */
	public CompletableFuture<Boolean> replace(StoredKey key, ValueCodec.Encoded encoded, String schemaMark,
			Duration ttl, Duration extra, Duration leaseLife, CarriedTags tags) {
		return seize(key, newNonce(), leaseLife, Lease.Holder.CALL)
			.thenCompose((lease) -> fill(lease, encoded, schemaMark, ttl, extra, tags));
	}

	/**
	 * Try to claim a value as it was observed: who has the claim may replace it, and
	 * until then it stays readable.
	 * @param observed what was observed, a value under current generations
	 * @param nonce what tells the claim from all others, never used before
	 * @param life how long the claim holds unless it is renewed
	 * @param longest the most that another claim can have left
	 */
	public CompletableFuture<Acquired> claim(Observed observed, String nonce, Duration life, Duration longest) {
		StoredKey key = observed.key();
		byte[] header = observed.header();
		String runMark = this.link.runMark();
		byte[] most = ascii(Long.toString(longest.toMillis()));
		this.generations.keep(key, Leasing.text(observed.cacheGeneration()), Leasing.text(observed.groupGeneration()),
				life);
		keepTags(observed.carriedTags(), life);
		return this.link.run(EntryScripts.CLAIM, key.redisKey(), header, ascii(nonce), EntryScripts.millis(life), most)
			.thenApply((answer) -> {
				if (answer[0] != '+') {
					return new Acquired(null, observed.withEntry(Arrays.copyOfRange(answer, 1, answer.length)), false);
				}
				byte[] identity = Arrays.copyOf(header, EntryHeader.IDENTITY_LENGTH);
				System.arraycopy(ascii(nonce), 0, identity, EntryHeader.CLAIM_OFFSET, nonce.length());
				return new Acquired(new Lease(key, nonce, runMark, Hold.CLAIM, identity,
						Leasing.text(observed.cacheGeneration()), Leasing.text(observed.groupGeneration())), observed,
						false);
			})
			.thenCompose(this::whole);
	}

	/**
	 * Give a claim up, with the value left where it is, if the claim is still on it.
	 * @param pause for how long nobody else may claim it
	 * @return whether it was
	 */
	public CompletableFuture<Boolean> unclaim(Lease claim, Duration pause) {
		return reclaim(claim, EntryHeader.NO_NONCE, pause);
	}

	private CompletableFuture<Boolean> reclaim(Lease claim, String nonce, Duration life) {
		return this.link
			.run(EntryScripts.RECLAIM, claim.key().redisKey(), claim.identity(), ascii(nonce),
					EntryScripts.millis(life))
			.thenApply((answer) -> Arrays.equals(answer, ONE));
	}

	/**
	 * Make a lease or a claim live on.
	 * @return whether it was still there
	 */
	public CompletableFuture<Boolean> renew(Lease lease, Duration life) {
		keepGenerations(lease, life);
		return lease.isOnValue() ? reclaim(lease, lease.nonce(), life)
				: this.link.run(EntryScripts.RENEW, lease.key().redisKey(), lease.identity(), EntryScripts.millis(life))
					.thenApply((answer) -> Arrays.equals(answer, ONE));
	}

	/**
	 * Give a lease back, if it is still there. A claim is given back together with the
	 * value that it is on.
	 */
	public CompletableFuture<Boolean> release(Lease lease) {
		return told(lease.key().redisKey(), this.leasing.release(lease));
	}

	/**
	 * Remove the lease that was observed, if it is one that nobody can have made: it is
	 * still there and never ends, or ends later than any lease does.
	 * @param observed what was observed
	 * @param longest the most that a lease can have left
	 * @return whether it was removed
	 */
	public CompletableFuture<Boolean> breakLease(Observed observed, Duration longest) {
		EntryHeader header = observed.current();
		if (header == null || !header.isLease()) {
			return CompletableFuture.completedFuture(false);
		}
		byte[] identity = Arrays.copyOf(observed.header(), EntryHeader.IDENTITY_LENGTH);
		return this.link
			.run(EntryScripts.BREAK, observed.key().redisKey(), identity, ascii(Long.toString(longest.toMillis())))
			.thenApply((answer) -> Arrays.equals(answer, ONE));
	}

	/**
	 * Give back the lease of a load that ended without a value to be stored: in its place
	 * a trace is left for half a second, by which others know that nobody is to wait for
	 * the next one.
	 * @return whether the lease was still there
	 */
	public CompletableFuture<Boolean> leaveTrace(Lease lease, Trace kind) {
		byte[] trace = Leasing.header(lease.key(), EntryHeader.NO_NONCE, lease.cacheGeneration(),
				lease.groupGeneration(), lease.runMark(), flags(Lease.Holder.CALL, kind.flag));
		return told(lease.key().redisKey(),
				this.link.run(EntryScripts.LEAVE_TRACE, lease.key().redisKey(), lease.identity(), trace,
						EntryScripts.millis(TRACE_LIFE)))
			.thenApply((answer) -> Arrays.equals(answer, ONE))
			// Where nothing can be written, what is there can still be deleted.
			.exceptionallyCompose(
					(ex) -> RedisErrors.isRefusal(ex) ? release(lease) : CompletableFuture.failedFuture(ex));
	}

	/**
	 * Return the right to fill a key as long as the very value that was observed stands
	 * there. Its nonce says that it was neither evicted nor replaced, so it serves as a
	 * lease that was placed when the value was; nobody else is kept from the key by it.
	 * @param observed what was observed, a value under current generations
	 */
	public Lease borrow(Observed observed) {
		return new Lease(observed.key(), newNonce(), this.link.runMark(), Hold.VALUE,
				Arrays.copyOf(observed.header(), EntryHeader.IDENTITY_LENGTH), Leasing.text(observed.cacheGeneration()),
				Leasing.text(observed.groupGeneration()));
	}

	/**
	 * Remove a lease of ours of which it is not known whether it was placed.
	 * @return whether it was there
	 */
	public CompletableFuture<Boolean> disown(StoredKey key, String nonce) {
		byte[] identity = ascii(
				EntryHeader.FORMAT + " " + EntryHeader.LEASE + " " + nonce + " " + EntryHeader.NO_NONCE);
		return this.link.run(EntryScripts.DELETE_IF, key.redisKey(), identity)
			.thenApply((answer) -> Arrays.equals(answer, ONE));
	}

	/**
	 * Delete an entry that cannot be used, if it is still the one observed.
	 */
	public CompletableFuture<Boolean> discard(byte[] redisKey, byte[] header) {
		return told(redisKey, this.link.run(EntryScripts.DELETE_IF, redisKey, header))
			.thenApply((answer) -> Arrays.equals(answer, ONE));
	}

	/** A lease over the trace of a load without a value to be stored carries it on. */
	private static char traceOf(Observed observed) {
		EntryHeader there = observed.current();
		return (there == null || !there.isLease() || !there.isUnstored() || !there.isFor(observed.key())) ? NO_TRACE
				: (there.isRefused() ? Trace.REFUSED : Trace.UNSTORED).flag;
	}

	private static String flags(Lease.Holder holder, char trace) {
		return "--" + holder.flag() + trace;
	}

	private static byte[] ascii(String text) {
		return text.getBytes(StandardCharsets.US_ASCII);
	}

	/**
	 * What a load leaves behind that stores nothing.
	 */
	public enum Trace {

		/** Its value was not to be stored; others may have it. */
		UNSTORED('u'),

		/** The codec refuses its value; it is its caller's alone. */
		REFUSED('r');

		private final char flag;

		Trace(char flag) {
			this.flag = flag;
		}

	}

}
