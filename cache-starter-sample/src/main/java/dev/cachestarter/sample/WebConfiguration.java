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

package dev.cachestarter.sample;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

import org.jspecify.annotations.Nullable;

import org.springframework.context.annotation.Configuration;
import org.springframework.core.MethodParameter;
import org.springframework.http.HttpStatus;
import org.springframework.web.bind.support.WebDataBinderFactory;
import org.springframework.web.context.request.NativeWebRequest;
import org.springframework.web.method.support.HandlerMethodArgumentResolver;
import org.springframework.web.method.support.ModelAndViewContainer;
import org.springframework.web.server.ResponseStatusException;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;

/**
 * Teaches Spring MVC what {@link Tenant @Tenant} means.
 */
@Configuration(proxyBeanMethods = false)
class WebConfiguration implements WebMvcConfigurer {

	@Override
	public void addArgumentResolvers(List<HandlerMethodArgumentResolver> resolvers) {
		resolvers.add(new TenantResolver());
	}

	private static final class TenantResolver implements HandlerMethodArgumentResolver {

		@Override
		public boolean supportsParameter(MethodParameter parameter) {
			return parameter.hasParameterAnnotation(Tenant.class);
		}

		@Override
		public Object resolveArgument(MethodParameter parameter, @Nullable ModelAndViewContainer container,
				NativeWebRequest request, @Nullable WebDataBinderFactory binderFactory) {
			Set<String> named = new LinkedHashSet<>();
			add(named, request.getHeaderValues(Tenant.HEADER));
			add(named, request.getParameterValues(Tenant.PARAMETER));
			if (named.isEmpty()) {
				throw badRequest("Name the tenant, in the header '" + Tenant.HEADER + "' or the query parameter '"
						+ Tenant.PARAMETER + "'.");
			}
			if (named.size() > 1) {
				throw badRequest("Name one tenant: the request names " + named + ".");
			}
			String orgId = named.iterator().next();
			if (orgId.length() > 64 || !orgId.matches(Text.PRINTABLE)) {
				throw badRequest("The name of a tenant has at most 64 characters, none of them control characters.");
			}
			return orgId;
		}

		private static void add(Set<String> named, String @Nullable [] values) {
			for (String value : (values != null) ? values : new String[0]) {
				if (!value.isBlank()) {
					named.add(value.strip());
				}
			}
		}

		private static ResponseStatusException badRequest(String detail) {
			return new ResponseStatusException(HttpStatus.BAD_REQUEST, detail);
		}

	}

}
