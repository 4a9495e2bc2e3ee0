/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One run of the guard: the kernel half loaded, the containers of this host known and followed,
 * records turned into events. Watching, learning and enforcing differ in what they do with them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/err.h"
#include "guard/attrib.h"
#include "guard/event.h"
#include "guard/kern.h"
#include "guard/reader.h"

struct guard_session;

/**
 * struct guard_session_ops - what the user of a session does
 * @opened: the kernel half is loaded; comes before all others; may be NULL
 * @container: a selected container or service appeared (or was named at last); sets @w->index to
 * the index of its policy, which is already in the kernel's maps; may be NULL
 * @gone: it disappeared; @w is forgotten afterwards; may be NULL
 * @note: what was selected is not quite what it looks like, or is not there; may be NULL
 * @event: something happened; @e may be changed before it is passed on; @rec is NULL for what the
 * session itself has to say (lost, repetitions)
 *
 * Pointers in events are valid until @event returns.
 */
struct guard_session_ops {
	void (*opened)(void *ctx, struct guard_kern *k);
	void (*container)(void *ctx, struct guard_whose *w);
	void (*gone)(void *ctx, struct guard_whose *w);
	void (*note)(void *ctx, const char *text);
	void (*event)(void *ctx, const struct guard_rec *rec, struct guard_event *e,
		      struct guard_whose *w);
};

/** struct guard_session_options - how to run */
struct guard_session_options {
	struct guard_kern_options kern;
	struct guard_select select; /* texts outlive the session */
	const char *const *engines; /* sockets */
	size_t n_engines;
	const char *max_containers;  /* a number; NULL: GUARD_MAX_CONTAINERS */
	struct guard_policy policy;  /* of containers that have no policy of their own */
	struct guard_reader *reader; /* of containers' files; outlives the session */
	const struct guard_session_ops *ops;
	void *ctx;
};

/**
 * guard_session_open() - load the kernel half and find what runs
 * @o: options
 * @ret: the caller frees with guard_session_free()
 * @err: filled on failure
 *
 * When it returns, everything that already runs and is selected is covered.
 * Return: 0, or negative.
 */
sk_must_check int guard_session_open(const struct guard_session_options *o,
				     struct guard_session **ret, struct sk_err *err);

/**
 * guard_session_free() - end a session
 * @s: may be NULL
 */
void guard_session_free(struct guard_session *s);
SK_DEFINE_CLEANUP(struct guard_session, guard_session_free);

/**
 * guard_session_poll() - wait and handle what happened
 * @s: session
 * @timeout_ms: longest wait; at most 20 ms are waited anyway
 * @err: filled on failure
 *
 * Return: 0, or negative.
 */
sk_must_check int guard_session_poll(struct guard_session *s, int timeout_ms, struct sk_err *err);

/**
 * guard_session_flush() - tell the repetitions that were only counted so far
 * @s: session
 */
void guard_session_flush(struct guard_session *s);

/**
 * guard_session_pin() - make what is in force outlive this process, and take over what was
 * @s: session
 * @err: filled on failure
 *
 * Tells what a predecessor's programs blocked since nobody read their reports. Programs are held
 * from here on.
 * Return: 0, or negative.
 */
sk_must_check int guard_session_pin(struct guard_session *s, struct sk_err *err);

/**
 * guard_session_end() - leave nothing that waits for an answer
 * @s: session
 * @keep: what is pinned stays in force
 * @err: filled on failure
 *
 * Return: 0, or negative.
 */
sk_must_check int guard_session_end(struct guard_session *s, bool keep, struct sk_err *err);

/**
 * guard_session_mute() - tell no repetitions of a cause: it turned out to be none
 * @s: session
 * @rec: its first record
 */
void guard_session_mute(struct guard_session *s, const struct guard_rec *rec);

/**
 * guard_session_later() - hand a record to the event function once more
 * @s: session
 * @rec: program start, as the event function got it
 * @ns: from now
 *
 * It comes with GUARD_RF_LATER and @rec->op raised by one, unless the process has ended or become
 * another program. At most 64 wait; the oldest is dropped for a new one.
 */
void guard_session_later(struct guard_session *s, const struct guard_rec *rec, uint64_t ns);

/**
 * guard_session_has_room() - may a record of a container be put off
 * @s: session; NULL: no
 * @w: container
 *
 * Return: false where who waits can only be answered at once, and when very many are put off.
 */
bool guard_session_has_room(const struct guard_session *s, const struct guard_whose *w);

/**
 * guard_session_put_off() - hand a record to the event function again when its file was read
 * @s: session, which has room
 * @rec: as the event function got it
 * @asking: what guard_reader_is_due() is asked
 *
 * It comes as it came first. A process that waits goes on waiting.
 */
void guard_session_put_off(struct guard_session *s, const struct guard_rec *rec,
			   const struct guard_asking *asking);

/**
 * guard_session_find_cwd() - the directory that an event's process is in
 * @s: session
 * @e: event that the event function got, in that call; stays without it when the process is gone
 *
 * Events with a reason have it already, and program starts where GUARD_P_CWD asks for it.
 */
void guard_session_find_cwd(struct guard_session *s, struct guard_event *e);

/**
 * guard_session_walk() - records of what runs already, handed to the event function
 * @s: session
 * @err: filled on failure
 *
 * Return: 0, or negative.
 */
sk_must_check int guard_session_walk(struct guard_session *s, struct sk_err *err);

/**
 * guard_session_kern() - the kernel half
 * @s: session
 *
 * Return: borrowed.
 */
struct guard_kern *guard_session_kern(struct guard_session *s);

/**
 * guard_session_reader() - who reads containers' files
 * @s: session
 *
 * Return: borrowed.
 */
struct guard_reader *guard_session_reader(struct guard_session *s);

/**
 * guard_session_attrib() - the containers
 * @s: session
 *
 * Return: borrowed.
 */
struct guard_attrib *guard_session_attrib(struct guard_session *s);

/**
 * guard_session_time() - wall-clock time of a record
 * @s: session
 * @mono_ns: as the kernel half has it
 *
 * Return: microseconds since the epoch.
 */
uint64_t guard_session_time(const struct guard_session *s, uint64_t mono_ns);

/**
 * guard_session_pid() - a living process of a container
 * @w: container
 *
 * Return: 0 when there is none.
 */
uint32_t guard_session_pid(const struct guard_whose *w);

/**
 * guard_session_host() - name of this machine, for events that no record stands for
 * @s: session
 *
 * Return: the name, as long as @s.
 */
const char *guard_session_host(const struct guard_session *s);
