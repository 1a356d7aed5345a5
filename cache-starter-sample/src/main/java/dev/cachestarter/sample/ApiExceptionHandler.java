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

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

import org.apache.tomcat.util.http.InvalidParameterException;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.exc.StreamReadException;
import tools.jackson.databind.exc.MismatchedInputException;

import org.springframework.beans.TypeMismatchException;
import org.springframework.context.MessageSourceResolvable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.MediaType;
import org.springframework.http.ProblemDetail;
import org.springframework.http.ResponseEntity;
import org.springframework.http.converter.HttpMessageNotReadableException;
import org.springframework.validation.FieldError;
import org.springframework.validation.method.ParameterValidationResult;
import org.springframework.web.HttpMediaTypeNotAcceptableException;
import org.springframework.web.bind.MethodArgumentNotValidException;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.RestControllerAdvice;
import org.springframework.web.context.request.ServletWebRequest;
import org.springframework.web.context.request.WebRequest;
import org.springframework.web.method.annotation.HandlerMethodValidationException;
import org.springframework.web.method.annotation.MethodArgumentTypeMismatchException;
import org.springframework.web.servlet.mvc.method.annotation.ResponseEntityExceptionHandler;
import org.springframework.web.servlet.resource.NoResourceFoundException;

/**
 * Answers every error with a problem detail (RFC 9457) that tells the client what to
 * change and nothing of what is inside.
 */
@RestControllerAdvice
class ApiExceptionHandler extends ResponseEntityExceptionHandler {

	@ExceptionHandler
	ProblemDetail notFound(NotFoundException ex) {
		return ProblemDetail.forStatusAndDetail(HttpStatus.NOT_FOUND, ex.getMessage());
	}

	@ExceptionHandler
	ProblemDetail malformedUrl(InvalidParameterException ex) {
		return ProblemDetail.forStatusAndDetail(HttpStatus.BAD_REQUEST,
				"The query parameters must be percent-encoded UTF-8.");
	}

	@ExceptionHandler
	ProblemDetail unexpected(Exception ex) {
		this.logger.error("A request failed", ex);
		return ProblemDetail.forStatusAndDetail(HttpStatus.INTERNAL_SERVER_ERROR,
				"The request could not be answered. It may be worth another try.");
	}

	@Override
	protected @Nullable ResponseEntity<Object> handleExceptionInternal(Exception ex, @Nullable Object body,
			HttpHeaders headers, HttpStatusCode status, WebRequest request) {
		String detail = detail(ex, request);
		Object better = (detail != null) ? ProblemDetail.forStatusAndDetail(status, detail) : body;
		// Said outright, or it would depend on an 'Accept' that may be what is wrong.
		HttpHeaders typed = new HttpHeaders(headers);
		typed.setContentType(MediaType.APPLICATION_PROBLEM_JSON);
		return super.handleExceptionInternal(ex, better, typed, status, request);
	}

	/**
	 * Return what to tell the client where Spring's own words say too little.
	 */
	private static @Nullable String detail(Exception ex, WebRequest request) {
		if (ex instanceof HandlerMethodValidationException invalid) {
			return invalid.getParameterValidationResults()
				.stream()
				.flatMap((result) -> result.getResolvableErrors().stream().map((error) -> describe(result, error)))
				.sorted()
				.collect(Collectors.joining(", ", "", "."));
		}
		if (ex instanceof MethodArgumentNotValidException invalid) {
			return invalid.getFieldErrors()
				.stream()
				.map((error) -> describe(error.getField(), error))
				.sorted()
				.collect(Collectors.joining(", ", "", "."));
		}
		if (ex instanceof TypeMismatchException mismatch) {
			String name = (ex instanceof MethodArgumentTypeMismatchException argument) ? argument.getName()
					: mismatch.getPropertyName();
			return "'" + name + "' must be " + expected(mismatch.getRequiredType()) + ".";
		}
		if (ex instanceof HttpMessageNotReadableException unreadable) {
			return describe(unreadable.getCause());
		}
		if (ex instanceof NoResourceFoundException notFound) {
			return nothingAt(notFound, request);
		}
		if (ex instanceof HttpMediaTypeNotAcceptableException notAcceptable) {
			return notAcceptable.getSupportedMediaTypes().isEmpty()
					? "The header 'Accept' must be a list of media types, such as application/json."
					: "The header 'Accept' allows none of " + notAcceptable.getSupportedMediaTypes() + ".";
		}
		return null;
	}

	private static String nothingAt(NoResourceFoundException ex, WebRequest request) {
		// The path of the exception lacks a slash at its end.
		String path = (request instanceof ServletWebRequest servlet) ? servlet.getRequest().getRequestURI()
				: "/" + ex.getResourcePath();
		boolean slash = path.length() > 1 && path.endsWith("/");
		return "Nothing is served at " + path + "."
				+ (slash ? " No path here ends with a slash: try " + path.replaceAll("/+$", "") + "." : "");
	}

	private static String describe(ParameterValidationResult result, MessageSourceResolvable error) {
		String name = (error instanceof FieldError fieldError) ? fieldError.getField()
				: result.getMethodParameter().getParameterName();
		return describe(name, error);
	}

	private static String describe(@Nullable String name, MessageSourceResolvable error) {
		return "'" + name + "' " + error.getDefaultMessage();
	}

	private static String describe(@Nullable Throwable cause) {
		if (cause instanceof StreamReadException broken) {
			return "The body is not valid JSON, see line " + broken.getLocation().getLineNr() + ", column "
					+ broken.getLocation().getColumnNr() + ".";
		}
		if (cause instanceof MismatchedInputException mismatch) {
			return "'" + path(mismatch.getPath()) + "' must be " + expected(mismatch.getTargetType()) + ".";
		}
		return "The request must have a JSON object as its body.";
	}

	private static String path(List<JacksonException.Reference> path) {
		return path.isEmpty() ? "body" : path.stream()
			.map((step) -> (step.getPropertyName() != null) ? step.getPropertyName() : "[" + step.getIndex() + "]")
			.collect(Collectors.joining("."));
	}

	private static String expected(@Nullable Class<?> type) {
		if (type != null && type.isEnum()) {
			return "one of " + Arrays.toString(type.getEnumConstants());
		}
		if (type == String.class) {
			return "text";
		}
		if (type == int.class || type == long.class) {
			return "a whole number that is not too large";
		}
		return "a JSON object";
	}

}
