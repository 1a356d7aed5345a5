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
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * Makes the randoms that must never be made twice: nonces of leases and generations.
 * <p>
 * JVMs that go on from one snapshot (CRaC, the image of a virtual machine) have the state
 * of every generator in them in common, and would make the same randoms: one's late fill
 * would find the other's lease, and a generation that one evicted would be made again by
 * the other. But no connection outlives a snapshot. So there is a new sequence for each
 * connection, begun, before anything is sent on it, with bytes that the kernel makes at
 * that moment. Within a sequence (SplitMix64) no random repeats, and the next costs an
 * addition and a few shifts.
 */
public final class Nonces implements Supplier<String> {

	private static final long STEP = 0x9E3779B97F4A7C15L;

	private static final HexFormat HEX = HexFormat.of();

	private final LongSupplier seeds;

	private volatile AtomicLong sequence;

	public Nonces() {
		this(new Kernel());
	}

	/**
	 * Make randoms of given seeds.
	 * @param seeds gives another each time it is asked
	 */
	public Nonces(LongSupplier seeds) {
		this.seeds = seeds;
		this.sequence = new AtomicLong(seeds.getAsLong());
	}

	/**
	 * Begin a new sequence.
	 */
	public void reseed() {
		this.sequence = new AtomicLong(this.seeds.getAsLong());
	}

	/**
	 * Make the next one: unique enough never to come back, and no secret.
	 * @return 16 hex digits
	 */
	@Override
	public String get() {
		long random = this.sequence.addAndGet(STEP);
		random = (random ^ (random >>> 30)) * 0xBF58476D1CE4E5B9L;
		random = (random ^ (random >>> 27)) * 0x94D049BB133111EBL;
		return HEX.toHexDigits(random ^ (random >>> 31));
	}

	/** Identifies the sequence. */
	Object sequence() {
		return this.sequence;
	}

	/**
	 * The kernel's randoms. What a generator keeps within the JVM is in a snapshot too,
	 * so its seeds are taken: on Unix those are read when they are asked for.
	 */
	static final class Kernel implements LongSupplier {

		private final SecureRandom random;

		Kernel() {
			SecureRandom random;
			try {
				random = SecureRandom.getInstance("NativePRNGNonBlocking");
			}
			catch (NoSuchAlgorithmException ex) {
				// Windows, whose default asks the system as well.
				random = new SecureRandom();
			}
			this.random = random;
		}

		@Override
		public long getAsLong() {
			return ByteBuffer.wrap(this.random.generateSeed(Long.BYTES)).getLong();
		}

	}

}
