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

import java.io.ByteArrayInputStream;
import java.io.IOException;

import net.jpountz.lz4.LZ4Compressor;
import net.jpountz.lz4.LZ4Factory;
import net.jpountz.lz4.LZ4FrameInputStream;
import net.jpountz.lz4.LZ4FrameOutputStream;
import net.jpountz.lz4.LZ4FrameOutputStream.BLOCKSIZE;
import net.jpountz.lz4.LZ4FrameOutputStream.FLG;
import net.jpountz.lz4.LZ4SafeDecompressor;
import net.jpountz.xxhash.XXHash32;
import net.jpountz.xxhash.XXHashFactory;
import org.jspecify.annotations.Nullable;

/**
 * Compresses payloads into LZ4 frames, the format of the {@code lz4} command, and reads
 * such frames back without trusting them.
 * <p>
 * It uses the library's plain Java code: that needs neither a writable temporary
 * directory nor native access, which newer JDKs warn about, and the frames it works on
 * are small. Each block carries a checksum, so that a damaged payload is found here and
 * not taken for another value. A frame that declares anything but what {@link #compress}
 * declares is refused before a byte of it is unpacked.
 */
public final class PayloadCompression {

	private static final LZ4Compressor COMPRESSOR = LZ4Factory.safeInstance().fastCompressor();

	private static final LZ4SafeDecompressor DECOMPRESSOR = LZ4Factory.safeInstance().safeDecompressor();

	private static final XXHash32 CHECKSUM = XXHashFactory.safeInstance().hash32();

	/** Magic number, then version 1 with independent blocks, checksums and a size. */
	private static final byte[] PREAMBLE = { 0x04, 0x22, 0x4D, 0x18, 0x78 };

	private static final int SIZE_OFFSET = PREAMBLE.length + 1;

	private static final int SIZE_LENGTH = 8;

	/** What LZ4 can make of one byte at most. */
	private static final int MAX_RATIO = 255;

	private PayloadCompression() {
	}

	/**
	 * Compress the payload of an entry.
	 * @param entry an entry with room for its header
	 * @return the compressed entry, again with room for its header, or {@code null} if it
	 * would not be smaller
	 */
	public static byte @Nullable [] compress(byte[] entry) {
		int length = entry.length - ValueCodec.HEADROOM;
		EntryBuffer buffer = new EntryBuffer(length / 4, length - 1);
		try (LZ4FrameOutputStream out = new LZ4FrameOutputStream(buffer, BLOCKSIZE.SIZE_64KB, length, COMPRESSOR,
				CHECKSUM, FLG.Bits.BLOCK_INDEPENDENCE, FLG.Bits.BLOCK_CHECKSUM, FLG.Bits.CONTENT_SIZE)) {
			out.write(entry, ValueCodec.HEADROOM, length);
		}
		catch (IOException ex) {
			// The buffer is full: it throws nothing else.
			return null;
		}
		return buffer.toEntry();
	}

	/**
	 * Unpack the payload of an entry.
	 * @param entry an entry with a compressed payload
	 * @param limit the most bytes to unpack
	 * @return the payload alone
	 * @throws IOException if it is not a whole frame of ours, if it is damaged, or if it
	 * holds more than the limit
	 */
	static byte[] decompress(byte[] entry, int limit) throws IOException {
		int length = entry.length - ValueCodec.HEADROOM;
		long size = declaredSize(entry, length);
		if (size < 0 || size > limit || size > (long) MAX_RATIO * length) {
			throw new IOException("The frame declares " + size + " bytes, more than may be unpacked");
		}
		ByteArrayInputStream source = new ByteArrayInputStream(entry, ValueCodec.HEADROOM, length);
		try (LZ4FrameInputStream in = new LZ4FrameInputStream(source, DECOMPRESSOR, CHECKSUM, true)) {
			byte[] payload = in.readNBytes((int) size);
			if (payload.length != size || in.read() != -1 || source.available() != 0) {
				throw new IOException("The frame is not as long as it declares");
			}
			return payload;
		}
	}

	/**
	 * Return how long the payload of an entry is that was decompressed before.
	 * @param entry an entry with a compressed payload
	 */
	public static long plainSize(byte[] entry) {
		try {
			return declaredSize(entry, entry.length - ValueCodec.HEADROOM);
		}
		catch (IOException ex) {
			throw new IllegalArgumentException(ex);
		}
	}

	private static long declaredSize(byte[] entry, int length) throws IOException {
		if (length < SIZE_OFFSET + SIZE_LENGTH) {
			throw new IOException("The frame is truncated");
		}
		for (int i = 0; i < PREAMBLE.length; i++) {
			if (entry[ValueCodec.HEADROOM + i] != PREAMBLE[i]) {
				throw new IOException("The payload is not a frame as this library writes it");
			}
		}
		long size = 0;
		for (int i = SIZE_LENGTH - 1; i >= 0; i--) {
			size = (size << 8) | (entry[ValueCodec.HEADROOM + SIZE_OFFSET + i] & 0xFF);
		}
		return size;
	}

}
