/* SPDX-License-Identifier: Apache-2.0 */
/* How far `guard learn` got. */
#pragma once

#include "guard/learn.h"

/**
 * cmd_guard_say_learned() - on stderr, what is known and how long nothing new came
 * @l: learner
 * @dir: where the profiles are written now; NULL: they are not yet
 *
 * Of several services each has a line of its own on a terminal; elsewhere the one that learned
 * something last is named.
 */
void cmd_guard_say_learned(const struct guard_learn *l, const char *dir);
