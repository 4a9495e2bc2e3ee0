/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compact binary records between a process and its workers, and in caches: unsigned LEB128 numbers
 * and length-prefixed bytes. The reader trusts nothing: every number has a maximum, every count is
 * checked against the bytes that are left, and the first violation sticks.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/defs.h"
#include "base/digest.h"
#include "base/span.h"

/**
 * sk_wire_put_u64() - append a number
 * @b: buffer; its overflow flag tells whether everything fitted
 * @value: number
 */
void sk_wire_put_u64(struct sk_buf *b, uint64_t value);

/**
 * sk_wire_put_fixed64() - append eight bytes, little-endian
 * @b: buffer
 * @value: number
 */
void sk_wire_put_fixed64(struct sk_buf *b, uint64_t value);

/**
 * sk_wire_put_span() - append a length and the bytes
 * @b: buffer
 * @s: bytes
 */
void sk_wire_put_span(struct sk_buf *b, struct sk_span s);

/**
 * sk_wire_put_str() - append a C string that may be absent
 * @b: buffer
 * @s: text or NULL
 */
void sk_wire_put_str(struct sk_buf *b, const char *s);

/**
 * sk_wire_put_digest() - append an algorithm and its value
 * @b: buffer
 * @d: digest, possibly none
 */
void sk_wire_put_digest(struct sk_buf *b, const struct sk_digest *d);

/** struct sk_wire - reader; @bad sticks, and then every value read is 0, empty or NULL */
struct sk_wire {
	struct sk_span rest;
	bool bad;
};

/**
 * sk_wire_init() - read a record
 * @s: borrowed
 *
 * Return: the reader.
 */
static inline struct sk_wire sk_wire_init(struct sk_span s)
{
	return (struct sk_wire){.rest = s};
}

/**
 * sk_wire_get_u64() - read a number
 * @w: reader
 * @max: a larger value is a violation
 *
 * Return: the number.
 */
uint64_t sk_wire_get_u64(struct sk_wire *w, uint64_t max);

/**
 * sk_wire_get_fixed64() - read eight bytes, little-endian
 * @w: reader
 *
 * Return: the number.
 */
uint64_t sk_wire_get_fixed64(struct sk_wire *w);

/**
 * sk_wire_get_count() - read the count of a list
 * @w: reader
 * @max: elements at most
 * @min_size: bytes that an element takes at least, not 0; a count that cannot fit is a violation
 *
 * Return: the count.
 */
size_t sk_wire_get_count(struct sk_wire *w, size_t max, size_t min_size);

/**
 * sk_wire_get_span() - read bytes
 * @w: reader
 * @max: bytes at most
 *
 * Return: borrowed from the record.
 */
struct sk_span sk_wire_get_span(struct sk_wire *w, size_t max);

/**
 * sk_wire_get_str() - read a C string that may be absent
 * @w: reader
 * @a: text lives here
 * @max: bytes at most
 *
 * A NUL byte inside is a violation. Return: NULL when absent.
 */
const char *sk_wire_get_str(struct sk_wire *w, struct sk_arena *a, size_t max);

/**
 * sk_wire_get_digest() - read a digest
 * @w: reader
 *
 * Return: possibly SK_DIGEST_NONE.
 */
struct sk_digest sk_wire_get_digest(struct sk_wire *w);

/**
 * sk_wire_at_end() - was everything read, without a violation
 * @w: reader
 *
 * Return: true if so.
 */
static inline bool sk_wire_at_end(const struct sk_wire *w)
{
	return !w->bad && w->rest.len == 0;
}
