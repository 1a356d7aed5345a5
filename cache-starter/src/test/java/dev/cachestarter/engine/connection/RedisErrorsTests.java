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

package dev.cachestarter.engine.connection;

import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeoutException;

import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisConnectionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What the errors of Redis mean to the cache.
 */
class RedisErrorsTests {

	private static Throwable error(String message) {
		return new CompletionException(new RedisCommandExecutionException(message));
	}

	@ParameterizedTest
	@ValueSource(strings = { "LOADING Redis is loading the dataset in memory", "BUSY Redis is busy running a script",
			"MASTERDOWN Link with MASTER is down", "CLUSTERDOWN The cluster is down",
			"READONLY You can't write against a read only replica.", "NOAUTH Authentication required." })
	void anErrorOfTheServerIsOfTheLink(String message) {
		assertThat(RedisErrors.isOfLink(error(message))).isTrue();
		assertThat(RedisErrors.isUnusable(error(message))).isTrue();
	}

	@ParameterizedTest
	@ValueSource(strings = { "OOM command not allowed when used memory > 'maxmemory'.",
			"MISCONF Redis is configured to", "NOREPLICAS Not enough good replicas to write.",
			"NOPERM this user has no permissions to run the 'get'", "WRONGTYPE Operation against a key",
			"NOSCRIPT No matching script", "MOVED 3999 127.0.0.1:6381", "ASK 3999 127.0.0.1:6381",
			"TRYAGAIN Multiple keys request during rehashing of slot", "ERR unknown command", "SOMETHING new" })
	void anErrorOfOneCommandIsNot(String message) {
		assertThat(RedisErrors.isOfLink(error(message))).isFalse();
		assertThat(RedisErrors.isRefusal(error(message))).isTrue();
	}

	@ParameterizedTest
	@CsvSource(quoteCharacter = '"', value = {
			"OOM,\"ERR Error running script (call to f_6b1bf486c81ceb7edf3c093f4c48582e38c0e791): @user_script:16: @user_script: 16: -OOM command not allowed when used memory > 'maxmemory'. \"",
			"READONLY,\"ERR Error running script (call to f_6b1bf4): @user_script:9: @user_script: 9: -READONLY You can't write against a read only replica.\"",
			"MISCONF,\"ERR Error running script (call to f_6b1bf4): @user_script:9: -MISCONF Redis is configured to save RDB snapshots\"",
			"NOREPLICAS,\"ERR Error running script (call to f_6b1bf4): @user_script:9: @user_script: 9: NOREPLICAS Not enough good replicas to write. \"",
			"ERR,\"ERR Error running script (call to f_6b1bf4): @user_script:9: attempt to index a nil value\"",
			"OOM,\"OOM command not allowed when used memory > 'maxmemory'. script: 6b1bf4, on @user_script:16.\"" })
	void theReasonIsFoundInWhatRedis6MakesOfTheErrorsOfScripts(String prefix, String message) {
		assertThat(RedisErrors.prefix(new RedisCommandExecutionException(message))).isEqualTo(prefix);
	}

	@Test
	void aRefusedLoginIsFoundBehindTheFailureToConnect() {
		Throwable failure = new RedisConnectionException("Unable to connect",
				new RedisCommandExecutionException("WRONGPASS invalid username-password pair"));

		assertThat(RedisErrors.isRefusedLogin(failure)).isTrue();
		assertThat(RedisErrors.isRefusedLogin(new RedisConnectionException("Unable to connect"))).isFalse();
	}

	@Test
	void silenceIsOfTheLinkAndBeingAwayAlreadyIsNot() {
		assertThat(RedisErrors.isOfLink(new TimeoutException())).isTrue();
		assertThat(RedisErrors.isTimeout(new CompletionException(new TimeoutException()))).isTrue();
		assertThat(RedisErrors.isOfLink(RedisErrors.AWAY)).isFalse();
	}

}
