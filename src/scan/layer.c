/* SPDX-License-Identifier: Apache-2.0 */
/* A worker reads one layer: bytes → decompressed, hashed → tar members → facts. */
#include <errno.h>
#include <unistd.h>

#include "scan/reader-priv.h"
#include "unpack/unpack.h"

int64_t scan_source_read(void *ctx, void *buf, size_t len, struct sk_err *err)
{
	struct scan_source *s = ctx;
	uint64_t left = s->range.len - s->done;
	ssize_t n;

	if (len > left)
		len = (size_t)left;
	if (len == 0)
		return 0;
	if (s->done < s->range.head.len) {
		struct sk_span head = sk_span_sub(s->range.head, (size_t)s->done, len);

		memcpy(buf, head.ptr, head.len);
		n = (ssize_t)head.len;
	} else {
		do {
			n = s->range.seekable
				    ? pread(s->fd, buf, len, (off_t)(s->range.off + s->done))
				    : read(s->fd, buf, len);
		} while (n < 0 && errno == EINTR);
	}
	if (n < 0)
		return sk_err_errno(err, errno, "read");
	if (n == 0 && s->range.len != UINT64_MAX)
		return sk_err_set(err, SK_E_TRUNCATED, "file ends early");
	s->done += (uint64_t)n;
	if (s->progress != NULL)
		*s->progress = s->done;
	return n;
}

int scan_source_skip(void *ctx, uint64_t len, struct sk_err *err)
{
	struct scan_source *s = ctx;

	if (len > s->range.len - s->done)
		return sk_err_set(err, SK_E_TRUNCATED, "file ends early");
	s->done += len;
	return 0;
}

static int64_t read_member(void *ctx, void *buf, size_t len, struct sk_err *err)
{
	return unpack_tar_read(ctx, buf, len, err);
}

int scan_add_member(struct scan_facts_builder *b, struct unpack_tar *tar,
		    const struct unpack_entry *e, bool whiteouts, struct sk_err *err)
{
	static const enum scan_entry_type types[] = {
		[UNPACK_FILE] = SCAN_ENTRY_FILE,       [UNPACK_DIR] = SCAN_ENTRY_DIR,
		[UNPACK_SYMLINK] = SCAN_ENTRY_SYMLINK, [UNPACK_HARDLINK] = SCAN_ENTRY_HARDLINK,
		[UNPACK_DEVICE] = SCAN_ENTRY_OTHER,    [UNPACK_FIFO] = SCAN_ENTRY_OTHER,
	};
	struct scan_entry entry = {
		.type = types[e->type],
		.path = e->path,
		.link = e->link,
		.size = e->size,
		.whiteouts = whiteouts,
		.read = read_member,
		.ctx = tar,
	};

	return scan_facts_add(b, &entry, err);
}

static int read_members(struct scan_facts_builder *b, struct unpack_tar *tar, bool whiteouts,
			struct sk_err *err)
{
	const struct unpack_entry *e;
	int r = unpack_tar_next(tar, &e, err);

	while (r == 1) {
		r = scan_add_member(b, tar, e, whiteouts, err);
		if (r == 0)
			r = unpack_tar_next(tar, &e, err);
	}
	return r;
}

int scan_read_layer(const struct unpack_source *src, const struct scan_layer_ctx *ctx,
		    struct sk_budget *budget, struct sk_buf *answer, struct sk_err *err)
{
	unsigned flags = UNPACK_HASH_PLAIN | (ctx->hash_stored ? UNPACK_HASH_STORED : 0) |
			 (ctx->threaded ? UNPACK_THREADED : 0);
	sk_cleanup(sk_arena_freep) struct sk_arena *arena = sk_arena_new();
	sk_cleanup(unpack_stream_closep) struct unpack_stream *stream = NULL;
	sk_cleanup(unpack_tar_closep) struct unpack_tar *tar = NULL;
	struct scan_facts_builder b = {.arena = arena, .budget = budget, .wanted = ctx->wanted};
	struct unpack_totals totals;
	int r = unpack_stream_open(src, flags, budget, &stream, err);

	if (r < 0)
		return r;
	tar = unpack_tar_open(stream, budget);
	r = read_members(&b, tar, ctx->whiteouts, err);
	if (r == 0)
		r = unpack_stream_drain(stream, err);
	if (r == 0) {
		unpack_stream_totals(stream, &totals);
		b.facts.stored = totals.stored;
		b.facts.diff_id = totals.plain;
		b.facts.size = totals.bytes_in;
		b.facts.plain_size = totals.bytes_out;
		scan_facts_finish(&b);
		scan_facts_encode(&b.facts, answer);
	}
	scan_facts_builder_release(&b);
	return r;
}

int scan_layer_work(const struct scan_job *job, struct sk_buf *answer, struct sk_err *err)
{
	const struct scan_layer_ctx *ctx = job->ctx;
	struct scan_source source = {.fd = job->fd, .range = ctx->range, .progress = job->progress};
	struct unpack_source src = {.read = scan_source_read, .ctx = &source};
	struct sk_budget budget;

	sk_budget_init(&budget, job->limits);
	return scan_read_layer(&src, ctx, &budget, answer, err);
}

int scan_doc_work(const struct scan_job *job, struct sk_buf *answer, struct sk_err *err)
{
	const struct scan_doc_ctx *ctx = job->ctx;
	sk_cleanup(sk_arena_freep) struct sk_arena *arena = sk_arena_new();
	struct sk_budget budget;
	struct image_doc doc;
	int r;

	sk_budget_init(&budget, job->limits);
	r = image_doc_parse(ctx->kind, ctx->text, &budget, arena, &doc, err);
	if (r == 0)
		image_doc_encode(&doc, answer);
	return r;
}
