/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose file is it: the answer of an image's package databases, remembered per image. A process of
 * its own asks them, so that nobody else waits.
 */
#pragma once

#include "base/defs.h"
#include "guard/enforce.h"
#include "guard/queue.h"

struct cli_owner;

/**
 * cli_owner_new() - start the process that asks
 *
 * To be called while there is one thread only. Where the process cannot be started, or ends, nobody
 * can tell.
 * Return: the caller frees with cli_owner_free(), which ends the process.
 */
struct cli_owner *cli_owner_new(void);

/**
 * cli_owner_free() - drop it
 * @o: may be NULL
 */
void cli_owner_free(struct cli_owner *o);
SK_DEFINE_CLEANUP(struct cli_owner, cli_owner_free);

/**
 * cli_owner_meet() - a container is watched from now on
 * @o: state
 * @w: container; where its layers lie is remembered, for alerts that come when it is gone
 */
void cli_owner_meet(struct cli_owner *o, const struct guard_whose *w);

/* A guard_owner_fn whose context is a struct cli_owner. Never waits. */
enum guard_owned cli_owner_ask(void *ctx, uint32_t pid, const struct guard_whose *w,
			       const char *path, struct guard_owner_answer *ret);

/**
 * cli_owner_is_known() - a guard_queue_fn: is a question answered, or never to be
 * @ctx: struct cli_owner
 * @question: of an event
 *
 * Return: true when there is nothing to be waited for.
 */
bool cli_owner_is_known(void *ctx, uint64_t question);

/**
 * cli_owner_tell() - complete an alert that was waited with
 * @o: state
 * @w: alert; without a question it stays as it is
 * @signs: as for guard_story_tell()
 *
 * What is not answered is told as such.
 */
void cli_owner_tell(struct cli_owner *o, struct guard_queued *w,
		    const struct guard_sign_list *signs);
