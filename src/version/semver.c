/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Semantic Versioning 2.0.0 as node-semver reads it without its loose option: white space around
 * and one "v" in front are dropped ("=" is not), three numbers of at most 2^53-1, no needless
 * zeros, at most 256 bytes. Build metadata does not count, as §10 has it; the total orders of
 * Rust's and Dart's libraries, which put it last, do not matter to ranges of affected versions.
 * Numeric identifiers of any length compare exactly (node-semver rounds them above 2^53).
 */
#include <stdint.h>

#include "base/parse.h"
#include "version/version-priv.h"

/* node-semver's internal/constants.js: MAX_LENGTH, Number.MAX_SAFE_INTEGER. */
#define VERSION_SEMVER_MAX_LEN 256
#define VERSION_SEMVER_MAX_NUM ((UINT64_C(1) << 53) - 1)

static bool version_semver_is_identifier(char c)
{
	return sk_is_alnum(c) || c == '-';
}

bool version_semver_number(struct sk_span *s, struct sk_span *ret)
{
	*ret = version_take(s, sk_is_digit);
	return ret->len == 1 || (ret->len > 1 && ret->ptr[0] != '0');
}

/* Dot-separated identifiers. */
static bool version_semver_identifiers(struct sk_span *s, bool zeros, struct sk_span *ret)
{
	const struct sk_span start = *s;

	do {
		struct sk_span id = version_take(s, version_semver_is_identifier);

		if (id.len == 0)
			return false;
		if (!zeros && id.len > 1 && id.ptr[0] == '0' && version_all_digits(id))
			return false;
	} while (version_take_char(s, '.'));
	*ret = sk_span_sub(start, 0, start.len - s->len);
	return true;
}

bool version_semver_tail(struct sk_span s, struct version_semver *ret)
{
	struct sk_span build;

	ret->has_pre = version_take_char(&s, '-');
	if (ret->has_pre && !version_semver_identifiers(&s, false, &ret->pre))
		return false;
	if (version_take_char(&s, '+') && !version_semver_identifiers(&s, true, &build))
		return false;
	return s.len == 0;
}

/* Cuts the next identifier off the front of what is not empty. */
static struct sk_span version_semver_identifier(struct sk_span *s, bool split)
{
	struct sk_span id = sk_span_sub(*s, 0, sk_span_find(*s, '.'));

	if (split) {
		id = *s;
		id = version_take(&id, sk_is_digit(s->ptr[0]) ? sk_is_digit : sk_is_alpha);
	}
	version_skip(s, id.len);
	version_take_char(s, '.');
	return id;
}

static int version_semver_identifier_cmp(struct sk_span a, struct sk_span b)
{
	bool x = version_all_digits(a);
	bool y = version_all_digits(b);

	if (x != y)
		return x ? -1 : 1;
	return x ? version_num_cmp(a, b) : version_text_cmp(a, b);
}

int version_semver_precedence(const struct version_semver *a, const struct version_semver *b)
{
	struct sk_span x = a->pre;
	struct sk_span y = b->pre;
	int order = 0;

	for (size_t i = 0; i < SK_ARRAY_LEN(a->num) && order == 0; i++)
		order = version_num_cmp(a->num[i], b->num[i]);
	if (order != 0)
		return order;
	if (a->language != b->language)
		return a->language ? -1 : 1;
	if (a->has_pre != b->has_pre)
		return a->has_pre ? -1 : 1;
	while (x.len != 0 && y.len != 0) {
		order = version_semver_identifier_cmp(version_semver_identifier(&x, a->split),
						      version_semver_identifier(&y, b->split));
		if (order != 0)
			return order;
	}
	return (x.len != 0) - (y.len != 0);
}

static bool version_semver_parse(struct sk_span s, struct version_semver *ret)
{
	uint64_t number;

	*ret = (struct version_semver){0};
	if (s.len > VERSION_SEMVER_MAX_LEN)
		return false;
	s = version_trim(s);
	version_take_char(&s, 'v');
	for (size_t i = 0; i < SK_ARRAY_LEN(ret->num); i++) {
		if (i != 0 && !version_take_char(&s, '.'))
			return false;
		if (!version_semver_number(&s, &ret->num[i]) ||
		    !sk_parse_u64(ret->num[i], &number) || number > VERSION_SEMVER_MAX_NUM)
			return false;
	}
	return version_semver_tail(s, ret);
}

static int version_semver_compare(struct sk_span a, struct sk_span b, int *ret_order)
{
	struct version_semver x, y;

	if (!version_semver_parse(a, &x) || !version_semver_parse(b, &y))
		return -SK_E_FORMAT;
	*ret_order = version_semver_precedence(&x, &y);
	return 0;
}

static bool version_semver_valid(struct sk_span v)
{
	struct version_semver x;

	return version_semver_parse(v, &x);
}

const struct version_ops version_semver_ops = {
	.name = "semver",
	.compare = version_semver_compare,
	.valid = version_semver_valid,
};
