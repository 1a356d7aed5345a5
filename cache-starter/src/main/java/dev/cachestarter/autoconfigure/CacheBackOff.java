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

package dev.cachestarter.autoconfigure;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

/**
 * Marks an application whose cache is not the starter's, and says once why.
 */
final class CacheBackOff {

	private static final Log logger = LogFactory.getLog(CacheBackOff.class);

	private final String reason;

	private CacheBackOff(String reason) {
		this.reason = reason;
	}

	static CacheBackOff because(String reason) {
		logger.info("cache-starter backs off: " + reason);
		return new CacheBackOff(reason);
	}

	/**
	 * Say nothing: that the parent of this context has said.
	 */
	static CacheBackOff silently(String reason) {
		logger.debug("cache-starter backs off: " + reason);
		return new CacheBackOff(reason);
	}

	@Override
	public String toString() {
		return this.reason;
	}

}
