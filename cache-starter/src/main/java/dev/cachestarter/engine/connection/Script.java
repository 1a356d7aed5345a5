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

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

import org.jspecify.annotations.Nullable;

import dev.cachestarter.engine.monitor.RedisOperation;

/**
 * A Lua script that works on one key, or on keys of one server.
 *
 * @param operation what it is for
 * @param text its text
 * @param sha its SHA-1, by which a server that has it is told to run it
 * @param sure the rights that are there where it did what it is for, as
 * {@code ACL SETUSER} spells them
 * @param unsure the rights to commands that it can also do without: it does not call them
 * each time, or goes on when they are refused
 */
public record Script(RedisOperation operation, String text, String sha, Set<String> sure, Set<String> unsure) {

	private static final Pattern CALL = Pattern.compile("redis\\.p?call\\('(\\w+)'");

	private static final Pattern CAUGHT_CALL = Pattern.compile("redis\\.pcall\\('(\\w+)'");

	/**
	 * Create a script.
	 * @param operation what it is for
	 * @param text its text
	 * @param unsure the commands that it can also do without
	 */
	public static Script of(RedisOperation operation, String text, String... unsure) {
		Set<String> rights = Arrays.stream(unsure).map(Script::right).collect(Collectors.toUnmodifiableSet());
		Set<String> sure = CALL.matcher(text)
			.results()
			.map((call) -> right(call.group(1)))
			.filter((right) -> !rights.contains(right))
			.collect(Collectors.toUnmodifiableSet());
		try {
			byte[] digest = MessageDigest.getInstance("SHA-1").digest(text.getBytes(StandardCharsets.UTF_8));
			return new Script(operation, text, HexFormat.of().formatHex(digest), sure, rights);
		}
		catch (NoSuchAlgorithmException ex) {
			throw new IllegalStateException(ex);
		}
	}

	/**
	 * Return whether an answer says that the script did what it is for. It need not: what
	 * it compares may have changed, which it says by {@code 0}, or by {@code =} and what
	 * is there.
	 */
	public boolean isDone(@Nullable Object answer) {
		return !(answer instanceof byte[] bytes) || bytes.length == 0
				|| (bytes[0] != '=' && (bytes[0] != '0' || bytes.length > 1));
	}

	/**
	 * Return the command that a line calls.
	 * @param line the number of the line, from 1
	 */
	@Nullable String commandAt(int line) {
		return this.text.lines().skip(line - 1L).findFirst().map((code) -> first(CALL, code)).orElse(null);
	}

	/**
	 * Return the first command whose errors the script catches.
	 */
	@Nullable String caughtCommand() {
		return first(CAUGHT_CALL, this.text);
	}

	private static String right(String command) {
		return "+" + command.toLowerCase(Locale.ROOT);
	}

	private static @Nullable String first(Pattern pattern, String code) {
		Matcher matcher = pattern.matcher(code);
		return matcher.find() ? matcher.group(1) : null;
	}

}
