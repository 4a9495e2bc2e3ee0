/* SPDX-License-Identifier: Apache-2.0 */
/* stockade config show: every setting, its effective value and where it came from. */
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "cli/cli-priv.h"

static const struct cli_option show_options[] = {
	{"format", 'f', "FORMAT", NULL, "text or json", "text|json", 0},
	{NULL},
};

static void write_setting(struct sk_jw *w, struct cli_context *ctx, size_t i)
{
	const struct cli_value *value = &ctx->values[i];

	sk_jw_object(w, NULL);
	sk_jw_str(w, "key", ctx->keys[i].name);
	sk_jw_str(w, "value", value->text);
	sk_jw_str(w, "source", cli_source_name(value->source));
	sk_jw_str(w, "place", value->place);
	sk_jw_str(w, "type", cli_type_name(ctx->keys[i].type));
	sk_jw_str(w, "default", ctx->keys[i].def);
	sk_jw_end_object(w);
}

static int show_json(struct cli_context *ctx)
{
	struct sk_sink sink = cli_stdout();
	struct sk_jw w;

	sk_jw_init(&w, &sink, 2);
	sk_jw_object(&w, NULL);
	sk_jw_str(&w, "schema", "stockade.config/1");
	sk_jw_array(&w, "files");
	for (size_t i = 0; i < ctx->n_files; i++)
		sk_jw_str(&w, NULL, ctx->files[i]);
	sk_jw_end_array(&w);
	sk_jw_array(&w, "settings");
	for (size_t i = 0; i < ctx->n_keys; i++)
		write_setting(&w, ctx, i);
	sk_jw_end_array(&w);
	sk_jw_end_object(&w);
	return sk_jw_finish(&w) < 0 ? CLI_EXIT_FAILURE : CLI_EXIT_CLEAN;
}

static void show_setting(struct cli_context *ctx, size_t i, int key_width)
{
	const struct cli_value *value = &ctx->values[i];
	struct sk_buf line;

	sk_buf_init(&line, CLI_MAX_CONFIG * 8);
	(void)sk_buf_printf(&line, "%-*s  ", key_width, ctx->keys[i].name);
	if (value->text != NULL)
		(void)sk_text_escape(&line, sk_span_str(value->text));
	else
		(void)sk_buf_add_str(&line, "-");
	(void)sk_buf_printf(&line, "  (%s", cli_source_name(value->source));
	if (value->place != NULL) {
		(void)sk_buf_add_char(&line, ' ');
		(void)sk_text_escape(&line, sk_span_str(value->place));
	}
	(void)printf("%s)\n", line.ptr);
	sk_buf_release(&line);
}

static int show(struct cli_context *ctx)
{
	int width = 0;

	if (cli_wants_json(ctx))
		return show_json(ctx);
	for (size_t i = 0; i < ctx->n_keys; i++)
		if ((int)strlen(ctx->keys[i].name) > width)
			width = (int)strlen(ctx->keys[i].name);
	for (size_t i = 0; i < ctx->n_keys; i++)
		show_setting(ctx, i, width);
	return CLI_EXIT_CLEAN;
}

static const struct command cmd_config_show = {
	.name = "show",
	.summary = "print each effective value and where it came from",
	.usage = "[-f FORMAT]",
	.options = show_options,
	.run = show,
};

static const struct command *const subcommands[] = {&cmd_config_show, NULL};

const struct command cmd_config = {
	.name = "config",
	.summary = "show the configuration",
	.usage = "show [-f FORMAT]",
	.subcommands = subcommands,
};
