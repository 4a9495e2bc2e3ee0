/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Content of the programs that events tell of, read by a thread of its own: the events wait in
 * their order, whoever follows what happens does not.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "guard/attrib.h"
#include "guard/bpf/record.h"
#include "guard/event.h"

/** struct guard_hasher - events that wait, files that were read; opaque */
struct guard_hasher;

/**
 * guard_hasher_new() - start the thread; best before there are others
 *
 * Where it cannot be started, events say that their files were not read in time.
 * Return: the caller frees with guard_hasher_free().
 */
struct guard_hasher *guard_hasher_new(void);

/**
 * guard_hasher_free() - drop it, and the events that wait
 * @h: may be NULL
 *
 * A file that is being read is not waited for.
 */
void guard_hasher_free(struct guard_hasher *h);
SK_DEFINE_CLEANUP(struct guard_hasher, guard_hasher_free);

/**
 * guard_hasher_put() - an event; when a program's start, its file is read
 * @h: state
 * @rec: its record, or NULL
 * @e: copied when it waits; its hash is filled in when it is known already
 * @w: whose it is, or NULL
 *
 * Return: false when nothing is to be waited for: the event is to be told now.
 */
sk_must_check bool guard_hasher_put(struct guard_hasher *h, const struct guard_rec *rec,
				    struct guard_event *e, const struct guard_whose *w);

/**
 * guard_hasher_next() - the next event that has its hash, needs none, or has waited long enough
 * @h: state
 * @ret_waits: an event waits; written when there is none to return
 *
 * Return: borrowed until the next call, NULL: none. Events keep their order.
 */
const struct guard_event *guard_hasher_next(struct guard_hasher *h, bool *ret_waits);
