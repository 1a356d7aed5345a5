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

package dev.cachestarter.test;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Gives a test class a Redis, and starts each test with an empty one.
 * <p>
 * In a test with an application context, such as {@code @SpringBootTest} or a slice, the
 * application connects to it, whatever its properties say. Before each test this waits
 * until the cache is connected. Tests that share a context share its Redis. In a test
 * without a context the class has one.
 * <p>
 * The server is found in this order: a container through Testcontainers where there is a
 * Docker engine, a {@code redis-server} on the {@code PATH}, the one inside
 * {@code org.signal:embedded-redis}. It listens on a random port, and ends with the JVM.
 * If there is none, the class fails and says what to add.
 * <p>
 * A parameter or an autowired field of type {@link TestRedis} gets it, to make it fail on
 * purpose. Faults that a test leaves behind are ended after the test.
 *
 * @since 0.1.0
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@Documented
@Inherited
@ExtendWith(TestRedisExtension.class)
public @interface WithTestRedis {

	/**
	 * Whether the context, or the class if it has none, gets a server of its own. By
	 * default all share one server, each with a database and a way to it of its own, so
	 * that neither data nor faults of one reach another. {@link TestRedis#fillMemory()}
	 * needs a server of its own.
	 */
	boolean ownServer() default false;

	/**
	 * Arguments of {@code redis-server}, such as {@code "--maxmemory", "2mb"}. With any,
	 * the server is its own.
	 */
	String[] arguments() default {};

	/**
	 * Whether the Redis is emptied before each test: all of its database. Other databases
	 * of the server stay as they are.
	 */
	boolean emptyBeforeEach() default true;

}
