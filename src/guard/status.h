/* SPDX-License-Identifier: Apache-2.0 */
/* What is in force on this machine, told from what is pinned: no agent has to live for it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/defs.h"
#include "base/err.h"
#include "base/io.h"

struct guard_status;

/**
 * guard_status_read() - look at what is pinned
 * @engines: more sockets to ask for names
 * @n: count
 * @ret: the caller frees with guard_status_free()
 * @err: filled on failure
 *
 * Return: 0, or negative when it cannot be told, as without rights.
 */
sk_must_check int guard_status_read(const char *const *engines, size_t n, struct guard_status **ret,
				    struct sk_err *err);

/**
 * guard_status_free() - drop it
 * @st: may be NULL
 */
void guard_status_free(struct guard_status *st);
SK_DEFINE_CLEANUP(struct guard_status, guard_status_free);

/**
 * guard_status_is_whole() - is something in force, and somebody there who looks after it
 * @st: status
 *
 * Return: false when nothing is in force, or its agent has ended.
 */
bool guard_status_is_whole(const struct guard_status *st);

/**
 * guard_status_json() - as one JSON object, "stockade.guard-status/1"
 * @st: status
 * @sink: receives it
 *
 * Return: 0, or the sink's failure.
 */
sk_must_check int guard_status_json(const struct guard_status *st, const struct sk_sink *sink);

/**
 * guard_status_text() - for people
 * @st: status
 * @sink: receives lines; foreign text is escaped
 *
 * Return: 0, or the sink's failure.
 */
sk_must_check int guard_status_text(const struct guard_status *st, const struct sk_sink *sink);
