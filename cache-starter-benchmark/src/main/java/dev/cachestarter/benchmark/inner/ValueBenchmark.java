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

package dev.cachestarter.benchmark.inner;

import java.lang.reflect.Type;
import java.util.List;

import com.alicp.jetcache.support.Kryo5ValueDecoder;
import com.alicp.jetcache.support.Kryo5ValueEncoder;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import tools.jackson.databind.JavaType;
import tools.jackson.databind.ObjectReader;
import tools.jackson.databind.ObjectWriter;
import tools.jackson.databind.json.JsonMapper;

import org.springframework.core.ParameterizedTypeReference;

import dev.cachestarter.CacheSettings;
import dev.cachestarter.benchmark.peer.Agent;
import dev.cachestarter.benchmark.peer.AgentSource;
import dev.cachestarter.engine.value.PayloadForm;
import dev.cachestarter.engine.value.ValueCodec;
import dev.cachestarter.engine.value.ValueCodec.CorruptEntryException;
import dev.cachestarter.engine.value.ValueCodec.NotCacheableException;
import dev.cachestarter.engine.value.ValueCodecs;

/**
 * A list of twenty agents to bytes and back: the starter's codec, plain Jackson, and the
 * Kryo of JetCache.
 */
@State(Scope.Benchmark)
public class ValueBenchmark {

	private static final Type LIST = new ParameterizedTypeReference<List<Agent>>() {
	}.getType();

	private final List<Agent> value = AgentSource.sample();

	private final ValueCodec codec = new ValueCodecs(ValueCodecs.mapperBuilder().build()).forType(LIST,
			CacheSettings.defaults());

	private final ObjectReader reader;

	private final ObjectWriter writer;

	private byte[] entry = {};

	private PayloadForm form = PayloadForm.NULL;

	private byte[] json = {};

	private byte[] kryo = {};

	public ValueBenchmark() {
		JsonMapper mapper = JsonMapper.builder().build();
		JavaType type = mapper.constructType(LIST);
		this.reader = mapper.readerFor(type);
		this.writer = mapper.writerFor(type);
	}

	@Setup
	public void encode() throws NotCacheableException {
		ValueCodec.Encoded encoded = this.codec.encode(this.value);
		this.entry = encoded.entry();
		this.form = encoded.form();
		this.json = jacksonWrites();
		this.kryo = kryoWrites();
	}

	@Benchmark
	public @Nullable Object starterReads() throws CorruptEntryException {
		return this.codec.decode(this.entry, this.form);
	}

	@Benchmark
	public Object jacksonReads() {
		return this.reader.readValue(this.json);
	}

	@Benchmark
	public Object kryoReads() {
		return Kryo5ValueDecoder.INSTANCE.apply(this.kryo);
	}

	@Benchmark
	public ValueCodec.Encoded starterWrites() throws NotCacheableException {
		return this.codec.encode(this.value);
	}

	@Benchmark
	public byte[] jacksonWrites() {
		return this.writer.writeValueAsBytes(this.value);
	}

	@Benchmark
	public byte[] kryoWrites() {
		return Kryo5ValueEncoder.INSTANCE.apply(this.value);
	}

}
