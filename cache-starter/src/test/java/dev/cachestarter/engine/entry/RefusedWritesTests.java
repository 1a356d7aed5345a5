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

package dev.cachestarter.engine.entry;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

import io.lettuce.core.RedisCommandExecutionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What is said of a Redis that refuses writes: it has no memory left, say.
 */
@ExtendWith(OutputCaptureExtension.class)
class RefusedWritesTests {

	private static final RuntimeException OOM = new RedisCommandExecutionException(
			"OOM command not allowed when used memory > 'maxmemory'.");

	private final AtomicLong now = new AtomicLong();

	private final RefusedWrites redis = new RefusedWrites(this.now::get);

	@Test
	void thatItIsFullIsSaidOnceHoweverManyWritesItRefuses(CapturedOutput output) {
		for (int i = 0; i < 10; i++) {
			this.redis.wrote(OOM);
			this.redis.wrote(null);
		}

		assertThat(output).containsOnlyOnce("Redis is out of memory").doesNotContain("cached again");
	}

	@Test
	void thatItHasRoomAgainIsSaidOnceItHasStoredForAWhile(CapturedOutput output) {
		this.redis.wrote(OOM);
		this.now.addAndGet(TimeUnit.SECONDS.toNanos(9));
		this.redis.wrote(OOM);
		this.now.addAndGet(TimeUnit.SECONDS.toNanos(9));
		this.redis.wrote(null);
		assertThat(output).doesNotContain("cached again");

		this.now.addAndGet(TimeUnit.SECONDS.toNanos(2));
		this.redis.wrote(null);
		this.redis.wrote(null);
		assertThat(output).containsOnlyOnce("cached again");

		this.redis.wrote(OOM);
		assertThat(output.getOut().split("Redis is out of memory", -1)).hasSize(3);
	}

	@Test
	void thatItCannotWriteForAnotherReasonIsSaidInItsWords(CapturedOutput output) {
		this.redis.wrote(new RedisCommandExecutionException("NOREPLICAS Not enough good replicas to write."));
		this.redis.wrote(new RedisCommandExecutionException("MISCONF Redis is configured to save RDB snapshots"));

		assertThat(output)
			.containsOnlyOnce("Values are not cached at present: Redis refuses all writes (NOREPLICAS Not enough")
			.doesNotContain("memory", "MISCONF");
	}

	@Test
	void otherFailuresAreNoMatter(CapturedOutput output) {
		this.redis.wrote(new RedisCommandExecutionException("NOPERM this user has no permissions"));
		this.redis.wrote(null);

		assertThat(output).doesNotContain("memory");
	}

}
