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

package dev.cachestarter.autoconfigure.report;

import java.lang.reflect.Method;
import java.lang.reflect.Type;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Queue;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import org.springframework.beans.factory.BeanFactory;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.cache.interceptor.CacheInterceptor;
import org.springframework.cache.interceptor.CacheOperation;
import org.springframework.cache.interceptor.CachePutOperation;
import org.springframework.cache.interceptor.CacheableOperation;
import org.springframework.cache.interceptor.SimpleKeyGenerator;
import org.springframework.core.DefaultParameterNameDiscoverer;
import org.springframework.core.KotlinDetector;
import org.springframework.core.ParameterNameDiscoverer;
import org.springframework.core.ResolvableType;
import org.springframework.core.annotation.AnnotatedElementUtils;
import org.springframework.core.log.LogMessage;
import org.springframework.util.ClassUtils;
import org.springframework.util.StringUtils;

import dev.cachestarter.CacheReport;
import dev.cachestarter.CacheSettings;
import dev.cachestarter.NearSettings;
import dev.cachestarter.CacheTtl;
import dev.cachestarter.autoconfigure.report.AnnotatedMethods.Annotated;
import dev.cachestarter.cache.ResilientRedisCacheManager;
import dev.cachestarter.cache.call.MethodTtl;
import dev.cachestarter.cache.call.MethodTtls;
import dev.cachestarter.engine.key.ArgumentKeyGenerator;
import dev.cachestarter.engine.redis.RedisLink;
import dev.cachestarter.engine.value.ValueTypes;

/**
 * The {@link CacheReport} of an application context, told in the log once all singletons
 * are there: one line for all, and a warning for each method that cannot be cached.
 */
public final class StartReport implements CacheReport, SmartInitializingSingleton, DisposableBean {

	private static final Log logger = LogFactory.getLog("dev.cachestarter");

	private static final Duration LAST_WORDS = Duration.ofSeconds(1);

	private static final ParameterNameDiscoverer PARAMETER_NAMES = new DefaultParameterNameDiscoverer();

	/** An expression that is an argument. */
	private static final Pattern ARGUMENT = Pattern.compile("#([\\w$]+)");

	private static final Pattern INDEX = Pattern.compile("[ap](\\d{1,3})");

	private final BeanFactory beanFactory;

	private final AnnotatedMethods annotated;

	private final KeyCheck keyCheck;

	private final MethodTtls ttls;

	private final Consumer<List<CachedMethod>> onProblems;

	private final Executor executor;

	private final Helpers helpers;

	private final ReentrantLock lock = new ReentrantLock();

	private final CountDownLatch told = new CountDownLatch(1);

	private volatile boolean telling;

	private volatile @Nullable List<CachedMethod> methods;

	/**
	 * Create a report.
	 * @param beanFactory has the cache manager, and the interceptor
	 * @param annotated finds the methods
	 * @param keyCheck tells whether an argument can be a key
	 * @param onProblems is given the methods that cannot be cached at start, unless there
	 * are none
	 * @param executor runs that: for some hundred types it takes longer than a start
	 * should
	 * @param helpers share the look at the types
	 */
	public StartReport(BeanFactory beanFactory, AnnotatedMethods annotated, KeyCheck keyCheck,
			Consumer<List<CachedMethod>> onProblems, Executor executor, Helpers helpers) {
		this.beanFactory = beanFactory;
		this.annotated = annotated;
		this.keyCheck = keyCheck;
		this.ttls = new MethodTtls(beanFactory);
		this.onProblems = onProblems;
		this.executor = executor;
		this.helpers = helpers;
	}

	/**
	 * Log a warning for each method.
	 * @param problems methods that cannot be cached
	 */
	public static void warn(List<CachedMethod> problems) {
		problems.forEach((method) -> logger
			.warn(method.method() + " is not cached as it should be: " + String.join("; ", method.problems())));
	}

	@Override
	public void afterSingletonsInstantiated() {
		ResilientRedisCacheManager manager = manager();
		if (manager != null) {
			// What needs the beans; the rest is a matter of types, and takes its time.
			this.annotated.all();
			this.telling = true;
			this.executor.execute(() -> tell(manager));
		}
	}

	private void tell(ResilientRedisCacheManager manager) {
		try {
			List<CachedMethod> all = methods();
			Set<String> caches = new TreeSet<>(manager.getCacheNames());
			all.forEach((method) -> caches.addAll(method.caches()));
			List<CachedMethod> problems = problems();
			logger.info("Cache report: %d cached methods, %d caches, Redis at %s%s; active: %s".formatted(all.size(),
					caches.size(), manager.getRedisAddress(),
					problems.isEmpty() ? "" : "; not cached as they should be: " + problems.size(),
					active(manager, caches)));
			if (!problems.isEmpty()) {
				this.onProblems.accept(problems);
			}
		}
		finally {
			this.told.countDown();
		}
	}

	/** What the settings have switched on. */
	private static String active(ResilientRedisCacheManager manager, Set<String> caches) {
		List<CacheSettings> settings = caches.isEmpty() ? List.of(manager.getSettings(""))
				: caches.stream().map(manager::getSettings).toList();
		RedisLink.Settings link = manager.engine().link().settings();
		return String.join(", ",
				"key prefix " + (manager.getKeyPrefix().isEmpty() ? "none" : "'" + manager.getKeyPrefix() + "'"),
				"coalesce " + settings.stream()
					.map((each) -> each.coalesce().name().toLowerCase(Locale.ROOT))
					.distinct()
					.sorted()
					.collect(Collectors.joining(" or ")),
				"stale-if-error " + count(settings, (each) -> !each.staleIfError().isZero()),
				"refresh-ahead " + count(settings, (each) -> each.refreshAheadAuto() || !each.refreshAhead().isZero()),
				"verify " + count(settings, (each) -> each.verify() > 0),
				"near " + count(settings, (each) -> each.near().mode() != NearSettings.Mode.NONE),
				"command-timeout " + link.commandTimeout().toMillis() + " ms",
				"circuit-breaker at %.0f %% failing or %.0f %% slower than %d ms of %d".formatted(link.failureRate(),
						link.slowCallRate(), link.slowCall().toMillis(), link.window()));
	}

	private static String count(List<CacheSettings> settings, Predicate<CacheSettings> active) {
		long count = settings.stream().filter(active).count();
		return (count == 0) ? "none" : "on " + count + ((count == 1) ? " cache" : " caches");
	}

	/**
	 * An application that ends at once has its report all the same.
	 */
	@Override
	public void destroy() throws InterruptedException {
		if (this.telling) {
			this.told.await(LAST_WORDS.toMillis(), TimeUnit.MILLISECONDS);
		}
	}

	@Override
	public List<CachedMethod> methods() {
		List<CachedMethod> all = this.methods;
		if (all != null) {
			return all;
		}
		this.lock.lock();
		try {
			all = this.methods;
			if (all == null) {
				ResilientRedisCacheManager manager = manager();
				all = (manager != null) ? describe(manager) : List.of();
				this.methods = all;
			}
			return all;
		}
		finally {
			this.lock.unlock();
		}
	}

	private @Nullable ResilientRedisCacheManager manager() {
		ResilientRedisCacheManager manager = this.beanFactory.getBeanProvider(ResilientRedisCacheManager.class)
			.getIfUnique();
		return (manager != null && !manager.isSwitchedOff()) ? manager : null;
	}

	private List<CachedMethod> describe(ResilientRedisCacheManager manager) {
		boolean keysAreOurs = keysAreOurs();
		Queue<Annotated> waiting = new ConcurrentLinkedQueue<>(this.annotated.all()
			.stream()
			.filter((method) -> method.operations().stream().anyMatch(this::mayBeOurs))
			.toList());
		Queue<CachedMethod> described = new ConcurrentLinkedQueue<>();
		this.helpers.share(waiting.size(), () -> {
			for (Annotated method = waiting.poll(); method != null; method = waiting.poll()) {
				described.add(describe(method, manager, keysAreOurs));
			}
		});
		return described.stream().sorted(Comparator.comparing(CachedMethod::method)).toList();
	}

	/**
	 * An operation may name another manager; of a resolver nobody knows what it finds.
	 */
	private boolean mayBeOurs(CacheOperation operation) {
		return StringUtils.hasText(operation.getCacheResolver()) || isOurs(operation);
	}

	private boolean isOurs(CacheOperation operation) {
		String manager = operation.getCacheManager();
		return !StringUtils.hasText(operation.getCacheResolver())
				&& (!StringUtils.hasText(manager) || (this.beanFactory.containsBean(manager)
						&& this.beanFactory.isTypeMatch(manager, ResilientRedisCacheManager.class)));
	}

	/** Spring's own generator makes keys of the same arguments. */
	private boolean keysAreOurs() {
		CacheInterceptor interceptor = this.beanFactory.getBeanProvider(CacheInterceptor.class).getIfUnique();
		return interceptor == null || interceptor.getKeyGenerator() instanceof SimpleKeyGenerator
				|| interceptor.getKeyGenerator() instanceof ArgumentKeyGenerator;
	}

	private CachedMethod describe(Annotated annotated, ResilientRedisCacheManager manager, boolean keysAreOurs) {
		Set<String> caches = new TreeSet<>();
		Set<String> keys = new LinkedHashSet<>();
		Set<String> problems = new LinkedHashSet<>();
		Type type = ValueTypes.valueType(annotated.method(), annotated.type());
		boolean keeps = false;
		for (CacheOperation operation : annotated.operations()) {
			if (!mayBeOurs(operation)) {
				continue;
			}
			caches.addAll(operation.getCacheNames());
			// What evicts by a tag names no cache.
			caches.removeIf((name) -> name.startsWith("~"));
			addKeys(operation, annotated, keysAreOurs, keys, problems);
			if (operation instanceof CacheableOperation || operation instanceof CachePutOperation) {
				keeps = true;
				if (type != null && isOurs(operation)) {
					addProblemsOfType(type, operation, manager, problems);
				}
			}
		}
		String ttl = ttl(annotated, keeps, problems);
		return new CachedMethod(name(annotated), Collections.unmodifiableSet(caches), Collections.unmodifiableSet(keys),
				(keeps && type != null) ? shortName(type) : null, ttl, List.copyOf(problems));
	}

	/** Those of lazy beans have not been looked at yet. */
	private @Nullable String ttl(Annotated annotated, boolean keeps, Set<String> problems) {
		try {
			MethodTtl ttl = this.ttls.of(annotated.method(), annotated.type());
			if (ttl != null && !keeps && AnnotatedElementUtils.hasAnnotation(annotated.method(), CacheTtl.class)) {
				problems
					.add("@CacheTtl has no effect, since what the method returns is not cached: remove it, or put it"
							+ " on a method with @Cacheable or @CachePut");
			}
			return (ttl != null && keeps) ? ttl.text() : null;
		}
		catch (IllegalStateException ex) {
			problems.add(String.valueOf(ex.getMessage()));
			return null;
		}
	}

	private void addKeys(CacheOperation operation, Annotated annotated, boolean keysAreOurs, Set<String> keys,
			Set<String> problems) {
		if (operation instanceof org.springframework.cache.interceptor.CacheEvictOperation evict
				&& evict.isCacheWide()) {
			keys.add("*");
		}
		else if (StringUtils.hasText(operation.getKey())) {
			keys.add(operation.getKey());
			argument(operation.getKey(), annotated.method()).forEach((index) -> addProblem(annotated, index, problems));
		}
		else if (StringUtils.hasText(operation.getKeyGenerator())) {
			keys.add("generator " + operation.getKeyGenerator());
		}
		else {
			keys.add("arguments");
			if (keysAreOurs) {
				for (int i = 0; i < arguments(annotated.method()); i++) {
					addProblem(annotated, i, problems);
				}
			}
		}
	}

	private void addProblem(Annotated annotated, int index, Set<String> problems) {
		try {
			String problem = this.keyCheck.problem(annotated.method(), index, annotated.type());
			if (problem != null) {
				problems.add(problem);
			}
		}
		catch (RuntimeException | LinkageError ex) {
			logger.debug(LogMessage.format("Could not tell whether %s has a key", annotated.method()), ex);
		}
	}

	private static int arguments(Method method) {
		return method.getParameterCount() - (KotlinDetector.isSuspendingFunction(method) ? 1 : 0);
	}

	/** Which argument a key expression is, if it is one as it stands. */
	private static List<Integer> argument(String expression, Method method) {
		Matcher matcher = ARGUMENT.matcher(expression.strip());
		if (!matcher.matches()) {
			return List.of();
		}
		String variable = matcher.group(1);
		@Nullable String[] names = PARAMETER_NAMES.getParameterNames(method);
		int named = (names != null) ? Arrays.asList(names).indexOf(variable) : -1;
		Matcher index = INDEX.matcher(variable);
		int found = (named < 0 && index.matches()) ? Integer.parseInt(index.group(1)) : named;
		return (found >= 0 && found < arguments(method)) ? List.of(found) : List.of();
	}

	private static void addProblemsOfType(Type type, CacheOperation operation, ResilientRedisCacheManager manager,
			Set<String> problems) {
		for (String cacheName : operation.getCacheNames()) {
			CacheSettings settings = manager.getSettings(cacheName);
			if (settings.valueSerializer() == null) {
				Type stated = settings.type();
				try {
					String problem = manager.whyNotCacheable(ResolvableType.forType((stated != null) ? stated : type));
					if (problem != null) {
						problems.add(problem);
					}
				}
				catch (RuntimeException | LinkageError ex) {
					logger.debug(LogMessage.format("Could not tell whether %s can be cached", type), ex);
				}
			}
		}
	}

	private static String name(Annotated annotated) {
		return annotated.type().getSimpleName() + "." + annotated.method().getName()
				+ Arrays.stream(annotated.method().getParameterTypes())
					.limit(arguments(annotated.method()))
					.map(Class::getSimpleName)
					.collect(Collectors.joining(", ", "(", ")"));
	}

	private static String shortName(Type type) {
		List<String> parts = new ArrayList<>();
		for (String part : ResolvableType.forType(type).toString().split("(?<=[<>, ])|(?=[<>, ])")) {
			parts.add(part.contains(".") ? ClassUtils.getShortName(part) : part);
		}
		return String.join("", parts);
	}

	/**
	 * Threads that share work with the one that has it: most of a look at types is spent
	 * on code that the JVM runs for the first time, so it is faster with several.
	 *
	 * @param executor has a thread for each task
	 * @param most how many threads there may be, the one that has the work included
	 */
	public record Helpers(Executor executor, int most) {

		/** Who has less to do than this is done before a helper has begun. */
		private static final int WORTH_A_THREAD = 10;

		/** Do some work, and wait until all of it is done. */
		void share(int size, Runnable part) {
			List<CompletableFuture<?>> others = new ArrayList<>();
			for (int i = 1; i < Math.min(this.most, size / WORTH_A_THREAD); i++) {
				others.add(CompletableFuture.runAsync(part, this.executor));
			}
			part.run();
			others.forEach(CompletableFuture::join);
		}

	}

	/**
	 * Tells whether an argument can be a key.
	 */
	@FunctionalInterface
	public interface KeyCheck {

		/**
		 * Return why an argument of a method can have no key.
		 * @param method the method
		 * @param index which argument
		 * @param targetClass the class that it is called on
		 * @return a sentence that names the argument, and the cure; {@code null} if it
		 * has a key, as far as its type tells
		 */
		@Nullable String problem(Method method, int index, Class<?> targetClass);

	}

}
