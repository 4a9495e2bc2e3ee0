/* SPDX-License-Identifier: Apache-2.0 */
/* The sub-command that cmd_guard.c lists. */
#pragma once

#include "cli/command.h"

extern const struct command cmd_guard_profile;
