/* SPDX-License-Identifier: Apache-2.0 */
/* No event overtakes another one of its container, and none waits for ever. */
#include <string.h>

#include "guard/queue.h"
#include "guard/test-util.h"

/* Answers to the questions 1 to 8. */
struct known {
	bool answered[9];
};

static bool is_known(void *ctx, uint64_t question)
{
	const struct known *k = ctx;

	return k->answered[question];
}

static struct guard_event event(const char *container, uint32_t pid, uint64_t question)
{
	return (struct guard_event){.kind = GUARD_KIND_EXEC,
				    .verdict = GUARD_VERDICT_ALERTED,
				    .container_id = container,
				    .host_pid = pid,
				    .owner_question = question,
				    .file_path = "/bin/a",
				    .file_fd = -1};
}

static struct guard_event file_event(enum guard_kind kind, uint32_t pid, const char *path)
{
	struct guard_event e = event("one", pid, 0);

	e.kind = kind;
	e.file_path = path;
	e.file_is_listed = true;
	return e;
}

static bool put(struct guard_queue *q, struct guard_event e, uint64_t now_ms)
{
	return guard_queue_put(q, NULL, &e, now_ms);
}

/* The pid of the next event; 0: none. */
static uint32_t next(struct guard_queue *q, struct known *k, uint64_t now_ms)
{
	const struct guard_queued *w = guard_queue_next(q, is_known, k, now_ms);

	return w != NULL ? w->event.host_pid : 0;
}

static void none_overtakes(void **state)
{
	sk_cleanup(guard_queue_freep) struct guard_queue *q = guard_queue_new();
	struct known k = {0};

	(void)state;
	assert_false(put(q, event("one", 1, 0), 0));
	assert_true(guard_queue_is_empty(q));
	assert_true(put(q, event("one", 2, 1), 0));
	assert_true(put(q, event("one", 3, 0), 0));
	assert_true(put(q, event("one", 4, 2), 0));
	assert_false(put(q, event("two", 5, 0), 0));
	assert_true(put(q, event("two", 6, 3), 0));
	assert_int_equal(next(q, &k, 1), 0);
	k.answered[2] = k.answered[3] = true;
	assert_int_equal(next(q, &k, 2), 6);
	assert_int_equal(next(q, &k, 2), 0);
	assert_false(put(q, event("two", 7, 0), 2));
	assert_true(put(q, event("one", 8, 0), 2));
	k.answered[1] = true;
	assert_int_equal(next(q, &k, 3), 2);
	assert_int_equal(next(q, &k, 3), 3);
	assert_int_equal(next(q, &k, 3), 4);
	assert_false(guard_queue_is_empty(q));
	assert_int_equal(next(q, &k, 3), 8);
	assert_int_equal(next(q, &k, 3), 0);
	assert_true(guard_queue_is_empty(q));
	assert_false(put(q, event("one", 9, 0), 3));
}

/* Without any answer: by time, and by number. */
static void none_waits_for_ever(void **state)
{
	enum {
		MANY = 3000,
	};
	sk_cleanup(guard_queue_freep) struct guard_queue *q = guard_queue_new();
	struct known k = {0};
	uint32_t n_told = 0, pid;

	(void)state;
	assert_true(put(q, event("one", 1, 1), 1000));
	assert_true(put(q, event("one", 2, 0), 1000));
	assert_int_equal(next(q, &k, 4000), 0);
	assert_int_equal(next(q, &k, 5000), 1);
	assert_int_equal(next(q, &k, 5000), 2);
	for (uint32_t i = 0; i < MANY; i++) {
		assert_true(put(q, event(i % 2 != 0 ? "one" : "two", i + 1, 1), 6000));
		while ((pid = next(q, &k, 6000)) != 0)
			assert_int_equal(pid, ++n_told);
		assert_in_range(i + 1 - n_told, 1, 1000);
	}
	assert_in_range(n_told, MANY - 1000, MANY - 1);
}

/* What waits is a copy, with its record. */
static void copies_wait(void **state)
{
	sk_cleanup(guard_queue_freep) struct guard_queue *q = guard_queue_new();
	struct guard_rec rec = {.op = 7};
	struct known k = {.answered = {[1] = true}};
	const struct guard_queued *w;
	char path[] = "/bin/b";
	struct guard_event e = event("one", 1, 1);

	(void)state;
	e.file_path = path;
	e.file_fd = 99;
	assert_true(guard_queue_put(q, &rec, &e, 0));
	path[5] = 'c';
	rec.op = 8;
	assert_true(put(q, event("one", 2, 0), 0));
	w = guard_queue_next(q, is_known, &k, 0);
	assert_non_null(w);
	assert_string_equal(w->event.file_path, "/bin/b");
	assert_int_equal(w->event.file_fd, -1);
	assert_true(w->has_rec);
	assert_int_equal(w->rec.op, 7);
	w = guard_queue_next(q, is_known, &k, 0);
	assert_non_null(w);
	assert_false(w->has_rec);
}

/* A library is told as mapped, not as opened besides; whatever else is opened is told. */
static void libraries_are_told_once(void **state)
{
	sk_cleanup(guard_queue_freep) struct guard_queue *q = guard_queue_new();
	struct guard_event mapped = file_event(GUARD_KIND_MMAP, 1, "/lib/a");
	struct guard_event written = file_event(GUARD_KIND_OPEN, 3, "/lib/a");
	struct guard_event secret = written, listed = written;
	struct known k = {0};

	(void)state;
	assert_true(put(q, file_event(GUARD_KIND_OPEN, 1, "/lib/a"), 0));
	assert_true(put(q, file_event(GUARD_KIND_OPEN, 2, "/lib/a"), 0));
	assert_true(put(q, file_event(GUARD_KIND_OPEN, 1, "/lib/b"), 0));
	assert_int_equal(guard_queue_unite(q, &mapped), 1);
	assert_int_equal(guard_queue_unite(q, &mapped), 0);
	mapped.file_path = "/lib/b";
	mapped.verdict = GUARD_VERDICT_OBSERVED;
	assert_int_equal(guard_queue_unite(q, &mapped), 0);
	mapped.verdict = GUARD_VERDICT_KILLED;
	assert_int_equal(guard_queue_unite(q, &mapped), 1);
	mapped.host_pid = 9;
	assert_true(put(q, mapped, 0));
	assert_int_equal(next(q, &k, 1), 0);
	assert_int_equal(next(q, &k, 1000), 2);
	assert_int_equal(next(q, &k, 1000), 9);
	assert_true(guard_queue_is_empty(q));
	written.file_write = true;
	assert_false(put(q, written, 0));
	secret.sign = "password hashes";
	assert_false(put(q, secret, 0));
	listed.file_is_listed = false;
	assert_false(put(q, listed, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(none_overtakes),
		cmocka_unit_test(none_waits_for_ever),
		cmocka_unit_test(copies_wait),
		cmocka_unit_test(libraries_are_told_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
