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

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.http.HttpStatus;
import org.springframework.mock.web.MockHttpServletRequest;
import org.springframework.mock.web.MockHttpServletResponse;
import org.springframework.web.server.ResponseStatusException;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Tests for {@link LocalOnly}.
 */
class LocalOnlyTests {

	private final MockHttpServletRequest request = fromThePage();

	@ParameterizedTest
	@CsvSource({ "127.0.0.1, localhost:8080", "127.0.0.1, 127.0.0.1:8080", "0:0:0:0:0:0:0:1, [::1]:8080",
			"127.8.9.10, LOCALHOST" })
	void thePageAtThisMachineMay(String address, String host) {
		this.request.setRemoteAddr(address);
		header("Host", host);
		header("Origin", "http://" + host);

		assertThat(isLetIn()).isTrue();
	}

	@Test
	void acommandAtThisMachineMayIfItSaysThatItMeansIt() {
		this.request.removeHeader("Origin");
		this.request.removeHeader("Sec-Fetch-Site");

		assertThat(isLetIn()).isTrue();
	}

	@ParameterizedTest
	@ValueSource(
			strings = { "192.168.1.7", "10.0.0.1", "2001:db8::1", "0.0.0.0", "169.254.169.254", "::ffff:10.0.0.1" })
	void anotherMachineMayNot(String address) {
		this.request.setRemoteAddr(address);

		assertRefused("This request comes from another machine.");
	}

	@ParameterizedTest
	@ValueSource(strings = { "X-Forwarded-For", "X-Forwarded-Host", "Forwarded", "X-Real-IP", "Via",
			"x-forwarded-proto", "CF-Connecting-IP" })
	void aProxyMayNotPassItOn(String name) {
		header(name, "127.0.0.1");

		assertRefused("This request was passed on by a proxy");
	}

	@ParameterizedTest
	@ValueSource(strings = { "evil.example", "evil.example:8080", "localhost.evil.example",
			"127.0.0.1.evil.example:8080", "192.168.1.7:8080", "", "localhost@evil.example", "lo calhost" })
	void aNameThatWasMadeToPointHereMayNot(String host) {
		header("Host", host);
		header("Origin", "http://" + host);

		assertRefused("This request does not name this machine as its host");
	}

	@Test
	void aFormOfAnyPageMayNot() {
		this.request.removeHeader(LocalOnly.HEADER);

		assertRefused("This request does not come from the page of the sample");
	}

	@ParameterizedTest
	@ValueSource(strings = { "http://evil.example", "http://localhost:9090", "null", "http://localhost", "file://" })
	void thePageOfAnotherOriginMayNot(String origin) {
		header("Origin", origin);

		assertRefused("This request comes from the page of another origin.");
	}

	@ParameterizedTest
	@ValueSource(strings = { "cross-site", "same-site" })
	void thePageOfAnotherSiteMayNot(String site) {
		this.request.removeHeader("Origin");
		header("Sec-Fetch-Site", site);

		assertRefused("This request comes from the page of another site.");
	}

	private static MockHttpServletRequest fromThePage() {
		MockHttpServletRequest request = new MockHttpServletRequest("POST", "/api/live/stampede");
		request.setRemoteAddr("127.0.0.1");
		request.addHeader("Host", "localhost:8080");
		request.addHeader("Origin", "http://localhost:8080");
		request.addHeader("Sec-Fetch-Site", "same-origin");
		request.addHeader(LocalOnly.HEADER, "1");
		return request;
	}

	private void header(String name, String value) {
		this.request.removeHeader(name);
		this.request.addHeader(name, value);
	}

	private boolean isLetIn() {
		return new LocalOnly().preHandle(this.request, new MockHttpServletResponse(), this);
	}

	private void assertRefused(String why) {
		assertThatExceptionOfType(ResponseStatusException.class).isThrownBy(this::isLetIn).satisfies((refusal) -> {
			assertThat(refusal.getStatusCode()).isEqualTo(HttpStatus.FORBIDDEN);
			assertThat(refusal.getReason()).startsWith(why).contains("can only be done at the machine");
		});
	}

}
