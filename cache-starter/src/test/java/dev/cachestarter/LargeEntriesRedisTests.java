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

package dev.cachestarter;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.cache.annotation.Cacheable;

import dev.cachestarter.testing.FaultProxy;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Something of many megabytes under a key of ours, on a line that does not carry it in
 * the time of a command.
 */
@WithRedis(local = true)
@ExtendWith(OutputCaptureExtension.class)
class LargeEntriesRedisTests {

	private static final Duration PATIENCE = Duration.ofMinutes(1);

	private static final String HUGE = "return redis.call('SETRANGE', KEYS[1], 20000000, 'x')";

	private final RedisServer redis;

	private final FaultProxy proxy;

	private final TestInstance<Notes> instance;

	LargeEntriesRedisTests(RedisServer redis) {
		this.redis = redis;
		this.proxy = FaultProxy.inFrontOf(redis);
		this.instance = TestInstance.of(Notes.class, this.proxy.host(), this.proxy.port(), (builder) -> {
		});
	}

	@BeforeEach
	void narrow() {
		this.redis.flushAll();
		this.instance.awaitUp();
		await().atMost(PATIENCE).until(() -> isCached("org-1", "0"));
		this.proxy.throttle(1_000_000);
	}

	@AfterEach
	void close() {
		this.instance.close();
		this.proxy.close();
	}

	@Test
	void whatIsLargerThanAnyEntryIsRemovedOnceItHasKeptAReadFromBeingAnswered(CapturedOutput output) {
		this.redis.cli("EVAL", HUGE, "1", "notes:org-1:1");

		await().atMost(PATIENCE).until(() -> isCached("org-1", "1"));

		assertThat(output).contains("Cache 'notes' had something under one of its keys that is larger than any entry");
		assertThat(this.redis.keys("notes:org-1:0")).as("others stay").hasSize(1);
	}

	@Test
	void theSameGoesForItsGenerations() {
		this.redis.cli("EVAL", HUGE, "1", "~g:notes~:org-1");

		await().atMost(PATIENCE).until(() -> isCached("org-1", "2"));
	}

	@Test
	void anEntryThatFitsStaysWhateverOutageThereWas(CapturedOutput output) {
		String before = String.valueOf(this.redis.cli("GET", "notes:org-1:0"));
		this.proxy.blackhole();
		this.instance.service().find("org-1", "0");
		this.proxy.pass();

		await().atMost(PATIENCE).until(() -> isCached("org-1", "0"));

		assertThat(String.valueOf(this.redis.cli("GET", "notes:org-1:0"))).isEqualTo(before);
		assertThat(output).doesNotContain("larger than any entry");
	}

	/** Called again, the method does not run. */
	private boolean isCached(String tenant, String id) {
		this.instance.service().find(tenant, id);
		int loads = this.instance.service().loads();
		this.instance.service().find(tenant, id);
		return this.instance.service().loads() == loads && this.instance.engine().link().isUp();
	}

	static class Notes {

		private final AtomicInteger loads = new AtomicInteger();

		@Cacheable("notes")
		public String find(String tenant, String id) {
			this.loads.incrementAndGet();
			return "note " + id;
		}

		int loads() {
			return this.loads.get();
		}

	}

}
