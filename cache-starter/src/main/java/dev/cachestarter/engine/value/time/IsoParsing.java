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

package dev.cachestarter.engine.value.time;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.Month;
import java.time.OffsetDateTime;
import java.time.YearMonth;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.chrono.IsoChronology;

import org.jspecify.annotations.Nullable;

/**
 * Reads the forms of ISO 8601 in which times are written: years of four digits, seconds
 * present, no more than nine digits behind them, a {@code T} and a {@code Z} in upper
 * case. {@code null} says that a text has another form, or that there is no such time.
 * <p>
 * What is accepted here is accepted by the formatters of {@code java.time} too, with the
 * same result; the reverse is not so.
 */
final class IsoParsing {

	private static final int DATE = 10;

	private static final int TIME = 8;

	private static final int MOST_OFFSET_SECONDS = 18 * 3600;

	private static final int[] NANOS = { 1_000_000_000, 100_000_000, 10_000_000, 1_000_000, 100_000, 10_000, 1000, 100,
			10, 1 };

	private IsoParsing() {
	}

	/** Read {@code 2024-02-29T12:34:56.789Z}. */
	static @Nullable Instant instant(char[] text, int from, int to) {
		if (to - from <= DATE || text[to - 1] != 'Z' || text[from + DATE] != 'T') {
			return null;
		}
		LocalDate date = localDate(text, from, from + DATE);
		long nanos = nanoOfDay(text, from + DATE + 1, to - 1);
		return (date != null && nanos >= 0)
				? Instant.ofEpochSecond(date.toEpochDay() * 86_400 + nanos / NANOS[0], nanos % NANOS[0]) : null;
	}

	/** Read {@code 2024-02-29T12:34:56.789+01:00}. */
	static @Nullable OffsetDateTime offsetDateTime(char[] text, int from, int to) {
		int middle = offsetAt(text, from, to);
		LocalDateTime local = localDateTime(text, from, middle);
		ZoneOffset offset = offset(text, middle, to);
		return (local != null && offset != null) ? OffsetDateTime.of(local, offset) : null;
	}

	/** Read {@code 2024-02-29T12:34:56.789+01:00[Europe/Berlin]}. */
	static @Nullable ZonedDateTime zonedDateTime(char[] text, int from, int to) {
		int middle = offsetAt(text, from, to);
		int end = middle;
		while (end < to && text[end] != '[') {
			end++;
		}
		LocalDateTime local = localDateTime(text, from, middle);
		ZoneOffset offset = offset(text, middle, end);
		if (local == null || offset == null) {
			return null;
		}
		ZoneId zone = (end == to) ? offset : region(text, end, to);
		return (zone != null) ? ZonedDateTime.ofInstant(local, offset, zone) : null;
	}

	/** Read {@code 2024-02-29}. */
	static @Nullable LocalDate localDate(char[] text, int from, int to) {
		if (to - from != DATE || text[from + 4] != '-' || text[from + 7] != '-') {
			return null;
		}
		int year = digits(text, from, 4);
		int month = digits(text, from + 5, 2);
		int day = digits(text, from + 8, 2);
		if (year < 0 || month < 1 || month > 12 || day < 1
				|| day > Month.of(month).length(IsoChronology.INSTANCE.isLeapYear(year))) {
			return null;
		}
		return LocalDate.of(year, month, day);
	}

	/** Read {@code 12:34:56.789}. */
	static @Nullable LocalTime localTime(char[] text, int from, int to) {
		long nanos = nanoOfDay(text, from, to);
		return (nanos >= 0) ? LocalTime.ofNanoOfDay(nanos) : null;
	}

	/** Read {@code 2024-02-29T12:34:56.789}. */
	static @Nullable LocalDateTime localDateTime(char[] text, int from, int to) {
		if (to - from <= DATE || text[from + DATE] != 'T') {
			return null;
		}
		LocalDate date = localDate(text, from, from + DATE);
		LocalTime time = localTime(text, from + DATE + 1, to);
		return (date != null && time != null) ? LocalDateTime.of(date, time) : null;
	}

	/** Read {@code PT1H2M3.456S}, or some of its parts, none of them negative. */
	static @Nullable Duration duration(char[] text, int from, int to) {
		if (to - from <= 2 || text[from] != 'P' || text[from + 1] != 'T') {
			return null;
		}
		long seconds = 0;
		int at = from + 2;
		String units = "HMS";
		int unit = 0;
		while (at < to) {
			int end = endOfDigits(text, at, to);
			int number = (end > at && end - at <= 9) ? digits(text, at, end - at) : -1;
			int nanos = 0;
			at = end;
			if (at < to && text[at] == '.') {
				end = endOfDigits(text, at + 1, to);
				nanos = fraction(text, at + 1, end);
				at = end;
				unit = Math.max(unit, 2);
			}
			int found = (at < to) ? units.indexOf(text[at], unit) : -1;
			if (number < 0 || nanos < 0 || found < 0) {
				return null;
			}
			seconds += number * (long) ((found == 0) ? 3600 : (found == 1) ? 60 : 1);
			unit = found + 1;
			at++;
			if (unit == units.length()) {
				return (at == to) ? Duration.ofSeconds(seconds, nanos) : null;
			}
		}
		return Duration.ofSeconds(seconds);
	}

	/** Read {@code 2024-02}. */
	static @Nullable YearMonth yearMonth(char[] text, int from, int to) {
		if (to - from != 7 || text[from + 4] != '-') {
			return null;
		}
		int year = digits(text, from, 4);
		int month = digits(text, from + 5, 2);
		return (year >= 0 && month >= 1 && month <= 12) ? YearMonth.of(year, month) : null;
	}

	/** Return where the offset begins, behind a date and a time of whatever length. */
	private static int offsetAt(char[] text, int from, int to) {
		int at = Math.min(from + DATE + 1 + TIME, to);
		return (at < to && text[at] == '.') ? endOfDigits(text, at + 1, to) : at;
	}

	/** Return the nanosecond that a time is, or -1. */
	private static long nanoOfDay(char[] text, int from, int to) {
		int length = to - from;
		if (length < TIME || text[from + 2] != ':' || text[from + 5] != ':'
				|| (length > TIME && text[from + TIME] != '.')) {
			return -1;
		}
		int hour = digits(text, from, 2);
		int minute = digits(text, from + 3, 2);
		int second = digits(text, from + 6, 2);
		int nano = (length > TIME) ? fraction(text, from + TIME + 1, to) : 0;
		if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59 || nano < 0) {
			return -1;
		}
		return (hour * 3600 + minute * 60 + second) * (long) NANOS[0] + nano;
	}

	/** Return the nanoseconds that one to nine digits are, or -1. */
	private static int fraction(char[] text, int from, int to) {
		int length = to - from;
		if (length < 1 || length > 9) {
			return -1;
		}
		int digits = digits(text, from, length);
		return (digits >= 0) ? digits * NANOS[length] : -1;
	}

	private static @Nullable ZoneOffset offset(char[] text, int from, int to) {
		int length = to - from;
		if (length == 1 && text[from] == 'Z') {
			return ZoneOffset.UTC;
		}
		if ((length != 6 && length != 9) || (text[from] != '+' && text[from] != '-') || text[from + 3] != ':'
				|| (length == 9 && text[from + 6] != ':')) {
			return null;
		}
		int hours = digits(text, from + 1, 2);
		int minutes = digits(text, from + 4, 2);
		int seconds = (length == 9) ? digits(text, from + 7, 2) : 0;
		int sum = hours * 3600 + minutes * 60 + seconds;
		if (hours < 0 || minutes < 0 || minutes > 59 || seconds < 0 || seconds > 59 || sum > MOST_OFFSET_SECONDS) {
			return null;
		}
		return ZoneOffset.ofTotalSeconds((text[from] == '+') ? sum : -sum);
	}

	/**
	 * Return the region in square brackets. Only names with a slash are looked up, and
	 * {@code UTC}: all others may also be offsets, which have forms of their own.
	 */
	private static @Nullable ZoneId region(char[] text, int from, int to) {
		if (to - from <= 2 || text[to - 1] != ']') {
			return null;
		}
		String id = new String(text, from + 1, to - from - 2);
		try {
			return (id.indexOf('/') > 0 || id.equals("UTC")) ? ZoneId.of(id) : null;
		}
		catch (DateTimeException ex) {
			return null;
		}
	}

	private static int endOfDigits(char[] text, int from, int to) {
		int at = from;
		while (at < to && text[at] >= '0' && text[at] <= '9') {
			at++;
		}
		return at;
	}

	/** Return the number that some digits are, or -1 if one of them is none. */
	private static int digits(char[] text, int from, int count) {
		int number = 0;
		for (int at = from; at < from + count; at++) {
			int digit = text[at] - '0';
			if (digit < 0 || digit > 9) {
				return -1;
			}
			number = number * 10 + digit;
		}
		return number;
	}

}
