/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What outlives the agent: programs and maps pinned in the bpf file system; taking them over,
 * telling what is in force, removing them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/err.h"
#include "guard/kern.h"

/** struct guard_decisions - what an agent decided that the kernel half had left to it */
struct guard_decisions {
	uint64_t alerts; /* blocks too */
	uint64_t blocks;
};

/** struct guard_pinned - what is pinned on this machine */
struct guard_pinned {
	size_t n_programs; /* 0: nothing */
	size_t n_missing;  /* programs that were pinned and are not any more */
	bool is_readable;  /* this version understands its maps; what follows is known then only */
	bool enforces;
	enum guard_backend backend;
	uint32_t agent_pid; /* known whatever the version; 0 when not */
	bool agent_lives;
	struct guard_stats stats;
	struct guard_decisions decisions; /* of the agent that lives */
	uint64_t n_unnamed;               /* containers that it had no room for */
	uint64_t n_unfollowed;            /* processes, likewise */
	uint64_t n_unfolded;              /* alerts whose causes are not kept */
};

/**
 * guard_kern_pin() - make the programs and maps outlive this process
 * @k: loaded
 * @err: filled on failure
 *
 * What an earlier agent had pinned is removed once the new programs work: there is no moment
 * without any. Nothing is held until the next heartbeat.
 * Return: 0, or negative.
 */
sk_must_check int guard_kern_pin(struct guard_kern *k, struct sk_err *err);

/**
 * guard_kern_keep_pins() - are all pins in their place? If not, pin again
 * @k: pinned
 * @err: filled on failure
 *
 * Return: 0 when they are, or nothing was pinned; 1 when some were not and all are now; negative
 * when that failed.
 */
sk_must_check int guard_kern_keep_pins(struct guard_kern *k, struct sk_err *err);

/**
 * guard_kern_unpin() - remove what is pinned; enforcement ends with it
 * @k: its own pins only, not those of a successor; NULL: whosever they are
 * @err: filled on failure
 *
 * Return: number of programs removed, 0 when there were none, or negative.
 */
sk_must_check int guard_kern_unpin(const struct guard_kern *k, struct sk_err *err);

/**
 * guard_kern_inherit() - take over the processes that a pinned predecessor knew
 * @k: loaded, not yet pinned
 * @held: those that are held stay so; else it is somebody else who looks at them
 *
 * Identities that processes had shed since (by leaving their cgroup) stay known. To be called again
 * when containers are known: processes start meanwhile.
 * Return: number of processes taken over.
 */
size_t guard_kern_inherit(struct guard_kern *k, bool held);

/**
 * guard_kern_drain_old() - records that a predecessor left unread
 * @k: loaded with @succeed
 *
 * They go to the function of guard_kern_on().
 */
void guard_kern_drain_old(struct guard_kern *k);

/**
 * guard_kern_old_get() - look an element of a predecessor's map up
 * @k: loaded
 * @map: which
 * @key: of the map's type
 * @ret_value: written when found
 *
 * Return: false when absent, or there is no predecessor.
 */
bool guard_kern_old_get(const struct guard_kern *k, enum guard_map map, const void *key,
			void *ret_value);

/**
 * guard_kern_old_next() - iterate over the keys of a predecessor's map
 * @k: loaded
 * @map: which
 * @key: previous key, NULL at first
 * @ret_key: next one
 *
 * Return: false at the end.
 */
bool guard_kern_old_next(const struct guard_kern *k, enum guard_map map, const void *key,
			 void *ret_key);

/**
 * guard_kern_note_decisions() - keep what the agent decided where guard_pinned_read() finds it
 * @k: loaded
 * @d: since the agent started
 */
void guard_kern_note_decisions(struct guard_kern *k, const struct guard_decisions *d);

/**
 * guard_pinned_read() - what is in force
 * @ret: all zero when nothing is pinned
 * @err: filled on failure
 *
 * Return: 0, or negative when it cannot be told, as without rights.
 */
sk_must_check int guard_pinned_read(struct guard_pinned *ret, struct sk_err *err);

/**
 * guard_pinned_containers() - call a function for each container that is pinned as known
 * @fn: receives the cgroup id, the container, its policy
 * @ctx: handed to it
 */
void guard_pinned_containers(void (*fn)(void *ctx, uint64_t cgroup, const struct guard_container *c,
					const struct guard_policy *p),
			     void *ctx);

/**
 * guard_pinned_kill_held() - end every program that is held by what is pinned
 *
 * Return: how many.
 */
size_t guard_pinned_kill_held(void);

/**
 * guard_pinned_end_agent() - end the agent that lives
 * @sig: asks it to: SIGTERM to lift enforcement, SIGUSR2 to leave it to a successor
 * @timeout_ms: it is killed when it takes longer
 *
 * Return: true when there was one and it is gone now.
 */
bool guard_pinned_end_agent(int sig, int timeout_ms);

/**
 * guard_process_start() - when a process started
 * @pid: process
 *
 * Return: clock ticks after boot, 0 when it is gone.
 */
uint64_t guard_process_start(uint32_t pid);
