/* SPDX-License-Identifier: Apache-2.0 */
/* What profiles ask for and the kernel half in force cannot do. */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "guard/kern.h"
#include "guard/profile.h"

/**
 * guard_backend_blind() - sections of a profile that a backend neither sees nor enforces
 * @backend: in force
 *
 * Return: bit (1u << enum guard_section) for each.
 */
unsigned guard_backend_blind(enum guard_backend backend);

/**
 * guard_gap() - can a section be judged here
 * @k: loaded
 * @p: profile
 * @section: which
 * @given: --mode
 *
 * Return: NULL when it can, or is not judged anyway; else what is not seen, static text.
 */
const char *guard_gap(const struct guard_kern *k, const struct guard_profile *p,
		      enum guard_section section, enum guard_mode given);

/**
 * guard_gap_late() - does a section that is to be enforced act after the fact
 * @p: profile
 * @section: which
 * @given: --mode
 *
 * Return: NULL when it does not, or is not enforced; else what happens instead, static text.
 */
const char *guard_gap_late(const struct guard_profile *p, enum guard_section section,
			   enum guard_mode given);

/**
 * guard_gap_modes() - which sections do less than to enforce, in a service that is enforced
 * @k: loaded; NULL: as if it sees everything
 * @p: profile
 * @given: --mode
 * @b: gets "executables, libraries block; files, listen alert only; syscalls are noted only";
 *     sections that guard_gap() tells of are left out, and those that the profile says nothing of
 *
 * Return: true when there are any that the profile itself has no mode for.
 */
bool guard_gap_modes(const struct guard_kern *k, const struct guard_profile *p,
		     enum guard_mode given, struct sk_buf *b);

/**
 * guard_wants_calls() - does any profile have a mode for system calls
 * @dir: profiles; those that cannot be read are passed over, they are told of when they are needed
 *
 * Where other hooks do the rest, system calls are looked at for such a profile only.
 * Return: true if so.
 */
bool guard_wants_calls(const char *dir);
