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

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A page of the documentation with places for what is measured, each of which begins with
 * a comment that names it: {@code <!-- benchmark: hits -->}, and ends with
 * {@code <!-- end -->}.
 */
final class Page {

	private static final String END = "<!-- end -->";

	private final Path file;

	private final Map<String, String> texts = new LinkedHashMap<>();

	Page(Path file) {
		this.file = file;
	}

	/** Set what is to stand in a place, if the page has that. */
	void set(String place, String text) {
		this.texts.put("<!-- benchmark: " + place + " -->", text);
	}

	/** Put what was set into the file. Other places keep what they have. */
	void write() throws IOException {
		String page = Files.readString(this.file);
		for (Map.Entry<String, String> text : this.texts.entrySet()) {
			int begin = page.indexOf(text.getKey());
			if (begin >= 0) {
				int after = begin + text.getKey().length();
				int end = page.indexOf(END, after);
				if (end < 0) {
					throw new IOException(this.file + " has no '" + END + "' after '" + text.getKey() + "'");
				}
				page = page.substring(0, after) + "\n" + text.getValue().strip() + "\n" + page.substring(end);
			}
		}
		Files.writeString(this.file, page);
	}

}
