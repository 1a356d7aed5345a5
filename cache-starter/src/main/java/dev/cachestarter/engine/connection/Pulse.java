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

package dev.cachestarter.engine.connection;

/**
 * A server's signs of life: when it last answered anything.
 * <p>
 * A server answers the commands of a connection in the order in which they were sent. So
 * a command that is answered late, while answers to others arrive, says that there is
 * much to do, and not that the server hangs.
 */
public final class Pulse {

	private volatile long last;

	private volatile boolean beating;

	/** Note an answer. */
	public void beat(long now) {
		this.last = now;
		this.beating = true;
	}

	/**
	 * Return for how long there was no sign of life.
	 * @param since a time at which an answer was waited for, and since when it was
	 * @param now the present time
	 */
	public long quiet(long since, long now) {
		return now - ((this.beating && this.last - since > 0) ? this.last : since);
	}

}
