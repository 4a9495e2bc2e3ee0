/* SPDX-License-Identifier: Apache-2.0 */
/* Workers: what they may not do, and what becomes of those that die, stall or lie. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/io.h"
#include "scan/pool.h"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED true
#endif
#endif
#ifndef SANITIZED
#define SANITIZED false
#endif

static struct sk_limits limits;

static int run_one(struct scan_job *job, uint64_t deadline_ms)
{
	struct scan_pool pool = {.n_workers = 2, .deadline_ms = deadline_ms};
	struct sk_err err;

	limits = sk_limits_default();
	job->limits = &limits;
	if (job->what == NULL)
		job->what = "job";
	assert_int_equal(scan_pool_run(&pool, job, 1, &err), 0);
	return job->r;
}

static int work_echo(const struct scan_job *job, struct sk_buf *answer, struct sk_err *err)
{
	(void)err;
	(void)sk_buf_printf(answer, "%s", (const char *)job->ctx);
	*job->progress = 42;
	return 0;
}

static void answers(void **state)
{
	struct scan_pool pool = {.n_workers = 3};
	struct scan_job jobs[20] = {0};
	char texts[20][16];
	struct sk_err err;

	(void)state;
	limits = sk_limits_default();
	for (size_t i = 0; i < 20; i++) {
		(void)snprintf(texts[i], sizeof(texts[i]), "answer %zu", i);
		jobs[i] = (struct scan_job){.what = "job",
					    .fd = -1,
					    .work = work_echo,
					    .ctx = texts[i],
					    .limits = &limits};
	}
	assert_int_equal(scan_pool_run(&pool, jobs, 20, &err), 0);
	for (size_t i = 0; i < 20; i++) {
		assert_int_equal(jobs[i].r, 0);
		assert_string_equal(jobs[i].answer.ptr, texts[i]);
		sk_buf_release(&jobs[i].answer);
	}
}

static int work_large(const struct scan_job *job, struct sk_buf *answer, struct sk_err *err)
{
	(void)job;
	(void)err;
	for (size_t i = 0; i < (3 << 20); i++)
		(void)sk_buf_add_char(answer, (char)i);
	return 0;
}

static void large_answer(void **state)
{
	struct scan_job job = {.fd = -1, .work = work_large};

	(void)state;
	assert_int_equal(run_one(&job, 0), 0);
	assert_int_equal(job.answer.len, 3 << 20);
	for (size_t i = 0; i < job.answer.len; i++)
		assert_true(job.answer.ptr[i] == (char)i);
	sk_buf_release(&job.answer);
}

static int work_fail(const struct scan_job *job, struct sk_buf *answer, struct sk_err *err)
{
	(void)job;
	(void)sk_buf_add_str(answer, "half an answer");
	return sk_err_set(err, SK_E_FORMAT, "bad \x1b[31mbytes\xff at %d", 7);
}

static void failure(void **state)
{
	struct scan_job job = {.fd = -1, .work = work_fail, .what = "layer 3"};

	(void)state;
	assert_int_equal(run_one(&job, 0), -SK_E_FORMAT);
	/* Whatever a worker says is safe to show. */
	assert_string_equal(job.err.msg, "layer 3: bad ?[31mbytes? at 7");
	assert_int_equal(job.answer.len, 0);
	sk_buf_release(&job.answer);
}

static int work_crash(const struct scan_job *job, struct sk_buf *answer, struct sk_err *err)
{
	(void)job;
	(void)answer;
	(void)err;
	(void)signal(SIGSEGV, SIG_DFL);
	(void)syscall(SYS_exit_group, 5);
	return 0;
}

static int work_stall(const struct scan_job *job, struct sk_buf *answer, struct sk_err *err)
{
	(void)job;
	(void)answer;
	(void)err;
	for (int i = 0; i < 1000; i++)
		(void)sleep(1000);
	return 0;
}

/* A worker that was taken over writes to the channel itself: its highest open descriptor. */
static int write_raw(const void *bytes, size_t len)
{
	for (int fd = 63; fd > 2; fd--)
		if (write(fd, bytes, len) == (ssize_t)len)
			break;
	_exit(0);
}

static int work_garbage(const struct scan_job *job, struct sk_buf *answer, struct sk_err *err)
{
	static const char bytes[64] = "this is not a frame";

	(void)job;
	(void)answer;
	(void)err;
	return write_raw(bytes, sizeof(bytes));
}

static int work_short(const struct scan_job *job, struct sk_buf *answer, struct sk_err *err)
{
	static const char bytes[30] = "SKW1\0\0\0\0\0\0\0\0\0\0\0\0\x40\0\0\0\0\0\0\0short";

	(void)job;
	(void)answer;
	(void)err;
	return write_raw(bytes, sizeof(bytes));
}

static int work_long(const struct scan_job *job, struct sk_buf *answer, struct sk_err *err)
{
	static const char bytes[30] = "SKW1\0\0\0\0\0\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0more";

	(void)job;
	(void)answer;
	(void)err;
	return write_raw(bytes, sizeof(bytes));
}

static int work_huge(const struct scan_job *job, struct sk_buf *answer, struct sk_err *err)
{
	static const char bytes[30] =
		"SKW1\0\0\0\0\0\0\0\0\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\x7f";

	(void)job;
	(void)answer;
	(void)err;
	return write_raw(bytes, sizeof(bytes));
}

static int work_odd_code(const struct scan_job *job, struct sk_buf *answer, struct sk_err *err)
{
	static const char bytes[26] = "SKW1\xff\xff\xff\x7f\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0x";

	(void)job;
	(void)answer;
	(void)err;
	return write_raw(bytes, sizeof(bytes));
}

/* A message without a code, and a code together with content. */
static int work_message_alone(const struct scan_job *job, struct sk_buf *answer, struct sk_err *err)
{
	static const char bytes[28] = "SKW1\0\0\0\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0text";

	(void)job;
	(void)answer;
	(void)err;
	return write_raw(bytes, sizeof(bytes));
}

static int work_both(const struct scan_job *job, struct sk_buf *answer, struct sk_err *err)
{
	static const char bytes[28] = "SKW1\x01\x04\0\0\x02\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0text";

	(void)job;
	(void)answer;
	(void)err;
	return write_raw(bytes, sizeof(bytes));
}

static void broken_workers(void **state)
{
	static int (*const works[])(const struct scan_job *, struct sk_buf *, struct sk_err *) = {
		work_crash, work_garbage,  work_short,         work_long,
		work_huge,  work_odd_code, work_message_alone, work_both};

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_LEN(works); i++) {
		struct scan_job job = {.fd = -1, .work = works[i], .what = "layer 7"};

		assert_int_equal(run_one(&job, 0), -SK_E_WORKER);
		assert_non_null(strstr(job.err.msg, "layer 7"));
		assert_int_equal(job.answer.len, 0);
		sk_buf_release(&job.answer);
	}
}

static void others_go_on(void **state)
{
	struct scan_pool pool = {.n_workers = 2};
	struct scan_job jobs[] = {
		{.what = "a", .fd = -1, .work = work_crash},
		{.what = "b", .fd = -1, .work = work_echo, .ctx = "alive"},
		{.what = "c", .fd = -1, .work = work_garbage},
		{.what = "d", .fd = -1, .work = work_echo, .ctx = "too"},
	};
	struct sk_err err;

	(void)state;
	limits = sk_limits_default();
	for (size_t i = 0; i < SK_ARRAY_LEN(jobs); i++)
		jobs[i].limits = &limits;
	assert_int_equal(scan_pool_run(&pool, jobs, SK_ARRAY_LEN(jobs), &err), 0);
	assert_int_equal(jobs[0].r, -SK_E_WORKER);
	assert_int_equal(jobs[2].r, -SK_E_WORKER);
	assert_string_equal(jobs[1].answer.ptr, "alive");
	assert_string_equal(jobs[3].answer.ptr, "too");
	for (size_t i = 0; i < SK_ARRAY_LEN(jobs); i++)
		sk_buf_release(&jobs[i].answer);
}

static int work_numbers(const struct scan_job *job, struct sk_buf *answer, struct sk_err *err)
{
	(void)err;
	for (int i = 0; i < *(const int *)job->ctx; i++)
		sk_wire_put_u64(answer, 40u + (unsigned)i);
	return 0;
}

static void read_two(struct sk_wire *w, void *to)
{
	uint64_t *numbers = to;

	numbers[0] = sk_wire_get_u64(w, 100);
	numbers[1] = sk_wire_get_u64(w, 100);
}

static int ask(int (*work)(const struct scan_job *, struct sk_buf *, struct sk_err *),
	       const void *ctx, uint64_t *numbers, struct sk_err *err)
{
	struct scan_job job = {.what = "two numbers", .fd = -1, .work = work, .ctx = ctx};

	return scan_pool_ask(&job, sk_mono_ms() + 60000, read_two, numbers, err);
}

static void asks(void **state)
{
	const int one = 1, two = 2, three = 3;
	uint64_t numbers[2] = {0, 0};
	struct sk_err err;

	(void)state;
	assert_int_equal(ask(work_numbers, &two, numbers, &err), 0);
	assert_true(numbers[0] == 40 && numbers[1] == 41);
	assert_int_equal(ask(work_numbers, &one, numbers, &err), -SK_E_WORKER);
	assert_string_equal(err.msg, "two numbers: malformed answer");
	assert_int_equal(ask(work_numbers, &three, numbers, &err), -SK_E_WORKER);
	numbers[0] = 7;
	assert_int_equal(ask(work_fail, NULL, numbers, &err), -SK_E_FORMAT);
	assert_string_equal(err.msg, "two numbers: bad ?[31mbytes? at 7");
	assert_true(numbers[0] == 7);
}

static void stalled_worker(void **state)
{
	struct scan_job job = {.fd = -1, .work = work_stall};

	(void)state;
	assert_int_equal(run_one(&job, sk_mono_ms() + 200), -SK_E_TIMEOUT);
	sk_buf_release(&job.answer);
}

/* Everything that a worker which was taken over would try. One line for each that succeeds. */
static int work_escape(const struct scan_job *job, struct sk_buf *answer, struct sk_err *err)
{
	static const char *const argv[] = {"/bin/true", NULL};
	bool tree = job->tree;
	char byte;
	int fd;

	(void)err;
	if (socket(AF_INET, SOCK_STREAM, 0) >= 0 || socket(AF_UNIX, SOCK_STREAM, 0) >= 0 ||
	    socket(AF_NETLINK, SOCK_RAW, 0) >= 0)
		(void)sk_buf_add_str(answer, "socket\n");
	if (fork() >= 0)
		(void)sk_buf_add_str(answer, "fork\n");
	(void)execve(argv[0], (char *const *)(uintptr_t)argv, NULL);
	if (errno != EPERM)
		(void)sk_buf_add_str(answer, "exec\n");
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) >= 0)
		(void)sk_buf_add_str(answer, "ptrace\n");
	if (kill(getppid(), 0) >= 0)
		(void)sk_buf_add_str(answer, "kill\n");
	if (open("/etc/passwd", O_RDONLY) >= 0 && !tree)
		(void)sk_buf_add_str(answer, "open\n");
	if (open("/tmp/sk-test-escape", O_WRONLY | O_CREAT, 0600) >= 0)
		(void)sk_buf_add_str(answer, "create\n");
	if (openat(job->fd, "made", O_RDWR | O_CREAT, 0600) >= 0)
		(void)sk_buf_add_str(answer, "create in the tree\n");
	if (openat(job->fd, "file", O_WRONLY) >= 0 ||
	    openat(job->fd, "file", O_RDONLY | O_TRUNC) >= 0)
		(void)sk_buf_add_str(answer, "write in the tree\n");
	if (unlinkat(job->fd, "file", 0) >= 0 || unlink("/tmp/sk-test-file") >= 0)
		(void)sk_buf_add_str(answer, "unlink\n");
	if (mkdir("/tmp/sk-test-dir", 0700) >= 0 || chmod("/tmp", 0777) >= 0)
		(void)sk_buf_add_str(answer, "change\n");
	if (mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
	    MAP_FAILED)
		(void)sk_buf_add_str(answer, "executable memory\n");
	if (write(STDOUT_FILENO, "", 0) >= 0)
		(void)sk_buf_add_str(answer, "standard output\n");
	if (setuid(0) >= 0 || syscall(SYS_bpf, 0, NULL, 0) >= 0 || syscall(SYS_mount) == 0 ||
	    syscall(SYS_io_uring_setup, 1, NULL) >= 0 || syscall(SYS_unshare, 0x10000000) >= 0)
		(void)sk_buf_add_str(answer, "privileges\n");
	fd = tree ? openat(job->fd, "file", O_RDONLY) : job->fd;
	if (read(fd, &byte, 1) != 1)
		(void)sk_buf_add_str(answer, "may not read what it must\n");
	return 0;
}

static void confinement(void **state)
{
	char dir[] = "/tmp/sk-test-XXXXXX";
	struct scan_job job = {.work = work_escape};
	int dirfd, fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(sk_write_file_atomic(dirfd, "file", sk_span_str("content"), 0600, NULL),
			 0);
	fd = openat(dirfd, "file", O_RDONLY | O_CLOEXEC);
	job.fd = fd;
	assert_int_equal(run_one(&job, 0), 0);
	assert_string_equal(job.answer.len != 0 ? job.answer.ptr : "", "");
	sk_buf_release(&job.answer);
	job.fd = dirfd;
	job.tree = true;
	assert_int_equal(run_one(&job, 0), 0);
	assert_string_equal(job.answer.len != 0 ? job.answer.ptr : "", "");
	sk_buf_release(&job.answer);
	assert_int_equal(unlinkat(dirfd, "file", 0), 0);
	assert_int_equal(rmdir(dir), 0);
	(void)close(fd);
	(void)close(dirfd);
}

static int work_eat(const struct scan_job *job, struct sk_buf *answer, struct sk_err *err)
{
	(void)job;
	(void)answer;
	(void)err;
	for (size_t i = 0; i < 64; i++) {
		char *p = mmap(NULL, 1 << 28, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			       -1, 0);

		if (p == MAP_FAILED)
			return sk_err_set(err, ENOMEM, "bounded");
	}
	return 0;
}

static void memory_is_bounded(void **state)
{
	struct scan_job job = {.fd = -1, .work = work_eat};

	(void)state;
	if (SANITIZED)
		skip();
	assert_int_equal(run_one(&job, 0), -ENOMEM);
	sk_buf_release(&job.answer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers),
		cmocka_unit_test(large_answer),
		cmocka_unit_test(failure),
		cmocka_unit_test(broken_workers),
		cmocka_unit_test(asks),
		cmocka_unit_test(others_go_on),
		cmocka_unit_test(stalled_worker),
		cmocka_unit_test(confinement),
		cmocka_unit_test(memory_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
