/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Numbers of calls that both halves treat alike. */
#pragma once

#include "record.h"

enum {
	/* No system call: a process' memory was opened for writing, as /proc/PID/mem. */
	GUARD_CALL_WRITE_MEMORY = 600,
	/* A signal was sent to the agent. */
	GUARD_CALL_SIGNAL_AGENT,
	/* Something was taken out of the directory where the guard's programs are pinned. */
	GUARD_CALL_REMOVE_PINS,
	/* Another process' memory was opened for reading, as /proc/PID/mem. */
	GUARD_CALL_READ_MEMORY,
};

/*
 * As which system call an attempt is learned and looked up. clone and clone3 are made by every
 * program that forks: what counts is whether new namespaces were ever made. That a program calls
 * personality tells nothing of what it asks for: never known.
 */
static inline __attribute__((always_inline)) guard_u32 guard_call_known_as(guard_u32 nr)
{
	switch (nr) {
	case 56:            /* clone */
	case 435:           /* clone3 */
		return 272; /* unshare */
	case 135:           /* personality */
	case GUARD_CALL_SIGNAL_AGENT:
	case GUARD_CALL_REMOVE_PINS:
		return GUARD_N_CALLS;
	case GUARD_CALL_WRITE_MEMORY:
		return 311; /* process_vm_writev */
	case GUARD_CALL_READ_MEMORY:
		return 310; /* process_vm_readv */
	}
	return nr;
}
