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

import java.util.HashSet;
import java.util.Set;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.beans.factory.FactoryBean;
import org.springframework.beans.factory.support.DefaultListableBeanFactory;
import org.springframework.beans.factory.support.RootBeanDefinition;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.cache.annotation.AnnotationCacheOperationSource;
import org.springframework.cache.annotation.CacheConfig;
import org.springframework.cache.annotation.CacheEvict;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.cache.annotation.Caching;

import dev.cachestarter.autoconfigure.report.AnnotatedMethods;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatNoException;

@ExtendWith(OutputCaptureExtension.class)
class CacheNamesCheckTests {

	private final DefaultListableBeanFactory beanFactory = new DefaultListableBeanFactory();

	@Test
	void namesOfCachesInUseAreNotReported(CapturedOutput output) {
		registerLazily(Agents.class);

		check(Set.of("agents:list", "agents:details", "agents:stats", "declared"), Set.of("declared"));

		assertThat(output).isEmpty();
	}

	@Test
	void aNameWithoutBracketsIsReportedWithTheOneThatWasMeant(CapturedOutput output) {
		registerLazily(Agents.class);

		check(Set.of("agentslist"), Set.of());

		assertThat(output).containsOnlyOnce(
				"No cache in use has the name 'agentslist' that 'cache-starter.caches.agentslist' configures: "
						+ "did you mean 'cache-starter.caches.[agents:list]'?");
	}

	@Test
	void aMisspeltNameIsReportedWithTheOneThatWasMeant(CapturedOutput output) {
		check(Set.of("agents:lsit"), Set.of("agents:list"));

		assertThat(output).contains("WARN")
			.contains("'cache-starter.caches.[agents:lsit]'")
			.contains("did you mean 'cache-starter.caches.[agents:list]'?");
	}

	@Test
	void aNameThatOnlyCodeMayUseIsReportedWithTheWayToSaySo(CapturedOutput output) {
		registerLazily(Agents.class);

		check(Set.of("tools"), Set.of());

		assertThat(output).containsOnlyOnce("'tools'")
			.contains("In use are [agents:details, agents:list, agents:stats]")
			.contains("adding it to 'spring.cache.cache-names'");
	}

	@Test
	void aPatternThatFitsACacheInUseIsNotReportedAndMakesNoCache(CapturedOutput output) {
		registerLazily(Agents.class);

		Set<String> told = check(Set.of("agents:*", "*:list", "*", "agents:l*t"), Set.of());

		assertThat(output).isEmpty();
		assertThat(told).containsExactlyInAnyOrder("agents:list", "agents:details", "agents:stats");
	}

	@Test
	void aPatternThatFitsNoCacheInUseIsReportedWithTheOneThatWasMeant(CapturedOutput output) {
		registerLazily(Agents.class);

		check(Set.of("agent:*", "*:lists"), Set.of());

		assertThat(output)
			.contains("No cache in use fits the pattern 'agent:*' that 'cache-starter.caches.[agent:*]' configures: "
					+ "did you mean 'cache-starter.caches.[agents:*]'?")
			.contains("did you mean 'cache-starter.caches.[*:list]'?");
	}

	@Test
	void aPatternForCachesMadeAtRunTimeIsReportedWithTheWayToSaySo(CapturedOutput output) {
		registerLazily(Agents.class);

		check(Set.of("tenant-*"), Set.of());

		assertThat(output).containsOnlyOnce("'tenant-*'")
			.contains("if code alone uses one that does, say so by adding its name to 'spring.cache.cache-names'");
	}

	@Test
	void aPatternWithoutBracketsIsNamedWhereItSwallowsTheCachesThatWereMeant() {
		registerLazily(Agents.class);

		assertThatExceptionOfType(CacheConfigurationException.class).isThrownBy(() -> check(Set.of("agents"), Set.of()))
			.satisfies((ex) -> assertThat(ex.cure())
				.startsWith("If 'agents' is to be a pattern for all that begin with it, write the brackets: "
						+ "'cache-starter.caches.[agents:*]'. Else rename"));
	}

	@Test
	void annotationsOnAnInterfaceCount(CapturedOutput output) {
		this.beanFactory.registerSingleton("repository", (Repository) () -> "value");

		check(Set.of("repository"), Set.of());

		assertThat(output).isEmpty();
	}

	@Test
	void annotationsOnTheProductOfAFactoryCount(CapturedOutput output) {
		this.beanFactory.registerBeanDefinition("repository", new RootBeanDefinition(RepositoryFactory.class));

		check(Set.of("repository"), Set.of());

		assertThat(output).isEmpty();
	}

	@Test
	void aNameThatSwallowsAnotherStopsTheStart() {
		registerLazily(Agents.class);

		assertThatExceptionOfType(CacheConfigurationException.class).isThrownBy(() -> check(Set.of(), Set.of("agents")))
			.withMessage("The caches 'agents' and 'agents:details' cannot be told apart: both their keys begin with "
					+ "'agents:'. Rename one of them, for example 'agents' to 'agents:all'.");
	}

	@Test
	void namesThatOnlyBeginAlikeDoNotStopTheStart() {
		assertThatNoException().isThrownBy(() -> check(Set.of(), Set.of("agents", "agents-old", "agentsall")));
	}

	@Test
	void namesOfAnotherCacheManagerDoNotCount() {
		registerLazily(Others.class);

		assertThatNoException().isThrownBy(() -> check(Set.of(), Set.of("agents")));
	}

	@Test
	void theCachesInUseAreToldByName() {
		registerLazily(Agents.class);

		Set<String> told = check(Set.of("configured"), Set.of("declared"));

		assertThat(told).containsExactlyInAnyOrder("agents:list", "agents:details", "agents:stats", "configured",
				"declared");
	}

	private Set<String> check(Set<String> configured, Set<String> declared) {
		Set<String> told = new HashSet<>();
		new CacheNamesCheck(new AnnotatedMethods(this.beanFactory, new AnnotationCacheOperationSource(false)),
				configured, declared, told::add)
			.afterSingletonsInstantiated();
		return told;
	}

	private void registerLazily(Class<?> type) {
		RootBeanDefinition definition = new RootBeanDefinition(type);
		definition.setLazyInit(true);
		this.beanFactory.registerBeanDefinition(type.getName(), definition);
	}

	@CacheConfig(cacheNames = "agents:list")
	static class Agents {

		Agents() {
			throw new IllegalStateException("the check makes no beans");
		}

		@Cacheable
		public String list() {
			return "list";
		}

		@Cacheable("agents:details")
		public String details() {
			return "details";
		}

		@Caching(evict = { @CacheEvict("agents:stats"), @CacheEvict("agents:list") })
		protected void update() {
		}

	}

	static class Others {

		@Cacheable(cacheNames = "agents:local", cacheManager = "local")
		public String local() {
			return "local";
		}

		@Cacheable(cacheNames = "agents:resolved", cacheResolver = "resolver")
		public String resolved() {
			return "resolved";
		}

	}

	interface Repository {

		@Cacheable("repository")
		String find();

	}

	static class RepositoryFactory implements FactoryBean<Repository> {

		@Override
		public Repository getObject() {
			return () -> "value";
		}

		@Override
		public Class<?> getObjectType() {
			return Repository.class;
		}

	}

}
