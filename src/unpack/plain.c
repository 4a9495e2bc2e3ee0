/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes that are not compressed, and the errors that all formats share. */
#include <inttypes.h>
#include <string.h>

#include "base/alloc.h"
#include "unpack/unpack-priv.h"

static void *plain_open(sk_unused uint64_t window)
{
	return NULL;
}

static void plain_close(sk_unused void *state)
{
}

static int plain_step(sk_unused void *state, struct unpack_io *io, sk_unused struct sk_err *err)
{
	size_t n = io->in_len < io->out_len ? io->in_len : io->out_len;

	memcpy(io->out, io->in, n);
	io->in += n;
	io->in_len -= n;
	io->out += n;
	io->out_len -= n;
	return io->eof && io->in_len == 0;
}

const struct unpack_decoder_ops unpack_plain_ops = {
	.name = "plain",
	.open = plain_open,
	.step = plain_step,
	.close = plain_close,
};

int unpack_io_truncated(const char *name, struct sk_err *err)
{
	return sk_err_set(err, SK_E_TRUNCATED, "%s: data ends early", name);
}
