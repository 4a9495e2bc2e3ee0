/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scores of the specifications' own examples: CVSS v2.0 Complete Guide 3.3; CVSS v3.1 Examples;
 * CVSS v4.0 Examples (first.org). testdata/cvss.data has them: vector, blank, score or "-" for
 * refused.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/io.h"
#include "base/parse.h"
#include "vulndb/cvss.h"

static void check_line(struct sk_span line)
{
	size_t blank = sk_span_rfind(line, ' ');
	struct sk_span vector = sk_span_sub(line, 0, blank);
	struct sk_span expected = sk_span_sub(line, blank + 1, line.len);
	struct vulndb_cvss_score score = {0};
	double want = -1;
	bool ok = vulndb_cvss_score(vector, &score);

	if (sk_span_eq_str(expected, "-")) {
		if (ok)
			print_error("accepted: %.*s\n", SK_SPAN_ARG(line));
		assert_false(ok);
		return;
	}
	assert_true(sk_parse_double(expected, &want));
	if (!ok || score.base < want - 0.001 || score.base > want + 0.001)
		print_error("%.*s: got %.1f\n", SK_SPAN_ARG(line), score.base);
	assert_true(ok);
	assert_true(score.base > want - 0.001 && score.base < want + 0.001);
}

static void test_data(void **state)
{
	struct sk_buf text;
	struct sk_span rest;
	struct sk_span line;
	struct sk_err err;
	size_t n = 0;

	sk_buf_init(&text, 1 << 20);
	assert_int_equal(sk_read_file(AT_FDCWD, *state, &text, &err), 0);
	rest = sk_buf_span(&text);
	while (sk_span_line(&rest, &line)) {
		if (line.len == 0 || line.ptr[0] == '#')
			continue;
		check_line(line);
		n++;
	}
	assert_true(n > 50);
	sk_buf_release(&text);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(test_data, argc > 1 ? argv[1] : NULL),
	};

	return argc == 2 ? cmocka_run_group_tests(tests, NULL, NULL) : 2;
}
