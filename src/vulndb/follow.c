/* SPDX-License-Identifier: Apache-2.0 */
/* The client of a publication: manifest, then the smaller of delta and whole file, then rename. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/io.h"
#include "base/log.h"
#include "base/parse.h"
#include "unpack/pack.h"
#include "vulndb/manifest.h"
#include "vulndb/publish.h"
#include "vulndb/text.h"
#include "vulndb/transit-priv.h"
#include "vulndb/vulndb.h"

struct follower {
	const struct vulndb_follow_options *opts;
	struct sk_arena *arena;
	struct vulndb_manifest manifest;
	uint64_t fetched;
};

/** struct local - a file as it is here */
struct local {
	const char *path;
	struct sk_buf bytes; /* empty when there is none */
	struct sk_digest digest;
};

static int fetch_manifest(struct follower *f, struct sk_err *err)
{
	const struct vulndb_fetch *fetch = f->opts->fetch;
	struct sk_buf text;
	int r;

	sk_buf_init(&text, VULNDB_MANIFEST_MAX_SIZE);
	r = fetch->get(fetch->ctx, VULNDB_MANIFEST_NAME, &text, err);
	f->fetched += text.len;
	if (r == 0)
		r = vulndb_manifest_parse(sk_buf_span(&text), f->opts->key, f->arena, &f->manifest,
					  err);
	sk_buf_release(&text);
	return r;
}

static int read_local(struct local *l, const char *path, struct sk_err *err)
{
	int r;

	*l = (struct local){.path = path};
	sk_buf_init(&l->bytes, VULNDB_FILE_MAX_SIZE);
	r = sk_read_file(AT_FDCWD, path, &l->bytes, err);
	if (r == -ENOENT)
		return 0;
	if (r == 0)
		l->digest = sk_digest_of(SK_DIGEST_SHA256, sk_buf_span(&l->bytes));
	return r;
}

/* A delta from @old, between both in the form of transit; @old is empty for a whole file. */
static int unpack_object(struct sk_span packed, struct sk_span old, struct sk_buf *out,
			 struct sk_err *err)
{
	struct sk_buf reference, form;
	int r;

	if (old.len == 0)
		return unpack_packed(packed, old, out, err);
	sk_buf_init(&reference, 2ull * VULNDB_FILE_MAX_SIZE);
	sk_buf_init(&form, 2ull * VULNDB_FILE_MAX_SIZE);
	r = vulndb_to_transit(old, &reference)
		    ? 0
		    : sk_err_set(err, SK_E_FORMAT, "the local file is out of order");
	if (r == 0)
		r = unpack_packed(packed, sk_buf_span(&reference), &form, err);
	if (r == 0 && !vulndb_from_transit(sk_buf_span(&form), out))
		r = sk_err_set(err, SK_E_FORMAT, "a delta is damaged");
	sk_buf_release(&reference);
	sk_buf_release(&form);
	return r;
}

/* @latest is what must come of it. */
static int fetch_object(struct follower *f, const struct vulndb_object *o, struct sk_span old,
			const struct sk_digest *latest, struct sk_buf *out, struct sk_err *err)
{
	struct sk_digest digest;
	struct sk_buf packed;
	int r;

	sk_buf_init(&packed, o->size);
	r = f->opts->fetch->get(f->opts->fetch->ctx, o->path, &packed, err);
	f->fetched += packed.len;
	digest = sk_digest_of(SK_DIGEST_SHA256, sk_buf_span(&packed));
	if (r == 0 && !sk_digest_eq(&digest, &o->digest))
		r = sk_err_set(err, SK_E_DIGEST, "%s is not what the manifest says", o->path);
	if (r == 0)
		r = unpack_object(sk_buf_span(&packed), old, out, err);
	sk_buf_release(&packed);
	digest = sk_digest_of(SK_DIGEST_SHA256, sk_buf_span(out));
	if (r == 0 && !sk_digest_eq(&digest, latest))
		r = sk_err_set(err, SK_E_DIGEST, "%s does not give the latest version", o->path);
	return r;
}

/* The database, or the texts, of a version. */
static const struct vulndb_file *file_of(const struct vulndb_version *v, bool text)
{
	return text ? &v->text : &v->db;
}

static const struct vulndb_object *usable_delta(const struct follower *f, const struct local *l,
						bool text)
{
	const struct vulndb_file *latest = file_of(&f->manifest.versions[0], text);

	for (size_t i = 1; l->bytes.len != 0 && i < f->manifest.n_versions; i++) {
		const struct vulndb_file *v = file_of(&f->manifest.versions[i], text);

		if (v->size != 0 && sk_digest_eq(&v->digest, &l->digest))
			return v->delta.path != NULL && v->delta.size < latest->full.size
				       ? &v->delta
				       : NULL;
	}
	return NULL;
}

static int fetch_latest(struct follower *f, const struct local *l, bool text, struct sk_buf *out,
			enum vulndb_fetched *ret, struct sk_err *err)
{
	const struct vulndb_file *latest = file_of(&f->manifest.versions[0], text);
	const struct vulndb_object *delta = usable_delta(f, l, text);
	int r = -SK_E_NOT_FOUND;

	*ret = VULNDB_FETCHED_DELTA;
	if (delta != NULL) {
		r = fetch_object(f, delta, sk_buf_span(&l->bytes), &latest->digest, out, err);
		if (r < 0)
			sk_log(SK_LOG_DEBUG, "delta not usable, fetching the whole file: %s",
			       err->msg);
	}
	if (r < 0) {
		*ret = VULNDB_FETCHED_WHOLE;
		sk_buf_reset(out);
		r = fetch_object(f, &latest->full, (struct sk_span){NULL, 0}, &latest->digest, out,
				 err);
	}
	return r;
}

/* The publication must not take a client back: an old manifest, validly signed, would hide new
 * advisories. */
static int check_age(const struct follower *f, const struct local *l, struct sk_err *err)
{
	sk_cleanup(sk_arena_freep) struct sk_arena *a = sk_arena_new();
	sk_cleanup(vulndb_closep) struct vulndb *db = NULL;
	struct model_database about;
	struct sk_err ignored;
	int64_t built;

	/* A local file that cannot be opened holds nothing worth keeping. */
	if (f->opts->allow_older || l->bytes.len == 0 || vulndb_open(l->path, &db, &ignored) < 0)
		return 0;
	vulndb_describe(db, a, &about);
	if (about.built == NULL || !sk_parse_time(sk_span_str(about.built), &built))
		return 0;
	if (f->manifest.versions[0].built < built)
		return sk_err_set(
			err, SK_E_FORMAT,
			"the publication is older than the local database (%s); --allow-older accepts it",
			about.built);
	return 0;
}

static int install(const char *db_path, struct sk_span content, struct sk_err *err)
{
	sk_cleanup(vulndb_closep) struct vulndb *db = NULL;
	struct sk_buf beside;
	int r = 0;

	sk_buf_init(&beside, 4096);
	if (!sk_buf_printf(&beside, "%s.check-%d", db_path, (int)getpid()))
		r = sk_err_set(err, ENAMETOOLONG, "%s: name too long", db_path);
	if (r == 0)
		r = sk_write_file_atomic(AT_FDCWD, beside.ptr, content, 0644, err);
	if (r == 0) {
		/* Signed, yet opened before it is trusted: a newer major version must not replace a
		 * usable file. */
		r = vulndb_open(beside.ptr, &db, err);
		if (r == 0 && rename(beside.ptr, db_path) < 0)
			r = sk_err_errno(err, errno, "replace %s", db_path);
		if (r < 0)
			(void)unlink(beside.ptr);
	}
	sk_buf_release(&beside);
	return r;
}

static int follow_db(struct follower *f, struct local *l, struct vulndb_follow_result *ret,
		     struct sk_err *err)
{
	const struct vulndb_version *latest = &f->manifest.versions[0];
	struct sk_buf content;
	int r;

	ret->digest = latest->db.digest;
	ret->built = latest->built;
	if (sk_digest_eq(&latest->db.digest, &l->digest))
		return 0;
	r = check_age(f, l, err);
	if (r < 0)
		return r;
	sk_buf_init(&content, latest->db.size);
	r = fetch_latest(f, l, false, &content, &ret->db, err);
	if (r == 0)
		r = install(l->path, sk_buf_span(&content), err);
	sk_buf_release(&content);
	return r;
}

static int follow_text(struct follower *f, struct local *l, struct vulndb_follow_result *ret,
		       struct sk_err *err)
{
	const struct vulndb_file *latest = &f->manifest.versions[0].text;
	struct sk_buf content;
	int r;

	if (latest->size == 0 || !f->opts->text) {
		ret->text = VULNDB_NOT_PUBLISHED;
		vulndb_text_drop(f->opts->db_path);
		return 0;
	}
	if (sk_digest_eq(&latest->digest, &l->digest))
		return 0;
	sk_buf_init(&content, latest->size);
	r = fetch_latest(f, l, true, &content, &ret->text, err);
	if (r == 0)
		r = sk_write_file_atomic(AT_FDCWD, l->path, sk_buf_span(&content), 0644, err);
	sk_buf_release(&content);
	return r < 0 ? sk_err_wrap(err, r, "the database is up to date, its texts are not") : 0;
}

static int follow_run(struct follower *f, struct local *db, struct local *text,
		      struct vulndb_follow_result *ret, struct sk_err *err)
{
	const char *text_path = sk_arena_printf(f->arena, "%s.text", f->opts->db_path);
	int r = read_local(db, f->opts->db_path, err);

	if (r == 0)
		r = read_local(text, text_path, err);
	if (r == 0)
		r = fetch_manifest(f, err);
	if (r == 0)
		r = follow_db(f, db, ret, err);
	return r < 0 ? r : follow_text(f, text, ret, err);
}

int vulndb_follow(const struct vulndb_follow_options *opts, struct vulndb_follow_result *ret,
		  struct sk_err *err)
{
	struct follower f = {.opts = opts, .arena = sk_arena_new()};
	struct vulndb_follow_result result = {0};
	struct local db = {0}, text = {0};
	int r = follow_run(&f, &db, &text, &result, err);

	result.fetched = f.fetched;
	if (r == 0)
		*ret = result;
	sk_buf_release(&db.bytes);
	sk_buf_release(&text.bytes);
	sk_arena_free(f.arena);
	return r;
}
