/* SPDX-License-Identifier: Apache-2.0 */
/* Making databases from feeds, and what else is done with whole databases. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/defs.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/json.h"

struct vulndb;

/** struct vulndb_build_options - what to build */
struct vulndb_build_options {
	const char *const *paths; /* files and directories */
	size_t n_paths;
	const char *out; /* database */
	int64_t built;   /* seconds since the epoch; 0: the date of the newest document */
	int jobs;        /* parsing threads; 0: as many as there are processors */
	bool text;       /* summaries, references and more ratings go to @out with ".text" */
};

/** struct vulndb_note - something that a user should hear of */
struct vulndb_note {
	const char *place;
	const char *message;
};

/** struct vulndb_build_result - what was built; text in the arena */
struct vulndb_build_result {
	uint64_t documents;
	uint64_t claims;
	uint64_t bad; /* malformed documents */
	uint64_t size;
	uint64_t text_size;
	struct sk_digest digest;
	const struct vulndb_note *notes;
	size_t n_notes;
};

/**
 * vulndb_build() - read feeds and write a database
 * @opts: choices
 * @a: the result's text lives here
 * @ret: written on success
 * @err: filled on failure
 *
 * Each file's kind is recognised from its content. A malformed document is counted, named and
 * skipped; a feed of which more than half is malformed fails the build. The output appears whole,
 * by rename, or not at all; equal input gives equal bytes. Return: 0, or negative. Errors:
 * SK_E_FORMAT mostly malformed feed; SK_E_UNSUPPORTED no feed in the input; -errno.
 */
sk_must_check int vulndb_build(const struct vulndb_build_options *opts, struct sk_arena *a,
			       struct vulndb_build_result *ret, struct sk_err *err);

/**
 * vulndb_verify() - check every byte of a database
 * @db: open database
 * @err: filled on failure, names the section
 *
 * Return: 0, or negative. Errors: SK_E_DIGEST damaged bytes; SK_E_FORMAT right bytes that make no
 * sense.
 */
sk_must_check int vulndb_verify(const struct vulndb *db, struct sk_err *err);
