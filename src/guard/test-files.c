/* SPDX-License-Identifier: Apache-2.0 */
/* Files of containers: what they must not be, and what they must not do to who reads them. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "guard/files.h"

static char dir[] = "/tmp/guard-files-XXXXXX";

static const char *in_dir(const char *name)
{
	static char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void put(const char *name, const char *text, off_t size)
{
	int fd = open(in_dir(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(ftruncate(fd, size), 0);
	(void)close(fd);
}

static uint32_t self(void)
{
	return (uint32_t)getpid();
}

/* Neither a pipe, which may wait, nor a device, whose opening may do something, is opened. */
static void only_files_are_opened(void **state)
{
	char text[16];

	(void)state;
	assert_int_equal(mkfifo(in_dir("pipe"), 0600), 0);
	assert_int_equal(guard_files_open(self(), in_dir("pipe")), -SK_E_UNSUPPORTED);
	assert_int_equal(guard_files_open(self(), "/dev/zero"), -SK_E_UNSUPPORTED);
	assert_int_equal(guard_files_open(self(), dir), -SK_E_UNSUPPORTED);
	assert_int_equal(guard_files_open(self(), in_dir("none")), -ENOENT);
	assert_int_equal(guard_files_text(self(), in_dir("pipe"), text, sizeof(text)).len, 0);
	assert_int_equal(guard_files_text(self(), "/dev/zero", text, sizeof(text)).len, 0);
	/* a link of /proc leads out of any root */
	assert_int_equal(guard_files_open(self(), "/proc/self/exe"), -ELOOP);
}

/* Who holds a lease is told that somebody wants the file, which may take him 45 seconds to mind. */
static void leases_are_not_waited_for(void **state)
{
	int fd;

	(void)state;
	put("leased", "x", 1);
	(void)signal(SIGIO, SIG_IGN);
	fd = open(in_dir("leased"), O_RDWR);
	assert_true(fd >= 0);
	if (fcntl(fd, F_SETLEASE, F_WRLCK) != 0)
		skip(); /* not on every file system */
	assert_int_equal(guard_files_open(self(), in_dir("leased")), -EWOULDBLOCK);
	(void)close(fd);
}

static void changed_files_are_not_hashed(void **state)
{
	struct guard_files *f = guard_files_new();
	uint8_t hash[GUARD_HASH_BYTES];
	struct guard_file_id id;
	char path[256];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s", in_dir("file"));
	put("file", "abc", 3);
	assert_true(guard_files_identify(self(), path, &id));
	assert_true(guard_files_hash(f, &id, self(), path, hash));
	assert_int_equal(hash[0], 0xba); /* FIPS 180-4 */
	assert_int_equal(hash[31], 0xad);
	put("file", "abcd", 4);
	id.size = 4;
	assert_false(guard_files_hash(f, &id, self(), path, hash)); /* another time of change */
	guard_files_free(f);
}

/* Files can be made as large as one likes at no cost. */
static void huge_files_are_not_hashed(void **state)
{
	struct guard_files *f = guard_files_new();
	uint8_t hash[GUARD_HASH_BYTES];
	struct guard_file_id id;
	char path[256];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s", in_dir("huge"));
	put("huge", "x", (off_t)1 << 42);
	assert_true(guard_files_identify(self(), path, &id));
	assert_int_equal(id.size, 1ull << 42);
	assert_false(guard_files_hash(f, &id, self(), path, hash));
	guard_files_free(f);
}

static int make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) == NULL;
}

static int remove_dir(void **state)
{
	static const char *const names[] = {"pipe", "leased", "file", "huge"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)unlink(in_dir(names[i]));
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_files_are_opened),
		cmocka_unit_test(leases_are_not_waited_for),
		cmocka_unit_test(changed_files_are_not_hashed),
		cmocka_unit_test(huge_files_are_not_hashed),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
