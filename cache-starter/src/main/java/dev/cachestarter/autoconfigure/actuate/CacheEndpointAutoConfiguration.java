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

package dev.cachestarter.autoconfigure.actuate;

import java.util.List;
import java.util.Map;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.actuate.autoconfigure.endpoint.condition.ConditionalOnAvailableEndpoint;
import org.springframework.boot.actuate.autoconfigure.endpoint.expose.EndpointExposure;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnSingleCandidate;
import org.springframework.context.annotation.Bean;

import dev.cachestarter.CacheReport;
import dev.cachestarter.actuate.CacheStarterEndpoint;
import dev.cachestarter.actuate.CacheStarterEndpointWebExtension;
import dev.cachestarter.cache.ResilientRedisCacheManager;
import dev.cachestarter.diagnosis.Doctor;
import dev.cachestarter.diagnosis.SettingOrigins;

/**
 * {@link EnableAutoConfiguration Auto-configuration} of the endpoint
 * {@code cachestarter}.
 *
 * @since 0.1.0
 */
@AutoConfiguration(afterName = "dev.cachestarter.autoconfigure.CacheStarterAutoConfiguration")
@ConditionalOnClass({ Endpoint.class, ConditionalOnAvailableEndpoint.class })
@ConditionalOnSingleCandidate(ResilientRedisCacheManager.class)
@ConditionalOnAvailableEndpoint(CacheStarterEndpoint.class)
public final class CacheEndpointAutoConfiguration {

	@Bean
	@ConditionalOnMissingBean
	CacheStarterEndpoint cacheStarterEndpoint(ResilientRedisCacheManager manager,
			ObjectProvider<SettingOrigins> origins, ObjectProvider<CacheReport> report, ObjectProvider<Doctor> doctor) {
		return new CacheStarterEndpoint(manager, origins.getIfAvailable(() -> new SettingOrigins((name) -> Map.of())),
				report.getIfAvailable(() -> List::of), doctor.getIfAvailable());
	}

	@Bean
	@ConditionalOnMissingBean
	@ConditionalOnBean(CacheStarterEndpoint.class)
	@ConditionalOnAvailableEndpoint(exposure = EndpointExposure.WEB)
	CacheStarterEndpointWebExtension cacheStarterEndpointWebExtension(CacheStarterEndpoint endpoint) {
		return new CacheStarterEndpointWebExtension(endpoint);
	}

}
