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

package dev.cachestarter.diagnosis;

import java.lang.reflect.Type;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

import org.jspecify.annotations.Nullable;

import org.springframework.data.redis.serializer.RedisSerializationContext.SerializationPair;
import org.springframework.util.unit.DataSize;

import dev.cachestarter.CacheControl;
import dev.cachestarter.CacheSettings;
import dev.cachestarter.NearSettings;

/**
 * A setting that is in force.
 *
 * @param value its value, as it is written in a file
 * @param from where it comes from: a property, a bean, or what is built in
 */
public record Setting(@Nullable Object value, String from) {

	/** Where that comes from which the endpoint or {@code CacheService} has changed. */
	public static final String RUN_TIME = "run time";

	/**
	 * Return all settings of a cache.
	 * @param settings the settings in force
	 * @param origins where those come from that are configured, by name
	 * @param control what was changed at run time
	 * @return each by its name, as in {@code cache-starter.defaults}
	 */
	public static Map<String, Setting> all(CacheSettings settings, Map<String, String> origins, CacheControl control) {
		Map<String, Setting> all = new LinkedHashMap<>();
		all.put("enabled", new Setting(control.isEnabled(), control.isEnabled() ? SettingOrigins.BUILT_IN : RUN_TIME));
		all.put("bypass", new Setting(control.bypass(), (control.bypass() == 0) ? SettingOrigins.BUILT_IN : RUN_TIME));
		configured(settings, origins).forEach(all::put);
		if (control.ttl() != null) {
			all.computeIfPresent("ttl", (name, setting) -> new Setting(setting.value(), RUN_TIME));
			all.computeIfPresent("null-ttl", (name, setting) -> settings.nullTtl().equals(control.ttl())
					? new Setting(setting.value(), RUN_TIME) : setting);
		}
		return Collections.unmodifiableMap(all);
	}

	private static Map<String, Setting> configured(CacheSettings settings, Map<String, String> origins) {
		Map<String, Object> values = new LinkedHashMap<>();
		values.put("ttl", text(settings.ttl()));
		values.put("ttl-jitter", settings.ttlJitter());
		values.put("null-ttl", text(settings.nullTtl()));
		values.put("coalesce", settings.coalesce().name().toLowerCase(Locale.ROOT));
		values.put("load-wait", text(settings.loadWait()));
		values.put("lease", text(settings.lease()));
		values.put("load-lease-limit", text(settings.loadLeaseLimit()));
		values.put("load-timeout", text(settings.loadTimeout()));
		values.put("stale-if-error", text(settings.staleIfError()));
		values.put("stale-retry", text(settings.staleRetry()));
		values.put("refresh-ahead", settings.refreshAheadAuto() ? "auto" : text(settings.refreshAhead()));
		values.put("compress-above", text(settings.compressAbove()));
		values.put("max-value-size", text(settings.maxValueSize()));
		NearSettings near = settings.near();
		values.put("near.mode", near.mode().name().toLowerCase(Locale.ROOT));
		values.put("near.max-entries", near.maxEntries());
		values.put("near.max-size", text(near.maxSize()));
		values.put("near.ttl", text(near.ttl()));
		values.put("near.copy", near.copy());
		values.put("near.serve-while-disconnected", text(near.serveWhileDisconnected()));
		values.put("verify", settings.verify());
		Type type = settings.type();
		values.put("type", (type != null) ? type.getTypeName() : "inferred");
		SerializationPair<?> serializer = settings.valueSerializer();
		values.put("value-serializer", (serializer != null) ? "the application's" : "typed JSON");
		Map<String, Setting> all = new LinkedHashMap<>();
		values.forEach((name, value) -> all.put(name,
				new Setting(value, origins.getOrDefault(name, SettingOrigins.BUILT_IN))));
		return all;
	}

	private static String text(Duration duration) {
		if (duration.toMillis() % 1000 != 0) {
			return duration.toMillis() + "ms";
		}
		long seconds = duration.toSeconds();
		if (seconds % 60 != 0 || seconds == 0) {
			return seconds + "s";
		}
		return (seconds % 3600 != 0) ? seconds / 60 + "m" : seconds / 3600 + "h";
	}

	private static String text(DataSize size) {
		long bytes = size.toBytes();
		if (bytes == 0 || bytes % 1024 != 0) {
			return bytes + "B";
		}
		return (bytes % (1024 * 1024) != 0) ? bytes / 1024 + "KB" : bytes / (1024 * 1024) + "MB";
	}

}
