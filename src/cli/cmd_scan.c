/* SPDX-License-Identifier: Apache-2.0 */
/* stockade scan: what is in a target, what is known of it, and whether that is acceptable. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/parse.h"
#include "base/text.h"
#include "cli/cmd_db.h"
#include "cli/command.h"
#include "match/gate.h"
#include "report/report.h"
#include "scan/scan.h"

enum {
	IGNORE_FILE_MAX = 4 << 20
};

static const char default_ignore_file[] = ".stockadeignore";

static const struct cli_option options[] = {
	{"format", 'f', "FORMAT[=FILE]", "scan.format", "table or json, to standard output or FILE",
	 "table|json", CLI_OPTION_REPEAT | CLI_OPTION_OPEN},
	{"output", 'o', "FILE", NULL, "write the report to FILE; -: standard output", NULL, 0},
	{"db", 0, "FILE", "db.path", "advisory database", NULL, 0},
	{"platform", 0, "OS/ARCH", "scan.platform",
	 "image to take from a multi-platform one, os/arch[/variant]", NULL, 0},
	{"severity", 's', "LIST", "scan.severity",
	 "severities to show and count: critical, high, medium, low, negligible, unknown", NULL,
	 CLI_OPTION_REPEAT},
	{"fail-on", 0, "SEVERITY", "scan.fail_on",
	 "exit 1 when a finding is at least this severe; any: whatever it is", NULL, 0},
	{"ignore-unfixed", 0, NULL, "scan.ignore_unfixed", "leave out findings without a fix", NULL,
	 0},
	{"only", 0, "KIND", "scan.only", "kev: only what is known to be exploited", NULL, 0},
	{"show-suppressed", 0, NULL, "scan.show_suppressed",
	 "list what is held back, with the reason", NULL, 0},
	{"ignore-file", 0, "FILE", "scan.ignore_file",
	 "list of findings to hold back (default: .stockadeignore)", NULL, 0},
	{"allow-empty", 0, NULL, "scan.allow_empty",
	 "a target without packages is clean instead of a failure", NULL, 0},
	{"max-db-age", 0, "DURATION", "scan.max_db_age",
	 "exit 1 when what speaks of the target is older, e.g. 3d", NULL, 0},
	{"cache", 0, NULL, "scan.cache", "remember what layers contain", NULL, 0},
	{"workers", 0, "N", "scan.workers", "worker processes; 0: one a core", NULL, 0},
	{NULL},
};

static int load_ignores(struct cli_context *ctx, struct match_ignores *ret, struct sk_err *err)
{
	const char *path = cli_option(ctx, "ignore-file");
	struct sk_buf text;
	int r;

	if (path == NULL && access(default_ignore_file, F_OK) < 0)
		return 0;
	if (path == NULL)
		path = default_ignore_file;
	sk_buf_init(&text, IGNORE_FILE_MAX);
	r = sk_read_file(AT_FDCWD, path, &text, err);
	if (r == 0)
		r = match_ignores_parse(sk_buf_span(&text), path, cli_arena(ctx), ret, err);
	sk_buf_release(&text);
	return r;
}

/* The mildest of the listed severities is the threshold. */
static int load_fail_on(const char *list, struct match_gate *gate, struct sk_err *err)
{
	struct sk_span rest = sk_span_str(list), word;
	struct match_gate one = {0};
	int r = 0;

	while (r == 0 && sk_span_cut(&rest, ',', &word)) {
		r = match_gate_fail_on(word, &one, err);
		if (r == 0 && (!gate->fail || one.fail_on < gate->fail_on))
			gate->fail_on = one.fail_on;
		gate->fail = gate->fail || r == 0;
	}
	return r;
}

static int load_gate(struct cli_context *ctx, struct match_gate *gate, struct sk_err *err)
{
	const char *severity = cli_option(ctx, "severity");
	const char *fail_on = cli_option(ctx, "fail-on");
	const char *only = cli_option(ctx, "only");
	const char *max_age = cli_option(ctx, "max-db-age");
	uint64_t age_ms;
	int r = 0;

	gate->ignore_unfixed = cli_switch(ctx, "ignore-unfixed");
	gate->only_kev = only != NULL && *only != '\0';
	if (severity != NULL && *severity != '\0')
		r = match_gate_severities(sk_span_str(severity), gate, err);
	if (r == 0 && fail_on != NULL && *fail_on != '\0')
		r = load_fail_on(fail_on, gate, err);
	if (r == 0 && max_age != NULL) {
		/* A bare number would be seconds, which nobody means here. */
		if (sk_parse_u64(sk_span_str(max_age), &age_ms) ||
		    !sk_parse_duration(sk_span_str(max_age), &age_ms))
			return sk_err_set(err, SK_E_USAGE,
					  "--max-db-age %s: a time span with its unit is needed, "
					  "such as 3d",
					  max_age);
		gate->db_not_before = (int64_t)time(NULL) - (int64_t)(age_ms / 1000);
	}
	return r;
}

/** struct output - one report to write */
struct output {
	const struct report_ops *ops;
	const char *file; /* NULL: standard output */
};

static int unknown_format(struct sk_span name, struct sk_err *err)
{
	char quoted[64];
	struct sk_buf list;
	int r;

	sk_buf_init(&list, 512);
	for (size_t i = 0; report_names(i) != NULL; i++)
		(void)sk_buf_printf(&list, "%s%s", i != 0 ? ", " : "", report_names(i));
	r = sk_err_set(err, SK_E_USAGE, "unknown format %s; there are %s",
		       sk_text_quote(name, quoted, sizeof(quoted)), list.ptr);
	sk_buf_release(&list);
	return r;
}

static int load_output(struct cli_context *ctx, const char *text, const char *file,
		       struct output *ret, struct sk_err *err)
{
	struct sk_span name = sk_span_str(text);
	size_t at = sk_span_find(name, '=');

	if (at != name.len) {
		file = text + at + 1;
		name = sk_span_sub(name, 0, at);
	}
	ret->ops = report_find(sk_arena_str(cli_arena(ctx), name));
	ret->file = file != NULL && strcmp(file, "-") == 0 ? NULL : file;
	if (ret->ops == NULL)
		return unknown_format(name, err);
	if (file != NULL && *file == '\0')
		return sk_err_set(err, SK_E_USAGE, "-f %s: no file is named", text);
	/* Other scanners choose the format with -o. */
	if (file != NULL && report_find(file) != NULL)
		return sk_err_set(err, SK_E_USAGE,
				  "-o names a file; -f %s chooses the format, -o ./%s writes to "
				  "such a file",
				  file, file);
	return 0;
}

static int load_outputs(struct cli_context *ctx, struct output **ret, size_t *ret_n,
			struct sk_err *err)
{
	const char *file = cli_option(ctx, "output");
	const char *const *formats;
	struct output *outputs;
	size_t n = 0, n_unnamed = 0, n_stdout = 0;
	int r = 0;

	formats = cli_options(ctx, "format", &n);
	outputs = sk_arena_array(cli_arena(ctx), n, sizeof(*outputs));
	for (size_t i = 0; r == 0 && i < n; i++) {
		r = load_output(ctx, formats[i], file, &outputs[i], err);
		n_unnamed += strchr(formats[i], '=') == NULL;
		n_stdout += outputs[i].file == NULL;
	}
	if (r == 0 && (n_unnamed > 1 || n_stdout > 1))
		r = sk_err_set(err, SK_E_USAGE,
			       "two formats for one output; name a file: -f FORMAT=FILE");
	if (r == 0 && n_unnamed == 0 && file != NULL)
		r = sk_err_set(err, SK_E_USAGE, "-o %s: every format has a file of its own already",
			       file);
	*ret = outputs;
	*ret_n = n;
	return r;
}

static int write_file(const struct output *out, const struct model_report *report,
		      const struct report_options *opts, struct sk_err *err)
{
	char quoted[256];
	sk_cleanup(sk_closep) int fd =
		open(out->file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	struct sk_sink sink = sk_sink_fd(&fd);
	int r;

	(void)sk_text_quote(sk_span_str(out->file), quoted, sizeof(quoted));
	if (fd < 0)
		return sk_err_errno(err, errno, "%s", quoted);
	r = out->ops->write(report, opts, &sink, err);
	return r < 0 ? sk_err_wrap(err, r, "%s", quoted) : 0;
}

static int write_reports(struct cli_context *ctx, const struct output *outputs, size_t n,
			 const struct model_report *report, struct report_options opts,
			 struct sk_err *err)
{
	struct sk_sink sink = cli_stdout();
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		bool file = outputs[i].file != NULL;

		opts.colour = !file && cli_colour(ctx, STDOUT_FILENO);
		opts.width = file ? 0 : cli_width();
		r = file ? write_file(&outputs[i], report, &opts, err)
			 : outputs[i].ops->write(report, &opts, &sink, err);
	}
	return r;
}

static int open_db(struct cli_context *ctx, struct vulndb **ret, struct sk_err *err)
{
	const char *path = cmd_db_found_path(ctx, err);
	char quoted[256];
	int r;

	if (path == NULL)
		return -SK_E_NOT_FOUND;
	r = vulndb_open(path, ret, err);
	return r < 0 ? sk_err_wrap(err, r, "database %s",
				   sk_text_quote(sk_span_str(path), quoted, sizeof(quoted)))
		     : 0;
}

/** struct plan - everything that the command line asks for */
struct plan {
	struct scan_options scan;
	struct cli_progress line;
	struct scan_progress progress;
	struct match_ignores ignores;
	struct match_gate gate;
	struct output *outputs;
	size_t n_outputs;
};

/* Where layers are remembered; NULL: nowhere. */
static const char *cache_dir(struct cli_context *ctx)
{
	const char *dir = cli_config(ctx, "scan.cache_dir");
	const char *base = getenv("XDG_CACHE_HOME");
	const char *home = getenv("HOME");

	if (!cli_switch(ctx, "cache"))
		return NULL;
	if (dir != NULL && *dir != '\0')
		return dir;
	if (base != NULL && *base == '/')
		return sk_arena_printf(cli_arena(ctx), "%s/stockade", base);
	if (home != NULL && *home == '/')
		return sk_arena_printf(cli_arena(ctx), "%s/.cache/stockade", home);
	return NULL;
}

static int load_plan(struct cli_context *ctx, struct plan *p, struct sk_err *err)
{
	const char *workers = cli_option(ctx, "workers");
	const char *cache_size = cli_config(ctx, "scan.cache_size");
	size_t n_args;
	uint32_t n_workers = 0;
	int r = load_outputs(ctx, &p->outputs, &p->n_outputs, err);

	if (r == 0)
		r = load_gate(ctx, &p->gate, err);
	if (r == 0)
		r = load_ignores(ctx, &p->ignores, err);
	if (workers != NULL && r == 0 && !sk_parse_u32(sk_span_str(workers), &n_workers))
		r = sk_err_set(err, SK_E_USAGE, "--workers takes a number");
	p->progress = (struct scan_progress){.update = cli_progress_show, .ctx = &p->line};
	p->scan = (struct scan_options){
		.target = cli_args(ctx, &n_args)[0],
		.platform = cli_option(ctx, "platform"),
		.engine = getenv("DOCKER_HOST"),
		.limits = cli_limits(ctx),
		.n_workers = n_workers,
		.allow_empty = cli_switch(ctx, "allow-empty"),
		.cache_dir = cache_dir(ctx),
		.match = {.ignores = &p->ignores, .now = (int64_t)time(NULL)},
	};
	if (cache_size != NULL && !sk_parse_size(sk_span_str(cache_size), &p->scan.cache_size))
		p->scan.cache_dir = NULL;
	if (!cli_is_quiet(ctx) && cli_is_terminal(STDERR_FILENO))
		p->scan.progress = &p->progress;
	return r;
}

/* Reports may be in files: what made a job fail is said where it is looked for. */
static void tell_tripped(const struct plan *p, const struct model_report *report)
{
	bool is_told = false;

	for (size_t i = 0; i < p->n_outputs; i++)
		is_told |= p->outputs[i].file == NULL &&
			   strcmp(p->outputs[i].ops->name, "table") == 0 &&
			   cli_is_terminal(STDOUT_FILENO) && cli_is_terminal(STDERR_FILENO);
	if (!is_told)
		sk_log(SK_LOG_ERROR, "the gate tripped: %s", report->tripped_by);
}

/* 0 clean, 1 the gate tripped, 3 part of the target was not read. */
static int exit_code(const struct model_report *report, bool tripped)
{
	if (tripped)
		return CLI_EXIT_FINDINGS;
	if (strcmp(report->verdict, "incomplete") != 0)
		return CLI_EXIT_CLEAN;
	for (size_t i = 0; i < report->n_diagnostics; i++) {
		const struct model_diagnostic *d = &report->diagnostics[i];
		char place[256], message[512];

		if (d->severity != MODEL_DIAGNOSTIC_ERROR)
			continue;
		sk_log(SK_LOG_ERROR, "this is no clean result: %s: %s",
		       sk_text_quote(sk_span_str(d->place), place, sizeof(place)),
		       sk_text_quote(sk_span_str(d->message), message, sizeof(message)));
		break;
	}
	return CLI_EXIT_FAILURE;
}

static int run(struct cli_context *ctx)
{
	sk_cleanup(vulndb_closep) struct vulndb *db = NULL;
	struct plan plan = {0};
	struct model_report report;
	struct sk_err err = {0};
	bool tripped = false;
	int r = load_plan(ctx, &plan, &err);

	if (r == 0)
		r = open_db(ctx, &db, &err);
	if (r == 0) {
		r = scan_run(db, &plan.scan, cli_arena(ctx), &report, &err);
		cli_progress_end(&plan.line);
	}
	if (r == 0) {
		struct report_options opts = {.show_suppressed = cli_switch(ctx, "show-suppressed"),
					      .now = plan.scan.match.now};

		tripped = match_gate_apply(&plan.gate, &report, cli_arena(ctx));
		r = write_reports(ctx, plan.outputs, plan.n_outputs, &report, opts, &err);
		if (tripped)
			tell_tripped(&plan, &report);
	}
	return r < 0 ? cli_fail(ctx, &err) : exit_code(&report, tripped);
}

static const char more[] =
	"TARGET, by its content where no prefix says what it is:\n"
	"  docker-archive:FILE         what 'docker save' wrote, also compressed\n"
	"  oci:DIR[:TAG]               OCI layout; oci-archive:FILE[:TAG]: the same as a tar\n"
	"  docker:NAME                 image in the local Docker engine\n"
	"  dir:PATH, host:             root file system; this machine\n"
	"  layer:FILE                  one layer\n"
	"  purl:PURL, purls:FILE       packages by package URL, a list of them\n"
	"  -                           standard input\n";

const struct command cmd_scan = {
	.name = "scan",
	.summary = "find the packages of an image, a tree or a list and what is known of them",
	.usage = "[options] TARGET",
	.more = more,
	.options = options,
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
