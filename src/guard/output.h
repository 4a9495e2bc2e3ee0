/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where events go: a descriptor, a file with rotation, the system log, a webhook. What is more than
 * observed is folded on the way: the first event of a cause goes out at once, its repetitions as
 * one event with a count. No call waits for a network or a log daemon.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/err.h"
#include "guard/event.h"
#include "model/severity.h"

struct guard_output;

enum {
	GUARD_FOLD_MS = 10000, /* repetitions are told at least this often */
};

/** struct guard_output_options - where to; text is copied */
struct guard_output_options {
	int fd;                           /* lines go here, -1: nowhere; not closed */
	bool fd_json;                     /* as JSON, else as lines for people */
	bool fd_colour;                   /* of those lines, the verdicts */
	const char *file;                 /* JSON lines are appended here, NULL: no file */
	uint64_t file_size;               /* bytes before the file is rotated, 0: never */
	unsigned file_keep;               /* old files kept, FILE.1 the latest */
	enum model_severity min_severity; /* less bad alerts are not told, 0: all are */
	bool syslog;
	const char *syslog_socket;         /* NULL: /dev/log */
	const char *webhook_url;           /* NULL: none */
	const char *webhook_authorization; /* value of the header of that name, or NULL */
	const char *webhook_ca_file;       /* PEM, or NULL for the system's */
	uint32_t fold_ms;                  /* 0: GUARD_FOLD_MS */
	bool no_fold;                      /* every repetition is written */
};

/** struct guard_output_stats - what became of the events */
struct guard_output_stats {
	uint64_t events;          /* handed over, repetitions counted */
	uint64_t lines;           /* written after folding */
	uint64_t fd_failed;       /* lines that the descriptor did not take */
	uint64_t file_failed;     /* lines that the file did not take */
	uint64_t syslog_failed;   /* lines that the system log did not take */
	uint64_t webhook_failed;  /* lines given up: the queue was full, or the end came */
	uint64_t webhook_sent;    /* lines that were accepted */
	const char *webhook_note; /* why it does not take them now, or NULL; valid until the next
				     call */
};

/**
 * guard_output_new() - open everything
 * @opts: choices
 * @ret: the caller ends with guard_output_free()
 * @err: filled on failure
 *
 * Return: 0, or negative when the file cannot be opened or libcurl is missing for the webhook. A
 * system log that does not answer is no failure.
 */
sk_must_check int guard_output_new(const struct guard_output_options *opts,
				   struct guard_output **ret, struct sk_err *err);

/**
 * guard_output_has_log() - did the system log answer when it was opened
 * @o: outputs
 *
 * Return: true also when it was not asked for.
 */
bool guard_output_has_log(const struct guard_output *o);

/**
 * guard_output_free() - write what is folded, give the webhook some seconds, close
 * @o: may be NULL
 */
void guard_output_free(struct guard_output *o);
SK_DEFINE_CLEANUP(struct guard_output, guard_output_free);

/**
 * guard_output_event() - write an event, or count it to its cause
 * @o: outputs
 * @e: event; copied where it is kept
 * @now_us: a clock in microseconds that never goes back
 * @err: filled on failure
 *
 * All outputs are tried. What is less bad than asked for is counted only; losses and what has no
 * reason are told. An event with @first_us was folded where it came from, and is written as
 * it is.
 * Return: 0, or negative when the descriptor or the file failed.
 */
sk_must_check int guard_output_event(struct guard_output *o, const struct guard_event *e,
				     uint64_t now_us, struct sk_err *err);

/**
 * guard_output_tick() - write the repetitions that have waited long enough
 * @o: outputs
 * @now_us: as above
 * @err: filled on failure
 *
 * To be called about once a second.
 * Return: 0, or negative when the descriptor or the file failed.
 */
sk_must_check int guard_output_tick(struct guard_output *o, uint64_t now_us, struct sk_err *err);

/**
 * guard_output_flush() - write all repetitions now
 * @o: outputs
 * @err: filled on failure
 *
 * Return: 0, or negative when the descriptor or the file failed.
 */
sk_must_check int guard_output_flush(struct guard_output *o, struct sk_err *err);

/**
 * guard_output_reopen() - open the file again by its name, after SIGHUP
 * @o: outputs
 * @err: filled on failure
 *
 * Return: 0, or -errno; then the old file stays in use.
 */
sk_must_check int guard_output_reopen(struct guard_output *o, struct sk_err *err);

/**
 * guard_output_end() - let the webhook have what waits for it, a few seconds long
 * @o: outputs; nothing is written to them any more
 */
void guard_output_end(struct guard_output *o);

/**
 * guard_output_stats() - counters
 * @o: outputs
 * @ret: written
 */
void guard_output_stats(const struct guard_output *o, struct guard_output_stats *ret);
