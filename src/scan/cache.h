/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What earlier scans found, kept in files (docs/formats/cache.md). One file an entry, named by a
 * hash of everything that the entry depends on; no index and no lock, so that any number of
 * processes may use a directory at once and none can leave it broken. What is read back is foreign:
 * a damaged entry is none. Nothing here fails: a cache that cannot be used is an empty one.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/alloc.h"
#include "base/budget.h"
#include "base/buf.h"
#include "base/defs.h"
#include "base/digest.h"
#include "base/span.h"
#include "scan/facts.h"

enum scan_cache_kind {
	SCAN_CACHE_FACTS = 1, /* facts of a layer, by the digest of its stored bytes */
	SCAN_CACHE_SEEN = 2,  /* digest and size of a part of a file, by the file's identity */
};

/** struct scan_cache_key - names an entry */
struct scan_cache_key {
	enum scan_cache_kind kind;
	struct sk_digest digest;
};

/** struct scan_cache - an open directory; opaque */
struct scan_cache;

/**
 * scan_cache_open() - open a directory, make it when it is not there
 * @dir: path
 * @max_size: bytes that its files may take together
 *
 * A directory that others than its owner and root could have written to is not used.
 * Return: NULL when there is no usable directory; the caller frees with scan_cache_free().
 */
struct scan_cache *scan_cache_open(const char *dir, uint64_t max_size);

/**
 * scan_cache_free() - close
 * @c: may be NULL
 */
void scan_cache_free(struct scan_cache *c);
SK_DEFINE_CLEANUP(struct scan_cache, scan_cache_free);

/**
 * scan_cache_get() - content of an entry
 * @c: cache
 * @key: which
 * @ret: initialised; appended to
 *
 * Return: false when there is none, or it is damaged.
 */
bool scan_cache_get(struct scan_cache *c, const struct scan_cache_key *key, struct sk_buf *ret);

/**
 * scan_cache_put() - keep an entry; the oldest make room
 * @c: cache
 * @key: which
 * @content: bytes
 *
 * What cannot be written is not kept.
 */
void scan_cache_put(struct scan_cache *c, const struct scan_cache_key *key, struct sk_span content);

/**
 * scan_cache_facts_key() - key of a layer's facts
 * @stored: digest of the bytes as stored
 * @wanted: what was looked for
 * @limits: what a reader was allowed
 *
 * Return: the key; another one for every version of the cataloguers.
 */
struct scan_cache_key scan_cache_facts_key(const struct sk_digest *stored,
					   const struct scan_wanted *wanted,
					   const struct sk_limits *limits);

/**
 * scan_cache_seen_key() - key of a part of a file as it is now
 * @fd: regular file
 * @off: first byte
 * @len: bytes
 * @ret: written on success
 * @ret_settled: was it last changed long enough ago that the next change will show; may be NULL
 *
 * The identity is device, inode, size and times of change, on this machine since it was started.
 * Return: false when the file has no identity to rely on.
 */
bool scan_cache_seen_key(int fd, uint64_t off, uint64_t len, struct scan_cache_key *ret,
			 bool *ret_settled);
