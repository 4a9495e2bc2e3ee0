/* SPDX-License-Identifier: Apache-2.0 */
/* Records come out by time, whatever ring brought them. */
#include <string.h>

#include "guard/batch.h"
#include "guard/test-util.h"

static bool put(struct guard_batch *b, uint64_t time_ns, uint32_t pid, size_t n_data)
{
	struct {
		struct guard_rec rec;
		char data[2048];
	} x = {.rec = {.time_ns = time_ns, .host_pid = pid}};

	memset(x.data, (int)pid, n_data);
	return guard_batch_put(b, &x.rec, sizeof(x.rec) + n_data);
}

static void test_order(void **state)
{
	static const uint32_t expected[] = {5, 2, 3, 1, 4};
	sk_cleanup(guard_batch_freep) struct guard_batch *b = guard_batch_new();
	const struct guard_rec *rec;
	size_t size, n = 0;

	(void)state;
	/* alerts, then records; two of one moment */
	assert_true(put(b, 20, 2, 3) && put(b, 40, 4, 0));
	assert_true(put(b, 10, 5, 1) && put(b, 20, 3, 7) && put(b, 30, 1, 2));
	while ((rec = guard_batch_take(b, &size)) != NULL) {
		assert_int_equal(rec->host_pid, expected[n++]);
		if (size > sizeof(*rec))
			assert_int_equal(((const char *)(rec + 1))[size - sizeof(*rec) - 1],
					 rec->host_pid);
	}
	assert_int_equal(n, 5);
	assert_null(guard_batch_take(b, &size));
	assert_true(put(b, 1, 9, 0));
	assert_int_equal(guard_batch_take(b, &size)->host_pid, 9);
}

static void test_full(void **state)
{
	static const size_t sizes[] = {0, 2047};
	sk_cleanup(guard_batch_freep) struct guard_batch *b = guard_batch_new();

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		uint32_t n_put = 0, n_taken = 0;
		size_t size;

		while (put(b, 1000000 - n_put, n_put, sizes[i]))
			n_put++;
		assert_in_range(n_put, 400, 8192);
		for (const struct guard_rec *rec; (rec = guard_batch_take(b, &size)) != NULL;)
			assert_int_equal(rec->host_pid, n_put - ++n_taken);
		assert_int_equal(n_taken, n_put);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
