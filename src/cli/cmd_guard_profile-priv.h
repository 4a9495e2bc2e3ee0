/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of `stockade guard profile` share. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/defs.h"
#include "base/err.h"
#include "cli/command.h"
#include "guard/profile.h"

enum {
	CMD_GUARD_PROFILE_MAX = 32 << 20, /* bytes of a profile's text */
};

#define CMD_GUARD_PROFILE_DIR                                                                      \
	{                                                                                          \
		"profiles", 0, "DIR", NULL, "directory of profiles; arguments name services",      \
			NULL, 0                                                                    \
	}

#define CMD_GUARD_PROFILE_OUTPUT                                                                   \
	{                                                                                          \
		"output", 'o', "FILE", NULL, "write here instead of standard output", NULL, 0      \
	}

extern const struct command cmd_guard_profile_show;
extern const struct command cmd_guard_profile_diff;
extern const struct command cmd_guard_profile_edit;
extern const struct command cmd_guard_profile_from_image;

/* Reads a file; "-" is standard input. */
sk_must_check int cmd_guard_profile_read(const char *path, struct guard_profile **ret,
					 struct sk_err *err);

/* The profile that the command's argument number @i names: a service below --profiles, or a file.
 */
sk_must_check int cmd_guard_profile_load_arg(struct cli_context *ctx, size_t i,
					     struct guard_profile **ret, struct sk_err *err);

/* Writes a profile to -o FILE, replacing it in one step, or to standard output. */
sk_must_check int cmd_guard_profile_put(struct cli_context *ctx, const struct guard_profile *p,
					struct sk_err *err);

/* Foreign text on standard output, escaped. */
void cmd_guard_profile_print(const char *text);
