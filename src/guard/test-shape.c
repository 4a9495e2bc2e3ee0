/* SPDX-License-Identifier: Apache-2.0 */
/* Argument shapes and path patterns. argv[1]: the directory of the data files. */
#include <stdio.h>

#include "guard/shape.h"
#include "guard/test-util.h"

static const char *data_dir;

static void check_shape(char **columns, size_t n, void *ctx)
{
	const char *args[32];
	size_t n_args = 0;
	struct sk_buf b;

	(void)ctx;
	assert_int_equal(n, 2);
	for (char *c = columns[0]; c != NULL; n_args++) {
		args[n_args] = c;
		c = strchr(c, '|');
		if (c != NULL)
			*c++ = '\0';
	}
	sk_buf_init(&b, 4096);
	assert_true(guard_shape_of(args, n_args, &b));
	assert_string_equal(b.ptr, columns[1]);
	sk_buf_release(&b);
}

static void shapes(void **state)
{
	(void)state;
	assert_true(each_line(data_dir, "shape.data", 2, check_shape, NULL) > 30);
}

static void check_pattern(char **columns, size_t n, void *ctx)
{
	struct sk_buf b, again;

	(void)ctx;
	assert_int_equal(n, 2);
	sk_buf_init(&b, 4096);
	sk_buf_init(&again, 4096);
	assert_true(guard_pattern_of(sk_span_str(columns[0]), &b));
	assert_string_equal(b.ptr, columns[1]);
	/* a pattern matches what it was made of, and is its own pattern */
	assert_true(guard_pattern_match(sk_buf_span(&b), sk_span_str(columns[0])));
	assert_true(guard_pattern_of(sk_buf_span(&b), &again));
	assert_string_equal(again.ptr, columns[1]);
	sk_buf_release(&b);
	sk_buf_release(&again);
}

static void patterns(void **state)
{
	(void)state;
	assert_true(each_line(data_dir, "pattern.data", 2, check_pattern, NULL) > 20);
}

static void check_match(char **columns, size_t n, void *ctx)
{
	bool want = strcmp(columns[2], "yes") == 0;

	(void)ctx;
	assert_int_equal(n, 3);
	if (guard_pattern_match(sk_span_str(columns[0]), sk_span_str(columns[1])) != want)
		fail_msg("%s against %s is not %s", columns[0], columns[1], columns[2]);
}

static void matches(void **state)
{
	(void)state;
	assert_true(each_line(data_dir, "match.data", 3, check_match, NULL) > 20);
}

/* Stars against a long path: a matcher that goes back for each star would not come to an end. */
static void many_stars(void **state)
{
	char pattern[201], path[3001];

	(void)state;
	for (size_t i = 0; i + 1 < sizeof(pattern); i += 2)
		memcpy(pattern + i, "*a", 2);
	memset(path, 'a', sizeof(path));
	path[sizeof(path) - 1] = 'b';
	assert_false(guard_pattern_match(sk_span_of(pattern, 200), sk_span_of(path, 3001)));
	assert_true(guard_pattern_match(sk_span_of(pattern, 200), sk_span_of(path, 3000)));
}

static void full_buffers(void **state)
{
	const char *const args[] = {"program", "argument"};
	struct sk_buf b;

	(void)state;
	sk_buf_init(&b, 10);
	assert_false(guard_shape_of(args, 2, &b));
	sk_buf_release(&b);
	sk_buf_init(&b, 4);
	assert_false(guard_pattern_of(sk_span_str("/etc/passwd"), &b));
	sk_buf_release(&b);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shapes),       cmocka_unit_test(patterns),
		cmocka_unit_test(matches),      cmocka_unit_test(many_stars),
		cmocka_unit_test(full_buffers),
	};

	data_dir = argc > 1 ? argv[1] : "testdata";
	return cmocka_run_group_tests(tests, NULL, NULL);
}
