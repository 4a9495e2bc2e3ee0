/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles in the languages of other tools. */
#pragma once

#include "base/err.h"
#include "base/io.h"
#include "guard/profile.h"

/** struct guard_export - one format */
struct guard_export {
	const char *name;
	/* Writes the whole document; SK_E_NOT_FOUND when the profile lacks what the format says. */
	int (*write)(const struct guard_profile *p, const struct sk_sink *sink, struct sk_err *err);
};

/**
 * guard_export_find() - format by name
 * @name: such as "seccomp"
 *
 * Return: NULL when there is none.
 */
const struct guard_export *guard_export_find(const char *name);
