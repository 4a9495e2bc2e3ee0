/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RubyGems: Gem::Version. Segments are runs of digits or of letters; "-" reads ".pre."; zeros at
 * the end of the leading numbers and at the very end do not count; letters are older than numbers
 * and compare with their case; an empty text is 0.
 */
#include "version/version-priv.h"

/** struct version_rubygems - position in one version */
struct version_rubygems {
	struct sk_span rest;
	bool letters; /* a segment of letters has been seen */
	size_t zeros; /* zero segments to hand out before going on with rest */
};

/** struct version_rubygems_segment - empty digits are 0, also after the end */
struct version_rubygems_segment {
	bool is_text;
	struct sk_span text;
};

static bool version_rubygems_is_label(char c)
{
	return sk_is_alnum(c) || c == '-';
}

/* [0-9]+(\.[0-9a-zA-Z]+)*(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)? with white space around, or nothing */
static bool version_rubygems_parse(struct sk_span s, struct version_rubygems *ret)
{
	s = version_trim(s);
	*ret = (struct version_rubygems){.rest = s};
	if (s.len == 0)
		return true;
	if (version_take(&s, sk_is_digit).len == 0)
		return false;
	while (version_take_char(&s, '.')) {
		if (version_take(&s, sk_is_alnum).len == 0)
			return false;
	}
	if (!version_take_char(&s, '-'))
		return s.len == 0;
	do {
		if (version_take(&s, version_rubygems_is_label).len == 0)
			return false;
	} while (version_take_char(&s, '.'));
	return s.len == 0;
}

/* The next segment as it is written; false at the end. */
static bool version_rubygems_raw(struct version_rubygems *v, struct version_rubygems_segment *ret)
{
	while (version_take_char(&v->rest, '.'))
		;
	if (v->rest.len == 0)
		return false;
	if (version_take_char(&v->rest, '-')) {
		ret->is_text = true;
		ret->text = (struct sk_span)SK_SPAN("pre");
		return true;
	}
	ret->is_text = !sk_is_digit(v->rest.ptr[0]);
	ret->text = version_take(&v->rest, ret->is_text ? sk_is_alpha : sk_is_digit);
	if (!ret->is_text)
		ret->text = version_strip_zeros(ret->text);
	return true;
}

/*
 * The next segment that counts; 0 after the end. A run of zeros among the leading numbers is looked
 * through once: it counts only where another number follows it.
 */
static struct version_rubygems_segment version_rubygems_next(struct version_rubygems *v)
{
	struct version_rubygems_segment segment = {0};
	struct version_rubygems before;
	size_t zeros = 0;

	if (v->zeros != 0) {
		v->zeros--;
		return segment;
	}
	do {
		before = *v;
		if (!version_rubygems_raw(v, &segment))
			return (struct version_rubygems_segment){0};
		if (segment.is_text) {
			v->letters = true;
			return segment;
		}
		if (v->letters)
			return segment;
		zeros++;
	} while (segment.text.len == 0);
	if (zeros == 1)
		return segment;
	*v = before;
	v->zeros = zeros - 2;
	return (struct version_rubygems_segment){0};
}

static bool version_rubygems_more(const struct version_rubygems *v)
{
	return v->rest.len != 0 || v->zeros != 0;
}

static int version_rubygems_compare(struct sk_span a, struct sk_span b, int *ret_order)
{
	struct version_rubygems x, y;
	int order = 0;

	if (!version_rubygems_parse(a, &x) || !version_rubygems_parse(b, &y))
		return -SK_E_FORMAT;
	while (order == 0 && (version_rubygems_more(&x) || version_rubygems_more(&y))) {
		struct version_rubygems_segment l = version_rubygems_next(&x);
		struct version_rubygems_segment r = version_rubygems_next(&y);

		if (l.is_text != r.is_text)
			order = l.is_text ? -1 : 1;
		else if (l.is_text)
			order = version_text_cmp(l.text, r.text);
		else
			order = version_num_cmp(l.text, r.text);
	}
	*ret_order = order;
	return 0;
}

static bool version_rubygems_valid(struct sk_span v)
{
	struct version_rubygems x;

	return version_rubygems_parse(v, &x);
}

const struct version_ops version_rubygems_ops = {
	.name = "rubygems",
	.compare = version_rubygems_compare,
	.valid = version_rubygems_valid,
};
