/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bzip2: streams one after the other. As bzip2(1) has it, bytes after a stream that do not begin
 * another one are ignored; the digest of the stored bytes covers them.
 */
#include <errno.h>
#include <string.h>

#include <bzlib.h>

#include "base/alloc.h"
#include "unpack/unpack-priv.h"

struct bzip2 {
	bz_stream bz;
	bool open;
	bool again;  /* a stream has ended before */
	size_t seen; /* bytes of the magic number that matched after a stream */
};

static const char bzip2_magic[3] = {'B', 'Z', 'h'};

static void *bzip2_open(sk_unused uint64_t window)
{
	return sk_alloc(sizeof(struct bzip2));
}

static void bzip2_close(void *state)
{
	struct bzip2 *b = state;

	if (b->open)
		(void)BZ2_bzDecompressEnd(&b->bz);
	sk_free(b);
}

static int bzip2_start(struct bzip2 *b, struct sk_err *err)
{
	memset(&b->bz, 0, sizeof(b->bz));
	if (BZ2_bzDecompressInit(&b->bz, 0, 0) != BZ_OK)
		return sk_err_set(err, ENOMEM, "bzip2: no memory");
	b->open = true;
	return 0;
}

/* Runs the library over @len bytes of input; 1 at the end of a stream. */
static int bzip2_run(struct bzip2 *b, const char *in, size_t *len, struct unpack_io *io,
		     struct sk_err *err)
{
	unsigned avail_in = *len > UINT32_MAX / 2 ? UINT32_MAX / 2 : (unsigned)*len;
	unsigned avail_out = io->out_len > UINT32_MAX / 2 ? UINT32_MAX / 2 : (unsigned)io->out_len;
	int r;

	memcpy(&b->bz.next_in, &in, sizeof(in));
	b->bz.avail_in = avail_in;
	b->bz.next_out = (char *)io->out;
	b->bz.avail_out = avail_out;
	r = BZ2_bzDecompress(&b->bz);
	*len = avail_in - b->bz.avail_in;
	io->out += avail_out - b->bz.avail_out;
	io->out_len -= avail_out - b->bz.avail_out;
	if (r == BZ_STREAM_END) {
		(void)BZ2_bzDecompressEnd(&b->bz);
		b->open = false;
		b->again = true;
		b->seen = 0;
		return 1;
	}
	if (r == BZ_MEM_ERROR)
		return sk_err_set(err, ENOMEM, "bzip2: no memory");
	if (r != BZ_OK)
		return sk_err_set(err, SK_E_FORMAT, "bzip2: damaged data");
	return 0;
}

/* After a stream: 1 when the data is over, 0 when input is wanted, 2 when another one began. */
static int bzip2_between(struct bzip2 *b, struct unpack_io *io, struct sk_err *err)
{
	size_t len = sizeof(bzip2_magic);
	int r;

	while (b->seen < sizeof(bzip2_magic)) {
		if (io->in_len == 0)
			return io->eof;
		if (*io->in != (uint8_t)bzip2_magic[b->seen])
			return 1;
		io->in++;
		io->in_len--;
		b->seen++;
	}
	r = bzip2_start(b, err);
	if (r < 0)
		return r;
	r = bzip2_run(b, bzip2_magic, &len, io, err);
	return r < 0 ? r : 2;
}

static int bzip2_step(void *state, struct unpack_io *io, struct sk_err *err)
{
	struct bzip2 *b = state;
	int r = 0;

	if (!b->open && !b->again)
		r = bzip2_start(b, err);
	while (r >= 0 && io->out_len != 0) {
		size_t len = io->in_len;

		if (!b->open) {
			r = bzip2_between(b, io, err);
			if (r != 2)
				return r;
		}
		len = io->in_len;
		if (len == 0 && io->eof) {
			size_t before = io->out_len;

			r = bzip2_run(b, "", &len, io, err);
			if (r == 0 && io->out_len == before)
				return unpack_io_truncated("bzip2", err);
			continue;
		}
		r = bzip2_run(b, (const char *)io->in, &len, io, err);
		if (r < 0)
			return r;
		io->in += len;
		io->in_len -= len;
		if (r == 0 && io->in_len == 0 && !io->eof)
			return 0;
	}
	return r < 0 ? r : 0;
}

const struct unpack_decoder_ops unpack_bzip2_ops = {
	.name = "bzip2",
	.open = bzip2_open,
	.step = bzip2_step,
	.close = bzip2_close,
};
