/* SPDX-License-Identifier: Apache-2.0 */
/* Inside scan: files that a confined reader names and gives, made beneath a directory. */
#pragma once

#include <stdint.h>

#include "base/defs.h"
#include "base/err.h"

enum scan_place_type {
	SCAN_PLACE_END,
	SCAN_PLACE_FILE,
	SCAN_PLACE_DIR,
	SCAN_PLACE_SYMLINK,
	SCAN_PLACE_HARDLINK,
};

/** struct scan_place_head - before each entry in the pipe; then path, link and content */
struct scan_place_head {
	uint32_t type;
	uint32_t mode;
	uint32_t path_len;
	uint32_t link_len;
	uint64_t size;
};

/**
 * scan_place_entries() - make what a pipe brings, one layer over those that are there
 * @pipe: reading end; not trusted
 * @root_fd: directory
 * @err: filled on failure
 *
 * Names are resolved beneath the directory as a container would; nothing outside of it is touched.
 * Owners, devices, times and set-id bits are left out. Whiteouts remove.
 * Return: 0 after SCAN_PLACE_END, or negative. Source: OCI image-spec 1.1 layer.md.
 */
sk_must_check int scan_place_entries(int pipe, int root_fd, struct sk_err *err);

/**
 * scan_place_bytes() - copy what a pipe brings into a file
 * @pipe: reading end
 * @fd: file
 * @max: bytes at most
 * @err: filled on failure
 *
 * Return: 0 at the end, or negative. Errors: SK_E_LIMIT.
 */
sk_must_check int scan_place_bytes(int pipe, int fd, uint64_t max, struct sk_err *err);
