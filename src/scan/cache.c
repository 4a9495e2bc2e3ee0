/* SPDX-License-Identifier: Apache-2.0 */
/* Entries in files (docs/formats/cache.md). */
#include "scan/cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/wire.h"

enum {
	HEADER_SIZE = 80,
	CHECKSUM_OFF = 48,
	NAME_SIZE = 2 * SK_SHA256_SIZE + 1,
	TMP_NAME_SIZE = 4 + 32 + 1,
	/* What a file takes on disk at least: the usual block of a file system. */
	FILE_COST = 4096,
	MAX_FILES = 1000000,
	/* A file that was used is made young again, at most once in so many seconds. */
	TOUCH_S = 3600,
	/*
	 * Times of change have the grain of a timer tick, of two seconds on FAT: a file that was
	 * changed so recently may be changed again without a trace.
	 */
	SETTLED_S = 2,
};

static const char magic[4] = "SKC1";
static const size_t content_max = 256u << 20; /* as a worker's answer */

struct victim {
	char name[NAME_SIZE];
	uint64_t size;
	struct timespec mtime;
};

struct scan_cache {
	int dirfd;
	uint64_t max_size;
	/* What was there when the first entry was written, oldest first. */
	struct victim *victims;
	size_t n_victims, victims_cap, next_victim;
	uint64_t used;
	bool listed;
};

static int make_dirs(const char *dir)
{
	char *path = sk_strdup(dir);
	int r = 0;

	for (char *p = path + 1; r == 0 && *p != '\0'; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		r = mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0;
		*p = '/';
	}
	if (r == 0 && mkdir(path, 0700) < 0 && errno != EEXIST)
		r = -errno;
	sk_free(path);
	return r;
}

static bool is_safe(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && (st.st_uid == geteuid() || st.st_uid == 0) &&
	       (st.st_mode & S_IWOTH) == 0;
}

struct scan_cache *scan_cache_open(const char *dir, uint64_t max_size)
{
	sk_cleanup(sk_closep) int fd = -1;
	struct scan_cache *c;

	if (*dir == '\0')
		return NULL;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT && make_dirs(dir) == 0)
		fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || !is_safe(fd)) {
		sk_log(SK_LOG_DEBUG, "cache: not used: %s",
		       fd < 0 ? strerror(errno) : "others may write to its directory");
		return NULL;
	}
	c = sk_alloc(sizeof(*c));
	*c = (struct scan_cache){.dirfd = sk_take_fd(fd), .max_size = max_size};
	return c;
}

void scan_cache_free(struct scan_cache *c)
{
	if (c == NULL)
		return;
	(void)close(c->dirfd);
	sk_free(c->victims);
	sk_free(c);
}

static void put_u32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

static void entry_name(const struct scan_cache_key *key, char *ret)
{
	(void)sk_format_hex(key->digest.bytes, SK_SHA256_SIZE, ret);
}

/* Magic, kind, length and key; then the checksum over these and the content. */
static void make_header(const struct scan_cache_key *key, struct sk_span content, uint8_t *ret)
{
	struct sk_hasher *h = sk_hasher_new(SK_DIGEST_SHA256);
	struct sk_digest sum;

	memcpy(ret, magic, sizeof(magic));
	put_u32(ret + 4, key->kind);
	put_u32(ret + 8, (uint32_t)content.len);
	put_u32(ret + 12, (uint32_t)((uint64_t)content.len >> 32));
	memcpy(ret + 16, key->digest.bytes, SK_SHA256_SIZE);
	sk_hasher_add(h, ret, CHECKSUM_OFF);
	sk_hasher_add(h, content.ptr, content.len);
	sk_hasher_finish(h, &sum);
	memcpy(ret + CHECKSUM_OFF, sum.bytes, SK_SHA256_SIZE);
	sk_hasher_free(h);
}

static void touch(int fd, const struct stat *st)
{
	const struct timespec now[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_nsec = UTIME_NOW}};

	/* Of no consequence where the directory may only be read. */
	if (time(NULL) - st->st_mtim.tv_sec > TOUCH_S)
		(void)futimens(fd, now);
}

bool scan_cache_get(struct scan_cache *c, const struct scan_cache_key *key, struct sk_buf *ret)
{
	uint8_t header[HEADER_SIZE], expected[HEADER_SIZE];
	char name[NAME_SIZE];
	sk_cleanup(sk_closep) int fd = -1;
	struct stat st;
	size_t len, before = ret->len;
	char *room;

	entry_name(key, name);
	fd = openat(c->dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size < HEADER_SIZE ||
	    (uint64_t)st.st_size > content_max)
		return false;
	len = (size_t)st.st_size - HEADER_SIZE;
	room = sk_buf_reserve(ret, len);
	if (room == NULL || sk_pread_full(fd, header, HEADER_SIZE, 0) != HEADER_SIZE ||
	    sk_pread_full(fd, room, len, HEADER_SIZE) != (int64_t)len)
		return false;
	make_header(key, sk_span_of(room, len), expected);
	if (memcmp(header, expected, HEADER_SIZE) != 0)
		return false;
	ret->len = before + len;
	ret->ptr[ret->len] = '\0';
	touch(fd, &st);
	return true;
}

static uint64_t cost(uint64_t size)
{
	return (size + FILE_COST - 1) / FILE_COST * FILE_COST;
}

static int by_age(const void *a, const void *b)
{
	const struct victim *x = a, *y = b;

	if (x->mtime.tv_sec != y->mtime.tv_sec)
		return x->mtime.tv_sec < y->mtime.tv_sec ? -1 : 1;
	if (x->mtime.tv_nsec != y->mtime.tv_nsec)
		return x->mtime.tv_nsec < y->mtime.tv_nsec ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* Names that this program gives; whatever else lies in the directory is not touched. */
static bool is_ours(const char *name)
{
	size_t len = strlen(name);

	if (strncmp(name, "tmp-", 4) == 0)
		return len < NAME_SIZE && strspn(name + 4, "0123456789abcdef") == len - 4;
	return len == NAME_SIZE - 1 && strspn(name, "0123456789abcdef") == len;
}

static void list_victims(struct scan_cache *c)
{
	int fd = openat(c->dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *de;
	struct stat st;

	if (dir == NULL) {
		sk_closep(&fd);
		return;
	}
	while (c->n_victims < MAX_FILES && (de = readdir(dir)) != NULL) {
		struct victim *v;

		if (!is_ours(de->d_name) ||
		    fstatat(c->dirfd, de->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    !S_ISREG(st.st_mode))
			continue;
		SK_GROW(c->victims, c->n_victims, c->victims_cap);
		v = &c->victims[c->n_victims++];
		(void)snprintf(v->name, sizeof(v->name), "%s", de->d_name);
		v->size = cost((uint64_t)st.st_size);
		v->mtime = st.st_mtim;
		c->used += v->size;
	}
	(void)closedir(dir);
	if (c->n_victims != 0)
		qsort(c->victims, c->n_victims, sizeof(*c->victims), by_age);
	c->listed = true;
}

static bool make_room(struct scan_cache *c, uint64_t size)
{
	if (!c->listed)
		list_victims(c);
	if (!c->listed)
		return false;
	while (c->used + size > c->max_size && c->next_victim < c->n_victims) {
		const struct victim *v = &c->victims[c->next_victim++];

		/* Another process may have been faster. */
		if (unlinkat(c->dirfd, v->name, 0) < 0 && errno != ENOENT)
			return false;
		c->used -= v->size;
	}
	return c->used + size <= c->max_size;
}

static int open_tmp(struct scan_cache *c, char *name)
{
	uint64_t random[2];

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return -1;
	(void)snprintf(name, TMP_NAME_SIZE, "tmp-%016" PRIx64 "%016" PRIx64, random[0], random[1]);
	return openat(c->dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
}

void scan_cache_put(struct scan_cache *c, const struct scan_cache_key *key, struct sk_span content)
{
	uint64_t size = cost(content.len + HEADER_SIZE);
	uint8_t header[HEADER_SIZE];
	char name[NAME_SIZE], tmp[TMP_NAME_SIZE];
	int fd;

	/* One entry does not drive out all others. */
	if (content.len > content_max - HEADER_SIZE || size > c->max_size / 4 ||
	    faccessat(c->dirfd, ".", W_OK, AT_EACCESS) < 0 || !make_room(c, size))
		return;
	fd = open_tmp(c, tmp);
	if (fd < 0)
		return;
	entry_name(key, name);
	make_header(key, content, header);
	if (sk_write_all(fd, header, HEADER_SIZE) == 0 &&
	    sk_write_all(fd, content.ptr, content.len) == 0 &&
	    renameat(c->dirfd, tmp, c->dirfd, name) == 0)
		c->used += size;
	else
		(void)unlinkat(c->dirfd, tmp, 0);
	(void)close(fd);
}

static struct scan_cache_key key_of(enum scan_cache_kind kind, struct sk_buf *text)
{
	struct scan_cache_key key = {.kind = kind};

	key.digest = sk_digest_of(SK_DIGEST_SHA256, sk_buf_span(text));
	sk_buf_release(text);
	return key;
}

static void begin_key(struct sk_buf *b, enum scan_cache_kind kind)
{
	sk_buf_init(b, content_max);
	(void)sk_buf_add(b, magic, sizeof(magic));
	sk_wire_put_u64(b, kind);
}

struct scan_cache_key scan_cache_facts_key(const struct sk_digest *stored,
					   const struct scan_wanted *wanted,
					   const struct sk_limits *limits)
{
	struct sk_buf b;

	begin_key(&b, SCAN_CACHE_FACTS);
	sk_wire_put_u64(&b, CATALOG_VERSION);
	sk_wire_put_u64(&b, SCAN_FACTS_VERSION);
	sk_wire_put_digest(&b, stored);
	/* A reader that may use more finds more; how long it may take changes nothing. */
	for (size_t i = 0; i < SK_N_LIMITS; i++)
		sk_wire_put_u64(&b, i == SK_LIMIT_TIME ? 0 : limits->max[i]);
	sk_wire_put_u64(&b, wanted->flags);
	sk_wire_put_u64(&b, wanted->n_aliases);
	for (size_t i = 0; i < wanted->n_aliases; i++) {
		sk_wire_put_span(&b, wanted->aliases[i].real);
		sk_wire_put_span(&b, wanted->aliases[i].claimed);
	}
	return key_of(SCAN_CACHE_FACTS, &b);
}

/* Device numbers and inodes mean nothing to another machine, or after a restart. */
static bool put_boot(struct sk_buf *b)
{
	char id[64];
	sk_cleanup(sk_closep) int fd =
		open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	int64_t n = fd >= 0 ? sk_read_full(fd, id, sizeof(id)) : -1;

	if (n < 32)
		return false;
	sk_wire_put_span(b, sk_span_of(id, (size_t)n));
	return true;
}

bool scan_cache_seen_key(int fd, uint64_t off, uint64_t len, struct scan_cache_key *ret,
			 bool *ret_settled)
{
	struct timespec now;
	struct stat st;
	struct sk_buf b;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || clock_gettime(CLOCK_REALTIME, &now) < 0)
		return false;
	begin_key(&b, SCAN_CACHE_SEEN);
	if (!put_boot(&b)) {
		sk_buf_release(&b);
		return false;
	}
	sk_wire_put_u64(&b, st.st_dev);
	sk_wire_put_u64(&b, st.st_ino);
	sk_wire_put_u64(&b, (uint64_t)st.st_size);
	sk_wire_put_fixed64(&b, (uint64_t)st.st_mtim.tv_sec);
	sk_wire_put_fixed64(&b, (uint64_t)st.st_mtim.tv_nsec);
	sk_wire_put_fixed64(&b, (uint64_t)st.st_ctim.tv_sec);
	sk_wire_put_fixed64(&b, (uint64_t)st.st_ctim.tv_nsec);
	sk_wire_put_u64(&b, off);
	sk_wire_put_u64(&b, len);
	*ret = key_of(SCAN_CACHE_SEEN, &b);
	if (ret_settled != NULL)
		*ret_settled = now.tv_sec - st.st_ctim.tv_sec > SETTLED_S;
	return true;
}
