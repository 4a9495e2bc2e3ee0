/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From stored bytes to archive entries, as streams: a source gives bytes, a stream decompresses and
 * hashes them, a tar reader finds the members. Nothing is written to disk; memory does not depend
 * on the input.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/budget.h"
#include "base/defs.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/span.h"

/**
 * struct unpack_source - where stored bytes come from, read once from front to back
 * @read: up to @len bytes; count, 0 at the end, or negative with @err filled
 * @skip: passes over @len bytes without reading them; 0, or negative with @err filled; NULL where
 *        the source cannot. Used only for uncompressed bytes that nobody hashes
 */
struct unpack_source {
	int64_t (*read)(void *ctx, void *buf, size_t len, struct sk_err *err);
	int (*skip)(void *ctx, uint64_t len, struct sk_err *err);
	void *ctx;
};

enum unpack_compression {
	UNPACK_PLAIN,
	UNPACK_GZIP,
	UNPACK_ZSTD,
	UNPACK_XZ,
	UNPACK_BZIP2,
};

/**
 * unpack_detect() - compression by magic number
 * @head: first bytes, 6 are enough
 *
 * Return: UNPACK_PLAIN when none is recognised.
 */
enum unpack_compression unpack_detect(struct sk_span head);

/**
 * unpack_prepare() - load what streams may need, before the process gives up opening files
 *
 * Without it, streams in a confined process inflate with zlib, at half the speed of ISA-L. Costs
 * a fifth of a millisecond the first time.
 */
void unpack_prepare(void);

enum unpack_flags {
	UNPACK_HASH_STORED = 1 << 0, /* SHA-256 of the bytes as stored */
	UNPACK_HASH_PLAIN = 1 << 1,  /* SHA-256 of the decompressed bytes */
	UNPACK_THREADED = 1 << 2,    /* decompression on a thread of its own */
};

/** struct unpack_stream - decompressed bytes of a source; opaque */
struct unpack_stream;

/**
 * unpack_stream_open() - start to decompress
 * @src: outlives the stream
 * @flags: enum unpack_flags
 * @budget: outlives the stream; bytes_in, bytes_out and ratio are spent here
 * @ret: the caller closes with unpack_stream_close()
 * @err: filled on failure
 *
 * Concatenated gzip members, zstd frames, xz and bzip2 streams are one stream, as their tools have
 * it. Reads the head of @src at once to see what it is. The thread of UNPACK_THREADED starts with
 * the first unpack_stream_next(), so that it is confined as the caller is by then; from then on it
 * calls @src. Where no thread can be had, the stream does without.
 * Return: 0, or negative. Errors: SK_E_FORMAT, SK_E_LIMIT, or what the source says.
 */
sk_must_check int unpack_stream_open(const struct unpack_source *src, unsigned flags,
				     struct sk_budget *budget, struct unpack_stream **ret,
				     struct sk_err *err);

/**
 * unpack_stream_next() - next piece of decompressed bytes
 * @s: stream
 * @ret: borrowed until the next call; not empty when there is one
 * @err: filled on failure
 *
 * Return: 1 piece, 0 end, negative on failure. Errors: SK_E_FORMAT, SK_E_TRUNCATED, SK_E_LIMIT.
 */
sk_must_check int unpack_stream_next(struct unpack_stream *s, struct sk_span *ret,
				     struct sk_err *err);

/**
 * unpack_stream_skip() - pass over bytes that nobody needs, where the source can
 * @s: stream, between pieces: the last one was used whole
 * @len: decompressed bytes
 * @ret_skipped: @len, or 0 when they must be read
 * @err: filled on failure
 *
 * Return: 0, or negative.
 */
sk_must_check int unpack_stream_skip(struct unpack_stream *s, uint64_t len, uint64_t *ret_skipped,
				     struct sk_err *err);

/**
 * unpack_stream_drain() - read to the end, so that the digests cover every byte
 * @s: stream
 * @err: filled on failure
 *
 * Return: 0, or negative.
 */
sk_must_check int unpack_stream_drain(struct unpack_stream *s, struct sk_err *err);

/** struct unpack_totals - what went through a drained stream */
struct unpack_totals {
	enum unpack_compression compression;
	uint64_t bytes_in;
	uint64_t bytes_out;
	uint64_t trailing; /* stored bytes after the data, ignored as gzip(1) and bzip2(1) do */
	struct sk_digest stored; /* none unless UNPACK_HASH_STORED */
	struct sk_digest plain;  /* none unless UNPACK_HASH_PLAIN */
};

/**
 * unpack_stream_totals() - sizes and digests
 * @s: drained stream
 * @ret: written
 */
void unpack_stream_totals(struct unpack_stream *s, struct unpack_totals *ret);

/**
 * unpack_stream_close() - stop and free; threads are joined
 * @s: may be NULL
 */
void unpack_stream_close(struct unpack_stream *s);
SK_DEFINE_CLEANUP(struct unpack_stream, unpack_stream_close);

enum unpack_entry_type {
	UNPACK_FILE,
	UNPACK_DIR,
	UNPACK_SYMLINK,
	UNPACK_HARDLINK,
	UNPACK_DEVICE, /* character, block */
	UNPACK_FIFO,
};

/** struct unpack_entry - one archive member; text borrowed until the next unpack_tar_next() */
struct unpack_entry {
	struct sk_span path; /* normalised: relative, no "." or "..", no double or trailing slash;
				the root is "" */
	struct sk_span link; /* symlink: target as stored; hard link: normalised path */
	enum unpack_entry_type type;
	uint64_t size;     /* bytes that reading gives, holes included */
	uint64_t data_off; /* of the content in the decompressed stream */
	bool sparse;       /* the content does not lie there in one piece */
	uint64_t mtime;    /* seconds since the epoch, 0 when negative */
	uint32_t mode;     /* permission bits with set-id and sticky */
	uint32_t uid, gid;
	bool path_escapes; /* the stored path was absolute or had ".."; it was made relative to the
			      root */
};

/** struct unpack_tar - tar members of a stream; opaque */
struct unpack_tar;

/**
 * unpack_tar_open() - read tar members from a stream
 * @s: outlives the reader
 * @budget: outlives the reader; entries, path_len and path_depth are checked here
 *
 * Return: the caller closes with unpack_tar_close().
 */
struct unpack_tar *unpack_tar_open(struct unpack_stream *s, struct sk_budget *budget);

/**
 * unpack_tar_next() - advance to the next member, skipping what was not read of the last
 * @t: reader
 * @ret_entry: borrowed until the next call
 * @err: filled on failure, with the byte offset
 *
 * ustar, pax (local and global), GNU long names and sparse files of every form.
 * Return: 1 member, 0 end of archive, negative on failure.
 * Errors: SK_E_FORMAT damaged header; SK_E_TRUNCATED; SK_E_LIMIT; what the stream says.
 * Source: POSIX.1-2017 pax, "ustar Interchange Format"; GNU tar manual, "Basic Tar Format".
 */
sk_must_check int unpack_tar_next(struct unpack_tar *t, const struct unpack_entry **ret_entry,
				  struct sk_err *err);

/**
 * unpack_tar_read() - content of the current member
 * @t: reader, at a UNPACK_FILE
 * @buf: destination
 * @len: bytes wanted, not 0
 * @err: filled on failure
 *
 * Return: bytes, 0 at the end of the member, negative on failure.
 */
sk_must_check int64_t unpack_tar_read(struct unpack_tar *t, void *buf, size_t len,
				      struct sk_err *err);

/**
 * unpack_tar_chunk() - content of the current member without a copy
 * @t: reader, at a UNPACK_FILE
 * @ret: borrowed until the next call on @t; not empty when there is one
 * @err: filled on failure
 *
 * Mixes with unpack_tar_read(): each goes on where the other left off. Holes of sparse members are
 * zeros, and count as bytes_out when they are read.
 * Return: 1 piece, 0 at the end of the member, negative on failure.
 */
sk_must_check int unpack_tar_chunk(struct unpack_tar *t, struct sk_span *ret, struct sk_err *err);

/**
 * unpack_tar_close() - free
 * @t: may be NULL
 */
void unpack_tar_close(struct unpack_tar *t);
SK_DEFINE_CLEANUP(struct unpack_tar, unpack_tar_close);

/**
 * unpack_path_normalise() - path of an archive member relative to the root, without "." and ".."
 * @path: as stored
 * @buf: at least @path.len + 1 bytes
 * @ret: span over @buf
 *
 * ".." at the root stays at the root, as in a chroot. Return: true when the stored path was
 * absolute or had "..".
 */
bool unpack_path_normalise(struct sk_span path, char *buf, struct sk_span *ret);
