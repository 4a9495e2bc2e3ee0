/* SPDX-License-Identifier: Apache-2.0 */
/* What workers do: read one layer, one directory tree, one archive, one document. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "image/doc.h"
#include "scan/facts.h"
#include "scan/pool.h"

/** struct scan_range - a part of a descriptor's bytes */
struct scan_range {
	bool seekable; /* pread from @off on; else read what comes */
	uint64_t off;
	uint64_t len;        /* UINT64_MAX: to the end */
	struct sk_span head; /* bytes that were already taken from the front, not seekable only */
};

/** struct scan_layer_ctx - context of scan_layer_work() */
struct scan_layer_ctx {
	struct scan_range range;
	struct scan_wanted wanted;
	bool hash_stored;
	bool whiteouts;
	bool threaded; /* decompress on a thread of its own */
};

/**
 * scan_layer_work() - read one layer; the answer is its facts
 * @job: @ctx is a struct scan_layer_ctx
 * @answer: appended to
 * @err: filled on failure
 *
 * Return: 0, or negative.
 */
int scan_layer_work(const struct scan_job *job, struct sk_buf *answer, struct sk_err *err);

/** struct scan_hash_ctx - context of scan_hash_work() */
struct scan_hash_ctx {
	struct scan_range range;
};

/**
 * scan_hash_work() - digest of a layer's stored bytes; the answer is digest and count
 * @job: @ctx is a struct scan_hash_ctx
 * @answer: appended to
 * @err: filled on failure
 *
 * Nothing of the bytes is interpreted, so that nothing in them can make it lie.
 * Return: 0, or negative.
 */
int scan_hash_work(const struct scan_job *job, struct sk_buf *answer, struct sk_err *err);

/**
 * scan_hash_decode() - read scan_hash_work()'s answer
 * @s: bytes
 * @ret: written on success
 * @ret_size: written on success
 * @err: filled on failure
 *
 * Return: 0, or -SK_E_FORMAT.
 */
sk_must_check int scan_hash_decode(struct sk_span s, struct sk_digest *ret, uint64_t *ret_size,
				   struct sk_err *err);

/** struct scan_tree_ctx - context of scan_tree_work(); the job's descriptor is the root */
struct scan_tree_ctx {
	struct scan_wanted wanted;
};

/**
 * scan_tree_work() - walk a directory tree; the answer is its facts
 * @job: @ctx is a struct scan_tree_ctx
 * @answer: appended to
 * @err: filled on failure
 *
 * Only directories above claimed paths are opened, no link is followed, nothing but regular files
 * is read, and kernel file systems (/proc and its like) are not entered. Return: 0, or negative.
 */
int scan_tree_work(const struct scan_job *job, struct sk_buf *answer, struct sk_err *err);

enum scan_member_content {
	SCAN_MEMBER_BARE,  /* only where it is */
	SCAN_MEMBER_DOC,   /* JSON text */
	SCAN_MEMBER_LAYER, /* encoded facts */
	SCAN_MEMBER_ERROR, /* a layer that cannot be read, and why */
	SCAN_MEMBER_LARGE, /* JSON beyond what is kept */
	SCAN_MEMBER_N_CONTENTS,
};

/** struct scan_member - one member of an archive that may be part of an image */
struct scan_member {
	struct sk_span path;
	struct sk_span link; /* path of another member, empty for a file */
	uint64_t off;        /* of the content, seekable archives */
	uint64_t size;
	enum scan_member_content content;
	struct sk_span bytes; /* JSON, facts or message */
	int code;             /* SCAN_MEMBER_ERROR: which error */
};

/** struct scan_archive - what an archive holds */
struct scan_archive {
	struct scan_member *members; /* in the archive's order */
	size_t n_members;
	struct sk_span outer; /* encoded facts of the archive itself, as if it were a layer; empty
				 when it was not read so */
};

/** struct scan_archive_ctx - context of scan_archive_work() */
struct scan_archive_ctx {
	struct scan_range range;
	struct scan_wanted wanted;
	bool contents; /* read members as they come: for what cannot be read again */
	bool outer;    /* with @contents: also as a layer */
};

/**
 * scan_archive_work() - list an archive's members, and read them where asked
 * @job: @ctx is a struct scan_archive_ctx
 * @answer: appended to
 * @err: filled on failure
 *
 * Return: 0, or negative.
 */
int scan_archive_work(const struct scan_job *job, struct sk_buf *answer, struct sk_err *err);

/**
 * scan_archive_decode() - read and validate scan_archive_work()'s answer
 * @s: bytes, not trusted; spans of the result point into it
 * @limits: path_len
 * @a: the result lives here
 * @ret: written on success
 * @err: filled on failure
 *
 * Return: 0, or -SK_E_FORMAT.
 */
sk_must_check int scan_archive_decode(struct sk_span s, const struct sk_limits *limits,
				      struct sk_arena *a, struct scan_archive *ret,
				      struct sk_err *err);

/** struct scan_doc_ctx - context of scan_doc_work() */
struct scan_doc_ctx {
	enum image_doc_kind kind;
	struct sk_span text;
};

/**
 * scan_doc_work() - parse an image document; the answer is its binary form
 * @job: @ctx is a struct scan_doc_ctx
 * @answer: appended to
 * @err: filled on failure
 *
 * Return: 0, or negative.
 */
int scan_doc_work(const struct scan_job *job, struct sk_buf *answer, struct sk_err *err);

/** struct scan_source - a byte source over a descriptor that counts what is read */
struct scan_source {
	int fd;
	struct scan_range range;
	uint64_t done;
	volatile uint64_t *progress;
};

/**
 * scan_source_read() - read callback for struct unpack_source
 * @ctx: struct scan_source
 * @buf: destination
 * @len: bytes wanted
 * @err: filled on failure
 *
 * Return: count, 0 at the end, or negative.
 */
int64_t scan_source_read(void *ctx, void *buf, size_t len, struct sk_err *err);
