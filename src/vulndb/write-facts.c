/* SPDX-License-Identifier: Apache-2.0 */
/* Sections of releases, texts, vulnerabilities, feeds and advisories, and the small ones. */
#include "base/alloc.h"
#include "vulndb/cvss.h"
#include "vulndb/write-priv.h"

/* --- which documents, releases, identifiers are in use --- */

void vulndb_w_put_scopes(struct writer *w)
{
	struct vulndb_merge *m = w->m;
	struct text_ref *refs;
	size_t n;

	w->scope_index = vulndb_w_marks(w);
	for (size_t i = 0; i < m->n_claims; i++) {
		if (vulndb_w_claim_lives(m, &m->claims[i]))
			w->scope_index[m->claims[i].ecosystem] = 1;
	}
	refs = vulndb_w_sort_texts(m, w->scope_index, &n, vulndb_w_cmp_text);
	vulndb_w_put_blobs(w, VULNDB_SECTION_SCOPES, refs, n);
	sk_free(refs);
}

void vulndb_w_put_strings(struct writer *w)
{
	struct vulndb_merge *m = w->m;
	struct text_ref *refs;
	size_t n;

	w->string_index = vulndb_w_marks(w);
	w->string_index[0] = 1;
	for (size_t i = 0; i < m->attrs.n; i++) {
		struct vulndb_mattr a;

		if (m->attrs.texts[i].len != sizeof(a))
			continue;
		memcpy(&a, m->attrs.texts[i].ptr, sizeof(a));
		w->string_index[a.module] = 1;
		w->string_index[a.arch] = 1;
	}
	for (size_t i = 0; i < m->n_vulns; i++) {
		w->string_index[m->vulns[i].severity_source] = 1;
		w->string_index[m->vulns[i].cvss_source] = 1;
	}
	for (size_t i = 0; i < m->n_repos; i++)
		w->string_index[vulndb_intern(&m->texts, m->repos[i].cpe)] = 1;
	refs = vulndb_w_sort_texts(m, w->string_index, &n, vulndb_w_cmp_text);
	vulndb_w_put_blobs(w, VULNDB_SECTION_STRINGS, refs, n);
	sk_free(refs);
}

struct attr_ref {
	struct vulndb_mattr a;
	struct sk_span module, arch;
	uint32_t attr;
	uint32_t count;
};

static int cmp_attr(const void *pa, const void *pb)
{
	const struct attr_ref *a = pa;
	const struct attr_ref *b = pb;
	int r;

	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	r = memcmp(&a->a, &b->a, 3);
	if (r == 0)
		r = sk_span_cmp(a->module, b->module);
	return r != 0 ? r : sk_span_cmp(a->arch, b->arch);
}

/* Frequent ones first: their numbers are short. */
void vulndb_w_put_attrs(struct writer *w)
{
	struct vulndb_merge *m = w->m;
	struct attr_ref *refs = sk_alloc((m->attrs.n + 1) * sizeof(*refs));
	struct sk_buf *out = &w->sections[VULNDB_SECTION_ATTRS];
	size_t n = 0;

	w->attr_rank = sk_alloc((m->attrs.n + 1) * sizeof(uint32_t));
	for (size_t i = 0; i < m->n_claims; i++) {
		if (vulndb_w_claim_lives(m, &m->claims[i]))
			w->attr_rank[m->claims[i].attr]++;
	}
	for (size_t i = 0; i < m->attrs.n; i++) {
		if (w->attr_rank[i] == 0)
			continue;
		refs[n].attr = (uint32_t)i;
		refs[n].count = w->attr_rank[i];
		memcpy(&refs[n].a, m->attrs.texts[i].ptr, sizeof(refs[n].a));
		refs[n].module = vulndb_text_of(m, refs[n].a.module);
		refs[n].arch = vulndb_text_of(m, refs[n].a.arch);
		n++;
	}
	vulndb_sort(refs, n, sizeof(*refs), cmp_attr);
	for (size_t i = 0; i < n; i++) {
		const uint8_t head[4] = {refs[i].a.state, refs[i].a.flags, refs[i].a.severity, 0};

		w->attr_rank[refs[i].attr] = (uint32_t)i;
		(void)sk_buf_add(out, head, sizeof(head));
		vulndb_put_le32(out, w->string_index[refs[i].a.module]);
		vulndb_put_le32(out, w->string_index[refs[i].a.arch]);
	}
	w->n_items[VULNDB_SECTION_ATTRS] = (uint32_t)n;
	sk_free(refs);
}

void vulndb_w_put_ids(struct writer *w)
{
	struct vulndb_merge *m = w->m;
	struct text_ref *refs;
	struct table t;
	size_t n;

	w->id_index = vulndb_w_marks(w);
	for (size_t i = 0; i < m->n_docs; i++) {
		if (vulndb_w_doc_lives(&m->docs[i]))
			w->id_index[m->docs[i].id] = 1;
	}
	for (size_t i = 0; i < m->n_vulns; i++) {
		w->id_index[m->vulns[i].id] = 1;
		for (uint32_t l = m->vulns[i].aliases_head; l != 0; l = m->links[l].next)
			w->id_index[m->links[l].id] = 1;
	}
	refs = vulndb_w_sort_texts(m, w->id_index, &n, vulndb_w_cmp_id);
	vulndb_w_table_init(&t);
	for (size_t i = 0; i < n; i++) {
		if (i % VULNDB_ID_BLOCK == 0)
			vulndb_w_table_start(&t);
		vulndb_put_front(&t.data,
				 i % VULNDB_ID_BLOCK != 0 ? refs[i - 1].s : sk_span_of("", 0),
				 refs[i].s);
	}
	vulndb_w_table_finish(w, VULNDB_SECTION_IDS, &t, n);
	sk_free(refs);
}

/* --- vulnerabilities --- */

/* Distinct vectors with their scores; fills @index by text. */
static void put_cvss(struct writer *w, uint32_t *index)
{
	struct vulndb_merge *m = w->m;
	struct text_ref *refs;
	struct table t;
	size_t n;

	for (size_t i = 0; i < m->n_vulns; i++) {
		if (m->vulns[i].cvss != 0)
			index[m->vulns[i].cvss] = 1;
	}
	refs = vulndb_w_sort_texts(m, index, &n, vulndb_w_cmp_text);
	vulndb_w_table_init(&t);
	for (size_t i = 0; i < n; i++) {
		struct vulndb_cvss_score score = {0};
		uint8_t head[2];

		(void)!vulndb_cvss_score(refs[i].s, &score); /* it had a score when it was chosen */
		head[0] = (uint8_t)score.version;
		head[1] = (uint8_t)(score.base * 10 + 0.5);
		vulndb_w_table_start(&t);
		(void)sk_buf_add(&t.data, head, sizeof(head));
		vulndb_put_text(&t.data, refs[i].s);
	}
	vulndb_w_table_finish(w, VULNDB_SECTION_CVSS, &t, n);
	sk_free(refs);
}

/* Distinct pairs of score and percentile; @index by vulnerability. */
static void put_epss(struct writer *w, uint32_t *index)
{
	struct vulndb_merge *m = w->m;
	struct number_ref *refs = sk_alloc((m->n_vulns + 1) * sizeof(*refs));
	struct sk_buf *out = &w->sections[VULNDB_SECTION_EPSS];
	uint64_t last = UINT64_MAX;
	size_t n = 0;
	uint32_t count = 0;

	for (size_t i = 0; i < m->n_vulns; i++) {
		if (m->vulns[i].epss)
			refs[n++] = (struct number_ref){(uint64_t)m->vulns[i].epss_score << 32 |
								m->vulns[i].epss_percentile,
							0, (uint32_t)i};
	}
	vulndb_sort(refs, n, sizeof(*refs), vulndb_w_cmp_number);
	for (size_t i = 0; i < n; i++) {
		if (refs[i].key != last) {
			vulndb_put_le32(out, (uint32_t)(refs[i].key >> 32));
			vulndb_put_le32(out, (uint32_t)refs[i].key);
			count++;
			last = refs[i].key;
		}
		index[refs[i].index] = count - 1;
	}
	w->n_items[VULNDB_SECTION_EPSS] = count;
	sk_free(refs);
}

static void put_aliases(struct writer *w, struct sk_buf *out, const struct vulndb_mvuln *v)
{
	uint32_t *ids = NULL;
	size_t n = 0;
	size_t cap = 0;
	uint32_t last = 0;

	for (uint32_t l = v->aliases_head; l != 0; l = w->m->links[l].next) {
		SK_GROW(ids, n, cap);
		ids[n++] = w->id_index[w->m->links[l].id];
	}
	if (n != 0)
		vulndb_sort(ids, n, sizeof(*ids), vulndb_w_cmp_u32);
	vulndb_put_u64(out, n);
	for (size_t i = 0; i < n; i++) {
		vulndb_put_u64(out, ids[i] - last);
		last = ids[i];
	}
	sk_free(ids);
}

static void put_vuln(struct writer *w, struct sk_buf *out, const struct vulndb_mvuln *v,
		     uint32_t last_id, const uint32_t *cvss_index, uint32_t epss)
{
	uint8_t flags = v->severity;

	flags |= v->kev ? VULNDB_VULN_KEV : 0;
	flags |= v->kev_ransomware ? VULNDB_VULN_RANSOMWARE : 0;
	flags |= v->epss ? VULNDB_VULN_EPSS : 0;
	flags |= v->cvss != 0 ? VULNDB_VULN_CVSS : 0;
	flags |= v->published != 0 ? VULNDB_VULN_PUBLISHED : 0;
	vulndb_put_u64(out, vulndb_zigzag((int64_t)w->id_index[v->id] - last_id));
	(void)sk_buf_add(out, &flags, 1);
	if (v->severity != 0)
		vulndb_put_u64(out, w->string_index[v->severity_source]);
	if (v->published != 0)
		vulndb_w_put_time(out, v->published);
	if (v->kev)
		vulndb_w_put_time(out, v->kev_added);
	if (v->epss)
		vulndb_put_u64(out, epss);
	if (v->cvss != 0) {
		vulndb_put_u64(out, cvss_index[v->cvss]);
		vulndb_put_u64(out, w->string_index[v->cvss_source]);
	}
	put_aliases(w, out, v);
}

void vulndb_w_put_vulns(struct writer *w)
{
	struct vulndb_merge *m = w->m;
	uint32_t *cvss_index = vulndb_w_marks(w);
	uint32_t *epss_index = sk_alloc((m->n_vulns + 1) * sizeof(uint32_t));
	struct number_ref *refs = sk_alloc((m->n_vulns + 1) * sizeof(*refs));
	struct table t;
	uint32_t last = 0;

	put_cvss(w, cvss_index);
	put_epss(w, epss_index);
	for (size_t i = 0; i < m->n_vulns; i++)
		refs[i] = (struct number_ref){w->id_index[m->vulns[i].id], 0, (uint32_t)i};
	vulndb_sort(refs, m->n_vulns, sizeof(*refs), vulndb_w_cmp_number);
	w->vuln_rank = sk_alloc((m->n_vulns + 1) * sizeof(uint32_t));
	w->vulns = sk_alloc((m->n_vulns + 1) * sizeof(struct vulndb_mvuln *));
	vulndb_w_table_init(&t);
	for (size_t i = 0; i < m->n_vulns; i++) {
		struct vulndb_mvuln *v = &m->vulns[refs[i].index];

		w->vuln_rank[refs[i].index] = (uint32_t)i;
		w->vulns[i] = v;
		if (i % VULNDB_FACT_BLOCK == 0) {
			vulndb_w_table_start(&t);
			last = 0;
		}
		put_vuln(w, &t.data, v, last, cvss_index, epss_index[refs[i].index]);
		last = w->id_index[v->id];
	}
	vulndb_w_table_finish(w, VULNDB_SECTION_VULNS, &t, m->n_vulns);
	sk_free(cvss_index);
	sk_free(epss_index);
	sk_free(refs);
}

/* --- feeds and advisories --- */

static void count_feed(struct writer *w, const struct vulndb_mdoc *d)
{
	struct vulndb_mfeed *f;
	int64_t date = d->modified != 0 ? d->modified : d->published;

	if (w->feed_index[d->feed] == 0) {
		SK_GROW(w->feeds, w->n_feeds, w->feeds_cap);
		w->feeds[w->n_feeds] = (struct vulndb_mfeed){.name = d->feed};
		w->feed_index[d->feed] = (uint32_t)++w->n_feeds;
	}
	f = &w->feeds[w->feed_index[d->feed] - 1];
	f->documents++;
	f->claims += d->n_claims;
	if (date == 0)
		return;
	if (f->oldest == 0 || date < f->oldest)
		f->oldest = date;
	if (date > f->newest)
		f->newest = date;
}

static void put_feed(struct writer *w, struct sk_buf *out, const struct vulndb_mfeed *f)
{
	struct vulndb_merge *m = w->m;
	uint64_t n = 0;

	vulndb_put_text(out, vulndb_text_of(m, f->name));
	vulndb_put_u64(out, f->documents);
	vulndb_put_u64(out, f->claims);
	vulndb_w_put_time(out, f->oldest);
	vulndb_w_put_time(out, f->newest);
	for (size_t i = 0; i < m->n_skips; i++)
		n += m->skips[i].feed == f->name;
	vulndb_put_u64(out, n);
	for (size_t i = 0; i < m->n_skips; i++) {
		if (m->skips[i].feed != f->name)
			continue;
		vulndb_put_text(out, vulndb_text_of(m, m->skips[i].reason));
		vulndb_put_u64(out, m->skips[i].n);
	}
}

static void add_feed(struct writer *w, uint32_t name)
{
	if (w->feed_index[name] != 0)
		return;
	SK_GROW(w->feeds, w->n_feeds, w->feeds_cap);
	w->feeds[w->n_feeds] = (struct vulndb_mfeed){.name = name};
	w->feed_index[name] = (uint32_t)++w->n_feeds;
}

static int cmp_skip(const void *pa, const void *pb, void *ctx)
{
	const struct vulndb_merge *m = ctx;
	const struct vulndb_mskip *a = pa;
	const struct vulndb_mskip *b = pb;

	return sk_span_cmp(vulndb_text_of(m, a->reason), vulndb_text_of(m, b->reason));
}

void vulndb_w_put_feeds(struct writer *w)
{
	struct vulndb_merge *m = w->m;
	struct text_ref *refs;
	uint32_t *mark = vulndb_w_marks(w);
	struct table t;
	size_t n;

	if (m->n_skips > 1)
		qsort_r(m->skips, m->n_skips, sizeof(*m->skips), cmp_skip, m);
	w->feed_index = vulndb_w_marks(w);
	for (size_t i = 0; i < m->n_docs; i++) {
		if (!m->docs[i].dead)
			count_feed(w, &m->docs[i]);
	}
	for (size_t i = 0; i < m->n_skips; i++)
		add_feed(w, m->skips[i].feed);
	for (size_t i = 0; i < w->n_feeds; i++)
		mark[w->feeds[i].name] = 1;
	refs = vulndb_w_sort_texts(m, mark, &n, vulndb_w_cmp_text);
	vulndb_w_table_init(&t);
	for (size_t i = 0; i < n; i++) {
		vulndb_w_table_start(&t);
		put_feed(w, &t.data, &w->feeds[w->feed_index[refs[i].text] - 1]);
	}
	vulndb_w_table_finish(w, VULNDB_SECTION_META, &t, n);
	for (size_t i = 0; i < n; i++)
		w->feed_index[refs[i].text] = (uint32_t)i;
	sk_free(refs);
	sk_free(mark);
}

/** struct coverage - a feed speaks of a family */
struct coverage {
	uint32_t feed; /* as META lists it */
	struct sk_span family;
};

/** struct coverages - few, a family or two for each feed */
struct coverages {
	struct coverage *items;
	size_t n, cap;
};

static int cmp_coverage(const void *pa, const void *pb)
{
	const struct coverage *a = pa;
	const struct coverage *b = pb;

	if (a->feed != b->feed)
		return a->feed < b->feed ? -1 : 1;
	return sk_span_cmp(a->family, b->family);
}

static void add_coverage(struct coverages *l, struct coverage c)
{
	/* Claims of one feed come one after the other. */
	for (size_t i = l->n; i-- > 0;) {
		if (cmp_coverage(&l->items[i], &c) == 0)
			return;
	}
	SK_GROW(l->items, l->n, l->cap);
	l->items[l->n++] = c;
}

/* Also where another feed is believed instead: then this one is as old as its documents all the
 * same. */
void vulndb_w_put_coverage(struct writer *w)
{
	const struct vulndb_merge *m = w->m;
	struct coverages l = {0};
	struct table t;

	for (size_t i = 0; i < m->n_claims; i++) {
		const struct vulndb_mclaim *c = &m->claims[i];
		struct sk_span name = vulndb_text_of(m, c->ecosystem);

		add_coverage(&l, (struct coverage){w->feed_index[m->docs[c->doc].feed],
						   sk_span_sub(name, 0, sk_span_find(name, ':'))});
	}
	if (l.n > 1)
		qsort(l.items, l.n, sizeof(*l.items), cmp_coverage);
	vulndb_w_table_init(&t);
	for (size_t feed = 0, at = 0; feed < w->n_feeds; feed++) {
		size_t end = at;

		while (end < l.n && l.items[end].feed == feed)
			end++;
		vulndb_w_table_start(&t);
		vulndb_put_u64(&t.data, end - at);
		for (; at < end; at++)
			vulndb_put_text(&t.data, l.items[at].family);
	}
	vulndb_w_table_finish(w, VULNDB_SECTION_COVERAGE, &t, w->n_feeds);
	sk_free(l.items);
}

static void put_advisory(struct writer *w, struct sk_buf *out, const struct vulndb_mdoc *d,
			 uint32_t last_id, uint32_t last_vuln)
{
	const uint32_t *vulns = w->m->lists + d->vulns;
	uint8_t flags = d->severity;
	/* A tracker's record has no history of its own: its date is the vulnerability's. */
	bool record = !d->notice && d->modified == 0 && w->vulns[vulns[0]]->published != 0;
	bool as_vuln =
		d->published != 0 && (record || w->vulns[vulns[0]]->published == d->published);

	flags |= d->withdrawn ? VULNDB_ADV_WITHDRAWN : 0;
	flags |= d->notice ? VULNDB_ADV_NOTICE : 0;
	flags |= d->published != 0 ? VULNDB_ADV_PUBLISHED : 0;
	flags |= as_vuln ? VULNDB_ADV_PUBLISHED_AS_VULN : 0;
	flags |= d->modified != 0 ? VULNDB_ADV_MODIFIED : 0;
	vulndb_put_u64(out, vulndb_zigzag((int64_t)w->id_index[d->id] - last_id));
	vulndb_put_u64(out, (uint64_t)w->feed_index[d->feed] << 1 | (d->n_vulns > 1));
	(void)sk_buf_add(out, &flags, 1);
	vulndb_put_u64(out, vulndb_zigzag((int64_t)vulns[0] - last_vuln));
	if (d->n_vulns > 1)
		vulndb_put_u64(out, d->n_vulns);
	if (d->published != 0 && !as_vuln)
		vulndb_w_put_time(out, d->published);
	if (d->modified != 0)
		vulndb_w_put_time(out, d->modified / 86400 * 86400); /* the day is enough */
	for (uint32_t i = 1; i < d->n_vulns; i++)
		vulndb_put_u64(out, vulns[i] - vulns[i - 1] - 1);
}

void vulndb_w_put_advisories(struct writer *w)
{
	struct vulndb_merge *m = w->m;
	struct number_ref *refs = sk_alloc((m->n_docs + 1) * sizeof(*refs));
	struct table t;
	size_t n = 0;
	uint32_t last_id = 0;
	uint32_t last_vuln = 0;

	for (size_t i = 0; i < m->n_docs; i++) {
		struct vulndb_mdoc *d = &m->docs[i];

		if (!vulndb_w_doc_lives(d))
			continue;
		for (uint32_t k = 0; k < d->n_vulns; k++)
			m->lists[d->vulns + k] = w->vuln_rank[m->lists[d->vulns + k]];
		vulndb_sort(m->lists + d->vulns, d->n_vulns, sizeof(uint32_t), vulndb_w_cmp_u32);
		refs[n++] = (struct number_ref){w->feed_index[d->feed], w->id_index[d->id],
						(uint32_t)i};
	}
	vulndb_sort(refs, n, sizeof(*refs), vulndb_w_cmp_number);
	w->advs = sk_alloc((n + 1) * sizeof(struct vulndb_mdoc *));
	w->n_advs = n;
	vulndb_w_table_init(&t);
	for (size_t i = 0; i < n; i++) {
		struct vulndb_mdoc *d = &m->docs[refs[i].index];

		d->index = (uint32_t)i;
		w->advs[i] = d;
		if (i % VULNDB_FACT_BLOCK == 0) {
			vulndb_w_table_start(&t);
			last_id = last_vuln = 0;
		}
		put_advisory(w, &t.data, d, last_id, last_vuln);
		last_id = w->id_index[d->id];
		last_vuln = m->lists[d->vulns];
	}
	vulndb_w_table_finish(w, VULNDB_SECTION_ADVISORIES, &t, n);
	sk_free(refs);
}

/* --- end of life, repositories --- */

static int cmp_eol(const void *pa, const void *pb)
{
	const struct vulndb_eol *a = pa;
	const struct vulndb_eol *b = pb;
	int r = sk_span_cmp(a->product, b->product);

	if (r == 0)
		r = sk_span_cmp(a->cycle, b->cycle);
	return r != 0 ? r : a->date < b->date ? -1 : a->date > b->date;
}

void vulndb_w_put_eol(struct writer *w)
{
	struct vulndb_merge *m = w->m;
	struct table t;
	size_t n_products = 0;

	if (m->n_eols != 0)
		vulndb_sort(m->eols, m->n_eols, sizeof(*m->eols), cmp_eol);
	vulndb_w_table_init(&t);
	for (size_t i = 0; i < m->n_eols;) {
		size_t n = 1;

		while (i + n < m->n_eols && sk_span_eq(m->eols[i + n].product, m->eols[i].product))
			n++;
		vulndb_w_table_start(&t);
		vulndb_put_text(&t.data, m->eols[i].product);
		vulndb_put_u64(&t.data, n);
		for (size_t k = i; k < i + n; k++) {
			vulndb_put_text(&t.data, m->eols[k].cycle);
			vulndb_w_put_time(&t.data, m->eols[k].date);
		}
		i += n;
		n_products++;
	}
	vulndb_w_table_finish(w, VULNDB_SECTION_EOL, &t, n_products);
}

static int cmp_repo(const void *pa, const void *pb)
{
	const struct vulndb_repo *a = pa;
	const struct vulndb_repo *b = pb;
	int r = sk_span_cmp(a->name, b->name);

	return r != 0 ? r : sk_span_cmp(a->cpe, b->cpe);
}

void vulndb_w_put_repos(struct writer *w)
{
	struct vulndb_merge *m = w->m;
	struct sk_buf list;
	struct table t;
	size_t n_repos = 0;

	if (m->n_repos != 0)
		vulndb_sort(m->repos, m->n_repos, sizeof(*m->repos), cmp_repo);
	vulndb_w_table_init(&t);
	sk_buf_init(&list, SIZE_MAX / 2);
	for (size_t i = 0; i < m->n_repos; n_repos++) {
		uint32_t last = 0;
		uint32_t n = 0;
		size_t k = i;

		sk_buf_reset(&list);
		for (; k < m->n_repos && sk_span_eq(m->repos[k].name, m->repos[i].name); k++) {
			uint32_t text = w->string_index[vulndb_intern(&m->texts, m->repos[k].cpe)];

			if (k != i && text == last)
				continue;
			vulndb_put_u64(&list, text - last);
			last = text;
			n++;
		}
		vulndb_w_table_start(&t);
		vulndb_put_text(&t.data, m->repos[i].name);
		vulndb_put_u64(&t.data, n);
		(void)sk_buf_add_span(&t.data, sk_buf_span(&list));
		i = k;
	}
	vulndb_w_table_finish(w, VULNDB_SECTION_REPOS, &t, n_repos);
	sk_buf_release(&list);
}
