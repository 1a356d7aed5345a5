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

import java.io.File;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;

import org.junit.jupiter.api.Assumptions;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.logging.LogType;

/**
 * Starts a real browser for tests of the page.
 */
final class Chromium {

	// Kept, or its level is forgotten.
	private static final Logger seleniumLog = Logger.getLogger("org.openqa.selenium");

	private Chromium() {
	}

	/**
	 * Start Chromium without a window. Where there is none, with its driver, the test is
	 * skipped.
	 * @param profile an empty directory of its own
	 * @return the browser, to be quit after use
	 */
	static ChromeDriver start(Path profile) {
		Optional<File> chromium = executable("chromium", "chromium-browser", "google-chrome");
		Optional<File> driver = executable("chromedriver");
		Assumptions.assumeTrue(chromium.isPresent() && driver.isPresent(),
				"There is no Chromium with its driver on the PATH: apt-get install chromium chromium-driver");
		seleniumLog.setLevel(Level.SEVERE);
		ChromeOptions options = new ChromeOptions();
		options.setBinary(chromium.get());
		// Nothing but this machine is asked for, by whatever part of the browser.
		options.addArguments("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
				"--no-first-run", "--disable-background-networking", "--disable-component-update",
				"--user-data-dir=" + profile,
				"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1");
		options.setCapability("goog:loggingPrefs", Map.of(LogType.BROWSER, "ALL"));
		return new ChromeDriver(
				new ChromeDriverService.Builder().usingDriverExecutable(driver.get()).usingAnyFreePort().build(),
				options);
	}

	private static Optional<File> executable(String... names) {
		return Stream.of(names)
			.flatMap((name) -> Stream.of(System.getenv("PATH").split(File.pathSeparator))
				.map((directory) -> new File(directory, name)))
			.filter(File::canExecute)
			.findFirst();
	}

}
