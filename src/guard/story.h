/* SPDX-License-Identifier: Apache-2.0 */
/* What an event means: one sentence, a severity, an ATT&CK technique. Pure. */
#pragma once

#include "base/buf.h"
#include "guard/bpf/record.h"
#include "guard/event.h"
#include "guard/signs.h"

/* Detail of what was refused because the guard had no room to look at it. */
#define GUARD_STORY_NO_ROOM "no_room"

/* Detail of a call by the numbers of another architecture. */
#define GUARD_STORY_COMPAT "32-bit call"

/* Detail of an event of kind lost: processes found no room, @count of them. */
#define GUARD_STORY_NOT_FOLLOWED "not_followed"

/**
 * guard_story_tell() - fill reason_text, severity and attack of an event that has a reason
 * @e: event; its other members are filled
 * @rec: its record, or NULL
 * @signs: further signs, may be NULL
 * @b: the sentence lives here; reset first
 */
void guard_story_tell(struct guard_event *e, const struct guard_rec *rec,
		      const struct guard_sign_list *signs, struct sk_buf *b);

/**
 * guard_story_call() - name of a system call that leads out of a container
 * @nr: x86-64 number
 * @ret_kind: kind of event it makes
 *
 * Return: static text.
 */
const char *guard_story_call(uint32_t nr, enum guard_kind *ret_kind);

/**
 * guard_story_is_shell() - is a program a command interpreter by its name
 * @path: may be NULL
 *
 * Return: true if so.
 */
bool guard_story_is_shell(const char *path);
