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

package dev.cachestarter.engine.value;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

import com.fasterxml.jackson.annotation.JsonAutoDetect;
import com.fasterxml.jackson.annotation.JsonAutoDetect.Visibility;
import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonFormat;
import com.fasterxml.jackson.annotation.JsonProperty;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.databind.BeanDescription;
import tools.jackson.databind.DeserializationConfig;
import tools.jackson.databind.DeserializationContext;
import tools.jackson.databind.JavaType;
import tools.jackson.databind.SerializationConfig;
import tools.jackson.databind.SerializationContext;
import tools.jackson.databind.ValueDeserializer;
import tools.jackson.databind.ValueSerializer;
import tools.jackson.databind.annotation.JsonDeserialize;
import tools.jackson.databind.deser.Deserializers;
import tools.jackson.databind.deser.std.StdConvertingDeserializer;
import tools.jackson.databind.module.SimpleModule;
import tools.jackson.databind.ser.Serializers;
import tools.jackson.databind.ser.std.StdConvertingSerializer;
import tools.jackson.databind.type.TypeFactory;
import tools.jackson.databind.util.StdConverter;

import org.springframework.data.domain.KeysetScrollPosition;
import org.springframework.data.domain.OffsetScrollPosition;
import org.springframework.data.domain.Page;
import org.springframework.data.domain.PageImpl;
import org.springframework.data.domain.PageRequest;
import org.springframework.data.domain.Pageable;
import org.springframework.data.domain.ScrollPosition;
import org.springframework.data.domain.Slice;
import org.springframework.data.domain.SliceImpl;
import org.springframework.data.domain.Sort;
import org.springframework.data.domain.Window;
import org.springframework.data.geo.Distance;
import org.springframework.data.geo.GeoResult;
import org.springframework.data.geo.GeoResults;
import org.springframework.data.geo.Metric;
import org.springframework.data.geo.Metrics;

/**
 * Lets Jackson write and read the containers of Spring Data that repositories return:
 * {@code Page}, {@code Slice}, {@code Window}, {@code GeoResults}. Their content is
 * written and read as the type that a method declares.
 */
final class SpringDataModule extends SimpleModule {

	private static final long serialVersionUID = 1L;

	static final String NAME = "cache-starter-spring-data";

	SpringDataModule() {
		super(NAME);
		addAbstractTypeMapping(Page.class, PageImpl.class);
		addAbstractTypeMapping(Slice.class, SliceImpl.class);
		setMixInAnnotation(PageImpl.class, PageMixin.class);
		setMixInAnnotation(SliceImpl.class, SliceMixin.class);
		setMixInAnnotation(GeoResults.class, GeoResultsMixin.class);
		setMixInAnnotation(GeoResult.class, GeoResultMixin.class);
		setMixInAnnotation(Distance.class, DistanceMixin.class);
		addSerializer(Sort.class, new SortWriter());
		addDeserializer(Sort.class, new SortReader());
		addSerializer(Pageable.class, new PageableWriter());
		addDeserializer(Pageable.class, new PageableReader());
	}

	@Override
	public void setupModule(SetupContext context) {
		super.setupModule(context);
		context.addSerializers(new Serializers() {

			@Override
			public @Nullable ValueSerializer<?> findSerializer(SerializationConfig config, JavaType type,
					BeanDescription.Supplier bean, JsonFormat.@Nullable Value format) {
				if (type.isTypeOrSubTypeOf(Window.class)) {
					return new StdConvertingSerializer(new ToForm(type));
				}
				// Jackson would write them as what they iterate over.
				return type.hasRawClass(Page.class) ? new StdConvertingSerializer(new As<Page<?>>(type, PageImpl.class))
						: type.hasRawClass(Slice.class)
								? new StdConvertingSerializer(new As<Slice<?>>(type, SliceImpl.class)) : null;
			}

		});
		context.addDeserializers(new Deserializers.Base() {

			@Override
			public @Nullable ValueDeserializer<?> findBeanDeserializer(JavaType type, DeserializationConfig config,
					BeanDescription.Supplier bean) {
				return type.hasRawClass(Window.class) ? new StdConvertingDeserializer<>(new FromForm(type)) : null;
			}

			@Override
			public boolean hasDeserializerFor(DeserializationConfig config, Class<?> type) {
				return type == Window.class;
			}

		});
	}

	@JsonAutoDetect(fieldVisibility = Visibility.ANY, getterVisibility = Visibility.NONE,
			isGetterVisibility = Visibility.NONE)
	@JsonFormat(shape = JsonFormat.Shape.OBJECT)
	abstract static class PageMixin<T> {

		@JsonCreator
		PageMixin(@JsonProperty("content") List<T> content, @JsonProperty("pageable") Pageable pageable,
				@JsonProperty("total") long total) {
		}

	}

	@JsonAutoDetect(fieldVisibility = Visibility.ANY, getterVisibility = Visibility.NONE,
			isGetterVisibility = Visibility.NONE)
	@JsonFormat(shape = JsonFormat.Shape.OBJECT)
	abstract static class SliceMixin<T> {

		@JsonCreator
		SliceMixin(@JsonProperty("content") List<T> content, @JsonProperty("pageable") Pageable pageable,
				@JsonProperty("hasNext") boolean hasNext) {
		}

	}

	@JsonAutoDetect(fieldVisibility = Visibility.ANY, getterVisibility = Visibility.NONE,
			isGetterVisibility = Visibility.NONE)
	@JsonFormat(shape = JsonFormat.Shape.OBJECT)
	abstract static class GeoResultsMixin<T> {

		@JsonCreator
		GeoResultsMixin(@JsonProperty("results") List<? extends GeoResult<T>> results,
				@JsonProperty("averageDistance") Distance averageDistance) {
		}

	}

	@JsonAutoDetect(fieldVisibility = Visibility.ANY, getterVisibility = Visibility.NONE,
			isGetterVisibility = Visibility.NONE)
	abstract static class GeoResultMixin<T> {

		@JsonCreator
		GeoResultMixin(@JsonProperty("content") T content, @JsonProperty("distance") Distance distance) {
		}

	}

	@JsonAutoDetect(fieldVisibility = Visibility.ANY, getterVisibility = Visibility.NONE,
			isGetterVisibility = Visibility.NONE)
	abstract static class DistanceMixin {

		@JsonDeserialize(as = Metrics.class)
		private @Nullable Metric metric;

		@JsonCreator
		DistanceMixin(@JsonProperty("value") double value,
				@JsonProperty("metric") @JsonDeserialize(as = Metrics.class) Metric metric) {
		}

	}

	/** A sort as its orders. */
	record OrderForm(String property, Sort.Direction direction, boolean ignoreCase, Sort.NullHandling nullHandling) {

		static List<OrderForm> of(Sort sort) {
			List<OrderForm> forms = new ArrayList<>();
			sort.forEach((order) -> forms.add(new OrderForm(order.getProperty(), order.getDirection(),
					order.isIgnoreCase(), order.getNullHandling())));
			return forms;
		}

		static Sort sort(OrderForm[] forms) {
			List<Sort.Order> orders = new ArrayList<>();
			for (OrderForm form : forms) {
				Sort.Order order = new Sort.Order(form.direction(), form.property(), form.nullHandling());
				orders.add(form.ignoreCase() ? order.ignoreCase() : order);
			}
			return Sort.by(orders);
		}

	}

	/** What a page was asked for by; without a size it is everything. */
	record PageableForm(int page, @Nullable Integer size, List<OrderForm> sort) {

	}

	private static final class SortWriter extends ValueSerializer<Sort> {

		@Override
		public void serialize(Sort sort, JsonGenerator generator, SerializationContext context) {
			generator.writePOJO(OrderForm.of(sort));
		}

	}

	private static final class SortReader extends ValueDeserializer<Sort> {

		@Override
		public Sort deserialize(JsonParser parser, DeserializationContext context) {
			return OrderForm.sort(parser.readValueAs(OrderForm[].class));
		}

	}

	private static final class PageableWriter extends ValueSerializer<Pageable> {

		@Override
		public void serialize(Pageable pageable, JsonGenerator generator, SerializationContext context) {
			List<OrderForm> sort = OrderForm.of(pageable.getSort());
			generator
				.writePOJO(pageable.isPaged() ? new PageableForm(pageable.getPageNumber(), pageable.getPageSize(), sort)
						: new PageableForm(0, null, sort));
		}

	}

	private static final class PageableReader extends ValueDeserializer<Pageable> {

		@Override
		public Pageable deserialize(JsonParser parser, DeserializationContext context) {
			PageableForm form = parser.readValueAs(PageableForm.class);
			Sort sort = OrderForm.sort(form.sort().toArray(OrderForm[]::new));
			if (form.size() != null) {
				return PageRequest.of(form.page(), form.size(), sort);
			}
			return sort.isSorted() ? Pageable.unpaged(sort) : Pageable.unpaged();
		}

	}

	/**
	 * A window as what it consists of, since it holds its positions as a function.
	 */
	record WindowForm<T>(List<T> content, boolean hasNext, List<@Nullable PositionForm> positions) {

		static <T> WindowForm<T> of(Window<T> window) {
			List<@Nullable PositionForm> positions = new ArrayList<>();
			for (int i = 0; i < window.size(); i++) {
				positions.add(window.hasPosition(i) ? PositionForm.of(window.positionAt(i)) : null);
			}
			return new WindowForm<>(window.getContent(), window.hasNext(), positions);
		}

		Window<T> window() {
			return Window.from(this.content, (index) -> {
				PositionForm position = this.positions.get(index);
				if (position == null) {
					throw new IllegalStateException("No position at " + index);
				}
				return position.position();
			}, this.hasNext);
		}

	}

	/** A position by its offset, or by the keys of the element there. */
	record PositionForm(@Nullable Long offset, @Nullable Map<String, KeyForm> keys,
			ScrollPosition.@Nullable Direction direction) {

		static PositionForm of(ScrollPosition position) {
			if (position instanceof OffsetScrollPosition offset) {
				return new PositionForm(offset.isInitial() ? null : offset.getOffset(), null, null);
			}
			if (position instanceof KeysetScrollPosition keyset) {
				Map<String, KeyForm> keys = new LinkedHashMap<>();
				keyset.getKeys().forEach((name, value) -> keys.put(name, KeyForm.of(value)));
				return new PositionForm(null, keys, keyset.getDirection());
			}
			throw new IllegalArgumentException("Not a scroll position that can be written: " + position.getClass());
		}

		ScrollPosition position() {
			if (this.keys == null) {
				return (this.offset != null) ? ScrollPosition.offset(this.offset) : ScrollPosition.offset();
			}
			Map<String, Object> values = new LinkedHashMap<>();
			this.keys.forEach((name, key) -> values.put(name, key.value()));
			return ScrollPosition.of(values, Objects.requireNonNull(this.direction));
		}

	}

	/** A key of an element: a simple value with the word for what it is. */
	record KeyForm(String type, String text) {

		static KeyForm of(Object value) {
			return new KeyForm(SimpleValues.name(value), SimpleValues.text(value));
		}

		Object value() {
			return SimpleValues.parse(this.type, this.text);
		}

	}

	private static JavaType form(JavaType window, TypeFactory types) {
		JavaType[] arguments = types.findTypeParameters(window, Window.class);
		return types.constructParametricType(WindowForm.class,
				(arguments != null && arguments.length == 1) ? arguments[0] : TypeFactory.unknownType());
	}

	/** Has a value that is declared by its interface written as its class. */
	private static final class As<T> extends StdConverter<T, T> {

		private final JavaType declared;

		private final Class<?> written;

		As(JavaType declared, Class<?> written) {
			this.declared = declared;
			this.written = written;
		}

		@Override
		public T convert(T value) {
			if (!this.written.isInstance(value)) {
				throw new IllegalArgumentException("Not a " + this.written.getName());
			}
			return value;
		}

		@Override
		public JavaType getInputType(TypeFactory types) {
			return this.declared;
		}

		@Override
		public JavaType getOutputType(TypeFactory types) {
			return types.constructSpecializedType(this.declared, this.written);
		}

	}

	private static final class ToForm extends StdConverter<Window<?>, WindowForm<?>> {

		private final JavaType window;

		ToForm(JavaType window) {
			this.window = window;
		}

		@Override
		public WindowForm<?> convert(Window<?> value) {
			return WindowForm.of(value);
		}

		@Override
		public JavaType getInputType(TypeFactory types) {
			return this.window;
		}

		@Override
		public JavaType getOutputType(TypeFactory types) {
			return form(this.window, types);
		}

	}

	private static final class FromForm extends StdConverter<WindowForm<?>, Window<?>> {

		private final JavaType window;

		FromForm(JavaType window) {
			this.window = window;
		}

		@Override
		public Window<?> convert(WindowForm<?> form) {
			return form.window();
		}

		@Override
		public JavaType getInputType(TypeFactory types) {
			return form(this.window, types);
		}

		@Override
		public JavaType getOutputType(TypeFactory types) {
			return this.window;
		}

	}

}
