/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of `stockade db` share. */
#pragma once

#include <stdbool.h>

#include "base/defs.h"
#include "base/err.h"
#include "base/json.h"
#include "base/span.h"
#include "cli/command.h"
#include "vulndb/query.h"
#include "vulndb/vulndb.h"

extern const struct command cmd_db_build;
extern const struct command cmd_db_info;
extern const struct command cmd_db_verify;
extern const struct command cmd_db_lookup;
extern const struct command cmd_db_export;
extern const struct command cmd_db_import;
extern const struct command cmd_db_diff;
extern const struct command cmd_db_update;
extern const struct command cmd_db_publish;

/* Opens the database that commands read. */
sk_must_check int cmd_db_open(struct cli_context *ctx, const char **ret_path, struct vulndb **ret,
			      struct sk_err *err);

/* Makes the directories that a path leads through. */
sk_must_check int cmd_db_make_parents(const char *path, struct sk_err *err);

/* RFC 3339 member, null for 0. */
void cmd_db_put_time(struct sk_jw *w, const char *key, int64_t t);

/* Digest member and what else names a database. */
void cmd_db_put_database(struct sk_jw *w, const char *key, const char *path,
			 const struct vulndb *db);

/* Foreign text on standard output, escaped, in a column of @width (0: none). */
void cmd_db_print(struct sk_span s, int width);

/* Versions of a claim as people read them: ">= 1.0, < 1.2 or < 0.9". */
const char *cmd_db_range_text(struct sk_arena *a, const struct vulndb_claim *c);

/* Word of a claim's state. */
const char *cmd_db_state_text(const struct vulndb_claim *c);
