/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which security modules the kernel runs. A kernel that has the BPF module but was not told to run
 * it takes LSM programs, attaches them, and never calls them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"

enum {
	GUARD_LSM_LIST_SIZE = 256,
};

enum guard_lsm_state {
	GUARD_LSM_UNKNOWN, /* nobody can be asked */
	GUARD_LSM_ABSENT,
	GUARD_LSM_PRESENT,
};

/**
 * guard_lsm_lists() - is a name in a list of security modules
 * @list: names with commas between them, as the kernel writes it
 * @name: name
 *
 * Return: true if so.
 */
bool guard_lsm_lists(struct sk_span list, const char *name);

/**
 * guard_lsm_bpf() - is the BPF module among those that the kernel runs
 * @ret_list: their names; "" when unknown
 *
 * Source: Documentation/admin-guide/LSM/index.rst, /sys/kernel/security/lsm.
 * Return: what is known.
 */
enum guard_lsm_state guard_lsm_bpf(char ret_list[static GUARD_LSM_LIST_SIZE]);
