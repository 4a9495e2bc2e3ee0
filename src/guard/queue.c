/* SPDX-License-Identifier: Apache-2.0 */
/* Containers share a few lanes, each of which is first in, first out. */
#include "guard/queue.h"

#include <string.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/map.h"
#include "base/span.h"

enum {
	N_LANES = 64,
	MAX_WAITING = 512, /* then the oldest is told as it is */
	KNOWN_MS = 3500,   /* longest that an event waits for what is asked */
	OPENED_MS = 100,   /* and for its file to be mapped: the linker does that at once */
};

struct lane {
	struct guard_queued *first;
	struct guard_queued **last;
};

struct guard_queue {
	struct lane lanes[N_LANES];
	size_t n_waiting;
	uint64_t n_put;
	struct guard_queued *told; /* what was handed out */
};

struct guard_queue *guard_queue_new(void)
{
	struct guard_queue *q = sk_alloc(sizeof(*q));

	for (size_t i = 0; i < N_LANES; i++)
		q->lanes[i].last = &q->lanes[i].first;
	return q;
}

static void drop(struct guard_queued *w)
{
	if (w == NULL)
		return;
	sk_arena_free(w->arena);
	sk_free(w);
}

/* Takes the one that @at points to out of its lane. */
static struct guard_queued *take(struct guard_queue *q, struct lane *l, struct guard_queued **at)
{
	struct guard_queued *w = *at;

	*at = w->next;
	if (l->last == &w->next)
		l->last = at;
	q->n_waiting--;
	return w;
}

void guard_queue_free(struct guard_queue *q)
{
	if (q == NULL)
		return;
	for (size_t i = 0; i < N_LANES; i++)
		while (q->lanes[i].first != NULL)
			drop(take(q, &q->lanes[i], &q->lanes[i].first));
	drop(q->told);
	sk_free(q);
}

static struct lane *lane_of(struct guard_queue *q, const struct guard_event *e)
{
	const char *id = e->container_id != NULL ? e->container_id
			 : e->service != NULL    ? e->service
						 : "";

	return &q->lanes[sk_hash64(sk_span_str(id)) % N_LANES];
}

/* What also shows something well known is told by itself, and a written file is not mapped. */
static bool may_be_mapped(const struct guard_event *e)
{
	return e->kind == GUARD_KIND_OPEN && e->verdict == GUARD_VERDICT_ALERTED &&
	       e->file_is_listed && !e->file_write && !e->file_directory && e->sign == NULL &&
	       e->file_path != NULL;
}

bool guard_queue_put(struct guard_queue *q, const struct guard_rec *rec,
		     const struct guard_event *e, uint64_t now_ms)
{
	struct lane *l = lane_of(q, e);
	struct guard_queued *w;

	if (l->first == NULL && e->owner_question == 0 && !may_be_mapped(e))
		return false;
	w = sk_alloc(sizeof(*w));
	w->arena = sk_arena_new();
	w->number = q->n_put++;
	w->since_ms = now_ms;
	w->has_rec = rec != NULL;
	if (rec != NULL)
		w->rec = *rec;
	guard_event_copy(w->arena, e, &w->event);
	w->event.file_fd = -1;
	*l->last = w;
	l->last = &w->next;
	q->n_waiting++;
	return true;
}

static bool is_same_file(const struct guard_event *a, const struct guard_event *b)
{
	return a->host_pid == b->host_pid && strcmp(a->file_path, b->file_path) == 0;
}

size_t guard_queue_unite(struct guard_queue *q, const struct guard_event *e)
{
	struct lane *l = lane_of(q, e);
	struct guard_queued **at = &l->first;
	size_t n = 0;

	if (e->kind != GUARD_KIND_MMAP || e->verdict < GUARD_VERDICT_ALERTED ||
	    e->file_path == NULL)
		return 0;
	while (*at != NULL) {
		if (may_be_mapped(&(*at)->event) && is_same_file(&(*at)->event, e)) {
			drop(take(q, l, at));
			n++;
		} else {
			at = &(*at)->next;
		}
	}
	return n;
}

static bool is_ready(const struct guard_queued *w, guard_queue_fn *is_known, void *ctx,
		     uint64_t now_ms)
{
	uint64_t waited = now_ms - w->since_ms;

	if (may_be_mapped(&w->event) && waited < OPENED_MS)
		return false;
	return w->event.owner_question == 0 || waited >= KNOWN_MS ||
	       is_known(ctx, w->event.owner_question);
}

struct guard_queued *guard_queue_next(struct guard_queue *q, guard_queue_fn *is_known, void *ctx,
				      uint64_t now_ms)
{
	bool full = q->n_waiting > MAX_WAITING;
	struct lane *best = NULL;

	for (size_t i = 0; i < N_LANES && q->n_waiting != 0; i++) {
		struct lane *l = &q->lanes[i];

		if (l->first != NULL && (best == NULL || l->first->number < best->first->number) &&
		    (full || is_ready(l->first, is_known, ctx, now_ms)))
			best = l;
	}
	drop(q->told);
	q->told = best != NULL ? take(q, best, &best->first) : NULL;
	return q->told;
}

bool guard_queue_is_empty(const struct guard_queue *q)
{
	return q->n_waiting == 0;
}
