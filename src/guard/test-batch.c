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

struct load {
	uint16_t type;
	uint8_t verdict;
	uint32_t pid;
	uint64_t exec_id;
};

static void check_loads(const struct load *loads, size_t n, const char *expected)
{
	sk_cleanup(guard_batch_freep) struct guard_batch *b = guard_batch_new();
	const struct guard_rec *rec;
	uint64_t last = 0;
	size_t size;

	for (size_t i = 0; i < n; i++) {
		const struct guard_rec one = {.type = loads[i].type,
					      .verdict = loads[i].verdict,
					      .host_pid = loads[i].pid,
					      .exec_id = loads[i].exec_id,
					      .op = (uint32_t)i,
					      .time_ns = 10 + i};

		assert_true(guard_batch_put(b, &one, sizeof(one)));
	}
	for (size_t i = 0; (rec = guard_batch_take(b, &size)) != NULL; i++) {
		assert_int_equal(rec->op, expected[i] - '0');
		assert_true(rec->time_ns >= last);
		last = rec->time_ns;
	}
}

/* The linker is mapped first and told after the program that it was mapped for. */
static void test_start_first(void **state)
{
	enum {
		EXEC = GUARD_REC_EXEC,
		MMAP = GUARD_REC_MMAP,
		OPEN = GUARD_REC_OPEN,
		HELD = GUARD_REC_HELD,
	};
	static const struct load loaded[] = {
		{OPEN, 0, 7, 2}, {MMAP, 0, 7, 2}, {MMAP, 0, 8, 9}, {EXEC, 0, 7, 2}, {MMAP, 0, 7, 2},
	};
	static const struct load earlier[] = {{MMAP, 0, 7, 1}, {EXEC, 0, 7, 2}};
	static const struct load other[] = {{MMAP, 0, 6, 2}, {EXEC, 0, 7, 2}};
	static const struct load held[] = {{MMAP, HELD, 7, 2}, {EXEC, HELD, 7, 2}};
	static const struct load mixed[] = {
		{MMAP, 0, 7, 2}, {MMAP, HELD, 7, 2}, {EXEC, HELD, 7, 2}};
	static const struct load told[] = {{MMAP, GUARD_REC_ALERTED, 7, 2}, {EXEC, HELD, 7, 2}};

	(void)state;
	check_loads(loaded, SK_ARRAY_LEN(loaded), "03124");
	check_loads(earlier, SK_ARRAY_LEN(earlier), "01");
	check_loads(other, SK_ARRAY_LEN(other), "01");
	check_loads(held, SK_ARRAY_LEN(held), "01");
	check_loads(mixed, SK_ARRAY_LEN(mixed), "012");
	check_loads(told, SK_ARRAY_LEN(told), "10");
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
		cmocka_unit_test(test_start_first),
		cmocka_unit_test(test_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
