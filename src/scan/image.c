/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a reference to verified layers: index → manifest → configuration → layers, every document
 * compared with the digest by which it was named before anything in it is believed. Documents are
 * parsed in workers of their own.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/text.h"
#include "scan/session.h"

enum {
	MAX_LINKS = 8,
	MAX_INDEX_DEPTH = 4, /* when the two lists of a hybrid archive are compared */
	MAX_INDEX_DOCS = 64,
};

const struct scan_member *scan_find_member(const struct scan_session *s, struct sk_span name)
{
	for (unsigned hops = 0; hops < MAX_LINKS; hops++) {
		const struct scan_member *found = NULL;

		while (sk_span_strip_prefix(&name, "./"))
			;
		for (size_t i = 0; i < s->archive.n_members; i++)
			if (sk_span_eq(s->archive.members[i].path, name))
				found = &s->archive.members[i]; /* the last one wins, as in tar */
		if (found == NULL || found->link.len == 0)
			return found;
		name = found->link;
	}
	return NULL;
}

static int missing(struct scan_session *s, struct sk_span name, struct sk_err *err)
{
	return sk_err_set(err, SK_E_NOT_FOUND, "blob %s is missing", scan_quote(s, name));
}

/* Opens a blob of an OCI layout directory; nothing but a regular file. */
static int open_blob(struct scan_session *s, struct sk_span name, uint64_t *ret_size,
		     struct sk_err *err)
{
	const char *path = sk_arena_str(s->arena, name);
	sk_cleanup(sk_closep) int fd = -1;
	struct stat st;

	if (fstatat(s->root_fd, path, &st, 0) < 0)
		return errno == ENOENT ? missing(s, name, err)
				       : sk_err_errno(err, errno, "blob %s", scan_quote(s, name));
	if (!S_ISREG(st.st_mode))
		return sk_err_set(err, SK_E_UNSUPPORTED, "blob %s is not a regular file",
				  scan_quote(s, name));
	fd = openat(s->root_fd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) < 0)
		return sk_err_errno(err, errno, "blob %s", scan_quote(s, name));
	*ret_size = (uint64_t)st.st_size;
	return sk_take_fd(fd);
}

static int read_bytes(struct scan_session *s, int fd, uint64_t off, uint64_t size,
		      struct sk_span *ret, struct sk_err *err)
{
	char *bytes;
	int64_t n;
	int r = sk_budget_check(&s->budget, SK_LIMIT_DOCUMENT, size, err);

	if (r < 0)
		return r;
	bytes = sk_arena_alloc(s->arena, (size_t)size + 1);
	n = sk_pread_full(fd, bytes, (size_t)size, off);
	if (n < 0)
		return sk_err_errno(err, (int)-n, "read");
	if ((uint64_t)n != size)
		return sk_err_set(err, SK_E_TRUNCATED, "file ends early");
	*ret = sk_span_of(bytes, (size_t)size);
	return 0;
}

static int member_doc(struct scan_session *s, const struct scan_member *m, struct sk_span *ret,
		      struct sk_err *err)
{
	switch (m->content) {
	case SCAN_MEMBER_DOC:
		*ret = m->bytes;
		return 0;
	case SCAN_MEMBER_BARE:
		return read_bytes(s, s->fd, m->off, m->size, ret, err);
	case SCAN_MEMBER_LARGE:
		return sk_err_set(err, SK_E_LIMIT,
				  "a document of %" PRIu64
				  " bytes is too large for a stream; scan the file itself",
				  m->size);
	default:
		return sk_err_set(err, SK_E_FORMAT, "not a JSON document");
	}
}

/* Text of a document by the name that the layout has for it. */
static int read_doc(struct scan_session *s, struct sk_span name, struct sk_span *ret,
		    struct sk_err *err)
{
	const struct scan_member *m;
	uint64_t size = 0;
	int r;

	if (s->input == SCAN_INPUT_DIR) {
		sk_cleanup(sk_closep) int fd = open_blob(s, name, &size, err);

		r = fd < 0 ? fd : read_bytes(s, fd, 0, size, ret, err);
	} else {
		m = scan_find_member(s, name);
		r = m == NULL ? missing(s, name, err) : member_doc(s, m, ret, err);
		if (m == NULL)
			return r;
	}
	return r < 0 && -r != SK_E_NOT_FOUND ? sk_err_wrap(err, r, "%s", scan_quote(s, name)) : r;
}

static int parse_start(struct scan_session *s, const char *name, const struct scan_doc_ctx *ctx,
		       struct sk_err *err)
{
	struct scan_job job = {.what = name, .fd = -1, .work = scan_start_work, .ctx = ctx};
	int r = scan_run_jobs(s, "reading the configuration", &job, 1, err);

	if (r == 0 && job.r < 0) {
		*err = job.err;
		r = job.r;
	}
	if (r == 0)
		r = scan_start_decode(sk_buf_span(&job.answer), s->arena, s->start, err);
	sk_buf_release(&job.answer);
	return r;
}

static int parse_doc(struct scan_session *s, enum image_doc_kind kind, const char *name,
		     struct sk_span text, struct image_doc *ret, struct sk_err *err)
{
	struct scan_doc_ctx ctx = {.kind = kind, .text = text};
	struct scan_job job = {.what = name, .fd = -1, .work = scan_doc_work, .ctx = &ctx};
	int r = scan_run_jobs(s, "reading the manifest", &job, 1, err);

	if (r == 0 && job.r < 0) {
		*err = job.err;
		r = job.r;
	}
	if (r == 0)
		r = image_doc_decode(sk_buf_span(&job.answer), &s->opts->limits, s->arena, ret,
				     err);
	sk_buf_release(&job.answer);
	if (r == 0 && kind == IMAGE_DOC_CONFIG && s->start != NULL)
		r = parse_start(s, name, &ctx, err);
	if (r == 0 && ret->kind != kind &&
	    (kind != IMAGE_DOC_INDEX || ret->kind != IMAGE_DOC_MANIFEST))
		r = sk_err_set(err, SK_E_FORMAT, "%s is another kind of document", name);
	return r;
}

static int digest_mismatch(struct scan_session *s, const char *name, const struct sk_digest *want,
			   const struct sk_digest *have, struct sk_err *err)
{
	char a[SK_DIGEST_TEXT_SIZE], b[SK_DIGEST_TEXT_SIZE];

	(void)s;
	return sk_err_set(err, SK_E_DIGEST,
			  "%s was changed or is damaged: its digest is %s, it must be %s", name,
			  sk_digest_text(have, a), sk_digest_text(want, b));
}

static int check_doc(struct scan_session *s, const char *name, const struct sk_digest *want,
		     struct sk_span text, struct sk_err *err)
{
	struct sk_digest have = sk_digest_of(want->alg, text);

	return sk_digest_eq(&have, want) ? 0 : digest_mismatch(s, name, want, &have, err);
}

/* "blobs/sha256/HEX" */
static const char *blob_path(struct scan_session *s, const struct sk_digest *d)
{
	char text[SK_DIGEST_TEXT_SIZE];
	const char *hex = strchr(sk_digest_text(d, text), ':') + 1;

	return sk_arena_printf(s->arena, "blobs/%.*s/%s", (int)(hex - 1 - text), text, hex);
}

static const char *digest_name(struct scan_session *s, const char *what, const struct sk_digest *d)
{
	char text[SK_DIGEST_TEXT_SIZE];

	return sk_arena_printf(s->arena, "%s %s", what, sk_digest_text(d, text));
}

/* A document of an OCI layout, verified. */
static int read_blob_doc(struct scan_session *s, enum image_doc_kind kind, const char *what,
			 const struct image_descriptor *d, struct image_doc *ret,
			 struct sk_err *err)
{
	const char *name = digest_name(s, what, &d->digest);
	struct sk_span text;
	int r = read_doc(s, sk_span_str(blob_path(s, &d->digest)), &text, err);

	if (r < 0)
		return r;
	r = check_doc(s, name, &d->digest, text, err);
	if (r == 0 && d->size != text.len)
		r = sk_err_set(err, SK_E_DIGEST, "%s has %zu bytes, it must have %" PRIu64, name,
			       text.len, d->size);
	return r < 0 ? r : parse_doc(s, kind, name, text, ret, err);
}

/* Where a layer's bytes are. */
static int find_layer(struct scan_session *s, struct sk_span name, struct scan_blob *ret,
		      struct sk_err *err)
{
	*ret = (struct scan_blob){.fd = -1, .range = {.seekable = true}};
	if (s->input == SCAN_INPUT_DIR) {
		ret->fd = open_blob(s, name, &ret->size, err);
		ret->range.len = ret->size;
		return ret->fd < 0 ? ret->fd : 0;
	}
	ret->member = scan_find_member(s, name);
	if (ret->member == NULL)
		return missing(s, name, err);
	ret->size = ret->member->size;
	ret->fd = s->fd;
	ret->range.off = ret->member->off;
	ret->range.len = ret->member->size;
	return 0;
}

static bool same_blob(const struct scan_plan_layer *a, const struct scan_plan_layer *b)
{
	if (a->stored.alg != SK_DIGEST_NONE && sk_digest_eq(&a->stored, &b->stored))
		return true;
	return a->blob.member != NULL && a->blob.member == b->blob.member;
}

/* Repeated layers are read once. Their descriptors are not needed twice either. */
static void find_repeats(struct scan_session *s)
{
	for (size_t i = 0; i < s->n_layers; i++) {
		struct scan_plan_layer *l = &s->layers[i];

		l->same_as = i;
		for (size_t k = 0; k < i; k++) {
			if (s->layers[k].same_as != k || !same_blob(&s->layers[k], l))
				continue;
			l->same_as = k;
			break;
		}
		if (l->same_as != i && s->input == SCAN_INPUT_DIR)
			sk_closep(&l->blob.fd);
	}
}

static int take_config(struct scan_session *s, const struct image_doc *config, size_t n_layers,
		       struct sk_err *err)
{
	struct model_target *t = &s->report->target;

	if (config->n_diff_ids != n_layers)
		return sk_err_set(err, SK_E_FORMAT,
				  "manifest has %zu layers, its configuration speaks of %zu",
				  n_layers, config->n_diff_ids);
	t->platform = image_platform_text(&config->platform, s->arena);
	if (s->choice.platform.arch != NULL &&
	    image_platform_matches(&config->platform, &s->choice.platform) == 0)
		return sk_err_set(err, SK_E_NOT_FOUND, "image is for %s only",
				  t->platform != NULL ? scan_quote(s, sk_span_str(t->platform))
						      : "an unknown platform");
	s->n_layers = n_layers;
	s->layers = sk_arena_array(s->arena, n_layers, sizeof(*s->layers));
	for (size_t i = 0; i < n_layers; i++) {
		s->layers[i].diff_id = config->diff_ids[i];
		s->layers[i].stored_size = UINT64_MAX;
		s->layers[i].blob.fd = -1;
		if (config->n_created_by != 0)
			s->layers[i].created_by = config->created_by[i];
	}
	return 0;
}

static int take_manifest(struct scan_session *s, const struct image_descriptor *d,
			 const struct image_doc *manifest, struct sk_err *err)
{
	struct image_doc config;
	int r;

	s->report->target.digest = d->digest;
	s->report->target.config_digest = manifest->config.digest;
	r = read_blob_doc(s, IMAGE_DOC_CONFIG, "configuration", &manifest->config, &config, err);
	if (r == 0)
		r = take_config(s, &config, manifest->n_blobs, err);
	for (size_t i = 0; r == 0 && i < s->n_layers; i++) {
		struct scan_plan_layer *l = &s->layers[i];

		l->stored = manifest->blobs[i].digest;
		l->stored_size = manifest->blobs[i].size;
		l->name = sk_arena_printf(s->arena, "layer %zu (%s)", i,
					  digest_name(s, "blob", &l->stored));
		l->member_path = sk_span_str(blob_path(s, &l->stored));
		r = find_layer(s, l->member_path, &l->blob, err);
	}
	return r;
}

static int resolve_oci(struct scan_session *s, struct sk_err *err)
{
	const struct image_descriptor *d = NULL;
	struct sk_span text;
	struct image_doc doc;
	int r = read_doc(s, sk_span_str("index.json"), &text, err);

	if (r == 0)
		r = parse_doc(s, IMAGE_DOC_INDEX, "index.json", text, &doc, err);
	for (uint64_t depth = 0; r == 0 && doc.kind == IMAGE_DOC_INDEX; depth++) {
		r = sk_budget_check(&s->budget, SK_LIMIT_NESTING, depth, err);
		if (r == 0)
			r = image_index_choose(&doc, &s->choice, s->arena, &d, err);
		if (r == 0)
			r = read_blob_doc(s, IMAGE_DOC_INDEX, "manifest", d, &doc, err);
		/* The tag or digest has done its work: deeper indexes differ by platform. */
		s->choice.tag = (struct sk_span){NULL, 0};
		s->choice.digest = (struct sk_span){NULL, 0};
	}
	if (r == 0 && d == NULL)
		return sk_err_set(err, SK_E_FORMAT, "index.json is no index");
	return r < 0 ? r : take_manifest(s, d, &doc, err);
}

/* The digest that a member's name promises: "HEX.json", "sha256:HEX", "blobs/sha256/HEX". */
static bool digest_of_name(struct sk_span name, struct sk_digest *ret)
{
	struct sk_span hex = sk_path_base(name);
	char text[SK_DIGEST_TEXT_SIZE];

	(void)sk_span_strip_prefix(&hex, "sha256:");
	if (sk_span_ends(hex, ".json"))
		hex = sk_span_sub(hex, 0, hex.len - 5);
	if (hex.len != 64)
		return false;
	(void)snprintf(text, sizeof(text), "sha256:%.*s", SK_SPAN_ARG(hex));
	return sk_digest_parse(sk_span_str(text), ret);
}

static int plan_archive_layers(struct scan_session *s, const struct image_archive_entry *e,
			       struct sk_err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->n_layers; i++) {
		struct scan_plan_layer *l = &s->layers[i];
		struct sk_span name = sk_span_str(e->layers[i]);

		l->name = sk_arena_printf(s->arena, "layer %zu (%s)", i, scan_quote(s, name));
		if (sk_span_starts(name, "blobs/"))
			(void)digest_of_name(name, &l->stored);
		r = find_layer(s, name, &l->blob, err);
		l->member_path = name;
	}
	return r;
}

/** struct search - walk through the manifests of an index for a configuration */
struct search {
	const struct sk_digest *config;
	unsigned n_docs; /* read so far */
	bool found;
};

/* Manifests of other platforms may be missing in the archive. */
static int search_index(struct scan_session *s, const struct image_doc *doc, unsigned depth,
			struct search *ret, struct sk_err *err)
{
	int r = 0;

	if (doc->kind == IMAGE_DOC_MANIFEST) {
		ret->found = ret->found || sk_digest_eq(&doc->config.digest, ret->config);
		return 0;
	}
	for (size_t i = 0; r == 0 && !ret->found && i < doc->n_blobs; i++) {
		const struct image_descriptor *d = &doc->blobs[i];
		struct image_doc next;

		if (d->is_attestation ||
		    scan_find_member(s, sk_span_str(blob_path(s, &d->digest))) == NULL)
			continue;
		if (depth == MAX_INDEX_DEPTH || ret->n_docs++ == MAX_INDEX_DOCS)
			return sk_err_set(err, SK_E_LIMIT, "index.json: too many manifests");
		r = read_blob_doc(s, IMAGE_DOC_INDEX, "manifest", d, &next, err);
		if (r == 0)
			r = search_index(s, &next, depth + 1, ret, err);
	}
	return r;
}

/*
 * Newer engines write an OCI layout around manifest.json and read that; older ones read
 * manifest.json. Both must lead to the image that is looked at.
 */
static int check_hybrid(struct scan_session *s, const struct sk_digest *config, struct sk_err *err)
{
	struct search search = {.config = config};
	struct sk_span text, name = SK_SPAN("index.json");
	struct image_doc index;
	int r;

	if (scan_find_member(s, name) == NULL)
		return 0;
	r = read_doc(s, name, &text, err);
	if (r == 0)
		r = parse_doc(s, IMAGE_DOC_INDEX, "index.json", text, &index, err);
	if (r == 0)
		r = search_index(s, &index, 0, &search, err);
	if (r == 0 && !search.found)
		r = sk_err_set(err, SK_E_FORMAT,
			       "manifest.json and index.json speak of different images");
	return r;
}

static int resolve_docker(struct scan_session *s, struct sk_err *err)
{
	const struct image_archive_entry *e = NULL;
	struct image_doc archive, config;
	struct sk_digest want = {0};
	struct sk_span text;
	const char *name;
	int r = read_doc(s, sk_span_str("manifest.json"), &text, err);

	if (r == 0)
		r = parse_doc(s, IMAGE_DOC_ARCHIVE, "manifest.json", text, &archive, err);
	if (r == 0)
		r = image_archive_choose(&archive, s->choice.tag, &e, err);
	if (r == 0)
		r = read_doc(s, sk_span_str(e->config), &text, err);
	if (r < 0)
		return r;
	name = sk_arena_printf(s->arena, "configuration %s", scan_quote(s, sk_span_str(e->config)));
	if (digest_of_name(sk_span_str(e->config), &want))
		r = check_doc(s, name, &want, text, err);
	s->report->target.config_digest = sk_digest_of(SK_DIGEST_SHA256, text);
	if (r == 0)
		r = check_hybrid(s, &s->report->target.config_digest, err);
	if (r == 0)
		r = parse_doc(s, IMAGE_DOC_CONFIG, name, text, &config, err);
	if (r == 0)
		r = take_config(s, &config, e->n_layers, err);
	return r < 0 ? r : plan_archive_layers(s, e, err);
}

int scan_resolve_image(struct scan_session *s, struct sk_err *err)
{
	int r;

	if (s->kind == IMAGE_OCI_DIR || s->kind == IMAGE_OCI_ARCHIVE)
		r = resolve_oci(s, err);
	else
		r = resolve_docker(s, err);
	if (r == 0)
		find_repeats(s);
	return r;
}
