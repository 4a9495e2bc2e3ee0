/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records of several rings, handed out in the order in which things happened. An alert comes by a
 * ring of its own; what led to it, such as the start of the program, by another.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "guard/bpf/record.h"

/** struct guard_batch - a bounded heap of records; opaque */
struct guard_batch;

/**
 * guard_batch_new() - empty
 *
 * Return: the caller frees with guard_batch_free().
 */
struct guard_batch *guard_batch_new(void);

/**
 * guard_batch_free() - drop it and what it holds
 * @b: may be NULL
 */
void guard_batch_free(struct guard_batch *b);
SK_DEFINE_CLEANUP(struct guard_batch, guard_batch_free);

/**
 * guard_batch_put() - add a copy of a record
 * @b: batch
 * @rec: record with its data behind it
 * @size: bytes of both, at least a record
 *
 * Return: false when there is no room; what is there is to be taken first.
 */
sk_must_check bool guard_batch_put(struct guard_batch *b, const struct guard_rec *rec, size_t size);

/**
 * guard_batch_take() - take the earliest record
 * @b: batch
 * @ret_size: bytes of the record and its data
 *
 * Records of one moment come in the order in which they were put, and the start of a program before
 * what the kernel loaded for it. Nothing is to be put between the first call and the one that
 * returns NULL.
 * Return: borrowed until the next record is put; NULL when none is left.
 */
const struct guard_rec *guard_batch_take(struct guard_batch *b, size_t *ret_size);
