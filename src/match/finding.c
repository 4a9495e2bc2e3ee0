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

enum text_kind {
	TEXT_FEED = 1,
	TEXT_STRING = 2,
};

/* The place of a text; NULL is in it when the text has yet to be copied. */
static const char **known_text(struct match_texts *t, enum text_kind kind, uint32_t number)
{
	uint64_t key = (uint64_t)kind << 32 | number;
	size_t place = (number * 2u + (unsigned)kind) % MATCH_KNOWN_TEXTS;

	if (t->known[place].key != key) {
		t->known[place].key = key;
		t->known[place].text = NULL;
	}
	return &t->known[place].text;
}

const char *match_feed_name(struct match_texts *t, uint32_t feed)
{
	const char **text = known_text(t, TEXT_FEED, feed);

	if (*text == NULL)
		*text = sk_arena_str(t->a, vulndb_feed_name(t->db, feed));
	return *text;
}

const char *match_string(struct match_texts *t, uint32_t string)
{
	const char **text = known_text(t, TEXT_STRING, string);

	if (*text == NULL)
		*text = sk_arena_str(t->a, vulndb_string(t->db, string));
	return *text;
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

enum {
	FEW_BOUNDS = 8,
};

/** struct bounds - fixed versions above the installed one */
struct bounds {
	struct sk_span few[FEW_BOUNDS];
	struct sk_span *items; /* few, until there are more */
	size_t n, cap;
	const struct match_subject *subject;
};

/* Sorted insertion without doubles; a bound without an order is left out, it was reported. */
static void add_bound(struct bounds *b, struct sk_span v)
{
	size_t at = b->n;
	int o;

	for (size_t i = 0; i < b->n; i++) {
		if (sk_span_eq(v, b->items[i]))
			return;
		if (version_compare(b->subject->scope->scheme, v, b->items[i], &o) < 0)
			return;
		if (o == 0)
			return;
		if (o < 0) {
			at = i;
			break;
		}
	}
	if (b->n == b->cap) {
		struct sk_span *more = sk_realloc_array(b->items != b->few ? b->items : NULL,
							b->cap * 2, sizeof(*more));

		if (b->items == b->few)
			memcpy(more, b->few, sizeof(b->few));
		b->items = more;
		b->cap *= 2;
	}
	memmove(b->items + at + 1, b->items + at, (b->n - at) * sizeof(*b->items));
	b->items[at] = v;
	b->n++;
}

static int add_fixes(struct bounds *b, const struct match_said *h)
{
	/* The one range that holds the version: its end lies above it. */
	if (h->verdict == MATCH_VULNERABLE && h->claim.n_ranges == 1 && h->version.len == 0 &&
	    !b->subject->epoch_unknown) {
		if (h->range.fixed.len > 0)
			add_bound(b, h->range.fixed);
		return 0;
	}
	for (uint32_t i = 0; i < h->claim.n_ranges; i++) {
		struct vulndb_range range;
		int o, r = vulndb_claim_range(&h->claim, i, &range);

		if (r < 0)
			return r;
		if (range.fixed.len > 0 &&
		    version_compare(b->subject->scope->scheme, h->installed, range.fixed, &o) ==
			    0 &&
		    o < 0)
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
		r = add_fixes(b, g->hits[i]->said);
		for (size_t k = 0; k < g->n_others && r == 0; k++) {
			if (g->others[k].index == g->hits[i]->index)
				r = add_fixes(b, &g->said[g->others[k].said_at]);
		}
	}
	return r;
}

static int fill_fixes(const struct match_group *g, struct sk_arena *a, struct model_finding *f)
{
	struct bounds b;
	int r;

	b.items = b.few;
	b.n = 0;
	b.cap = FEW_BOUNDS;
	b.subject = g->subject;
	r = collect_fixes(g, g->hits[0]->rank, &b);
	if (r == 0 && b.n == 0)
		r = collect_fixes(g, INT32_MAX, &b);
	f->fixed_versions = sk_arena_array(a, b.n, sizeof(*f->fixed_versions));
	for (size_t i = 0; i < b.n; i++)
		f->fixed_versions[i] = sk_arena_str(a, b.items[i]);
	f->n_fixed_versions = b.n;
	if (b.items != b.few)
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
static void fill_severity(const struct match_group *g, struct match_texts *t,
			  struct model_finding *f)
{
	for (size_t i = 0; i < g->n_hits; i++) {
		const struct match_hit *h = g->hits[i];

		f->severity = h->said->claim.severity;
		if ((h->said->claim.flags & VULNDB_CLAIM_MALICIOUS) != 0)
			f->severity = MODEL_SEVERITY_CRITICAL;
		if (f->severity == MODEL_SEVERITY_UNKNOWN)
			f->severity = h->advisory.severity;
		if (f->severity != MODEL_SEVERITY_UNKNOWN) {
			f->severity_source = match_feed_name(t, h->advisory.feed);
			return;
		}
	}
	if (!g->has_vuln)
		return;
	f->severity = g->vuln.severity;
	if (f->severity != MODEL_SEVERITY_UNKNOWN && g->vuln.severity_source != 0)
		f->severity_source = match_string(t, g->vuln.severity_source);
}

static int fill_cvss(const struct match_group *g, struct match_texts *t, struct model_finding *f)
{
	/* What a vulnerability has of ratings is all in these two numbers. */
	uint64_t key = ((uint64_t)g->vuln.cvss << 32 | g->vuln.cvss_source) + 1;
	size_t place = (g->vuln.cvss * 31u + g->vuln.cvss_source) % MATCH_KNOWN_TEXTS;
	struct model_cvss *list;

	f->n_cvss = g->vuln.n_cvss;
	if (f->n_cvss == 1 && t->ratings[place].key == key) {
		f->cvss = t->ratings[place].cvss;
		return 0;
	}
	list = sk_arena_array(t->a, f->n_cvss, sizeof(*list));
	for (uint32_t i = 0; i < g->vuln.n_cvss; i++) {
		struct vulndb_cvss c;
		int r = vulndb_vuln_cvss(&g->vuln, i, &c);

		if (r < 0)
			return r;
		list[i] = (struct model_cvss){
			.version = c.version,
			.vector = sk_arena_str(t->a, c.vector),
			.score = c.score,
			.source = sk_arena_str(t->a, c.source),
		};
	}
	f->cvss = list;
	if (f->n_cvss == 1) {
		t->ratings[place].key = key;
		t->ratings[place].cvss = list;
	}
	return 0;
}

static int fill_signals(const struct match_group *g, struct match_texts *t, struct model_finding *f)
{
	const struct vulndb_vuln *v = &g->vuln;
	int r;

	if (!g->has_vuln)
		return 0;
	r = fill_cvss(g, t, f);
	if (r < 0)
		return r;
	f->kev = (struct model_kev){
		.listed = v->kev,
		.date_added = date_text(v->kev_added, t->a),
		.ransomware = v->kev_ransomware,
	};
	f->epss = (struct model_epss){
		.known = v->epss_known,
		.score = (double)v->epss_score,
		.percentile = (double)v->epss_percentile,
	};
	f->published = time_text(v->published, t->a);
	return 0;
}

static int compare_text(const void *x, const void *y)
{
	return strcmp(*(const char *const *)x, *(const char *const *)y);
}

static int compare_number(const void *x, const void *y)
{
	uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;

	return (a > b) - (a < b);
}

/* Numbers of the identifiers that mean the same, each once and without @own. */
static int collect_aliases(const struct match_group *g, uint32_t own, uint32_t *list, size_t *ret)
{
	size_t n = 0, kept = 0;

	for (uint32_t i = 0; g->has_vuln && i < g->vuln.n_aliases; i++) {
		int r = vulndb_vuln_alias(&g->vuln, i, &list[n++]);

		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < g->n_hits; i++)
		list[n++] = g->hits[i]->advisory.id;
	if (n > 1)
		qsort(list, n, sizeof(*list), compare_number);
	for (size_t i = 0; i < n; i++) {
		if (list[i] != own && (kept == 0 || list[i] != list[kept - 1]))
			list[kept++] = list[i];
	}
	*ret = kept;
	return 0;
}

static int fill_aliases(const struct match_group *g, uint32_t own, struct match_texts *t,
			struct model_finding *f)
{
	size_t max = g->n_hits + (g->has_vuln ? g->vuln.n_aliases : 0);
	uint32_t few[16];
	uint32_t *ids = max <= SK_ARRAY_LEN(few) ? few : sk_alloc(max * sizeof(*ids));
	int r = collect_aliases(g, own, ids, &f->n_aliases);

	f->aliases = r == 0 ? sk_arena_array(t->a, f->n_aliases, sizeof(*f->aliases)) : NULL;
	for (size_t i = 0; r == 0 && i < f->n_aliases; i++) {
		f->aliases[i] = vulndb_id_copy(t->db, ids[i], t->a);
		r = f->aliases[i] != NULL ? 0 : -SK_E_FORMAT;
	}
	if (r == 0 && f->n_aliases > 1)
		qsort(f->aliases, f->n_aliases, sizeof(*f->aliases), compare_text);
	if (ids != few)
		sk_free(ids);
	return r;
}

/* When the fix came out: the day of the earliest notice that brings one of the fixed versions. */
static const char *fix_time(const struct match_group *g, const struct model_finding *f,
			    struct sk_arena *a)
{
	int64_t best = 0;

	for (size_t i = 0; i < g->n_hits; i++) {
		const struct match_hit *h = g->hits[i];
		int64_t t;

		if (!h->advisory.notice)
			continue;
		t = vulndb_advisory_published(&h->advisory);
		if (t == 0 || (best != 0 && best <= t))
			continue;
		for (size_t k = 0; k < f->n_fixed_versions; k++) {
			if (sk_span_eq_str(h->said->range.fixed, f->fixed_versions[k]))
				best = t;
		}
	}
	return time_text(best, a);
}

int match_finding_fill(const struct match_group *g, struct match_texts *t,
		       struct model_finding *ret)
{
	const struct match_hit *first = g->hits[0];
	uint32_t id = g->has_vuln ? g->vuln.id : first->advisory.id;
	int r;

	ret->package = g->subject->package;
	ret->id = vulndb_id_copy(t->db, id, t->a);
	if (ret->id == NULL)
		return -SK_E_FORMAT;
	r = fill_aliases(g, id, t, ret);
	if (r == 0)
		r = fill_fixes(g, t->a, ret);
	if (r == 0)
		r = fill_signals(g, t, ret);
	if (r < 0)
		return r;
	fill_severity(g, t, ret);
	ret->state = state_of(first->said->claim.state, ret->n_fixed_versions > 0);
	ret->risk = match_risk(ret->severity, ret->cvss, ret->n_cvss, &ret->kev, &ret->epss);
	ret->advisory.feed = match_feed_name(t, first->advisory.feed);
	ret->advisory.id = first->advisory.id == id
				   ? ret->id
				   : vulndb_id_copy(t->db, first->advisory.id, t->a);
	if (ret->advisory.id == NULL)
		return -SK_E_FORMAT;
	ret->advisory.range = match_range_text(first->said, t->a);
	if (ret->published == NULL)
		ret->published = time_text(vulndb_advisory_published(&first->advisory), t->a);
	ret->fix_published = fix_time(g, ret, t->a);
	return 0;
}
