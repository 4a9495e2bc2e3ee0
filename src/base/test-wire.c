/* SPDX-License-Identifier: Apache-2.0 */
/* Records: numbers, texts, violations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/wire.h"

static void numbers(void **state)
{
	static const uint64_t values[] = {
		0,      1,          0x7f,      0x80,           0x3fff,
		0x4000, UINT32_MAX, INT64_MAX, UINT64_MAX - 1, UINT64_MAX};

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_LEN(values); i++) {
		struct sk_buf b;
		struct sk_wire w;

		sk_buf_init(&b, 64);
		sk_wire_put_u64(&b, values[i]);
		sk_wire_put_fixed64(&b, values[i]);
		w = sk_wire_init(sk_buf_span(&b));
		assert_true(sk_wire_get_u64(&w, UINT64_MAX) == values[i]);
		assert_true(sk_wire_get_fixed64(&w) == values[i]);
		assert_true(sk_wire_at_end(&w));
		w = sk_wire_init(sk_buf_span(&b));
		if (values[i] != 0) {
			assert_true(sk_wire_get_u64(&w, values[i] - 1) == 0);
			assert_true(w.bad);
			assert_false(sk_wire_at_end(&w));
		}
		sk_buf_release(&b);
	}
}

static void bad_numbers(void **state)
{
	static const struct sk_span bad[] = {
		SK_SPAN(""),
		SK_SPAN("\x80"),
		SK_SPAN("\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
		SK_SPAN("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"), /* beyond 64 bits */
		SK_SPAN("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00"),
	};

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_LEN(bad); i++) {
		struct sk_wire w = sk_wire_init(bad[i]);

		assert_true(sk_wire_get_u64(&w, UINT64_MAX) == 0);
		assert_true(w.bad);
	}
}

static void texts(void **state)
{
	struct sk_arena *a = sk_arena_new();
	struct sk_digest d = sk_digest_of(SK_DIGEST_SHA256, sk_span_str("x")), none = {0}, got;
	struct sk_buf b;
	struct sk_wire w;

	(void)state;
	sk_buf_init(&b, 4096);
	sk_wire_put_str(&b, NULL);
	sk_wire_put_str(&b, "");
	sk_wire_put_str(&b, "text");
	sk_wire_put_span(&b, sk_span_of("a\0b", 3));
	sk_wire_put_digest(&b, &d);
	sk_wire_put_digest(&b, &none);
	w = sk_wire_init(sk_buf_span(&b));
	assert_null(sk_wire_get_str(&w, a, 10));
	assert_string_equal(sk_wire_get_str(&w, a, 10), "");
	assert_string_equal(sk_wire_get_str(&w, a, 4), "text");
	assert_int_equal(sk_wire_get_span(&w, 3).len, 3);
	got = sk_wire_get_digest(&w);
	assert_true(sk_digest_eq(&d, &got));
	got = sk_wire_get_digest(&w);
	assert_int_equal(got.alg, SK_DIGEST_NONE);
	assert_true(sk_wire_at_end(&w));
	/* Every prefix is a violation, never a read beyond the end. */
	for (size_t len = 0; len < b.len; len++) {
		w = sk_wire_init(sk_span_sub(sk_buf_span(&b), 0, len));
		for (int i = 0; i < 3; i++)
			(void)sk_wire_get_str(&w, a, 10);
		(void)sk_wire_get_span(&w, 3);
		(void)sk_wire_get_digest(&w);
		(void)sk_wire_get_digest(&w);
		assert_true(w.bad);
	}
	sk_buf_release(&b);
	sk_arena_free(a);
}

static void refused(void **state)
{
	struct sk_arena *a = sk_arena_new();
	struct sk_buf b;
	struct sk_wire w;

	(void)state;
	sk_buf_init(&b, 4096);
	sk_wire_put_span(&b, sk_span_of("x\0a\0b", 5)); /* as a string: 4 bytes with a NUL inside */
	w = sk_wire_init(sk_buf_span(&b));
	assert_null(sk_wire_get_str(&w, a, 10));
	assert_true(w.bad);
	w = sk_wire_init(sk_buf_span(&b));
	assert_int_equal(sk_wire_get_span(&w, 4).len, 0); /* longer than allowed */
	assert_true(w.bad);
	w = sk_wire_init(sk_buf_span(&b));
	assert_int_equal(sk_wire_get_count(&w, 100, 2), 0); /* 5 elements do not fit in 5 bytes */
	assert_true(w.bad);
	w = sk_wire_init(sk_buf_span(&b));
	assert_int_equal(sk_wire_get_count(&w, 100, 1), 5);
	assert_false(w.bad);
	sk_buf_release(&b);
	sk_arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(bad_numbers),
		cmocka_unit_test(texts),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
