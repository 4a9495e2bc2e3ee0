/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading: files are walked in the order of their names, cut into jobs of whole lines, parsed on
 * threads and merged in order, so that the result does not depend on the threads. What is in flight
 * is bounded: JOBS pieces.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/parse.h"
#include "base/text.h"
#include "vulndb/ingest-priv.h"
#include "vulndb/stream-priv.h"

enum {
	JOBS = 8,
	JOB_BYTES = 1024 * 1024,
	MAX_LINE =
		256 * 1024 * 1024, /* the largest single document, Debian's tracker, has 70 MiB */
	MAX_DEPTH = 16,
	MAX_THREADS = 16,
};

enum job_state {
	JOB_FREE,
	JOB_READY,
	JOB_RUNNING,
	JOB_DONE,
};

struct job {
	enum job_state state;
	enum vulndb_kind kind;
	struct sk_buf text;
	struct vulndb_batch batch;
};

/* Counts of one file, or of the single-document files of one directory. */
struct tally {
	uint64_t read, bad, unknown;
};

struct vulndb_ingest {
	struct vulndb_merge *m;
	struct sk_arena *arena;
	struct vulndb_build_result *ret;
	struct vulndb_note *notes;
	size_t n_notes, notes_cap;
	struct tally file;
	int64_t table_date;
	uint64_t n_used;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool stop;
	struct job jobs[JOBS];
	size_t head, tail; /* next to fill, next to merge */
	pthread_t threads[MAX_THREADS];
	size_t n_threads;
};

static void add_note(struct vulndb_ingest *in, const char *place, const char *message)
{
	SK_GROW(in->notes, in->n_notes, in->notes_cap);
	in->notes[in->n_notes++] = (struct vulndb_note){sk_arena_strdup(in->arena, place),
							sk_arena_strdup(in->arena, message)};
}

static void run_job(struct job *j)
{
	j->batch.arena = sk_arena_new();
	vulndb_parse_piece(j->kind, sk_buf_span(&j->text), &j->batch);
}

static struct job *find_ready(struct vulndb_ingest *in)
{
	for (size_t i = in->tail; i != in->head; i = (i + 1) % JOBS) {
		if (in->jobs[i].state == JOB_READY)
			return &in->jobs[i];
	}
	return NULL;
}

static void *work(void *ctx)
{
	struct vulndb_ingest *in = ctx;

	pthread_mutex_lock(&in->lock);
	for (;;) {
		struct job *j = find_ready(in);

		if (j == NULL) {
			if (in->stop)
				break;
			pthread_cond_wait(&in->changed, &in->lock);
			continue;
		}
		j->state = JOB_RUNNING;
		pthread_mutex_unlock(&in->lock);
		run_job(j);
		pthread_mutex_lock(&in->lock);
		j->state = JOB_DONE;
		pthread_cond_broadcast(&in->changed);
	}
	pthread_mutex_unlock(&in->lock);
	return NULL;
}

static void batch_release(struct vulndb_batch *b)
{
	sk_arena_free(b->arena);
	sk_free(b->docs);
	sk_free(b->eols);
	sk_free(b->repos);
	sk_free(b->modules);
	sk_free(b->skips);
	*b = (struct vulndb_batch){0};
}

static void note_skips(struct vulndb_ingest *in, const struct vulndb_batch *b, const char *place)
{
	char quoted[160];

	for (size_t i = 0; i < b->n_skips && in->n_notes < 1000; i++) {
		const struct vulndb_skip *s = &b->skips[i];

		if (b->n_bad == 0 && b->n_unknown == 0)
			break;
		add_note(in, place,
			 sk_arena_printf(in->arena, "%s: %s: %s", s->feed, s->reason,
					 sk_text_quote(s->example, quoted, sizeof(quoted))));
	}
}

/* Merges the oldest job once it is done. */
static void merge_oldest(struct vulndb_ingest *in, const char *place)
{
	struct job *j = &in->jobs[in->tail];

	pthread_mutex_lock(&in->lock);
	while (j->state != JOB_DONE)
		pthread_cond_wait(&in->changed, &in->lock);
	pthread_mutex_unlock(&in->lock);
	vulndb_merge_batch(in->m, &j->batch);
	in->file.read += j->batch.n_read;
	in->file.bad += j->batch.n_bad;
	in->file.unknown += j->batch.n_unknown;
	note_skips(in, &j->batch, place);
	batch_release(&j->batch);
	sk_buf_reset(&j->text);
	pthread_mutex_lock(&in->lock);
	j->state = JOB_FREE;
	in->tail = (in->tail + 1) % JOBS;
	pthread_mutex_unlock(&in->lock);
}

static void submit(struct vulndb_ingest *in, enum vulndb_kind kind, struct sk_buf *text,
		   const char *place)
{
	struct job *j;
	struct sk_buf swap;

	if ((in->head + 1) % JOBS == in->tail)
		merge_oldest(in, place);
	j = &in->jobs[in->head];
	swap = j->text;
	j->text = *text;
	*text = swap;
	sk_buf_reset(text);
	j->kind = kind;
	j->batch.table_date = in->table_date;
	if (in->n_threads == 0)
		run_job(j);
	pthread_mutex_lock(&in->lock);
	j->state = in->n_threads != 0 ? JOB_READY : JOB_DONE;
	in->head = (in->head + 1) % JOBS;
	pthread_cond_broadcast(&in->changed);
	pthread_mutex_unlock(&in->lock);
}

static void drain(struct vulndb_ingest *in, const char *place)
{
	while (in->tail != in->head)
		merge_oldest(in, place);
}

/* Is @line one whole JSON value: do its brackets close at its end. */
static bool is_whole(struct sk_span line)
{
	size_t depth = 0;
	bool text = false;

	for (size_t i = 0; i < line.len; i++) {
		char c = line.ptr[i];

		if (text) {
			if (c == '\\')
				i++;
			else if (c == '"')
				text = false;
		} else if (c == '"') {
			text = true;
		} else if (c == '{' || c == '[') {
			depth++;
		} else if (c == '}' || c == ']') {
			if (depth == 0)
				return false;
			depth--;
		}
	}
	return depth == 0 && !text;
}

static enum vulndb_kind kind_of(struct sk_span head)
{
	struct sk_span line;
	struct sk_span rest = head;

	if (vulndb_is_table(head))
		return VULNDB_KIND_TABLE;
	rest = sk_span_trim(head);
	if (rest.len == 0 || (rest.ptr[0] != '{' && rest.ptr[0] != '['))
		return VULNDB_KIND_OTHER;
	line = sk_span_sub(rest, 0, sk_span_find(rest, '\n'));
	return line.ptr[0] == '{' && line.len < rest.len && is_whole(line) ? VULNDB_KIND_LINES
									   : VULNDB_KIND_WHOLE;
}

static int64_t date_of_table(struct sk_span head)
{
	struct sk_span line;
	int64_t t = 0;

	if (!sk_span_line(&head, &line) || line.len == 0 || line.ptr[0] != '#')
		return 0;
	for (size_t i = 0; i + 11 < line.len; i++) {
		struct sk_span at = sk_span_sub(line, i, line.len);

		if (sk_span_strip_prefix(&at, "score_date:") &&
		    sk_parse_time(sk_span_sub(at, 0, 10), &t))
			return t;
	}
	return 0;
}

/* Gives the whole lines in @text to a job; the rest stays. */
static void cut_job(struct vulndb_ingest *in, enum vulndb_kind kind, struct sk_buf *text,
		    const char *place)
{
	struct sk_span all = sk_buf_span(text);
	size_t cut = all.len;
	struct sk_buf rest;

	while (cut > 0 && all.ptr[cut - 1] != '\n')
		cut--;
	if (cut == 0)
		return;
	sk_buf_init(&rest, MAX_LINE);
	(void)sk_buf_add(&rest, all.ptr + cut, all.len - cut);
	text->len = cut;
	submit(in, kind, text, place);
	(void)sk_buf_add_span(text, sk_buf_span(&rest));
	sk_buf_release(&rest);
}

static int read_stream(struct vulndb_ingest *in, struct vulndb_stream *s, const char *place,
		       enum vulndb_kind *ret_kind, struct sk_err *err)
{
	struct sk_buf text;
	struct sk_span piece;
	bool known = false;
	int r;

	sk_buf_init(&text, MAX_LINE);
	*ret_kind = VULNDB_KIND_OTHER;
	while ((r = vulndb_stream_next(s, &piece, err)) > 0) {
		if (!sk_buf_add_span(&text, piece)) {
			r = sk_err_set(err, SK_E_LIMIT, "a document of more than %d MiB",
				       MAX_LINE >> 20);
			break;
		}
		if (!known) {
			*ret_kind = kind_of(sk_buf_span(&text));
			in->table_date = date_of_table(sk_buf_span(&text));
			known = true;
			if (*ret_kind == VULNDB_KIND_OTHER)
				break;
		}
		if (*ret_kind != VULNDB_KIND_WHOLE && text.len >= JOB_BYTES)
			cut_job(in, *ret_kind, &text, place);
	}
	if (r >= 0 && *ret_kind != VULNDB_KIND_OTHER && text.len != 0)
		submit(in, *ret_kind, &text, place);
	sk_buf_release(&text);
	drain(in, place);
	return r < 0 ? r : 0;
}

static int judge(const struct tally *t, const char *place, struct sk_err *err)
{
	if (t->bad * 2 <= t->read || t->bad == 0)
		return 0;
	return sk_err_set(err, SK_E_FORMAT, "%s: %llu of %llu documents are malformed", place,
			  (unsigned long long)t->bad, (unsigned long long)t->read);
}

static int read_file(struct vulndb_ingest *in, const char *path, bool named,
		     struct tally *directory, struct sk_err *err)
{
	sk_cleanup(vulndb_stream_closep) struct vulndb_stream *s = NULL;
	enum vulndb_kind kind = VULNDB_KIND_OTHER;
	int r;

	in->file = (struct tally){0};
	r = vulndb_stream_open(path, &s, err);
	if (r == 0)
		r = read_stream(in, s, path, &kind, err);
	if (r < 0)
		return sk_err_wrap(err, r, "%s", path);
	if (kind == VULNDB_KIND_OTHER && named)
		return sk_err_set(err, SK_E_UNSUPPORTED, "%s: no feed that is known", path);
	if (kind == VULNDB_KIND_OTHER) {
		add_note(in, path, "no feed, left out");
		return 0;
	}
	in->n_used += in->file.read - in->file.unknown - in->file.bad;
	in->ret->bad += in->file.bad;
	if (kind == VULNDB_KIND_WHOLE && !named) {
		directory->read += in->file.read;
		directory->bad += in->file.bad;
		return 0;
	}
	return judge(&in->file, path, err);
}

static int cmp_name(const void *pa, const void *pb)
{
	return strcmp(*(char *const *)pa, *(char *const *)pb);
}

static int list_directory(const char *path, char ***ret, size_t *ret_n, struct sk_err *err)
{
	DIR *d = opendir(path);
	char **names = NULL;
	size_t n = 0;
	size_t cap = 0;
	const struct dirent *e;

	if (d == NULL)
		return sk_err_errno(err, errno, "open %s", path);
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		SK_GROW(names, n, cap);
		names[n++] = sk_strdup(e->d_name);
	}
	(void)closedir(d); /* it was only read */
	if (n != 0)
		qsort(names, n, sizeof(*names), cmp_name);
	*ret = names;
	*ret_n = n;
	return 0;
}

static int read_path(struct vulndb_ingest *in, const char *path, int depth, struct tally *directory,
		     struct sk_err *err);

static int read_directory(struct vulndb_ingest *in, const char *path, int depth, struct sk_err *err)
{
	struct tally tally = {0};
	char **names = NULL;
	size_t n = 0;
	int r;

	if (depth > MAX_DEPTH)
		return sk_err_set(err, SK_E_LIMIT, "%s: nested too deeply", path);
	r = list_directory(path, &names, &n, err);
	for (size_t i = 0; i < n; i++) {
		if (r == 0) {
			char *child = NULL;

			if (asprintf(&child, "%s/%s", path, names[i]) < 0)
				abort();
			r = read_path(in, child, depth + 1, &tally, err);
			free(child);
		}
		sk_free(names[i]);
	}
	sk_free(names);
	return r < 0 ? r : judge(&tally, path, err);
}

static int read_path(struct vulndb_ingest *in, const char *path, int depth, struct tally *directory,
		     struct sk_err *err)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return sk_err_errno(err, errno, "%s", path);
	if (S_ISDIR(st.st_mode))
		return read_directory(in, path, depth, err);
	if (!S_ISREG(st.st_mode)) {
		add_note(in, path, "no regular file, left out");
		return 0;
	}
	return read_file(in, path, depth == 0, directory, err);
}

static void start_threads(struct vulndb_ingest *in, int wanted)
{
	long online = sysconf(_SC_NPROCESSORS_ONLN);

	if (wanted <= 0)
		wanted = online > 0 ? (int)online : 1;
	while (in->n_threads < (size_t)wanted && in->n_threads < MAX_THREADS) {
		if (pthread_create(&in->threads[in->n_threads], NULL, work, in) != 0)
			break; /* fewer threads do as well */
		in->n_threads++;
	}
}

static void stop_threads(struct vulndb_ingest *in)
{
	pthread_mutex_lock(&in->lock);
	in->stop = true;
	pthread_cond_broadcast(&in->changed);
	pthread_mutex_unlock(&in->lock);
	for (size_t i = 0; i < in->n_threads; i++)
		(void)pthread_join(in->threads[i], NULL);
}

int vulndb_ingest(const struct vulndb_build_options *opts, struct vulndb_merge *m,
		  struct sk_arena *a, struct vulndb_build_result *ret, struct sk_err *err)
{
	struct vulndb_ingest *in = sk_alloc(sizeof(*in));
	struct tally top = {0};
	int r = 0;

	*in = (struct vulndb_ingest){.m = m, .arena = a, .ret = ret};
	pthread_mutex_init(&in->lock, NULL);
	pthread_cond_init(&in->changed, NULL);
	for (size_t i = 0; i < JOBS; i++)
		sk_buf_init(&in->jobs[i].text, MAX_LINE);
	start_threads(in, opts->jobs);
	for (size_t i = 0; i < opts->n_paths && r == 0; i++)
		r = read_path(in, opts->paths[i], 0, &top, err);
	stop_threads(in);
	for (size_t i = 0; i < JOBS; i++) {
		batch_release(&in->jobs[i].batch);
		sk_buf_release(&in->jobs[i].text);
	}
	if (r == 0 && in->n_used == 0)
		r = sk_err_set(err, SK_E_UNSUPPORTED, "no document of a known feed in the input");
	if (in->n_notes != 0) {
		struct vulndb_note *notes = sk_arena_array(a, in->n_notes, sizeof(*notes));

		memcpy(notes, in->notes, in->n_notes * sizeof(*notes));
		ret->notes = notes;
		ret->n_notes = in->n_notes;
	}
	sk_free(in->notes);
	pthread_cond_destroy(&in->changed);
	pthread_mutex_destroy(&in->lock);
	sk_free(in);
	return r;
}
