/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zstd in memory, with or without a reference: compressing a file against an older version of it
 * gives a delta, as `zstd --patch-from` does. Frames carry their size and a checksum.
 */
#pragma once

#include <stddef.h>

#include "base/buf.h"
#include "base/defs.h"
#include "base/err.h"
#include "base/span.h"

/**
 * unpack_pack() - compress into one zstd frame
 * @content: bytes
 * @reference: earlier version, or empty; the same bytes are needed to unpack
 * @level: 1 to 22
 * @out: appended to; its maximum bounds the result
 * @err: filled on failure
 *
 * Equal input gives equal bytes (with the same library version).
 * Return: 0, or negative. Errors: SK_E_LIMIT.
 */
sk_must_check int unpack_pack(struct sk_span content, struct sk_span reference, int level,
			      struct sk_buf *out, struct sk_err *err);

/**
 * unpack_packed() - decompress one zstd frame
 * @packed: frame, nothing behind it
 * @reference: what unpack_pack() was given
 * @out: appended to; its maximum bounds the result
 * @err: filled on failure
 *
 * Return: 0, or negative. Errors: SK_E_FORMAT damaged or another reference; SK_E_LIMIT larger than
 * @out.
 */
sk_must_check int unpack_packed(struct sk_span packed, struct sk_span reference, struct sk_buf *out,
				struct sk_err *err);
