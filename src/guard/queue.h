/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events on their way out. One that waits for more to be known of it is not overtaken by later ones
 * of its container; those of other containers go on. An event that waits is a copy; nothing that is
 * decided waits here.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "guard/bpf/record.h"
#include "guard/event.h"

struct sk_arena;
struct guard_queue;

/** struct guard_queued - an event that waited */
struct guard_queued {
	struct guard_queued *next;
	struct sk_arena *arena; /* of the event's texts */
	uint64_t number;        /* the order of all */
	uint64_t since_ms;
	bool has_rec;
	struct guard_rec rec; /* without its data */
	struct guard_event event;
};

/**
 * typedef guard_queue_fn - is it known by now what an event waits for
 * @ctx: as given
 * @question: the event's owner_question, never 0
 */
typedef bool guard_queue_fn(void *ctx, uint64_t question);

/**
 * guard_queue_new() - empty
 *
 * Return: the caller frees with guard_queue_free().
 */
struct guard_queue *guard_queue_new(void);

/**
 * guard_queue_free() - drop it and what it holds
 * @q: may be NULL
 */
void guard_queue_free(struct guard_queue *q);
SK_DEFINE_CLEANUP(struct guard_queue, guard_queue_free);

/**
 * guard_queue_put() - the next event
 * @q: queue
 * @rec: its record, or NULL
 * @e: event; copied when it waits
 * @now_ms: CLOCK_MONOTONIC
 *
 * An event waits when its owner_question is not 0, when one of its container waits, or when it is
 * the alert of an opened file, which may be about to be mapped: see guard_queue_unite().
 * Return: false when nothing is to be waited for: the event is to be told now.
 */
bool guard_queue_put(struct guard_queue *q, const struct guard_rec *rec,
		     const struct guard_event *e, uint64_t now_ms);

/**
 * guard_queue_unite() - drop alerts of a file being opened that is told as mapped
 * @q: queue
 * @e: any event; when it is that of a mapped library, what waits and tells that the same process
 *     opened the same file goes
 *
 * Return: how many alerts went.
 */
size_t guard_queue_unite(struct guard_queue *q, const struct guard_event *e);

/**
 * guard_queue_next() - the next event to be told
 * @q: queue
 * @is_known: see there; a few seconds are waited for it, less when too many events wait
 * @ctx: for @is_known
 * @now_ms: CLOCK_MONOTONIC
 *
 * Return: borrowed until the next call; NULL: none yet. Events of one container keep their order.
 */
struct guard_queued *guard_queue_next(struct guard_queue *q, guard_queue_fn *is_known, void *ctx,
				      uint64_t now_ms);

/**
 * guard_queue_is_empty() - does nothing wait
 * @q: queue
 *
 * Return: true when nothing does.
 */
bool guard_queue_is_empty(const struct guard_queue *q);
