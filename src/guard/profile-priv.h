/* SPDX-License-Identifier: Apache-2.0 */
/* What reading, writing, comparing and merging profiles share. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "guard/profile.h"

#define GUARD_PROFILE_SCHEMA "stockade.profile/1"

enum {
	GUARD_PROFILE_MAX_BYTES = 32 << 20, /* ten thousand files with their hashes take 3 MiB */
	GUARD_TEXT_MAX = 4096,              /* bytes of a path, a shape, a comment */
};

/* X(field of struct guard_program, which is its word too) */
#define GUARD_TRAITS(X)                                                                            \
	X(main)                                                                                    \
	X(entry)                                                                                   \
	X(interpreter)                                                                             \
	X(inline_code)                                                                             \
	X(interactive)                                                                             \
	X(multicall)                                                                               \
	X(anon_exec)                                                                               \
	X(raw_socket)                                                                              \
	X(remote)

enum guard_trait {
#define X(name) GUARD_TRAIT_##name,
	GUARD_TRAITS(X)
#undef X
	GUARD_N_TRAITS
};

/* The flag of a program that a trait is; @i is below GUARD_N_TRAITS. */
bool *guard_trait(struct guard_program *prog, size_t i);

/* Its word in the file. */
const char *guard_trait_name(size_t i);

/* Pointers to the items of an array, sorted; the caller frees with sk_free(). */
const void **guard_sorted(const void *items, size_t n, size_t size,
			  int (*compare)(const void *, const void *));

/* The programs of a profile in the order of the file; the caller frees with sk_free(). */
const void **guard_sorted_programs(const struct guard_profile *p);

/* "NAME port 443 tcp", in the arena. */
const char *guard_peer_text(struct sk_arena *a, const struct guard_peer *peer);
