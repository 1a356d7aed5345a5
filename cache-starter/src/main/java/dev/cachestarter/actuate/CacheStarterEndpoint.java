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

package dev.cachestarter.actuate;

import java.security.Principal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import org.springframework.boot.actuate.endpoint.Access;
import org.springframework.boot.actuate.endpoint.InvalidEndpointRequestException;
import org.springframework.boot.actuate.endpoint.OperationResponseBody;
import org.springframework.boot.actuate.endpoint.SecurityContext;
import org.springframework.boot.actuate.endpoint.annotation.DeleteOperation;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.annotation.Selector;
import org.springframework.boot.actuate.endpoint.annotation.WriteOperation;

import dev.cachestarter.CacheControl;
import dev.cachestarter.CacheReport;
import dev.cachestarter.CacheSnapshot;
import dev.cachestarter.cache.ResilientRedisCache;
import dev.cachestarter.cache.ResilientRedisCacheManager;
import dev.cachestarter.cache.call.MethodTtl;
import dev.cachestarter.diagnosis.CacheCondition;
import dev.cachestarter.diagnosis.Doctor;
import dev.cachestarter.diagnosis.KeyBrowser;
import dev.cachestarter.diagnosis.LoadTimes;
import dev.cachestarter.diagnosis.Setting;
import dev.cachestarter.diagnosis.SettingOrigins;
import dev.cachestarter.engine.key.KeyPattern;
import dev.cachestarter.engine.redis.TrackingCondition;
import dev.cachestarter.engine.redis.TrackingLink;
import dev.cachestarter.engine.monitor.NearSize;
import dev.cachestarter.engine.key.LogKeys;

/**
 * {@link Endpoint} that shows what the cache does and why: how it is, the settings in
 * force and where they come from, what has been counted, and keys. With write access it
 * evicts, and changes how this instance uses a cache. It shows keys and never values.
 *
 * @since 0.1.0
 */
@Endpoint(id = "cachestarter", defaultAccess = Access.READ_ONLY)
public class CacheStarterEndpoint {

	private static final Log logger = LogFactory.getLog("dev.cachestarter");

	private static final int USUAL_LIMIT = 100;

	private static final int HIGHEST_LIMIT = 1000;

	private final ResilientRedisCacheManager manager;

	private final SettingOrigins origins;

	private final CacheReport report;

	private final KeyBrowser browser;

	private final @Nullable Doctor doctor;

	private final LoadTimes loadTimes = new LoadTimes();

	/**
	 * Create an endpoint.
	 * @param manager the manager of the caches
	 * @param origins where their settings come from
	 * @param report knows the methods that use them
	 * @param doctor knows what will hurt them, {@code null} if nobody does
	 */
	public CacheStarterEndpoint(ResilientRedisCacheManager manager, SettingOrigins origins, CacheReport report,
			@Nullable Doctor doctor) {
		this.doctor = doctor;
		this.manager = manager;
		this.origins = origins;
		this.report = report;
		this.browser = new KeyBrowser(manager);
		manager.engine().monitors().attach(this.loadTimes);
	}

	/**
	 * Return how the cache is, and all caches. Redis is not asked.
	 * @return the description
	 */
	@ReadOperation
	public CacheStarterDescriptor cacheStarter() {
		Map<String, CacheDescriptor> caches = new LinkedHashMap<>();
		for (String name : new TreeSet<>(this.manager.getCacheNames())) {
			CacheDescriptor cache = describe(name);
			if (cache != null) {
				caches.put(name, cache);
			}
		}
		return new CacheStarterDescriptor(!this.manager.isSwitchedOff(), LinkDescriptor.of(this.manager),
				(this.doctor != null) ? this.doctor.last() : null, this.manager.getKeyPrefix(), caches);
	}

	/**
	 * Return one cache, and keys of it if they are asked for.
	 * @param cache the name of the cache
	 * @param group asks for the keys whose first segment this is
	 * @param pattern asks for the keys that match this glob
	 * @param cursor the cursor of the page before
	 * @param limit after how many keys a page ends
	 * @return the description, {@code null} if there is no such cache
	 * @throws InvalidEndpointRequestException if what is asked for contradicts itself
	 */
	@ReadOperation
	public @Nullable CacheDescriptor cache(@Selector String cache, @Nullable String group, @Nullable String pattern,
			@Nullable String cursor, @Nullable Integer limit) {
		CacheDescriptor found = describe(cache);
		if (found == null || (group == null && pattern == null)) {
			return found;
		}
		int size = (limit != null) ? limit : USUAL_LIMIT;
		if (size < 1 || size > HIGHEST_LIMIT) {
			throw invalid("'limit' cannot be " + size + ": set it to a number from 1 to " + HIGHEST_LIMIT);
		}
		try {
			return found.with(this.browser.page(cache, pattern(group, pattern), cursor, size));
		}
		catch (IllegalArgumentException ex) {
			throw invalid(String.valueOf(ex.getMessage()));
		}
	}

	/**
	 * Evict a key, the keys of a group, or those that match a pattern, and log who did
	 * it.
	 * @param cache the name of the cache
	 * @param key the key, as {@link #cache} shows it
	 * @param group the first segment of the keys
	 * @param pattern a glob against keys within the cache
	 * @param securityContext knows who asks
	 * @return what was evicted, {@code null} if there is no such cache
	 * @throws InvalidEndpointRequestException if it is not exactly one of them
	 */
	@DeleteOperation
	public @Nullable EvictionDescriptor evict(@Selector String cache, @Nullable String key, @Nullable String group,
			@Nullable String pattern, SecurityContext securityContext) {
		ResilientRedisCache found = find(cache);
		if (found == null) {
			return null;
		}
		if (key != null && (group != null || pattern != null)) {
			throw invalid("Name a 'key', a 'group' or a 'pattern', and not several of them");
		}
		if (key != null) {
			this.manager.getCacheService().delete(cache + ":" + key);
		}
		else {
			found.clear(pattern(group, pattern).glob());
		}
		String kind = (key != null) ? "key " : (group != null) ? "group " : "pattern ";
		String text = (key != null) ? key : (group != null) ? group : String.valueOf(pattern);
		log(cache, kind + this.manager.engine().layout().logKeys().nameOf(null, text), who(securityContext));
		return new EvictionDescriptor(cache, kind + text, CacheCondition.of(this.manager).pendingEvictions());
	}

	/**
	 * Evict what carries a tag, in every cache, and log who did it.
	 * @param tag the tag
	 * @param securityContext knows who asks
	 * @return what was evicted
	 * @throws InvalidEndpointRequestException if it is blank
	 */
	@DeleteOperation
	public EvictionDescriptor evictTag(String tag, SecurityContext securityContext) {
		try {
			this.manager.getCacheService().evictTag(tag);
		}
		catch (IllegalArgumentException ex) {
			throw invalid(String.valueOf(ex.getMessage()));
		}
		log("*", "tag " + this.manager.engine().layout().logKeys().nameOf(null, tag), who(securityContext));
		return new EvictionDescriptor("*", "tag " + tag, CacheCondition.of(this.manager).pendingEvictions());
	}

	/**
	 * Switch a cache of this instance off or on, have a share of the calls bypass it, or
	 * change its time to live, until the application ends, and log who did it. What is
	 * not named stays as it is.
	 * @param cache the name of the cache
	 * @param enabled {@code true} or {@code false}
	 * @param bypass the share of calls that bypass it, from 0 to 1
	 * @param ttl the time to live of what is stored from now on, with its unit
	 * @param reset {@code true} to follow the settings again, but for what else is named
	 * @param securityContext knows who asks
	 * @return the description of the cache, {@code null} if there is no such cache
	 * @throws InvalidEndpointRequestException if nothing is named, or a value is none
	 */
	@WriteOperation
	public @Nullable CacheDescriptor control(@Selector String cache, @Nullable String enabled, @Nullable String bypass,
			@Nullable String ttl, @Nullable String reset, SecurityContext securityContext) {
		ResilientRedisCache found = find(cache);
		if (found == null) {
			return null;
		}
		if (enabled == null && bypass == null && ttl == null && reset == null) {
			throw invalid("Name 'enabled' (true or false), 'bypass' (a share of the calls from 0 to 1), "
					+ "'ttl' (such as 30s), or 'reset' (true), as in {\"enabled\": false}");
		}
		try {
			CacheControl control = (reset != null && isTrue("reset", reset)) ? CacheControl.asConfigured()
					: found.getControl();
			control = (enabled != null) ? control.withEnabled(isTrue("enabled", enabled)) : control;
			control = (bypass != null) ? control.withBypass(share(bypass)) : control;
			control = (ttl != null)
					? control.withTtl(MethodTtl.duration(ttl.strip(), "'ttl' cannot be '" + ttl + "': it")) : control;
			found.setControl(control, who(securityContext) + " through the endpoint");
		}
		catch (IllegalArgumentException ex) {
			throw invalid(String.valueOf(ex.getMessage()));
		}
		return describe(cache);
	}

	private static boolean isTrue(String name, String text) {
		return switch (text.strip()) {
			case "true" -> true;
			case "false" -> false;
			default -> throw new IllegalArgumentException(
					"'%s' cannot be '%s': set it to true or false".formatted(name, text));
		};
	}

	private static double share(String text) {
		try {
			return Double.parseDouble(text);
		}
		catch (NumberFormatException ex) {
			throw new IllegalArgumentException(
					"'bypass' cannot be '%s': set it to a share of the calls from 0 to 1, such as 0.1".formatted(text),
					ex);
		}
	}

	private static void log(String cache, String what, String who) {
		String text = LogKeys.name(cache) + " (" + what + ", by: " + who + ")";
		logger.info("Cache INVALIDATE through the endpoint - " + text);
	}

	private static String who(SecurityContext securityContext) {
		Principal principal = securityContext.getPrincipal();
		return (principal != null) ? LogKeys.name(String.valueOf(principal.getName())) : "nobody who is known";
	}

	/**
	 * Return the names of the caches.
	 */
	TreeSet<String> names() {
		return new TreeSet<>(this.manager.getCacheNames());
	}

	private static KeyPattern pattern(@Nullable String group, @Nullable String pattern) {
		if (group != null && pattern != null) {
			throw invalid("Name a 'group' or a 'pattern', and not both");
		}
		if (group != null && !group.isEmpty()) {
			return KeyPattern.ofGroup(group);
		}
		if (pattern == null || pattern.isEmpty()) {
			throw invalid("Name a 'key', a 'group' or a 'pattern': '*' stands for every key of the cache");
		}
		return KeyPattern.of(pattern);
	}

	private static InvalidEndpointRequestException invalid(String message) {
		return new InvalidEndpointRequestException(message, message);
	}

	/** A name that nobody knows must not make a cache. */
	private @Nullable ResilientRedisCache find(String name) {
		return (this.manager.getCacheNames().contains(name)
				&& this.manager.getCache(name) instanceof ResilientRedisCache cache) ? cache : null;
	}

	private @Nullable CacheDescriptor describe(String name) {
		ResilientRedisCache cache = find(name);
		if (cache == null) {
			return null;
		}
		List<String> methods = new ArrayList<>();
		Map<String, String> ttls = new LinkedHashMap<>();
		for (CacheReport.CachedMethod method : this.report.methods()) {
			if (method.caches().contains(name)) {
				methods.add(method.method());
				if (method.ttl() != null) {
					ttls.put(method.method(), method.ttl());
				}
			}
		}
		return new CacheDescriptor(Setting.all(cache.getSettings(), this.origins.of(name), cache.getControl()),
				cache.getCounters(), this.manager.engine().monitors().near(name), this.loadTimes.of(name), methods,
				ttls, null);
	}

	/**
	 * All that the endpoint shows.
	 *
	 * @param enabled whether the cache is switched on
	 * @param redis how Redis is to the cache
	 * @param doctor what hurts it, or will, as of the last look
	 * @param keyPrefix what every key begins with
	 * @param caches the caches by name
	 */
	public record CacheStarterDescriptor(boolean enabled, LinkDescriptor redis, Doctor.@Nullable Examination doctor,
			String keyPrefix, Map<String, CacheDescriptor> caches) implements OperationResponseBody {

	}

	/**
	 * How Redis is to the cache.
	 *
	 * @param address where it is
	 * @param connected whether it is used at present
	 * @param state {@code well}, {@code refused}, {@code memory-full},
	 * {@code unreachable}, {@code breaker-open} or {@code stopped}
	 * @param lasting for how long it has been used, or not used
	 * @param degraded whether the application runs without its cache, or without a part
	 * of it
	 * @param reasons why
	 * @param pendingEvictions how many evictions Redis has not acknowledged
	 * @param oldestPendingEviction for how long the oldest of them is pending
	 * @param tracking whether Redis tells what changes, {@code null} if no cache has a
	 * use for it
	 */
	public record LinkDescriptor(String address, boolean connected, String state, Duration lasting, boolean degraded,
			List<String> reasons, int pendingEvictions, @Nullable Duration oldestPendingEviction,
			@Nullable TrackingDescriptor tracking) {

		static LinkDescriptor of(ResilientRedisCacheManager manager) {
			CacheCondition condition = CacheCondition.of(manager);
			TrackingLink tracking = manager.engine().tracking();
			return new LinkDescriptor(condition.redis(), condition.link().isUp(), lowerCase(condition.link().kind()),
					condition.link().lasting(), condition.isDegraded(), condition.reasons(),
					condition.pendingEvictions(), condition.oldestPending(),
					(tracking != null) ? TrackingDescriptor.of(tracking.condition()) : null);
		}

		private static String lowerCase(Enum<?> constant) {
			return constant.name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
		}

	}

	/**
	 * How Redis tells what changes, for near caches in mode {@code track}.
	 *
	 * @param state {@code good} if it tells everything; else {@code connecting},
	 * {@code proving}, {@code silent}, {@code refused} or {@code stopped}, and Redis is
	 * asked with each hit
	 * @param session the number of the session, which grows whenever one has ended
	 * @param sinceHeartbeat how long ago the last good heartbeat was sent, {@code null}
	 * if no session is good
	 * @param changes how many changes it has told of
	 * @param sessionsEnded how many sessions have ended, by why: {@code connection},
	 * {@code heartbeat}, {@code push}, {@code canary}, {@code topology},
	 * {@code replaced}, {@code clock}, {@code stopped} or {@code failure}
	 * @param error what was last said to be wrong, {@code null} if nothing is
	 */
	public record TrackingDescriptor(String state, long session, @Nullable Duration sinceHeartbeat, long changes,
			Map<String, Long> sessionsEnded, @Nullable String error) {

		static TrackingDescriptor of(TrackingCondition condition) {
			Map<String, Long> ended = new TreeMap<>();
			condition.ended().forEach((why, count) -> ended.put(LinkDescriptor.lowerCase(why), count));
			return new TrackingDescriptor(LinkDescriptor.lowerCase(condition.state()), condition.session(),
					condition.sinceHeartbeat(), condition.pushes(), ended, condition.error());
		}

	}

	/**
	 * One cache.
	 *
	 * @param settings the settings in force, by name, and where each comes from
	 * @param counters what happened in it since the start of this application
	 * @param near what is kept of its values in memory, {@code null} if nothing ever is
	 * @param loads how long its loads took
	 * @param methods the methods that use it
	 * @param methodTtls the TTLs that methods state, which go before that of the settings
	 * and after the {@code TtlPolicy} bean
	 * @param keys some of its keys, {@code null} if they were not asked for
	 */
	public record CacheDescriptor(Map<String, Setting> settings, CacheSnapshot.Counters counters,
			@Nullable NearSize near, LoadTimes.Summary loads, List<String> methods, Map<String, String> methodTtls,
			KeyBrowser.@Nullable Page keys) implements OperationResponseBody {

		CacheDescriptor with(KeyBrowser.Page page) {
			return new CacheDescriptor(this.settings, this.counters, this.near, this.loads, this.methods,
					this.methodTtls, page);
		}

	}

	/**
	 * An eviction.
	 *
	 * @param cache the name of the cache
	 * @param evicted what was evicted
	 * @param pendingEvictions how many evictions Redis has not acknowledged: 0 says that
	 * it has taken this one
	 */
	public record EvictionDescriptor(String cache, String evicted,
			int pendingEvictions) implements OperationResponseBody {

	}

}
