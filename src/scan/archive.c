/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker reads an image archive: docker-archive or OCI layout in a tar. A seekable archive is
 * only listed, its layers are read later and side by side. What comes through a pipe or compressed
 * is read once, in the order in which it comes: every member that looks like a layer gives its
 * facts, every JSON document is kept, and what belongs together is found afterwards.
 */
#include "base/alloc.h"
#include "base/io.h"
#include "base/wire.h"
#include "scan/reader-priv.h"

enum {
	HEAD_SIZE = 512,
	MAX_MEMBERS = 100000,
	MAX_ODD_MEMBERS = 10000,
	MAX_DEPTH = 4, /* blobs/sha256/HEX, ID/layer.tar */
	/* JSON that may be a manifest; larger blobs are bills of materials. */
	DOC_MAX = 8 << 20,
	DOCS_MAX = 64 << 20,
	MEMBER_MIN = 6,
};

struct reading_archive {
	const struct scan_archive_ctx *ctx;
	const struct sk_limits *limits;
	struct sk_budget budget; /* of the archive itself */
	struct sk_budget inner;  /* of all layers inside */
	struct sk_buf members;   /* encoded */
	size_t n_members;
	size_t docs_size;
	struct scan_facts_builder outer;
};

static size_t path_depth(struct sk_span path)
{
	size_t depth = 1;

	for (size_t i = 0; i < path.len; i++)
		depth += path.ptr[i] == '/';
	return depth;
}

/* Can this member be named by a manifest? Layers of root file systems hold many more files. */
static bool is_part_of_image(struct sk_span path)
{
	static const char *const suffixes[] = {".json",    ".tar",    ".tar.gz",  ".tgz",
					       ".tar.zst", ".tar.xz", ".tar.bz2", "/json"};

	if (path.len == 0 || path_depth(path) > MAX_DEPTH)
		return false;
	if (sk_span_starts(path, "blobs/") || sk_span_eq_str(path, "oci-layout"))
		return true;
	if (sk_span_starts(path, "sha256:"))
		return true;
	if (path_depth(path) > 2)
		return false;
	for (size_t i = 0; i < SK_ARRAY_LEN(suffixes); i++)
		if (sk_span_ends(path, suffixes[i]))
			return true;
	return path.len == 64 && path_depth(path) == 1;
}

static int put_member(struct reading_archive *ra, const struct unpack_entry *e, struct sk_span link,
		      enum scan_member_content content, struct sk_span bytes, int code,
		      struct sk_err *err)
{
	if (++ra->n_members > MAX_MEMBERS)
		return sk_err_set(err, SK_E_LIMIT, "archive: more than %d members", MAX_MEMBERS);
	sk_wire_put_span(&ra->members, e->path);
	sk_wire_put_span(&ra->members, link);
	sk_wire_put_u64(&ra->members, e->data_off);
	sk_wire_put_u64(&ra->members, e->size);
	sk_wire_put_u64(&ra->members, content);
	sk_wire_put_u64(&ra->members, (uint64_t)code);
	sk_wire_put_span(&ra->members, bytes);
	return 0;
}

/** struct member_source - a member's bytes, of which the first were already read */
struct member_source {
	struct unpack_tar *tar;
	struct sk_span head;
};

static int64_t read_member_source(void *ctx, void *buf, size_t len, struct sk_err *err)
{
	struct member_source *m = ctx;

	if (m->head.len != 0) {
		struct sk_span part = sk_span_sub(m->head, 0, len);

		memcpy(buf, part.ptr, part.len);
		m->head = sk_span_sub(m->head, part.len, m->head.len);
		return (int64_t)part.len;
	}
	return unpack_tar_read(m->tar, buf, len, err);
}

static int read_head(struct unpack_tar *tar, char *head, size_t *ret_len, struct sk_err *err)
{
	size_t len = 0;
	int64_t n;

	do {
		n = unpack_tar_read(tar, head + len, HEAD_SIZE - len, err);
		len += n > 0 ? (size_t)n : 0;
	} while (n > 0 && len < HEAD_SIZE);
	*ret_len = len;
	return n < 0 ? (int)n : 0;
}

static int keep_doc(struct reading_archive *ra, struct unpack_tar *tar,
		    const struct unpack_entry *e, struct sk_span head, struct sk_err *err)
{
	struct member_source src = {.tar = tar, .head = head};
	struct sk_span none = {NULL, 0};
	struct sk_buf text;
	int64_t n = 1;
	int r = 0;

	if (e->size > DOC_MAX || ra->docs_size + e->size > DOCS_MAX)
		return put_member(ra, e, none, SCAN_MEMBER_LARGE, none, 0, err);
	ra->docs_size += (size_t)e->size;
	sk_buf_init(&text, (size_t)e->size + HEAD_SIZE);
	while (n > 0) {
		char piece[4096];

		n = read_member_source(&src, piece, sizeof(piece), err);
		if (n > 0 && !sk_buf_add(&text, piece, (size_t)n))
			n = sk_err_set(err, SK_E_FORMAT, "archive: member is longer than it says");
	}
	r = n < 0 ? (int)n : put_member(ra, e, none, SCAN_MEMBER_DOC, sk_buf_span(&text), 0, err);
	sk_buf_release(&text);
	return r;
}

static int keep_layer(struct reading_archive *ra, struct unpack_tar *tar,
		      const struct unpack_entry *e, struct sk_span head, struct sk_err *err)
{
	struct member_source member = {.tar = tar, .head = head};
	struct unpack_source src = {.read = read_member_source, .ctx = &member};
	struct scan_layer_ctx layer = {
		.wanted = ra->ctx->wanted, .hash_stored = true, .whiteouts = true};
	struct sk_span none = {NULL, 0};
	struct sk_err why = {0};
	struct sk_buf facts;
	int r;

	sk_buf_init(&facts, ra->members.max);
	r = scan_read_layer(&src, &layer, &ra->inner, &facts, &why);
	if (r < 0)
		r = put_member(ra, e, none, SCAN_MEMBER_ERROR, sk_span_str(why.msg), -r, err);
	else
		r = put_member(ra, e, none, SCAN_MEMBER_LAYER, sk_buf_span(&facts), 0, err);
	sk_buf_release(&facts);
	return r;
}

static bool is_json(struct sk_span head)
{
	struct sk_span text = sk_span_trim(head);

	return text.len != 0 && (text.ptr[0] == '{' || text.ptr[0] == '[');
}

static int read_content(struct reading_archive *ra, struct unpack_tar *tar,
			const struct unpack_entry *e, struct sk_err *err)
{
	char head[HEAD_SIZE];
	size_t len = 0;
	int r = read_head(tar, head, &len, err);

	if (r < 0)
		return r;
	if (is_json(sk_span_of(head, len)))
		return keep_doc(ra, tar, e, sk_span_of(head, len), err);
	return keep_layer(ra, tar, e, sk_span_of(head, len), err);
}

/* Where a symbolic link between members leads, as a path from the archive's root. */
static int put_symlink(struct reading_archive *ra, const struct unpack_entry *e, struct sk_err *err)
{
	struct sk_span dir = sk_path_dir(e->path), link;
	struct sk_buf joined;
	char *normal;
	int r = 0;

	sk_buf_init(&joined, 64 * 1024);
	(void)sk_buf_printf(&joined, "%.*s/", SK_SPAN_ARG(dir));
	if (sk_buf_add_span(&joined, e->link)) {
		normal = sk_alloc(joined.len + 1);
		(void)unpack_path_normalise(sk_buf_span(&joined), normal, &link);
		r = put_member(ra, e, link, SCAN_MEMBER_BARE, (struct sk_span){NULL, 0}, 0, err);
		sk_free(normal);
	}
	sk_buf_release(&joined);
	return r;
}

static int read_one(struct reading_archive *ra, struct unpack_tar *tar,
		    const struct unpack_entry *e, struct sk_err *err)
{
	struct sk_span none = {NULL, 0};

	/* A list costs little: odd names are listed too while there are few. */
	if (!is_part_of_image(e->path) &&
	    (ra->ctx->contents || ra->n_members >= MAX_ODD_MEMBERS || e->path.len == 0)) {
		if (ra->ctx->outer)
			return scan_add_member(&ra->outer, tar, e, true, err);
		return 0;
	}
	switch (e->type) {
	case UNPACK_SYMLINK:
		return put_symlink(ra, e, err);
	case UNPACK_HARDLINK:
		return put_member(ra, e, e->link, SCAN_MEMBER_BARE, none, 0, err);
	case UNPACK_FILE:
		if (ra->ctx->contents)
			return read_content(ra, tar, e, err);
		if (e->sparse)
			return put_member(ra, e, none, SCAN_MEMBER_ERROR,
					  sk_span_str("stored as a sparse member; scan it from "
						      "standard input"),
					  SK_E_UNSUPPORTED, err);
		return put_member(ra, e, none, SCAN_MEMBER_BARE, none, 0, err);
	default:
		return 0;
	}
}

/* Damage in front of everything: most often this is something else. */
static int no_archive(int r, struct sk_err *err)
{
	struct sk_err why = *err;

	if (r != -SK_E_FORMAT && r != -SK_E_TRUNCATED)
		return r;
	return sk_err_set(err, -r,
			  "neither an archive as 'docker save IMAGE' writes it, nor an OCI layout "
			  "or a layer as tar (each may be compressed), nor a list of package URLs: "
			  "%s",
			  why.msg);
}

static int read_all(struct reading_archive *ra, struct unpack_stream *stream, struct sk_err *err)
{
	sk_cleanup(unpack_tar_closep) struct unpack_tar *tar = unpack_tar_open(stream, &ra->budget);
	const struct unpack_entry *e;
	int r = unpack_tar_next(tar, &e, err);

	if (r < 0)
		return no_archive(r, err);
	while (r == 1) {
		r = read_one(ra, tar, e, err);
		if (r == 0)
			r = unpack_tar_next(tar, &e, err);
	}
	if (r == 0 && ra->ctx->contents)
		r = unpack_stream_drain(stream, err);
	return r;
}

static void finish_outer(struct reading_archive *ra, struct unpack_stream *stream,
			 struct sk_buf *facts)
{
	struct unpack_totals totals;

	unpack_stream_totals(stream, &totals);
	ra->outer.facts.stored = totals.stored;
	ra->outer.facts.diff_id = totals.plain;
	ra->outer.facts.size = totals.bytes_in;
	ra->outer.facts.plain_size = totals.bytes_out;
	scan_facts_finish(&ra->outer);
	scan_facts_encode(&ra->outer.facts, facts);
}

static void put_archive(struct reading_archive *ra, struct unpack_stream *stream,
			struct sk_buf *answer)
{
	struct sk_buf facts;

	sk_buf_init(&facts, answer->max);
	if (ra->ctx->outer)
		finish_outer(ra, stream, &facts);
	sk_wire_put_u64(answer, ra->n_members);
	if (ra->members.len != 0)
		(void)sk_buf_add(answer, ra->members.ptr, ra->members.len);
	sk_wire_put_span(answer, sk_buf_span(&facts));
	answer->overflow |= ra->members.overflow || facts.overflow;
	sk_buf_release(&facts);
}

int scan_archive_work(const struct scan_job *job, struct sk_buf *answer, struct sk_err *err)
{
	const struct scan_archive_ctx *ctx = job->ctx;
	struct scan_source source = {.fd = job->fd, .range = ctx->range, .progress = job->progress};
	struct unpack_source src = {.read = scan_source_read,
				    .skip = ctx->range.seekable && !ctx->contents ? scan_source_skip
										  : NULL,
				    .ctx = &source};
	sk_cleanup(sk_arena_freep) struct sk_arena *arena = sk_arena_new();
	sk_cleanup(unpack_stream_closep) struct unpack_stream *stream = NULL;
	unsigned flags = ctx->outer ? UNPACK_HASH_STORED | UNPACK_HASH_PLAIN : 0;
	struct reading_archive ra = {.ctx = ctx, .limits = job->limits};
	int r;

	sk_budget_init(&ra.budget, job->limits);
	sk_budget_init(&ra.inner, job->limits);
	sk_buf_init(&ra.members, answer->max);
	ra.outer = (struct scan_facts_builder){
		.arena = arena, .budget = &ra.budget, .wanted = ctx->wanted};
	r = unpack_stream_open(&src, flags | (ctx->contents ? UNPACK_THREADED : 0), &ra.budget,
			       &stream, err);
	if (r == 0)
		r = read_all(&ra, stream, err);
	if (r == 0)
		put_archive(&ra, stream, answer);
	scan_facts_builder_release(&ra.outer);
	sk_buf_release(&ra.members);
	return r;
}

static void get_member(struct sk_wire *w, const struct sk_limits *limits, struct scan_member *m)
{
	size_t path_max = (size_t)limits->max[SK_LIMIT_PATH_LEN];

	m->path = sk_wire_get_span(w, path_max);
	m->link = sk_wire_get_span(w, path_max);
	m->off = sk_wire_get_u64(w, INT64_MAX);
	m->size = sk_wire_get_u64(w, INT64_MAX);
	m->content = (enum scan_member_content)sk_wire_get_u64(w, SCAN_MEMBER_N_CONTENTS - 1);
	m->code = (int)sk_wire_get_u64(w, SK_E_END_ - 1);
	m->bytes = sk_wire_get_span(w, SIZE_MAX);
	if (m->content == SCAN_MEMBER_ERROR && (m->code == 0 || m->bytes.len >= SK_ERR_MSG_SIZE))
		w->bad = true;
	if (m->content == SCAN_MEMBER_DOC && m->bytes.len != m->size)
		w->bad = true;
	if (m->path.len != 0 && memchr(m->path.ptr, 0, m->path.len) != NULL)
		w->bad = true;
}

int scan_archive_decode(struct sk_span s, const struct sk_limits *limits, struct sk_arena *a,
			struct scan_archive *ret, struct sk_err *err)
{
	struct sk_wire w = sk_wire_init(s);
	struct scan_archive archive = {0};

	archive.n_members = sk_wire_get_count(&w, MAX_MEMBERS, MEMBER_MIN);
	archive.members = sk_arena_array(a, archive.n_members, sizeof(*archive.members));
	for (size_t i = 0; i < archive.n_members && !w.bad; i++)
		get_member(&w, limits, &archive.members[i]);
	archive.outer = sk_wire_get_span(&w, SIZE_MAX);
	if (!sk_wire_at_end(&w))
		return sk_err_set(err, SK_E_FORMAT, "worker: malformed list of members");
	*ret = archive;
	return 0;
}
