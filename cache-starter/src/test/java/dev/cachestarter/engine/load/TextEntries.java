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

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

import org.jspecify.annotations.Nullable;

import dev.cachestarter.CacheSettings;
import dev.cachestarter.engine.entry.EntryHeader;
import dev.cachestarter.engine.entry.EntryStore;
import dev.cachestarter.engine.entry.Observed;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.redis.Deadline;
import dev.cachestarter.engine.value.PayloadForm;
import dev.cachestarter.engine.value.ValueCodec;

/**
 * Entries whose values are texts, of whichever mark, as one caller reads them.
 */
class TextEntries implements Entries {

	final CacheSettings settings;

	final String mark;

	private final EntryStore store;

	/** What is said of them. */
	final List<String> told = new ArrayList<>();

	boolean trusted = true;

	boolean evicted;

	boolean shareable = true;

	boolean decodes = true;

	long epoch;

	TextEntries(EntryStore store, CacheSettings settings, String mark) {
		this.store = store;
		this.settings = settings;
		this.mark = mark;
	}

	static ValueCodec.Encoded encoded(String value) {
		return encoded(value, Callers.MARK);
	}

	static ValueCodec.Encoded encoded(String value, String mark) {
		byte[] text = value.getBytes(StandardCharsets.UTF_8);
		byte[] entry = new byte[ValueCodec.HEADROOM + text.length];
		System.arraycopy(text, 0, entry, ValueCodec.HEADROOM, text.length);
		return new ValueCodec.Encoded(entry, PayloadForm.PLAIN, text.length, mark);
	}

	@Override
	public CacheSettings settings() {
		return this.settings;
	}

	@Override
	public String mark() {
		return this.mark;
	}

	@Override
	public boolean isTrusted(EntryHeader header) {
		return this.trusted;
	}

	@Override
	public boolean isReadable(EntryHeader header) {
		return header.schemaMark().equals(this.mark);
	}

	@Override
	public boolean isEvicted(StoredKey key) {
		return this.evicted;
	}

	@Override
	public long epoch(StoredKey key) {
		return this.epoch;
	}

	@Override
	public CompletableFuture<Observed> observe(StoredKey key) {
		return this.store.observe(key);
	}

	@Override
	public Decision.@Nullable Value useStored(Observed observed) {
		this.told.add("used");
		return decode(observed);
	}

	private Decision.@Nullable Value decode(Observed observed) {
		byte[] entry = Objects.requireNonNull(observed.entry());
		return this.decodes ? new Decision.Value(
				new String(Arrays.copyOfRange(entry, ValueCodec.HEADROOM, entry.length), StandardCharsets.UTF_8))
				: null;
	}

	@Override
	public CompletableFuture<Decision.@Nullable Value> serve(Stale stale, Deadline deadline, Executor executor) {
		return deadline.limit(observe(stale.observed().key())).thenApply((observed) -> {
			EntryHeader header = observed.current();
			this.told.add("served");
			return (header != null && isUsable(observed.key(), header)) ? decode(observed) : null;
		});
	}

	@Override
	public boolean isShareable(@Nullable Object value) {
		return this.shareable;
	}

	@Override
	public Runnable compare(Observed found, ValueCodec.Encoded loaded, String nonce) {
		throw new UnsupportedOperationException();
	}

	@Override
	public void removedForeign() {
		this.told.add("foreign");
	}

	@Override
	public void shared() {
		this.told.add("shared");
	}

	@Override
	public void reloaded(StoredKey key, @Nullable Throwable failure) {
		this.told.add((failure != null) ? "reload failed: " + failure.getMessage() : "reloaded");
	}

}
