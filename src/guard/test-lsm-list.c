/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of security modules as kernels write them. */
#include "guard/lsm-list.h"
#include "guard/test-util.h"

static void test_lists(void **state)
{
	static const struct {
		const char *list;
		bool has_bpf;
	} rows[] = {
		{"lockdown,capability,landlock,yama,bpf", true},
		{"bpf", true},
		{"capability,bpf,apparmor\n", true},
		{"lockdown,capability,landlock,yama,apparmor", false},
		{"capability,bpfx,xbpf", false},
		{"", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(guard_lsm_lists(sk_span_str(rows[i].list), "bpf"),
				 rows[i].has_bpf);
}

/* Whatever machine this is: an answer and its list agree. */
static void test_here(void **state)
{
	char list[GUARD_LSM_LIST_SIZE];
	enum guard_lsm_state bpf = guard_lsm_bpf(list);

	(void)state;
	if (bpf == GUARD_LSM_UNKNOWN)
		assert_string_equal(list, "");
	else
		assert_int_equal(guard_lsm_lists(sk_span_str(list), "bpf"),
				 bpf == GUARD_LSM_PRESENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_here),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
