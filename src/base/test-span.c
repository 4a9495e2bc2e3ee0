/* SPDX-License-Identifier: Apache-2.0 */
/* Spans: comparison, search, cutting. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/span.h"

static void compares(void **state)
{
	struct sk_span empty = {NULL, 0};

	(void)state;
	assert_true(sk_span_eq(sk_span_str("ab"), sk_span_of("ab", 2)));
	assert_false(sk_span_eq(sk_span_str("ab"), sk_span_str("abc")));
	assert_false(sk_span_eq(sk_span_str("ab"), sk_span_str("aB")));
	assert_true(sk_span_eq(empty, sk_span_str("")));
	assert_true(sk_span_eq(sk_span_str(NULL), empty));
	assert_true(sk_span_eq_str(sk_span_str("ab"), "ab"));
	assert_true(sk_span_eq_nocase(sk_span_str("aB-1"), sk_span_str("Ab-1")));
	assert_false(sk_span_eq_nocase(sk_span_str("a"), sk_span_str("b")));
	assert_true(sk_span_cmp(sk_span_str("a"), sk_span_str("b")) < 0);
	assert_true(sk_span_cmp(sk_span_str("ab"), sk_span_str("a")) > 0);
	assert_true(sk_span_cmp(sk_span_str("a"), sk_span_str("ab")) < 0);
	assert_true(sk_span_cmp(sk_span_str("\xff"), sk_span_str("a")) > 0);
	assert_int_equal(sk_span_cmp(empty, sk_span_str("")), 0);
}

static void takes_parts(void **state)
{
	struct sk_span s = sk_span_str("prefix/rest");
	static const struct sk_span literal = SK_SPAN("abc");

	(void)state;
	assert_true(sk_span_eq_str(sk_span_sub(s, 7, 100), "rest"));
	assert_true(sk_span_eq_str(sk_span_sub(s, 100, 1), ""));
	assert_true(sk_span_eq_str(sk_span_sub(s, 0, 6), "prefix"));
	assert_true(sk_span_starts(s, "pre"));
	assert_true(sk_span_starts(s, ""));
	assert_false(sk_span_starts(sk_span_str("pr"), "pre"));
	assert_true(sk_span_ends(s, "/rest"));
	assert_true(sk_span_ends((struct sk_span){NULL, 0}, ""));
	assert_false(sk_span_ends(sk_span_str("st"), "rest"));
	assert_false(sk_span_strip_prefix(&s, "rest"));
	assert_true(sk_span_strip_prefix(&s, ""));
	assert_true(sk_span_strip_prefix(&s, "prefix/"));
	assert_true(sk_span_eq_str(s, "rest"));
	assert_int_equal(literal.len, 3);
}

static void searches(void **state)
{
	struct sk_span s = sk_span_str("a/b/c");

	(void)state;
	assert_int_equal(sk_span_find(s, '/'), 1);
	assert_int_equal(sk_span_rfind(s, '/'), 3);
	assert_int_equal(sk_span_find(s, 'x'), 5);
	assert_int_equal(sk_span_rfind(s, 'x'), 5);
	assert_int_equal(sk_span_find((struct sk_span){NULL, 0}, 'x'), 0);
	assert_int_equal(sk_span_rfind((struct sk_span){NULL, 0}, 'x'), 0);
	assert_true(sk_span_contains(s, "b/c"));
	assert_true(sk_span_contains(s, ""));
	assert_false(sk_span_contains(s, "bc"));
	assert_false(sk_span_contains(sk_span_str("a"), "ab"));
}

static void trims(void **state)
{
	(void)state;
	assert_true(sk_span_eq_str(sk_span_trim(sk_span_str(" \t\r\n a b \v\f")), "a b"));
	assert_int_equal(sk_span_trim(sk_span_str("  ")).len, 0);
	assert_int_equal(sk_span_trim((struct sk_span){NULL, 0}).len, 0);
}

static void cuts(void **state)
{
	static const char *const expected[] = {"a", "", "b", ""};
	struct sk_span rest = sk_span_str("a,,b,");
	struct sk_span piece;
	size_t n = 0;

	(void)state;
	while (sk_span_cut(&rest, ',', &piece)) {
		assert_true(n < SK_ARRAY_LEN(expected));
		assert_true(sk_span_eq_str(piece, expected[n++]));
	}
	assert_int_equal(n, 4);
	rest = sk_span_str("");
	assert_true(sk_span_cut(&rest, ',', &piece));
	assert_int_equal(piece.len, 0);
	assert_false(sk_span_cut(&rest, ',', &piece));
}

static void reads_lines(void **state)
{
	static const char *const expected[] = {"one", "", "two\rx", "last"};
	struct sk_span rest = sk_span_str("one\r\n\ntwo\rx\nlast");
	struct sk_span line;
	size_t n = 0;

	(void)state;
	while (sk_span_line(&rest, &line)) {
		assert_true(n < SK_ARRAY_LEN(expected));
		assert_true(sk_span_eq_str(line, expected[n++]));
	}
	assert_int_equal(n, 4);
	rest = sk_span_str("a\n");
	assert_true(sk_span_line(&rest, &line));
	assert_false(sk_span_line(&rest, &line));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compares), cmocka_unit_test(takes_parts),
		cmocka_unit_test(searches), cmocka_unit_test(trims),
		cmocka_unit_test(cuts),     cmocka_unit_test(reads_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
