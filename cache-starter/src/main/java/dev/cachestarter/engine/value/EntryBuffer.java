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

import java.io.IOException;
import java.io.OutputStream;
import java.util.Arrays;

/**
 * An entry while it is written: grows as needed, leaves the room of the header free, and
 * refuses to grow beyond a limit, so that a huge value is given up early and not after it
 * has filled the heap.
 */
final class EntryBuffer extends OutputStream {

	private final int limit;

	private byte[] bytes;

	private int size = ValueCodec.HEADROOM;

	/**
	 * Create an empty buffer.
	 * @param expected how many bytes of payload to make room for at first
	 * @param limit the most bytes of payload
	 */
	EntryBuffer(int expected, int limit) {
		this.bytes = new byte[ValueCodec.HEADROOM + Math.min(expected, limit)];
		this.limit = ValueCodec.HEADROOM + limit;
	}

	@Override
	public void write(int value) throws IOException {
		reserve(1);
		this.bytes[this.size++] = (byte) value;
	}

	@Override
	public void write(byte[] source, int offset, int length) throws IOException {
		reserve(length);
		System.arraycopy(source, offset, this.bytes, this.size, length);
		this.size += length;
	}

	/**
	 * Return what was written, behind the room for the header.
	 * @return an entry of exactly the right length
	 */
	byte[] toEntry() {
		return (this.bytes.length == this.size) ? this.bytes : Arrays.copyOf(this.bytes, this.size);
	}

	private void reserve(int length) throws IOException {
		if (length > this.limit - this.size) {
			throw new FullException();
		}
		int needed = this.size + length;
		if (needed > this.bytes.length) {
			int grown = (int) Math.min(this.limit, Math.max(needed, this.bytes.length * 2L));
			this.bytes = Arrays.copyOf(this.bytes, grown);
		}
	}

	/**
	 * Says that the limit is reached.
	 */
	static final class FullException extends IOException {

		@Override
		public Throwable fillInStackTrace() {
			return this;
		}

	}

}
