/* SPDX-License-Identifier: Apache-2.0 */
/* The signs that a user adds: the command that lists them, and who else reads them. */
#pragma once

#include "cli/command.h"
#include "guard/signs.h"

extern const struct command cmd_guard_signs;

/**
 * cli_read_signs() - the file that --signs or guard.signs names
 * @ctx: parsed
 * @ret: the caller frees with guard_signs_free(); not written when no file is named
 * @err: filled on failure
 *
 * Return: 0, or negative.
 */
sk_must_check int cli_read_signs(struct cli_context *ctx, struct guard_sign_list **ret,
				 struct sk_err *err);
