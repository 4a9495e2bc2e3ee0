/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp allow list through libseccomp, Landlock through raw system calls (Debian 12's libc has no
 * wrappers), resource limits. Sources: Linux Documentation/userspace-api/landlock.rst,
 * seccomp_rule_add(3), prctl(2).
 */
#include "base/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <seccomp.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANDBOX_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#define SANDBOX_SANITIZED 1
#endif
#endif
#ifndef SANDBOX_SANITIZED
#define SANDBOX_SANITIZED 0
#endif

/* What reading, computing, threads and an orderly end need. */
static const int always_allowed[] = {
	SCMP_SYS(read),           SCMP_SYS(pread64),
	SCMP_SYS(readv),          SCMP_SYS(write),
	SCMP_SYS(writev),         SCMP_SYS(lseek),
	SCMP_SYS(close),          SCMP_SYS(fstat),
	SCMP_SYS(fstatfs),        SCMP_SYS(poll),
	SCMP_SYS(munmap),         SCMP_SYS(mremap),
	SCMP_SYS(madvise),        SCMP_SYS(brk),
	SCMP_SYS(futex),          SCMP_SYS(set_robust_list),
	SCMP_SYS(rseq),           SCMP_SYS(exit),
	SCMP_SYS(exit_group),     SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sigaltstack),    SCMP_SYS(restart_syscall),
	SCMP_SYS(sched_yield),    SCMP_SYS(sched_getaffinity),
	SCMP_SYS(clock_gettime),  SCMP_SYS(clock_nanosleep),
	SCMP_SYS(nanosleep),      SCMP_SYS(gettimeofday),
	SCMP_SYS(getrandom),      SCMP_SYS(getpid),
	SCMP_SYS(gettid),         SCMP_SYS(getrusage),
	SCMP_SYS(sysinfo),
};

/* In addition for a worker that walks a directory tree. */
static const int tree_allowed[] = {
	SCMP_SYS(newfstatat), SCMP_SYS(statx), SCMP_SYS(getdents64),
	SCMP_SYS(readlinkat), SCMP_SYS(fcntl),
};

static int allow_list(scmp_filter_ctx ctx, const int *calls, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int r = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, calls[i], 0, NULL);

		if (r < 0)
			return r;
	}
	return 0;
}

static int allow_masked(scmp_filter_ctx ctx, int call, unsigned arg, uint64_t mask, uint64_t value)
{
	struct scmp_arg_cmp cmp = {
		.arg = arg, .op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = value};

	return seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, call, 1, &cmp);
}

static int add_rules(scmp_filter_ctx ctx, bool tree)
{
	const uint64_t write_flags =
		O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND | (O_TMPFILE & ~O_DIRECTORY);
	int r = allow_list(ctx, always_allowed, SK_ARRAY_LEN(always_allowed));

	if (r == 0)
		r = allow_masked(ctx, SCMP_SYS(mmap), 2, PROT_EXEC, 0);
	if (r == 0)
		r = allow_masked(ctx, SCMP_SYS(mprotect), 2, PROT_EXEC, 0);
	/* A thread of this process, never a new process. glibc falls back to it from clone3. */
	if (r == 0)
		r = allow_masked(ctx, SCMP_SYS(clone), 0, CLONE_THREAD, CLONE_THREAD);
	if (r == 0)
		r = seccomp_rule_add_array(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0, NULL);
	if (r == 0 && tree)
		r = allow_list(ctx, tree_allowed, SK_ARRAY_LEN(tree_allowed));
	if (r == 0 && tree)
		r = allow_masked(ctx, SCMP_SYS(openat), 2, write_flags, 0);
	return r;
}

static int enter_seccomp(const struct sk_sandbox *s, struct sk_err *err)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int r;

	if (ctx == NULL)
		return sk_err_set(err, ENOMEM, "sandbox: seccomp: no memory");
	(void)seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	r = add_rules(ctx, s->tree_fd >= 0);
	if (r == 0)
		r = seccomp_load(ctx);
	seccomp_release(ctx);
	return r < 0 ? sk_err_errno(err, -r, "sandbox: seccomp") : 0;
}

/* Every right that the kernel at hand knows; a newer kernel's unknown ones stay unrestricted. */
static uint64_t landlock_rights(unsigned abi)
{
	uint64_t rights = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |
			  LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |
			  LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
			  LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |
			  LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |
			  LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
			  LANDLOCK_ACCESS_FS_MAKE_SYM;

	if (abi >= 2)
		rights |= 1ull << 13; /* LANDLOCK_ACCESS_FS_REFER */
	if (abi >= 3)
		rights |= 1ull << 14; /* LANDLOCK_ACCESS_FS_TRUNCATE */
	return rights;
}

unsigned sk_sandbox_landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	return abi > 0 ? (unsigned)abi : 0;
}

/* Return: 1 in force, 0 the kernel has none, negative on failure. */
static int enter_landlock(const struct sk_sandbox *s, struct sk_err *err)
{
	unsigned abi = sk_sandbox_landlock_abi();
	struct landlock_ruleset_attr attr = {.handled_access_fs = landlock_rights(abi)};
	struct landlock_path_beneath_attr beneath = {
		.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
		.parent_fd = s->tree_fd,
	};
	int fd, r = 0;

	if (abi == 0)
		return 0;
	fd = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	if (fd < 0)
		return sk_err_errno(err, errno, "sandbox: landlock rule set");
	if (s->tree_fd >= 0 &&
	    syscall(SYS_landlock_add_rule, fd, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) < 0)
		r = sk_err_errno(err, errno, "sandbox: landlock rule");
	if (r == 0 && syscall(SYS_landlock_restrict_self, fd, 0) < 0)
		r = sk_err_errno(err, errno, "sandbox: landlock");
	(void)close(fd);
	return r < 0 ? r : 1;
}

static int limit(int what, uint64_t value, struct sk_err *err)
{
	struct rlimit rl, old;

	if (getrlimit((__rlimit_resource_t)what, &old) < 0)
		return sk_err_errno(err, errno, "sandbox: limits");
	if (value > old.rlim_max)
		value = old.rlim_max;
	rl = (struct rlimit){.rlim_cur = value, .rlim_max = value};
	/* SIGXCPU, which says what happened, comes at the lower limit only. */
	if (what == RLIMIT_CPU && value < old.rlim_max)
		rl.rlim_max = value + 1;
	if (setrlimit((__rlimit_resource_t)what, &rl) < 0)
		return sk_err_errno(err, errno, "sandbox: limits");
	return 0;
}

static int enter_limits(const struct sk_sandbox *s, struct sk_err *err)
{
	int r = limit(RLIMIT_CORE, 0, err);

	if (r == 0)
		r = limit(RLIMIT_FSIZE, 0, err);
	if (r == 0)
		r = limit(RLIMIT_NOFILE, s->n_files, err);
	if (r == 0 && s->cpu_s != 0)
		r = limit(RLIMIT_CPU, s->cpu_s, err);
	if (r == 0 && s->memory != 0 && !SANDBOX_SANITIZED)
		r = limit(RLIMIT_AS, s->memory, err);
	return r;
}

static bool is_kept(const struct sk_sandbox *s, int fd)
{
	for (size_t i = 0; i < SK_ARRAY_LEN(s->keep_fds); i++)
		if (s->keep_fds[i] == fd)
			return true;
	return fd == s->tree_fd || (SANDBOX_SANITIZED && fd == STDERR_FILENO);
}

/* Closes the gaps between the descriptors that stay. */
static int close_others(const struct sk_sandbox *s, struct sk_err *err)
{
	int highest = STDERR_FILENO;

	for (size_t i = 0; i < SK_ARRAY_LEN(s->keep_fds); i++)
		if (s->keep_fds[i] > highest)
			highest = s->keep_fds[i];
	if (s->tree_fd > highest)
		highest = s->tree_fd;
	for (int fd = 0; fd <= highest; fd++)
		if (!is_kept(s, fd))
			(void)close(fd);
	if (syscall(SYS_close_range, (unsigned)highest + 1, ~0u, 0) < 0 && errno != ENOSYS)
		return sk_err_errno(err, errno, "sandbox: close_range");
	if (errno == ENOSYS)
		for (int fd = highest + 1; fd < 4096; fd++)
			(void)close(fd);
	return 0;
}

int sk_sandbox_enter(const struct sk_sandbox *s, unsigned *ret_layers, struct sk_err *err)
{
	unsigned layers = SK_SANDBOX_NO_NEW_PRIVS | SK_SANDBOX_RLIMITS | SK_SANDBOX_SECCOMP;
	int r;

	errno = 0;
	r = close_others(s, err);
	if (r < 0)
		return r;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return sk_err_errno(err, errno, "sandbox: prctl");
	r = enter_limits(s, err);
	if (r < 0)
		return r;
	r = enter_landlock(s, err);
	if (r < 0)
		return r;
	if (r == 1)
		layers |= SK_SANDBOX_LANDLOCK;
	r = enter_seccomp(s, err);
	if (r < 0)
		return r;
	if (ret_layers != NULL)
		*ret_layers = layers;
	return 0;
}
