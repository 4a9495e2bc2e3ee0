/* SPDX-License-Identifier: Apache-2.0 */
/* What a reviewer of a profile should look at, with the reason and what to do. Pure. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "guard/profile.h"

/* X(NAME, "text") */
#define GUARD_LINT_LEVELS(X)                                                                       \
	X(ERROR, "error")                                                                          \
	X(WARNING, "warning")                                                                      \
	X(NOTE, "note")

enum guard_lint_level {
#define X(name, text) GUARD_LINT_##name,
	GUARD_LINT_LEVELS(X)
#undef X
	GUARD_N_LINT_LEVELS
};

/** struct guard_lint_finding - text lives in the list's arena, the profile, or is static */
struct guard_lint_finding {
	enum guard_lint_level level;
	const char *rule;    /* short name, stable */
	const char *section; /* of the profile's file */
	const char *item;    /* path, pattern, name; NULL: the profile as a whole */
	const char *text;    /* what is the matter, no full stop */
	const char *advice;  /* what to do, no full stop */
};

/** struct guard_lint - findings, worst first, else in the order of the file */
struct guard_lint {
	struct guard_lint_finding *items;
	size_t n_items;
	size_t cap;
	size_t n_levels[GUARD_N_LINT_LEVELS];
	struct sk_arena *arena;
};

/**
 * guard_profile_lint() - look at a profile as a reviewer would
 * @p: profile
 * @now: seconds since the epoch; what was last seen long before is told, 0: not
 * @ret: written; released with guard_lint_release(); borrows from @p
 */
void guard_profile_lint(const struct guard_profile *p, int64_t now, struct guard_lint *ret);

/**
 * guard_lint_release() - free findings
 * @l: empty afterwards
 */
void guard_lint_release(struct guard_lint *l);

/**
 * guard_lint_level_name() - word for a level
 * @level: any value
 *
 * Return: static text.
 */
const char *guard_lint_level_name(enum guard_lint_level level);
