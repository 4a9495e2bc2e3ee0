/* SPDX-License-Identifier: Apache-2.0 */
/* Borrowed text or bytes: a pointer and a length, never assumed NUL-terminated. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/defs.h"

/** struct sk_span - borrowed bytes; {NULL, 0} is the empty span */
struct sk_span {
	const char *ptr;
	size_t len;
};

/* A span over a string literal, usable in initialisers. */
#define SK_SPAN(lit)                                                                               \
	{                                                                                          \
		.ptr = ("" lit), .len = sizeof(lit) - 1                                            \
	}

/* printf("%.*s", SK_SPAN_ARG(s)); spans longer than INT_MAX are cut. */
#define SK_SPAN_ARG(s)                                                                             \
	(int)((s).len > 0x7fffffff ? 0x7fffffff : (s).len), ((s).len != 0 ? (s).ptr : "")

/**
 * sk_span_of() - span over memory
 * @ptr: borrowed
 * @len: bytes
 *
 * Return: the span.
 */
static inline struct sk_span sk_span_of(const void *ptr, size_t len)
{
	return (struct sk_span){.ptr = ptr, .len = len};
}

/**
 * sk_span_str() - span over a C string
 * @s: borrowed, may be NULL
 *
 * Return: the span, empty for NULL.
 */
static inline struct sk_span sk_span_str(const char *s)
{
	return (struct sk_span){.ptr = s, .len = s != NULL ? strlen(s) : 0};
}

/**
 * sk_span_sub() - part of a span
 * @s: span
 * @off: bytes to drop in front, cut to the length
 * @len: bytes at most
 *
 * Return: the part.
 */
static inline struct sk_span sk_span_sub(struct sk_span s, size_t off, size_t len)
{
	if (off > s.len)
		off = s.len;
	if (len > s.len - off)
		len = s.len - off;
	/* adding even 0 to NULL is undefined */
	return (struct sk_span){.ptr = off != 0 ? s.ptr + off : s.ptr, .len = len};
}

/**
 * sk_span_eq() - same bytes
 * @a: span
 * @b: span
 *
 * Return: true when equal.
 */
bool sk_span_eq(struct sk_span a, struct sk_span b);

/**
 * sk_span_eq_str() - same bytes as a C string
 * @a: span
 * @s: not NULL
 *
 * Return: true when equal.
 */
bool sk_span_eq_str(struct sk_span a, const char *s);

/**
 * sk_span_eq_nocase() - same bytes but for ASCII case
 * @a: span
 * @b: span
 *
 * Return: true when equal.
 */
bool sk_span_eq_nocase(struct sk_span a, struct sk_span b);

/**
 * sk_span_cmp() - byte order, shorter first on a common prefix
 * @a: span
 * @b: span
 *
 * Return: negative, 0, positive.
 */
int sk_span_cmp(struct sk_span a, struct sk_span b);

/**
 * sk_span_starts() - does @s begin with @prefix
 * @s: span
 * @prefix: C string
 *
 * Return: true if so.
 */
bool sk_span_starts(struct sk_span s, const char *prefix);

/**
 * sk_span_ends() - does @s end with @suffix
 * @s: span
 * @suffix: C string
 *
 * Return: true if so.
 */
bool sk_span_ends(struct sk_span s, const char *suffix);

/**
 * sk_span_strip_prefix() - drop a prefix if it is there
 * @s: changed on success
 * @prefix: C string
 *
 * Return: true when it was there.
 */
bool sk_span_strip_prefix(struct sk_span *s, const char *prefix);

/**
 * sk_span_find() - first position of a byte
 * @s: span
 * @c: byte
 *
 * Return: offset, or @s.len when absent.
 */
size_t sk_span_find(struct sk_span s, char c);

/**
 * sk_span_rfind() - last position of a byte
 * @s: span
 * @c: byte
 *
 * Return: offset, or @s.len when absent.
 */
size_t sk_span_rfind(struct sk_span s, char c);

/**
 * sk_span_contains() - is the C string somewhere inside
 * @s: span
 * @needle: C string
 *
 * Return: true if so.
 */
bool sk_span_contains(struct sk_span s, const char *needle);

/**
 * sk_span_trim() - without ASCII white space at both ends
 * @s: span
 *
 * Return: the part.
 */
struct sk_span sk_span_trim(struct sk_span s);

/**
 * sk_span_cut() - iterate over pieces between separators
 * @rest: what is left; {NULL, 0} after the last piece
 * @sep: separator byte
 * @ret_piece: piece, possibly empty
 *
 * "a,,b" gives "a", "", "b"; an empty non-NULL span gives one empty piece.
 * Return: true while there was a piece.
 */
bool sk_span_cut(struct sk_span *rest, char sep, struct sk_span *ret_piece);

/**
 * sk_span_line() - iterate over lines, without "\n" or "\r\n"
 * @rest: what is left
 * @ret_line: line
 *
 * A last line without a newline counts; a trailing newline brings no empty line.
 * Return: true while there was a line.
 */
bool sk_span_line(struct sk_span *rest, struct sk_span *ret_line);
