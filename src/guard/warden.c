/* SPDX-License-Identifier: Apache-2.0 */
/* Waits at a pipe whose other end the agent holds. */
#include "guard/warden.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "guard/kern-pin.h"

/*
 * The kernel half holds nothing more once the agent has ended; what was about to be stopped at that
 * moment is by the last look.
 */
static const long looks_ms[] = {0, 50, 200};

static void end_held(void)
{
	for (size_t i = 0; i < SK_ARRAY_LEN(looks_ms); i++) {
		struct timespec t = {.tv_nsec = looks_ms[i] * 1000000};

		(void)nanosleep(&t, NULL);
		(void)guard_pinned_kill_held();
	}
}

/* Signals to the agent's group or terminal are not for this process: the agent's end is. */
static void leave_crowd(int fd)
{
	static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (size_t i = 0; i < SK_ARRAY_LEN(ignored); i++)
		(void)signal(ignored[i], SIG_IGN);
	for (int i = 0; null >= 0 && i <= STDERR_FILENO; i++)
		(void)dup2(null, i);
	if (fd > STDERR_FILENO + 1)
		(void)close_range(STDERR_FILENO + 1, (unsigned)fd - 1, 0);
	(void)close_range((unsigned)fd + 1, ~0u, 0);
	(void)setsid();
	(void)!chdir("/"); /* keeps no directory busy; not vital */
	(void)prctl(PR_SET_NAME, "stockade-warden");
}

static void wait_and_end(int fd)
{
	char word;

	leave_crowd(fd);
	/* A byte is a farewell, the end of the pipe without one is none. */
	if (sk_read_full(fd, &word, 1) == 0)
		end_held();
}

int guard_warden_start(int *ret_fd, struct sk_err *err)
{
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) != 0)
		return sk_err_errno(err, errno, "guard: pipe");
	pid = fork();
	if (pid == 0) {
		(void)close(fds[1]);
		/* Twice, so that the agent has no child that it must wait for. */
		pid = fork();
		if (pid == 0)
			wait_and_end(fds[0]);
		_exit(pid < 0);
	}
	(void)close(fds[0]);
	if (pid < 0 || waitpid(pid, NULL, 0) < 0) {
		int saved = errno;

		(void)close(fds[1]);
		return sk_err_errno(err, saved, "guard: fork");
	}
	*ret_fd = fds[1];
	return 0;
}

void guard_warden_dismiss(int *fd)
{
	if (*fd >= 0)
		(void)!sk_write_all(*fd, "", 1); /* gone already: nothing to dismiss */
	sk_closep(fd);
}
