/* SPDX-License-Identifier: Apache-2.0 */
/* stockade guard signs: the table, and the check of a file that adds to it. */
#include "cli/cmd_guard_signs.h"

#include <fcntl.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/json.h"
#include "base/text.h"

enum {
	MAX_LINE = 8 << 10,
};

int cli_read_signs(struct cli_context *ctx, struct guard_sign_list **ret, struct sk_err *err)
{
	const char *path = cli_option(ctx, "signs");
	struct sk_buf text;
	int r;

	if (path == NULL)
		return 0;
	sk_buf_init(&text, GUARD_SIGNS_MAX_BYTES);
	r = sk_read_file(AT_FDCWD, path, &text, err);
	if (r == 0)
		r = guard_signs_parse(sk_buf_span(&text), ret, err);
	sk_buf_release(&text);
	return r < 0 ? sk_err_wrap(err, r, "%s", path) : 0;
}

static void put_sign(const struct guard_sign *s, struct sk_jw *w)
{
	sk_jw_object(w, NULL);
	sk_jw_str(w, "group", s->group);
	sk_jw_str(w, "field", guard_sign_field_name(s->field));
	sk_jw_str(w, "pattern", s->pattern);
	sk_jw_str(w, "severity", s->severity);
	sk_jw_str(w, "attack", s->attack);
	sk_jw_str(w, "text", s->text);
	sk_jw_end_object(w);
}

static void print_sign(const struct guard_sign *s)
{
	struct sk_buf b;

	sk_buf_init(&b, MAX_LINE);
	(void)sk_text_escape(&b, sk_span_str(s->group));
	(void)sk_buf_printf(&b, "  %s  %s  %s  ", guard_sign_field_name(s->field), s->severity,
			    s->attack);
	(void)sk_text_escape(&b, sk_span_str(s->pattern));
	(void)sk_buf_add_str(&b, "  ");
	(void)sk_text_escape(&b, sk_span_str(s->text));
	(void)printf("%.*s\n", SK_SPAN_ARG(sk_buf_span(&b)));
	sk_buf_release(&b);
}

static int signs(struct cli_context *ctx)
{
	sk_cleanup(guard_signs_freep) struct guard_sign_list *more = NULL;
	struct sk_sink sink = cli_stdout();
	const struct guard_sign *own;
	struct sk_err err;
	struct sk_jw w;
	size_t n;

	if (cli_read_signs(ctx, &more, &err) < 0)
		return cli_fail(ctx, &err);
	own = guard_signs(&n);
	if (!cli_wants_json(ctx)) {
		for (size_t i = 0; more != NULL && i < more->n; i++)
			print_sign(&more->items[i]);
		for (size_t i = 0; i < n; i++)
			print_sign(&own[i]);
		return CLI_EXIT_CLEAN;
	}
	sk_jw_init(&w, &sink, 2);
	sk_jw_object(&w, NULL);
	sk_jw_str(&w, "schema", GUARD_SIGNS_SCHEMA);
	sk_jw_array(&w, "signs");
	for (size_t i = 0; more != NULL && i < more->n; i++)
		put_sign(&more->items[i], &w);
	for (size_t i = 0; i < n; i++)
		put_sign(&own[i], &w);
	sk_jw_end_array(&w);
	sk_jw_end_object(&w);
	return sk_jw_finish(&w) < 0 ? CLI_EXIT_FAILURE : CLI_EXIT_CLEAN;
}

static const struct cli_option signs_options[] = {
	{"signs", 0, "FILE", "guard.signs", "check and list these too", NULL, 0},
	{"format", 'f', "FORMAT", NULL, "table or json", "table|json", 0},
	{NULL},
};

const struct command cmd_guard_signs = {
	.name = "signs",
	.summary = "list the signs of what is unwelcome anywhere, check a file of them",
	.usage = "[--signs FILE] [-f FORMAT]",
	.more = "Example:\n"
		"  stockade guard signs --signs own-signs.yaml\n",
	.options = signs_options,
	.run = signs,
};
