/* SPDX-License-Identifier: Apache-2.0 */
/* Growing bytes with a hard maximum. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/defs.h"
#include "base/span.h"

/**
 * struct sk_buf - growing bytes
 *
 * Appending beyond the maximum is refused, sets @overflow and leaves the content as it was, so that
 * a sequence of appends is checked once at its end. The content is always followed by a NUL byte
 * once something was appended.
 */
struct sk_buf {
	char *ptr;
	size_t len;
	size_t size; /* bytes of storage */
	size_t max;  /* bytes of content at most */
	bool overflow;
};

/**
 * sk_buf_init() - empty buffer
 * @b: storage owned by the caller, released with sk_buf_release()
 * @max: bytes at most
 */
void sk_buf_init(struct sk_buf *b, size_t max);

/**
 * sk_buf_release() - free the content
 * @b: empty afterwards
 */
void sk_buf_release(struct sk_buf *b);

/**
 * sk_buf_reset() - drop the content, keep the storage
 * @b: buffer
 */
void sk_buf_reset(struct sk_buf *b);

/**
 * sk_buf_add() - append bytes
 * @b: buffer
 * @ptr: bytes
 * @len: count
 *
 * Return: false when the maximum would be exceeded.
 */
bool sk_buf_add(struct sk_buf *b, const void *ptr, size_t len);

/**
 * sk_buf_add_span() - append a span
 * @b: buffer
 * @s: bytes
 *
 * Return: false when the maximum would be exceeded.
 */
bool sk_buf_add_span(struct sk_buf *b, struct sk_span s);

/**
 * sk_buf_add_str() - append a C string
 * @b: buffer
 * @s: text
 *
 * Return: false when the maximum would be exceeded.
 */
bool sk_buf_add_str(struct sk_buf *b, const char *s);

/**
 * sk_buf_add_char() - append one byte
 * @b: buffer
 * @c: byte
 *
 * Return: false when the maximum would be exceeded.
 */
bool sk_buf_add_char(struct sk_buf *b, char c);

/**
 * sk_buf_printf() - append formatted text
 * @b: buffer
 * @fmt: printf format
 *
 * Return: false when the maximum would be exceeded.
 */
bool sk_buf_printf(struct sk_buf *b, const char *fmt, ...) sk_printf_like(2, 3);

/**
 * sk_buf_grow() - what sk_buf_reserve() does when the storage is too small; not for others
 * @b: buffer
 * @len: bytes
 *
 * Return: as there.
 */
char *sk_buf_grow(struct sk_buf *b, size_t len);

/**
 * sk_buf_reserve() - room for @len more bytes at ptr + len, for reading into
 * @b: buffer
 * @len: bytes
 *
 * Return: where to write, NULL when the maximum would be exceeded. The caller adds to @b->len what
 * it wrote.
 */
static inline char *sk_buf_reserve(struct sk_buf *b, size_t len)
{
	/* One byte of the storage stays for the NUL. */
	if (len < b->size - b->len && len <= b->max - b->len)
		return b->ptr + b->len;
	return sk_buf_grow(b, len);
}

/**
 * sk_buf_span() - the content
 * @b: buffer
 *
 * Return: borrowed until the next append.
 */
static inline struct sk_span sk_buf_span(const struct sk_buf *b)
{
	return (struct sk_span){.ptr = b->ptr, .len = b->len};
}

/**
 * sk_buf_steal() - hand the content over as a C string
 * @b: empty afterwards
 *
 * Return: the caller frees with sk_free(); never NULL.
 */
char *sk_buf_steal(struct sk_buf *b);
