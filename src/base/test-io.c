/* SPDX-License-Identifier: Apache-2.0 */
/* Files and descriptors, with failures on purpose. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/io.h"

static int make_dir(void **state)
{
	char *dir = malloc(64);

	assert_non_null(dir);
	(void)snprintf(dir, 64, "/tmp/sk-test-io-XXXXXX");
	assert_non_null(mkdtemp(dir));
	*state = dir;
	return 0;
}

static int drop_dir(void **state)
{
	static const char *const names[] = {"file", "big", "fifo"};
	int fd = open(*state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (size_t i = 0; i < SK_ARRAY_LEN(names); i++)
		(void)unlinkat(fd, names[i], 0);
	(void)close(fd);
	(void)rmdir(*state);
	free(*state);
	return 0;
}

static void replaces_files(void **state)
{
	sk_cleanup(sk_closep) int dir = open(*state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct sk_buf b;
	struct sk_err err;
	struct stat st;

	for (int i = 0; i < 2; i++) {
		const char *content = i == 0 ? "first" : "second, longer";

		assert_int_equal(
			sk_write_file_atomic(dir, "file", sk_span_str(content), 0640, &err), 0);
		sk_buf_init(&b, 100);
		assert_int_equal(sk_read_file(dir, "file", &b, &err), 0);
		assert_string_equal(b.ptr, content);
		sk_buf_release(&b);
	}
	assert_int_equal(fstatat(dir, "file", &st, 0), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	/* A directory in the way: the error says what, and nothing is left behind. */
	assert_int_equal(mkdirat(dir, "sub", 0700), 0);
	assert_int_equal(sk_write_file_atomic(dir, "sub", sk_span_str("x"), 0600, &err), -EISDIR);
	assert_non_null(strstr(err.msg, "'sub'"));
	assert_int_equal(unlinkat(dir, "sub", AT_REMOVEDIR), 0);
	assert_int_equal(sk_write_file_atomic(dir, "none/x", sk_span_str("x"), 0600, &err),
			 -ENOENT);
}

static void leaves_nothing_behind(void **state)
{
	char cmd[128];
	sk_cleanup(sk_closep) int dir = open(*state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct sk_err err;
	char name[9000];

	(void)snprintf(cmd, sizeof(cmd), "%s/file", (char *)*state);
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(sk_write_file_atomic(dir, name, sk_span_str("x"), 0600, &err),
			 -ENAMETOOLONG);
	assert_int_equal(access(cmd, F_OK), -1);
	/* drop_dir() would fail to remove the directory if a temporary file were left. */
}

static void bounds_reading(void **state)
{
	sk_cleanup(sk_closep) int dir = open(*state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	static char big[200000];
	struct sk_buf b;
	struct sk_err err;

	memset(big, 'b', sizeof(big));
	assert_int_equal(sk_write_file_atomic(dir, "big", sk_span_of(big, sizeof(big)), 0600, &err),
			 0);
	sk_buf_init(&b, sizeof(big));
	assert_int_equal(sk_read_file(dir, "big", &b, &err), 0);
	assert_int_equal(b.len, sizeof(big));
	sk_buf_release(&b);
	sk_buf_init(&b, sizeof(big) - 1);
	assert_int_equal(sk_read_file(dir, "big", &b, &err), -SK_E_LIMIT);
	assert_non_null(strstr(err.msg, "'big': larger than 199999 bytes"));
	sk_buf_release(&b);
	sk_buf_init(&b, 10);
	assert_int_equal(sk_read_file(dir, "none", &b, &err), -ENOENT);
	assert_int_equal(sk_read_file(dir, ".", &b, &err), -SK_E_UNSUPPORTED);
	/* A pipe with a name does not block. */
	assert_int_equal(mkfifoat(dir, "fifo", 0600), 0);
	assert_int_equal(sk_read_file(dir, "fifo", &b, &err), -SK_E_UNSUPPORTED);
	assert_int_equal(sk_read_fd(-1, &b, &err), -EBADF);
	sk_buf_release(&b);
}

static void reads_whole(void **state)
{
	sk_cleanup(sk_closep) int dir = open(*state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	sk_cleanup(sk_closep) int fd = -1;
	struct sk_err err;
	char got[16];

	assert_int_equal(sk_write_file_atomic(dir, "file", sk_span_str("0123456789"), 0600, &err),
			 0);
	fd = openat(dir, "file", O_RDONLY | O_CLOEXEC);
	assert_int_equal(sk_read_full(fd, got, 4), 4);
	assert_int_equal(sk_read_full(fd, got, 16), 6);
	assert_memory_equal(got, "456789", 6);
	assert_int_equal(sk_read_full(fd, got, 16), 0);
	assert_int_equal(sk_pread_full(fd, got, 3, 2), 3);
	assert_memory_equal(got, "234", 3);
	assert_int_equal(sk_pread_full(fd, got, 16, 8), 2);
	assert_int_equal(sk_pread_full(fd, got, 16, 100), 0);
	assert_int_equal(sk_read_full(-1, got, 1), -EBADF);
	assert_int_equal(sk_pread_full(-1, got, 1, 0), -EBADF);
	assert_int_equal(sk_write_all(fd, "x", 1), -EBADF);
}

static void write_slowly(int fd)
{
	for (int i = 0; i < 50; i++) {
		(void)!write(fd, "0123456789", 10);
		(void)usleep(200);
	}
	_exit(0);
}

static void goes_on_after_short_reads(void **state)
{
	struct sk_buf b;
	struct sk_err err;
	char got[500];
	int fds[2];

	(void)state;
	for (int way = 0; way < 2; way++) {
		assert_int_equal(pipe(fds), 0);
		if (fork() == 0)
			write_slowly(fds[1]);
		(void)close(fds[1]);
		if (way == 0) {
			assert_int_equal(sk_read_full(fds[0], got, sizeof(got)), 500);
		} else {
			sk_buf_init(&b, 500);
			assert_int_equal(sk_read_fd(fds[0], &b, &err), 0);
			assert_int_equal(b.len, 500);
			assert_memory_equal(b.ptr, got, 500);
			sk_buf_release(&b);
		}
		(void)close(fds[0]);
	}
}

static void sinks(void **state)
{
	sk_cleanup(sk_closep) int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	struct sk_sink sink = sk_sink_fd(&full);
	struct sk_buf b;

	(void)state;
	assert_int_equal(sink.write(sink.ctx, "x", 1), -ENOSPC);
	assert_int_equal(sink.write(sink.ctx, "x", 0), 0);
	sk_buf_init(&b, 4);
	sink = sk_sink_buf(&b);
	assert_int_equal(sink.write(sink.ctx, "abc", 3), 0);
	assert_int_equal(sink.write(sink.ctx, "de", 2), -SK_E_LIMIT);
	assert_string_equal(b.ptr, "abc");
	sk_buf_release(&b);
}

static void splits_paths(void **state)
{
	static const struct {
		const char *path, *dir, *base;
	} cases[] = {
		{"a/b/c", "a/b", "c"}, {"/a", "/", "a"}, {"a", ".", "a"},
		{"a/", "a", ""},       {"/", "/", ""},   {"", ".", ""},
	};

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_LEN(cases); i++) {
		assert_true(sk_span_eq_str(sk_path_dir(sk_span_str(cases[i].path)), cases[i].dir));
		assert_true(
			sk_span_eq_str(sk_path_base(sk_span_str(cases[i].path)), cases[i].base));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(replaces_files, make_dir, drop_dir),
		cmocka_unit_test_setup_teardown(leaves_nothing_behind, make_dir, drop_dir),
		cmocka_unit_test_setup_teardown(bounds_reading, make_dir, drop_dir),
		cmocka_unit_test_setup_teardown(reads_whole, make_dir, drop_dir),
		cmocka_unit_test(goes_on_after_short_reads),
		cmocka_unit_test(sinks),
		cmocka_unit_test(splits_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
