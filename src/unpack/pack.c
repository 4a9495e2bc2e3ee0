/* SPDX-License-Identifier: Apache-2.0 */
/* One-shot zstd frames (RFC 8878) with an optional prefix as the reference. */
#include "unpack/pack.h"

#include <zstd.h>

#include "base/alloc.h"

enum {
	PACK_MIN_WINDOW_LOG = 20,
	PACK_MAX_WINDOW_LOG = 30, /* reference and content together at most 1 GiB */
};

/* The window must reach back over the whole reference. */
static int window_log(size_t content, size_t reference)
{
	int log = PACK_MIN_WINDOW_LOG;

	while (log < PACK_MAX_WINDOW_LOG && ((size_t)1 << log) < content + reference)
		log++;
	return log;
}

int unpack_pack(struct sk_span content, struct sk_span reference, int level, struct sk_buf *out,
		struct sk_err *err)
{
	size_t bound = ZSTD_compressBound(content.len);
	ZSTD_CCtx *ctx = ZSTD_createCCtx();
	char *to = sk_buf_reserve(out, bound);
	size_t n;

	if (ctx == NULL || to == NULL) {
		ZSTD_freeCCtx(ctx);
		return sk_err_set(err, SK_E_LIMIT, "zstd: %zu bytes are too many", content.len);
	}
	(void)ZSTD_CCtx_setParameter(ctx, ZSTD_c_compressionLevel, level);
	(void)ZSTD_CCtx_setParameter(ctx, ZSTD_c_checksumFlag, 1);
	(void)ZSTD_CCtx_setParameter(ctx, ZSTD_c_windowLog, window_log(content.len, reference.len));
	if (reference.len != 0) {
		(void)ZSTD_CCtx_setParameter(ctx, ZSTD_c_enableLongDistanceMatching, 1);
		(void)ZSTD_CCtx_refPrefix(ctx, reference.ptr, reference.len);
	}
	n = ZSTD_compress2(ctx, to, bound, content.ptr, content.len);
	ZSTD_freeCCtx(ctx);
	if (ZSTD_isError(n))
		return sk_err_set(err, SK_E_LIMIT, "zstd: %s", ZSTD_getErrorName(n));
	out->len += n;
	return 0;
}

int unpack_packed(struct sk_span packed, struct sk_span reference, struct sk_buf *out,
		  struct sk_err *err)
{
	unsigned long long size = ZSTD_getFrameContentSize(packed.ptr, packed.len);
	ZSTD_DCtx *ctx;
	char *to;
	size_t n;

	if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN)
		return sk_err_set(err, SK_E_FORMAT, "zstd: no frame that states its size");
	if (size > out->max - out->len)
		return sk_err_set(err, SK_E_LIMIT, "zstd: %llu bytes, at most %zu are accepted",
				  size, out->max - out->len);
	to = sk_buf_reserve(out, (size_t)size);
	ctx = ZSTD_createDCtx();
	if (ctx == NULL || to == NULL) {
		ZSTD_freeDCtx(ctx);
		return sk_err_set(err, SK_E_LIMIT, "zstd: out of memory");
	}
	(void)ZSTD_DCtx_setParameter(ctx, ZSTD_d_windowLogMax, PACK_MAX_WINDOW_LOG);
	if (reference.len != 0)
		(void)ZSTD_DCtx_refPrefix(ctx, reference.ptr, reference.len);
	n = ZSTD_decompressDCtx(ctx, to, (size_t)size, packed.ptr, packed.len);
	ZSTD_freeDCtx(ctx);
	if (ZSTD_isError(n) || n != size)
		return sk_err_set(err, SK_E_FORMAT, "zstd: %s",
				  ZSTD_isError(n) ? ZSTD_getErrorName(n) : "wrong size");
	out->len += n;
	return 0;
}
