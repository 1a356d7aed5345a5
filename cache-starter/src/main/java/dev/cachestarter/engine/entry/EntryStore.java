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
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;

import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.redis.RedisErrors;
import dev.cachestarter.engine.redis.RedisLink.Script;
import dev.cachestarter.engine.redis.RedisLink;
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
 * <li><b>Acquire</b>: a script puts the lease there if the header is still the one
 * observed, and else answers with the one that is. So an unusable entry (of another
 * generation, foreign, corrupt) is replaced, and of two who observed the same one wins.
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
 * costs a miss.
 * <p>
 * The order matters, and is: generations acknowledged, then lease acknowledged, then
 * load. An eviction that comes before the lease's acknowledgement was before the load;
 * one that comes after it voids the lease, or the generation that the fill carries.
 * Generations are therefore never read again for the fill.
 *
 * <h2>Claims</h2>
 *
 * <p>
 * A value that is still good for something (it is about to expire and is loaded anew
 * ahead of that, or it has, and may stand in for a load that fails) must stay readable
 * while it is loaded. So no lease takes its place: a script writes a <em>claim</em>, a
 * nonce and until when it holds, into the value's own header, if that is still the one
 * observed and no other claim holds. The rest goes as with a lease: the fill compares the
 * header with the claim in it, so whatever deletes or replaces the value voids the claim,
 * and of two who claim one wins. A claim is renewed like a lease, ends by itself when its
 * holder dies, and leaves the value's payload alone, and its time to live too but for
 * what the claim itself needs: a value that went before its load ended would take the
 * claim with it. (Whether it is fresh the header tells.) After a load that failed, a
 * claim of nobody's (dashes for a nonce) keeps all instances from trying again at once. A
 * claim that lies further in the future than any is made for does not hold: the server's
 * clock was set back. The claim comes after the read that found the value under current
 * generations, so the order holds here too: generations, claim, load.
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

	/**
	 * How much longer than the newest entry under it a generation is kept, at least.
	 */
	private static final Duration GENERATION_SPARE = Duration.ofHours(1);

	/** Within the digits that the header has for a time. */
	private static final Duration LONGEST = Duration.ofDays(100 * 365);

	private static final byte[] ONE = ascii("1");

	/**
	 * KEYS[1] entry; ARGV: observed header, lease, life of the lease in ms. Answers '+'
	 * if the lease was placed, '!' if so in the place of another data type, else '=' and
	 * what is there.
	 */
	public static final Script ACQUIRE = Script.of("""
			local there = redis.pcall('GETRANGE', KEYS[1], 0, 138)
			local answer = '+'
			if type(there) == 'table' then
			  if not string.find(there.err, 'WRONGTYPE', 1, true) then
			    return there
			  end
			  redis.call('UNLINK', KEYS[1])
			  there = ARGV[1]
			  answer = '!'
			end
			if there ~= ARGV[1] then
			  return '=' .. there
			end
			redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
			return answer
			""");

	/**
	 * KEYS[1] entry; ARGV: identity of the lease, value, life in ms or 0, freshness in ms
	 * or 0. Times in the header are the server's.
	 */
	public static final Script FILL = Script.of("""
			if redis.call('GETRANGE', KEYS[1], 0, 38) ~= ARGV[1] then
			  return '0'
			end
			local time = redis.call('TIME')
			local now = time[1] * 1000 + math.floor(time[2] / 1000)
			if ARGV[3] == '0' then
			  redis.call('SET', KEYS[1], ARGV[2])
			else
			  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
			end
			redis.call('SETRANGE', KEYS[1], 106, string.format('%013d', now))
			if ARGV[4] ~= '0' then
			  redis.call('SETRANGE', KEYS[1], 120, string.format('%013d', now + ARGV[4]))
			end
			return '1'
			""");

	/** KEYS[1] entry; ARGV: identity of the lease, its life in ms. */
	public static final Script RENEW = Script.of("""
			if redis.call('GETRANGE', KEYS[1], 0, 38) ~= ARGV[1] then
			  return '0'
			end
			return tostring(redis.call('PEXPIRE', KEYS[1], ARGV[2]))
			""");

	/**
	 * KEYS[1] entry; ARGV: observed header, nonce of the claim, its life in ms, the most
	 * that another claim can have left in ms. Answers '+' if the claim was placed on the
	 * value, else '=' and the header that is there: of another entry, or of this one
	 * under a claim that still holds.
	 */
	public static final Script CLAIM = Script.of("""
			local there = redis.pcall('GETRANGE', KEYS[1], 0, 138)
			if type(there) == 'table' then
			  return '='
			end
			if there ~= ARGV[1] then
			  return '=' .. there
			end
			local time = redis.call('TIME')
			local now = time[1] * 1000 + math.floor(time[2] / 1000)
			local held = tonumber(string.sub(there, 41, 53)) - now
			if held > 0 and held <= tonumber(ARGV[4]) then
			  return '=' .. there
			end
			redis.call('SETRANGE', KEYS[1], 23, ARGV[2] .. ' ' .. string.format('%013d', now + ARGV[3]))
			local left = redis.call('PTTL', KEYS[1])
			if left >= 0 and left < tonumber(ARGV[3]) then
			  redis.call('PEXPIRE', KEYS[1], ARGV[3])
			end
			return '+'
			""");

	/**
	 * KEYS[1] entry; ARGV: identity of the claim, the claim in its place, its life in ms.
	 */
	public static final Script RECLAIM = Script.of("""
			if redis.call('GETRANGE', KEYS[1], 0, 38) ~= ARGV[1] then
			  return '0'
			end
			local time = redis.call('TIME')
			local now = time[1] * 1000 + math.floor(time[2] / 1000)
			redis.call('SETRANGE', KEYS[1], 23, ARGV[2] .. ' ' .. string.format('%013d', now + ARGV[3]))
			local left = redis.call('PTTL', KEYS[1])
			if string.sub(ARGV[2], 1, 1) ~= '-' and left >= 0 and left < tonumber(ARGV[3]) then
			  redis.call('PEXPIRE', KEYS[1], ARGV[3])
			end
			return '1'
			""");

	/** KEYS[1] entry; ARGV: what it must begin with. */
	public static final Script DELETE_IF = Script.of("""
			local there = redis.pcall('GETRANGE', KEYS[1], 0, string.len(ARGV[1]) - 1)
			if type(there) == 'table' or there ~= ARGV[1] then
			  return '0'
			end
			return tostring(redis.call('UNLINK', KEYS[1]))
			""");

	/** KEYS[1] generation; ARGV: a fresh random, its life in ms. */
	public static final Script GENERATION = Script.of("""
			local there = redis.pcall('GET', KEYS[1])
			if type(there) == 'string' and string.len(there) == 16 then
			  return there
			end
			redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
			return ARGV[1]
			""");

	/** KEYS[1] generation; ARGV: the shortest life that it needs in ms, or 0 for ever. */
	static final Script KEEP = Script.of("""
			local left = redis.call('PTTL', KEYS[1])
			if left >= 0 then
			  if ARGV[1] == '0' then
			    redis.call('PERSIST', KEYS[1])
			  elseif left < tonumber(ARGV[1]) then
			    redis.call('PEXPIRE', KEYS[1], ARGV[1])
			  end
			end
			return '1'
			""");

	private final RedisLink link;

	private final Supplier<String> nonces;

	private final KeptGenerations kept = new KeptGenerations();

	public EntryStore(RedisLink link, Supplier<String> nonces) {
		this.link = link;
		this.nonces = nonces;
	}

	public String newNonce() {
		return this.nonces.get();
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
	 * Look at a key and its generations, in one round trip.
	 */
	public CompletableFuture<Observed> observe(StoredKey key) {
		byte[] groupKey = key.groupGenerationKey();
		byte[][] keys = (groupKey != null) ? new byte[][] { key.cacheGenerationKey(), groupKey, key.redisKey() }
				: new byte[][] { key.cacheGenerationKey(), key.redisKey() };
		return this.link.read(keys)
			.thenApply((found) -> new Observed(key, found.get(0),
					(groupKey != null) ? found.get(1) : EntryHeader.NO_GENERATION_BYTES, found.get(found.size() - 1)));
	}

	/**
	 * Look at several keys and their generations, in one round trip (on a cluster in one
	 * to each node). A generation is asked for before the keys that need it.
	 */
	public CompletableFuture<List<Observed>> observe(List<StoredKey> keys) {
		Map<String, Integer> generations = new HashMap<>();
		List<byte[]> asked = new ArrayList<>();
		for (StoredKey key : keys) {
			generations.computeIfAbsent(key.cacheName(), (name) -> add(asked, key.cacheGenerationKey()));
			byte[] groupKey = key.groupGenerationKey();
			if (groupKey != null) {
				generations.computeIfAbsent(groupOf(key), (group) -> add(asked, groupKey));
			}
		}
		int first = asked.size();
		keys.forEach((key) -> asked.add(key.redisKey()));
		return this.link.read(asked.toArray(byte[][]::new)).thenApply((found) -> {
			List<Observed> observed = new ArrayList<>(keys.size());
			for (int i = 0; i < keys.size(); i++) {
				StoredKey key = keys.get(i);
				Integer group = generations.get(groupOf(key));
				observed.add(new Observed(key, found.get(Objects.requireNonNull(generations.get(key.cacheName()))),
						(group != null) ? found.get(group) : EntryHeader.NO_GENERATION_BYTES, found.get(first + i)));
			}
			return observed;
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
		byte[][] keys = (groupKey != null) ? new byte[][] { key.cacheGenerationKey(), groupKey }
				: new byte[][] { key.cacheGenerationKey() };
		return this.link.read(keys)
			.thenApply((found) -> new Observed(key, found.get(0),
					(groupKey != null) ? found.get(1) : EntryHeader.NO_GENERATION_BYTES, null));
	}

	/**
	 * Try to lease a key as it was observed.
	 * @param observed what was observed
	 * @param nonce what tells the lease from all others, never used before
	 * @param life how long the lease lives unless it is renewed
	 * @param transactional whether the load runs in a transaction, so that others need
	 * not wait for it
	 */
	public CompletableFuture<Acquired> acquire(Observed observed, String nonce, Duration life, boolean transactional) {
		return generations(observed).thenCompose((current) -> {
			String runMark = this.link.runMark();
			byte[] header = leaseHeader(current, nonce, runMark, transactional);
			Lease lease = newLease(current, nonce, runMark, header);
			return this.link.run(ACQUIRE, observed.key().redisKey(), observed.header(), header, millis(life))
				.thenApply((answer) -> switch (answer[0]) {
					case '+' -> new Acquired(lease, current, false);
					case '!' -> new Acquired(lease, current, true);
					default ->
						new Acquired(null, current.withEntry(Arrays.copyOfRange(answer, 1, answer.length)), false);
				});
		});
	}

	/**
	 * Lease a key whatever is there, for one who is about to replace it.
	 */
	public CompletableFuture<Lease> seize(StoredKey key, String nonce, Duration life, boolean transactional) {
		return generations(new Observed(key, null,
				(key.groupGenerationKey() != null) ? null : EntryHeader.NO_GENERATION_BYTES, null))
			.thenCompose((current) -> {
				String runMark = this.link.runMark();
				byte[] header = leaseHeader(current, nonce, runMark, transactional);
				Lease lease = newLease(current, nonce, runMark, header);
				return this.link.set(key.redisKey(), header, life).thenApply((ok) -> lease);
			});
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
		new EntryHeader(EntryHeader.VALUE, lease.nonce(), EntryHeader.NO_NONCE, 0, lease.cacheGeneration(),
				lease.groupGeneration(), schemaMark, lease.runMark(), 0, 0, EntryHeader.flagsOf(encoded.form()))
			.writeTo(encoded.entry());
		Duration life = ttl.isZero() ? Duration.ZERO
				: (ttl.compareTo(LONGEST) > 0) ? LONGEST.plus(extra) : ttl.plus(extra);
		CompletableFuture<Boolean> filled = this.link
			.run(FILL, lease.key().redisKey(), lease.identity(), encoded.entry(), millis(life), millis(ttl))
			.thenApply((answer) -> Arrays.equals(answer, ONE))
			.exceptionallyCompose((ex) -> endRefused(lease, ex).<Boolean>handle((done, again) -> {
				throw new CompletionException(RedisLink.unwrap(ex));
			}));
		keepGenerations(lease, life);
		return filled;
	}

	/** A lease that cannot be filled is one that others wait for in vain. */
	private CompletableFuture<Boolean> endRefused(Lease lease, Throwable ex) {
		return (RedisErrors.isRefusal(ex) && !lease.isClaim()) ? release(lease)
				: CompletableFuture.completedFuture(false);
	}

	/**
	 * Store a value whatever is there: two awaited steps, so that neither can surface
	 * after a later eviction.
	 */
	public CompletableFuture<Boolean> replace(StoredKey key, ValueCodec.Encoded encoded, String schemaMark,
			Duration ttl, Duration extra, Duration leaseLife) {
		return seize(key, newNonce(), leaseLife, false)
			.thenCompose((lease) -> fill(lease, encoded, schemaMark, ttl, extra));
	}

	/**
	 * Try to claim a value as it was observed: who has the claim may replace it, and
	 * until then it stays readable.
	 * @param observed what was observed, a value under current generations
	 * @param nonce what tells the claim from all others, never used before
	 * @param life how long the claim holds unless it is renewed
	 * @param longest the most that another claim can have left, in milliseconds
	 */
	public CompletableFuture<Acquired> claim(Observed observed, String nonce, Duration life, long longest) {
		StoredKey key = observed.key();
		byte[] header = observed.header();
		String runMark = this.link.runMark();
		byte[] most = ascii(Long.toString(longest));
		return this.link.run(CLAIM, key.redisKey(), header, ascii(nonce), millis(life), most).thenApply((answer) -> {
			if (answer[0] != '+') {
				return new Acquired(null, observed.withEntry(Arrays.copyOfRange(answer, 1, answer.length)), false);
			}
			byte[] identity = Arrays.copyOf(header, EntryHeader.IDENTITY_LENGTH);
			System.arraycopy(ascii(nonce), 0, identity, EntryHeader.CLAIM_OFFSET, nonce.length());
			return new Acquired(new Lease(key, nonce, runMark, true, identity, text(observed.cacheGeneration()),
					text(observed.groupGeneration())), observed, false);
		});
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
		return this.link.run(RECLAIM, claim.key().redisKey(), claim.identity(), ascii(nonce), millis(life))
			.thenApply((answer) -> Arrays.equals(answer, ONE));
	}

	/**
	 * Make a lease or a claim live on.
	 * @return whether it was still there
	 */
	public CompletableFuture<Boolean> renew(Lease lease, Duration life) {
		return lease.isClaim() ? reclaim(lease, lease.nonce(), life)
				: this.link.run(RENEW, lease.key().redisKey(), lease.identity(), millis(life))
					.thenApply((answer) -> Arrays.equals(answer, ONE));
	}

	/**
	 * Give a lease back, if it is still there. A claim is given back together with the
	 * value that it is on.
	 */
	public CompletableFuture<Boolean> release(Lease lease) {
		return this.link.run(DELETE_IF, lease.key().redisKey(), lease.identity())
			.thenApply((answer) -> Arrays.equals(answer, ONE));
	}

	/**
	 * Delete an entry that cannot be used, if it is still the one observed.
	 */
	public CompletableFuture<Boolean> discard(byte[] redisKey, byte[] header) {
		return this.link.run(DELETE_IF, redisKey, header).thenApply((answer) -> Arrays.equals(answer, ONE));
	}

	/** Complete what was observed by the generations that are missing from it. */
	private CompletableFuture<Observed> generations(Observed observed) {
		StoredKey key = observed.key();
		CompletableFuture<byte[]> cache = (observed.hasCacheGeneration())
				? CompletableFuture.completedFuture(observed.cacheGeneration())
				: makeGeneration(key.cacheGenerationKey());
		byte[] groupKey = key.groupGenerationKey();
		CompletableFuture<byte[]> group = (observed.hasGroupGeneration() || groupKey == null)
				? CompletableFuture.completedFuture(observed.groupGeneration()) : makeGeneration(groupKey);
		return cache.thenCombine(group, observed::withGenerations);
	}

	private CompletableFuture<byte[]> makeGeneration(byte[] generationKey) {
		return this.link.run(GENERATION, generationKey, ascii(this.nonces.get()), millis(GENERATION_SPARE));
	}

	/**
	 * See to it that the generations of an entry outlive it: losing one early would be no
	 * more than a miss, but one of every entry of the cache at once.
	 */
	private void keepGenerations(Lease lease, Duration life) {
		StoredKey key = lease.key();
		keepGeneration(key.cacheGenerationKey(), lease.cacheGeneration(), life);
		byte[] groupKey = key.groupGenerationKey();
		if (groupKey != null) {
			keepGeneration(groupKey, lease.groupGeneration(), life);
		}
	}

	private void keepGeneration(byte[] generationKey, String generation, Duration life) {
		if (!this.kept.coversOrRaises(generation, life)) {
			this.link.run(KEEP, generationKey, millis(life.isZero() ? life : life.plus(GENERATION_SPARE)))
				.whenComplete((kept, ex) -> {
					if (ex != null) {
						this.kept.forget(generation);
					}
				});
		}
	}

	private static byte[] leaseHeader(Observed current, String nonce, String runMark, boolean transactional) {
		return new EntryHeader(EntryHeader.LEASE, nonce, EntryHeader.NO_NONCE, 0, text(current.cacheGeneration()),
				text(current.groupGeneration()), EntryHeader.NO_MARK, runMark, 0, 0,
				transactional ? "--t-" : EntryHeader.NO_FLAGS)
			.toBytes();
	}

	private static Lease newLease(Observed current, String nonce, String runMark, byte[] header) {
		return new Lease(current.key(), nonce, runMark, false, Arrays.copyOf(header, EntryHeader.IDENTITY_LENGTH),
				text(current.cacheGeneration()), text(current.groupGeneration()));
	}

	/** Zero stands for ever, and only zero; no server could count to what is above. */
	private static byte[] millis(Duration duration) {
		if (duration.compareTo(LONGEST) > 0) {
			return ascii(Long.toString(LONGEST.toMillis()));
		}
		return ascii(Long.toString(duration.isZero() ? 0 : Math.max(1, duration.toMillis())));
	}

	private static byte[] ascii(String text) {
		return text.getBytes(StandardCharsets.US_ASCII);
	}

	private static String text(byte @Nullable [] generation) {
		return (generation != null) ? new String(generation, StandardCharsets.ISO_8859_1) : EntryHeader.NO_GENERATION;
	}

	/**
	 * Remembers, forgetfully and in little memory, until when a generation is known to
	 * live, so that not every fill has to see to it.
	 */
	private static final class KeptGenerations {

		private static final int SLOTS = 4096;

		private final AtomicLongArray slots = new AtomicLongArray(SLOTS);

		private final long start = System.nanoTime();

		/**
		 * What is forgotten for another in the same slot is done once more than needed.
		 */
		void forget(String generation) {
			this.slots.set(slot(generation.hashCode()), 0);
		}

		private static int slot(int hash) {
			return (hash ^ (hash >>> 16)) & (SLOTS - 1);
		}

		boolean coversOrRaises(String generation, Duration life) {
			int hash = generation.hashCode();
			int slot = slot(hash);
			long now = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - this.start);
			long needed = life.isZero() ? Integer.MAX_VALUE : Math.min(now + life.toSeconds() + 1, Integer.MAX_VALUE);
			long known = this.slots.get(slot);
			if ((int) (known >>> 32) == hash && (int) known >= needed) {
				return true;
			}
			long until = Math.min(needed + GENERATION_SPARE.toSeconds(), Integer.MAX_VALUE);
			this.slots.set(slot, ((long) hash << 32) | until);
			return false;
		}

	}

}
