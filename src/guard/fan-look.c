/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a worker finds out before it decides: who asks, for which file, and what the call was given.
 * It looks at files and directories, which may take long, so nothing of it holds the lock.
 */
#include "guard/fan-look.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/io.h"
#include "base/parse.h"
#include "guard/call.h"
#include "guard/event.h"
#include "guard/fan-mount.h"
#include "guard/files.h"

static uint32_t dev_of(dev_t dev)
{
	return guard_device(major(dev), minor(dev));
}

/* Never asks a server: what the kernel has at hand is what it will execute. */
static bool stat_fd(int fd, struct stat *ret, uint64_t *ret_mount)
{
	struct statx x;

	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_BASIC_STATS | STATX_MNT_ID,
		  &x) != 0)
		return false;
	memset(ret, 0, sizeof(*ret));
	ret->st_dev = makedev(x.stx_dev_major, x.stx_dev_minor);
	ret->st_ino = x.stx_ino;
	ret->st_mode = x.stx_mode;
	ret->st_nlink = x.stx_nlink;
	ret->st_size = (off_t)x.stx_size;
	ret->st_ctim.tv_sec = x.stx_ctime.tv_sec;
	ret->st_ctim.tv_nsec = x.stx_ctime.tv_nsec;
	*ret_mount = (x.stx_mask & STATX_MNT_ID) != 0 ? x.stx_mnt_id : 0;
	return true;
}

static bool read_link(const char *name, char *to, size_t size)
{
	ssize_t n = readlink(name, to, size - 1);

	to[n > 0 ? n : 0] = '\0';
	return n > 0;
}

/* Takes the process's own root directory off a path. */
static const char *below_root(uint32_t pid, const char *path)
{
	char name[64], root[GUARD_FAN_PATH_SIZE];
	size_t n;

	(void)snprintf(name, sizeof(name), "/proc/%u/root", pid);
	if (!read_link(name, root, sizeof(root)) || strcmp(root, "/") == 0)
		return path;
	n = strlen(root);
	if (strncmp(path, root, n) != 0 || (path[n] != '/' && path[n] != '\0'))
		return path;
	return path[n] != '\0' ? path + n : "/";
}

static void find_path(const struct guard_fan_look *l, struct guard_fan_seen *file)
{
	static const char deleted[] = " (deleted)";
	char name[64], path[GUARD_FAN_PATH_SIZE];
	size_t n, tail = sizeof(deleted) - 1;

	(void)snprintf(name, sizeof(name), "/proc/self/fd/%d", file->fd);
	(void)read_link(name, path, sizeof(path));
	n = strlen(path);
	if (file->unlinked && n > tail && strcmp(path + n - tail, deleted) == 0)
		path[n - tail] = '\0';
	(void)snprintf(file->path, sizeof(file->path), "%s", below_root(l->task.tgid, path));
}

/* "/proc/self/fd/7" and its like: the file itself, wherever it is. Returns false for others. */
static bool is_descriptor(const struct guard_fan_look *l, const char *path, char *to, size_t size)
{
	static const char *const places[] = {"/proc/self/fd/", "/proc/thread-self/fd/", "/dev/fd/"};
	struct sk_span text = sk_span_str(path);
	uint32_t fd;

	for (size_t i = 0; i < SK_ARRAY_LEN(places); i++) {
		if (!sk_span_strip_prefix(&text, places[i]))
			continue;
		if (!sk_parse_u32(text, &fd))
			return false;
		(void)snprintf(to, size, "/proc/%u/fd/%u", l->task.tgid, fd);
		return true;
	}
	return false;
}

static bool stat_below(int root, const char *path, struct stat *ret, uint64_t *ret_mount)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT};
	sk_cleanup(sk_closep) int fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));

	return fd >= 0 && stat_fd(fd, ret, ret_mount);
}

/* A path as the process means it, below its root directory. */
static bool make_absolute(const struct guard_fan_look *l, const char *given, int dir, char *to,
			  size_t size)
{
	char name[64], base[GUARD_FAN_PATH_SIZE];

	if (given[0] == '/')
		return (size_t)snprintf(to, size, "%s", given) < size;
	if (dir == AT_FDCWD)
		(void)snprintf(name, sizeof(name), "/proc/%u/cwd", l->j->tid);
	else
		(void)snprintf(name, sizeof(name), "/proc/%u/fd/%d", l->task.tgid, dir);
	return read_link(name, base, sizeof(base)) &&
	       (size_t)snprintf(to, size, "%s/%s", below_root(l->task.tgid, base), given) < size;
}

/* What the path given to execve leads to, as the process sees it. */
static bool resolve(struct guard_fan_look *l, struct stat *ret)
{
	char name[64], path[2 * GUARD_FAN_PATH_SIZE];
	sk_cleanup(sk_closep) int fd = -1;
	const char *given = l->call.path;
	uint64_t mount;

	if (!l->call.has_path)
		return false;
	if (given[0] == '\0' || is_descriptor(l, given, name, sizeof(name))) {
		if (given[0] == '\0')
			(void)snprintf(name, sizeof(name), "/proc/%u/fd/%d", l->task.tgid,
				       l->call.dir);
		fd = open(name, O_PATH | O_CLOEXEC);
		return fd >= 0 && stat_fd(fd, ret, &mount);
	}
	if (!make_absolute(l, given, l->call.dir, path, sizeof(path)))
		return false;
	(void)snprintf(name, sizeof(name), "/proc/%u/root", l->j->tid);
	fd = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd >= 0 && stat_below(fd, path, ret, &mount);
}

static void look_at_call(struct guard_fan_look *l)
{
	struct stat st;

	guard_fan_call_look(l->j->tid, &l->call);
	l->names_it = -1;
	if (resolve(l, &st))
		l->names_it = st.st_dev == l->file.st.st_dev && st.st_ino == l->file.st.st_ino;
}

/*
 * While we hold a lease, nobody can open the file for writing; that somebody has is told by not
 * getting one. The lease ends when the file is closed.
 */
static bool is_written(int fd)
{
	return fcntl(fd, F_SETLEASE, F_RDLCK) != 0 && errno == EAGAIN;
}

static bool look_at_file(const struct guard_fan_look *l, int fd, struct guard_fan_seen *file)
{
	struct statfs fs;

	file->fd = fd;
	if (!stat_fd(fd, &file->st, &file->mount))
		return false;
	file->fs = fstatfs(fd, &fs) == 0 ? (long)fs.f_type : 0;
	file->unlinked = file->st.st_nlink == 0;
	find_path(l, file);
	return true;
}

static void look_at_head(struct guard_fan_look *l)
{
	ssize_t n = pread(l->j->fd, l->head, GUARD_FAN_HEAD_SIZE, 0);

	l->head[n > 0 ? n : 0] = '\0';
	l->written = is_written(l->j->fd);
	l->is_script = guard_fan_parse_script(sk_span_of(l->head, n > 0 ? (size_t)n : 0),
					      &l->interpreter, &l->interpreter_arg);
}

static void look_at_root(struct guard_fan_look *l)
{
	char name[64];
	sk_cleanup(sk_closep) int fd = -1;
	struct stat st;

	(void)snprintf(name, sizeof(name), "/proc/%u/root", l->j->tid);
	fd = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		(void)stat_fd(fd, &st, &l->root_mount);
}

/* Has the writable layer a file of this name? */
static enum guard_rec_origin origin_of_overlay(const struct guard_fan_seen *file, const char *upper)
{
	struct stat st;
	uint64_t mount;
	sk_cleanup(sk_closep) int fd = open(upper, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || file->unlinked)
		return GUARD_REC_O_UNKNOWN;
	return stat_below(fd, file->path, &st, &mount) ? GUARD_REC_O_UPPER : GUARD_REC_O_IMAGE;
}

static enum guard_rec_origin origin_of(const struct guard_fan_look *l,
				       const struct guard_fan_seen *file,
				       const struct guard_fan_layer *layer)
{
	if (file->fs == TMPFS_MAGIC || file->fs == RAMFS_MAGIC)
		return file->unlinked ? GUARD_REC_O_MEMFD : GUARD_REC_O_TMPFS;
	if (file->fs == OVERLAYFS_SUPER_MAGIC && (file->mount == l->root_mount || l->is_host))
		return layer != NULL ? origin_of_overlay(file, layer->upper) : GUARD_REC_O_UNKNOWN;
	if (l->is_host)
		return GUARD_REC_O_HOST;
	if (file->mount == l->root_mount && file->mount != 0)
		return GUARD_REC_O_UNKNOWN; /* an engine without overlayfs: content decides */
	return GUARD_REC_O_VOLUME;
}

size_t guard_fan_put_path(const char *path, uint8_t *to, size_t size)
{
	size_t end = strlen(path), n = 0;

	while (end > 0) {
		size_t start = end;

		while (start > 0 && path[start - 1] != '/')
			start--;
		if (end > start) {
			if (n + (end - start) + 1 > size)
				return n;
			memcpy(to + n, path + start, end - start);
			n += end - start;
			to[n++] = 0;
		}
		end = start > 0 ? start - 1 : 0;
	}
	return n;
}

static void put_file(const struct guard_fan_look *l, const struct guard_fan_seen *file,
		     struct guard_fan_job *j)
{
	uint32_t dev = dev_of(file->st.st_dev);
	struct guard_fan_layer layer = {0};
	const struct guard_fan_layer *found;

	(void)pthread_mutex_lock(&l->f->lock);
	found = guard_table_get(l->f->layers, &dev);
	if (found != NULL)
		layer = *found;
	(void)pthread_mutex_unlock(&l->f->lock);
	j->rec.origin = origin_of(l, file, found != NULL ? &layer : NULL);
	j->rec.file = guard_file_id_of(&file->st);
	if (found != NULL)
		j->rec.file.dev = layer.layer;
	j->rec.file.untimed = j->rec.origin == GUARD_REC_O_TMPFS;
	j->rec.flags |= file->unlinked ? GUARD_RF_UNLINKED : 0u;
	j->len = guard_fan_put_path(file->path, j->data, GUARD_PATH_BYTES);
	j->rec.path_len = (uint16_t)j->len;
}

static uint32_t stdin_flags(uint32_t tgid)
{
	char name[64], link[64];

	(void)snprintf(name, sizeof(name), "/proc/%u/fd/0", tgid);
	if (!read_link(name, link, sizeof(link)))
		return 0;
	if (strncmp(link, "socket:", 7) == 0)
		return GUARD_RF_STDIN_SOCKET;
	return strncmp(link, "pipe:", 5) == 0 ? GUARD_RF_STDIN_PIPE : 0;
}

static void add_data(struct guard_fan_job *j, const void *from, size_t n)
{
	memcpy(j->data + j->len, from, n);
	j->len += n;
}

static void put_process(const struct guard_fan_look *l, struct guard_rec *r)
{
	r->time_ns = l->j->asked_ns;
	r->cgroup = l->j->cgroup;
	r->host_pid = l->task.tgid;
	r->pid = l->task.pid;
	r->ppid = guard_fan_inner_parent(&l->task);
	r->host_ppid = l->task.ppid;
	r->uid = l->task.uid;
	r->flags = stdin_flags(l->task.tgid) | (l->call.args_cut ? GUARD_RF_ARGS_CUT : 0u);
}

/* The script that an interpreter is told to read: looked at before it is started. */
static struct guard_fan_job *script_of(const struct guard_fan_look *l)
{
	const char *args[GUARD_MAX_ARGS], *at = (const char *)l->call.args;
	const char *end = at + l->call.args_len;
	char path[2 * GUARD_FAN_PATH_SIZE];
	struct guard_fan_job *js;
	struct guard_call call;
	struct guard_fan_seen *file;
	size_t n = 0;
	int fd;

	while (at < end && n < GUARD_MAX_ARGS) {
		args[n++] = at;
		at += strnlen(at, (size_t)(end - at)) + 1;
	}
	if (l->is_script || n == 0)
		return NULL;
	guard_call_parse(l->file.path, args, n, &call);
	if (call.script == NULL || !make_absolute(l, call.script, AT_FDCWD, path, sizeof(path)))
		return NULL;
	fd = guard_files_open(l->task.tgid, path);
	if (fd < 0)
		return NULL; /* the interpreter will not find it either */
	js = guard_fan_job_new(fd, l->j->tid);
	file = sk_alloc(sizeof(*file));
	if (look_at_file(l, fd, file) && S_ISREG(file->st.st_mode)) {
		put_process(l, &js->rec);
		put_file(l, file, js);
		js->rec.args_len = (uint16_t)l->call.args_len;
		add_data(js, l->call.args, l->call.args_len);
	} else {
		guard_fan_job_put(js);
		js = NULL;
	}
	sk_free(file);
	return js;
}

static void describe(struct guard_fan_look *l)
{
	struct guard_fan_job *j = l->j;
	size_t name = strlen(l->call.path) + 1;

	put_process(l, &j->rec);
	put_file(l, &l->file, j);
	j->rec.name_len = (uint16_t)(name < GUARD_NAME_BYTES ? name : GUARD_NAME_BYTES);
	add_data(j, l->call.path, j->rec.name_len);
	j->data[j->len - 1] = 0;
	j->script = script_of(l);
}

bool guard_fan_look(struct guard_fan_look *l)
{
	const struct guard_container *c;

	if (!guard_fan_task_look(l->j->tid, &l->task) || !look_at_file(l, l->j->fd, &l->file))
		return false;
	(void)pthread_mutex_lock(&l->f->lock);
	c = guard_table_get(l->f->maps[GUARD_MAP_CONTAINERS], &l->j->cgroup);
	l->is_host = c != NULL && (c->flags & GUARD_C_HOST) != 0;
	(void)pthread_mutex_unlock(&l->f->lock);
	look_at_head(l);
	look_at_root(l);
	look_at_call(l);
	describe(l);
	return true;
}
