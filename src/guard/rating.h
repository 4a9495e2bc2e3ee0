/* SPDX-License-Identifier: Apache-2.0 */
/* How bad an event is. Pure. */
#pragma once

#include "guard/event.h"

/**
 * guard_rating() - severity of an event by its reason and by what it acts on
 * @e: event; all but its texts is filled, also its technique
 *
 * Signs are not looked at: they may raise it. The tables are told of in docs/formats/event.md.
 * Return: word of the schema, NULL without a reason.
 */
const char *guard_rating(const struct guard_event *e);
