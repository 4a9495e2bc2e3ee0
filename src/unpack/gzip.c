/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gzip framing around a raw inflate engine: headers, CRC-32 and size of each member, concatenated
 * members, and what follows the last one. Specification: RFC 1952. As gzip(1) has it, bytes after a
 * member that do not begin another one are ignored; the digest of the stored bytes covers them.
 */
#include <string.h>

#include <dlfcn.h>

#include "base/alloc.h"
#include "unpack/unpack-priv.h"

enum gzip_state {
	GZIP_FIXED, /* ten bytes of header */
	GZIP_EXTRA_LEN,
	GZIP_EXTRA,
	GZIP_NAME,
	GZIP_COMMENT,
	GZIP_HEADER_CRC,
	GZIP_DATA,
	GZIP_TRAILER,
	GZIP_BETWEEN, /* another member or trailing bytes */
};

/* Bits of FLG. Source: RFC 1952, 2.3.1. */
enum gzip_flags {
	GZIP_FHCRC = 1 << 1,
	GZIP_FEXTRA = 1 << 2,
	GZIP_FNAME = 1 << 3,
	GZIP_FCOMMENT = 1 << 4,
	GZIP_RESERVED = 0xe0,
};

enum {
	GZIP_FIXED_SIZE = 10,
	GZIP_TRAILER_SIZE = 8,
};

struct gzip {
	const struct unpack_deflate_ops *engine;
	void *deflate;
	enum gzip_state state;
	uint8_t field[GZIP_FIXED_SIZE]; /* bytes of the field being gathered */
	size_t n_field;
	unsigned flags;
	size_t extra_left;
	uint32_t crc;
	uint32_t size; /* output of this member, modulo 2^32 */
};

/* The fastest engine that is there. */
static void gzip_choose(struct gzip *g)
{
#ifdef UNPACK_ISAL
	g->engine = &unpack_deflate_isal_ops;
	g->deflate = g->engine->new ();
	if (g->deflate != NULL)
		return;
#endif
	g->engine = &unpack_deflate_zlib_ops;
	g->deflate = g->engine->new ();
}

/*
 * A library that is loaded once stays, and is found again by its name without a look at the disk,
 * which a confined process could not take.
 */
void unpack_prepare(void)
{
#ifdef UNPACK_ISAL
	(void)dlopen(UNPACK_ISAL, RTLD_NOW | RTLD_LOCAL); /* without it zlib does */
#endif
}

static void *gzip_open(sk_unused uint64_t window)
{
	struct gzip *g = sk_alloc(sizeof(*g));

	gzip_choose(g);
	return g;
}

static void gzip_close(void *state)
{
	struct gzip *g = state;

	g->engine->free(g->deflate);
	sk_free(g);
}

/* Gathers a field of @size bytes; true when it is whole. */
static bool gzip_gather(struct gzip *g, struct unpack_io *io, size_t size)
{
	size_t n = size - g->n_field;

	if (n > io->in_len)
		n = io->in_len;
	memcpy(g->field + g->n_field, io->in, n);
	g->n_field += n;
	io->in += n;
	io->in_len -= n;
	if (g->n_field < size)
		return false;
	g->n_field = 0;
	return true;
}

/* Skips text up to and with its NUL; true when it was found. */
static bool gzip_skip_text(struct unpack_io *io)
{
	const uint8_t *nul = memchr(io->in, 0, io->in_len);
	size_t n = nul != NULL ? (size_t)(nul - io->in) + 1 : io->in_len;

	io->in += n;
	io->in_len -= n;
	return nul != NULL;
}

static bool gzip_skip_extra(struct gzip *g, struct unpack_io *io)
{
	size_t n = g->extra_left < io->in_len ? g->extra_left : io->in_len;

	io->in += n;
	io->in_len -= n;
	g->extra_left -= n;
	return g->extra_left == 0;
}

static int gzip_fixed(struct gzip *g, struct sk_err *err)
{
	if (g->field[0] != 0x1f || g->field[1] != 0x8b)
		return sk_err_set(err, SK_E_FORMAT, "gzip: no gzip header");
	if (g->field[2] != 8)
		return sk_err_set(err, SK_E_UNSUPPORTED, "gzip: compression method %u",
				  g->field[2]);
	g->flags = g->field[3];
	if (g->flags & GZIP_RESERVED)
		return sk_err_set(err, SK_E_FORMAT, "gzip: reserved flags 0x%x in the header",
				  g->flags);
	g->state = GZIP_EXTRA_LEN;
	return 0;
}

/* One step through the optional parts of the header; false when input is wanted. */
static bool gzip_optional(struct gzip *g, struct unpack_io *io)
{
	switch (g->state) {
	case GZIP_EXTRA_LEN:
		if (g->flags & GZIP_FEXTRA) {
			if (!gzip_gather(g, io, 2))
				return false;
			g->extra_left = (size_t)g->field[0] | (size_t)g->field[1] << 8;
		}
		g->state = GZIP_EXTRA;
		return true;
	case GZIP_EXTRA:
		if (g->flags & GZIP_FEXTRA && !gzip_skip_extra(g, io))
			return false;
		g->state = GZIP_NAME;
		return true;
	case GZIP_NAME:
		if (g->flags & GZIP_FNAME && !gzip_skip_text(io))
			return false;
		g->state = GZIP_COMMENT;
		return true;
	case GZIP_COMMENT:
		if (g->flags & GZIP_FCOMMENT && !gzip_skip_text(io))
			return false;
		g->state = GZIP_HEADER_CRC;
		return true;
	default:
		if (g->flags & GZIP_FHCRC && !gzip_gather(g, io, 2))
			return false;
		g->state = GZIP_DATA;
		return true;
	}
}

static int gzip_data(struct gzip *g, struct unpack_io *io, struct sk_err *err)
{
	struct unpack_deflate_end end;
	size_t before = io->out_len;
	int r = g->engine->step(g->deflate, io, &end, err);

	if (r < 0)
		return r;
	g->size += (uint32_t)(before - io->out_len);
	if (r == 0)
		return 0;
	g->crc = end.crc;
	memcpy(g->field, end.tail, end.n_tail);
	g->n_field = end.n_tail;
	g->state = GZIP_TRAILER;
	return 0;
}

static uint32_t gzip_le32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static int gzip_trailer(struct gzip *g, struct sk_err *err)
{
	if (gzip_le32(g->field) != g->crc)
		return sk_err_set(err, SK_E_FORMAT, "gzip: checksum mismatch");
	if (gzip_le32(g->field + 4) != g->size)
		return sk_err_set(err, SK_E_FORMAT, "gzip: length mismatch");
	g->size = 0;
	g->engine->reset(g->deflate);
	g->state = GZIP_BETWEEN;
	return 0;
}

/* After a member: true when another one begins, false when input is wanted or the data is over. */
static bool gzip_between(struct gzip *g, struct unpack_io *io, bool *ret_end)
{
	static const uint8_t magic[] = {0x1f, 0x8b};

	while (g->n_field < sizeof(magic)) {
		if (io->in_len == 0) {
			*ret_end = io->eof;
			return false;
		}
		if (*io->in != magic[g->n_field]) {
			*ret_end = true;
			return false;
		}
		g->field[g->n_field++] = *io->in++;
		io->in_len--;
	}
	g->state = GZIP_FIXED;
	return true;
}

/* Return: 1 end, 0 input or output is wanted, 2 go on, negative on failure. */
static int gzip_turn(struct gzip *g, struct unpack_io *io, struct sk_err *err)
{
	bool end = false;
	int r;

	switch (g->state) {
	case GZIP_FIXED:
		if (!gzip_gather(g, io, GZIP_FIXED_SIZE))
			return 0;
		r = gzip_fixed(g, err);
		return r < 0 ? r : 2;
	case GZIP_DATA:
		r = gzip_data(g, io, err);
		return r < 0 ? r : g->state == GZIP_TRAILER ? 2 : 0;
	case GZIP_TRAILER:
		if (!gzip_gather(g, io, GZIP_TRAILER_SIZE))
			return 0;
		r = gzip_trailer(g, err);
		return r < 0 ? r : 2;
	case GZIP_BETWEEN:
		return gzip_between(g, io, &end) ? 2 : end;
	default:
		return gzip_optional(g, io) ? 2 : 0;
	}
}

static int gzip_step(void *state, struct unpack_io *io, struct sk_err *err)
{
	struct gzip *g = state;
	int r;

	do {
		r = gzip_turn(g, io, err);
	} while (r == 2);
	if (r == 0 && io->eof && io->in_len == 0 && io->out_len != 0)
		return unpack_io_truncated("gzip", err);
	return r;
}

const struct unpack_decoder_ops unpack_gzip_ops = {
	.name = "gzip",
	.open = gzip_open,
	.step = gzip_step,
	.close = gzip_close,
};
