/* SPDX-License-Identifier: Apache-2.0 */
/* Enforcement: profiles become kernel maps; what the kernel half holds is looked at. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/err.h"
#include "guard/kern-pin.h"
#include "guard/profile.h"
#include "guard/session.h"
#include "guard/signs.h"

/* What guard_owner_fn knows of a file. */
enum guard_owned {
	GUARD_OWNED_UNKNOWN,
	GUARD_OWNED_NO,
	GUARD_OWNED_YES,
	GUARD_OWNED_LATER, /* it is being asked for */
};

/** struct guard_owner_answer - what is known of a file's owner */
struct guard_owner_answer {
	const char *package; /* GUARD_OWNED_YES: "name version"; borrowed until the next call */
	uint64_t question;   /* GUARD_OWNED_LATER: not 0 */
};

/**
 * guard_owner_fn - which package of its image owns a file
 * @ctx: struct guard_enforce_options' owner_ctx
 * @pid: a process of the container
 * @w: container
 * @path: absolute
 * @ret: what there is to say beside it
 *
 * It does not wait: programs are held meanwhile.
 * Return: GUARD_OWNED_LATER when the answer has to be asked for by @ret->question.
 */
typedef enum guard_owned guard_owner_fn(void *ctx, uint32_t pid, const struct guard_whose *w,
					const char *path, struct guard_owner_answer *ret);

/* What is to be done with an event. */
enum guard_told {
	GUARD_TELL_NOT,
	GUARD_TELL,
	GUARD_TELL_LATER, /* a file is being read: it comes once more */
};

/** struct guard_enforce_options - what --mode and --default-mode say */
struct guard_enforce_options {
	const struct guard_sign_list *signs; /* further ones, may be NULL; outlive the state */
	struct guard_reader *reader;         /* of containers' files; outlives the state */
	guard_owner_fn *owner;               /* may be NULL */
	void *owner_ctx;
	const char *dir;              /* profiles */
	enum guard_mode mode;         /* of profiles that do not say */
	enum guard_mode default_mode; /* of containers without a profile */
};

struct guard_enforce;

/**
 * guard_enforce_new() - empty state
 * @o: copied; its texts outlive the state
 *
 * Return: the caller frees with guard_enforce_free().
 */
struct guard_enforce *guard_enforce_new(const struct guard_enforce_options *o);

/**
 * guard_enforce_free() - drop it; the kernel's maps stay as they are
 * @f: may be NULL
 */
void guard_enforce_free(struct guard_enforce *f);
SK_DEFINE_CLEANUP(struct guard_enforce, guard_enforce_free);

/**
 * guard_enforce_default() - policy of containers without a profile
 * @f: state
 *
 * Return: for GUARD_DEFAULT_SERVICE.
 */
struct guard_policy guard_enforce_default(const struct guard_enforce *f);

/**
 * guard_enforce_session() - the session whose events come
 * @f: state
 * @s: outlives the last event
 *
 * Without it nothing is looked at a second time.
 */
void guard_enforce_session(struct guard_enforce *f, struct guard_session *s);

/**
 * guard_enforce_container() - a container appeared
 * @f: state
 * @k: kernel half
 * @w: container; @w->index is set
 * @err: filled on failure
 *
 * Return: 1 it has a profile, 0 it has none, negative when the profile cannot be read: the default
 * policy holds then.
 */
sk_must_check int guard_enforce_container(struct guard_enforce *f, struct guard_kern *k,
					  struct guard_whose *w, struct sk_err *err);

/**
 * guard_enforce_profile() - the profile that a container is judged by
 * @w: container, after guard_enforce_container()
 *
 * Return: NULL for none; borrowed.
 */
const struct guard_profile *guard_enforce_profile(const struct guard_whose *w);

/**
 * guard_enforce_gone() - a container is gone
 * @f: state
 * @w: container
 */
void guard_enforce_gone(struct guard_enforce *f, const struct guard_whose *w);

/**
 * guard_enforce_tick() - look up names of peers for the containers, without waiting
 * @f: state
 * @k: kernel half
 * @now_ms: a clock that only goes forward
 *
 * Return: true when no container waits for its first look-ups.
 */
bool guard_enforce_tick(struct guard_enforce *f, struct guard_kern *k, uint64_t now_ms);

/**
 * guard_enforce_decisions() - what was decided here and not by the kernel half
 * @f: state
 *
 * Return: borrowed; the numbers grow.
 */
const struct guard_decisions *guard_enforce_decisions(const struct guard_enforce *f);

/**
 * guard_enforce_retract() - alerts that were decided here are not told after all
 * @f: state
 * @n: how many; they blocked nothing
 */
void guard_enforce_retract(struct guard_enforce *f, size_t n);

/**
 * guard_enforce_event() - something happened: completes it, and decides what was held
 * @f: state
 * @k: kernel half
 * @rec: record; NULL for repetitions and losses
 * @e: the record's event; verdict, reason and texts are brought up to date
 * @w: container
 *
 * Return: what is to be done with it.
 */
enum guard_told guard_enforce_event(struct guard_enforce *f, struct guard_kern *k,
				    const struct guard_rec *rec, struct guard_event *e,
				    struct guard_whose *w);
