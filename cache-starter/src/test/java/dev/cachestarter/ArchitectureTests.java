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

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaConstructor;
import com.tngtech.archunit.core.domain.JavaMember;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.domain.JavaPackage;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;

import org.springframework.asm.ClassReader;
import org.springframework.asm.ClassVisitor;
import org.springframework.asm.MethodVisitor;
import org.springframework.asm.Opcodes;
import org.springframework.boot.autoconfigure.AutoConfiguration;

import dev.cachestarter.engine.entry.EntryStore;
import dev.cachestarter.engine.key.LogKeys;
import dev.cachestarter.engine.key.StoredKey;
import dev.cachestarter.engine.load.Flight;
import dev.cachestarter.engine.near.NearCache;
import dev.cachestarter.test.WithTestRedis;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.equivalentTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.simpleName;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.codeUnits;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.members;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * Holds the house to its plan: a package is a boundary of dependencies, one class owns
 * each hard thing and its library, and little is public.
 */
@AnalyzeClasses(packages = "dev.cachestarter", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTests {

	private static final String ROOT = "dev.cachestarter";

	private static final String DIAGNOSIS = ROOT + ".diagnosis..";

	private static final String METRICS = ROOT + ".metrics..";

	private static final String ACTUATE = ROOT + ".actuate..";

	private static final String AUTOCONFIGURE = ROOT + ".autoconfigure..";

	private static final String TEST_KIT = ROOT + ".test..";

	/** Somewhat above what one sees at a glance. */
	private static final int MOST_CLASSES = 22;

	/** What users of the engine may see. */
	private static final Set<String> PUBLIC_TYPES = Set.of("Breaker", "CacheEventListener", "CacheControl",
			"CacheableAll", "CacheEvictPattern", "CacheEvictTag", "CacheJsonMapperBuilderCustomizer", "CacheKeys",
			"CacheReport", "CacheService", "CacheSettings", "CacheSnapshot", "CacheTag", "CacheTtl", "CacheWarmer",
			"CachingPostProcessor", "KeyPattern", "NearSettings", "PatternEvictingCacheErrorHandler",
			"ResilientRedisCache", "ResilientRedisCacheManager", "TtlPolicy", "TtlPreset");

	/** What users of the test kit may see. */
	private static final Set<String> PUBLIC_TYPES_OF_TEST_KIT = Set.of("WithTestRedis", "TestRedis", "TestCache",
			"CacheAssert");

	/** Packages of libraries, and the classes that may know each. */
	private static final Map<String, Set<String>> IMPORTERS = Map.of( //
			"io.lettuce",
			Set.of("RedisDriver", "ClonedFactory", "AsynchronousClient", "LettuceCommands", "SingleCommands",
					"LettuceConnection", "SingleConnection", "ClusterConnection", "LettuceTracking", "EventLoopLag",
					"RedisErrors"), //
			"net.jpountz", Set.of("PayloadCompression"), //
			"io.github.resilience4j", Set.of("RedisLink", "AnswerJudge"), //
			"com.github.benmanes.caffeine", Set.of("NearCache"), //
			"io.micrometer.context", Set.of("LeadingAccessor", "BackgroundContext"), //
			"org.testcontainers", Set.of("RedisContainer"), //
			"redis.embedded", Set.of("EmbeddedRedis"));

	@ArchTest
	static final ArchRule engineKnowsSpringButNotBootOrWhatObservesIt = noClasses().that()
		.resideInAnyPackage(ROOT, ROOT + ".engine..", ROOT + ".cache..")
		.should()
		.dependOnClassesThat()
		.resideInAnyPackage("org.springframework.boot..", "io.micrometer.core..", "io.micrometer.observation..",
				METRICS, ACTUATE, AUTOCONFIGURE);

	@ArchTest
	static final ArchRule metricsAndActuatorKnowTheEngineAlone = classes().that()
		.resideInAnyPackage(METRICS, ACTUATE)
		.should()
		.onlyDependOnClassesThat(
				resideInAnyPackage(ROOT, ROOT + ".engine..", ROOT + ".cache..", DIAGNOSIS, METRICS, ACTUATE)
					.or(DescribedPredicate.not(resideInAPackage(ROOT + ".."))))
		.allowEmptyShould(true);

	@ArchTest
	static final ArchRule onlyItsOwnPackagesKnowActuator = noClasses().that()
		.resideOutsideOfPackages(ACTUATE, ROOT + ".autoconfigure.actuate..")
		.should()
		.dependOnClassesThat()
		.resideInAnyPackage("org.springframework.boot.actuate..", "org.springframework.boot.health..");

	@ArchTest
	static final ArchRule onlyItsOwnPackagesKnowMicrometer = noClasses().that()
		.resideOutsideOfPackages(METRICS, ROOT + ".autoconfigure.metrics..")
		.should()
		.dependOnClassesThat()
		.resideInAnyPackage("io.micrometer.core..", "io.micrometer.observation..", "io.micrometer.common..");

	@ArchTest
	static final ArchRule onlyTheTestKitKnowsTestLibraries = noClasses().that()
		.resideOutsideOfPackage(TEST_KIT)
		.should()
		.dependOnClassesThat()
		.resideInAnyPackage("org.junit..", "org.assertj..", "org.springframework.test..",
				"org.springframework.boot.test..", "org.testcontainers..", "redis.embedded..");

	/** In the order in which data passes them: each may know those before it. */
	private static final List<String> LAYERS = List.of("", ".engine.monitor", ".engine.key", ".engine.json",
			".engine.value.time", ".engine.value.records", ".engine.value", ".engine.connection", ".engine.redis",
			".engine.tag", ".engine.entry", ".engine.load", ".engine.near", ".cache.call", ".cache.entries", ".cache",
			".diagnosis", ".metrics", ".actuate", ".autoconfigure.names", ".autoconfigure.report",
			".autoconfigure.warmup", ".autoconfigure.preinitialize", ".autoconfigure.aot", ".autoconfigure.actuate",
			".autoconfigure.metrics", ".autoconfigure", ".test");

	@ArchTest
	static final ArchRule importsGoOneWay = classes().should(knowOnlyWhatStandsBefore());

	@ArchTest
	static final ArchRule classesAreFreeOfCycles = slices().assignedFrom(topLevelClasses())
		.should()
		.beFreeOfCycles()
		.ignoreDependency(equivalentTo(CacheService.class), simpleName("DisabledCacheService"))
		.ignoreDependency(equivalentTo(WithTestRedis.class), simpleName("TestRedisExtension"))
		.as("No class should be in a circle with another, nested ones, factory methods of interfaces and what an annotation is carried out by apart");

	@ArchTest
	static final ArchRule keysReachTheLogInOneWay = methods().that()
		.areDeclaredIn(StoredKey.class)
		.and()
		.haveName("displayName")
		.should()
		.onlyBeCalled()
		.byClassesThat()
		.haveNameMatching(".*\\.(LogKeys|StoredKey|ResilientRedisCache|Target(\\$\\w+)?)");

	@ArchTest
	static final ArchRule textOfOthersIsEscapedInOnePlace = methods().that()
		.areDeclaredIn("dev.cachestarter.engine.key.KeyEscapes")
		.and()
		.haveNameMatching("printable|oneLine")
		.should()
		.onlyBeCalled()
		.byClassesThat()
		.areAssignableTo(LogKeys.class);

	/**
	 * What a method that logs must not ask for by itself: {@link LogKeys} has it escaped.
	 */
	private static final Map<String, Set<String>> RAW = Map.of("dev.cachestarter.engine.key.StoredKey",
			Set.of("displayName", "key", "cacheName", "group", "toString"), "dev.cachestarter.engine.key.KeyPattern",
			Set.of("glob", "toString"), "dev.cachestarter.engine.key.EntryKey", Set.of("text", "toString"),
			"org.springframework.cache.Cache", Set.of("getName"), "dev.cachestarter.cache.entries.CacheParts",
			Set.of("name"), "dev.cachestarter.cache.ResilientRedisCache", Set.of("getName"), "java.security.Principal",
			Set.of("getName"), "java.lang.Throwable", Set.of("getMessage", "toString"),
			"io.lettuce.core.RedisCommandExecutionException", Set.of("getMessage"));

	@ArchTest
	static final ArchRule whoLogsAsksForNoTextOfOthersItself = codeUnits().should(
			new ArchCondition<JavaCodeUnit>("not log and ask a key, a pattern, a cache or an exception for its text") {

				@Override
				public void check(JavaCodeUnit unit, ConditionEvents events) {
					boolean logs = unit.getMethodCallsFromSelf()
						.stream()
						.anyMatch((call) -> call.getTargetOwner().getName().equals("org.apache.commons.logging.Log")
								&& !call.getName().startsWith("is"));
					if (logs) {
						unit.getMethodCallsFromSelf()
							.stream()
							.filter((call) -> RAW.getOrDefault(call.getTargetOwner().getName(), Set.of())
								.contains(call.getName()))
							.forEach((call) -> events.add(SimpleConditionEvent.violated(unit,
									call.getDescription() + ": let LogKeys make what is logged of it")));
					}
				}

			});

	@ArchTest
	static final ArchRule onlyReadersLookAtEntries = methods().that()
		.areDeclaredIn(EntryStore.class)
		.and()
		.haveName("observe")
		.should()
		.onlyBeCalled()
		.byClassesThat()
		.haveNameMatching(".*\\.(EntryReader|ManyEntries)");

	@ArchTest
	static final ArchRule onlyTheReaderLooksAtHeadersToServeValues = methods().that()
		.areDeclaredIn(EntryStore.class)
		.and()
		.haveName("observeHeader")
		.should()
		.onlyBeCalled()
		.byClassesThat()
		.haveNameMatching(".*\\.(EntryReader|Watches(\\$\\w+)?)");

	@ArchTest
	static final ArchRule onlyTheReaderOfCopiesReadsOverTrackedConnections = methods().that()
		.areDeclaredIn(EntryStore.class)
		.and()
		.haveName("observeTracked")
		.should()
		.onlyBeCalled()
		.byClassesThat()
		.haveNameMatching(".*\\.NearReader(\\$\\w+)?");

	@ArchTest
	static final ArchRule onlyTheReaderOfCopiesTakesThem = methods().that()
		.areDeclaredIn(NearCache.class)
		.and()
		.haveNameMatching("get|keep")
		.should()
		.onlyBeCalled()
		.byClassesThat()
		.haveNameMatching(".*\\.(NearReader(\\$\\w+)?|NearCache)");

	@ArchTest
	static final ArchRule onlyTheWriterStoresValues = methods().that()
		.areDeclaredIn(EntryStore.class)
		.and()
		.haveNameMatching("fill|replace")
		.should()
		.onlyBeCalled()
		.byClassesThat()
		.haveNameMatching(".*\\.(EntryWriter|Flight|EntryStore)");

	@ArchTest
	static final ArchRule onlyTheWriterFillsFlights = methods().that()
		.areDeclaredIn(Flight.class)
		.and()
		.haveName("fill")
		.should()
		.onlyBeCalled()
		.byClassesThat()
		.haveSimpleName("EntryWriter");

	@ArchTest
	static void noPackageIsACrowd(JavaClasses classes) {
		assertThat(classes.stream()
			.filter((type) -> type.isTopLevelClass() && !type.getSimpleName().equals("package-info"))
			.collect(Collectors.groupingBy(JavaClass::getPackageName, Collectors.counting()))).isNotEmpty()
			.allSatisfy((name, count) -> assertThat(count).as(name).isLessThanOrEqualTo(MOST_CLASSES));
	}

	@ArchTest
	static final ArchRule autoConfigurationsArePublicAndFinal = classes().that()
		.areAnnotatedWith(AutoConfiguration.class)
		.should()
		.bePublic()
		.andShould()
		.haveModifier(JavaModifier.FINAL)
		.andShould()
		.resideInAPackage(AUTOCONFIGURE)
		.allowEmptyShould(true);

	@ArchTest
	static final ArchRule autoConfigurationsHaveNoPublicMembers = members().that()
		.areDeclaredInClassesThat()
		.areAnnotatedWith(AutoConfiguration.class)
		.and(areWrittenToBeCalled())
		.should()
		.notBePublic()
		.allowEmptyShould(true);

	@ArchTest
	static final ArchRule nothingWaitsForAMonitor = classes().should(notSynchronize());

	@ArchTest
	static void onlyAgreedTypesOfTheEngineArePublic(JavaClasses classes) {
		assertThat(classes)
			.filteredOn((type) -> type.getPackageName().equals(ROOT) || type.getPackageName().equals(ROOT + ".cache"))
			.filteredOn((type) -> type.isTopLevelClass() && type.getModifiers().contains(JavaModifier.PUBLIC))
			.extracting(JavaClass::getSimpleName)
			.isNotEmpty()
			.isSubsetOf(PUBLIC_TYPES);
	}

	@ArchTest
	static void onlyAgreedTypesOfTheTestKitArePublic(JavaClasses classes) {
		assertThat(classes).filteredOn((type) -> type.getPackageName().equals(ROOT + ".test"))
			.filteredOn((type) -> type.isTopLevelClass() && type.getModifiers().contains(JavaModifier.PUBLIC))
			.extracting(JavaClass::getSimpleName)
			.containsExactlyInAnyOrderElementsOf(PUBLIC_TYPES_OF_TEST_KIT);
	}

	@ArchTest
	static void libraryIsKnownToItsOwnersAlone(JavaClasses classes) {
		assertThat(IMPORTERS)
			.allSatisfy((library, owners) -> assertThat(classes).filteredOn((type) -> uses(type, library))
				.extracting(ArchitectureTests::nameOfSource)
				.isSubsetOf(owners));
	}

	@ArchTest
	static void everyPackageIsNullMarked(JavaClasses classes) {
		assertThat(classes).extracting(JavaClass::getPackage)
			.isNotEmpty()
			.allSatisfy((JavaPackage each) -> assertThat(each.isAnnotatedWith(NullMarked.class)).as(each.getName())
				.isTrue());
	}

	private static ArchCondition<JavaClass> knowOnlyWhatStandsBefore() {
		return new ArchCondition<>("know only packages that stand before their own") {

			@Override
			public void check(JavaClass type, ConditionEvents events) {
				int own = layerOf(type);
				type.getDirectDependenciesFromSelf()
					.stream()
					.filter((dependency) -> dependency.getTargetClass().getPackageName().startsWith(ROOT)
							&& layerOf(dependency.getTargetClass()) > own)
					.forEach((dependency) -> events
						.add(SimpleConditionEvent.violated(type, dependency.getDescription())));
			}

		};
	}

	private static int layerOf(JavaClass type) {
		return LAYERS.indexOf(type.getPackageName().substring(ROOT.length()));
	}

	private static SliceAssignment topLevelClasses() {
		return new SliceAssignment() {

			@Override
			public SliceIdentifier getIdentifierOf(JavaClass type) {
				return type.getPackageName().startsWith(ROOT) ? SliceIdentifier.of(nameOfSource(type))
						: SliceIdentifier.ignore();
			}

			@Override
			public String getDescription() {
				return "top-level classes";
			}

		};
	}

	private static boolean uses(JavaClass type, String library) {
		return type.getDirectDependenciesFromSelf()
			.stream()
			.map((dependency) -> dependency.getTargetClass().getBaseComponentType().getPackageName())
			.anyMatch((name) -> name.equals(library) || name.startsWith(library + "."));
	}

	private static String nameOfSource(JavaClass type) {
		String name = type.getName().substring(type.getPackageName().length() + 1);
		int nested = name.indexOf('$');
		return (nested < 0) ? name : name.substring(0, nested);
	}

	private static DescribedPredicate<JavaMember> areWrittenToBeCalled() {
		return DescribedPredicate.describe("are neither default constructors nor constants nor overriding",
				(member) -> !(member instanceof JavaConstructor constructor
						&& constructor.getRawParameterTypes().isEmpty())
						&& !member.getModifiers().containsAll(Set.of(JavaModifier.STATIC, JavaModifier.FINAL))
						&& !(member instanceof JavaMethod method && overrides(method)));
	}

	private static boolean overrides(JavaMethod method) {
		String[] parameters = method.getRawParameterTypes().stream().map(JavaClass::getName).toArray(String[]::new);
		JavaClass owner = method.getOwner();
		return owner.getAllRawInterfaces()
			.stream()
			.anyMatch((type) -> type.tryGetMethod(method.getName(), parameters).isPresent())
				|| owner.getAllRawSuperclasses()
					.stream()
					.anyMatch((type) -> type.tryGetMethod(method.getName(), parameters).isPresent());
	}

	/**
	 * A thread that waits in a monitor cannot be interrupted, and before Java 24 it pins
	 * a virtual thread. Locks of {@code java.util.concurrent} do neither.
	 */
	private static ArchCondition<JavaClass> notSynchronize() {
		return new ArchCondition<>("not synchronize, neither methods nor blocks") {

			@Override
			public void check(JavaClass type, ConditionEvents events) {
				try (InputStream bytes = type.getSource().orElseThrow().getUri().toURL().openStream()) {
					new ClassReader(bytes).accept(new MonitorVisitor(type, events),
							ClassReader.SKIP_DEBUG | ClassReader.SKIP_FRAMES);
				}
				catch (IOException ex) {
					throw new UncheckedIOException(ex);
				}
			}

		};
	}

	private static final class MonitorVisitor extends ClassVisitor {

		private final JavaClass type;

		private final ConditionEvents events;

		MonitorVisitor(JavaClass type, ConditionEvents events) {
			super(Opcodes.ASM9);
			this.type = type;
			this.events = events;
		}

		@Override
		public MethodVisitor visitMethod(int access, String name, String descriptor, @Nullable String signature,
				String @Nullable [] exceptions) {
			if ((access & Opcodes.ACC_SYNCHRONIZED) != 0) {
				violated(name);
			}
			return new MethodVisitor(Opcodes.ASM9) {

				@Override
				public void visitInsn(int opcode) {
					if (opcode == Opcodes.MONITORENTER) {
						violated(name);
					}
				}

			};
		}

		private void violated(String method) {
			this.events.add(SimpleConditionEvent.violated(this.type,
					this.type.getName() + "." + method + " synchronizes; use a lock of java.util.concurrent"));
		}

	}

}
