/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of enforcement share: services, the record at hand, and who does what with it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "guard/enforce.h"
#include "guard/files.h"
#include "guard/reader.h"
#include "guard/remote.h"
#include "guard/resolver.h"

/** struct guard_service - a profile in force */
struct guard_service {
	char *name;
	struct guard_profile *profile; /* NULL: there is none */
	uint32_t index;
	bool resolved;            /* its files were looked up in a running container */
	const char *const *names; /* of peers, to be looked up */
	size_t n_names;
};

/** struct guard_enforce - all services, and what is needed to judge */
struct guard_enforce {
	struct guard_session *session; /* NULL: nothing is looked at again */
	struct guard_remote remote;    /* of the event at hand */
	struct guard_enforce_options options;
	struct guard_resolver *resolver;
	struct sk_arena *arena;
	struct guard_service services[GUARD_MAX_SERVICES];
	size_t n_services;
	struct sk_buf text;
	struct sk_buf expected;
	uint8_t hash[GUARD_HASH_BYTES];
	struct guard_decisions decisions;
};

/** struct guard_held - a record being looked at */
struct guard_held {
	struct guard_enforce *f;
	struct guard_kern *k;
	const struct guard_rec *rec;
	struct guard_event *e;
	struct guard_whose *w;
	struct guard_service *svc;        /* NULL: no profile */
	const struct guard_program *prog; /* of the profile, once it is known to be the one */
	enum guard_section section;       /* that minds; GUARD_N_SECTIONS: no list does */
	bool has_hash;
	bool is_pending; /* a file is being read: nothing is decided yet */
};

/**
 * guard_enforce_own_mode() - the mode of what no section stands for
 * @p: profile
 * @given: where it does not say
 *
 * Return: mode.
 */
enum guard_mode guard_enforce_own_mode(const struct guard_profile *p, enum guard_mode given);

/**
 * guard_enforce_put_profile() - enter what a profile says in the kernel's maps, its policy last
 * @f: state
 * @k: kernel half
 * @svc: service; its names of peers are filled
 */
void guard_enforce_put_profile(struct guard_enforce *f, struct guard_kern *k,
			       struct guard_service *svc);

/**
 * guard_enforce_allow_of() - what a file of known content may be used for
 * @p: profile
 * @hash: of the file
 *
 * Return: no flag when the profile does not know it.
 */
struct guard_allow guard_enforce_allow_of(const struct guard_profile *p, const uint8_t *hash);

/**
 * guard_enforce_put_allow() - let a file be used from now on, unless it may still be changing
 * @k: kernel half
 * @service: index
 * @id: file
 * @a: for what
 */
void guard_enforce_put_allow(struct guard_kern *k, uint32_t service, const struct guard_file_id *id,
			     const struct guard_allow *a);

/**
 * guard_enforce_resolve() - enter each file that a running container has under its learned name
 * @f: state
 * @k: kernel half
 * @svc: service; once is enough
 * @cgroup: container
 * @pid: a process of the container, 0: none
 */
void guard_enforce_resolve(struct guard_enforce *f, struct guard_kern *k, struct guard_service *svc,
			   uint64_t cgroup, uint32_t pid);

/**
 * guard_enforce_look_around() - where a container asks for names, and what it may know already
 * @f: state
 * @k: kernel half
 * @svc: service
 * @cgroup: container
 * @pid: a process of it, 0: none
 */
void guard_enforce_look_around(struct guard_enforce *f, struct guard_kern *k,
			       const struct guard_service *svc, uint64_t cgroup, uint32_t pid);

/**
 * guard_enforce_asking() - what a question about a file of the record says
 * @h: record
 *
 * Who is held, or accused by what a file is, waits for the answer; all else does not.
 * Return: it.
 */
struct guard_asking guard_enforce_asking(const struct guard_held *h);

/**
 * guard_enforce_judge() - decide on a record; a process that waits is let go or ended
 * @h: record and event; the event's verdict and reason are filled
 *
 * Return: true when it is to be told; where @h->is_pending is set nothing was decided.
 */
bool guard_enforce_judge(struct guard_held *h);

/**
 * guard_enforce_tell() - what is told beside the verdict
 * @h: event and, where there is one, its record
 */
void guard_enforce_tell(struct guard_held *h);
