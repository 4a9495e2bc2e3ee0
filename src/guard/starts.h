/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Program starts that were learned and may never have run: beside a guard that blocks, a program
 * that it ends is seen to start. What such a start alone has taught is taken back.
 */
#pragma once

#include <stdbool.h>

#include "base/defs.h"
#include "guard/bpf/record.h"
#include "guard/profile.h"

struct guard_start;
struct guard_starts;

/**
 * guard_starts_new() - none
 *
 * Return: the caller frees with guard_starts_free().
 */
struct guard_starts *guard_starts_new(void);

/**
 * guard_starts_free() - drop it
 * @x: may be NULL
 */
void guard_starts_free(struct guard_starts *x);
SK_DEFINE_CLEANUP(struct guard_starts, guard_starts_free);

/**
 * guard_starts_begin() - a program starts; called before anything is learned of its use
 * @x: NULL: nothing is remembered
 * @rec: its record
 * @p: profile; outlives @x
 * @prog: of it
 * @is_new: @prog was not known before
 *
 * Return: for guard_starts_add(), until the next start; NULL when @x is.
 */
struct guard_start *guard_starts_begin(struct guard_starts *x, const struct guard_rec *rec,
				       struct guard_profile *p, const struct guard_program *prog,
				       bool is_new);

/**
 * guard_starts_add() - a start taught something
 * @s: NULL: nothing is remembered
 * @text: of an item of the program: word, or path of a script, in the profile's arena
 */
void guard_starts_add(struct guard_start *s, const char *text);

/**
 * guard_starts_see() - a record: does it show that a program ran, or was ended at its start?
 * @x: may be NULL
 * @rec: any
 *
 * Return: the profile that items were taken out of; NULL: none.
 */
struct guard_profile *guard_starts_see(struct guard_starts *x, const struct guard_rec *rec);
