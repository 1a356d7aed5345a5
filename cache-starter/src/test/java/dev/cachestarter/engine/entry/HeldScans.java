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
package dev.cachestarter.engine.entry;

import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;

import io.lettuce.core.resource.NettyCustomizer;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import org.jspecify.annotations.Nullable;

import static org.awaitility.Awaitility.await;

/**
 * Holds back all that a server answers from the first {@code SCAN} on, which it executes.
 * Set on the client resources of a connection factory.
 */
final class HeldScans implements NettyCustomizer {

	private final AtomicInteger sent = new AtomicInteger();

	private volatile int port;

	private volatile @Nullable Channel held;

	/**
	 * Hold back from the next {@code SCAN} on.
	 * @param port the port of the server
	 */
	void arm(int port) {
		this.sent.set(0);
		this.port = port;
	}

	void awaitHeld() {
		await().atMost(Duration.ofMinutes(1)).until(() -> this.held != null);
	}

	void release() {
		this.port = 0;
		Channel channel = this.held;
		if (channel != null) {
			channel.config().setAutoRead(true);
		}
	}

	/** How many of them were sent since it was armed. */
	int sent() {
		return this.sent.get();
	}

	@Override
	public void afterChannelInitialized(Channel channel) {
		channel.pipeline().addFirst(new ChannelOutboundHandlerAdapter() {

			@Override
			public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
				if (HeldScans.this.port != 0 && message instanceof ByteBuf bytes
						&& context.channel().remoteAddress() instanceof InetSocketAddress address
						&& address.getPort() == HeldScans.this.port) {
					int scans = bytes.toString(StandardCharsets.ISO_8859_1).split("\r\nSCAN\r\n", -1).length - 1;
					HeldScans.this.sent.addAndGet(scans);
					if (scans > 0 && HeldScans.this.held == null) {
						context.channel().config().setAutoRead(false);
						HeldScans.this.held = context.channel();
					}
				}
				context.write(message, promise);
			}

		});
	}

}
