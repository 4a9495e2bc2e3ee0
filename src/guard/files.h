/* SPDX-License-Identifier: Apache-2.0 */
/* Content of files in containers: hashed once per state of the file. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/defs.h"
#include "base/span.h"
#include "guard/bpf/record.h"

enum {
	GUARD_HASH_BYTES = 32,
};

/**
 * guard_device() - a device as records have it: the kernel's own number
 * @major: of it
 * @minor: of it
 *
 * Return: number.
 */
static inline uint32_t guard_device(unsigned major, unsigned minor)
{
	return major << 20 | minor;
}

/**
 * guard_file_id_of() - a file as records have it, where no overlay hides the real one
 * @st: of the file
 *
 * Return: as if each change of it shows in its time of change.
 */
struct guard_file_id guard_file_id_of(const struct stat *st);

/** struct guard_files - cache of hashes; opaque */
struct guard_files;

/**
 * guard_files_new() - empty cache
 *
 * Return: the caller frees with guard_files_free().
 */
struct guard_files *guard_files_new(void);

/**
 * guard_files_free() - drop it
 * @f: may be NULL
 */
void guard_files_free(struct guard_files *f);
SK_DEFINE_CLEANUP(struct guard_files, guard_files_free);

/**
 * guard_files_hash() - SHA-256 of a file that the kernel half reported
 * @f: cache
 * @id: as reported; a file that has changed since is not hashed
 * @pid: process in whose root the path is looked up
 * @path: in that root; NULL: the program that @pid runs
 * @ret: GUARD_HASH_BYTES
 *
 * Return: true when the hash is that of the state @id.
 */
sk_must_check bool guard_files_hash(struct guard_files *f, const struct guard_file_id *id,
				    uint32_t pid, const char *path, uint8_t *ret);

/**
 * guard_files_hash_fd() - the same for a file that the kernel handed out
 * @f: cache
 * @id: as reported
 * @fd: the file; its offset is not moved
 * @ret: GUARD_HASH_BYTES
 *
 * Return: true when the hash is that of the state @id.
 */
sk_must_check bool guard_files_hash_fd(struct guard_files *f, const struct guard_file_id *id,
				       int fd, uint8_t *ret);

/**
 * guard_files_knows() - is a file's hash remembered, since each change of it would show
 * @f: cache
 * @id: as the file was hashed just now
 *
 * Return: false when it is to be read again.
 */
bool guard_files_knows(struct guard_files *f, const struct guard_file_id *id);

/**
 * guard_files_is_settled() - would a change from now on show in the time of change
 * @id: of a file
 *
 * A file may change twice within one tick of the kernel's clock and show one time; one that lives
 * in memory shows none of what is written through a mapping. Return: true when it last changed long
 * enough ago, and each change shows.
 */
bool guard_files_is_settled(const struct guard_file_id *id);

/**
 * guard_files_hash_layers() - the same from the layers of a container that is gone
 * @f: cache
 * @id: as reported
 * @layers: "UPPER:LOWER:…", directories of the host; may be NULL
 * @path: absolute in the container, without symbolic links, as the kernel half reports it
 * @ret: GUARD_HASH_BYTES
 *
 * Return: true when the hash is that of the state @id.
 */
sk_must_check bool guard_files_hash_layers(struct guard_files *f, const struct guard_file_id *id,
					   const char *layers, const char *path, uint8_t *ret);

/**
 * guard_files_open() - open a file in the root of a process, for reading
 * @pid: process
 * @path: absolute; links stay inside the root
 *
 * Return: descriptor, or -errno.
 */
int guard_files_open(uint32_t pid, const char *path);

/**
 * guard_files_place() - where a name really is, as the kernel half would report a file there
 * @pid: process in whose root it is looked up
 * @path: absolute; becomes the path without symbolic links, but for its last component
 * @size: of @path
 * @directory: set when a directory is there now, else left
 *
 * Nothing need be there. Return: false when its directory is not, or @path cannot be told.
 */
sk_must_check bool guard_files_place(uint32_t pid, char *path, size_t size, bool *directory);

/**
 * guard_files_place_layers() - the same from the layers of a container that is gone
 * @layers: "UPPER:LOWER:…", directories of the host; may be NULL
 * @path: absolute; changed as by guard_files_place(), within the first layer that has its directory
 * @size: of @path
 * @directory: set when a directory is there in that layer, else left
 *
 * Return: false when no layer alone shows the place.
 */
sk_must_check bool guard_files_place_layers(const char *layers, char *path, size_t size,
					    bool *directory);

/**
 * guard_files_text() - read the beginning of a small file in the root of a process
 * @pid: process
 * @path: absolute
 * @buf: receives the bytes
 * @size: at most so many
 *
 * Return: what was read; nothing when there is no such file or it is none.
 */
struct sk_span guard_files_text(uint32_t pid, const char *path, char *buf, size_t size);

/**
 * guard_files_identify() - what the kernel half will call a file
 * @pid: process whose root it is in
 * @path: absolute
 * @ret: written on success
 *
 * For a file of an overlay the key of the layer's own file system is made.
 * Return: true when the file is there.
 */
sk_must_check bool guard_files_identify(uint32_t pid, const char *path, struct guard_file_id *ret);

/** guard_files_layer_fn - receives the directory of a layer, the uppermost first */
typedef void guard_files_layer_fn(void *ctx, const char *dir);

/**
 * guard_files_layers() - the read-only layers below a process's root directory
 * @pid: process whose root is an overlay
 * @fn: called for each
 * @ctx: handed to it
 *
 * What was written while the container ran is not among them.
 * Return: false when the root is no overlay, or the process is gone.
 */
bool guard_files_layers(uint32_t pid, guard_files_layer_fn *fn, void *ctx);

/**
 * guard_files_lower() - the read-only ones among the layers of a container that is gone
 * @layers: "UPPER:LOWER:…", directories of the host; may be NULL
 * @fn: called for each, the uppermost first
 * @ctx: handed to it
 */
void guard_files_lower(const char *layers, guard_files_layer_fn *fn, void *ctx);

/**
 * guard_files_overlay() - the directories that an overlay is made of
 * @pid: process whose mounts are looked at; 0: our own
 * @dir: where it is mounted, as that process sees it
 * @a: the result lives here
 *
 * Return: "UPPER:LOWER:…", the uppermost first, UPPER is empty where nothing can be written; NULL
 * when no overlay is mounted there, or the process is gone.
 */
const char *guard_files_overlay(uint32_t pid, const char *dir, struct sk_arena *a);

/**
 * guard_files_below() - the file that the read-only layers of a container have at a path
 * @layers: "UPPER:LOWER:…", directories of the host; may be NULL
 * @path: absolute
 * @ret: what the kernel half would call it
 *
 * Return: descriptor, -1 when the image has no such file.
 */
sk_must_check int guard_files_below(const char *layers, const char *path,
				    struct guard_file_id *ret);
