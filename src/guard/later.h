/* SPDX-License-Identifier: Apache-2.0 */
/* Records that have to be looked at again: what they started is only complete some time after. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "guard/bpf/record.h"

struct guard_later;

/**
 * guard_later_new() - empty
 *
 * Return: the caller frees with guard_later_free().
 */
struct guard_later *guard_later_new(void);

/**
 * guard_later_free() - drop it
 * @l: may be NULL
 */
void guard_later_free(struct guard_later *l);
SK_DEFINE_CLEANUP(struct guard_later, guard_later_free);

/**
 * guard_later_put() - remember a record; the one that waits longest goes when there are 64
 * @l: records
 * @rec: copied
 * @data: texts behind it; copied
 * @due_ns: CLOCK_MONOTONIC
 */
void guard_later_put(struct guard_later *l, const struct guard_rec *rec, const uint8_t *data,
		     uint64_t due_ns);

/**
 * guard_later_take() - a record whose time has come
 * @l: records
 * @now_ns: CLOCK_MONOTONIC
 * @ret_len: bytes of data behind it
 *
 * Return: NULL for none; the caller frees with sk_free().
 */
struct guard_rec *guard_later_take(struct guard_later *l, uint64_t now_ns, size_t *ret_len);
