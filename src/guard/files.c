/* SPDX-License-Identifier: Apache-2.0 */
/* Opening files through /proc/PID/root without leaving it, and hashing them. */
#include "guard/files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/io.h"
#include "base/map.h"
#include "guard/mounts.h"

enum {
	SETS = 2048,
	WAYS = 4,
	CHUNK = 1 << 17,
	SETTLED_NS = 50000000, /* times of change are as coarse as the kernel's tick, 10 ms */
	MOUNTINFO_MAX = 8 << 20,
};

#define MAX_HASHED (4ull << 30)

/** struct known - a hash; size 0 with used 0: free */
struct known {
	struct guard_file_id id;
	uint64_t used;
	uint8_t hash[GUARD_HASH_BYTES];
};

struct guard_files {
	struct known sets[SETS][WAYS];
	uint64_t clock;
	uint8_t chunk[CHUNK];
};

struct guard_files *guard_files_new(void)
{
	return sk_alloc(sizeof(struct guard_files));
}

void guard_files_free(struct guard_files *f)
{
	sk_free(f);
}

static int open_in(const char *root, const char *path)
{
	sk_cleanup(sk_closep) int dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct open_how how = {.flags = O_PATH | O_CLOEXEC,
			       .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
	sk_cleanup(sk_closep) int fd = -1;

	if (dir < 0)
		return -errno;
	fd = (int)syscall(SYS_openat2, dir, path, &how, sizeof(how));
	return fd < 0 ? -errno : sk_open_regular(fd);
}

int guard_files_open(uint32_t pid, const char *path)
{
	char root[64];

	(void)snprintf(root, sizeof(root), "/proc/%u/root", pid);
	return open_in(root, path);
}

/* The path of an open file as @root shows it, which is open too; "" for the root itself. */
static bool path_in(int root, int fd, char *to, size_t size)
{
	char link[32], top[4096], text[4096];
	ssize_t n_top, n;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", root);
	n_top = readlink(link, top, sizeof(top));
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, text, sizeof(text));
	if (n_top == 1)
		n_top = 0; /* "/" */
	if (n_top < 0 || n < n_top || (size_t)n == sizeof(text) || n == 0 || text[0] != '/' ||
	    memcmp(top, text, (size_t)n_top) != 0 || (n > n_top && text[n_top] != '/'))
		return false;
	if (n - n_top == 1)
		n = n_top; /* "/" */
	return (size_t)snprintf(to, size, "%.*s", (int)(n - n_top), text + n_top) < size;
}

static bool place_in(const char *top, char *path, size_t size, bool *directory)
{
	struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
			       .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
	sk_cleanup(sk_closep) int root = -1;
	sk_cleanup(sk_closep) int dir = -1;
	char base[256];
	size_t len = strlen(path), start;
	struct stat st;

	while (len > 1 && path[len - 1] == '/')
		path[--len] = '\0';
	start = (size_t)(strrchr(path, '/') + 1 - path);
	if (len - start >= sizeof(base) || start == len || strcmp(path + start, ".") == 0 ||
	    strcmp(path + start, "..") == 0)
		return false;
	memcpy(base, path + start, len - start + 1);
	root = open(top, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return false;
	path[start] = '\0';
	dir = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
	path[start] = base[0];
	if (dir < 0)
		return false;
	if (fstatat(dir, base, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode))
		*directory = true;
	if (!path_in(root, dir, path, size))
		return false;
	len = strlen(path);
	return (size_t)snprintf(path + len, size - len, "/%s", base) < size - len;
}

bool guard_files_place(uint32_t pid, char *path, size_t size, bool *directory)
{
	char top[64];

	(void)snprintf(top, sizeof(top), "/proc/%u/root", pid);
	return place_in(top, path, size, directory);
}

bool guard_files_place_layers(const char *layers, char *path, size_t size, bool *directory)
{
	struct sk_span rest = sk_span_str(layers != NULL ? layers : ""), layer;
	char dir[4096];

	while (layers != NULL && sk_span_cut(&rest, ':', &layer)) {
		if (layer.len == 0 || layer.len >= sizeof(dir) || layer.ptr[0] != '/')
			continue;
		(void)snprintf(dir, sizeof(dir), "%.*s", SK_SPAN_ARG(layer));
		if (place_in(dir, path, size, directory))
			return true;
	}
	return false;
}

struct sk_span guard_files_text(uint32_t pid, const char *path, char *buf, size_t size)
{
	int fd = guard_files_open(pid, path);
	struct stat st;
	int64_t n = 0;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		n = sk_read_full(fd, buf, size);
	if (fd >= 0)
		(void)close(fd);
	return sk_span_of(buf, n > 0 ? (size_t)n : 0);
}

static uint64_t ctime_of(const struct stat *st)
{
	return sk_timespec_ns(&st->st_ctim);
}

/* As many bytes as it had: who makes it grow meanwhile does not keep us. */
static bool hash_fd(struct guard_files *f, int fd, uint64_t size, uint8_t *ret)
{
	sk_cleanup(sk_hasher_freep) struct sk_hasher *h = sk_hasher_new(SK_DIGEST_SHA256);
	struct sk_digest digest;
	uint64_t off = 0;

	if (size > MAX_HASHED)
		return false;
	while (off < size) {
		size_t want = size - off < CHUNK ? (size_t)(size - off) : CHUNK;

		if (sk_pread_full(fd, f->chunk, want, off) != (int64_t)want)
			return false;
		sk_hasher_add(h, f->chunk, want);
		off += want;
	}
	sk_hasher_finish(h, &digest);
	memcpy(ret, digest.bytes, GUARD_HASH_BYTES);
	return true;
}

static struct known *place_of(struct guard_files *f, const struct guard_file_id *id)
{
	struct known *set = f->sets[sk_hash64(sk_span_of(id, sizeof(*id))) % SETS], *to = &set[0];

	for (size_t i = 0; i < WAYS; i++) {
		if (set[i].used != 0 && memcmp(&set[i].id, id, sizeof(*id)) == 0)
			return &set[i];
		if (set[i].used < to->used)
			to = &set[i];
	}
	to->used = 0;
	return to;
}

/* "UPPER:LOWER:…" of an overlay in what a process sees mounted. */
static bool overlay_of(uint32_t pid, const char *dir, struct sk_buf *layers)
{
	sk_cleanup(sk_buf_release) struct sk_buf table;
	struct sk_err ignored;
	char name[64];

	(void)snprintf(name, sizeof(name), "/proc/%u/mountinfo", pid);
	sk_buf_init(&table, MOUNTINFO_MAX);
	return sk_read_file(AT_FDCWD, name, &table, &ignored) == 0 &&
	       guard_mounts_overlay(sk_buf_span(&table), dir, layers);
}

/* The writable layer below a process's root directory; false when there is none. */
static bool upper_of(uint32_t pid, char *to, size_t size)
{
	sk_cleanup(sk_buf_release) struct sk_buf b;
	struct sk_span rest, upper;

	sk_buf_init(&b, MOUNTINFO_MAX);
	if (!overlay_of(pid, "/", &b))
		return false;
	rest = sk_buf_span(&b);
	return sk_span_cut(&rest, ':', &upper) && upper.len != 0 &&
	       (size_t)snprintf(to, size, "%.*s", SK_SPAN_ARG(upper)) < size;
}

/*
 * The same state before and after: what was hashed is what the kernel saw. Two files may have the
 * same time of change and size, so a path that may lead elsewhere by now must lead to the inode.
 * Overlayfs adds bits to the numbers of inodes above the 32nd.
 */
static bool is_state(int fd, const struct guard_file_id *id, bool *ret_same)
{
	struct stat st;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || (uint64_t)st.st_size != id->size ||
	    ctime_of(&st) != id->ctime_ns)
		return false;
	*ret_same = (uint32_t)st.st_ino == (uint32_t)id->ino;
	return true;
}

/* Overlayfs shows a file that was copied up under the number that it had below. */
static int open_upper(uint32_t pid, const char *path)
{
	char dir[4096];

	return upper_of(pid, dir, sizeof(dir)) ? open_in(dir, path) : -ENOENT;
}

/* The very file, opened; -1 when the path leads elsewhere or it changed. */
static int open_file(const struct guard_file_id *id, uint32_t pid, const char *path)
{
	sk_cleanup(sk_closep) int fd = guard_files_open(pid, path);
	bool same = false;

	if (fd < 0 || !is_state(fd, id, &same))
		return -1;
	if (!same) {
		sk_closep(&fd);
		fd = open_upper(pid, path);
		if (fd < 0 || !is_state(fd, id, &same) || !same)
			return -1;
	}
	return sk_take_fd(fd);
}

bool guard_files_knows(struct guard_files *f, const struct guard_file_id *id)
{
	return place_of(f, id)->used != 0;
}

bool guard_files_is_settled(const struct guard_file_id *id)
{
	return id->untimed == 0 && id->ctime_ns + SETTLED_NS < sk_wall_ns();
}

bool guard_files_hash_fd(struct guard_files *f, const struct guard_file_id *id, int fd,
			 uint8_t *ret)
{
	struct known *k = place_of(f, id);
	bool same;

	if (k->used == 0) {
		if (!is_state(fd, id, &same) || !hash_fd(f, fd, id->size, k->hash) ||
		    !is_state(fd, id, &same))
			return false;
		k->id = *id;
	}
	memcpy(ret, k->hash, GUARD_HASH_BYTES);
	if (k->used != 0 || guard_files_is_settled(id))
		k->used = ++f->clock;
	return true;
}

bool guard_files_hash(struct guard_files *f, const struct guard_file_id *id, uint32_t pid,
		      const char *path, uint8_t *ret)
{
	struct known *k = place_of(f, id);
	sk_cleanup(sk_closep) int fd = -1;
	bool same = false;
	char exe[64];

	if (k->used == 0) {
		(void)snprintf(exe, sizeof(exe), "/proc/%u/exe", pid);
		fd = path != NULL ? open_file(id, pid, path)
				  : open(exe, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		if (fd < 0 || !is_state(fd, id, &same) || !hash_fd(f, fd, id->size, k->hash) ||
		    !is_state(fd, id, &same))
			return false;
		k->id = *id;
	}
	memcpy(ret, k->hash, GUARD_HASH_BYTES);
	/* Only what cannot change any more without its time of change is remembered. */
	if (k->used != 0 || (same && guard_files_is_settled(id)))
		k->used = ++f->clock;
	return true;
}

struct guard_file_id guard_file_id_of(const struct stat *st)
{
	return (struct guard_file_id){
		.ino = st->st_ino,
		.size = (uint64_t)st->st_size,
		.ctime_ns = ctime_of(st),
		.dev = guard_device(major(st->st_dev), minor(st->st_dev)),
	};
}

/* As the kernel half decides it, see is_untimed() there. */
static bool is_untimed(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && (fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC);
}

bool guard_files_identify(uint32_t pid, const char *path, struct guard_file_id *ret)
{
	sk_cleanup(sk_closep) int fd = guard_files_open(pid, path);
	struct stat st, layer;
	char dir[4096];
	bool untimed;

	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return false;
	untimed = is_untimed(fd);
	if (upper_of(pid, dir, sizeof(dir))) {
		sk_cleanup(sk_closep) int above = open_in(dir, path);

		if (above < 0 || fstat(above, &layer) != 0 || !S_ISREG(layer.st_mode) ||
		    layer.st_size != st.st_size || ctime_of(&layer) != ctime_of(&st)) {
			if (stat(dir, &layer) == 0)
				st.st_dev = layer.st_dev;
		} else {
			st.st_dev = layer.st_dev;
			st.st_ino = layer.st_ino;
			untimed = is_untimed(above);
		}
	}
	*ret = guard_file_id_of(&st);
	ret->untimed = untimed;
	return true;
}

const char *guard_files_overlay(uint32_t pid, const char *dir, struct sk_arena *a)
{
	sk_cleanup(sk_buf_release) struct sk_buf b;

	sk_buf_init(&b, MOUNTINFO_MAX);
	return overlay_of(pid != 0 ? pid : (uint32_t)getpid(), dir, &b)
		       ? sk_arena_str(a, sk_buf_span(&b))
		       : NULL;
}

bool guard_files_layers(uint32_t pid, guard_files_layer_fn *fn, void *ctx)
{
	sk_cleanup(sk_buf_release) struct sk_buf b;
	bool found;

	sk_buf_init(&b, MOUNTINFO_MAX);
	found = overlay_of(pid, "/", &b);
	if (found)
		guard_files_lower(b.ptr, fn, ctx);
	return found;
}

void guard_files_lower(const char *layers, guard_files_layer_fn *fn, void *ctx)
{
	struct sk_span rest = sk_span_str(layers != NULL ? layers : ""), layer;
	char dir[4096];

	if (layers == NULL || !sk_span_cut(&rest, ':', &layer)) /* the first can be written to */
		return;
	while (sk_span_cut(&rest, ':', &layer)) {
		if (layer.len == 0 || layer.len >= sizeof(dir) || layer.ptr[0] != '/')
			continue;
		(void)snprintf(dir, sizeof(dir), "%.*s", SK_SPAN_ARG(layer));
		fn(ctx, dir);
	}
}

bool guard_files_hash_layers(struct guard_files *f, const struct guard_file_id *id,
			     const char *layers, const char *path, uint8_t *ret)
{
	struct sk_span rest = sk_span_str(layers != NULL ? layers : ""), layer;
	char dir[4096];

	while (layers != NULL && path != NULL && sk_span_cut(&rest, ':', &layer)) {
		sk_cleanup(sk_closep) int fd = -1;
		struct stat st;

		if (layer.len == 0 || layer.len >= sizeof(dir) || layer.ptr[0] != '/')
			continue;
		(void)snprintf(dir, sizeof(dir), "%.*s", SK_SPAN_ARG(layer));
		fd = open_in(dir, path);
		/* The real file itself, not one of the same name in another layer. */
		if (fd >= 0 && fstat(fd, &st) == 0 && st.st_ino == id->ino &&
		    guard_files_hash_fd(f, id, fd, ret))
			return true;
	}
	return false;
}

int guard_files_below(const char *layers, const char *path, struct guard_file_id *ret)
{
	struct sk_span rest = sk_span_str(layers != NULL ? layers : ""), layer;
	sk_cleanup(sk_closep) int fd = -ENOENT;
	char dir[4096];
	struct stat st;

	if (layers == NULL || path == NULL || !sk_span_cut(&rest, ':', &layer))
		return -1;
	while (fd == -ENOENT && sk_span_cut(&rest, ':', &layer)) {
		if (layer.len == 0 || layer.len >= sizeof(dir) || layer.ptr[0] != '/')
			continue;
		(void)snprintf(dir, sizeof(dir), "%.*s", SK_SPAN_ARG(layer));
		fd = open_in(dir, path); /* what hides a file cannot be opened */
	}
	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return -1;
	*ret = guard_file_id_of(&st);
	return sk_take_fd(fd);
}
