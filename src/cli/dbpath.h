/* SPDX-License-Identifier: Apache-2.0 */
/* Where commands find the advisory database. */
#pragma once

#include "base/defs.h"
#include "base/err.h"
#include "cli/command.h"

/**
 * cli_db_user_path() - the database that belongs to this user
 * @ctx: context
 *
 * Return: path, whether it exists or not; NULL when there is no home directory.
 */
const char *cli_db_user_path(struct cli_context *ctx);

/**
 * cli_db_find() - the database to ask
 * @ctx: context of a command with an option "db" (key db.path)
 * @ret: path, written on success
 * @err: filled on failure
 *
 * What option, environment or configuration say; else the user's, the system's, the one that came
 * with the program. Return: 0, or -SK_E_NOT_FOUND.
 */
sk_must_check int cli_db_find(struct cli_context *ctx, const char **ret, struct sk_err *err);
