/* SPDX-License-Identifier: Apache-2.0 */
/* Progress on a terminal: one line of stderr that is written over. */
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "cli/command.h"

enum {
	PERIOD_MS = 100 /* faster than that nobody reads */
};

void cli_progress_show(void *progress, const char *what, uint64_t done, uint64_t total)
{
	struct cli_progress *p = progress;
	uint64_t now = sk_mono_ms();

	if (p->shown && now - p->last_ms < PERIOD_MS)
		return;
	p->last_ms = now;
	p->shown = true;
	if (total != 0)
		(void)fprintf(stderr, "\r\033[K%s %" PRIu64 " %%", what,
			      done < total ? done * 100 / total : 100);
	else
		(void)fprintf(stderr, "\r\033[K%s %.1f MiB", what, (double)done / (1 << 20));
}

void cli_progress_end(struct cli_progress *p)
{
	if (p->shown)
		(void)fputs("\r\033[K", stderr);
	p->shown = false;
}
