/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timed [-t] N COMMAND...: runs a command N times and prints the least wall time in nanoseconds,
 * the largest peak memory of one process in KiB, the last exit status and the least CPU time of all
 * its processes in nanoseconds. -t runs it once more and prints a fifth number: the largest
 * resident memory of all its processes together in KiB, looked at every half millisecond. What they
 * share is counted in each, so it is rather too much; that run is not timed.
 *
 * A small program of its own, since the peak that the kernel reports includes what the parent had
 * at the time of the fork.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/parse.h"

enum {
	MAX_DEPTH = 4,
	SAMPLE_NS = 500 * 1000,
};

struct run {
	int64_t ns;
	int64_t cpu_ns;
	long kib;
	int code;
};

static int64_t now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int64_t tv_ns(struct timeval t)
{
	return (int64_t)t.tv_sec * 1000000000 + (int64_t)t.tv_usec * 1000;
}

static pid_t start(char **argv)
{
	pid_t pid = fork();

	if (pid == 0) {
		execvp(argv[0], argv);
		_exit(127);
	}
	if (pid < 0) {
		perror("timed");
		exit(126);
	}
	return pid;
}

static struct run run_once(char **argv)
{
	int64_t begin = now_ns();
	pid_t pid = start(argv);
	struct rusage usage;
	struct run r;
	int status;

	if (wait4(pid, &status, 0, &usage) < 0) {
		perror("timed");
		exit(126);
	}
	r.ns = now_ns() - begin;
	r.cpu_ns = tv_ns(usage.ru_utime) + tv_ns(usage.ru_stime);
	r.kib = usage.ru_maxrss;
	r.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return r;
}

/* The text of a small file; empty when the process is gone. */
static struct sk_span read_proc(pid_t pid, const char *name, char *buf, size_t size)
{
	char path[64];
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return (struct sk_span){buf, 0};
	n = read(fd, buf, size);
	(void)close(fd);
	return sk_span_of(buf, n > 0 ? (size_t)n : 0);
}

/* Resident KiB of a process and of those below it. */
static long tree_kib(pid_t pid, int depth)
{
	char statm[128], children[4096], name[48];
	struct sk_span text = read_proc(pid, "statm", statm, sizeof(statm)), word;
	uint64_t pages = 0;
	uint32_t child;
	long sum;

	(void)sk_span_cut(&text, ' ', &word);
	if (!sk_span_cut(&text, ' ', &word) || !sk_parse_u64(word, &pages))
		return 0;
	sum = (long)pages * (sysconf(_SC_PAGESIZE) / 1024);
	if (depth == MAX_DEPTH)
		return sum;
	(void)snprintf(name, sizeof(name), "task/%d/children", (int)pid);
	text = read_proc(pid, name, children, sizeof(children));
	while (sk_span_cut(&text, ' ', &word))
		if (sk_parse_u32(word, &child))
			sum += tree_kib((pid_t)child, depth + 1);
	return sum;
}

static long watch_memory(char **argv)
{
	const struct timespec pause = {.tv_nsec = SAMPLE_NS};
	pid_t pid = start(argv);
	long most = 0;

	while (waitpid(pid, NULL, WNOHANG) == 0) {
		long kib = tree_kib(pid, 0);

		most = kib > most ? kib : most;
		(void)nanosleep(&pause, NULL);
	}
	return most;
}

int main(int argc, char **argv)
{
	bool watch = argc > 1 && strcmp(argv[1], "-t") == 0;
	struct run least = {.ns = INT64_MAX, .cpu_ns = INT64_MAX};
	uint32_t n;

	argc -= watch;
	argv += watch;
	if (argc < 3 || !sk_parse_u32(sk_span_str(argv[1]), &n) || n == 0) {
		(void)fprintf(stderr, "usage: timed [-t] N COMMAND...\n");
		return 2;
	}
	for (uint32_t i = 0; i < n; i++) {
		struct run r = run_once(argv + 2);

		least.ns = r.ns < least.ns ? r.ns : least.ns;
		least.cpu_ns = r.cpu_ns < least.cpu_ns ? r.cpu_ns : least.cpu_ns;
		least.kib = r.kib > least.kib ? r.kib : least.kib;
		least.code = r.code;
	}
	(void)fprintf(stderr, "%" PRId64 " %ld %d %" PRId64, least.ns, least.kib, least.code,
		      least.cpu_ns);
	(void)fprintf(stderr, " %ld\n", watch ? watch_memory(argv + 2) : 0);
	return 0;
}
