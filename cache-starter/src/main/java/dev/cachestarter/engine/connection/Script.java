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
import java.util.HexFormat;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

import dev.cachestarter.engine.monitor.RedisOperation;

/**
 * A Lua script that works on one key.
 *
 * @param operation what it is for
 * @param text its text
 * @param sha its SHA-1, by which a server that has it is told to run it
 */
public record Script(RedisOperation operation, String text, String sha) {

	private static final Pattern CALL = Pattern.compile("redis\\.p?call\\('(\\w+)'");

	private static final Pattern CAUGHT_CALL = Pattern.compile("redis\\.pcall\\('(\\w+)'");

	public static Script of(RedisOperation operation, String text) {
		try {
			byte[] digest = MessageDigest.getInstance("SHA-1").digest(text.getBytes(StandardCharsets.UTF_8));
			return new Script(operation, text, HexFormat.of().formatHex(digest));
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

	private static @Nullable String first(Pattern pattern, String code) {
		Matcher matcher = pattern.matcher(code);
		return matcher.find() ? matcher.group(1) : null;
	}

}
