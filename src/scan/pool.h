/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Worker processes. A job is one piece of foreign input read by one fresh, confined process that
 * inherits what it needs, answers once through a pipe and ends: what it is asked never crosses the
 * channel, and what a job that was taken over can spoil is its own answer. Limits, messages and
 * the frame of the answer are checked here; the content of the answer by who asked.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/budget.h"
#include "base/buf.h"
#include "base/defs.h"
#include "base/err.h"
#include "base/wire.h"

enum {
	SCAN_JOB_NETWORK = 1 << 0, /* not confined: a client that fetches bytes and reads none */
	SCAN_JOB_TAKE_FD = 1 << 1, /* @fd is closed in this process as soon as the worker runs */
	SCAN_JOB_OUT = 1 << 2,     /* @out_fd is handed to the worker too */
};

struct scan_job;

/**
 * struct scan_job - what one worker does
 * @what: names it in messages, e.g. "layer 3 (sha256:…)"; already escaped
 * @fd: handed to the worker, -1 for none; stays the caller's in this process
 * @out_fd: with SCAN_JOB_OUT: writing end of a pipe; stays the caller's in this process
 * @tree: @fd is a directory beneath which files may be opened
 * @flags: SCAN_JOB_*
 * @work: runs in the worker; appends the answer
 * @ctx: for @work, read-only
 * @limits: for budgets in the worker
 * @r: 0 or the job's failure, then @err says which
 * @answer: what the worker sent; not validated
 * @layers: in the worker, enum sk_sandbox_layers that are in force
 * @progress: bytes read so far as the worker says; shared memory, NULL outside a run
 */
struct scan_job {
	const char *what;
	int fd;
	int out_fd;
	bool tree;
	unsigned flags;
	int (*work)(const struct scan_job *job, struct sk_buf *answer, struct sk_err *err);
	const void *ctx;
	const struct sk_limits *limits;
	uint64_t size_hint; /* bytes that will be read, 0: unknown */
	int r;
	struct sk_err err;
	struct sk_buf answer;
	unsigned layers;
	volatile uint64_t *progress;
};

/**
 * struct scan_pool - how jobs are run
 * @n_workers: at once
 * @deadline_ms: CLOCK_MONOTONIC, 0: none
 * @tick: called a few times a second with the sum of all progress; may be NULL
 */
struct scan_pool {
	unsigned n_workers;
	uint64_t deadline_ms;
	void (*tick)(void *ctx, uint64_t done, uint64_t total);
	void *ctx;
};

/**
 * scan_pool_run() - run jobs to their end
 * @pool: how
 * @jobs: each gets its @r, @err and @answer; the caller releases every answer
 * @n_jobs: count
 * @err: filled when the jobs could not be run at all
 *
 * Jobs with a larger @size_hint start first. A worker that dies, stalls or answers nonsense makes
 * its own job fail (SK_E_WORKER, SK_E_TIMEOUT, SK_E_LIMIT); the others go on. Call it before any
 * thread is started. Return: 0 when every job has its result, or negative.
 */
sk_must_check int scan_pool_run(const struct scan_pool *pool, struct scan_job *jobs, size_t n_jobs,
				struct sk_err *err);

/**
 * scan_pool_ask() - run one job by itself, with the default limits, and read what it answers
 * @job: its limits, result and answer are filled and spent here
 * @deadline_ms: CLOCK_MONOTONIC
 * @read: takes the answer apart, all of it; what it wrote counts only when 0 is returned
 * @ctx: for @read
 * @err: filled on failure
 *
 * Return: 0, or negative. Errors: those of scan_pool_run() and of the job; SK_E_WORKER an answer
 * that is not what @read reads.
 */
sk_must_check int scan_pool_ask(struct scan_job *job, uint64_t deadline_ms,
				void (*read)(struct sk_wire *w, void *ctx), void *ctx,
				struct sk_err *err);
