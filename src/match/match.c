/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packages × advisories → findings. Each package is asked for under its names; every claim is
 * judged against its version; what is said of one vulnerability is weighed together:
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
#include "base/map.h"
#include "base/parse.h"
#include "base/text.h"
#include "match/match-priv.h"

enum {
	RANK_RECORD = 0,
	RANK_NOTICE = 1,
	RANK_STATE = 2,
	RANKS_A_LEVEL = 4, /* added for what is not an update stream's own */
};

/** struct pair - a vulnerability and a hit that speaks of it */
struct pair {
	uint32_t vuln; /* index, or NO_VULN | advisory where the document names none */
	uint32_t hit;
	int rank;
};

/** struct cleans - claims that clear the package; their documents are read only when that matters
 */
struct cleans {
	size_t *said; /* indices */
	size_t n, cap;
	struct pair *pairs; /* sorted; hit is the advisory */
	size_t n_pairs, pairs_cap;
	bool expanded;
};

enum {
	FEW_PAIRS = 24,       /* sorted without qsort() */
	RESULTS_SIZE = 2048,  /* bytes a package that has findings, roughly */
	MANY_PACKAGES = 8192, /* memory is not expected for more than these */
};

enum {
	NO_VULN = 1u << 31
};

/** struct matcher - one run; the arrays are kept from package to package */
struct matcher {
	const struct vulndb *db;
	const struct match_options *opts;
	struct sk_arena *a;
	struct sk_err *err;
	struct match_scope **scopes;
	size_t n_scopes, scopes_cap;
	size_t n_without_ecosystem;
	size_t n_without_version;
	struct match_texts texts;
	struct match_said *said;
	size_t n_said, said_cap;
	struct match_hit *hits;
	size_t n_hits, hits_cap;
	struct match_other *others;
	size_t n_others, others_cap;
	struct cleans outside;  /* of the range */
	struct cleans outright; /* "not affected" */
	struct pair *pairs;
	size_t n_pairs, pairs_cap;
	struct sk_map judged; /* scope, source, version → first and count of outcomes */
	const struct match_hit **group;
	size_t group_cap;
	struct match_results results;
	struct model_diagnostic *diagnostics;
	size_t n_diagnostics, diagnostics_cap;
};

static void diagnose(struct matcher *m, enum model_diagnostic_severity severity, const char *place,
		     const char *message)
{
	SK_GROW(m->diagnostics, m->n_diagnostics, m->diagnostics_cap);
	m->diagnostics[m->n_diagnostics++] = (struct model_diagnostic){
		.severity = severity,
		.place = place,
		.message = message,
	};
}

static const char *quoted(struct matcher *m, struct sk_span s)
{
	char buf[160];

	return sk_arena_strdup(m->a, sk_text_quote(s, buf, sizeof(buf)));
}

static struct match_scope *scope_of(struct matcher *m, const char *ecosystem)
{
	for (size_t i = m->n_scopes; i-- > 0;) {
		if (m->scopes[i]->ecosystem == ecosystem ||
		    strcmp(m->scopes[i]->ecosystem, ecosystem) == 0)
			return m->scopes[i];
	}
	struct match_scope *s = sk_arena_alloc(m->a, sizeof(*s));
	match_scope_init(s, m->db, ecosystem, m->opts, m->a);
	SK_GROW(m->scopes, m->n_scopes, m->scopes_cap);
	m->scopes[m->n_scopes++] = s;
	return s;
}

static struct sk_span bare_version(struct sk_span v)
{
	size_t colon = sk_span_find(v, ':');

	return colon < v.len ? sk_span_sub(v, colon + 1, v.len) : v;
}

static void subject_init(struct match_subject *s, const struct model_package *p,
			 const struct match_scope *scope)
{
	*s = (struct match_subject){
		.package = p,
		.scope = scope,
		.version = sk_span_str(p->version),
		.source_version = sk_span_str(p->source_version),
	};
	if (s->source_version.len == 0 || p->type == MODEL_PACKAGE_APK)
		s->source_version = s->version;
	if ((scope->rule->flags & MATCH_RPM) == 0)
		return;
	s->modular = p->module != NULL || sk_span_contains(s->version, ".module+el") ||
		     sk_span_contains(s->version, ".module_el");
	if (sk_span_find(s->source_version, ':') < s->source_version.len)
		return;
	if (sk_span_eq(s->source_version, bare_version(s->version)))
		s->source_version = s->version;
	else
		s->epoch_unknown = true;
}

/* Has a claim versions, rather than a state for all of them? */
static int is_bounded(const struct vulndb_claim *c, bool *ret)
{
	*ret = c->n_versions > 0;
	for (uint32_t i = 0; i < c->n_ranges && !*ret; i++) {
		struct vulndb_range range;
		int r = vulndb_claim_range(c, i, &range);

		if (r < 0)
			return r;
		*ret = range.fixed.len > 0 || range.last_affected.len > 0;
	}
	return 0;
}

/* Less is more: a stream's own claims, then records, notices, states. */
static int rank_of(const struct match_subject *s, int level, bool bounded,
		   const struct vulndb_advisory *adv)
{
	if ((s->scope->rule->flags & MATCH_FIX_BEATS_STATE) != 0 && !bounded)
		return level + RANK_STATE;
	return level + (adv->notice ? RANK_NOTICE : RANK_RECORD);
}

static int damaged_claim(struct matcher *m, int r)
{
	return r < 0 ? sk_err_set(m->err, -r, "advisory database: damaged claim") : r;
}

static void keep_clean(struct cleans *l, size_t said)
{
	SK_GROW(l->said, l->n, l->cap);
	l->said[l->n++] = said;
}

/* A hit for each advisory that finds the package vulnerable; read_hits() reads them together. */
static int keep_hits(struct matcher *m, size_t at)
{
	struct vulndb_claim c = m->said[at].claim;
	int r = 1;

	while (r > 0) {
		SK_GROW(m->hits, m->n_hits, m->hits_cap);
		m->hits[m->n_hits].said_at = at;
		m->hits[m->n_hits++].index = c.advisory;
		vulndb_soon(m->db, VULNDB_RECORD_ADVISORY, c.advisory, VULNDB_STEP_PLACE);
		r = vulndb_claim_next(&c);
	}
	return damaged_claim(m, r);
}

static int keep_others(struct matcher *m, size_t at)
{
	struct vulndb_claim c = m->said[at].claim;
	int r = 1;

	while (r > 0) {
		SK_GROW(m->others, m->n_others, m->others_cap);
		m->others[m->n_others++] = (struct match_other){.said_at = at, .index = c.advisory};
		r = vulndb_claim_next(&c);
	}
	return damaged_claim(m, r);
}

/* The last thing said matters: who says so? */
static int keep_said(struct matcher *m, const struct match_subject *s)
{
	size_t at = m->n_said++;
	struct match_said *said = &m->said[at];
	int r = 0;

	said->bounded = true;
	if ((s->scope->rule->flags & MATCH_FIX_BEATS_STATE) != 0)
		r = is_bounded(&said->claim, &said->bounded);
	if (r < 0)
		return damaged_claim(m, r);
	if (said->verdict == MATCH_VULNERABLE)
		return keep_hits(m, at);
	keep_clean(said->verdict == MATCH_NOT_AFFECTED ? &m->outright : &m->outside, at);
	return said->verdict == MATCH_CLEAN_BELOW ? keep_others(m, at) : 0;
}

static int ask(struct matcher *m, const struct match_subject *s, size_t asked, const char *name,
	       bool binary, bool source, struct match_bounds *bounds)
{
	struct vulndb_iter it;
	int r;

	vulndb_lookup(m->db, sk_span_str(s->scope->asked[asked]), sk_span_str(name), &it);
	for (;;) {
		struct match_said *said;

		SK_GROW(m->said, m->n_said, m->said_cap);
		said = &m->said[m->n_said];
		r = vulndb_next_group(&it, &said->claim, m->err);
		if (r <= 0)
			return r;
		if (!match_claim_applies(s, &said->claim, binary, source))
			continue;
		said->level = asked < s->scope->n_specific ? 0 : RANKS_A_LEVEL;
		r = match_claim_judge(s, said, bounds);
		if (r < 0)
			return damaged_claim(m, r);
		r = keep_said(m, s);
		if (r < 0)
			return r;
	}
}

static int ask_names(struct matcher *m, const struct match_subject *s, size_t asked,
		     struct match_bounds *bounds)
{
	const struct model_package *p = s->package;
	const char *source = p->source_name != NULL ? p->source_name : p->name;
	unsigned flags = s->scope->rule->flags;
	bool same = strcmp(source, p->name) == 0;
	int r = 0;

	if ((flags & (MATCH_BY_SOURCE | MATCH_BY_BINARY)) == 0)
		return ask(m, s, asked, p->name, true, true, bounds);
	if ((flags & MATCH_BY_SOURCE) != 0)
		r = ask(m, s, asked, source, same && (flags & MATCH_BY_BINARY) != 0, true, bounds);
	if (r == 0 && (flags & MATCH_BY_BINARY) != 0 && !same)
		r = ask(m, s, asked, p->name, true, false, bounds);
	return r;
}

static void report_bad_bound(struct matcher *m, const struct match_subject *s,
			     const struct match_bounds *bounds)
{
	struct vulndb_advisory adv;
	struct sk_err ignored;
	const char *id = "an advisory";

	if (bounds->n_bad == 0)
		return;
	if (vulndb_advisory_get(m->db, bounds->bad_advisory, &adv, &ignored) == 0)
		id = sk_arena_str(m->a, vulndb_id_text(m->db, adv.id));
	diagnose(m, MODEL_DIAGNOSTIC_WARNING, s->package->id,
		 sk_arena_printf(m->a,
				 "%s gives a version that the order of %s cannot read: %s%s; "
				 "the range is left out",
				 id, s->scope->ecosystem, quoted(m, bounds->bad_text),
				 bounds->n_bad > 1 ? ", and others do" : ""));
}

static int compare_pairs(const void *x, const void *y)
{
	const struct pair *a = x, *b = y;

	if (a->vuln != b->vuln)
		return a->vuln < b->vuln ? -1 : 1;
	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	return a->hit < b->hit ? -1 : a->hit > b->hit;
}

static int expand(struct matcher *m, const struct vulndb_advisory *adv, uint32_t index,
		  uint32_t hit, int rank, struct pair **list, size_t *n, size_t *cap)
{
	for (uint32_t i = 0; i < adv->n_vulns || (i == 0 && adv->n_vulns == 0); i++) {
		uint32_t vuln = NO_VULN | index;
		int r = adv->n_vulns > 0 ? vulndb_advisory_vuln(adv, i, &vuln) : 0;

		if (r < 0)
			return sk_err_set(m->err, -r, "advisory database: damaged advisory");
		SK_GROW(*list, *n, *cap);
		(*list)[(*n)++] = (struct pair){.vuln = vuln, .hit = hit, .rank = rank};
	}
	return 0;
}

static int expand_clean(struct matcher *m, const struct match_subject *s,
			const struct match_said *said, struct cleans *l)
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
	return damaged_claim(m, r);
}

static void sort_pairs(struct pair *pairs, size_t n)
{
	if (n > FEW_PAIRS) {
		qsort(pairs, n, sizeof(*pairs), compare_pairs);
		return;
	}
	for (size_t i = 1; i < n; i++) {
		struct pair p = pairs[i];
		size_t at = i;

		while (at > 0 && compare_pairs(&p, &pairs[at - 1]) < 0) {
			pairs[at] = pairs[at - 1];
			at--;
		}
		pairs[at] = p;
	}
}

/* Which vulnerabilities the clearing documents speak of. Withdrawn ones clear nothing. */
static int expand_cleans(struct matcher *m, const struct match_subject *s, struct cleans *l)
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
static const struct pair *find_clean(const struct cleans *l, uint32_t vuln)
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

/** struct weight - what the clearing documents do to a group */
struct weight {
	bool cleared;      /* outranked: the package is not vulnerable */
	bool outright;     /* or a feed says so against another */
	uint32_t advisory; /* outright: in this one */
};

static int weigh(struct matcher *m, const struct match_subject *s, uint32_t vuln, int best_rank,
		 struct weight *ret)
{
	int lowest = s->scope->n_specific > 0 ? 0 : RANKS_A_LEVEL;
	const struct pair *p;
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
static size_t gather(struct matcher *m, const struct pair *pairs, size_t n, bool *ret_withdrawn)
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

static int finish_group(struct matcher *m, const struct match_subject *s, const struct pair *pairs,
			size_t n)
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

static int judge_subject(struct matcher *m, const struct match_subject *s)
{
	struct match_bounds bounds = {0};
	int r = 0;

	m->n_said = m->n_hits = m->n_others = m->n_pairs = 0;
	m->outside.n = m->outright.n = 0;
	m->outside.expanded = m->outright.expanded = false;
	for (size_t i = 0; i < s->scope->n_asked && r == 0; i++)
		r = ask_names(m, s, i, &bounds);
	if (r == 0)
		r = read_hits(m, s);
	if (r < 0)
		return r;
	report_bad_bound(m, s, &bounds);
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

/* Where only the source package counts, its binaries are judged once together. */
static struct sk_span memo_key(struct matcher *m, const struct match_subject *s)
{
	const struct model_package *p = s->package;
	const struct sk_span parts[] = {
		sk_span_str(s->scope->ecosystem),
		SK_SPAN("\n"),
		sk_span_str(p->source_name != NULL ? p->source_name : p->name),
		SK_SPAN("\n"),
		s->source_version,
	};

	return sk_span_str(match_join(m->a, parts, SK_ARRAY_LEN(parts)));
}

static int judge_and_deliver(struct matcher *m, const struct match_subject *s)
{
	bool shared = s->scope->rule->flags == MATCH_BY_SOURCE && !s->unordered;
	size_t first = m->results.n_outcomes, n;
	struct sk_span key = {0};
	uint64_t place;
	int r;

	if (shared) {
		key = memo_key(m, s);
		if (sk_map_get(&m->judged, key, &place)) {
			first = (size_t)(place >> 32);
			n = (size_t)(place & UINT32_MAX);
			match_deliver(&m->results, s->package, first, n);
			return 0;
		}
	}
	r = judge_subject(m, s);
	if (r < 0)
		return r;
	n = m->results.n_outcomes - first;
	if (shared)
		(void)sk_map_put(&m->judged, key, (uint64_t)first << 32 | (uint64_t)n);
	match_deliver(&m->results, s->package, first, n);
	return 0;
}

static int judge_package(struct matcher *m, const struct model_package *p)
{
	struct match_scope *scope;
	struct match_subject s;
	int o;

	if (p->ecosystem == NULL) {
		m->n_without_ecosystem++;
		return 0;
	}
	scope = scope_of(m, p->ecosystem);
	scope->n_packages++;
	if (!scope->known)
		return 0;
	subject_init(&s, p, scope);
	if (s.version.len == 0) {
		m->n_without_version++;
		diagnose(m, MODEL_DIAGNOSTIC_WARNING, p->id,
			 "the package has no version and was not judged");
		return 0;
	}
	if (version_compare(scope->scheme, s.version, s.version, &o) < 0 ||
	    (!sk_span_eq(s.source_version, s.version) &&
	     version_compare(scope->scheme, s.source_version, s.source_version, &o) < 0)) {
		/* enumerated versions still can equal as text */
		diagnose(m, MODEL_DIAGNOSTIC_WARNING, p->id,
			 sk_arena_printf(m->a,
					 "version %s has no place in the order of %s: ranges were "
					 "not judged",
					 quoted(m, s.version), p->ecosystem));
		s.unordered = true;
	}
	return judge_and_deliver(m, &s);
}

static const char *packages_text(struct matcher *m, size_t n)
{
	return n == 1 ? "1 package was" : sk_arena_printf(m->a, "%zu packages were", n);
}

static void report_scope(struct matcher *m, const struct match_scope *s)
{
	char buf[SK_TIME_TEXT_SIZE], buf_extended[SK_TIME_TEXT_SIZE];
	int64_t eol, extended;

	if (!s->known)
		diagnose(m, MODEL_DIAGNOSTIC_WARNING, s->ecosystem,
			 sk_arena_printf(m->a,
					 "the database has no advisories for %s: %s not judged",
					 s->ecosystem, packages_text(m, s->n_packages)));
	if (s->instead != NULL)
		diagnose(
			m, MODEL_DIAGNOSTIC_INFO, s->ecosystem,
			sk_arena_printf(m->a, "judged by what the database has on %s", s->instead));
	if (match_end_of_life(m->db, s->ecosystem, &eol, &extended) && eol < m->opts->now)
		diagnose(m, MODEL_DIAGNOSTIC_WARNING, s->ecosystem,
			 sk_arena_printf(
				 m->a,
				 "end of life since %s%s%s: newer vulnerabilities may be missing "
				 "from its advisories",
				 sk_format_date(eol, buf),
				 extended == 0             ? ""
				 : extended < m->opts->now ? ", extended support ended on "
							   : ", extended support until ",
				 extended != 0 ? sk_format_date(extended, buf_extended) : ""));
}

static void report_ignores(struct matcher *m)
{
	const struct match_ignores *l = m->opts->ignores;
	char buf[SK_TIME_TEXT_SIZE];

	for (size_t i = 0; l != NULL && i < l->n_rules; i++) {
		const struct match_ignore *rule = &l->rules[i];
		const char *subject = rule->id != NULL        ? rule->id
				      : rule->package != NULL ? rule->package
							      : rule->path;

		if (rule->until != 0 && rule->until <= m->opts->now)
			diagnose(m, MODEL_DIAGNOSTIC_WARNING, rule->source,
				 sk_arena_printf(m->a,
						 "the rule for %s expired after %s and no longer "
						 "applies",
						 quoted(m, sk_span_str(subject)),
						 sk_format_date(rule->until - 1, buf)));
		else if (!m->results.ignore_used[i])
			diagnose(m, MODEL_DIAGNOSTIC_INFO, rule->source,
				 sk_arena_printf(m->a, "the rule for %s speaks of nothing here",
						 quoted(m, sk_span_str(subject))));
	}
}

static size_t count_unjudged(const struct matcher *m)
{
	size_t n = m->n_without_ecosystem + m->n_without_version;

	for (size_t i = 0; i < m->n_scopes; i++)
		n += m->scopes[i]->known ? 0 : m->scopes[i]->n_packages;
	return n;
}

static void report_diagnostics(struct matcher *m)
{
	if (m->n_without_ecosystem > 0)
		diagnose(m, MODEL_DIAGNOSTIC_WARNING, "packages",
			 sk_arena_printf(m->a,
					 "no advisory feed is known for their distribution or "
					 "type: %s not judged",
					 packages_text(m, m->n_without_ecosystem)));
	for (size_t i = 0; i < m->n_scopes; i++)
		report_scope(m, m->scopes[i]);
	report_ignores(m);
}

static void *to_arena(struct sk_arena *a, const void *items, size_t n, size_t size)
{
	void *copy = sk_arena_array(a, n, size);

	if (n > 0)
		memcpy(copy, items, n * size);
	return copy;
}

static void matcher_release(struct matcher *m)
{
	sk_free(m->scopes);
	sk_free(m->said);
	sk_free(m->hits);
	sk_free(m->others);
	sk_free(m->outside.said);
	sk_free(m->outside.pairs);
	sk_free(m->outright.said);
	sk_free(m->outright.pairs);
	sk_free(m->pairs);
	sk_map_release(&m->judged);
	sk_free(m->group);
	sk_free(m->diagnostics);
	match_results_release(&m->results);
}

int match_packages(const struct vulndb *db, const struct model_package *packages, size_t n_packages,
		   const struct match_options *opts, struct sk_arena *a, struct match_result *ret,
		   struct sk_err *err)
{
	struct matcher m = {
		.db = db,
		.opts = opts,
		.a = a,
		.err = err,
		.texts = {.db = db, .a = a},
		.results = {.db = db,
			    .opts = opts,
			    .a = a,
			    .packages = packages,
			    .n_packages = n_packages},
	};
	int r = 0;

	if (n_packages > UINT32_MAX / 2)
		return sk_err_set(err, SK_E_LIMIT, "too many packages");
	if (opts->ignores != NULL)
		m.results.ignore_used = sk_alloc(opts->ignores->n_rules * sizeof(bool));
	sk_arena_expect(a, n_packages < MANY_PACKAGES ? n_packages * RESULTS_SIZE
						      : (size_t)MANY_PACKAGES * RESULTS_SIZE);
	for (size_t i = 0; i < n_packages && r == 0; i++)
		r = judge_package(&m, &packages[i]);
	if (r == 0) {
		report_diagnostics(&m);
		match_hand_over(&m.results, ret);
		ret->n_unjudged = count_unjudged(&m);
		ret->n_diagnostics = m.n_diagnostics;
		ret->diagnostics =
			to_arena(a, m.diagnostics, m.n_diagnostics, sizeof(*m.diagnostics));
	}
	matcher_release(&m);
	return r;
}
