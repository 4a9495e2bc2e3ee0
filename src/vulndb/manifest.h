/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The manifest of a published database: which version is the latest, where it lies, and which
 * deltas lead to it. One signed file, so that it is replaced in one step. Bytes:
 * docs/formats/publication.md.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/defs.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/sign.h"
#include "base/span.h"

#define VULNDB_MANIFEST_NAME "manifest.json"

enum {
	VULNDB_MANIFEST_MAX_SIZE = 1 << 20,  /* a few hundred bytes a version */
	VULNDB_MANIFEST_MAX_VERSIONS = 1000, /* three years of days */
	VULNDB_FILE_MAX_SIZE = 512 << 20,    /* ten times the largest database known */
};

/** struct vulndb_object - one static file of a publication */
struct vulndb_object {
	const char *path;        /* relative to the publication */
	uint64_t size;           /* bytes as stored */
	struct sk_digest digest; /* of the bytes as stored */
};

/** struct vulndb_file - a file of a version, and how to come by it */
struct vulndb_file {
	struct sk_digest digest;
	uint64_t size; /* bytes; 0: there is no such file */
	struct vulndb_object full;
	struct vulndb_object delta; /* from this version to the latest; path NULL: none */
};

/** struct vulndb_version - one database */
struct vulndb_version {
	int64_t built; /* seconds since the epoch */
	struct vulndb_file db;
	struct vulndb_file text; /* what people read, beside it */
};

/** struct vulndb_manifest - newest version first */
struct vulndb_manifest {
	struct vulndb_version *versions;
	size_t n_versions;
};

/**
 * vulndb_manifest_parse() - check the signature, then read
 * @text: content of the file
 * @key: public key of the publisher
 * @a: the manifest lives here
 * @ret: written on success; at least one version
 * @err: filled on failure
 *
 * Return: 0, or negative. Errors: SK_E_SIGNATURE; SK_E_FORMAT; SK_E_UNSUPPORTED a later schema.
 */
sk_must_check int vulndb_manifest_parse(struct sk_span text, const struct sk_key *key,
					struct sk_arena *a, struct vulndb_manifest *ret,
					struct sk_err *err);

/**
 * vulndb_manifest_write() - write and sign
 * @m: manifest
 * @key: private key
 * @out: appended to
 * @err: filled on failure
 *
 * Return: 0, or negative.
 */
sk_must_check int vulndb_manifest_write(const struct vulndb_manifest *m, const struct sk_key *key,
					struct sk_buf *out, struct sk_err *err);
