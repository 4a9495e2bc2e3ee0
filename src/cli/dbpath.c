/* SPDX-License-Identifier: Apache-2.0 */
/* Where the advisory database is: said outright, the user's, the system's, the one that came along.
 */
#include "cli/dbpath.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/text.h"

static const char *beside_program(struct sk_arena *a, const char *rest)
{
	char exe[4096];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe));
	struct sk_span dir;

	if (n <= 0 || (size_t)n >= sizeof(exe))
		return NULL;
	dir = sk_path_dir(sk_span_of(exe, (size_t)n));
	return sk_arena_printf(a, "%.*s/%s", SK_SPAN_ARG(dir), rest);
}

const char *cli_db_user_path(struct cli_context *ctx)
{
	const char *data = getenv("XDG_DATA_HOME");
	const char *home = getenv("HOME");

	if (data != NULL && data[0] == '/')
		return sk_arena_printf(cli_arena(ctx), "%s/stockade/advisories.db", data);
	if (home != NULL && home[0] == '/')
		return sk_arena_printf(cli_arena(ctx), "%s/.local/share/stockade/advisories.db",
				       home);
	return NULL;
}

static bool is_there(const char *path)
{
	return path != NULL && access(path, R_OK) == 0;
}

int cli_db_find(struct cli_context *ctx, const char **ret, struct sk_err *err)
{
	struct sk_arena *a = cli_arena(ctx);
	const char *said = cli_option(ctx, "db");
	const char *const places[] = {
		cli_db_user_path(ctx),
		"/var/lib/stockade/advisories.db",
		beside_program(a, "data/starter.db"),
		beside_program(a, "../share/stockade/starter.db"),
	};

	if (said != NULL) {
		*ret = said;
		return 0;
	}
	for (size_t i = 0; i < SK_ARRAY_LEN(places); i++) {
		if (!is_there(places[i]))
			continue;
		*ret = places[i];
		return 0;
	}
	return sk_err_set(err, SK_E_NOT_FOUND,
			  "no advisory database; get one with `stockade db update`, or name one "
			  "with --db");
}
