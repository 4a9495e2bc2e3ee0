/* SPDX-License-Identifier: Apache-2.0 */
/* Cgroup v2 as the kernel's Documentation/admin-guide/cgroup-v2.rst has it, hybrid hierarchies too.
 */
#include "guard/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/io.h"
#include "base/parse.h"

enum {
	WALK_DEPTH = 32,
	WALK_MAX = 65536,
	MOUNTS_MAX = 8 << 20, /* hosts with thousands of containers have long mount tables */
	PIDS_MAX = 16 << 20,
	FILEID_KERNFS = 0xfe, /* Linux, include/linux/exportfs.h */
	LINES_MAX = 1 << 16,  /* a line for each hierarchy of cgroups v1, and one */
};

/* Where the first file system of a type is mounted. */
static bool first_mount(const char *want, char *buf, size_t size)
{
	struct sk_span rest = {0}, line;
	struct sk_buf b;
	struct sk_err err;
	bool found = false;

	sk_buf_init(&b, MOUNTS_MAX);
	if (sk_read_file(AT_FDCWD, "/proc/self/mounts", &b, &err) == 0)
		rest = sk_buf_span(&b);
	while (!found && sk_span_line(&rest, &line)) {
		struct sk_span dev, dir, type;

		if (!sk_span_cut(&line, ' ', &dev) || !sk_span_cut(&line, ' ', &dir) ||
		    !sk_span_cut(&line, ' ', &type) || !sk_span_eq_str(type, want))
			continue;
		found = dir.len < size;
		if (found)
			(void)snprintf(buf, size, "%.*s", SK_SPAN_ARG(dir));
	}
	sk_buf_release(&b);
	return found;
}

bool guard_cgroup_root(char *buf, size_t size)
{
	return first_mount("cgroup2", buf, size);
}

bool guard_cgroup_is_hybrid(void)
{
	char dir[GUARD_CGROUP_PATH_SIZE];

	return first_mount("cgroup", dir, sizeof(dir));
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

bool guard_cgroup_container_id(struct sk_span name, char *ret)
{
	size_t run = 0;
	bool found = false;

	if (memmem(name.ptr, name.len, "-conmon-", 8) != NULL)
		return false;
	for (size_t i = 0; i <= name.len; i++) {
		if (i < name.len && is_hex(name.ptr[i])) {
			run++;
			continue;
		}
		if (run == GUARD_CONTAINER_ID_SIZE - 1) {
			memcpy(ret, name.ptr + i - run, run);
			ret[run] = '\0';
			found = true;
		}
		run = 0;
	}
	return found;
}

bool guard_cgroup_chosen_id(struct sk_span name, char *ret, size_t size)
{
	/* what runtimes put before ids where systemd makes the cgroups */
	static const char *const prefixes[] = {"cri-containerd-", "containerd-", "runc-", "crun-",
					       "docker-",         "libpod-",     "crio-"};
	static const char suffix[] = ".scope";
	size_t tail = sizeof(suffix) - 1;

	if (name.len > tail && memcmp(name.ptr + name.len - tail, suffix, tail) == 0) {
		name.len -= tail;
		for (size_t i = 0; i < SK_ARRAY_LEN(prefixes); i++)
			if (sk_span_strip_prefix(&name, prefixes[i]))
				break;
	}
	if (name.len == 0 || name.len >= size)
		return false;
	(void)snprintf(ret, size, "%.*s", SK_SPAN_ARG(name));
	return true;
}

/* Is @path @dir or below it? Then what is below is left in it. */
static bool strip_dir(struct sk_span *path, struct sk_span dir)
{
	struct sk_span rest = *path;

	if (path->len < dir.len || memcmp(path->ptr, dir.ptr, dir.len) != 0)
		return false;
	rest = sk_span_sub(rest, dir.len, rest.len);
	if (dir.len != 0 && dir.ptr[dir.len - 1] != '/' && rest.len != 0 && rest.ptr[0] != '/')
		return false;
	*path = rest;
	return true;
}

/* What is below the innermost mount point of cgroups. */
static struct sk_span below_mount(struct sk_span mounts, struct sk_span path)
{
	struct sk_span line, dev, dir, type, best = path, rest;
	bool found = false;

	while (sk_span_line(&mounts, &line)) {
		if (!sk_span_cut(&line, ' ', &dev) || !sk_span_cut(&line, ' ', &dir) ||
		    !sk_span_cut(&line, ' ', &type) ||
		    (!sk_span_eq_str(type, "cgroup2") && !sk_span_eq_str(type, "cgroup")))
			continue;
		rest = path;
		if (strip_dir(&rest, dir) && (!found || rest.len < best.len)) {
			best = rest;
			found = true;
		}
	}
	if (!found)
		(void)strip_dir(&best, sk_span_str("/sys/fs/cgroup"));
	return best;
}

/* "0::/path" and "4:memory:/path", as /proc/PID/cgroup has them. */
static struct sk_span strip_hierarchy(struct sk_span given)
{
	struct sk_span rest = given, number, controllers;
	uint32_t n;

	if (sk_span_cut(&rest, ':', &number) && sk_parse_u32(number, &n) &&
	    sk_span_cut(&rest, ':', &controllers) && rest.len != 0 && rest.ptr[0] == '/')
		return rest;
	return given;
}

bool guard_cgroup_spell(struct sk_span mounts, const char *root, const char *given, char *buf,
			size_t size)
{
	struct sk_span rest = below_mount(mounts, strip_hierarchy(sk_span_str(given))), part;
	size_t n = strlen(root);

	if (n >= size)
		return false;
	memcpy(buf, root, n + 1);
	while (sk_span_cut(&rest, '/', &part)) {
		if (part.len == 0 || sk_span_eq_str(part, "."))
			continue;
		if (sk_span_eq_str(part, "..") || n + 1 + part.len >= size)
			return false;
		n += (size_t)snprintf(buf + n, size - n, "/%.*s", SK_SPAN_ARG(part));
	}
	return true;
}

bool guard_cgroup_resolve(const char *root, const char *given, char *buf, size_t size)
{
	uint64_t id;
	char real[PATH_MAX], there[GUARD_CGROUP_PATH_SIZE];
	struct statfs fs;
	struct sk_buf b;
	struct sk_err err;
	bool ok, is_v2 = false;

	/* Of what is on a disk only the name counts. */
	if (statfs(given, &fs) == 0 &&
	    (fs.f_type == CGROUP2_SUPER_MAGIC || fs.f_type == CGROUP_SUPER_MAGIC) &&
	    realpath(given, real) != NULL) {
		is_v2 = fs.f_type == CGROUP2_SUPER_MAGIC;
		given = real;
	}
	sk_buf_init(&b, MOUNTS_MAX);
	ok = sk_read_file(AT_FDCWD, "/proc/self/mounts", &b, &err) == 0 &&
	     guard_cgroup_spell(sk_buf_span(&b), root, given, buf, size);
	sk_buf_release(&b);
	id = ok && is_v2 ? guard_cgroup_id(given) : 0;
	/* A part of the tree that is mounted elsewhere. */
	if (id != 0 && guard_cgroup_id(buf) != id &&
	    guard_cgroup_find(root, id, there, sizeof(there)) && strlen(there) < size)
		memcpy(buf, there, strlen(there) + 1);
	return ok;
}

bool guard_cgroup_is_below(const char *path, const char *above)
{
	struct sk_span rest = sk_span_str(path);

	return strip_dir(&rest, sk_span_str(above));
}

uint64_t guard_cgroup_id(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? (uint64_t)st.st_ino : 0;
}

struct walk {
	guard_cgroup_fn *fn;
	void *ctx;
	size_t n;
};

static void walk_dir(struct walk *w, const char *path, unsigned depth)
{
	char sub[GUARD_CGROUP_PATH_SIZE];
	struct dirent *e;
	DIR *d;

	if (depth >= WALK_DEPTH || w->n >= WALK_MAX)
		return;
	w->n++;
	w->fn(w->ctx, path, guard_cgroup_id(path));
	d = opendir(path);
	while (d != NULL && (e = readdir(d)) != NULL) {
		if (e->d_type != DT_DIR || e->d_name[0] == '.')
			continue;
		if (snprintf(sub, sizeof(sub), "%s/%s", path, e->d_name) < (int)sizeof(sub))
			walk_dir(w, sub, depth + 1);
	}
	if (d != NULL)
		(void)closedir(d);
}

void guard_cgroup_walk(const char *path, guard_cgroup_fn *fn, void *ctx)
{
	struct walk w = {.fn = fn, .ctx = ctx};

	walk_dir(&w, path, 0);
}

/** struct id_search - the directory of a cgroup by its id */
struct id_search {
	uint64_t id;
	char *buf;
	size_t size;
	bool found;
};

static void match_id(void *ctx, const char *path, uint64_t id)
{
	struct id_search *f = ctx;

	if (id == f->id && strlen(path) < f->size) {
		memcpy(f->buf, path, strlen(path) + 1);
		f->found = true;
	}
}

/*
 * Cgroups have file handles since Linux 5.5: their ids. Returns a descriptor, -ESTALE when there is
 * no such cgroup, another error when that cannot be asked.
 */
static int open_by_id(const char *root, uint64_t id)
{
	union {
		struct file_handle head;
		uint8_t room[sizeof(struct file_handle) + sizeof(id)];
	} handle = {.head = {.handle_bytes = sizeof(id), .handle_type = FILEID_KERNFS}};
	sk_cleanup(sk_closep) int mount = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int fd = -1;

	memcpy(handle.room + sizeof(struct file_handle), &id, sizeof(id));
	if (mount >= 0)
		fd = open_by_handle_at(mount, &handle.head, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

bool guard_cgroup_find(const char *root, uint64_t id, char *buf, size_t size)
{
	struct id_search f = {.id = id, .buf = buf, .size = size};
	sk_cleanup(sk_closep) int fd = open_by_id(root, id);
	char link[32];
	ssize_t n;

	if (fd == -ESTALE)
		return false;
	if (fd >= 0) {
		(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		n = readlink(link, buf, size);
		if (n > 0 && (size_t)n < size) {
			buf[n] = '\0';
			if (guard_cgroup_is_below(buf, root))
				return true;
		}
	}
	guard_cgroup_walk(root, match_id, &f);
	return f.found;
}

void guard_cgroup_pids(const char *path, guard_cgroup_pid_fn *fn, void *ctx)
{
	char name[GUARD_CGROUP_PATH_SIZE + 16];
	struct sk_span rest, line;
	struct sk_buf b;
	struct sk_err err;
	uint32_t pid;

	(void)snprintf(name, sizeof(name), "%s/cgroup.procs", path);
	sk_buf_init(&b, PIDS_MAX);
	if (sk_read_file(AT_FDCWD, name, &b, &err) == 0) {
		rest = sk_buf_span(&b);
		while (sk_span_line(&rest, &line))
			if (sk_parse_u32(line, &pid) && pid != 0)
				fn(ctx, pid);
	}
	sk_buf_release(&b);
}

bool guard_cgroup_of_pid(uint32_t pid, char *buf, size_t size)
{
	char name[64], root[256];
	struct sk_span rest, line;
	struct sk_buf b;
	struct sk_err err;
	bool found = false;

	(void)snprintf(name, sizeof(name), "/proc/%u/cgroup", pid);
	if (!guard_cgroup_root(root, sizeof(root)))
		return false;
	sk_buf_init(&b, LINES_MAX);
	if (sk_read_file(AT_FDCWD, name, &b, &err) == 0) {
		rest = sk_buf_span(&b);
		while (!found && sk_span_line(&rest, &line))
			if (sk_span_strip_prefix(&line, "0::"))
				found = (size_t)snprintf(buf, size, "%s%.*s", root,
							 SK_SPAN_ARG(line)) < size;
	}
	sk_buf_release(&b);
	return found;
}
