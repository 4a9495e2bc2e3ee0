/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp profile in the form that Docker, containerd, CRI-O and podman read (OCI runtime
 * specification 1.1, config-linux.md "Seccomp", with Docker's comments). Everything is refused but
 * what was seen and what the runtime itself does between loading the filter and the program's first
 * instruction.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "guard/export-priv.h"
#include "guard/names.h"

/*
 * runc loads the filter, then sets user and groups, drops capabilities, closes descriptors, changes
 * directory and executes; its Go runtime makes threads, sleeps and handles signals meanwhile;
 * docker run --init waits for the program; the program's loader maps its libraries. A call that is
 * missing here keeps a container from starting, so the list is wider than one start needs; what it
 * holds is harmless. test/t6100-guard-export starts containers in several ways.
 */
static const char *const runtime_calls[] = {"access",
					    "arch_prctl",
					    "brk",
					    "capget",
					    "capset",
					    "chdir",
					    "clone",
					    "clone3",
					    "close",
					    "close_range",
					    "dup3",
					    "epoll_create1",
					    "epoll_ctl",
					    "epoll_pwait",
					    "execve",
					    "execveat",
					    "exit",
					    "exit_group",
					    "faccessat2",
					    "fchdir",
					    "fcntl",
					    "fgetxattr",
					    "fstat",
					    "fstatfs",
					    "futex",
					    "getcwd",
					    "getdents64",
					    "geteuid",
					    "getgid",
					    "getpgid",
					    "getpid",
					    "getppid",
					    "getrandom",
					    "getrlimit",
					    "gettid",
					    "getuid",
					    "ioctl",
					    "keyctl",
					    "kill",
					    "lseek",
					    "madvise",
					    "mmap",
					    "mprotect",
					    "munmap",
					    "nanosleep",
					    "newfstatat",
					    "openat",
					    "openat2",
					    "pipe2",
					    "prctl",
					    "pread64",
					    "prlimit64",
					    "read",
					    "readlinkat",
					    "restart_syscall",
					    "rseq",
					    "rt_sigaction",
					    "rt_sigprocmask",
					    "rt_sigreturn",
					    "rt_sigtimedwait",
					    "sched_getaffinity",
					    "sched_yield",
					    "seccomp",
					    "set_robust_list",
					    "set_tid_address",
					    "setgid",
					    "setgroups",
					    "setpgid",
					    "setresgid",
					    "setresuid",
					    "setsid",
					    "setuid",
					    "sigaltstack",
					    "statfs",
					    "statx",
					    "tgkill",
					    "timer_create",
					    "timer_delete",
					    "timer_settime",
					    "umask",
					    "uname",
					    "wait4",
					    "write"};

/* From here on programs ask for calls that an older kernel lacks, and fall back on ENOSYS only. */
enum {
	FIRST_OPTIONAL = 424, /* pidfd_send_signal, Linux 5.1 */
};

static const char *const optional_calls[] = {"copy_file_range", "preadv2",       "pwritev2",
					     "statx",           "io_pgetevents", "rseq"};

static bool is_seen(const struct guard_profile *p, unsigned nr)
{
	return (p->syscalls[nr / 64] >> nr % 64 & 1) != 0;
}

static bool is_runtime(const char *name)
{
	for (size_t i = 0; i < SK_ARRAY_LEN(runtime_calls); i++)
		if (strcmp(runtime_calls[i], name) == 0)
			return true;
	return false;
}

static bool is_optional(unsigned nr, const char *name)
{
	for (size_t i = 0; i < SK_ARRAY_LEN(optional_calls); i++)
		if (strcmp(optional_calls[i], name) == 0)
			return true;
	return nr >= FIRST_OPTIONAL;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

enum rule {
	RULE_SEEN,
	RULE_RUNTIME,
	RULE_OPTIONAL,
};

static size_t collect(const struct guard_profile *p, enum rule rule, const char **names)
{
	size_t n = 0;

	for (unsigned nr = 0; nr < GUARD_N_SYSCALLS; nr++) {
		const char *name = guard_syscall_name(nr);
		bool seen = is_seen(p, nr), wanted = false;

		if (name == NULL)
			continue; /* no filter can name it */
		switch (rule) {
		case RULE_SEEN:
			wanted = seen;
			break;
		case RULE_RUNTIME:
			wanted = !seen && is_runtime(name);
			break;
		case RULE_OPTIONAL:
			wanted = !seen && !is_runtime(name) && is_optional(nr, name);
			break;
		}
		if (wanted)
			names[n++] = name;
	}
	if (n != 0)
		qsort(names, n, sizeof(*names), compare_names);
	return n;
}

static void put_rule(struct sk_jw *w, const struct guard_profile *p, enum rule rule,
		     const char *comment)
{
	const char *names[GUARD_N_SYSCALLS];
	size_t n = collect(p, rule, names);

	if (n == 0)
		return;
	sk_jw_object(w, NULL);
	sk_jw_str(w, "comment", comment);
	sk_jw_array(w, "names");
	for (size_t i = 0; i < n; i++)
		sk_jw_str(w, NULL, names[i]);
	sk_jw_end_array(w);
	sk_jw_str(w, "action", rule == RULE_OPTIONAL ? "SCMP_ACT_ERRNO" : "SCMP_ACT_ALLOW");
	if (rule == RULE_OPTIONAL)
		sk_jw_u64(w, "errnoRet", ENOSYS);
	sk_jw_end_object(w);
}

int guard_export_seccomp(const struct guard_profile *p, const struct sk_sink *sink,
			 struct sk_err *err)
{
	const char *names[GUARD_N_SYSCALLS];
	struct sk_jw w;

	if (collect(p, RULE_SEEN, names) == 0)
		return sk_err_set(err, SK_E_NOT_FOUND,
				  "the profile lists no system calls; learn them first");
	sk_jw_init(&w, sink, 2);
	sk_jw_object(&w, NULL);
	sk_jw_str(&w, "defaultAction", "SCMP_ACT_ERRNO");
	sk_jw_u64(&w, "defaultErrnoRet", EPERM);
	sk_jw_array(&w, "architectures");
	sk_jw_str(&w, NULL, "SCMP_ARCH_X86_64");
	if (p->syscalls_ia32)
		sk_jw_str(&w, NULL, "SCMP_ARCH_X86");
	sk_jw_end_array(&w);
	sk_jw_array(&w, "syscalls");
	put_rule(&w, p, RULE_SEEN, "what the service was seen to do");
	put_rule(&w, p, RULE_RUNTIME, "what the container runtime does to start it");
	put_rule(&w, p, RULE_OPTIONAL,
		 "newer calls, which programs do without when they are absent");
	sk_jw_end_array(&w);
	sk_jw_end_object(&w);
	return sk_jw_finish(&w);
}
