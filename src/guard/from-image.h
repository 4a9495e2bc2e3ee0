/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A profile without learning: the entry point of an image and everything that it names statically —
 * interpreters, scripts, the commands of shell scripts, the libraries that the dynamic linker maps.
 * What is opened by name at run time (plug-ins, name service modules) cannot be seen this way; the
 * notes say so.
 */
#pragma once

#include <stddef.h>

#include "base/arena.h"
#include "base/defs.h"
#include "base/err.h"
#include "guard/profile.h"
#include "guard/tree.h"

/** struct guard_image_start - how the container starts */
struct guard_image_start {
	const char *service;     /* NULL: the program's name */
	const char *path;        /* PATH; NULL: the usual one */
	const char *const *args; /* entry point and command */
	size_t n_args;
};

/** struct guard_image_notes - what a person should know; text lives in the arena */
struct guard_image_notes {
	struct sk_arena *arena; /* set by the caller */
	const char *items[64];
	size_t n_items;
};

/**
 * guard_profile_from_tree() - profile of what the start needs
 * @tree: root file system
 * @start: entry point
 * @ret: the caller frees with guard_profile_free()
 * @notes: what was not found or is not known this way
 * @err: filled on failure
 *
 * Return: 0, or negative. Errors: SK_E_NOT_FOUND the entry point is not in the tree; SK_E_LIMIT
 * more than 10,000 files; -errno.
 */
sk_must_check int guard_profile_from_tree(const struct guard_tree *tree,
					  const struct guard_image_start *start,
					  struct guard_profile **ret,
					  struct guard_image_notes *notes, struct sk_err *err);
