/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose file is it: the answer of an image's package databases, remembered per image. A process of
 * its own asks them, so that nobody else waits; alerts wait for the answer here.
 */
#pragma once

#include "base/defs.h"
#include "guard/enforce.h"

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
 * cli_owner_park() - keep an alert until its file's owner is known
 * @o: state
 * @rec: its record, or NULL
 * @e: alert whose owner_question is not 0; copied
 *
 * Return: false when it is to be told as it is: too many wait already.
 */
bool cli_owner_park(struct cli_owner *o, const struct guard_rec *rec, const struct guard_event *e);

/**
 * cli_owner_next() - the next alert whose owner is known by now, or was waited for long enough
 * @o: state
 * @signs: as for guard_story_tell()
 *
 * Return: borrowed until the next call; NULL: none. Alerts keep their order.
 */
struct guard_event *cli_owner_next(struct cli_owner *o, const struct guard_sign_list *signs);

/**
 * cli_owner_has_parked() - does any alert wait
 * @o: state
 *
 * Return: true when one does.
 */
bool cli_owner_has_parked(const struct cli_owner *o);
