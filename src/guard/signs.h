/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signs: names, arguments, ports and addresses by which well-known unwelcome things show, whatever
 * a profile says. A const table; matching is pure.
 */
#pragma once

#include <stddef.h>

#include "base/arena.h"
#include "base/defs.h"
#include "base/err.h"
#include "base/span.h"
#include "guard/event.h"

#define GUARD_SIGNS_SCHEMA "stockade.signs/1"

enum {
	GUARD_SIGNS_MAX_BYTES = 4 << 20,
};

enum guard_sign_field {
	GUARD_SIGN_PROGRAM,  /* base name of the program */
	GUARD_SIGN_ARGUMENT, /* any argument */
	GUARD_SIGN_NAME,     /* DNS name, or a name below it */
	GUARD_SIGN_PATH,     /* file written or opened */
	GUARD_SIGN_PORT,     /* port of a peer, decimal */
};

/** struct guard_sign - one line of the table */
struct guard_sign {
	const char *group; /* "miner", "tunnel", "scanner", "credentials", "escape" */
	enum guard_sign_field field;
	const char *pattern;  /* literal; "*" matches any text, also "/" */
	const char *severity; /* word of the event schema */
	const char *attack;   /* ATT&CK technique */
	const char *text;     /* what it is the sign of, no full stop */
};

/** struct guard_sign_list - further signs, from a file */
struct guard_sign_list {
	struct sk_arena *arena;
	const struct guard_sign *items;
	size_t n;
};

/**
 * guard_signs_parse() - signs from YAML text
 * @text: UTF-8, docs/formats/signs.md
 * @ret: the caller frees with guard_signs_free()
 * @err: filled on failure, with the line
 *
 * Return: 0, or negative. Errors: SK_E_FORMAT; SK_E_LIMIT too many signs.
 */
sk_must_check int guard_signs_parse(struct sk_span text, struct guard_sign_list **ret,
				    struct sk_err *err);

/**
 * guard_signs_free() - drop signs
 * @l: may be NULL
 */
void guard_signs_free(struct guard_sign_list *l);
SK_DEFINE_CLEANUP(struct guard_sign_list, guard_signs_free);

/**
 * guard_sign_field_name() - "program", "argument", "name", "path", "port"
 * @field: any value
 *
 * Return: static text, "" when out of range.
 */
const char *guard_sign_field_name(enum guard_sign_field field);

/**
 * guard_signs() - the table
 * @ret_n: lines
 *
 * Return: static.
 */
const struct guard_sign *guard_signs(size_t *ret_n);

/**
 * guard_sign_of_program() - sign in a program and its arguments
 * @path: of the program, may be NULL
 * @args: argv
 * @n_args: count
 * @more: further signs, asked first; may be NULL
 *
 * Return: the first that fits, NULL: none.
 */
const struct guard_sign *guard_sign_of_program(const char *path, const char *const *args,
					       size_t n_args, const struct guard_sign_list *more);

/**
 * guard_sign_of_event() - sign in an event: its program, arguments, file, peer or DNS name
 * @e: event
 * @more: further signs, asked first; may be NULL
 *
 * Return: the first that fits, NULL: none.
 */
const struct guard_sign *guard_sign_of_event(const struct guard_event *e,
					     const struct guard_sign_list *more);
