/* SPDX-License-Identifier: Apache-2.0 */
/* Mount tables: proc(5), /proc/PID/mountinfo. Whoever may mount chooses names and options in them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/defs.h"
#include "base/span.h"

/** struct guard_mount - a line; texts are borrowed from it, escapes kept */
struct guard_mount {
	struct sk_span point;
	struct sk_span type;
	struct sk_span options; /* of the super block */
	uint32_t major;
	uint32_t minor;
};

/**
 * guard_mount_parse() - a line of a mount table
 * @line: without its end
 * @ret: filled
 *
 * Return: false when it is none.
 */
sk_must_check bool guard_mount_parse(struct sk_span line, struct guard_mount *ret);

/**
 * guard_mount_text() - a text of a mount table as it is: blanks and others are octal there
 * @s: text
 * @to: receives it, NUL-terminated
 * @size: of @to
 *
 * Return: false when it does not fit, or has a NUL.
 */
sk_must_check bool guard_mount_text(struct sk_span s, char *to, size_t size);

/**
 * guard_mounts_overlay() - the directories that an overlay is made of
 * @table: mount table
 * @dir: where it is mounted, as the table has it but without escapes
 * @b: gets "UPPER:LOWER:…", the uppermost first; UPPER is empty where nothing can be written
 *
 * Of several the first counts: a process stays in its root directory when something is mounted over
 * it. Return: false when no overlay is mounted there.
 */
sk_must_check bool guard_mounts_overlay(struct sk_span table, const char *dir, struct sk_buf *b);
