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

package dev.cachestarter.engine.value;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;

import org.jspecify.annotations.Nullable;

/**
 * What was made for each of some keys, or is known of them, as long as it is used: at
 * most twice as many as a limit. What was left out is made again. Thread-safe; finding
 * what was used a moment ago takes no lock.
 * <p>
 * There are two generations. When the young one is full it becomes the old one, and the
 * old one is forgotten but for what is used of it from then on. So a flood of keys that
 * are used once does not drive out those that are used all the time.
 *
 * @param <K> the keys
 * @param <V> what is made for them
 */
public final class RecentlyUsed<K, V> {

	private final int limit;

	private final ReentrantLock lock = new ReentrantLock();

	private volatile Map<K, V> young = new ConcurrentHashMap<>();

	private volatile Map<K, V> old = new ConcurrentHashMap<>();

	/**
	 * Create an empty one.
	 * @param limit how many a generation has
	 */
	public RecentlyUsed(int limit) {
		this.limit = limit;
	}

	/**
	 * Return what was made for a key.
	 * @param maker makes it if it is not there; may be called by several threads at once
	 */
	V get(K key, Function<? super K, ? extends V> maker) {
		V found = this.young.get(key);
		if (found != null) {
			return found;
		}
		V before = this.old.get(key);
		return keep(key, (before != null) ? before : maker.apply(key));
	}

	/**
	 * Return what is known of a key, which counts as a use of it.
	 * @return {@code null} if nothing is known, or not any more
	 */
	public @Nullable V find(K key) {
		V found = this.young.get(key);
		if (found != null || !this.old.containsKey(key)) {
			return found;
		}
		this.lock.lock();
		try {
			// Again: it may have been put, or removed, meanwhile.
			V before = this.old.get(key);
			return (before != null) ? keep(key, before) : this.young.get(key);
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Take note of what is known of a key now.
	 */
	public void put(K key, V value) {
		this.lock.lock();
		try {
			this.young.remove(key);
			keep(key, value);
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Forget what is known of a key.
	 */
	public void remove(K key) {
		this.lock.lock();
		try {
			this.young.remove(key);
			this.old.remove(key);
		}
		finally {
			this.lock.unlock();
		}
	}

	private V keep(K key, V made) {
		this.lock.lock();
		try {
			if (this.young.size() >= this.limit) {
				this.old = this.young;
				this.young = new ConcurrentHashMap<>();
			}
			V other = this.young.putIfAbsent(key, made);
			return (other != null) ? other : made;
		}
		finally {
			this.lock.unlock();
		}
	}

}
