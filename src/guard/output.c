/* SPDX-License-Identifier: Apache-2.0 */
/* Events to all outputs, with repetitions of one cause folded. */
#include "guard/output.h"

#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/map.h"
#include "guard/call.h"
#include "guard/output-priv.h"

enum {
	MAX_CAUSES = 4096,    /* remembered at once; a flood of new ones empties the table */
	LINE_BYTES = 1 << 20, /* all ancestors with the longest of paths and arguments, escaped */
};

/* What happened again and again. */
struct cause {
	char *key;
	size_t key_len;
	struct sk_arena *arena;   /* of the copy, NULL when nothing is to be told */
	struct guard_event event; /* the first repetition not told yet, with the count of all */
	struct guard_output_files files; /* of those repetitions, where one cause has many */
	uint64_t due_us;                 /* when it is told, or forgotten when there was none */
};

struct guard_output {
	struct guard_output_options opts; /* texts are not kept here */
	struct guard_stream_output stream;
	struct guard_file_output file;
	struct guard_syslog_output syslog;
	struct guard_webhook *webhook;
	struct cause *causes;
	size_t n_causes;
	struct sk_map by_key; /* key → index into causes */
	struct guard_output_stats stats;
	struct sk_buf line;
	struct sk_buf text; /* the same for people, or for the system log */
};

int guard_output_new(const struct guard_output_options *opts, struct guard_output **ret,
		     struct sk_err *err)
{
	sk_cleanup(guard_output_freep) struct guard_output *o = sk_alloc(sizeof(*o));
	int r;

	o->opts = *opts;
	o->stream.fd = opts->fd;
	o->file.fd = -1;
	o->syslog.fd = -1;
	if (o->opts.fold_ms == 0)
		o->opts.fold_ms = GUARD_FOLD_MS;
	sk_buf_init(&o->line, LINE_BYTES);
	sk_buf_init(&o->text, LINE_BYTES);
	o->causes = sk_realloc_array(NULL, MAX_CAUSES, sizeof(*o->causes));
	if (opts->file != NULL) {
		r = guard_file_output_open(&o->file, opts->file, opts->file_size, opts->file_keep,
					   err);
		if (r < 0)
			return r;
	}
	if (opts->syslog)
		guard_syslog_output_open(&o->syslog, opts->syslog_socket);
	if (opts->webhook_url != NULL) {
		r = guard_webhook_new(opts->webhook_url, opts->webhook_authorization,
				      opts->webhook_ca_file, &o->webhook, err);
		if (r < 0)
			return r;
	}
	*ret = sk_take(o);
	return 0;
}

bool guard_output_has_log(const struct guard_output *o)
{
	return !o->opts.syslog || o->syslog.fd >= 0;
}

static void forget(struct cause *c)
{
	guard_output_files_release(&c->files);
	sk_arena_free(c->arena);
	sk_free(c->key);
}

static void forget_all(struct guard_output *o)
{
	for (size_t i = 0; i < o->n_causes; i++)
		forget(&o->causes[i]);
	o->n_causes = 0;
	sk_map_release(&o->by_key);
}

/* Alerts, blocks and losses are told to other machines; what is merely observed is not. */
static bool is_notable(const struct guard_event *e)
{
	return e->verdict >= GUARD_VERDICT_ALERTED || e->kind == GUARD_KIND_LOST;
}

static int write_people(struct guard_output *o, const struct guard_event *e, struct sk_err *err)
{
	struct sk_sink sink = sk_sink_buf(&o->text);
	int r = 0;

	if (o->opts.fd_json)
		return guard_stream_output_text(&o->stream, sk_buf_span(&o->line), err);
	sk_buf_reset(&o->text);
	r = guard_event_line(e, o->opts.fd_colour, &sink);
	return r < 0 ? sk_err_set(err, -r, "an event is too long to be written")
		     : guard_stream_output_text(&o->stream, sk_buf_span(&o->text), err);
}

/* What makes an event long is left out where it would find no room at all. */
static bool write_syslog(struct guard_output *o, const struct guard_event *e)
{
	struct sk_sink sink = sk_sink_buf(&o->text);
	struct guard_event brief = *e;

	if (o->line.len <= GUARD_SYSLOG_LINE)
		return guard_syslog_output_line(&o->syslog, e->severity, sk_buf_span(&o->line));
	brief.n_ancestry = 0;
	brief.args_cut = true;
	brief.n_args = 0;
	brief.n_files_examples = 0;
	brief.cwd = NULL;
	sk_buf_reset(&o->text);
	return guard_event_json(&brief, &sink) == 0 &&
	       guard_syslog_output_line(&o->syslog, e->severity, sk_buf_span(&o->text));
}

static int write_event(struct guard_output *o, const struct guard_event *e, struct sk_err *err)
{
	struct sk_sink sink = sk_sink_buf(&o->line);
	struct sk_span line;
	int r, r_file;

	sk_buf_reset(&o->line);
	r = guard_event_json(e, &sink);
	if (r < 0)
		return sk_err_set(err, -r, "an event is too long to be written");
	line = sk_buf_span(&o->line);
	o->stats.lines++;
	r = write_people(o, e, err);
	o->stats.fd_failed += r < 0;
	r_file = guard_file_output_line(&o->file, line, r < 0 ? NULL : err);
	o->stats.file_failed += r_file < 0;
	if (is_notable(e) && o->opts.syslog)
		o->stats.syslog_failed += !write_syslog(o, e);
	if (is_notable(e) && o->webhook != NULL)
		guard_webhook_line(o->webhook, line);
	return r < 0 ? r : r_file;
}

/*
 * A program that goes through a directory tree of its own, or brings its libraries, is one cause.
 * What also shows something well known is told by itself.
 */
static bool is_one_of_many(const struct guard_event *e)
{
	return e->file_is_listed && e->sign == NULL && e->file_path != NULL;
}

/* The name a program was started by: many are one file. Other arguments do not count. */
static void add_applet(const struct guard_event *e, struct sk_buf *b)
{
	struct guard_call call;

	if (e->kind != GUARD_KIND_EXEC && !is_one_of_many(e))
		return;
	guard_call_parse(e->kind == GUARD_KIND_EXEC ? e->file_path
			 : e->exe != NULL           ? e->exe
						    : "",
			 e->args, e->n_args, &call);
	(void)sk_buf_add_char(b, '\0');
	(void)sk_buf_add_str(b, call.applet);
}

/* The key: who, what and why, but not which process and when. */
static void add_key(const struct guard_event *e, struct sk_buf *b)
{
	bool many = is_one_of_many(e);
	const char *const texts[] = {
		e->service,
		e->container_id,
		e->container_name,
		e->image_digest,
		e->exe,
		many ? "files" : e->file_path,
		e->file_script,
		many ? NULL : e->file_sha256,
		e->peer_address,
		e->peer_protocol,
		e->peer_name,
		e->detail,
		e->error,
		e->profile,
		e->severity,
		e->attack,
		e->sign,
	};

	(void)sk_buf_printf(b, "%d %d %d %d %d %u", (int)e->kind, (int)e->verdict, (int)e->reason,
			    many ? -1 : (int)e->file_origin, (int)e->file_write, e->peer_port);
	for (size_t i = 0; i < SK_ARRAY_LEN(texts); i++) {
		(void)sk_buf_add_char(b, '\0');
		if (texts[i] != NULL)
			(void)sk_buf_add_str(b, texts[i]);
	}
	add_applet(e, b);
}

static uint64_t first_of(const struct guard_event *e)
{
	return e->first_us != 0 ? e->first_us : e->time_us;
}

static uint64_t last_of(const struct guard_event *e)
{
	return e->last_us != 0 ? e->last_us : e->time_us;
}

static uint64_t count_of(const struct guard_event *e)
{
	return e->count != 0 ? e->count : 1;
}

static void add_repetition(struct cause *c, const struct guard_event *e)
{
	struct guard_event *kept = &c->event;

	if (c->arena == NULL) {
		c->arena = sk_arena_new();
		guard_event_copy(c->arena, e, kept);
		kept->count = count_of(e);
		kept->first_us = first_of(e);
		kept->last_us = last_of(e);
		c->files.arena = c->arena;
		if (is_one_of_many(e))
			guard_output_files_add(&c->files, e->file_path);
		return;
	}
	if (is_one_of_many(e))
		guard_output_files_add(&c->files, e->file_path);
	kept->count += count_of(e);
	if (first_of(e) < kept->first_us)
		kept->first_us = first_of(e);
	if (last_of(e) > kept->last_us)
		kept->last_us = last_of(e);
}

/* Writes the repetitions, if there were any. */
static int tell(struct guard_output *o, struct cause *c, uint64_t now_us, struct sk_err *err)
{
	int r;

	c->due_us = now_us + (uint64_t)o->opts.fold_ms * 1000;
	if (c->arena == NULL)
		return 0;
	c->event.time_us = c->event.last_us;
	guard_output_files_tell(&c->files, &c->event);
	r = write_event(o, &c->event, err);
	guard_output_files_release(&c->files);
	sk_arena_free(c->arena);
	c->arena = NULL;
	return r;
}

static int flush(struct guard_output *o, struct sk_err *err)
{
	int r = 0;

	for (size_t i = 0; i < o->n_causes; i++) {
		int r_one = tell(o, &o->causes[i], 0, r < 0 ? NULL : err);

		r = r < 0 ? r : r_one;
	}
	forget_all(o);
	return r;
}

int guard_output_flush(struct guard_output *o, struct sk_err *err)
{
	return flush(o, err);
}

void guard_output_end(struct guard_output *o)
{
	if (o->webhook != NULL)
		guard_webhook_end(o->webhook);
}

void guard_output_free(struct guard_output *o)
{
	if (o == NULL)
		return;
	(void)flush(o, NULL); /* nobody is left to tell */
	forget_all(o);
	guard_webhook_free(o->webhook);
	guard_syslog_output_close(&o->syslog);
	guard_file_output_close(&o->file);
	sk_buf_release(&o->line);
	sk_buf_release(&o->text);
	sk_free(o->causes);
	sk_free(o);
}

static struct sk_span cause_key(const struct cause *c)
{
	return sk_span_of(c->key, c->key_len);
}

int guard_output_tick(struct guard_output *o, uint64_t now_us, struct sk_err *err)
{
	size_t kept = 0;
	int r = 0;

	for (size_t i = 0; i < o->n_causes; i++) {
		struct cause *c = &o->causes[i];

		if (now_us >= c->due_us && c->arena == NULL) {
			forget(c);
			continue;
		}
		if (now_us >= c->due_us) {
			int r_one = tell(o, c, now_us, r < 0 ? NULL : err);

			r = r < 0 ? r : r_one;
		}
		o->causes[kept++] = *c;
	}
	if (kept == o->n_causes)
		return r;
	o->n_causes = kept;
	sk_map_release(&o->by_key);
	for (size_t i = 0; i < kept; i++)
		(void)sk_map_put(&o->by_key, cause_key(&o->causes[i]), i);
	return r;
}

static void remember(struct guard_output *o, struct sk_buf *key, uint64_t now_us)
{
	struct cause *c = &o->causes[o->n_causes];

	memset(c, 0, sizeof(*c));
	c->key_len = key->len;
	c->key = sk_buf_steal(key);
	c->due_us = now_us + (uint64_t)o->opts.fold_ms * 1000;
	(void)sk_map_put(&o->by_key, cause_key(c), o->n_causes);
	o->n_causes++;
}

static int repeat(struct guard_output *o, struct cause *c, const struct guard_event *e,
		  uint64_t now_us, struct sk_err *err)
{
	add_repetition(c, e);
	return now_us >= c->due_us ? tell(o, c, now_us, err) : 0;
}

/* Less bad than anybody wants to hear of. What is lost may have been worse. */
static bool is_too_little(const struct guard_output *o, const struct guard_event *e)
{
	enum model_severity severity;

	return e->reason != GUARD_REASON_NONE && e->kind != GUARD_KIND_LOST &&
	       e->severity != NULL && model_severity_parse(sk_span_str(e->severity), &severity) &&
	       severity < o->opts.min_severity;
}

int guard_output_event(struct guard_output *o, const struct guard_event *e, uint64_t now_us,
		       struct sk_err *err)
{
	struct sk_buf key;
	uint64_t at = 0;
	int r = 0, r_now;

	o->stats.events += count_of(e);
	if (is_too_little(o, e))
		return 0;
	if (o->opts.no_fold ||
	    (e->verdict < GUARD_VERDICT_ALERTED && e->reason == GUARD_REASON_NONE) ||
	    e->kind == GUARD_KIND_LOST || (e->first_us != 0 && !is_one_of_many(e)))
		return write_event(o, e, err);
	sk_buf_init(&key, LINE_BYTES);
	add_key(e, &key);
	if (sk_map_get(&o->by_key, sk_buf_span(&key), &at)) {
		sk_buf_release(&key);
		return repeat(o, &o->causes[at], e, now_us, err);
	}
	if (o->n_causes == MAX_CAUSES)
		r = guard_output_flush(o, err);
	remember(o, &key, now_us);
	r_now = write_event(o, e, r < 0 ? NULL : err);
	return r < 0 ? r : r_now;
}

int guard_output_reopen(struct guard_output *o, struct sk_err *err)
{
	return guard_file_output_reopen(&o->file, err);
}

void guard_output_stats(const struct guard_output *o, struct guard_output_stats *ret)
{
	*ret = o->stats;
	if (o->webhook != NULL)
		guard_webhook_stats(o->webhook, &ret->webhook_sent, &ret->webhook_failed,
				    &ret->webhook_note);
}
