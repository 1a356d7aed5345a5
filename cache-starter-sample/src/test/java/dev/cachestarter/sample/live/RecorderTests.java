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

package dev.cachestarter.sample.live;

import java.util.Map;

import dev.cachestarter.CacheSnapshot;
import dev.cachestarter.sample.live.Recorder.Source;
import org.junit.jupiter.api.Test;

import org.springframework.aop.framework.ProxyFactory;
import org.springframework.cache.annotation.Cacheable;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link Recorder}, with a cache between its two sides that does as it is told.
 */
class RecorderTests {

	private final Recorder recorder = new Recorder();

	private CacheSnapshot.Counters counters = counters(0, 0, 0);

	private boolean broken;

	@Test
	void aMethodThatRanIsTheDatabase() {
		assertThat(source(false, counters(0, 0, 0))).isEqualTo(Source.DATABASE);
		assertThat(this.recorder.loads("things")).isOne();
	}

	@Test
	void aMethodThatFailedWhereThereIsAnAnswerIsAStaleEntry() {
		this.broken = true;

		assertThat(source(false, counters(0, 0, 1))).isEqualTo(Source.STALE);
	}

	@Test
	void aHitAloneIsRedis() {
		assertThat(source(true, counters(1, 0, 0))).isEqualTo(Source.REDIS);
		assertThat(this.recorder.loads("things")).isZero();
	}

	@Test
	void aHitOfACopyInMemoryIsNearAndOneAmongOthersIsNotTold() {
		assertThat(source(true, CacheSnapshot.Counters.of(Map.of("hits", 1L, "nearHits", 1L)))).isEqualTo(Source.NEAR);
		assertThat(source(true, CacheSnapshot.Counters.of(Map.of("hits", 2L, "nearHits", 1L)))).isEqualTo(Source.CACHE);
	}

	@Test
	void hitsOfOthersChangeNothing() {
		assertThat(source(true, counters(9, 0, 0))).isEqualTo(Source.REDIS);
	}

	@Test
	void aSharedLoadWithoutAHitIsAnotherCallers() {
		assertThat(source(true, counters(0, 1, 0))).isEqualTo(Source.SHARED);
	}

	@Test
	void aStaleEntryIsOneWhetherItCountsAsAHitOrNot() {
		assertThat(source(true, counters(0, 0, 1))).isEqualTo(Source.STALE);
		assertThat(source(true, counters(1, 0, 1))).isEqualTo(Source.STALE);
	}

	@Test
	void whatTheCountersDoNotTellIsNotTold() {
		assertThat(source(true, counters(1, 1, 0))).isEqualTo(Source.CACHE);
		assertThat(source(true, counters(0, 1, 1))).isEqualTo(Source.CACHE);
	}

	@Test
	void aReadPastTheCacheCountsItsQueriesApart() {
		this.recorder.query();
		this.recorder.compare(() -> {
			this.recorder.query();
			return null;
		});

		assertThat(this.recorder.queries()).isOne();
		assertThat(this.recorder.comparisonQueries()).isOne();
		assertThat(this.recorder.directReads().count()).isOne();
		assertThat(this.recorder.cachedReads().count()).isZero();
	}

	/**
	 * Make a call.
	 * @param answered whether the cache answers it
	 * @param after the counters of the cache after it
	 */
	private Source source(boolean answered, CacheSnapshot.Counters after) {
		this.counters = counters(0, 0, 0);
		ProxyFactory proxy = new ProxyFactory(new Things());
		proxy.setProxyTargetClass(true);
		proxy.addAdvice(this.recorder.beforeCache());
		proxy.addAdvice((org.aopalliance.intercept.MethodInterceptor) (invocation) -> {
			try {
				return answered ? "cached" : invocation.proceed();
			}
			catch (IllegalStateException ex) {
				return "stale";
			}
			finally {
				this.counters = after;
			}
		});
		proxy.addAdvice(this.recorder.behindCache());
		this.recorder.beginTrace((name) -> this.counters);
		try {
			((Things) proxy.getProxy()).thing(this.broken);
			assertThat(this.recorder.steps()).singleElement().extracting(Recorder.Step::cache).isEqualTo("things");
			return this.recorder.steps().get(0).source();
		}
		finally {
			this.recorder.endTrace();
		}
	}

	private static CacheSnapshot.Counters counters(long hits, long shared, long stale) {
		return CacheSnapshot.Counters.of(Map.of("hits", hits, "loadsShared", shared, "staleServed", stale));
	}

	static class Things {

		@Cacheable("things")
		public String thing(boolean broken) {
			if (broken) {
				throw new IllegalStateException("The database is gone");
			}
			return "loaded";
		}

	}

}
