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

package dev.cachestarter.autoconfigure;

import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.data.redis.autoconfigure.DataRedisProperties;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.Environment;
import org.springframework.core.env.PropertySource;
import org.springframework.util.StringUtils;

/**
 * Where Redis is and how to log in, as far as {@code REDIS_URL}, or {@code REDIS_HOST},
 * {@code REDIS_PORT} and {@code REDIS_PASSWORD}, tell. They are read as properties, so
 * that an imported {@code .env} file counts as the environment does.
 *
 * @param host the host, {@code null} if not told
 * @param port the port, {@code null} if not told
 * @param username the user, {@code null} if not told
 * @param password the password, {@code null} if not told
 * @param database the index of the database, {@code null} if not told
 * @param ssl whether the connection is to be encrypted
 */
record RedisVariables(@Nullable String host, @Nullable Integer port, @Nullable String username,
		@Nullable String password, @Nullable Integer database, boolean ssl) {

	private static final String URL = "REDIS_URL";

	private static final String HOST = "REDIS_HOST";

	private static final String PORT = "REDIS_PORT";

	private static final String PASSWORD = "REDIS_PASSWORD";

	// Not java.net.URI: it knows no host with an underscore, and quotes what it rejects.
	private static final Pattern URL_PATTERN = Pattern.compile(
			"(?<scheme>rediss?)://((?<user>.*)@)?(?<host>\\[[0-9a-fA-F:.]+]|[^:/?#@\\s]+)(:(?<port>\\d+))?(/(?<database>\\d*))?([?#].*)?");

	/**
	 * Return whether any of the variables tells something.
	 * @param environment where they are looked up
	 * @return whether there is something to read
	 */
	static boolean present(Environment environment) {
		return StringUtils.hasText(valueOf(environment, URL)) || StringUtils.hasText(valueOf(environment, HOST))
				|| StringUtils.hasText(valueOf(environment, PASSWORD)) || portOf(environment) != null;
	}

	/**
	 * Return whether {@code spring.data.redis.*} says where Redis is, in which case the
	 * variables are not asked.
	 * @param environment where the properties are looked up
	 * @return whether it does
	 */
	static boolean overridden(Environment environment) {
		Binder binder = Binder.get(environment);
		if (binder.bind("spring.data.redis.host", String.class).isBound()) {
			return true;
		}
		return binder.bind("spring.data.redis", DataRedisProperties.class)
			.map((properties) -> properties.getUrl() != null || properties.getSentinel() != null
					|| properties.getCluster() != null || properties.getMasterreplica() != null)
			.orElse(false);
	}

	/**
	 * Read the variables. A URL that has no password is completed by
	 * {@code REDIS_PASSWORD}; host and port then are the URL's.
	 * @param environment where they are looked up
	 * @return what they tell
	 * @throws CacheConfigurationException if one of them makes no sense
	 */
	static RedisVariables read(Environment environment) {
		String url = valueOf(environment, URL);
		String password = textOrNull(valueOf(environment, PASSWORD));
		if (StringUtils.hasText(url)) {
			return parse(url.strip(), password);
		}
		Integer port = portOf(environment);
		return new RedisVariables(textOrNull(valueOf(environment, HOST)), (port != null) ? valid(PORT, port) : null,
				null, password, null, false);
	}

	private static RedisVariables parse(String url, @Nullable String otherPassword) {
		Matcher matcher = URL_PATTERN.matcher(url);
		if (!matcher.matches()) {
			throw new CacheConfigurationException(
					"'REDIS_URL' is no URL of a Redis server (it is not shown, since it may hold a password)",
					"Set it to redis://user:password@host:6379/0, or rediss:// for TLS. Sentinel and cluster are set "
							+ "by 'spring.data.redis.sentinel.*' and 'spring.data.redis.cluster.*'.");
		}
		String port = matcher.group("port");
		String database = textOrNull(matcher.group("database"));
		String username = null;
		String password = otherPassword;
		String user = matcher.group("user");
		if (StringUtils.hasText(user)) {
			int colon = user.indexOf(':');
			username = (colon > 0) ? decode(user.substring(0, colon)) : null;
			password = textOrNull(decode(user.substring(colon + 1)));
		}
		return new RedisVariables(unbracketed(matcher.group("host")), (port != null) ? valid(URL, number(port)) : 6379,
				username, password, (database != null) ? number(database) : null,
				matcher.group("scheme").equals("rediss"));
	}

	private static String decode(String text) {
		try {
			return StringUtils.uriDecode(text, StandardCharsets.UTF_8);
		}
		catch (IllegalArgumentException ex) {
			// A password with a percent sign that was never encoded.
			return text;
		}
	}

	private static String unbracketed(String host) {
		return host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
	}

	/**
	 * Kubernetes sets {@code REDIS_PORT=tcp://10.0.0.1:6379} for a service that is named
	 * redis, which tells nothing that was meant for us.
	 */
	private static @Nullable Integer portOf(Environment environment) {
		String port = valueOf(environment, PORT);
		return (port != null && port.strip().matches("\\d+")) ? number(port.strip()) : null;
	}

	private static int number(String digits) {
		return (digits.length() < 10) ? Integer.parseInt(digits) : Integer.MAX_VALUE;
	}

	private static int valid(String variable, int port) {
		if (port < 1 || port > 65535) {
			throw new CacheConfigurationException("'%s' has the port %d".formatted(variable, port),
					"Set it to a port from 1 to 65535, such as 6379.");
		}
		return port;
	}

	/**
	 * Return a variable. In a <code>.env</code> file, which shells and tools read in
	 * their own ways, a blank and a number sign behind a value begin a comment.
	 */
	private static @Nullable String valueOf(Environment environment, String variable) {
		String value = environment.getProperty(variable);
		if (value == null || !(environment instanceof ConfigurableEnvironment configurable)) {
			return value;
		}
		for (PropertySource<?> source : configurable.getPropertySources()) {
			if (!ConfigurationPropertySources.isAttachedConfigurationPropertySource(source)
					&& source.containsProperty(variable)) {
				return source.getName().contains(".env") ? value.replaceFirst("(^|\\s+)#.*$", "").strip() : value;
			}
		}
		return value;
	}

	private static @Nullable String textOrNull(@Nullable String text) {
		return StringUtils.hasText(text) ? text : null;
	}

	/**
	 * Never shows the password.
	 */
	@Override
	public String toString() {
		return (this.ssl ? "rediss://" : "redis://") + this.host + ":" + this.port;
	}

}
