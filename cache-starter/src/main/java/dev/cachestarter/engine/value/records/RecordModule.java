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

package dev.cachestarter.engine.value.records;

import java.io.Serial;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.BeanDescription;
import tools.jackson.databind.DeserializationConfig;
import tools.jackson.databind.DeserializationContext;
import tools.jackson.databind.deser.ValueInstantiator;
import tools.jackson.databind.deser.ValueInstantiators;
import tools.jackson.databind.deser.std.StdValueInstantiator;
import tools.jackson.databind.introspect.AnnotatedConstructor;
import tools.jackson.databind.module.SimpleModule;
import tools.jackson.databind.util.ClassUtil;

/**
 * Has the constructor of a record called by a method handle that takes an array. Jackson
 * hands its array to {@link MethodHandle#invokeWithArguments(Object...)}, which makes
 * such a handle for each object that is read.
 * <p>
 * Which constructor it is, what it is given, and what becomes of what it throws, stay as
 * Jackson has them. Only an instantiator that is Jackson's own is replaced, and nothing
 * but records are made by it.
 */
public final class RecordModule extends SimpleModule {

	/** The name of this module. */
	public static final String NAME = "cache-starter-records";

	@Serial
	private static final long serialVersionUID = 1L;

	/**
	 * Create the module.
	 */
	public RecordModule() {
		super(NAME);
	}

	@Override
	public void setupModule(SetupContext context) {
		super.setupModule(context);
		context.addValueInstantiators(new ValueInstantiators.Base() {

			@Override
			public ValueInstantiator modifyValueInstantiator(DeserializationConfig config,
					BeanDescription.Supplier bean, ValueInstantiator instantiator) {
				if (!bean.getBeanClass().isRecord() || instantiator.getClass() != StdValueInstantiator.class
						|| !(instantiator.getWithArgsCreator() instanceof AnnotatedConstructor creator)) {
					return instantiator;
				}
				MethodHandle constructor = takingAnArray(creator);
				return (constructor != null) ? new Instantiator((StdValueInstantiator) instantiator, constructor)
						: instantiator;
			}

		});
	}

	/**
	 * Return a handle from an array of objects to an object, if there is access and a
	 * handle can have as many arguments. If not, it is Jackson that says so when it
	 * calls.
	 */
	private static @Nullable MethodHandle takingAnArray(AnnotatedConstructor creator) {
		try {
			return MethodHandles.publicLookup()
				.unreflectConstructor(creator.getAnnotated())
				.asFixedArity()
				.asSpreader(Object[].class, creator.getParameterCount())
				.asType(MethodType.methodType(Object.class, Object[].class));
		}
		catch (IllegalAccessException | IllegalArgumentException ex) {
			return null;
		}
	}

	/**
	 * Jackson's, but for the call.
	 */
	private static final class Instantiator extends StdValueInstantiator {

		@Serial
		private static final long serialVersionUID = 1L;

		private final transient MethodHandle constructor;

		Instantiator(StdValueInstantiator plain, MethodHandle constructor) {
			super(plain);
			this.constructor = constructor;
		}

		@Override
		public Object createFromObjectWith(DeserializationContext context, Object[] arguments) {
			try {
				return this.constructor.invokeExact(arguments);
			}
			catch (Exception ex) {
				return context.handleInstantiationProblem(getValueClass(), arguments, rewrapCtorProblem(context, ex));
			}
			catch (Throwable ex) {
				throw ClassUtil.sneakyThrow(ex);
			}
		}

	}

}
