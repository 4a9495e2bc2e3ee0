/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The feed store: documents of the public feeds as fetched, in a directory that `vulndb_build()`
 * reads. Only what changed is fetched again; every file in it is replaced in one step, so that an
 * update that ends early leaves a store that is older in part but whole.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/defs.h"
#include "base/err.h"
#include "http/http.h"

/* Feeds that vulndb_update() speaks: X(NAME, "configuration key", "public base address"). */
#define VULNDB_SOURCES(X)                                                                          \
	X(OSV, "osv", "https://osv-vulnerabilities.storage.googleapis.com")                        \
	X(ALPINE, "alpine", "https://secdb.alpinelinux.org")                                       \
	X(DEBIAN, "debian", "https://security-tracker.debian.org")                                 \
	X(REDHAT, "redhat", "https://access.redhat.com/hydra/rest/securitydata")                   \
	X(KEV, "kev", "https://www.cisa.gov")                                                      \
	X(EPSS, "epss", "https://epss.empiricalsecurity.com")                                      \
	X(ENDOFLIFE, "endoflife", "https://endoflife.date")

enum vulndb_source {
#define X(name, text, url) VULNDB_SOURCE_##name,
	VULNDB_SOURCES(X)
#undef X
	VULNDB_N_SOURCES
};

/**
 * vulndb_source_name() - name of a source, as in db.NAME_url
 * @s: which
 *
 * Return: static text.
 */
const char *vulndb_source_name(enum vulndb_source s);

/**
 * vulndb_source_url() - public base address of a source
 * @s: which
 *
 * Return: static text.
 */
const char *vulndb_source_url(enum vulndb_source s);

/**
 * vulndb_source_find() - source by name
 * @name: such as "osv"
 * @ret: written when found
 *
 * Return: false when unknown.
 */
sk_must_check bool vulndb_source_find(const char *name, enum vulndb_source *ret);

/** struct vulndb_update_progress - told what is being fetched */
struct vulndb_update_progress {
	void (*update)(void *ctx, const char *what, uint64_t done, uint64_t total);
	void *ctx;
};

/** struct vulndb_update_options - what the caller chose; pointers borrowed */
struct vulndb_update_options {
	const char *store;                  /* directory, made when it does not exist */
	const char *urls[VULNDB_N_SOURCES]; /* base addresses without trailing '/'; NULL: the public
					       one */
	bool wanted[VULNDB_N_SOURCES];
	const char *const
		*ecosystems; /* OSV's names without release; NULL: vulndb_update_ecosystems() */
	size_t n_ecosystems;
	struct http_client *http;
	const struct vulndb_update_progress *progress; /* may be NULL */
};

/** struct vulndb_update_file - what happened to one file of the store */
struct vulndb_update_file {
	const char *name;   /* relative to the store */
	uint64_t fetched;   /* bytes */
	uint64_t documents; /* single documents that were fetched, 0 for whole files */
	bool changed;
	const char *problem; /* NULL: fine; the file is as it was before */
};

/** struct vulndb_update_result - in the order of fetching; text in the arena */
struct vulndb_update_result {
	struct vulndb_update_file *files;
	size_t n_files;
	uint64_t fetched;
	bool changed; /* a new database is worth building */
	size_t n_problems;
};

/**
 * vulndb_update_ecosystems() - OSV ecosystems that are fetched when none is named
 * @ret_n: count
 *
 * Return: static array.
 */
const char *const *vulndb_update_ecosystems(size_t *ret_n);

/**
 * vulndb_update_store() - bring the store up to date
 * @opts: choices
 * @a: the result's text lives here
 * @ret: written on success
 * @err: filled on failure
 *
 * A feed that cannot be had is a problem of the result, not a failure: the others go on.
 * Return: 0, or negative. Errors: -errno when the store cannot be written.
 */
sk_must_check int vulndb_update_store(const struct vulndb_update_options *opts, struct sk_arena *a,
				      struct vulndb_update_result *ret, struct sk_err *err);

/**
 * vulndb_lock() - keep other updates of the same database away; readers are not concerned
 * @db_path: database; the lock is a file beside it
 * @ret_fd: closing it releases the lock
 * @err: filled on failure
 *
 * Return: 0, or negative. Errors: -EBUSY another update runs; -errno.
 */
sk_must_check int vulndb_lock(const char *db_path, int *ret_fd, struct sk_err *err);
