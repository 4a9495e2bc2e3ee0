/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was not told one by one: repetitions of a cause, which the kernel half counts, and losses.
 * How much of a count was told is kept there too, for an agent that comes after this one.
 */
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "guard/kern-pin.h"
#include "guard/session-priv.h"
#include "guard/story.h"

enum {
	FOLD_IDLE_S = 60, /* after which a cause is forgotten */
	LOOK_S = 10,      /* after which containers are read though nothing was lost */
};

static struct cause *find_cause(struct guard_session *s, uint64_t id)
{
	for (size_t i = 0; i < GUARD_MAX_CAUSES && i < s->n_causes; i++)
		if (s->causes[i].id == id)
			return &s->causes[i];
	return NULL;
}

void guard_session_keep_cause(struct guard_session *s, const struct guard_rec *rec,
			      const uint8_t *data, size_t len)
{
	struct cause *c;
	bool fresh;

	if (rec->cause == 0)
		return;
	/* Counts may be told before the record that they are of is read. */
	c = find_cause(s, rec->cause);
	fresh = c == NULL;
	if (fresh)
		c = &s->causes[s->n_causes++ % GUARD_MAX_CAUSES];
	sk_free(c->bytes);
	c->size = sizeof(*rec) + len;
	c->bytes = sk_alloc(c->size);
	memcpy(c->bytes, rec, sizeof(*rec));
	memcpy(c->bytes + sizeof(*rec), data, len);
	c->id = rec->cause;
	if (fresh)
		c->told = 1;
}

/* Kept in the kernel, for an agent that comes after this one. */
static void note_told(struct guard_session *s, uint32_t kind, uint64_t id, uint64_t count)
{
	struct guard_told_key key = {.kind = kind, .id = id};

	(void)guard_kern_put(s->kern, GUARD_MAP_TOLD, &key, &count); /* full: told twice then */
}

static void forget_told(struct guard_session *s, uint32_t kind, uint64_t id)
{
	struct guard_told_key key = {.kind = kind, .id = id};

	guard_kern_del(s->kern, GUARD_MAP_TOLD, &key);
}

void guard_session_forget_lost(struct guard_session *s, uint64_t cgroup)
{
	forget_told(s, GUARD_TOLD_LOST, cgroup);
}

/* How much of a count was told already, where the cause itself is not remembered any more. */
static uint64_t told_of(struct guard_session *s, const struct guard_fold *fold)
{
	struct guard_told_key key = {.kind = GUARD_TOLD_FOLD, .id = fold->id};
	uint64_t count = 0;

	if (!guard_kern_get(s->kern, GUARD_MAP_TOLD, &key, &count) || count < fold->sent)
		return fold->sent;
	return count;
}

static uint64_t told_before(struct guard_session *s, uint32_t kind, uint64_t id)
{
	struct guard_told_key key = {.kind = kind, .id = id};
	uint64_t count = 0;

	return guard_kern_old_get(s->kern, GUARD_MAP_TOLD, &key, &count) ? count : 0;
}

/* Repetitions of a cause, from the kernel's counts; @told: how often that was told if not here. */
static void tell_fold(struct guard_session *s, const struct guard_fold_key *key,
		      struct guard_fold *fold, uint64_t told)
{
	struct cause *c = find_cause(s, fold->id);
	struct guard_whose *w = guard_attrib_get(s->attrib, key->cgroup);
	struct guard_rec bare = {.type = key->type,
				 .verdict = key->verdict,
				 .reason = key->reason,
				 .op = key->op,
				 .cgroup = key->cgroup,
				 .cause = fold->id,
				 .time_ns = fold->first_ns,
				 .host_pid = fold->host_pid,
				 .flags = GUARD_RF_NO_PATH};
	const struct guard_rec *rec = c != NULL ? (const void *)c->bytes : &bare;
	struct guard_task task;
	struct guard_event e;

	/* Of who did it last there is more to say as long as it lives. */
	if (c == NULL && !guard_session_is_exec(&bare) &&
	    guard_kern_get(s->kern, GUARD_MAP_TASKS, &bare.host_pid, &task)) {
		bare.exec_id = task.exec_id;
		bare.ppid = task.ppid;
	}
	if (c != NULL)
		told = c->told;
	if (fold->count <= told || w == NULL || !w->is_selected)
		return;
	guard_session_event(s, rec, c != NULL ? c->bytes + sizeof(*rec) : (const uint8_t *)"", w,
			    &e);
	if ((rec->flags & GUARD_RF_NO_PATH) != 0)
		e.file_path = NULL;
	e.count = fold->count - told;
	e.first_us = guard_session_time(s, fold->first_ns);
	e.time_us = e.last_us = guard_session_time(s, fold->last_ns);
	if (c == NULL) {
		guard_session_keep_cause(s, &bare, (const uint8_t *)"", 0);
		c = find_cause(s, fold->id);
	}
	c->told = fold->count;
	note_told(s, GUARD_TOLD_FOLD, fold->id, fold->count);
	s->ops.event(s->ctx, NULL, &e, w);
}

void guard_session_mute(struct guard_session *s, const struct guard_rec *rec)
{
	struct cause *c = rec->cause != 0 ? find_cause(s, rec->cause) : NULL;

	if (c != NULL)
		c->told = UINT64_MAX;
}

void guard_session_flush(struct guard_session *s)
{
	struct guard_fold_key key, next;
	struct guard_fold fold;
	uint64_t now = sk_mono_ns();
	bool more = guard_kern_next(s->kern, GUARD_MAP_FOLDS, NULL, &key);

	while (more) {
		more = guard_kern_next(s->kern, GUARD_MAP_FOLDS, &key, &next);
		if (guard_kern_get(s->kern, GUARD_MAP_FOLDS, &key, &fold)) {
			tell_fold(s, &key, &fold, told_of(s, &fold));
			/* it may have happened again since */
			if (fold.last_ns + FOLD_IDLE_S * SK_SECOND_NS < now) {
				guard_kern_del(s->kern, GUARD_MAP_FOLDS, &key);
				forget_told(s, GUARD_TOLD_FOLD, fold.id);
			}
		}
		key = next;
	}
	s->fold_ns = now;
}

void guard_session_say_lost(struct guard_session *s, struct guard_whose *w, uint64_t count)
{
	struct guard_event e = {
		.kind = GUARD_KIND_LOST, .count = 1, .file_fd = -1, .host = s->host};

	guard_whose_tell(w, &e);
	e.time_us = guard_session_time(s, sk_mono_ns());
	e.lost_events = count;
	e.lost_cgroup = w == NULL ? "" : w->path[0] != '\0' ? w->path : w->id;
	e.severity = "medium";
	s->ops.event(s->ctx, NULL, &e, w);
}

/* Who is not followed may do what is forbidden; what is not folded is only told more often. */
static void tell_full(struct guard_session *s, const struct guard_stats *stats, uint64_t now)
{
	sk_cleanup(sk_buf_release) struct sk_buf b;
	struct guard_full more;
	struct guard_event e = {.kind = GUARD_KIND_LOST,
				.verdict = GUARD_VERDICT_ALERTED,
				.reason = GUARD_REASON_POLICY,
				.severity = "high",
				.detail = GUARD_STORY_NOT_FOLLOWED,
				.time_us = guard_session_time(s, now),
				.lost_cgroup = "",
				.file_fd = -1,
				.host = s->host};

	sk_buf_init(&b, GUARD_TEXT_MAX);
	if (!guard_full_news(&s->full, stats, now, &more))
		return;
	if (more.processes != 0) {
		guard_full_processes(more.processes, &b);
		guard_session_note(s, "%s", b.ptr);
		e.reason_text = b.ptr;
		e.count = more.processes;
		s->ops.event(s->ctx, NULL, &e, NULL);
	}
	sk_buf_reset(&b);
	if (more.causes != 0) {
		guard_full_causes(more.causes, &b);
		guard_session_note(s, "%s", b.ptr);
	}
}

/*
 * Whatever is lost, also the news that a container is gone, is counted in the container first and
 * then in the sum. The sum's parts are plain numbers: a program that comes between the reading and
 * the writing of another on its CPU may leave it as it was. So the sum is not all there is.
 */
void guard_session_look(struct guard_session *s)
{
	struct guard_stats stats = guard_kern_stats(s->kern);
	uint64_t lost = stats.lost, now = sk_mono_ns();

	tell_full(s, &stats, now);
	if (lost == s->n_lost && now - s->look_ns < LOOK_S * SK_SECOND_NS)
		return;
	s->n_lost = lost;
	s->look_ns = now;
	s->look++;
}

void guard_session_tell_lost(struct guard_session *s, struct guard_whose *w)
{
	struct guard_container c;

	if (w->look == s->look && !w->is_ending && !w->is_gone)
		return;
	if (!guard_kern_get(s->kern, GUARD_MAP_CONTAINERS, &w->cgroup, &c))
		return;
	w->look = s->look;
	/* The news of it may have found no room. What it did last is read by the next look. */
	w->is_gone |= w->is_ending;
	w->is_ending = (c.flags & GUARD_C_GONE) != 0;
	if (!w->is_selected || c.lost <= w->lost)
		return;
	guard_session_say_lost(s, w, c.lost - w->lost);
	w->lost = c.lost;
	note_told(s, GUARD_TOLD_LOST, w->cgroup, w->lost);
}

/* What a predecessor's programs counted and nobody told. */
void guard_session_tell_old(struct guard_session *s)
{
	struct guard_fold_key key, next;
	struct guard_container c;
	struct guard_fold fold;
	struct guard_whose *w;
	size_t pos = 0;
	bool more = guard_kern_old_next(s->kern, GUARD_MAP_FOLDS, NULL, &key);

	while (more) {
		more = guard_kern_old_next(s->kern, GUARD_MAP_FOLDS, &key, &next);
		if (guard_kern_old_get(s->kern, GUARD_MAP_FOLDS, &key, &fold)) {
			uint64_t told = told_before(s, GUARD_TOLD_FOLD, fold.id);

			tell_fold(s, &key, &fold, told > fold.sent ? told : fold.sent);
			forget_told(s, GUARD_TOLD_FOLD, fold.id);
		}
		key = next;
	}
	while ((w = guard_attrib_next(s->attrib, &pos)) != NULL) {
		uint64_t told = told_before(s, GUARD_TOLD_LOST, w->cgroup);

		if (w->is_selected &&
		    guard_kern_old_get(s->kern, GUARD_MAP_CONTAINERS, &w->cgroup, &c) &&
		    c.lost > told)
			guard_session_say_lost(s, w, c.lost - told);
	}
}
