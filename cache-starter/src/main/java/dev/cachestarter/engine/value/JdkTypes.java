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

/**
 * Tells the classes of the JDK, whose inside is none of our business, from those of
 * applications and libraries.
 */
final class JdkTypes {

	private JdkTypes() {
	}

	/**
	 * Return whether a class is one of the JDK's.
	 * @param type a class
	 * @return {@code true} for primitives too
	 */
	static boolean isJdk(Class<?> type) {
		String name = type.getName();
		return type.isPrimitive() || name.startsWith("java.") || name.startsWith("javax.") || name.startsWith("jdk.")
				|| name.startsWith("sun.") || name.startsWith("com.sun.");
	}

}
