/* SPDX-License-Identifier: Apache-2.0 */
/* Which package owns a file of an image whose layers lie in directories, as container engines keep
 * them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/err.h"

enum {
	SCAN_OWNER_SIZE = 256,       /* of a name, of a version; longer ones are cut */
	SCAN_OWNER_MAX_LAYERS = 128, /* Docker's own maximum is 127 */
};

/** struct scan_owner - the answer */
struct scan_owner {
	bool has_database;             /* some layer has one; else nobody can tell */
	char name[SCAN_OWNER_SIZE];    /* "": no package owns the file */
	char version[SCAN_OWNER_SIZE]; /* "": the database does not say */
};

/**
 * scan_owner() - ask the package databases of an image
 * @layers: directories, the uppermost first
 * @n_layers: count; those beyond SCAN_OWNER_MAX_LAYERS are not looked at
 * @path: absolute, of the file as it is found after links
 * @deadline_ms: CLOCK_MONOTONIC
 * @ret: written on success
 * @err: filled on failure
 *
 * The databases are foreign: each is read by a confined process that sees its layer alone. What an
 * upper layer says of the installed packages wins; a file is also looked for where it would be
 * without /usr, since packages may know it by its older place.
 * Return: 0, or negative when some database could not be read.
 */
sk_must_check int scan_owner(const int *layers, size_t n_layers, const char *path,
			     uint64_t deadline_ms, struct scan_owner *ret, struct sk_err *err);
