/* SPDX-License-Identifier: Apache-2.0 */
/* JSON after RFC 8259; the parser is jansson's (docs/decisions/0001-libraries.md). */
#include "base/json.h"

#include <math.h>
#include <stdio.h>

#include <jansson.h>

#include "base/text.h"

enum {
	JW_FLUSH = 16 * 1024,
	JW_ROOM = 1000, /* bytes that are there from the start: most short documents fit */
};

static const json_t *cjson(const struct sk_json *j)
{
	return (const json_t *)j;
}

int sk_json_parse(struct sk_span text, unsigned flags, struct sk_json **ret, struct sk_err *err)
{
	size_t jflags = JSON_DECODE_ANY | JSON_ALLOW_NUL;
	json_error_t je;
	json_t *j;
	char quoted[128];

	if ((flags & SK_JSON_ALLOW_DUPLICATES) == 0)
		jflags |= JSON_REJECT_DUPLICATES;
	if ((flags & SK_JSON_ALLOW_TRAILING) != 0)
		jflags |= JSON_DISABLE_EOF_CHECK;
	j = json_loadb(text.len != 0 ? text.ptr : "", text.len, jflags, &je);
	if (j == NULL)
		return sk_err_set(err, SK_E_FORMAT, "JSON: line %d column %d: %s", je.line,
				  je.column,
				  sk_text_quote(sk_span_str(je.text), quoted, sizeof(quoted)));
	*ret = (struct sk_json *)j;
	return 0;
}

void sk_json_free(struct sk_json *j)
{
	json_decref((json_t *)j);
}

enum sk_json_type sk_json_type_of(const struct sk_json *j)
{
	if (j == NULL)
		return SK_JSON_NONE;
	switch (json_typeof(cjson(j))) {
	case JSON_OBJECT:
		return SK_JSON_OBJECT;
	case JSON_ARRAY:
		return SK_JSON_ARRAY;
	case JSON_STRING:
		return SK_JSON_STRING;
	case JSON_INTEGER:
	case JSON_REAL:
		return SK_JSON_NUMBER;
	case JSON_TRUE:
	case JSON_FALSE:
		return SK_JSON_BOOL;
	case JSON_NULL:
		return SK_JSON_NULL;
	}
	return SK_JSON_NONE;
}

const struct sk_json *sk_json_get(const struct sk_json *j, const char *key)
{
	return (const struct sk_json *)json_object_get(cjson(j), key);
}

const struct sk_json *sk_json_at(const struct sk_json *j, size_t i)
{
	return (const struct sk_json *)json_array_get(cjson(j), i);
}

size_t sk_json_len(const struct sk_json *j)
{
	if (json_is_array(cjson(j)))
		return json_array_size(cjson(j));
	return json_object_size(cjson(j));
}

bool sk_json_next(const struct sk_json *j, void **iter, struct sk_span *ret_key,
		  const struct sk_json **ret_value)
{
	/* jansson's iterators take a mutable object but do not change it. */
	union {
		const struct sk_json *in;
		json_t *out;
	} object = {.in = j};

	if (!json_is_object(object.out))
		return false;
	*iter = *iter == NULL ? json_object_iter(object.out)
			      : json_object_iter_next(object.out, *iter);
	if (*iter == NULL)
		return false;
	*ret_key = sk_span_str(json_object_iter_key(*iter));
	*ret_value = (const struct sk_json *)json_object_iter_value(*iter);
	return true;
}

struct sk_span sk_json_text(const struct sk_json *j)
{
	if (!json_is_string(cjson(j)))
		return (struct sk_span){NULL, 0};
	return sk_span_of(json_string_value(cjson(j)), json_string_length(cjson(j)));
}

struct sk_span sk_json_get_text(const struct sk_json *j, const char *key)
{
	return sk_json_text(sk_json_get(j, key));
}

bool sk_json_get_i64(const struct sk_json *j, const char *key, int64_t *ret)
{
	const json_t *value = json_object_get(cjson(j), key);

	if (!json_is_integer(value))
		return false;
	*ret = json_integer_value(value);
	return true;
}

bool sk_json_number(const struct sk_json *j, double *ret)
{
	if (!json_is_number(cjson(j)))
		return false;
	*ret = json_number_value(cjson(j));
	return true;
}

bool sk_json_is_true(const struct sk_json *j)
{
	return json_is_true(cjson(j));
}

void sk_jw_init(struct sk_jw *w, const struct sk_sink *sink, int indent)
{
	*w = (struct sk_jw){.sink = sink, .indent = indent};
	/* Flushed at JW_FLUSH; a single string may be as large as its source allowed. */
	sk_buf_init(&w->out, SIZE_MAX / 4);
	w->first[0] = true;
	(void)sk_buf_reserve(&w->out, JW_ROOM);
}

static void jw_char(struct sk_jw *w, char c)
{
	char *to = sk_buf_reserve(&w->out, 1);

	if (to == NULL)
		return;
	*to = c;
	w->out.len++;
}

static void jw_flush(struct sk_jw *w)
{
	int r;

	if (w->failure == 0 && w->out.len != 0) {
		r = w->sink->write(w->sink->ctx, w->out.ptr, w->out.len);
		if (r < 0)
			w->failure = r;
	}
	sk_buf_reset(&w->out);
}

int sk_jw_finish(struct sk_jw *w)
{
	jw_char(w, '\n');
	jw_flush(w);
	sk_buf_release(&w->out);
	return w->failure;
}

/* What stands between two values: there is a comma unless it is the first, lines when indented. */
static void jw_between(struct sk_jw *w, bool comma)
{
	size_t n = (size_t)(w->depth * w->indent);
	char *to = sk_buf_reserve(&w->out, n + 2);

	if (to == NULL)
		return;
	if (comma)
		*to++ = ',';
	if (w->indent != 0) {
		*to++ = '\n';
		memset(to, ' ', n);
		to += n;
	}
	w->out.len = (size_t)(to - w->out.ptr);
}

/* Is there a zero byte among eight? */
static bool jw_has_zero(uint64_t x)
{
	return ((x - 0x0101010101010101u) & ~x & 0x8080808080808080u) != 0;
}

/* Do eight bytes stand for themselves? May say no where they do. */
static bool jw_is_plain(uint64_t x)
{
	return (((x - 0x2020202020202020u) | x) & 0x8080808080808080u) == 0 &&
	       !jw_has_zero(x ^ 0x2222222222222222u) && !jw_has_zero(x ^ 0x5c5c5c5c5c5c5c5cu) &&
	       !jw_has_zero(x ^ 0x7f7f7f7f7f7f7f7fu);
}

/*
 * Copies what stands for itself at the front: printable ASCII but quote and backslash. Return: how
 * many bytes.
 */
static size_t jw_plain(struct sk_span s, char *to)
{
	size_t n = 0;
	uint64_t x;

	while (n + sizeof(x) <= s.len) {
		memcpy(&x, s.ptr + n, sizeof(x));
		if (!jw_is_plain(x))
			break;
		memcpy(to + n, &x, sizeof(x));
		n += sizeof(x);
		/* The last eight overlap with those before them. */
		if (n != s.len && s.len - n < sizeof(x))
			n = s.len - sizeof(x);
	}
	for (;
	     n < s.len && s.ptr[n] >= ' ' && s.ptr[n] < 0x7f && s.ptr[n] != '"' && s.ptr[n] != '\\';
	     n++)
		to[n] = s.ptr[n];
	return n;
}

/* One code point, not empty, that may need an escape. Return: what follows it. */
static struct sk_span jw_escape(struct sk_jw *w, struct sk_span s)
{
	const char *start = s.ptr;
	uint32_t cp;

	if (!sk_utf8_next(&s, &cp))
		(void)sk_buf_add_str(&w->out, "\xef\xbf\xbd");
	else if (cp == '"' || cp == '\\')
		(void)sk_buf_add(&w->out, (char[]){'\\', (char)cp}, 2);
	else if (cp == '\n')
		(void)sk_buf_add_str(&w->out, "\\n");
	else if (cp == '\t')
		(void)sk_buf_add_str(&w->out, "\\t");
	else if (sk_text_is_unsafe(cp) && cp >= 0x10000)
		(void)sk_buf_printf(&w->out, "\\u%04x\\u%04x", 0xd800 + ((cp - 0x10000) >> 10),
				    0xdc00 + ((cp - 0x10000) & 0x3ff));
	else if (sk_text_is_unsafe(cp))
		(void)sk_buf_printf(&w->out, "\\u%04x", cp);
	else
		(void)sk_buf_add(&w->out, start, (size_t)(s.ptr - start));
	return s;
}

static void jw_text(struct sk_jw *w, struct sk_span s)
{
	char *to = sk_buf_reserve(&w->out, s.len + 2); /* with the quotes */
	size_t plain;

	if (to == NULL)
		return;
	*to = '"';
	plain = jw_plain(s, to + 1);
	w->out.len += 1 + plain;
	while (plain != s.len) {
		s = jw_escape(w, sk_span_sub(s, plain, s.len));
		to = sk_buf_reserve(&w->out, s.len + 1);
		if (to == NULL)
			return;
		plain = jw_plain(s, to);
		w->out.len += plain;
	}
	w->out.ptr[w->out.len++] = '"';
}

static void jw_prefix(struct sk_jw *w, const char *key)
{
	if (w->out.len > JW_FLUSH)
		jw_flush(w);
	if (w->depth != 0)
		jw_between(w, !w->first[w->depth]);
	w->first[w->depth] = false;
	if (key != NULL) {
		jw_text(w, sk_span_str(key));
		jw_char(w, ':');
		if (w->indent != 0)
			jw_char(w, ' ');
	}
}

static void jw_open(struct sk_jw *w, const char *key, char bracket)
{
	jw_prefix(w, key);
	jw_char(w, bracket);
	if (w->depth + 1 >= SK_JW_MAX_DEPTH)
		abort();
	w->depth++;
	w->first[w->depth] = true;
}

static void jw_close(struct sk_jw *w, char bracket)
{
	bool empty = w->first[w->depth];

	w->depth--;
	if (!empty)
		jw_between(w, false);
	jw_char(w, bracket);
}

void sk_jw_object(struct sk_jw *w, const char *key)
{
	jw_open(w, key, '{');
}

void sk_jw_array(struct sk_jw *w, const char *key)
{
	jw_open(w, key, '[');
}

void sk_jw_end_object(struct sk_jw *w)
{
	jw_close(w, '}');
}

void sk_jw_end_array(struct sk_jw *w)
{
	jw_close(w, ']');
}

void sk_jw_span(struct sk_jw *w, const char *key, struct sk_span s)
{
	jw_prefix(w, key);
	jw_text(w, s);
}

void sk_jw_str(struct sk_jw *w, const char *key, const char *s)
{
	if (s == NULL)
		sk_jw_null(w, key);
	else
		sk_jw_span(w, key, sk_span_str(s));
}

static void jw_number(struct sk_jw *w, const char *key, bool negative, uint64_t value)
{
	char digits[24], *end = digits + sizeof(digits), *p = end;

	do {
		*--p = (char)('0' + value % 10);
		value /= 10;
	} while (value != 0);
	if (negative)
		*--p = '-';
	jw_prefix(w, key);
	(void)sk_buf_add(&w->out, p, (size_t)(end - p));
}

void sk_jw_i64(struct sk_jw *w, const char *key, int64_t value)
{
	jw_number(w, key, value < 0, value < 0 ? -(uint64_t)value : (uint64_t)value);
}

void sk_jw_u64(struct sk_jw *w, const char *key, uint64_t value)
{
	jw_number(w, key, false, value);
}

/*
 * What printf() would write, for small numbers that are far from the middle between two of so many
 * decimals; false for the others.
 */
static bool jw_put_decimal(struct sk_jw *w, double value, int decimals)
{
	double scaled = value, rest;
	char text[24];
	size_t at = sizeof(text);
	uint64_t n;

	if (!(value >= 0.0 && value < 1e6) || signbit(value) || decimals < 1 || decimals > 6)
		return false;
	for (int i = 0; i < decimals; i++)
		scaled *= 10.0;
	n = (uint64_t)scaled;
	rest = scaled - (double)n;
	if (rest > 0.499 && rest < 0.501)
		return false;
	n += rest > 0.5;
	for (int i = 0; i <= decimals || n != 0; i++) {
		if (i == decimals)
			text[--at] = '.';
		text[--at] = (char)('0' + n % 10);
		n /= 10;
	}
	(void)sk_buf_add(&w->out, text + at, sizeof(text) - at);
	return true;
}

void sk_jw_decimal(struct sk_jw *w, const char *key, double value, int decimals)
{
	jw_prefix(w, key);
	if (!jw_put_decimal(w, value, decimals))
		(void)sk_buf_printf(&w->out, "%.*f", decimals, value);
}

void sk_jw_bool(struct sk_jw *w, const char *key, bool value)
{
	jw_prefix(w, key);
	(void)sk_buf_add_str(&w->out, value ? "true" : "false");
}

void sk_jw_null(struct sk_jw *w, const char *key)
{
	jw_prefix(w, key);
	(void)sk_buf_add_str(&w->out, "null");
}
