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

import java.lang.management.ManagementFactory;
import java.lang.reflect.Method;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import com.sun.management.ThreadMXBean;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.LoggerFactory;

import org.springframework.aop.framework.ProxyFactory;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.cache.Cache;
import org.springframework.cache.annotation.CacheConfig;
import org.springframework.cache.annotation.CacheEvict;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.cache.annotation.Caching;
import org.springframework.cache.interceptor.CacheInterceptor;
import org.springframework.cache.interceptor.CacheOperationInvocationContext;
import org.springframework.cache.interceptor.CacheResolver;
import org.springframework.cache.interceptor.KeyGenerator;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.transaction.support.TransactionTemplate;

import dev.cachestarter.cache.Internals;
import dev.cachestarter.cache.ResilientRedisCacheManager;
import dev.cachestarter.metrics.CacheStarterMetrics;
import dev.cachestarter.testing.RedisServer;
import dev.cachestarter.testing.Transactions;
import dev.cachestarter.testing.WithRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.awaitility.Awaitility.await;

/**
 * Calls that are hits before they have begun: which of them are, and what they must not
 * overlook. {@link NearTrackRedisTests} has what concerns all hits about which Redis is
 * not asked, and makes such calls.
 */
@WithRedis(local = true)
@ExtendWith(OutputCaptureExtension.class)
class HitsAtOnceRedisTests {

	private static final Duration PATIENCE = Duration.ofMinutes(1);

	/** A call that is made in full allocates three times as much, and more. */
	private static final long FEW_BYTES = 900;

	private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

	private final RedisServer redis;

	private final TestInstance<Prices> instance;

	private final List<TestInstance<?>> others = new ArrayList<>();

	HitsAtOnceRedisTests(RedisServer redis) {
		this.redis = redis;
		redis.flushAll();
		Prices.LOADS.set(0);
		Prices.FACTOR.set(1);
		Prices.tenant = "acme";
		this.instance = instance(Prices.class, (settings) -> settings);
	}

	@AfterEach
	void close() {
		this.instance.close();
		this.others.forEach(TestInstance::close);
	}

	// Which calls

	@ParameterizedTest
	@EnumSource
	void plainMethodsAnswerAtOnce(Plain plain) {
		Object first = warm(this.instance, plain.call);
		int loads = Prices.LOADS.get();

		assertThat(bytesOf(() -> plain.call.apply(this.instance.service()))).isLessThan(FEW_BYTES);
		assertThat(plain.call.apply(this.instance.service())).isEqualTo(first);
		assertThat(Prices.LOADS).hasValue(loads);
	}

	@ParameterizedTest
	@EnumSource
	void otherMethodsAreCalledInFull(Other other) {
		warm(this.instance, other.call);

		assertThat(bytesOf(() -> other.call.apply(this.instance.service()))).isGreaterThan(FEW_BYTES);
	}

	@Test
	void aCallAtOnceCountsAndIsMeasuredAsAnyOther(CapturedOutput output) {
		SimpleMeterRegistry registry = new SimpleMeterRegistry();
		Logger logger = (Logger) LoggerFactory.getLogger("dev.cachestarter");
		try (CacheStarterMetrics metrics = new CacheStarterMetrics(this.instance.manager(), "prices")) {
			metrics.bindTo(registry);
			warm(this.instance, (prices) -> prices.find("acme", 1));
			CacheSnapshot.Counters before = this.instance.counters("prices");
			long read = reads(registry);
			logger.setLevel(Level.DEBUG);

			for (int i = 0; i < 10; i++) {
				this.instance.service().find("acme", 1);
			}

			CacheSnapshot.Counters after = this.instance.counters("prices");
			assertThat(after.hits() - before.hits()).isEqualTo(10);
			assertThat(after.nearHits() - before.nearHits()).isEqualTo(10);
			assertThat(after.misses()).isEqualTo(before.misses());
			assertThat(reads(registry) - read).isEqualTo(10);
			assertThat(output.getOut().split("Cache HIT - prices \\(cacheKey: prices:acme:1\\)", -1)).hasSize(11);
		}
		finally {
			logger.setLevel(null);
		}
	}

	// What may change from call to call

	@Test
	void aCacheThatIsSwitchedOffAnswersNothing() {
		warm(this.instance, (prices) -> prices.find("acme", 1));
		Prices.FACTOR.set(2);

		this.instance.cache("prices").setControl(CacheControl.asConfigured().withEnabled(false), "test");
		assertThat(this.instance.service().find("acme", 1).amount()).isEqualTo(2);
		this.instance.cache("prices").setControl(CacheControl.asConfigured(), "test");
		warm(this.instance, (prices) -> prices.find("acme", 1));
		this.instance.cache("prices").setControl(CacheControl.asConfigured().withBypass(1), "test");

		assertThat(this.instance.service().find("acme", 1).amount()).isEqualTo(2);
	}

	/** To draw once more for the call in full would leave a quarter. */
	@Test
	void theShareOfCallsThatBypassTheCacheIsThatOfTheControl() {
		warm(this.instance, (prices) -> prices.find("acme", 1));
		this.instance.cache("prices").setControl(CacheControl.asConfigured().withBypass(0.5), "test");
		int loads = Prices.LOADS.get();

		for (int i = 0; i < 1000; i++) {
			this.instance.service().find("acme", 1);
		}

		assertThat(Prices.LOADS.get() - loads).isBetween(400, 600);
	}

	@Test
	void aTransactionThatWritesIsAskedForWhatItHasDone() {
		warm(this.instance, (prices) -> prices.find("acme", 1));
		Prices.FACTOR.set(2);

		new TransactionTemplate(new Transactions()).executeWithoutResult((status) -> {
			this.instance.service().changed("acme", 1);
			assertThat(this.instance.service().find("acme", 1).amount()).as("in it").isEqualTo(2);
			status.setRollbackOnly();
		});

		assertThat(this.instance.service().find("acme", 1).amount()).as("it was rolled back").isEqualTo(1);
	}

	@Test
	void anEvictionAndAPutOfOnesOwnAreSeenByTheNextCall() {
		for (int i = 2; i < 100; i++) {
			warm(this.instance, (prices) -> prices.find("acme", 1));
			Prices.FACTOR.set(i);

			if (i % 2 == 0) {
				this.instance.service().changed("acme", 1);
			}
			else {
				this.instance.cache("prices").put(this.instance.service().key("acme", 1), new Price("acme", i));
			}

			assertThat(this.instance.service().find("acme", 1).amount()).isEqualTo(i);
		}
	}

	@Test
	void whatAKeyIsMadeOfIsAskedForInEachCall() {
		TestInstance<Prices> instance = this.instance;
		for (Function<Prices, Object> call : List.<Function<Prices, Object>>of((prices) -> prices.generated(1),
				(prices) -> prices.ofTenant(1), (prices) -> prices.resolved(1))) {
			Prices.tenant = "acme";
			Object ofAcme = warm(instance, call);
			Prices.tenant = "other";

			assertThat(call.apply(instance.service())).isNotEqualTo(ofAcme);
		}
	}

	@Test
	void theKeyOfTheArgumentsIsNotThatOfAMethodWithAnother() {
		Price ofTheArgument = warm(this.instance, (prices) -> prices.byTenantOfItsOwn(1));

		for (int i = 0; i < 3; i++) {
			assertThat(this.instance.service().generated(1)).isNotEqualTo(ofTheArgument);
			assertThat(this.instance.service().ofTenant(1)).isNotEqualTo(ofTheArgument);
		}
	}

	@Test
	void theGeneratorThatTheApplicationStatesForAllIsAsked() {
		TestInstance<Prices> stated = instance(Prices.class, (settings) -> settings, Generating.class);
		Object ofAcme = warm(stated, (prices) -> prices.byTenantOfItsOwn(1));
		Prices.tenant = "other";

		assertThat(stated.service().byTenantOfItsOwn(1)).isNotEqualTo(ofAcme);
	}

	@Test
	void aConditionIsAskedForInEachCall() {
		warm(this.instance, (prices) -> prices.when("1", true));
		Prices.FACTOR.set(2);

		assertThat(this.instance.service().when("1", false).amount()).isEqualTo(2);
		assertThat(this.instance.service().when("1", true).amount()).isEqualTo(1);
	}

	@Test
	void aNullForAKeyFailsAsEver() {
		warm(this.instance, (prices) -> prices.named("1", 7));

		assertThatIllegalArgumentException().isThrownBy(() -> this.instance.service().named(null, 7))
			.withMessageContaining("Null key returned for cache operation");
	}

	@Test
	void whatElseAMethodDoesToCachesIsDone() {
		warm(this.instance, (prices) -> prices.readAndEvict("9"));
		warm(this.instance, (prices) -> prices.find("acme", 1));
		Prices.FACTOR.set(2);

		this.instance.service().readAndEvict("9");

		assertThat(this.instance.service().find("acme", 1).amount()).isEqualTo(2);
	}

	@Test
	void aMethodThatFailsIsCalledAgain() {
		for (int i = 0; i < 3; i++) {
			assertThatIllegalStateException().isThrownBy(() -> this.instance.service().failing("1"))
				.withMessage("not for sale");
		}
	}

	@Test
	void anotherCacheUnderTheNameIsAsked() {
		ResilientRedisCacheManager manager = this.instance.manager();
		warm(this.instance, (prices) -> prices.find("acme", 1));
		Prices.FACTOR.set(2);

		// Has all caches made once more.
		manager.initializeCaches();
		this.redis.flushAll();

		assertThat(this.instance.service().find("acme", 1).amount()).isEqualTo(2);
	}

	@Test
	void aStoppedInstanceServesNothingThatItWasNotToldOf() {
		warm(this.instance, (prices) -> prices.find("acme", 1));
		this.instance.manager().stop();
		this.redis.flushAll();
		Prices.FACTOR.set(2);

		assertThat(this.instance.service().find("acme", 1).amount()).isEqualTo(2);
		this.instance.manager().start();
		this.instance.awaitUp();

		assertThat(this.instance.service().find("acme", 1).amount()).isEqualTo(2);
		warm(this.instance, (prices) -> prices.find("acme", 1));
		assertThat(this.instance.service().find("acme", 1).amount()).isEqualTo(2);
	}

	@Test
	void anEntryThatIsDueIsLoadedAgain() {
		TestInstance<Prices> ahead = instance(Prices.class,
				(settings) -> settings.withTtl(Duration.ofSeconds(4))
					.withTtlJitter(0)
					.withRefreshAhead(Duration.ofSeconds(2)));
		warm(ahead, (prices) -> prices.find("acme", 1));
		Prices.FACTOR.set(2);

		await().atMost(PATIENCE)
			.pollInterval(Duration.ofMillis(20))
			.until(() -> ahead.service().find("acme", 1).amount() == 2);

		assertThat(ahead.counters("prices").refreshes()).isPositive();
		assertThat(ahead.counters("prices").misses()).as("nobody has waited").isEqualTo(1);
	}

	/** To draw once more for the call in full would leave 13 of 150. */
	@Test
	void theShareOfHitsThatAreVerifiedIsThatOfTheSetting() {
		TestInstance<Prices> verifying = instance(Prices.class, (settings) -> settings.withVerify(0.3));
		verifying.service().find("acme", 1);

		for (int i = 0; i < 150; i++) {
			verifying.service().find("acme", 1);
			await().atMost(PATIENCE)
				.pollInterval(Duration.ofMillis(1))
				.until(() -> new String(Objects.requireNonNull(this.redis.bytes("prices:acme:1")),
						java.nio.charset.StandardCharsets.ISO_8859_1)
					.startsWith("----------------", 23));
		}

		assertThat(verifying.counters("prices").refreshes()).isBetween(25L, 75L);
	}

	// Whose

	@Test
	void eachClassHasWhatItsOwnAnnotationsSay() {
		TestInstance<First> first = instance(First.class, (settings) -> settings);
		CacheInterceptor interceptor = first.context().getBean(CacheInterceptor.class);
		Finder one = proxied(new First(), interceptor);
		Finder two = proxied(new Second(), interceptor);
		Finder none = proxied(new Third(), interceptor);

		for (int i = 0; i < 3; i++) {
			await().atMost(PATIENCE).until(() -> bytesOf(() -> one.find("1")) < FEW_BYTES);
			await().atMost(PATIENCE).until(() -> bytesOf(() -> two.find("1")) < FEW_BYTES);
			assertThat(one.find("1")).isEqualTo("first 1");
			assertThat(two.find("1")).isEqualTo("second 1");
			assertThat(none.find("1")).isNotEqualTo(none.find("1"));
		}
	}

	@Test
	void twoMethodsOfOneKeyEachGetTheirType() {
		warm(this.instance, (prices) -> prices.find("acme", 1));

		assertThat(this.instance.service().text("acme", 1)).isEqualTo("text acme");
	}

	@Test
	void textThatLooksLikeAnotherKeyIsThatOfItsOwnMethod() {
		warm(this.instance, (prices) -> prices.find("acme", 1));

		assertThat(this.instance.service().one("acme:1").id()).isEqualTo("one acme:1");
	}

	@Test
	void aMethodForManyKeysIsOneForManyKeys() {
		warm(this.instance, (prices) -> prices.one("7"));

		for (int i = 0; i < 3; i++) {
			assertThat(this.instance.service().many(List.of("7", "8"))).containsOnlyKeys("7", "8")
				.containsEntry("7", new Price("one 7", 1));
		}
	}

	// Values

	@Test
	void whoChangesAValueThatOthersShareIsFoundIfThatIsLookedFor(CapturedOutput output) {
		Logger logger = (Logger) LoggerFactory.getLogger("dev.cachestarter.near");
		logger.setLevel(Level.TRACE);
		try {
			unasked(this.instance, (prices) -> prices.names("1"));

			this.instance.service().names("1").clear();

			assertThat(this.instance.service().names("1")).hasSize(3);
			assertThat(output).containsOnlyOnce("Cache 'prices' had a value in memory that a caller has changed");
		}
		finally {
			logger.setLevel(null);
		}
	}

	// Fixture

	private static Finder proxied(Finder target, CacheInterceptor interceptor) {
		ProxyFactory factory = new ProxyFactory(Finder.class, interceptor);
		factory.setTarget(target);
		return (Finder) factory.getProxy();
	}

	private static long reads(SimpleMeterRegistry registry) {
		return registry.get("cache.starter.read").tag("outcome", "hit").timer().count();
	}

	private <S> TestInstance<S> instance(Class<S> service, UnaryOperator<CacheSettings> change,
			Class<?>... configurations) {
		CacheSettings settings = CacheSettings.defaults().withTtl(Duration.ofHours(1));
		TestInstance<S> made = TestInstance.of(service, this.redis.host(), this.redis.port(),
				(builder) -> Internals.link(builder
					.defaults(change.apply(settings.withNear(settings.near().withMode(NearSettings.Mode.TRACK))))
					.caches(List.of("prices", "second")), Interleavings.PATIENT),
				append(configurations, Beans.class));
		if (service != Prices.class || configurations.length > 0 || this.instance != null) {
			this.others.add(made);
		}
		return made.awaitUp();
	}

	private static Class<?>[] append(Class<?>[] classes, Class<?> last) {
		List<Class<?>> all = new ArrayList<>(List.of(classes));
		all.add(last);
		return all.toArray(Class<?>[]::new);
	}

	/** Make a call until there are copies of all that it reads. */
	private static <T> T warm(TestInstance<Prices> instance, Function<Prices, T> call) {
		unasked(instance, call);
		return unasked(instance, call);
	}

	private static <T> T unasked(TestInstance<Prices> instance, Function<Prices, T> call) {
		List<T> found = new ArrayList<>();
		await().atMost(PATIENCE).pollInterval(Duration.ofMillis(5)).until(() -> {
			long before = unasked(instance);
			found.add(call.apply(instance.service()));
			return unasked(instance) > before;
		});
		return found.get(found.size() - 1);
	}

	private static long unasked(TestInstance<Prices> instance) {
		return instance.manager()
			.getCacheNames()
			.stream()
			.mapToLong((name) -> instance.counters(name).nearHitsUnasked())
			.sum();
	}

	/** Return how much a call allocates, when it does not wait for anything. */
	private static long bytesOf(Runnable call) {
		List<Long> bytes = new ArrayList<>();
		for (int i = 0; i < 21; i++) {
			long before = THREADS.getCurrentThreadAllocatedBytes();
			call.run();
			bytes.add(THREADS.getCurrentThreadAllocatedBytes() - before);
		}
		return bytes.stream().sorted().toList().get(10);
	}

	/**
	 * Calls of plain methods.
	 */
	enum Plain {

		TWO_ARGUMENTS((prices) -> prices.find("acme", 1)),

		A_TEXT((prices) -> prices.one("1")),

		NO_ARGUMENT((prices) -> prices.all()),

		A_NULL((prices) -> prices.find(null, 1)),

		A_CONSTANT((prices) -> prices.of(TimeUnit.DAYS)),

		THE_KEY_IS_AN_ARGUMENT((prices) -> prices.named("1", 7)),

		AN_OPTIONAL((prices) -> prices.maybe("1")),

		AN_EMPTY_OPTIONAL((prices) -> prices.maybe("none")),

		A_NULL_RESULT((prices) -> prices.nothing("1")),

		A_PRIMITIVE((prices) -> prices.amount("1")),

		UNLESS((prices) -> prices.unless("1")),

		A_TTL_OF_ITS_OWN((prices) -> prices.brief("1")),

		A_MANAGER_BY_NAME((prices) -> prices.managed("1"));

		private final Function<Prices, @Nullable Object> call;

		Plain(Function<Prices, @Nullable Object> call) {
			this.call = call;
		}

	}

	/**
	 * Calls of which Spring must decide what they are.
	 */
	enum Other {

		CONDITION((prices) -> prices.when("1", true)),

		SYNC((prices) -> prices.sync("1")),

		TWO_CACHES((prices) -> prices.inTwo("1")),

		GENERATED((prices) -> prices.generated(1)),

		RESOLVED((prices) -> prices.resolved(1)),

		EXPRESSION((prices) -> prices.ofTenant(1)),

		A_RECORD((prices) -> prices.ofPrice(new Price("1", 1))),

		A_LIST((prices) -> prices.ofList(List.of("1"))),

		A_LONG_TEXT((prices) -> prices.one("x".repeat(1000))),

		ANY_NUMBER_OF_ARGUMENTS((prices) -> prices.ofSome("1", "2"));

		private final Function<Prices, @Nullable Object> call;

		Other(Function<Prices, @Nullable Object> call) {
			this.call = call;
		}

	}

	record Price(String id, int amount) {

	}

	/**
	 * The application.
	 */
	static class Prices {

		static final AtomicInteger LOADS = new AtomicInteger();

		static final AtomicInteger FACTOR = new AtomicInteger(1);

		static volatile String tenant = "acme";

		private static Price load(String id) {
			LOADS.incrementAndGet();
			return new Price(id, FACTOR.get());
		}

		/** The key of {@link #find}. */
		Object key(String org, int number) {
			return new org.springframework.cache.interceptor.SimpleKey(org, number);
		}

		@Cacheable("prices")
		public Price find(@Nullable String org, int number) {
			return load(String.valueOf(org));
		}

		@Cacheable("prices")
		public String text(String org, int number) {
			return "text " + org;
		}

		@CacheEvict("prices")
		public void changed(String org, int number) {
		}

		@Cacheable("prices")
		public Price one(String text) {
			return load("one " + text);
		}

		@Cacheable("prices")
		public Price all() {
			return load("all");
		}

		@Cacheable("prices")
		public Price of(TimeUnit unit) {
			return load(unit.name());
		}

		@Cacheable(cacheNames = "prices", key = "#id")
		public Price named(@Nullable String id, int anything) {
			return load("named " + id);
		}

		@Cacheable("prices")
		public Optional<Price> maybe(String id) {
			return id.equals("none") ? Optional.empty() : Optional.of(load(id));
		}

		@Cacheable("prices")
		public @Nullable Price nothing(String id) {
			LOADS.incrementAndGet();
			return null;
		}

		@Cacheable("prices")
		public long amount(String id) {
			return load(id).amount();
		}

		@Cacheable(cacheNames = "prices", unless = "#result.amount() > 10")
		public Price unless(String id) {
			return load(id);
		}

		@Cacheable("prices")
		@CacheTtl("5m")
		public Price brief(String id) {
			return load(id);
		}

		@Cacheable(cacheNames = "prices", cacheManager = "cacheManager")
		public Price managed(String id) {
			return load(id);
		}

		@Cacheable(cacheNames = "prices", key = "#id", condition = "#use")
		public Price when(String id, boolean use) {
			return load(id);
		}

		@Cacheable(cacheNames = "prices", sync = true)
		public Price sync(String id) {
			return load(id);
		}

		@Cacheable({ "prices", "second" })
		public Price inTwo(String id) {
			return load(id);
		}

		@Caching(cacheable = @Cacheable("prices"),
				evict = @CacheEvict(cacheNames = "prices", key = "@cacheKeys.of('acme', 1)"))
		public Price readAndEvict(String id) {
			return load("and evicted " + id);
		}

		@Cacheable(cacheNames = "prices", keyGenerator = "byTenant")
		public Price generated(int number) {
			return load("generated for " + tenant);
		}

		@Cacheable(cacheNames = "prices", key = "#root.target.tenant() + #number")
		public Price ofTenant(int number) {
			return load("of " + tenant);
		}

		public String tenant() {
			return tenant;
		}

		@Cacheable("prices")
		public Price byTenantOfItsOwn(int number) {
			return load("by " + tenant);
		}

		@Cacheable(cacheNames = "prices", cacheResolver = "resolver")
		public Price resolved(int number) {
			return load("resolved for " + tenant);
		}

		@Cacheable("prices")
		public Price ofPrice(Price price) {
			return load(price.id());
		}

		@Cacheable("prices")
		public Price ofList(List<String> ids) {
			return load(ids.get(0));
		}

		@Cacheable("prices")
		public Price ofSome(String... ids) {
			return load(ids[0]);
		}

		@CacheableAll("prices")
		public Map<String, Price> many(Collection<String> ids) {
			return ids.stream().collect(Collectors.toMap(Function.identity(), Prices::load));
		}

		@Cacheable("prices")
		public List<String> names(String id) {
			return new ArrayList<>(List.of("a", "b", "c"));
		}

		@Cacheable("prices")
		public Price failing(String id) {
			throw new IllegalStateException("not for sale");
		}

	}

	interface Finder {

		String find(String id);

	}

	@CacheConfig(cacheNames = "prices")
	static class First implements Finder {

		@Override
		@Cacheable
		public String find(String id) {
			return "first " + id;
		}

	}

	@CacheConfig(cacheNames = "second")
	static class Second implements Finder {

		@Override
		@Cacheable
		public String find(String id) {
			return "second " + id;
		}

	}

	static class Third implements Finder {

		private int calls;

		@Override
		public String find(String id) {
			return "third " + this.calls++;
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Beans {

		@Bean
		KeyGenerator byTenant() {
			return new ByTenant();
		}

		@Bean
		CacheResolver resolver(ResilientRedisCacheManager manager) {
			return new CacheResolver() {

				@Override
				public Collection<? extends Cache> resolveCaches(CacheOperationInvocationContext<?> context) {
					String name = Prices.tenant.equals("acme") ? "prices" : "second";
					return List.of(Objects.requireNonNull(manager.getCache(name)));
				}

			};
		}

	}

	/**
	 * States a generator for all methods.
	 */
	@Configuration(proxyBeanMethods = false)
	static class Generating implements org.springframework.cache.annotation.CachingConfigurer {

		@Override
		public KeyGenerator keyGenerator() {
			return new ByTenant();
		}

	}

	static class ByTenant implements KeyGenerator {

		@Override
		public Object generate(Object target, Method method, @Nullable Object... params) {
			return method.getName() + "-" + Prices.tenant;
		}

	}

}
