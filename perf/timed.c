/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timed N COMMAND...: runs a command N times and prints the least wall time in nanoseconds, the
 * largest peak memory in KiB and the last exit status. A small program of its own, since the peak
 * that the kernel reports includes what the parent had at the time of the fork.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/parse.h"

static int64_t now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int run_once(char **argv, int64_t *ret_ns, long *ret_kib)
{
	int64_t start = now_ns();
	pid_t pid = fork();
	struct rusage usage;
	int status;

	if (pid == 0) {
		execvp(argv[0], argv);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &usage) < 0) {
		perror("timed");
		exit(126);
	}
	*ret_ns = now_ns() - start;
	*ret_kib = usage.ru_maxrss;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
	int64_t least = INT64_MAX;
	long most = 0;
	uint32_t n;
	int code = 0;

	if (argc < 3 || !sk_parse_u32(sk_span_str(argv[1]), &n) || n == 0) {
		(void)fprintf(stderr, "usage: timed N COMMAND...\n");
		return 2;
	}
	for (uint32_t i = 0; i < n; i++) {
		int64_t ns;
		long kib;

		code = run_once(argv + 2, &ns, &kib);
		least = ns < least ? ns : least;
		most = kib > most ? kib : most;
	}
	(void)fprintf(stderr, "%lld %ld %d\n", (long long)least, most, code);
	return 0;
}
