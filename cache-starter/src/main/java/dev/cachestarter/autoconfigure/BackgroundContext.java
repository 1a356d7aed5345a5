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

import java.util.List;

import io.micrometer.context.ContextSnapshotFactory;
import org.jspecify.annotations.Nullable;

import org.springframework.core.task.TaskDecorator;
import org.springframework.core.task.support.CompositeTaskDecorator;
import org.springframework.core.task.support.ContextPropagatingTaskDecorator;
import org.springframework.util.ClassUtils;

/**
 * Finds what carries the context of a read over to the load in the background that it
 * causes: the application's {@link TaskDecorator} beans, or else context propagation, if
 * that is on the class path. A web request is over before such a load may be, so it is
 * not carried over.
 */
abstract class BackgroundContext {

	private static final String REQUEST = "org.springframework.web.context.request.RequestAttributesThreadLocalAccessor";

	/**
	 * Find it.
	 * @param declared the application's decorators, in their order
	 * @return the decorator, {@code null} if there is none
	 */
	static @Nullable TaskDecorator decorator(List<TaskDecorator> declared) {
		if (!declared.isEmpty()) {
			return (declared.size() == 1) ? declared.get(0) : new CompositeTaskDecorator(declared);
		}
		return ClassUtils.isPresent("io.micrometer.context.ContextSnapshotFactory",
				BackgroundContext.class.getClassLoader()) ? Propagation.decorator() : null;
	}

	/** Loaded only where the library is. */
	private static final class Propagation {

		static TaskDecorator decorator() {
			return new ContextPropagatingTaskDecorator(ContextSnapshotFactory.builder()
				.captureKeyPredicate((key) -> !String.valueOf(key).startsWith(REQUEST))
				.build());
		}

	}

}
