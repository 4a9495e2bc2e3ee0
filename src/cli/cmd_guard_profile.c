/* SPDX-License-Identifier: Apache-2.0 */
/* stockade guard profile: show, diff, merge, edit, lint, export, from-image. */
#include "cli/cmd_guard_profile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <ftw.h>

#include "base/alloc.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/cli-priv.h"
#include "guard/export.h"
#include "guard/from-image.h"
#include "guard/profile-diff.h"
#include "guard/profile-lint.h"
#include "guard/profile-merge.h"
#include "guard/profile-yaml.h"
#include "image/target.h"
#include "scan/scan.h"

enum {
	MAX_PROFILE = 32 << 20,
};

/* Reading and writing */

static int read_profile(const char *path, struct guard_profile **ret, struct sk_err *err)
{
	char quoted[200];
	struct sk_buf text;
	int r;

	sk_buf_init(&text, MAX_PROFILE);
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

/* A service's name below --profiles, else a file. */
static int load_profile(struct cli_context *ctx, const char *name, struct guard_profile **ret,
			struct sk_err *err)
{
	const char *dir = cli_option(ctx, "profiles");
	int r;

	if (dir == NULL)
		return read_profile(name, ret, err);
	r = guard_profile_load(dir, name, ret, err);
	if (r == 0 && *ret == NULL)
		return sk_err_set(err, SK_E_NOT_FOUND, "%s has no profile of that service", dir);
	return r;
}

static int load_arg(struct cli_context *ctx, size_t i, struct guard_profile **ret,
		    struct sk_err *err)
{
	size_t n;
	const char *const *args = cli_args(ctx, &n);

	return load_profile(ctx, args[i], ret, err);
}

static bool wants_json(struct cli_context *ctx)
{
	const char *format = cli_option(ctx, "format");

	return format != NULL && strcmp(format, "json") == 0;
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

static int put_profile(struct cli_context *ctx, const struct guard_profile *p, struct sk_err *err)
{
	struct sk_sink sink;
	struct sk_buf text;
	int r;

	sk_buf_init(&text, MAX_PROFILE);
	sink = sk_sink_buf(&text);
	r = guard_profile_write(p, &sink);
	if (r < 0) {
		sk_buf_release(&text);
		return sk_err_set(err, -r, "the profile is too large");
	}
	return put_document(ctx, &text, err);
}

static void print(const char *text)
{
	struct sk_buf b;

	sk_buf_init(&b, MAX_PROFILE);
	(void)sk_text_escape(&b, sk_span_str(text));
	(void)fputs(b.ptr != NULL ? b.ptr : "", stdout);
	sk_buf_release(&b);
}

/* show */

static const char *span_text(struct cli_context *ctx, int64_t seconds)
{
	if (seconds >= 2 * 86400)
		return sk_arena_printf(cli_arena(ctx), "%lld days", (long long)(seconds / 86400));
	if (seconds >= 2 * 3600)
		return sk_arena_printf(cli_arena(ctx), "%lld h", (long long)(seconds / 3600));
	if (seconds >= 2 * 60)
		return sk_arena_printf(cli_arena(ctx), "%lld min", (long long)(seconds / 60));
	return sk_arena_printf(cli_arena(ctx), "%lld s", (long long)seconds);
}

static void show_learning(struct cli_context *ctx, const struct guard_profile *p)
{
	if (p->runs == 0) {
		(void)printf("learned   never: made by hand or from an image\n");
	} else {
		(void)printf("learned   %s in %u run%s, %u container%s\n",
			     span_text(ctx, (int64_t)p->learned_s), p->runs,
			     p->runs == 1 ? "" : "s", p->replicas, p->replicas == 1 ? "" : "s");
		if (p->last_new != 0)
			(void)printf("          nothing new in the last %s of it\n",
				     span_text(ctx, p->last - p->last_new));
	}
	if (p->incomplete)
		(void)printf("          incomplete: %llu events were lost\n",
			     (unsigned long long)p->lost);
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
	(void)printf("\n%zu executables\n", p->n_programs);
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
		print(prog->content.path);
		for (size_t k = 0; k < SK_ARRAY_LEN(traits); k++) {
			if (!traits[k].is)
				continue;
			(void)printf("%s%s", sep, traits[k].word);
			sep = ", ";
		}
		(void)printf("%s\n", sep[0] == ',' ? ")" : "");
		for (size_t k = 0; k < prog->applets.n_items; k++) {
			(void)printf("    as ");
			print(prog->applets.items[k].text);
			(void)printf("\n");
		}
		for (size_t k = 0; k < prog->n_scripts; k++) {
			(void)printf("    script ");
			print(prog->scripts[k].content.path);
			(void)printf("\n");
		}
		for (size_t k = 0; k < prog->shapes.n_items; k++) {
			(void)printf("    %% ");
			print(prog->shapes.items[k].text);
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
		print(peer->name != NULL ? peer->name : peer->address);
		if (peer->port != 0)
			(void)printf(" port %u", peer->port);
		(void)printf("%s%s\n", peer->protocol != NULL ? " " : "",
			     peer->protocol != NULL ? peer->protocol : "");
	}
	for (size_t i = 0; i < p->names.n_items; i++) {
		(void)printf("  asks for ");
		print(p->names.items[i].text);
		(void)printf("\n");
	}
}

static void show_text(struct cli_context *ctx, const struct guard_profile *p)
{
	(void)printf("service   ");
	print(p->service);
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
		print(p->images[i].digest);
		if (p->images[i].reference != NULL) {
			(void)printf("  ");
			print(p->images[i].reference);
		}
		(void)printf("\n");
	}
	show_programs(p);
	(void)printf("\n%zu libraries, %zu file patterns, %u capabilities, %u system calls%s\n",
		     p->n_libraries, p->n_files, count_bits(&p->capabilities, 1),
		     count_bits(p->syscalls, SK_ARRAY_LEN(p->syscalls)),
		     p->syscalls_ia32 ? ", 32-bit calls" : "");
	show_network(p);
}

static int show_json(const struct guard_profile *p)
{
	struct sk_sink sink = cli_stdout();
	struct sk_jw w;

	sk_jw_init(&w, &sink, 2);
	sk_jw_object(&w, NULL);
	sk_jw_str(&w, "schema", "stockade.profile-summary/1");
	sk_jw_str(&w, "service", p->service);
	sk_jw_str(&w, "mode", guard_mode_name(p->mode));
	sk_jw_bool(&w, "incomplete", p->incomplete);
	sk_jw_u64(&w, "lost", p->lost);
	sk_jw_array(&w, "unseen");
	for (unsigned i = 0; i < GUARD_N_SECTIONS; i++)
		if ((p->unseen & 1u << i) != 0)
			sk_jw_str(&w, NULL, guard_section_name((enum guard_section)i));
	sk_jw_end_array(&w);
	sk_jw_u64(&w, "runs", p->runs);
	sk_jw_u64(&w, "replicas", p->replicas);
	sk_jw_u64(&w, "seconds", p->learned_s);
	sk_jw_i64(&w, "quiet_seconds", p->last_new != 0 ? p->last - p->last_new : 0);
	sk_jw_array(&w, "images");
	for (size_t i = 0; i < p->n_images; i++)
		sk_jw_str(&w, NULL, p->images[i].digest);
	sk_jw_end_array(&w);
	sk_jw_array(&w, "executables");
	for (size_t i = 0; i < p->n_programs; i++)
		sk_jw_str(&w, NULL, p->programs[i].content.path);
	sk_jw_end_array(&w);
	sk_jw_u64(&w, "libraries", p->n_libraries);
	sk_jw_u64(&w, "files", p->n_files);
	sk_jw_u64(&w, "peers", p->n_peers);
	sk_jw_u64(&w, "names", p->names.n_items);
	sk_jw_u64(&w, "listen", p->n_listen);
	sk_jw_u64(&w, "capabilities", count_bits(&p->capabilities, 1));
	sk_jw_u64(&w, "syscalls", count_bits(p->syscalls, SK_ARRAY_LEN(p->syscalls)));
	sk_jw_end_object(&w);
	return sk_jw_finish(&w) < 0 ? CLI_EXIT_FAILURE : CLI_EXIT_CLEAN;
}

static int show(struct cli_context *ctx)
{
	sk_cleanup(guard_profile_freep) struct guard_profile *p = NULL;
	const char *format = cli_option(ctx, "format");
	struct sk_err err = {0};

	if (load_arg(ctx, 0, &p, &err) < 0)
		return cli_fail(ctx, &err);
	if (wants_json(ctx))
		return show_json(p);
	if (format != NULL && strcmp(format, "yaml") == 0) {
		struct sk_sink out = cli_stdout();

		return guard_profile_write(p, &out) < 0 ? CLI_EXIT_FAILURE : CLI_EXIT_CLEAN;
	}
	show_text(ctx, p);
	return CLI_EXIT_CLEAN;
}

/* diff */

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
	print(x->item);
	if (x->what != NULL) {
		const char *word = x->after != NULL ? x->after : x->before;

		(void)printf(" %s: ", x->what);
		print(word != NULL ? word : "");
	} else if (x->change == GUARD_CHANGE_CHANGED) {
		(void)printf(": ");
		print(x->before);
		(void)printf(" -> ");
		print(x->after);
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
	if (wants_json(ctx))
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
	if (load_arg(ctx, 0, &before, &err) < 0)
		return cli_fail(ctx, &err);
	if (n == 1)
		return diff_images(ctx, before);
	if (load_arg(ctx, 1, &after, &err) < 0)
		return cli_fail(ctx, &err);
	return diff_profiles(ctx, before, after);
}

/* merge */

static int merge(struct cli_context *ctx)
{
	sk_cleanup(guard_profile_freep) struct guard_profile *all = NULL;
	struct sk_err err = {0};
	size_t n;

	(void)cli_args(ctx, &n);
	for (size_t i = 0; i < n; i++) {
		sk_cleanup(guard_profile_freep) struct guard_profile *p = NULL;

		if (load_arg(ctx, i, &p, &err) < 0)
			return cli_fail(ctx, &err);
		if (all == NULL) {
			all = sk_take(p);
			continue;
		}
		if (strcmp(all->service, p->service) != 0)
			return cli_usage_error(ctx, "the profiles are of different services");
		if (guard_profile_merge(all, p, &err) < 0)
			return cli_fail(ctx, &err);
	}
	return put_profile(ctx, all, &err) < 0 ? cli_fail(ctx, &err) : CLI_EXIT_CLEAN;
}

/* edit */

static int run_editor(const char *path, struct sk_err *err)
{
	const char *editor = getenv("VISUAL");
	int status = 0;
	pid_t pid;

	if (editor == NULL || editor[0] == '\0')
		editor = getenv("EDITOR");
	if (editor == NULL || editor[0] == '\0')
		editor = "vi";
	(void)fflush(stdout);
	pid = fork();
	if (pid < 0)
		return sk_err_errno(err, errno, "start the editor");
	if (pid == 0) {
		/* the variable may hold arguments, as for every program that asks it */
		(void)execl("/bin/sh", "sh", "-c", "eval \"$0 \\\"\\$1\\\"\"", editor, path,
			    (char *)NULL);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return sk_err_errno(err, errno, "wait for the editor");
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return sk_err_set(err, EIO, "the editor ended with a failure; nothing was changed");
	return 0;
}

static bool asks_again(void)
{
	char answer[16] = "";

	if (isatty(STDIN_FILENO) == 0)
		return false;
	(void)fprintf(stderr, "edit again? [Y/n] ");
	return fgets(answer, sizeof(answer), stdin) != NULL && answer[0] != 'n' && answer[0] != 'N';
}

/* Edits the copy until it is a profile. */
static int edit_copy(struct cli_context *ctx, const char *copy, struct guard_profile **ret,
		     struct sk_err *err)
{
	int r;

	do {
		r = run_editor(copy, err);
		if (r < 0)
			return r;
		r = read_profile(copy, ret, err);
		if (r < 0)
			(void)cli_fail(ctx, err);
	} while (r < 0 && asks_again());
	if (r < 0)
		return sk_err_set(err, -r, "nothing was changed; the edited text is in %s", copy);
	return 0;
}

static void warn_findings(const struct guard_profile *p)
{
	struct guard_lint l;

	guard_profile_lint(p, (int64_t)time(NULL), &l);
	for (size_t i = 0; i < l.n_items; i++)
		if (l.items[i].level == GUARD_LINT_ERROR)
			(void)fprintf(stderr, "%s: %s\n", l.items[i].section, l.items[i].text);
	guard_lint_release(&l);
}

static const char *profile_path(struct cli_context *ctx, const char *arg)
{
	const char *dir = cli_option(ctx, "profiles");
	char name[256];

	if (dir == NULL)
		return arg;
	if (guard_profile_file_name(arg, name, sizeof(name)) == NULL)
		return arg;
	return sk_arena_printf(cli_arena(ctx), "%s/%s", dir, name);
}

static int edit(struct cli_context *ctx)
{
	sk_cleanup(guard_profile_freep) struct guard_profile *p = NULL;
	size_t n;
	const char *const *args = cli_args(ctx, &n);
	const char *path = profile_path(ctx, args[0]);
	const char *copy = sk_arena_printf(cli_arena(ctx), "%s.edit", path);
	struct sk_err err = {0};
	struct sk_buf text;
	int r;

	sk_buf_init(&text, MAX_PROFILE);
	r = sk_read_file(AT_FDCWD, path, &text, &err);
	if (r == 0)
		r = sk_write_file_atomic(AT_FDCWD, copy, sk_buf_span(&text), 0644, &err);
	sk_buf_release(&text);
	if (r == 0)
		r = edit_copy(ctx, copy, &p, &err);
	/* what the person wrote, comments too, not our writing of it */
	if (r == 0 && rename(copy, path) < 0)
		r = sk_err_errno(&err, errno, "replace the profile");
	if (r < 0)
		return cli_fail(ctx, &err);
	warn_findings(p);
	return CLI_EXIT_CLEAN;
}

/* lint */

static void lint_text(const char *name, const struct guard_lint *l)
{
	for (size_t i = 0; i < l->n_items; i++) {
		const struct guard_lint_finding *f = &l->items[i];

		print(name);
		(void)printf(": %s: %s", guard_lint_level_name(f->level), f->section);
		if (f->item != NULL) {
			(void)printf(" ");
			print(f->item);
		}
		(void)printf(": ");
		print(f->text);
		(void)printf(" [%s]\n    ", f->rule);
		print(f->advice);
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
	bool json = wants_json(ctx), bad = false;
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

		if (load_arg(ctx, i, &p, &err) < 0) {
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

/* export */

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
	if (load_arg(ctx, 0, &p, &err) < 0)
		return cli_fail(ctx, &err);
	sk_buf_init(&text, 2u * MAX_PROFILE);
	sink = sk_sink_buf(&text);
	if (e->write(p, &sink, &err) < 0) {
		sk_buf_release(&text);
		return cli_fail(ctx, &err);
	}
	return put_document(ctx, &text, &err) < 0 ? cli_fail(ctx, &err) : CLI_EXIT_CLEAN;
}

/* from-image */

static void say_notes(const struct guard_image_notes *notes)
{
	for (size_t i = 0; i < notes->n_items; i++) {
		struct sk_buf b;

		sk_buf_init(&b, 1 << 16);
		(void)sk_text_escape(&b, sk_span_str(notes->items[i]));
		(void)fprintf(stderr, "note: %s\n", b.ptr != NULL ? b.ptr : "");
		sk_buf_release(&b);
	}
}

static int save_profile(struct cli_context *ctx, const struct guard_profile *p, struct sk_err *err)
{
	const char *dir = cli_option(ctx, "profiles");

	return dir != NULL ? guard_profile_save(dir, p, err) : put_profile(ctx, p, err);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

/** struct unpacked - an image in a directory of its own */
struct unpacked {
	char dir[512]; /* "": none */
	char root[544];
};

static void remove_unpacked(struct unpacked *u)
{
	if (u->dir[0] != '\0')
		(void)nftw(u->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Does the image's configuration say how it starts, where the arguments do not? */
static int unpack_image(struct cli_context *ctx, const char *target, struct unpacked *u,
			struct guard_image_start *start, struct sk_err *err)
{
	struct scan_options o = {.target = target,
				 .platform = cli_option(ctx, "platform"),
				 .engine = getenv("DOCKER_HOST"),
				 .limits = cli_limits(ctx)};
	const char *tmp = getenv("TMPDIR");
	struct scan_extracted x;
	int r;

	(void)snprintf(u->dir, sizeof(u->dir), "%s/stockade-image-XXXXXX",
		       tmp != NULL && *tmp == '/' ? tmp : "/var/tmp");
	if (mkdtemp(u->dir) == NULL) {
		int saved = errno;

		u->dir[0] = '\0';
		return sk_err_errno(err, saved, "a directory to unpack in");
	}
	(void)snprintf(u->root, sizeof(u->root), "%s/root", u->dir);
	r = scan_extract(&o, u->dir, cli_arena(ctx), &x, err);
	if (r < 0)
		return r;
	if (start->path == NULL)
		start->path = x.path;
	if (start->n_args == 0) {
		start->args = x.args;
		start->n_args = x.n_args;
	}
	if (start->n_args == 0)
		return sk_err_set(err, SK_E_USAGE,
				  "the image names no program; give it after the target");
	return 0;
}

/* A directory that is no OCI layout is a root directory. */
static bool is_root_dir(const struct image_target *t)
{
	char layout[4096];
	struct stat st;

	if (t->kind == IMAGE_DIR || t->kind == IMAGE_HOST)
		return true;
	if (t->kind != IMAGE_AUTO || stat(t->rest, &st) != 0 || !S_ISDIR(st.st_mode))
		return false;
	return snprintf(layout, sizeof(layout), "%s/oci-layout", t->rest) < (int)sizeof(layout) &&
	       access(layout, F_OK) != 0;
}

static int from_image(struct cli_context *ctx)
{
	sk_cleanup(guard_profile_freep) struct guard_profile *p = NULL;
	struct guard_image_notes notes = {.arena = cli_arena(ctx)};
	struct guard_image_start start = {0};
	sk_cleanup(guard_tree_freep) struct guard_tree *tree = NULL;
	struct unpacked u = {.dir = ""};
	const char *root = NULL;
	struct sk_err err = {0};
	int r = 0;
	size_t n;
	const char *const *args = cli_args(ctx, &n);
	const struct image_target target = image_target_parse(args[0]);

	start.service = cli_option(ctx, "service");
	start.path = cli_option(ctx, "path");
	start.args = args + 1;
	start.n_args = n - 1;
	if (is_root_dir(&target)) {
		if (n < 2)
			return cli_usage_error(ctx, "a directory does not say what is started: "
						    "give the program and its arguments");
		root = target.rest;
	} else {
		r = unpack_image(ctx, args[0], &u, &start, &err);
		root = u.root;
	}
	if (r == 0)
		r = guard_tree_open(root, &tree, &err);
	if (r == 0)
		r = guard_profile_from_tree(tree, &start, &p, &notes, &err);
	remove_unpacked(&u);
	if (r < 0 || save_profile(ctx, p, &err) < 0)
		return cli_fail(ctx, &err);
	if (!cli_is_quiet(ctx))
		say_notes(&notes);
	return CLI_EXIT_CLEAN;
}

/* The table */

#define PROFILES                                                                                   \
	{                                                                                          \
		"profiles", 0, "DIR", NULL, "directory of profiles; arguments name services",      \
			NULL, 0                                                                    \
	}
#define OUTPUT                                                                                     \
	{                                                                                          \
		"output", 'o', "FILE", NULL, "write here instead of standard output", NULL, 0      \
	}

static const struct cli_option show_options[] = {
	{"format", 'f', "FORMAT", NULL, "table, yaml or json", "table|yaml|json", 0},
	PROFILES,
	{NULL},
};
static const struct cli_option table_options[] = {
	{"format", 'f', "FORMAT", NULL, "table or json", "table|json", 0},
	PROFILES,
	{NULL},
};
static const struct cli_option lint_options[] = {
	{"format", 'f', "FORMAT", NULL, "table or json", "table|json", 0},
	{"strict", 0, NULL, NULL, "exit 1 for warnings too", NULL, 0},
	PROFILES,
	{NULL},
};
static const struct cli_option merge_options[] = {OUTPUT, PROFILES, {NULL}};
static const struct cli_option edit_options[] = {PROFILES, {NULL}};
static const struct cli_option export_options[] = {
	{"format", 'f', "FORMAT", NULL, "seccomp, apparmor, kubearmor, kubernetes or docker",
	 "seccomp|apparmor|kubearmor|kubernetes|docker", 0},
	OUTPUT,
	PROFILES,
	{NULL},
};
static const struct cli_option image_options[] = {
	{"platform", 0, "OS/ARCH", NULL, "image to take from a multi-platform one", NULL, 0},
	{"service", 0, "NAME", NULL, "name of the service", NULL, 0},
	{"path", 0, "PATH", NULL, "where programs are looked up", NULL, 0},
	{"profiles", 0, "DIR", NULL, "write DIR/<service>.yaml", NULL, 0},
	OUTPUT,
	{NULL},
};

static const struct command cmd_show = {
	.name = "show",
	.summary = "what a profile knows, and how sure it is",
	.usage = "[-f FORMAT] PROFILE",
	.options = show_options,
	.min_args = 1,
	.max_args = 1,
	.run = show,
};

static const struct command cmd_diff = {
	.name = "diff",
	.summary = "compare two profiles, or the last two images of one",
	.usage = "[-f FORMAT] PROFILE [PROFILE]",
	.options = table_options,
	.min_args = 1,
	.max_args = 2,
	.run = diff,
};

static const struct command cmd_merge = {
	.name = "merge",
	.summary = "unite profiles of one service",
	.usage = "[-o FILE] PROFILE PROFILE…",
	.options = merge_options,
	.min_args = 2,
	.max_args = -1,
	.run = merge,
};

static const struct command cmd_edit = {
	.name = "edit",
	.summary = "edit a profile; a broken one is not accepted",
	.usage = "PROFILE",
	.options = edit_options,
	.min_args = 1,
	.max_args = 1,
	.run = edit,
};

static const struct command cmd_lint = {
	.name = "lint",
	.summary = "what a reviewer should look at, and why",
	.usage = "[-f FORMAT] [--strict] PROFILE…",
	.options = lint_options,
	.min_args = 1,
	.max_args = -1,
	.run = lint,
};

static const struct command cmd_export = {
	.name = "export",
	.summary = "write a profile for another tool",
	.usage = "-f FORMAT [-o FILE] PROFILE",
	.options = export_options,
	.min_args = 1,
	.max_args = 1,
	.run = export,
};

static const struct command cmd_from_image = {
	.name = "from-image",
	.summary = "start a profile from an image: entry point and what it needs",
	.usage = "[--service NAME] [--profiles DIR | -o FILE] IMAGE|dir:PATH [PROGRAM [ARG…]]",
	.options = image_options,
	.min_args = 1,
	.max_args = -1,
	.run = from_image,
};

static const struct command *const subcommands[] = {
	&cmd_show, &cmd_diff, &cmd_merge, &cmd_edit, &cmd_lint, &cmd_export, &cmd_from_image, NULL,
};

const struct command cmd_guard_profile = {
	.name = "profile",
	.summary = "show, compare, merge, edit, check and export profiles",
	.usage = "show|diff|merge|edit|lint|export|from-image …",
	.subcommands = subcommands,
};
