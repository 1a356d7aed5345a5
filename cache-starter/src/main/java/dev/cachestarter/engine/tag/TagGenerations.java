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

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;

import dev.cachestarter.engine.connection.Futures;
import dev.cachestarter.engine.connection.Identity;
import dev.cachestarter.engine.connection.RedisErrors;
import dev.cachestarter.engine.key.KeyLayout;
import dev.cachestarter.engine.redis.RedisLink;

/**
 * The protocol by which an eviction of a tag reaches every entry that carries the tag,
 * also one whose load is under way and whose tags are known only when it is over.
 *
 * <h2>What stands in Redis</h2>
 *
 * <p>
 * A tag has a <em>generation</em>: a random value, and the number at which it was made.
 * Numbers come from one <em>counter</em> of all tags, which says how many evictions of
 * tags there were since it was made, and has a random <em>epoch</em>, so that a counter
 * that was lost and made again never counts for the one before.
 *
 * <pre>
 * ~t:              41b7c06ed2a98f35 000000000000017                    the counter: epoch, number
 * ~t:tool:search   8d0c5a3be1f24790 41b7c06ed2a98f35 000000000000012   random, and where the counter stood
 * ~t:tool:new      5e21bb0c9a7740d3 ---------------- 000000000000000   one that has no number yet
 * </pre>
 *
 * <h2>The steps</h2>
 *
 * <ol>
 * <li><b>Capture</b>: before the load, and with its lease, the counter is read (made if
 * it is not there) and acknowledged. That is the {@link TagMoment} of the load.
 * <li><b>Load</b>. Now the tags are known.
 * <li><b>Admit</b>: the generations of the tags are read. One that was made in the epoch
 * of the moment, and at no later number, was there before the load began and was not
 * evicted since. One with a later number was: the entry is <em>refused</em>, which means
 * not stored and handed to nobody who came during the load.
 * <li><b>Fill</b>: the entry is stored with its tags and their generations, under its
 * lease.
 * <li><b>Evict</b>: the counter is increased and that is acknowledged; <em>then</em> the
 * generation is replaced by a fresh random with that number, and that is acknowledged;
 * then the eviction returns. For several tags it may be increased once. A tag that has no
 * generation needs none: nothing current carries it. An eviction that was counted later
 * may have come first: so a number is never lowered, see below.
 * <li><b>Read</b>: an entry counts only if the generation of each of its tags is there
 * and is the one that it carries.
 * </ol>
 * <p>
 * Why this is enough: an eviction that has returned before step 3 has left a generation
 * with a number above the moment's, if the load began before it. One that returns after
 * step 3 replaces the very generation that the entry carries.
 *
 * <h2>A tag without a generation</h2>
 *
 * <p>
 * It was never used, has expired, was lost, or was evicted without being replaced.
 * Whoever makes a generation does not know whether an eviction has come before, so the
 * generation must get a number that is not below that of any eviction before it was made.
 * The counter may stand on another server, and what was read of it before the generation
 * was made may be outdated by then. So a generation is made <em>without a number</em>,
 * and once that is acknowledged the counter is read and its number is given to that very
 * generation. Whoever finds one without a number does the same. Only then is it judged as
 * in step 3.
 *
 * <h2>Evictions that overtake each other</h2>
 *
 * <p>
 * Of two evictions of a tag the one that was counted first may be the last to replace the
 * generation: its command was slow, or came from a connection that broke. With its number
 * it would hide the later one from a load that began between the two countings and before
 * the later change. So it replaces the random alone where the number is greater, or where
 * there is none yet; and it deletes a generation of another counter, since nothing tells
 * which of the two was earlier.
 *
 * <h2>On one server</h2>
 *
 * <p>
 * Where one server has all keys, one script takes both steps of an eviction, and the
 * caller waits for one round trip. It is the same protocol: nothing comes between the two
 * steps, which is one of the orders that they may come in, and the one acknowledgement
 * says what the two say. The steps apart remain for a cluster, and for instances of older
 * versions beside this one, whose two steps may still be overtaken; so the script
 * compares numbers as the second step does.
 *
 * <pre>
 * what happens               what is known then, and follows
 * the script is refused      out of memory, say: the two steps are tried, as below
 * its answer is lost         both steps were taken, or none. The eviction is pending: bypassed here,
 *                            and asked for again with a fresh random. A second time counts once more
 *                            and costs misses
 * it arrives late            it counts when it arrives, and not from when it was sent: its number
 *                            is above that of every eviction before it
 * the server has forgotten   its text is sent, as that of each script
 * it
 * a replica takes over       it has both steps or none, since Redis replicates what a script
 *                            changes as one. If none, then as after each acknowledged eviction that
 *                            was not replicated: it is made again
 * there is no counter        nothing is done, and the two steps are taken
 * </pre>
 *
 * <p>
 * The last line is also for what seems to be one server and is not. A proxy that parts
 * keys among servers refuses a script on keys of several, or sends it where the first of
 * them is. The first is the tag's generation, so the right one is replaced; and a server
 * that does not have the counter never makes a second one. For the same reason there is a
 * script for each tag. But a counter may be left on a server from a time when keys were
 * spread otherwise, and an eviction that is counted there is hidden from loads under way.
 * So what does not say who it is, as such a proxy cannot, is asked in two steps.
 *
 * <h2>What may be lost</h2>
 *
 * <p>
 * Redis may lose each of these keys at any moment.
 *
 * <pre>
 * lost                       what follows
 * a generation               its entries are misses; the next fill makes one, as above
 * the counter                a new one has another epoch: loads that captured the old one are
 *                            refused; generations of the old epoch are replaced when a fill
 *                            comes upon them, and deleted when an eviction does, and their
 *                            entries are misses then
 * both, or all               as both
 * the memory of a restarted  the counter may say less than it did. A moment counts only as long
 * server, from an old dump   as the server is the one that was asked for it; a generation with a
 *                            number that the counter has not reached is replaced
 * </pre>
 *
 * <h2>Where nothing can be written</h2>
 *
 * <p>
 * Out of memory Redis refuses to store and still deletes. Then an eviction loses both on
 * purpose: first the counter is deleted and that is acknowledged, then the generations of
 * the tags. That refuses all fills with tags that are under way, and costs other tags
 * their entries later, so it is done only then. In the other order a fill could find no
 * generation and a counter that tells of no eviction.
 *
 * <h2>What it costs</h2>
 *
 * <p>
 * A read asks for the generations in its one command. A load that is leased asks for the
 * counter together with its lease, and a fill for the generations before it. Tags that
 * have no generation cost a fill two more round trips. An eviction takes one on one
 * server and two on a cluster, however many entries carry the tag. Entries without tags
 * have none of this.
 */
public final class TagGenerations {

	/** How long the text of a generation is. */
	static final int LENGTH = 49;

	private static final int COUNTER_LENGTH = 32;

	private static final int EPOCH_OFFSET = 17;

	private static final int NUMBER_LENGTH = 15;

	/** Until the entry is stored that it is made for; that makes it live on. */
	private static final byte[] MADE_LIFE = ascii("60000");

	private static final byte[] ONE = ascii("1");

	private static final byte[] ZERO = ascii("0");

	private static final byte[] NOTHING = {};

	/** What {@link TagScripts#EVICT} answers where it finds no counter. */
	private static final byte[] NO_COUNTER = ascii("=");

	private final RedisLink link;

	private final KeyLayout layout;

	private final Supplier<String> nonces;

	/** Whether keys turned out to be apart on what seems to be one server. */
	private volatile boolean apart;

	/**
	 * Create them.
	 * @param nonces makes randoms of 16 hexadecimal digits
	 */
	public TagGenerations(RedisLink link, KeyLayout layout, Supplier<String> nonces) {
		this.link = link;
		this.layout = layout;
		this.nonces = nonces;
	}

	/** Return where the generation of a tag stands. */
	public byte[] keyOf(String tag) {
		return this.layout.tagGenerationKey(tag);
	}

	/**
	 * Capture the moment before a load whose value may carry tags. To be asked for before
	 * its lease is, and awaited with it.
	 * @return the moment, {@code null} if it is not known; never fails
	 */
	public CompletableFuture<@Nullable TagMoment> capture() {
		// What is said by a server is judged by the run it was sent in.
		String run = this.link.runMark();
		return current()
			.thenCompose((counter) -> (counter != null) ? CompletableFuture.completedFuture(counter)
					: this.link.run(TagScripts.COUNTER, this.layout.tagCounterKey(), fresh(), ZERO)
						.thenApply(this::made))
			.<@Nullable TagMoment>handle(
					(counter, ex) -> (ex == null) ? new TagMoment(counter.epoch(), counter.number(), run) : null);
	}

	/**
	 * Return whether no tag at all was evicted since a moment.
	 * @return fails if Redis does not answer
	 */
	public CompletableFuture<Boolean> isUnchangedSince(TagMoment moment) {
		return current().thenApply((counter) -> counter != null && moment.covers(counter.epoch(), counter.number())
				&& isOfThisRun(moment));
	}

	private boolean isOfThisRun(TagMoment moment) {
		return moment.run().equals(this.link.runMark());
	}

	/** Read the counter: {@code null} if it is not there. */
	private CompletableFuture<@Nullable Counter> current() {
		return this.link.read(this.layout.tagCounterKey()).thenApply((found) -> Counter.parse(found.get(0)));
	}

	private Counter made(byte[] text) {
		return Objects.requireNonNull(Counter.parse(text));
	}

	private byte[] fresh() {
		return ascii(this.nonces.get());
	}

	/**
	 * Decide, when a load is over, whether its value may be stored with its tags.
	 * @param tags the tags, escaped; at most 64
	 * @param moment the moment before the load, {@code null} if it is not known
	 * @return the tags with their generations; {@code null} if the entry is refused: one
	 * of its tags was evicted since, or that is not known; fails if Redis does not answer
	 */
	public CompletableFuture<@Nullable CarriedTags> admit(List<String> tags, @Nullable TagMoment moment) {
		if (tags.isEmpty()) {
			return CompletableFuture.completedFuture(CarriedTags.NONE);
		}
		return (moment != null) ? admitSince(tags, moment) : CompletableFuture.completedFuture(null);
	}

	private CompletableFuture<@Nullable CarriedTags> admitSince(List<String> tags, TagMoment moment) {
		return this.link.read(tags.stream().map(this::keyOf).toArray(byte[][]::new)).thenCompose((found) -> {
			List<@Nullable Generation> generations = new ArrayList<>();
			found.forEach((text) -> generations.add(Generation.parse(text)));
			List<byte[]> outdated = new ArrayList<>();
			for (int i = 0; i < generations.size(); i++) {
				byte[] text = found.get(i);
				// What is no generation is to be replaced, whatever it is.
				outdated.add((generations.get(i) == null && text != null) ? text : NOTHING);
			}
			boolean doubtful = generations.stream().anyMatch((there) -> isDoubtful(there, moment));
			return doubtful
					? current().thenCompose((counter) -> replaceOutdated(tags, moment, generations, outdated, counter))
					: make(tags, moment, generations, outdated);
		}).thenApply((carried) -> isOfThisRun(moment) ? carried : null);
	}

	/**
	 * Go on after generations were found that were not made before the moment: evicted
	 * meanwhile, or of a counter that is no more.
	 */
	private CompletableFuture<@Nullable CarriedTags> replaceOutdated(List<String> tags, TagMoment moment,
			List<@Nullable Generation> generations, List<byte[]> outdated, @Nullable Counter counter) {
		if (counter == null || !counter.epoch().equals(moment.epoch())) {
			return CompletableFuture.completedFuture(null);
		}
		for (int i = 0; i < generations.size(); i++) {
			Generation there = generations.get(i);
			if (there != null && isDoubtful(there, moment)) {
				if (counter.hasReached(there)) {
					return CompletableFuture.completedFuture(null);
				}
				generations.set(i, null);
				outdated.set(i, there.text());
			}
		}
		return make(tags, moment, generations, outdated);
	}

	private static boolean isDoubtful(@Nullable Generation there, TagMoment moment) {
		return there != null && there.hasNumber() && !there.isCoveredBy(moment);
	}

	/**
	 * Make the generations that are not there, or are outdated, and judge all of them.
	 */
	private CompletableFuture<@Nullable CarriedTags> make(List<String> tags, TagMoment moment,
			List<@Nullable Generation> generations, List<byte[]> outdated) {
		List<CompletableFuture<Generation>> all = new ArrayList<>();
		for (int i = 0; i < tags.size(); i++) {
			Generation there = generations.get(i);
			all.add((there != null) ? CompletableFuture.completedFuture(there)
					: this.link.run(TagScripts.MAKE, keyOf(tags.get(i)), fresh(), MADE_LIFE, outdated.get(i))
						.thenApply((text) -> Objects.requireNonNull(Generation.parse(text))));
		}
		return Futures.all(all).thenCompose((made) -> {
			if (made.stream().allMatch(Generation::hasNumber)) {
				return CompletableFuture.completedFuture(judge(tags, moment, made));
			}
			// Acknowledged, all of them: what the counter says now is not too little.
			return current().thenApply((counter) -> {
				if (counter == null) {
					return null;
				}
				List<Generation> numbered = new ArrayList<>();
				for (int i = 0; i < tags.size(); i++) {
					Generation one = made.get(i);
					numbered.add(one.hasNumber() ? one : one.at(counter));
					if (!one.hasNumber()) {
						// Not awaited: one that stays without a number gets one later.
						this.link.run(TagScripts.CONFIRM, keyOf(tags.get(i)), one.random(), counter.text());
					}
				}
				return judge(tags, moment, numbered);
			});
		});
	}

	private static @Nullable CarriedTags judge(List<String> tags, TagMoment moment, List<Generation> generations) {
		return generations.stream().allMatch((there) -> there.isCoveredBy(moment))
				? CarriedTags.of(tags, generations.stream().map(Generation::random).toList()) : null;
	}

	/**
	 * Evict tags.
	 * @param tags the tags, escaped
	 * @return how many of them had a generation; fails if Redis has not taken it
	 */
	public CompletableFuture<Long> evict(List<String> tags) {
		return (isOneServer() && !this.apart) ? evictAtOnce(tags) : evictInSteps(tags);
	}

	/** What does not say who it is may be a proxy, and several. */
	private boolean isOneServer() {
		return this.link.isOneServer() && !this.link.runMark().equals(Identity.NO_MARK);
	}

	/**
	 * Evict by a script for each tag that takes both steps.
	 */
	private CompletableFuture<Long> evictAtOnce(List<String> tags) {
		return Futures.all(tags.stream().map(this::countAndRenew).toList()).thenCompose((answers) -> {
			List<String> left = new ArrayList<>();
			long evicted = 0;
			for (int i = 0; i < tags.size(); i++) {
				if (Arrays.equals(answers.get(i), NO_COUNTER)) {
					left.add(tags.get(i));
				}
				else {
					evicted += countIn(answers.get(i));
				}
			}
			long before = evicted;
			return left.isEmpty() ? CompletableFuture.completedFuture(before)
					: evictInSteps(left).thenApply((others) -> before + others);
		});
	}

	/** A script that is refused has done nothing, or no more than counted. */
	private CompletableFuture<byte[]> countAndRenew(String tag) {
		byte[][] keys = { keyOf(tag), this.layout.tagCounterKey() };
		return this.link.run(TagScripts.EVICT, keys, fresh()).exceptionallyCompose((ex) -> {
			if (!RedisErrors.isRefusal(ex)) {
				return CompletableFuture.failedFuture(Futures.unwrap(ex));
			}
			if (RedisErrors.isOfSeveralSlots(ex)) {
				this.apart = true;
			}
			return CompletableFuture.completedFuture(NO_COUNTER);
		});
	}

	/**
	 * Evict in two steps, each of them acknowledged.
	 */
	CompletableFuture<Long> evictInSteps(List<String> tags) {
		return this.link.run(TagScripts.COUNT, this.layout.tagCounterKey(), fresh(), ONE)
			.thenCompose((counter) -> renew(tags, counter))
			.exceptionallyCompose((ex) -> RedisErrors.isRefusal(ex) ? forget(tags)
					: CompletableFuture.failedFuture(Futures.unwrap(ex)));
	}

	private CompletableFuture<Long> renew(List<String> tags, byte[] counter) {
		return sum(tags.stream()
			.map((tag) -> this.link.run(TagScripts.RENEW, keyOf(tag), ascii(this.nonces.get() + " " + text(counter)))
				.thenApply(TagGenerations::countIn))
			.toList());
	}

	private static long countIn(byte[] answer) {
		return Arrays.equals(answer, ONE) ? 1 : 0;
	}

	/** The counter first: see above. */
	private CompletableFuture<Long> forget(List<String> tags) {
		return this.link.unlink(this.layout.tagCounterKey())
			.thenCompose((gone) -> sum(tags.stream().map((tag) -> this.link.unlink(keyOf(tag))).toList()));
	}

	private static CompletableFuture<Long> sum(List<CompletableFuture<Long>> counts) {
		return Futures.all(counts).thenApply((all) -> all.stream().mapToLong(Long::longValue).sum());
	}

	private static byte[] ascii(String text) {
		return text.getBytes(StandardCharsets.US_ASCII);
	}

	private static String text(byte[] bytes) {
		return new String(bytes, StandardCharsets.ISO_8859_1);
	}

	/** Read a number as the counter has it: -1 if it is none. */
	private static long number(String text) {
		return text.chars().allMatch((digit) -> digit >= '0' && digit <= '9') ? Long.parseLong(text) : -1;
	}

	/**
	 * What the counter says.
	 */
	private record Counter(String epoch, long number, byte[] text) {

		static @Nullable Counter parse(byte @Nullable [] bytes) {
			if (bytes == null || bytes.length != COUNTER_LENGTH) {
				return null;
			}
			String text = TagGenerations.text(bytes);
			long number = TagGenerations.number(text.substring(COUNTER_LENGTH - NUMBER_LENGTH));
			return (number >= 0) ? new Counter(text.substring(0, COUNTER_LENGTH - NUMBER_LENGTH - 1), number, bytes)
					: null;
		}

		/** Whether a generation is one that was made by this counter. */
		boolean hasReached(Generation there) {
			return this.epoch.equals(there.epoch()) && there.number() <= this.number;
		}

	}

	/**
	 * The generation of a tag.
	 *
	 * @param epoch of the counter that it has its number from, dashes if it has none
	 */
	private record Generation(byte[] random, String epoch, long number, byte[] text) {

		private static final String NO_EPOCH = "----------------";

		static @Nullable Generation parse(byte @Nullable [] bytes) {
			if (bytes == null || bytes.length != LENGTH) {
				return null;
			}
			String text = TagGenerations.text(bytes);
			long number = TagGenerations.number(text.substring(LENGTH - NUMBER_LENGTH));
			return (number >= 0) ? new Generation(Arrays.copyOf(bytes, CarriedTags.GENERATION_LENGTH),
					text.substring(EPOCH_OFFSET, LENGTH - NUMBER_LENGTH - 1), number, bytes) : null;
		}

		boolean hasNumber() {
			return !this.epoch.equals(NO_EPOCH);
		}

		boolean isCoveredBy(TagMoment moment) {
			return moment.covers(this.epoch, this.number);
		}

		Generation at(Counter counter) {
			return new Generation(this.random, counter.epoch(), counter.number(), this.text);
		}

	}

}
