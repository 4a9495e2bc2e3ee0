/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading: files are walked in the order of their names, cut into jobs of whole lines, parsed on
 * threads and merged in order, so that the result does not depend on the threads. What is in flight
 * is bounded: JOBS pieces.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
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
	MAX_NOTES = 1000,
	SPLIT_OVER = 4 * 1024 * 1024, /* bytes of one document that is read in pieces */
};

/* Counts of one file, or of the single documents of one directory or archive. */
struct tally {
	uint64_t read, bad, unknown;
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
	struct tally *tally;
	const char *place; /* in the arena */
};

struct vulndb_ingest {
	struct vulndb_merge *m;
	struct sk_arena *arena;
	struct vulndb_build_result *ret;
	struct vulndb_note *notes;
	size_t n_notes, notes_cap;
	struct sk_buf many; /* single documents on their way into one job */
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
	if (in->n_notes >= MAX_NOTES)
		return;
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

	for (size_t i = 0; i < b->n_skips && in->n_notes < MAX_NOTES; i++) {
		const struct vulndb_skip *s = &b->skips[i];

		if (b->n_bad == 0 && b->n_unknown == 0)
			break;
		add_note(in, place,
			 sk_arena_printf(in->arena, "%s: %s: %s", s->feed, s->reason,
					 sk_text_quote(s->example, quoted, sizeof(quoted))));
	}
}

/* Merges the oldest job once it is done. */
static void merge_oldest(struct vulndb_ingest *in)
{
	struct job *j = &in->jobs[in->tail];

	pthread_mutex_lock(&in->lock);
	while (j->state != JOB_DONE)
		pthread_cond_wait(&in->changed, &in->lock);
	pthread_mutex_unlock(&in->lock);
	vulndb_merge_batch(in->m, &j->batch);
	j->tally->read += j->batch.n_read;
	j->tally->bad += j->batch.n_bad;
	j->tally->unknown += j->batch.n_unknown;
	in->n_used += j->batch.n_read - j->batch.n_bad - j->batch.n_unknown;
	in->ret->bad += j->batch.n_bad;
	note_skips(in, &j->batch, j->place);
	batch_release(&j->batch);
	sk_buf_reset(&j->text);
	pthread_mutex_lock(&in->lock);
	j->state = JOB_FREE;
	in->tail = (in->tail + 1) % JOBS;
	pthread_mutex_unlock(&in->lock);
}

static void submit(struct vulndb_ingest *in, enum vulndb_kind kind, struct sk_buf *text,
		   struct tally *tally, const char *place)
{
	struct job *j;
	struct sk_buf swap;

	if ((in->head + 1) % JOBS == in->tail)
		merge_oldest(in);
	j = &in->jobs[in->head];
	swap = j->text;
	j->text = *text;
	*text = swap;
	sk_buf_reset(text);
	j->kind = kind;
	j->tally = tally;
	j->place = place;
	j->batch.table_date = in->table_date;
	if (in->n_threads == 0)
		run_job(j);
	pthread_mutex_lock(&in->lock);
	j->state = in->n_threads != 0 ? JOB_READY : JOB_DONE;
	in->head = (in->head + 1) % JOBS;
	pthread_cond_broadcast(&in->changed);
	pthread_mutex_unlock(&in->lock);
}

static void drain(struct vulndb_ingest *in)
{
	while (in->tail != in->head)
		merge_oldest(in);
}

/* Is a job under way that counts in @tally. */
static bool tally_in_use(const struct vulndb_ingest *in, const struct tally *tally)
{
	for (size_t i = in->tail; i != in->head; i = (i + 1) % JOBS) {
		if (in->jobs[i].tally == tally)
			return true;
	}
	return false;
}

static void flush_many(struct vulndb_ingest *in, struct tally *tally, const char *place)
{
	if (in->many.len != 0)
		submit(in, VULNDB_KIND_MANY, &in->many, tally, place);
}

/* One document among many small ones. */
static void add_single(struct vulndb_ingest *in, struct sk_span text, struct tally *tally,
		       const char *place)
{
	(void)sk_buf_add_span(&in->many, text); /* both are bounded well below its maximum */
	(void)sk_buf_add_char(&in->many, '\0');
	if (in->many.len >= JOB_BYTES)
		flush_many(in, tally, place);
}

/*
 * Where the JSON value or member that begins @s ends: at the comma or brace behind it, else at the
 * end of @s. *ret_whole: its brackets and texts are closed there.
 */
static size_t value_end(struct sk_span s, bool *ret_whole)
{
	size_t depth = 0;
	bool text = false;

	*ret_whole = false;
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if (text) {
			if (c == '\\')
				i++;
			else if (c == '"')
				text = false;
		} else if (c == '"') {
			text = true;
		} else if (c == '{' || c == '[') {
			depth++;
		} else if (depth == 0 && (c == ',' || c == '}')) {
			*ret_whole = true;
			return i;
		} else if (c == '}' || c == ']') {
			if (depth == 0)
				return s.len; /* what it closes was never open */
			depth--;
		}
	}
	*ret_whole = depth == 0 && !text;
	return s.len;
}

static enum vulndb_kind kind_of(struct sk_span head)
{
	struct sk_span line;
	struct sk_span rest = head;
	bool whole;

	if (vulndb_is_table(head))
		return VULNDB_KIND_TABLE;
	rest = sk_span_trim(head);
	if (rest.len == 0 || (rest.ptr[0] != '{' && rest.ptr[0] != '['))
		return VULNDB_KIND_OTHER;
	line = sk_span_sub(rest, 0, sk_span_find(rest, '\n'));
	whole = line.ptr[0] == '{' && line.len < rest.len && value_end(line, &whole) == line.len &&
		whole;
	return whole ? VULNDB_KIND_LINES : VULNDB_KIND_WHOLE;
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
		    struct tally *tally, const char *place)
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
	submit(in, kind, text, tally, place);
	(void)sk_buf_add_span(text, sk_buf_span(&rest));
	sk_buf_release(&rest);
}

/* A large object becomes several of about JOB_BYTES, with its members in order. */
static void split_object(struct vulndb_ingest *in, struct sk_span text, struct tally *tally,
			 const char *place)
{
	struct sk_buf piece;

	sk_buf_init(&piece, MAX_LINE);
	text = sk_span_trim(text);
	text = sk_span_sub(text, 1, text.len);
	while (text.len != 0) {
		bool whole;
		size_t end = value_end(text, &whole);
		bool cut_off = end >= text.len;
		bool last = cut_off || text.ptr[end] == '}';

		(void)sk_buf_add_char(&piece, piece.len == 0 ? '{' : ',');
		(void)sk_buf_add_span(&piece, sk_span_sub(text, 0, end));
		text = sk_span_sub(text, end + 1, text.len);
		if (piece.len < JOB_BYTES && !last)
			continue;
		if (!cut_off) /* else it is left open, for the parser to say so */
			(void)sk_buf_add_char(&piece, '}');
		submit(in, VULNDB_KIND_WHOLE, &piece, tally, place);
		if (last)
			break;
	}
	sk_buf_release(&piece);
}

static void finish_text(struct vulndb_ingest *in, enum vulndb_kind kind, struct sk_buf *text,
			bool named, struct tally *directory, struct tally *tally, const char *place)
{
	if (kind == VULNDB_KIND_OTHER || text->len == 0)
		return;
	if (kind == VULNDB_KIND_WHOLE && text->len > SPLIT_OVER &&
	    sk_span_trim(sk_buf_span(text)).ptr[0] == '{')
		split_object(in, sk_buf_span(text), tally, place);
	else if (kind == VULNDB_KIND_WHOLE && !named && text->len < JOB_BYTES)
		add_single(in, sk_buf_span(text), directory, place);
	else
		submit(in, kind, text, tally, place);
}

static int read_stream(struct vulndb_ingest *in, struct vulndb_stream *s, bool named,
		       struct tally *directory, struct tally *tally, const char *place,
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
		if (!known && text.len < 4096)
			continue; /* until there is enough to tell, or all of it */
		if (!known) {
			*ret_kind = kind_of(sk_buf_span(&text));
			in->table_date = date_of_table(sk_buf_span(&text));
			known = true;
			if (*ret_kind == VULNDB_KIND_OTHER)
				break;
		}
		if (*ret_kind != VULNDB_KIND_WHOLE && text.len >= JOB_BYTES)
			cut_job(in, *ret_kind, &text, tally, place);
	}
	if (!known) {
		*ret_kind = kind_of(sk_buf_span(&text));
		in->table_date = date_of_table(sk_buf_span(&text));
	}
	if (r >= 0)
		finish_text(in, *ret_kind, &text, named, directory, tally, place);
	sk_buf_release(&text);
	return r < 0 ? r : 0;
}

static int judge(const struct tally *t, const char *place, struct sk_err *err)
{
	if (t->bad * 2 <= t->read || t->bad == 0)
		return 0;
	return sk_err_set(err, SK_E_FORMAT,
			  "%s: %" PRIu64 " of %" PRIu64 " documents are malformed", place, t->bad,
			  t->read);
}

static int read_zip(struct vulndb_ingest *in, struct vulndb_zip *z, const char *place,
		    struct sk_err *err)
{
	struct tally tally = {0};
	struct sk_buf member;
	struct sk_span name;
	int r;

	flush_many(in, &tally, place);
	sk_buf_init(&member, MAX_LINE);
	while ((r = vulndb_zip_next(z, &name, &member, err)) > 0) {
		if (sk_span_ends(name, ".json"))
			add_single(in, sk_buf_span(&member), &tally, place);
		else if (!sk_span_ends(name, "/"))
			add_note(in, place, "a member that is no JSON document, left out");
		sk_buf_reset(&member);
	}
	sk_buf_release(&member);
	flush_many(in, &tally, place);
	drain(in);
	return r < 0 ? r : judge(&tally, place, err);
}

static int read_file(struct vulndb_ingest *in, const char *path, bool named,
		     struct tally *directory, struct sk_err *err)
{
	sk_cleanup(vulndb_stream_closep) struct vulndb_stream *s = NULL;
	sk_cleanup(vulndb_zip_closep) struct vulndb_zip *z = NULL;
	const char *place = sk_arena_strdup(in->arena, path);
	enum vulndb_kind kind = VULNDB_KIND_OTHER;
	struct tally tally = {0};
	int r;

	r = vulndb_zip_open(path, &z, err);
	if (r == 0 && z != NULL) {
		flush_many(in, directory, place);
		r = read_zip(in, z, place, err);
		return r < 0 ? sk_err_wrap(err, r, "%s", path) : 0;
	}
	if (r == 0)
		r = vulndb_stream_open(path, &s, err);
	if (r == 0)
		r = read_stream(in, s, named, directory, &tally, place, &kind, err);
	/* What a file gave is counted before the next one is begun, single documents excepted. */
	if (tally_in_use(in, &tally))
		drain(in);
	if (r < 0)
		return sk_err_wrap(err, r, "%s", path);
	if (kind == VULNDB_KIND_OTHER && named)
		return sk_err_set(err, SK_E_UNSUPPORTED, "%s: no feed that is known", path);
	if (kind == VULNDB_KIND_OTHER)
		add_note(in, path, "no feed, left out");
	return judge(&tally, path, err);
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
	flush_many(in, &tally, sk_arena_strdup(in->arena, path));
	drain(in);
	return r < 0 ? r : judge(&tally, path, err);
}

static int read_path(struct vulndb_ingest *in, const char *path, int depth, struct tally *directory,
		     struct sk_err *err)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return sk_err_errno(err, errno, "%s", path);
	if (S_ISDIR(st.st_mode)) {
		flush_many(in, directory, sk_arena_strdup(in->arena, path));
		return read_directory(in, path, depth, err);
	}
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
	sk_buf_init(&in->many, MAX_LINE);
	start_threads(in, opts->jobs);
	for (size_t i = 0; i < opts->n_paths && r == 0; i++)
		r = read_path(in, opts->paths[i], 0, &top, err);
	stop_threads(in);
	sk_buf_release(&in->many);
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
