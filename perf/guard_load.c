/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guard_load exec N BATCHES PROGRAM: starts a program and waits for its end, N times
 * guard_load open N BATCHES FILE: opens and closes a file
 * guard_load connect N BATCHES: a connection over the loopback, accepted and reset
 * guard_load idle: waits for its end
 * guard_load mixed EXECS OPENS CONNECTS SECONDS PROGRAM DIR: so many a second, evenly; a file of
 * DIR that was not opened before and an address that was not connected to before, every time
 *
 * The first three print the nanoseconds that one took, a line for each batch of N; one batch before
 * is not timed. They stay on the last CPU that they may use: parent and child of a start then share
 * what they touch.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/parse.h"

enum {
	TICKS = 50, /* a second, of the mixed load */
};

static int64_t now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

_Noreturn static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void stay(void)
{
	cpu_set_t set;
	size_t last = 0;

	if (sched_getaffinity(0, sizeof(set), &set) != 0)
		return;
	for (size_t i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &set))
			last = i;
	CPU_ZERO(&set);
	CPU_SET(last, &set);
	(void)sched_setaffinity(0, sizeof(set), &set);
}

static uint32_t number(const char *text)
{
	uint32_t n = 0;

	if (text == NULL || !sk_parse_u32(sk_span_str(text), &n)) {
		(void)fprintf(stderr, "guard_load: a number is missing\n");
		exit(2);
	}
	return n;
}

static void do_exec(const char *file)
{
	char *argv[] = {(char *)(uintptr_t)file, NULL}, *envp[] = {NULL};
	pid_t pid = fork();

	if (pid == 0) {
		(void)execve(file, argv, envp);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, NULL, 0) != pid)
		die("fork");
}

static void do_open(const char *file)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		die(file);
	(void)close(fd);
}

static int listener(struct sockaddr_in *addr)
{
	socklen_t len = sizeof(*addr);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	/* A port of its own that is known: a profile has to name it. */
	*addr = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(29471)};
	addr->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
	if (fd < 0)
		die("socket");
	/* The one before may still be on its way out. */
	for (int i = 0; bind(fd, (struct sockaddr *)addr, len) != 0; i++) {
		if (i == 50)
			die("bind");
		(void)usleep(100000);
	}
	if (listen(fd, 16) != 0)
		die("listen");
	return fd;
}

static void do_connect(int at, const struct sockaddr_in *addr)
{
	const struct linger reset = {.l_onoff = 1};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), peer;

	if (fd < 0 || connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) != 0)
		die("connect");
	peer = accept(at, NULL, NULL);
	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	(void)close(fd);
	(void)close(peer);
}

/* Nobody listens there: that it was tried is what counts. */
static void try_connect(uint32_t n)
{
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons(9)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	addr.sin_addr.s_addr = htonl(0x7f010000 + (n & 0xffffff));
	(void)connect(fd, (struct sockaddr *)&addr, sizeof(addr));
	(void)close(fd);
}

static void open_new(const char *dir, uint32_t n)
{
	char path[512];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%" PRIu32, dir, n);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		(void)close(fd);
}

static int mixed(char **argv)
{
	uint32_t execs = number(argv[0]), opens = number(argv[1]), connects = number(argv[2]);
	uint32_t ticks = number(argv[3]) * TICKS, done[3] = {0};
	int64_t begin = now_ns(), wait;
	struct timespec pause = {0};

	for (uint32_t i = 1; i <= ticks; i++) {
		for (; done[0] < (uint64_t)execs * i / TICKS; done[0]++)
			do_exec(argv[4]);
		for (; done[1] < (uint64_t)opens * i / TICKS; done[1]++)
			open_new(argv[5], done[1]);
		for (; done[2] < (uint64_t)connects * i / TICKS; done[2]++)
			try_connect(done[2]);
		wait = begin + (int64_t)i * (1000000000 / TICKS) - now_ns();
		pause.tv_nsec = wait > 0 ? wait : 0;
		(void)nanosleep(&pause, NULL);
	}
	(void)printf("%" PRId64 "\n", now_ns() - begin);
	return 0;
}

static int timed(char **argv, int argc)
{
	uint32_t n = number(argv[1]), batches = number(argv[2]);
	bool is_exec = strcmp(argv[0], "exec") == 0, is_open = strcmp(argv[0], "open") == 0;
	struct sockaddr_in addr;
	int at = is_exec || is_open ? -1 : listener(&addr);

	if ((is_exec || is_open) && argc < 4)
		return 2;
	stay();
	for (uint32_t b = 0; b <= batches; b++) {
		int64_t begin = now_ns();

		for (uint32_t i = 0; i < n; i++) {
			if (is_exec)
				do_exec(argv[3]);
			else if (is_open)
				do_open(argv[3]);
			else
				do_connect(at, &addr);
		}
		if (b > 0)
			(void)printf("%.1f\n", (double)(now_ns() - begin) / n);
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "idle") == 0) {
		for (;;)
			(void)pause();
	}
	if (argc == 8 && strcmp(argv[1], "mixed") == 0)
		return mixed(argv + 2);
	if (argc >= 4 && number(argv[2]) > 0)
		return timed(argv + 1, argc - 1);
	(void)fprintf(stderr, "usage: guard_load exec|open|connect N BATCHES [FILE]\n");
	return 2;
}
