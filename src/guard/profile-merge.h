/* SPDX-License-Identifier: Apache-2.0 */
/* Union of profiles, and the part of one profile that an image has. */
#pragma once

#include "base/defs.h"
#include "base/err.h"
#include "guard/profile.h"

/**
 * guard_profile_merge() - add what another profile knows
 * @to: grows
 * @from: unchanged
 * @err: filled on failure
 *
 * Counts and learning times add up, traits and accesses unite; modes and the service of @to stay,
 * modes that it does not set are taken over.
 * Return: 0, or -SK_E_LIMIT when @to has no room for all images or items; it then holds a part.
 */
sk_must_check int guard_profile_merge(struct guard_profile *to, const struct guard_profile *from,
				      struct sk_err *err);

/**
 * guard_profile_of_image() - copy with the items of one image, and those put in by hand
 * @p: profile
 * @image: index into its images
 *
 * Return: the caller frees with guard_profile_free().
 */
struct guard_profile *guard_profile_of_image(const struct guard_profile *p, size_t image);
