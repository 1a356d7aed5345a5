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

package dev.cachestarter.benchmark.inner;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

import dev.cachestarter.engine.entry.EntryHeader;
import dev.cachestarter.engine.key.EntryKey;

/**
 * The line that every entry begins with.
 */
@State(Scope.Benchmark)
public class HeaderBenchmark {

	private static final long NOW = 1_700_000_100_000L;

	private static final String MARK = "a1b2c3d4";

	private final byte[] entry = new byte[5000];

	public HeaderBenchmark() {
		header().writeTo(this.entry);
	}

	private static EntryHeader header() {
		return new EntryHeader(EntryHeader.VALUE, "0123456789abcdef", EntryHeader.NO_NONCE, 0, "00112233aabbccdd",
				"44556677eeff0011", MARK, "9f8e7d6c", NOW - 100_000, NOW + 500_000, EntryHeader.NO_FLAGS,
				EntryKey.SEGMENTS);
	}

	/** What a hit wants to know. */
	@Benchmark
	public boolean read() {
		EntryHeader header = EntryHeader.parse(this.entry);
		return header != null && header.isFresh(NOW) && header.isOf(MARK) && !header.isLease();
	}

	@Benchmark
	public byte[] write() {
		header().writeTo(this.entry);
		return this.entry;
	}

}
