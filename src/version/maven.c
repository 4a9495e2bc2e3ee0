/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Maven: ComparableVersion of Maven 3.8.7. A version is a list of numbers and qualifiers that may
 * end in a sub-list; "-" and each change between digits and letters begin one. Because nothing
 * follows a sub-list, the nested lists are kept flat: a marker stands for "the rest is a sub-list".
 * Every text is a version. Only ASCII is taken as digits and lower-cased.
 */
#include "base/alloc.h"
#include "version/version-priv.h"

enum version_maven_kind {
	MAVEN_TEXT, /* a qualifier */
	MAVEN_LIST, /* what follows is a sub-list */
	MAVEN_NUMBER,
};

/* Qualifiers in their order; unknown ones come after all of them, by their bytes. */
enum version_maven_qualifier {
	MAVEN_ALPHA,
	MAVEN_BETA,
	MAVEN_MILESTONE,
	MAVEN_RC,
	MAVEN_SNAPSHOT,
	MAVEN_RELEASE,
	MAVEN_SP,
	MAVEN_UNKNOWN,
};

static const struct {
	const char *word;
	enum version_maven_qualifier qualifier;
} version_maven_words[] = {
	{"alpha", MAVEN_ALPHA}, {"beta", MAVEN_BETA},     {"milestone", MAVEN_MILESTONE},
	{"rc", MAVEN_RC},       {"cr", MAVEN_RC},         {"snapshot", MAVEN_SNAPSHOT},
	{"ga", MAVEN_RELEASE},  {"final", MAVEN_RELEASE}, {"release", MAVEN_RELEASE},
	{"sp", MAVEN_SP},
};

/** struct version_maven_item - one element */
struct version_maven_item {
	enum version_maven_kind kind;
	enum version_maven_qualifier qualifier; /* of a text */
	struct sk_span text;                    /* of a number: without leading zeros */
};

enum {
	VERSION_MAVEN_INLINE = 48, /* items without heap memory; versions in use have under 20 */
};

/** struct version_maven - flat list; release with version_maven_release() */
struct version_maven {
	struct version_maven_item *items;
	size_t n;
	size_t list_n;    /* items of the innermost list so far */
	size_t items_cap; /* 0: still in store */
	struct version_maven_item store[VERSION_MAVEN_INLINE];
};

static void version_maven_release(struct version_maven *v)
{
	if (v->items != v->store)
		sk_free(v->items);
}

static void version_maven_push(struct version_maven *v, struct version_maven_item item)
{
	if (v->items == v->store && v->n == VERSION_MAVEN_INLINE) {
		v->items_cap = 2 * (size_t)VERSION_MAVEN_INLINE;
		v->items = sk_realloc_array(NULL, v->items_cap, sizeof(*v->items));
		memcpy(v->items, v->store, sizeof(v->store));
	} else if (v->items != v->store) {
		SK_GROW(v->items, v->n, v->items_cap);
	}
	v->items[v->n++] = item;
	v->list_n = item.kind == MAVEN_LIST ? 0 : v->list_n + 1;
}

static void version_maven_push_list(struct version_maven *v)
{
	version_maven_push(v, (struct version_maven_item){.kind = MAVEN_LIST});
}

static void version_maven_push_number(struct version_maven *v, struct sk_span digits)
{
	version_maven_push(v, (struct version_maven_item){.kind = MAVEN_NUMBER,
							  .text = version_strip_zeros(digits)});
}

static void version_maven_push_text(struct version_maven *v, struct sk_span text, bool before_digit)
{
	struct version_maven_item item = {
		.kind = MAVEN_TEXT, .qualifier = MAVEN_UNKNOWN, .text = text};
	char letter = text.len == 1 && before_digit ? sk_lower(text.ptr[0]) : '\0';

	for (size_t i = 0; i < SK_ARRAY_LEN(version_maven_words); i++) {
		if (sk_span_eq_nocase(text, sk_span_str(version_maven_words[i].word)))
			item.qualifier = version_maven_words[i].qualifier;
	}
	if (letter == 'a')
		item.qualifier = MAVEN_ALPHA;
	else if (letter == 'b')
		item.qualifier = MAVEN_BETA;
	else if (letter == 'm')
		item.qualifier = MAVEN_MILESTONE;
	version_maven_push(v, item);
}

static void version_maven_push_piece(struct version_maven *v, bool digits, struct sk_span piece)
{
	if (piece.len == 0 || digits)
		version_maven_push_number(v, piece);
	else
		version_maven_push_text(v, piece, false);
}

static bool version_maven_is_null(const struct version_maven_item *item)
{
	return item->kind == MAVEN_NUMBER
		       ? item->text.len == 0
		       : item->kind == MAVEN_TEXT && item->qualifier == MAVEN_RELEASE;
}

/*
 * Drops, innermost list first, the zeros and release qualifiers at the end of each list, and then
 * the list itself if nothing is left of it.
 */
static void version_maven_normalize(struct version_maven *v)
{
	bool trailing = true; /* only nulls so far, from the end of the current list */
	bool deeper = false;  /* something has been kept of the sub-lists */
	size_t kept = v->n;

	for (size_t i = v->n; i-- > 0;) {
		const struct version_maven_item *item = &v->items[i];
		bool keep = true;

		if (item->kind == MAVEN_LIST) {
			keep = deeper;
			trailing = true;
		} else {
			trailing = trailing && version_maven_is_null(item);
			keep = !trailing;
		}
		deeper = deeper || keep;
		if (keep)
			v->items[--kept] = *item;
	}
	v->n -= kept;
	if (kept != 0)
		memmove(v->items, v->items + kept, v->n * sizeof(*v->items));
}

static void version_maven_parse(struct version_maven *v, struct sk_span s)
{
	bool digits = false;
	size_t start = 0;

	v->items = v->store;
	v->n = v->list_n = v->items_cap = 0;
	for (size_t i = 0; i < s.len; i++) {
		struct sk_span piece = sk_span_sub(s, start, i - start);
		bool is_digit = sk_is_digit(s.ptr[i]);

		if (s.ptr[i] == '.' || s.ptr[i] == '-') {
			version_maven_push_piece(v, digits, piece);
			if (s.ptr[i] == '-')
				version_maven_push_list(v);
			start = i + 1;
			continue;
		}
		if (is_digit != digits && piece.len != 0) {
			if (is_digit && v->list_n != 0)
				version_maven_push_list(v);
			if (is_digit)
				version_maven_push_text(v, piece, true);
			else
				version_maven_push_number(v, piece);
			version_maven_push_list(v);
			start = i;
		}
		digits = is_digit;
	}
	if (start < s.len) {
		if (!digits && v->list_n != 0)
			version_maven_push_list(v);
		version_maven_push_piece(v, digits, sk_span_sub(s, start, s.len));
	}
	version_maven_normalize(v);
}

/* Against nothing: a number is later unless 0, a qualifier stands where it stands to a release. */
static int version_maven_null_cmp(const struct version_maven_item *item)
{
	if (item->kind == MAVEN_NUMBER)
		return item->text.len != 0;
	return version_sign((int)item->qualifier - (int)MAVEN_RELEASE);
}

static int version_maven_item_cmp(const struct version_maven_item *a,
				  const struct version_maven_item *b)
{
	if (a->kind != b->kind)
		return version_sign((int)a->kind - (int)b->kind);
	if (a->kind == MAVEN_NUMBER)
		return version_num_cmp(a->text, b->text);
	if (a->kind == MAVEN_TEXT && a->qualifier == b->qualifier && a->qualifier == MAVEN_UNKNOWN)
		return version_text_cmp_nocase(a->text, b->text);
	return version_sign((int)a->qualifier - (int)b->qualifier);
}

/* One version is at its end, the other goes on at @i. */
static int version_maven_rest_cmp(const struct version_maven *v, size_t i)
{
	for (; i < v->n; i++) {
		int order =
			v->items[i].kind == MAVEN_LIST ? 0 : version_maven_null_cmp(&v->items[i]);

		if (order != 0)
			return order;
	}
	return 0;
}

static int version_maven_order(const struct version_maven *a, const struct version_maven *b)
{
	size_t common = a->n < b->n ? a->n : b->n;

	for (size_t i = 0; i < common; i++) {
		int order = version_maven_item_cmp(&a->items[i], &b->items[i]);

		if (order != 0)
			return order;
	}
	return a->n > b->n ? version_maven_rest_cmp(a, common) : -version_maven_rest_cmp(b, common);
}

static int version_maven_compare(struct sk_span a, struct sk_span b, int *ret_order)
{
	struct version_maven x, y;

	version_maven_parse(&x, a);
	version_maven_parse(&y, b);
	*ret_order = version_maven_order(&x, &y);
	version_maven_release(&x);
	version_maven_release(&y);
	return 0;
}

static bool version_maven_valid(struct sk_span v)
{
	return v.len != 0;
}

const struct version_ops version_maven_ops = {
	.name = "maven",
	.compare = version_maven_compare,
	.valid = version_maven_valid,
};
