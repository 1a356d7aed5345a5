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

package dev.cachestarter.testing;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.awaitility.Awaitility.await;

/**
 * Tests for {@link ChildJvm}, and for what happens to the processes of a JVM that is
 * killed.
 */
class ChildJvmTests {

	private static final Duration PATIENT = Duration.ofMinutes(1);

	private final ChildJvm child = ChildJvm.start(EchoMain.class, "hällo");

	@AfterEach
	void endChild() {
		this.child.close();
	}

	@Test
	void linesGoBothWays() {
		assertThat(this.child.await("argument ", PATIENT)).isEqualTo("hällo");

		assertThat(this.child.ask("grüezi", "echo ", PATIENT)).isEqualTo("grüezi");
	}

	@Test
	void pausedChildAnswersWhenItGoesOn() {
		this.child.await("argument ", PATIENT);
		this.child.pause();

		this.child.send("late");

		assertThatIllegalStateException().isThrownBy(() -> this.child.await("echo ", Duration.ofMillis(200)))
			.withMessageContaining("did not say");
		this.child.resume();
		assertThat(this.child.await("echo ", PATIENT)).isEqualTo("late");
	}

	@Test
	void endOfTheChildIsTold() {
		this.child.send("exit");

		assertThatIllegalStateException().isThrownBy(() -> this.child.await("never ", PATIENT))
			.withMessageContaining("ended before it said 'never '")
			.withMessageContaining("argument");
	}

	@Test
	void killedChildTakesItsRedisWithIt() {
		long pid = Long.parseLong(this.child.ask("redis", "pid ", PATIENT));
		Path directory = Path.of(this.child.await("directory ", PATIENT));
		assertThat(exists(pid)).isTrue();
		assertThat(directory).exists();

		this.child.kill();

		assertThat(this.child.isAlive()).isFalse();
		await().atMost(PATIENT).until(() -> !exists(pid));
		await().atMost(PATIENT).until(() -> Files.notExists(directory));
	}

	@Test
	void killedChildTakesItsChildWithIt() {
		long pid = Long.parseLong(this.child.ask("child", "child ", PATIENT));
		assertThat(exists(pid)).isTrue();

		this.child.kill();

		await().atMost(PATIENT).until(() -> !exists(pid));
	}

	// Nobody may have asked for the exit code of an orphan; then it has no command any
	// more.
	private static boolean exists(long pid) {
		return ProcessHandle.of(pid).flatMap((process) -> process.info().command()).isPresent();
	}

	static final class EchoMain {

		private EchoMain() {
		}

		public static void main(String[] args) throws Exception {
			ChildJvm.say("argument " + args[0]);
			BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
			for (String line = input.readLine(); line != null && !line.equals("exit"); line = input.readLine()) {
				switch (line) {
					case "redis" -> {
						RedisProcess redis = (RedisProcess) RedisServer.local().start();
						ChildJvm.say("pid " + redis.info("process_id"));
						ChildJvm.say("directory " + redis.directory());
					}
					case "child" -> ChildJvm.say("child " + ChildJvm.start(EchoMain.class, "grandchild").pid());
					default -> ChildJvm.say("echo " + line);
				}
			}
		}

	}

}
