/* SPDX-License-Identifier: Apache-2.0 */
/* Classes of bytes: ASCII only, whatever the locale, and every byte may be asked about. */
#pragma once

#include <stdbool.h>

/**
 * sk_is_digit() - 0 to 9
 * @c: byte
 *
 * Return: true if so.
 */
static inline bool sk_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/**
 * sk_is_lower() - a to z
 * @c: byte
 *
 * Return: true if so.
 */
static inline bool sk_is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

/**
 * sk_is_upper() - A to Z
 * @c: byte
 *
 * Return: true if so.
 */
static inline bool sk_is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

/**
 * sk_is_alpha() - a letter of either case
 * @c: byte
 *
 * Return: true if so.
 */
static inline bool sk_is_alpha(char c)
{
	return sk_is_lower(c) || sk_is_upper(c);
}

/**
 * sk_is_alnum() - a letter or a digit
 * @c: byte
 *
 * Return: true if so.
 */
static inline bool sk_is_alnum(char c)
{
	return sk_is_digit(c) || sk_is_alpha(c);
}

/**
 * sk_is_hex() - a hexadecimal digit of either case
 * @c: byte
 *
 * Return: true if so.
 */
static inline bool sk_is_hex(char c)
{
	return sk_is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/**
 * sk_is_space() - blank, tab, line feed, vertical tab, form feed or carriage return
 * @c: byte
 *
 * Return: true if so.
 */
static inline bool sk_is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/**
 * sk_lower() - a letter's small form
 * @c: byte
 *
 * Return: the letter, other bytes as they are.
 */
static inline char sk_lower(char c)
{
	return sk_is_upper(c) ? (char)(c + ('a' - 'A')) : c;
}

/**
 * sk_upper() - a letter's capital form
 * @c: byte
 *
 * Return: the letter, other bytes as they are.
 */
static inline char sk_upper(char c)
{
	return sk_is_lower(c) ? (char)(c - ('a' - 'A')) : c;
}
