/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ecosystems whose versions are plain lists of numbers, compared one by one, the longer list later.
 * CRAN: R's compareVersion() and numeric_version(), "." and "-" separate alike, leading zeros are
 * allowed. Hackage: Cabal's Version, "." separates, no needless zeros, at most nine digits, tags
 * ("-foo") are read and do not count.
 */
#include "version/version-priv.h"

enum {
	VERSION_HACKAGE_MAX_DIGITS = 9
};

static bool version_list_is_separator(char c)
{
	return c == '.' || c == '-';
}

static int version_list_order(struct sk_span a, struct sk_span b)
{
	while (a.len != 0 && b.len != 0) {
		int order = version_num_cmp(version_take(&a, sk_is_digit),
					    version_take(&b, sk_is_digit));

		if (order != 0)
			return order;
		version_skip(&a, 1);
		version_skip(&b, 1);
	}
	return (a.len != 0) - (b.len != 0);
}

static bool version_cran_valid(struct sk_span v)
{
	while (version_take(&v, sk_is_digit).len != 0) {
		if (v.len == 0)
			return true;
		if (!version_list_is_separator(v.ptr[0]))
			return false;
		version_skip(&v, 1);
	}
	return false;
}

static int version_cran_compare(struct sk_span a, struct sk_span b, int *ret_order)
{
	if (!version_cran_valid(a) || !version_cran_valid(b))
		return -SK_E_FORMAT;
	*ret_order = version_list_order(a, b);
	return 0;
}

/* Cuts the numbers off the front of @s; what is left must be tags. */
static bool version_hackage_parse(struct sk_span s, struct sk_span *ret)
{
	const struct sk_span start = s;
	struct sk_span digits;

	do {
		if (!version_semver_number(&s, &digits) || digits.len > VERSION_HACKAGE_MAX_DIGITS)
			return false;
	} while (version_take_char(&s, '.'));
	*ret = sk_span_sub(start, 0, start.len - s.len);
	while (version_take_char(&s, '-')) {
		if (version_take(&s, sk_is_alnum).len == 0)
			return false;
	}
	return s.len == 0;
}

static int version_hackage_compare(struct sk_span a, struct sk_span b, int *ret_order)
{
	struct sk_span x, y;

	if (!version_hackage_parse(a, &x) || !version_hackage_parse(b, &y))
		return -SK_E_FORMAT;
	*ret_order = version_list_order(x, y);
	return 0;
}

static bool version_hackage_valid(struct sk_span v)
{
	struct sk_span numbers;

	return version_hackage_parse(v, &numbers);
}

const struct version_ops version_cran_ops = {
	.name = "cran",
	.compare = version_cran_compare,
	.valid = version_cran_valid,
};

const struct version_ops version_hackage_ops = {
	.name = "hackage",
	.compare = version_hackage_compare,
	.valid = version_hackage_valid,
};
