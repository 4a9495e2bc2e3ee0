/* SPDX-License-Identifier: Apache-2.0 */
/* Names of system calls and capabilities. */
#pragma once

#include <stdbool.h>

#include "base/defs.h"
#include "base/span.h"

enum {
	GUARD_N_CAPABILITIES = 41 /* CAP_CHECKPOINT_RESTORE, Linux 5.9, is the last */
};

/**
 * guard_syscall_name() - name of a system call of x86-64
 * @nr: number
 *
 * Return: static text such as "openat", NULL when the number is not known by name.
 */
const char *guard_syscall_name(unsigned nr);

/**
 * guard_syscall_number() - number of a system call of x86-64
 * @name: such as "openat"; "syscall_N" for one that has no name here
 * @ret: written on success
 *
 * Return: false when unknown.
 */
sk_must_check bool guard_syscall_number(struct sk_span name, unsigned *ret);

/**
 * guard_capability_name() - name of a capability, without "CAP_"
 * @nr: number
 *
 * Return: static text such as "NET_ADMIN", NULL when unknown.
 */
const char *guard_capability_name(unsigned nr);

/**
 * guard_capability_number() - number of a capability
 * @name: with or without "CAP_", upper case
 * @ret: written on success
 *
 * Return: false when unknown.
 */
sk_must_check bool guard_capability_number(struct sk_span name, unsigned *ret);
