/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line: words choose the command, options may stand anywhere, "--" ends them. Forms of
 * options after the "Utility Argument Syntax" of POSIX.1-2017 with the long forms of GNU:
 * --name VALUE, --name=VALUE, -x VALUE, -xVALUE, -xyz for switches, --no-name for switches that the
 * configuration can set.
 */
#include <string.h>

#include "base/text.h"
#include "cli/cli-priv.h"

static const struct cli_option global_options[] = {
	{"config", 0, "FILE", NULL,
	 "read this configuration file instead of the usual ones; none: read no file", NULL, 0},
	{"limit", 0, "NAME=N", NULL, "raise or lower a limit, see stockade.yaml(5)", NULL,
	 CLI_OPTION_REPEAT},
	{"color", 0, "WHEN", "output.color", "colour: auto, always or never", NULL, 0},
	{"log-format", 0, "FORMAT", "log.format", "messages on stderr as text or json", NULL, 0},
	{"verbose", 'v', NULL, NULL, "say more on stderr; -vv says everything", NULL,
	 CLI_OPTION_REPEAT},
	{"quiet", 'q', NULL, NULL, "say nothing but errors on stderr", NULL, 0},
	{"help", 'h', NULL, NULL, "show the help of the command", NULL, 0},
	{NULL},
};

/* The words of the command line and how far they are read. */
struct words {
	const char *const *argv;
	int argc;
	int next;
};

const struct cli_option *cli_global_options(void)
{
	return global_options;
}

static const struct command *current(const struct cli_context *ctx)
{
	return ctx->n_path != 0 ? ctx->path[ctx->n_path - 1] : NULL;
}

/* Option lists that apply here, most special first: i = 0, 1, … until NULL. */
static const struct cli_option *option_list(const struct cli_context *ctx, size_t i)
{
	static const struct cli_option none[] = {{NULL}};

	if (i == ctx->n_path)
		return global_options;
	if (i > ctx->n_path)
		return NULL;
	return ctx->path[ctx->n_path - 1 - i]->options != NULL
		       ? ctx->path[ctx->n_path - 1 - i]->options
		       : none;
}

static const struct cli_option *find_long(const struct cli_context *ctx, struct sk_span name)
{
	const struct cli_option *list;

	for (size_t i = 0; (list = option_list(ctx, i)) != NULL; i++)
		for (const struct cli_option *o = list; o->name != NULL; o++)
			if (sk_span_eq_str(name, o->name))
				return o;
	return NULL;
}

static const struct cli_option *find_letter(const struct cli_context *ctx, char letter)
{
	const struct cli_option *list;

	for (size_t i = 0; (list = option_list(ctx, i)) != NULL; i++)
		for (const struct cli_option *o = list; o->name != NULL; o++)
			if (o->letter == letter)
				return o;
	return NULL;
}

/* A command line within ours, whose options look like ours. */
static const char *end_hint(const struct cli_context *ctx)
{
	bool takes_program = current(ctx) != NULL && strstr(current(ctx)->usage, "[-- ") != NULL;

	return takes_program && ctx->n_args > 0 ? "; write -- before the program and its options"
						: "";
}

static int unknown_option(const struct cli_context *ctx, struct sk_span name, struct sk_err *err)
{
	const char *word = sk_arena_str(ctx->arena, name);
	struct cli_suggestion s = {0};
	const struct cli_option *list;
	char quoted[128];

	for (size_t i = 0; (list = option_list(ctx, i)) != NULL; i++)
		for (const struct cli_option *o = list; o->name != NULL; o++)
			if ((o->flags & CLI_OPTION_HIDDEN) == 0)
				cli_suggest(&s, word, o->name);
	if (current(ctx) != NULL)
		cli_suggest_synonym(&s, current(ctx)->name,
				    sk_arena_printf(ctx->arena, "--%s", word));
	return sk_err_set(err, SK_E_USAGE, "unknown option %s%s%s",
			  sk_text_quote(sk_span_str(sk_arena_printf(ctx->arena, "--%s", word)),
					quoted, sizeof(quoted)),
			  cli_suggestion_text(&s, "--", ctx->arena), end_hint(ctx));
}

static int unknown_letter(const struct cli_context *ctx, const char *at, const char *word,
			  struct sk_err *err)
{
	char letter[] = {'-', *at, '\0'}, quoted[32], quoted_word[128];

	(void)sk_text_quote(sk_span_str(letter), quoted, sizeof(quoted));
	if (word[2] == '\0')
		return sk_err_set(err, SK_E_USAGE, "unknown option %s%s", quoted, end_hint(ctx));
	return sk_err_set(err, SK_E_USAGE, "unknown option %s in %s%s", quoted,
			  sk_text_quote(sk_span_str(word), quoted_word, sizeof(quoted_word)),
			  end_hint(ctx));
}

static bool is_given(const struct cli_context *ctx, const struct cli_option *o)
{
	for (size_t i = 0; i < ctx->n_given; i++)
		if (ctx->given[i].option == o)
			return true;
	return false;
}

static int check_choice(const struct cli_context *ctx, const struct cli_option *o,
			const char **text, struct sk_err *err)
{
	int r = 0;

	if (o->choices != NULL && (o->flags & CLI_OPTION_OPEN) == 0)
		r = cli_choice(o->choices, *text, ctx->arena, text, err);
	return r < 0 ? sk_err_wrap(err, r, "--%s", o->name) : 0;
}

static int add_given(struct cli_context *ctx, const struct cli_option *o, const char *text,
		     struct sk_err *err)
{
	int r = 0;
	size_t i;

	if (o->arg != NULL && (o->flags & CLI_OPTION_REPEAT) == 0 && is_given(ctx, o))
		return sk_err_set(err, SK_E_USAGE, "--%s is given twice", o->name);
	if (o->arg != NULL)
		r = check_choice(ctx, o, &text, err);
	if (r == 0 && o->arg != NULL && o->key != NULL && cli_key_find(ctx, o->key, &i)) {
		r = cli_key_check(&ctx->keys[i], text, ctx->arena, &text, err);
		if (r < 0)
			r = sk_err_wrap(err, r, "--%s", o->name);
	}
	if (r < 0)
		return r;
	/* cli_parse() made room: no word gives more options than it has characters. */
	ctx->given[ctx->n_given++] = (struct cli_given){.option = o, .text = text};
	if (o == find_long(ctx, sk_span_str("help")))
		ctx->want_help = true;
	return 0;
}

static int take_value(struct words *w, const struct cli_option *o, const char **ret,
		      struct sk_err *err)
{
	if (w->next >= w->argc)
		return sk_err_set(err, SK_E_USAGE, "--%s needs a value: %s", o->name, o->arg);
	*ret = w->argv[w->next++];
	return 0;
}

static int parse_long(struct cli_context *ctx, struct words *w, const char *word,
		      struct sk_err *err)
{
	struct sk_span rest = sk_span_str(word + 2);
	struct sk_span name;
	const struct cli_option *o;
	const char *value = NULL;
	bool on = true;
	int r;

	(void)sk_span_cut(&rest, '=', &name);
	if (rest.ptr != NULL)
		value = rest.ptr;
	o = find_long(ctx, name);
	if (o == NULL && sk_span_strip_prefix(&name, "no-")) {
		o = find_long(ctx, name);
		on = false;
		if (o != NULL && (o->arg != NULL || o->key == NULL))
			o = NULL;
	}
	if (o == NULL)
		return unknown_option(ctx,
				      sk_span_sub(sk_span_str(word + 2), 0,
						  (size_t)(name.ptr + name.len - word - 2)),
				      err);
	if (o->arg == NULL && value != NULL)
		return sk_err_set(err, SK_E_USAGE, "--%s takes no value", o->name);
	if (o->arg == NULL)
		return add_given(ctx, o, on ? "true" : "false", err);
	if (value == NULL) {
		r = take_value(w, o, &value, err);
		if (r < 0)
			return r;
	}
	return add_given(ctx, o, value, err);
}

static int parse_letters(struct cli_context *ctx, struct words *w, const char *word,
			 struct sk_err *err)
{
	for (const char *p = word + 1; *p != '\0'; p++) {
		const struct cli_option *o = find_letter(ctx, *p);
		const char *value = p + 1;
		int r = 0;

		if (o == NULL)
			return unknown_letter(ctx, p, word, err);
		if (o->arg == NULL) {
			r = add_given(ctx, o, "true", err);
			if (r < 0)
				return r;
			continue;
		}
		if (*value == '\0')
			r = take_value(w, o, &value, err);
		return r < 0 ? r : add_given(ctx, o, value, err);
	}
	return 0;
}

static const char *subcommand_list(const struct cli_context *ctx, const struct command *c)
{
	const char *list = "";

	for (const struct command *const *sub = c->subcommands; *sub != NULL; sub++)
		if (((*sub)->flags & COMMAND_HIDDEN) == 0)
			list = sk_arena_printf(ctx->arena, "%s%s%s", list,
					       *list != '\0' ? ", " : "", (*sub)->name);
	return list;
}

static int unknown_command(const struct cli_context *ctx, const struct command *const *list,
			   const char *word, struct sk_err *err)
{
	struct cli_suggestion s = {0};
	const char *hint;
	char quoted[128];

	for (; *list != NULL; list++)
		if (((*list)->flags & COMMAND_HIDDEN) == 0)
			cli_suggest(&s, word, (*list)->name);
	cli_suggest_synonym(&s, ctx->n_path != 0 ? current(ctx)->name : "", word);
	hint = cli_suggestion_text(&s, "", ctx->arena);
	/* "nginx:latest", "./image.tar": a target, and the command was left out. */
	if (s.text == NULL && ctx->n_path == 0 && strpbrk(word, "./:") != NULL)
		hint = "; 'stockade scan TARGET' scans something";
	if (s.text == NULL && ctx->n_path != 0 && current(ctx)->subcommands != NULL)
		hint = sk_arena_printf(ctx->arena, "; %s has %s", current(ctx)->name,
				       subcommand_list(ctx, current(ctx)));
	return sk_err_set(err, SK_E_USAGE, "unknown command %s%s",
			  sk_text_quote(sk_span_str(word), quoted, sizeof(quoted)), hint);
}

/* A word that is no option: a command while one is expected, else an argument. */
static int parse_word(struct cli_context *ctx, const char *word, struct sk_err *err)
{
	const struct command *const *list =
		ctx->n_path == 0 ? cli_commands() : current(ctx)->subcommands;
	const struct command *c = NULL;

	if (list != NULL && ctx->n_args == 0 && ctx->n_path < CLI_MAX_DEPTH)
		c = cli_find_command(list, word);
	if (c != NULL)
		ctx->path[ctx->n_path++] = c;
	else if (list != NULL && (ctx->n_path == 0 || current(ctx)->run == NULL))
		return unknown_command(ctx, list, word, err);
	else
		ctx->args[ctx->n_args++] = word;
	return 0;
}

int cli_resolve(struct cli_context *ctx, const char *const *words, size_t n, struct sk_err *err)
{
	const struct command *const *list = cli_commands();

	ctx->n_path = 0;
	for (size_t i = 0; i < n; i++) {
		static const struct command *const none[] = {NULL};
		const struct command *c = cli_find_command(list, words[i]);

		if (c == NULL || ctx->n_path == CLI_MAX_DEPTH)
			return unknown_command(ctx, list, words[i], err);
		ctx->path[ctx->n_path++] = c;
		list = c->subcommands != NULL ? c->subcommands : none;
	}
	return 0;
}

/* Room for every option and argument that the words can hold. */
static void make_room(struct cli_context *ctx, const struct words *w)
{
	size_t n = 1;

	for (int i = 0; i < w->argc; i++)
		n += strlen(w->argv[i]) + 1;
	ctx->given = sk_arena_array(ctx->arena, n, sizeof(*ctx->given));
	ctx->args = sk_arena_array(ctx->arena, (size_t)w->argc + 1, sizeof(*ctx->args));
}

int cli_parse(struct cli_context *ctx, int argc, const char *const *argv, struct sk_err *err)
{
	struct words w = {.argv = argv, .argc = argc, .next = 1};
	bool options_end = false;
	int r = 0;

	make_room(ctx, &w);
	while (r == 0 && w.next < w.argc && !ctx->want_help) {
		const char *word = w.argv[w.next++];

		if (options_end || word[0] != '-' || word[1] == '\0')
			r = parse_word(ctx, word, err);
		else if (strcmp(word, "--") == 0)
			options_end = true;
		else if (word[1] == '-')
			r = parse_long(ctx, &w, word, err);
		else
			r = parse_letters(ctx, &w, word, err);
	}
	return r;
}

int cli_check_args(const struct cli_context *ctx, struct sk_err *err)
{
	const struct command *c = current(ctx);

	if (c->run == NULL)
		return sk_err_set(err, SK_E_USAGE, "%s needs one of its commands: %s", c->name,
				  subcommand_list(ctx, c));
	if (ctx->n_args < (size_t)c->min_args)
		return sk_err_set(err, SK_E_USAGE, "%s: too few arguments; it takes %s", c->name,
				  c->usage);
	if (c->max_args >= 0 && ctx->n_args > (size_t)c->max_args) {
		char quoted[128];

		return sk_err_set(
			err, SK_E_USAGE, "%s: unexpected argument %s%s%s", c->name,
			sk_text_quote(sk_span_str(ctx->args[c->max_args]), quoted, sizeof(quoted)),
			c->usage[0] != '\0' ? "; it takes " : "", c->usage);
	}
	return 0;
}
