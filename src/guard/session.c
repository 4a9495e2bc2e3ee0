/* SPDX-License-Identifier: Apache-2.0 */
/* The loop: records are handed on as events, containers come and go, a sign of life is given. */
#include "guard/session.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/parse.h"
#include "guard/kern-pin.h"
#include "guard/later.h"
#include "guard/lineage.h"
#include "guard/resolved.h"
#include "guard/session-priv.h"

enum {
	POLL_MS = 20,                 /* how long records may wait in the ring */
	BEAT_NS = 500000000,          /* heartbeat, losses, unnamed containers */
	ASK_PAUSE_MOST = 60000000000, /* between questions about what no engine knows */
	FOLD_S = 9,                   /* between lines of one cause: "at least every 10 s" */
	MAX_OFF = 4096,               /* records that wait for files */
	MAX_OFF_ONE = 256,            /* of one container */
};

uint64_t guard_session_time(const struct guard_session *s, uint64_t mono_ns)
{
	return (mono_ns + s->offset_ns) / SK_US_NS;
}

struct guard_kern *guard_session_kern(struct guard_session *s)
{
	return s->kern;
}

struct guard_reader *guard_session_reader(struct guard_session *s)
{
	return s->reader;
}

struct guard_attrib *guard_session_attrib(struct guard_session *s)
{
	return s->attrib;
}

/* A program that runs from now on. Denied ones never did; killed ones did not get to it. */
static void remember_exec(struct guard_session *s, const struct guard_rec *rec,
			  const struct guard_event *e)
{
	struct guard_image_of image = {.exec_id = rec->exec_id,
				       .parent = rec->parent_exec_id,
				       .host_pid = rec->host_pid,
				       .pid = rec->pid,
				       .host_ppid = rec->host_ppid,
				       .n_args = (uint32_t)e->n_args,
				       .exe = s->path};

	if (rec->verdict != GUARD_REC_DENIED)
		guard_lineage_add(s->lineage, &image, e->args);
}

/* A sign of life, also while much is to be looked at. */
static void beat(struct guard_session *s, uint64_t now)
{
	guard_kern_heartbeat(s->kern);
	s->beat_ns = now;
}

/* NULL when it is nobody's who is known here. */
static struct guard_whose *whose_record(struct guard_session *s, const struct guard_rec *rec)
{
	struct guard_whose *w = guard_attrib_get(s->attrib, rec->cgroup);

	/* Its first programs may be read before the news that it was made. */
	if (w == NULL && !s->is_late && !guard_attrib_is_full(s->attrib))
		w = guard_session_meet(s, rec->cgroup, 0);
	/* The news that it was made may be read before it can be found. */
	if (w != NULL && !w->is_host && w->path[0] == '\0')
		guard_session_find_path(s, w);
	if (w != NULL && !w->is_known && (rec->flags & GUARD_RF_PENDING) != 0) {
		(void)guard_attrib_ask(s->attrib, w);
		guard_session_settle(s, w);
	}
	return w;
}

/* A record that nobody selected. What nobody can name is not let go on with what its rules forbid.
 */
static void turn_away(struct guard_session *s, const struct guard_rec *rec, bool is_nobodys)
{
	if (is_nobodys && s->is_late && rec->verdict > GUARD_REC_ALLOWED)
		s->n_strays++;
	else if (is_nobodys && rec->verdict >= GUARD_REC_ALERTED &&
		 (rec->verdict != GUARD_REC_HELD || rec->reason != 0))
		s->n_untold++;
	if (rec->verdict == GUARD_REC_HELD)
		(void)guard_kern_release(s->kern, rec,
					 is_nobodys && rec->reason != 0 ? SIGKILL : SIGCONT);
}

static void tell(struct guard_session *s, const struct guard_rec *rec, const uint8_t *data,
		 struct guard_event *e, struct guard_whose *w)
{
	s->data = data;
	s->ops.event(s->ctx, rec, e, w);
	s->data = NULL;
}

static int on_record(void *ctx, const struct guard_rec *given, const uint8_t *data, size_t len)
{
	struct guard_session *s = ctx;
	struct guard_rec late;
	const struct guard_rec *rec = given;
	struct guard_whose *w;
	struct guard_event e;
	uint64_t now = sk_mono_ns();

	if (s->beat_ns != 0 && now - s->beat_ns >= BEAT_NS)
		beat(s, now);
	if (guard_rec_data_len(rec) > len)
		return 0;
	if (s->is_late) {
		if (rec->type == GUARD_REC_CGROUP)
			return 0; /* what is there now was found by looking */
		late = *given;
		late.flags |= GUARD_RF_LATE;
		rec = &late;
	}
	if (rec->type == GUARD_REC_CGROUP) {
		guard_session_on_cgroup(s, rec, data);
		return 0;
	}
	w = whose_record(s, rec);
	if (w == NULL || !w->is_selected) {
		turn_away(s, rec, w == NULL);
		return 0;
	}
	if (rec->type == GUARD_REC_EXEC && !s->is_late)
		guard_session_keep_layers(w, rec->host_pid);
	guard_session_event(s, rec, data, w, &e);
	if (rec->type == GUARD_REC_DNS && e.detail == NULL)
		return 0; /* no DNS after all */
	guard_session_keep_cause(s, rec, data, len);
	tell(s, rec, data, &e, w);
	if (rec->type == GUARD_REC_EXEC)
		remember_exec(s, rec, &e);
	else if (rec->type == GUARD_REC_FORK)
		guard_session_note_fork(s, rec);
	return 0;
}

void guard_session_later(struct guard_session *s, const struct guard_rec *rec, uint64_t ns)
{
	guard_later_put(s->later, rec, s->data, sk_mono_ns() + ns);
}

/* Program starts whose time to be looked at again has come, if they still run. */
static void look_again(struct guard_session *s, uint64_t now)
{
	struct guard_whose *w;
	struct guard_task task;
	struct guard_rec *rec;
	struct guard_event e;
	size_t len;

	while ((rec = guard_later_take(s->later, now, &len)) != NULL) {
		w = guard_attrib_get(s->attrib, rec->cgroup);
		if (w != NULL && w->is_selected &&
		    guard_kern_get(s->kern, GUARD_MAP_TASKS, &rec->host_pid, &task) &&
		    task.exec_id == rec->exec_id) {
			rec->flags |= GUARD_RF_LATER;
			rec->op++;
			rec->reason = GUARD_REC_R_NONE;
			rec->verdict = GUARD_REC_OBSERVED;
			guard_session_event(s, rec, (const uint8_t *)(rec + 1), w, &e);
			tell(s, rec, (const uint8_t *)(rec + 1), &e, w);
		}
		sk_free(rec);
	}
}

bool guard_session_has_room(const struct guard_session *s, const struct guard_whose *w)
{
	/* The kernel waits for an answer to fanotify while the record is told, and no longer. */
	if (s == NULL || s->data == NULL || s->n_off == MAX_OFF ||
	    guard_kern_backend(s->kern) == GUARD_BACKEND_FANOTIFY)
		return false;
	return w->n_off < MAX_OFF_ONE;
}

void guard_session_put_off(struct guard_session *s, const struct guard_rec *rec,
			   const struct guard_asking *asking)
{
	size_t len = guard_rec_data_len(rec);
	struct guard_put_off *p = sk_alloc(sizeof(*p) + len);
	struct guard_whose *w = guard_attrib_get(s->attrib, rec->cgroup);

	p->asking = *asking;
	p->rec = *rec;
	memcpy(p + 1, s->data, len);
	*s->last_off = p;
	s->last_off = &p->next;
	s->n_off++;
	if (w != NULL)
		w->n_off++;
}

/* The program of a process that ran before is known by what it was started with. */
static void fill_running(struct guard_session *s, const struct guard_rec *rec,
			 struct guard_event *e)
{
	const struct guard_image_of *image = guard_lineage_get(s->lineage, rec->exec_id);

	if (rec->type != GUARD_REC_EXEC || image == NULL || image->is_title)
		return;
	e->args = (const char *const *)image->args;
	e->n_args = image->n_args;
}

static void tell_put_off(struct guard_session *s, const struct guard_put_off *p)
{
	struct guard_whose *w = guard_attrib_get(s->attrib, p->rec.cgroup);
	const uint8_t *data = (const uint8_t *)(p + 1);
	struct guard_event e;

	if (w != NULL)
		w->n_off--;
	if (w == NULL || !w->is_selected) {
		turn_away(s, &p->rec, w == NULL);
		return;
	}
	guard_session_event(s, &p->rec, data, w, &e);
	if ((p->rec.flags & GUARD_RF_RUNNING) != 0)
		fill_running(s, &p->rec, &e);
	tell(s, &p->rec, data, &e, w);
}

/* Records whose files were read by now, or are not waited for any longer. */
static void look_at_put_off(struct guard_session *s)
{
	struct guard_put_off **at = &s->first_off, *p;

	for (size_t n = s->n_off; n > 0; n--) {
		p = *at;
		if (!guard_reader_is_due(s->reader, &p->asking)) {
			at = &p->next;
			continue;
		}
		*at = p->next;
		if (s->last_off == &p->next)
			s->last_off = at;
		s->n_off--;
		tell_put_off(s, p);
		sk_free(p);
	}
}

static void forget(struct guard_session *s, struct guard_whose *w)
{
	uint64_t cgroup = w->cgroup;

	if (s->ops.gone != NULL && w->is_selected)
		s->ops.gone(s->ctx, w);
	guard_kern_del(s->kern, GUARD_MAP_CONTAINERS, &cgroup);
	guard_session_forget_lost(s, cgroup);
	guard_attrib_remove(s->attrib, cgroup);
}

/* Anybody may name a cgroup like a container: what no engine knows is asked for less and less. */
static bool is_to_be_asked(struct guard_whose *w, uint64_t now)
{
	if (w->is_known || w->is_host || now < w->ask_ns)
		return false;
	w->ask_pause_ns = w->ask_pause_ns == 0                   ? BEAT_NS
			  : 2 * w->ask_pause_ns < ASK_PAUSE_MOST ? 2 * w->ask_pause_ns
								 : ASK_PAUSE_MOST;
	w->ask_ns = now + w->ask_pause_ns;
	return true;
}

/* A sign of life, losses, containers that no engine knew yet. */
static void on_beat(struct guard_session *s)
{
	struct guard_whose *w;
	size_t pos = 0;

	beat(s, s->looked_ns);
	guard_session_tell_room(s);
	guard_session_look(s);
	while ((w = guard_attrib_next(s->attrib, &pos)) != NULL) {
		guard_session_tell_lost(s, w);
		if (w->is_gone && (w->n_off != 0 || guard_kern_has_left(s->kern, w->cgroup)))
			continue;
		if (w->is_gone) {
			guard_session_flush(s);
			forget(s, w);
			pos--;
			continue;
		}
		if (!w->is_host)
			guard_session_find_path(s, w);
		if (is_to_be_asked(w, s->looked_ns)) {
			bool first = w->ask_pause_ns == BEAT_NS;

			if (guard_attrib_ask(s->attrib, w) || first)
				guard_session_settle(s, w);
		}
	}
}

int guard_session_poll(struct guard_session *s, int timeout_ms, struct sk_err *err)
{
	uint64_t now;
	int r;

	r = guard_kern_poll(s->kern, timeout_ms < POLL_MS ? timeout_ms : POLL_MS, err);
	if (r < 0)
		return r;
	now = sk_mono_ns();
	look_again(s, now);
	look_at_put_off(s);
	if (now - s->looked_ns >= BEAT_NS) {
		s->offset_ns = sk_wall_ns() - now;
		s->looked_ns = now;
		on_beat(s);
	}
	if (now - s->fold_ns >= FOLD_S * SK_SECOND_NS)
		guard_session_flush(s);
	return 0;
}

static int walk_record(void *ctx, const struct guard_rec *rec, const uint8_t *data, size_t len)
{
	struct guard_session *s = ctx;
	struct guard_whose *w = guard_attrib_get(s->attrib, rec->cgroup);
	struct guard_event e;

	(void)len;
	if (w == NULL || !w->is_selected)
		return 0;
	guard_session_event(s, rec, data, w, &e);
	fill_running(s, rec, &e);
	tell(s, rec, data, &e, w);
	return 0;
}

int guard_session_walk(struct guard_session *s, struct sk_err *err)
{
	return guard_kern_walk(s->kern, walk_record, s, err);
}

int guard_session_pin(struct guard_session *s, struct sk_err *err)
{
	int r = guard_kern_pin(s->kern, err);

	s->beat_ns = 0;
	if (r < 0)
		return r;
	s->is_late = true;
	guard_kern_drain_old(s->kern);
	s->is_late = false;
	guard_session_tell_old(s);
	if (s->n_strays != 0)
		guard_session_say_lost(s, NULL, s->n_strays);
	/* Whose report is lost is not going to be looked at. */
	(void)guard_kern_kill_held(s->kern);
	beat(s, sk_mono_ns());
	return 0;
}

const char *guard_session_host(const struct guard_session *s)
{
	return s->host;
}

int guard_session_end(struct guard_session *s, bool keep, struct sk_err *err)
{
	int r = 0;

	guard_kern_pause(s->kern);
	s->beat_ns = 0;
	for (int i = 0; i < 2 && r >= 0; i++)
		r = guard_kern_poll(s->kern, POLL_MS, err);
	guard_reader_give_up(s->reader);
	look_at_put_off(s);
	(void)guard_kern_kill_held(s->kern);
	guard_session_flush(s);
	if (!keep && r >= 0)
		r = guard_kern_unpin(s->kern, err);
	return r < 0 ? r : 0;
}

/* As the options say. The kernel half has twice the room: who is not named is not let alone. */
static int make_room(struct guard_session *s, const char *text, struct guard_kern_options *kern,
		     struct sk_err *err)
{
	if (text == NULL)
		return 0;
	if (!sk_parse_u32(sk_span_str(text), &kern->max_containers) || kern->max_containers == 0 ||
	    kern->max_containers > GUARD_MOST_CONTAINERS)
		return sk_err_set(err, SK_E_USAGE, "--max-containers: a number from 1 to %d",
				  GUARD_MOST_CONTAINERS);
	guard_attrib_limit(s->attrib, kern->max_containers);
	return 0;
}

int guard_session_open(const struct guard_session_options *o, struct guard_session **ret,
		       struct sk_err *err)
{
	struct guard_kern_options kern = o->kern;
	sk_cleanup(guard_session_freep) struct guard_session *s = sk_alloc(sizeof(*s));
	uint32_t zero = GUARD_DEFAULT_SERVICE;
	struct guard_stats stats;
	int r;

	s->select = o->select;
	s->reader = o->reader;
	s->last_off = &s->first_off;
	s->ops = *o->ops;
	s->ctx = o->ctx;
	sk_buf_init(&s->text, GUARD_TEXT_MAX);
	(void)gethostname(s->host, sizeof(s->host) - 1);
	if (!guard_cgroup_root(s->root, sizeof(s->root)))
		return sk_err_set(
			err, SK_E_UNSUPPORTED,
			"guard: no version 2 cgroup tree is mounted on this host: containers "
			"are known by their cgroups there, also where version 1 is used "
			"beside it (mount -t cgroup2 none /sys/fs/cgroup/unified)");
	s->engine = guard_engine_new(o->engines, o->n_engines);
	s->attrib = guard_attrib_new(s->engine, &s->select);
	s->lineage = guard_lineage_new();
	s->later = guard_later_new();
	s->resolved = guard_resolved_new();
	s->offset_ns = sk_wall_ns() - sk_mono_ns();
	s->fold_ns = sk_mono_ns();
	r = guard_session_check(s, err);
	if (r == 0)
		r = make_room(s, o->max_containers, &kern, err);
	if (r == 0)
		r = guard_kern_open(&kern, &s->kern, err);
	if (r < 0)
		return r;
	if (s->ops.opened != NULL)
		s->ops.opened(s->ctx, s->kern);
	stats = guard_kern_stats(s->kern); /* what a predecessor had no room for is gone with it */
	s->full.processes = stats.tasks_full;
	s->full.causes = stats.folds_full;
	guard_kern_on(s->kern, on_record, s);
	(void)guard_kern_put(s->kern, GUARD_MAP_POLICIES, &zero, &o->policy);
	(void)guard_kern_inherit(s->kern, o->kern.succeed);
	guard_session_cover(s);
	/* Children of those that were not known yet when they started. */
	(void)guard_kern_inherit(s->kern, o->kern.succeed);
	*ret = sk_take(s);
	return 0;
}

void guard_session_free(struct guard_session *s)
{
	if (s == NULL)
		return;
	for (struct guard_put_off *p = s->first_off, *next; p != NULL; p = next) {
		next = p->next;
		sk_free(p);
	}
	guard_kern_free(s->kern);
	guard_attrib_free(s->attrib);
	guard_engine_free(s->engine);
	guard_lineage_free(s->lineage);
	guard_later_free(s->later);
	guard_resolved_free(s->resolved);
	for (size_t i = 0; s->cgroups != NULL && i < s->select.n_cgroups; i++)
		sk_free(s->cgroups[i]);
	sk_free(s->cgroups);
	for (size_t i = 0; i < GUARD_MAX_CAUSES; i++)
		sk_free(s->causes[i].bytes);
	sk_buf_release(&s->text);
	sk_free(s);
}
