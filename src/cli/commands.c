/* SPDX-License-Identifier: Apache-2.0 */
/* The table of commands; their names stand in src/cli/meson.build, in the order of `stockade help`.
 */
#include <string.h>

#include "cli/cli-priv.h"

#define X(name) extern const struct command cmd_##name;
#include "cli/command-list.h"
#undef X

const struct command *const *cli_commands(void)
{
	static const struct command *const commands[] = {
#define X(name) &cmd_##name,
#include "cli/command-list.h"
#undef X
		NULL,
	};

	return commands;
}

const struct command *cli_find_command(const struct command *const *list, const char *name)
{
	for (; list != NULL && *list != NULL; list++)
		if (strcmp((*list)->name, name) == 0)
			return *list;
	return NULL;
}
