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

package dev.cachestarter.engine.value;

import java.lang.reflect.Type;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.core.ParameterizedTypeReference;
import org.springframework.core.ResolvableType;

import dev.cachestarter.CacheSettings;
import dev.cachestarter.engine.value.ValueCodec.CorruptEntryException;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

/**
 * Values that a stranger has a say in, and what they can make of the codecs.
 */
class HostileValuesTests {

	private static final CacheSettings SETTINGS = CacheSettings.defaults();

	@Test
	void codecsAreKeptForAsManyShapesAsAreUsed() throws Exception {
		ValueCodecs codecs = Codecs.fresh();
		Type once = new ParameterizedTypeReference<List<Set<Long>>>() {
		}.getType();
		ValueCodec used = codecs.forType(Host.class, SETTINGS);
		ValueCodec usedOnce = codecs.forType(once, SETTINGS);
		ValueCodec untyped = codecs.untyped(Set.of(), SETTINGS);

		for (int shape = 2; shape < 1500; shape++) {
			untyped.encode(value(shape));
			assertThat(codecs.forType(Host.class, SETTINGS)).isSameAs(used);
		}

		assertThat(codecs.forType(once, SETTINGS)).isNotSameAs(usedOnce);
	}

	@Test
	void theTypeOfADeepValueIsNoDeepType() throws Exception {
		ValueCodec untyped = Codecs.fresh().untyped(Set.of(), SETTINGS);
		Object value = Set.of("a");
		for (int i = 0; i < 400; i++) {
			value = List.of(value);
		}

		Object deep = value;

		untyped.encode(value(1 << 12));
		assertThat(catchThrowable(() -> untyped.encode(deep))).hasMessageContaining("is not cached")
			.message()
			.hasSizeLessThan(2000);
	}

	@Test
	void aLiteralAddressComesBack() throws Exception {
		ValueCodec codec = Codecs.of(Host.class);

		for (String literal : List.of("192.0.2.1", "2001:db8::1")) {
			Host host = new Host(InetAddress.getByName(literal));
			assertThat(Codecs.roundTrip(codec, host)).isEqualTo(host);
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "localhost", "127.1", "2130706433", "host.example", "[::1]" })
	void noNameIsLookedUpForAnAddress(String name) {
		byte[] entry = Codecs.entry("----", ("{\"address\":\"" + name + "\"}").getBytes(StandardCharsets.UTF_8));

		assertThat(catchThrowable(() -> Codecs.decode(Codecs.of(Host.class), entry)))
			.isInstanceOf(CorruptEntryException.class);
	}

	@Test
	void noNameIsLookedUpForASocketAddress() throws Exception {
		byte[] entry = Codecs.entry("----", "{\"address\":\"localhost:80\"}".getBytes(StandardCharsets.UTF_8));

		assertThat(Codecs.decode(Codecs.of(Socket.class), entry))
			.isEqualTo(new Socket(InetSocketAddress.createUnresolved("localhost", 80)));
	}

	@Test
	void noHostIsLookedUpForAnAddressThatIsRead() throws Exception {
		URL address = CountedAddresses.of("host.example");
		Object values = List.of(new Link("a", address), new Link("b", address));
		Type type = new ParameterizedTypeReference<List<Link>>() {
		}.getType();
		int before = CountedAddresses.lookUps();

		Object copy = Codecs.roundTrip(Codecs.of(type), values);

		assertThat(((Link) ((List<?>) copy).get(0)).address().toExternalForm()).isEqualTo(address.toExternalForm());
		assertThat(CountedAddresses.lookUps()).isEqualTo(before);
	}

	static Stream<Type> hashed() {
		return Stream.of(new ParameterizedTypeReference<Set<URL>>() {
		}, new ParameterizedTypeReference<HashSet<URL>>() {
		}, new ParameterizedTypeReference<Map<URL, Integer>>() {
		}, new ParameterizedTypeReference<Map<String, List<Set<Optional<URL>>>>>() {
		}, new ParameterizedTypeReference<Set<Link>>() {
		}, new ParameterizedTypeReference<Set<Box<List<URL>>>>() {
		}, new ParameterizedTypeReference<Box<Set<URL>>>() {
		}).map(ParameterizedTypeReference::getType);
	}

	@ParameterizedTest
	@MethodSource("hashed")
	void whatWouldLookHostsUpAtEachHitIsRefused(Type type) {
		ValueCodec codec = Codecs.of(type);
		int before = CountedAddresses.lookUps();

		assertThat(Codecs.fresh().whyNotCacheable(ResolvableType.forType(type))).contains("java.net.URI");
		for (String json : List.of("[\"counted://a/\"]", "{\"counted://a/\":1}", "{\"a\":[[\"counted://a/\"]]}",
				"[{\"name\":\"a\",\"address\":\"counted://a/\"}]", "[{\"value\":[\"counted://a/\"]}]",
				"{\"value\":[\"counted://a/\"]}")) {
			assertThat(catchThrowable(
					() -> Codecs.decode(codec, Codecs.entry("----", json.getBytes(StandardCharsets.UTF_8)))))
				.isInstanceOf(CorruptEntryException.class);
		}
		assertThat(CountedAddresses.lookUps()).isEqualTo(before);
	}

	@Test
	void setsThatLookNothingUpAreNotRefused() {
		for (Type type : Stream.of(new ParameterizedTypeReference<Set<URI>>() {
		}, new ParameterizedTypeReference<Map<String, URL>>() {
		}, new ParameterizedTypeReference<Set<Entity>>() {
		}, new ParameterizedTypeReference<Set<Box<String>>>() {
		}, new ParameterizedTypeReference<Set<Box<Box<Integer>>>>() {
		}).map(ParameterizedTypeReference::getType).toList()) {
			assertThat(Codecs.fresh().whyNotCacheable(ResolvableType.forType(type))).as(type.getTypeName()).isNull();
		}
	}

	/** Each number is a shape: of lists and maps around a number. */
	private static Object value(int shape) {
		Object value = 1L;
		for (int rest = shape; rest > 1; rest >>= 1) {
			value = ((rest & 1) == 0) ? List.of(value) : Map.of("k", value);
		}
		return value;
	}

	record Host(InetAddress address) {
	}

	record Socket(InetSocketAddress address) {
	}

	record Link(String name, URL address) {
	}

	record Box<T>(T value) {
	}

	/** What it hashes is no business of its type's. */
	static class Entity {

		public long id;

		public @Nullable URL address;

	}

}
