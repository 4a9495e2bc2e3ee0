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
#include "vulndb/vulndb.h"

struct follower {
	const struct vulndb_fetch *fetch;
	const struct sk_key *key;
	const char *db_path;
	struct sk_arena *arena;
	struct sk_buf local; /* the present database, empty when there is none */
	struct sk_digest local_digest;
	struct vulndb_manifest manifest;
	uint64_t fetched;
};

static int fetch_manifest(struct follower *f, struct sk_err *err)
{
	struct sk_buf text;
	int r;

	sk_buf_init(&text, VULNDB_MANIFEST_MAX_SIZE);
	r = f->fetch->get(f->fetch->ctx, VULNDB_MANIFEST_NAME, &text, err);
	f->fetched += text.len;
	if (r == 0)
		r = vulndb_manifest_parse(sk_buf_span(&text), f->key, f->arena, &f->manifest, err);
	sk_buf_release(&text);
	return r;
}

static int read_local(struct follower *f, struct sk_err *err)
{
	int r = sk_read_file(AT_FDCWD, f->db_path, &f->local, err);

	if (r == -ENOENT)
		return 0;
	if (r == 0)
		f->local_digest = sk_digest_of(SK_DIGEST_SHA256, sk_buf_span(&f->local));
	return r;
}

static int fetch_object(struct follower *f, const struct vulndb_object *o, struct sk_span reference,
			struct sk_buf *out, struct sk_err *err)
{
	const struct vulndb_version *latest = &f->manifest.versions[0];
	struct sk_digest digest;
	struct sk_buf packed;
	int r;

	sk_buf_init(&packed, o->size);
	r = f->fetch->get(f->fetch->ctx, o->path, &packed, err);
	f->fetched += packed.len;
	digest = sk_digest_of(SK_DIGEST_SHA256, sk_buf_span(&packed));
	if (r == 0 && !sk_digest_eq(&digest, &o->digest))
		r = sk_err_set(err, SK_E_DIGEST, "%s is not what the manifest says", o->path);
	if (r == 0)
		r = unpack_packed(sk_buf_span(&packed), reference, out, err);
	sk_buf_release(&packed);
	digest = sk_digest_of(SK_DIGEST_SHA256, sk_buf_span(out));
	if (r == 0 && !sk_digest_eq(&digest, &latest->digest))
		r = sk_err_set(err, SK_E_DIGEST, "%s does not give the latest database", o->path);
	return r;
}

static const struct vulndb_version *usable_delta(const struct follower *f)
{
	for (size_t i = 1; i < f->manifest.n_versions; i++) {
		const struct vulndb_version *v = &f->manifest.versions[i];

		if (sk_digest_eq(&v->digest, &f->local_digest))
			return v->delta.path != NULL &&
					       v->delta.size < f->manifest.versions[0].full.size
				       ? v
				       : NULL;
	}
	return NULL;
}

static int fetch_latest(struct follower *f, struct sk_buf *out, bool *ret_by_delta,
			struct sk_err *err)
{
	const struct vulndb_version *from = usable_delta(f);
	int r = -SK_E_NOT_FOUND;

	if (from != NULL) {
		r = fetch_object(f, &from->delta, sk_buf_span(&f->local), out, err);
		if (r < 0)
			sk_log(SK_LOG_DEBUG, "delta not usable, fetching the whole file: %s",
			       err->msg);
	}
	*ret_by_delta = r == 0;
	if (r < 0) {
		sk_buf_reset(out);
		r = fetch_object(f, &f->manifest.versions[0].full, (struct sk_span){NULL, 0}, out,
				 err);
	}
	return r;
}

/* The publication must not take a client back: an old manifest, validly signed, would hide new
 * advisories. */
static int check_age(const struct follower *f, bool allow_older, struct sk_err *err)
{
	sk_cleanup(sk_arena_freep) struct sk_arena *a = sk_arena_new();
	sk_cleanup(vulndb_closep) struct vulndb *db = NULL;
	struct model_database about;
	struct sk_err ignored;
	int64_t built;

	/* A local file that cannot be opened holds nothing worth keeping. */
	if (allow_older || f->local.len == 0 || vulndb_open(f->db_path, &db, &ignored) < 0)
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

static int follow_run(struct follower *f, bool allow_older, struct vulndb_follow_result *ret,
		      struct sk_err *err)
{
	const struct vulndb_version *latest;
	struct sk_buf content;
	int r = read_local(f, err);

	if (r == 0)
		r = fetch_manifest(f, err);
	if (r < 0)
		return r;
	latest = &f->manifest.versions[0];
	ret->digest = latest->digest;
	ret->built = latest->built;
	ret->unchanged = sk_digest_eq(&latest->digest, &f->local_digest);
	if (ret->unchanged)
		return 0;
	r = check_age(f, allow_older, err);
	if (r < 0)
		return r;
	sk_buf_init(&content, latest->size);
	r = fetch_latest(f, &content, &ret->by_delta, err);
	if (r == 0)
		r = install(f->db_path, sk_buf_span(&content), err);
	sk_buf_release(&content);
	return r;
}

int vulndb_follow(const struct vulndb_fetch *fetch, const struct sk_key *key, const char *db_path,
		  bool allow_older, struct vulndb_follow_result *ret, struct sk_err *err)
{
	struct follower f = {
		.fetch = fetch, .key = key, .db_path = db_path, .arena = sk_arena_new()};
	struct vulndb_follow_result result = {0};
	int r;

	sk_buf_init(&f.local, VULNDB_FILE_MAX_SIZE);
	r = follow_run(&f, allow_older, &result, err);
	result.fetched = f.fetched;
	if (r == 0)
		*ret = result;
	sk_buf_release(&f.local);
	sk_arena_free(f.arena);
	return r;
}
