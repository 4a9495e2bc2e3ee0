/* SPDX-License-Identifier: Apache-2.0 */
/* Learning: records of the kernel half become profiles, one per service. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/err.h"
#include "guard/profile.h"
#include "guard/session.h"

struct guard_learn;

/** struct guard_learn_state - how far it got */
struct guard_learn_state {
	size_t n_services;
	size_t n_containers;
	uint64_t n_new;   /* items that were new in this run */
	int64_t last_new; /* when the last of them was seen, seconds since the epoch */
	int64_t started;
	uint64_t lost;
	size_t n_refused; /* services that nothing is learned of: their profiles cannot be read */
};

/** struct guard_learn_service - the same of one service */
struct guard_learn_service {
	const char *name; /* borrowed from the learner */
	uint64_t n_new;
	int64_t last_new; /* when learning began, if nothing was new */
};

/**
 * guard_learn_new() - start learning
 * @dir: profiles are read from and written to here; outlives the learner
 *
 * Return: the caller frees with guard_learn_free().
 */
struct guard_learn *guard_learn_new(const char *dir);

/**
 * guard_learn_free() - drop it; what was not saved is lost
 * @l: may be NULL
 */
void guard_learn_free(struct guard_learn *l);
SK_DEFINE_CLEANUP(struct guard_learn, guard_learn_free);

/**
 * guard_learn_ready() - what runs already was looked at: the time that counts as learned begins
 * @l: learner
 */
void guard_learn_ready(struct guard_learn *l);

/**
 * guard_learn_guarded() - another guard may end programs at their start: those are not learned
 * @l: learner; the ends of processes are among its events
 */
void guard_learn_guarded(struct guard_learn *l);

/**
 * guard_learn_session() - the session whose events come
 * @l: learner
 * @s: outlives the last event
 */
void guard_learn_session(struct guard_learn *l, struct guard_session *s);

/**
 * guard_learn_container() - a container appeared
 * @l: learner
 * @w: container; its profile is loaded or begun
 * @err: filled on failure
 *
 * Return: 0, or negative when nothing is learned of it, said once for each service: its profile
 * cannot be read.
 */
sk_must_check int guard_learn_container(struct guard_learn *l, struct guard_whose *w,
					struct sk_err *err);

/**
 * guard_learn_gone() - a container disappeared, or learning ends: what the kernel counted is taken
 * in
 * @l: learner
 * @k: kernel half
 * @w: container
 */
void guard_learn_gone(struct guard_learn *l, struct guard_kern *k, struct guard_whose *w);

/**
 * guard_learn_event() - something happened
 * @l: learner
 * @rec: record; NULL for what the session says
 * @e: the record's event; its file's hash is filled in
 * @w: container
 */
void guard_learn_event(struct guard_learn *l, const struct guard_rec *rec, struct guard_event *e,
		       struct guard_whose *w);

/**
 * guard_learn_blind() - what is not seen is no part of what is learned
 * @l: state
 * @sections: bit (1u << enum guard_section) for each that events do not tell of
 */
void guard_learn_blind(struct guard_learn *l, unsigned sections);

/**
 * guard_learn_save() - write all profiles, once at the end
 * @l: learner
 * @err: filled on failure
 *
 * A file that somebody else has changed since it was loaded is united with what was learned.
 * Return: 0, or negative.
 */
sk_must_check int guard_learn_save(struct guard_learn *l, struct sk_err *err);

/**
 * guard_learn_state() - how far it got
 * @l: learner
 *
 * Return: numbers of this run.
 */
struct guard_learn_state guard_learn_state(const struct guard_learn *l);

/**
 * guard_learn_next_service() - how far each service got
 * @l: learner
 * @pos: 0 at first
 * @ret: written
 *
 * Return: false at the end.
 */
bool guard_learn_next_service(const struct guard_learn *l, size_t *pos,
			      struct guard_learn_service *ret);

/**
 * guard_learn_next_heir() - profiles that went on with an image that they did not know
 * @l: learner
 * @pos: 0 at first
 *
 * Return: NULL at the end.
 */
const struct guard_profile *guard_learn_next_heir(const struct guard_learn *l, size_t *pos);
