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

package dev.cachestarter.sample.measure;

import java.util.concurrent.atomic.AtomicBoolean;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.server.ResponseStatusException;

/**
 * The button that measures the table, in a short form. Like all buttons of the page it is
 * for this machine only.
 */
@RestController
class MeasureController {

	private final ObjectProvider<Measurement> measurement;

	private final AtomicBoolean underWay = new AtomicBoolean();

	MeasureController(ObjectProvider<Measurement> measurement) {
		this.measurement = measurement;
	}

	@PostMapping("/api/live/measurement")
	Measured measure() {
		Measurement here = this.measurement.getIfAvailable();
		if (here == null) {
			throw new ResponseStatusException(HttpStatus.CONFLICT,
					"The database of the sample is in memory, where a query costs next to nothing. Start the sample on "
							+ "PostgreSQL: mvn spring-boot:run -Ppostgres");
		}
		if (!this.underWay.compareAndSet(false, true)) {
			throw new ResponseStatusException(HttpStatus.CONFLICT,
					"It is being measured already. Wait until it is over.");
		}
		try {
			return here.run(Plan.SHORT);
		}
		catch (IllegalStateException ex) {
			// It says what is missing, such as a Redis that was stopped.
			throw new ResponseStatusException(HttpStatus.CONFLICT, ex.getMessage() + ".", ex);
		}
		finally {
			this.underWay.set(false);
		}
	}

}
