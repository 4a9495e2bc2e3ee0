/* SPDX-License-Identifier: Apache-2.0 */
/* What the comparators share: ASCII classes, digit runs compared as text, and the ops tables. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/ascii.h"
#include "base/err.h"
#include "base/span.h"
#include "version/version.h"

extern const struct version_ops version_dpkg_ops;
extern const struct version_ops version_apk_ops;
extern const struct version_ops version_rpm_ops;
extern const struct version_ops version_semver_ops;
extern const struct version_ops version_pep440_ops;
extern const struct version_ops version_maven_ops;
extern const struct version_ops version_rubygems_ops;
extern const struct version_ops version_nuget_ops;
extern const struct version_ops version_packagist_ops;
extern const struct version_ops version_go_ops;
extern const struct version_ops version_cran_ops;
extern const struct version_ops version_hackage_ops;

static inline int version_sign(int v)
{
	return (v > 0) - (v < 0);
}

/* First byte, or 0 at the end; a NUL byte in the text belongs to no class either. */
static inline char version_peek(struct sk_span s)
{
	return s.len != 0 ? s.ptr[0] : '\0';
}

static inline void version_skip(struct sk_span *s, size_t n)
{
	*s = sk_span_sub(*s, n, s->len);
}

/**
 * version_take() - cut the longest run of one class off the front
 * @s: what is left
 * @is: class
 *
 * Return: the run, possibly empty.
 */
struct sk_span version_take(struct sk_span *s, bool (*is)(char c));

/**
 * version_take_char() - drop one byte if it is the next
 * @s: what is left
 * @c: byte
 *
 * Return: true when it was there.
 */
bool version_take_char(struct sk_span *s, char c);

/**
 * version_take_word() - drop a word if it is next, whatever its case
 * @s: what is left
 * @word: lower-case C string
 *
 * Return: true when it was there.
 */
bool version_take_word(struct sk_span *s, const char *word);

/**
 * version_trim() - without the C locale's white space at both ends
 * @s: text
 *
 * Return: the part.
 */
struct sk_span version_trim(struct sk_span s);

/**
 * version_strip_zeros() - digits without leading zeros; zero becomes empty
 * @digits: digits only
 *
 * Return: the part.
 */
struct sk_span version_strip_zeros(struct sk_span digits);

/**
 * version_num_cmp() - order of two numbers of any length
 * @a: digits only; empty is 0
 * @b: digits only
 *
 * Return: -1, 0 or 1.
 */
int version_num_cmp(struct sk_span a, struct sk_span b);

/**
 * version_text_cmp() - byte order as -1, 0 or 1
 * @a: text
 * @b: text
 *
 * Return: -1, 0 or 1.
 */
int version_text_cmp(struct sk_span a, struct sk_span b);

/**
 * version_text_cmp_nocase() - order of the lower-case forms (ASCII)
 * @a: text
 * @b: text
 *
 * Return: -1, 0 or 1.
 */
int version_text_cmp_nocase(struct sk_span a, struct sk_span b);

/**
 * version_all_digits() - is it digits throughout
 * @s: text
 *
 * Return: false for empty text too.
 */
bool version_all_digits(struct sk_span s);

/**
 * struct version_semver - parsed SemVer, spans into the text
 * @num: major, minor, patch
 * @pre: after the hyphen, empty when @has_pre is false
 * @has_pre: is a pre-release
 * @split: identifiers also end between letters and digits ("rc2" is "rc.2")
 * @language: a Go language version (go1.21), older than all its pre-releases
 */
struct version_semver {
	struct sk_span num[3];
	struct sk_span pre;
	bool has_pre;
	bool split;
	bool language;
};

/**
 * version_semver_tail() - parse "[-pre][+build]" to the end
 * @s: what follows the numbers
 * @ret: pre and has_pre are written
 *
 * Return: false when malformed.
 */
bool version_semver_tail(struct sk_span s, struct version_semver *ret);

/**
 * version_semver_number() - cut a number without needless zeros off the front
 * @s: what is left
 * @ret: digits
 *
 * Return: false when there is none or it begins with a needless 0.
 */
bool version_semver_number(struct sk_span *s, struct sk_span *ret);

/**
 * version_semver_precedence() - SemVer 2.0.0 §11; build metadata does not count
 * @a: parsed
 * @b: parsed
 *
 * Return: -1, 0 or 1.
 */
int version_semver_precedence(const struct version_semver *a, const struct version_semver *b);
