/* SPDX-License-Identifier: Apache-2.0 */
/* Tables that were full: told at once, then now and then, each count once; a sentence for people.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "guard/full.h"

static void counts_are_told_once(void **state)
{
	struct guard_stats st = {.lost = 7};
	struct guard_full f = {0}, more;

	(void)state;
	assert_false(guard_full_news(&f, &st, SK_SECOND_NS, &more));
	st.tasks_full = 3;
	assert_true(guard_full_news(&f, &st, SK_SECOND_NS, &more));
	assert_int_equal(more.processes, 3);
	assert_int_equal(more.causes, 0);
	assert_false(guard_full_news(&f, &st, 60 * SK_SECOND_NS, &more));
	st.folds_full = 2;
	assert_true(guard_full_news(&f, &st, 60 * SK_SECOND_NS, &more));
	assert_int_equal(more.processes, 0);
	assert_int_equal(more.causes, 2);
}

static void more_waits(void **state)
{
	struct guard_stats st = {.tasks_full = 1};
	struct guard_full f = {0}, more;

	(void)state;
	assert_true(guard_full_news(&f, &st, SK_SECOND_NS, &more));
	st.tasks_full = 5;
	assert_false(guard_full_news(&f, &st, 2 * SK_SECOND_NS, &more));
	st.tasks_full = 9;
	assert_true(guard_full_news(&f, &st, 11 * SK_SECOND_NS, &more));
	assert_int_equal(more.processes, 8);
	assert_int_equal(f.processes, 9);
}

static void sentences_are_told(void **state)
{
	struct sk_buf b;

	(void)state;
	sk_buf_init(&b, 1024);
	guard_full_processes(1, &b);
	assert_string_equal(b.ptr,
			    "no room: 1 process is not followed until the next program that it "
			    "starts (more run than could when the guard started)");
	sk_buf_reset(&b);
	guard_full_processes(12, &b);
	assert_string_equal(b.ptr,
			    "no room: 12 processes are not followed until the next program that "
			    "they start (more run than could when the guard started)");
	sk_buf_reset(&b);
	guard_full_causes(2, &b);
	assert_string_equal(b.ptr, "no room: 2 alerts are of causes that are not kept: each "
				   "repetition is told by itself");
	sk_buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_are_told_once),
		cmocka_unit_test(more_waits),
		cmocka_unit_test(sentences_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
