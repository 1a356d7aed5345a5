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

package dev.cachestarter.sample;

import java.time.Instant;

import org.jspecify.annotations.Nullable;

/**
 * What an agent did and what it cost.
 *
 * @param agentId the agent
 * @param runs how often it ran
 * @param failed how many of these failed
 * @param medianMillis how long half of its runs took at most, 0 if it never ran
 * @param p95Millis how long 95 of 100 of its runs took at most, 0 if it never ran
 * @param tokens the tokens it used
 * @param costCents what that cost, in cents
 * @param shareOfTenant its share of what all agents of its tenant cost, from 0 to 1
 * @param lastRunAt when it last ran, absent if it never did
 */
record AgentStats(long agentId, long runs, long failed, long medianMillis, long p95Millis, long tokens, long costCents,
		double shareOfTenant, @Nullable Instant lastRunAt) {
}
