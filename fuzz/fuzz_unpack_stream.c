/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz target: decompression of every format, with and without the thread. Both ways must give the
 * same bytes, digests and verdict.
 */
#include <stdlib.h>
#include <string.h>

#include "unpack/unpack.h"

/* Gives its bytes in pieces of changing size. */
struct memory {
	const uint8_t *ptr;
	size_t len;
	size_t turn;
};

static int64_t memory_read(void *ctx, void *buf, size_t len, sk_unused struct sk_err *err)
{
	static const size_t sizes[] = {1, 3, 7, 4096, 13, 64};
	struct memory *m = ctx;
	size_t n = sizes[m->turn++ % SK_ARRAY_LEN(sizes)];

	if (n > len)
		n = len;
	if (n > m->len)
		n = m->len;
	if (n != 0)
		memcpy(buf, m->ptr, n);
	m->ptr += n;
	m->len -= n;
	return (int64_t)n;
}

static int run(const uint8_t *data, size_t size, unsigned flags, struct unpack_totals *ret)
{
	struct memory m = {.ptr = data, .len = size};
	struct unpack_source src = {.read = memory_read, .ctx = &m};
	struct sk_limits limits = sk_limits_default();
	sk_cleanup(unpack_stream_closep) struct unpack_stream *s = NULL;
	struct sk_budget budget;
	struct sk_err err = {0};
	int r;

	limits.max[SK_LIMIT_BYTES_OUT] = 1 << 20;
	limits.max[SK_LIMIT_WINDOW] = 1 << 20;
	sk_budget_init(&budget, &limits);
	r = unpack_stream_open(&src, flags | UNPACK_HASH_STORED | UNPACK_HASH_PLAIN, &budget, &s,
			       &err);
	if (r == 0)
		r = unpack_stream_drain(s, &err);
	if (r < 0 && (err.code != -r || err.msg[0] == '\0'))
		abort();
	if (r == 0)
		unpack_stream_totals(s, ret);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct unpack_totals alone = {0};
	struct unpack_totals threaded = {0};
	int r = run(data, size, 0, &alone);

	if (size % 32 != 0) /* a thread costs more than the rest */
		return 0;
	if (run(data, size, UNPACK_THREADED, &threaded) != r)
		abort();
	if (r == 0 && (!sk_digest_eq(&alone.plain, &threaded.plain) ||
		       !sk_digest_eq(&alone.stored, &threaded.stored) ||
		       alone.bytes_out != threaded.bytes_out || alone.bytes_in != size ||
		       alone.trailing != threaded.trailing))
		abort();
	return 0;
}
