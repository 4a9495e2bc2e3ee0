/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Not part of the program: workers of the real pool, confined as every worker is, that try what a
 * worker must not be able to do. One line for each attempt: "denied NAME: why" or "ALLOWED NAME".
 * The arguments: the mode (layer or tree), a directory with the file "file", whose worker it is,
 * and a file outside of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/sandbox.h"
#include "scan/pool.h"

struct setting {
	bool tree;
	const char *outside;
};

/** struct attempt - @run: true when it succeeded, else errno says why */
struct attempt {
	const char *name;
	bool (*run)(const struct scan_job *job);
	enum {
		TREE = 1 << 0,     /* a tree's worker only */
		LAYER = 1 << 1,    /* not a tree's worker */
		LANDLOCK = 1 << 2, /* in a tree, denied by Landlock only */
		MUST = 1 << 3,     /* what a worker needs: must succeed */
		UNSANITIZED = 1 << 4,
	} flags;
};

static const struct setting *setting_of(const struct scan_job *job)
{
	return job->ctx;
}

static bool try_socket(const struct scan_job *job)
{
	(void)job;
	return socket(AF_INET, SOCK_STREAM, 0) >= 0;
}

static bool try_unix_socket(const struct scan_job *job)
{
	(void)job;
	return socket(AF_UNIX, SOCK_STREAM, 0) >= 0;
}

static bool try_socketpair(const struct scan_job *job)
{
	int fds[2];

	(void)job;
	return socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0;
}

static bool try_connect(const struct scan_job *job)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "/run/docker.sock"};

	return connect(job->fd, (const struct sockaddr *)&a, sizeof(a)) == 0 || errno == ENOTSOCK ||
	       errno == ENOENT;
}

static bool try_write(const struct scan_job *job)
{
	return openat(job->fd, "file", O_WRONLY) >= 0;
}

static bool try_write_outside(const struct scan_job *job)
{
	return open(setting_of(job)->outside, O_RDWR) >= 0;
}

static bool try_truncate(const struct scan_job *job)
{
	return openat(job->fd, "file", O_RDONLY | O_TRUNC) >= 0;
}

static bool try_truncate_open(const struct scan_job *job)
{
	return ftruncate(job->fd, 0) == 0 || errno == EINVAL;
}

static bool try_create(const struct scan_job *job)
{
	return openat(job->fd, "made", O_RDONLY | O_CREAT, 0600) >= 0;
}

static bool try_create_tmp(const struct scan_job *job)
{
	(void)job;
	return open("/tmp/stockade-try-escape", O_WRONLY | O_CREAT, 0600) >= 0 ||
	       open("/tmp", O_RDWR | O_TMPFILE, 0600) >= 0;
}

static bool try_memfd(const struct scan_job *job)
{
	(void)job;
	return memfd_create("x", 0) >= 0;
}

static bool try_unlink(const struct scan_job *job)
{
	return unlinkat(job->fd, "file", 0) == 0 || unlink(setting_of(job)->outside) == 0;
}

static bool try_rename(const struct scan_job *job)
{
	return renameat(job->fd, "file", job->fd, "other") == 0;
}

static bool try_link(const struct scan_job *job)
{
	return linkat(job->fd, "file", job->fd, "other", 0) == 0 ||
	       symlinkat("file", job->fd, "other") == 0;
}

static bool try_mkdir(const struct scan_job *job)
{
	return mkdirat(job->fd, "dir", 0700) == 0 || mkfifoat(job->fd, "fifo", 0600) == 0;
}

static bool try_chmod(const struct scan_job *job)
{
	return fchmod(job->fd, 0777) == 0 || fchown(job->fd, 1, 1) == 0;
}

static bool try_xattr(const struct scan_job *job)
{
	return syscall(SYS_fsetxattr, job->fd, "user.x", "y", 1, 0) == 0;
}

static bool try_exec(const struct scan_job *job)
{
	static const char *const argv[] = {"/bin/true", NULL};

	(void)job;
	(void)execve(argv[0], (char *const *)(uintptr_t)argv, NULL);
	return errno != EPERM && errno != EACCES;
}

static bool try_execveat(const struct scan_job *job)
{
	static const char *const argv[] = {"x", NULL};

	(void)syscall(SYS_execveat, job->fd, "file", argv, NULL, 0);
	return errno != EPERM;
}

static bool try_fork(const struct scan_job *job)
{
	pid_t pid = fork();

	(void)job;
	if (pid == 0)
		_exit(0);
	return pid > 0;
}

static bool try_vfork(const struct scan_job *job)
{
	long pid = syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);

	(void)job;
	if (pid == 0)
		_exit(0);
	return pid > 0;
}

static bool try_ptrace(const struct scan_job *job)
{
	(void)job;
	return ptrace(PTRACE_ATTACH, getpid() - 1, NULL, NULL) == 0 ||
	       ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0 || errno == ESRCH;
}

static bool try_vm_write(const struct scan_job *job)
{
	(void)job;
	return syscall(SYS_process_vm_writev, 1, NULL, 0, NULL, 0, 0) >= 0;
}

static bool try_kill(const struct scan_job *job)
{
	(void)job;
	return kill(getppid(), 0) == 0 || kill(1, 0) == 0 || kill(-1, 0) == 0 || errno == ESRCH;
}

static bool try_pidfd(const struct scan_job *job)
{
	(void)job;
	return syscall(SYS_pidfd_open, 1, 0) >= 0;
}

static bool try_mount(const struct scan_job *job)
{
	(void)job;
	return mount("none", "/tmp", "tmpfs", 0, NULL) == 0 || chroot("/") == 0;
}

static bool try_unshare(const struct scan_job *job)
{
	(void)job;
	return unshare(CLONE_NEWUSER) == 0 || unshare(CLONE_NEWNS) == 0;
}

static bool try_setuid(const struct scan_job *job)
{
	(void)job;
	return setuid(0) == 0 || setgid(0) == 0;
}

static bool try_kernel(const struct scan_job *job)
{
	(void)job;
	return syscall(SYS_bpf, 0, NULL, 0) >= 0 || errno != EPERM ||
	       syscall(SYS_io_uring_setup, 1, NULL) >= 0 || errno != EPERM ||
	       syscall(SYS_userfaultfd, 0) >= 0 ||
	       syscall(SYS_perf_event_open, NULL, 0, 0, 0, 0) >= 0;
}

static bool try_raise_limit(const struct scan_job *job)
{
	struct rlimit rl = {RLIM_INFINITY, RLIM_INFINITY};

	(void)job;
	return syscall(SYS_prlimit64, 0, RLIMIT_CPU, &rl, NULL) == 0;
}

static bool try_code(const struct scan_job *job)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)job;
	return mprotect(p, 4096, PROT_READ | PROT_EXEC) == 0 ||
	       mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
		       MAP_FAILED;
}

static bool try_memory(const struct scan_job *job)
{
	(void)job;
	for (int i = 0; i < 4096; i++)
		if (mmap(NULL, 1 << 26, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			 0) == MAP_FAILED)
			return false;
	return true;
}

static bool try_descriptors(const struct scan_job *job)
{
	for (int i = 0; i < 300; i++)
		if (openat(job->fd, "file", O_RDONLY) < 0)
			return false;
	return true;
}

static bool try_dup(const struct scan_job *job)
{
	return syscall(SYS_dup, job->fd) >= 0 || dup2(job->fd, 200) >= 0;
}

static bool try_output(const struct scan_job *job)
{
	(void)job;
	return write(STDOUT_FILENO, "", 0) >= 0 || read(STDIN_FILENO, NULL, 0) >= 0;
}

static bool try_open(const struct scan_job *job)
{
	return open(setting_of(job)->outside, O_RDONLY) >= 0;
}

static bool try_open_above(const struct scan_job *job)
{
	return openat(job->fd, "..", O_RDONLY | O_DIRECTORY) >= 0;
}

static bool try_shadow(const struct scan_job *job)
{
	(void)job;
	return open("/etc/shadow", O_RDONLY) >= 0;
}

static bool read_own(const struct scan_job *job)
{
	int fd = job->tree ? openat(job->fd, "file", O_RDONLY) : job->fd;
	char byte;

	return read(fd, &byte, 1) == 1;
}

static const struct attempt attempts[] = {
	{"standard output", try_output, 0},
	{"read what it was given", read_own, MUST},
	{"socket", try_socket, 0},
	{"unix socket", try_unix_socket, 0},
	{"socketpair", try_socketpair, 0},
	{"connect", try_connect, 0},
	{"open for writing", try_write, 0},
	{"open for writing outside", try_write_outside, 0},
	{"open and truncate", try_truncate, 0},
	{"truncate", try_truncate_open, 0},
	{"create", try_create, 0},
	{"create in /tmp", try_create_tmp, 0},
	{"memfd", try_memfd, 0},
	{"unlink", try_unlink, 0},
	{"rename", try_rename, 0},
	{"link", try_link, 0},
	{"mkdir", try_mkdir, 0},
	{"chmod", try_chmod, 0},
	{"extended attribute", try_xattr, 0},
	{"execve", try_exec, 0},
	{"execveat", try_execveat, 0},
	{"fork", try_fork, 0},
	{"clone", try_vfork, 0},
	{"ptrace", try_ptrace, 0},
	{"write into a process", try_vm_write, 0},
	{"kill", try_kill, 0},
	{"pidfd", try_pidfd, 0},
	{"mount", try_mount, 0},
	{"unshare", try_unshare, 0},
	{"setuid", try_setuid, 0},
	{"bpf, io_uring, userfaultfd, perf", try_kernel, 0},
	{"raise a limit", try_raise_limit, 0},
	{"executable memory", try_code, 0},
	{"256 GiB of memory", try_memory, UNSANITIZED},
	{"dup", try_dup, 0},
	{"open", try_open, LAYER},
	{"open /etc/shadow", try_shadow, LAYER},
	{"open outside the tree", try_open, TREE | LANDLOCK},
	{"open above the tree", try_open_above, TREE | LANDLOCK},
	{"open /etc/shadow from a tree", try_shadow, TREE | LANDLOCK},
	{"300 descriptors", try_descriptors, 0}, /* the last: it uses them up */
};

static bool applies(const struct attempt *a, bool tree)
{
	if (getenv("SK_SANITIZE") != NULL && *getenv("SK_SANITIZE") != '\0' &&
	    (a->flags & UNSANITIZED) != 0)
		return false;
	return (a->flags & (tree ? LAYER : TREE)) == 0;
}

static int work(const struct scan_job *job, struct sk_buf *answer, sk_unused struct sk_err *err)
{
	(void)sk_buf_printf(answer, "layers %u\n", job->layers);
	for (size_t i = 0; i < SK_ARRAY_LEN(attempts); i++) {
		const struct attempt *a = &attempts[i];
		bool done;

		if (!applies(a, job->tree))
			continue;
		errno = 0;
		done = a->run(job);
		if ((a->flags & MUST) != 0)
			(void)sk_buf_printf(answer, "%s %s\n", done ? "needed" : "LOST", a->name);
		else if (!done)
			(void)sk_buf_printf(answer, "denied %s: %s\n", a->name,
					    strerrorname_np(errno));
		else
			(void)sk_buf_printf(answer, "%s %s\n",
					    (a->flags & LANDLOCK) != 0 &&
							    (job->layers & SK_SANDBOX_LANDLOCK) == 0
						    ? "without-landlock"
						    : "ALLOWED",
					    a->name);
	}
	return 0;
}

static int burn(sk_unused const struct scan_job *job, sk_unused struct sk_buf *answer,
		sk_unused struct sk_err *err)
{
	for (volatile uint64_t i = 0; i != UINT64_MAX; i++)
		;
	return 0;
}

static int run(struct scan_job *job)
{
	struct scan_pool pool = {.n_workers = 1, .deadline_ms = sk_mono_ms() + 120000};
	struct sk_err err = {0};

	if (scan_pool_run(&pool, job, 1, &err) < 0) {
		(void)fprintf(stderr, "%s\n", err.msg);
		return 1;
	}
	if (job->r < 0)
		(void)printf("failed %s\n", job->err.msg);
	else
		(void)fputs(job->answer.len != 0 ? job->answer.ptr : "ALLOWED to end\n", stdout);
	sk_buf_release(&job->answer);
	return 0;
}

int main(int argc, char **argv)
{
	struct sk_limits limits = sk_limits_default();
	struct setting setting = {0};
	struct scan_job job = {.what = "try-escape", .limits = &limits, .ctx = &setting};
	int dir;

	if (argc != 4)
		return 2;
	setting.tree = strcmp(argv[1], "tree") == 0;
	setting.outside = argv[3];
	dir = open(argv[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	job.tree = setting.tree;
	job.fd = setting.tree ? dir : openat(dir, "file", O_RDONLY | O_CLOEXEC);
	job.work = work;
	if (strcmp(argv[1], "burn") == 0) {
		limits.max[SK_LIMIT_TIME] = 1;
		job.work = burn;
	}
	return run(&job);
}
