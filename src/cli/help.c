/* SPDX-License-Identifier: Apache-2.0 */
/* Help texts, made from the tables of commands and options. */
#include <string.h>

#include "cli/cli-priv.h"

enum {
	HELP_COLUMN = 30 /* where explanations begin */
};

const char *cli_help_option(const struct cli_option *o, struct sk_arena *a)
{
	const char *head = o->letter != 0 ? sk_arena_printf(a, "-%c, ", o->letter) : "    ";
	const char *negatable = o->arg == NULL && o->key != NULL ? "[no-]" : "";

	if (o->arg == NULL)
		return sk_arena_printf(a, "%s--%s%s", head, negatable, o->name);
	return sk_arena_printf(a, "%s--%s %s", head, o->name, o->arg);
}

static void print_row(const char *left, const char *right, FILE *f)
{
	if (strlen(left) + 4 > HELP_COLUMN)
		(void)fprintf(f, "  %s\n%*s%s\n", left, HELP_COLUMN, "", right);
	else
		(void)fprintf(f, "  %-*s%s\n", HELP_COLUMN - 2, left, right);
}

static void print_options(struct cli_context *ctx, const struct cli_option *list, const char *title,
			  FILE *f)
{
	bool any = false;

	for (const struct cli_option *o = list; o != NULL && o->name != NULL; o++) {
		const char *help = o->help;

		if ((o->flags & CLI_OPTION_HIDDEN) != 0)
			continue;
		if (!any)
			(void)fprintf(f, "\n%s:\n", title);
		any = true;
		if (o->key != NULL)
			help = sk_arena_printf(ctx->arena, "%s [%s]", help, o->key);
		print_row(cli_help_option(o, ctx->arena), help, f);
	}
}

static void print_commands(const struct command *const *list, FILE *f)
{
	(void)fprintf(f, "\nCommands:\n");
	for (; *list != NULL; list++)
		if (((*list)->flags & COMMAND_HIDDEN) == 0)
			print_row((*list)->name, (*list)->summary, f);
}

void cli_help_overview(FILE *f)
{
	(void)fprintf(f, "Usage: stockade COMMAND [options] [arguments]\n");
	print_commands(cli_commands(), f);
	(void)fprintf(f, "\n'stockade help COMMAND' says more; exit status: 0 clean, 1 a gate "
			 "tripped,\n2 wrong usage, 3 could not do the job.\n");
}

void cli_help_command(struct cli_context *ctx, FILE *f)
{
	const struct command *c = ctx->path[ctx->n_path - 1];

	(void)fprintf(f, "Usage: %s %s\n\n%s\n", cli_command_path(ctx), c->usage, c->summary);
	if (c->more != NULL)
		(void)fprintf(f, "\n%s", c->more);
	if (c->subcommands != NULL)
		print_commands(c->subcommands, f);
	print_options(ctx, c->options, "Options", f);
	for (size_t i = ctx->n_path - 1; i > 0; i--)
		print_options(ctx, ctx->path[i - 1]->options,
			      sk_arena_printf(ctx->arena, "Options of stockade %s",
					      ctx->path[i - 1]->name),
			      f);
	print_options(ctx, cli_global_options(), "Global options", f);
}
