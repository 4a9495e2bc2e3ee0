/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packagist: VersionParser::normalize() of composer/semver 3.3, then Comparator, which is PHP's
 * version_compare() but for branches. Normalised, a version is numbers, a stability with its own
 * numbers, and "dev"; a branch is "dev-NAME", older than every number. Two different branches have
 * no order and are refused together, as Composer calls them neither less, nor equal, nor greater.
 */
#include "version/version-priv.h"

/* PHP's order of words; a number stands between RC and patch. Unknown words come first. */
enum version_packagist_rank {
	PACKAGIST_UNKNOWN,
	PACKAGIST_DEV,
	PACKAGIST_ALPHA,
	PACKAGIST_BETA,
	PACKAGIST_RC,
	PACKAGIST_NUMBER,
	PACKAGIST_PATCH,
};

/** struct version_packagist - normalised; spans point into the text or are constant */
struct version_packagist {
	bool is_branch;
	struct sk_span branch;
	struct sk_span numbers; /* digits, or x and *, between separators */
	size_t n_pads;          /* numbers that are added to make four */
	struct sk_span pad;
	bool has_stability;
	enum version_packagist_rank stability;
	struct sk_span stability_numbers;
	bool dev;
};

/** struct version_packagist_token - what version_compare() compares */
struct version_packagist_token {
	enum version_packagist_rank rank;
	struct sk_span number;
};

static const struct sk_span version_packagist_zero = SK_SPAN("0");
static const struct sk_span version_packagist_nines = SK_SPAN("9999999");

/* PHP's trim(). */
static struct sk_span version_packagist_trim(struct sk_span s)
{
	while (s.len != 0 && memchr(" \n\r\t\v", s.ptr[0], 6) != NULL)
		version_skip(&s, 1);
	while (s.len != 0 && memchr(" \n\r\t\v", s.ptr[s.len - 1], 6) != NULL)
		s.len--;
	return s;
}

static bool version_packagist_is_word(char c)
{
	return c != ',' && !sk_is_space(c);
}

static bool version_packagist_is_blank(char c)
{
	return c == ' ';
}

/* "1.0 as 2.0" is 1.0. */
static struct sk_span version_packagist_strip_alias(struct sk_span s)
{
	struct sk_span rest = s;
	struct sk_span version = version_take(&rest, version_packagist_is_word);

	if (version.len == 0 || version_take(&rest, version_packagist_is_blank).len == 0 ||
	    !sk_span_strip_prefix(&rest, "as") ||
	    version_take(&rest, version_packagist_is_blank).len == 0)
		return s;
	return version_take(&rest, version_packagist_is_word).len != 0 && rest.len == 0 ? version
											: s;
}

/* "1.0@beta" is 1.0. */
static struct sk_span version_packagist_strip_flag(struct sk_span s)
{
	static const char *const flags[] = {"stable", "RC", "beta", "alpha", "dev"};
	size_t at = sk_span_rfind(s, '@');

	for (size_t i = 0; at < s.len && i < SK_ARRAY_LEN(flags); i++) {
		if (sk_span_eq_nocase(sk_span_sub(s, at + 1, s.len), sk_span_str(flags[i])))
			return sk_span_sub(s, 0, at);
	}
	return s;
}

/* "1.0+build" is 1.0. */
static struct sk_span version_packagist_strip_build(struct sk_span s)
{
	size_t plus = sk_span_find(s, '+');

	if (plus == 0 || plus + 1 >= s.len)
		return s;
	for (size_t i = 0; i < s.len; i++) {
		if (sk_is_space(s.ptr[i]) || (i < plus && s.ptr[i] == ','))
			return s;
	}
	return sk_span_sub(s, 0, plus);
}

/* ([.-]?\d+)* */
static struct sk_span version_packagist_take_numbers(struct sk_span *s)
{
	const struct sk_span start = *s;
	struct sk_span rest = *s;

	do {
		*s = rest;
		if (version_peek(rest) == '.' || version_peek(rest) == '-')
			version_skip(&rest, 1);
	} while (version_take(&rest, sk_is_digit).len != 0);
	return sk_span_sub(start, 0, start.len - s->len);
}

/* [.-]?dev or nothing, then the end */
static bool version_packagist_dev(struct sk_span s, bool *ret)
{
	*ret = s.len != 0;
	if (version_peek(s) == '.' || version_peek(s) == '-')
		version_skip(&s, 1);
	return !*ret || (version_take_word(&s, "dev") && s.len == 0);
}

/* Composer's "modifier" to the end: [._-]?(stability numbers?)?([.-]?dev)? */
static bool version_packagist_modifier(struct sk_span s, struct version_packagist *ret)
{
	static const struct {
		const char *word;
		enum version_packagist_rank rank;
	} words[] = {
		{"stable", PACKAGIST_UNKNOWN}, {"beta", PACKAGIST_BETA},   {"b", PACKAGIST_BETA},
		{"rc", PACKAGIST_RC},          {"alpha", PACKAGIST_ALPHA}, {"a", PACKAGIST_ALPHA},
		{"patch", PACKAGIST_PATCH},    {"pl", PACKAGIST_PATCH},    {"p", PACKAGIST_PATCH},
	};

	if (s.len != 0 && strchr("._-", s.ptr[0]) != NULL && s.ptr[0] != '\0')
		version_skip(&s, 1);
	for (size_t i = 0; i < SK_ARRAY_LEN(words); i++) {
		struct sk_span rest = s;
		struct sk_span numbers;

		if (!version_take_word(&rest, words[i].word))
			continue;
		numbers = version_packagist_take_numbers(&rest);
		if (!version_packagist_dev(rest, &ret->dev))
			continue;
		ret->has_stability = true;
		ret->stability = words[i].rank;
		ret->stability_numbers = numbers;
		/* In lower case, "stable" ends the version; otherwise it is one more word. */
		if (sk_span_starts(s, "stable")) {
			ret->has_stability = ret->dev = false;
			ret->stability_numbers.len = 0;
		}
		return true;
	}
	return version_packagist_dev(s, &ret->dev);
}

/* v?\d{1,5}(\.\d+){0,3} and a modifier */
static bool version_packagist_classical(struct sk_span s, struct version_packagist *ret)
{
	struct sk_span start, rest;
	size_t n = 1;

	version_take_word(&s, "v");
	start = rest = s;
	if (version_take(&rest, sk_is_digit).len - 1 >= 5)
		return false;
	s = rest;
	while (n < 4 && version_take_char(&rest, '.') &&
	       version_take(&rest, sk_is_digit).len != 0) {
		s = rest;
		n++;
	}
	*ret = (struct version_packagist){
		.numbers = sk_span_sub(start, 0, start.len - s.len),
		.n_pads = 4 - n,
		.pad = version_packagist_zero,
	};
	return version_packagist_modifier(s, ret);
}

static void version_packagist_take_date_separator(struct sk_span *s)
{
	if (s->len != 0 && (s->ptr[0] == '.' || s->ptr[0] == ':' || s->ptr[0] == '-'))
		version_skip(s, 1);
}

static bool version_packagist_take_two(struct sk_span *s)
{
	if (s->len < 2 || !sk_is_digit(s->ptr[0]) || !sk_is_digit(s->ptr[1]))
		return false;
	version_skip(s, 2);
	return true;
}

/* \d{4}([.:-]?\d{2}){1,6}([.:-]?\d{1,3})? throughout */
static bool version_packagist_is_date(struct sk_span s)
{
	if (!version_all_digits(sk_span_sub(s, 0, 4)) || s.len < 6)
		return false;
	version_skip(&s, 4);
	for (size_t i = 0; i < 6; i++) {
		struct sk_span last;

		version_packagist_take_date_separator(&s);
		if (!version_packagist_take_two(&s))
			return false;
		last = s;
		version_packagist_take_date_separator(&last);
		if (s.len == 0 || (last.len <= 3 && version_all_digits(last)))
			return true;
	}
	return false;
}

/* v?DATE and a modifier */
static bool version_packagist_dated(struct sk_span s, struct version_packagist *ret)
{
	size_t len = 0;

	version_take_word(&s, "v");
	while (len < s.len && (sk_is_digit(s.ptr[len]) || s.ptr[len] == '.' || s.ptr[len] == ':' ||
			       s.ptr[len] == '-'))
		len++;
	while (len != 0 && !sk_is_digit(s.ptr[len - 1]))
		len--;
	*ret = (struct version_packagist){.numbers = sk_span_sub(s, 0, len)};
	return version_packagist_is_date(ret->numbers) &&
	       version_packagist_modifier(sk_span_sub(s, len, s.len), ret);
}

/* v?\d+(\.(\d+|[xX*])){0,3} and [.-]?dev: a numeric branch */
static bool version_packagist_numeric_branch(struct sk_span s, struct version_packagist *ret)
{
	size_t n = 1;

	if (s.len < 3 || !sk_span_eq_nocase(sk_span_sub(s, s.len - 3, 3), sk_span_str("dev")))
		return false;
	s.len -= 3;
	if (s.len != 0 && (s.ptr[s.len - 1] == '.' || s.ptr[s.len - 1] == '-'))
		s.len--;
	s = version_packagist_trim(s);
	version_take_word(&s, "v");
	*ret = (struct version_packagist){
		.numbers = s, .dev = true, .pad = version_packagist_nines};
	if (version_take(&s, sk_is_digit).len == 0)
		return false;
	for (; s.len != 0 && n < 4; n++) {
		if (!version_take_char(&s, '.'))
			return false;
		if (version_take(&s, sk_is_digit).len == 0 && !version_take_word(&s, "x") &&
		    !version_take_char(&s, '*'))
			return false;
	}
	ret->n_pads = 4 - n;
	return s.len == 0;
}

static bool version_packagist_parse(struct sk_span s, struct version_packagist *ret)
{
	s = version_packagist_strip_flag(version_packagist_strip_alias(version_packagist_trim(s)));
	*ret = (struct version_packagist){.is_branch = true, .branch = s};
	if (sk_span_eq_str(s, "master") || sk_span_eq_str(s, "trunk") ||
	    sk_span_eq_str(s, "default"))
		return true;
	if (version_take_word(&ret->branch, "dev-"))
		return true;
	s = version_packagist_strip_build(s);
	return version_packagist_classical(s, ret) || version_packagist_dated(s, ret) ||
	       version_packagist_numeric_branch(s, ret);
}

/* The next number of a run, digits or a wild card. */
static struct sk_span version_packagist_number(struct sk_span *s)
{
	while (s->len != 0 && !sk_is_digit(s->ptr[0])) {
		bool wild = s->ptr[0] == '*' || sk_lower(s->ptr[0]) == 'x';

		version_skip(s, 1);
		if (wild)
			return version_packagist_nines;
	}
	return version_take(s, sk_is_digit);
}

/* Takes the next token off @v; false at the end. */
static bool version_packagist_next(struct version_packagist *v, struct version_packagist_token *ret)
{
	ret->rank = PACKAGIST_NUMBER;
	if (v->numbers.len != 0) {
		ret->number = version_packagist_number(&v->numbers);
	} else if (v->n_pads != 0) {
		v->n_pads--;
		ret->number = v->pad;
	} else if (v->has_stability) {
		v->has_stability = false;
		ret->rank = v->stability;
	} else if (v->stability_numbers.len != 0) {
		ret->number = version_packagist_number(&v->stability_numbers);
	} else if (v->dev) {
		v->dev = false;
		ret->rank = PACKAGIST_DEV;
	} else {
		return false;
	}
	return true;
}

/* PHP's version_compare() over the tokens; both are used up. */
static int version_packagist_order(struct version_packagist *a, struct version_packagist *b)
{
	while (true) {
		struct version_packagist_token x, y;
		bool has_x = version_packagist_next(a, &x);
		bool has_y = version_packagist_next(b, &y);
		int order;

		if (!has_x && !has_y)
			return 0;
		if (!has_y)
			return x.rank >= PACKAGIST_NUMBER ? 1 : -1;
		if (!has_x)
			return y.rank >= PACKAGIST_NUMBER ? -1 : 1;
		order = version_sign((int)x.rank - (int)y.rank);
		if (order == 0 && x.rank == PACKAGIST_NUMBER)
			order = version_num_cmp(x.number, y.number);
		if (order != 0)
			return order;
	}
}

static int version_packagist_compare(struct sk_span a, struct sk_span b, int *ret_order)
{
	struct version_packagist x, y;

	if (!version_packagist_parse(a, &x) || !version_packagist_parse(b, &y))
		return -SK_E_FORMAT;
	if (x.is_branch && y.is_branch) {
		if (!sk_span_eq(x.branch, y.branch))
			return -SK_E_FORMAT;
		*ret_order = 0;
	} else if (x.is_branch || y.is_branch) {
		*ret_order = (int)y.is_branch - (int)x.is_branch;
	} else {
		*ret_order = version_packagist_order(&x, &y);
	}
	return 0;
}

static bool version_packagist_valid(struct sk_span v)
{
	struct version_packagist x;

	return version_packagist_parse(v, &x);
}

const struct version_ops version_packagist_ops = {
	.name = "packagist",
	.compare = version_packagist_compare,
	.valid = version_packagist_valid,
};
