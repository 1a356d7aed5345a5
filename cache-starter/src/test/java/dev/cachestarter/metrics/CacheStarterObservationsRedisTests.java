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

package dev.cachestarter.metrics;

import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

import io.micrometer.common.KeyValue;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationHandler;
import io.micrometer.observation.ObservationRegistry;
import io.micrometer.observation.ObservationView;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

import org.springframework.cache.annotation.CacheEvict;
import org.springframework.cache.annotation.Cacheable;

import dev.cachestarter.CacheSettings;
import dev.cachestarter.NearSettings;
import dev.cachestarter.TestInstance;
import dev.cachestarter.engine.monitor.Tracer;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.Threads;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * What a trace shows of cached calls, whose it is, and that nobody who listens can do
 * harm.
 */
@WithRedis
class CacheStarterObservationsRedisTests {

	private static final Duration LONG = Duration.ofMinutes(1);

	private final RedisServer redis;

	private final ObservationRegistry registry = ObservationRegistry.create();

	private final Recorder recorder = new Recorder();

	private @Nullable TestInstance<Shop> instance;

	private @Nullable CacheStarterObservations observations;

	CacheStarterObservationsRedisTests(RedisServer redis) {
		this.redis = redis;
		this.registry.observationConfig().observationHandler(this.recorder);
	}

	@AfterEach
	void close() {
		if (this.observations != null) {
			this.observations.close();
		}
		if (this.instance != null) {
			this.instance.close();
		}
		assertThat(this.registry.getCurrentObservation()).as("what is current on the test's thread").isNull();
	}

	@ParameterizedTest
	@EnumSource
	void aTraceShowsAMissItsLoadAndItsFillAndThenAHit(Way way) {
		Shop shop = shop(CacheSettings.defaults());

		traced("first", () -> way.call(shop, "1"));
		awaitStored(way.cache() + ":1");
		traced("second", () -> way.call(shop, "1"));

		awaitSteps("first", "read miss", "wait load", "load success", "fill success");
		assertThat(recorded("first", "load").kind()).isEqualTo("call");
		assertThat(recorded("first", "read").cache()).isEqualTo(way.cache());
		awaitSteps("second", "read hit", "read success");
		assertThat(this.recorder.of("second")).extracting(Recorded::what)
			.doesNotContain("wait load", "load success", "fill success");
	}

	/** With nobody who traces, such a call is one before it has begun. */
	@Test
	void aTraceShowsAHitAboutWhichRedisIsNotAsked() {
		CacheSettings settings = CacheSettings.defaults();
		Shop shop = shop(settings.withNear(settings.near().withMode(NearSettings.Mode.TRACK)));

		await().atMost(LONG).until(() -> {
			long before = instance().counters("shop").nearHitsUnasked();
			String trace = "call " + before;
			traced(trace, () -> shop.find("1"));
			if (instance().counters("shop").nearHitsUnasked() == before) {
				return false;
			}
			awaitSteps(trace, "read hit");
			return before >= 3;
		});
	}

	@ParameterizedTest
	@EnumSource
	void theMethodFindsItselfInTheLoad(Way way) {
		Shop shop = shop(CacheSettings.defaults());

		traced("call", () -> way.call(shop, "observed"));

		awaitSteps("call", "load success");
		await().untilAsserted(() -> assertThat(this.recorder.all()).filteredOn((one) -> one.name().equals("query"))
			.singleElement()
			.satisfies((query) -> {
				assertThat(query.parent()).isEqualTo("load");
				assertThat(query.root()).isEqualTo("call");
			}));
	}

	@Test
	void operationsOfRedisAreChildrenOfTheStepThatMakesThem() {
		Shop shop = shop(CacheSettings.defaults());
		shop.find("before, so that the cache has its generation");

		traced("call", () -> shop.find("1"));

		await().untilAsserted(() -> {
			assertThat(recorded("call", "MGET").parent()).isEqualTo("read");
			assertThat(recorded("call", "MGET").value("db.system.name")).isEqualTo("redis");
			assertThat(recorded("call", "MGET").value("db.operation.name")).isEqualTo("MGET");
			assertThat(this.recorder.of("call")).extracting(Recorded::what).contains("lease success", "fill success");
			assertThat(this.recorder.of("call")).filteredOn((one) -> one.what().equals("lease success"))
				.extracting(Recorded::parent)
				.containsOnly("wait");
			assertThat(this.recorder.of("call")).filteredOn((one) -> one.what().equals("fill success"))
				.extracting(Recorded::parent)
				.containsOnly("call");
		});
	}

	@Test
	void aPublisherIsPartOfWhatItsSubscriberHasInItsContext() {
		Shop shop = shop(CacheSettings.defaults());
		Observation subscribers = Observation.start("subscriber", this.registry);

		for (int call = 0; call < 2; call++) {
			traced("of the thread",
					() -> Objects.requireNonNull(shop.mono("observed")
						.subscribeOn(Schedulers.boundedElastic())
						.contextWrite((context) -> context.put("micrometer.observation", subscribers))
						.block()));
			awaitStored("monos:observed");
		}
		subscribers.stop();

		awaitSteps("subscriber", "read miss", "wait load", "load success", "read hit");
		assertThat(this.recorder.of("of the thread")).extracting(Recorded::name).containsOnly("of the thread");
	}

	@Test
	void theSourceOfAPublisherFindsTheLoadInItsContext() {
		Shop shop = shop(CacheSettings.defaults());

		Object found = traced("call", () -> Objects.requireNonNull(shop.context("1").block()));

		assertThat(found).isEqualTo("load");
	}

	@Test
	void anEvictionIsPartOfItsCall() {
		Shop shop = shop(CacheSettings.defaults());

		traced("call", () -> {
			shop.evict("1");
			return "";
		});

		awaitSteps("call", "evict success");
	}

	@Test
	void aWaitForAnothersLoadIsOneOfTheCallThatWaits() throws Exception {
		Shop shop = shop(CacheSettings.defaults().withLoadWait(LONG));
		CountDownLatch release = shop.hold();
		CompletableFuture<String> first = background("first", () -> shop.find("1"));
		await().until(() -> shop.loads() == 1);
		CompletableFuture<String> second = background("second", () -> shop.find("1"));
		await().until(() -> instance().counters("shop").misses() == 2);

		release.countDown();
		first.get();
		second.get();

		awaitSteps("first", "read miss", "wait load", "load success", "fill success");
		awaitSteps("second", "read miss", "wait value");
		assertThat(this.recorder.of("second")).extracting(Recorded::what)
			.doesNotContain("load success", "fill success");
	}

	@Test
	void whoIsWokenByAnotherIsNoPartOfTheOther() throws Exception {
		Shop shop = shop(CacheSettings.defaults().withLoadWait(LONG));
		CountDownLatch release = shop.hold();
		CompletableFuture<String> first = background("first", () -> shop.find("interrupted once"));
		await().until(() -> shop.loads() == 1);
		CompletableFuture<String> second = background("second", () -> shop.find("interrupted once"));
		await().until(() -> instance().counters("shop").misses() == 2);
		await().pollDelay(Duration.ofMillis(200)).until(() -> true);

		release.countDown();
		assertThat(first).failsWithin(LONG);
		assertThat(second.get()).isEqualTo("interrupted once");

		awaitSteps("second", "load success", "fill success");
		assertThat(this.recorder.of("first")).extracting(Recorded::what).contains("load failure", "release success");
		assertThat(this.recorder.of("first")).extracting(Recorded::label).containsOnlyOnce("MGET");
	}

	@Test
	void aLoadInTheBackgroundIsNoPartOfTheCallThatCausedItUnlessThatIsCarriedOver() {
		Shop shop = shop(CacheSettings.defaults()
			.withTtl(Duration.ofSeconds(4))
			.withTtlJitter(0)
			.withRefreshAhead(Duration.ofSeconds(2)));
		shop.find("1");

		await().atMost(LONG).until(() -> {
			traced("call", () -> shop.find("1"));
			return this.recorder.all().stream().anyMatch((one) -> "background".equals(one.kind()));
		});

		assertThat(this.recorder.all()).filteredOn((one) -> "background".equals(one.kind()))
			.extracting(Recorded::root)
			.containsOnly("load");
	}

	@Test
	void withoutATraceTheCallIsOneAndNothingElseIs() {
		Shop shop = shop(CacheSettings.defaults());

		shop.find("1");
		awaitStored("shop:1");

		await().untilAsserted(
				() -> assertThat(this.recorder.all()).extracting(Recorded::what).contains("read miss", "load success"));
		assertThat(this.recorder.all()).filteredOn((one) -> one.name().equals("cache.starter.operation"))
			.extracting(Recorded::root)
			.isSubsetOf("read", "wait");
	}

	@Test
	void nobodyWhoListensRunsOnAnEventLoop() {
		Shop shop = shop(CacheSettings.defaults());

		for (Way way : Way.values()) {
			traced("call", () -> way.call(shop, "1"));
		}
		traced("call", () -> {
			shop.evict("1");
			return "";
		});
		awaitSteps("call", "evict success");

		assertThat(this.recorder.threads).isNotEmpty().noneMatch((name) -> name.startsWith("lettuce"));
	}

	@ParameterizedTest
	@EnumSource
	void aHandlerThatThrowsReachesNoCallerAndLeavesNothingBehind(Event event) {
		Shop shop = shop(CacheSettings.defaults());
		Observation outer = Observation.start("outer", this.registry);
		outer.scoped(() -> {
			this.recorder.throwing = event;

			for (Way way : Way.values()) {
				assertThat(way.call(shop, "1")).isEqualTo("1");
				assertThat(way.call(shop, "1")).isEqualTo("1");
			}
			shop.evict("1");

			assertThat(this.registry.getCurrentObservation()).isSameAs(outer);
			this.recorder.throwing = null;
		});
		outer.stop();
		assertThat(shop.find("1")).isEqualTo("1");
		awaitStored("shop:1");
		assertThat(instance().counters("shop").failures()).isZero();
	}

	@Test
	void namesCanBeReplaced() {
		shop(CacheSettings.defaults());
		Objects.requireNonNull(this.observations).close();
		this.observations = new CacheStarterObservations(instance().manager(), this.registry,
				new DefaultCacheStepConvention() {

					@Override
					public String getName() {
						return "my.cache";
					}

				}, new DefaultRedisOperationConvention() {

					@Override
					public String getName() {
						return "my.redis";
					}

				});

		traced("call", () -> instance().service().find("1"));

		await().untilAsserted(() -> assertThat(this.recorder.of("call")).extracting(Recorded::name)
			.containsOnly("my.cache", "my.redis", "call"));
	}

	@Test
	void whenClosedNothingIsObserved() {
		Shop shop = shop(CacheSettings.defaults());

		Objects.requireNonNull(this.observations).close();
		traced("call", () -> shop.find("1"));

		assertThat(instance().manager().engine().link().tracer()).isSameAs(Tracer.NONE);
		assertThat(this.recorder.of("call")).extracting(Recorded::name).containsOnly("call");
	}

	private Shop shop(CacheSettings settings) {
		TestInstance<Shop> started = TestInstance.of(Shop.class, this.redis.host(), this.redis.port(), (builder) -> {
			TestInstance.patient(builder);
			builder.defaults(settings);
		});
		this.instance = started.awaitUp();
		this.observations = new CacheStarterObservations(started.manager(), this.registry, null, null);
		started.service().observe(this.registry);
		return started.service();
	}

	private TestInstance<Shop> instance() {
		return Objects.requireNonNull(this.instance);
	}

	private String traced(String name, Supplier<String> call) {
		return Objects.requireNonNull(Observation.createNotStarted(name, this.registry).observe(call));
	}

	private CompletableFuture<String> background(String name, Supplier<String> call) {
		return CompletableFuture.supplyAsync(() -> traced(name, call), Threads.OWN);
	}

	private void awaitStored(String key) {
		await().atMost(LONG).until(() -> {
			byte[] entry = this.redis.bytes(key);
			return entry != null && entry[4] == 'v';
		});
	}

	private void awaitSteps(String trace, String... steps) {
		await().atMost(LONG)
			.untilAsserted(
					() -> assertThat(this.recorder.of(trace)).as(trace).extracting(Recorded::what).contains(steps));
	}

	private Recorded recorded(String trace, String what) {
		return this.recorder.of(trace)
			.stream()
			.filter((one) -> one.label().equals(what))
			.findFirst()
			.orElseThrow(() -> new AssertionError("No " + what + " in " + this.recorder.of(trace)));
	}

	/** The kinds of methods. */
	enum Way {

		BLOCKING("shop") {

			@Override
			String call(Shop shop, String key) {
				return shop.find(key);
			}

		},

		FUTURE("futures") {

			@Override
			String call(Shop shop, String key) {
				return shop.future(key).join();
			}

		},

		MONO("monos") {

			@Override
			String call(Shop shop, String key) {
				return Objects.requireNonNull(shop.mono(key).block());
			}

		},

		FLUX("fluxes") {

			@Override
			String call(Shop shop, String key) {
				return Objects.requireNonNull(shop.flux(key).collectList().block()).get(0);
			}

		},

		SYNC("syncs") {

			@Override
			String call(Shop shop, String key) {
				return shop.sync(key);
			}

		};

		private final String cache;

		Way(String cache) {
			this.cache = cache;
		}

		String cache() {
			return this.cache;
		}

		abstract String call(Shop shop, String key);

	}

	/** When a handler throws. */
	enum Event {

		START, SCOPE_OPENED, SCOPE_CLOSED, ERROR, STOP

	}

	static class Shop {

		private final AtomicInteger loads = new AtomicInteger();

		private volatile CountDownLatch held = new CountDownLatch(0);

		private volatile ObservationRegistry registry = ObservationRegistry.NOOP;

		public void observe(ObservationRegistry observed) {
			this.registry = observed;
		}

		public int loads() {
			return this.loads.get();
		}

		public CountDownLatch hold() {
			this.held = new CountDownLatch(1);
			return this.held;
		}

		private String load(String key) {
			this.loads.incrementAndGet();
			try {
				this.held.await();
			}
			catch (InterruptedException ex) {
				Thread.currentThread().interrupt();
			}
			if (key.equals("interrupted once") && this.loads.get() == 1) {
				throw new IllegalStateException(new InterruptedException());
			}
			return key.equals("observed") ? query(key) : key;
		}

		private String query(String key) {
			return Objects.requireNonNull(Observation.createNotStarted("query", this.registry).observe(() -> key));
		}

		@Cacheable("shop")
		public String find(String key) {
			return load(key);
		}

		@CacheEvict("shop")
		public void evict(String key) {
		}

		@Cacheable("futures")
		public CompletableFuture<String> future(String key) {
			// On this thread, as who hands work to another carries the scope over.
			return CompletableFuture.completedFuture(load(key));
		}

		@Cacheable("monos")
		public Mono<String> mono(String key) {
			return Mono.fromCallable(() -> load(key));
		}

		@Cacheable("contexts")
		public Mono<String> context(String key) {
			return Mono.deferContextual((context) -> {
				Observation observation = context.get("micrometer.observation");
				return Mono.just(MeterNames.tag(((CacheStepContext) observation.getContext()).getStep()));
			});
		}

		@Cacheable("fluxes")
		public Flux<String> flux(String key) {
			return Flux.defer(() -> Flux.just(load(key), key));
		}

		@Cacheable(cacheNames = "syncs", sync = true)
		public String sync(String key) {
			return load(key);
		}

	}

	/** Keeps what has ended. */
	static class Recorder implements ObservationHandler<Observation.Context> {

		final Queue<String> threads = new ConcurrentLinkedQueue<>();

		volatile @Nullable Event throwing;

		private final Queue<Recorded> ended = new ConcurrentLinkedQueue<>();

		@Override
		public boolean supportsContext(Observation.Context context) {
			return true;
		}

		@Override
		public void onStart(Observation.Context context) {
			happened(context, Event.START);
		}

		@Override
		public void onScopeOpened(Observation.Context context) {
			happened(context, Event.SCOPE_OPENED);
		}

		@Override
		public void onScopeClosed(Observation.Context context) {
			happened(context, Event.SCOPE_CLOSED);
		}

		@Override
		public void onError(Observation.Context context) {
			happened(context, Event.ERROR);
		}

		@Override
		public void onStop(Observation.Context context) {
			this.ended.add(Recorded.of(context));
			happened(context, Event.STOP);
		}

		private void happened(Observation.Context context, Event event) {
			this.threads.add(Thread.currentThread().getName());
			if (event == this.throwing && context.getName().startsWith("cache.")) {
				throw new IllegalStateException("a handler of the application's, on " + event);
			}
		}

		List<Recorded> all() {
			return List.copyOf(this.ended);
		}

		List<Recorded> of(String trace) {
			return all().stream().filter((one) -> one.root().equals(trace)).toList();
		}

	}

	/**
	 * An observation that has ended.
	 *
	 * @param parent the label of its parent, empty for none
	 * @param root the label of the first of its ancestors
	 */
	record Recorded(String name, String label, String parent, String root, List<KeyValue> values) {

		static Recorded of(Observation.Context context) {
			ObservationView parent = context.getParentObservation();
			ObservationView root = parent;
			while (root != null && root.getContextView().getParentObservation() != null) {
				root = root.getContextView().getParentObservation();
			}
			List<KeyValue> values = context.getLowCardinalityKeyValues().stream().toList();
			return new Recorded(context.getName(), label(context),
					(parent != null) ? label(parent.getContextView()) : "",
					(root != null) ? label(root.getContextView()) : label(context), values);
		}

		private static String label(Observation.ContextView context) {
			if (context instanceof CacheStepContext step) {
				return MeterNames.tag(step.getStep());
			}
			return (context instanceof RedisOperationContext operation) ? operation.getCommand() : context.getName();
		}

		String value(String key) {
			return this.values.stream()
				.filter((one) -> one.getKey().equals(key))
				.map(KeyValue::getValue)
				.findFirst()
				.orElse("");
		}

		/** Its step, or the kind of its operation, and what came of it. */
		String what() {
			return (this.label.equals(this.name) ? this.name : value("step").isEmpty() ? value("kind") : value("step"))
					+ " " + value("outcome");
		}

		String kind() {
			return value("kind");
		}

		String cache() {
			return value("cache");
		}

	}

}
