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

package dev.cachestarter.engine.near;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;

import org.jspecify.annotations.Nullable;

import dev.cachestarter.engine.redis.Tracking;

/**
 * A tracked link whose sessions, answers and messages a test makes, one by one.
 */
public final class TrackingByHand implements Tracking {

	public final Deque<Question> questions = new ArrayDeque<>();

	public final List<Listener> listeners = new ArrayList<>();

	public volatile long session = 1;

	public volatile boolean good = true;

	volatile long lastGood;

	/** Runs when the number of the session is asked for. */
	volatile Runnable whenAsked = () -> {
	};

	@Override
	public long session() {
		this.whenAsked.run();
		return this.session;
	}

	@Override
	public boolean isGood(long session) {
		return this.good && session == this.session;
	}

	@Override
	public long lastGood() {
		return this.lastGood;
	}

	@Override
	public CompletableFuture<List<byte @Nullable []>> read(List<byte[]> keys) {
		Question question = new Question(keys, new CompletableFuture<>());
		this.questions.add(question);
		return question.answer();
	}

	@Override
	public CompletableFuture<byte[]> readStart(byte[] key, int length) {
		return read(List.of(key)).thenApply((values) -> Arrays.copyOf(Objects.requireNonNull(values.get(0)),
				Math.min(length, Objects.requireNonNull(values.get(0)).length)));
	}

	@Override
	public void addListener(Listener listener) {
		this.listeners.add(listener);
	}

	public void answer(byte @Nullable []... values) {
		this.questions.remove().answer().complete(Arrays.asList(values));
	}

	public void changed(byte[] key) {
		this.listeners.forEach((listener) -> listener.changed(key));
	}

	public void allChanged() {
		this.listeners.forEach(Listener::allChanged);
	}

	public void endSession() {
		this.session++;
		allChanged();
	}

	public record Question(List<byte[]> keys, CompletableFuture<List<byte @Nullable []>> answer) {

	}

}
