/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guard-flood WORKERS STARTS EVERY ALLOWED FORBIDDEN: each worker starts ALLOWED, which ends with
 * 7, STARTS times, as fast as it can, every EVERY-th time FORBIDDEN instead. Prints how many
 * programs ran to their end, how many were killed, how many ended otherwise, and how many were
 * FORBIDDEN.
 *
 * guard-flood idle: waits until it is killed.
 */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	RAN = 7,
	MOST_WORKERS = 64,
};

/** struct counts - of all workers together */
struct counts {
	unsigned long ran;
	unsigned long killed;
	unsigned long other;
	unsigned long forbidden;
};

/* Started without a copy of this process: the child only has the stack until its program starts. */
static int start(const char *path)
{
	char *const argv[] = {(char *)(uintptr_t)path, NULL};
	char *const envp[] = {NULL};
	pid_t pid = vfork();
	int status;

	if (pid == 0) {
		(void)execve(path, argv, envp);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return status;
}

static void work(struct counts *c, const char *allowed, const char *forbidden, unsigned long n,
		 unsigned long every)
{
	for (unsigned long i = 1; i <= n; i++) {
		int is_forbidden = every != 0 && i % every == 0;
		int status = is_forbidden ? start(forbidden) : start(allowed);

		if (is_forbidden)
			(void)__atomic_add_fetch(&c->forbidden, 1, __ATOMIC_RELAXED);
		if (status >= 0 && WIFEXITED(status) && WEXITSTATUS(status) == RAN)
			(void)__atomic_add_fetch(&c->ran, 1, __ATOMIC_RELAXED);
		else if (status >= 0 && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
			(void)__atomic_add_fetch(&c->killed, 1, __ATOMIC_RELAXED);
		else
			(void)__atomic_add_fetch(&c->other, 1, __ATOMIC_RELAXED);
	}
}

int main(int argc, char **argv)
{
	struct counts *c;
	unsigned long workers, n, every;

	if (argc == 2 && strcmp(argv[1], "idle") == 0)
		for (;;)
			(void)pause();
	if (argc != 6)
		return 2;
	workers = strtoul(argv[1], NULL, 10);
	n = strtoul(argv[2], NULL, 10);
	every = strtoul(argv[3], NULL, 10);
	c = mmap(NULL, sizeof(*c), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (c == MAP_FAILED || workers > MOST_WORKERS)
		return 2;
	for (unsigned long i = 0; i < workers; i++) {
		if (fork() == 0) {
			work(c, argv[4], argv[5], n, every);
			_exit(0);
		}
	}
	while (wait(NULL) > 0)
		;
	printf("%lu %lu %lu %lu\n", c->ran, c->killed, c->other, c->forbidden);
	return 0;
}
