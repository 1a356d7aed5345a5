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

package dev.cachestarter.benchmark.start;

import java.io.Serializable;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;

import org.springframework.cache.annotation.CacheEvict;
import org.springframework.cache.annotation.Cacheable;

/**
 * Ten more cached methods.
 */
class Directory {

	@Cacheable("users:details")
	public User user(String tenant, UUID id) {
		throw new UnsupportedOperationException();
	}

	@Cacheable("users:list")
	public List<User> users(String tenant, int page) {
		throw new UnsupportedOperationException();
	}

	@Cacheable("roles")
	public Set<Role> roles(String tenant, UUID user) {
		throw new UnsupportedOperationException();
	}

	@Cacheable("teams:details")
	public Team team(String tenant, String name) {
		throw new UnsupportedOperationException();
	}

	@Cacheable("teams:members")
	public Map<UUID, Member> members(String tenant, String team) {
		throw new UnsupportedOperationException();
	}

	@Cacheable("sessions:count")
	public long sessions(String tenant) {
		throw new UnsupportedOperationException();
	}

	@Cacheable("settings")
	public Map<String, Object> settings(String tenant) {
		throw new UnsupportedOperationException();
	}

	@Cacheable("plans")
	public Plan plan(String tenant) {
		throw new UnsupportedOperationException();
	}

	@Cacheable("invitations")
	public List<Invitation> invitations(String tenant) {
		throw new UnsupportedOperationException();
	}

	@Cacheable("usage")
	public double[] usage(String tenant, int month) {
		throw new UnsupportedOperationException();
	}

	@CacheEvict("users:details")
	public void changed(String tenant, UUID id) {
	}

	record User(UUID id, String name, String mail, OffsetDateTime joined, Set<Role> roles) implements Serializable {

	}

	record Team(String name, User lead, List<UUID> members) implements Serializable {

	}

	record Member(User user, Role role, OffsetDateTime since) implements Serializable {

	}

	record Plan(String name, int seats, Duration trial, Map<String, Integer> limits) implements Serializable {

	}

	record Invitation(String mail, Role role, OffsetDateTime until) implements Serializable {

	}

	enum Role {

		OWNER, ADMIN, MEMBER, GUEST

	}

}
