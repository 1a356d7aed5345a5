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

package dev.cachestarter.autoconfigure;

import org.jspecify.annotations.Nullable;

import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.boot.convert.ApplicationConversionService;
import org.springframework.core.convert.ConversionService;
import org.springframework.core.convert.TypeDescriptor;
import org.springframework.format.support.FormattingConversionService;

/**
 * The converters that make text of what stands in a key: the application's converter
 * beans, then those of its cache configuration. Unlike an application's conversion
 * service it has none of Spring's defaults, which make text of nearly anything.
 */
final class KeyConverters implements ConversionService {

	private final ConversionService beans;

	private final ConversionService configured;

	private KeyConverters(ConversionService beans, ConversionService configured) {
		this.beans = beans;
		this.configured = configured;
	}

	/**
	 * Collect the converters.
	 * @param beanFactory has the converter beans
	 * @param configured the converters of the cache configuration, {@code null} for none
	 * @return all of them
	 */
	static ConversionService of(ListableBeanFactory beanFactory, @Nullable ConversionService configured) {
		FormattingConversionService beans = new FormattingConversionService();
		ApplicationConversionService.addBeans(beans, beanFactory);
		return (configured != null) ? new KeyConverters(beans, configured) : beans;
	}

	@Override
	public boolean canConvert(@Nullable Class<?> sourceType, Class<?> targetType) {
		return this.beans.canConvert(sourceType, targetType) || this.configured.canConvert(sourceType, targetType);
	}

	@Override
	public boolean canConvert(@Nullable TypeDescriptor sourceType, TypeDescriptor targetType) {
		return this.beans.canConvert(sourceType, targetType) || this.configured.canConvert(sourceType, targetType);
	}

	@Override
	public <T> @Nullable T convert(@Nullable Object source, Class<T> targetType) {
		Class<?> sourceType = (source != null) ? source.getClass() : null;
		return (this.beans.canConvert(sourceType, targetType) ? this.beans : this.configured).convert(source,
				targetType);
	}

	@Override
	public @Nullable Object convert(@Nullable Object source, @Nullable TypeDescriptor sourceType,
			TypeDescriptor targetType) {
		return (this.beans.canConvert(sourceType, targetType) ? this.beans : this.configured).convert(source,
				sourceType, targetType);
	}

}
