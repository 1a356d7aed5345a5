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

package dev.cachestarter.engine.near;

import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.nio.ByteBuffer;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.Consumer;

import org.jspecify.annotations.Nullable;

/**
 * The cells of all generations that copies refer to, by the keys of the generations. A
 * cell goes when the last copy under it has gone: nothing else keeps it.
 */
final class GenerationCells {

	private final ConcurrentMap<ByteBuffer, Reference> cells = new ConcurrentHashMap<>();

	private final ReferenceQueue<GenerationCell> gone = new ReferenceQueue<>();

	/**
	 * Return the cell of a generation, which lasts as long as somebody has it.
	 * @param key the key of the generation, not to be changed
	 */
	GenerationCell of(byte[] key) {
		removeGone();
		ByteBuffer name = ByteBuffer.wrap(key);
		GenerationCell found = find(name);
		if (found != null) {
			return found;
		}
		GenerationCell made = new GenerationCell(key);
		Reference kept = this.cells.compute(name,
				(same, there) -> (there != null && there.get() != null) ? there : new Reference(name, made, this.gone));
		GenerationCell cell = (kept != null) ? kept.get() : null;
		// It may have gone since.
		return (cell != null) ? cell : of(key);
	}

	/**
	 * Return the cell of a generation that copies refer to, {@code null} if none do.
	 */
	@Nullable GenerationCell find(byte[] key) {
		return find(ByteBuffer.wrap(key));
	}

	private @Nullable GenerationCell find(ByteBuffer name) {
		Reference there = this.cells.get(name);
		return (there != null) ? there.get() : null;
	}

	void forEach(Consumer<GenerationCell> action) {
		this.cells.values().forEach((reference) -> {
			GenerationCell cell = reference.get();
			if (cell != null) {
				action.accept(cell);
			}
		});
	}

	/** Return how many there are, those that have gone a moment ago included. */
	int count() {
		removeGone();
		return this.cells.size();
	}

	private void removeGone() {
		for (Object each = this.gone.poll(); each != null; each = this.gone.poll()) {
			Reference reference = (Reference) each;
			this.cells.remove(reference.name, reference);
		}
	}

	private static final class Reference extends WeakReference<GenerationCell> {

		private final ByteBuffer name;

		Reference(ByteBuffer name, GenerationCell cell, ReferenceQueue<GenerationCell> gone) {
			super(cell, gone);
			this.name = name;
		}

	}

}
