/* SPDX-License-Identifier: Apache-2.0 */
/* Publications of a database; layout and manifest: docs/formats/publication.md. */
#include "vulndb/publish.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/io.h"
#include "base/parse.h"
#include "unpack/pack.h"
#include "vulndb/manifest.h"
#include "vulndb/text.h"
#include "vulndb/transit-priv.h"
#include "vulndb/vulndb.h"

enum {
	FULL_LEVEL = 19,
	DELTA_LEVEL = 19,
	SHORT_HEX = 16, /* digits of a digest in a delta's name */
};

static const char *const folders[] = {"db", "text", "delta"};

struct publisher {
	const struct vulndb_publish_options *opts;
	struct sk_arena *arena;
	int dirfd;
	struct sk_buf db;            /* the new database */
	struct sk_buf text;          /* its texts; empty: none */
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

static int write_packed(struct publisher *p, const char *path, struct sk_span content,
			struct sk_span reference, int level, struct vulndb_object *ret,
			struct sk_err *err)
{
	struct sk_buf packed;
	int r;

	sk_buf_init(&packed, 2ull * VULNDB_FILE_MAX_SIZE);
	r = unpack_pack(content, reference, level, &packed, err);
	if (r == 0)
		r = write_object(p, path, sk_buf_span(&packed), ret, err);
	sk_buf_release(&packed);
	return r;
}

/* A whole file that the publication still holds, unpacked and checked. */
static int read_file(struct publisher *p, const struct vulndb_file *f, struct sk_buf *out,
		     struct sk_err *err)
{
	struct sk_digest digest;
	struct sk_buf packed;
	int r;

	sk_buf_init(&packed, VULNDB_FILE_MAX_SIZE);
	r = sk_read_file(p->dirfd, f->full.path, &packed, err);
	if (r == 0)
		r = unpack_packed(sk_buf_span(&packed), (struct sk_span){NULL, 0}, out, err);
	sk_buf_release(&packed);
	if (r < 0)
		return r;
	digest = sk_digest_of(SK_DIGEST_SHA256, sk_buf_span(out));
	if (!sk_digest_eq(&digest, &f->digest))
		return sk_err_set(err, SK_E_DIGEST, "%s is not what the manifest says",
				  f->full.path);
	return 0;
}

/* From an older file to the new one, where both are there. */
static int add_delta(struct publisher *p, const struct vulndb_file *to, struct sk_span content,
		     struct vulndb_file *from, struct sk_err *err)
{
	char from_hex[SK_DIGEST_TEXT_SIZE], to_hex[SK_DIGEST_TEXT_SIZE];
	struct vulndb_object delta = {0};
	struct sk_buf reference, old_form, new_form;
	const char *path;
	int r;

	from->delta = delta;
	if (from->size == 0 || to->size == 0)
		return 0;
	sk_buf_init(&reference, VULNDB_FILE_MAX_SIZE);
	sk_buf_init(&old_form, 2ull * VULNDB_FILE_MAX_SIZE);
	sk_buf_init(&new_form, 2ull * VULNDB_FILE_MAX_SIZE);
	path = sk_arena_printf(p->arena, "delta/%.*s-%.*s.zst", SHORT_HEX,
			       digest_hex(&from->digest, from_hex), SHORT_HEX,
			       digest_hex(&to->digest, to_hex));
	r = read_file(p, from, &reference, err);
	/* A file whose form is odd is fetched whole. */
	if (r == 0 && vulndb_to_transit(sk_buf_span(&reference), &old_form) &&
	    vulndb_to_transit(content, &new_form))
		r = write_packed(p, path, sk_buf_span(&new_form), sk_buf_span(&old_form),
				 DELTA_LEVEL, &delta, err);
	sk_buf_release(&reference);
	sk_buf_release(&old_form);
	sk_buf_release(&new_form);
	from->delta = delta;
	return r;
}

static int add_deltas(struct publisher *p, struct vulndb_version *from, struct sk_err *err)
{
	const struct vulndb_version *to = &p->next.versions[0];
	int r = add_delta(p, &to->db, sk_buf_span(&p->db), &from->db, err);

	return r < 0 ? r : add_delta(p, &to->text, sk_buf_span(&p->text), &from->text, err);
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

static bool file_has(const struct vulndb_file *f, const char *path)
{
	return f->size != 0 && (strcmp(f->full.path, path) == 0 ||
				(f->delta.path != NULL && strcmp(f->delta.path, path) == 0));
}

static bool manifest_names(const struct vulndb_manifest *m, const char *path)
{
	for (size_t i = 0; i < m->n_versions; i++) {
		if (file_has(&m->versions[i].db, path) || file_has(&m->versions[i].text, path))
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
	for (size_t i = 0; i < SK_ARRAY_LEN(folders); i++) {
		if (mkdirat(p->dirfd, folders[i], 0755) < 0 && errno != EEXIST)
			return sk_err_errno(err, errno, "create folders in %s", p->opts->dir);
	}
	return 0;
}

static int put_file(struct publisher *p, const char *folder, struct sk_span content,
		    struct vulndb_file *ret, struct sk_err *err)
{
	char hex[SK_DIGEST_TEXT_SIZE];
	const char *path;

	if (content.len == 0)
		return 0;
	ret->digest = sk_digest_of(SK_DIGEST_SHA256, content);
	ret->size = content.len;
	path = sk_arena_printf(p->arena, "%s/%s.zst", folder, digest_hex(&ret->digest, hex));
	return write_packed(p, path, content, (struct sk_span){NULL, 0}, FULL_LEVEL, &ret->full,
			    err);
}

/* The new version in front, then those of the old ones from @first on that still get a delta. */
static int plan_next(struct publisher *p, size_t first, int64_t built, struct sk_err *err)
{
	size_t n_old = p->old.n_versions - first;
	struct vulndb_version *v;
	int r;

	n_old = n_old < p->opts->keep ? n_old : p->opts->keep;
	p->next.versions = sk_arena_array(p->arena, n_old + 1, sizeof(*p->next.versions));
	p->next.n_versions = n_old + 1;
	for (size_t i = 0; i < n_old; i++)
		p->next.versions[i + 1] = p->old.versions[first + i];
	v = &p->next.versions[0];
	v->built = built;
	r = put_file(p, "db", sk_buf_span(&p->db), &v->db, err);
	return r < 0 ? r : put_file(p, "text", sk_buf_span(&p->text), &v->text, err);
}

static void fill_result(const struct vulndb_manifest *m, struct vulndb_publish_result *ret)
{
	ret->full_size = m->versions[0].db.full.size;
	ret->text_full_size = m->versions[0].text.full.size;
	ret->n_deltas = m->n_versions - 1;
	if (ret->n_deltas != 0) {
		ret->last_delta_size = m->versions[1].db.delta.size;
		ret->text_last_delta_size = m->versions[1].text.delta.size;
	}
}

static int publish_new(struct publisher *p, size_t first, int64_t built,
		       struct vulndb_publish_result *ret, struct sk_err *err)
{
	int r = plan_next(p, first, built, err);

	for (size_t i = 1; r == 0 && i < p->next.n_versions; i++)
		r = add_deltas(p, &p->next.versions[i], err);
	if (r == 0)
		r = write_manifest(p, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < SK_ARRAY_LEN(folders); i++)
		remove_unnamed(p, folders[i]);
	fill_result(&p->next, ret);
	return 0;
}

/* Texts beside the database; those of another one would be refused by every client. */
static int read_text(struct publisher *p, struct sk_err *err)
{
	const char *path = sk_arena_printf(p->arena, "%s.text", p->opts->db_path);
	sk_cleanup(vulndb_closep) struct vulndb *db = NULL;
	sk_cleanup(vulndb_text_closep) struct vulndb_text *text = NULL;
	int r;

	if (!p->opts->text || access(path, F_OK) < 0)
		return 0;
	r = vulndb_open(p->opts->db_path, &db, err);
	if (r == 0)
		r = vulndb_text_open(path, db, &text, err);
	if (r == 0)
		r = vulndb_text_verify(text, err);
	return r < 0 ? r : sk_read_file(AT_FDCWD, path, &p->text, err);
}

static bool same_text(const struct publisher *p, const struct vulndb_file *f)
{
	struct sk_digest digest = sk_digest_of(SK_DIGEST_SHA256, sk_buf_span(&p->text));

	return p->text.len == 0 ? f->size == 0 : sk_digest_eq(&digest, &f->digest);
}

static int read_all(struct publisher *p, int64_t *ret_built, struct sk_err *err)
{
	int r = built_time(p->opts->db_path, ret_built, err);

	if (r == 0)
		r = sk_read_file(AT_FDCWD, p->opts->db_path, &p->db, err);
	if (r == 0)
		r = read_text(p, err);
	if (r == 0)
		r = open_dir(p, err);
	return r < 0 ? r : read_old_manifest(p, err);
}

static int publish_run(struct publisher *p, struct vulndb_publish_result *ret, struct sk_err *err)
{
	size_t at = 0;
	int64_t built;
	int r = read_all(p, &built, err);

	if (r < 0)
		return r;
	ret->digest = sk_digest_of(SK_DIGEST_SHA256, sk_buf_span(&p->db));
	ret->size = p->db.len;
	while (at < p->old.n_versions &&
	       !sk_digest_eq(&p->old.versions[at].db.digest, &ret->digest))
		at++;
	if (at == p->old.n_versions)
		return publish_new(p, 0, built, ret, err);
	if (at != 0)
		return sk_err_set(
			err, SK_E_FORMAT,
			"%s was published before and is not the latest; a publication only goes forward",
			p->opts->db_path);
	if (!same_text(p, &p->old.versions[0].text))
		return publish_new(p, 1, built, ret, err);
	ret->unchanged = true;
	fill_result(&p->old, ret);
	return 0;
}

int vulndb_publish(const struct vulndb_publish_options *opts, struct vulndb_publish_result *ret,
		   struct sk_err *err)
{
	struct publisher p = {.opts = opts, .arena = sk_arena_new(), .dirfd = -1};
	struct vulndb_publish_result result = {0};
	int r;

	sk_buf_init(&p.db, VULNDB_FILE_MAX_SIZE);
	sk_buf_init(&p.text, VULNDB_FILE_MAX_SIZE);
	r = publish_run(&p, &result, err);
	if (r == 0)
		*ret = result;
	sk_closep(&p.dirfd);
	sk_buf_release(&p.db);
	sk_buf_release(&p.text);
	sk_arena_free(p.arena);
	return r < 0 ? sk_err_wrap(err, r, "publish") : 0;
}
