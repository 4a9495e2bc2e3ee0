/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packages × advisories → findings. Each package is asked for under its names; every claim is
 * judged against its version; what is said of one vulnerability is weighed together (weigh.c).
 */
#include "base/alloc.h"
#include "match/matcher.h"

enum {
	RESULTS_SIZE = 2048,  /* bytes a package that has findings, roughly */
	MANY_PACKAGES = 8192, /* memory is not expected for more than these */
};

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

static void keep_clean(struct match_cleans *l, size_t said)
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
	return match_damaged_claim(m, r);
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
	return match_damaged_claim(m, r);
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
		return match_damaged_claim(m, r);
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
		said->level = asked < s->scope->n_specific ? 0 : MATCH_RANKS_A_LEVEL;
		r = match_claim_judge(s, said, bounds);
		if (r < 0)
			return match_damaged_claim(m, r);
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

static int judge_subject(struct matcher *m, const struct match_subject *s)
{
	struct match_bounds bounds = {0};
	int r = 0;

	m->n_said = m->n_hits = m->n_others = m->n_pairs = 0;
	m->outside.n = m->outright.n = 0;
	m->outside.expanded = m->outright.expanded = false;
	for (size_t i = 0; i < s->scope->n_asked && r == 0; i++)
		r = ask_names(m, s, i, &bounds);
	if (r < 0)
		return r;
	match_report_bad_bound(m, s, &bounds);
	return match_weigh(m, s);
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
		match_diagnose(m, MODEL_DIAGNOSTIC_WARNING, p->id,
			       "the package has no version and was not judged");
		return 0;
	}
	if (version_compare(scope->scheme, s.version, s.version, &o) < 0 ||
	    (!sk_span_eq(s.source_version, s.version) &&
	     version_compare(scope->scheme, s.source_version, s.source_version, &o) < 0)) {
		/* enumerated versions still can equal as text */
		match_diagnose(
			m, MODEL_DIAGNOSTIC_WARNING, p->id,
			sk_arena_printf(m->a,
					"version %s has no place in the order of %s: ranges were "
					"not judged",
					match_quoted(m, s.version), p->ecosystem));
		s.unordered = true;
	}
	return judge_and_deliver(m, &s);
}

static size_t count_unjudged(const struct matcher *m)
{
	size_t n = m->n_without_ecosystem + m->n_without_version;

	for (size_t i = 0; i < m->n_scopes; i++)
		n += m->scopes[i]->known ? 0 : m->scopes[i]->n_packages;
	return n;
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
		match_report(&m);
		match_hand_over(&m.results, ret);
		ret->n_unjudged = count_unjudged(&m);
		ret->n_diagnostics = m.n_diagnostics;
		ret->diagnostics =
			to_arena(a, m.diagnostics, m.n_diagnostics, sizeof(*m.diagnostics));
	}
	matcher_release(&m);
	return r;
}
