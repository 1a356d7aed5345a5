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

import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.cache.annotation.EnableCaching;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;

/**
 * An application whose start is measured. What is on its class path decides which cache
 * it has.
 */
@Configuration(proxyBeanMethods = false)
@EnableAutoConfiguration
@EnableCaching
@Import({ Catalogue.class, Directory.class })
public class StartApplication {

	/** What it says when it is ready. */
	public static final String STARTED = "STARTED";

	/** What it says after its first cached call. */
	public static final String CALLED = "CALLED";

	/**
	 * Start, call, and wait to be ended.
	 */
	public static void main(String[] arguments) throws Exception {
		SpringApplication application = new SpringApplication(StartApplication.class);
		application.setWebApplicationType(WebApplicationType.NONE);
		ConfigurableApplicationContext context = application.run(arguments);
		System.out.println(STARTED);
		context.getBean(Catalogue.class).words("tenant");
		System.out.println(CALLED);
		System.in.read();
		Runtime.getRuntime().halt(0);
	}

}
