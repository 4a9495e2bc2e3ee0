/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors of processes through /proc: what kind they are, and who has the other end. */
#include "guard/remote.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/parse.h"
#include "guard/call.h"
#include "guard/cgroup.h"

enum {
	MAX_PROCESSES = 1024, /* of one container that are looked at */
	MAX_FDS = 1024,       /* of one process */
	MAX_FDS_ALL = 131072, /* of one look: a quarter of a second */
	PTS_MAJOR_FIRST = 136,
	PTS_MAJOR_LAST = 143,
	PTMX_MAJOR = 5,
	PTMX_MINOR = 2,
	FDINFO_MAX = 4096,
	MS = 1000000, /* nanoseconds */
};

/** struct far_end - what a descriptor leads to */
struct far_end {
	mode_t kind; /* S_IFIFO, S_IFSOCK, S_IFCHR for a terminal; 0: nothing of interest */
	dev_t dev;
	ino_t ino;      /* of the pipe or socket */
	uint32_t index; /* of the terminal */
	bool is_master;
};

/* A pseudo terminal's number from the side that made it; Linux 4.14 on. */
static bool master_index(uint32_t pid, const char *fd, uint32_t *ret)
{
	struct sk_span rest = {NULL, 0}, line;
	struct sk_err err;
	struct sk_buf b;
	char path[96];
	bool found = false;
	sk_cleanup(sk_closep) int file = -1;

	(void)snprintf(path, sizeof(path), "/proc/%u/fdinfo/%s", pid, fd);
	file = open(path, O_RDONLY | O_CLOEXEC);
	sk_buf_init(&b, FDINFO_MAX);
	if (file >= 0 && sk_read_fd(file, &b, &err) == 0)
		rest = sk_buf_span(&b);
	while (!found && sk_span_line(&rest, &line))
		found = sk_span_strip_prefix(&line, "tty-index:\t") && sk_parse_u32(line, ret);
	sk_buf_release(&b);
	return found;
}

static struct far_end look_at(uint32_t pid, const char *fd)
{
	struct far_end end = {0};
	struct statx st;
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%u/fd/%s", pid, fd);
	/* What the kernel knows: a file system that some container serves is not asked. */
	if (statx(AT_FDCWD, path, AT_STATX_DONT_SYNC, STATX_TYPE | STATX_INO, &st) != 0)
		return end;
	if (S_ISFIFO(st.stx_mode) || S_ISSOCK(st.stx_mode)) {
		end.kind = st.stx_mode & S_IFMT;
		end.dev = makedev(st.stx_dev_major, st.stx_dev_minor);
		end.ino = st.stx_ino;
	} else if (S_ISCHR(st.stx_mode) && st.stx_rdev_major >= PTS_MAJOR_FIRST &&
		   st.stx_rdev_major <= PTS_MAJOR_LAST) {
		end.kind = S_IFCHR;
		end.index = (st.stx_rdev_major - PTS_MAJOR_FIRST) * 256 + st.stx_rdev_minor;
	} else if (S_ISCHR(st.stx_mode) && st.stx_rdev_major == PTMX_MAJOR &&
		   st.stx_rdev_minor == PTMX_MINOR && master_index(pid, fd, &end.index)) {
		end.kind = S_IFCHR;
		end.is_master = true;
	}
	return end;
}

static bool leads_to(const struct far_end *a, const struct far_end *holder)
{
	if (a->kind != holder->kind || a->kind == 0)
		return false;
	if (a->kind == S_IFCHR)
		return holder->is_master && a->index == holder->index;
	return a->dev == holder->dev && a->ino == holder->ino;
}

/** struct search - for who holds the other ends of a shell's input and output */
struct search {
	uint32_t pid; /* the shell */
	struct far_end in, out;
	struct guard_netstat *net;
	size_t n_processes;
	size_t n_fds;
	bool has_in, has_out;
	struct guard_remote *ret;
};

/** struct holder - what one process has of it */
struct holder {
	bool in, out;
	const struct guard_connection *connection;
};

static void look_at_fds(struct search *s, uint32_t pid, struct holder *h)
{
	char path[64];
	struct dirent *entry;
	DIR *d;

	(void)snprintf(path, sizeof(path), "/proc/%u/fd", pid);
	d = opendir(path);
	for (int i = 0; d != NULL && i < MAX_FDS && s->n_fds < MAX_FDS_ALL; i++, s->n_fds++) {
		struct far_end end;

		entry = readdir(d);
		if (entry == NULL)
			break;
		end = look_at(pid, entry->d_name);
		h->in = h->in || leads_to(&s->in, &end);
		h->out = h->out || leads_to(&s->out, &end);
		if (end.kind == S_IFSOCK && h->connection == NULL)
			h->connection = guard_netstat_outgoing(s->net, end.ino);
	}
	if (d != NULL)
		(void)closedir(d);
}

static void look_at_process(void *ctx, uint32_t pid)
{
	struct search *s = ctx;
	struct holder h = {0};
	char path[64];
	ssize_t n;

	if (pid == s->pid || s->n_processes++ >= MAX_PROCESSES || (s->has_in && s->has_out))
		return;
	look_at_fds(s, pid, &h);
	if (h.connection == NULL || (!h.in && !h.out))
		return;
	s->has_in |= h.in;
	s->has_out |= h.out;
	s->ret->from = *h.connection;
	(void)snprintf(path, sizeof(path), "/proc/%u/exe", pid);
	n = readlink(path, s->ret->relay, sizeof(s->ret->relay) - 1);
	s->ret->relay[n > 0 ? n : 0] = '\0';
}

static void look_at_cgroup(void *ctx, const char *path, uint64_t id)
{
	(void)id;
	guard_cgroup_pids(path, look_at_process, ctx);
}

/* Both directions have to lead to the network: "fetch | sh" has one only. */
static enum guard_remote_state look_through(uint32_t pid, const struct guard_whose *w,
					    struct guard_remote *ret)
{
	struct search s = {
		.pid = pid, .ret = ret, .in = look_at(pid, "0"), .out = look_at(pid, "1")};
	const struct guard_connection *c;

	if (s.in.kind == 0)
		return GUARD_REMOTE_NO;
	if (s.out.kind == 0)
		s.out = look_at(pid, "2");
	s.net = guard_netstat_new();
	guard_netstat_read(s.net, pid);
	if (s.out.kind == S_IFSOCK) {
		c = guard_netstat_outgoing(s.net, s.out.ino);
		s.has_out = c != NULL;
	}
	if (w->path[0] != '\0')
		guard_cgroup_walk(w->path, look_at_cgroup, &s);
	guard_netstat_free(s.net);
	return s.has_in && s.has_out ? GUARD_REMOTE_YES : GUARD_REMOTE_AGAIN;
}

static enum guard_remote_state look_at_socket(uint32_t pid, struct guard_remote *ret)
{
	struct far_end in = look_at(pid, "0");
	sk_cleanup(guard_netstat_freep) struct guard_netstat *net = guard_netstat_new();
	const struct guard_connection *c;

	if (in.kind != S_IFSOCK)
		return GUARD_REMOTE_NO;
	guard_netstat_read(net, pid);
	c = guard_netstat_outgoing(net, in.ino);
	if (c == NULL)
		return GUARD_REMOTE_NO;
	ret->from = *c;
	return GUARD_REMOTE_YES;
}

enum guard_remote_state guard_remote_look(const struct guard_rec *rec, const struct guard_event *e,
					  const char *name, const struct guard_whose *w,
					  struct guard_remote *ret)
{
	const uint32_t any_in = GUARD_RF_STDIN_PIPE | GUARD_RF_STDIN_TTY;
	const uint32_t any_out =
		GUARD_RF_STDOUT_PIPE | GUARD_RF_STDOUT_TTY | GUARD_RF_STDOUT_SOCKET;
	struct guard_call call;

	if (rec->type != GUARD_REC_EXEC ||
	    ((rec->flags & GUARD_RF_STDIN_SOCKET) == 0 &&
	     ((rec->flags & any_in) == 0 || (rec->flags & any_out) == 0)))
		return GUARD_REMOTE_NO;
	guard_call_parse(name != NULL ? name : e->file_path, e->args, e->n_args, &call);
	memset(ret, 0, sizeof(*ret));
	if (!call.is_shell)
		return GUARD_REMOTE_NO;
	if ((rec->flags & GUARD_RF_STDIN_SOCKET) != 0)
		return call.interactive || call.code ? look_at_socket(rec->host_pid, ret)
						     : GUARD_REMOTE_NO;
	return call.interactive ? look_through(rec->host_pid, w, ret) : GUARD_REMOTE_NO;
}

uint64_t guard_remote_pause(uint32_t tries)
{
	static const uint64_t pauses[] = {200ull * MS, 1000ull * MS, 4000ull * MS, 15000ull * MS};

	return tries < SK_ARRAY_LEN(pauses) ? pauses[tries] : 60000ull * MS;
}
