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

package dev.cachestarter.benchmark.peer;

import java.lang.reflect.Type;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Supplier;

import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.SetArgs;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.codec.ByteArrayCodec;
import tools.jackson.databind.JavaType;
import tools.jackson.databind.ObjectReader;
import tools.jackson.databind.ObjectWriter;
import tools.jackson.databind.json.JsonMapper;

import org.springframework.core.ParameterizedTypeReference;

/**
 * GET, and SET after the load. What no cache that has values of a type as JSON on Redis
 * can beat by much, as long as it uses this driver and this library.
 */
final class LettucePeer implements Agents {

	private static final JsonMapper mapper = JsonMapper.builder().build();

	private static final SetArgs ttl = SetArgs.Builder.px(600_000);

	private final RedisCommands<byte[], byte[]> redis;

	private final Form<Agent> agent = new Form<>(Agent.class);

	private final Form<List<Agent>> list = new Form<>(new ParameterizedTypeReference<List<Agent>>() {
	}.getType());

	private LettucePeer(RedisCommands<byte[], byte[]> redis) {
		this.redis = redis;
	}

	static PeerInstance open(RedisPlace place) {
		RedisClient client = RedisClient.create(RedisURI.builder()
			.withHost(place.host())
			.withPort(place.port())
			.withDatabase(place.database())
			.build());
		StatefulRedisConnection<byte[], byte[]> connection = client.connect(ByteArrayCodec.INSTANCE);
		return new PeerInstance(new LettucePeer(connection.sync()), client::shutdown);
	}

	@Override
	public Agent find(String orgId, int number) {
		return get("agents:details:", orgId, number, this.agent, AgentSource::agent);
	}

	@Override
	public List<Agent> list(String orgId, int page) {
		return get("agents:list:", orgId, page, this.list, AgentSource::twenty);
	}

	@Override
	public List<Agent> listInTurn(String orgId, int page) {
		return list(orgId, page);
	}

	@Override
	public List<Agent> export(String orgId, int number) {
		return get("agents:export:", orgId, number, this.list, AgentSource::eightHundred);
	}

	private <T> T get(String cache, String orgId, int number, Form<T> form, Supplier<T> source) {
		byte[] key = (cache + orgId + ":" + number).getBytes(StandardCharsets.UTF_8);
		byte[] found = this.redis.get(key);
		if (found != null) {
			return form.reader.readValue(found);
		}
		T loaded = source.get();
		this.redis.set(key, form.writer.writeValueAsBytes(loaded), ttl);
		return loaded;
	}

	private static final class Form<T> {

		private final ObjectReader reader;

		private final ObjectWriter writer;

		Form(Type type) {
			JavaType javaType = mapper.constructType(type);
			this.reader = mapper.readerFor(javaType);
			this.writer = mapper.writerFor(javaType);
		}

	}

}
