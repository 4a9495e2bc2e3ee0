/* SPDX-License-Identifier: Apache-2.0 */
/* Hashes of programs: the order of events, content, what is gone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "guard/files.h"
#include "guard/hasher.h"

static const struct guard_event *wait_next(struct guard_hasher *h)
{
	const struct guard_event *e;
	bool waits = true;

	while ((e = guard_hasher_next(h, &waits)) == NULL && waits)
		(void)usleep(1000);
	return e;
}

static void test_order(void **state)
{
	sk_cleanup(guard_hasher_freep) struct guard_hasher *h = guard_hasher_new();
	struct guard_rec rec = {.type = GUARD_REC_EXEC};
	struct guard_whose w = {.id = "x"};
	struct guard_event plain = {.kind = GUARD_KIND_EXIT, .file_fd = -1};
	struct guard_event start = {.kind = GUARD_KIND_EXEC, .file_fd = -1};
	const struct guard_event *e;
	char exe[4096], hash[GUARD_SHA256_HEX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	(void)state;
	assert_true(n > 0);
	exe[n] = '\0';
	start.file_path = exe;
	start.host_pid = (uint32_t)getpid();
	assert_true(guard_files_identify(start.host_pid, exe, &rec.file));
	rec.file.untimed = 0; /* wherever it was built */
	for (int i = 0; i < 2; i++) {
		assert_true(guard_hasher_put(h, &rec, &start, &w));
		assert_true(guard_hasher_put(h, NULL, &plain, NULL));
	}
	start.file_sha256[0] = '\0'; /* the answer may be there already */
	rec.file.size++;
	assert_true(guard_hasher_put(h, &rec, &start, &w));
	assert_true(guard_hasher_put(h, NULL, &start, &w));

	e = wait_next(h);
	assert_non_null(e);
	assert_true(e->file_sha256[GUARD_SHA256_HEX - 2] != '\0');
	assert_null(e->sha256_state);
	memcpy(hash, e->file_sha256, sizeof(hash));
	e = wait_next(h);
	assert_int_equal(e->kind, GUARD_KIND_EXIT);
	e = wait_next(h);
	assert_string_equal(e->file_sha256, hash);
	e = wait_next(h);
	assert_int_equal(e->kind, GUARD_KIND_EXIT);
	e = wait_next(h);
	assert_string_equal(e->file_sha256, "");
	assert_string_equal(e->sha256_state, "gone");
	/* A repetition is nobody's in particular. */
	e = wait_next(h);
	assert_string_equal(e->file_sha256, "");
	assert_null(e->sha256_state);
	assert_null(wait_next(h));
	/* What is known by now is not waited for, nor is what has no content. */
	rec.file.size--;
	assert_false(guard_hasher_put(h, &rec, &start, &w));
	assert_string_equal(start.file_sha256, hash);
	assert_false(guard_hasher_put(h, NULL, &plain, NULL));
	assert_null(wait_next(h));
	/* A file whose changes do not show is read each time. */
	rec.file.untimed = 1;
	for (int i = 0; i < 2; i++) {
		start.file_sha256[0] = '\0';
		assert_true(guard_hasher_put(h, &rec, &start, &w));
		e = wait_next(h);
		assert_string_equal(e->file_sha256, hash);
	}
	assert_null(wait_next(h));
}

static void test_left(void **state)
{
	struct guard_hasher *h = guard_hasher_new();
	struct guard_event plain = {.kind = GUARD_KIND_EXIT, .file_fd = -1};

	(void)state;
	assert_false(guard_hasher_put(h, NULL, &plain, NULL));
	guard_hasher_free(h);
	guard_hasher_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
