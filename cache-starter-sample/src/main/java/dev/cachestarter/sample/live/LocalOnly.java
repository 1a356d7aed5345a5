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

import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Set;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import org.jspecify.annotations.Nullable;

import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.web.server.ResponseStatusException;
import org.springframework.web.servlet.HandlerInterceptor;

/**
 * Lets only somebody at this machine do what the page's buttons do, and only by this
 * page.
 * <p>
 * The connection must come from the loopback interface, and no proxy may have passed the
 * request on. Every page that somebody at this machine has open can send requests from
 * there too, so the request must also carry {@value #HEADER}, which a page of another
 * origin can only send with a permission that is never given; its {@code Origin}, if it
 * names one, must be this page's; and its {@code Host} must be this machine's own name,
 * which the name of an attacker that was made to point here is not.
 */
final class LocalOnly implements HandlerInterceptor {

	/** The header that the page sends. */
	static final String HEADER = "X-Sample-Page";

	private static final Set<String> NAMES = Set.of("localhost", "127.0.0.1", "[::1]");

	private static final List<String> FORWARDED = List.of("forwarded", "x-forwarded", "x-real-ip", "x-client-ip",
			"x-cluster-client-ip", "true-client-ip", "cf-connecting-ip", "via");

	@Override
	public boolean preHandle(HttpServletRequest request, HttpServletResponse response, Object handler) {
		String objection = objection(request);
		if (objection != null) {
			throw new ResponseStatusException(HttpStatus.FORBIDDEN, objection
					+ " What the buttons of the page do can only be done at the machine that the sample runs on, by its "
					+ "page at http://localhost.");
		}
		return true;
	}

	private static @Nullable String objection(HttpServletRequest request) {
		if (!isLoopback(request.getRemoteAddr())) {
			return "This request comes from another machine.";
		}
		for (String name : Collections.list(request.getHeaderNames())) {
			String lower = name.toLowerCase(Locale.ROOT);
			if (FORWARDED.stream().anyMatch(lower::startsWith)) {
				return "This request was passed on by a proxy: it has the header '" + lower + "'.";
			}
		}
		URI host = parse("http://" + request.getHeader(HttpHeaders.HOST));
		if (host == null || host.getHost() == null || !NAMES.contains(host.getHost().toLowerCase(Locale.ROOT))) {
			return "This request does not name this machine as its host: name it localhost.";
		}
		if (request.getHeader(HEADER) == null) {
			return "This request does not come from the page of the sample: it lacks the header '" + HEADER + "'.";
		}
		String origin = request.getHeader(HttpHeaders.ORIGIN);
		if (origin != null) {
			URI from = parse(origin);
			if (from == null || !host.getRawAuthority().equalsIgnoreCase(from.getRawAuthority())) {
				return "This request comes from the page of another origin.";
			}
		}
		String site = request.getHeader("Sec-Fetch-Site");
		if (site != null && !site.equals("same-origin") && !site.equals("none")) {
			return "This request comes from the page of another site.";
		}
		return null;
	}

	private static boolean isLoopback(@Nullable String address) {
		try {
			// An address and never a name: nothing is looked up.
			return address != null && InetAddress.getByName(address).isLoopbackAddress();
		}
		catch (UnknownHostException ex) {
			return false;
		}
	}

	private static @Nullable URI parse(String text) {
		try {
			return URI.create(text);
		}
		catch (IllegalArgumentException ex) {
			return null;
		}
	}

}
