/* SPDX-License-Identifier: Apache-2.0 */
/* Who asks for which file: all that is known before the decision. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/span.h"
#include "guard/kern-fan-priv.h"

enum {
	GUARD_FAN_PATH_SIZE = 4096,
	GUARD_FAN_HEAD_SIZE = 256, /* of a script's first line, as the kernel has it */
};

/** struct guard_fan_seen - a file, as far as it can be told without its content */
struct guard_fan_seen {
	int fd; /* borrowed */
	struct stat st;
	long fs; /* type of its file system */
	uint64_t mount;
	bool unlinked;
	char path[GUARD_FAN_PATH_SIZE];
};

/** struct guard_fan_look - everything that is known before the decision */
struct guard_fan_look {
	struct guard_fan_kern *f;
	struct guard_fan_job *j;
	struct guard_fan_task task;
	struct guard_fan_call call;
	struct guard_fan_seen file;
	uint64_t root_mount;
	bool is_host; /* no container but a service of the host */
	bool written;
	int names_it; /* the path of execve leads to this file: 1 yes, 0 no, -1 cannot be told */
	bool is_script;
	char head[GUARD_FAN_HEAD_SIZE + 1];
	struct sk_span interpreter, interpreter_arg;
	struct guard_container *container;
	struct guard_policy *policy;
	struct guard_task *known; /* the process */
};

/**
 * guard_fan_look() - find out what can be, and write it to the job's record
 * @l: @f and @j are set; the rest is filled but for what is looked up when it is decided
 *
 * Called without the lock. Return: false when who asks, or the file, is gone.
 */
bool guard_fan_look(struct guard_fan_look *l);
