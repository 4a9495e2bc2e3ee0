/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel half had no room for: counts that say what it does less, as text for people. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/defs.h"
#include "guard/bpf/record.h"

/** struct guard_full - how much of it was told; begins as zeros */
struct guard_full {
	uint64_t processes;
	uint64_t causes;
	uint64_t told_ns; /* CLOCK_MONOTONIC; 0: never */
};

/**
 * guard_full_news() - is there more than was told? It counts as told from then on
 * @f: what was told
 * @st: counts
 * @now_ns: CLOCK_MONOTONIC; what comes within ten seconds is told together
 * @ret: how much more there is
 *
 * Return: false when there is none, or it has to wait.
 */
sk_must_check bool guard_full_news(struct guard_full *f, const struct guard_stats *st,
				   uint64_t now_ns, struct guard_full *ret);

/**
 * guard_full_processes() - "12 processes are not followed …"
 * @n: how many
 * @b: gets one line, without its end
 */
void guard_full_processes(uint64_t n, struct sk_buf *b);

/**
 * guard_full_causes() - "12 causes of alerts …"
 * @n: how many
 * @b: gets one line, without its end
 */
void guard_full_causes(uint64_t n, struct sk_buf *b);
