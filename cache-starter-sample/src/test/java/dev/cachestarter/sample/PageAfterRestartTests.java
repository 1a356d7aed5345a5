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

package dev.cachestarter.sample;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.BooleanSupplier;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openqa.selenium.By;
import org.openqa.selenium.StaleElementReferenceException;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;

import org.springframework.boot.SpringApplication;
import org.springframework.context.ConfigurableApplicationContext;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Tests that a page that stays open goes on when its server was started again. Skipped
 * where there is no Chromium with its driver.
 */
class PageAfterRestartTests {

	private static final Duration PATIENCE = Duration.ofMinutes(3);

	@Test
	void thePageGoesOnWithoutBeingLoadedAgain(@TempDir Path profile) throws Exception {
		int port = freePort();
		ChromeDriver browser = Chromium.start(profile);
		try {
			try (ConfigurableApplicationContext before = start(port)) {
				assertThat(before.isRunning()).isTrue();
				browser.get("http://localhost:" + port + "/");
				until("connected", () -> text(browser, "link").equals("Connected"));
				seeCallsMove(browser);
				browser.executeScript("window.sameDocument = true");
			}
			until("told that it is lost", () -> text(browser, "link").equals("Reconnecting"));
			assertThat(text(browser, "news")).startsWith("The connection to the server is lost.");

			try (ConfigurableApplicationContext after = start(port)) {
				assertThat(after.isRunning()).isTrue();
				until("connected again", () -> text(browser, "link").equals("Connected"));
				seeCallsMove(browser);
				assertThat(browser.executeScript("return window.sameDocument")).isEqualTo(true);
			}
		}
		finally {
			browser.quit();
		}
	}

	/** Ask for a load, and see its calls counted, second by second. */
	private static void seeCallsMove(ChromeDriver browser) {
		WebElement button = browser.findElement(By.cssSelector("[data-rate='20']"));
		browser.executeScript("arguments[0].scrollIntoView({ block: 'center' })", button);
		button.click();
		until("the load", () -> "true"
			.equals(browser.findElement(By.cssSelector("[data-rate='20']")).getDomAttribute("aria-pressed")));
		String first = text(browser, "errors-more");
		until("calls", () -> !text(browser, "errors-more").equals(first));
		String second = text(browser, "errors-more");
		until("more calls", () -> !text(browser, "errors-more").equals(second));
	}

	private static ConfigurableApplicationContext start(int port) {
		return SpringApplication.run(SampleApplication.class, "--server.port=" + port,
				"--spring.datasource.url=jdbc:h2:mem:restart;MODE=PostgreSQL;DATABASE_TO_LOWER=TRUE;DEFAULT_NULL_ORDERING=HIGH");
	}

	private static String text(ChromeDriver browser, String id) {
		return browser.findElement(By.id(id)).getText();
	}

	private static void until(String what, BooleanSupplier condition) {
		await(what).atMost(PATIENCE)
			.ignoreException(StaleElementReferenceException.class)
			.until(condition::getAsBoolean);
	}

	/**
	 * Return a port that is free, below those that systems give to clients: else the
	 * browser could take it while the server is gone.
	 */
	private static int freePort() throws IOException {
		while (true) {
			int port = ThreadLocalRandom.current().nextInt(11_000, 31_000);
			try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
				return socket.getLocalPort();
			}
			catch (IOException ex) {
				// It is taken: the next.
			}
		}
	}

}
