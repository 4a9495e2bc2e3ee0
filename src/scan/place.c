/* SPDX-License-Identifier: Apache-2.0 */
/* The unconfined side of unpacking: it sees names, kinds and bytes, never an archive. */
#include "scan/place.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/io.h"
#include "base/map.h"
#include "base/span.h"
#include "base/text.h"

enum {
	NAME_BYTES = 4096, /* PATH_MAX */
	BLOCK = 1 << 16,
	REMOVE_DEPTH = 64,
};

struct placer {
	int pipe;
	int root;
	struct sk_arena *arena;
	struct sk_map made; /* paths of this layer: an opaque directory hides the others only */
	char path[NAME_BYTES];
	char link[NAME_BYTES];
	char block[BLOCK];
};

static int in_root(int root, const char *path, uint64_t flags)
{
	struct open_how how = {.flags = flags | O_CLOEXEC,
			       .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};

	return (int)syscall(SYS_openat2, root, *path != '\0' ? path : ".", &how, sizeof(how));
}

static int fail(const char *path, struct sk_err *err)
{
	int saved = errno;
	char quoted[256];

	return sk_err_errno(err, saved, "unpack %s",
			    sk_text_quote(sk_span_str(path), quoted, sizeof(quoted)));
}

/* The directory of a path, made where it is missing. @ret_name: the last component, in @path. */
static int open_parent(struct placer *p, char *path, const char **ret_name)
{
	char *slash = strrchr(path, '/');
	int fd;

	*ret_name = slash != NULL ? slash + 1 : path;
	if (slash == NULL)
		return in_root(p->root, "", O_PATH | O_DIRECTORY);
	*slash = '\0';
	fd = in_root(p->root, path, O_PATH | O_DIRECTORY);
	for (char *at = path; fd < 0 && errno == ENOENT && at != NULL;) {
		sk_cleanup(sk_closep) int above = -1;
		char *end = strchr(at, '/');

		if (at > path)
			at[-1] = '\0';
		above = in_root(p->root, at > path ? path : "", O_PATH | O_DIRECTORY);
		if (at > path)
			at[-1] = '/';
		if (end != NULL)
			*end = '\0';
		if (above < 0 || (mkdirat(above, at, 0755) < 0 && errno != EEXIST)) {
			if (end != NULL)
				*end = '/';
			break;
		}
		if (end != NULL)
			*end = '/';
		at = end != NULL ? end + 1 : NULL;
		if (at == NULL)
			fd = in_root(p->root, path, O_PATH | O_DIRECTORY);
	}
	*slash = '/';
	return fd;
}

/* Removes a name and what is below it, but for what this layer made when @keep names its path. */
static void remove_at(struct placer *p, int dir, const char *name, const char *keep, int depth)
{
	sk_cleanup(sk_closep) int fd = -1;
	char below[NAME_BYTES];
	struct dirent *e;
	uint64_t value;
	DIR *list;

	if (unlinkat(dir, name, 0) == 0 || depth >= REMOVE_DEPTH)
		return;
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	list = fd >= 0 ? fdopendir(fd) : NULL;
	if (list == NULL)
		return;
	fd = -1; /* the list's */
	while ((e = readdir(list)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (keep != NULL) {
			if (snprintf(below, sizeof(below), "%s%s%s", keep, *keep != '\0' ? "/" : "",
				     e->d_name) >= (int)sizeof(below) ||
			    sk_map_get(&p->made, sk_span_str(below), &value))
				continue;
		}
		remove_at(p, dirfd(list), e->d_name, keep != NULL ? below : NULL, depth + 1);
	}
	(void)closedir(list);
	(void)unlinkat(dir, name, AT_REMOVEDIR);
}

/* Returns 1 when the entry was a whiteout. */
static int whiteout(struct placer *p, int parent, const char *name)
{
	char dir[NAME_BYTES];

	if (strncmp(name, ".wh.", 4) != 0)
		return 0;
	if (strcmp(name, ".wh..wh..opq") == 0) {
		(void)snprintf(dir, sizeof(dir), "%.*s",
			       name > p->path ? (int)(name - p->path - 1) : 0, p->path);
		remove_at(p, parent, ".", dir, 0);
	} else if (strncmp(name, ".wh..wh.", 8) != 0 && name[4] != '\0' &&
		   strcmp(name + 4, ".") != 0 && strcmp(name + 4, "..") != 0) {
		remove_at(p, parent, name + 4, NULL, 0);
	}
	return 1;
}

static int copy(struct placer *p, int fd, uint64_t size, struct sk_err *err)
{
	while (size > 0) {
		size_t want = size < BLOCK ? (size_t)size : BLOCK;
		int64_t n = sk_read_full(p->pipe, p->block, want);

		if (n != (int64_t)want)
			return sk_err_set(err, SK_E_TRUNCATED, "unpack: the reader ended early");
		if (fd >= 0 && sk_write_all(fd, p->block, want) < 0)
			return fail(p->path, err);
		size -= want;
	}
	return 0;
}

static int make_file(struct placer *p, int parent, const char *name,
		     const struct scan_place_head *h, struct sk_err *err)
{
	sk_cleanup(sk_closep) int fd = -1;

	remove_at(p, parent, name, NULL, 0);
	fd = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		    0600 | (h->mode & 0111));
	return fd < 0 ? fail(p->path, err) : copy(p, fd, h->size, err);
}

static int make_dir(struct placer *p, int parent, const char *name, struct sk_err *err)
{
	struct stat st;

	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		if (S_ISDIR(st.st_mode))
			return 0;
		remove_at(p, parent, name, NULL, 0);
	}
	return mkdirat(parent, name, 0755) < 0 ? fail(p->path, err) : 0;
}

static int make_link(struct placer *p, int parent, const char *name, struct sk_err *err)
{
	sk_cleanup(sk_closep) int from = -1;
	const char *target;

	from = open_parent(p, p->link, &target);
	if (from < 0)
		return fail(p->link, err);
	remove_at(p, parent, name, NULL, 0);
	return linkat(from, target, parent, name, 0) < 0 ? fail(p->path, err) : 0;
}

static int make(struct placer *p, const struct scan_place_head *h, struct sk_err *err)
{
	sk_cleanup(sk_closep) int parent = -1;
	const char *name;

	if (p->path[0] == '\0') /* the root itself */
		return copy(p, -1, h->size, err);
	parent = open_parent(p, p->path, &name);
	if (parent < 0)
		return fail(p->path, err);
	if (*name == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return sk_err_set(err, SK_E_FORMAT, "unpack: a name is none");
	if (whiteout(p, parent, name))
		return copy(p, -1, h->size, err);
	(void)sk_map_put(&p->made, sk_span_str(sk_arena_strdup(p->arena, p->path)), 1);
	switch ((enum scan_place_type)h->type) {
	case SCAN_PLACE_FILE:
		return make_file(p, parent, name, h, err);
	case SCAN_PLACE_DIR:
		return make_dir(p, parent, name, err);
	case SCAN_PLACE_SYMLINK:
		remove_at(p, parent, name, NULL, 0);
		return symlinkat(p->link, parent, name) < 0 ? fail(p->path, err) : 0;
	case SCAN_PLACE_HARDLINK:
		return make_link(p, parent, name, err);
	default:
		return sk_err_set(err, SK_E_FORMAT, "unpack: unknown kind of entry");
	}
}

static bool take_text(int pipe, char *to, uint32_t len)
{
	if (len >= NAME_BYTES || sk_read_full(pipe, to, len) != (int64_t)len)
		return false;
	to[len] = '\0';
	return memchr(to, '\0', len) == NULL;
}

int scan_place_entries(int pipe, int root_fd, struct sk_err *err)
{
	struct placer *p = sk_alloc(sizeof(*p));
	struct scan_place_head h;
	int r = 0;

	p->pipe = pipe;
	p->root = root_fd;
	p->arena = sk_arena_new();
	while (r == 0) {
		if (sk_read_full(pipe, &h, sizeof(h)) != (int64_t)sizeof(h))
			r = sk_err_set(err, SK_E_TRUNCATED, "unpack: the reader ended early");
		else if (h.type == SCAN_PLACE_END)
			break;
		else if (!take_text(pipe, p->path, h.path_len) ||
			 !take_text(pipe, p->link, h.link_len))
			r = sk_err_set(err, SK_E_FORMAT, "unpack: a name is none");
		else
			r = make(p, &h, err);
	}
	sk_map_release(&p->made);
	sk_arena_free(p->arena);
	sk_free(p);
	return r;
}

int scan_place_bytes(int pipe, int fd, uint64_t max, struct sk_err *err)
{
	char block[BLOCK];
	uint64_t done = 0;
	int64_t n;

	while ((n = sk_read_full(pipe, block, sizeof(block))) > 0) {
		done += (uint64_t)n;
		if (done > max)
			return sk_err_set(err, SK_E_LIMIT, "unpack: more than %llu bytes",
					  (unsigned long long)max);
		if (sk_write_all(fd, block, (size_t)n) < 0)
			return sk_err_errno(err, errno, "unpack");
	}
	return n < 0 ? sk_err_errno(err, (int)-n, "unpack") : 0;
}
