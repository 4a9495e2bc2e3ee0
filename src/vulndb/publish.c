/* SPDX-License-Identifier: Apache-2.0 */
/* Publications of a database; layout and manifest: docs/formats/publication.md. */
#include "vulndb/publish.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/io.h"
#include "base/parse.h"
#include "unpack/pack.h"
#include "vulndb/manifest.h"
#include "vulndb/vulndb.h"

enum {
	FULL_LEVEL = 19,
	DELTA_LEVEL = 19,
	SHORT_HEX = 16, /* digits of a digest in a delta's name */
};

struct publisher {
	const struct vulndb_publish_options *opts;
	struct sk_arena *arena;
	int dirfd;
	struct sk_buf content;       /* the new database */
	struct vulndb_manifest old;  /* before */
	struct vulndb_manifest next; /* after */
};

static const char *digest_hex(const struct sk_digest *d, char *buf)
{
	return sk_digest_text(d, buf) + strlen("sha256:");
}

static int built_time(const char *db_path, int64_t *ret, struct sk_err *err)
{
	sk_cleanup(sk_arena_freep) struct sk_arena *a = sk_arena_new();
	sk_cleanup(vulndb_closep) struct vulndb *db = NULL;
	struct model_database about;
	int r = vulndb_open(db_path, &db, err);

	if (r < 0)
		return r;
	vulndb_describe(db, a, &about);
	if (about.built == NULL || !sk_parse_time(sk_span_str(about.built), ret))
		return sk_err_set(err, SK_E_FORMAT, "%s does not say when it was built", db_path);
	return 0;
}

static int write_object(struct publisher *p, const char *path, struct sk_span content,
			struct vulndb_object *ret, struct sk_err *err)
{
	*ret = (struct vulndb_object){
		.path = path,
		.size = content.len,
		.digest = sk_digest_of(SK_DIGEST_SHA256, content),
	};
	return sk_write_file_atomic(p->dirfd, path, content, 0644, err);
}

static int write_packed(struct publisher *p, const char *path, struct sk_span reference, int level,
			struct vulndb_object *ret, struct sk_err *err)
{
	struct sk_buf packed;
	int r;

	sk_buf_init(&packed, 2ull * VULNDB_FILE_MAX_SIZE);
	r = unpack_pack(sk_buf_span(&p->content), reference, level, &packed, err);
	if (r == 0)
		r = write_object(p, path, sk_buf_span(&packed), ret, err);
	sk_buf_release(&packed);
	return r;
}

/* A whole version that the publication still holds, unpacked and checked. */
static int read_version(struct publisher *p, const struct vulndb_version *v, struct sk_buf *out,
			struct sk_err *err)
{
	struct sk_digest digest;
	struct sk_buf packed;
	int r;

	sk_buf_init(&packed, VULNDB_FILE_MAX_SIZE);
	r = sk_read_file(p->dirfd, v->full.path, &packed, err);
	if (r == 0)
		r = unpack_packed(sk_buf_span(&packed), (struct sk_span){NULL, 0}, out, err);
	sk_buf_release(&packed);
	if (r < 0)
		return r;
	digest = sk_digest_of(SK_DIGEST_SHA256, sk_buf_span(out));
	if (!sk_digest_eq(&digest, &v->digest))
		return sk_err_set(err, SK_E_DIGEST, "%s is not what the manifest says",
				  v->full.path);
	return 0;
}

static int add_delta(struct publisher *p, struct vulndb_version *v, struct sk_err *err)
{
	char from[SK_DIGEST_TEXT_SIZE], to[SK_DIGEST_TEXT_SIZE];
	struct vulndb_object delta = {0};
	struct sk_buf reference;
	const char *path;
	int r;

	sk_buf_init(&reference, VULNDB_FILE_MAX_SIZE);
	path = sk_arena_printf(p->arena, "delta/%.*s-%.*s.zst", SHORT_HEX,
			       digest_hex(&v->digest, from), SHORT_HEX,
			       digest_hex(&p->next.versions[0].digest, to));
	r = read_version(p, v, &reference, err);
	if (r == 0)
		r = write_packed(p, path, sk_buf_span(&reference), DELTA_LEVEL, &delta, err);
	sk_buf_release(&reference);
	v->delta = delta;
	return r;
}

static int read_old_manifest(struct publisher *p, struct sk_err *err)
{
	struct sk_buf text;
	int r;

	sk_buf_init(&text, VULNDB_MANIFEST_MAX_SIZE);
	r = sk_read_file(p->dirfd, VULNDB_MANIFEST_NAME, &text, err);
	if (r == 0)
		r = vulndb_manifest_parse(sk_buf_span(&text), p->opts->key, p->arena, &p->old, err);
	else if (r == -ENOENT)
		r = 0;
	sk_buf_release(&text);
	return r;
}

static int write_manifest(struct publisher *p, struct sk_err *err)
{
	struct sk_buf text;
	int r;

	sk_buf_init(&text, 2 * VULNDB_MANIFEST_MAX_SIZE);
	r = vulndb_manifest_write(&p->next, p->opts->key, &text, err);
	if (r == 0)
		r = sk_write_file_atomic(p->dirfd, VULNDB_MANIFEST_NAME, sk_buf_span(&text), 0644,
					 err);
	sk_buf_release(&text);
	return r;
}

static bool manifest_names(const struct vulndb_manifest *m, const char *path)
{
	for (size_t i = 0; i < m->n_versions; i++) {
		const struct vulndb_version *v = &m->versions[i];

		if (strcmp(v->full.path, path) == 0 ||
		    (v->delta.path != NULL && strcmp(v->delta.path, path) == 0))
			return true;
	}
	return false;
}

/* Files of earlier manifests; what cannot be removed stays and harms nobody. */
static void remove_unnamed(struct publisher *p, const char *folder)
{
	int fd = openat(p->dirfd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;

	if (dir == NULL) {
		sk_closep(&fd);
		return;
	}
	while ((entry = readdir(dir)) != NULL) {
		const char *path = sk_arena_printf(p->arena, "%s/%s", folder, entry->d_name);

		if (entry->d_name[0] != '.' && !manifest_names(&p->next, path))
			(void)unlinkat(p->dirfd, path, 0);
	}
	(void)closedir(dir);
}

static int open_dir(struct publisher *p, struct sk_err *err)
{
	if (mkdir(p->opts->dir, 0755) < 0 && errno != EEXIST)
		return sk_err_errno(err, errno, "create %s", p->opts->dir);
	p->dirfd = open(p->opts->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (p->dirfd < 0)
		return sk_err_errno(err, errno, "open %s", p->opts->dir);
	if ((mkdirat(p->dirfd, "db", 0755) < 0 && errno != EEXIST) ||
	    (mkdirat(p->dirfd, "delta", 0755) < 0 && errno != EEXIST))
		return sk_err_errno(err, errno, "create folders in %s", p->opts->dir);
	return 0;
}

/* The new version in front, then those of the old ones that still get a delta. */
static int plan_next(struct publisher *p, int64_t built, struct sk_err *err)
{
	size_t n_old = p->old.n_versions < p->opts->keep ? p->old.n_versions : p->opts->keep;
	char hex[SK_DIGEST_TEXT_SIZE];
	struct vulndb_version *v;
	const char *path;

	p->next.versions = sk_arena_array(p->arena, n_old + 1, sizeof(*p->next.versions));
	p->next.n_versions = n_old + 1;
	for (size_t i = 0; i < n_old; i++)
		p->next.versions[i + 1] = p->old.versions[i];
	v = &p->next.versions[0];
	v->digest = sk_digest_of(SK_DIGEST_SHA256, sk_buf_span(&p->content));
	v->size = p->content.len;
	v->built = built;
	path = sk_arena_printf(p->arena, "db/%s.zst", digest_hex(&v->digest, hex));
	return write_packed(p, path, (struct sk_span){NULL, 0}, FULL_LEVEL, &v->full, err);
}

static int publish_new(struct publisher *p, int64_t built, struct vulndb_publish_result *ret,
		       struct sk_err *err)
{
	int r = plan_next(p, built, err);

	for (size_t i = 1; r == 0 && i < p->next.n_versions; i++)
		r = add_delta(p, &p->next.versions[i], err);
	if (r == 0)
		r = write_manifest(p, err);
	if (r < 0)
		return r;
	remove_unnamed(p, "db");
	remove_unnamed(p, "delta");
	ret->full_size = p->next.versions[0].full.size;
	ret->n_deltas = p->next.n_versions - 1;
	ret->last_delta_size = ret->n_deltas != 0 ? p->next.versions[1].delta.size : 0;
	return 0;
}

static int publish_run(struct publisher *p, struct vulndb_publish_result *ret, struct sk_err *err)
{
	int64_t built;
	int r = built_time(p->opts->db_path, &built, err);

	if (r == 0)
		r = sk_read_file(AT_FDCWD, p->opts->db_path, &p->content, err);
	if (r == 0)
		r = open_dir(p, err);
	if (r == 0)
		r = read_old_manifest(p, err);
	if (r < 0)
		return r;
	ret->digest = sk_digest_of(SK_DIGEST_SHA256, sk_buf_span(&p->content));
	ret->size = p->content.len;
	for (size_t i = 0; i < p->old.n_versions; i++) {
		if (!sk_digest_eq(&p->old.versions[i].digest, &ret->digest))
			continue;
		if (i != 0)
			return sk_err_set(
				err, SK_E_FORMAT,
				"%s was published before and is not the latest; a publication only goes forward",
				p->opts->db_path);
		ret->unchanged = true;
		ret->full_size = p->old.versions[0].full.size;
		return 0;
	}
	return publish_new(p, built, ret, err);
}

int vulndb_publish(const struct vulndb_publish_options *opts, struct vulndb_publish_result *ret,
		   struct sk_err *err)
{
	struct publisher p = {.opts = opts, .arena = sk_arena_new(), .dirfd = -1};
	struct vulndb_publish_result result = {0};
	int r;

	sk_buf_init(&p.content, VULNDB_FILE_MAX_SIZE);
	r = publish_run(&p, &result, err);
	if (r == 0)
		*ret = result;
	sk_closep(&p.dirfd);
	sk_buf_release(&p.content);
	sk_arena_free(p.arena);
	return r < 0 ? sk_err_wrap(err, r, "publish") : 0;
}
