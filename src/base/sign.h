/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ed25519 signatures with keys in PEM, as `openssl genpkey -algorithm ed25519` writes them, and the
 * checksums that servers announce.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/err.h"
#include "base/span.h"

enum {
	SK_SIGNATURE_SIZE = 64
};

/** struct sk_key - a private or a public key; opaque */
struct sk_key;

/**
 * sk_key_read_private() - private key from PEM text (PKCS#8, not encrypted)
 * @pem: text
 * @ret: the caller frees with sk_key_free()
 * @err: filled on failure
 *
 * Return: 0, or negative. Errors: SK_E_FORMAT no such key; SK_E_UNSUPPORTED another algorithm.
 */
sk_must_check int sk_key_read_private(struct sk_span pem, struct sk_key **ret, struct sk_err *err);

/**
 * sk_key_read_public() - public key from PEM text (SubjectPublicKeyInfo)
 * @pem: text
 * @ret: the caller frees with sk_key_free()
 * @err: filled on failure
 *
 * Return: 0, or negative. Errors: SK_E_FORMAT no such key; SK_E_UNSUPPORTED another algorithm.
 */
sk_must_check int sk_key_read_public(struct sk_span pem, struct sk_key **ret, struct sk_err *err);

/**
 * sk_key_free() - drop a key
 * @k: may be NULL
 */
void sk_key_free(struct sk_key *k);
SK_DEFINE_CLEANUP(struct sk_key, sk_key_free);

/**
 * sk_key_sign() - sign bytes
 * @k: private key
 * @message: bytes
 * @ret_signature: SK_SIGNATURE_SIZE bytes
 * @err: filled on failure
 *
 * Return: 0, or -SK_E_UNSUPPORTED for a public key. Source: RFC 8032, Ed25519.
 */
sk_must_check int sk_key_sign(const struct sk_key *k, struct sk_span message,
			      uint8_t *ret_signature, struct sk_err *err);

/**
 * sk_key_verify() - check a signature
 * @k: public or private key
 * @message: bytes
 * @signature: any length
 * @err: filled on failure
 *
 * Return: 0 when it is valid, else -SK_E_SIGNATURE.
 */
sk_must_check int sk_key_verify(const struct sk_key *k, struct sk_span message,
				struct sk_span signature, struct sk_err *err);

enum {
	SK_CHECKSUM_TEXT_SIZE = 48
};

/**
 * sk_checksum_fd() - checksum of a file from its start, in base64
 * @fd: regular file; its offset stays
 * @sha256: SHA-256, else MD5 (against damage under way, not against attackers)
 * @ret: SK_CHECKSUM_TEXT_SIZE bytes
 * @err: filled on failure
 *
 * Return: 0, or -errno.
 */
sk_must_check int sk_checksum_fd(int fd, bool sha256, char *ret, struct sk_err *err);
