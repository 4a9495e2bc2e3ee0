/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is said of one vulnerability is weighed together:
 *
 *   - A vulnerability record outweighs a notice (DSA, RHSA, …): the record says whether the package
 *     is affected, the notice brings its name and the day of the fix.
 *   - For Red Hat, what has versions outweighs a state without versions, which speaks of the time
 *     before the fix; and an update stream's own claims outweigh the base product's.
 *   - Among equals, one that finds the package vulnerable is enough, unless another says outright
 *     that it is not affected.
 *   - A withdrawn document counts only where no other speaks.
 */
#include <stdlib.h>

#include "base/alloc.h"
#include "match/matcher.h"

enum {
	RANK_RECORD = 0,
	RANK_NOTICE = 1,
	RANK_STATE = 2,
};

enum {
	FEW_PAIRS = 24, /* sorted without qsort() */
};

enum {
	NO_VULN = 1u << 31, /* of match_pair: the index is an advisory's */
};

/** struct weight - what the clearing documents do to a group */
struct weight {
	bool cleared;      /* outranked: the package is not vulnerable */
	bool outright;     /* or a feed says so against another */
	uint32_t advisory; /* outright: in this one */
};

/* Less is more: a stream's own claims, then records, notices, states. */
static int rank_of(const struct match_subject *s, int level, bool bounded,
		   const struct vulndb_advisory *adv)
{
	if ((s->scope->rule->flags & MATCH_FIX_BEATS_STATE) != 0 && !bounded)
		return level + RANK_STATE;
	return level + (adv->notice ? RANK_NOTICE : RANK_RECORD);
}

static int compare_pairs(const void *x, const void *y)
{
	const struct match_pair *a = x, *b = y;

	if (a->vuln != b->vuln)
		return a->vuln < b->vuln ? -1 : 1;
	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	return a->hit < b->hit ? -1 : a->hit > b->hit;
}

static int expand(struct matcher *m, const struct vulndb_advisory *adv, uint32_t index,
		  uint32_t hit, int rank, struct match_pair **list, size_t *n, size_t *cap)
{
	for (uint32_t i = 0; i < adv->n_vulns || (i == 0 && adv->n_vulns == 0); i++) {
		uint32_t vuln = NO_VULN | index;
		int r = adv->n_vulns > 0 ? vulndb_advisory_vuln(adv, i, &vuln) : 0;

		if (r < 0)
			return sk_err_set(m->err, -r, "advisory database: damaged advisory");
		SK_GROW(*list, *n, *cap);
		(*list)[(*n)++] = (struct match_pair){.vuln = vuln, .hit = hit, .rank = rank};
	}
	return 0;
}

static int expand_clean(struct matcher *m, const struct match_subject *s,
			const struct match_said *said, struct match_cleans *l)
{
	struct vulndb_claim c = said->claim;
	int r = 1;

	while (r > 0) {
		struct vulndb_advisory adv;

		r = vulndb_advisory_get(m->db, c.advisory, &adv, m->err);
		if (r == 0 && !adv.withdrawn)
			r = expand(m, &adv, c.advisory, c.advisory,
				   rank_of(s, said->level, said->bounded, &adv), &l->pairs,
				   &l->n_pairs, &l->pairs_cap);
		if (r < 0)
			return r;
		r = vulndb_claim_next(&c);
	}
	return match_damaged_claim(m, r);
}

static void sort_pairs(struct match_pair *pairs, size_t n)
{
	if (n > FEW_PAIRS) {
		qsort(pairs, n, sizeof(*pairs), compare_pairs);
		return;
	}
	for (size_t i = 1; i < n; i++) {
		struct match_pair p = pairs[i];
		size_t at = i;

		while (at > 0 && compare_pairs(&p, &pairs[at - 1]) < 0) {
			pairs[at] = pairs[at - 1];
			at--;
		}
		pairs[at] = p;
	}
}

/* Which vulnerabilities the clearing documents speak of. Withdrawn ones clear nothing. */
static int expand_cleans(struct matcher *m, const struct match_subject *s, struct match_cleans *l)
{
	if (l->expanded)
		return 0;
	l->expanded = true;
	l->n_pairs = 0;
	for (size_t i = 0; i < l->n; i++) {
		int r = expand_clean(m, s, &m->said[l->said[i]], l);

		if (r < 0)
			return r;
	}
	sort_pairs(l->pairs, l->n_pairs);
	return 0;
}

/* The entry of a vulnerability with the best rank, NULL when there is none. */
static const struct match_pair *find_clean(const struct match_cleans *l, uint32_t vuln)
{
	size_t low = 0, high = l->n_pairs;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (l->pairs[mid].vuln < vuln)
			low = mid + 1;
		else
			high = mid;
	}
	return low < l->n_pairs && l->pairs[low].vuln == vuln ? &l->pairs[low] : NULL;
}

static int weigh(struct matcher *m, const struct match_subject *s, uint32_t vuln, int best_rank,
		 struct weight *ret)
{
	int lowest = s->scope->n_specific > 0 ? 0 : MATCH_RANKS_A_LEVEL;
	const struct match_pair *p;
	int r;

	*ret = (struct weight){0};
	if (m->outright.n > 0) {
		r = expand_cleans(m, s, &m->outright);
		if (r < 0)
			return r;
		p = find_clean(&m->outright, vuln);
		ret->outright = p != NULL && p->rank <= best_rank;
		ret->advisory = ret->outright ? p->hit : 0;
	}
	if (m->outside.n > 0 && best_rank > lowest) {
		r = expand_cleans(m, s, &m->outside);
		if (r < 0)
			return r;
		p = find_clean(&m->outside, vuln);
		ret->cleared = p != NULL && p->rank < best_rank;
	}
	return 0;
}

/*
 * Equal ranks: a claim with a fix says more than one without; then the feed's and the document's
 * name decide, so that the order of the database does not.
 */
static bool hit_before(const struct match_hit *x, const struct match_hit *y)
{
	const struct vulndb *db = x->advisory.db;
	bool fix_x = x->said->range.fixed.len > 0, fix_y = y->said->range.fixed.len > 0;
	int o = 0;

	if (x->rank != y->rank)
		return x->rank < y->rank;
	if (fix_x != fix_y)
		return fix_x;
	if (x->advisory.feed != y->advisory.feed)
		o = sk_span_cmp(vulndb_feed_name(db, x->advisory.feed),
				vulndb_feed_name(db, y->advisory.feed));
	if (o == 0 && x->advisory.id != y->advisory.id)
		o = sk_span_cmp(vulndb_id_text(db, x->advisory.id),
				vulndb_id_text(db, y->advisory.id));
	if (o == 0)
		o = sk_span_cmp(x->said->range.fixed, y->said->range.fixed);
	return o < 0;
}

/* The live hits of a group, best first; the withdrawn ones when there is no other. */
static size_t gather(struct matcher *m, const struct match_pair *pairs, size_t n,
		     bool *ret_withdrawn)
{
	size_t live = 0, kept = 0;

	for (size_t i = 0; i < n; i++)
		live += !m->hits[pairs[i].hit].advisory.withdrawn;
	*ret_withdrawn = live == 0;
	while (m->group_cap < n)
		SK_GROW(m->group, m->group_cap, m->group_cap);
	for (size_t i = 0; i < n; i++) {
		const struct match_hit *h = &m->hits[pairs[i].hit];
		size_t at = kept;

		if (live > 0 && h->advisory.withdrawn)
			continue;
		while (at > 0 && hit_before(h, m->group[at - 1])) {
			m->group[at] = m->group[at - 1];
			at--;
		}
		m->group[at] = h;
		kept++;
	}
	return kept;
}

static int fill_outright(struct matcher *m, uint32_t advisory, struct match_outcome *o)
{
	struct vulndb_advisory adv;
	int r = vulndb_advisory_get(m->db, advisory, &adv, m->err);

	if (r < 0)
		return r;
	o->outright = true;
	o->outright_feed = match_feed_name(&m->texts, adv.feed);
	o->outright_text = sk_arena_printf(m->a, "%.*s says that the package is not affected",
					   SK_SPAN_ARG(vulndb_id_text(m->db, adv.id)));
	return 0;
}

static int finish_group(struct matcher *m, const struct match_subject *s,
			const struct match_pair *pairs, size_t n)
{
	struct match_group g = {
		.subject = s, .others = m->others, .n_others = m->n_others, .said = m->said};
	struct match_outcome *o;
	struct weight w;
	bool withdrawn;
	int r;

	g.n_hits = gather(m, pairs, n, &withdrawn);
	g.hits = m->group;
	r = weigh(m, s, pairs[0].vuln, g.hits[0]->rank, &w);
	if (r < 0 || w.cleared)
		return r;
	g.has_vuln = (pairs[0].vuln & NO_VULN) == 0;
	if (g.has_vuln) {
		r = vulndb_vuln_get(m->db, pairs[0].vuln, &g.vuln, m->err);
		if (r < 0)
			return r;
	}
	o = match_outcome_add(&m->results);
	o->withdrawn = withdrawn;
	r = match_finding_fill(&g, &m->texts, &o->finding);
	if (r < 0)
		return sk_err_set(m->err, -r, "advisory database: damaged vulnerability");
	o->unimportant = (g.hits[0]->said->claim.flags & VULNDB_CLAIM_UNIMPORTANT) != 0;
	o->follow_up = (g.hits[0]->said->claim.flags & VULNDB_CLAIM_FOLLOW_UP) != 0;
	return w.outright ? fill_outright(m, w.advisory, o) : 0;
}

/*
 * The advisories of all hits, and their vulnerabilities as pairs. The records lie far apart: each
 * step asks the memory for what the next one reads.
 */
static int read_hits(struct matcher *m, const struct match_subject *s)
{
	const struct vulndb *db = m->db;
	int r = 0;

	for (size_t i = 0; i < m->n_hits; i++)
		vulndb_soon(db, VULNDB_RECORD_ADVISORY, m->hits[i].index, VULNDB_STEP_RECORD);
	for (size_t i = 0; i < m->n_hits && r == 0; i++) {
		struct match_hit *h = &m->hits[i];

		h->said = &m->said[h->said_at];
		r = vulndb_advisory_get(db, h->index, &h->advisory, m->err);
		if (r < 0)
			return r;
		vulndb_soon(db, VULNDB_RECORD_ID, h->advisory.id, VULNDB_STEP_PLACE);
		h->rank = rank_of(s, h->said->level, h->said->bounded, &h->advisory);
		r = expand(m, &h->advisory, h->index, (uint32_t)i, h->rank, &m->pairs, &m->n_pairs,
			   &m->pairs_cap);
	}
	if (r < 0)
		return r;
	for (size_t i = 0; i < m->n_pairs; i++)
		vulndb_soon(db, VULNDB_RECORD_VULN, m->pairs[i].vuln, VULNDB_STEP_PLACE);
	for (size_t i = 0; i < m->n_hits; i++)
		vulndb_soon(db, VULNDB_RECORD_ID, m->hits[i].advisory.id, VULNDB_STEP_RECORD);
	for (size_t i = 0; i < m->n_pairs; i++)
		vulndb_soon(db, VULNDB_RECORD_VULN, m->pairs[i].vuln, VULNDB_STEP_RECORD);
	return 0;
}

int match_weigh(struct matcher *m, const struct match_subject *s)
{
	int r = read_hits(m, s);

	if (r < 0)
		return r;
	sort_pairs(m->pairs, m->n_pairs);
	for (size_t i = 0, end; i < m->n_pairs; i = end) {
		for (end = i + 1; end < m->n_pairs && m->pairs[end].vuln == m->pairs[i].vuln;)
			end++;
		r = finish_group(m, s, m->pairs + i, end - i);
		if (r < 0)
			return r;
	}
	return 0;
}
