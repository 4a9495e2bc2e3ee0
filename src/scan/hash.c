/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker that only digests bytes. What it says of a layer does not depend on the reader of the
 * layer, which may have fallen to what it read: by this digest facts are remembered for others.
 */
#include "base/alloc.h"
#include "base/wire.h"
#include "scan/reader.h"

enum {
	PIECE_SIZE = 256 << 10,
};

int scan_hash_work(const struct scan_job *job, struct sk_buf *answer, struct sk_err *err)
{
	const struct scan_hash_ctx *ctx = job->ctx;
	struct scan_source source = {.fd = job->fd, .range = ctx->range, .progress = job->progress};
	sk_cleanup(sk_hasher_freep) struct sk_hasher *h = sk_hasher_new(SK_DIGEST_SHA256);
	sk_cleanup(sk_freep) char *piece = sk_alloc(PIECE_SIZE);
	struct sk_digest digest;
	int64_t n = 1;

	while (n > 0) {
		n = scan_source_read(&source, piece, PIECE_SIZE, err);
		if (n > 0)
			sk_hasher_add(h, piece, (size_t)n);
	}
	if (n < 0)
		return (int)n;
	sk_hasher_finish(h, &digest);
	sk_wire_put_digest(answer, &digest);
	sk_wire_put_u64(answer, source.done);
	return 0;
}

int scan_hash_decode(struct sk_span s, struct sk_digest *ret, uint64_t *ret_size,
		     struct sk_err *err)
{
	struct sk_wire w = sk_wire_init(s);
	struct sk_digest digest = sk_wire_get_digest(&w);
	uint64_t size = sk_wire_get_u64(&w, INT64_MAX);

	if (!sk_wire_at_end(&w) || digest.alg != SK_DIGEST_SHA256)
		return sk_err_set(err, SK_E_FORMAT, "worker: malformed digest");
	*ret = digest;
	*ret_size = size;
	return 0;
}
