/* SPDX-License-Identifier: Apache-2.0 */
/* stockade help: the tables of commands, options and configuration keys, for people or as JSON, of
 * which tools/gen_man makes the manual pages. */

#include "base/json.h"
#include "cli/cli-priv.h"

static const struct cli_option options[] = {
	{"format", 'f', "FORMAT", NULL, "text, or json with every command, option and key",
	 "text|json", 0},
	{NULL},
};

static void write_option(struct sk_jw *w, const struct cli_option *o)
{
	char letter[2] = {o->letter, '\0'};

	if ((o->flags & CLI_OPTION_HIDDEN) != 0)
		return;
	sk_jw_object(w, NULL);
	sk_jw_str(w, "name", o->name);
	sk_jw_str(w, "letter", o->letter != 0 ? letter : NULL);
	sk_jw_str(w, "arg", o->arg);
	sk_jw_str(w, "key", o->key);
	sk_jw_str(w, "choices", o->choices);
	sk_jw_bool(w, "repeat", (o->flags & CLI_OPTION_REPEAT) != 0);
	sk_jw_bool(w, "negatable", o->arg == NULL && o->key != NULL);
	sk_jw_str(w, "help", o->help);
	sk_jw_end_object(w);
}

static void write_options(struct sk_jw *w, const char *name, const struct cli_option *list)
{
	sk_jw_array(w, name);
	for (; list != NULL && list->name != NULL; list++)
		write_option(w, list);
	sk_jw_end_array(w);
}

/* Recursion is bounded by the depth of the tables, which are ours. */
static void write_commands(struct sk_jw *w, const char *name, const struct command *const *list)
{
	sk_jw_array(w, name);
	for (; list != NULL && *list != NULL; list++) {
		const struct command *c = *list;

		if ((c->flags & COMMAND_HIDDEN) != 0)
			continue;
		sk_jw_object(w, NULL);
		sk_jw_str(w, "name", c->name);
		sk_jw_str(w, "summary", c->summary);
		sk_jw_str(w, "usage", c->usage);
		write_options(w, "options", c->options);
		write_commands(w, "subcommands", c->subcommands);
		sk_jw_end_object(w);
	}
	sk_jw_end_array(w);
}

static void write_keys(struct sk_jw *w, struct cli_context *ctx)
{
	sk_jw_array(w, "keys");
	for (size_t i = 0; i < ctx->n_keys; i++) {
		const struct cli_key *key = &ctx->keys[i];

		sk_jw_object(w, NULL);
		sk_jw_str(w, "name", key->name);
		sk_jw_str(w, "variable", cli_key_variable(ctx->arena, key->name));
		sk_jw_str(w, "type", cli_type_name(key->type));
		sk_jw_str(w, "default", key->def);
		sk_jw_str(w, "choices", key->choices);
		sk_jw_str(w, "help", key->help);
		sk_jw_end_object(w);
	}
	sk_jw_end_array(w);
}

static int help_json(struct cli_context *ctx)
{
	struct sk_sink sink = cli_stdout();
	struct sk_jw w;

	sk_jw_init(&w, &sink, 2);
	sk_jw_object(&w, NULL);
	sk_jw_str(&w, "schema", "stockade.help/1");
	write_commands(&w, "commands", cli_commands());
	write_options(&w, "global_options", cli_global_options());
	write_keys(&w, ctx);
	sk_jw_end_object(&w);
	return sk_jw_finish(&w) < 0 ? CLI_EXIT_FAILURE : CLI_EXIT_CLEAN;
}

static int run(struct cli_context *ctx)
{
	size_t n;
	const char *const *words = cli_args(ctx, &n);
	struct cli_context about = *ctx;
	struct sk_err err;

	if (cli_wants_json(ctx))
		return help_json(ctx);
	if (n == 0) {
		cli_help_overview(stdout);
		return CLI_EXIT_CLEAN;
	}
	if (cli_resolve(&about, words, n, &err) < 0)
		return cli_fail(&about, &err); /* what it got to says what can be asked */
	cli_help_command(&about, stdout);
	return CLI_EXIT_CLEAN;
}

const struct command cmd_help = {
	.name = "help",
	.summary = "show what the commands and their options do",
	.usage = "[-f FORMAT] [COMMAND...]",
	.options = options,
	.max_args = -1,
	.run = run,
	.flags = COMMAND_NO_CONFIG,
};
