/* SPDX-License-Identifier: Apache-2.0 */
/* What one profile has and the other has not. */
#pragma once

#include <stddef.h>

#include "base/arena.h"
#include "guard/profile.h"

/* X(NAME, "text") */
#define GUARD_CHANGES(X)                                                                           \
	X(ADDED, "added")                                                                          \
	X(REMOVED, "removed")                                                                      \
	X(CHANGED, "changed")

enum guard_change {
#define X(name, text) GUARD_CHANGE_##name,
	GUARD_CHANGES(X)
#undef X
	GUARD_N_CHANGES
};

/** struct guard_difference - one line of a comparison; text lives in the arena or the profiles */
struct guard_difference {
	enum guard_change change;
	const char *section; /* "executables", "mode", … */
	const char *item;    /* path, pattern, peer, name */
	const char *what;    /* part of the item that differs ("arguments"), NULL: all of it */
	const char *before;  /* of what changed or was removed, may be NULL */
	const char *after;   /* of what changed or was added, may be NULL */
};

/** struct guard_diff - a comparison, in the order of the sections, items sorted */
struct guard_diff {
	struct guard_difference *items;
	size_t n_items;
	size_t cap;
	struct sk_arena *arena;
};

/**
 * guard_profile_diff() - compare two profiles
 * @before: older
 * @after: newer
 * @ret: written; released with guard_diff_release(); borrows from both profiles
 *
 * Programs, libraries and scripts are paired by path: other content is one change, not a removal
 * and an addition. Counts and times are not compared.
 */
void guard_profile_diff(const struct guard_profile *before, const struct guard_profile *after,
			struct guard_diff *ret);

/**
 * guard_diff_release() - free a comparison
 * @d: empty afterwards
 */
void guard_diff_release(struct guard_diff *d);

/**
 * guard_change_name() - word for a change
 * @change: any value
 *
 * Return: static text.
 */
const char *guard_change_name(enum guard_change change);
