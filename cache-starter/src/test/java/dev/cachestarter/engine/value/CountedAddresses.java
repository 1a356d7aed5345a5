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

package dev.cachestarter.engine.value;

import java.net.InetAddress;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLConnection;
import java.net.URLStreamHandler;
import java.net.spi.URLStreamHandlerProvider;
import java.util.concurrent.atomic.AtomicInteger;

import org.jspecify.annotations.Nullable;

/**
 * Addresses of the protocol {@code counted}, whose hosts are nowhere looked up: it is
 * counted how often they would be.
 */
public class CountedAddresses extends URLStreamHandlerProvider {

	private static final AtomicInteger LOOK_UPS = new AtomicInteger();

	static URL of(String host) {
		try {
			return new URL("counted://" + host + "/");
		}
		catch (MalformedURLException ex) {
			throw new IllegalStateException(ex);
		}
	}

	static int lookUps() {
		return LOOK_UPS.get();
	}

	@Override
	public @Nullable URLStreamHandler createURLStreamHandler(String protocol) {
		return "counted".equals(protocol) ? new CountingHandler() : null;
	}

	private static final class CountingHandler extends URLStreamHandler {

		@Override
		protected URLConnection openConnection(URL url) {
			throw new UnsupportedOperationException();
		}

		@Override
		protected @Nullable InetAddress getHostAddress(URL url) {
			LOOK_UPS.incrementAndGet();
			return null;
		}

	}

}
