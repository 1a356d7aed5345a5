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

package dev.cachestarter.sample.live;

import java.io.IOException;
import java.util.List;
import java.util.Locale;

import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.server.ResponseStatusException;
import org.springframework.web.servlet.mvc.method.annotation.SseEmitter;

import dev.cachestarter.CacheService;

/**
 * What the page shows and what its buttons do, over HTTP. The buttons are for
 * {@link LocalOnly this machine only}.
 */
@RestController
class LiveController {

	/** Where the buttons' requests go. */
	static final String BUTTONS = "/api/live/**";

	private static final Log log = LogFactory.getLog(LiveController.class);

	private final LiveFeed feed;

	private final Load load;

	private final Stampede stampede;

	private final ObjectProvider<OwnRedis> redis;

	private final CacheService cache;

	LiveController(LiveFeed feed, Load load, Stampede stampede, ObjectProvider<OwnRedis> redis, CacheService cache) {
		this.feed = feed;
		this.cache = cache;
		this.load = load;
		this.stampede = stampede;
		this.redis = redis;
	}

	@GetMapping(path = "/api/live", produces = MediaType.TEXT_EVENT_STREAM_VALUE)
	ResponseEntity<SseEmitter> live() {
		SseEmitter emitter = this.feed.subscribe();
		if (emitter == null) {
			throw new ResponseStatusException(HttpStatus.SERVICE_UNAVAILABLE,
					"The page is open " + LiveFeed.MOST + " times already. Close one.");
		}
		// A proxy may neither keep it nor hold it back.
		return ResponseEntity.ok().header("Cache-Control", "no-store").header("X-Accel-Buffering", "no").body(emitter);
	}

	@PostMapping("/api/live/redis/{condition}")
	RedisState redis(@PathVariable OwnRedis.Condition condition) {
		OwnRedis own = this.redis.getIfAvailable();
		if (own == null) {
			throw new ResponseStatusException(HttpStatus.CONFLICT,
					"The sample uses a Redis that is not its own, so it does not break it. Start it without an address "
							+ "of Redis, and it brings one.");
		}
		try {
			own.become(condition);
		}
		catch (IOException ex) {
			log.warn("The redis-server of the sample could not be made " + condition, ex);
			throw new ResponseStatusException(HttpStatus.INTERNAL_SERVER_ERROR,
					"That did not work: " + ex.getMessage() + ". 'Bring back' may help.", ex);
		}
		log.info("The redis-server of the sample is now " + condition.name().toLowerCase(Locale.ROOT)
				+ ", as its page was told");
		return new RedisState(own.condition());
	}

	@PostMapping("/api/live/load")
	Rate load(@RequestParam @Min(0) @Max(Load.MOST_A_SECOND) int rate) {
		this.load.at(rate);
		return new Rate(this.load.rate());
	}

	/** Switch a cache off in this instance, or on again, until it ends. */
	@PostMapping("/api/live/cache/{name}")
	Switched cache(@PathVariable String name, @RequestParam boolean enabled) {
		try {
			this.cache.setControl(name, this.cache.getControl(name).withEnabled(enabled));
		}
		catch (IllegalArgumentException ex) {
			throw new ResponseStatusException(HttpStatus.NOT_FOUND, ex.getMessage(), ex);
		}
		return new Switched(this.feed.switchedOff());
	}

	@PostMapping("/api/live/stampede")
	Stampede.Result stampede() throws InterruptedException {
		Stampede.Result result = this.stampede.run();
		if (result == null) {
			throw new ResponseStatusException(HttpStatus.CONFLICT,
					"Another stampede is under way. Wait until it is over.");
		}
		return result;
	}

	/**
	 * What the sample's own Redis is like.
	 *
	 * @param condition its condition
	 */
	record RedisState(OwnRedis.Condition condition) {

	}

	/**
	 * Which caches this instance does not use.
	 *
	 * @param off the names of the caches that are switched off
	 */
	record Switched(List<String> off) {

	}

	/**
	 * What the load is like.
	 *
	 * @param rate the calls a second
	 */
	record Rate(int rate) {

	}

}
