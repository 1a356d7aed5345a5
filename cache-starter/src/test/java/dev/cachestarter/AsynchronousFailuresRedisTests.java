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

package dev.cachestarter;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import org.springframework.cache.Cache.ValueWrapper;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.data.redis.serializer.RedisSerializationContext.SerializationPair;
import org.springframework.data.redis.serializer.RedisSerializer;

import dev.cachestarter.cache.Internals;
import dev.cachestarter.cache.ResilientRedisCacheManager;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.SomeOf;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * What an asynchronous caller gets whatever the application's code throws: an answer.
 */
@WithRedis(local = true)
class AsynchronousFailuresRedisTests extends Interleavings {

	private static final Duration SOON = Duration.ofMinutes(1);

	AsynchronousFailuresRedisTests(RedisServer redis) {
		super(redis);
	}

	@BeforeEach
	void reset() {
		this.redis.flushAll();
		Note.failsToWrite = false;
		Note.failsToRead = false;
	}

	// Whatever the application's code throws

	@ParameterizedTest
	@SomeOf({ "FUTURE", "FLUX" })
	void anErrorOfAGetterCostsNobodyTheValue(Way way) {
		TestInstance<Notes> notes = notes((builder) -> builder);
		Note.failsToWrite = true;

		assertThat(way.call(notes)).succeedsWithin(SOON).isEqualTo("note");

		assertThat(way.call(notes)).succeedsWithin(SOON).isEqualTo("note");
	}

	@ParameterizedTest
	@SomeOf({ "FUTURE", "FLUX" })
	void anErrorOfAConstructorIsAMiss(Way way) {
		TestInstance<Notes> notes = notes((builder) -> builder);
		hold(notes, way);
		Note.failsToRead = true;

		assertThat(way.call(notes)).succeedsWithin(SOON).isEqualTo("note");

		assertThat(notes.service().loads()).isEqualTo(2);
	}

	@ParameterizedTest
	@SomeOf({ "FUTURE", "FLUX" })
	void anErrorOfATtlPolicyCostsNobodyTheValue(Way way) {
		TestInstance<Notes> notes = notes((builder) -> builder.ttlPolicy((cache, key, value) -> {
			throw new NoClassDefFoundError("of the policy");
		}));

		assertThat(way.call(notes)).succeedsWithin(SOON).isEqualTo("note");
	}

	@ParameterizedTest
	@SomeOf({ "FUTURE", "FLUX" })
	void anErrorOfASerializerCostsNobodyTheValue(Way way) {
		Serializer serializer = new Serializer();
		TestInstance<Notes> notes = notes((builder) -> builder
			.defaults(TIMELESS.withValueSerializer(SerializationPair.fromSerializer(serializer))));
		serializer.writes = false;

		assertThat(way.call(notes)).succeedsWithin(SOON).isEqualTo("note");
	}

	@ParameterizedTest
	@SomeOf({ "FUTURE", "FLUX" })
	void anErrorOfASerializerThatReadsIsAMiss(Way way) {
		Serializer serializer = new Serializer();
		TestInstance<Notes> notes = notes((builder) -> builder
			.defaults(TIMELESS.withValueSerializer(SerializationPair.fromSerializer(serializer))));
		hold(notes, way);
		serializer.reads = false;

		assertThat(way.call(notes)).succeedsWithin(SOON).isEqualTo("note");

		assertThat(notes.service().loads()).isEqualTo(2);
	}

	@ParameterizedTest
	@SomeOf({ "FUTURE", "FLUX" })
	void whatDecoratesLoadsInTheBackgroundCostsNobodyAHit(Way way) {
		TestInstance<Notes> notes = notes((builder) -> builder
			.defaults(TIMELESS.withTtl(Duration.ofHours(2)).withRefreshAhead(Duration.ofHours(1)))
			.refreshDecorator((task) -> {
				throw new NoClassDefFoundError("of the decorator");
			}));
		hold(notes, way);
		age(way, Duration.ofMinutes(30));

		assertThat(way.call(notes)).succeedsWithin(SOON).isEqualTo("note");
	}

	@ParameterizedTest
	@SomeOf({ "FUTURE", "FLUX" })
	void whatDecoratesLoadsInTheBackgroundCostsNobodyALoad(Way way) {
		TestInstance<Notes> notes = notes((builder) -> builder
			.defaults(TIMELESS.withStaleIfError(Duration.ofHours(1)).withLoadTimeout(Duration.ofSeconds(30)))
			.refreshDecorator((task) -> {
				throw new NoClassDefFoundError("of the decorator");
			}));
		hold(notes, way);
		age(way, Duration.ofMinutes(-1));

		assertThat(way.call(notes)).succeedsWithin(SOON).isEqualTo("note");
	}

	@ParameterizedTest
	@SomeOf({ "FUTURE", "FLUX" })
	void anExecutorThatThrowsCostsNobodyAHit(Way way) {
		TestInstance<Notes> notes = notes((builder) -> builder
			.defaults(TIMELESS.withTtl(Duration.ofHours(2)).withRefreshAhead(Duration.ofHours(1)))
			.refreshExecutor((task) -> {
				throw new OutOfMemoryError("unable to create native thread");
			}));
		hold(notes, way);
		age(way, Duration.ofMinutes(30));

		assertThat(way.call(notes)).succeedsWithin(SOON).isEqualTo("note");
	}

	@ParameterizedTest
	@SomeOf({ "FUTURE", "FLUX" })
	void anExecutorThatThrowsCostsNobodyALoad(Way way) {
		TestInstance<Notes> notes = notes((builder) -> builder
			.defaults(TIMELESS.withStaleIfError(Duration.ofHours(1)).withLoadTimeout(Duration.ofSeconds(30)))
			.refreshExecutor((task) -> {
				throw new OutOfMemoryError("unable to create native thread");
			}));
		hold(notes, way);
		age(way, Duration.ofMinutes(-1));

		assertThat(way.call(notes)).succeedsWithin(SOON).isEqualTo("note");
	}

	@ParameterizedTest
	@EnumSource
	void aMereLookEndsToo(Fault fault) {
		Serializer serializer = new Serializer();
		TestInstance<Notes> notes = notes((builder) -> (fault == Fault.SERIALIZER)
				? builder.defaults(TIMELESS.withValueSerializer(SerializationPair.fromSerializer(serializer)))
				: builder);
		hold(notes, Way.FUTURE);
		serializer.reads = false;
		Note.failsToRead = true;

		CompletableFuture<ValueWrapper> found = java.util.Objects.requireNonNull(notes.cache("notes").retrieve("one"));

		assertThat(found.thenApply((wrapper) -> wrapper == null)).succeedsWithin(SOON).isEqualTo(true);
	}

	// Failures arrive as they were thrown

	static List<Throwable> failures() {
		IllegalStateException cause = new IllegalStateException("cause");
		return List.of(new ExecutionException("mine", cause), new CompletionException("mine", cause),
				new CompletionException("without", null),
				new ExecutionException("twice", new CompletionException(cause)), new IllegalStateException("plain"),
				new java.io.IOException("checked"), new AssertionError("error"));
	}

	@ParameterizedTest
	@MethodSource("failures")
	void whatAFutureFailsWithIsWhatTheCallerGets(Throwable failure) {
		TestInstance<Notes> notes = notes((builder) -> builder);

		assertThat(failureOf(notes.service().failing("one", failure))).isSameAs(failure);
		assertThat(failureOf(notes.service().failingSync("two", failure))).isSameAs(failure);
	}

	@ParameterizedTest
	@MethodSource("failures")
	void whatAFutureFailsWithLaterIsWhatTheCallerGets(Throwable failure) {
		TestInstance<Notes> notes = notes((builder) -> builder);
		CompletableFuture<Note> method = new CompletableFuture<>();
		CompletableFuture<Note> plain = notes.service().given("one", method);
		CompletableFuture<Note> synced = notes.service().givenSync("two", method);
		await().until(() -> notes.service().loads() == 2);

		method.completeExceptionally(failure);

		assertThat(failureOf(plain)).isSameAs(failure);
		assertThat(failureOf(synced)).isSameAs(failure);
	}

	@ParameterizedTest
	@MethodSource("failures")
	void whoShareALoadGetWhatItFailsWith(Throwable failure) {
		TestInstance<Notes> notes = notes((builder) -> builder);
		CompletableFuture<Note> method = new CompletableFuture<>();
		notes.service().given("one", method);
		notes.service().givenSync("two", method);
		await().until(() -> notes.service().loads() == 2);
		CompletableFuture<Note> plain = notes.service().given("one", method);
		CompletableFuture<Note> synced = notes.service().givenSync("two", method);
		await().until(() -> notes.counters("notes").misses() == 4);

		method.completeExceptionally(failure);

		// What futures wrap a failure in, and get() takes off again, is not handed on.
		Throwable shared = (failure instanceof CompletionException && failure.getCause() != null) ? failure.getCause()
				: failure;
		assertThat(failureOf(plain)).isIn(shared, failure);
		assertThat(failureOf(synced)).isIn(shared, failure);
	}

	@ParameterizedTest
	@MethodSource("failures")
	void withoutRedisWhatAFutureFailsWithIsWhatTheCallerGets(Throwable failure) {
		TestInstance<Notes> notes = notes((builder) -> builder);
		notes.engine().link().close();

		assertThat(failureOf(notes.service().failing("one", failure))).isSameAs(failure);
		assertThat(failureOf(notes.service().failingSync("two", failure))).isSameAs(failure);
	}

	private static @Nullable Throwable failureOf(CompletableFuture<Note> future) {
		CompletableFuture<@Nullable Throwable> failure = future.handle((value, ex) -> ex);
		assertThat(failure).succeedsWithin(SOON);
		return failure.join();
	}

	private void hold(TestInstance<Notes> notes, Way way) {
		assertThat(way.call(notes)).succeedsWithin(SOON).isEqualTo("note");
		await().until(() -> notes.counters(way.cache).puts() == 1);
	}

	/** Leave an entry so much of its time. */
	private void age(Way way, Duration left) {
		this.redis.cli("SETRANGE", way.cache + ":one", "120",
				"%013d".formatted(System.currentTimeMillis() + left.toMillis()));
	}

	private TestInstance<Notes> notes(UnaryOperator<ResilientRedisCacheManager.Builder> settings) {
		return closing(TestInstance.of(Notes.class, this.redis.host(), this.redis.port(),
				(builder) -> Internals
					.link(settings.apply(builder.defaults(TIMELESS)).caches(List.of("notes", "lists")), PATIENT)))
			.awaitUp();
	}

	enum Fault {

		CONSTRUCTOR, SERIALIZER

	}

	/**
	 * A note whose code fails when it is told to.
	 */
	static class Note {

		static volatile boolean failsToWrite;

		static volatile boolean failsToRead;

		private String text = "";

		Note() {
		}

		static Note of(String text) {
			Note note = new Note();
			note.text = text;
			return note;
		}

		public String getText() {
			if (failsToWrite) {
				throw new NoClassDefFoundError("of the getter");
			}
			return this.text;
		}

		public void setText(String text) {
			if (failsToRead) {
				throw new NoClassDefFoundError("of the setter");
			}
			this.text = text;
		}

	}

	/**
	 * A serializer that fails when it is told to.
	 */
	static class Serializer implements RedisSerializer<Object> {

		volatile boolean writes = true;

		volatile boolean reads = true;

		@Override
		public byte[] serialize(@Nullable Object value) {
			if (!this.writes) {
				throw new NoClassDefFoundError("of the serializer");
			}
			return ((value instanceof List) ? "notes" : "note").getBytes(StandardCharsets.UTF_8);
		}

		@Override
		public Object deserialize(byte @Nullable [] bytes) {
			if (!this.reads) {
				throw new StackOverflowError("of the serializer");
			}
			boolean several = bytes != null && bytes.length > "note".length();
			return several ? List.of(Note.of("note")) : Note.of("note");
		}

	}

	/**
	 * A way to ask for the note.
	 */
	enum Way {

		FUTURE("notes") {
			@Override
			CompletableFuture<String> call(TestInstance<Notes> notes) {
				return notes.service().later("one").thenApply((note) -> note.text);
			}
		},

		FUTURE_SYNC("notes") {
			@Override
			CompletableFuture<String> call(TestInstance<Notes> notes) {
				return notes.service().laterSync("one").thenApply((note) -> note.text);
			}
		},

		MONO("notes") {
			@Override
			CompletableFuture<String> call(TestInstance<Notes> notes) {
				return notes.service().reactive("one").map((note) -> note.text).toFuture();
			}
		},

		MONO_SYNC("notes") {
			@Override
			CompletableFuture<String> call(TestInstance<Notes> notes) {
				return notes.service().reactiveSync("one").map((note) -> note.text).toFuture();
			}
		},

		FLUX("lists") {
			@Override
			CompletableFuture<String> call(TestInstance<Notes> notes) {
				return notes.service().all("one").map((note) -> note.text).last().toFuture();
			}
		},

		CACHE("notes") {
			@Override
			CompletableFuture<String> call(TestInstance<Notes> notes) {
				return notes.cache("notes")
					.retrieve("one", () -> CompletableFuture.completedFuture(notes.service().load()))
					.thenApply((note) -> note.text);
			}
		};

		private final String cache;

		Way(String cache) {
			this.cache = cache;
		}

		abstract CompletableFuture<String> call(TestInstance<Notes> notes);

	}

	static class Notes {

		private final AtomicInteger loads = new AtomicInteger();

		public int loads() {
			return this.loads.get();
		}

		public Note load() {
			this.loads.incrementAndGet();
			return Note.of("note");
		}

		@Cacheable(cacheNames = "notes", key = "#id")
		public CompletableFuture<Note> later(String id) {
			return CompletableFuture.completedFuture(load());
		}

		@Cacheable(cacheNames = "notes", key = "#id", sync = true)
		public CompletableFuture<Note> laterSync(String id) {
			return CompletableFuture.completedFuture(load());
		}

		@Cacheable(cacheNames = "notes", key = "#id")
		public Mono<Note> reactive(String id) {
			return Mono.fromCallable(this::load);
		}

		@Cacheable(cacheNames = "notes", key = "#id", sync = true)
		public Mono<Note> reactiveSync(String id) {
			return Mono.fromCallable(this::load);
		}

		@Cacheable(cacheNames = "lists", key = "#id")
		public Flux<Note> all(String id) {
			return Mono.fromCallable(this::load).flux();
		}

		@Cacheable(cacheNames = "notes", key = "#id")
		public CompletableFuture<Note> failing(String id, Throwable failure) {
			return CompletableFuture.failedFuture(failure);
		}

		@Cacheable(cacheNames = "notes", key = "#id", sync = true)
		public CompletableFuture<Note> failingSync(String id, Throwable failure) {
			return CompletableFuture.failedFuture(failure);
		}

		@Cacheable(cacheNames = "notes", key = "#id")
		public CompletableFuture<Note> given(String id, CompletableFuture<Note> future) {
			this.loads.incrementAndGet();
			return future;
		}

		@Cacheable(cacheNames = "notes", key = "#id", sync = true)
		public CompletableFuture<Note> givenSync(String id, CompletableFuture<Note> future) {
			this.loads.incrementAndGet();
			return future;
		}

	}

}
