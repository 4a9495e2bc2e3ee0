/* SPDX-License-Identifier: Apache-2.0 */
/* Text for people: UTF-8, what is unsafe to show, quoting, columns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/text.h"

static void decodes(void **state)
{
	static const struct {
		const char *bytes;
		size_t taken;
		uint32_t cp; /* 0xffffffff: invalid */
	} cases[] = {
		{"a", 1, 'a'},
		{"\xc3\xa9", 2, 0xe9},
		{"\xe2\x82\xac", 3, 0x20ac},
		{"\xf0\x9f\x98\x80", 4, 0x1f600},
		{"\xf4\x8f\xbf\xbf", 4, 0x10ffff},
		{"\x80", 1, UINT32_MAX},
		{"\xc0\xaf", 1, UINT32_MAX}, /* overlong '/' */
		{"\xc1\xbf", 1, UINT32_MAX},
		{"\xe0\x9f\xbf", 1, UINT32_MAX},     /* overlong */
		{"\xf0\x8f\xbf\xbf", 1, UINT32_MAX}, /* overlong */
		{"\xed\xa0\x80", 1, UINT32_MAX},     /* surrogate */
		{"\xf4\x90\x80\x80", 1, UINT32_MAX}, /* above U+10FFFF */
		{"\xf5\x80\x80\x80", 1, UINT32_MAX},
		{"\xff", 1, UINT32_MAX},
		{"\xc3", 1, UINT32_MAX},
		{"\xe2\x82", 1, UINT32_MAX},
		{"\xe2\x28\xa1", 1, UINT32_MAX},
	};

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_LEN(cases); i++) {
		struct sk_span s = sk_span_str(cases[i].bytes);
		size_t before = s.len;
		uint32_t cp = UINT32_MAX;

		assert_int_equal(sk_utf8_next(&s, &cp), cases[i].cp != UINT32_MAX);
		assert_int_equal(cp, cases[i].cp);
		assert_int_equal(before - s.len, cases[i].taken);
	}
}

static void knows_unsafe(void **state)
{
	static const uint32_t unsafe[] = {0,      0x1b,   '\n',   0x7f,    0x9b,    0xad,   0x200b,
					  0x200e, 0x2028, 0x202e, 0x2066,  0x2069,  0xe000, 0xfe0f,
					  0xfeff, 0x61c,  0x3164, 0xe0041, 0x10ffff};
	static const uint32_t safe[] = {' ', '~', 0xa0, 0xe9, 0x20ac, 0x4e2d, 0x1f600};

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_LEN(unsafe); i++)
		assert_true(sk_text_is_unsafe(unsafe[i]));
	for (size_t i = 0; i < SK_ARRAY_LEN(safe); i++)
		assert_false(sk_text_is_unsafe(safe[i]));
}

static void escapes(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{"plain é", "plain é"},
		{"\x1b[31mred", "\\x1b[31mred"},
		{"a\\b", "a\\\\b"},
		{"\xff\xfe", "\\xff\\xfe"},
		{"\xe2\x80\xae", "\\u{202e}"},
		{"\xf3\xa0\x81\x81", "\\u{e0041}"},
		{"tab\t", "tab\\x09"},
	};
	struct sk_buf b;

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_LEN(cases); i++) {
		sk_buf_init(&b, 100);
		assert_true(sk_text_escape(&b, sk_span_str(cases[i].in)));
		assert_string_equal(b.ptr, cases[i].out);
		sk_buf_release(&b);
	}
	/* A full buffer is reported whatever kind of character comes last. */
	for (size_t i = 1; i < SK_ARRAY_LEN(cases); i++) {
		sk_buf_init(&b, strlen(cases[i].out) - 1);
		assert_false(sk_text_escape(&b, sk_span_str(cases[i].in)));
		sk_buf_release(&b);
	}
}

static void quotes(void **state)
{
	char buf[16];

	(void)state;
	assert_string_equal(sk_text_quote(sk_span_str(""), buf, sizeof(buf)), "''");
	assert_string_equal(sk_text_quote(sk_span_str("short"), buf, sizeof(buf)), "'short'");
	assert_string_equal(sk_text_quote(sk_span_str("exactly13char"), buf, sizeof(buf)),
			    "'exactly13char'");
	assert_string_equal(sk_text_quote(sk_span_str("fourteen chars"), buf, sizeof(buf)),
			    "'fourteen c…'");
	assert_string_equal(sk_text_quote(sk_span_str("123456789é12345678"), buf, sizeof(buf)),
			    "'123456789…'");
	assert_string_equal(sk_text_quote(sk_span_str("\x1b\x1b"), buf, sizeof(buf)),
			    "'\\x1b\\x1b'");
}

static void counts_columns(void **state)
{
	(void)state;
	assert_int_equal(sk_text_width(sk_span_str("abc")), 3);
	assert_int_equal(sk_text_width(sk_span_str("é")), 1);
	assert_int_equal(sk_text_width(sk_span_str("e\xcc\x81")), 1);
	assert_int_equal(sk_text_width(sk_span_str("漢字")), 4);
	assert_int_equal(sk_text_width(sk_span_str("\xff")), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes),        cmocka_unit_test(knows_unsafe),
		cmocka_unit_test(escapes),        cmocka_unit_test(quotes),
		cmocka_unit_test(counts_columns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
