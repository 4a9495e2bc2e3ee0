/* SPDX-License-Identifier: Apache-2.0 */
/* What kern*.c share. */
#pragma once

#include <stdbool.h>

#include <bpf/libbpf.h>

#include "guard/kern.h"

#define GUARD_PIN_DIR "/sys/fs/bpf/stockade"
#define GUARD_PIN_NEW GUARD_PIN_DIR "-new"

enum {
	GUARD_TASKS_WALKED = 1 << 23, /* keys of a map that changes may come twice */
	GUARD_NAMED_WALKED = 65536,
	GUARD_MAX_PROGRAMS = 64,
	GUARD_T_WAITS = GUARD_T_HELD | GUARD_T_PAUSED,
};

struct guard_batch;
struct guard_bpf;
struct guard_fan_kern;

/** struct guard_kern_ops - what a backend does; NULL where it has nothing to do */
struct guard_kern_ops {
	void (*close)(struct guard_kern *k);
	int (*poll)(struct guard_kern *k, int timeout_ms, struct sk_err *err);
	void (*heartbeat)(struct guard_kern *k);
	int (*walk)(struct guard_kern *k, guard_record_fn *fn, void *ctx, struct sk_err *err);
	bool (*get)(const struct guard_kern *k, enum guard_map map, const void *key,
		    void *ret_value);
	int (*put)(struct guard_kern *k, enum guard_map map, const void *key, const void *value);
	void (*del)(struct guard_kern *k, enum guard_map map, const void *key);
	bool (*next)(const struct guard_kern *k, enum guard_map map, const void *key,
		     void *ret_key);
	bool (*has_left)(const struct guard_kern *k, uint64_t cgroup);
	bool (*release)(struct guard_kern *k, const struct guard_rec *rec, int sig);
	void (*pause)(struct guard_kern *k);
	size_t (*kill_held)(struct guard_kern *k);
	struct guard_stats (*stats)(const struct guard_kern *k);
	int (*pin)(struct guard_kern *k, struct sk_err *err);
	size_t (*inherit)(struct guard_kern *k, bool held);
	int (*file)(const struct guard_kern *k, const struct guard_rec *rec);
};

struct guard_kern {
	const struct guard_kern_ops *ops;
	enum guard_backend backend;
	struct guard_kern_program programs[GUARD_MAX_PROGRAMS];
	char why[GUARD_MAX_PROGRAMS][160];
	size_t n_programs;
	char fallback[SK_ERR_MSG_SIZE]; /* why a better backend is not in force */
	bool ring_strangers;            /* workers of io_uring belong to no process */
	guard_record_fn *fn;
	void *fn_ctx;
	int fn_result;

	/* BPF */
	struct guard_bpf *skel;
	struct bpf_link *links[GUARD_MAX_PROGRAMS];
	struct ring_buffer *rings;
	struct guard_batch *batch; /* what was read and is not handed out yet */
	int map_fds[GUARD_N_MAPS];
	int cgroup_fd;
	int pins_fd;   /* the directory of our pins; -1: there are none */
	size_t n_pins; /* programs and maps in it */
	struct guard_control control;
	bool has_old; /* a predecessor's maps are open */
	int old_fds[GUARD_N_MAPS];

	struct guard_fan_kern *fan;
};

extern const struct guard_kern_ops guard_bpf_ops;

/**
 * guard_bpf_open() - load and attach the BPF programs
 * @k: zero but for @k->cgroup_fd, which is -1
 * @o: options; any backend but fanotify
 * @err: filled on failure
 *
 * Return: 0, or negative; guard_bpf_close() is due either way.
 */
sk_must_check int guard_bpf_open(struct guard_kern *k, const struct guard_kern_options *o,
				 struct sk_err *err);

/**
 * guard_bpf_close() - detach and drop what was loaded
 * @k: may be opened partly
 */
void guard_bpf_close(struct guard_kern *k);

/**
 * guard_bpf_changed() - an element was written: what the kernel half keeps of it is out of date
 * @k: loaded
 * @map: which
 * @before: what a process was known by, zero when by nothing; for GUARD_MAP_TASKS only
 * @value: of the map's type
 */
void guard_bpf_changed(struct guard_kern *k, enum guard_map map, const struct guard_task *before,
		       const void *value);

/**
 * guard_bpf_has_strays() - is any process in another cgroup than its container's
 * @k: loaded
 *
 * Return: false when there is none.
 */
bool guard_bpf_has_strays(const struct guard_kern *k);

/**
 * guard_bpf_walk() - see guard_kern_walk()
 * @k: loaded
 * @fn: receives records
 * @ctx: handed to it
 * @err: filled on failure
 *
 * Return: as there.
 */
sk_must_check int guard_bpf_walk(struct guard_kern *k, guard_record_fn *fn, void *ctx,
				 struct sk_err *err);

/**
 * guard_kern_map_name() - name of a map in the object and among the pins
 * @map: which
 *
 * Return: static text.
 */
const char *guard_kern_map_name(enum guard_map map);

/**
 * guard_bpf_on_record() - what the rings call
 * @ctx: struct guard_kern
 * @data: record
 * @size: bytes
 *
 * It is kept until guard_bpf_hand_out(), as far as there is room.
 * Return: 0.
 */
int guard_bpf_on_record(void *ctx, void *data, size_t size);

/**
 * guard_bpf_hand_out() - what the rings brought, to whoever receives records, by time
 * @k: loaded
 */
void guard_bpf_hand_out(struct guard_kern *k);

/**
 * guard_bpf_note_pins() - tell the kernel half where the pins are
 * @k: loaded
 * @fd: their directory; -1: nowhere, while they are moved
 * @err: filled on failure
 *
 * Who takes something out of it from then on is told of.
 * Return: 0, or negative.
 */
sk_must_check int guard_bpf_note_pins(struct guard_kern *k, int fd, struct sk_err *err);

/**
 * guard_bpf_pin() - see guard_kern_pin()
 * @k: loaded
 * @err: filled on failure
 *
 * Return: as there.
 */
sk_must_check int guard_bpf_pin(struct guard_kern *k, struct sk_err *err);

/**
 * guard_bpf_inherit() - see guard_kern_inherit()
 * @k: loaded
 * @held: as there
 *
 * Return: as there.
 */
size_t guard_bpf_inherit(struct guard_kern *k, bool held);

/**
 * guard_tasks_kill_held() - end the programs that are stopped and were never looked at
 * @tasks_fd: map of processes
 *
 * Return: how many.
 */
size_t guard_tasks_kill_held(int tasks_fd);

/**
 * guard_stats_sum() - counts of all processors
 * @stats_fd: map
 * @before: added
 *
 * Return: sums.
 */
struct guard_stats guard_stats_sum(int stats_fd, const struct guard_stats *before);

/**
 * guard_bpf_succeed() - open the maps of what is pinned, so that its counts go on
 * @k: loaded, its maps are open
 */
void guard_bpf_succeed(struct guard_kern *k);
