/* SPDX-License-Identifier: Apache-2.0 */
/* Ancestors: programs, processes that were forked only, several programs of one process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "guard/session-priv.h"

static struct guard_session *tree(void)
{
	static const char *const args[] = {"sh"};
	struct guard_session *s = sk_alloc(sizeof(*s));
	struct guard_image_of shell = {
		.exec_id = 10, .host_pid = 101, .pid = 1, .n_args = 1, .exe = (char[]){"/bin/sh"}};
	struct guard_image_of other = {.exec_id = 11,
				       .parent = 10,
				       .host_pid = 109,
				       .host_ppid = 108,
				       .pid = 9,
				       .n_args = 1,
				       .exe = (char[]){"/bin/ls"}};
	/* 101 makes 107, that makes 108, that makes 109 */
	struct guard_rec forks[] = {{.exec_id = 10, .host_pid = 101, .op = 7, .value = 107},
				    {.exec_id = 10, .host_pid = 107, .op = 8, .value = 108},
				    {.exec_id = 10, .host_pid = 108, .op = 9, .value = 109}};

	s->lineage = guard_lineage_new();
	guard_lineage_add(s->lineage, &shell, args);
	guard_lineage_add(s->lineage, &other, args);
	for (size_t i = 0; i < SK_ARRAY_LEN(forks); i++)
		guard_session_note_fork(s, &forks[i]);
	return s;
}

static void assert_ancestry(struct guard_session *s, struct guard_rec rec, uint64_t program,
			    bool is_exec, const uint32_t *pids, size_t n)
{
	struct guard_event e = {0};

	guard_session_ancestry(s, &rec, program, is_exec, &e);
	assert_int_equal(e.n_ancestry, n);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(e.ancestry[i].pid, pids[i]);
		assert_int_equal(e.ancestry[i].host_pid, pids[i] + 100);
	}
}

static void test_forked(void **state)
{
	struct guard_session *s = tree();

	(void)state;
	/* the program start, what it does then, what the forked ones do, the first process */
	assert_ancestry(s, (struct guard_rec){.host_pid = 109, .host_ppid = 108}, 10, true,
			(const uint32_t[]){8, 7, 1}, 3);
	assert_ancestry(s, (struct guard_rec){.host_pid = 109, .host_ppid = 108}, 11, false,
			(const uint32_t[]){8, 7, 1}, 3);
	assert_ancestry(s, (struct guard_rec){.host_pid = 108, .host_ppid = 107}, 10, false,
			(const uint32_t[]){7, 1}, 2);
	assert_ancestry(s, (struct guard_rec){.host_pid = 107, .host_ppid = 101}, 10, false,
			(const uint32_t[]){1}, 1);
	assert_ancestry(s, (struct guard_rec){.host_pid = 101}, 10, false, NULL, 0);
	/* a second program of one process: it is there under the first */
	assert_ancestry(s, (struct guard_rec){.host_pid = 109, .host_ppid = 108}, 11, true,
			(const uint32_t[]){9, 8, 7, 1}, 4);
	assert_ancestry(s, (struct guard_rec){.host_pid = 5, .host_ppid = 4}, 99, true, NULL, 0);
	guard_lineage_free(s->lineage);
	sk_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
