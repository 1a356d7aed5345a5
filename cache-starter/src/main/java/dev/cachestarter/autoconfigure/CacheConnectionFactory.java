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

package dev.cachestarter.autoconfigure;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;

import org.springframework.aop.framework.AopProxyUtils;
import org.springframework.beans.factory.BeanFactoryUtils;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.beans.factory.NoUniqueBeanDefinitionException;
import org.springframework.boot.data.redis.autoconfigure.DataRedisConnectionDetails;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.RedisStandaloneConfiguration;
import org.springframework.data.redis.connection.RedisStaticMasterReplicaConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import org.springframework.util.StringUtils;

import dev.cachestarter.autoconfigure.names.SimilarNames;
import dev.cachestarter.cache.ResilientRedisCacheManager;
import dev.cachestarter.engine.connection.Certificates;

/**
 * Finds the connection factory whose Redis the cache is to use, or says why there is
 * none.
 */
final class CacheConnectionFactory {

	private static final String PROPERTY = CacheStarterProperties.PREFIX + ".connection.factory";

	private final ListableBeanFactory beanFactory;

	CacheConnectionFactory(ListableBeanFactory beanFactory) {
		this.beanFactory = beanFactory;
	}

	/**
	 * Start to build a manager that uses the factory's Redis.
	 * @param name the name of its bean, {@code null} or empty for the only or the primary
	 * one
	 * @return a builder with the built-in defaults
	 * @throws CacheConfigurationException if there is no such factory, if it is
	 * ambiguous, or if the manager cannot use it
	 */
	ResilientRedisCacheManager.Builder managerBuilder(@Nullable String name) {
		LettuceConnectionFactory factory = find(name);
		refuseMasterReplica(factory);
		try {
			return ResilientRedisCacheManager.builder(factory).certificates(certificates(factory));
		}
		catch (IllegalArgumentException ex) {
			throw CacheConfigurationException.refused(ex);
		}
	}

	/**
	 * Spring Boot makes its factory with the certificates that its bundle has at that
	 * moment. The bundle itself may be given others.
	 */
	private @Nullable Supplier<Certificates> certificates(LettuceConnectionFactory factory) {
		DataRedisConnectionDetails details = this.beanFactory.getBeanProvider(DataRedisConnectionDetails.class)
			.getIfUnique();
		if (details == null || !isMadeFrom(details, factory) || details.getSslBundle() == null) {
			return null;
		}
		return () -> {
			SslBundle bundle = Objects.requireNonNull(details.getSslBundle());
			return new Certificates(bundle.getManagers().getKeyManagerFactory(),
					bundle.getManagers().getTrustManagerFactory());
		};
	}

	/** An application may have a factory of its own, for another Redis. */
	private static boolean isMadeFrom(DataRedisConnectionDetails details, LettuceConnectionFactory factory) {
		if (factory.isClusterAware()) {
			return details.getCluster() != null;
		}
		if (factory.isRedisSentinelAware()) {
			return details.getSentinel() != null;
		}
		DataRedisConnectionDetails.Standalone standalone = details.getStandalone();
		return standalone != null && standalone.getHost().equals(factory.getHostName())
				&& standalone.getPort() == factory.getPort();
	}

	private LettuceConnectionFactory find(@Nullable String name) {
		Object factory = StringUtils.hasText(name) ? named(name) : unique();
		// An application may have wrapped it, for instance to observe it.
		Object target = AopProxyUtils.getSingletonTarget(factory);
		if (((target != null) ? target : factory) instanceof LettuceConnectionFactory lettuce) {
			return lettuce;
		}
		throw new CacheConfigurationException(
				"The cache cannot use the connection factory " + factory.getClass().getName()
						+ ": it needs one of Lettuce",
				"Use Lettuce (io.lettuce:lettuce-core on the class path, and 'spring.data.redis.client-type' not "
						+ "'jedis'), or name a LettuceConnectionFactory bean for the cache in '" + PROPERTY
						+ "', or have another cache with 'spring.cache.type'.",
				StringUtils.hasText(name) ? PROPERTY : null, null);
	}

	/**
	 * A factory for static master/replica does not tell its nodes: it looks like one for
	 * localhost. What Spring Boot made it from does.
	 */
	private void refuseMasterReplica(LettuceConnectionFactory factory) {
		boolean looksUnset = factory.getSentinelConfiguration() == null && factory.getClusterConfiguration() == null
				&& factory.getSocketConfiguration() == null
				&& factory.getStandaloneConfiguration().equals(new RedisStandaloneConfiguration());
		DataRedisConnectionDetails details = this.beanFactory.getBeanProvider(DataRedisConnectionDetails.class)
			.getIfUnique();
		boolean masterReplica = (details != null && details.getMasterReplica() != null)
				|| this.beanFactory.getBeanProvider(RedisStaticMasterReplicaConfiguration.class)
					.getIfAvailable() != null;
		if (looksUnset && masterReplica) {
			throw new CacheConfigurationException(
					"The cache cannot use a connection factory for static master/replica, whose nodes cannot be read",
					"Use Sentinel or a cluster, or name a LettuceConnectionFactory bean for the master in '" + PROPERTY
							+ "'.",
					"spring.data.redis.masterreplica.nodes", null);
		}
	}

	private Object named(String name) {
		List<String> candidates = candidates();
		if (candidates.contains(name)) {
			return this.beanFactory.getBean(name);
		}
		Optional<String> similar = SimilarNames.closest(name, candidates);
		throw new CacheConfigurationException(
				"'" + PROPERTY + "' names '" + name + "', but no RedisConnectionFactory bean has that name",
				similar.map((found) -> "Did you mean '" + found + "'?").orElse("There are: " + candidates + "."),
				PROPERTY, null);
	}

	private Object unique() {
		RedisConnectionFactory factory;
		try {
			factory = this.beanFactory.getBeanProvider(RedisConnectionFactory.class).getIfAvailable();
		}
		catch (NoUniqueBeanDefinitionException ex) {
			throw new CacheConfigurationException(
					"There are several RedisConnectionFactory beans, and none is primary: " + candidates(),
					"Mark one with @Primary; if the cache is to use another, name that in '" + PROPERTY
							+ "'. Without a primary one, other parts of Spring Boot fail likewise.",
					PROPERTY, ex);
		}
		if (factory == null) {
			throw new CacheConfigurationException("The cache needs a LettuceConnectionFactory bean, and there is none",
					"Let Spring Boot make one (DataRedisAutoConfiguration not excluded, io.lettuce:lettuce-core on "
							+ "the class path, 'spring.data.redis.client-type' not 'jedis'), declare one, or switch the "
							+ "cache off with 'spring.cache.type=none'.");
		}
		return factory;
	}

	private List<String> candidates() {
		return Arrays.asList(BeanFactoryUtils.beanNamesForTypeIncludingAncestors(this.beanFactory,
				RedisConnectionFactory.class, true, false));
	}

}
