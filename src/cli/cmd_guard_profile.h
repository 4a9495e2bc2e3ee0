/* SPDX-License-Identifier: Apache-2.0 */
/* The sub-command that cmd_guard.c lists. */
#pragma once

#include "cli/command.h"

extern const struct command cmd_guard_profile;

struct guard_profile;

/**
 * cmd_guard_show_heir() - print what differs between the two images that a profile saw last
 * @ctx: command, which has --format
 * @p: profile of at least two images
 */
void cmd_guard_show_heir(struct cli_context *ctx, const struct guard_profile *p);
