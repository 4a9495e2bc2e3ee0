/* SPDX-License-Identifier: Apache-2.0 */
/* Whose file is it: the answer of an image's package databases, remembered per image. */
#pragma once

#include "base/defs.h"
#include "guard/enforce.h"

struct cli_owner;

/**
 * cli_owner_new() - nothing asked yet
 *
 * Return: the caller frees with cli_owner_free().
 */
struct cli_owner *cli_owner_new(void);

/**
 * cli_owner_free() - drop it
 * @o: may be NULL
 */
void cli_owner_free(struct cli_owner *o);
SK_DEFINE_CLEANUP(struct cli_owner, cli_owner_free);

/* A guard_owner_fn whose context is a struct cli_owner. */
enum guard_owned cli_owner_ask(void *ctx, uint32_t pid, const struct guard_whose *w,
			       const char *path, const char **ret);
