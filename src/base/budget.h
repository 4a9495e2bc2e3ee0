/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Budgets: what one scan may use, whatever its input claims. Each limit has a default with its
 * reason, a name under which it is set (configuration key limits.NAME, environment
 * STOCKADE_LIMITS_NAME, flag --limit NAME=VALUE), and every error that it causes says both.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/err.h"

/*
 * X(NAME, "name", default, "unit", "why this default")
 */
#define SK_LIMITS(X)                                                                               \
	X(BYTES_IN, "bytes_in", 256ull << 30, "bytes", "larger than any image in practice")        \
	X(BYTES_OUT, "bytes_out", 1ull << 40, "bytes",                                             \
	  "decompressed bytes of all layers together")                                             \
	X(RATIO, "ratio", 1100, "times",                                                           \
	  "deflate cannot exceed 1032; zstd and xz bombs do; counted after the first 64 MiB")      \
	X(WINDOW, "window", 32ull << 20, "bytes",                                                  \
	  "history of one zstd or xz stream; zstd -19 and xz -6 need 8 MiB, --long=27 and xz -9 "  \
	  "more")                                                                                  \
	X(ENTRIES, "entries", 20000000, "entries",                                                 \
	  "archive members of one target; large images have under 1 million")                      \
	X(PATH_LEN, "path_len", 4096, "bytes", "PATH_MAX of Linux")                                \
	X(PATH_DEPTH, "path_depth", 256, "components", "no package manager nests deeper")          \
	X(LAYERS, "layers", 1000, "layers", "overlayfs stacks 500, Docker 127")                    \
	X(NESTING, "nesting", 8, "levels", "indexes in indexes, archives in archives")             \
	X(DOCUMENT, "document", 32ull << 20, "bytes",                                              \
	  "a manifest, an index, a configuration; registries stop at 4 MiB")                       \
	X(FILE, "file", 96ull << 20, "bytes", "a package database or manifest that is read whole") \
	X(PACKAGES, "packages", 1000000, "packages", "a full distribution mirror has 60,000")      \
	X(TIME, "time", 3600, "seconds", "wall time of one scan")

enum sk_limit {
#define X(name, text, value, unit, why) SK_LIMIT_##name,
	SK_LIMITS(X)
#undef X
	SK_N_LIMITS
};

/** struct sk_limits - maxima, copied into workers; value type */
struct sk_limits {
	uint64_t max[SK_N_LIMITS];
};

/**
 * sk_limits_default() - the documented defaults
 *
 * Return: limits.
 */
struct sk_limits sk_limits_default(void);

/**
 * sk_limit_name() - configuration name
 * @limit: which
 *
 * Return: static text such as "bytes_out".
 */
const char *sk_limit_name(enum sk_limit limit);

/**
 * sk_limit_why() - unit and reason of the default, for help texts
 * @limit: which
 * @ret_unit: static text
 *
 * Return: static text.
 */
const char *sk_limit_why(enum sk_limit limit, const char **ret_unit);

/**
 * sk_limit_find() - limit by name
 * @name: such as "bytes_out"
 * @ret: written when found
 *
 * Return: false when unknown.
 */
sk_must_check bool sk_limit_find(const char *name, enum sk_limit *ret);

/** struct sk_budget - what is left of the limits; one for each scan, or for each worker's job */
struct sk_budget {
	struct sk_limits limits;
	uint64_t used[SK_N_LIMITS];
};

/**
 * sk_budget_init() - nothing used yet
 * @b: storage owned by the caller
 * @limits: copied
 */
void sk_budget_init(struct sk_budget *b, const struct sk_limits *limits);

/**
 * sk_budget_fail() - the error for a limit that is exceeded; it says how to raise it
 * @b: budget
 * @limit: which
 * @err: filled
 *
 * Return: -SK_E_LIMIT.
 */
int sk_budget_fail(const struct sk_budget *b, enum sk_limit limit, struct sk_err *err);

/**
 * sk_budget_spend() - add to what is used
 * @b: budget
 * @limit: which
 * @amount: units
 * @err: filled on failure
 *
 * Return: 0, or -SK_E_LIMIT.
 */
static inline sk_must_check int sk_budget_spend(struct sk_budget *b, enum sk_limit limit,
						uint64_t amount, struct sk_err *err)
{
	if (__builtin_add_overflow(b->used[limit], amount, &b->used[limit]) ||
	    b->used[limit] > b->limits.max[limit])
		return sk_budget_fail(b, limit, err);
	return 0;
}

/**
 * sk_budget_check() - is a single value within a limit
 * @b: budget
 * @limit: which
 * @value: units
 * @err: filled on failure
 *
 * Return: 0, or -SK_E_LIMIT.
 */
static inline sk_must_check int sk_budget_check(const struct sk_budget *b, enum sk_limit limit,
						uint64_t value, struct sk_err *err)
{
	return value > b->limits.max[limit] ? sk_budget_fail(b, limit, err) : 0;
}
