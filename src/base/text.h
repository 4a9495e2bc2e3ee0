/* SPDX-License-Identifier: Apache-2.0 */
/* Foreign text made safe to show: terminals, logs and JSON never get raw bytes from an image or a
 * feed. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"

/**
 * sk_utf8_next() - decode one code point
 * @s: consumed by 1 to 4 bytes; not empty
 * @ret: code point, written when valid
 *
 * Overlong forms, surrogates and values above U+10FFFF are invalid and consume one byte.
 * Return: false when the bytes are not UTF-8. Source: RFC 3629.
 */
bool sk_utf8_next(struct sk_span *s, uint32_t *ret);

/**
 * sk_text_is_unsafe() - must this code point never reach a terminal
 * @cp: Unicode code point
 *
 * Controls, bidirectional marks and overrides, zero-width and other invisible characters, line and
 * paragraph separators, private use and unassigned planes' tags.
 * Return: true if so.
 */
bool sk_text_is_unsafe(uint32_t cp);

/**
 * sk_text_escape() - append text for people: valid printable UTF-8 as it is, the rest as \xNN or
 * \u{N}
 * @b: buffer
 * @s: foreign bytes
 *
 * Return: false when the buffer is full.
 */
bool sk_text_escape(struct sk_buf *b, struct sk_span s);

/**
 * sk_text_quote() - escaped copy in a fixed buffer, for error messages: 'text', cut with "…"
 * @s: foreign bytes
 * @buf: destination
 * @size: bytes, at least 16
 *
 * Return: @buf.
 */
const char *sk_text_quote(struct sk_span s, char *buf, size_t size);

/**
 * sk_text_width() - terminal columns of valid text, wide East Asian characters count two
 * @s: text
 *
 * Return: columns.
 */
size_t sk_text_width(struct sk_span s);
