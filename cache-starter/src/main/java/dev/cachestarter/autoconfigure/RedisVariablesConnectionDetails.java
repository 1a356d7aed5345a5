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

import org.jspecify.annotations.Nullable;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.data.redis.autoconfigure.DataRedisConnectionDetails;
import org.springframework.boot.data.redis.autoconfigure.DataRedisProperties;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.SslBundles;
import org.springframework.util.StringUtils;

/**
 * {@link DataRedisConnectionDetails} from {@link RedisVariables}. What they do not tell
 * comes from {@code spring.data.redis.*}.
 */
final class RedisVariablesConnectionDetails implements DataRedisConnectionDetails {

	private final RedisVariables variables;

	private final DataRedisProperties properties;

	private final ObjectProvider<SslBundles> sslBundles;

	RedisVariablesConnectionDetails(RedisVariables variables, DataRedisProperties properties,
			ObjectProvider<SslBundles> sslBundles) {
		this.variables = variables;
		this.properties = properties;
		this.sslBundles = sslBundles;
	}

	@Override
	public @Nullable String getUsername() {
		return (this.variables.username() != null) ? this.variables.username() : this.properties.getUsername();
	}

	@Override
	public @Nullable String getPassword() {
		return (this.variables.password() != null) ? this.variables.password() : this.properties.getPassword();
	}

	@Override
	public Standalone getStandalone() {
		String host = this.variables.host();
		Integer port = this.variables.port();
		Integer database = this.variables.database();
		return Standalone.of((host != null) ? host : this.properties.getHost(),
				(port != null) ? port : this.properties.getPort(),
				(database != null) ? database : this.properties.getDatabase());
	}

	@Override
	public @Nullable SslBundle getSslBundle() {
		DataRedisProperties.Ssl ssl = this.properties.getSsl();
		if (!ssl.isEnabled() && !this.variables.ssl()) {
			return null;
		}
		String bundle = ssl.getBundle();
		return StringUtils.hasText(bundle) ? this.sslBundles.getObject().getBundle(bundle) : SslBundle.systemDefault();
	}

}
