/* SPDX-License-Identifier: Apache-2.0 */
/* One scan from its target to its report (docs/scan.md). */
#include "scan/scan.h"

#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/io.h"
#include "scan/session.h"
#include "unpack/unpack.h"

void scan_note(struct scan_session *s, enum model_diagnostic_severity severity, const char *place,
	       const char *fmt, ...)
{
	struct model_diagnostic *d;
	struct sk_buf text;
	va_list ap;
	char message[SK_ERR_MSG_SIZE];

	va_start(ap, fmt);
	(void)vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	sk_buf_init(&text, sizeof(message));
	SK_GROW(s->diagnostics, s->n_diagnostics, s->diagnostics_cap);
	d = &s->diagnostics[s->n_diagnostics++];
	d->severity = severity;
	d->place = place;
	d->message = sk_arena_strdup(s->arena, message);
	sk_buf_release(&text);
}

/** struct ticker - progress of one run of jobs */
struct ticker {
	const struct scan_progress *progress;
	const char *what;
};

static void tick(void *ctx, uint64_t done, uint64_t total)
{
	const struct ticker *t = ctx;

	t->progress->update(t->progress->ctx, t->what, done, total);
}

int scan_run_jobs(struct scan_session *s, const char *what, struct scan_job *jobs, size_t n_jobs,
		  struct sk_err *err)
{
	struct ticker ticker = {.progress = s->opts->progress, .what = what};
	struct scan_pool pool = {.n_workers = s->n_workers,
				 .deadline_ms = s->deadline_ms,
				 .tick = s->opts->progress != NULL ? tick : NULL,
				 .ctx = &ticker};
	bool feeds = false;

	unpack_prepare();
	for (size_t i = 0; i < n_jobs; i++) {
		jobs[i].limits = &s->opts->limits;
		feeds |= (jobs[i].flags & SCAN_JOB_TAKE_FD) != 0;
	}
	/* One feeds the other: both must run at once. */
	if (feeds && pool.n_workers < 2)
		pool.n_workers = 2;
	return scan_pool_run(&pool, jobs, n_jobs, err);
}

int scan_read_archive(struct scan_session *s, const struct scan_wanted *wanted, bool outer,
		      struct sk_err *err)
{
	bool contents = s->input == SCAN_INPUT_STREAM;
	struct scan_archive_ctx ctx = {
		.range = {.seekable = s->rereadable && s->engine_name == NULL,
			  .len = s->engine_name == NULL ? s->file_size : UINT64_MAX,
			  .head = s->head},
		.wanted = *wanted,
		.contents = contents,
		.outer = outer && contents,
	};
	struct scan_job jobs[2];
	size_t n = 0;
	struct scan_job *reader;
	int fd = s->fd, r = 0;

	if (s->engine_name != NULL)
		r = scan_engine_feed(s, &jobs[n++], &fd, err);
	if (r < 0)
		return r;
	reader = &jobs[n++];
	*reader = (struct scan_job){
		.what = "archive",
		.fd = fd,
		.flags = s->engine_name != NULL ? SCAN_JOB_TAKE_FD : 0,
		.work = scan_archive_work,
		.ctx = &ctx,
		.size_hint = contents && s->file_size != UINT64_MAX ? s->file_size : 0,
	};
	r = scan_run_jobs(s, contents ? "reading the image" : "reading the archive", jobs, n, err);
	for (size_t i = 0; i < n && r == 0; i++) {
		/* A broken pipe only says that the other side failed. */
		if (jobs[i].r == 0 || (jobs[i].r == -EPIPE && n == 2))
			continue;
		*err = jobs[i].err;
		r = jobs[i].r;
	}
	if (r == 0 && reader->r == 0) {
		sk_buf_release(&s->archive_bytes);
		s->archive_bytes = reader->answer;
		reader->answer = (struct sk_buf){0};
		r = scan_archive_decode(sk_buf_span(&s->archive_bytes), &s->opts->limits, s->arena,
					&s->archive, err);
	}
	for (size_t i = 0; i < n; i++)
		sk_buf_release(&jobs[i].answer);
	return r;
}

/* A lone layer and a tree are an image of one layer. */
static void plan_lone_layer(struct scan_session *s)
{
	struct scan_plan_layer *l = sk_arena_alloc(s->arena, sizeof(*l));

	l->name = s->input == SCAN_INPUT_TREE ? "tree" : "layer";
	l->stored_size = UINT64_MAX;
	l->blob = (struct scan_blob){
		.fd = s->fd,
		.range = {.seekable = s->rereadable, .len = s->file_size, .head = s->head},
		.size = s->file_size != UINT64_MAX ? s->file_size : 0,
	};
	s->layers = l;
	s->n_layers = 1;
}

static int read_image(struct scan_session *s, struct sk_err *err)
{
	int r = 0;

	if (s->input == SCAN_INPUT_TREE || s->kind == IMAGE_LAYER)
		plan_lone_layer(s);
	else
		r = scan_resolve_image(s, err);
	if (r == 0)
		r = scan_read_layers(s, err);
	if (r == 0)
		r = scan_merge_layers(s, err);
	return r;
}

static void describe_layers(struct scan_session *s)
{
	struct model_target *t = &s->report->target;

	if (s->input == SCAN_INPUT_TREE)
		return;
	t->n_layers = s->n_layers;
	t->layers = sk_arena_array(s->arena, s->n_layers, sizeof(*t->layers));
	for (size_t i = 0; i < s->n_layers; i++) {
		const struct scan_plan_layer *l = &s->layers[i];

		t->layers[i].digest = l->stored;
		if (l->facts != NULL && s->kind == IMAGE_LAYER)
			t->layers[i].digest = l->facts->stored;
		t->layers[i].diff_id = l->facts != NULL ? l->facts->diff_id : l->diff_id;
		t->layers[i].size = l->facts != NULL ? l->facts->size : l->blob.size;
		t->layers[i].created_by = l->created_by;
	}
}

static int run(struct scan_session *s, struct sk_err *err)
{
	struct model_report *report = s->report;
	int r = scan_open_target(s, err);

	if (r < 0)
		return r;
	if (s->kind == IMAGE_PURL || s->kind == IMAGE_PURLS) {
		r = scan_read_purls(s, err);
	} else {
		r = read_image(s, err);
		if (r == 0)
			describe_layers(s);
	}
	if (r < 0)
		return r;
	report->target.reference = s->opts->target;
	report->target.kind = image_kind_name(s->kind);
	if (s->db != NULL)
		vulndb_describe(s->db, s->arena, &report->database);
	return scan_assemble(s, err);
}

static unsigned count_cores(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return 1;
	return (unsigned)CPU_COUNT(&set);
}

static void finish_report(struct scan_session *s)
{
	struct model_report *report = s->report;

	report->verdict = "pass";
	report->diagnostics = sk_arena_array(s->arena, s->n_diagnostics, sizeof(*s->diagnostics));
	report->n_diagnostics = s->n_diagnostics;
	if (s->n_diagnostics != 0)
		memcpy(report->diagnostics, s->diagnostics,
		       s->n_diagnostics * sizeof(*s->diagnostics));
	for (size_t i = 0; i < s->n_diagnostics; i++)
		if (s->diagnostics[i].severity == MODEL_DIAGNOSTIC_ERROR)
			report->verdict = "incomplete";
}

static void release(struct scan_session *s)
{
	for (size_t i = 0; i < s->n_layers && s->input == SCAN_INPUT_DIR; i++)
		sk_closep(&s->layers[i].blob.fd);
	sk_closep(&s->fd);
	sk_closep(&s->root_fd);
	sk_buf_release(&s->archive_bytes);
	scan_cache_free(s->cache);
	sk_free(s->diagnostics);
	sk_free(s->given);
}

static struct scan_session session_of(const struct scan_options *opts, const struct vulndb *db,
				      struct sk_arena *a, struct model_report *report)
{
	return (struct scan_session){
		.opts = opts,
		.db = db,
		.arena = a,
		.n_workers = opts->n_workers != 0 ? opts->n_workers : count_cores(),
		.deadline_ms = sk_mono_ms() + opts->limits.max[SK_LIMIT_TIME] * 1000,
		.fd = -1,
		.root_fd = -1,
		.file_size = UINT64_MAX,
		.report = report,
	};
}

static int choose_platform(struct scan_session *s, struct sk_err *err)
{
	sk_budget_init(&s->budget, &s->opts->limits);
	if (s->opts->platform != NULL &&
	    !image_platform_parse(s->opts->platform, s->arena, &s->choice.platform))
		return sk_err_set(err, SK_E_USAGE, "platform is written os/arch[/variant]");
	return 0;
}

int scan_run(const struct vulndb *db, const struct scan_options *opts, struct sk_arena *a,
	     struct model_report *ret, struct sk_err *err)
{
	struct model_report report = {0};
	struct scan_session s = session_of(opts, db, a, &report);
	int r = choose_platform(&s, err);

	if (opts->cache_dir != NULL)
		s.cache = scan_cache_open(opts->cache_dir, opts->cache_size);
	if (r == 0)
		r = run(&s, err);
	if (r == 0) {
		finish_report(&s);
		*ret = report;
	}
	release(&s);
	return r;
}

int scan_extract(const struct scan_options *opts, const char *dir, struct sk_arena *a,
		 struct scan_extracted *ret, struct sk_err *err)
{
	struct model_report report = {0};
	struct scan_extracted start = {0};
	struct scan_session s = session_of(opts, NULL, a, &report);
	int r = choose_platform(&s, err);

	s.start = &start;
	if (r == 0)
		r = scan_extract_layers(&s, dir, err);
	if (r == 0)
		*ret = start;
	release(&s);
	return r;
}
