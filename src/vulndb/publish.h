/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A site's own database as static files for any web server or bucket: the file, a signed manifest
 * and deltas from the last versions; and the client that fetches the smallest way to the latest
 * one.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/defs.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/sign.h"

/** struct vulndb_publish_options - what the caller chose; pointers borrowed */
struct vulndb_publish_options {
	const char *dir;          /* the publication; made when it does not exist */
	const char *db_path;      /* the database to publish */
	const struct sk_key *key; /* private */
	unsigned
		keep; /* versions that get a delta to the latest; older ones fetch the whole file */
};

/** struct vulndb_publish_result - what was written */
struct vulndb_publish_result {
	struct sk_digest digest;
	uint64_t size;      /* bytes of the database */
	uint64_t full_size; /* bytes that a new client fetches */
	size_t n_deltas;
	uint64_t last_delta_size; /* bytes from the version before, 0: none */
	bool unchanged;           /* this database is the latest already: nothing was written */
};

/**
 * vulndb_publish() - add a database to a publication
 * @opts: choices
 * @ret: written on success
 * @err: filled on failure
 *
 * New files are written beside, the manifest is replaced last, files that no manifest names any
 * more are removed after that: a client never sees a manifest whose files are missing. Return: 0,
 * or negative. Errors: SK_E_FORMAT no database or a damaged publication; -errno.
 */
sk_must_check int vulndb_publish(const struct vulndb_publish_options *opts,
				 struct vulndb_publish_result *ret, struct sk_err *err);

/**
 * struct vulndb_fetch - how files of a publication are fetched
 * @get: append the file to @out, whose maximum bounds it
 */
struct vulndb_fetch {
	int (*get)(void *ctx, const char *path, struct sk_buf *out, struct sk_err *err);
	void *ctx;
};

/** struct vulndb_follow_result - what was done */
struct vulndb_follow_result {
	struct sk_digest digest;
	int64_t built;    /* seconds since the epoch */
	uint64_t fetched; /* bytes, the manifest included */
	bool unchanged;   /* the local database is the latest */
	bool by_delta;
};

/**
 * vulndb_follow() - bring a local database to the latest published version
 * @fetch: access to the publication
 * @key: public key of the publisher
 * @db_path: local file; need not exist
 * @allow_older: accept a publication that is older than the local file
 * @ret: written on success
 * @err: filled on failure
 *
 * A delta that cannot be fetched or applied gives way to the whole file. The result is checked by
 * digest and opened before it replaces the local file by rename. Return: 0, or negative. Errors:
 * SK_E_SIGNATURE; SK_E_DIGEST; SK_E_FORMAT, also for a publication older than the local file; what
 * @fetch says; -errno.
 */
sk_must_check int vulndb_follow(const struct vulndb_fetch *fetch, const struct sk_key *key,
				const char *db_path, bool allow_older,
				struct vulndb_follow_result *ret, struct sk_err *err);
