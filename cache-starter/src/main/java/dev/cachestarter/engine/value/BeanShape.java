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
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

import com.fasterxml.jackson.annotation.JsonFormat;
import com.fasterxml.jackson.annotation.JsonProperty;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.AnnotationIntrospector;
import tools.jackson.databind.BeanDescription;
import tools.jackson.databind.JavaType;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.cfg.MapperConfig;
import tools.jackson.databind.exc.InvalidDefinitionException;
import tools.jackson.databind.introspect.AnnotatedClass;
import tools.jackson.databind.introspect.AnnotatedMember;
import tools.jackson.databind.introspect.AnnotatedMethod;
import tools.jackson.databind.introspect.AnnotatedParameter;
import tools.jackson.databind.introspect.BeanPropertyDefinition;
import tools.jackson.databind.json.JsonMapper;

import org.springframework.util.CollectionUtils;
import org.springframework.util.StringUtils;

/**
 * What Jackson makes of a class of the application's, and what is lost on the way as far
 * as the class alone tells. A class that Jackson is told to treat in another way (by a
 * serializer, a builder, a value accessor) is left to the comparison of its values.
 */
final class BeanShape {

	private BeanShape() {
	}

	/**
	 * Return whether a property is written: what is told to be, and what can be read
	 * back. A getter without anything to set is derived from other properties.
	 */
	static boolean isWritten(BeanPropertyDefinition property, MapperConfig<?> config) {
		return property.isExplicitlyIncluded() || isSet(property)
				|| (isReadByGetter(property, config) && isOfField(property.getGetter()));
	}

	/**
	 * Return whether a getter without a setter gives a collection that the object holds,
	 * in a field of its name or in one that has no other accessor: Jackson adds the
	 * elements to that.
	 */
	private static boolean isOfField(AnnotatedMethod getter) {
		Class<?> type = getter.getDeclaringClass();
		Set<String> methods = new HashSet<>();
		for (Method method : type.getMethods()) {
			methods.add(method.getName());
		}
		for (Field field : fields(type)) {
			String capitalized = StringUtils.capitalize(field.getName());
			if (isContainer(field.getType()) && !Modifier.isTransient(field.getModifiers())
					&& (getter.getName().equals("get" + capitalized) || !methods.contains("get" + capitalized))) {
				return !type.isRecord();
			}
		}
		return false;
	}

	/**
	 * Return why no value of a class can come back as it was.
	 * @return the reason and the cure, {@code null} if the class tells of none
	 */
	static @Nullable String refusal(JavaType type, BeanDescription written, BeanDescription read, JsonMapper mapper) {
		if (isSpecial(written, read, mapper)) {
			return null;
		}
		String name = type.getRawClass().getTypeName();
		if (type.isAbstract()) {
			return isWithoutSubtypes(type, written.getClassInfo(), mapper) ? abstractType(type) : null;
		}
		MapperConfig<?> config = mapper.serializationConfig();
		Map<String, BeanPropertyDefinition> writable = new HashMap<>();
		for (BeanPropertyDefinition property : written.findProperties()) {
			if (property.couldSerialize() && isWritten(property, config)) {
				writable.put(property.getName(), property);
			}
		}
		String unusable = unusableConstructor(name, read, writable.keySet());
		if (unusable != null) {
			return unusable;
		}
		Map<String, BeanPropertyDefinition> readable = new HashMap<>();
		read.findProperties().forEach((property) -> readable.put(property.getName(), property));
		for (String property : writable.keySet()) {
			BeanPropertyDefinition back = readable.get(property);
			if (read.findAnySetterAccessor() == null && !isRead(back, config)) {
				return "the property '%s' of %s is written but never read back: it has no setter, field or parameter of a "
					.formatted(property, name) + "constructor that Jackson may use. " + ShapeCheck.Cause.LOST.cure();
			}
		}
		for (Field field : fields(type.getRawClass())) {
			BeanPropertyDefinition property = readable.get(field.getName());
			if ((isIgnored(field.getName(), written, read) || isWriteOnly(property, config))
					&& !writable.containsKey(field.getName()) && !Modifier.isTransient(field.getModifiers())) {
				return "the property '%s' of %s is ignored by Jackson, so that a hit would be without it. "
					.formatted(field.getName(), name) + ShapeCheck.Cause.LOST.cure();
			}
		}
		return null;
	}

	/** Return whether Jackson is told to treat a class in a way of its own. */
	static boolean isSpecial(BeanDescription written, BeanDescription read, JsonMapper mapper) {
		MapperConfig<?> config = mapper.serializationConfig();
		AnnotationIntrospector annotations = config.getAnnotationIntrospector();
		AnnotatedClass type = written.getClassInfo();
		return annotations.findSerializer(config, type) != null || annotations.findDeserializer(config, type) != null
				|| annotations.findSerializationConverter(config, type) != null
				|| annotations.findDeserializationConverter(config, type) != null
				|| annotations.findPOJOBuilder(config, type) != null
				|| annotations.findValueInstantiator(config, type) != null || written.findJsonValueAccessor() != null
				|| written.findAnyGetter() != null || written.getObjectIdInfo() != null
				|| read.getPotentialCreators().hasDelegating() || !CollectionUtils.isEmpty(read.findInjectables());
	}

	/**
	 * Return whether a property is read back, getters of collections included, which
	 * Jackson adds the elements to.
	 */
	static boolean isRead(@Nullable BeanPropertyDefinition property, MapperConfig<?> config) {
		return property != null && (isSet(property) || isReadByGetter(property, config));
	}

	/** Jackson sets the field that a visible getter has, too. */
	private static boolean isSet(BeanPropertyDefinition property) {
		return property.couldDeserialize() || property.hasField();
	}

	static boolean isReadByGetter(BeanPropertyDefinition property, MapperConfig<?> config) {
		return !isSet(property) && property.hasGetter() && config.isEnabled(MapperFeature.USE_GETTERS_AS_SETTERS)
				&& isContainer(property.getGetter().getRawType());
	}

	static boolean isContainer(Class<?> type) {
		return Collection.class.isAssignableFrom(type) || Map.class.isAssignableFrom(type);
	}

	/** Return whether something is said of a member that changes how it is written. */
	static boolean isSpecial(@Nullable AnnotatedMember member, MapperConfig<?> config) {
		if (member == null) {
			return false;
		}
		AnnotationIntrospector annotations = config.getAnnotationIntrospector();
		if (TextScalars.isText(annotations, config, member)) {
			return false;
		}
		JsonFormat.Value format = annotations.findFormat(config, member);
		return annotations.findSerializer(config, member) != null
				|| annotations.findDeserializer(config, member) != null
				|| annotations.findContentSerializer(config, member) != null
				|| annotations.findContentDeserializer(config, member) != null
				|| annotations.findSerializationConverter(config, member) != null
				|| annotations.findDeserializationConverter(config, member) != null
				|| annotations.findPolymorphicTypeInfo(config, member) != null
				|| annotations.findUnwrappingNameTransformer(config, member) != null
				|| annotations.findReferenceType(config, member) != null
				|| (format != null && (format.hasPattern() || format.hasShape() || format.hasTimeZone()));
	}

	/** Return the fields of an object that are the application's. */
	static List<Field> fields(Class<?> type) {
		List<Field> fields = new ArrayList<>();
		for (Class<?> at = type; at != null && !JdkTypes.isJdk(at); at = at.getSuperclass()) {
			for (Field field : at.getDeclaredFields()) {
				if (!Modifier.isStatic(field.getModifiers()) && !field.isSynthetic()) {
					fields.add(field);
				}
			}
		}
		return fields;
	}

	/** Jackson's word for what is read from JSON and never shown in it. */
	private static boolean isWriteOnly(@Nullable BeanPropertyDefinition property, MapperConfig<?> config) {
		AnnotatedMember member = (property != null) ? property.getPrimaryMember() : null;
		return member != null && config.getAnnotationIntrospector()
			.findPropertyAccess(config, member) == JsonProperty.Access.WRITE_ONLY;
	}

	private static boolean isIgnored(String name, BeanDescription written, BeanDescription read) {
		Set<String> neverWritten = written.getIgnoredPropertyNames();
		Set<String> neverRead = read.getIgnoredPropertyNames();
		return (neverWritten != null && neverWritten.contains(name)) || (neverRead != null && neverRead.contains(name));
	}

	/**
	 * A constructor that Jackson cannot use, or one that asks for what is not written.
	 */
	private static @Nullable String unusableConstructor(String name, BeanDescription read, Set<String> written) {
		boolean creates = read.findDefaultConstructor() != null;
		for (BeanPropertyDefinition property : read.findProperties()) {
			if (property.hasConstructorParameter()) {
				creates = true;
				AnnotatedParameter parameter = property.getConstructorParameter();
				if (!written.contains(property.getName())) {
					return ("the constructor %s of %s asks for '%s', which is no property that is written. "
							+ "Give it a getter of that name, or the class a constructor without parameters, "
							+ "or cache a record of what is needed.")
						.formatted(signature(parameter), name, property.getName());
				}
			}
		}
		boolean implicit = !read.getPotentialCreators().getImplicitDelegatingConstructors().isEmpty()
				|| !read.getPotentialCreators().getImplicitDelegatingFactories().isEmpty();
		if (creates || implicit || read.getPotentialCreators().hasPropertiesBasedOrDelegating()) {
			return null;
		}
		return ("Jackson finds no constructor that it can use in %s. Give it a public one for all properties, or cache "
				+ "a record.")
			.formatted(name);
	}

	private static String signature(AnnotatedParameter parameter) {
		List<String> types = new ArrayList<>();
		for (int i = 0; i < parameter.getOwner().getParameterCount(); i++) {
			types.add(parameter.getOwner().getRawParameterType(i).getSimpleName());
		}
		return "(" + String.join(", ", types) + ")";
	}

	/**
	 * Ask Jackson, which may know of a deserializer: nothing of the application's is
	 * made.
	 */
	private static boolean isWithoutSubtypes(JavaType type, AnnotatedClass annotated, JsonMapper mapper) {
		MapperConfig<?> config = mapper.serializationConfig();
		AnnotationIntrospector annotations = config.getAnnotationIntrospector();
		if (annotations.findPolymorphicTypeInfo(config, annotated) != null) {
			return false;
		}
		try {
			if (annotations.refineDeserializationType(config, annotated, type) != type) {
				return false;
			}
			mapper.readerFor(type).readValue("{}");
			return false;
		}
		catch (InvalidDefinitionException ex) {
			return ex.getType() != null && ex.getType().isAbstract();
		}
		catch (RuntimeException | LinkageError ex) {
			return false;
		}
	}

	/** Say why values of an abstract type do not come back. */
	static String abstractType(JavaType type) {
		return ("%s is abstract and says nothing of its subtypes. Annotate it with @JsonTypeInfo(use = Id.NAME) and "
				+ "@JsonSubTypes, or return a concrete type such as a record (for a projection of Spring Data, "
				+ "a record in the place of the interface).")
			.formatted(type.toCanonical());
	}

}
