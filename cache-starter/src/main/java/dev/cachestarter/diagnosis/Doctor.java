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

package dev.cachestarter.diagnosis;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import dev.cachestarter.NearSettings;
import dev.cachestarter.cache.ResilientRedisCacheManager;
import dev.cachestarter.cache.entries.Engine;

/**
 * Finds what in the server or in the settings will hurt the cache, and says so once, with
 * the cure. What may not be asked is not known, and no error. Its questions are no reason
 * for the link to leave.
 */
public final class Doctor {

	private static final Log logger = LogFactory.getLog("dev.cachestarter");

	private final ResilientRedisCacheManager manager;

	private final List<FindingSource> others;

	/** The ids of the findings that were logged and are still there. Of one thread. */
	private final Set<String> told = new HashSet<>();

	private volatile Examination last = new Examination(null, List.of(), List.of(), null);

	/**
	 * Create a doctor.
	 * @param manager the manager of the cache
	 * @param others find what only other parts of the application know
	 */
	public Doctor(ResilientRedisCacheManager manager, List<FindingSource> others) {
		this.manager = manager;
		this.others = List.copyOf(others);
	}

	/**
	 * Return what was found last, and what Redis refuses at present.
	 */
	public Examination last() {
		Examination last = this.last;
		List<Finding> findings = new ArrayList<>(refused());
		findings.addAll(last.findings());
		return new Examination(last.server(), List.copyOf(findings), last.notKnown(), last.examined());
	}

	private List<Finding> refused() {
		return Rules.ofRefused(this.manager.engine().link().condition().refused());
	}

	/**
	 * Look, and say what is new. Blocks while Redis is asked, for some seconds at most;
	 * to be called on one thread at a time.
	 * @return whether Redis could be asked
	 */
	boolean examine() throws InterruptedException {
		Engine engine = this.manager.engine();
		ServerFacts facts;
		try {
			facts = ServerFacts.ask(engine.link(), engine.layout(), this.manager.getKeyPrefix().isEmpty(),
					trackedCopies() > 0);
		}
		catch (ExecutionException | TimeoutException ex) {
			return false;
		}
		List<Finding> findings = new ArrayList<>(Rules.apply(facts, circumstances(engine)));
		for (FindingSource other : this.others) {
			try {
				findings.addAll(other.find());
			}
			catch (RuntimeException | LinkageError ex) {
				logger.debug("Could not find what " + other + " looks for", ex);
			}
		}
		this.last = new Examination(facts.version(), List.copyOf(findings), facts.notKnown(), Instant.now());
		findings.addAll(refused());
		tell(findings);
		return true;
	}

	private Rules.Circumstances circumstances(Engine engine) {
		Set<String> endless = new HashSet<>();
		for (String name : this.manager.getCacheNames()) {
			if (this.manager.getSettings(name).ttl().isZero()) {
				endless.add(name);
			}
		}
		return new Rules.Circumstances(endless, engine.distrustsRestarts(), engine.link().commandTimeout(),
				engine.link().isPasswordInClear(),
				Duration.ofMillis(engine.link().serverMillis() - System.currentTimeMillis()), trackedCopies());
	}

	private long trackedCopies() {
		return this.manager.getCacheNames()
			.stream()
			.map((name) -> this.manager.getSettings(name).near())
			.filter((near) -> near.mode() == NearSettings.Mode.TRACK)
			.mapToLong(NearSettings::maxEntries)
			.sum();
	}

	private void tell(List<Finding> findings) {
		Set<String> present = new HashSet<>();
		for (Finding finding : findings) {
			if (finding.severity() == Finding.Severity.WARN) {
				present.add(finding.id());
				if (this.told.add(finding.id())) {
					logger.warn("Cache doctor: %s %s (%s)".formatted(finding.problem(), finding.cure(), finding.id()));
				}
			}
		}
		for (String id : List.copyOf(this.told)) {
			if (!present.contains(id)) {
				this.told.remove(id);
				logger.info("Cache doctor: no longer so (" + id + ")");
			}
		}
	}

	/**
	 * What one look has brought.
	 *
	 * @param server what the servers are, such as {@code Redis 7.2.4}, {@code null} if
	 * that is not known
	 * @param findings what hurts
	 * @param notKnown what Redis did not answer, and why
	 * @param examined when that was, {@code null} if Redis was not asked yet. What Redis
	 * refuses is always as of now
	 */
	public record Examination(@Nullable String server, List<Finding> findings, List<String> notKnown,
			@Nullable Instant examined) {

	}

}
