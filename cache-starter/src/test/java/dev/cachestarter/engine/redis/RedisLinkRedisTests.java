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

package dev.cachestarter.engine.redis;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

import io.lettuce.core.internal.HostAndPort;
import io.lettuce.core.resource.ClientResources;
import io.lettuce.core.resource.DnsResolver;
import io.lettuce.core.resource.MappingSocketAddressResolver;
import io.lettuce.core.resource.NettyCustomizer;
import io.netty.channel.Channel;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import org.springframework.data.redis.connection.RedisStandaloneConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceClientConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

import dev.cachestarter.Interleavings;
import dev.cachestarter.OutageLab;
import dev.cachestarter.TestInstance;
import dev.cachestarter.cache.Internals;
import dev.cachestarter.engine.entry.Evictions;
import dev.cachestarter.engine.entry.Target;
import dev.cachestarter.testing.FaultProxy;
import dev.cachestarter.testing.RedisServer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * When the link leaves, and when it does not.
 */
class RedisLinkRedisTests {

	private static final Duration PATIENCE = Duration.ofSeconds(2);

	private final RedisServer redis = RedisServer.local().start();

	private final FaultProxy proxy = FaultProxy.inFrontOf(this.redis);

	private final TestInstance<OutageLab.Shop> instance = TestInstance.of(OutageLab.Shop.class, this.proxy.host(),
			this.proxy.port(),
			(builder) -> Internals.link(builder.caches(List.of("items", "others")),
					new RedisLink.Settings(PATIENCE, PATIENCE, 100, PATIENCE, 100, 1000, Duration.ofMillis(100),
							Duration.ofSeconds(1), Duration.ofMillis(100), Duration.ofSeconds(10),
							Duration.ofSeconds(1), 50_000)));

	private final RedisLink link = this.instance.engine().link();

	RedisLinkRedisTests() {
		awaitUp();
	}

	@AfterEach
	void close() {
		this.instance.close();
		this.proxy.close();
		this.redis.close();
	}

	private void awaitUp() {
		await().atMost(Duration.ofMinutes(1)).until(this.link::isUp);
	}

	@Test
	void aServerThatTakesNoWritesIsNotUpThoughItAnswers() {
		this.redis.cli("CLIENT", "PAUSE", "60000", "WRITE");
		this.proxy.closeAll();
		await().atMost(Duration.ofMinutes(1)).until(() -> !this.link.isUp());
		long connections = this.proxy.accepted();

		// A connection on which a write is not answered is made anew.
		await().atMost(Duration.ofSeconds(50)).until(() -> {
			assertThat(this.link.isUp()).isFalse();
			return this.proxy.accepted() >= connections + 2;
		});

		this.redis.cli("CLIENT", "UNPAUSE");
		awaitUp();
	}

	@Test
	void whileTheLinkRecoversNoEvictionWaits() {
		Evictions evictions = this.instance.engine().evictions();
		Target target = new Target.Key(this.instance.engine().layout().key("items", "1"));
		this.redis.cli("CLIENT", "PAUSE", "60000", "WRITE");
		this.proxy.closeAll();
		await().atMost(Duration.ofMinutes(1)).until(() -> !this.link.isUp());
		long connections = this.proxy.accepted();

		// Most of this time one is asked for, and not answered.
		await().atMost(Duration.ofSeconds(50)).until(() -> {
			assertThat(evictions.evict(target)).isCompletedExceptionally();
			return this.proxy.accepted() >= connections + 2;
		});

		this.redis.cli("CLIENT", "UNPAUSE");
		await().atMost(Duration.ofMinutes(1)).until(() -> evictions.pendingCount() == 0);
		awaitUp();
	}

	@Test
	void aRedisThatIsWellIsNotLeftHoweverLateItsAnswersAreRead() throws Exception {
		List<Channel> channels = new CopyOnWriteArrayList<>();
		ClientResources resources = ClientResources.builder().nettyCustomizer(new NettyCustomizer() {

			@Override
			public void afterChannelInitialized(Channel channel) {
				channels.add(channel);
			}

		}).build();
		RedisLink link = new RedisLink(
				new LettuceConnectionFactory(new RedisStandaloneConfiguration(this.redis.host(), this.redis.port()),
						LettuceClientConfiguration.builder().clientResources(resources).build()),
				RedisLink.Settings.of(Duration.ofMillis(250), PATIENCE));
		try {
			link.start();
			await().atMost(Duration.ofMinutes(1)).until(link::isUp);
			long session = link.session();
			long heartbeat = link.lastWhole();

			// Longer than any answer is waited for, and than some heartbeats take.
			for (Channel channel : channels) {
				channel.eventLoop().execute(() -> stand(Duration.ofSeconds(4)));
			}
			await().atMost(Duration.ofSeconds(60)).until(() -> {
				assertThat(link.session()).isEqualTo(session);
				return link.lastWhole() - heartbeat > Duration.ofSeconds(5).toNanos();
			});

			assertThat(link.isUp()).isTrue();
		}
		finally {
			link.close();
			resources.shutdown(0, 1, TimeUnit.SECONDS);
		}
	}

	private static void stand(Duration time) {
		long until = System.nanoTime() + time.toNanos();
		while (System.nanoTime() - until < 0) {
			LockSupport.parkNanos(until - System.nanoTime());
		}
	}

	@Test
	void theApplicationsOwnWayToFindItsRedisIsTaken() {
		AtomicInteger channels = new AtomicInteger();
		ClientResources resources = ClientResources.builder()
			.socketAddressResolver(MappingSocketAddressResolver.create(DnsResolver.unresolved(),
					(address) -> address.getHostText().equals("redis.internal")
							? HostAndPort.of(this.redis.host(), this.redis.port()) : address))
			.nettyCustomizer(new NettyCustomizer() {

				@Override
				public void afterChannelInitialized(Channel channel) {
					channels.incrementAndGet();
				}

			})
			.build();
		RedisLink link = new RedisLink(
				new LettuceConnectionFactory(new RedisStandaloneConfiguration("redis.internal", 6379),
						LettuceClientConfiguration.builder().clientResources(resources).build()),
				Interleavings.PATIENT);
		try {
			link.start();

			await().atMost(Duration.ofMinutes(1)).until(link::isUp);
			assertThat(channels).hasPositiveValue();
		}
		finally {
			link.close();
			resources.shutdown(0, 1, TimeUnit.SECONDS);
		}
	}

}
