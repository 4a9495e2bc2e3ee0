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
	bool text;    /* with DATABASE.text, where there is one */
};

/** struct vulndb_publish_result - what was written */
struct vulndb_publish_result {
	struct sk_digest digest;
	uint64_t size;      /* bytes of the database */
	uint64_t full_size; /* bytes that a new client fetches */
	size_t n_deltas;
	uint64_t last_delta_size; /* bytes from the version before, 0: none */
	uint64_t text_full_size;  /* the same of its texts, 0: there are none */
	uint64_t text_last_delta_size;
	bool unchanged; /* this database is the latest already: nothing was written */
};

/**
 * vulndb_publish() - add a database to a publication
 * @opts: choices
 * @ret: written on success
 * @err: filled on failure
 *
 * New files are written beside, the manifest is replaced last, files that no manifest names any
 * more are removed after that: a client never sees a manifest whose files are missing. Return: 0,
 * or negative. Errors: SK_E_FORMAT no database or a damaged publication; SK_E_DIGEST texts of
 * another database; -errno.
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

/** struct vulndb_follow_options - what the caller chose; pointers borrowed */
struct vulndb_follow_options {
	const struct vulndb_fetch *fetch; /* access to the publication */
	const struct sk_key *key;         /* public key of the publisher */
	const char *db_path;              /* local file; need not exist */
	bool allow_older; /* accept a publication that is older than the local file */
	bool text;        /* the texts, too: DB_PATH.text */
};

enum vulndb_fetched {
	VULNDB_FETCHED_NOTHING, /* it is the latest */
	VULNDB_FETCHED_DELTA,
	VULNDB_FETCHED_WHOLE,
	VULNDB_NOT_PUBLISHED, /* texts: the publication has none, or they were not asked for */
};

/** struct vulndb_follow_result - what was done */
struct vulndb_follow_result {
	struct sk_digest digest;
	int64_t built;    /* seconds since the epoch */
	uint64_t fetched; /* bytes, the manifest included */
	enum vulndb_fetched db;
	enum vulndb_fetched text;
};

/**
 * vulndb_follow() - bring a local database to the latest published version
 * @opts: choices
 * @ret: written on success
 * @err: filled on failure
 *
 * A delta that cannot be fetched or applied gives way to the whole file. The result is checked by
 * digest and opened before it replaces the local file by rename. Texts follow the database; those
 * of an older one that are not replaced are removed. Return: 0, or negative. Errors:
 * SK_E_SIGNATURE; SK_E_DIGEST; SK_E_FORMAT, also for a publication older than the local file; what
 * the fetch says; -errno.
 */
sk_must_check int vulndb_follow(const struct vulndb_follow_options *opts,
				struct vulndb_follow_result *ret, struct sk_err *err);
