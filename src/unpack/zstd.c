/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Zstandard: frames and skippable frames one after the other, history bounded. Specification: RFC
 * 8878.
 */
#include <errno.h>

#include <zstd.h>
#include <zstd_errors.h>

#include "base/alloc.h"
#include "unpack/unpack-priv.h"

struct zstd {
	ZSTD_DCtx *ctx;
	bool inside; /* between the first and the last byte of a frame */
};

/* Largest n with 1 << n <= @window, within what the library accepts. */
static int zstd_window_log(uint64_t window)
{
	ZSTD_bounds b = ZSTD_dParam_getBounds(ZSTD_d_windowLogMax);
	int n = window != 0 ? 63 - __builtin_clzll(window) : 0;

	if (n < b.lowerBound)
		return b.lowerBound;
	return n > b.upperBound ? b.upperBound : n;
}

static void *zstd_open(uint64_t window)
{
	struct zstd *z = sk_alloc(sizeof(*z));

	z->ctx = ZSTD_createDCtx();
	if (z->ctx != NULL)
		(void)ZSTD_DCtx_setParameter(z->ctx, ZSTD_d_windowLogMax, zstd_window_log(window));
	return z;
}

static void zstd_close(void *state)
{
	struct zstd *z = state;

	(void)ZSTD_freeDCtx(z->ctx);
	sk_free(z);
}

static int zstd_fail(size_t r, struct sk_err *err)
{
	switch (ZSTD_getErrorCode(r)) {
	case ZSTD_error_frameParameter_windowTooLarge:
		return -SK_E_LIMIT;
	case ZSTD_error_memory_allocation:
		return sk_err_set(err, ENOMEM, "zstd: no memory");
	case ZSTD_error_prefix_unknown:
		return sk_err_set(err, SK_E_FORMAT, "zstd: no frame where one must begin");
	case ZSTD_error_checksum_wrong:
		return sk_err_set(err, SK_E_FORMAT, "zstd: checksum mismatch");
	case ZSTD_error_dictionary_wrong:
		return sk_err_set(err, SK_E_UNSUPPORTED, "zstd: data needs a dictionary");
	default:
		return sk_err_set(err, SK_E_FORMAT, "zstd: damaged data: %s", ZSTD_getErrorName(r));
	}
}

static int zstd_step(void *state, struct unpack_io *io, struct sk_err *err)
{
	struct zstd *z = state;
	ZSTD_inBuffer in = {.src = io->in, .size = io->in_len};
	ZSTD_outBuffer out = {.dst = io->out, .size = io->out_len};

	if (z->ctx == NULL)
		return sk_err_set(err, ENOMEM, "zstd: no memory");
	while (out.pos < out.size) {
		size_t in_pos = in.pos;
		size_t out_pos = out.pos;
		size_t r;

		if (!z->inside && in.pos == in.size)
			break;
		r = ZSTD_decompressStream(z->ctx, &out, &in);
		if (ZSTD_isError(r))
			return zstd_fail(r, err);
		z->inside = r != 0;
		if (in.pos == in_pos && out.pos == out_pos)
			break;
	}
	io->in += in.pos;
	io->in_len -= in.pos;
	io->out += out.pos;
	io->out_len -= out.pos;
	if (!io->eof || io->in_len != 0 || io->out_len == 0)
		return 0;
	return z->inside ? unpack_io_truncated("zstd", err) : 1;
}

const struct unpack_decoder_ops unpack_zstd_ops = {
	.name = "zstd",
	.open = zstd_open,
	.step = zstd_step,
	.close = zstd_close,
};
