/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fanotify(7), as far as the guard needs it: a group that is asked before a file is opened for
 * execution, marks on file systems, answers. Linux 5.0 on.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/err.h"

/** struct guard_fan_event - somebody wants to execute a file and waits */
struct guard_fan_event {
	int fd;       /* the file; the receiver closes it; -1: events were lost */
	uint32_t tid; /* thread that asks, as /proc has it */
};

/**
 * guard_fan_open() - make a group
 * @ret_fd: descriptor, not blocking; closing it lets everybody go who waits
 * @err: filled on failure
 *
 * Return: 0, or negative. Errors: SK_E_UNSUPPORTED when the kernel has no permission events or
 * the rights do not suffice.
 */
sk_must_check int guard_fan_open(int *ret_fd, struct sk_err *err);

/**
 * guard_fan_mark() - ask about every program of a file system
 * @fd: group
 * @dir: directory that @path is relative to
 * @path: somewhere on it; NULL: @dir itself
 *
 * Marking twice is no mistake.
 * Return: 0, or -errno.
 */
int guard_fan_mark(int fd, int dir, const char *path);

/**
 * guard_fan_read() - events that wait
 * @fd: group
 * @ret: filled
 * @max: elements of @ret
 *
 * Return: how many; 0 when there is none.
 */
size_t guard_fan_read(int fd, struct guard_fan_event *ret, size_t max);

/**
 * guard_fan_answer() - let it go or refuse it with EPERM
 * @fd: group
 * @event_fd: of the event
 * @allow: true lets it go
 */
void guard_fan_answer(int fd, int event_fd, bool allow);

/**
 * guard_fan_probe() - does refusing work here: tried with a file of our own that nobody else sees
 * @err: filled when it does not
 *
 * Return: 0, or negative.
 */
sk_must_check int guard_fan_probe(struct sk_err *err);

/** struct guard_fan_watchdog - a process that ends this one when it stops answering; opaque */
struct guard_fan_watchdog;

/**
 * guard_fan_watchdog_new() - start it; before the group is opened, so that it does not hold it
 *
 * Return: the caller frees with guard_fan_watchdog_free(); NULL when there is no process to be
 * had.
 */
struct guard_fan_watchdog *guard_fan_watchdog_new(void);

/**
 * guard_fan_watchdog_beat() - a sign of life, due every second; ten without one end this process
 * @w: may be NULL
 */
void guard_fan_watchdog_beat(struct guard_fan_watchdog *w);

/**
 * guard_fan_watchdog_free() - end it
 * @w: may be NULL
 */
void guard_fan_watchdog_free(struct guard_fan_watchdog *w);
SK_DEFINE_CLEANUP(struct guard_fan_watchdog, guard_fan_watchdog_free);
