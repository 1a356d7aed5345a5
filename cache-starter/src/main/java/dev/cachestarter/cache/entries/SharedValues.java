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

package dev.cachestarter.cache.entries;

import java.util.zip.CRC32;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import dev.cachestarter.cache.call.Call;
import dev.cachestarter.engine.near.NearCopy;
import dev.cachestarter.engine.value.ValueCodec;
import dev.cachestarter.engine.value.ValueCodec.NotCacheableException;

/**
 * Finds values that a caller has changed although others share them. It encodes a value
 * when it is kept, and again when it is served: far too much for each hit, so it is done
 * only where the log level of {@code dev.cachestarter.near} is TRACE.
 */
final class SharedValues {

	private static final Log logger = LogFactory.getLog("dev.cachestarter.near");

	private SharedValues() {
	}

	/**
	 * Return what tells a value from others, {@code null} if nobody wants to know.
	 */
	static @Nullable Long print(ValueCodec codec, @Nullable Object value) {
		if (!logger.isTraceEnabled()) {
			return null;
		}
		try {
			ValueCodec.Encoded encoded = Call.outside(() -> codec.encode(value));
			CRC32 sum = new CRC32();
			sum.update(encoded.entry(), ValueCodec.HEADROOM, encoded.entry().length - ValueCodec.HEADROOM);
			return sum.getValue();
		}
		catch (NotCacheableException | RuntimeException | Error ex) {
			return null;
		}
	}

	/**
	 * Return whether the value of a copy is no longer what it was when it was kept.
	 */
	static boolean isChanged(NearCopy copy, @Nullable Object value) {
		Long before = copy.print();
		Long now = (before != null) ? print(copy.decoder(), value) : null;
		return now != null && !now.equals(before);
	}

}
