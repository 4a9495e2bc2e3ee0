/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors and files: whole reads and writes, bounded file contents, atomic replacement. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/defs.h"
#include "base/err.h"
#include "base/span.h"

/**
 * struct sk_sink - where bytes go
 * @write: takes all of @len bytes; 0, or negative
 * @ctx: handed to @write
 */
struct sk_sink {
	int (*write)(void *ctx, const void *ptr, size_t len);
	void *ctx;
};

/**
 * sk_sink_fd() - sink that writes to a descriptor
 * @fd: address of an open descriptor that outlives the sink
 *
 * Return: the sink.
 */
struct sk_sink sk_sink_fd(int *fd);

/**
 * sk_sink_buf() - sink that appends to a buffer
 * @b: outlives the sink; a full buffer is -SK_E_LIMIT
 *
 * Return: the sink.
 */
struct sk_sink sk_sink_buf(struct sk_buf *b);

/**
 * sk_closep() - cleanup for a descriptor: sk_cleanup(sk_closep) int fd = -1
 * @fd: closed unless negative
 */
void sk_closep(int *fd);

/**
 * sk_write_all() - write everything, going on after EINTR and short writes
 * @fd: descriptor
 * @ptr: bytes
 * @len: count
 *
 * Return: 0, or -errno.
 */
sk_must_check int sk_write_all(int fd, const void *ptr, size_t len);

/**
 * sk_read_full() - read until @len bytes or the end
 * @fd: descriptor
 * @ptr: destination
 * @len: bytes wanted
 *
 * Return: bytes read, less than @len only at the end; or -errno.
 */
sk_must_check int64_t sk_read_full(int fd, void *ptr, size_t len);

/**
 * sk_pread_full() - pread until @len bytes or the end
 * @fd: descriptor
 * @ptr: destination
 * @len: bytes wanted
 * @off: byte offset in the file
 *
 * Return: bytes read, less than @len only at the end; or -errno.
 */
sk_must_check int64_t sk_pread_full(int fd, void *ptr, size_t len, uint64_t off);

/**
 * sk_read_fd() - append a descriptor's content to a buffer
 * @fd: descriptor
 * @b: its maximum bounds the read
 * @err: filled on failure
 *
 * Return: 0, or negative. Errors: SK_E_LIMIT larger than the buffer's maximum; -errno.
 */
sk_must_check int sk_read_fd(int fd, struct sk_buf *b, struct sk_err *err);

/**
 * sk_read_file() - content of a regular file
 * @dirfd: directory or AT_FDCWD
 * @path: relative to @dirfd
 * @b: initialised, its maximum bounds the read; appended to
 * @err: filled on failure
 *
 * Return: 0, or negative. Errors: SK_E_LIMIT too large; SK_E_UNSUPPORTED no regular file; -errno.
 */
sk_must_check int sk_read_file(int dirfd, const char *path, struct sk_buf *b, struct sk_err *err);

/**
 * sk_open_regular() - open a regular file for reading that is known by a descriptor
 * @path_fd: opened with O_PATH
 *
 * What a foreign path leads to is looked at before it is opened: opening a device may do something,
 * opening a pipe may wait.
 * Return: the descriptor, -SK_E_UNSUPPORTED for what is no regular file, -errno.
 */
sk_must_check int sk_open_regular(int path_fd);

/**
 * sk_write_file_atomic() - write beside, fsync, rename over
 * @dirfd: directory or AT_FDCWD
 * @path: final name
 * @content: bytes
 * @mode: permission bits
 * @err: filled on failure
 *
 * Return: 0, or -errno; on failure the old file is untouched and nothing is left behind.
 */
sk_must_check int sk_write_file_atomic(int dirfd, const char *path, struct sk_span content,
				       unsigned mode, struct sk_err *err);

/**
 * sk_path_dir() - directory part of a path
 * @path: borrowed
 *
 * Return: part of @path; "." for none, "/" for the root.
 */
struct sk_span sk_path_dir(struct sk_span path);

/**
 * sk_path_base() - last component of a path
 * @path: borrowed
 *
 * Return: part of @path, what follows the last '/'.
 */
struct sk_span sk_path_base(struct sk_span path);
