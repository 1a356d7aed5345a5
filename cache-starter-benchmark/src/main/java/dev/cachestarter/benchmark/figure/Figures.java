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

package dev.cachestarter.benchmark.figure;

import java.util.List;

import dev.cachestarter.benchmark.Figure;

/**
 * All figures, in their order.
 */
public final class Figures {

	public static final List<Figure> ALL = List.of(CallFigure.hits(), CallFigure.misses(), CallFigure.near(),
			CallFigure.track(), new ManyKeysFigure(), new TagsFigure(), new SharesFigure(), new EvictionFigure(),
			new ColdKeyFigure(), new StartFigure(), new InnerLoopsFigure(), new GrowthFigure());

	private Figures() {
	}

}
