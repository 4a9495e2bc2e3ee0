/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Configuration: files, then the environment, then flags; what comes later wins. Files, weakest
 * first: /etc/stockade/stockade.yaml, $XDG_CONFIG_HOME/stockade/stockade.yaml (or ~/.config), then
 * ./.stockade.yaml; --config or STOCKADE_CONFIG names the only one. A file is a mapping of sections
 * to mappings of keys; an unknown one is an error, since a misspelt gate would be no gate.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"
#include "base/text.h"
#include "base/yaml.h"
#include "cli/cli-priv.h"

struct loader {
	struct cli_context *ctx;
	const char *file;
	struct sk_err *err;
};

/* Value of a node as one text; items of a sequence are joined by commas. */
static const char *node_text(const struct loader *l, const struct sk_yaml *node)
{
	const char *list = "";

	if (node->type != SK_YAML_SEQUENCE)
		return sk_yaml_text(node);
	for (size_t i = 0; i < node->n; i++) {
		const char *item = sk_yaml_text(node->items[i]);

		if (item == NULL)
			return NULL;
		list = i == 0 ? item : sk_arena_printf(l->ctx->arena, "%s,%s", list, item);
	}
	return list;
}

static int unknown_key(const struct loader *l, const char *name, size_t line)
{
	struct cli_suggestion s = {0};
	char quoted[128];

	for (size_t i = 0; i < l->ctx->n_keys; i++)
		cli_suggest(&s, name, l->ctx->keys[i].name);
	return sk_err_set(l->err, SK_E_USAGE, "%s:%zu: unknown key %s%s", l->file, line,
			  sk_text_quote(sk_span_str(name), quoted, sizeof(quoted)),
			  cli_suggestion_text(&s, "", l->ctx->arena));
}

static int load_key(const struct loader *l, const char *name, const struct sk_yaml *node)
{
	struct cli_context *ctx = l->ctx;
	const char *text = node_text(l, node);
	size_t i;
	int r;

	if (!cli_key_find(ctx, name, &i))
		return unknown_key(l, name, node->line);
	if (node->type == SK_YAML_SEQUENCE && ctx->keys[i].type != CLI_TYPE_LIST)
		return sk_err_set(l->err, SK_E_USAGE, "%s:%zu: %s takes one value", l->file,
				  node->line, name);
	if (text == NULL)
		return sk_err_set(l->err, SK_E_USAGE, "%s:%zu: %s has no value", l->file,
				  node->line, name);
	r = cli_key_check(&ctx->keys[i], text, ctx->arena, &text, l->err);
	if (r < 0)
		return sk_err_wrap(l->err, r, "%s:%zu: %s", l->file, node->line, name);
	ctx->values[i] = (struct cli_value){
		.text = text,
		.source = CLI_SOURCE_FILE,
		.place = sk_arena_printf(ctx->arena, "%s:%zu", l->file, node->line),
	};
	return 0;
}

static bool is_section(const struct cli_context *ctx, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < ctx->n_keys; i++)
		if (strncmp(ctx->keys[i].name, name, len) == 0 && ctx->keys[i].name[len] == '.')
			return true;
	return false;
}

static int load_section(const struct loader *l, const struct sk_yaml_pair *section)
{
	struct cli_context *ctx = l->ctx;
	struct cli_suggestion s = {0};
	char quoted[128];
	int r = 0;

	(void)sk_text_quote(sk_span_str(section->key), quoted, sizeof(quoted));
	if (!is_section(ctx, section->key)) {
		for (size_t i = 0; i < ctx->n_keys; i++) {
			size_t len = strcspn(ctx->keys[i].name, ".");

			cli_suggest(&s, section->key,
				    sk_arena_str(ctx->arena, sk_span_of(ctx->keys[i].name, len)));
		}
		return sk_err_set(l->err, SK_E_USAGE, "%s:%zu: unknown section %s%s", l->file,
				  section->value->line, quoted,
				  cli_suggestion_text(&s, "", ctx->arena));
	}
	if (section->value->type != SK_YAML_MAPPING && sk_yaml_text(section->value) != NULL)
		return sk_err_set(l->err, SK_E_USAGE, "%s:%zu: section %s must hold keys", l->file,
				  section->value->line, quoted);
	if (section->value->type == SK_YAML_SEQUENCE)
		return sk_err_set(l->err, SK_E_USAGE, "%s:%zu: section %s is a list", l->file,
				  section->value->line, quoted);
	for (size_t i = 0;
	     r == 0 && section->value->type == SK_YAML_MAPPING && i < section->value->n; i++) {
		const struct sk_yaml_pair *pair = &section->value->pairs[i];

		r = load_key(l, sk_arena_printf(ctx->arena, "%s.%s", section->key, pair->key),
			     pair->value);
	}
	return r;
}

static int load_text(const struct loader *l, struct sk_span text)
{
	struct sk_yaml *root = NULL;
	int r = sk_yaml_parse(text, l->ctx->arena, &root, l->err);

	if (r < 0) {
		l->err->code = SK_E_USAGE;
		return sk_err_wrap(l->err, -SK_E_USAGE, "%s", l->file);
	}
	if (root != NULL && root->type != SK_YAML_MAPPING &&
	    (root->type == SK_YAML_SEQUENCE || sk_yaml_text(root) != NULL))
		return sk_err_set(l->err, SK_E_USAGE, "%s:%zu: sections expected", l->file,
				  root->line);
	for (size_t i = 0; root != NULL && r == 0 && root->type == SK_YAML_MAPPING && i < root->n;
	     i++)
		r = load_section(l, &root->pairs[i]);
	return r;
}

static int load_file(struct cli_context *ctx, const char *file, bool required, struct sk_err *err)
{
	struct loader l = {.ctx = ctx, .file = file, .err = err};
	struct sk_buf text;
	int r;

	if (!required && access(file, F_OK) < 0)
		return 0;
	sk_buf_init(&text, CLI_MAX_CONFIG);
	r = sk_read_file(AT_FDCWD, file, &text, err);
	if (r == 0) {
		ctx->files[ctx->n_files++] = file;
		r = load_text(&l, sk_buf_span(&text));
	}
	sk_buf_release(&text);
	return r;
}

static int load_usual_files(struct cli_context *ctx, struct sk_err *err)
{
	const char *xdg = getenv("XDG_CONFIG_HOME");
	const char *home = getenv("HOME");
	const char *user = NULL;
	int r = load_file(ctx, "/etc/stockade/stockade.yaml", false, err);

	/* A relative XDG_CONFIG_HOME is invalid and ignored, as the XDG base directory
	 * specification asks. */
	if (xdg != NULL && xdg[0] == '/')
		user = sk_arena_printf(ctx->arena, "%s/stockade/stockade.yaml", xdg);
	else if (home != NULL && home[0] == '/')
		user = sk_arena_printf(ctx->arena, "%s/.config/stockade/stockade.yaml", home);
	if (r == 0 && user != NULL)
		r = load_file(ctx, user, false, err);
	return r == 0 ? load_file(ctx, "./.stockade.yaml", false, err) : r;
}

static int load_environment(struct cli_context *ctx, struct sk_err *err)
{
	for (size_t i = 0; i < ctx->n_keys; i++) {
		const char *variable = cli_key_variable(ctx->arena, ctx->keys[i].name);
		const char *text = getenv(variable);
		int r;

		if (text == NULL || *text == '\0')
			continue;
		r = cli_key_check(&ctx->keys[i], text, ctx->arena, &text, err);
		if (r < 0)
			return sk_err_wrap(err, r, "%s", variable);
		ctx->values[i] = (struct cli_value){
			.text = text,
			.source = CLI_SOURCE_ENVIRONMENT,
			.place = variable,
		};
	}
	return 0;
}

/* Variables may be meant for another version, so an unknown one is a warning only. */
static void warn_unknown_variables(struct cli_context *ctx)
{
	for (char **e = environ; e != NULL && *e != NULL; e++) {
		const char *name =
			sk_arena_str(ctx->arena, sk_span_of(*e, strnlen(*e, CLI_MAX_ENVIRONMENT)));
		struct sk_span span = sk_span_str(name);
		struct cli_suggestion s = {0};
		bool known;
		char quoted[128];

		span.len = sk_span_find(span, '=');
		known = !sk_span_starts(span, "STOCKADE_") ||
			sk_span_eq_str(span, "STOCKADE_CONFIG");
		name = sk_arena_str(ctx->arena, span);
		for (size_t i = 0; i < ctx->n_keys && !known; i++) {
			const char *variable = cli_key_variable(ctx->arena, ctx->keys[i].name);

			known = strcmp(variable, name) == 0;
			cli_suggest(&s, name, variable);
		}
		if (!known)
			sk_log(SK_LOG_WARN, "environment: unknown variable %s%s",
			       sk_text_quote(span, quoted, sizeof(quoted)),
			       cli_suggestion_text(&s, "", ctx->arena));
	}
}

static int load_limit(struct cli_context *ctx, const char *text, struct sk_err *err)
{
	struct sk_span rest = sk_span_str(text);
	struct cli_suggestion s = {0};
	struct sk_span name;
	const char *key;
	const char *value;
	char quoted[128];
	size_t i;
	int r;

	(void)sk_span_cut(&rest, '=', &name);
	if (rest.ptr == NULL)
		return sk_err_set(err, SK_E_USAGE, "--limit: NAME=N expected, not %s",
				  sk_text_quote(sk_span_str(text), quoted, sizeof(quoted)));
	key = sk_arena_printf(ctx->arena, "limits.%.*s", SK_SPAN_ARG(name));
	if (!cli_key_find(ctx, key, &i)) {
		const char *word = sk_arena_str(ctx->arena, name);

		for (i = 0; i < SK_N_LIMITS; i++)
			cli_suggest(&s, word, sk_limit_name((enum sk_limit)i));
		return sk_err_set(err, SK_E_USAGE, "--limit: unknown limit %s%s",
				  sk_text_quote(name, quoted, sizeof(quoted)),
				  cli_suggestion_text(&s, "", ctx->arena));
	}
	r = cli_key_check(&ctx->keys[i], rest.ptr, ctx->arena, &value, err);
	if (r < 0)
		return sk_err_wrap(err, r, "--limit %s", key + strlen("limits."));
	ctx->values[i] = (struct cli_value){
		.text = value,
		.source = CLI_SOURCE_FLAG,
		.place = "--limit",
	};
	return 0;
}

/* Flags replace; a repeated flag of a list adds to its earlier occurrences. */
static int load_flags(struct cli_context *ctx, struct sk_err *err)
{
	for (size_t g = 0; g < ctx->n_given; g++) {
		const struct cli_option *o = ctx->given[g].option;
		const char *text = ctx->given[g].text;
		size_t i;
		int r;

		if (o->key == NULL && strcmp(o->name, "limit") == 0) {
			r = load_limit(ctx, text, err);
			if (r < 0)
				return r;
		}
		if (o->key == NULL || !cli_key_find(ctx, o->key, &i))
			continue;
		if (ctx->values[i].source == CLI_SOURCE_FLAG && ctx->keys[i].type == CLI_TYPE_LIST)
			text = sk_arena_printf(ctx->arena, "%s,%s", ctx->values[i].text, text);
		ctx->values[i] = (struct cli_value){
			.text = text,
			.source = CLI_SOURCE_FLAG,
			.place = sk_arena_printf(ctx->arena, "--%s", o->name),
		};
	}
	return 0;
}

int cli_config_load(struct cli_context *ctx, struct sk_err *err)
{
	const char *only = cli_option(ctx, "config");
	int r;

	if (only == NULL)
		only = getenv("STOCKADE_CONFIG");
	if (only == NULL || *only == '\0')
		r = load_usual_files(ctx, err);
	else if (strcmp(only, "none") == 0)
		r = 0;
	else
		r = load_file(ctx, only, true, err);
	if (r == 0)
		r = load_environment(ctx, err);
	if (r == 0)
		r = load_flags(ctx, err);
	/* The log is set up here, since the warnings already follow its settings. */
	cli_log_setup(ctx);
	if (r == 0)
		warn_unknown_variables(ctx);
	return r;
}
