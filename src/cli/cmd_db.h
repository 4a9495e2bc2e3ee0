/* SPDX-License-Identifier: Apache-2.0 */
/* Where databases are, for every command that uses one. */
#pragma once

#include "base/defs.h"
#include "base/err.h"
#include "cli/command.h"

/**
 * cmd_db_own_path() - the database that this user's updates write
 * @ctx: context
 *
 * --db, STOCKADE_DB_PATH or db.path, else stockade/stockade.db in the user's data directory.
 * Return: lives in the context's arena; NULL when there is neither a setting nor a home directory.
 */
const char *cmd_db_own_path(struct cli_context *ctx);

/**
 * cmd_db_found_path() - the database that commands read
 * @ctx: context
 * @err: filled when there is none
 *
 * --db, STOCKADE_DB_PATH or db.path; else the user's own; /var/lib/stockade; the starter set that
 * came with the program. Return: lives in the context's arena; NULL when none is there.
 */
const char *cmd_db_found_path(struct cli_context *ctx, struct sk_err *err);
