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

import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;

import tools.jackson.core.JsonGenerator;

/**
 * Writes times as the formatters of {@code java.time} do, for the years 0 to 9999.
 */
final class IsoPrinting {

	private static final int LAST_YEAR = 9999;

	private static final long FIRST_SECOND = LocalDate.of(0, 1, 1).toEpochDay() * 86_400;

	private static final long LAST_SECOND = LocalDate.of(LAST_YEAR + 1, 1, 1).toEpochDay() * 86_400 - 1;

	/** The length of {@code 2024-02-29T12:34:56.123456789}. */
	private static final int LONGEST_LOCAL = 29;

	private IsoPrinting() {
	}

	/** The seconds have no, three, six or nine digits behind them. */
	static boolean instant(Instant value, JsonGenerator generator) {
		long second = value.getEpochSecond();
		if (second < FIRST_SECOND || second > LAST_SECOND) {
			return false;
		}
		char[] text = new char[LONGEST_LOCAL + 1];
		int end = date(LocalDate.ofEpochDay(Math.floorDiv(second, 86_400)), text);
		text[end] = 'T';
		int secondOfDay = Math.floorMod(second, 86_400);
		end = time(secondOfDay / 3600, secondOfDay / 60 % 60, secondOfDay % 60, text, end + 1);
		end = fraction(value.getNano(), 3, text, end);
		text[end] = 'Z';
		generator.writeString(text, 0, end + 1);
		return true;
	}

	static boolean offsetDateTime(OffsetDateTime value, JsonGenerator generator) {
		return dateTime(value.toLocalDateTime(), value.getOffset().getId(), "", generator);
	}

	/** A zone that is an offset is not named again. */
	static boolean zonedDateTime(ZonedDateTime value, JsonGenerator generator) {
		String region = (value.getZone() instanceof ZoneOffset) ? "" : '[' + value.getZone().getId() + ']';
		return dateTime(value.toLocalDateTime(), value.getOffset().getId(), region, generator);
	}

	static boolean localDate(LocalDate value, JsonGenerator generator) {
		if (isOther(value)) {
			return false;
		}
		char[] text = new char[10];
		generator.writeString(text, 0, date(value, text));
		return true;
	}

	static boolean localTime(LocalTime value, JsonGenerator generator) {
		char[] text = new char[18];
		generator.writeString(text, 0, time(value, text, 0));
		return true;
	}

	static boolean localDateTime(LocalDateTime value, JsonGenerator generator) {
		return dateTime(value, "", "", generator);
	}

	private static boolean dateTime(LocalDateTime value, String offset, String region, JsonGenerator generator) {
		if (isOther(value.toLocalDate())) {
			return false;
		}
		char[] text = new char[LONGEST_LOCAL + offset.length() + region.length()];
		int end = date(value.toLocalDate(), text);
		text[end] = 'T';
		end = time(value.toLocalTime(), text, end + 1);
		offset.getChars(0, offset.length(), text, end);
		end += offset.length();
		region.getChars(0, region.length(), text, end);
		generator.writeString(text, 0, end + region.length());
		return true;
	}

	/** Return whether a year has another form than four digits. */
	private static boolean isOther(LocalDate date) {
		return date.getYear() < 0 || date.getYear() > LAST_YEAR;
	}

	private static int date(LocalDate date, char[] text) {
		int year = date.getYear();
		two(year / 100, text, 0);
		two(year % 100, text, 2);
		text[4] = '-';
		two(date.getMonthValue(), text, 5);
		text[7] = '-';
		two(date.getDayOfMonth(), text, 8);
		return 10;
	}

	private static int time(LocalTime time, char[] text, int at) {
		return fraction(time.getNano(), 1, text, time(time.getHour(), time.getMinute(), time.getSecond(), text, at));
	}

	private static int time(int hour, int minute, int second, char[] text, int at) {
		two(hour, text, at);
		text[at + 2] = ':';
		two(minute, text, at + 3);
		text[at + 5] = ':';
		two(second, text, at + 6);
		return at + 8;
	}

	/** Write nanoseconds, if there are any, without zeros that fill a group of digits. */
	private static int fraction(int nano, int group, char[] text, int at) {
		if (nano == 0) {
			return at;
		}
		text[at] = '.';
		int rest = nano;
		int zeros = 0;
		for (int i = at + 9; i > at; i--) {
			text[i] = (char) ('0' + rest % 10);
			rest /= 10;
			zeros += (zeros == at + 9 - i && text[i] == '0') ? 1 : 0;
		}
		return at + 10 - zeros / group * group;
	}

	private static void two(int number, char[] text, int at) {
		text[at] = (char) ('0' + number / 10);
		text[at + 1] = (char) ('0' + number % 10);
	}

}
