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

package dev.cachestarter.sample;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Marks the parameter of a controller that takes the tenant for which a request is made:
 * what the header {@value #HEADER} says, or else the query parameter {@value #PARAMETER}.
 * A request without either, or with two that disagree, is answered with 400.
 * <p>
 * A platform in earnest takes the tenant from who has logged in, and from nothing else.
 */
@Target(ElementType.PARAMETER)
@Retention(RetentionPolicy.RUNTIME)
@interface Tenant {

	/**
	 * The header that names the tenant.
	 */
	String HEADER = "X-Org-Id";

	/**
	 * The query parameter that names the tenant, for a browser's address bar.
	 */
	String PARAMETER = "orgId";

}
