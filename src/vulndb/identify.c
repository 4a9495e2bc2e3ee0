/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is who: every live document gets its vulnerabilities. A CVE is never joined with another CVE;
 * identifiers without one are joined through their aliases. docs/advisories.md, "Identity".
 */
#include "base/alloc.h"
#include "vulndb/cvss.h"
#include "vulndb/merge-priv.h"

/* What is known of an identifier that is no CVE. */
struct id_node {
	uint32_t parent; /* union-find, index into nodes */
	uint32_t text;
	uint32_t cve;  /* the only CVE that it is said to be, 0: none */
	bool several;  /* more than one CVE */
	bool document; /* a live document has this identifier */
};

struct identify {
	struct vulndb_merge *m;
	struct id_node *nodes;
	size_t n_nodes, nodes_cap;
	uint32_t *order;   /* documents by feed and identifier, whatever the order of the input */
	uint32_t *node_of; /* by text, 0: none, else index + 1 */
	bool *is_cve;      /* by text */
};

static uint32_t node_for(struct identify *s, uint32_t text)
{
	if (s->node_of[text] == 0) {
		SK_GROW(s->nodes, s->n_nodes, s->nodes_cap);
		s->nodes[s->n_nodes] =
			(struct id_node){.parent = (uint32_t)s->n_nodes, .text = text};
		s->node_of[text] = (uint32_t)++s->n_nodes;
	}
	return s->node_of[text] - 1;
}

static uint32_t root_of(struct identify *s, uint32_t n)
{
	while (s->nodes[n].parent != n) {
		s->nodes[n].parent = s->nodes[s->nodes[n].parent].parent;
		n = s->nodes[n].parent;
	}
	return n;
}

static void note_cve(struct identify *s, uint32_t index, uint32_t cve)
{
	struct id_node *node = &s->nodes[index];

	if (node->cve != 0 && node->cve != cve)
		node->several = true;
	node->cve = cve;
}

/* Distinct CVEs of a list, appended to m->lists; returns how many. */
static uint32_t collect_cves(struct identify *s, uint32_t start, uint32_t n, uint32_t at)
{
	struct vulndb_merge *m = s->m;
	uint32_t count = 0;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t text = m->lists[start + i];
		bool seen = false;

		for (uint32_t k = 0; k < count && !seen; k++)
			seen = m->lists[at + k] == text;
		if (!s->is_cve[text] || seen)
			continue;
		SK_GROW(m->lists, m->n_lists, m->lists_cap);
		m->lists[m->n_lists++] = text;
		count++;
	}
	return count;
}

/* CVEs that a document names itself; false when it has none and aliases must tell. */
static void own_cves(struct identify *s, struct vulndb_mdoc *d)
{
	struct vulndb_merge *m = s->m;

	d->vulns = (uint32_t)m->n_lists;
	if (s->is_cve[d->id]) {
		SK_GROW(m->lists, m->n_lists, m->lists_cap);
		m->lists[m->n_lists++] = d->id;
		d->n_vulns = 1;
		return;
	}
	d->n_vulns = collect_cves(s, d->aliases, d->n_aliases, d->vulns);
	if (d->n_vulns == 0)
		d->n_vulns = collect_cves(s, d->closes, d->n_closes, d->vulns);
	else if (d->n_vulns == 1)
		note_cve(s, node_for(s, d->id), m->lists[d->vulns]);
}

static void note_aliases(struct identify *s, const struct vulndb_mdoc *d)
{
	bool own = d->n_vulns == 1 && d->n_closes == 0;
	uint32_t self;

	if (d->notice)
		return;
	for (uint32_t i = 0; i < d->n_aliases; i++) {
		uint32_t alias = s->m->lists[d->aliases + i];

		if (s->is_cve[alias])
			continue;
		if (own) {
			note_cve(s, node_for(s, alias), s->m->lists[d->vulns]);
		} else if (d->n_vulns == 0) {
			uint32_t other = root_of(s, node_for(s, alias));

			self = root_of(s, node_for(s, d->id));
			s->nodes[other].parent = self;
		}
	}
}

static int source_rank(struct sk_span id)
{
	static const char *const order[] = {"GHSA-", "GO-", "RUSTSEC-", "PYSEC-", "MAL-"};

	for (size_t i = 0; i < SK_ARRAY_LEN(order); i++) {
		if (sk_span_starts(id, order[i]))
			return (int)i;
	}
	return (int)SK_ARRAY_LEN(order);
}

/* The identifier by which a group without a CVE goes. */
static bool better_name(struct identify *s, uint32_t a, uint32_t b)
{
	struct sk_span ta = vulndb_text_of(s->m, s->nodes[a].text);
	struct sk_span tb = vulndb_text_of(s->m, s->nodes[b].text);

	if (s->nodes[a].document != s->nodes[b].document)
		return s->nodes[a].document;
	if (source_rank(ta) != source_rank(tb))
		return source_rank(ta) < source_rank(tb);
	return sk_span_cmp(ta, tb) < 0;
}

/* One vulnerability for a group: its only CVE, else its best name; 0 when it has several CVEs. */
static void resolve_groups(struct identify *s, uint32_t *ret_answer)
{
	uint32_t *best = sk_realloc_array(NULL, s->n_nodes + 1, sizeof(*best));

	for (size_t i = 0; i < s->n_nodes; i++)
		best[i] = UINT32_MAX;
	for (uint32_t i = 0; i < s->n_nodes; i++) {
		uint32_t root = root_of(s, i);

		if (best[root] == UINT32_MAX || better_name(s, i, best[root]))
			best[root] = i;
		if (s->nodes[i].several)
			s->nodes[root].several = true;
		else if (s->nodes[i].cve != 0)
			note_cve(s, root, s->nodes[i].cve);
	}
	for (uint32_t i = 0; i < s->n_nodes; i++) {
		uint32_t root = root_of(s, i);

		if (s->nodes[root].several)
			ret_answer[i] = s->nodes[i].several || s->nodes[i].cve == 0
						? s->nodes[i].text
						: s->nodes[i].cve;
		else if (s->nodes[root].cve != 0)
			ret_answer[i] = s->nodes[root].cve;
		else
			ret_answer[i] = s->nodes[best[root]].text;
	}
	sk_free(best);
}

static uint32_t vuln_for(struct vulndb_merge *m, uint32_t id)
{
	struct sk_span text = vulndb_text_of(m, id);
	size_t before = m->vuln_by_id.n_items;
	uint64_t *slot = sk_map_put(&m->vuln_by_id, text, m->n_vulns);

	if (m->vuln_by_id.n_items != before) {
		SK_GROW(m->vulns, m->n_vulns, m->vulns_cap);
		m->vulns[m->n_vulns++] = (struct vulndb_mvuln){
			.id = id, .cvss_rank = INT32_MAX, .severity_rank = INT32_MAX};
	}
	return (uint32_t)*slot;
}

static void add_alias(struct vulndb_merge *m, struct vulndb_mvuln *v, uint32_t id)
{
	if (id == v->id)
		return;
	for (uint32_t l = v->aliases_head; l != 0; l = m->links[l].next) {
		if (m->links[l].id == id)
			return;
	}
	if (m->n_links == 0) {
		SK_GROW(m->links, m->n_links, m->links_cap);
		m->links[m->n_links++] = (struct vulndb_alias_link){0};
	}
	SK_GROW(m->links, m->n_links, m->links_cap);
	m->links[m->n_links] = (struct vulndb_alias_link){id, v->aliases_head};
	v->aliases_head = (uint32_t)m->n_links++;
}

/* Lower is better: who is believed about a vulnerability where the vendor says nothing. */
static int rating_rank(struct sk_span source)
{
	static const char *const order[] = {"GHSA",    "Vulnrichment", "NVD",     "Go",
					    "PyPA",    "RustSec",      "Red Hat", "Ubuntu",
					    "Bitnami", "BellSoft",     "OpenSSF"};

	for (size_t i = 0; i < SK_ARRAY_LEN(order); i++) {
		if (sk_span_eq_str(source, order[i]))
			return (int)i * 2;
	}
	return (int)SK_ARRAY_LEN(order) * 2;
}

static void rate(struct vulndb_merge *m, const struct vulndb_mdoc *d, struct vulndb_mvuln *v)
{
	if (d->severity != MODEL_SEVERITY_UNKNOWN && d->severity_source != 0) {
		int rank = rating_rank(vulndb_text_of(m, d->severity_source));

		if (rank < v->severity_rank) {
			v->severity_rank = rank;
			v->severity = d->severity;
			v->severity_source = d->severity_source;
		}
	}
	for (uint32_t i = 0; i < d->n_cvss; i++) {
		const struct vulndb_mcvss *c = &m->cvss[d->cvss + i];
		int rank = rating_rank(vulndb_text_of(m, c->source)) + 1;
		struct vulndb_cvss_score score;

		if (!vulndb_cvss_score(vulndb_text_of(m, c->vector), &score))
			continue;
		if (score.version == VULNDB_CVSS_2)
			rank += 100; /* only where nobody gives a newer one */
		if (rank < v->severity_rank) {
			v->severity_rank = rank;
			v->severity = (uint8_t)model_severity_of_score(score.base);
			v->severity_source = c->source;
		}
		/* Of several by one source the newest system that it gives first. */
		if (rank < v->cvss_rank) {
			v->cvss_rank = rank;
			v->cvss = c->vector;
			v->cvss_source = c->source;
		}
	}
}

static void add_facts(struct vulndb_merge *m, const struct vulndb_mdoc *d, struct vulndb_mvuln *v)
{
	rate(m, d, v);
	if (!d->notice && d->published != 0 && (v->published == 0 || d->published < v->published))
		v->published = d->published;
	if (d->kev) {
		v->kev = true;
		v->kev_ransomware = v->kev_ransomware || d->kev_ransomware;
		v->kev_added = d->kev_added;
	}
	if (d->epss) {
		v->epss = true;
		v->epss_score = d->epss_score;
		v->epss_percentile = d->epss_percentile;
	}
}

static void name_vulns(struct identify *s, struct vulndb_mdoc *d, const uint32_t *answer)
{
	struct vulndb_merge *m = s->m;

	if (d->n_vulns == 0) {
		uint32_t node = s->node_of[d->id];

		d->vulns = (uint32_t)m->n_lists;
		d->n_vulns = 1;
		SK_GROW(m->lists, m->n_lists, m->lists_cap);
		m->lists[m->n_lists++] = node != 0 ? answer[node - 1] : d->id;
	}
	for (uint32_t i = 0; i < d->n_vulns; i++) {
		uint32_t v = vuln_for(m, m->lists[d->vulns + i]);

		m->lists[d->vulns + i] = v; /* from identifiers to vulnerabilities */
		if (d->notice || d->n_closes != 0)
			continue;
		add_alias(m, &m->vulns[v], d->id);
		for (uint32_t k = 0; k < d->n_aliases && d->n_vulns == 1; k++) {
			uint32_t alias = m->lists[d->aliases + k];

			if (!s->is_cve[alias])
				add_alias(m, &m->vulns[v], alias);
		}
	}
}

static void learn_facts(struct identify *s)
{
	struct vulndb_merge *m = s->m;

	for (size_t i = 0; i < m->n_docs; i++) {
		const struct vulndb_mdoc *d = &m->docs[s->order[i]];
		uint64_t v;

		if (d->dead || d->withdrawn)
			continue;
		if (d->signal || d->n_claims == 0) {
			if (sk_map_get(&m->vuln_by_id, vulndb_text_of(m, d->id), &v))
				add_facts(m, d, &m->vulns[v]);
		} else if (d->n_vulns == 1) {
			add_facts(m, d, &m->vulns[m->lists[d->vulns]]);
		}
	}
	/* A vulnerability that only notices name became known with the first of them. */
	for (size_t i = 0; i < m->n_docs; i++) {
		const struct vulndb_mdoc *d = &m->docs[i];

		for (uint32_t k = 0; k < d->n_vulns && !d->dead && d->n_claims != 0; k++) {
			struct vulndb_mvuln *v = &m->vulns[m->lists[d->vulns + k]];

			/* Negative while it is only a notice's date, so that the earliest is kept.
			 */
			if (d->notice && d->published != 0 &&
			    (v->published == 0 ||
			     (v->published < 0 && -d->published > v->published)))
				v->published = -d->published;
		}
	}
	for (size_t i = 0; i < m->n_vulns; i++) {
		if (m->vulns[i].published < 0)
			m->vulns[i].published = -m->vulns[i].published;
	}
}

static int cmp_doc(const void *pa, const void *pb, void *ctx)
{
	const struct vulndb_merge *m = ctx;
	const struct vulndb_mdoc *a = &m->docs[*(const uint32_t *)pa];
	const struct vulndb_mdoc *b = &m->docs[*(const uint32_t *)pb];
	int r = a->feed == b->feed
			? 0
			: sk_span_cmp(vulndb_text_of(m, a->feed), vulndb_text_of(m, b->feed));

	if (r == 0)
		r = sk_span_cmp(vulndb_text_of(m, a->id), vulndb_text_of(m, b->id));
	return r != 0 ? r : (int)a->dead - (int)b->dead;
}

static uint32_t *order_docs(struct vulndb_merge *m)
{
	uint32_t *order = sk_realloc_array(NULL, m->n_docs + 1, sizeof(*order));

	for (size_t i = 0; i < m->n_docs; i++)
		order[i] = (uint32_t)i;
	if (m->n_docs > 1)
		qsort_r(order, m->n_docs, sizeof(*order), cmp_doc, m);
	return order;
}

void vulndb_identify(struct vulndb_merge *m)
{
	struct identify s = {.m = m};
	size_t n_texts = m->texts.n;
	uint32_t *answer;

	s.order = order_docs(m);
	s.node_of = sk_alloc(n_texts * sizeof(*s.node_of));
	s.is_cve = sk_alloc(n_texts * sizeof(*s.is_cve));
	for (size_t i = 0; i < n_texts; i++)
		s.is_cve[i] = vulndb_is_cve(m->texts.texts[i]);
	for (size_t i = 0; i < m->n_docs; i++) {
		struct vulndb_mdoc *d = &m->docs[s.order[i]];

		if (d->dead || d->signal || d->n_claims == 0)
			continue;
		own_cves(&s, d);
		if (d->n_vulns == 0) {
			uint32_t node = node_for(&s, d->id);

			s.nodes[node].document = true;
		}
		note_aliases(&s, d);
	}
	answer = sk_alloc((s.n_nodes + 1) * sizeof(*answer));
	resolve_groups(&s, answer);
	for (size_t i = 0; i < m->n_docs; i++) {
		struct vulndb_mdoc *d = &m->docs[s.order[i]];

		if (!d->dead && !d->signal && d->n_claims != 0)
			name_vulns(&s, d, answer);
	}
	learn_facts(&s);
	sk_free(answer);
	sk_free(s.nodes);
	sk_free(s.order);
	sk_free(s.node_of);
	sk_free(s.is_cve);
}
