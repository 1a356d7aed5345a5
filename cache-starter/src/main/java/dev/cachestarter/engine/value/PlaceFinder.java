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

import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.URI;
import java.time.temporal.TemporalAccessor;
import java.time.temporal.TemporalAmount;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Currency;
import java.util.Date;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.locks.ReentrantLock;

import tools.jackson.databind.BeanDescription;
import tools.jackson.databind.JavaType;
import tools.jackson.databind.cfg.MapperConfig;
import tools.jackson.databind.introspect.AnnotatedClass;
import tools.jackson.databind.introspect.AnnotatedMember;
import tools.jackson.databind.introspect.BeanPropertyDefinition;
import tools.jackson.databind.introspect.ClassIntrospector;
import tools.jackson.databind.json.JsonMapper;

import org.springframework.data.domain.PageRequest;
import org.springframework.data.domain.Pageable;
import org.springframework.data.domain.Sort;
import org.springframework.util.ClassUtils;

import dev.cachestarter.engine.value.Place.Member;
import dev.cachestarter.engine.value.Place.Proof;

/**
 * Finds the places of a type, and what the type proves of what stands there.
 * <p>
 * A type proves that a value comes back if it is final, Jackson writes and reads each of
 * its fields as a property, nothing is said of how, and the same holds of the types of
 * the fields. Of a class that is not final the class of the value is looked at. Where a
 * class has a field that is no property, or a property is written in a way of its own, or
 * the declared type tells nothing ({@code Object}, {@code Number}), nothing but reading
 * back proves anything.
 */
final class PlaceFinder {

	/** Of the JDK, and read as exactly what was written. */
	private static final Set<Class<?>> PROVEN = Set.of(String.class, Boolean.class, Character.class, Byte.class,
			Short.class, Integer.class, Long.class, Float.class, Double.class, BigDecimal.class, BigInteger.class,
			UUID.class, URI.class, Currency.class, OptionalInt.class, OptionalLong.class, OptionalDouble.class);

	/** More than this are a generic type that grows for ever. */
	private static final int MOST_PLACES = 500;

	private final JsonMapper mapper;

	private final MapperConfig<?> config;

	private final LazyParts lazyParts;

	private final Map<JavaType, Place> places = new HashMap<>();

	private final ReentrantLock lock = new ReentrantLock();

	/** Whether modules of the application's may change how anything is written. */
	private final boolean isForeign;

	PlaceFinder(JsonMapper mapper, Set<String> ownModules, LazyParts lazyParts) {
		this.mapper = mapper;
		this.lazyParts = lazyParts;
		this.config = mapper.serializationConfig();
		this.isForeign = !areOwn(mapper, ownModules);
	}

	/**
	 * Return whether a mapper has no modules of the application's.
	 */
	static boolean areOwn(JsonMapper mapper, Set<String> ownModules) {
		return mapper.registeredModules().stream().allMatch((module) -> ownModules.contains(module.getModuleName()));
	}

	/**
	 * Return the place where values of a type stand.
	 */
	Place place(JavaType type) {
		this.lock.lock();
		try {
			return find(type);
		}
		finally {
			this.lock.unlock();
		}
	}

	private Place find(JavaType type) {
		Place known = this.places.get(type);
		if (known != null) {
			return known;
		}
		Place place = new Place(this.lazyParts, this::members);
		if (this.places.size() >= MOST_PLACES) {
			place.define(Proof.VALUE, null);
			return place;
		}
		this.places.put(type, place);
		try {
			define(place, type);
		}
		catch (RuntimeException | LinkageError ex) {
			// Jackson will have the same trouble with the first value, and say it.
			place.define(Proof.VALUE, null);
		}
		return place;
	}

	private void define(Place place, JavaType type) {
		Class<?> raw = type.getRawClass();
		if (type.isPrimitive() || isProven(raw)) {
			place.define(this.isForeign ? Proof.VALUE : Proof.TYPE, null);
		}
		else if (raw == Date.class || raw == Sort.class) {
			place.define(Proof.CLASS, null);
			place.define(raw, List.of());
		}
		else if (Pageable.class == raw) {
			place.define(Proof.CLASS, null);
			place.define(PageRequest.class, List
				.of(new Member("sort", (pageable) -> ((Pageable) pageable).getSort(), place(type(Sort.class)))));
		}
		else if (type.isArrayType() && type.getContentType().isPrimitive()) {
			place.define(Proof.TYPE, null);
		}
		else if (type.isContainerType() || raw == Optional.class) {
			container(place, type);
		}
		else if (JdkTypes.isJdk(raw)) {
			place.define(Proof.VALUE, type.isJavaLangObject() || raw == Iterable.class ? place : null);
		}
		else {
			JavaType read = this.mapper.deserializationConfig().mapAbstractType(type);
			place.define(Proof.CLASS, null);
			bean(place, read);
		}
	}

	private static boolean isProven(Class<?> raw) {
		boolean time = raw.getName().startsWith("java.time.") && Modifier.isFinal(raw.getModifiers())
				&& (TemporalAccessor.class.isAssignableFrom(raw) || TemporalAmount.class.isAssignableFrom(raw));
		return PROVEN.contains(raw) || time || (raw.isEnum() && JdkTypes.isJdk(raw));
	}

	private void container(Place place, JavaType type) {
		JavaType content = type.getContentType();
		boolean keyed = type.isMapLikeType();
		boolean told = (type.isArrayType() || JdkTypes.isJdk(type.getRawClass()))
				&& (!keyed || isProven(type.getKeyType().getRawClass()) || type.getKeyType().isEnumType());
		boolean known = told && (Collection.class.isAssignableFrom(type.getRawClass()) || keyed || type.isArrayType()
				|| type.isReferenceType());
		place.define(known ? Proof.CLASS : Proof.VALUE, (content != null) ? place(content) : null);
	}

	private void bean(Place place, JavaType type) {
		Class<?> raw = type.getRawClass();
		if (type.isEnumType()) {
			place.define(this.isForeign ? Proof.VALUE : Proof.TYPE, null);
			return;
		}
		Bean bean = bean(type);
		place.define(raw, bean.members());
		if (bean.isOpen() || this.isForeign) {
			place.define(Proof.VALUE, null);
		}
		else if (type.isFinal() && bean.members().isEmpty()) {
			place.define(Proof.TYPE, null);
		}
	}

	/** Return the properties of a class that stands where another is declared. */
	List<Member> members(Class<?> type) {
		if (JdkTypes.isJdk(type)) {
			return List.of();
		}
		this.lock.lock();
		try {
			return bean(type(type)).members();
		}
		catch (RuntimeException | LinkageError ex) {
			return List.of();
		}
		finally {
			this.lock.unlock();
		}
	}

	private Bean bean(JavaType type) {
		ClassIntrospector classes = this.config.classIntrospectorInstance();
		AnnotatedClass annotated = classes.introspectClassAnnotations(type);
		BeanDescription written = classes.introspectForSerialization(type, annotated);
		BeanDescription read = this.mapper.deserializationConfig()
			.classIntrospectorInstance()
			.introspectForDeserialization(type, annotated);
		boolean open = BeanShape.isSpecial(written, read, this.mapper) || type.isAbstract();
		Map<String, BeanPropertyDefinition> readable = new HashMap<>();
		read.findProperties().forEach((property) -> readable.put(property.getName(), property));
		Set<String> covered = new HashSet<>();
		List<Member> members = new ArrayList<>();
		for (BeanPropertyDefinition property : written.findProperties()) {
			AnnotatedMember accessor = property.getAccessor();
			if (accessor == null || !BeanShape.isWritten(property, this.config)) {
				continue;
			}
			BeanPropertyDefinition back = readable.get(property.getName());
			covered.add(property.getName());
			if (property.getField() != null) {
				covered.add(property.getField().getName());
			}
			boolean special = back == null || BeanShape.isReadByGetter(back, this.config)
					|| BeanShape.isSpecial(accessor, this.config)
					|| BeanShape.isSpecial(back.getMutator(), this.config);
			open |= special;
			Place stands = place(accessor.getType());
			if (!stands.isProven()) {
				members.add(member(property.getName(), accessor, stands));
			}
		}
		for (Field field : BeanShape.fields(type.getRawClass())) {
			open |= !covered.contains(field.getName()) && !Modifier.isTransient(field.getModifiers());
		}
		return new Bean(List.copyOf(members), open);
	}

	private static Member member(String name, AnnotatedMember accessor, Place place) {
		accessor.fixAccess(true);
		return new Member(name, accessor::getValue, place);
	}

	private JavaType type(Class<?> type) {
		return this.mapper.constructType(ClassUtils.getUserClass(type));
	}

	/**
	 * What is known of a class.
	 *
	 * @param members the properties whose values are to be looked at
	 * @param isOpen whether nothing but reading a value back proves that it comes back
	 */
	private record Bean(List<Member> members, boolean isOpen) {

	}

}
