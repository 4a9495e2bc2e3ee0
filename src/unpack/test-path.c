/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of path normalisation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "unpack/unpack.h"

static void test_normalise(sk_unused void **state)
{
	static const struct {
		const char *path;
		const char *want;
		bool escapes;
	} cases[] = {
		{"", "", false},
		{".", "", false},
		{"./", "", false},
		{"/", "", true},
		{"a", "a", false},
		{"a/", "a", false},
		{"./a//b/./c/", "a/b/c", false},
		{"/etc/passwd", "etc/passwd", true},
		{"..", "", true},
		{"../../a", "a", true},
		{"a/../b", "b", true},
		{"a/b/../../../c", "c", true},
		{"a/..", "", true},
		{"...", "...", false},
		{"..a/.b/c..", "..a/.b/c..", false},
		{"//a", "a", true},
		{"a/.wh.b", "a/.wh.b", false},
	};

	for (size_t i = 0; i < SK_ARRAY_LEN(cases); i++) {
		char buf[64];
		struct sk_span got;
		bool escapes = unpack_path_normalise(sk_span_str(cases[i].path), buf, &got);

		assert_true(sk_span_eq_str(got, cases[i].want));
		assert_int_equal(escapes, cases[i].escapes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_normalise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
