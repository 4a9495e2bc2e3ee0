/* SPDX-License-Identifier: Apache-2.0 */
/* Decompressed bytes of a feed's file. */
#pragma once

#include "base/defs.h"
#include "base/err.h"
#include "base/span.h"

struct vulndb_stream;

sk_must_check int vulndb_stream_open(const char *path, struct vulndb_stream **ret,
				     struct sk_err *err);
/* 1 piece (borrowed until the next call), 0 end, negative on failure. */
sk_must_check int vulndb_stream_next(struct vulndb_stream *s, struct sk_span *ret,
				     struct sk_err *err);
void vulndb_stream_close(struct vulndb_stream *s);
SK_DEFINE_CLEANUP(struct vulndb_stream, vulndb_stream_close);
