/* SPDX-License-Identifier: Apache-2.0 */
/* A root file system on disk, not trusted: names are resolved as a container would, never outside.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/defs.h"
#include "base/err.h"
#include "guard/elf-read.h"
#include "guard/profile.h"

struct guard_tree;

/**
 * guard_tree_open() - open a root directory
 * @path: of the directory
 * @ret: the caller frees with guard_tree_free()
 * @err: filled on failure
 *
 * Return: 0, or -errno.
 */
sk_must_check int guard_tree_open(const char *path, struct guard_tree **ret, struct sk_err *err);

/**
 * guard_tree_free() - close
 * @t: may be NULL
 */
void guard_tree_free(struct guard_tree *t);
SK_DEFINE_CLEANUP(struct guard_tree, guard_tree_free);

/** struct guard_tree_file - an open regular file */
struct guard_tree_file {
	int fd;           /* closed with guard_tree_close() */
	const char *path; /* without symbolic links; lives in the arena */
	uint64_t size;
	bool executable; /* somebody may execute it */
};

/**
 * guard_tree_find() - open a regular file
 * @t: tree
 * @path: absolute; symbolic links are followed within the tree
 * @a: text lives here
 * @ret: written when found
 *
 * Return: true when there is such a file.
 */
bool guard_tree_find(const struct guard_tree *t, const char *path, struct sk_arena *a,
		     struct guard_tree_file *ret);

/**
 * guard_tree_close() - close a file
 * @f: may be closed already
 */
void guard_tree_close(struct guard_tree_file *f);

/**
 * guard_tree_hash() - identity of a file
 * @f: open
 * @ret: written on success; its path is the file's
 * @err: filled on failure
 *
 * Return: 0, or negative. Errors: SK_E_LIMIT larger than 4 GiB; -errno.
 */
sk_must_check int guard_tree_hash(const struct guard_tree_file *f, struct guard_content *ret,
				  struct sk_err *err);

/**
 * guard_tree_source() - a file for guard_elf_read()
 * @f: open, outlives the source
 *
 * Return: the source.
 */
struct guard_elf_source guard_tree_source(struct guard_tree_file *f);

/**
 * guard_tree_each() - names in a directory, sorted
 * @t: tree
 * @path: absolute
 * @a: text lives here
 * @ret: names
 *
 * Return: count; 0 when there is no such directory. Not more than 4096 are given.
 */
size_t guard_tree_each(const struct guard_tree *t, const char *path, struct sk_arena *a,
		       const char ***ret);
