/* SPDX-License-Identifier: Apache-2.0 */
/* Processes that read files for others: what they answer, and what becomes of one that hangs. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/digest.h"
#include "guard/files.h"
#include "guard/reader.h"
#include "guard/test-util.h"

enum {
	LONG_MS = 60000, /* an answer is there long before */
	SHORT_MS = 50,
	HUNG_US = 300000, /* from then on it counts as hanging */
};

static char path[] = "/tmp/guard-reader-XXXXXX";
static const char content[] = "what is in it\n";

static int set_up(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	if (fd < 0 || write(fd, content, strlen(content)) < 0)
		return -1;
	return close(fd);
}

static int tear_down(void **state)
{
	(void)state;
	return unlink(path);
}

static struct guard_reader *start(void)
{
	struct guard_reader *r = NULL;
	struct sk_err err;

	assert_int_equal(guard_reader_new(&r, &err), 0);
	return r;
}

static struct guard_asking by(uint64_t owner, uint64_t ticket, unsigned wait_ms)
{
	return (struct guard_asking){.owner = owner,
				     .ticket = ticket,
				     .wait_ms = wait_ms,
				     .since_ns = sk_mono_ns(),
				     .patience = GUARD_PATIENCE_FULL};
}

static uint32_t self(void)
{
	return (uint32_t)getpid();
}

static bool reads_text(struct guard_reader *r, uint64_t owner)
{
	struct guard_asking a = by(owner, 0, LONG_MS);
	char text[64];

	return sk_span_eq_str(guard_reader_text(r, &a, self(), path, text, sizeof(text)), content);
}

static void test_answers(void **state)
{
	sk_cleanup(guard_reader_freep) struct guard_reader *r = start();
	struct guard_asking a = by(1, 0, LONG_MS);
	struct guard_whose w = {.id = "x"};
	uint8_t hash[GUARD_HASH_BYTES], again[GUARD_HASH_BYTES];
	struct guard_file_id id;
	struct guard_used_file used = {.id = &id, .path = path, .fd = -1, .pid = self()};
	struct sk_digest want;
	struct sk_hasher *h = sk_hasher_new(SK_DIGEST_SHA256);
	char place[64] = "/proc/../tmp/none", text[4];
	bool directory = false;

	(void)state;
	sk_hasher_add(h, content, strlen(content));
	sk_hasher_finish(h, &want);
	sk_hasher_free(h);
	assert_int_equal(guard_reader_named(r, &a, self(), path, &id, hash), GUARD_READ_YES);
	assert_memory_equal(hash, want.bytes, sizeof(hash));
	assert_int_equal(id.size, strlen(content));
	assert_int_equal(guard_reader_named(r, &a, self(), "/none", &id, hash), GUARD_READ_NO);

	assert_int_equal(guard_reader_used(r, &a, &w, &used, again), GUARD_READ_YES);
	assert_memory_equal(again, want.bytes, sizeof(again));
	used.fd = open(path, O_RDONLY);
	used.path = NULL; /* the descriptor is enough */
	assert_int_equal(guard_reader_used(r, &a, &w, &used, again), GUARD_READ_YES);
	(void)close(used.fd);
	used.fd = -1;
	assert_int_equal(guard_reader_used(r, &a, &w, &used, again), GUARD_READ_NO);
	used.path = path;
	id.size++;
	assert_int_equal(guard_reader_used(r, &a, &w, &used, again), GUARD_READ_NO);
	id.size--;

	w.layers = "/none:/tmp";
	assert_int_equal(guard_reader_below(r, &a, &w, path + 4, id.size, again), GUARD_READ_YES);
	assert_memory_equal(again, want.bytes, sizeof(again));
	assert_int_equal(guard_reader_below(r, &a, &w, path + 4, id.size, NULL), GUARD_READ_YES);
	assert_int_equal(guard_reader_below(r, &a, &w, path + 4, id.size + 1, NULL), GUARD_READ_NO);

	w.layers = NULL;
	assert_int_equal(guard_reader_place(r, &a, &w, self(), place, sizeof(place), &directory),
			 GUARD_READ_YES);
	assert_string_equal(place, "/tmp/none");
	assert_false(directory);

	assert_true(reads_text(r, 1));
	assert_int_equal(guard_reader_text(r, &a, self(), path, text, sizeof(text)).len,
			 sizeof(text));
	assert_int_equal(guard_reader_text(r, &a, self(), "/none", text, sizeof(text)).len, 0);
	assert_true(guard_reader_arguments(r, &a, self(), text, sizeof(text)).len > 0);
}

/* Kernels may come without the list of children (CONFIG_PROC_CHILDREN). */
static bool lists_children(void)
{
	char name[64];

	(void)snprintf(name, sizeof(name), "/proc/self/task/%d/children", getpid());
	return access(name, R_OK) == 0;
}

/* The children of a process, all sent a signal; how many. */
static unsigned signal_children(pid_t pid, int sig, pid_t *ret_last)
{
	char name[64];
	FILE *f;
	unsigned n = 0;
	int child;

	(void)snprintf(name, sizeof(name), "/proc/%d/task/%d/children", pid, pid);
	f = fopen(name, "re");
	if (f == NULL)
		return 0;
	while (fscanf(f, "%d", &child) == 1) {
		assert_int_equal(kill(child, sig), 0);
		*ret_last = child;
		n++;
	}
	(void)fclose(f);
	return n;
}

static void test_hanging(void **state)
{
	sk_cleanup(guard_reader_freep) struct guard_reader *r = start();
	struct guard_asking put_off = by(1, 7, SHORT_MS), brief = by(1, 0, SHORT_MS);
	uint8_t hash[GUARD_HASH_BYTES];
	struct guard_file_id id;
	pid_t first = 0, worker = 0;
	char text[64];

	(void)state;
	if (!lists_children())
		skip();
	assert_true(reads_text(r, 1));
	assert_int_equal(signal_children(getpid(), 0, &first), 1);
	assert_int_equal(signal_children(first, SIGSTOP, &worker), 1);
	/* The only one hangs: who can come again is told to, others are read for meanwhile. */
	assert_int_equal(guard_reader_named(r, &put_off, self(), path, &id, hash),
			 GUARD_READ_LATER);
	assert_false(guard_reader_is_due(r, &put_off));
	assert_true(reads_text(r, 2));
	(void)usleep(HUNG_US);
	/* Of the same owner nothing is waited for that cannot come again. */
	assert_int_equal(guard_reader_named(r, &brief, self(), path, &id, hash), GUARD_READ_LATE);
	assert_int_equal(guard_reader_text(r, &brief, self(), path, text, sizeof(text)).len, 0);
	assert_true(reads_text(r, 2));
	assert_int_equal(guard_reader_named(r, &put_off, self(), path, &id, hash),
			 GUARD_READ_LATER);
	/* It goes on, and its answer is there for who asked. */
	assert_int_equal(kill(worker, SIGCONT), 0);
	while (!guard_reader_is_due(r, &put_off))
		(void)usleep(1000);
	assert_int_equal(guard_reader_named(r, &put_off, self(), path, &id, hash), GUARD_READ_YES);
	assert_int_equal(id.size, strlen(content));
	assert_true(reads_text(r, 1));
}

/* More than may be asked at a time: the rest has its turn when something becomes free. */
static void test_turns(void **state)
{
	sk_cleanup(guard_reader_freep) struct guard_reader *r = start();
	struct guard_asking a[6];
	uint8_t hash[GUARD_HASH_BYTES];
	struct guard_file_id id;
	pid_t first = 0, worker = 0;

	(void)state;
	if (!lists_children())
		skip();
	assert_int_equal(signal_children(getpid(), 0, &first), 1);
	for (size_t i = 0; i < SK_ARRAY_LEN(a); i++) {
		a[i] = by(1, i + 1, 0);
		assert_int_not_equal(guard_reader_named(r, &a[i], self(), path, &id, hash),
				     GUARD_READ_NO);
	}
	for (size_t i = 0; i < SK_ARRAY_LEN(a); i++) {
		enum guard_read read;

		while ((read = guard_reader_named(r, &a[i], self(), path, &id, hash)) ==
		       GUARD_READ_LATER)
			(void)usleep(1000);
		assert_int_equal(read, GUARD_READ_YES);
	}
	/* One that dies is not waited for, and another takes its place. */
	assert_true(signal_children(first, SIGKILL, &worker) > 0);
	(void)usleep(HUNG_US);
	for (int i = 0; i < 3; i++)
		(void)reads_text(r, 1);
	assert_true(reads_text(r, 1));
	guard_reader_give_up(r);
	assert_true(guard_reader_is_due(r, &a[0]));
	assert_int_equal(guard_reader_named(r, &a[0], self(), path, &id, hash), GUARD_READ_LATE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_hanging),
		cmocka_unit_test(test_turns),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
