/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NuGet: NuGetVersion.TryParse() and VersionComparer.Default of NuGet.Versioning: one to four
 * numbers of at most 2^31-1 (leading zeros and blanks around them are allowed), labels that compare
 * without case, metadata that does not count. A label is a number when it reads as a 32-bit
 * integer, sign included; longer digit runs compare as text.
 */
#include <stdint.h>

#include "base/parse.h"
#include "version/version-priv.h"

enum {
	VERSION_NUGET_PARTS = 4
};

/** struct version_nuget - parsed */
struct version_nuget {
	uint32_t part[VERSION_NUGET_PARTS];
	struct version_semver tail;
};

static bool version_nuget_part(struct sk_span s, uint32_t *ret)
{
	s = version_trim(s);
	if (!version_all_digits(s))
		return false;
	s = version_strip_zeros(s);
	*ret = 0;
	return s.len == 0 || (sk_parse_u32(s, ret) && *ret <= INT32_MAX);
}

static bool version_nuget_parse(struct sk_span s, struct version_nuget *ret)
{
	struct sk_span numbers, piece;
	size_t len = 0;
	size_t n = 0;

	*ret = (struct version_nuget){0};
	s = version_trim(s);
	while (len < s.len && s.ptr[len] != '-' && s.ptr[len] != '+')
		len++;
	numbers = sk_span_sub(s, 0, len);
	version_skip(&s, len);
	while (sk_span_cut(&numbers, '.', &piece)) {
		if (n == VERSION_NUGET_PARTS || !version_nuget_part(piece, &ret->part[n]))
			return false;
		n++;
	}
	return n != 0 && version_semver_tail(s, &ret->tail);
}

/* int.TryParse(): an optional minus and digits, within 32 bits. */
static bool version_nuget_label_number(struct sk_span s, int64_t *ret)
{
	bool minus = version_take_char(&s, '-');

	if (!version_all_digits(s))
		return false;
	s = version_strip_zeros(s);
	*ret = 0;
	if (s.len != 0 && !sk_parse_i64(s, ret))
		return false;
	if (minus)
		*ret = -*ret;
	return *ret >= INT32_MIN && *ret <= INT32_MAX;
}

static int version_nuget_label_cmp(struct sk_span a, struct sk_span b)
{
	int64_t x, y;
	bool x_no = version_nuget_label_number(a, &x);
	bool y_no = version_nuget_label_number(b, &y);

	if (x_no != y_no)
		return x_no ? -1 : 1;
	if (x_no)
		return (x > y) - (x < y);
	return version_text_cmp_nocase(a, b);
}

static int version_nuget_order(const struct version_nuget *a, const struct version_nuget *b)
{
	struct sk_span x = a->tail.pre;
	struct sk_span y = b->tail.pre;
	struct sk_span l, r;

	for (size_t i = 0; i < VERSION_NUGET_PARTS; i++) {
		if (a->part[i] != b->part[i])
			return a->part[i] < b->part[i] ? -1 : 1;
	}
	if (a->tail.has_pre != b->tail.has_pre)
		return a->tail.has_pre ? -1 : 1;
	while (x.len != 0 && y.len != 0) {
		int order;

		(void)sk_span_cut(&x, '.', &l); /* neither is empty */
		(void)sk_span_cut(&y, '.', &r);
		order = version_nuget_label_cmp(l, r);
		if (order != 0)
			return order;
	}
	return (x.len != 0) - (y.len != 0);
}

static int version_nuget_compare(struct sk_span a, struct sk_span b, int *ret_order)
{
	struct version_nuget x, y;

	if (!version_nuget_parse(a, &x) || !version_nuget_parse(b, &y))
		return -SK_E_FORMAT;
	*ret_order = version_nuget_order(&x, &y);
	return 0;
}

static bool version_nuget_valid(struct sk_span v)
{
	struct version_nuget x;

	return version_nuget_parse(v, &x);
}

const struct version_ops version_nuget_ops = {
	.name = "nuget",
	.compare = version_nuget_compare,
	.valid = version_nuget_valid,
};
