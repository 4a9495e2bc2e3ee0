/* SPDX-License-Identifier: Apache-2.0 */
/* Raw inflate through ISA-L. Specification: RFC 1951. */
#include <string.h>

#include <isa-l/igzip_lib.h>

#include "base/alloc.h"
#include "unpack/unpack-priv.h"

struct unpack_deflate {
	struct inflate_state state;
};

void unpack_deflate_reset(struct unpack_deflate *d)
{
	isal_inflate_reset(&d->state);
	d->state.crc_flag = ISAL_GZIP_NO_HDR; /* CRC-32 is computed, framing is ours */
}

struct unpack_deflate *unpack_deflate_new(void)
{
	struct unpack_deflate *d = sk_alloc(sizeof(*d));

	isal_inflate_init(&d->state);
	unpack_deflate_reset(d);
	return d;
}

void unpack_deflate_free(struct unpack_deflate *d)
{
	sk_free(d);
}

/* The engine reads whole words: what it holds beyond the last bit of data is handed back. */
static void deflate_end(struct unpack_deflate *d, struct unpack_deflate_end *ret)
{
	int bits = d->state.read_in_length;
	uint64_t word = d->state.read_in >> (bits & 7);

	ret->crc = d->state.crc;
	ret->n_tail = (size_t)bits / 8;
	for (size_t i = 0; i < ret->n_tail; i++)
		ret->tail[i] = (uint8_t)(word >> (8 * i));
}

static uint32_t deflate_clamp(size_t len)
{
	return len > UINT32_MAX / 2 ? UINT32_MAX / 2 : (uint32_t)len;
}

int unpack_deflate_step(struct unpack_deflate *d, struct unpack_io *io,
			struct unpack_deflate_end *ret_end, struct sk_err *err)
{
	uint32_t in_len = deflate_clamp(io->in_len);
	uint32_t out_len = deflate_clamp(io->out_len);
	int r;

	/* The engine does not write through next_in; its prototype lacks the const. */
	memcpy(&d->state.next_in, &io->in, sizeof(io->in));
	d->state.avail_in = in_len;
	d->state.next_out = io->out;
	d->state.avail_out = out_len;
	r = isal_inflate(&d->state);
	io->in += in_len - d->state.avail_in;
	io->in_len -= in_len - d->state.avail_in;
	io->out += out_len - d->state.avail_out;
	io->out_len -= out_len - d->state.avail_out;
	if (r < 0 || r == ISAL_NEED_DICT)
		return sk_err_set(err, SK_E_FORMAT, "gzip: damaged data");
	if (d->state.block_state != ISAL_BLOCK_FINISH)
		return 0;
	deflate_end(d, ret_end);
	return 1;
}
