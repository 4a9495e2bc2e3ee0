/* SPDX-License-Identifier: Apache-2.0 */
/* stockade version: what this binary was built from. */

#include "base/json.h"
#include "cli/build-info.h"
#include "cli/cli-priv.h"
#include "cli/commit.h"

static const struct cli_option options[] = {
	{"format", 'f', "FORMAT", NULL, "text, or json with build options and libraries",
	 "text|json", 0},
	{NULL},
};

struct pair {
	const char *name;
	const char *text;
};

static const struct pair build_options[] = {
#define X(name, text) {name, text},
	BUILD_OPTIONS(X)
#undef X
};

static const struct pair libraries[] = {
#define X(name, text) {name, text},
	BUILD_LIBRARIES(X)
#undef X
};

static void write_pairs(struct sk_jw *w, const char *name, const struct pair *pairs, size_t n)
{
	sk_jw_object(w, name);
	for (size_t i = 0; i < n; i++)
		sk_jw_str(w, pairs[i].name, pairs[i].text);
	sk_jw_end_object(w);
}

static int version_json(void)
{
	struct sk_sink sink = cli_stdout();
	struct sk_jw w;

	sk_jw_init(&w, &sink, 2);
	sk_jw_object(&w, NULL);
	sk_jw_str(&w, "schema", "stockade.version/1");
	sk_jw_str(&w, "version", STOCKADE_VERSION);
	sk_jw_str(&w, "commit", STOCKADE_COMMIT);
	write_pairs(&w, "build", build_options, SK_ARRAY_LEN(build_options));
	write_pairs(&w, "libraries", libraries, SK_ARRAY_LEN(libraries));
	sk_jw_end_object(&w);
	return sk_jw_finish(&w) < 0 ? CLI_EXIT_FAILURE : CLI_EXIT_CLEAN;
}

static int run(struct cli_context *ctx)
{
	if (cli_wants_json(ctx))
		return version_json();
	(void)printf("stockade %s (%s)\n", STOCKADE_VERSION, STOCKADE_COMMIT);
	return CLI_EXIT_CLEAN;
}

const struct command cmd_version = {
	.name = "version",
	.summary = "show the version and what the program was built from",
	.usage = "[-f FORMAT]",
	.options = options,
	.run = run,
	.flags = COMMAND_NO_CONFIG,
};
