/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two questions to confined workers: which package of a layer's databases lists the file, then,
 * where names and versions lie in another layer (dpkg's status), which version is installed.
 */
#include "scan/owner.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/io.h"
#include "base/wire.h"
#include "catalog/catalog.h"
#include "scan/pool.h"

enum {
	PATH_SIZE = 4096,
	MAX_LISTS = 100000, /* files of one directory; Debian has two per package */
	N_NAMES = 3,
};

/** struct question - what a worker is asked */
struct question {
	char names[N_NAMES][PATH_SIZE]; /* the file, relative; "" where unused */
	const char *package;            /* asked for its version instead; NULL */
};

/** struct found - what one layer knows */
struct found {
	bool has_database;
	bool has_status; /* of dpkg: it says which packages are installed, with all their versions
			  */
	char name[SCAN_OWNER_SIZE];
	char version[SCAN_OWNER_SIZE];
};

static void copy_text(char *to, const char *from)
{
	(void)snprintf(to, SCAN_OWNER_SIZE, "%s", from != NULL ? from : "");
}

/* The file's own path, and where it is when /usr and the root share their directories. */
static void make_names(const char *path, struct question *q)
{
	static const char *const shared[] = {"bin/",   "sbin/",  "lib/",
					     "lib64/", "lib32/", "libx32/"};
	struct sk_span rel = sk_span_str(path);

	while (rel.len != 0 && rel.ptr[0] == '/')
		rel = sk_span_sub(rel, 1, rel.len);
	(void)snprintf(q->names[0], PATH_SIZE, "%.*s", SK_SPAN_ARG(rel));
	for (size_t i = 0; i < SK_ARRAY_LEN(shared); i++) {
		struct sk_span rest = rel;

		if (sk_span_starts(rel, shared[i]))
			(void)snprintf(q->names[1], PATH_SIZE, "usr/%.*s", SK_SPAN_ARG(rel));
		if (sk_span_strip_prefix(&rest, "usr/") && sk_span_starts(rest, shared[i]))
			(void)snprintf(q->names[2], PATH_SIZE, "%.*s", SK_SPAN_ARG(rest));
	}
}

static bool is_asked(const struct question *q, const char *path)
{
	for (size_t i = 0; i < N_NAMES; i++)
		if (q->names[i][0] != '\0' && strcmp(q->names[i], path) == 0)
			return true;
	return false;
}

static const char *version_of(const struct catalog_result *r, const char *name)
{
	for (size_t i = 0; i < r->n_packages; i++)
		if (strcmp(r->packages[i].name, name) == 0)
			return r->packages[i].version;
	return NULL;
}

static void take_result(const struct question *q, enum catalog_kind kind,
			const struct catalog_result *r, struct found *f)
{
	const char *version;

	f->has_database = true;
	f->has_status |= kind == CATALOG_DPKG_STATUS;
	for (size_t i = 0; f->name[0] == '\0' && q->package == NULL && i < r->n_owned; i++)
		if (is_asked(q, r->owned[i].path))
			copy_text(f->name, r->owned[i].package);
	version = version_of(r, q->package != NULL ? q->package : f->name);
	if (version != NULL && f->version[0] == '\0') {
		copy_text(f->version, version);
		if (q->package != NULL)
			copy_text(f->name, q->package);
	}
}

static int64_t read_fd(void *ctx, void *buf, size_t len, struct sk_err *err)
{
	ssize_t n = read(*(int *)ctx, buf, len);

	return n < 0 ? sk_err_errno(err, errno, "read") : n;
}

/* Is it a database that is of use for the question? */
static bool is_wanted(const struct question *q, enum catalog_kind kind)
{
	switch (kind) {
	case CATALOG_DPKG_STATUS:
	case CATALOG_DPKG_STATUS_D:
	case CATALOG_APK:
	case CATALOG_RPM:
		return true;
	case CATALOG_DPKG_FILES:
		return q->package == NULL;
	default:
		return false;
	}
}

static int read_database(int dir, const char *name, struct sk_span path, const struct question *q,
			 const struct sk_limits *limits, struct found *f, struct sk_err *err)
{
	sk_cleanup(sk_closep) int fd = -1;
	sk_cleanup(sk_arena_freep) struct sk_arena *a = NULL;
	struct catalog_result result = {0};
	struct sk_budget budget;
	enum catalog_kind kind;
	struct stat st;
	int r;

	if (!catalog_claims(path, CATALOG_CLAIM_FILES, &kind) || !is_wanted(q, kind))
		return 0;
	/* Once the owner is known, further lists need not be read. */
	if (kind == CATALOG_DPKG_FILES && f->name[0] != '\0')
		return 0;
	fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return 0;
	a = sk_arena_new();
	sk_budget_init(&budget, limits);
	r = catalog_parse(
		kind,
		&(struct catalog_input){
			.read = read_fd, .ctx = &fd, .path = path, .size = (uint64_t)st.st_size},
		CATALOG_CLAIM_FILES, &budget, a, &result, err);
	if (r == 0)
		take_result(q, kind, &result, f);
	return r;
}

/* Step by step, never through a link. */
static int open_dir(int tree, struct sk_span path)
{
	sk_cleanup(sk_closep) int fd = openat(tree, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct sk_span part;
	char name[NAME_MAX + 1];

	while (fd >= 0 && sk_span_cut(&path, '/', &part)) {
		int next;

		if (part.len == 0)
			continue;
		(void)snprintf(name, sizeof(name), "%.*s", SK_SPAN_ARG(part));
		next = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		sk_closep(&fd);
		fd = next;
	}
	return sk_take_fd(fd);
}

static int read_dir(int tree, struct sk_span dir, const struct question *q,
		    const struct sk_limits *limits, struct found *f, struct sk_err *err)
{
	int fd = open_dir(tree, dir), r = 0;
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	char path[PATH_SIZE];
	struct dirent *de;

	if (d == NULL) {
		sk_closep(&fd);
		return 0;
	}
	for (int i = 0; r == 0 && i < MAX_LISTS && (de = readdir(d)) != NULL; i++) {
		int n = snprintf(path, sizeof(path), "%.*s/%s", SK_SPAN_ARG(dir), de->d_name);

		if (n > 0 && (size_t)n < sizeof(path))
			r = read_database(dirfd(d), de->d_name, sk_span_of(path, (size_t)n), q,
					  limits, f, err);
	}
	(void)closedir(d);
	return r;
}

static int work(const struct scan_job *job, struct sk_buf *answer, struct sk_err *err)
{
	struct found f = {0};
	struct sk_span dir;
	int r = 0;

	for (size_t i = 0; r == 0 && catalog_dir(i, &dir); i++)
		r = read_dir(job->fd, dir, job->ctx, job->limits, &f, err);
	sk_wire_put_u64(answer, f.has_database);
	sk_wire_put_u64(answer, f.has_status);
	sk_wire_put_str(answer, f.name);
	sk_wire_put_str(answer, f.version);
	return r;
}

static void read_found(struct sk_wire *w, void *to)
{
	sk_cleanup(sk_arena_freep) struct sk_arena *a = sk_arena_new();
	struct found *f = to;

	f->has_database = sk_wire_get_u64(w, 1) != 0;
	f->has_status = sk_wire_get_u64(w, 1) != 0;
	copy_text(f->name, sk_wire_get_str(w, a, SCAN_OWNER_SIZE));
	copy_text(f->version, sk_wire_get_str(w, a, SCAN_OWNER_SIZE));
}

static int ask(int layer, const struct question *q, uint64_t deadline_ms, struct found *ret,
	       struct sk_err *err)
{
	struct scan_job job = {
		.what = "package databases", .fd = layer, .tree = true, .work = work, .ctx = q};

	return scan_pool_ask(&job, deadline_ms, read_found, ret, err);
}

/* Is there anything to read? Without opening it: that is the workers'. */
static bool may_have_database(int layer)
{
	struct sk_span dir;
	struct stat st;
	char name[256];

	for (size_t i = 0; catalog_dir(i, &dir); i++) {
		if (sk_span_eq_str(dir, "etc") || sk_span_eq_str(dir, "usr/lib"))
			continue;
		(void)snprintf(name, sizeof(name), "%.*s", SK_SPAN_ARG(dir));
		if (fstatat(layer, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			return true;
	}
	return false;
}

/* The uppermost dpkg status says what is installed, and in which version. */
static int confirm(const int *layers, size_t n_layers, const struct found *found,
		   uint64_t deadline_ms, struct scan_owner *ret, struct sk_err *err)
{
	char name[SCAN_OWNER_SIZE];
	struct question q = {.package = name};

	copy_text(name, ret->name);
	for (size_t i = 0; i < n_layers; i++) {
		struct found f = {0};
		int r;

		/* Without dpkg's status a package's version may lie in another file of its layer.
		 */
		if (!found[i].has_status &&
		    (found[i].name[0] == '\0' || found[i].version[0] != '\0'))
			continue;
		r = ask(layers[i], &q, deadline_ms, &f, err);
		if (r < 0)
			return r;
		copy_text(ret->name, f.name); /* "" when it was removed since */
		copy_text(ret->version, f.version);
		return 0;
	}
	return 0;
}

int scan_owner(const int *layers, size_t n_layers, const char *path, uint64_t deadline_ms,
	       struct scan_owner *ret, struct sk_err *err)
{
	sk_cleanup(sk_freep) struct question *q = sk_alloc(sizeof(*q));
	sk_cleanup(sk_freep) struct found *found = NULL;
	int r = 0;

	memset(ret, 0, sizeof(*ret));
	if (n_layers > SCAN_OWNER_MAX_LAYERS)
		n_layers = SCAN_OWNER_MAX_LAYERS;
	found = sk_alloc((n_layers + 1) * sizeof(*found));
	make_names(path, q);
	for (size_t i = 0; r == 0 && i < n_layers; i++) {
		if (!may_have_database(layers[i]))
			continue;
		r = ask(layers[i], q, deadline_ms, &found[i], err);
		ret->has_database |= found[i].has_database;
		if (ret->name[0] == '\0' && found[i].name[0] != '\0') {
			copy_text(ret->name, found[i].name);
			copy_text(ret->version, found[i].version);
		}
	}
	if (r == 0 && ret->name[0] != '\0')
		r = confirm(layers, n_layers, found, deadline_ms, ret, err);
	return r;
}
