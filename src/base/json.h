/* SPDX-License-Identifier: Apache-2.0 */
/* JSON: reading through jansson with limits, writing as a stream with stable bytes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/defs.h"
#include "base/err.h"
#include "base/io.h"
#include "base/span.h"

/** struct sk_json - a parsed value; only the root is owned, everything below is borrowed from it */
struct sk_json;

enum sk_json_type {
	SK_JSON_NONE, /* absent */
	SK_JSON_NULL,
	SK_JSON_BOOL,
	SK_JSON_NUMBER,
	SK_JSON_STRING,
	SK_JSON_ARRAY,
	SK_JSON_OBJECT,
};

enum sk_json_flags {
	SK_JSON_ALLOW_DUPLICATES = 1
				   << 0, /* last one wins; without it a repeated key is an error */
	SK_JSON_ALLOW_TRAILING = 1 << 1, /* text after the value is left alone */
};

/**
 * sk_json_parse() - parse one document
 * @text: RFC 8259 JSON, UTF-8; nesting over 2,048 is refused
 * @flags: enum sk_json_flags
 * @ret: root; the caller frees with sk_json_free()
 * @err: filled on failure, with line and column
 *
 * Memory is bounded by a small multiple of the text; the caller bounds the text.
 * Return: 0, or negative. Errors: SK_E_FORMAT.
 */
sk_must_check int sk_json_parse(struct sk_span text, unsigned flags, struct sk_json **ret,
				struct sk_err *err);

/**
 * sk_json_free() - drop a root
 * @j: may be NULL
 */
void sk_json_free(struct sk_json *j);
SK_DEFINE_CLEANUP(struct sk_json, sk_json_free);

/**
 * sk_json_type_of() - kind of a value
 * @j: may be NULL
 *
 * Return: SK_JSON_NONE for NULL.
 */
enum sk_json_type sk_json_type_of(const struct sk_json *j);

/**
 * sk_json_get() - member of an object
 * @j: any value or NULL
 * @key: name
 *
 * Return: NULL when @j is no object or has no such member.
 */
const struct sk_json *sk_json_get(const struct sk_json *j, const char *key);

/**
 * sk_json_at() - element of an array
 * @j: any value or NULL
 * @i: index
 *
 * Return: NULL when out of range or no array.
 */
const struct sk_json *sk_json_at(const struct sk_json *j, size_t i);

/**
 * sk_json_len() - elements of an array, members of an object
 * @j: any value or NULL
 *
 * Return: 0 for everything else.
 */
size_t sk_json_len(const struct sk_json *j);

/**
 * sk_json_next() - iterate over an object in document order
 * @j: object or anything
 * @iter: NULL at first
 * @ret_key: name
 * @ret_value: value
 *
 * Return: true while there was a member.
 */
bool sk_json_next(const struct sk_json *j, void **iter, struct sk_span *ret_key,
		  const struct sk_json **ret_value);

/**
 * sk_json_text() - the text of a string value
 * @j: any value or NULL
 *
 * Return: {NULL, 0} when it is no string; followed by a NUL byte otherwise. May hold NUL bytes.
 */
struct sk_span sk_json_text(const struct sk_json *j);

/**
 * sk_json_get_text() - the text of a string member
 * @j: object or anything
 * @key: name
 *
 * Return: {NULL, 0} when absent or no string.
 */
struct sk_span sk_json_get_text(const struct sk_json *j, const char *key);

/**
 * sk_json_get_i64() - integer member
 * @j: object or anything
 * @key: name
 * @ret: written when it is an integer
 *
 * Return: true when it is.
 */
bool sk_json_get_i64(const struct sk_json *j, const char *key, int64_t *ret);

/**
 * sk_json_number() - number value
 * @j: any value or NULL
 * @ret: written when it is a number
 *
 * Return: true when it is.
 */
bool sk_json_number(const struct sk_json *j, double *ret);

/**
 * sk_json_is_true() - boolean true
 * @j: any value or NULL
 *
 * Return: false for everything else.
 */
bool sk_json_is_true(const struct sk_json *j);

enum {
	SK_JW_MAX_DEPTH = 64
};

/**
 * struct sk_jw - JSON writer: values go to a sink as they come, commas and indentation are its
 * business
 *
 * Invalid UTF-8 becomes U+FFFD; controls and invisible or bidirectional characters are written as
 * \uXXXX, so that the text is safe on a terminal too. The first failure sticks and is returned by
 * sk_jw_finish().
 */
struct sk_jw {
	const struct sk_sink *sink;
	struct sk_buf out;
	int indent; /* spaces a level, 0: one line */
	int depth;
	int failure;
	bool first[SK_JW_MAX_DEPTH];
};

/**
 * sk_jw_init() - start a document
 * @w: storage owned by the caller, released by sk_jw_finish()
 * @sink: where the bytes go
 * @indent: spaces a level; 0 writes one line
 */
void sk_jw_init(struct sk_jw *w, const struct sk_sink *sink, int indent);

/**
 * sk_jw_finish() - end the document: a newline is added, the rest is flushed, memory is freed
 * @w: writer
 *
 * Return: 0, or the first failure of the sink.
 */
sk_must_check int sk_jw_finish(struct sk_jw *w);

/**
 * sk_jw_object() - open an object
 * @w: writer
 * @key: member name inside an object, NULL inside an array or at the top
 */
void sk_jw_object(struct sk_jw *w, const char *key);

/**
 * sk_jw_array() - open an array
 * @w: writer
 * @key: as above
 */
void sk_jw_array(struct sk_jw *w, const char *key);

/**
 * sk_jw_end_object() - close an object
 * @w: writer
 */
void sk_jw_end_object(struct sk_jw *w);

/**
 * sk_jw_end_array() - close an array
 * @w: writer
 */
void sk_jw_end_array(struct sk_jw *w);

/**
 * sk_jw_str() - string member or element
 * @w: writer
 * @key: name or NULL
 * @s: C string; NULL writes null
 */
void sk_jw_str(struct sk_jw *w, const char *key, const char *s);

/**
 * sk_jw_span() - string member or element
 * @w: writer
 * @key: name or NULL
 * @s: bytes
 */
void sk_jw_span(struct sk_jw *w, const char *key, struct sk_span s);

/**
 * sk_jw_i64() - integer member or element
 * @w: writer
 * @key: name or NULL
 * @value: number
 */
void sk_jw_i64(struct sk_jw *w, const char *key, int64_t value);

/**
 * sk_jw_u64() - integer member or element
 * @w: writer
 * @key: name or NULL
 * @value: number
 */
void sk_jw_u64(struct sk_jw *w, const char *key, uint64_t value);

/**
 * sk_jw_decimal() - number with a fixed count of decimals, the same bytes everywhere
 * @w: writer
 * @key: name or NULL
 * @value: finite number
 * @decimals: digits after the point, 0 to 9
 */
void sk_jw_decimal(struct sk_jw *w, const char *key, double value, int decimals);

/**
 * sk_jw_bool() - boolean member or element
 * @w: writer
 * @key: name or NULL
 * @value: truth
 */
void sk_jw_bool(struct sk_jw *w, const char *key, bool value);

/**
 * sk_jw_null() - null member or element
 * @w: writer
 * @key: name or NULL
 */
void sk_jw_null(struct sk_jw *w, const char *key);
