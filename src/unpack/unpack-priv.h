/* SPDX-License-Identifier: Apache-2.0 */
/* Inside unpack: decoders behind one table, and the parts of the tar reader. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"
#include "unpack/unpack.h"

/** struct unpack_io - what one decoding step may use; positions move as bytes are used */
struct unpack_io {
	const uint8_t *in;
	size_t in_len;
	uint8_t *out;
	size_t out_len;
	bool eof; /* nothing follows @in */
};

/**
 * struct unpack_decoder_ops - one compression format
 * @open: state with at most @window bytes of history
 * @step: uses input and fills output until one of them is empty; 1 when the data is complete and
 *        what is left of the input is not part of it, 0 to go on, negative on failure. It reports
 *        SK_E_TRUNCATED when io->eof, the input is used up and the data is not complete, and
 *        -SK_E_LIMIT, @err untouched, when the window is too small.
 * @close: frees
 */
struct unpack_decoder_ops {
	const char *name;
	void *(*open)(uint64_t window);
	int (*step)(void *state, struct unpack_io *io, struct sk_err *err);
	void (*close)(void *state);
};

extern const struct unpack_decoder_ops unpack_gzip_ops;
extern const struct unpack_decoder_ops unpack_zstd_ops;
extern const struct unpack_decoder_ops unpack_xz_ops;
extern const struct unpack_decoder_ops unpack_bzip2_ops;
extern const struct unpack_decoder_ops unpack_plain_ops;

enum {
	UNPACK_DEFLATE_TAIL = 8
};

/** struct unpack_deflate_end - state at the end of a member's data */
struct unpack_deflate_end {
	uint32_t crc;                      /* CRC-32 of the output */
	uint8_t tail[UNPACK_DEFLATE_TAIL]; /* bytes that were taken from the input too early */
	size_t n_tail;
};

/**
 * struct unpack_deflate_ops - a raw inflate engine
 * @new: engine, ready for the first member; NULL when its library is not there
 * @free: NULL is nothing to free
 * @reset: ready for another member
 * @step: moves @io; 1 end of the data (@ret_end is written), 0 input or output is used up,
 *        negative on failure
 */
struct unpack_deflate_ops {
	void *(*new)(void);
	void (*free)(void *state);
	void (*reset)(void *state);
	int (*step)(void *state, struct unpack_io *io, struct unpack_deflate_end *ret_end,
		    struct sk_err *err);
};

extern const struct unpack_deflate_ops unpack_deflate_isal_ops;
extern const struct unpack_deflate_ops unpack_deflate_zlib_ops;

/**
 * unpack_io_truncated() - the error of data that ends early
 * @name: format
 * @err: filled
 *
 * Return: -SK_E_TRUNCATED.
 */
int unpack_io_truncated(const char *name, struct sk_err *err);
