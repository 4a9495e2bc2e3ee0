/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Debian: [epoch:]upstream[-revision], deb-version(7), with the checks of dpkg --compare-versions
 * (dpkg 1.21). What dpkg only warns of (a first character that is no digit, characters outside the
 * alphabet) is ordered all the same; what it refuses is refused. An empty version and "<unknown>"
 * are older than every other.
 */
#include <stdint.h>

#include "base/parse.h"
#include "version/version-priv.h"

/** struct version_dpkg - parsed; all spans point into the text */
struct version_dpkg {
	bool none; /* empty or "<unknown>" */
	uint32_t epoch;
	struct sk_span upstream;
	struct sk_span revision;
};

/* The epoch as strtol() reads it: a sign is allowed, "-0" is 0. */
static bool version_dpkg_epoch(struct sk_span s, uint32_t *ret)
{
	bool minus = version_peek(s) == '-';

	if (minus || version_peek(s) == '+')
		version_skip(&s, 1);
	if (!version_all_digits(s))
		return false;
	s = version_strip_zeros(s);
	if (s.len == 0) {
		*ret = 0;
		return true;
	}
	return !minus && sk_parse_u32(s, ret) && *ret <= INT32_MAX;
}

enum {
	MARK_SPACE = 1,
	MARK_COLON,
	MARK_HYPHEN,
};

static bool version_dpkg_parse(struct sk_span s, struct version_dpkg *ret)
{
	static const uint8_t marks[256] = {
		[' '] = MARK_SPACE,  ['\t'] = MARK_SPACE, ['\n'] = MARK_SPACE, ['\v'] = MARK_SPACE,
		['\f'] = MARK_SPACE, ['\r'] = MARK_SPACE, [':'] = MARK_COLON,  ['-'] = MARK_HYPHEN,
	};
	size_t colon, hyphen;

	*ret = (struct version_dpkg){.none = s.len == 0 ||
					     (s.ptr[0] == '<' && sk_span_eq_str(s, "<unknown>"))};
	if (ret->none)
		return true;
	if (sk_is_space(s.ptr[0]) || sk_is_space(s.ptr[s.len - 1]))
		s = version_trim(s);
	colon = hyphen = s.len;
	for (size_t i = 0; i < s.len; i++) {
		uint8_t mark = marks[(unsigned char)s.ptr[i]];

		if (mark == 0)
			continue;
		if (mark == MARK_SPACE)
			return false;
		if (mark == MARK_HYPHEN)
			hyphen = i;
		else if (colon == s.len)
			colon = i;
	}
	if (colon < s.len) {
		if (!version_dpkg_epoch(sk_span_sub(s, 0, colon), &ret->epoch))
			return false;
		hyphen = hyphen > colon ? hyphen - colon - 1 : s.len;
		version_skip(&s, colon + 1);
	}
	ret->upstream = sk_span_sub(s, 0, hyphen);
	if (hyphen < s.len) {
		ret->revision = sk_span_sub(s, hyphen + 1, s.len);
		if (ret->revision.len == 0)
			return false;
	}
	return ret->upstream.len != 0;
}

/*
 * Rank of a character outside digit runs: '~', end or digit, letters, the rest; bytes above ASCII
 * are negative in dpkg, which puts them between the letters and the rest.
 */
static int version_dpkg_rank(struct sk_span s)
{
	char c = version_peek(s);

	if (s.len == 0 || sk_is_digit(c))
		return 0;
	if (sk_is_alpha(c))
		return c;
	if (c == '~')
		return -1;
	return (signed char)c + 256;
}

static bool version_dpkg_more_text(struct sk_span s)
{
	return s.len != 0 && !sk_is_digit(s.ptr[0]);
}

/* Takes a run of digits off @s, without the zeros that it begins with. */
static struct sk_span version_dpkg_number(struct sk_span *s)
{
	struct sk_span run;
	size_t start = 0, end;

	while (start < s->len && s->ptr[start] == '0')
		start++;
	for (end = start; end < s->len && sk_is_digit(s->ptr[end]);)
		end++;
	run = sk_span_sub(*s, start, end - start);
	version_skip(s, end);
	return run;
}

/* Drops what both begin with; a number that goes on differently stays whole. */
static void version_dpkg_drop_common(struct sk_span *a, struct sk_span *b)
{
	size_t n = 0;

	while (n < a->len && n < b->len && a->ptr[n] == b->ptr[n])
		n++;
	if (n < a->len || n < b->len) {
		while (n > 0 && sk_is_digit(a->ptr[n - 1]))
			n--;
	}
	version_skip(a, n);
	version_skip(b, n);
}

static int version_dpkg_part_cmp(struct sk_span a, struct sk_span b)
{
	version_dpkg_drop_common(&a, &b);
	while (a.len != 0 || b.len != 0) {
		struct sk_span x, y;
		int order;

		while (version_dpkg_more_text(a) || version_dpkg_more_text(b)) {
			int rank_a = version_dpkg_rank(a);
			int rank_b = version_dpkg_rank(b);

			if (rank_a != rank_b)
				return rank_a < rank_b ? -1 : 1;
			version_skip(&a, 1);
			version_skip(&b, 1);
		}
		x = version_dpkg_number(&a);
		y = version_dpkg_number(&b);
		if (x.len != y.len)
			return x.len < y.len ? -1 : 1;
		order = version_text_cmp(x, y);
		if (order != 0)
			return order;
	}
	return 0;
}

static int version_dpkg_compare(struct sk_span a, struct sk_span b, int *ret_order)
{
	struct version_dpkg x, y;
	int order;

	if (!version_dpkg_parse(a, &x))
		return -SK_E_FORMAT;
	if (a.ptr == b.ptr && a.len == b.len) {
		*ret_order = 0;
		return 0;
	}
	if (!version_dpkg_parse(b, &y))
		return -SK_E_FORMAT;
	if (x.none || y.none) {
		*ret_order = (int)y.none - (int)x.none;
		return 0;
	}
	order = (x.epoch > y.epoch) - (x.epoch < y.epoch);
	if (order == 0)
		order = version_dpkg_part_cmp(x.upstream, y.upstream);
	if (order == 0)
		order = version_dpkg_part_cmp(x.revision, y.revision);
	*ret_order = order;
	return 0;
}

static bool version_dpkg_chars(struct sk_span s, const char *others)
{
	for (size_t i = 0; i < s.len; i++) {
		if (!sk_is_alnum(s.ptr[i]) &&
		    (s.ptr[i] == '\0' || strchr(others, s.ptr[i]) == NULL))
			return false;
	}
	return true;
}

static bool version_dpkg_valid(struct sk_span v)
{
	struct version_dpkg x;

	return version_dpkg_parse(v, &x) && !x.none && sk_is_digit(x.upstream.ptr[0]) &&
	       version_dpkg_chars(x.upstream, ".-+~:") && version_dpkg_chars(x.revision, ".+~");
}

const struct version_ops version_dpkg_ops = {
	.name = "dpkg",
	.compare = version_dpkg_compare,
	.valid = version_dpkg_valid,
};
