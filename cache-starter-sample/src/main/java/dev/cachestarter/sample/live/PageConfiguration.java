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

package dev.cachestarter.sample.live;

import java.io.IOException;
import java.util.Locale;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

import org.springframework.boot.web.server.context.WebServerInitializedEvent;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.event.EventListener;
import org.springframework.core.convert.converter.Converter;
import org.springframework.format.FormatterRegistry;
import org.springframework.stereotype.Component;
import org.springframework.util.StringUtils;
import org.springframework.web.filter.OncePerRequestFilter;
import org.springframework.web.servlet.config.annotation.InterceptorRegistry;
import org.springframework.web.servlet.config.annotation.ViewControllerRegistry;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;

/**
 * Serves the page: who may press its buttons, what a browser may do with it, and where it
 * is.
 */
@Configuration(proxyBeanMethods = false)
class PageConfiguration implements WebMvcConfigurer {

	private static final Log log = LogFactory.getLog("dev.cachestarter.sample");

	private final AnswerTrace answers;

	PageConfiguration(AnswerTrace answers) {
		this.answers = answers;
	}

	@Override
	public void addInterceptors(InterceptorRegistry registry) {
		registry.addInterceptor(new LocalOnly())
			.addPathPatterns(LiveController.BUTTONS)
			.excludePathPatterns("/api/live", "/api/live/");
		registry.addInterceptor(this.answers).addPathPatterns("/api/**");
	}

	@Override
	public void addViewControllers(ViewControllerRegistry registry) {
		// Whatever is accepted: Boot's own way answers 406 without a word.
		registry.addViewController("/").setViewName("forward:/index.html");
	}

	@Override
	public void addFormatters(FormatterRegistry registry) {
		registry.addConverter(new ConditionConverter());
	}

	/**
	 * Tell where the page is, once the server listens.
	 */
	@EventListener
	void onListening(WebServerInitializedEvent event) {
		// The management server, if it is another, has no page.
		if (!StringUtils.hasText(event.getApplicationContext().getServerNamespace())) {
			log.info("Open http://localhost:" + event.getWebServer().getPort() + "/ to see the cache at work");
		}
	}

	/**
	 * Takes the lower case of paths.
	 */
	private static final class ConditionConverter implements Converter<String, OwnRedis.Condition> {

		@Override
		public OwnRedis.Condition convert(String source) {
			return OwnRedis.Condition.valueOf(source.toUpperCase(Locale.ROOT));
		}

	}

	/**
	 * Says what a browser may do with an answer: run and show nothing that does not come
	 * from here, and be framed nowhere.
	 */
	@Component
	static final class Headers extends OncePerRequestFilter {

		private static final String POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
				+ "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

		@Override
		protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
				throws ServletException, IOException {
			response.setHeader("Content-Security-Policy", POLICY);
			response.setHeader("X-Content-Type-Options", "nosniff");
			response.setHeader("Referrer-Policy", "no-referrer");
			chain.doFilter(request, response);
		}

	}

}
