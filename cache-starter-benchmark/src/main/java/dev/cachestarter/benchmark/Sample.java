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

package dev.cachestarter.benchmark;

import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.stream.DoubleStream;

/**
 * What several rounds have measured of one thing.
 *
 * @param median the median
 * @param lower the lower quartile
 * @param upper the upper quartile
 * @param rounds the number of each round, in their order
 */
public record Sample(double median, double lower, double upper, List<Double> rounds) {

	/** Put together what rounds have measured, at least one of them. */
	public static Sample of(Collection<Double> rounds) {
		double[] sorted = rounds.stream().mapToDouble(Double::doubleValue).sorted().toArray();
		return new Sample(quantile(sorted, 0.5), quantile(sorted, 0.25), quantile(sorted, 0.75), List.copyOf(rounds));
	}

	/** Put together the quotients of what two have measured in the same rounds. */
	public static Sample ratio(Sample one, Sample other) {
		return of(DoubleStream.iterate(0, (round) -> round < one.rounds.size(), (round) -> round + 1)
			.map((round) -> one.rounds.get((int) round) / other.rounds.get((int) round))
			.boxed()
			.toList());
	}

	/** Return what a share of numbers does not exceed, with straight lines in between. */
	public static double quantile(double[] sorted, double share) {
		double place = share * (sorted.length - 1);
		int below = (int) place;
		int above = Math.min(below + 1, sorted.length - 1);
		return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
	}

	/** Return the quantile of numbers in any order. */
	public static double quantile(Collection<Double> numbers, double share) {
		double[] sorted = numbers.stream().mapToDouble(Double::doubleValue).toArray();
		Arrays.sort(sorted);
		return quantile(sorted, share);
	}

	/** The median and, in parentheses, the quartiles. */
	public String text() {
		return number(this.median) + " (" + number(this.lower) + "–" + number(this.upper) + ")";
	}

	/** A number with about three digits that say something. */
	public static String number(double number) {
		double size = Math.abs(number);
		int digits = (size >= 100 || size == 0) ? 0 : (size >= 10) ? 1 : 2;
		return String.format(Locale.ROOT, "%,." + digits + "f", number);
	}

}
