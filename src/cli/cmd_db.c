/* SPDX-License-Identifier: Apache-2.0 */
/* stockade db: the table of its sub-commands, and where databases are found. */
#include "cli/cmd_db.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/io.h"
#include "cli/cli-priv.h"
#include "cli/cmd_db-priv.h"

static const char *data_directory(struct cli_context *ctx)
{
	const char *data = getenv("XDG_DATA_HOME");
	const char *home = getenv("HOME");

	if (data != NULL && data[0] == '/')
		return data;
	if (home != NULL && home[0] == '/')
		return sk_arena_printf(cli_arena(ctx), "%s/.local/share", home);
	return NULL;
}

static const char *said_path(struct cli_context *ctx)
{
	const char *path = cli_config(ctx, "db.path");

	return path != NULL && path[0] != '\0' ? path : NULL;
}

const char *cmd_db_own_path(struct cli_context *ctx)
{
	const char *said = said_path(ctx);
	const char *data = data_directory(ctx);

	if (said != NULL)
		return said;
	return data != NULL ? sk_arena_printf(cli_arena(ctx), "%s/stockade/stockade.db", data)
			    : NULL;
}

static const char *beside_program(struct cli_context *ctx, const char *rest)
{
	char exe[4096];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe));
	struct sk_span dir;

	if (n <= 0 || (size_t)n >= sizeof(exe))
		return NULL;
	dir = sk_path_dir(sk_span_of(exe, (size_t)n));
	return sk_arena_printf(cli_arena(ctx), "%.*s/%s", SK_SPAN_ARG(dir), rest);
}

const char *cmd_db_found_path(struct cli_context *ctx, struct sk_err *err)
{
	const char *const places[] = {
		cmd_db_own_path(ctx),
		"/var/lib/stockade/stockade.db",
		beside_program(ctx, "data/starter.db"),
		beside_program(ctx, "../share/stockade/starter.db"),
	};

	if (said_path(ctx) != NULL)
		return said_path(ctx);
	for (size_t i = 0; i < SK_ARRAY_LEN(places); i++) {
		if (places[i] != NULL && access(places[i], R_OK) == 0)
			return places[i];
	}
	(void)sk_err_set(err, SK_E_NOT_FOUND,
			 "no advisory database; `stockade db update` fetches one, --db names one");
	return NULL;
}

int cmd_db_make_parents(const char *path, struct sk_err *err)
{
	for (const char *slash = strchr(path + 1, '/'); slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		char *dir = strndup(path, (size_t)(slash - path));
		int failed = dir == NULL || (mkdir(dir, 0755) < 0 && errno != EEXIST) ? errno : 0;

		sk_free(dir);
		if (failed != 0)
			return sk_err_errno(err, failed, "create the directory of %s", path);
	}
	return 0;
}

int cmd_db_open(struct cli_context *ctx, const char **ret_path, struct vulndb **ret,
		struct sk_err *err)
{
	const char *path = cmd_db_found_path(ctx, err);

	if (path == NULL)
		return -SK_E_NOT_FOUND;
	*ret_path = path;
	return vulndb_open(path, ret, err);
}

static const struct cli_option options[] = {
	{"db", 0, "FILE", "db.path", "advisory database", NULL, 0},
	{NULL},
};

static const struct command *const subcommands[] = {
	&cmd_db_build,  &cmd_db_info, &cmd_db_verify, &cmd_db_lookup,  &cmd_db_export,
	&cmd_db_import, &cmd_db_diff, &cmd_db_update, &cmd_db_publish, NULL,
};

const struct command cmd_db = {
	.name = "db",
	.summary = "build, update, inspect, publish and carry advisory databases",
	.usage = "build|update|publish|info|verify|lookup|export|import|diff …",
	.options = options,
	.subcommands = subcommands,
};
