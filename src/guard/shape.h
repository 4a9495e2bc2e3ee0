/* SPDX-License-Identifier: Apache-2.0 */
/* Argument shapes and path patterns: what changes from run to run is replaced, the rest stays. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/span.h"

/**
 * guard_shape_of() - shape of an argument list
 * @args: argv, argv[0] included
 * @n_args: count
 * @b: receives the shape: arguments separated by blanks
 *
 * argv[0] loses its directory. Options keep their name; numbers become N, hexadecimal words of 8
 * and more digits H, paths keep their directory and lose a changing last component
 * ("/var/tmp/x81k2" →
 * "/var/tmp/" and a star), other words that look random become "*". Code given inline (the word
 * after -c) becomes "CODE". Return: false when @b is full.
 */
bool guard_shape_of(const char *const *args, size_t n_args, struct sk_buf *b);

/**
 * guard_shape_match() - does a shape fit one of a profile
 * @known: the profile's; "*" fits text without blanks, "**" any text, "*" alone every shape
 * @shape: from guard_shape_of()
 *
 * Return: true if so. Time is bounded by the product of the lengths.
 */
bool guard_shape_match(struct sk_span known, struct sk_span shape);

/**
 * guard_pattern_of() - pattern of a file's path
 * @path: absolute
 * @b: receives the pattern: numbers in /proc and temporary names become a star
 *
 * Return: false when @b is full.
 */
bool guard_pattern_of(struct sk_span path, struct sk_buf *b);

/**
 * guard_pattern_is_kin() - were both names made from one template of mkstemp ("x.XXXXXX")
 * @a: path or pattern
 * @b: path or pattern
 *
 * One made of small letters alone looks like a word; the other tells.
 * Return: true if so.
 */
bool guard_pattern_is_kin(struct sk_span a, struct sk_span b);

/**
 * guard_pattern_match() - does a path match a pattern
 * @pattern: "*" matches within a component, "**" across components, the rest is literal
 * @path: absolute
 *
 * Return: true if so. Time is bounded by the product of the lengths.
 */
bool guard_pattern_match(struct sk_span pattern, struct sk_span path);
