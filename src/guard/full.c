/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of the kernel half that were full. What they had no room for is counted and never undone.
 */
#include "guard/full.h"

#include <inttypes.h>

#include "base/clock.h"

enum {
	PAUSE_S = 10, /* between two lines: it may go on for long */
};

bool guard_full_news(struct guard_full *f, const struct guard_stats *st, uint64_t now_ns,
		     struct guard_full *ret)
{
	if ((st->tasks_full <= f->processes && st->folds_full <= f->causes) ||
	    (f->told_ns != 0 && now_ns - f->told_ns < PAUSE_S * SK_SECOND_NS))
		return false;
	*ret = (struct guard_full){.processes = st->tasks_full - f->processes,
				   .causes = st->folds_full - f->causes,
				   .told_ns = now_ns};
	*f = (struct guard_full){
		.processes = st->tasks_full, .causes = st->folds_full, .told_ns = now_ns};
	return true;
}

void guard_full_processes(uint64_t n, struct sk_buf *b)
{
	(void)sk_buf_printf(b,
			    "no room: %" PRIu64
			    " process%s not followed until the next program that "
			    "%s (more run than could when the guard started)",
			    n, n == 1 ? " is" : "es are", n == 1 ? "it starts" : "they start");
}

void guard_full_causes(uint64_t n, struct sk_buf *b)
{
	(void)sk_buf_printf(b,
			    "no room: %" PRIu64 " alert%s of causes that are not kept: each "
			    "repetition is told by itself",
			    n, n == 1 ? " is" : "s are");
}
