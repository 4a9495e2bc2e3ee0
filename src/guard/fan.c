/* SPDX-License-Identifier: Apache-2.0 */
/* fanotify(7); the watchdog keeps a guard that hangs from halting the machine. */
#include "guard/fan.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/fanotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/io.h"

enum {
	BEATS_MISSED = 10, /* seconds without a sign of life */
	PROBE_MS = 2000,
	PROBE_REFUSED = 42,
};

int guard_fan_open(int *ret_fd, struct sk_err *err)
{
	int fd = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC | FAN_NONBLOCK |
				       FAN_UNLIMITED_QUEUE | FAN_UNLIMITED_MARKS | FAN_REPORT_TID,
			       O_RDONLY | O_CLOEXEC | O_LARGEFILE | O_NOATIME);

	if (fd < 0 && errno == EPERM)
		return sk_err_set(err, SK_E_UNSUPPORTED, "guard: fanotify needs CAP_SYS_ADMIN");
	if (fd < 0)
		return sk_err_set(err, SK_E_UNSUPPORTED, "guard: this kernel has no fanotify");
	*ret_fd = fd;
	return 0;
}

int guard_fan_mark(int fd, int dir, const char *path)
{
	int r = fanotify_mark(fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_OPEN_EXEC_PERM, dir,
			      path);

	return r == 0 ? 0 : -errno;
}

size_t guard_fan_read(int fd, struct guard_fan_event *ret, size_t max)
{
	_Alignas(struct fanotify_event_metadata) char bytes[4096];
	struct fanotify_event_metadata *e = (void *)bytes; /* the macros want it writable */
	size_t size = max * FAN_EVENT_METADATA_LEN, n = 0;
	ssize_t len = read(fd, bytes, size < sizeof(bytes) ? size : sizeof(bytes));

	while (len > 0 && FAN_EVENT_OK(e, len) && n < max) {
		if ((e->mask & FAN_Q_OVERFLOW) != 0 || e->fd >= 0)
			ret[n++] = (struct guard_fan_event){.fd = e->fd >= 0 ? e->fd : -1,
							    .tid = (uint32_t)e->pid};
		e = FAN_EVENT_NEXT(e, len);
	}
	return n;
}

void guard_fan_answer(int fd, int event_fd, bool allow)
{
	struct fanotify_response answer = {.fd = event_fd,
					   .response = allow ? FAN_ALLOW : FAN_DENY};

	/* Fails only for who does not wait any more. */
	while (write(fd, &answer, sizeof(answer)) < 0 && errno == EINTR)
		;
}

/* The child executes a file of which the parent refuses the execution. */
static _Noreturn void probe_child(int group, int file)
{
	char name[] = "probe", *args[] = {name, NULL}, *env[] = {NULL};

	(void)close(group); /* else nobody would let it go */
	(void)fexecve(file, args, env);
	_exit(errno == EPERM ? PROBE_REFUSED : 1);
}

int guard_fan_probe(struct sk_err *err)
{
	sk_cleanup(sk_closep) int file = memfd_create("stockade-probe", MFD_CLOEXEC), fd = -1;
	struct guard_fan_event event;
	struct pollfd waiting;
	int status = 0, r = guard_fan_open(&fd, err);
	pid_t child;

	if (r < 0)
		return r;
	if (file < 0 || fanotify_mark(fd, FAN_MARK_ADD, FAN_OPEN_EXEC_PERM, file, NULL) != 0)
		return sk_err_set(err, SK_E_UNSUPPORTED,
				  "guard: this kernel has no fanotify permission events");
	child = fork();
	if (child < 0)
		return sk_err_errno(err, errno, "guard: fork");
	if (child == 0)
		probe_child(fd, file);
	waiting = (struct pollfd){.fd = fd, .events = POLLIN};
	if (poll(&waiting, 1, PROBE_MS) > 0 && guard_fan_read(fd, &event, 1) == 1) {
		guard_fan_answer(fd, event.fd, false);
		sk_closep(&event.fd);
	}
	sk_closep(&fd); /* lets it go if it waits still */
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != PROBE_REFUSED)
		return sk_err_set(err, SK_E_UNSUPPORTED,
				  "guard: fanotify did not refuse a program here");
	return 0;
}

struct guard_fan_watchdog {
	void *page;
	_Atomic uint32_t *beats; /* in @page, shared with the process */
	pid_t pid;
};

static _Noreturn void watch(_Atomic uint32_t *beats, pid_t agent)
{
	static const char text[] = "guard: it stopped answering and is ended, so that programs "
				   "can start\n";
	uint32_t last = 0, missed = 0;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)close(0);
	(void)close(1);
	(void)syscall(SYS_close_range, 3u, ~0u, 0u);
	for (;;) {
		struct timespec second = {.tv_sec = 1};
		uint32_t now;

		(void)nanosleep(&second, NULL);
		if (getppid() != agent)
			_exit(0);
		now = atomic_load(beats);
		missed = now == last ? missed + 1 : 0;
		last = now;
		if (missed < BEATS_MISSED)
			continue;
		/* Told first: its death ends this process too. */
		(void)!write(STDERR_FILENO, text, sizeof(text) - 1);
		(void)kill(agent, SIGKILL);
		_exit(0);
	}
}

struct guard_fan_watchdog *guard_fan_watchdog_new(void)
{
	struct guard_fan_watchdog *w;
	pid_t agent = getpid(), pid;
	void *page = mmap(NULL, sizeof(uint32_t), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		return NULL;
	pid = fork();
	if (pid == 0)
		watch(page, agent);
	if (pid < 0) {
		(void)munmap(page, sizeof(uint32_t));
		return NULL;
	}
	w = sk_alloc(sizeof(*w));
	w->page = page;
	w->beats = page;
	w->pid = pid;
	return w;
}

void guard_fan_watchdog_beat(struct guard_fan_watchdog *w)
{
	if (w != NULL)
		(void)atomic_fetch_add(w->beats, 1);
}

void guard_fan_watchdog_free(struct guard_fan_watchdog *w)
{
	if (w == NULL)
		return;
	(void)kill(w->pid, SIGKILL);
	while (waitpid(w->pid, NULL, 0) < 0 && errno == EINTR)
		;
	(void)munmap(w->page, sizeof(uint32_t));
	sk_free(w);
}
