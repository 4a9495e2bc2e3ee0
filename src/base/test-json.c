/* SPDX-License-Identifier: Apache-2.0 */
/* JSON: reading with limits, writing stable bytes. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"

static struct sk_json *parse(const char *text, unsigned flags)
{
	struct sk_json *j = NULL;
	struct sk_err err = {0};
	int r = sk_json_parse(sk_span_str(text), flags, &j, &err);

	assert_int_equal(err.code, -r);
	assert_true(r == 0 || (r == -SK_E_FORMAT && strstr(err.msg, "JSON: line") != NULL));
	return j;
}

static void reads_values(void **state)
{
	sk_cleanup(sk_json_freep) struct sk_json *j =
		parse("{\"s\":\"a\\u0000b\",\"n\":-12,\"r\":1.5,\"t\":true,\"f\":false,\"z\":null,"
		      "\"a\":[1,\"x\"],\"o\":{\"k\":\"v\"},\"big\":1e300}",
		      0);
	static const enum sk_json_type types[] = {
		SK_JSON_STRING, SK_JSON_NUMBER, SK_JSON_NUMBER, SK_JSON_BOOL,   SK_JSON_BOOL,
		SK_JSON_NULL,   SK_JSON_ARRAY,  SK_JSON_OBJECT, SK_JSON_NUMBER,
	};
	const struct sk_json *value;
	struct sk_span key;
	void *iter = NULL;
	size_t n = 0;
	int64_t i64 = 7;
	double real;

	(void)state;
	assert_int_equal(sk_json_type_of(j), SK_JSON_OBJECT);
	assert_int_equal(sk_json_len(j), 9);
	while (sk_json_next(j, &iter, &key, &value))
		assert_int_equal(sk_json_type_of(value), types[n++]);
	assert_int_equal(n, 9);
	assert_int_equal(sk_json_get_text(j, "s").len, 3);
	assert_true(sk_json_get_i64(j, "n", &i64) && i64 == -12);
	assert_false(sk_json_get_i64(j, "r", &i64));
	assert_false(sk_json_get_i64(j, "none", &i64));
	assert_true(sk_json_number(sk_json_get(j, "r"), &real) && real == 1.5);
	assert_true(sk_json_number(sk_json_get(j, "n"), &real) && real == -12);
	assert_false(sk_json_number(sk_json_get(j, "s"), &real));
	assert_true(sk_json_is_true(sk_json_get(j, "t")));
	assert_false(sk_json_is_true(sk_json_get(j, "f")));
	assert_false(sk_json_is_true(sk_json_get(j, "n")));
	assert_int_equal(sk_json_len(sk_json_get(j, "a")), 2);
	assert_true(sk_span_eq_str(sk_json_text(sk_json_at(sk_json_get(j, "a"), 1)), "x"));
	assert_true(sk_span_eq_str(sk_json_get_text(sk_json_get(j, "o"), "k"), "v"));
}

static void absent_is_harmless(void **state)
{
	sk_cleanup(sk_json_freep) struct sk_json *j = parse("\"text\"", 0);
	const struct sk_json *value;
	struct sk_span key;
	void *iter = NULL;

	(void)state;
	assert_int_equal(sk_json_type_of(NULL), SK_JSON_NONE);
	for (int i = 0; i < 2; i++) {
		const struct sk_json *v = i == 0 ? NULL : j;

		assert_null(sk_json_get(v, "x"));
		assert_null(sk_json_at(v, 0));
		assert_int_equal(sk_json_len(v), 0);
		assert_false(sk_json_next(v, &iter, &key, &value));
		assert_null(sk_json_get_text(v, "x").ptr);
		assert_false(sk_json_is_true(v));
	}
	assert_null(sk_json_text(NULL).ptr);
	sk_json_free(NULL);
}

static void refuses(void **state)
{
	static const char *const bad[] = {
		"",    "{",      "[1,]",        "{\"a\":1,}", "{'a':1}",
		"nul", "01",     "\"\\ud800\"", "\"\xff\"",   "{\"a\":1,\"a\":2}",
		"1 2", "\"\n\"", "[1e99999]",   "NaN",        "\xef\xbb\xbf{}",
	};
	static char deep[5001];

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_LEN(bad); i++)
		assert_null(parse(bad[i], 0));
	memset(deep, '[', sizeof(deep) - 1);
	assert_null(parse(deep, 0));
}

static void flags_relax(void **state)
{
	sk_cleanup(sk_json_freep) struct sk_json *twice =
		parse("{\"a\":1,\"a\":2}", SK_JSON_ALLOW_DUPLICATES);
	sk_cleanup(sk_json_freep) struct sk_json *trailing =
		parse("{} {\"next\"", SK_JSON_ALLOW_TRAILING);
	int64_t value;

	(void)state;
	assert_true(sk_json_get_i64(twice, "a", &value) && value == 2);
	assert_int_equal(sk_json_type_of(trailing), SK_JSON_OBJECT);
}

static void write_sample(struct sk_jw *w)
{
	sk_jw_object(w, NULL);
	sk_jw_str(w, "text", "q\"b\\n\nt\tx\x1b");
	sk_jw_str(w, "none", NULL);
	sk_jw_span(w, "bad", sk_span_str("a\xff"));
	sk_jw_str(w, "hidden", "\xe2\x80\xae\xf3\xa0\x81\x81");
	sk_jw_str(w, "plain", "é");
	sk_jw_array(w, "list");
	sk_jw_i64(w, NULL, INT64_MIN);
	sk_jw_u64(w, NULL, UINT64_MAX);
	sk_jw_decimal(w, NULL, 0.125, 2);
	sk_jw_bool(w, NULL, true);
	sk_jw_bool(w, NULL, false);
	sk_jw_end_array(w);
	sk_jw_object(w, "empty");
	sk_jw_end_object(w);
	sk_jw_array(w, "nothing");
	sk_jw_end_array(w);
	sk_jw_end_object(w);
}

static void writes(void **state)
{
	static const char line[] =
		"{\"text\":\"q\\\"b\\\\n\\nt\\tx\\u001b\",\"none\":null,\"bad\":\"a\xef\xbf\xbd\","
		"\"hidden\":\"\\u202e\\udb40\\udc41\",\"plain\":\"é\","
		"\"list\":[-9223372036854775808,18446744073709551615,0.12,true,false],"
		"\"empty\":{},\"nothing\":[]}\n";
	static const char indented[] = "{\n  \"a\": [\n    1\n  ]\n}\n";
	struct sk_sink sink;
	struct sk_buf b;
	struct sk_jw w;

	(void)state;
	sk_buf_init(&b, 4096);
	sink = sk_sink_buf(&b);
	sk_jw_init(&w, &sink, 0);
	write_sample(&w);
	assert_int_equal(sk_jw_finish(&w), 0);
	assert_string_equal(b.ptr, line);
	sk_buf_reset(&b);
	sk_jw_init(&w, &sink, 2);
	sk_jw_object(&w, NULL);
	sk_jw_array(&w, "a");
	sk_jw_i64(&w, NULL, 1);
	sk_jw_end_array(&w);
	sk_jw_end_object(&w);
	assert_int_equal(sk_jw_finish(&w), 0);
	assert_string_equal(b.ptr, indented);
	sk_buf_release(&b);
}

/* The bytes of printf(), whatever the way that they were made. */
static void writes_decimals(void **state)
{
	static const double values[] = {0.0,  -0.0,    0.125,    0.5,      0.005,   2.675, 9.995,
					1e-9, 99.9999, 999999.5, 1e6,      1e300,   -3.25, 0.1,
					7.0,  0.97368, 0.00043,  12345.67, 0.99999, 100.0, 0.045};
	char want[512];
	struct sk_sink sink;
	struct sk_buf b;
	struct sk_jw w;

	(void)state;
	sk_buf_init(&b, 1 << 16);
	sink = sk_sink_buf(&b);
	for (int i = 0; i < 20000; i++) {
		double value = i < (int)SK_ARRAY_LEN(values) ? values[i] : (double)i * 0.000501;
		int decimals = i % 7;

		sk_buf_reset(&b);
		sk_jw_init(&w, &sink, 0);
		sk_jw_decimal(&w, NULL, value, decimals);
		assert_int_equal(sk_jw_finish(&w), 0);
		(void)snprintf(want, sizeof(want), "%.*f\n", decimals, value);
		assert_string_equal(b.ptr, want);
	}
	sk_buf_release(&b);
}

/* What one byte of ASCII becomes within a text. */
static const char *escaped(char c, char *buf)
{
	switch (c) {
	case '"':
		return "\\\"";
	case '\\':
		return "\\\\";
	case '\n':
		return "\\n";
	case '\t':
		return "\\t";
	default:
		(void)snprintf(buf, 8, c < ' ' || c == 0x7f ? "\\u%04x" : "%c", c);
		return buf;
	}
}

/* Writes a text of ASCII, and compares with what its bytes become one by one. */
static void check_text(const char *text, size_t len)
{
	struct sk_sink sink;
	struct sk_buf got, want;
	struct sk_jw w;
	char buf[8];

	sk_buf_init(&got, 1 << 20);
	sk_buf_init(&want, 1 << 20);
	sink = sk_sink_buf(&got);
	sk_jw_init(&w, &sink, 0);
	sk_jw_span(&w, NULL, sk_span_of(text, len));
	assert_int_equal(sk_jw_finish(&w), 0);
	assert_true(sk_buf_add_char(&want, '"'));
	for (size_t i = 0; i < len; i++)
		assert_true(sk_buf_add_str(&want, escaped(text[i], buf)));
	assert_true(sk_buf_add_str(&want, "\"\n"));
	assert_string_equal(got.ptr, want.ptr);
	sk_buf_release(&got);
	sk_buf_release(&want);
}

/* What needs an escape is found wherever it stands, in a text of whatever length. */
static void writes_escapes(void **state)
{
	static const char special[] = {'"', '\\', '\n', '\t', 0x1f, 0x7f, 'x', ' ', '~', '!', '['};
	char text[33];

	(void)state;
	check_text("", 0);
	for (size_t len = 1; len < sizeof(text); len++) {
		for (size_t i = 0; i < len * sizeof(special); i++) {
			size_t at = i / sizeof(special);

			memset(text, 'a', len);
			text[at] = special[i % sizeof(special)];
			check_text(text, len);
			/* and another behind it */
			text[len - 1] = '"';
			check_text(text, len);
		}
	}
}

/* Texts that fill what the writer has from the start to the byte, and much longer ones. */
static void writes_long_texts(void **state)
{
	static char text[20000];

	(void)state;
	memset(text, 'a', sizeof(text));
	for (size_t len = 900; len < 1100; len++)
		check_text(text, len);
	check_text(text, sizeof(text));
	for (size_t i = 0; i < sizeof(text); i += 3)
		text[i] = "\n\x01\"z"[i % 4];
	check_text(text, sizeof(text));
	memset(text, 0x7f, sizeof(text));
	check_text(text, sizeof(text));
}

static void writes_keys(void **state)
{
	struct sk_sink sink;
	struct sk_buf b;
	struct sk_jw w;

	(void)state;
	sk_buf_init(&b, 4096);
	sink = sk_sink_buf(&b);
	for (int indent = 0; indent < 2; indent++) {
		sk_buf_reset(&b);
		sk_jw_init(&w, &sink, indent);
		sk_jw_object(&w, NULL);
		sk_jw_u64(&w, "", 0);
		sk_jw_i64(&w, "a \"name\" of its own\n", 0);
		sk_jw_i64(&w, "m", INT64_MAX);
		sk_jw_i64(&w, "n", -1);
		sk_jw_null(&w, "z");
		sk_jw_end_object(&w);
		assert_int_equal(sk_jw_finish(&w), 0);
		assert_string_equal(
			b.ptr,
			indent == 0
				? "{\"\":0,\"a \\\"name\\\" of its own\\n\":0,"
				  "\"m\":9223372036854775807,\"n\":-1,\"z\":null}\n"
				: "{\n \"\": 0,\n \"a \\\"name\\\" of its own\\n\": 0,\n"
				  " \"m\": 9223372036854775807,\n \"n\": -1,\n \"z\": null\n}\n");
	}
	sk_buf_release(&b);
}

/* A sink whose n-th write fails. */
static int failing_write(void *ctx, const void *ptr, size_t len)
{
	int *left = ctx;

	(void)ptr;
	(void)len;
	return (*left)-- > 0 ? 0 : -ENOSPC;
}

static void keeps_the_first_failure(void **state)
{
	(void)state;
	for (int good = 0; good < 3; good++) {
		int left = good;
		struct sk_sink sink = {.write = failing_write, .ctx = &left};
		struct sk_jw w;

		sk_jw_init(&w, &sink, 0);
		sk_jw_array(&w, NULL);
		/* About 60 KB: flushed several times on the way. */
		for (int i = 0; i < 6000; i++)
			sk_jw_str(&w, NULL, "0123456");
		sk_jw_end_array(&w);
		assert_int_equal(sk_jw_finish(&w), -ENOSPC);
		/* Nothing is written after the failure. */
		assert_int_equal(left, -1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_values),   cmocka_unit_test(absent_is_harmless),
		cmocka_unit_test(refuses),        cmocka_unit_test(flags_relax),
		cmocka_unit_test(writes),         cmocka_unit_test(writes_decimals),
		cmocka_unit_test(writes_escapes), cmocka_unit_test(writes_long_texts),
		cmocka_unit_test(writes_keys),    cmocka_unit_test(keeps_the_first_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
