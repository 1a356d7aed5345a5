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
import io.lettuce.core.RedisException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import dev.cachestarter.engine.monitor.RedisOperation;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What the errors of Redis mean to the cache.
 */
class RedisErrorsTests {

	private static Throwable error(String message) {
		return new CompletionException(new RedisCommandExecutionException(message));
	}

	@Test
	void whatAServerSaysIsOneLine() {
		assertThat(RedisErrors.describe(error("ERR no\n2026-01-01 ERROR all is lost\r\u2028\u202e")))
			.startsWith("ERR no%0A2026-01-01 ERROR all is lost%0D%E2%80%A8");
	}

	@ParameterizedTest
	@ValueSource(strings = { "OOM command not allowed when used memory > 'maxmemory'.",
			"OOM command not allowed when used memory > 'maxmemory'. script: 32d86108a7, on @user_script:8.",
			"ERR Error running script (call to f_6b1bf486c8): @user_script:16: @user_script: 16: -OOM command not allowed when used memory > 'maxmemory'. ",
			"ERR Error running script (call to f_6b1bf486c8): @user_script:16: -OOM command not allowed when used memory > 'maxmemory'. " })
	void whatAServerSaysOfAScriptIsWhatItSaysOfACommand(String message) {
		assertThat(RedisErrors.describe(error(message)).strip())
			.isEqualTo("OOM command not allowed when used memory > 'maxmemory'.");
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

	/** As Redis 6.2, 7.0 and 7.2, and Valkey 8 say it. */
	@ParameterizedTest
	@CsvSource(quoteCharacter = '"', value = {
			"+mget,\"NOPERM this user has no permissions to run the 'mget' command or its subcommand\"",
			"+mget,\"NOPERM this user has no permissions to run the 'mget' command\"",
			"+cluster|nodes,\"NOPERM this user has no permissions to run the 'cluster|nodes' command\"",
			"+get,\"NOPERM User app has no permissions to run the 'get' command\"",
			"~,\"NOPERM this user has no permissions to access one of the keys used as arguments\"",
			"~,\"NOPERM No permissions to access a key\"",
			"~,\"ERR The user executing the script can't access at least one of the keys mentioned in the command arguments script: 126760, on @user_script:3.\"",
			"+set,\"ERR The user executing the script can't run this command or subcommand script: 126760, on @user_script:3.\"",
			"+set,\"ERR Error running script (call to f_6b1bf4): @user_script:3: The user executing the script can't run this command or subcommand\"",
			"+getrange,\"ERR The user executing the script can't run this command or subcommand\"",
			"+set,\"ERR ACL failure in script: User app has no permissions to run the 'set' command script: 126760, on @user_script:3.\"" })
	void theMissingRightIsNamed(String right, String message) {
		Script script = Script.of(RedisOperation.READ, """
				local there = redis.pcall('GETRANGE', KEYS[1], 0, 3)
				if there then
				  redis.call('SET', KEYS[1], 'x')
				end
				return there
				""");

		assertThat(RedisErrors.missingRight(error(message), script)).isEqualTo(right);
	}

	@Test
	void whatIsNoMatterOfRightsNamesNone() {
		assertThat(RedisErrors.missingRight(error("ERR unknown command 'MGET', with args beginning with: 'x'"), null))
			.isNull();
		assertThat(RedisErrors.missingRight(error("WRONGPASS invalid username-password pair"), null)).isNull();
		assertThat(RedisErrors.missingRight(new TimeoutException(), null)).isNull();
	}

	@Test
	void whatTheNodesOfAClusterAnsweredIsFoundBesideTheFailure() {
		RedisException failure = new RedisException(
				"Cannot retrieve cluster partitions from [redis://app:***@127.0.0.1:6379?timeout=5s]");
		failure.addSuppressed(
				new RedisCommandExecutionException("NOPERM this user has no permissions to run the 'cluster' command"));

		assertThat(RedisErrors.isRefusedLogin(failure)).isTrue();
		assertThat(RedisErrors.missingRight(failure, null)).isEqualTo("+cluster");
		assertThat(RedisErrors.describe(failure))
			.isEqualTo("Cannot retrieve cluster partitions from [redis://127.0.0.1:6379?timeout=5s]: "
					+ "NOPERM this user has no permissions to run the 'cluster' command");
	}

}
