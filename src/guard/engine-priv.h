/* SPDX-License-Identifier: Apache-2.0 */
/* What engine*.c share. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "guard/engine.h"

enum {
	GUARD_MAX_SOCKETS = 16,
	GUARD_MAX_ROOTS = 16,
};

struct guard_engine {
	const char *root; /* before every path of a file */
	char *sockets[GUARD_MAX_SOCKETS];
	size_t n_sockets;
	uint64_t silent_ms[GUARD_MAX_SOCKETS]; /* not asked until then: it did not answer */
	char *roots[GUARD_MAX_ROOTS];          /* Docker's data roots */
	char *drivers[GUARD_MAX_ROOTS];
	size_t n_roots;
	char made_id[GUARD_ID_SIZE]; /* the container that was made last */
	char made_bundle[4096];
};

/**
 * guard_engine_json() - parse an engine's document
 * @text: JSON
 *
 * Return: the caller frees with sk_json_free(); NULL when it is none.
 */
struct sk_json *guard_engine_json(struct sk_span text);

/**
 * guard_engine_keep() - a copy of a text that is not empty and not too long
 * @a: arena
 * @s: text
 *
 * Return: NULL for other texts.
 */
const char *guard_engine_keep(struct sk_arena *a, struct sk_span s);

/**
 * guard_engine_read() - a file of an engine
 * @e: engines
 * @path: absolute on the host
 * @b: reset, receives the content
 *
 * Return: false when it cannot be read.
 */
sk_must_check bool guard_engine_read(const struct guard_engine *e, const char *path,
				     struct sk_buf *b);

/**
 * guard_engine_disk() - what containerd, podman, CRI-O and runc left on the disk
 * @e: engines
 * @id: container
 * @a: texts live here
 * @b: scratch
 * @ret: filled as far as known
 *
 * Return: 1 known, 0 unknown.
 */
int guard_engine_disk(struct guard_engine *e, const char *id, struct sk_arena *a, struct sk_buf *b,
		      struct guard_engine_info *ret);
