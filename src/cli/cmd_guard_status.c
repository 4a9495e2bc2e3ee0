/* SPDX-License-Identifier: Apache-2.0 */
/* stockade guard status, stop: what is in force on this machine, and its end. */
#include "cli/cmd_guard_status.h"

#include <signal.h>
#include <stdio.h>

#include "guard/kern-pin.h"
#include "guard/live.h"
#include "guard/status.h"

enum {
	END_TIMEOUT_MS = 10000, /* for an agent to answer what is held, and to end */
};

static int stop(struct cli_context *ctx)
{
	struct guard_pinned there;
	struct sk_err err;

	if (guard_pinned_read(&there, &err) < 0)
		return cli_fail_rights(ctx, &err);
	/* It would go on without pins. It removes them itself, unless it was told to keep them. */
	(void)guard_pinned_end_agent(SIGTERM, END_TIMEOUT_MS);
	(void)guard_pinned_kill_held();
	if (guard_kern_unpin(NULL, &err) < 0)
		return cli_fail_rights(ctx, &err);
	if (guard_live_end(SIGTERM, END_TIMEOUT_MS))
		(void)printf("the guard that was running has ended\n");
	else if (there.n_programs == 0)
		(void)printf("nothing to remove\n");
	else
		(void)printf("%zu program%s removed\n", there.n_programs,
			     there.n_programs == 1 ? "" : "s");
	return CLI_EXIT_CLEAN;
}

const struct command cmd_guard_stop = {
	.name = "stop",
	.summary = "remove pinned programs: enforcement ends",
	.usage = "",
	.more = "Ends a guard that runs, too. Example:\n"
		"  stockade guard stop\n",
	.run = stop,
};

static int status(struct cli_context *ctx)
{
	struct sk_sink out = cli_stdout();
	size_t n;
	const char *const *engines = cli_options(ctx, "engine", &n);
	bool json = cli_wants_json(ctx);
	sk_cleanup(guard_status_freep) struct guard_status *st = NULL;
	struct sk_err err;

	if (guard_status_read(engines, n, &st, &err) < 0 ||
	    (json ? guard_status_json(st, &out) : guard_status_text(st, &out)) < 0)
		return cli_fail_rights(ctx, &err);
	return cli_switch(ctx, "check") && !guard_status_is_whole(st) ? CLI_EXIT_FINDINGS
								      : CLI_EXIT_CLEAN;
}

static const struct cli_option status_options[] = {
	{"engine", 0, "SOCKET", NULL, "ask this container engine too", NULL, CLI_OPTION_REPEAT},
	{"format", 'f', "FORMAT", NULL, "table or json", "table|json", 0},
	{"check", 0, NULL, NULL, "exit 1 unless a guard is in force, pinned, and its agent lives",
	 NULL, 0},
	{NULL},
};

const struct command cmd_guard_status = {
	.name = "status",
	.summary = "is enforcement in force on this machine",
	.usage = "[-f FORMAT] [--check]",
	.more = "Examples:\n"
		"  stockade guard status\n"
		"  stockade guard status --check >/dev/null || echo 'nobody guards this machine'\n"
		"\n"
		"Exit status: 0 told, 1 with --check when nothing is in force, its agent has\n"
		"ended, pins are missing or containers have no room, 3 it cannot be told, as without rights.\n",
	.options = status_options,
	.run = status,
};
