/* SPDX-License-Identifier: Apache-2.0 */
/* stockade guard: the list of its commands; each has its own file. */
#include "cli/cmd_guard-priv.h"
#include "cli/cmd_guard_profile.h"
#include "cli/cmd_guard_signs.h"
#include "cli/cmd_guard_status.h"
#include "cli/command.h"

static const struct command *const subcommands[] = {
	&cmd_guard_watch, &cmd_guard_learn, &cmd_guard_run,     &cmd_guard_status,
	&cmd_guard_stop,  &cmd_guard_signs, &cmd_guard_profile, NULL,
};

const struct command cmd_guard = {
	.name = "guard",
	.summary = "learn what services do, report or block the rest",
	.usage = "watch|learn|run|status|stop|signs|profile …",
	.more = "In this order, as root ('stockade doctor' says first what works here):\n"
		"  stockade guard watch --container web\n"
		"  stockade guard learn --profiles profiles --container web --for 2h\n"
		"  stockade guard profile show --profiles profiles web\n"
		"  stockade guard profile lint --profiles profiles web\n"
		"  stockade guard run --profiles profiles --mode alert\n"
		"  stockade guard run --profiles profiles --mode enforce\n"
		"  stockade guard stop\n",
	.subcommands = subcommands,
};
