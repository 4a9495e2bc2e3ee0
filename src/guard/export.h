/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles in the languages of other tools. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "base/io.h"
#include "guard/profile.h"

enum {
	GUARD_EXPORT_FILE = 256, /* room for a file's name */
};

/** struct guard_export - one format */
struct guard_export {
	const char *name;
	bool names_filter; /* the document names the file of guard_export_filter_name() */
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

/**
 * guard_export_filter_name() - the file that the other formats expect the seccomp filter in
 * @p: profile
 * @buf: room for the name
 *
 * Named after the profile's own file, shop.web.yaml for shop/web, so that who names one after the
 * other meets it: "stockade-shop.web.json". What a shell might take for something else is a dash.
 * Return: @buf; NULL when the profile lists no system calls, so that there is no filter.
 */
const char *guard_export_filter_name(const struct guard_profile *p, char buf[GUARD_EXPORT_FILE]);
