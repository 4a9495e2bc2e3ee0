/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Alpine: digits{.digits}{letter}{_suffix{digits}}{~hash}{-rN}, as apk-tools 3 orders it
 * (apk version -t). That command also orders damaged versions, by the part before the damage; a
 * text that does not begin with a digit is refused here. apk-tools 2 differs in corners: a suffix
 * after a component 0 (it took 1.0_rc1 for later than 1.0), components with different counts of
 * leading zeros, digits after the letter, commit hashes.
 */
#include "version/version-priv.h"

enum version_apk_token {
	APK_FIRST,
	APK_DIGITS,
	APK_LETTER,
	APK_SUFFIX,
	APK_SUFFIX_NO,
	APK_HASH,
	APK_REVISION,
	APK_END,
	APK_INVALID,
};

/* Before and after a version without a suffix. */
enum version_apk_suffix {
	APK_ALPHA,
	APK_BETA,
	APK_PRE,
	APK_RC,
	APK_NONE,
	APK_CVS,
	APK_SVN,
	APK_GIT,
	APK_HG,
	APK_P,
	APK_N_SUFFIXES
};

static const char *const version_apk_suffixes[] = {
	[APK_ALPHA] = "alpha", [APK_BETA] = "beta", [APK_PRE] = "pre", [APK_RC] = "rc",
	[APK_NONE] = "",       [APK_CVS] = "cvs",   [APK_SVN] = "svn", [APK_GIT] = "git",
	[APK_HG] = "hg",       [APK_P] = "p",
};
_Static_assert(SK_ARRAY_LEN(version_apk_suffixes) == APK_N_SUFFIXES, "a word for each suffix");

/** struct version_apk - position in one version and the token there */
struct version_apk {
	struct sk_span rest;
	enum version_apk_token token;
	enum version_apk_suffix suffix;
	struct sk_span value;
};

static bool version_apk_is_hex(char c)
{
	return sk_is_digit(c) || (c >= 'a' && c <= 'f');
}

static void version_apk_digits(struct version_apk *v, enum version_apk_token token)
{
	v->value = version_take(&v->rest, sk_is_digit);
	v->token = v->value.len != 0 ? token : APK_INVALID;
}

static void version_apk_take_suffix(struct version_apk *v)
{
	v->value = version_take(&v->rest, sk_is_lower);
	v->token = APK_INVALID;
	for (unsigned i = 0; v->value.len != 0 && i < APK_N_SUFFIXES; i++) {
		if (sk_span_eq_str(v->value, version_apk_suffixes[i])) {
			v->suffix = i;
			v->token = APK_SUFFIX;
			return;
		}
	}
}

static void version_apk_number(struct version_apk *v)
{
	if (v->token == APK_FIRST || v->token == APK_DIGITS)
		version_apk_digits(v, APK_DIGITS);
	else if (v->token == APK_SUFFIX)
		version_apk_digits(v, APK_SUFFIX_NO);
	else
		v->token = APK_INVALID;
}

static void version_apk_take_hash(struct version_apk *v)
{
	v->value = version_take(&v->rest, version_apk_is_hex);
	v->token = v->value.len != 0 ? APK_HASH : APK_INVALID;
}

static void version_apk_next(struct version_apk *v)
{
	enum version_apk_token last = v->token;
	char c = version_peek(v->rest);

	v->token = APK_INVALID;
	if (v->rest.len == 0) {
		v->token = APK_END;
	} else if (sk_is_lower(c) && last <= APK_DIGITS) {
		v->value = sk_span_sub(v->rest, 0, 1);
		version_skip(&v->rest, 1);
		v->token = APK_LETTER;
	} else if (sk_is_digit(c) || (c == '.' && last <= APK_DIGITS)) {
		version_take_char(&v->rest, '.');
		v->token = last;
		version_apk_number(v);
	} else if (c == '_' && last <= APK_SUFFIX_NO) {
		version_skip(&v->rest, 1);
		version_apk_take_suffix(v);
	} else if (c == '~' && last < APK_HASH) {
		version_skip(&v->rest, 1);
		version_apk_take_hash(v);
	} else if (last < APK_REVISION && sk_span_strip_prefix(&v->rest, "-r")) {
		version_apk_digits(v, APK_REVISION);
	}
}

static struct version_apk version_apk_first(struct sk_span s)
{
	struct version_apk v = {.rest = s};

	version_apk_digits(&v, APK_FIRST);
	return v;
}

/* Both are at the same kind of token. */
static int version_apk_token_cmp(const struct version_apk *a, const struct version_apk *b)
{
	switch (a->token) {
	case APK_SUFFIX:
		return version_sign((int)a->suffix - (int)b->suffix);
	case APK_DIGITS:
		if (a->value.ptr[0] == '0' || b->value.ptr[0] == '0')
			return version_text_cmp(a->value, b->value);
		return version_num_cmp(a->value, b->value);
	case APK_FIRST:
	case APK_SUFFIX_NO:
	case APK_REVISION:
		return version_num_cmp(a->value, b->value);
	case APK_LETTER:
	case APK_HASH:
		return version_text_cmp(a->value, b->value);
	case APK_END:
	case APK_INVALID:
		break;
	}
	return 0;
}

static int version_apk_compare(struct sk_span a, struct sk_span b, int *ret_order)
{
	struct version_apk x = version_apk_first(a);
	struct version_apk y = version_apk_first(b);
	int order = 0;

	if (x.token == APK_INVALID || y.token == APK_INVALID)
		return -SK_E_FORMAT;
	while (x.token == y.token && x.token < APK_END) {
		order = version_apk_token_cmp(&x, &y);
		if (order != 0)
			break;
		version_apk_next(&x);
		version_apk_next(&y);
	}
	if (order == 0 && x.token != y.token) {
		if (x.token == APK_SUFFIX && x.suffix < APK_NONE)
			order = -1;
		else if (y.token == APK_SUFFIX && y.suffix < APK_NONE)
			order = 1;
		else
			order = x.token > y.token ? -1 : 1;
	}
	*ret_order = order;
	return 0;
}

static bool version_apk_valid(struct sk_span v)
{
	struct version_apk x = version_apk_first(v);

	while (x.token < APK_END)
		version_apk_next(&x);
	return x.token == APK_END;
}

const struct version_ops version_apk_ops = {
	.name = "apk",
	.compare = version_apk_compare,
	.valid = version_apk_valid,
};
