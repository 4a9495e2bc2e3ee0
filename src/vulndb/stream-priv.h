/* SPDX-License-Identifier: Apache-2.0 */
/* Decompressed bytes of a feed's file, and the members of a zip archive. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
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

struct vulndb_zip;

/* *@ret is NULL when the file is no zip archive. */
sk_must_check int vulndb_zip_open(const char *path, struct vulndb_zip **ret, struct sk_err *err);
/* Over bytes in memory that outlive it; for tests. */
sk_must_check int vulndb_zip_open_bytes(struct sk_span bytes, struct vulndb_zip **ret,
					struct sk_err *err);
/*
 * Next member: its name is borrowed until the next call, its content is appended to @out unless it
 * is a directory. 1 member, 0 end, negative on failure.
 */
sk_must_check int vulndb_zip_next(struct vulndb_zip *z, struct sk_span *ret_name,
				  struct sk_buf *out, struct sk_err *err);
void vulndb_zip_close(struct vulndb_zip *z);
SK_DEFINE_CLEANUP(struct vulndb_zip, vulndb_zip_close);
