/* SPDX-License-Identifier: Apache-2.0 */
/* Text to numbers, sizes, durations and times: whole input or nothing. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/span.h"

enum {
	SK_TIME_TEXT_SIZE = 32
};

/**
 * sk_parse_u32() - decimal digits only, no sign, no space
 * @s: whole text
 * @ret: written on success
 *
 * Return: false when not a number or out of range.
 */
sk_must_check bool sk_parse_u32(struct sk_span s, uint32_t *ret);

/**
 * sk_parse_u64() - decimal digits only, no sign, no space
 * @s: whole text
 * @ret: written on success
 *
 * Return: false when not a number or out of range.
 */
sk_must_check bool sk_parse_u64(struct sk_span s, uint64_t *ret);

/**
 * sk_parse_i64() - optional minus, then decimal digits
 * @s: whole text
 * @ret: written on success
 *
 * Return: false when not a number or out of range.
 */
sk_must_check bool sk_parse_i64(struct sk_span s, int64_t *ret);

/**
 * sk_parse_octal() - octal digits only
 * @s: whole text
 * @ret: written on success
 *
 * Return: false when not a number or out of range.
 */
sk_must_check bool sk_parse_octal(struct sk_span s, uint64_t *ret);

/**
 * sk_parse_hex() - hexadecimal text to bytes
 * @s: 2 * @len digits, either case
 * @ret: @len bytes, written on success
 * @len: bytes
 *
 * Return: false when not hexadecimal or of another length.
 */
sk_must_check bool sk_parse_hex(struct sk_span s, uint8_t *ret, size_t len);

/**
 * sk_format_hex() - bytes as hexadecimal text of small letters
 * @bytes: bytes
 * @len: count
 * @buf: 2 * @len + 1 bytes
 *
 * Return: @buf.
 */
const char *sk_format_hex(const uint8_t *bytes, size_t len, char *buf);

/**
 * sk_parse_double() - decimal number with optional fraction and exponent, "." whatever the locale
 * @s: whole text, at most 63 bytes
 * @ret: written on success, finite
 *
 * Return: false when not a finite number.
 */
sk_must_check bool sk_parse_double(struct sk_span s, double *ret);

/**
 * sk_parse_size() - bytes with optional K, M, G or T (powers of 1024; "KiB" and "KB" too)
 * @s: e.g. "64M"
 * @ret: bytes
 *
 * Return: false when malformed or out of range.
 */
sk_must_check bool sk_parse_size(struct sk_span s, uint64_t *ret);

/**
 * sk_parse_duration() - time span with unit ms, s, m, h, d or w; a bare number counts seconds
 * @s: e.g. "36h"
 * @ret_ms: milliseconds
 *
 * Return: false when malformed or out of range.
 */
sk_must_check bool sk_parse_duration(struct sk_span s, uint64_t *ret_ms);

/**
 * sk_parse_bool() - true/false, yes/no, on/off, 1/0, any case
 * @s: whole text
 * @ret: written on success
 *
 * Return: false when none of them.
 */
sk_must_check bool sk_parse_bool(struct sk_span s, bool *ret);

/**
 * sk_parse_time() - RFC 3339 time, or a date alone, or "YYYY-MM-DD HH:MM[:SS][ UTC]"
 * @s: whole text; fractions of a second are dropped
 * @ret: seconds since the epoch, UTC
 *
 * Return: false when malformed or before 1900 or after 9999.
 */
sk_must_check bool sk_parse_time(struct sk_span s, int64_t *ret);

#define SK_DURATION_TEXT_SIZE 48

/**
 * sk_format_duration() - for people, in its two largest units: "8 s", "1 min 5 s", "3 days 4 h"
 * @seconds: less than none is none
 * @buf: SK_DURATION_TEXT_SIZE bytes
 *
 * Return: @buf.
 */
const char *sk_format_duration(int64_t seconds, char *buf);

/**
 * sk_format_time() - RFC 3339 in UTC, seconds
 * @t: seconds since the epoch, within years 0 to 9999
 * @buf: SK_TIME_TEXT_SIZE bytes
 *
 * Return: @buf.
 */
const char *sk_format_time(int64_t t, char *buf);

/**
 * sk_format_time_us() - as sk_format_time() with six decimals of the second
 * @us: microseconds since the epoch, within years 1970 to 9999
 * @buf: SK_TIME_TEXT_SIZE bytes
 *
 * Return: @buf.
 */
const char *sk_format_time_us(uint64_t us, char *buf);

/**
 * sk_format_date() - YYYY-MM-DD in UTC
 * @t: seconds since the epoch, within years 0 to 9999
 * @buf: SK_TIME_TEXT_SIZE bytes
 *
 * Return: @buf.
 */
const char *sk_format_date(int64_t t, char *buf);
