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

import tools.jackson.databind.json.JsonMapper;

/**
 * Shapes the {@link JsonMapper} that cached values are written and read with. Beans of
 * this type are called in their order, once, when the cache manager is made.
 * <p>
 * The mapper is the cache's own. Neither the application's mapper nor
 * {@code spring.jackson.*} affects it, so a change for the web does not change what is
 * stored.
 *
 * @since 0.1.0
 */
@FunctionalInterface
public interface CacheJsonMapperBuilderCustomizer {

	/**
	 * Customize the builder of the cache's mapper.
	 * @param builder the builder, with the starter's own settings in place
	 */
	void customize(JsonMapper.Builder builder);

}
