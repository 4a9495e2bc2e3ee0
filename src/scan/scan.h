/* SPDX-License-Identifier: Apache-2.0 */
/* The one pipeline image → unpack → catalog → match, with its worker processes, cache and progress.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/budget.h"
#include "base/defs.h"
#include "base/err.h"
#include "match/match.h"
#include "model/finding.h"
#include "vulndb/vulndb.h"

/**
 * struct scan_progress - told how far a scan is; called from the scanning process only
 * @update: @done and @total count bytes as stored; @total is 0 while it is not known
 */
struct scan_progress {
	void (*update)(void *ctx, const char *what, uint64_t done, uint64_t total);
	void *ctx;
};

/** struct scan_options - what the caller chose; pointers borrowed */
struct scan_options {
	const char *target;   /* reference as asked, with or without prefix, "-" for stdin */
	const char *platform; /* "os/arch[/variant]", or NULL for this machine's */
	const char *engine;   /* DOCKER_HOST value, or NULL for the usual socket */
	struct sk_limits limits;
	unsigned n_workers;    /* 0: one a core */
	bool allow_empty;      /* a target without packages is a result, not an error */
	const char *cache_dir; /* NULL: no cache */
	uint64_t cache_size;   /* bytes that it may take */
	const struct scan_progress *progress; /* may be NULL */
	struct match_options match;
};

/**
 * scan_run() - scan one target
 * @db: advisories
 * @opts: choices
 * @a: the report lives here
 * @ret: written on success; may carry diagnostics of severity error, then part of the target was
 * not read
 * @err: filled on failure
 *
 * Call it before any thread is started: it forks workers.
 * Return: 0, or negative. Errors: SK_E_NOT_FOUND no such target; SK_E_DIGEST names the blob;
 * SK_E_LIMIT; SK_E_WORKER; SK_E_UNSUPPORTED; -ENODATA no package recognised, the message says what
 * was looked for.
 */
sk_must_check int scan_run(const struct vulndb *db, const struct scan_options *opts,
			   struct sk_arena *a, struct model_report *ret, struct sk_err *err);

/** struct scan_extracted - how an image's container starts; texts live in the arena */
struct scan_extracted {
	const char *path;  /* PATH, or NULL */
	const char **args; /* entry point and command */
	size_t n_args;
};

/**
 * scan_extract() - unpack an image
 * @opts: target, platform, engine, limits; the rest is not used
 * @dir: existing directory; the files go to DIR/root
 * @a: texts live here
 * @ret: written on success
 * @err: filled on failure; what was unpacked by then stays
 *
 * Everything is verified as for a scan, and read by workers that are confined as there. The limits
 * bound what is written.
 * Return: 0, or negative. Errors: SK_E_UNSUPPORTED the target is no image.
 */
sk_must_check int scan_extract(const struct scan_options *opts, const char *dir, struct sk_arena *a,
			       struct scan_extracted *ret, struct sk_err *err);

enum {
	SCAN_WORKER_N_FEATURES = 5,
};

/** struct scan_worker_feature - one means by which workers are confined */
struct scan_worker_feature {
	const char *name;
	bool in_force;
	const char *detail; /* what it takes away here, or why it is not there */
};

/**
 * scan_worker_report() - what confines workers on this machine, found out by one of them
 * @a: texts live here
 * @ret: SCAN_WORKER_N_FEATURES, written on success
 * @err: filled on failure: then no target can be scanned here
 *
 * Return: 0, or negative.
 */
sk_must_check int scan_worker_report(struct sk_arena *a, struct scan_worker_feature *ret,
				     struct sk_err *err);
