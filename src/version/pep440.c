/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Python: PEP 440 with every spelling that packaging.version.Version accepts:
 * [v][N!]N(.N)*[pre][post][dev][+local], any case, blanks around, separators "-", "_", "." or none.
 */
#include "version/version-priv.h"

/* Order of pre-releases; a version with only a dev part is before all, a final one after. */
enum version_pep440_pre {
	PEP440_DEV_ONLY,
	PEP440_ALPHA,
	PEP440_BETA,
	PEP440_RC,
	PEP440_FINAL,
};

/** struct version_pep440 - parsed; empty digits are 0 */
struct version_pep440 {
	struct sk_span epoch;
	struct sk_span release;
	enum version_pep440_pre pre;
	struct sk_span pre_no;
	bool has_post;
	struct sk_span post_no;
	bool has_dev;
	struct sk_span dev_no;
	bool has_local;
	struct sk_span local;
};

static bool version_pep440_is_space(char c)
{
	return sk_is_space(c) || (c >= '\x1c' && c <= '\x1f');
}

static bool version_pep440_is_separator(char c)
{
	return c == '-' || c == '_' || c == '.';
}

static void version_pep440_take_separator(struct sk_span *s)
{
	if (s->len != 0 && version_pep440_is_separator(s->ptr[0]))
		version_skip(s, 1);
}

/* [separator]word[separator][digits]; nothing is taken where the word does not follow. */
static bool version_pep440_word(struct sk_span *s, const char *word, struct sk_span *ret_no)
{
	struct sk_span rest = *s;

	version_pep440_take_separator(&rest);
	if (!version_take_word(&rest, word))
		return false;
	version_pep440_take_separator(&rest);
	*ret_no = version_take(&rest, sk_is_digit);
	*s = rest;
	return true;
}

static void version_pep440_take_pre(struct sk_span *s, struct version_pep440 *ret)
{
	/* Longer words first: no shorter one could go on where a longer one matches. */
	static const struct {
		const char *word;
		enum version_pep440_pre pre;
	} words[] = {
		{"alpha", PEP440_ALPHA}, {"a", PEP440_ALPHA},    {"beta", PEP440_BETA},
		{"b", PEP440_BETA},      {"preview", PEP440_RC}, {"pre", PEP440_RC},
		{"rc", PEP440_RC},       {"c", PEP440_RC},
	};

	ret->pre = PEP440_FINAL;
	for (size_t i = 0; i < SK_ARRAY_LEN(words); i++) {
		if (version_pep440_word(s, words[i].word, &ret->pre_no)) {
			ret->pre = words[i].pre;
			return;
		}
	}
}

static void version_pep440_take_post(struct sk_span *s, struct version_pep440 *ret)
{
	struct sk_span rest = *s;

	if (version_take_char(&rest, '-') && sk_is_digit(version_peek(rest))) {
		ret->post_no = version_take(&rest, sk_is_digit);
		ret->has_post = true;
		*s = rest;
		return;
	}
	ret->has_post = version_pep440_word(s, "post", &ret->post_no) ||
			version_pep440_word(s, "rev", &ret->post_no) ||
			version_pep440_word(s, "r", &ret->post_no);
}

static bool version_pep440_take_release(struct sk_span *s, struct sk_span *ret)
{
	const struct sk_span start = *s;
	struct sk_span rest = *s;

	if (version_take(&rest, sk_is_digit).len == 0)
		return false;
	do {
		*s = rest;
	} while (version_take_char(&rest, '.') && version_take(&rest, sk_is_digit).len != 0);
	*ret = sk_span_sub(start, 0, start.len - s->len);
	return true;
}

static bool version_pep440_take_local(struct sk_span s, struct sk_span *ret)
{
	*ret = s;
	do {
		if (version_take(&s, sk_is_alnum).len == 0)
			return false;
		if (s.len == 0)
			return true;
		if (!version_pep440_is_separator(s.ptr[0]))
			return false;
		version_skip(&s, 1);
	} while (true);
}

static struct sk_span version_pep440_trim(struct sk_span s)
{
	version_take(&s, version_pep440_is_space);
	while (s.len != 0 && version_pep440_is_space(s.ptr[s.len - 1]))
		s.len--;
	return s;
}

static bool version_pep440_parse(struct sk_span s, struct version_pep440 *ret)
{
	struct sk_span rest;

	*ret = (struct version_pep440){0};
	s = version_pep440_trim(s);
	version_take_word(&s, "v");
	rest = s;
	ret->epoch = version_take(&rest, sk_is_digit);
	if (ret->epoch.len != 0 && version_take_char(&rest, '!'))
		s = rest;
	else
		ret->epoch.len = 0;
	if (!version_pep440_take_release(&s, &ret->release))
		return false;
	version_pep440_take_pre(&s, ret);
	version_pep440_take_post(&s, ret);
	ret->has_dev = version_pep440_word(&s, "dev", &ret->dev_no);
	if (ret->has_dev && ret->pre == PEP440_FINAL && !ret->has_post)
		ret->pre = PEP440_DEV_ONLY;
	ret->has_local = version_take_char(&s, '+');
	if (ret->has_local)
		return version_pep440_take_local(s, &ret->local);
	return s.len == 0;
}

/* Missing components are 0, so trailing zeros do not count. */
static int version_pep440_release_cmp(struct sk_span a, struct sk_span b)
{
	int order = 0;

	while (order == 0 && (a.len != 0 || b.len != 0)) {
		order = version_num_cmp(version_take(&a, sk_is_digit),
					version_take(&b, sk_is_digit));
		version_take_char(&a, '.');
		version_take_char(&b, '.');
	}
	return order;
}

static int version_pep440_local_cmp(struct sk_span a, struct sk_span b)
{
	while (a.len != 0 && b.len != 0) {
		struct sk_span x = version_take(&a, sk_is_alnum);
		struct sk_span y = version_take(&b, sk_is_alnum);
		bool x_no = version_all_digits(x);
		bool y_no = version_all_digits(y);
		int order;

		if (x_no != y_no)
			return x_no ? 1 : -1;
		order = x_no ? version_num_cmp(x, y) : version_text_cmp_nocase(x, y);
		if (order != 0)
			return order;
		version_skip(&a, 1);
		version_skip(&b, 1);
	}
	return (a.len != 0) - (b.len != 0);
}

static int version_pep440_order(const struct version_pep440 *a, const struct version_pep440 *b)
{
	int order = version_num_cmp(a->epoch, b->epoch);

	if (order == 0)
		order = version_pep440_release_cmp(a->release, b->release);
	if (order == 0)
		order = version_sign((int)a->pre - (int)b->pre);
	if (order == 0)
		order = version_num_cmp(a->pre_no, b->pre_no);
	if (order == 0)
		order = (int)a->has_post - (int)b->has_post;
	if (order == 0)
		order = version_num_cmp(a->post_no, b->post_no);
	if (order == 0)
		order = (int)b->has_dev - (int)a->has_dev;
	if (order == 0)
		order = version_num_cmp(a->dev_no, b->dev_no);
	if (order == 0)
		order = (int)a->has_local - (int)b->has_local;
	if (order == 0)
		order = version_pep440_local_cmp(a->local, b->local);
	return order;
}

static int version_pep440_compare(struct sk_span a, struct sk_span b, int *ret_order)
{
	struct version_pep440 x, y;

	if (!version_pep440_parse(a, &x) || !version_pep440_parse(b, &y))
		return -SK_E_FORMAT;
	*ret_order = version_pep440_order(&x, &y);
	return 0;
}

static bool version_pep440_valid(struct sk_span v)
{
	struct version_pep440 x;

	return version_pep440_parse(v, &x);
}

const struct version_ops version_pep440_ops = {
	.name = "pep440",
	.compare = version_pep440_compare,
	.valid = version_pep440_valid,
};
