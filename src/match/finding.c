/* SPDX-License-Identifier: Apache-2.0 */
/* A finding from what is said of one vulnerability of one package: identity, fixes, signals. */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/parse.h"
#include "match/match-priv.h"

/* Word of a severity as a number, on CVSS' scale. */
static const double word_scores[] = {
	[MODEL_SEVERITY_UNKNOWN] = 5.0, [MODEL_SEVERITY_NEGLIGIBLE] = 0.5,
	[MODEL_SEVERITY_LOW] = 3.0,     [MODEL_SEVERITY_MEDIUM] = 5.0,
	[MODEL_SEVERITY_HIGH] = 7.5,    [MODEL_SEVERITY_CRITICAL] = 9.0,
};
_Static_assert(SK_ARRAY_LEN(word_scores) == MODEL_N_SEVERITIES, "one score per word");

double match_risk(enum model_severity severity, const struct model_cvss *cvss, size_t n_cvss,
		  const struct model_kev *kev, const struct model_epss *epss)
{
	double weight = word_scores[severity], sum = 0.0, risk;
	double threat = kev->listed ? 1.0 : epss->known ? epss->score : 0.0;
	double factor = !kev->listed ? 1.0 : kev->ransomware ? 1.1 : 1.05;
	size_t n = 0;

	for (size_t i = 0; i < n_cvss; i++) {
		if (cvss[i].score > 0.0) {
			sum += cvss[i].score;
			n++;
		}
	}
	if (n > 0)
		weight = (weight + sum / (double)n) / 2.0;
	risk = threat * weight / 10.0 * factor;
	return risk >= 1.0 ? 100.0 : risk * 100.0;
}

static const char *time_text(int64_t t, struct sk_arena *a)
{
	char buf[SK_TIME_TEXT_SIZE];

	return t != 0 ? sk_arena_strdup(a, sk_format_time(t, buf)) : NULL;
}

static const char *date_text(int64_t t, struct sk_arena *a)
{
	char buf[SK_TIME_TEXT_SIZE];

	return t != 0 ? sk_arena_strdup(a, sk_format_date(t, buf)) : NULL;
}

/** struct bounds - fixed versions above the installed one */
struct bounds {
	struct sk_span *items;
	size_t n, cap;
	enum version_scheme scheme;
};

/* Sorted insertion without doubles; a bound without an order is left out, it was reported. */
static void add_bound(struct bounds *b, struct sk_span v)
{
	size_t at = b->n;
	int o;

	for (size_t i = 0; i < b->n; i++) {
		if (version_compare(b->scheme, v, b->items[i], &o) < 0)
			return;
		if (o == 0)
			return;
		if (o < 0) {
			at = i;
			break;
		}
	}
	SK_GROW(b->items, b->n, b->cap);
	memmove(b->items + at + 1, b->items + at, (b->n - at) * sizeof(*b->items));
	b->items[at] = v;
	b->n++;
}

static int add_fixes(struct bounds *b, const struct match_hit *h)
{
	for (uint32_t i = 0; i < h->claim.n_ranges; i++) {
		struct vulndb_range range;
		int o, r = vulndb_claim_range(&h->claim, i, &range);

		if (r < 0)
			return r;
		if (range.fixed.len > 0 &&
		    version_compare(b->scheme, h->installed, range.fixed, &o) == 0 && o < 0)
			add_bound(b, range.fixed);
	}
	return 0;
}

/* From the hits of one rank, and from the other branches that their advisories name. */
static int collect_fixes(const struct match_group *g, int max_rank, struct bounds *b)
{
	int r = 0;

	for (size_t i = 0; i < g->n_hits && r == 0; i++) {
		if (g->hits[i]->rank > max_rank)
			continue;
		r = add_fixes(b, g->hits[i]);
		for (size_t k = 0; k < g->n_others && r == 0; k++) {
			if (g->others[k].claim.advisory == g->hits[i]->claim.advisory)
				r = add_fixes(b, &g->others[k]);
		}
	}
	return r;
}

static int fill_fixes(const struct match_group *g, struct sk_arena *a, struct model_finding *f)
{
	struct bounds b = {.scheme = g->subject->scope->scheme};
	int r = collect_fixes(g, g->hits[0]->rank, &b);

	if (r == 0 && b.n == 0)
		r = collect_fixes(g, INT32_MAX, &b);
	f->fixed_versions = sk_arena_array(a, b.n, sizeof(*f->fixed_versions));
	for (size_t i = 0; i < b.n; i++)
		f->fixed_versions[i] = sk_arena_str(a, b.items[i]);
	f->n_fixed_versions = b.n;
	sk_free(b.items);
	return r;
}

static enum model_state state_of(enum vulndb_claim_state s, bool has_fix)
{
	static const enum model_state states[] = {
		[VULNDB_CLAIM_AFFECTED] = MODEL_STATE_AFFECTED,
		[VULNDB_CLAIM_NOT_AFFECTED] = MODEL_STATE_AFFECTED,
		[VULNDB_CLAIM_WILL_NOT_FIX] = MODEL_STATE_WILL_NOT_FIX,
		[VULNDB_CLAIM_DEFERRED] = MODEL_STATE_DEFERRED,
		[VULNDB_CLAIM_UNDER_INVESTIGATION] = MODEL_STATE_UNDER_INVESTIGATION,
		[VULNDB_CLAIM_END_OF_LIFE] = MODEL_STATE_END_OF_LIFE,
	};

	if (has_fix)
		return MODEL_STATE_FIXED;
	return (size_t)s < SK_ARRAY_LEN(states) ? states[s] : MODEL_STATE_AFFECTED;
}

/* The feed's rating for this package, else of the document, else the best that any source gives. */
static void fill_severity(const struct match_group *g, struct sk_arena *a, struct model_finding *f)
{
	for (size_t i = 0; i < g->n_hits; i++) {
		const struct match_hit *h = g->hits[i];

		f->severity = h->claim.severity;
		if ((h->claim.flags & VULNDB_CLAIM_MALICIOUS) != 0)
			f->severity = MODEL_SEVERITY_CRITICAL;
		if (f->severity == MODEL_SEVERITY_UNKNOWN)
			f->severity = h->advisory.severity;
		if (f->severity != MODEL_SEVERITY_UNKNOWN) {
			f->severity_source = sk_arena_str(a, h->advisory.feed);
			return;
		}
	}
	if (!g->has_vuln)
		return;
	f->severity = g->vuln.severity;
	if (f->severity != MODEL_SEVERITY_UNKNOWN && g->vuln.severity_source.len > 0)
		f->severity_source = sk_arena_str(a, g->vuln.severity_source);
}

static int fill_cvss(const struct match_group *g, struct sk_arena *a, struct model_finding *f)
{
	struct model_cvss *list = sk_arena_array(a, g->vuln.n_cvss, sizeof(*list));

	for (uint32_t i = 0; i < g->vuln.n_cvss; i++) {
		struct vulndb_cvss c;
		int r = vulndb_vuln_cvss(&g->vuln, i, &c);

		if (r < 0)
			return r;
		list[i] = (struct model_cvss){
			.version = c.version,
			.vector = sk_arena_str(a, c.vector),
			.score = c.score,
			.source = sk_arena_str(a, c.source),
		};
	}
	f->cvss = list;
	f->n_cvss = g->vuln.n_cvss;
	return 0;
}

static int fill_signals(const struct match_group *g, struct sk_arena *a, struct model_finding *f)
{
	const struct vulndb_vuln *v = &g->vuln;
	int r;

	if (!g->has_vuln)
		return 0;
	r = fill_cvss(g, a, f);
	if (r < 0)
		return r;
	f->kev = (struct model_kev){
		.listed = v->kev,
		.date_added = date_text(v->kev_added, a),
		.ransomware = v->kev_ransomware,
	};
	f->epss = (struct model_epss){
		.known = v->epss_known,
		.score = (double)v->epss_score,
		.percentile = (double)v->epss_percentile,
	};
	f->published = time_text(v->published, a);
	return 0;
}

static int compare_text(const void *x, const void *y)
{
	return strcmp(*(const char *const *)x, *(const char *const *)y);
}

static int fill_aliases(const struct match_group *g, struct sk_arena *a, struct model_finding *f)
{
	size_t n = 0, kept = 0;
	size_t max = g->n_hits + (g->has_vuln ? g->vuln.n_aliases : 0);
	const char **list = sk_arena_array(a, max, sizeof(*list));

	for (uint32_t i = 0; g->has_vuln && i < g->vuln.n_aliases; i++) {
		struct sk_span alias;
		int r = vulndb_vuln_alias(&g->vuln, i, &alias);

		if (r < 0)
			return r;
		list[n++] = sk_arena_str(a, alias);
	}
	for (size_t i = 0; i < g->n_hits; i++) {
		if (i == 0 || g->hits[i]->claim.advisory != g->hits[i - 1]->claim.advisory)
			list[n++] = sk_arena_str(a, g->hits[i]->advisory.id);
	}
	qsort(list, n, sizeof(*list), compare_text);
	for (size_t i = 0; i < n; i++) {
		if (strcmp(list[i], f->id) != 0 &&
		    (kept == 0 || strcmp(list[i], list[kept - 1]) != 0))
			list[kept++] = list[i];
	}
	f->aliases = list;
	f->n_aliases = kept;
	return 0;
}

/* When the fix came out: the day of the earliest notice that brings one of the fixed versions. */
static const char *fix_time(const struct match_group *g, const struct model_finding *f,
			    struct sk_arena *a)
{
	int64_t best = 0;

	for (size_t i = 0; i < g->n_hits; i++) {
		const struct match_hit *h = g->hits[i];
		int64_t t = h->advisory.published;

		if (!h->advisory.notice || t == 0 || (best != 0 && best <= t))
			continue;
		for (size_t k = 0; k < f->n_fixed_versions; k++) {
			if (sk_span_eq_str(h->range.fixed, f->fixed_versions[k]))
				best = t;
		}
	}
	return time_text(best, a);
}

int match_finding_fill(const struct match_group *g, struct sk_arena *a, struct model_finding *ret)
{
	const struct match_hit *first = g->hits[0];
	struct model_finding f = {.package = g->subject->package};
	int r;

	f.id = sk_arena_str(a, g->has_vuln ? g->vuln.id : first->advisory.id);
	r = fill_aliases(g, a, &f);
	if (r == 0)
		r = fill_fixes(g, a, &f);
	if (r == 0)
		r = fill_signals(g, a, &f);
	if (r < 0)
		return r;
	fill_severity(g, a, &f);
	f.state = state_of(first->claim.state, f.n_fixed_versions > 0);
	f.risk = match_risk(f.severity, f.cvss, f.n_cvss, &f.kev, &f.epss);
	f.advisory.feed = sk_arena_str(a, first->advisory.feed);
	f.advisory.id = sk_arena_str(a, first->advisory.id);
	f.advisory.range = match_range_text(first, a);
	if (f.published == NULL)
		f.published = time_text(first->advisory.published, a);
	f.fix_published = fix_time(g, &f, a);
	*ret = f;
	return 0;
}
