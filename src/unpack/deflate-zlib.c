/* SPDX-License-Identifier: Apache-2.0 */
/* Raw inflate through zlib, where ISA-L is not there. Specification: RFC 1951. */
#include <stdlib.h>

#include <zlib.h>

#include "base/alloc.h"
#include "unpack/unpack-priv.h"

struct zlib {
	z_stream z;
	uint32_t crc;
};

static void *zlib_new(void)
{
	struct zlib *d = sk_alloc(sizeof(*d));

	if (inflateInit2(&d->z, -MAX_WBITS) != Z_OK)
		abort(); /* memory is gone, or the library is not the one compiled against */
	return d;
}

static void zlib_free(void *state)
{
	struct zlib *d = state;

	if (d == NULL)
		return;
	(void)inflateEnd(&d->z);
	sk_free(d);
}

static void zlib_reset(void *state)
{
	struct zlib *d = state;

	(void)inflateReset(&d->z);
	d->crc = 0;
}

static uInt zlib_clamp(size_t len)
{
	return len > UINT32_MAX / 2 ? UINT32_MAX / 2 : (uInt)len;
}

static int zlib_step(void *state, struct unpack_io *io, struct unpack_deflate_end *ret_end,
		     struct sk_err *err)
{
	struct zlib *d = state;
	uInt in_len = zlib_clamp(io->in_len);
	uInt out_len = zlib_clamp(io->out_len);
	int r;

	memcpy(&d->z.next_in, &io->in, sizeof(io->in));
	d->z.avail_in = in_len;
	d->z.next_out = io->out;
	d->z.avail_out = out_len;
	r = inflate(&d->z, Z_NO_FLUSH);
	d->crc = (uint32_t)crc32(d->crc, io->out, out_len - d->z.avail_out);
	io->in += in_len - d->z.avail_in;
	io->in_len -= in_len - d->z.avail_in;
	io->out += out_len - d->z.avail_out;
	io->out_len -= out_len - d->z.avail_out;
	if (r != Z_OK && r != Z_STREAM_END && r != Z_BUF_ERROR)
		return sk_err_set(err, SK_E_FORMAT, "gzip: damaged data");
	if (r != Z_STREAM_END)
		return 0;
	*ret_end = (struct unpack_deflate_end){.crc = d->crc};
	return 1;
}

const struct unpack_deflate_ops unpack_deflate_zlib_ops = {
	.new = zlib_new,
	.free = zlib_free,
	.reset = zlib_reset,
	.step = zlib_step,
};
