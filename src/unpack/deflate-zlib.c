/* SPDX-License-Identifier: Apache-2.0 */
/* Raw inflate through zlib, where ISA-L is not there. Specification: RFC 1951. */
#include <stdlib.h>

#include <zlib.h>

#include "base/alloc.h"
#include "unpack/unpack-priv.h"

struct unpack_deflate {
	z_stream z;
	uint32_t crc;
};

struct unpack_deflate *unpack_deflate_new(void)
{
	struct unpack_deflate *d = sk_alloc(sizeof(*d));

	if (inflateInit2(&d->z, -MAX_WBITS) != Z_OK)
		abort(); /* memory is gone, or the library is not the one compiled against */
	return d;
}

void unpack_deflate_free(struct unpack_deflate *d)
{
	if (d == NULL)
		return;
	(void)inflateEnd(&d->z);
	sk_free(d);
}

void unpack_deflate_reset(struct unpack_deflate *d)
{
	(void)inflateReset(&d->z);
	d->crc = 0;
}

static uInt deflate_clamp(size_t len)
{
	return len > UINT32_MAX / 2 ? UINT32_MAX / 2 : (uInt)len;
}

int unpack_deflate_step(struct unpack_deflate *d, struct unpack_io *io,
			struct unpack_deflate_end *ret_end, struct sk_err *err)
{
	uInt in_len = deflate_clamp(io->in_len);
	uInt out_len = deflate_clamp(io->out_len);
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
