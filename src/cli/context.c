/* SPDX-License-Identifier: Apache-2.0 */
/* What commands ask of their run: arguments, effective values, terminals, failures. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/parse.h"
#include "cli/cli-priv.h"

enum {
	WIDTH_DEFAULT = 80,
	WIDTH_LEAST = 40,
};

struct cli_context *cli_context_new(void)
{
	struct cli_context *ctx = sk_alloc(sizeof(*ctx));

	ctx->arena = sk_arena_new();
	ctx->keys = cli_keys_new(ctx->arena, &ctx->n_keys);
	ctx->values = sk_arena_array(ctx->arena, ctx->n_keys, sizeof(*ctx->values));
	for (size_t i = 0; i < ctx->n_keys; i++)
		if (ctx->keys[i].def != NULL)
			ctx->values[i] = (struct cli_value){.text = ctx->keys[i].def,
							    .source = CLI_SOURCE_DEFAULT};
	return ctx;
}

void cli_context_free(struct cli_context *ctx)
{
	if (ctx == NULL)
		return;
	sk_arena_free(ctx->arena);
	sk_free(ctx);
}

const char *const *cli_args(const struct cli_context *ctx, size_t *ret_n)
{
	*ret_n = ctx->n_args;
	return ctx->args;
}

static const struct cli_option *find_in(const struct cli_option *list, const char *name)
{
	for (; list != NULL && list->name != NULL; list++)
		if (strcmp(list->name, name) == 0)
			return list;
	return NULL;
}

/* Asking for an option that the command does not have is a mistake of the program. */
static const struct cli_option *own_option(const struct cli_context *ctx, const char *name)
{
	const struct cli_option *o = NULL;

	for (size_t i = ctx->n_path; o == NULL && i > 0; i--)
		o = find_in(ctx->path[i - 1]->options, name);
	if (o == NULL)
		o = find_in(cli_global_options(), name);
	if (o == NULL)
		abort();
	return o;
}

const char *cli_option(const struct cli_context *ctx, const char *name)
{
	const struct cli_option *o = own_option(ctx, name);

	size_t key;

	/* The items of a list may have been given one by one; the configuration has them all. */
	if (o->key != NULL && cli_key_find(ctx, o->key, &key) &&
	    ctx->keys[key].type == CLI_TYPE_LIST)
		return cli_config(ctx, o->key);
	for (size_t i = ctx->n_given; i > 0; i--)
		if (ctx->given[i - 1].option == o)
			return ctx->given[i - 1].text;
	if (o->key != NULL)
		return cli_config(ctx, o->key);
	return o->arg == NULL ? "false" : NULL;
}

static const char *const *split_list(const struct cli_context *ctx, const char *list, size_t *ret_n)
{
	struct sk_span rest = sk_span_str(list);
	size_t n = 0, most = 1;
	struct sk_span piece;
	const char **items;

	for (const char *p = list; p != NULL && *p != '\0'; p++)
		most += *p == ',';
	items = sk_arena_array(ctx->arena, most, sizeof(*items));
	while (sk_span_cut(&rest, ',', &piece))
		if (piece.len != 0)
			items[n++] = sk_arena_str(ctx->arena, piece);
	*ret_n = n;
	return items;
}

const char *const *cli_options(const struct cli_context *ctx, const char *name, size_t *ret_n)
{
	const struct cli_option *o = own_option(ctx, name);
	const char *value;
	const char **items;
	size_t n = 0;
	size_t key;

	if (o->key != NULL && cli_key_find(ctx, o->key, &key) &&
	    ctx->keys[key].type == CLI_TYPE_LIST)
		return split_list(ctx, ctx->values[key].text, ret_n);
	items = sk_arena_array(ctx->arena, ctx->n_given + 1, sizeof(*items));
	for (size_t i = 0; i < ctx->n_given; i++)
		if (ctx->given[i].option == o)
			items[n++] = ctx->given[i].text;
	value = o->key != NULL ? cli_config(ctx, o->key) : NULL;
	if (n == 0 && value != NULL)
		items[n++] = value;
	*ret_n = n;
	return items;
}

bool cli_switch(const struct cli_context *ctx, const char *name)
{
	const char *text = cli_option(ctx, name);

	return text != NULL && strcmp(text, "true") == 0;
}

bool cli_wants_json(const struct cli_context *ctx)
{
	const char *format = cli_option(ctx, "format");

	return format != NULL && strcmp(format, "json") == 0;
}

const char *cli_config(const struct cli_context *ctx, const char *key)
{
	size_t i;

	if (!cli_key_find(ctx, key, &i))
		abort();
	return ctx->values[i].text;
}

struct sk_limits cli_limits(const struct cli_context *ctx)
{
	struct sk_limits limits = sk_limits_default();

	for (size_t i = 0; i < ctx->n_keys; i++) {
		struct sk_span name = sk_span_str(ctx->keys[i].name);
		struct sk_span text = sk_span_str(ctx->values[i].text);
		enum sk_limit limit;
		uint64_t value;
		bool ok;

		if (!sk_span_strip_prefix(&name, "limits.") || !sk_limit_find(name.ptr, &limit))
			continue;
		if (ctx->keys[i].type == CLI_TYPE_DURATION) {
			ok = sk_parse_duration(text, &value);
			value /= 1000;
		} else if (ctx->keys[i].type == CLI_TYPE_SIZE) {
			ok = sk_parse_size(text, &value);
		} else {
			ok = sk_parse_u64(text, &value);
		}
		if (!ok)
			abort(); /* values are checked before they are stored */
		limits.max[limit] = value;
	}
	return limits;
}

struct sk_arena *cli_arena(struct cli_context *ctx)
{
	return ctx->arena;
}

const char *cli_command_path(struct cli_context *ctx)
{
	const char *path = "stockade";

	for (size_t i = 0; i < ctx->n_path; i++)
		path = sk_arena_printf(ctx->arena, "%s %s", path, ctx->path[i]->name);
	return path;
}

static int stdout_write(void *sink_ctx, const void *ptr, size_t len)
{
	(void)sink_ctx;
	/* stdio remembers a loss; it is judged once, when the command has ended. */
	(void)fwrite(ptr, 1, len, stdout);
	return 0;
}

struct sk_sink cli_stdout(void)
{
	return (struct sk_sink){.write = stdout_write};
}

bool cli_is_terminal(int fd)
{
	const char *term = getenv("TERM");

	return isatty(fd) == 1 && (term == NULL || strcmp(term, "dumb") != 0);
}

bool cli_colour(const struct cli_context *ctx, int fd)
{
	const char *when = cli_option(ctx, "color");
	const char *no_color = getenv("NO_COLOR");

	if (strcmp(when, "auto") != 0)
		return strcmp(when, "always") == 0;
	return (no_color == NULL || *no_color == '\0') && cli_is_terminal(fd);
}

unsigned cli_width(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
		return WIDTH_DEFAULT;
	return size.ws_col < WIDTH_LEAST ? WIDTH_LEAST : size.ws_col;
}

bool cli_is_quiet(const struct cli_context *ctx)
{
	return cli_switch(ctx, "quiet");
}

void cli_log_setup(const struct cli_context *ctx)
{
	static const char *const levels[] = {
		[SK_LOG_ERROR] = "error",
		[SK_LOG_WARN] = "warning",
		[SK_LOG_INFO] = "info",
		[SK_LOG_DEBUG] = "debug",
	};
	const char *word = cli_config(ctx, "log.level");
	enum sk_log_level level = SK_LOG_WARN;
	unsigned flags = 0;
	size_t n_verbose;

	for (size_t i = 0; i < SK_ARRAY_LEN(levels); i++)
		if (strcmp(levels[i], word) == 0)
			level = (enum sk_log_level)i;
	(void)cli_options(ctx, "verbose", &n_verbose);
	if (n_verbose != 0)
		level = n_verbose == 1 ? SK_LOG_INFO : SK_LOG_DEBUG;
	else if (cli_is_quiet(ctx))
		level = SK_LOG_ERROR;
	if (strcmp(cli_option(ctx, "log-format"), "json") == 0)
		flags |= SK_LOG_JSON;
	if (cli_colour(ctx, STDERR_FILENO))
		flags |= SK_LOG_COLOUR;
	sk_log_setup(level, flags);
}

int cli_usage_error(struct cli_context *ctx, const char *fmt, ...)
{
	struct sk_err err;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(err.msg, sizeof(err.msg), fmt, ap);
	va_end(ap);
	sk_log(SK_LOG_ERROR, "%s (see '%s -h')", err.msg, cli_command_path(ctx));
	return CLI_EXIT_USAGE;
}

int cli_fail(struct cli_context *ctx, const struct sk_err *err)
{
	if (err->code == SK_E_USAGE)
		return cli_usage_error(ctx, "%s", err->msg);
	sk_log(SK_LOG_ERROR, "%s", err->msg);
	return CLI_EXIT_FAILURE;
}

bool cli_lacks_rights(const struct sk_err *err)
{
	return geteuid() != 0 &&
	       (err->code == EPERM || err->code == EACCES || err->code == SK_E_UNSUPPORTED);
}

int cli_fail_rights(struct cli_context *ctx, const struct sk_err *err)
{
	if (cli_lacks_rights(err))
		sk_log(SK_LOG_ERROR, CLI_BE_ROOT);
	return cli_fail(ctx, err);
}
