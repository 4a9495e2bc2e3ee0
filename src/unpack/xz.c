/* SPDX-License-Identifier: Apache-2.0 */
/* xz: streams and stream padding one after the other, memory bounded. Specification: xz 1.2.1. */
#include <errno.h>

#include <lzma.h>

#include "base/alloc.h"
#include "unpack/unpack-priv.h"

enum {
	/* What the decoder needs besides its dictionary; liblzma 5.4 uses under 100 KiB. */
	XZ_OVERHEAD = 1 << 20,
};

struct xz {
	lzma_stream lzma;
	lzma_ret opened;
};

static void *xz_open(uint64_t window)
{
	static const lzma_stream init = LZMA_STREAM_INIT;
	struct xz *x = sk_alloc(sizeof(*x));
	uint64_t limit;

	if (__builtin_add_overflow(window, XZ_OVERHEAD, &limit))
		limit = UINT64_MAX;
	x->lzma = init;
	x->opened = lzma_stream_decoder(&x->lzma, limit, LZMA_CONCATENATED);
	return x;
}

static void xz_close(void *state)
{
	struct xz *x = state;

	lzma_end(&x->lzma);
	sk_free(x);
}

static int xz_fail(lzma_ret r, struct sk_err *err)
{
	switch (r) {
	case LZMA_MEMLIMIT_ERROR:
		return -SK_E_LIMIT;
	case LZMA_MEM_ERROR:
		return sk_err_set(err, ENOMEM, "xz: no memory");
	case LZMA_OPTIONS_ERROR:
		return sk_err_set(err, SK_E_UNSUPPORTED, "xz: unknown filter or check");
	case LZMA_FORMAT_ERROR:
		return sk_err_set(err, SK_E_FORMAT, "xz: no stream where one must begin");
	case LZMA_BUF_ERROR:
		return unpack_io_truncated("xz", err);
	default:
		return sk_err_set(err, SK_E_FORMAT, "xz: damaged data");
	}
}

static int xz_step(void *state, struct unpack_io *io, struct sk_err *err)
{
	struct xz *x = state;
	lzma_ret r = x->opened;

	x->lzma.next_in = io->in;
	x->lzma.avail_in = io->in_len;
	x->lzma.next_out = io->out;
	x->lzma.avail_out = io->out_len;
	while (r == LZMA_OK && x->lzma.avail_out != 0) {
		if (x->lzma.avail_in == 0 && !io->eof)
			break;
		r = lzma_code(&x->lzma, io->eof ? LZMA_FINISH : LZMA_RUN);
	}
	io->in = x->lzma.next_in;
	io->in_len = x->lzma.avail_in;
	io->out = x->lzma.next_out;
	io->out_len = x->lzma.avail_out;
	if (r == LZMA_STREAM_END)
		return 1;
	return r == LZMA_OK ? 0 : xz_fail(r, err);
}

const struct unpack_decoder_ops unpack_xz_ops = {
	.name = "xz",
	.open = xz_open,
	.step = xz_step,
	.close = xz_close,
};
