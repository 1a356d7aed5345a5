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

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;

import org.jspecify.annotations.Nullable;

import dev.cachestarter.CacheSettings;
import dev.cachestarter.engine.entry.EntryHeader;
import dev.cachestarter.engine.entry.EntryStore;
import dev.cachestarter.engine.entry.Observed;
import dev.cachestarter.engine.key.KeyLayout;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.redis.MemoryRedis;
import dev.cachestarter.engine.value.ValueCodec;

/**
 * Entries of which nothing is known, for what asks for nothing.
 */
class NoEntries implements Entries {

	static final StoredKey KEY = key();

	private static StoredKey key() {
		KeyLayout layout = new KeyLayout("", false);
		layout.register("lists");
		return layout.key("lists", "key");
	}

	static Ask ask() {
		return new Ask(KEY, null, new NoEntries(), null, System.nanoTime(), false, null, Runnable::run, null, null,
				(failure) -> true, null, false, false);
	}

	static List<Flight> flights(int number) {
		EntryStore store = new EntryStore(new MemoryRedis().unstarted(Duration.ofSeconds(1)), () -> "0123456789abcdef",
				new KeyLayout("", false));
		Flights flights = new Flights(store, new Ticks(null));
		return java.util.stream.Stream.generate(() -> flights.alone(ask())).limit(number).toList();
	}

	@Override
	public CacheSettings settings() {
		return CacheSettings.defaults();
	}

	@Override
	public String mark() {
		return "12345678";
	}

	@Override
	public boolean isTrusted(EntryHeader header) {
		return true;
	}

	@Override
	public boolean isReadable(EntryHeader header) {
		return true;
	}

	@Override
	public boolean isEvicted(StoredKey key) {
		return false;
	}

	@Override
	public long epoch(StoredKey key) {
		return 0;
	}

	@Override
	public CompletableFuture<Observed> observe(StoredKey key) {
		return CompletableFuture.failedFuture(new IllegalStateException());
	}

	@Override
	public Decision.@Nullable Value useStored(Observed observed) {
		return null;
	}

	@Override
	public CompletableFuture<Decision.@Nullable Value> serve(Stale stale,
			dev.cachestarter.engine.redis.Deadline deadline, java.util.concurrent.Executor executor) {
		return CompletableFuture.completedFuture(null);
	}

	@Override
	public boolean isShareable(@Nullable Object value) {
		return true;
	}

	@Override
	public Runnable compare(Observed found, ValueCodec.Encoded loaded, String nonce) {
		throw new UnsupportedOperationException();
	}

	@Override
	public void removedForeign() {
	}

	@Override
	public void shared() {
	}

	@Override
	public void reloaded(StoredKey key, @Nullable Throwable failure) {
	}

}
