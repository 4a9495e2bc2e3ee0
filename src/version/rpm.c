/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpm: [epoch:]version[-release], as rpm 4.18 orders it (rpmvercmp, rpm.vercmp): runs of digits
 * against runs of letters, everything else separates; '~' sorts before the end, '^' after it but
 * before anything longer. A missing epoch is 0. An empty text is refused.
 */
#include "version/version-priv.h"

/** struct version_evr - parsed; all spans point into the text */
struct version_evr {
	struct sk_span epoch;
	struct sk_span version;
	struct sk_span release;
	bool has_release;
};

static struct version_evr version_rpm_parse(struct sk_span s)
{
	struct version_evr evr = {.version = s};
	struct sk_span rest = s;
	size_t hyphen;

	evr.epoch = version_take(&rest, sk_is_digit);
	if (version_take_char(&rest, ':'))
		evr.version = rest;
	else
		evr.epoch = (struct sk_span)SK_SPAN("0");
	if (evr.epoch.len == 0)
		evr.epoch = (struct sk_span)SK_SPAN("0");
	hyphen = sk_span_rfind(evr.version, '-');
	if (hyphen < evr.version.len) {
		evr.release = sk_span_sub(evr.version, hyphen + 1, evr.version.len);
		evr.version = sk_span_sub(evr.version, 0, hyphen);
		evr.has_release = true;
	}
	return evr;
}

static bool version_rpm_is_separator(char c)
{
	return !sk_is_alnum(c) && c != '~' && c != '^';
}

/* One of the two is at '~' or '^'. Return: -1 or 1; 0: both were and go on. */
static int version_rpm_mark(struct sk_span *a, struct sk_span *b)
{
	char x = version_peek(*a);
	char y = version_peek(*b);

	if (x == '~' || y == '~') {
		if (x != y)
			return x == '~' ? -1 : 1;
	} else if (x != y) {
		if (a->len == 0 || b->len == 0)
			return a->len == 0 ? -1 : 1;
		return x == '^' ? -1 : 1;
	}
	version_skip(a, 1);
	version_skip(b, 1);
	return 0;
}

/* Both have more, and no mark. The first decides whether digits or letters are compared. */
static int version_rpm_segment(struct sk_span *a, struct sk_span *b)
{
	bool number = sk_is_digit(a->ptr[0]);
	struct sk_span x = version_take(a, number ? sk_is_digit : sk_is_alpha);
	struct sk_span y = version_take(b, number ? sk_is_digit : sk_is_alpha);

	if (y.len == 0)
		return number ? 1 : -1;
	return number ? version_num_cmp(x, y) : version_text_cmp(x, y);
}

int version_rpm_segments_cmp(struct sk_span a, struct sk_span b)
{
	if (sk_span_eq(a, b))
		return 0;
	while (a.len != 0 || b.len != 0) {
		char x, y;
		int order;

		version_take(&a, version_rpm_is_separator);
		version_take(&b, version_rpm_is_separator);
		x = version_peek(a);
		y = version_peek(b);
		if (x == '~' || y == '~' || x == '^' || y == '^')
			order = version_rpm_mark(&a, &b);
		else if (a.len == 0 || b.len == 0)
			break;
		else
			order = version_rpm_segment(&a, &b);
		if (order != 0)
			return order;
	}
	return (a.len != 0) - (b.len != 0);
}

int version_rpm_dependency_cmp(struct sk_span a, struct sk_span b)
{
	struct version_evr x = version_rpm_parse(a);
	struct version_evr y = version_rpm_parse(b);
	int order = version_num_cmp(x.epoch, y.epoch);

	if (order == 0)
		order = version_rpm_segments_cmp(x.version, y.version);
	if (order == 0 && x.has_release && y.has_release)
		order = version_rpm_segments_cmp(x.release, y.release);
	return order;
}

int version_rpm_cmp(struct sk_span a, struct sk_span b)
{
	int order = version_rpm_dependency_cmp(a, b);

	if (order == 0)
		order = (int)version_rpm_parse(a).has_release -
			(int)version_rpm_parse(b).has_release;
	return order;
}

static int version_rpm_compare(struct sk_span a, struct sk_span b, int *ret_order)
{
	if (a.len == 0 || b.len == 0)
		return -SK_E_FORMAT;
	*ret_order = version_rpm_cmp(a, b);
	return 0;
}

/* The characters that rpmbuild accepts in Epoch, Version and Release. */
static bool version_rpm_valid(struct sk_span v)
{
	struct version_evr evr = version_rpm_parse(v);

	for (size_t i = 0; i < v.len; i++) {
		if (!sk_is_alnum(v.ptr[i]) &&
		    (v.ptr[i] == '\0' || strchr(":._+%{}~^-", v.ptr[i]) == NULL))
			return false;
	}
	return evr.version.len != 0 && sk_span_find(evr.version, '-') == evr.version.len &&
	       sk_span_find(evr.version, ':') == evr.version.len &&
	       (!evr.has_release || evr.release.len != 0);
}

const struct version_ops version_rpm_ops = {
	.name = "rpm",
	.compare = version_rpm_compare,
	.valid = version_rpm_valid,
};
