/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Raw inflate through ISA-L. Specification: RFC 1951. The library is loaded when it is needed, so
 * that a program copied to a machine without it still runs; docs/decisions/0002-decompression.md.
 */
#include <stdbool.h>
#include <string.h>

#include <dlfcn.h>
#include <isa-l/igzip_lib.h>

#include "base/alloc.h"
#include "unpack/unpack-priv.h"

struct isal {
	struct inflate_state state;
	void *library;
	void (*init)(struct inflate_state *state);
	void (*reset)(struct inflate_state *state);
	int (*inflate)(struct inflate_state *state);
};

static void isal_restart(void *state)
{
	struct isal *d = state;

	d->reset(&d->state);
	d->state.crc_flag = ISAL_GZIP_NO_HDR; /* CRC-32 is computed, framing is ours */
}

/* POSIX has dlsym() give functions as data pointers. */
static bool isal_find(struct isal *d)
{
	void *init = dlsym(d->library, "isal_inflate_init");
	void *reset = dlsym(d->library, "isal_inflate_reset");
	void *inflate = dlsym(d->library, "isal_inflate");

	memcpy(&d->init, &init, sizeof(init));
	memcpy(&d->reset, &reset, sizeof(reset));
	memcpy(&d->inflate, &inflate, sizeof(inflate));
	return init != NULL && reset != NULL && inflate != NULL;
}

static void isal_free(void *state)
{
	struct isal *d = state;

	if (d != NULL && d->library != NULL)
		(void)dlclose(d->library); /* nothing to do about it */
	sk_free(d);
}

static void *isal_new(void)
{
	struct isal *d = sk_alloc(sizeof(*d));

	d->library = dlopen(UNPACK_ISAL, RTLD_NOW | RTLD_LOCAL);
	if (d->library == NULL || !isal_find(d)) {
		isal_free(d);
		return NULL;
	}
	d->init(&d->state);
	isal_restart(d);
	return d;
}

/* The engine reads whole words: what it holds beyond the last bit of data is handed back. */
static void isal_end(const struct isal *d, struct unpack_deflate_end *ret)
{
	int bits = d->state.read_in_length;
	uint64_t word = d->state.read_in >> (bits & 7);

	ret->crc = d->state.crc;
	ret->n_tail = (size_t)bits / 8;
	for (size_t i = 0; i < ret->n_tail; i++)
		ret->tail[i] = (uint8_t)(word >> (8 * i));
}

static uint32_t isal_clamp(size_t len)
{
	return len > UINT32_MAX / 2 ? UINT32_MAX / 2 : (uint32_t)len;
}

static int isal_step(void *state, struct unpack_io *io, struct unpack_deflate_end *ret_end,
		     struct sk_err *err)
{
	struct isal *d = state;
	uint32_t in_len = isal_clamp(io->in_len);
	uint32_t out_len = isal_clamp(io->out_len);
	int r;

	/* The engine does not write through next_in; its prototype lacks the const. */
	memcpy(&d->state.next_in, &io->in, sizeof(io->in));
	d->state.avail_in = in_len;
	d->state.next_out = io->out;
	d->state.avail_out = out_len;
	r = d->inflate(&d->state);
	io->in += in_len - d->state.avail_in;
	io->in_len -= in_len - d->state.avail_in;
	io->out += out_len - d->state.avail_out;
	io->out_len -= out_len - d->state.avail_out;
	if (r < 0 || r == ISAL_NEED_DICT)
		return sk_err_set(err, SK_E_FORMAT, "gzip: damaged data");
	if (d->state.block_state != ISAL_BLOCK_FINISH)
		return 0;
	isal_end(d, ret_end);
	return 1;
}

const struct unpack_deflate_ops unpack_deflate_isal_ops = {
	.new = isal_new,
	.free = isal_free,
	.reset = isal_restart,
	.step = isal_step,
};
