/* SPDX-License-Identifier: Apache-2.0 */
/* A profile as JSON, for programs that read it: docs/formats/profile.md, "Reports of the commands".
 */
#pragma once

#include "base/defs.h"
#include "base/io.h"
#include "guard/profile.h"

#define GUARD_PROFILE_JSON_SCHEMA "stockade.profile-summary/2"

/**
 * guard_profile_json() - all that a profile says, in the order of its file
 * @p: profile
 * @sink: receives one object
 *
 * Every member is always there; what a profile does not say is null or an empty list.
 * Return: 0, or the sink's failure.
 */
sk_must_check int guard_profile_json(const struct guard_profile *p, const struct sk_sink *sink);
