/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The threads that decide. One execve opens several files: a script, then its interpreter; a
 * program, then its dynamic linker. They are told apart by the path that was given to execve: the
 * file that it names is the program.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/map.h"
#include "base/parse.h"
#include "guard/call.h"
#include "guard/event.h"
#include "guard/fan-judge.h"
#include "guard/fan-mount.h"
#include "guard/files.h"
#include "guard/kern-fan-priv.h"

enum {
	PATH_SIZE = 4096,
	HEAD_SIZE = 256, /* of a script's first line, as the kernel has it */
	FLIGHT_SECONDS = 30,
	MAX_IMAGES_SEARCHED = 8192,
	ANCESTORS = 16,
	OVERLAY_MAGIC = 0x794c7630,
	TMPFS_MAGIC = 0x01021994,
	RAMFS_MAGIC = (int)0x858458f6,
};

/** struct seen - a file, as far as it can be told without its content */
struct seen {
	int fd; /* borrowed */
	struct stat st;
	long fs; /* type of its file system */
	uint64_t mount;
	bool unlinked;
	char path[PATH_SIZE];
};

/** struct look - everything that is known before the decision */
struct look {
	struct guard_fan_kern *f;
	struct guard_fan_job *j;
	struct guard_fan_task task;
	struct guard_fan_call call;
	struct seen file;
	uint64_t root_mount;
	bool is_host; /* no container but a service of the host */
	bool written;
	int names_it; /* the path of execve leads to this file: 1 yes, 0 no, -1 cannot be told */
	bool is_script;
	char head[HEAD_SIZE + 1];
	struct sk_span interpreter, interpreter_arg;
	struct guard_container *container;
	struct guard_policy *policy;
	struct guard_task *known; /* the process */
};

static uint64_t ctime_of(const struct stat *st)
{
	return sk_timespec_ns(&st->st_ctim);
}

static uint32_t dev_of(dev_t dev)
{
	return (uint32_t)(major(dev) << 20 | minor(dev));
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
	char name[64], root[PATH_SIZE];
	size_t n;

	(void)snprintf(name, sizeof(name), "/proc/%u/root", pid);
	if (!read_link(name, root, sizeof(root)) || strcmp(root, "/") == 0)
		return path;
	n = strlen(root);
	if (strncmp(path, root, n) != 0 || (path[n] != '/' && path[n] != '\0'))
		return path;
	return path[n] != '\0' ? path + n : "/";
}

static void find_path(const struct look *l, struct seen *file)
{
	static const char deleted[] = " (deleted)";
	char name[64], path[PATH_SIZE];
	size_t n, tail = sizeof(deleted) - 1;

	(void)snprintf(name, sizeof(name), "/proc/self/fd/%d", file->fd);
	(void)read_link(name, path, sizeof(path));
	n = strlen(path);
	if (file->unlinked && n > tail && strcmp(path + n - tail, deleted) == 0)
		path[n - tail] = '\0';
	(void)snprintf(file->path, sizeof(file->path), "%s", below_root(l->task.tgid, path));
}

/* "/proc/self/fd/7" and its like: the file itself, wherever it is. Returns false for others. */
static bool is_descriptor(const struct look *l, const char *path, char *to, size_t size)
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
static bool make_absolute(const struct look *l, const char *given, int dir, char *to, size_t size)
{
	char name[64], base[PATH_SIZE];

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
static bool resolve(struct look *l, struct stat *ret)
{
	char name[64], path[2 * PATH_SIZE];
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

static void look_at_call(struct look *l)
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

static bool look_at_file(const struct look *l, int fd, struct seen *file)
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

static void look_at_head(struct look *l)
{
	ssize_t n = pread(l->j->fd, l->head, HEAD_SIZE, 0);

	l->head[n > 0 ? n : 0] = '\0';
	l->written = is_written(l->j->fd);
	l->is_script = guard_fan_parse_script(sk_span_of(l->head, n > 0 ? (size_t)n : 0),
					      &l->interpreter, &l->interpreter_arg);
}

static void look_at_root(struct look *l)
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
static enum guard_rec_origin origin_of_overlay(const struct seen *file, const char *upper)
{
	struct stat st;
	uint64_t mount;
	sk_cleanup(sk_closep) int fd = open(upper, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || file->unlinked)
		return GUARD_REC_O_UNKNOWN;
	return stat_below(fd, file->path, &st, &mount) ? GUARD_REC_O_UPPER : GUARD_REC_O_IMAGE;
}

static enum guard_rec_origin origin_of(const struct look *l, const struct seen *file,
				       const struct guard_fan_layer *layer)
{
	if (file->fs == TMPFS_MAGIC || file->fs == RAMFS_MAGIC)
		return file->unlinked ? GUARD_REC_O_MEMFD : GUARD_REC_O_TMPFS;
	if (file->fs == OVERLAY_MAGIC && (file->mount == l->root_mount || l->is_host))
		return layer != NULL ? origin_of_overlay(file, layer->upper) : GUARD_REC_O_UNKNOWN;
	if (l->is_host)
		return GUARD_REC_O_HOST;
	if (file->mount == l->root_mount && file->mount != 0)
		return GUARD_REC_O_UNKNOWN; /* an engine without overlayfs: content decides */
	return GUARD_REC_O_VOLUME;
}

/* Called without the lock: it looks at directories. */
static void put_file(const struct look *l, const struct seen *file, struct guard_fan_job *j)
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
	j->rec.file = (struct guard_file_id){.ino = file->st.st_ino,
					     .size = (uint64_t)file->st.st_size,
					     .ctime_ns = ctime_of(&file->st),
					     .dev = found != NULL ? layer.layer : dev};
	j->rec.flags |= file->unlinked ? GUARD_RF_UNLINKED : 0u;
	j->len = guard_fan_put_path(file->path, j->data, GUARD_PATH_BYTES);
	j->rec.path_len = (uint16_t)j->len;
}

/* The program that a process runs, as the images know it. Returns an exec id, 0 for none. */
static uint64_t image_of(struct guard_fan_kern *f, uint64_t exec_id, uint32_t pid)
{
	const struct guard_fan_image *image;
	char name[64];
	struct stat st;
	const uint64_t *key = NULL;

	(void)snprintf(name, sizeof(name), "/proc/%u/exe", pid);
	if (stat(name, &st) != 0)
		return exec_id;
	for (int i = 0; i < ANCESTORS && exec_id != 0; i++) {
		image = guard_table_get(f->images, &exec_id);
		if (image == NULL)
			return exec_id; /* it ran before us */
		if (image->dev == st.st_dev && image->ino == st.st_ino)
			return exec_id;
		exec_id = image->parent;
	}
	while ((key = guard_table_next(f->images, key)) != NULL) {
		image = guard_table_get(f->images, key);
		if (image->dev == st.st_dev && image->ino == st.st_ino && *key > exec_id)
			exec_id = *key;
	}
	return exec_id;
}

/* A process that is still what it was when it was entered. */
static struct guard_task *living(struct guard_fan_kern *f, uint32_t pid, uint64_t start)
{
	struct guard_task *t = guard_table_get(f->maps[GUARD_MAP_TASKS], &pid);
	const uint64_t *then = guard_table_get(f->starts, &pid);

	return t != NULL && then != NULL && *then == start ? t : NULL;
}

static struct guard_task *ancestor_of(struct look *l)
{
	uint32_t pid = l->task.ppid;

	for (int i = 0; i < ANCESTORS && pid > 1; i++) {
		struct guard_task *t = living(l->f, pid, guard_fan_start_of(pid));

		if (t != NULL)
			return t->cgroup == l->j->cgroup ? t : NULL;
		pid = guard_fan_parent_of(pid);
	}
	return NULL;
}

/*
 * A runtime's own programs run in the host's mount namespace, before they enter the container.
 * Returns false for those.
 */
static bool meet_process(struct look *l)
{
	struct guard_task fresh = {.cgroup = l->j->cgroup, .ppid = l->task.ppid}, *above;
	struct guard_container *c = l->container;
	bool is_host = (c->flags & GUARD_C_HOST) != 0;

	l->known = living(l->f, l->task.tgid, l->task.start);
	if (l->known != NULL)
		return true;
	above = ancestor_of(l);
	if (above != NULL) {
		fresh.exec_id = image_of(l->f, above->exec_id, l->task.tgid);
		fresh.program = fresh.exec_id == above->exec_id ? above->program : 0;
		fresh.flags = above->flags & (GUARD_T_ENTRY | GUARD_T_SEEN);
	} else if (!is_host) {
		if (l->task.mnt_ns == l->f->own_mnt_ns)
			return false;
		fresh.flags = (c->flags & GUARD_C_STARTED) != 0 ? GUARD_T_ENTRY : GUARD_T_MAIN;
		c->flags |= GUARD_C_STARTED;
	}
	(void)guard_table_put(l->f->starts, &l->task.tgid, &l->task.start);
	l->known = guard_table_put(l->f->maps[GUARD_MAP_TASKS], &l->task.tgid, &fresh);
	if (l->known == NULL)
		l->f->stats.tasks_full++;
	return l->known != NULL;
}

static bool same_state(const struct guard_file_id *a, const struct guard_file_id *b)
{
	return a->size == b->size && a->ctime_ns == b->ctime_ns;
}

/* Which of the files of an execve is this one? */
static enum guard_fan_role role_of(struct look *l, const struct guard_fan_flight *before)
{
	if (before == NULL || l->names_it != 0)
		return l->is_script ? GUARD_FAN_SCRIPT : GUARD_FAN_PROGRAM;
	if (before->role == GUARD_FAN_SCRIPT)
		return l->is_script ? GUARD_FAN_SCRIPT : GUARD_FAN_INTERPRETER;
	return GUARD_FAN_LINKER;
}

static const struct guard_fan_flight *flight_of(const struct look *l)
{
	const struct guard_fan_flight *fl = guard_table_get(l->f->flights, &l->j->tid);

	return fl != NULL && l->call.has_path && fl->mark == l->call.mark &&
			       fl->start == l->task.start &&
			       sk_mono_ns() - fl->ns < FLIGHT_SECONDS * SK_SECOND_NS
		       ? fl
		       : NULL;
}

static void add_arg(struct guard_fan_flight *fl, const char *text, size_t len)
{
	if (fl->args_len + len + 1 > sizeof(fl->args))
		return;
	memcpy(fl->args + fl->args_len, text, len);
	fl->args_len += (uint32_t)len;
	fl->args[fl->args_len++] = 0;
}

/* What the kernel makes of a script's arguments: interpreter, its argument, the script, the rest.
 */
static void script_args(const struct look *l, const struct guard_fan_flight *before,
			struct guard_fan_flight *fl)
{
	bool nested = before != NULL && l->j->role == GUARD_FAN_SCRIPT && l->names_it == 0;
	const uint8_t *args = nested ? before->args : l->call.args, *rest;
	size_t len = nested ? before->args_len : l->call.args_len;

	fl->args_len = 0;
	add_arg(fl, l->interpreter.ptr, l->interpreter.len);
	if (l->interpreter_arg.len != 0)
		add_arg(fl, l->interpreter_arg.ptr, l->interpreter_arg.len);
	if (nested)
		add_arg(fl, (const char *)args, strnlen((const char *)args, len));
	else
		add_arg(fl, l->call.path, strlen(l->call.path));
	rest = len != 0 ? memchr(args, 0, len) : NULL;
	if (rest == NULL)
		return;
	rest++;
	len -= (size_t)(rest - args);
	if (fl->args_len + len <= sizeof(fl->args)) {
		memcpy(fl->args + fl->args_len, rest, len);
		fl->args_len += (uint32_t)len;
	}
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

static void put_process(const struct look *l, struct guard_rec *r)
{
	r->time_ns = l->j->asked_ns;
	r->cgroup = l->j->cgroup;
	r->host_pid = l->task.tgid;
	r->pid = l->task.pid;
	r->ppid = l->task.ppid;
	r->uid = l->task.uid;
	r->flags = stdin_flags(l->task.tgid) | (l->call.args_cut ? GUARD_RF_ARGS_CUT : 0u);
}

/* The script that an interpreter is told to read: looked at before it is started. */
static struct guard_fan_job *script_of(const struct look *l)
{
	const char *args[GUARD_MAX_ARGS], *at = (const char *)l->call.args;
	const char *end = at + l->call.args_len;
	char path[2 * PATH_SIZE];
	struct guard_fan_job *js;
	struct guard_call call;
	struct seen *file;
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

/* Called without the lock. */
static void describe(struct look *l)
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

static void put_args(struct look *l, const struct guard_fan_flight *before)
{
	bool shebang = l->j->role == GUARD_FAN_INTERPRETER;
	const uint8_t *args = shebang ? before->args : l->call.args;
	uint32_t len = shebang ? before->args_len : l->call.args_len;

	l->j->rec.args_len = (uint16_t)len;
	add_data(l->j, args, len);
	if (shebang)
		l->j->rec.flags |= GUARD_RF_SCRIPT;
}

static uint32_t wanted(enum guard_fan_role role)
{
	return role == GUARD_FAN_SCRIPT   ? GUARD_A_SCRIPT
	       : role == GUARD_FAN_LINKER ? GUARD_A_LIB
					  : GUARD_A_EXEC;
}

static void judge_use(struct look *l, struct guard_fan_ruling *r)
{
	struct guard_rec *rec = &l->j->rec;
	const uint8_t *args = l->j->data + rec->path_len + rec->name_len;
	uint32_t special = GUARD_A_INTERPRETER | GUARD_A_MULTICALL;

	rec->program = r->rules.program;
	r->mode = (enum guard_rec_mode)l->policy->mode_exec;
	if ((r->rules.flags & special) != 0 && !l->call.has_args)
		r->reason = GUARD_REC_R_SCRIPT; /* it hides what it was given */
	else if ((r->rules.flags & special) != 0)
		r->reason = guard_fan_judge_use(l->f->maps, l->container->service, &r->rules, args,
						rec->args_len);
	if (r->reason != GUARD_REC_R_NONE && (l->known->flags & GUARD_T_ENTRY) != 0)
		r->reason = GUARD_REC_R_ENTRY;
	if (r->reason == GUARD_REC_R_NONE &&
	    !guard_fan_judge_parent(l->f->maps, l->policy, l->container->service, &r->rules,
				    l->known->program)) {
		r->reason = GUARD_REC_R_NOT_IN_PROFILE;
		r->mode = (enum guard_rec_mode)l->policy->mode_parent;
		rec->flags |= GUARD_RF_PARENT;
	}
}

static struct guard_fan_ruling judge(struct look *l)
{
	struct guard_fan_sight s = {.policy = l->policy,
				    .service = l->container->service,
				    .want = wanted(l->j->role),
				    .id = l->j->rec.file,
				    .origin = (enum guard_rec_origin)l->j->rec.origin,
				    .unlinked = l->file.unlinked,
				    .written = l->written,
				    .entry = (l->known->flags & GUARD_T_ENTRY) != 0,
				    .path = l->file.path};
	struct guard_fan_ruling r = guard_fan_judge_file(l->f->maps, &s);

	if (r.known && s.want == GUARD_A_EXEC)
		judge_use(l, &r);
	return r;
}

/* What is remembered when the file is let go. */
static void plan_flight(struct look *l, const struct guard_fan_flight *before)
{
	struct guard_fan_job *j = l->j;

	j->flight = (struct guard_fan_flight){.mark = l->call.mark,
					      .start = l->task.start,
					      .ns = sk_mono_ns(),
					      .file = j->rec.file,
					      .role = j->role};
	if (j->role == GUARD_FAN_SCRIPT)
		script_args(l, before, &j->flight);
	j->exe_dev = l->file.st.st_dev;
	j->exe_ino = l->file.st.st_ino;
}

/* The name that a program is called by; of a multi-call binary's own name also the next word. */
static uint64_t hash_called(const char *args, size_t len)
{
	size_t n = strnlen(args, len);

	if (n < len && guard_family_of(args).multicall)
		n += 1 + strnlen(args + n + 1, len - n - 1);
	return sk_hash64(sk_span_of(args, n));
}

/* A cause that was told is only counted from then on. */
static bool tell_once(struct guard_fan_kern *f, struct guard_fan_job *j)
{
	struct guard_rec *r = &j->rec;
	const char *args = (const char *)j->data + r->path_len + r->name_len;
	struct guard_fold_key key = {.cgroup = r->cgroup,
				     .a = r->file.ino,
				     .b = r->file.ctime_ns ^ hash_called(args, r->args_len),
				     .type = r->type,
				     .verdict = r->verdict,
				     .reason = r->reason,
				     .op = r->op};
	struct guard_fold fresh = {.count = 1,
				   .first_ns = r->time_ns,
				   .last_ns = r->time_ns,
				   .id = guard_fan_next_exec_id(f),
				   .sent = 1,
				   .host_pid = r->host_pid};
	struct guard_fold *fold = guard_table_get(f->maps[GUARD_MAP_FOLDS], &key);

	f->stats.alerts++;
	f->stats.blocks += r->verdict == GUARD_REC_DENIED;
	if (fold != NULL) {
		fold->count++;
		fold->last_ns = r->time_ns;
		return false;
	}
	r->cause = fresh.id;
	if (guard_table_put(f->maps[GUARD_MAP_FOLDS], &key, &fresh) == NULL)
		f->stats.folds_full++;
	return true;
}

/* Libraries are recorded once, and only for those who learn. */
static bool is_new_library(struct guard_fan_kern *f, const struct guard_policy *p,
			   const struct guard_rec *r)
{
	struct guard_seen_key key = {.cgroup = r->cgroup,
				     .a = r->file.ino,
				     .b = r->file.ctime_ns,
				     .kind = GUARD_REC_MMAP};
	uint64_t one = 1;

	if ((p->flags & GUARD_P_LEARN) == 0 ||
	    guard_table_get(f->maps[GUARD_MAP_SEEN], &key) != NULL)
		return false;
	(void)guard_table_put(f->maps[GUARD_MAP_SEEN], &key, &one);
	return true;
}

static void emit(struct guard_fan_kern *f, struct guard_fan_job *j, bool urgent)
{
	j->refs++;
	(void)guard_fan_emit(f, j, urgent);
}

static const struct guard_policy *policy_of(struct guard_fan_kern *f, const struct guard_fan_job *j,
					    uint32_t *ret_service)
{
	const struct guard_container *c =
		guard_table_get(f->maps[GUARD_MAP_CONTAINERS], &j->cgroup);

	*ret_service = c != NULL ? c->service : GUARD_DEFAULT_SERVICE;
	return guard_table_get(f->maps[GUARD_MAP_POLICIES], ret_service);
}

/* A violation that needs no look at the content: told. Returns true when it is refused. */
static bool tell(struct guard_fan_kern *f, struct guard_fan_job *j,
		 const struct guard_fan_ruling *r)
{
	j->rec.reason = (uint8_t)r->reason;
	j->rec.verdict = (uint8_t)guard_fan_verdict(r->mode, f->enforce);
	if (j->rec.verdict == GUARD_REC_OBSERVED)
		emit(f, j, false);
	else if (tell_once(f, j))
		emit(f, j, true);
	return j->rec.verdict == GUARD_REC_DENIED;
}

static void hold(struct guard_fan_kern *f, struct guard_fan_job *j, enum guard_rec_reason reason)
{
	j->rec.reason = (uint8_t)reason;
	j->rec.verdict = GUARD_REC_HELD;
	emit(f, j, true);
}

/* The script that the program will read. Returns false when the program has to wait, or is refused.
 */
static bool pass_script(struct guard_fan_kern *f, struct guard_fan_job *j)
{
	struct guard_fan_job *js = j->script;
	struct guard_fan_ruling r;
	struct guard_fan_sight s = {.want = GUARD_A_SCRIPT, .path = ""};
	bool pass = true;

	j->script = NULL;
	if (js == NULL)
		return true;
	s.policy = policy_of(f, j, &s.service);
	s.id = js->rec.file;
	s.origin = (enum guard_rec_origin)js->rec.origin;
	s.unlinked = (js->rec.flags & GUARD_RF_UNLINKED) != 0;
	js->rec.type = GUARD_REC_SCRIPT;
	js->rec.flags |= GUARD_RF_EXECVE | (j->rec.flags & (GUARD_RF_ENTRY | GUARD_RF_MAIN));
	js->rec.service = s.service;
	js->rec.exec_id = j->rec.parent_exec_id;
	r = s.policy != NULL ? guard_fan_judge_file(f->maps, &s) : (struct guard_fan_ruling){0};
	if (r.reason != GUARD_REC_R_NONE && r.hold) {
		js->gate = j;
		j->refs++;
		hold(f, js, r.reason);
		pass = false;
	} else if (r.reason != GUARD_REC_R_NONE && tell(f, js, &r)) {
		guard_fan_answer_job(f, j, false);
		pass = false;
	}
	guard_fan_job_put(js);
	return pass;
}

/* Scripts are told of with their interpreters; who learns gets their content too. */
static bool is_recorded(struct guard_fan_kern *f, struct guard_fan_job *j)
{
	uint32_t service;
	const struct guard_policy *p = policy_of(f, j, &service);

	if (p == NULL)
		return false;
	if (j->role == GUARD_FAN_LINKER)
		return is_new_library(f, p, &j->rec);
	return (p->flags & (j->role == GUARD_FAN_SCRIPT ? GUARD_P_CALLS : GUARD_P_RECORD)) != 0;
}

void guard_fan_pass(struct guard_fan_kern *f, struct guard_fan_job *j, bool told)
{
	if (!pass_script(f, j))
		return;
	if (!told && j->answered_ns == 0 && is_recorded(f, j))
		emit(f, j, false);
	guard_fan_answer_job(f, j, true);
}

/* Arguments that are enforced are the session's to judge. */
static bool must_ask(const struct look *l, const struct guard_fan_ruling *r)
{
	return r->known && l->f->enforce && (l->policy->flags & GUARD_P_HOLD) != 0 &&
	       (l->policy->flags & GUARD_P_HOLD_ARGS) != 0 &&
	       (r->rules.flags & GUARD_A_SHAPES) != 0;
}

static void act(struct look *l, const struct guard_fan_ruling *r)
{
	struct guard_fan_job *j = l->j;
	bool pending = (l->container->flags & GUARD_C_PENDING) != 0 && l->f->hold;

	if (pending || (r->reason != GUARD_REC_R_NONE ? r->hold : must_ask(l, r))) {
		hold(l->f, j, r->reason);
	} else if (r->reason == GUARD_REC_R_NONE) {
		j->rec.verdict = r->known ? GUARD_REC_ALLOWED : GUARD_REC_OBSERVED;
		guard_fan_pass(l->f, j, false);
	} else if (tell(l->f, j, r)) {
		guard_fan_answer_job(l->f, j, false);
	} else {
		guard_fan_pass(l->f, j, true);
	}
}

static void fill_rec(struct look *l)
{
	struct guard_rec *r = &l->j->rec;

	r->type = l->j->role == GUARD_FAN_LINKER   ? GUARD_REC_MMAP
		  : l->j->role == GUARD_FAN_SCRIPT ? GUARD_REC_SCRIPT
						   : GUARD_REC_EXEC;
	r->service = l->container->service;
	r->parent_exec_id = l->known->exec_id;
	r->exec_id = r->type == GUARD_REC_EXEC ? guard_fan_next_exec_id(l->f) : l->known->exec_id;
	r->flags |= (l->known->flags & GUARD_T_ENTRY) != 0 ? GUARD_RF_ENTRY : 0u;
	r->flags |= (l->known->flags & GUARD_T_MAIN) != 0 ? GUARD_RF_MAIN : 0u;
	r->flags |= (l->container->flags & GUARD_C_PENDING) != 0 ? GUARD_RF_PENDING : 0u;
	r->flags |= r->type != GUARD_REC_EXEC ? GUARD_RF_EXECVE : 0u;
}

/* With the lock. */
static void decide(struct look *l)
{
	const struct guard_fan_flight *before;
	struct guard_fan_ruling r;

	if (l->j->answered_ns != 0)
		return; /* it took too long */
	l->container = guard_table_get(l->f->maps[GUARD_MAP_CONTAINERS], &l->j->cgroup);
	if (l->container == NULL || (l->container->flags & GUARD_C_IGNORED) != 0 ||
	    !meet_process(l)) {
		guard_fan_answer_job(l->f, l->j, true);
		return;
	}
	l->policy = guard_table_get(l->f->maps[GUARD_MAP_POLICIES], &l->container->service);
	before = flight_of(l);
	/* Below an overlay the kernel asks again about the same file. */
	if (l->policy == NULL || (before != NULL && l->file.fs != OVERLAY_MAGIC &&
				  l->names_it == 0 && same_state(&before->file, &l->j->rec.file))) {
		guard_fan_answer_job(l->f, l->j, true);
		return;
	}
	l->j->role = role_of(l, before);
	put_args(l, before);
	fill_rec(l);
	plan_flight(l, before);
	r = judge(l);
	act(l, &r);
}

static void work_on(struct guard_fan_kern *f, struct guard_fan_job *j)
{
	struct look *l = sk_alloc(sizeof(*l));
	const struct guard_container *c;
	bool ok;

	l->f = f;
	l->j = j;
	ok = guard_fan_task_look(j->tid, &l->task) && look_at_file(l, j->fd, &l->file);
	(void)pthread_mutex_lock(&f->lock);
	c = guard_table_get(f->maps[GUARD_MAP_CONTAINERS], &j->cgroup);
	l->is_host = c != NULL && (c->flags & GUARD_C_HOST) != 0;
	(void)pthread_mutex_unlock(&f->lock);
	if (ok) {
		look_at_head(l);
		look_at_root(l);
		look_at_call(l);
		describe(l);
	}
	(void)pthread_mutex_lock(&f->lock);
	if (ok)
		decide(l);
	else if (guard_fan_start_of(j->tid) == 0)
		guard_fan_answer_job(f, j, true); /* whoever asked is gone */
	else
		guard_fan_give_up(f, j);
	guard_fan_job_put(j);
	(void)pthread_mutex_unlock(&f->lock);
	sk_free(l);
}

void *guard_fan_work_loop(void *arg)
{
	struct guard_fan_kern *f = arg;
	struct guard_fan_job *j;

	(void)pthread_mutex_lock(&f->lock);
	while (!f->quit) {
		j = TAILQ_FIRST(&f->work);
		if (j == NULL) {
			(void)pthread_cond_wait(&f->work_there, &f->lock);
			continue;
		}
		TAILQ_REMOVE(&f->work, j, queue);
		(void)pthread_mutex_unlock(&f->lock);
		work_on(f, j);
		(void)pthread_mutex_lock(&f->lock);
	}
	(void)pthread_mutex_unlock(&f->lock);
	return NULL;
}
