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

package dev.cachestarter.engine.redis;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.LongSupplier;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import dev.cachestarter.engine.connection.RedisErrors;
import dev.cachestarter.engine.connection.Script;
import dev.cachestarter.engine.key.LogKeys;
import dev.cachestarter.engine.monitor.RedisOperation;

/**
 * What is said of the link in the log: a change of its state, once.
 */
final class LinkReport {

	private static final Log logger = LogFactory.getLog("dev.cachestarter");

	/** What a greeting asks for, and can do without. */
	private static final Set<String> GREETING = Set.of("+info", "+time", "+cluster|info");

	/** Far more than there are rights. */
	private static final int MOST = 100;

	private static final long PAUSE = TimeUnit.MINUTES.toNanos(1);

	private static final String LOGIN = "check spring.data.redis.username and password (or REDIS_PASSWORD and REDIS_URL, if they say it), "
			+ "and the rights of that user";

	private final String display;

	private final LongSupplier clock;

	private final Refusals refusals;

	/** What was last said to be wrong, {@code null} while there is nothing to say. */
	private volatile @Nullable String reported;

	/** What was said already not to be permitted: rights, and the login. */
	private final Set<String> refusalsReported = ConcurrentHashMap.newKeySet();

	/** When each of these was last said. */
	private final Map<String, Long> saidAt = new ConcurrentHashMap<>();

	/** The same of what is merely good to know: once is enough. */
	private final Set<String> missesReported = ConcurrentHashMap.newKeySet();

	private volatile Function<byte[], String> patterns = (key) -> "~*";

	/**
	 * Create a report.
	 * @param display where Redis is, in words
	 * @param clock the time in nanoseconds
	 */
	LinkReport(String display, LongSupplier clock) {
		this.display = display;
		this.clock = clock;
		this.refusals = new Refusals(clock);
	}

	/**
	 * Return what was last said to be wrong.
	 * @return {@code null} while nothing is, and before the first attempt to connect
	 */
	@Nullable String problem() {
		return this.reported;
	}

	/**
	 * Return what Redis refuses at present.
	 */
	Refusals refusals() {
		return this.refusals;
	}

	boolean isAnythingRefused() {
		return !this.refusals.isEmpty();
	}

	/**
	 * Say that Redis cannot be used, once until it can.
	 */
	void failed(String error) {
		boolean news = this.reported == null;
		this.reported = error;
		if (news) {
			logger.warn("Cache service Redis error: " + error + " [" + this.display
					+ "]; the application goes on without its cache");
		}
	}

	void namePatternsBy(Function<byte[], String> patterns) {
		this.patterns = patterns;
	}

	/**
	 * Say, once until it is permitted or the link is back, what only a human can put
	 * right.
	 * @param ex what Redis refused
	 * @param parcel the command that was refused
	 * @param server the server that has its keys
	 */
	void refused(Throwable ex, Parcel<?> parcel, Object server) {
		Script script = parcel.script();
		String missing = RedisErrors.missingRight(ex, script);
		Right right = Right.of(missing);
		if (missing != null && !right.isNeeded()) {
			missed(missing, right);
			return;
		}
		boolean isOfKeys = "~".equals(missing);
		List<String> names = (missing == null) ? List.of("") : isOfKeys ? patternsOf(parcel.keys()) : List.of(missing);
		String error = RedisErrors.describe(ex);
		this.refusals.add(new Refusals.Command(parcel.what(), server, isOfKeys ? Set.copyOf(names) : Set.of()),
				Refusals.Reason.RIGHT, (missing == null) ? error : error + "; " + lacking(names), names);
		if (missing != null && GREETING.contains(missing)) {
			missed(missing, right);
			return;
		}
		List<String> news = names.stream().filter(this::isNews).toList();
		if (!news.isEmpty()) {
			logger.error("Cache service Redis error: " + error + " [" + this.display + "]; "
					+ ((missing == null) ? LOGIN : lacking(news, right)));
		}
	}

	/**
	 * Say, once until the link is back, that Redis does not let us log in.
	 */
	void refusedLogin(Throwable ex) {
		String error = RedisErrors.describe(ex);
		String missing = RedisErrors.missingRight(ex, null);
		this.refusals.add(new Refusals.Command(Refusals.Reason.LOGIN, "", Set.of()), Refusals.Reason.LOGIN, error,
				List.of());
		if (isNews((missing != null) ? missing : "")) {
			logger.error("Cache service Redis error: " + error + " [" + this.display + "]; "
					+ ((missing == null) ? LOGIN : lacking(List.of(missing), Right.of(missing))));
		}
	}

	/**
	 * Take note that Redis is in no state to do what it was asked for.
	 * @param ex what it answered
	 * @param parcel the command that was refused
	 * @param server the server that has its keys
	 */
	void unable(Throwable ex, Parcel<?> parcel, Object server) {
		this.refusals.add(new Refusals.Command(parcel.what(), server, Set.of()),
				RedisErrors.isOutOfMemory(ex) ? Refusals.Reason.MEMORY : Refusals.Reason.STATE,
				RedisErrors.describe(ex), List.of());
	}

	/**
	 * Take note that Redis has done what it was asked for, and say so of what it had
	 * refused for want of a right.
	 * @param parcel the command
	 * @param server the server that has its keys
	 * @param answer what it answered
	 */
	void done(Parcel<?> parcel, Object server, @Nullable Object answer) {
		Script script = parcel.script();
		if (script != null && !script.isDone(answer)) {
			return;
		}
		Set<String> patterns = (parcel.keys().length > 0) ? Set.copyOf(patternsOf(parcel.keys())) : Set.of();
		Set<String> permitted = this.refusals.done(new Refusals.Command(parcel.what(), server, patterns),
				(script != null) ? script.sure() : Set.of(rightTo(parcel.what())),
				(script != null) ? script.unsure() : Set.of());
		if (script != null && script.operation() == RedisOperation.FILL) {
			this.refusals.stored(server);
		}
		List<String> news = permitted.stream().filter(this.refusalsReported::remove).sorted().toList();
		if (!news.isEmpty()) {
			logger.info("Cache service: Redis permits again what it had refused ("
					+ ((news.contains("")) ? "an unknown command" : String.join(", ", news)) + ") [" + this.display
					+ "]");
		}
	}

	/** A command may be followed by the server that it is sent to. */
	private static String rightTo(Object command) {
		return "+" + command.toString().split(" ", 2)[0].toLowerCase(Locale.ROOT);
	}

	/** Also what comes and goes is said once a minute at most. */
	private boolean isNews(String refusal) {
		long now = this.clock.getAsLong();
		Long said = this.saidAt.get(refusal);
		if ((said != null && now - said < PAUSE) || this.refusalsReported.size() >= MOST
				|| !this.refusalsReported.add(refusal)) {
			return false;
		}
		if (this.saidAt.size() >= MOST) {
			this.saidAt.clear();
		}
		this.saidAt.put(refusal, now);
		return true;
	}

	/**
	 * Say once that Redis refuses what is merely good to know.
	 */
	void missed(Throwable ex) {
		String missing = RedisErrors.missingRight(ex, null);
		Right right = Right.of(missing);
		if (missing != null && right.isKnown()) {
			missed(missing, right);
		}
	}

	private void missed(String missing, Right right) {
		if (this.missesReported.size() < MOST && this.missesReported.add(missing)) {
			String text = lacking(List.of(missing), right) + " [" + this.display + "]";
			if (right.isNeeded()) {
				logger.error("Cache service Redis error: " + text);
			}
			else {
				logger.warn("Cache service: " + text);
			}
		}
	}

	/**
	 * Say once what a greeting was refused, and again if it was answered in between.
	 */
	void greeted(List<Throwable> refused) {
		List<String> missing = refused.stream()
			.map((ex) -> RedisErrors.missingRight(ex, null))
			.filter(Objects::nonNull)
			.toList();
		this.missesReported.removeIf((name) -> GREETING.contains(name) && !missing.contains(name));
		refused.forEach(this::missed);
	}

	private static String lacking(List<String> names) {
		return "the Redis user lacks the right '" + String.join("' or '", names) + "'";
	}

	private static String lacking(List<String> names, Right right) {
		return lacking(names) + ": without it " + right.without()
				+ ". Grant it with ACL SETUSER; docs/security.md lists what is needed";
	}

	private List<String> patternsOf(byte[]... keys) {
		return (keys.length > 0)
				? Arrays.stream(keys).map(this.patterns).map(LogKeys::name).distinct().sorted().toList() : List.of("~");
	}

	/**
	 * Forget what was said: it is over.
	 */
	void recovered() {
		this.reported = null;
		this.refusals.clear();
		this.refusalsReported.clear();
		this.saidAt.clear();
	}

	/**
	 * Say that Redis can be used for the first time.
	 */
	void connected() {
		logger.info("Cache service connected to Redis [" + this.display + "]");
	}

}
