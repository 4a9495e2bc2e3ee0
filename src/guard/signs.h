/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signs: names, arguments, ports and addresses by which well-known unwelcome things show, whatever
 * a profile says. A const table; matching is pure.
 */
#pragma once

#include <stddef.h>

#include "base/defs.h"
#include "guard/event.h"

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
 *
 * Return: the first that fits, NULL: none.
 */
const struct guard_sign *guard_sign_of_program(const char *path, const char *const *args,
					       size_t n_args);

/**
 * guard_sign_of_event() - sign in an event: its program, arguments, file, peer or DNS name
 * @e: event
 *
 * Return: the first that fits, NULL: none.
 */
const struct guard_sign *guard_sign_of_event(const struct guard_event *e);
