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

package dev.cachestarter.benchmark.worker;

import dev.cachestarter.benchmark.peer.Agents;

/**
 * What a call returns.
 */
public enum Payload {

	SMALL("200 B") {

		@Override
		void call(Agents agents, String orgId, int number) {
			agents.find(orgId, number);
		}

	},

	MEDIUM("5 KB") {

		@Override
		void call(Agents agents, String orgId, int number) {
			agents.list(orgId, number);
		}

	},

	LARGE("200 KB") {

		@Override
		void call(Agents agents, String orgId, int number) {
			agents.export(orgId, number);
		}

	};

	private final String label;

	Payload(String label) {
		this.label = label;
	}

	abstract void call(Agents agents, String orgId, int number);

	/** What it is called in tables. */
	public String label() {
		return this.label;
	}

	/**
	 * A call.
	 */
	@FunctionalInterface
	interface Call {

		void call(Agents agents, String orgId, int number);

	}

}
