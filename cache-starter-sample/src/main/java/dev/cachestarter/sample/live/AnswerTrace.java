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

import java.util.Map;
import java.util.stream.Collectors;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import org.jspecify.annotations.Nullable;

import org.springframework.core.MethodParameter;
import org.springframework.http.MediaType;
import org.springframework.http.converter.HttpMessageConverter;
import org.springframework.http.server.ServerHttpRequest;
import org.springframework.http.server.ServerHttpResponse;
import org.springframework.web.bind.annotation.RestControllerAdvice;
import org.springframework.web.servlet.HandlerInterceptor;
import org.springframework.web.servlet.mvc.method.annotation.ResponseBodyAdvice;

import dev.cachestarter.CacheService;
import dev.cachestarter.CacheSnapshot;

/**
 * Tells who asks for it, by the header {@value #HEADER}, where an answer came from and
 * how long each cached read took, in the header {@code Server-Timing} that browsers show
 * too.
 */
@RestControllerAdvice
public class AnswerTrace implements ResponseBodyAdvice<Object>, HandlerInterceptor {

	/** The header that asks for it. */
	public static final String HEADER = "X-Answer-Trace";

	/**
	 * Its value that asks for no more than whether the cache answered, which costs
	 * nothing.
	 */
	public static final String BRIEF = "brief";

	/** What the answer contains if it came from the database. */
	public static final String FROM_DATABASE = "desc=\"" + Recorder.Source.DATABASE_LABEL + "\"";

	private static final CacheSnapshot.Counters NONE = CacheSnapshot.Counters.of(Map.of());

	private final Recorder recorder;

	private final CacheService cache;

	AnswerTrace(Recorder recorder, CacheService cache) {
		this.recorder = recorder;
		this.cache = cache;
	}

	@Override
	public boolean preHandle(HttpServletRequest request, HttpServletResponse response, Object handler) {
		String asked = request.getHeader(HEADER);
		if (BRIEF.equals(asked)) {
			this.recorder.beginTrace();
		}
		else if (asked != null) {
			this.recorder.beginTrace((name) -> this.cache.getStats().caches().getOrDefault(name, NONE));
		}
		return true;
	}

	@Override
	public void afterCompletion(HttpServletRequest request, HttpServletResponse response, Object handler,
			@Nullable Exception ex) {
		this.recorder.endTrace();
	}

	@Override
	public boolean supports(MethodParameter returnType, Class<? extends HttpMessageConverter<?>> converterType) {
		return true;
	}

	@Override
	public @Nullable Object beforeBodyWrite(@Nullable Object body, MethodParameter returnType, MediaType contentType,
			Class<? extends HttpMessageConverter<?>> converterType, ServerHttpRequest request,
			ServerHttpResponse response) {
		if (!this.recorder.steps().isEmpty()) {
			response.getHeaders()
				.set("Server-Timing",
						this.recorder.steps().stream().map(AnswerTrace::metric).collect(Collectors.joining(", ")));
		}
		return body;
	}

	private static String metric(Recorder.Step step) {
		// In each answer of a load that is measured, so without a formatter.
		return step.cache().replace(':', '-') + ";desc=\"" + step.source().label() + "\";dur="
				+ Math.round(step.millis() * 1000) / 1000d;
	}

}
