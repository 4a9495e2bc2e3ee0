/* SPDX-License-Identifier: Apache-2.0 */
/* Mount tables: which file systems may hold programs, and marking all of them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/span.h"

/** enum guard_fan_kind - what is to be done about a mount */
enum guard_fan_kind {
	GUARD_FAN_PSEUDO, /* holds no programs, or must not be touched: nothing */
	GUARD_FAN_LOCAL,  /* marked at once */
	GUARD_FAN_REMOTE, /* looking at it may take long: marked where nobody waits */
	GUARD_FAN_USER,   /* served by some process, which could stop us: not covered */
};

/**
 * guard_fan_kind() - what is to be done about a mount
 * @type: of its file system
 *
 * Return: kind.
 */
enum guard_fan_kind guard_fan_kind(struct sk_span type);

/** struct guard_fan_layer - an overlay and the device of its writable layer */
struct guard_fan_layer {
	uint32_t dev; /* major << 20 | minor, as guard_file_id has it */
	uint32_t layer;
	char upper[1024]; /* directory of the writable layer */
};

/** guard_fan_layer_fn - receives an overlay that was marked */
typedef void guard_fan_layer_fn(void *ctx, const struct guard_fan_layer *layer);

/** struct guard_fan_marked - what came of it */
struct guard_fan_marked {
	unsigned marked;
	unsigned refused; /* the kernel cannot mark them */
	unsigned user;    /* mounts that are served by a process */
	unsigned remote;  /* left out */
};

/**
 * guard_fan_mark_all() - mark what a process sees mounted
 * @fd: group
 * @pid: process, 0: this one
 * @remote: mark remote file systems too
 * @fn: told of overlays; may be NULL
 * @ctx: handed to it
 *
 * Return: counts.
 */
struct guard_fan_marked guard_fan_mark_all(int fd, uint32_t pid, bool remote,
					   guard_fan_layer_fn *fn, void *ctx);
