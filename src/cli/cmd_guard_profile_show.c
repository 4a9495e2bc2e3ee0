/* SPDX-License-Identifier: Apache-2.0 */
/* stockade guard profile show, diff: what a profile knows, and how two differ. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "base/parse.h"
#include "cli/cli-priv.h"
#include "cli/cmd_guard_profile-priv.h"
#include "cli/cmd_guard_profile.h"
#include "guard/profile-diff.h"
#include "guard/profile-json.h"
#include "guard/profile-merge.h"
#include "guard/profile-yaml.h"

static const char *span_text(struct cli_context *ctx, int64_t seconds)
{
	char text[SK_DURATION_TEXT_SIZE];

	return sk_arena_strdup(cli_arena(ctx), sk_format_duration(seconds, text));
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static const char *learned_text(struct cli_context *ctx, const struct guard_profile *p)
{
	if (p->runs == 0)
		return "never: made by hand or from an image";
	return sk_arena_printf(cli_arena(ctx), "%s in %u run%s, %u container%s",
			       span_text(ctx, (int64_t)p->learned_s), p->runs, plural(p->runs),
			       p->replicas, plural(p->replicas));
}

static void show_learning(struct cli_context *ctx, const struct guard_profile *p)
{
	(void)printf("learned   %s\n", learned_text(ctx, p));
	if (p->runs != 0 && p->last_new != 0)
		(void)printf("          nothing new in the last %s of it\n",
			     span_text(ctx, p->last - p->last_new));
	if (p->incomplete && p->lost == 0)
		(void)printf("          incomplete: a program was gone before its content could "
			     "be read\n");
	else if (p->incomplete)
		(void)printf("          incomplete: %llu event%s lost\n",
			     (unsigned long long)p->lost, p->lost == 1 ? " was" : "s were");
	for (unsigned i = 0; i < GUARD_N_SECTIONS; i++)
		if ((p->unseen & 1u << i) != 0)
			(void)printf("          %s were not seen\n",
				     guard_section_name((enum guard_section)i));
}

static unsigned count_bits(const uint64_t *words, size_t n)
{
	unsigned bits = 0;

	for (size_t i = 0; i < n; i++)
		bits += (unsigned)__builtin_popcountll(words[i]);
	return bits;
}

static void show_programs(const struct guard_profile *p)
{
	(void)printf("\n%zu executable%s\n", p->n_programs, plural(p->n_programs));
	for (size_t i = 0; i < p->n_programs; i++) {
		const struct guard_program *prog = &p->programs[i];
		const struct {
			bool is;
			const char *word;
		} traits[] = {
			{prog->main, "main program"},
			{prog->entry, "from outside"},
			{prog->inline_code, "any code"},
			{prog->interactive, "interactive"},
			{prog->anon_exec, "executable memory"},
			{prog->raw_socket, "raw sockets"},
			{prog->remote, "commands from the network"},
			{!prog->content.has_sha256, "any content"},
		};
		const char *sep = "  (";

		(void)printf("  ");
		cmd_guard_profile_print(prog->content.path);
		for (size_t k = 0; k < SK_ARRAY_LEN(traits); k++) {
			if (!traits[k].is)
				continue;
			(void)printf("%s%s", sep, traits[k].word);
			sep = ", ";
		}
		(void)printf("%s\n", sep[0] == ',' ? ")" : "");
		for (size_t k = 0; k < prog->applets.n_items; k++) {
			(void)printf("    as ");
			cmd_guard_profile_print(prog->applets.items[k].text);
			(void)printf("\n");
		}
		for (size_t k = 0; k < prog->n_scripts; k++) {
			(void)printf("    script ");
			cmd_guard_profile_print(prog->scripts[k].content.path);
			(void)printf("\n");
		}
		for (size_t k = 0; k < prog->shapes.n_items; k++) {
			(void)printf("    %% ");
			cmd_guard_profile_print(prog->shapes.items[k].text);
			(void)printf("\n");
		}
	}
}

static void show_network(const struct guard_profile *p)
{
	if (p->n_peers + p->n_listen + p->names.n_items != 0)
		(void)printf("\nnetwork\n");
	for (size_t i = 0; i < p->n_listen; i++)
		(void)printf("  offers %s port %u\n", p->listen[i].protocol, p->listen[i].port);
	for (size_t i = 0; i < p->n_peers; i++) {
		const struct guard_peer *peer = &p->peers[i];

		(void)printf("  talks to ");
		cmd_guard_profile_print(peer->name != NULL ? peer->name : peer->address);
		if (peer->port != 0)
			(void)printf(" port %u", peer->port);
		(void)printf("%s%s\n", peer->protocol != NULL ? " " : "",
			     peer->protocol != NULL ? peer->protocol : "");
	}
	for (size_t i = 0; i < p->names.n_items; i++) {
		(void)printf("  asks for ");
		cmd_guard_profile_print(p->names.items[i].text);
		(void)printf("\n");
	}
}

static void show_counts(const struct guard_profile *p)
{
	unsigned n_caps = count_bits(&p->capabilities, 1);
	unsigned n_calls = count_bits(p->syscalls, SK_ARRAY_LEN(p->syscalls));

	(void)printf("\n%zu librar%s, %zu file pattern%s, %u capabilit%s, %u system call%s%s\n",
		     p->n_libraries, p->n_libraries == 1 ? "y" : "ies", p->n_files,
		     plural(p->n_files), n_caps, n_caps == 1 ? "y" : "ies", n_calls,
		     plural(n_calls), p->syscalls_ia32 ? ", 32-bit calls" : "");
}

static void show_text(struct cli_context *ctx, const struct guard_profile *p)
{
	(void)printf("service   ");
	cmd_guard_profile_print(p->service);
	(void)printf("\nmode      %s\n",
		     p->mode != GUARD_MODE_UNSET ? guard_mode_name(p->mode) : "not set");
	for (size_t i = 0; i < GUARD_N_SECTIONS; i++)
		if (p->section_modes[i] != GUARD_MODE_UNSET)
			(void)printf("          %s: %s\n",
				     guard_section_name((enum guard_section)i),
				     guard_mode_name(p->section_modes[i]));
	show_learning(ctx, p);
	for (size_t i = 0; i < p->n_images; i++) {
		(void)printf("image     ");
		cmd_guard_profile_print(p->images[i].digest);
		if (p->images[i].reference != NULL) {
			(void)printf("  ");
			cmd_guard_profile_print(p->images[i].reference);
		}
		(void)printf("\n");
	}
	show_programs(p);
	show_counts(p);
	show_network(p);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_profile(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && sk_span_ends(sk_span_str(entry->d_name), ".yaml");
}

/* One line of a list; false when the file cannot be read. */
static bool list_profile(struct cli_context *ctx, const char *path)
{
	sk_cleanup(guard_profile_freep) struct guard_profile *p = NULL;
	struct sk_err err = {0};

	if (cmd_guard_profile_read(path, &p, &err) < 0) {
		sk_log(SK_LOG_ERROR, "%s", err.msg);
		return false;
	}
	cmd_guard_profile_print(p->service);
	(void)printf(": mode %s; learned %s%s\n",
		     p->mode != GUARD_MODE_UNSET ? guard_mode_name(p->mode) : "not set",
		     learned_text(ctx, p), p->incomplete ? "; incomplete" : "");
	return true;
}

/* Without a service: which there are. */
static int list_profiles(struct cli_context *ctx, const char *dir)
{
	struct dirent **entries;
	int n = scandir(dir, &entries, is_profile, by_name), code = CLI_EXIT_CLEAN;
	struct sk_err err = {0};

	if (n < 0) {
		(void)sk_err_errno(&err, errno, "%s", dir);
		return cli_fail(ctx, &err);
	}
	for (int i = 0; i < n; i++) {
		if (!list_profile(
			    ctx, sk_arena_printf(cli_arena(ctx), "%s/%s", dir, entries[i]->d_name)))
			code = CLI_EXIT_FAILURE;
		free(entries[i]);
	}
	free(entries);
	if (n == 0)
		sk_log(SK_LOG_WARN, "no profile is in %s", dir);
	return code;
}

static int show(struct cli_context *ctx)
{
	sk_cleanup(guard_profile_freep) struct guard_profile *p = NULL;
	const char *format = cli_option(ctx, "format"), *dir = cli_option(ctx, "profiles");
	struct sk_err err = {0};
	size_t n;

	(void)cli_args(ctx, &n);
	if (n == 0 && dir == NULL)
		return cli_usage_error(ctx, "which profile? Give a file, or --profiles DIR");
	if (n == 0 && format != NULL && strcmp(format, "table") != 0)
		return cli_usage_error(ctx, "-f %s is of one profile: give a service", format);
	if (n == 0)
		return list_profiles(ctx, dir);
	if (cmd_guard_profile_load_arg(ctx, 0, &p, &err) < 0)
		return cli_fail(ctx, &err);
	if (cli_wants_json(ctx)) {
		struct sk_sink out = cli_stdout();

		return guard_profile_json(p, &out) < 0 ? CLI_EXIT_FAILURE : CLI_EXIT_CLEAN;
	}
	if (format != NULL && strcmp(format, "yaml") == 0) {
		struct sk_sink out = cli_stdout();

		return guard_profile_write(p, &out) < 0 ? CLI_EXIT_FAILURE : CLI_EXIT_CLEAN;
	}
	show_text(ctx, p);
	return CLI_EXIT_CLEAN;
}

static void diff_json(const struct guard_diff *d)
{
	struct sk_sink sink = cli_stdout();
	struct sk_jw w;

	sk_jw_init(&w, &sink, 2);
	sk_jw_object(&w, NULL);
	sk_jw_str(&w, "schema", "stockade.profile-diff/1");
	sk_jw_array(&w, "differences");
	for (size_t i = 0; i < d->n_items; i++) {
		const struct guard_difference *x = &d->items[i];

		sk_jw_object(&w, NULL);
		sk_jw_str(&w, "change", guard_change_name(x->change));
		sk_jw_str(&w, "section", x->section);
		sk_jw_str(&w, "item", x->item);
		if (x->what != NULL)
			sk_jw_str(&w, "what", x->what);
		if (x->before != NULL && x->before[0] != '\0')
			sk_jw_str(&w, "before", x->before);
		if (x->after != NULL && x->after[0] != '\0')
			sk_jw_str(&w, "after", x->after);
		sk_jw_end_object(&w);
	}
	sk_jw_end_array(&w);
	sk_jw_end_object(&w);
	(void)(sk_jw_finish(&w) < 0); /* the caller of the command reports what is not written */
}

static void diff_line(const struct guard_difference *x)
{
	static const char marks[] = {[GUARD_CHANGE_ADDED] = '+',
				     [GUARD_CHANGE_REMOVED] = '-',
				     [GUARD_CHANGE_CHANGED] = '~'};

	(void)printf("%c %s: ", marks[x->change], x->section);
	cmd_guard_profile_print(x->item);
	if (x->what != NULL) {
		const char *word = x->after != NULL ? x->after : x->before;

		(void)printf(" %s: ", x->what);
		cmd_guard_profile_print(word != NULL ? word : "");
	} else if (x->change == GUARD_CHANGE_CHANGED) {
		(void)printf(": ");
		cmd_guard_profile_print(x->before);
		(void)printf(" -> ");
		cmd_guard_profile_print(x->after);
	}
	(void)printf("\n");
}

static void diff_text(const struct guard_diff *d)
{
	for (size_t i = 0; i < d->n_items; i++)
		diff_line(&d->items[i]);
}

static int diff_profiles(struct cli_context *ctx, const struct guard_profile *before,
			 const struct guard_profile *after)
{
	struct guard_diff d;
	int code;

	guard_profile_diff(before, after, &d);
	code = d.n_items != 0 ? CLI_EXIT_FINDINGS : CLI_EXIT_CLEAN;
	if (cli_wants_json(ctx))
		diff_json(&d);
	else
		diff_text(&d);
	guard_diff_release(&d);
	return code;
}

/* The two images seen last. */
static int diff_images(struct cli_context *ctx, const struct guard_profile *p)
{
	sk_cleanup(guard_profile_freep) struct guard_profile *before = NULL;
	sk_cleanup(guard_profile_freep) struct guard_profile *after = NULL;
	size_t last = 0, previous = 1;

	if (p->n_images < 2)
		return cli_usage_error(ctx, "the profile knows one image only; give two profiles");
	if (p->images[1].last >= p->images[0].last) {
		last = 1;
		previous = 0;
	}
	for (size_t i = 2; i < p->n_images; i++) {
		if (p->images[i].last >= p->images[last].last) {
			previous = last;
			last = i;
		} else if (p->images[i].last >= p->images[previous].last) {
			previous = i;
		}
	}
	before = guard_profile_of_image(p, previous);
	after = guard_profile_of_image(p, last);
	return diff_profiles(ctx, before, after);
}

void cmd_guard_show_heir(struct cli_context *ctx, const struct guard_profile *p)
{
	(void)diff_images(ctx, p); /* that there is a difference is no failure here */
}

static int diff(struct cli_context *ctx)
{
	sk_cleanup(guard_profile_freep) struct guard_profile *before = NULL;
	sk_cleanup(guard_profile_freep) struct guard_profile *after = NULL;
	struct sk_err err = {0};
	size_t n;

	(void)cli_args(ctx, &n);
	if (cmd_guard_profile_load_arg(ctx, 0, &before, &err) < 0)
		return cli_fail(ctx, &err);
	if (n == 1)
		return diff_images(ctx, before);
	if (cmd_guard_profile_load_arg(ctx, 1, &after, &err) < 0)
		return cli_fail(ctx, &err);
	return diff_profiles(ctx, before, after);
}

static const struct cli_option show_options[] = {
	{"format", 'f', "FORMAT", NULL, "table, yaml or json", "table|yaml|json", 0},
	CMD_GUARD_PROFILE_DIR,
	{NULL},
};

static const struct cli_option table_options[] = {
	{"format", 'f', "FORMAT", NULL, "table or json", "table|json", 0},
	CMD_GUARD_PROFILE_DIR,
	{NULL},
};

const struct command cmd_guard_profile_show = {
	.name = "show",
	.summary = "what a profile knows, and how sure it is",
	.usage = "[-f FORMAT] [PROFILE]",
	.more = "PROFILE is a file, or with --profiles the name of a service; without it the\n"
		"profiles of the directory are listed. Examples:\n"
		"  stockade guard profile show profiles/shop.web.yaml\n"
		"  stockade guard profile show --profiles profiles\n"
		"  stockade guard profile show --profiles profiles shop/web -f json\n",
	.options = show_options,
	.max_args = 1,
	.run = show,
};

const struct command cmd_guard_profile_diff = {
	.name = "diff",
	.summary = "compare two profiles, or the last two images of one",
	.usage = "[-f FORMAT] PROFILE [PROFILE]",
	.more = "PROFILE is a file, or with --profiles the name of a service. Examples:\n"
		"  stockade guard profile diff --profiles profiles shop/web\n"
		"  stockade guard profile diff before.yaml after.yaml\n",
	.options = table_options,
	.min_args = 1,
	.max_args = 2,
	.run = diff,
};
