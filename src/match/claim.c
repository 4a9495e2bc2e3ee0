/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One claim against one version, as OSV defines it ("Evaluation" of the OSV schema): affected when
 * the version is enumerated, or when some range holds it.
 */
#include "match/match-priv.h"

/** struct judge - state of one comparison */
struct judge {
	enum version_scheme scheme;
	struct sk_span version;
	const struct vulndb_claim *claim;
	bool unordered;     /* the installed version has no place in the order */
	bool without_epoch; /* the installed version's epoch is not known */
	struct match_bounds *bounds;
};

static struct sk_span strip_epoch(struct sk_span v)
{
	size_t colon = sk_span_find(v, ':');

	return colon < v.len ? sk_span_sub(v, colon + 1, v.len) : v;
}

/* Order of the installed version and a bound; false when the bound is unreadable. */
static bool order(struct judge *j, struct sk_span bound, int *ret)
{
	struct match_order *known =
		&j->bounds->known[(uintptr_t)bound.ptr / 4 % MATCH_KNOWN_ORDERS];

	if (j->unordered)
		return false;
	if (known->bound == bound.ptr && known->bound_len == bound.len &&
	    known->installed == j->version.ptr) {
		*ret = known->order;
		return true;
	}
	if (version_compare(j->scheme, j->version, j->without_epoch ? strip_epoch(bound) : bound,
			    ret) == 0) {
		*known = (struct match_order){.installed = j->version.ptr,
					      .bound = bound.ptr,
					      .bound_len = bound.len,
					      .order = *ret};
		return true;
	}
	if (j->bounds->n_bad == 0) {
		j->bounds->bad_text = bound;
		j->bounds->bad_advisory = j->claim->advisory;
	}
	j->bounds->n_bad += (size_t)1 + j->claim->n_more;
	return false;
}

static enum match_verdict judge_range(struct judge *j, const struct vulndb_range *r)
{
	int o;

	if (r->fixed.len > 0) {
		if (!order(j, r->fixed, &o) || o >= 0)
			return MATCH_CLEAN;
	} else if (r->last_affected.len > 0) {
		if (!order(j, r->last_affected, &o) || o > 0)
			return MATCH_CLEAN;
	}
	if (r->introduced.len == 0)
		return MATCH_VULNERABLE;
	if (!order(j, r->introduced, &o))
		return MATCH_CLEAN;
	if (o >= 0)
		return MATCH_VULNERABLE;
	return r->fixed.len > 0 ? MATCH_CLEAN_BELOW : MATCH_CLEAN;
}

static int judge_ranges(struct judge *j, struct match_said *h)
{
	for (uint32_t i = 0; i < h->claim.n_ranges; i++) {
		struct vulndb_range range;
		enum match_verdict v;
		int r = vulndb_claim_range(&h->claim, i, &range);

		if (r < 0)
			return r;
		v = judge_range(j, &range);
		if (v == MATCH_VULNERABLE) {
			h->range = range;
			h->verdict = v;
			return 0;
		}
		if (v == MATCH_CLEAN_BELOW)
			h->verdict = v;
	}
	return 0;
}

static int judge_versions(struct judge *j, struct match_said *h)
{
	for (uint32_t i = 0; i < h->claim.n_versions; i++) {
		struct sk_span v;
		int o, r = vulndb_claim_version(&h->claim, i, &v);

		if (r < 0)
			return r;
		/* an enumerated version that is no version can only equal as text */
		if (sk_span_eq(v, j->version) ||
		    (version_compare(j->scheme, j->version, v, &o) == 0 && o == 0)) {
			h->verdict = MATCH_VULNERABLE;
			h->version = v;
			return 0;
		}
	}
	return 0;
}

int match_claim_judge(const struct match_subject *s, struct match_said *ret,
		      struct match_bounds *bounds)
{
	bool by_source = (s->scope->rule->flags & MATCH_BY_SOURCE) != 0 &&
			 (ret->claim.flags & VULNDB_CLAIM_BY_BINARY) == 0;
	struct judge j = {
		.scheme = s->scope->scheme,
		.version = by_source ? s->source_version : s->version,
		.claim = &ret->claim,
		.unordered = s->unordered,
		.without_epoch = by_source && s->epoch_unknown,
		.bounds = bounds,
	};
	int r;

	ret->installed = j.version;
	ret->verdict = MATCH_CLEAN;
	ret->version = (struct sk_span){0};
	ret->range = (struct vulndb_range){0};
	ret->range_text = NULL;
	if (ret->claim.n_ranges == 0 && ret->claim.n_versions == 0)
		ret->verdict = MATCH_VULNERABLE; /* speaks of every version */
	r = judge_ranges(&j, ret);
	if (r < 0)
		return r;
	if (ret->verdict != MATCH_VULNERABLE) {
		r = judge_versions(&j, ret);
		if (r < 0)
			return r;
	}
	if (ret->claim.state == VULNDB_CLAIM_NOT_AFFECTED)
		ret->verdict = ret->verdict == MATCH_VULNERABLE ? MATCH_NOT_AFFECTED : MATCH_CLEAN;
	return 0;
}

const char *match_join(struct sk_arena *a, const struct sk_span *parts, size_t n)
{
	size_t len = 0;
	char *text, *at;

	for (size_t i = 0; i < n; i++)
		len += parts[i].len;
	at = text = sk_arena_alloc(a, len + 1);
	for (size_t i = 0; i < n; i++) {
		if (parts[i].len != 0)
			memcpy(at, parts[i].ptr, parts[i].len);
		at += parts[i].len;
	}
	return text;
}

static const char *range_text(const struct match_said *h, struct sk_arena *a)
{
	const struct vulndb_range *r = &h->range;
	struct sk_span upper = r->fixed.len > 0 ? r->fixed : r->last_affected;
	const char *sign = r->fixed.len > 0 ? "< " : "<= ";
	const char *comma = r->introduced.len > 0 && upper.len > 0 ? ", " : "";
	const struct sk_span parts[] = {
		sk_span_str(r->introduced.len > 0 ? ">= " : ""), r->introduced, sk_span_str(comma),
		sk_span_str(upper.len > 0 ? sign : ""),          upper,
	};
	const struct sk_span enumerated[] = {SK_SPAN("= "), h->version};

	if (h->version.len > 0)
		return match_join(a, enumerated, SK_ARRAY_LEN(enumerated));
	if (upper.len == 0 && r->introduced.len == 0)
		return "all versions";
	return match_join(a, parts, SK_ARRAY_LEN(parts));
}

const char *match_range_text(struct match_said *said, struct sk_arena *a)
{
	if (said->range_text == NULL)
		said->range_text = range_text(said, a);
	return said->range_text;
}
