/* SPDX-License-Identifier: Apache-2.0 */
/* Images of processes: what each exec id stands for, so that ancestry outlives the ancestors. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"

/** struct guard_image_of - a program that was started */
struct guard_image_of {
	uint64_t exec_id; /* 0: free */
	uint64_t parent;  /* exec id of the program that started it */
	uint64_t used;    /* for eviction */
	uint32_t host_pid;
	uint32_t pid;
	uint32_t host_ppid; /* its parent when it was started */
	uint32_t n_args;
	bool is_title; /* @args are what it calls itself, not what it was started with */
	char *exe;
	char **args; /* one block with @exe */
};

/** struct guard_lineage - bounded memory of program starts; opaque */
struct guard_lineage;

/**
 * guard_lineage_new() - empty memory
 *
 * Return: the caller frees with guard_lineage_free().
 */
struct guard_lineage *guard_lineage_new(void);

/**
 * guard_lineage_free() - drop it
 * @l: may be NULL
 */
void guard_lineage_free(struct guard_lineage *l);
SK_DEFINE_CLEANUP(struct guard_lineage, guard_lineage_free);

/**
 * guard_lineage_add() - remember a program start
 * @l: memory
 * @image: exec_id, parent, pids; texts are copied
 * @args: argument list
 *
 * The oldest ones are forgotten when there are too many.
 */
void guard_lineage_add(struct guard_lineage *l, const struct guard_image_of *image,
		       const char *const *args);

/**
 * guard_lineage_get() - what an exec id stands for
 * @l: memory
 * @exec_id: from a record
 *
 * Return: borrowed until the next addition; NULL when not known.
 */
const struct guard_image_of *guard_lineage_get(struct guard_lineage *l, uint64_t exec_id);
