/* SPDX-License-Identifier: Apache-2.0 */
/* Collects documents: texts are numbered, equal lists are kept once, the newest document wins. */
#include "base/alloc.h"
#include "vulndb/merge-priv.h"

static void intern_init(struct vulndb_intern *t, struct sk_arena *arena)
{
	*t = (struct vulndb_intern){.arena = arena};
	(void)vulndb_intern(t, sk_span_of("", 0));
}

uint32_t vulndb_intern(struct vulndb_intern *t, struct sk_span s)
{
	uint64_t found;

	if (s.len == 0)
		s.ptr = "";
	if (sk_map_get(&t->map, s, &found))
		return (uint32_t)found;
	if (t->n == UINT32_MAX)
		abort(); /* memory ends long before */
	SK_GROW(t->texts, t->n, t->cap);
	t->texts[t->n] = sk_span_of(sk_arena_str(t->arena, s), s.len);
	(void)sk_map_put(&t->map, t->texts[t->n], t->n);
	return (uint32_t)t->n++;
}

static void intern_release(struct vulndb_intern *t)
{
	sk_map_release(&t->map);
	sk_free(t->texts);
}

void vulndb_merge_init(struct vulndb_merge *m)
{
	*m = (struct vulndb_merge){.arena = sk_arena_new()};
	intern_init(&m->texts, m->arena);
	intern_init(&m->long_texts, m->arena);
	intern_init(&m->bodies, m->arena);
	intern_init(&m->attrs, m->arena);
}

void vulndb_merge_release(struct vulndb_merge *m)
{
	intern_release(&m->texts);
	intern_release(&m->long_texts);
	sk_free(m->long_lists);
	intern_release(&m->bodies);
	intern_release(&m->attrs);
	sk_map_release(&m->by_key);
	sk_map_release(&m->modules);
	sk_free(m->module_links);
	sk_map_release(&m->vuln_by_id);
	sk_free(m->docs);
	sk_free(m->claims);
	sk_free(m->lists);
	sk_free(m->cvss);
	sk_free(m->vulns);
	sk_free(m->links);
	sk_free(m->skips);
	sk_free(m->eols);
	sk_free(m->repos);
	sk_arena_free(m->arena);
}

void vulndb_merge_skip(struct vulndb_merge *m, struct sk_span feed, struct sk_span reason,
		       struct sk_span example, uint64_t n)
{
	uint32_t f = vulndb_intern(&m->texts, feed);
	uint32_t r = vulndb_intern(&m->texts, reason);

	for (size_t i = 0; i < m->n_skips; i++) {
		if (m->skips[i].feed == f && m->skips[i].reason == r) {
			m->skips[i].n += n;
			return;
		}
	}
	SK_GROW(m->skips, m->n_skips, m->skips_cap);
	m->skips[m->n_skips++] = (struct vulndb_mskip){f, r, vulndb_intern(&m->texts, example), n};
}

static uint32_t add_list(struct vulndb_merge *m, const struct sk_span *texts, size_t n)
{
	uint32_t start = (uint32_t)m->n_lists;

	for (size_t i = 0; i < n; i++) {
		uint32_t text = vulndb_intern(&m->texts, texts[i]);

		SK_GROW(m->lists, m->n_lists, m->lists_cap);
		m->lists[m->n_lists++] = text;
	}
	return start;
}

static uint32_t add_body(struct vulndb_merge *m, const struct vulndb_doc_claim *c,
			 struct sk_buf *tmp)
{
	sk_buf_reset(tmp);
	(void)sk_buf_add(tmp, &c->n_ranges, sizeof(c->n_ranges));
	for (uint32_t i = 0; i < c->n_ranges; i++) {
		uint32_t bounds[3] = {
			vulndb_intern(&m->texts, c->ranges[i].introduced),
			vulndb_intern(&m->texts, c->ranges[i].fixed),
			vulndb_intern(&m->texts, c->ranges[i].last_affected),
		};

		(void)sk_buf_add(tmp, bounds, sizeof(bounds));
	}
	for (uint32_t i = 0; i < c->n_versions; i++) {
		uint32_t text = vulndb_intern(&m->texts, c->versions[i]);

		(void)sk_buf_add(tmp, &text, sizeof(text));
	}
	return vulndb_intern(&m->bodies, sk_buf_span(tmp));
}

static void add_claim(struct vulndb_merge *m, uint32_t doc, const struct vulndb_doc_claim *c,
		      struct sk_buf *tmp)
{
	struct vulndb_mattr attr = {
		.state = (uint8_t)c->state,
		.flags = (uint8_t)c->flags,
		.severity = (uint8_t)c->severity,
		.module = vulndb_intern(&m->texts, c->module),
		.arch = vulndb_intern(&m->texts, c->arch),
	};

	SK_GROW(m->claims, m->n_claims, m->claims_cap);
	m->claims[m->n_claims++] = (struct vulndb_mclaim){
		.doc = doc,
		.ecosystem = vulndb_intern(&m->texts, c->ecosystem),
		.name = vulndb_intern(&m->texts, c->name),
		.attr = vulndb_intern(&m->attrs, sk_span_of(&attr, sizeof(attr))),
		.body = add_body(m, c, tmp),
		.unless = vulndb_intern(&m->texts, c->unless),
	};
	m->docs[doc].n_claims++;
}

static void fill_text(struct vulndb_merge *m, const struct vulndb_doc *d, struct vulndb_mdoc *out)
{
	out->summary = vulndb_intern(&m->long_texts, d->summary);
	out->references = (uint32_t)m->n_long_lists;
	out->n_references = (uint32_t)d->n_references;
	for (size_t i = 0; i < d->n_references; i++) {
		uint32_t text = vulndb_intern(&m->long_texts, d->references[i]);

		SK_GROW(m->long_lists, m->n_long_lists, m->long_lists_cap);
		m->long_lists[m->n_long_lists++] = text;
	}
}

static void fill_doc(struct vulndb_merge *m, const struct vulndb_doc *d, struct vulndb_mdoc *out)
{
	out->id = vulndb_intern(&m->texts, d->id);
	out->feed = vulndb_intern(&m->texts, sk_span_str(d->feed));
	out->severity_source = vulndb_intern(&m->texts, sk_span_str(d->severity_source));
	out->severity = (uint8_t)d->severity;
	out->n_aliases = (uint32_t)d->n_aliases;
	out->aliases = add_list(m, d->aliases, d->n_aliases);
	out->n_closes = (uint32_t)d->n_closes;
	out->closes = add_list(m, d->closes, d->n_closes);
	out->cvss = (uint32_t)m->n_cvss;
	out->n_cvss = (uint32_t)d->n_cvss;
	for (size_t i = 0; i < d->n_cvss; i++) {
		SK_GROW(m->cvss, m->n_cvss, m->cvss_cap);
		m->cvss[m->n_cvss++] = (struct vulndb_mcvss){
			vulndb_intern(&m->texts, d->cvss[i].vector),
			vulndb_intern(&m->texts, sk_span_str(d->cvss[i].source))};
	}
	if (m->keep_text)
		fill_text(m, d, out);
	out->notice = d->notice;
	out->withdrawn = d->withdrawn;
	out->signal = d->signal;
	out->partial = d->partial;
	out->stand_in = d->stand_in;
	out->published = d->published;
	out->modified = d->modified;
	out->kev = d->kev;
	out->kev_ransomware = d->kev_ransomware;
	out->kev_added = d->kev_added;
	out->epss = d->epss;
	out->epss_score = d->epss_score;
	out->epss_percentile = d->epss_percentile;
}

static uint64_t fingerprint(const struct vulndb_doc *d)
{
	uint64_t h = sk_hash64(d->summary) + d->n_aliases;

	for (size_t i = 0; i < d->n_claims; i++) {
		h = h * 31 + sk_hash64(d->claims[i].ecosystem);
		h = h * 31 + sk_hash64(d->claims[i].name);
		for (uint32_t k = 0; k < d->claims[i].n_ranges; k++)
			h = h * 31 + sk_hash64(d->claims[i].ranges[k].fixed);
	}
	return h;
}

/* The newer document of one identifier speaks; between equals their content decides. */
static bool replaces(const struct vulndb_mdoc *new, const struct vulndb_mdoc *old)
{
	if (new->modified != old->modified)
		return new->modified > old->modified;
	return new->fingerprint > old->fingerprint;
}

/* What another part of a document knows of aliases, behind those known. */
static void add_aliases(struct vulndb_merge *m, struct vulndb_mdoc *doc, const struct vulndb_doc *d)
{
	uint32_t start = (uint32_t)m->n_lists;

	if (d->n_aliases == 0)
		return;
	for (uint32_t i = 0; i < doc->n_aliases; i++) {
		uint32_t text = m->lists[doc->aliases + i];

		SK_GROW(m->lists, m->n_lists, m->lists_cap);
		m->lists[m->n_lists++] = text;
	}
	(void)add_list(m, d->aliases, d->n_aliases);
	doc->aliases = start;
	doc->n_aliases += (uint32_t)d->n_aliases;
}

static void merge_doc(struct vulndb_merge *m, const struct vulndb_doc *d, struct sk_buf *tmp)
{
	struct sk_span key;
	struct vulndb_mdoc doc = {0};
	uint64_t *slot;
	size_t before;

	fill_doc(m, d, &doc);
	doc.fingerprint = fingerprint(d);
	key = sk_span_str(sk_arena_printf(m->arena, "%u %u", doc.feed, doc.id));
	before = m->by_key.n_items;
	slot = sk_map_put(&m->by_key, key, m->n_docs);
	if (m->by_key.n_items == before && doc.partial) {
		add_aliases(m, &m->docs[*slot], d);
		for (size_t i = 0; i < d->n_claims; i++)
			add_claim(m, (uint32_t)*slot, &d->claims[i], tmp);
		return;
	}
	if (m->by_key.n_items == before) {
		struct vulndb_mdoc *old = &m->docs[*slot];

		vulndb_merge_skip(m, vulndb_text_of(m, doc.feed),
				  sk_span_str("older document of a repeated id"), d->id, 1);
		if (!replaces(&doc, old))
			return;
		old->dead = true;
		*slot = m->n_docs;
	}
	SK_GROW(m->docs, m->n_docs, m->docs_cap);
	m->docs[m->n_docs++] = doc;
	for (size_t i = 0; i < d->n_claims; i++)
		add_claim(m, (uint32_t)(m->n_docs - 1), &d->claims[i], tmp);
}

static void add_module(struct vulndb_merge *m, const struct vulndb_module *mod)
{
	uint32_t advisory = vulndb_intern(&m->texts, mod->advisory);
	uint32_t module = vulndb_intern(&m->texts, mod->module);
	uint64_t *head = sk_map_put(&m->modules, vulndb_text_of(m, advisory), 0);

	for (uint64_t l = *head; l != 0; l = m->module_links[l - 1].next) {
		if (m->module_links[l - 1].id == module)
			return;
	}
	SK_GROW(m->module_links, m->n_module_links, m->module_links_cap);
	m->module_links[m->n_module_links++] = (struct vulndb_alias_link){module, (uint32_t)*head};
	*head = m->n_module_links;
}

void vulndb_merge_batch(struct vulndb_merge *m, const struct vulndb_batch *b)
{
	struct sk_buf tmp;

	sk_buf_init(&tmp, SIZE_MAX / 2);
	for (size_t i = 0; i < b->n_docs; i++)
		merge_doc(m, b->docs[i], &tmp);
	sk_buf_release(&tmp);
	for (size_t i = 0; i < b->n_skips; i++)
		vulndb_merge_skip(m, sk_span_str(b->skips[i].feed), sk_span_str(b->skips[i].reason),
				  b->skips[i].example, b->skips[i].n);
	for (size_t i = 0; i < b->n_modules; i++)
		add_module(m, &b->modules[i]);
	for (size_t i = 0; i < b->n_eols; i++) {
		SK_GROW(m->eols, m->n_eols, m->eols_cap);
		m->eols[m->n_eols++] = (struct vulndb_eol){
			vulndb_text_of(m, vulndb_intern(&m->texts, b->eols[i].product)),
			vulndb_text_of(m, vulndb_intern(&m->texts, b->eols[i].cycle)),
			b->eols[i].date};
	}
	for (size_t i = 0; i < b->n_repos; i++) {
		SK_GROW(m->repos, m->n_repos, m->repos_cap);
		m->repos[m->n_repos++] = (struct vulndb_repo){
			vulndb_text_of(m, vulndb_intern(&m->texts, b->repos[i].name)),
			vulndb_text_of(m, vulndb_intern(&m->texts, b->repos[i].cpe))};
	}
}
