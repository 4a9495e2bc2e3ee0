/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel half, from user space: probing by loading, choosing the backend, attaching, pinning,
 * maps and rings. Only kern-bpf.c, kern-map.c and kern-pin.c use libbpf.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/err.h"
#include "guard/bpf/record.h"

enum guard_backend {
	GUARD_BACKEND_AUTO,
	GUARD_BACKEND_LSM,
	GUARD_BACKEND_SIGNAL,
	GUARD_BACKEND_FANOTIFY,
	GUARD_N_BACKENDS
};

/** struct guard_kern_options - how to load */
struct guard_kern_options {
	enum guard_backend backend; /* AUTO takes the best that works */
	bool calls;                 /* system calls are noted or judged too */
	bool caps;                  /* capabilities are */
	bool enforce;               /* violations are blocked where the policy says so */
	bool hold;                  /* first programs of unknown containers wait */
	bool succeed;               /* what is pinned is taken over */
	uint32_t max_containers;    /* that are named; as many more are under the default policy; 0:
				       usual */
};

/** struct guard_kern_program - a program and how it fared */
struct guard_kern_program {
	const char *name;
	const char *hook; /* "lsm/bprm_check_security" */
	bool attached;
	int error;       /* positive errno of loading or attaching */
	const char *why; /* it is not attached, one line; NULL when it is */
};

enum guard_map {
	GUARD_MAP_TASKS,
	GUARD_MAP_CONTAINERS,
	GUARD_MAP_POLICIES,
	GUARD_MAP_ALLOW,
	GUARD_MAP_SIZES,
	GUARD_MAP_USES,
	GUARD_MAP_PEERS,
	GUARD_MAP_NETS,
	GUARD_MAP_NAMES,
	GUARD_MAP_NAMED,
	GUARD_MAP_CALL_SETS,
	GUARD_MAP_SEEN,
	GUARD_MAP_FOLDS,
	GUARD_MAP_TOLD,
	GUARD_MAP_RECORDS,
	GUARD_MAP_ALERTS,
	GUARD_MAP_STATS,
	GUARD_MAP_CONTROL, /* last: pins that have it are complete */
	GUARD_N_MAPS
};

struct guard_kern;

/** guard_record_fn - receives a record; negative stops the poll */
typedef int guard_record_fn(void *ctx, const struct guard_rec *rec, const uint8_t *data,
			    size_t len);

/**
 * guard_backend_name() - "lsm", "signal", "fanotify", "auto"
 * @backend: any value
 *
 * Return: static text.
 */
const char *guard_backend_name(enum guard_backend backend);

/**
 * guard_backend_parse() - backend from its word
 * @text: may be NULL
 * @ret: written on success
 *
 * Return: false when it is none.
 */
sk_must_check bool guard_backend_parse(const char *text, enum guard_backend *ret);

/**
 * guard_kern_open() - load and attach
 * @o: options
 * @ret: the caller frees with guard_kern_free()
 * @err: filled on failure
 *
 * Return: 0, or negative. Errors: SK_E_UNSUPPORTED when what was asked for does not load here.
 */
sk_must_check int guard_kern_open(const struct guard_kern_options *o, struct guard_kern **ret,
				  struct sk_err *err);

/**
 * guard_kern_free() - detach what is not pinned and close everything
 * @k: may be NULL
 */
void guard_kern_free(struct guard_kern *k);
SK_DEFINE_CLEANUP(struct guard_kern, guard_kern_free);

/**
 * guard_kern_backend() - what is in force
 * @k: loaded
 *
 * Return: never GUARD_BACKEND_AUTO.
 */
enum guard_backend guard_kern_backend(const struct guard_kern *k);

/**
 * guard_kern_programs() - every program and how it fared
 * @k: loaded
 * @ret_n: count
 *
 * Return: borrowed, in a fixed order.
 */
const struct guard_kern_program *guard_kern_programs(const struct guard_kern *k, size_t *ret_n);

/**
 * guard_kern_on() - who receives records
 * @k: loaded
 * @fn: function
 * @ctx: handed to it
 */
void guard_kern_on(struct guard_kern *k, guard_record_fn *fn, void *ctx);

/**
 * guard_kern_poll() - wait for what is urgent, then take everything that is there
 * @k: loaded
 * @timeout_ms: longest wait
 * @err: filled on failure
 *
 * Return: records handled, or negative.
 */
sk_must_check int guard_kern_poll(struct guard_kern *k, int timeout_ms, struct sk_err *err);

/**
 * guard_kern_heartbeat() - tell the kernel half that the agent lives
 * @k: loaded
 *
 * Held programs need an agent that answers; without a sign for three seconds nothing is held.
 */
void guard_kern_heartbeat(struct guard_kern *k);

/**
 * guard_kern_walk() - records of what runs already: programs and what they have mapped
 * @k: loaded; processes are those in GUARD_MAP_TASKS
 * @fn: receives records of type GUARD_REC_EXEC and GUARD_REC_MMAP
 * @ctx: handed to it
 * @err: filled on failure
 *
 * Return: 0; 1 when this kernel can tell programs only, not mappings; or negative.
 */
sk_must_check int guard_kern_walk(struct guard_kern *k, guard_record_fn *fn, void *ctx,
				  struct sk_err *err);

/**
 * guard_kern_get() - look an element up
 * @k: loaded
 * @map: which
 * @key: of the map's type
 * @ret_value: written when found
 *
 * Return: false when absent.
 */
bool guard_kern_get(const struct guard_kern *k, enum guard_map map, const void *key,
		    void *ret_value);

/**
 * guard_kern_put() - insert or replace an element
 * @k: loaded
 * @map: which
 * @key: of the map's type
 * @value: of the map's type
 *
 * Return: 0, or -errno; -E2BIG when the map is full.
 */
int guard_kern_put(struct guard_kern *k, enum guard_map map, const void *key, const void *value);

/**
 * guard_kern_del() - remove an element
 * @k: loaded
 * @map: which
 * @key: of the map's type
 */
void guard_kern_del(struct guard_kern *k, enum guard_map map, const void *key);

/**
 * guard_kern_next() - iterate over keys
 * @k: loaded
 * @map: which
 * @key: previous key, NULL at first
 * @ret_key: next one
 *
 * Return: false at the end.
 */
bool guard_kern_next(const struct guard_kern *k, enum guard_map map, const void *key,
		     void *ret_key);

/**
 * guard_kern_has_left() - does a process of a container live on in another cgroup
 * @k: loaded
 * @cgroup: the container's
 *
 * Return: false also with fanotify, which does not hear of what ends.
 */
bool guard_kern_has_left(const struct guard_kern *k, uint64_t cgroup);

/**
 * guard_kern_release() - continue or kill a process that the kernel half holds
 * @k: loaded
 * @rec: record of the hold; a process that has its number by now is left alone
 * @sig: SIGCONT or SIGKILL
 *
 * Return: false when it is not there any more, or was not held.
 */
bool guard_kern_release(struct guard_kern *k, const struct guard_rec *rec, int sig);

/**
 * guard_kern_refusal() - what becomes of a held program that is released with SIGKILL
 * @k: loaded
 *
 * Return: KILLED; DENIED where it learns of it.
 */
enum guard_rec_verdict guard_kern_refusal(const struct guard_kern *k);

/**
 * guard_kern_file() - the file of the record that is being told, as the kernel handed it out
 * @k: loaded
 * @rec: as the record function got it
 *
 * Return: borrowed descriptor until the record function returns; -1 where the backend has none.
 */
int guard_kern_file(const struct guard_kern *k, const struct guard_rec *rec);

/**
 * guard_kern_ring_strangers() - does what workers of io_uring do pass by the kernel half?
 * @k: loaded
 *
 * Up to 5.11 they are threads of the kernel; 5.10.162 has the io_uring of 5.15.
 *
 * Return: whether it does.
 */
bool guard_kern_ring_strangers(const struct guard_kern *k);

/**
 * guard_kern_fallback() - why a better backend is not in force
 * @k: loaded
 *
 * Return: NULL when there is nothing to tell.
 */
const char *guard_kern_fallback(const struct guard_kern *k);

/**
 * guard_kern_pause() - hold nothing until the next heartbeat: nobody would look
 * @k: loaded
 */
void guard_kern_pause(struct guard_kern *k);

/**
 * guard_kern_kill_held() - end every program that is held
 * @k: loaded
 *
 * For those that nobody is going to look at: they never ran and never will.
 * Return: how many.
 */
size_t guard_kern_kill_held(struct guard_kern *k);

/**
 * guard_kern_kill() - end a process that runs
 * @k: loaded
 * @rec: record of what it did; a process that has its number by now, or that became another
 * program, is left alone
 *
 * Return: true when it was ended.
 */
bool guard_kern_kill(struct guard_kern *k, const struct guard_rec *rec);

/**
 * guard_kern_stats() - sums over the CPUs
 * @k: loaded
 *
 * Return: counters since the first agent of an unbroken row.
 */
struct guard_stats guard_kern_stats(const struct guard_kern *k);
