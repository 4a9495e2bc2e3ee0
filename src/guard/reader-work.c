/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The processes' side. The first one touches no file: it starts the others, which each answer one
 * question after the other, and ends those that do not answer.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/io.h"
#include "guard/reader-priv.h"
#include "guard/session.h"

union control {
	struct cmsghdr head;
	uint8_t room[CMSG_SPACE(sizeof(int))];
};

/** struct worker - one that reads */
struct worker {
	int fd;
	int file; /* that came with the question; -1: none */
	struct guard_files *files;
	struct guard_whose whose; /* what is looked at of a container */
	const char *path;         /* NULL: none */
	struct {
		struct guard_reader_question head;
		char text[GUARD_READER_QUESTION];
	} question;
	struct {
		struct guard_reader_answer head;
		char text[GUARD_READER_TEXT];
	} answer;
};

bool guard_reader_message(int fd, const void *ptr, size_t len, int pass)
{
	union control control = {.head = {.cmsg_len = CMSG_LEN(sizeof(int)),
					  .cmsg_level = SOL_SOCKET,
					  .cmsg_type = SCM_RIGHTS}};
	struct iovec iov = {.iov_len = len};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	memcpy(&iov.iov_base, &ptr, sizeof(ptr));
	if (pass >= 0) {
		memcpy(CMSG_DATA(&control.head), &pass, sizeof(pass));
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(sizeof(int));
	}
	return sendmsg(fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)len;
}

/* Returns the message's size, 0 at the end. */
static size_t receive(int fd, void *ptr, size_t size, int *ret_passed)
{
	union control control = {0};
	struct iovec iov = {.iov_base = ptr, .iov_len = size};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = &control,
			     .msg_controllen = sizeof(control)};
	const struct cmsghdr *head;
	ssize_t n;

	do
		n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	head = n > 0 ? CMSG_FIRSTHDR(&msg) : NULL;
	*ret_passed = -1;
	if (head != NULL && head->cmsg_type == SCM_RIGHTS)
		memcpy(ret_passed, CMSG_DATA(head), sizeof(*ret_passed));
	return n > 0 ? (size_t)n : 0;
}

/* From the file itself where it was handed over; else wherever it may still be found. */
static bool used(struct worker *w)
{
	const struct guard_reader_question *q = &w->question.head;
	uint8_t *hash = w->answer.head.hash;
	uint32_t other;

	if (w->file >= 0)
		return guard_files_hash_fd(w->files, &q->id, w->file, hash);
	if ((q->is_program != 0 && guard_files_hash(w->files, &q->id, q->pid, NULL, hash)) ||
	    (w->path != NULL && guard_files_hash(w->files, &q->id, q->pid, w->path, hash)))
		return true;
	if (w->path == NULL)
		return false;
	other = guard_session_pid(&w->whose); /* asked for last: it reads a file of the cgroup */
	if (other != 0 && guard_files_hash(w->files, &q->id, other, w->path, hash))
		return true;
	/* What ends in a moment leaves its files behind. */
	if (q->is_host != 0 &&
	    guard_files_hash(w->files, &q->id, (uint32_t)getpid(), w->path, hash))
		return true;
	return guard_files_hash_layers(w->files, &q->id, w->whose.layers, w->path, hash);
}

static bool named(struct worker *w)
{
	const struct guard_reader_question *q = &w->question.head;
	struct guard_reader_answer *a = &w->answer.head;

	return w->path != NULL && guard_files_identify(q->pid, w->path, &a->id) &&
	       guard_files_hash(w->files, &a->id, q->pid, w->path, a->hash);
}

static bool below(struct worker *w)
{
	const struct guard_reader_question *q = &w->question.head;
	struct guard_reader_answer *a = &w->answer.head;
	sk_cleanup(sk_closep) int fd = guard_files_below(w->whose.layers, w->path, &a->id);

	return fd >= 0 && a->id.size == q->id.size &&
	       (q->op == GUARD_READER_BELOW || guard_files_hash_fd(w->files, &a->id, fd, a->hash));
}

static bool place(struct worker *w)
{
	const struct guard_reader_question *q = &w->question.head;
	size_t size = q->size < sizeof(w->answer.text) ? q->size : sizeof(w->answer.text);
	char *path = w->answer.text;
	bool directory = false;
	uint32_t other;

	if (w->path == NULL || (size_t)snprintf(path, size, "%s", w->path) >= size)
		return false;
	if (!guard_files_place(q->pid, path, size, &directory) &&
	    ((other = guard_session_pid(&w->whose)) == 0 ||
	     !guard_files_place(other, path, size, &directory)) &&
	    !guard_files_place_layers(w->whose.layers, path, size, &directory))
		return false;
	w->answer.head.is_directory = directory;
	w->answer.head.len = (uint32_t)strlen(path);
	return true;
}

static bool text(struct worker *w)
{
	const struct guard_reader_question *q = &w->question.head;
	size_t size = q->size < sizeof(w->answer.text) ? q->size : sizeof(w->answer.text);

	if (w->path != NULL)
		w->answer.head.len =
			(uint32_t)guard_files_text(q->pid, w->path, w->answer.text, size).len;
	return w->answer.head.len != 0;
}

static bool arguments(struct worker *w)
{
	const struct guard_reader_question *q = &w->question.head;
	size_t size = q->size < sizeof(w->answer.text) ? q->size : sizeof(w->answer.text);
	char name[64];
	sk_cleanup(sk_closep) int fd = -1;
	int64_t n;

	(void)snprintf(name, sizeof(name), "/proc/%u/cmdline", q->pid);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	n = fd >= 0 ? sk_read_full(fd, w->answer.text, size) : 0;
	w->answer.head.len = n > 0 ? (uint32_t)n : 0;
	return n > 0;
}

/* The texts that follow a question. */
static bool take_texts(struct worker *w, size_t len)
{
	const struct guard_reader_question *q = &w->question.head;
	const uint32_t lens[] = {q->path_len, q->cgroup_len, q->layers_len};
	const char *texts[SK_ARRAY_LEN(lens)] = {NULL};
	size_t off = 0;

	for (size_t i = 0; i < SK_ARRAY_LEN(lens); i++) {
		if (lens[i] > len - off)
			return false;
		if (lens[i] == 0)
			continue;
		texts[i] = w->question.text + off;
		off += lens[i];
		w->question.text[off - 1] = '\0';
	}
	w->path = texts[0];
	(void)snprintf(w->whose.path, sizeof(w->whose.path), "%s",
		       texts[1] != NULL ? texts[1] : "");
	w->whose.layers = texts[2];
	return true;
}

static bool look(struct worker *w)
{
	switch ((enum guard_reader_op)w->question.head.op) {
	case GUARD_READER_USED:
		return used(w);
	case GUARD_READER_NAMED:
		return named(w);
	case GUARD_READER_BELOW:
	case GUARD_READER_BELOW_CONTENT:
		return below(w);
	case GUARD_READER_PLACE:
		return place(w);
	case GUARD_READER_FILE_TEXT:
		return text(w);
	case GUARD_READER_ARGUMENTS:
		return arguments(w);
	}
	return false;
}

static void work(int fd)
{
	struct worker *w = sk_alloc(sizeof(*w));
	size_t n;

	w->files = guard_files_new();
	while ((n = receive(fd, &w->question, sizeof(w->question), &w->file)) >=
	       sizeof(w->question.head)) {
		memset(&w->answer.head, 0, sizeof(w->answer.head));
		if (take_texts(w, n - sizeof(w->question.head)))
			w->answer.head.is_found = look(w);
		w->answer.head.is_kept = guard_files_knows(w->files, &w->question.head.id);
		sk_closep(&w->file);
		if (!guard_reader_message(fd, &w->answer,
					  sizeof(w->answer.head) + w->answer.head.len, -1))
			break;
	}
	guard_files_free(w->files);
	sk_free(w);
}

static void keep_only(int fd)
{
	if (fd > STDERR_FILENO + 1)
		(void)close_range(STDERR_FILENO + 1, (unsigned)fd - 1, 0);
	(void)close_range((unsigned)fd + 1, ~0u, 0);
}

static pid_t start(int fd)
{
	pid_t own = getpid(), pid = fork();

	if (pid != 0)
		return pid;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	keep_only(fd);
	if (getppid() == own)
		work(fd);
	_exit(0);
}

/* Those that have ended are not looked after any more: their numbers may be somebody else's. */
static void reap(pid_t *pids)
{
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
		for (size_t i = 0; i < GUARD_READER_SLOTS; i++)
			if (pids[i] == pid)
				pids[i] = 0;
}

_Noreturn void guard_reader_serve(int fd, pid_t agent)
{
	pid_t pids[GUARD_READER_SLOTS] = {0};
	struct guard_reader_order order;
	int passed;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	(void)prctl(PR_SET_NAME, "stockade-reader");
	keep_only(fd);
	while (getppid() == agent && receive(fd, &order, sizeof(order), &passed) == sizeof(order)) {
		reap(pids);
		if (order.slot < GUARD_READER_SLOTS && order.is_end != 0 && pids[order.slot] > 0)
			(void)kill(pids[order.slot], SIGKILL);
		if (order.slot < GUARD_READER_SLOTS && order.is_end == 0 && passed >= 0)
			pids[order.slot] = start(passed);
		sk_closep(&passed);
	}
	_exit(0);
}
