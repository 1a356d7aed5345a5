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
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;

import dev.cachestarter.sample.measure.Measured;
import dev.cachestarter.sample.measure.Measurement;
import dev.cachestarter.sample.measure.Plan;

/**
 * Measures the table of the old system's paper, prints it as Markdown, writes it as JSON
 * and ends.
 */
public final class MeasureApplication {

	private MeasureApplication() {
	}

	/**
	 * Measure. See {@code docs/measured.md} for the options.
	 * @param args the command line, as for the sample
	 * @throws IOException if the JSON cannot be written
	 */
	public static void main(String[] args) throws IOException {
		Measured measured;
		try (ConfigurableApplicationContext context = new SpringApplicationBuilder(SampleApplication.class)
			.profiles("postgres")
			.properties(Map.of("server.port", "0", "spring.main.banner-mode", "off", "logging.level.root", "warn"))
			.run(args)) {
			Plan plan = Plan.of(context.getEnvironment());
			say("The database is filled. Measuring takes " + plan.total().toSeconds()
					+ " seconds and some for a start: both applications warm up, then it counts, first without a cache.");
			measured = context.getBean(Measurement.class).run(plan);
			Path out = Path.of(context.getEnvironment().getProperty("measure.out", "measured.json"));
			Files.writeString(out,
					JsonMapper.builder()
						.enable(SerializationFeature.INDENT_OUTPUT)
						.build()
						.writeValueAsString(measured));
			say("As JSON: " + out.toAbsolutePath());
		}
		say("");
		say(measured.markdown());
		if (measured.without().failed() + measured.with().failed() > 0) {
			System.exit(1);
		}
	}

	private static void say(String text) {
		System.out.println(text);
	}

}
