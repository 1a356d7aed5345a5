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

import java.util.Set;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisException;
import org.jspecify.annotations.Nullable;

/**
 * What the errors of Redis mean to the cache, told by their prefix.
 */
public final class RedisErrors {

	/** What every command fails with while the link is down. */
	public static final RuntimeException AWAY = new AwayException();

	/** The server answers, but not as one that can be used. */
	private static final Set<String> UNUSABLE = Set.of("LOADING", "BUSY", "MASTERDOWN", "CLUSTERDOWN", "READONLY",
			"NOAUTH", "UNBLOCKED");

	/**
	 * What a script was refused stands behind where it was: before Redis 7 in the form
	 * {@code ERR Error running script (call to f_...): @user_script:5: @user_script: 5:
	 * -OOM command not allowed...}.
	 */
	private static final Pattern WITHIN_SCRIPT = Pattern.compile("@user_script: ?\\d+: -?([A-Z]{2,})\\b");

	private static final Pattern UNAVAILABLE = Pattern
		.compile("(?i)unknown (redis )?command|the user executing the script can't|ACL failure in script");

	private RedisErrors() {
	}

	/**
	 * Return whether an error says something of the link and not of one command.
	 */
	public static boolean isOfLink(Throwable ex) {
		Throwable cause = cause(ex);
		if (cause instanceof RedisCommandExecutionException) {
			return UNUSABLE.contains(prefix(cause));
		}
		return !(cause instanceof AwayException);
	}

	/**
	 * Return whether Redis answered that it cannot be used at present, by whatever
	 * command.
	 */
	public static boolean isUnusable(Throwable ex) {
		return UNUSABLE.contains(prefix(cause(ex)));
	}

	public static boolean isNoScript(Throwable ex) {
		return prefix(cause(ex)).equals("NOSCRIPT");
	}

	public static boolean isWrongType(Throwable ex) {
		return prefix(cause(ex)).equals("WRONGTYPE");
	}

	public static boolean isOutOfMemory(Throwable ex) {
		return prefix(cause(ex)).equals("OOM");
	}

	/**
	 * Return whether another connection may fare better.
	 */
	public static boolean isOfConnection(Throwable ex) {
		String prefix = prefix(cause(ex));
		return prefix.equals("READONLY") || prefix.equals("NOAUTH");
	}

	/**
	 * Return whether Redis refuses writes, and {@code PING}, because it cannot save to
	 * its disk.
	 */
	public static boolean isMisconfigured(Throwable ex) {
		return prefix(cause(ex)).equals("MISCONF");
	}

	/**
	 * Return whether Redis answered, with a refusal.
	 */
	public static boolean isRefusal(Throwable ex) {
		return cause(ex) instanceof RedisCommandExecutionException;
	}

	public static boolean isRefusedLogin(Throwable ex) {
		for (Throwable cause = ex; cause != null; cause = cause.getCause()) {
			String prefix = prefix(cause);
			if (prefix.equals("NOAUTH") || prefix.equals("WRONGPASS") || prefix.equals("NOPERM")) {
				return true;
			}
		}
		return false;
	}

	/**
	 * Return whether Redis answered that it will not do it, however often it is asked.
	 */
	public static boolean isForbidden(Throwable ex) {
		return prefix(cause(ex)).equals("NOPERM");
	}

	/**
	 * Return whether Redis does not know a command, or this user may not give it: by
	 * itself or within a script, which says so in words alone.
	 */
	public static boolean isUnavailable(Throwable ex) {
		if (isForbidden(ex)) {
			return true;
		}
		String message = isRefusal(ex) ? cause(ex).getMessage() : null;
		return message != null && UNAVAILABLE.matcher(message).find();
	}

	public static boolean isTimeout(Throwable ex) {
		Throwable cause = cause(ex);
		return cause instanceof TimeoutException || cause instanceof io.lettuce.core.RedisCommandTimeoutException;
	}

	/**
	 * Return whether a command was not answered, for another reason than time: a
	 * connection could not be made, or broke.
	 */
	public static boolean isOfSending(Throwable ex) {
		return cause(ex) instanceof RedisException && !isRefusal(ex) && !isTimeout(ex);
	}

	/**
	 * Return what to say of an error, with its causes.
	 */
	public static String describe(Throwable ex) {
		Throwable cause = cause(ex);
		StringBuilder text = new StringBuilder();
		for (int depth = 0; cause != null && depth < 4; depth++, cause = cause.getCause()) {
			String message = readable(cause.getMessage());
			if (message != null && text.indexOf(message) < 0) {
				text.append(text.isEmpty() ? "" : ": ").append(message);
			}
		}
		return text.isEmpty() ? ex.getClass().getSimpleName() : text.toString();
	}

	/**
	 * A server that does not know a command repeats what it was given: a password, say.
	 * And an address that the driver has not looked up itself says so.
	 */
	private static @Nullable String readable(@Nullable String message) {
		int arguments = (message != null) ? message.indexOf(", with args beginning with") : -1;
		String kept = (message != null && arguments >= 0) ? message.substring(0, arguments) : message;
		return (kept != null) ? kept.replace("/<unresolved>", "") : null;
	}

	private static Throwable cause(Throwable ex) {
		return Futures.unwrap(ex);
	}

	/**
	 * Return what kind of error Redis answered with.
	 * @return its prefix, empty if it is no answer of Redis
	 */
	public static String prefix(@Nullable Throwable ex) {
		String message = (ex instanceof RedisCommandExecutionException) ? ex.getMessage() : null;
		if (message == null) {
			return "";
		}
		if (message.startsWith("ERR Error running script")) {
			Matcher within = WITHIN_SCRIPT.matcher(message);
			String found = "ERR";
			while (within.find()) {
				found = within.group(1);
			}
			return found;
		}
		int end = message.indexOf(' ');
		return (end < 0) ? message : message.substring(0, end);
	}

	private static final class AwayException extends RuntimeException {

		AwayException() {
			super("Redis is away", null, false, false);
		}

	}

}
