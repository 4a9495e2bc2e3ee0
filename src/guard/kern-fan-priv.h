/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of the fanotify backend share.
 *
 * One thread, the asker (fan-ask.c), reads events. It touches no file but those of /proc and of the
 * cgroup tree, lets everybody go at once who is in no container, and answers in place of others who
 * take too long. Workers look at who asks for what (fan-look.c) and decide (fan-work.c). What needs
 * the file's content, or the name of a container that nobody knew, waits for the session's thread,
 * which polls (kern-fan.c) and finds what came and went (fan-round.c). Everything below is guarded
 * by @lock but for what is constant.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "guard/fan-proc.h"
#include "guard/fan.h"
#include "guard/kern-fan.h"
#include "guard/table.h"

enum {
	GUARD_FAN_WORKERS = 2,     /* to begin with */
	GUARD_FAN_MAX_WORKERS = 8, /* when some do not come back */
	GUARD_FAN_MAX_JOBS = 4096, /* records that wait for the session */
	GUARD_FAN_CACHED = 256,    /* cgroups whose container is remembered */
	GUARD_FAN_CACHED_TEXT = 256,
	GUARD_FAN_MAX_TASKS = 65536,
	GUARD_FAN_MAX_IMAGES = 16384,
	GUARD_FAN_MAX_FLIGHTS = 8192,
};

/** enum guard_fan_role - what a file is within one execve */
enum guard_fan_role {
	GUARD_FAN_PROGRAM,
	GUARD_FAN_SCRIPT,
	GUARD_FAN_INTERPRETER, /* of the script before it */
	GUARD_FAN_LINKER,      /* of the program before it */
	GUARD_FAN_NOTHING,     /* a record about no file */
};

/** struct guard_fan_flight - an execve that is under way, by thread */
struct guard_fan_flight {
	uint64_t mark;
	uint64_t start;
	uint64_t ns;
	struct guard_file_id file;
	enum guard_fan_role role; /* of @file */
	uint32_t args_len;
	uint8_t args[GUARD_ARGS_BYTES]; /* those that the interpreter will get */
};

/** struct guard_fan_job - an event on its way, and its record */
struct guard_fan_job {
	TAILQ_ENTRY(guard_fan_job) queue;   /* of work, or of records */
	TAILQ_ENTRY(guard_fan_job) waiting; /* unanswered ones, then those that linger */
	unsigned refs;
	int fd; /* -1: a record without a file */
	uint32_t tid;
	uint64_t cgroup;
	uint64_t asked_ns;
	uint64_t answered_ns;         /* 0: not yet */
	struct guard_fan_job *script; /* that the program was told to read, not judged yet */
	struct guard_fan_job *gate;   /* the program that waits for this script */
	bool is_released;
	enum guard_fan_role role;
	struct guard_fan_flight flight; /* what is remembered when it goes */
	uint64_t exe_dev;
	uint64_t exe_ino;
	size_t len; /* of data */
	struct guard_rec rec;
	uint8_t data[GUARD_DATA_BYTES];
};

TAILQ_HEAD(guard_fan_jobs, guard_fan_job);

/** struct guard_fan_image - a program that was started */
struct guard_fan_image {
	uint64_t parent; /* exec id */
	uint64_t dev;
	uint64_t ino;
};

/** struct guard_fan_cached - cgroup as /proc tells it, and the container it belongs to */
struct guard_fan_cached {
	char text[GUARD_FAN_CACHED_TEXT];
	uint64_t top;  /* 0: none */
	uint64_t self; /* its own number */
};

struct guard_fan_kern {
	int fd;      /* group */
	int wake_fd; /* for the asker */
	int out_fd;  /* for the session */
	int mounts_fd;
	uint64_t own_mnt_ns;
	char root[256]; /* of the cgroup tree */
	bool enforce;
	bool hold;
	struct guard_fan_watchdog *watchdog;

	pthread_mutex_t lock;
	pthread_cond_t work_there;
	pthread_t asker;
	bool has_asker;
	pthread_t workers[GUARD_FAN_MAX_WORKERS];
	unsigned n_workers;
	unsigned n_idle;
	bool quit;

	struct guard_table *maps[GUARD_N_MAPS];
	struct guard_table *starts;  /* process → start time */
	struct guard_table *images;  /* exec id → struct guard_fan_image */
	struct guard_table *flights; /* thread → struct guard_fan_flight */
	struct guard_table *layers;  /* device of an overlay → struct guard_fan_layer */
	struct guard_table *spaces;  /* mount namespace → cgroup of its container */
	struct guard_fan_cached cached[GUARD_FAN_CACHED];
	struct guard_fan_jobs work;    /* for the workers */
	struct guard_fan_jobs out;     /* for the session */
	struct guard_fan_jobs waiting; /* unanswered */
	struct guard_fan_jobs lingering;
	size_t n_out;
	unsigned n_trees;              /* processes that were selected by number */
	struct guard_fan_job *current; /* being told; used by the session's thread alone */
	struct guard_stats stats;
	uint64_t last_exec_id;
	uint64_t round_ns; /* when the last round was made */
	unsigned n_rounds;
};

/**
 * guard_fan_ask_loop() - the asker's thread
 * @arg: struct guard_fan_kern
 *
 * Return: NULL.
 */
void *guard_fan_ask_loop(void *arg);

/**
 * guard_fan_work_loop() - a worker's thread
 * @arg: struct guard_fan_kern
 *
 * Return: NULL.
 */
void *guard_fan_work_loop(void *arg);

/**
 * guard_fan_top_of() - the container that a cgroup belongs to; finds new ones
 * @f: backend, locked
 * @text: relative to the root of the tree
 *
 * Return: its cgroup id, 0 for none.
 */
uint64_t guard_fan_top_of(struct guard_fan_kern *f, const char *text);

/**
 * guard_fan_mark_space() - mark what a process sees mounted
 * @f: backend, not locked
 * @pid: process, 0: this one
 * @remote: remote file systems too
 */
void guard_fan_mark_space(struct guard_fan_kern *f, uint32_t pid, bool remote);

/**
 * guard_fan_job_new() - a job
 * @fd: the file, which the job closes; -1: none
 * @tid: thread that waits
 *
 * Return: with one reference, in no list.
 */
struct guard_fan_job *guard_fan_job_new(int fd, uint32_t tid);

/**
 * guard_fan_job_put() - drop a reference
 * @j: job
 */
void guard_fan_job_put(struct guard_fan_job *j);

/**
 * guard_fan_answer_job() - let it go or refuse it, once
 * @f: backend, locked
 * @j: job
 * @allow: true lets it go
 */
void guard_fan_answer_job(struct guard_fan_kern *f, struct guard_fan_job *j, bool allow);

/**
 * guard_fan_give_up() - what nobody could look at is decided by the mode alone, and counted as lost
 * @f: backend, locked
 * @j: job
 */
void guard_fan_give_up(struct guard_fan_kern *f, struct guard_fan_job *j);

/**
 * guard_fan_pass() - nothing is wrong with a program: let it go when nothing is with its script
 * @f: backend, locked
 * @j: job
 * @told: its record is on its way already
 */
void guard_fan_pass(struct guard_fan_kern *f, struct guard_fan_job *j, bool told);

/**
 * guard_fan_emit() - hand a record to the session
 * @f: backend, locked
 * @j: job; the reference goes with it
 * @urgent: wakes the session
 *
 * Return: false when there is no room: it is counted as lost.
 */
bool guard_fan_emit(struct guard_fan_kern *f, struct guard_fan_job *j, bool urgent);

/**
 * guard_fan_round() - find cgroups that came and went, mounts that came; forget who is gone
 * @f: backend, not locked
 *
 * Of the session's thread, once a second.
 */
void guard_fan_round(struct guard_fan_kern *f);

/**
 * guard_fan_put_path() - a path as records have it: last component first, each with its NUL
 * @path: text
 * @to: receives it
 * @size: bytes; more components are left out
 *
 * Return: bytes used.
 */
size_t guard_fan_put_path(const char *path, uint8_t *to, size_t size);

/**
 * guard_fan_next_exec_id() - a number for a program start
 * @f: backend, locked
 *
 * Return: unique.
 */
uint64_t guard_fan_next_exec_id(struct guard_fan_kern *f);
