/* SPDX-License-Identifier: Apache-2.0 */
/* Foreign root directories: the kernel resolves every name below the root (openat2(2)). */
#include "guard/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/digest.h"
#include "base/io.h"
#include "base/text.h"

enum {
	MAX_NAMES = 4096, /* of one directory */
	BLOCK = 64 << 10,
};

#define MAX_HASHED (4ull << 30)

struct guard_tree {
	int fd;
	char *real; /* path of the root as the kernel shows it, without a slash at the end */
};

/* What the kernel calls an open descriptor. */
static bool fd_path(int fd, char *buf, size_t size)
{
	char link[64];
	ssize_t n;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, buf, size - 1);
	if (n <= 0 || (size_t)n >= size - 1)
		return false;
	buf[n] = '\0';
	return true;
}

int guard_tree_open(const char *path, struct guard_tree **ret, struct sk_err *err)
{
	sk_cleanup(sk_closep) int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	char real[4096], quoted[200];

	if (fd < 0 || !fd_path(fd, real, sizeof(real)))
		return sk_err_errno(err, errno, "open %s",
				    sk_text_quote(sk_span_str(path), quoted, sizeof(quoted)));
	*ret = sk_alloc(sizeof(**ret));
	(*ret)->fd = sk_take_fd(fd);
	(*ret)->real = sk_strdup(strcmp(real, "/") == 0 ? "" : real);
	return 0;
}

void guard_tree_free(struct guard_tree *t)
{
	if (t == NULL)
		return;
	sk_closep(&t->fd);
	sk_free(t->real);
	sk_free(t);
}

static int open_in(const struct guard_tree *t, const char *path, int flags)
{
	struct open_how how = {
		.flags = (unsigned)flags | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};

	while (*path == '/')
		path++;
	return (int)syscall(SYS_openat2, t->fd, *path != '\0' ? path : ".", &how, sizeof(how));
}

bool guard_tree_find(const struct guard_tree *t, const char *path, struct sk_arena *a,
		     struct guard_tree_file *ret)
{
	sk_cleanup(sk_closep) int path_fd = open_in(t, path, O_PATH);
	sk_cleanup(sk_closep) int fd = path_fd >= 0 ? sk_open_regular(path_fd) : -1;
	size_t root = strlen(t->real);
	char real[8192];
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return false;
	if (!fd_path(fd, real, sizeof(real)) || strncmp(real, t->real, root) != 0 ||
	    real[root] != '/')
		return false;
	*ret = (struct guard_tree_file){
		.fd = sk_take_fd(fd),
		.path = sk_arena_strdup(a, real + root),
		.size = (uint64_t)st.st_size,
		.executable = (st.st_mode & 0111) != 0,
	};
	return true;
}

void guard_tree_close(struct guard_tree_file *f)
{
	sk_closep(&f->fd);
	f->fd = -1;
}

int guard_tree_hash(const struct guard_tree_file *f, struct guard_content *ret, struct sk_err *err)
{
	sk_cleanup(sk_hasher_freep) struct sk_hasher *h = sk_hasher_new(SK_DIGEST_SHA256);
	sk_cleanup(sk_freep) char *block = sk_alloc(BLOCK);
	struct sk_digest digest;
	uint64_t off = 0;

	if (f->size > MAX_HASHED)
		return sk_err_set(err, SK_E_LIMIT, "%s is larger than 4 GiB", f->path);
	while (off < f->size) {
		size_t want = f->size - off < BLOCK ? (size_t)(f->size - off) : BLOCK;
		int64_t n = sk_pread_full(f->fd, block, want, off);

		if (n < 0)
			return sk_err_errno(err, (int)-n, "read %s", f->path);
		if (n == 0)
			return sk_err_set(err, SK_E_TRUNCATED, "%s became shorter", f->path);
		sk_hasher_add(h, block, (size_t)n);
		off += (uint64_t)n;
	}
	sk_hasher_finish(h, &digest);
	*ret = (struct guard_content){.path = f->path, .has_sha256 = true, .size = f->size};
	memcpy(ret->sha256, digest.bytes, sizeof(ret->sha256));
	return 0;
}

static int read_file(void *ctx, uint64_t off, void *buf, size_t len)
{
	const struct guard_tree_file *f = ctx;
	int64_t n = sk_pread_full(f->fd, buf, len, off);

	return n == (int64_t)len ? 0 : n < 0 ? (int)n : -SK_E_TRUNCATED;
}

struct guard_elf_source guard_tree_source(struct guard_tree_file *f)
{
	return (struct guard_elf_source){.read = read_file, .ctx = f, .size = f->size};
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

size_t guard_tree_each(const struct guard_tree *t, const char *path, struct sk_arena *a,
		       const char ***ret)
{
	int fd = open_in(t, path, O_RDONLY | O_DIRECTORY);
	const char **names = sk_arena_array(a, MAX_NAMES, sizeof(*names));
	struct dirent *entry;
	size_t n = 0;
	DIR *dir;

	*ret = names;
	if (fd < 0)
		return 0;
	dir = fdopendir(fd);
	if (dir == NULL) {
		sk_closep(&fd);
		return 0;
	}
	while (n < MAX_NAMES && (entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			names[n++] = sk_arena_strdup(a, entry->d_name);
	(void)closedir(dir);
	if (n != 0)
		qsort(names, n, sizeof(*names), compare_names);
	return n;
}
