/* SPDX-License-Identifier: Apache-2.0 */
/* What is in force on this machine, and its end. */
#pragma once

#include "cli/command.h"

extern const struct command cmd_guard_status;
extern const struct command cmd_guard_stop;
