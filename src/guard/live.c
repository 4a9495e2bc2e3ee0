/* SPDX-License-Identifier: Apache-2.0 */
/* Three lines: process id, backend, sections. flock(2) tells whether the writer lives. */
#include "guard/live.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/parse.h"

#define LIVE_DIR "/run/stockade"
#define LIVE_FILE LIVE_DIR "/guard"
#define BEGIN_FILE LIVE_DIR "/starting"

enum {
	BEGIN_LOOK_US = 20000, /* between looks whether another guard is ready */
};

/* Only root may open it: whoever can, can lock it. */
static int open_to_hold(void)
{
	int fd = open(LIVE_FILE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct stat st;

	if (fd < 0 || (fstat(fd, &st) == 0 && (st.st_mode & 077) == 0))
		return fd;
	sk_closep(&fd);
	(void)unlink(LIVE_FILE); /* of an older version */
	return open(LIVE_FILE, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
}

int guard_live_begin(int timeout_ms)
{
	/* Of this process alone: the children that it makes do not hold it. */
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	uint64_t until = sk_mono_ms() + (uint64_t)timeout_ms;
	int fd;

	if (mkdir(LIVE_DIR, 0755) != 0 && errno != EEXIST)
		return -1;
	fd = open(BEGIN_FILE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	while (fd >= 0 && fcntl(fd, F_SETLK, &whole) != 0 && (errno == EAGAIN || errno == EACCES) &&
	       sk_mono_ms() < until)
		(void)usleep(BEGIN_LOOK_US);
	return fd;
}

int guard_live_hold(const struct guard_live *live)
{
	sk_cleanup(sk_closep) int fd = -1;
	char text[512];
	int n;

	if (mkdir(LIVE_DIR, 0755) != 0 && errno != EEXIST)
		return -1;
	fd = open_to_hold();
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) != 0)
		return -1;
	n = snprintf(text, sizeof(text), "%u\n%s\n%s\n", live->pid, live->backend,
		     live->not_covered);
	if (ftruncate(fd, 0) != 0 || sk_write_all(fd, text, (size_t)n) < 0)
		return -1;
	return sk_take_fd(fd);
}

bool guard_live_read(struct guard_live *ret)
{
	sk_cleanup(sk_closep) int fd =
		open(LIVE_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct sk_span rest, line[3];
	char text[512];
	struct stat st;
	int64_t n;

	memset(ret, 0, sizeof(*ret));
	/* A lock on a file that anybody can open is anybody's, and no sign of a guard. */
	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_uid != 0 ||
	    (st.st_mode & 077) != 0 || flock(fd, LOCK_SH | LOCK_NB) == 0 || errno != EWOULDBLOCK)
		return false;
	n = sk_read_full(fd, text, sizeof(text));
	rest = sk_span_of(text, n > 0 ? (size_t)n : 0);
	for (size_t i = 0; i < SK_ARRAY_LEN(line); i++)
		if (!sk_span_line(&rest, &line[i]))
			return false;
	(void)snprintf(ret->backend, sizeof(ret->backend), "%.*s", SK_SPAN_ARG(line[1]));
	(void)snprintf(ret->not_covered, sizeof(ret->not_covered), "%.*s", SK_SPAN_ARG(line[2]));
	return sk_parse_u32(line[0], &ret->pid);
}

bool guard_live_end(int sig, int timeout_ms)
{
	sk_cleanup(sk_closep) int fd = -1;
	struct guard_live live;
	struct pollfd p = {.events = POLLIN};

	if (!guard_live_read(&live))
		return false;
	fd = (int)syscall(SYS_pidfd_open, live.pid, 0);
	/* The number may be another's by now: asked again while we hold it. */
	if (fd < 0 || !guard_live_read(&live))
		return true;
	p.fd = fd;
	(void)syscall(SYS_pidfd_send_signal, fd, sig, NULL, 0);
	if (poll(&p, 1, timeout_ms) > 0)
		return true;
	(void)syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0);
	return poll(&p, 1, timeout_ms) > 0;
}
