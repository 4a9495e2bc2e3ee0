/* SPDX-License-Identifier: Apache-2.0 */
/* Content digests as OCI writes them: "sha256:<hex>", "sha512:<hex>". */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/err.h"
#include "base/span.h"

enum sk_digest_alg {
	SK_DIGEST_NONE,
	SK_DIGEST_SHA256,
	SK_DIGEST_SHA512,
};

enum {
	SK_SHA256_SIZE = 32,
	SK_DIGEST_MAX_SIZE = 64,
	SK_DIGEST_TEXT_SIZE = 8 + 2 * SK_DIGEST_MAX_SIZE, /* "sha512:" + hex + NUL */
};

/** struct sk_digest - a value; SK_DIGEST_NONE means none is known */
struct sk_digest {
	enum sk_digest_alg alg;
	uint8_t bytes[SK_DIGEST_MAX_SIZE];
};

/** struct sk_hasher - running digest; opaque */
struct sk_hasher;

/**
 * sk_hasher_new() - start a digest
 * @alg: SK_DIGEST_SHA256 or SK_DIGEST_SHA512
 *
 * Return: the caller frees with sk_hasher_free().
 */
struct sk_hasher *sk_hasher_new(enum sk_digest_alg alg);

/**
 * sk_hasher_free() - drop a digest
 * @h: may be NULL
 */
void sk_hasher_free(struct sk_hasher *h);
SK_DEFINE_CLEANUP(struct sk_hasher, sk_hasher_free);

/**
 * sk_hasher_add() - feed bytes
 * @h: digest
 * @ptr: bytes
 * @len: count
 */
void sk_hasher_add(struct sk_hasher *h, const void *ptr, size_t len);

/**
 * sk_hasher_finish() - the digest of everything fed; the hasher starts over
 * @h: digest
 * @ret: written
 */
void sk_hasher_finish(struct sk_hasher *h, struct sk_digest *ret);

/**
 * sk_digest_of() - digest of bytes in memory
 * @alg: algorithm
 * @s: bytes
 *
 * Return: the digest.
 */
struct sk_digest sk_digest_of(enum sk_digest_alg alg, struct sk_span s);

/**
 * sk_digest_parse() - "sha256:<64 hex>" or "sha512:<128 hex>"
 * @s: text
 * @ret: written on success
 *
 * Return: false when malformed or of another algorithm.
 */
sk_must_check bool sk_digest_parse(struct sk_span s, struct sk_digest *ret);

/**
 * sk_digest_text() - textual form
 * @d: digest; SK_DIGEST_NONE gives ""
 * @buf: SK_DIGEST_TEXT_SIZE bytes
 *
 * Return: @buf.
 */
const char *sk_digest_text(const struct sk_digest *d, char *buf);

/**
 * sk_digest_eq() - same algorithm and bytes
 * @a: digest
 * @b: digest
 *
 * Return: true when equal; two SK_DIGEST_NONE are not.
 */
bool sk_digest_eq(const struct sk_digest *a, const struct sk_digest *b);

/**
 * sk_digest_size() - bytes of an algorithm's value
 * @alg: algorithm
 *
 * Return: 0, 32 or 64.
 */
size_t sk_digest_size(enum sk_digest_alg alg);
