/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What /proc says of a thread that waits in execve: who it is, where it belongs, what it was about
 * to start.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/span.h"
#include "guard/bpf/record.h"
#include "guard/cgroup.h"

/** struct guard_fan_task - a thread's process */
struct guard_fan_task {
	uint32_t tgid;
	uint32_t ppid;
	uint32_t uid;
	uint32_t pid;    /* in its own pid namespace */
	uint32_t depth;  /* pid namespaces that know it */
	uint64_t start;  /* clock ticks since boot: tells a number that is used again */
	uint64_t mnt_ns; /* inode of the mount namespace, 0 when it cannot be told */
};

/** struct guard_fan_call - the system call in which it waits */
struct guard_fan_call {
	uint64_t mark;   /* hash of registers and path: the same for all files of one execve */
	char path[4096]; /* as given to execve */
	bool has_path;   /* it could be read */
	int dir;         /* descriptor that it is relative to */
	uint8_t args[GUARD_ARGS_BYTES];
	uint32_t args_len; /* with a NUL after each */
	bool args_cut;
	bool has_args; /* they could be read */
};

/**
 * guard_fan_parse_stat() - parent and start time from /proc/PID/stat
 * @text: its content
 * @ret: ppid and start are filled
 *
 * Return: false when it is no such text.
 */
sk_must_check bool guard_fan_parse_stat(struct sk_span text, struct guard_fan_task *ret);

/**
 * guard_fan_parse_status() - numbers from /proc/TID/status
 * @text: its content
 * @ret: tgid, ppid, uid, pid and depth are filled
 *
 * Return: false when it is no such text.
 */
sk_must_check bool guard_fan_parse_status(struct sk_span text, struct guard_fan_task *ret);

/**
 * guard_fan_parse_script() - the interpreter line of a script
 * @head: first bytes of the file
 * @ret_interpreter: path
 * @ret_arg: its argument, empty for none
 *
 * Return: false when it is no script.
 */
sk_must_check bool guard_fan_parse_script(struct sk_span head, struct sk_span *ret_interpreter,
					  struct sk_span *ret_arg);

/**
 * guard_fan_task_look() - who is it
 * @tid: thread
 * @ret: filled
 *
 * Return: false when it is gone.
 */
sk_must_check bool guard_fan_task_look(uint32_t tid, struct guard_fan_task *ret);

/**
 * guard_fan_start_of() - start time of a process
 * @pid: process
 *
 * Return: 0 when it is gone.
 */
uint64_t guard_fan_start_of(uint32_t pid);

/**
 * guard_fan_parent_of() - parent of a process
 * @pid: process
 *
 * Return: 0 when it is gone or has none.
 */
uint32_t guard_fan_parent_of(uint32_t pid);

/**
 * guard_fan_inner_parent() - parent of a process as its own pid namespace numbers it
 * @t: process
 *
 * Return: 0 when the parent is outside of that, or gone.
 */
uint32_t guard_fan_inner_parent(const struct guard_fan_task *t);

/**
 * guard_fan_mnt_ns() - mount namespace of a thread
 * @tid: thread
 *
 * Return: inode number, 0 when it is gone.
 */
uint64_t guard_fan_mnt_ns(uint32_t tid);

/**
 * guard_fan_cgroup_of() - cgroup of a thread in the version 2 tree, relative to its root
 * @tid: thread
 * @buf: receives the path
 * @size: bytes
 *
 * Return: false when it is gone.
 */
sk_must_check bool guard_fan_cgroup_of(uint32_t tid, char *buf, size_t size);

/**
 * guard_fan_call_look() - what it was about to start
 * @tid: thread that waits in execve
 * @ret: filled
 *
 * Reads the memory of the process, which may take as long as that process likes; and other threads
 * of it may have changed the memory when the kernel reads it.
 */
void guard_fan_call_look(uint32_t tid, struct guard_fan_call *ret);
