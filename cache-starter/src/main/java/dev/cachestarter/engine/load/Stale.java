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

import org.jspecify.annotations.Nullable;

import dev.cachestarter.engine.entry.Observed;
import dev.cachestarter.engine.load.BackgroundLoads.Captured;

/**
 * An entry as it was found, that is to be loaded again: one past its time to live, which
 * may serve for its load, or one near its end, which is loaded ahead in the background.
 * Or one that is loaded again to see whether it is as it should be.
 *
 * @param observed the entry as it was found
 * @param epoch what had been evicted here by then
 * @param captured what a load in the background is to see of the calling thread,
 * {@code null} if the load is not to go there
 * @param doubted whether it is to be compared with what is loaded
 */
public record Stale(Observed observed, long epoch, @Nullable Captured captured, boolean doubted) {

}
