/* SPDX-License-Identifier: Apache-2.0 */
/* stockade guard profile: the table of its sub-commands, what they share, and the short ones:
 * merge, lint, export. */
#include "cli/cmd_guard_profile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/cli-priv.h"
#include "cli/cmd_guard_profile-priv.h"
#include "guard/export.h"
#include "guard/profile-lint.h"
#include "guard/profile-merge.h"
#include "guard/profile-yaml.h"

enum {
	QUOTED_BYTES = 128,
	SERVICES_TOLD = 5,
};

int cmd_guard_profile_read(const char *path, struct guard_profile **ret, struct sk_err *err)
{
	char quoted[200];
	struct sk_buf text;
	int r;

	sk_buf_init(&text, CMD_GUARD_PROFILE_MAX);
	r = strcmp(path, "-") == 0 ? sk_read_fd(STDIN_FILENO, &text, err)
				   : sk_read_file(AT_FDCWD, path, &text, err);
	if (r == 0)
		r = guard_profile_parse(sk_buf_span(&text), ret, err);
	sk_buf_release(&text);
	if (r < 0)
		return sk_err_wrap(err, r, "%s",
				   sk_text_quote(sk_span_str(path), quoted, sizeof(quoted)));
	return 0;
}

/* What is there instead: it may be misspelt. */
static void add_services(const char *dir, struct sk_buf *b)
{
	DIR *d = opendir(dir);
	const struct dirent *entry;
	size_t n = 0;

	while (d != NULL && (entry = readdir(d)) != NULL) {
		struct sk_span name = sk_span_str(entry->d_name);
		char quoted[QUOTED_BYTES];

		if (entry->d_name[0] == '.' || !sk_span_ends(name, ".yaml"))
			continue;
		name.len -= strlen(".yaml");
		if (n++ < SERVICES_TOLD)
			(void)sk_buf_printf(b, "%s%s", n > 1 ? ", " : "; there are ",
					    sk_text_quote(name, quoted, sizeof(quoted)));
	}
	if (n > SERVICES_TOLD)
		(void)sk_buf_printf(b, " and %zu more", n - SERVICES_TOLD);
	if (d != NULL)
		(void)closedir(d);
}

static int no_profile(const char *dir, const char *service, struct sk_err *err)
{
	char quoted[QUOTED_BYTES], quoted_dir[QUOTED_BYTES];
	struct sk_buf there;
	int r;

	(void)sk_text_quote(sk_span_str(dir), quoted_dir, sizeof(quoted_dir));
	if (access(dir, F_OK) != 0)
		return sk_err_errno(err, errno, "%s", quoted_dir);
	sk_buf_init(&there, SK_ERR_MSG_SIZE);
	add_services(dir, &there);
	r = sk_err_set(err, SK_E_NOT_FOUND, "no profile of the service %s is in %s%.*s",
		       sk_text_quote(sk_span_str(service), quoted, sizeof(quoted)), quoted_dir,
		       (int)there.len, there.len != 0 ? there.ptr : "");
	sk_buf_release(&there);
	return r;
}

/* A service's name below --profiles, else a file. */
static int load_profile(struct cli_context *ctx, const char *name, struct guard_profile **ret,
			struct sk_err *err)
{
	const char *dir = cli_option(ctx, "profiles");
	char quoted[QUOTED_BYTES];
	int r;

	if (dir == NULL) {
		r = cmd_guard_profile_read(name, ret, err);
		/* Where no file has that name it may be a service's. */
		if (r == -ENOENT)
			return sk_err_set(err, SK_E_NOT_FOUND,
					  "there is no file %s; with --profiles DIR it is the name "
					  "of a service",
					  sk_text_quote(sk_span_str(name), quoted, sizeof(quoted)));
		return r;
	}
	r = guard_profile_load(dir, name, ret, err);
	if (r == 0 && *ret == NULL)
		return no_profile(dir, name, err);
	return r;
}

int cmd_guard_profile_load_arg(struct cli_context *ctx, size_t i, struct guard_profile **ret,
			       struct sk_err *err)
{
	size_t n;
	const char *const *args = cli_args(ctx, &n);

	return load_profile(ctx, args[i], ret, err);
}

/* Writes a document to -o FILE, replacing it in one step, or to standard output. */
static int put_document(struct cli_context *ctx, struct sk_buf *text, struct sk_err *err)
{
	const char *file = cli_option(ctx, "output");
	struct sk_sink out = cli_stdout();
	int r;

	if (file != NULL)
		r = sk_write_file_atomic(AT_FDCWD, file, sk_buf_span(text), 0644, err);
	else
		r = out.write(out.ctx, text->ptr, text->len);
	sk_buf_release(text);
	if (r < 0 && file == NULL)
		return sk_err_errno(err, -r, "write to standard output");
	return r;
}

int cmd_guard_profile_put(struct cli_context *ctx, const struct guard_profile *p,
			  struct sk_err *err)
{
	struct sk_sink sink;
	struct sk_buf text;
	int r;

	sk_buf_init(&text, CMD_GUARD_PROFILE_MAX);
	sink = sk_sink_buf(&text);
	r = guard_profile_write(p, &sink);
	if (r < 0) {
		sk_buf_release(&text);
		return sk_err_set(err, -r, "the profile is too large");
	}
	return put_document(ctx, &text, err);
}

void cmd_guard_profile_print(const char *text)
{
	struct sk_buf b;

	sk_buf_init(&b, CMD_GUARD_PROFILE_MAX);
	(void)sk_text_escape(&b, sk_span_str(text));
	(void)fputs(b.ptr != NULL ? b.ptr : "", stdout);
	sk_buf_release(&b);
}

static int merge(struct cli_context *ctx)
{
	sk_cleanup(guard_profile_freep) struct guard_profile *all = NULL;
	char one[QUOTED_BYTES], other[QUOTED_BYTES];
	struct sk_err err = {0};
	size_t n;

	(void)cli_args(ctx, &n);
	for (size_t i = 0; i < n; i++) {
		sk_cleanup(guard_profile_freep) struct guard_profile *p = NULL;

		if (cmd_guard_profile_load_arg(ctx, i, &p, &err) < 0)
			return cli_fail(ctx, &err);
		if (all == NULL) {
			all = sk_take(p);
			continue;
		}
		if (strcmp(all->service, p->service) != 0)
			return cli_usage_error(
				ctx, "the profiles are of different services, %s and %s",
				sk_text_quote(sk_span_str(all->service), one, sizeof(one)),
				sk_text_quote(sk_span_str(p->service), other, sizeof(other)));
		if (guard_profile_merge(all, p, &err) < 0)
			return cli_fail(ctx, &err);
	}
	return cmd_guard_profile_put(ctx, all, &err) < 0 ? cli_fail(ctx, &err) : CLI_EXIT_CLEAN;
}

static const struct cli_option merge_options[] = {
	CMD_GUARD_PROFILE_OUTPUT, CMD_GUARD_PROFILE_DIR, {NULL}};

static const struct command cmd_merge = {
	.name = "merge",
	.summary = "unite profiles of one service",
	.usage = "[-o FILE] PROFILE PROFILE…",
	.more = "Example:\n"
		"  stockade guard profile merge host1/web.yaml host2/web.yaml -o web.yaml\n",
	.options = merge_options,
	.min_args = 2,
	.max_args = -1,
	.run = merge,
};

static void lint_text(const char *name, const struct guard_lint *l)
{
	for (size_t i = 0; i < l->n_items; i++) {
		const struct guard_lint_finding *f = &l->items[i];

		cmd_guard_profile_print(name);
		(void)printf(": %s: %s", guard_lint_level_name(f->level), f->section);
		if (f->item != NULL) {
			(void)printf(" ");
			cmd_guard_profile_print(f->item);
		}
		(void)printf(": ");
		cmd_guard_profile_print(f->text);
		(void)printf(" [%s]\n    ", f->rule);
		cmd_guard_profile_print(f->advice);
		(void)printf("\n");
	}
}

static void lint_json(struct sk_jw *w, const char *name, const struct guard_lint *l)
{
	for (size_t i = 0; i < l->n_items; i++) {
		const struct guard_lint_finding *f = &l->items[i];

		sk_jw_object(w, NULL);
		sk_jw_str(w, "profile", name);
		sk_jw_str(w, "level", guard_lint_level_name(f->level));
		sk_jw_str(w, "rule", f->rule);
		sk_jw_str(w, "section", f->section);
		sk_jw_str(w, "item", f->item);
		sk_jw_str(w, "text", f->text);
		sk_jw_str(w, "advice", f->advice);
		sk_jw_end_object(w);
	}
}

static int lint(struct cli_context *ctx)
{
	struct sk_sink sink = cli_stdout();
	bool json = cli_wants_json(ctx), bad = false;
	struct sk_err err = {0};
	size_t n;
	const char *const *args = cli_args(ctx, &n);
	struct sk_jw w;

	sk_jw_init(&w, &sink, 2);
	if (json) {
		sk_jw_object(&w, NULL);
		sk_jw_str(&w, "schema", "stockade.profile-lint/1");
		sk_jw_array(&w, "findings");
	}
	for (size_t i = 0; i < n; i++) {
		sk_cleanup(guard_profile_freep) struct guard_profile *p = NULL;
		struct guard_lint l;

		if (cmd_guard_profile_load_arg(ctx, i, &p, &err) < 0) {
			sk_buf_release(&w.out);
			return cli_fail(ctx, &err);
		}
		guard_profile_lint(p, (int64_t)time(NULL), &l);
		bad = bad || l.n_levels[GUARD_LINT_ERROR] != 0 ||
		      (cli_switch(ctx, "strict") && l.n_levels[GUARD_LINT_WARNING] != 0);
		if (json)
			lint_json(&w, args[i], &l);
		else
			lint_text(args[i], &l);
		guard_lint_release(&l);
	}
	if (json) {
		sk_jw_end_array(&w);
		sk_jw_end_object(&w);
		if (sk_jw_finish(&w) < 0)
			return CLI_EXIT_FAILURE;
	} else {
		sk_buf_release(&w.out);
	}
	return bad ? CLI_EXIT_FINDINGS : CLI_EXIT_CLEAN;
}

static const struct cli_option lint_options[] = {
	{"format", 'f', "FORMAT", NULL, "table or json", "table|json", 0},
	{"strict", 0, NULL, NULL, "exit 1 for warnings too", NULL, 0},
	CMD_GUARD_PROFILE_DIR,
	{NULL},
};

static const struct command cmd_lint = {
	.name = "lint",
	.summary = "what a reviewer should look at, and why",
	.usage = "[-f FORMAT] [--strict] PROFILE…",
	.more = "PROFILE is a file, or with --profiles the name of a service. Examples:\n"
		"  stockade guard profile lint profiles/*.yaml\n"
		"  stockade guard profile lint --strict --profiles profiles shop/web\n",
	.options = lint_options,
	.min_args = 1,
	.max_args = -1,
	.run = lint,
};

/* The document is of use with a file that it names: which one, and where it comes from. */
static void say_filter(const struct guard_export *e, const struct guard_profile *p)
{
	char file[GUARD_EXPORT_FILE];

	if (!e->names_filter)
		return;
	if (guard_export_filter_name(p, file) == NULL)
		(void)fprintf(stderr, "note: the profile lists no system calls, so no seccomp "
				      "filter of its own is named\n");
	else
		(void)fprintf(stderr,
			      "note: the seccomp filter is expected in %s; export -f seccomp "
			      "-o %s writes it\n",
			      file, file);
}

static int export(struct cli_context *ctx)
{
	sk_cleanup(guard_profile_freep) struct guard_profile *p = NULL;
	const char *format = cli_option(ctx, "format");
	const struct guard_export *e;
	struct sk_err err = {0};
	struct sk_sink sink;
	struct sk_buf text;

	if (format == NULL)
		return cli_usage_error(ctx, "-f says which format is wanted");
	e = guard_export_find(format);
	if (e == NULL)
		return cli_usage_error(ctx, "unknown format");
	if (cmd_guard_profile_load_arg(ctx, 0, &p, &err) < 0)
		return cli_fail(ctx, &err);
	sk_buf_init(&text, 2u * CMD_GUARD_PROFILE_MAX);
	sink = sk_sink_buf(&text);
	if (e->write(p, &sink, &err) < 0) {
		sk_buf_release(&text);
		return cli_fail(ctx, &err);
	}
	if (put_document(ctx, &text, &err) < 0)
		return cli_fail(ctx, &err);
	say_filter(e, p);
	return CLI_EXIT_CLEAN;
}

static const struct cli_option export_options[] = {
	{"format", 'f', "FORMAT", NULL, "seccomp, apparmor, kubearmor, kubernetes or docker",
	 "seccomp|apparmor|kubearmor|kubernetes|docker", 0},
	CMD_GUARD_PROFILE_OUTPUT,
	CMD_GUARD_PROFILE_DIR,
	{NULL},
};

static const struct command cmd_export = {
	.name = "export",
	.summary = "write a profile for another tool",
	.usage = "-f FORMAT [-o FILE] PROFILE",
	.more = "PROFILE is a file, or with --profiles the name of a service. docker and kubernetes\n"
		"expect the seccomp filter in a file named after the profile's own: for web.yaml in\n"
		"stockade-web.json, for shop.web.yaml (the service shop/web) in stockade-shop.web.json.\n"
		"Examples:\n"
		"  stockade guard profile export -f seccomp -o stockade-web.json profiles/web.yaml\n"
		"  docker run $(stockade guard profile export -f docker profiles/web.yaml) web:1\n",
	.options = export_options,
	.min_args = 1,
	.max_args = 1,
	.run = export,
};

static const struct command *const subcommands[] = {
	&cmd_guard_profile_show,
	&cmd_guard_profile_diff,
	&cmd_merge,
	&cmd_guard_profile_edit,
	&cmd_lint,
	&cmd_export,
	&cmd_guard_profile_from_image,
	NULL,
};

const struct command cmd_guard_profile = {
	.name = "profile",
	.summary = "show, compare, merge, edit, check and export profiles",
	.usage = "show|diff|merge|edit|lint|export|from-image …",
	.subcommands = subcommands,
};
