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

import java.security.cert.CertificateException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisException;
import io.netty.handler.ssl.NotSslRecordException;
import org.jspecify.annotations.Nullable;

import dev.cachestarter.engine.key.LogKeys;

/**
 * What the errors of Redis mean to the cache, told by their prefix.
 */
public final class RedisErrors {

	/** What every command fails with while the link is down. */
	public static final RuntimeException AWAY = new AwayException();

	/** The server answers, but not as one that can be used. */
	private static final Set<String> UNUSABLE = Set.of("LOADING", "BUSY", "MASTERDOWN", "CLUSTERDOWN", "READONLY",
			"NOAUTH", "UNBLOCKED");

	/** The server reads, and does not write. */
	private static final Set<String> NO_WRITES = Set.of("OOM", "MISCONF", "NOREPLICAS");

	/**
	 * What a script was refused stands behind where it was: before Redis 7 in the form
	 * {@code ERR Error running script (call to f_...): @user_script:5: @user_script: 5:
	 * -OOM command not allowed...}.
	 */
	private static final Pattern WITHIN_SCRIPT = Pattern.compile("@user_script: ?\\d+: -?([A-Z]{2,})\\b");

	private static final Pattern UNAVAILABLE = Pattern
		.compile("(?i)unknown (redis )?command|the user executing the script can't|ACL failure in script");

	private static final Set<String> REFUSED_LOGIN = Set.of("NOAUTH", "WRONGPASS", "NOPERM");

	/** Enough for a cluster. */
	private static final int MOST_CAUSES = 50;

	/** Up to the last at sign of an address: a password may have others. */
	private static final Pattern USER_INFO = Pattern.compile("(rediss?(?:-[a-z]+)?://)[^\\s,\\]]*@");

	/**
	 * Where in a script something was refused: behind it, and before Redis 7 in front.
	 */
	private static final Pattern PLACE = Pattern.compile(" script: [0-9a-f]+, on @user_script:\\d+\\.?"
			+ "|^ERR Error running script \\(call to f_[0-9a-f]+\\): (?:@user_script: ?\\d+: )+-?");

	private static final Pattern CLIENT_CERTIFICATE = Pattern
		.compile("fatal alert: (certificate_required|bad_certificate|certificate_unknown|unknown_ca)");

	private static final Pattern COMMAND = Pattern.compile("run the '([^' ]+)' (?:sub)?command");

	private static final Pattern KEYS = Pattern.compile("access (?:a key|(?:at least )?one of the keys)");

	private static final Pattern SCRIPT_LINE = Pattern.compile("@user_script: ?(\\d+)");

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
	 * Return whether Redis, or a proxy, refuses a command because its keys are of several
	 * slots.
	 */
	public static boolean isOfSeveralSlots(Throwable ex) {
		String message = isRefusal(ex) ? cause(ex).getMessage() : null;
		return message != null && (message.startsWith("CROSSSLOT") || message.contains("same slot"));
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
	 * Return whether Redis refuses writes, and may still answer reads: it has no memory
	 * left, cannot save to its disk, or has too few replicas.
	 */
	public static boolean isOfWriting(Throwable ex) {
		return NO_WRITES.contains(prefix(cause(ex)));
	}

	/**
	 * Return whether Redis answered, with a refusal.
	 */
	public static boolean isRefusal(Throwable ex) {
		return cause(ex) instanceof RedisCommandExecutionException;
	}

	public static boolean isRefusedLogin(Throwable ex) {
		return causes(ex).stream().map(RedisErrors::prefix).anyMatch(REFUSED_LOGIN::contains);
	}

	/**
	 * The causes of an error; among them what each node of a cluster answered, which the
	 * driver keeps beside its own failure.
	 */
	private static List<Throwable> causes(Throwable ex) {
		List<Throwable> causes = new ArrayList<>();
		for (Throwable cause = ex; cause != null && causes.size() < MOST_CAUSES; cause = cause.getCause()) {
			causes.add(cause);
			for (Throwable beside : cause.getSuppressed()) {
				causes.add(beside);
				if (beside.getCause() != null) {
					causes.add(beside.getCause());
				}
			}
		}
		return causes;
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

	/**
	 * Return which right the user of Redis lacks, as {@code ACL SETUSER} spells it.
	 * @param ex what Redis answered, or what it is the cause of
	 * @param script the script that was run, if it was one
	 * @return a command such as {@code +mget}, {@code ~} if it is a key pattern, or
	 * {@code null} if no right is lacking, or Redis does not say which
	 */
	public static @Nullable String missingRight(Throwable ex, @Nullable Script script) {
		return causes(ex).stream()
			.filter((cause) -> cause instanceof RedisCommandExecutionException && isUnavailable(cause))
			.findFirst()
			.map((cause) -> missingRight(String.valueOf(cause.getMessage()), script))
			.orElse(null);
	}

	private static @Nullable String missingRight(String message, @Nullable Script script) {
		if (KEYS.matcher(message).find()) {
			return "~";
		}
		Matcher command = COMMAND.matcher(message);
		if (command.find()) {
			return "+" + command.group(1).toLowerCase(Locale.ROOT);
		}
		if (script == null || !message.contains("can't run this command")) {
			return null;
		}
		// Redis 7.0 and older ones do not name it, but where in the script it is, unless
		// the script has caught the error.
		Matcher line = SCRIPT_LINE.matcher(message);
		String called = line.find() ? script.commandAt(Integer.parseInt(line.group(1))) : script.caughtCommand();
		return (called != null) ? "+" + called.toLowerCase(Locale.ROOT) : null;
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
		StringBuilder text = new StringBuilder();
		Throwable cause = cause(ex);
		for (int depth = 0; cause != null && depth < 6; depth++, cause = cause.getCause()) {
			append(text, cause);
		}
		// What a node of a cluster answered is in none of these.
		causes(ex).stream()
			.filter(RedisCommandExecutionException.class::isInstance)
			.findFirst()
			.ifPresent((refusal) -> append(text, refusal));
		String cure = cureOfTls(ex);
		return (text.isEmpty() ? ex.getClass().getSimpleName() : LogKeys.line(text.toString()))
				+ ((cure != null) ? "; " + cure : "");
	}

	/**
	 * Errors of TLS say what the matter is, and not with whom.
	 */
	private static @Nullable String cureOfTls(Throwable ex) {
		List<Throwable> causes = causes(ex);
		if (causes.stream().anyMatch(CertificateException.class::isInstance)) {
			return "Redis' certificate is not accepted: it must be for the name that you connect by, must not have "
					+ "expired, and its authority must be in the bundle of 'spring.data.redis.ssl.bundle'";
		}
		if (causes.stream().anyMatch((cause) -> CLIENT_CERTIFICATE.matcher("" + cause.getMessage()).find())) {
			return "Redis asks for a certificate of the client, and does not get one that it accepts: add it to the "
					+ "bundle of 'spring.data.redis.ssl.bundle'";
		}
		return causes.stream().anyMatch(NotSslRecordException.class::isInstance)
				? "Redis does not speak TLS at this port: see 'spring.data.redis.ssl.enabled'" : null;
	}

	private static void append(StringBuilder text, Throwable cause) {
		String message = readable(cause.getMessage());
		if (message != null && text.indexOf(message) < 0) {
			text.append(text.isEmpty() ? "" : ": ").append(message);
		}
	}

	/**
	 * A server that does not know a command repeats what it was given: a password, say.
	 * The driver shows in its addresses the user, and how long the password is; and of
	 * one that it has not looked up itself that it is so. An error within a script says
	 * where that was: the same error would be another in each of them.
	 */
	private static @Nullable String readable(@Nullable String message) {
		int arguments = (message != null) ? message.indexOf(", with args beginning with") : -1;
		String kept = (message != null && arguments >= 0) ? message.substring(0, arguments) : message;
		return (kept != null) ? USER_INFO.matcher(PLACE.matcher(kept).replaceAll("").replace("/<unresolved>", ""))
			.replaceAll("$1")
			.strip() : null;
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
			super("The cache does not use Redis at the moment", null, false, false);
		}

	}

}
