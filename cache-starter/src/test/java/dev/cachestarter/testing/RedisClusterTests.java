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

package dev.cachestarter.testing;

import java.util.List;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

/**
 * Tests for {@link RedisCluster}.
 */
class RedisClusterTests {

	private static RedisCluster cluster;

	@BeforeAll
	static void startCluster() {
		cluster = RedisCluster.start();
	}

	@AfterAll
	static void stopCluster() {
		cluster.close();
	}

	@BeforeEach
	void removeKeys() {
		cluster.flushAll();
	}

	@Test
	void ownerTakesAKeyAndStrangersAnswerMoved() {
		RedisServer owner = cluster.ownerOf("key");
		RedisServer stranger = cluster.strangerTo(cluster.slotOf("key"));

		assertThat(owner.cli("SET", "key", "1")).isEqualTo("OK");

		assertThatExceptionOfType(RespClient.ErrorReply.class).isThrownBy(() -> stranger.cli("GET", "key"))
			.withMessage("MOVED " + cluster.slotOf("key") + " 127.0.0.1:" + owner.port());
	}

	@Test
	void nodesShareTheSlots() {
		List<RedisServer> owners = List.of(cluster.ownerOf(0), cluster.ownerOf(RedisCluster.SLOTS / 2),
				cluster.ownerOf(RedisCluster.SLOTS - 1));

		assertThat(owners).containsExactlyElementsOf(cluster.nodes());
	}

	@Test
	void migratedSlotTakesItsKeysAlong() {
		int slot = cluster.slotOf("{a}");
		RedisServer source = cluster.ownerOf(slot);
		RedisServer target = cluster.strangerTo(slot);
		source.cli("MSET", "{a}1", "1", "{a}2", "2");

		cluster.migrate(slot, target);

		assertThat(cluster.ownerOf(slot)).isSameAs(target);
		assertThat(target.keys("*")).containsExactly("{a}1", "{a}2");
		assertThatExceptionOfType(RespClient.ErrorReply.class).isThrownBy(() -> source.cli("GET", "{a}1"))
			.withMessageStartingWith("MOVED");
		cluster.awaitOk();
	}

	@Test
	void slotOnItsWayMakesItsOwnerAnswerAsk() {
		int slot = cluster.slotOf("{b}");
		RedisServer source = cluster.ownerOf(slot);
		RedisServer target = cluster.strangerTo(slot);
		source.cli("SET", "{b}here", "1");

		cluster.beginMigration(slot, target);

		assertThat(source.cli("GET", "{b}here")).isEqualTo("1");
		assertThatExceptionOfType(RespClient.ErrorReply.class).isThrownBy(() -> source.cli("GET", "{b}gone"))
			.withMessage("ASK " + slot + " 127.0.0.1:" + target.port());
		cluster.moveKeys(slot, target);
		cluster.endMigration(slot, target);
		assertThat(target.cli("GET", "{b}here")).isEqualTo("1");
	}

	@Test
	void clusterIsDownWithoutOneOfItsNodes() {
		int slot = cluster.slotOf("key");
		RedisServer survivor = cluster.ownerOf(slot);
		RedisServer victim = cluster.strangerTo(slot);

		victim.kill();

		await().untilAsserted(() -> assertThatExceptionOfType(RespClient.ErrorReply.class)
			.isThrownBy(() -> survivor.cli("GET", "key"))
			.withMessageStartingWith("CLUSTERDOWN"));
		victim.start();
		cluster.awaitOk();
		assertThat(survivor.cli("GET", "key")).isNull();
	}

}
