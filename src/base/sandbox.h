/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Confinement of a worker process that is about to read foreign bytes: no network, no program
 * execution, no file opened for writing, bounded memory, CPU time and descriptors. The one place
 * that knows how; everything else only says what a worker still needs.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/err.h"

/** struct sk_sandbox - what a worker may still do */
struct sk_sandbox {
	int keep_fds[4];  /* stay open, everything else is closed; -1 where unused */
	int tree_fd;      /* files beneath this directory may be opened for reading; -1: no file at
			     all */
	uint64_t memory;  /* bytes of address space; not applied under a sanitizer */
	uint64_t cpu_s;   /* seconds of CPU time */
	unsigned n_files; /* descriptors */
};

enum sk_sandbox_layers {
	SK_SANDBOX_NO_NEW_PRIVS = 1 << 0,
	SK_SANDBOX_RLIMITS = 1 << 1,
	SK_SANDBOX_SECCOMP = 1 << 2,
	SK_SANDBOX_LANDLOCK = 1 << 3,
};

/**
 * sk_sandbox_enter() - give up everything that is not listed; for good, in this process
 * @s: what stays
 * @ret_layers: enum sk_sandbox_layers that are in force; may be NULL
 * @err: filled on failure
 *
 * Threads may still be started. Landlock is left out where the kernel has none; everything else is
 * required. Return: 0, or negative; then the process must not go on.
 */
sk_must_check int sk_sandbox_enter(const struct sk_sandbox *s, unsigned *ret_layers,
				   struct sk_err *err);

/**
 * sk_sandbox_landlock_abi() - what this kernel has of Landlock
 *
 * Return: version of its interface, 0: none.
 */
unsigned sk_sandbox_landlock_abi(void);
