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
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BooleanSupplier;

import com.deque.html.axecore.results.Rule;
import com.deque.html.axecore.selenium.AxeBuilder;
import dev.cachestarter.CacheControl;
import dev.cachestarter.CacheService;
import dev.cachestarter.sample.live.OwnRedis;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.openqa.selenium.By;
import org.openqa.selenium.JavascriptExecutor;
import org.openqa.selenium.Keys;
import org.openqa.selenium.StaleElementReferenceException;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.logging.LogEntry;
import org.openqa.selenium.logging.LogType;

import org.springframework.boot.test.web.server.LocalServerPort;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Uses the page in a real browser, as somebody does who has never seen it. Skipped where
 * there is no Chromium with its driver.
 */
@LiveTest
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PageTests {

	private static final Duration PATIENCE = Duration.ofMinutes(2);

	@TempDir
	private static Path profile;

	private final String address;

	private final OwnRedis redis;

	private final CacheService cache;

	private ChromeDriver browser;

	PageTests(@LocalServerPort int port, OwnRedis redis, CacheService cache) {
		this.address = "http://localhost:" + port + "/";
		this.redis = redis;
		this.cache = cache;
	}

	@BeforeAll
	void startBrowser() {
		this.browser = Chromium.start(profile);
	}

	@AfterAll
	void endBrowser() {
		if (this.browser != null) {
			this.browser.quit();
		}
	}

	@BeforeEach
	void open() {
		look("light", 1200);
		this.browser.get(this.address);
		await("Connected", () -> text("link").equals("Connected"));
		await("agents", () -> !all("#agents button").isEmpty());
	}

	@AfterEach
	void repair() throws IOException {
		this.cache.setControl("agents:details", CacheControl.asConfigured());
		click("#rates button");
		this.redis.become(OwnRedis.Condition.RUNNING);
		await("the cache", this.cache::isEnabled);
		List<LogEntry> said = this.browser.manage().logs().get(LogType.BROWSER).getAll();
		// Neither an error of the page's nor a complaint about its policy.
		assertThat(said).isEmpty();
	}

	@Test
	void theSecondAnswerComesFromRedisAndAChangeTakesItsEntries() {
		click("#agents li:nth-child(3) button");
		await("the agent", () -> !text("agent-name").isEmpty() && answers().size() >= 3);
		assertThat(answers().get(0)).isEqualTo("database");

		click("#agents li:nth-child(3) button");
		await("Redis", () -> answers().subList(0, 2).equals(List.of("Redis", "Redis")));

		run("document.querySelector('#agents li:nth-child(3) button').here = true");
		click("#change");
		await("the entries", () -> text("change-summary").contains("gone"));
		await("the list", () -> attribute("#change", "aria-busy") == null);
		// The button that somebody may have the focus on is not replaced.
		assertThat(run("return document.querySelector('#agents li:nth-child(3) button').here")).isEqualTo(true);
		String details = "agents:details:" + attribute("#agents li:nth-child(3) button", "data-agent");
		assertThat(texts("#entries tr")).anyMatch((row) -> row.startsWith(details + " evicted"))
			.anyMatch((row) -> row.startsWith("agents:list:org-101:") && row.endsWith("evicted"))
			.anyMatch((row) -> row.startsWith("tools:definitions:") && row.endsWith("kept"));
		assertThat(text("news")).startsWith("The agent is changed.");
	}

	@Test
	void numbersMoveUnderLoadAndEachChartHasItsSentenceAndItsTable() {
		String before = text("errors-more");

		click("[data-rate='20']");

		await("calls", () -> !text("errors-more").equals(before));
		String calls = text("errors-more");
		await("more calls", () -> !text("errors-more").equals(calls));
		await("a ratio", () -> text("ratio").endsWith("%"));
		await("the pressed button", () -> "true".equals(attribute("[data-rate='20']", "aria-pressed")));
		assertThat(all(".chart")).hasSize(4);
		for (WebElement chart : all(".chart")) {
			String described = chart.findElement(By.cssSelector("[role='img']")).getDomAttribute("aria-describedby");
			await("a sentence", () -> text(described).matches("(?s).*\\d.*"));
			chart.findElement(By.cssSelector("summary")).sendKeys(Keys.ENTER);
			await("a table", () -> chart.findElements(By.cssSelector("tbody tr")).size() > 1);
			assertThat(chart.findElements(By.tagName("canvas"))).hasSize(1);
		}
		assertThat(text("errors")).isEqualTo("0");
	}

	@Test
	void redisIsStoppedAndBroughtBackAndNoCallFails() {
		click("#agents button");
		await("the agent", () -> !text("agent-name").isEmpty());
		click("[data-rate='20']");
		await("calls", () -> !text("errors-more").startsWith("of 0 "));

		click("[data-redis='stopped']");
		await("no Redis", () -> text("link").equals("Without Redis"));
		click("#change");
		await("pending evictions", () -> Integer.parseInt(text("pending")) > 0);
		assertThat(text("errors")).isEqualTo("0");
		assertThat(text("faults-state")).startsWith("Redis is stopped");

		click("[data-redis='running']");
		await("Redis", () -> text("link").equals("Connected"));
		await("no pending evictions", () -> text("pending").equals("0"));
		assertThat(text("pending-more")).endsWith("applied when Redis was back");
		assertThat(text("errors")).isEqualTo("0");
	}

	@Test
	void aNewVersionOfAToolTakesTheListsThatShowItOfAllTenantsAndNoOther() {
		click("#release");

		await("the lists", () -> text("release-summary").contains("is released"));
		assertThat(text("release-summary")).contains("4 lists of servers are gone, of 4 tenants.")
			.contains("2 lists without the tool are kept.");
		assertThat(texts("#released tr")).hasSize(6)
			.allMatch((row) -> row.matches("org-\\d+ servers:tools:\\d+ (yes evicted|no kept)"));
		assertThat(text("news")).isEqualTo(text("release-summary"));

		click("#release");
		String before = text("release-summary");
		await("the next version", () -> !text("release-summary").equals(before));
		assertThat(text("release-summary")).contains("4 lists of servers are gone, of 4 tenants.");
	}

	@Test
	void aCacheThatIsSwitchedOffIsNotAskedUntilItIsOnAgain() {
		click("#agents button");
		await("the agent", () -> !text("agent-name").isEmpty());
		click("#agents button");
		await("Redis", () -> answers().subList(0, 2).equals(List.of("Redis", "Redis")));

		click("[data-cache='agents:details']");

		await("off", () -> "false".equals(attribute("[data-cache='agents:details']", "aria-pressed")));
		assertThat(this.cache.getControl("agents:details").isEnabled()).isFalse();
		assertThat(text("switches-state")).contains("agents:details");
		assertThat(text("news")).startsWith("The cache agents:details is off.");
		click("#agents button");
		await("the database", () -> answers().subList(0, 2).equals(List.of("Redis", "database")));

		click("[data-cache='agents:details']");
		await("on", () -> text("switches-state").equals("All caches are on."));
		click("#agents button");
		click("#agents button");
		await("Redis again", () -> answers().subList(0, 2).equals(List.of("Redis", "Redis")));
	}

	@Test
	void aStampedeTellsHowManyLoaded() {
		click("#stampede");

		await("the result", () -> text("stampede-result").startsWith("200 of 200 callers were answered"));
		assertThat(text("stampede-result")).contains("by 1 load.").contains("All got the same answer.");
	}

	@Test
	void theTableSaysWhatItNeeds() {
		click("#measure");

		await("the answer", () -> text("measure-result").contains("mvn spring-boot:run -Ppostgres"));
		// The browser notes a refusal by itself.
		assertThat(this.browser.manage().logs().get(LogType.BROWSER).getAll()).hasSize(1)
			.allMatch((entry) -> entry.getMessage().contains("/api/live/measurement"));
	}

	@ParameterizedTest
	@ValueSource(strings = { "light", "dark" })
	void axeFindsNothing(String scheme) {
		look(scheme, 1200);
		showEverything();

		List<Rule> violations = new AxeBuilder().analyze(this.browser).getViolations();

		assertThat(violations).extracting((rule) -> rule.getId() + ": " + rule.getNodes()).isEmpty();
	}

	@Test
	void aPhoneNeedNotScrollSideways() {
		look("light", 360);
		showEverything();

		long wide = (Long) run("return document.documentElement.scrollWidth");

		assertThat(wide).isLessThanOrEqualTo(360);
		assertThat(new AxeBuilder().analyze(this.browser).getViolations()).isEmpty();
	}

	@Test
	void everythingCanBeReachedByTheKeyboard() {
		find("body").sendKeys(Keys.TAB);
		assertThat(this.browser.switchTo().activeElement().getText()).isEqualTo("Skip to the page");

		for (int i = 0; i < 60; i++) {
			this.browser.switchTo().activeElement().sendKeys(Keys.TAB);
			if ("stampede".equals(this.browser.switchTo().activeElement().getDomAttribute("id"))) {
				break;
			}
		}
		this.browser.switchTo().activeElement().sendKeys(Keys.ENTER);

		await("the result", () -> text("stampede-result").startsWith("200 of 200"));
	}

	private void showEverything() {
		click("#agents button");
		await("the agent", () -> !text("agent-name").isEmpty());
		click("#change");
		await("the change", () -> !text("change-summary").isEmpty());
		click("#release");
		await("the release", () -> !text("release-summary").isEmpty());
		run("document.querySelectorAll('details').forEach((details) => { details.open = true; })");
		// As it is after a measurement, with texts of its length.
		run("""
				const line = document.createElement('tr');
				for (const text of ['Database queries a second', '100 → 20', '103 ms', '17 ms', '83 % fewer']) {
					line.append(Object.assign(document.createElement('td'), { textContent: text }));
				}
				document.getElementById('measured-lines').replaceChildren(line);
				document.getElementById('measured').hidden = false;
				""");
		await("tables", () -> all(".chart tbody tr").size() >= 4);
	}

	private void look(String scheme, int width) {
		this.browser.executeCdpCommand("Emulation.setEmulatedMedia",
				Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", scheme),
						Map.of("name", "prefers-reduced-motion", "value", "reduce"))));
		this.browser.executeCdpCommand("Emulation.setDeviceMetricsOverride",
				Map.of("width", width, "height", 900, "deviceScaleFactor", 1, "mobile", width < 600));
	}

	private List<String> answers() {
		return texts("#answers .mark");
	}

	private void click(String selector) {
		WebElement element = find(selector);
		run("arguments[0].scrollIntoView({ block: 'center' })", element);
		element.click();
	}

	private String text(String id) {
		return find("#" + id).getText();
	}

	/** Return the texts of elements that the page may replace: read in one step. */
	@SuppressWarnings("unchecked")
	private List<String> texts(String selector) {
		return (List<String>) Objects.requireNonNull(run(
				"return Array.from(document.querySelectorAll(arguments[0]), (one) => one.innerText.replace(/\\s+/g, ' ').trim())",
				selector));
	}

	private @Nullable String attribute(String selector, String name) {
		return (@Nullable String) run("return document.querySelector(arguments[0]).getAttribute(arguments[1])",
				selector, name);
	}

	private WebElement find(String selector) {
		return this.browser.findElement(By.cssSelector(selector));
	}

	private List<WebElement> all(String selector) {
		return this.browser.findElements(By.cssSelector(selector));
	}

	private @Nullable Object run(String script, Object... arguments) {
		return ((JavascriptExecutor) this.browser).executeScript(script, arguments);
	}

	private static void await(String what, BooleanSupplier condition) {
		org.awaitility.Awaitility.await(what)
			.atMost(PATIENCE)
			// What the page replaces while it is looked at.
			.ignoreException(StaleElementReferenceException.class)
			.until(condition::getAsBoolean);
	}

}
