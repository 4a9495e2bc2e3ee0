/* SPDX-License-Identifier: Apache-2.0 */
/* A running guard, for who asks about it: a file under /run, locked as long as the guard lives. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/defs.h"

/** struct guard_live - what it says */
struct guard_live {
	uint32_t pid;
	char backend[16];
	char not_covered[256]; /* sections of profiles that the backend does not see, by blanks */
};

/**
 * guard_live_begin() - one guard gets ready at a time: a second one waits here
 * @timeout_ms: longest wait; then both go on
 *
 * Who takes over asks the guard that is pinned to end, and one that is not yet ready is not.
 * Return: descriptor, to be closed when the guard is ready; -1 when there is nothing to wait at.
 */
int guard_live_begin(int timeout_ms);

/**
 * guard_live_hold() - say that a guard runs
 * @live: what to say
 *
 * Return: descriptor; closing it, or dying, ends it; -1 when another guard runs or there is no
 * place to say it.
 */
int guard_live_hold(const struct guard_live *live);

/**
 * guard_live_read() - does a guard run
 * @ret: filled if so
 *
 * Return: true if so.
 */
sk_must_check bool guard_live_read(struct guard_live *ret);

/**
 * guard_live_end() - ask the guard that runs to end, and wait for that
 * @sig: SIGTERM, or SIGUSR2 when another one has taken its place
 * @timeout_ms: it is killed when it takes longer
 *
 * Return: true when there was one and it is gone now.
 */
bool guard_live_end(int sig, int timeout_ms);
