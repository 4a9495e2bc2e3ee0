/* SPDX-License-Identifier: Apache-2.0 */
/* Writes the database: docs/formats/database.md, from top to bottom. */
#include <errno.h>
#include <fcntl.h>

#include "base/alloc.h"
#include "base/digest.h"
#include "base/io.h"
#include "vulndb/cvss.h"
#include "vulndb/format-priv.h"
#include "vulndb/merge-priv.h"
#include "vulndb/pack-priv.h"

/* A claim on its way out: everything that grouping and sorting needs, as numbers. */
struct row {
	uint32_t package; /* family and name, in the file's order */
	uint32_t adv;
	uint32_t attr; /* rank in the file */
	uint32_t body; /* interned */
	uint32_t scope;
};

struct package {
	struct sk_span family;
	struct sk_span name;
	uint32_t first_row, n_rows;
	uint64_t body_off;
};

struct group {
	uint32_t attr, set, body;
	uint32_t first_adv; /* index into advs */
	uint32_t n_advs;
};

struct writer {
	struct vulndb_merge *m;
	struct sk_buf sections[VULNDB_N_SECTIONS];
	uint32_t n_items[VULNDB_N_SECTIONS];
	uint32_t *id_index;          /* by text: place in IDS */
	uint32_t *string_index;      /* by text: place in STRINGS */
	uint32_t *scope_index;       /* by text: place in SCOPES */
	uint32_t *attr_rank;         /* by interned attribute */
	uint32_t *vuln_rank;         /* by vulnerability: place in VULNS */
	struct vulndb_mvuln **vulns; /* in the file's order */
	struct vulndb_mdoc **advs;   /* in the file's order */
	uint32_t *feed_index;        /* by text */
	struct vulndb_mfeed *feeds;
	size_t n_feeds, feeds_cap;
	size_t n_advs;
	struct row *rows;
	size_t n_rows;
	struct package *packages;
	size_t n_packages, packages_cap;
	struct vulndb_intern sets; /* of releases, as bytes */
	uint32_t *set_count;
	size_t set_count_cap;
};

/* --- sorted tables of texts --- */

struct text_ref {
	struct sk_span s;
	uint32_t text;
};

static int cmp_text(const void *pa, const void *pb)
{
	const struct text_ref *a = pa;
	const struct text_ref *b = pb;

	return sk_span_cmp(a->s, b->s);
}

static int cmp_id(const void *pa, const void *pb)
{
	const struct text_ref *a = pa;
	const struct text_ref *b = pb;

	return vulndb_id_cmp(a->s, b->s);
}

/* The marked texts (nonzero in @mark) in order; @mark becomes the place of each. */
static struct text_ref *sort_texts(const struct vulndb_merge *m, uint32_t *mark, size_t *ret_n,
				   int (*cmp)(const void *, const void *))
{
	struct text_ref *refs = sk_alloc((m->texts.n + 1) * sizeof(*refs));
	size_t n = 0;

	for (size_t i = 0; i < m->texts.n; i++) {
		if (mark[i] != 0)
			refs[n++] = (struct text_ref){m->texts.texts[i], (uint32_t)i};
	}
	qsort(refs, n, sizeof(*refs), cmp);
	for (size_t i = 0; i < n; i++)
		mark[refs[i].text] = (uint32_t)i;
	*ret_n = n;
	return refs;
}

/* Offsets first, then the items: @data holds the items, @starts where each begins. */
static void finish_table(struct writer *w, enum vulndb_section_type type, const struct sk_buf *data,
			 const uint32_t *starts, size_t n_starts, size_t n_items)
{
	struct sk_buf *out = &w->sections[type];

	for (size_t i = 0; i < n_starts; i++)
		vulndb_put_le32(out, starts[i] + (uint32_t)(n_starts * 4));
	(void)sk_buf_add_span(out, sk_buf_span(data));
	w->n_items[type] = (uint32_t)n_items;
}

struct table {
	struct sk_buf data;
	uint32_t *starts;
	size_t n, cap;
};

static void table_init(struct table *t)
{
	*t = (struct table){0};
	sk_buf_init(&t->data, UINT32_MAX / 2);
}

static void table_start(struct table *t)
{
	SK_GROW(t->starts, t->n, t->cap);
	t->starts[t->n++] = (uint32_t)t->data.len;
}

static void table_finish(struct writer *w, enum vulndb_section_type type, struct table *t,
			 size_t n_items)
{
	finish_table(w, type, &t->data, t->starts, t->n, n_items);
	sk_buf_release(&t->data);
	sk_free(t->starts);
}

static void put_blobs(struct writer *w, enum vulndb_section_type type, const struct text_ref *refs,
		      size_t n)
{
	struct table t;

	table_init(&t);
	for (size_t i = 0; i < n; i++) {
		table_start(&t);
		vulndb_put_text(&t.data, refs[i].s);
	}
	table_finish(w, type, &t, n);
}

static void put_time(struct sk_buf *b, int64_t t)
{
	if (t < 0)
		t = 0;
	vulndb_put_u64(b, t % 86400 == 0 ? (uint64_t)(t / 86400) << 1 : (uint64_t)t << 1 | 1);
}

/* --- which documents, releases, identifiers are in use --- */

static bool doc_lives(const struct vulndb_mdoc *d)
{
	return !d->dead && !d->signal && d->n_claims != 0;
}

static bool claim_lives(const struct vulndb_merge *m, const struct vulndb_mclaim *c)
{
	return !c->dead && doc_lives(&m->docs[c->doc]);
}

static uint32_t *marks(const struct writer *w)
{
	return sk_alloc((w->m->texts.n + 1) * sizeof(uint32_t));
}

static void put_scopes(struct writer *w)
{
	struct vulndb_merge *m = w->m;
	struct text_ref *refs;
	size_t n;

	w->scope_index = marks(w);
	for (size_t i = 0; i < m->n_claims; i++) {
		if (claim_lives(m, &m->claims[i]))
			w->scope_index[m->claims[i].ecosystem] = 1;
	}
	refs = sort_texts(m, w->scope_index, &n, cmp_text);
	put_blobs(w, VULNDB_SECTION_SCOPES, refs, n);
	sk_free(refs);
}

static void put_strings(struct writer *w)
{
	struct vulndb_merge *m = w->m;
	struct text_ref *refs;
	size_t n;

	w->string_index = marks(w);
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
	refs = sort_texts(m, w->string_index, &n, cmp_text);
	put_blobs(w, VULNDB_SECTION_STRINGS, refs, n);
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
static void put_attrs(struct writer *w)
{
	struct vulndb_merge *m = w->m;
	struct attr_ref *refs = sk_alloc((m->attrs.n + 1) * sizeof(*refs));
	struct sk_buf *out = &w->sections[VULNDB_SECTION_ATTRS];
	size_t n = 0;

	w->attr_rank = sk_alloc((m->attrs.n + 1) * sizeof(uint32_t));
	for (size_t i = 0; i < m->n_claims; i++) {
		if (claim_lives(m, &m->claims[i]))
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
	qsort(refs, n, sizeof(*refs), cmp_attr);
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

static void put_ids(struct writer *w)
{
	struct vulndb_merge *m = w->m;
	struct text_ref *refs;
	struct table t;
	size_t n;

	w->id_index = marks(w);
	for (size_t i = 0; i < m->n_docs; i++) {
		if (doc_lives(&m->docs[i]))
			w->id_index[m->docs[i].id] = 1;
	}
	for (size_t i = 0; i < m->n_vulns; i++) {
		w->id_index[m->vulns[i].id] = 1;
		for (uint32_t l = m->vulns[i].aliases_head; l != 0; l = m->links[l].next)
			w->id_index[m->links[l].id] = 1;
	}
	refs = sort_texts(m, w->id_index, &n, cmp_id);
	table_init(&t);
	for (size_t i = 0; i < n; i++) {
		if (i % VULNDB_BLOCK == 0)
			table_start(&t);
		vulndb_put_front(&t.data, i % VULNDB_BLOCK != 0 ? refs[i - 1].s : sk_span_of("", 0),
				 refs[i].s);
	}
	table_finish(w, VULNDB_SECTION_IDS, &t, n);
	sk_free(refs);
}

/* --- vulnerabilities --- */

struct number_ref {
	uint64_t key;
	uint64_t second;
	uint32_t index;
};

static int cmp_number(const void *pa, const void *pb)
{
	const struct number_ref *a = pa;
	const struct number_ref *b = pb;

	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	if (a->second != b->second)
		return a->second < b->second ? -1 : 1;
	return a->index < b->index ? -1 : a->index > b->index;
}

static int cmp_u32(const void *pa, const void *pb)
{
	uint32_t a = *(const uint32_t *)pa;
	uint32_t b = *(const uint32_t *)pb;

	return a < b ? -1 : a > b;
}

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
	refs = sort_texts(m, index, &n, cmp_text);
	table_init(&t);
	for (size_t i = 0; i < n; i++) {
		struct vulndb_cvss_score score = {0};
		uint8_t head[2];

		(void)!vulndb_cvss_score(refs[i].s, &score); /* it had a score when it was chosen */
		head[0] = (uint8_t)score.version;
		head[1] = (uint8_t)(score.base * 10 + 0.5);
		table_start(&t);
		(void)sk_buf_add(&t.data, head, sizeof(head));
		vulndb_put_text(&t.data, refs[i].s);
	}
	table_finish(w, VULNDB_SECTION_CVSS, &t, n);
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
	qsort(refs, n, sizeof(*refs), cmp_number);
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
		qsort(ids, n, sizeof(*ids), cmp_u32);
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
		put_time(out, v->published);
	if (v->kev)
		put_time(out, v->kev_added);
	if (v->epss)
		vulndb_put_u64(out, epss);
	if (v->cvss != 0) {
		vulndb_put_u64(out, cvss_index[v->cvss]);
		vulndb_put_u64(out, w->string_index[v->cvss_source]);
	}
	put_aliases(w, out, v);
}

static void put_vulns(struct writer *w)
{
	struct vulndb_merge *m = w->m;
	uint32_t *cvss_index = marks(w);
	uint32_t *epss_index = sk_alloc((m->n_vulns + 1) * sizeof(uint32_t));
	struct number_ref *refs = sk_alloc((m->n_vulns + 1) * sizeof(*refs));
	struct table t;
	uint32_t last = 0;

	put_cvss(w, cvss_index);
	put_epss(w, epss_index);
	for (size_t i = 0; i < m->n_vulns; i++)
		refs[i] = (struct number_ref){w->id_index[m->vulns[i].id], 0, (uint32_t)i};
	qsort(refs, m->n_vulns, sizeof(*refs), cmp_number);
	w->vuln_rank = sk_alloc((m->n_vulns + 1) * sizeof(uint32_t));
	w->vulns = sk_alloc((m->n_vulns + 1) * sizeof(struct vulndb_mvuln *));
	table_init(&t);
	for (size_t i = 0; i < m->n_vulns; i++) {
		struct vulndb_mvuln *v = &m->vulns[refs[i].index];

		w->vuln_rank[refs[i].index] = (uint32_t)i;
		w->vulns[i] = v;
		if (i % VULNDB_BLOCK == 0) {
			table_start(&t);
			last = 0;
		}
		put_vuln(w, &t.data, v, last, cvss_index, epss_index[refs[i].index]);
		last = w->id_index[v->id];
	}
	table_finish(w, VULNDB_SECTION_VULNS, &t, m->n_vulns);
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
	put_time(out, f->oldest);
	put_time(out, f->newest);
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

static void put_feeds(struct writer *w)
{
	struct vulndb_merge *m = w->m;
	struct text_ref *refs;
	uint32_t *mark = marks(w);
	struct table t;
	size_t n;

	w->feed_index = marks(w);
	for (size_t i = 0; i < m->n_docs; i++) {
		if (!m->docs[i].dead)
			count_feed(w, &m->docs[i]);
	}
	for (size_t i = 0; i < m->n_skips; i++)
		add_feed(w, m->skips[i].feed);
	for (size_t i = 0; i < w->n_feeds; i++)
		mark[w->feeds[i].name] = 1;
	refs = sort_texts(m, mark, &n, cmp_text);
	table_init(&t);
	for (size_t i = 0; i < n; i++) {
		table_start(&t);
		put_feed(w, &t.data, &w->feeds[w->feed_index[refs[i].text] - 1]);
	}
	table_finish(w, VULNDB_SECTION_META, &t, n);
	for (size_t i = 0; i < n; i++)
		w->feed_index[refs[i].text] = (uint32_t)i;
	sk_free(refs);
	sk_free(mark);
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
		put_time(out, d->published);
	if (d->modified != 0)
		put_time(out, d->modified / 86400 * 86400); /* the day is enough */
	for (uint32_t i = 1; i < d->n_vulns; i++)
		vulndb_put_u64(out, vulns[i] - vulns[i - 1] - 1);
}

static void put_advisories(struct writer *w)
{
	struct vulndb_merge *m = w->m;
	struct number_ref *refs = sk_alloc((m->n_docs + 1) * sizeof(*refs));
	struct table t;
	size_t n = 0;
	uint32_t last_id = 0;
	uint32_t last_vuln = 0;

	for (size_t i = 0; i < m->n_docs; i++) {
		struct vulndb_mdoc *d = &m->docs[i];

		if (!doc_lives(d))
			continue;
		for (uint32_t k = 0; k < d->n_vulns; k++)
			m->lists[d->vulns + k] = w->vuln_rank[m->lists[d->vulns + k]];
		qsort(m->lists + d->vulns, d->n_vulns, sizeof(uint32_t), cmp_u32);
		refs[n++] = (struct number_ref){w->feed_index[d->feed], w->id_index[d->id],
						(uint32_t)i};
	}
	qsort(refs, n, sizeof(*refs), cmp_number);
	w->advs = sk_alloc((n + 1) * sizeof(struct vulndb_mdoc *));
	w->n_advs = n;
	table_init(&t);
	for (size_t i = 0; i < n; i++) {
		struct vulndb_mdoc *d = &m->docs[refs[i].index];

		d->index = (uint32_t)i;
		w->advs[i] = d;
		if (i % VULNDB_BLOCK == 0) {
			table_start(&t);
			last_id = last_vuln = 0;
		}
		put_advisory(w, &t.data, d, last_id, last_vuln);
		last_id = w->id_index[d->id];
		last_vuln = m->lists[d->vulns];
	}
	table_finish(w, VULNDB_SECTION_ADVISORIES, &t, n);
	sk_free(refs);
}

/* --- packages --- */

static struct sk_span family_of(struct sk_span ecosystem)
{
	return sk_span_sub(ecosystem, 0, sk_span_find(ecosystem, ':'));
}

static int cmp_row(const void *pa, const void *pb)
{
	const struct row *a = pa;
	const struct row *b = pb;

	if (a->package != b->package)
		return a->package < b->package ? -1 : 1;
	if (a->attr != b->attr)
		return a->attr < b->attr ? -1 : 1;
	if (a->adv != b->adv)
		return a->adv < b->adv ? -1 : 1;
	if (a->body != b->body)
		return a->body < b->body ? -1 : 1;
	return a->scope < b->scope ? -1 : a->scope > b->scope;
}

static int cmp_package(const void *pa, const void *pb)
{
	const struct package *a = pa;
	const struct package *b = pb;
	int r = sk_span_cmp(a->family, b->family);

	return r != 0 ? r : sk_span_cmp(a->name, b->name);
}

/* Numbers every (family, name) in the file's order and turns claims into rows. */
static void make_rows(struct writer *w)
{
	struct vulndb_merge *m = w->m;
	struct sk_map seen = {0};
	struct sk_map families = {0};
	uint32_t *rank;

	w->rows = sk_realloc_array(NULL, m->n_claims + 1, sizeof(*w->rows));
	for (size_t i = 0; i < m->n_claims; i++) {
		const struct vulndb_mclaim *c = &m->claims[i];
		struct sk_span family = family_of(vulndb_text_of(m, c->ecosystem));
		char key[24];
		uint64_t f;
		size_t before = seen.n_items;
		uint64_t *slot;
		int len;

		if (!claim_lives(m, c))
			continue;
		f = *sk_map_put(&families, family, families.n_items);
		len = snprintf(key, sizeof(key), "%u %u", (unsigned)f, c->name);
		if (!sk_map_get(&seen, sk_span_of(key, (size_t)len), NULL)) {
			SK_GROW(w->packages, w->n_packages, w->packages_cap);
			w->packages[w->n_packages++] =
				(struct package){.family = family,
						 .name = vulndb_text_of(m, c->name),
						 .first_row = (uint32_t)before};
		}
		slot = sk_map_put(&seen,
				  sk_span_of(sk_arena_str(m->arena, sk_span_of(key, (size_t)len)),
					     (size_t)len),
				  before);
		w->rows[w->n_rows++] = (struct row){
			.package = (uint32_t)*slot,
			.adv = m->docs[c->doc].index,
			.attr = w->attr_rank[c->attr],
			.body = c->body,
			.scope = w->scope_index[c->ecosystem],
		};
	}
	qsort(w->packages, w->n_packages, sizeof(*w->packages), cmp_package);
	rank = sk_realloc_array(NULL, w->n_packages + 1, sizeof(*rank));
	for (size_t i = 0; i < w->n_packages; i++)
		rank[w->packages[i].first_row] = (uint32_t)i;
	for (size_t i = 0; i < w->n_rows; i++)
		w->rows[i].package = rank[w->rows[i].package];
	sk_free(rank);
	sk_map_release(&seen);
	sk_map_release(&families);
}

/* Several blocks of one document for one package and release are one claim with all their ranges.
 */
static uint32_t join_bodies(struct vulndb_merge *m, uint32_t a, uint32_t b)
{
	struct sk_span sa = m->bodies.texts[a];
	struct sk_span sb = m->bodies.texts[b];
	struct sk_buf out;
	uint32_t na, nb, n;
	uint32_t joined;

	memcpy(&na, sa.ptr, 4);
	memcpy(&nb, sb.ptr, 4);
	n = na + nb;
	sk_buf_init(&out, SIZE_MAX / 2);
	(void)sk_buf_add(&out, &n, 4);
	(void)sk_buf_add(&out, sa.ptr + 4, (size_t)na * 12);
	(void)sk_buf_add(&out, sb.ptr + 4, (size_t)nb * 12);
	(void)sk_buf_add(&out, sa.ptr + 4 + (size_t)na * 12, sa.len - 4 - (size_t)na * 12);
	(void)sk_buf_add(&out, sb.ptr + 4 + (size_t)nb * 12, sb.len - 4 - (size_t)nb * 12);
	joined = vulndb_intern(&m->bodies, sk_buf_span(&out));
	sk_buf_release(&out);
	return joined;
}

static int cmp_row_scope(const void *pa, const void *pb)
{
	const struct row *a = pa;
	const struct row *b = pb;

	if (a->package != b->package)
		return a->package < b->package ? -1 : 1;
	if (a->scope != b->scope)
		return a->scope < b->scope ? -1 : 1;
	if (a->attr != b->attr)
		return a->attr < b->attr ? -1 : 1;
	if (a->adv != b->adv)
		return a->adv < b->adv ? -1 : 1;
	return a->body < b->body ? -1 : a->body > b->body;
}

static void join_rows(struct writer *w)
{
	size_t out = 0;

	qsort(w->rows, w->n_rows, sizeof(*w->rows), cmp_row_scope);
	for (size_t i = 0; i < w->n_rows; i++) {
		struct row *last = out != 0 ? &w->rows[out - 1] : NULL;
		const struct row *r = &w->rows[i];

		if (last != NULL && last->package == r->package && last->scope == r->scope &&
		    last->attr == r->attr && last->adv == r->adv) {
			if (last->body != r->body)
				last->body = join_bodies(w->m, last->body, r->body);
			continue;
		}
		w->rows[out++] = *r;
	}
	w->n_rows = out;
	qsort(w->rows, w->n_rows, sizeof(*w->rows), cmp_row);
	for (size_t i = 0; i < w->n_rows; i++) {
		struct package *p = &w->packages[w->rows[i].package];

		if (i == 0 || w->rows[i - 1].package != w->rows[i].package) {
			p->first_row = (uint32_t)i;
			p->n_rows = 0;
		}
		p->n_rows++;
	}
}

/* --- one package's record --- */

struct record {
	struct writer *w;
	struct group *groups;
	size_t n_groups, groups_cap;
	uint32_t *advs;
	size_t n_advs, advs_cap;
	struct text_ref *texts; /* versions in use */
	size_t n_texts, texts_cap;
	uint32_t *text_index; /* by text */
	struct sk_buf tmp;
	struct sk_buf out;
};

static int cmp_group(const void *pa, const void *pb)
{
	const struct group *a = pa;
	const struct group *b = pb;

	if (a->attr != b->attr)
		return a->attr < b->attr ? -1 : 1;
	if (a->set != b->set)
		return a->set < b->set ? -1 : 1;
	return a->body < b->body ? -1 : a->body > b->body;
}

/* Rows of one (attribute, advisory, body) become one entry with its set of releases. */
static void collect_entries(struct record *rec, const struct row *rows, size_t n)
{
	size_t i = 0;

	rec->n_groups = 0;
	while (i < n) {
		size_t k = i;

		sk_buf_reset(&rec->tmp);
		while (k < n && rows[k].attr == rows[i].attr && rows[k].adv == rows[i].adv &&
		       rows[k].body == rows[i].body) {
			uint8_t scope[2] = {(uint8_t)rows[k].scope, (uint8_t)(rows[k].scope >> 8)};

			(void)sk_buf_add(&rec->tmp, scope, sizeof(scope));
			k++;
		}
		SK_GROW(rec->groups, rec->n_groups, rec->groups_cap);
		rec->groups[rec->n_groups++] = (struct group){
			.attr = rows[i].attr,
			.set = vulndb_intern(&rec->w->sets, sk_buf_span(&rec->tmp)),
			.body = rows[i].body,
			.first_adv = rows[i].adv,
			.n_advs = 1,
		};
		i = k;
	}
}

static int cmp_entry(const void *pa, const void *pb)
{
	const struct group *a = pa;
	const struct group *b = pb;
	int r = cmp_group(a, b);

	if (r != 0)
		return r;
	return a->first_adv < b->first_adv ? -1 : a->first_adv > b->first_adv;
}

/* Entries that differ only in their advisory become one group with a list. */
static void collect_groups(struct record *rec)
{
	size_t out = 0;

	qsort(rec->groups, rec->n_groups, sizeof(*rec->groups), cmp_entry);
	rec->n_advs = 0;
	for (size_t i = 0; i < rec->n_groups; i++) {
		struct group g = rec->groups[i];

		SK_GROW(rec->advs, rec->n_advs, rec->advs_cap);
		rec->advs[rec->n_advs] = g.first_adv;
		if (out != 0 && cmp_group(&rec->groups[out - 1], &g) == 0) {
			rec->groups[out - 1].n_advs++;
		} else {
			g.first_adv = (uint32_t)rec->n_advs;
			rec->groups[out++] = g;
		}
		rec->n_advs++;
	}
	rec->n_groups = out;
}

static void use_text(struct record *rec, uint32_t text)
{
	if (text == 0 || rec->text_index[text] != 0)
		return;
	rec->text_index[text] = 1;
	SK_GROW(rec->texts, rec->n_texts, rec->texts_cap);
	rec->texts[rec->n_texts++] = (struct text_ref){vulndb_text_of(rec->w->m, text), text};
}

static uint32_t body_u32(struct sk_span body, size_t i)
{
	uint32_t v;

	memcpy(&v, body.ptr + i * 4, 4);
	return v;
}

static void collect_texts(struct record *rec)
{
	const struct vulndb_merge *m = rec->w->m;

	rec->n_texts = 0;
	for (size_t g = 0; g < rec->n_groups; g++) {
		struct sk_span body = m->bodies.texts[rec->groups[g].body];

		for (size_t i = 1; i < body.len / 4; i++)
			use_text(rec, body_u32(body, i));
	}
	if (rec->n_texts != 0)
		qsort(rec->texts, rec->n_texts, sizeof(*rec->texts), cmp_id);
	for (size_t i = 0; i < rec->n_texts; i++)
		rec->text_index[rec->texts[i].text] = (uint32_t)i;
}

struct range_out {
	unsigned mask;
	uint32_t bound[3];
};

static int cmp_range(const void *pa, const void *pb)
{
	return memcmp(pa, pb, sizeof(struct range_out));
}

/* Ranges of a body as numbers of the record's texts; sorted, repeated ones once. */
static size_t get_ranges(struct record *rec, struct sk_span body, struct range_out *out)
{
	size_t n = body_u32(body, 0);
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		out[i] = (struct range_out){0};
		for (unsigned b = 0; b < 3; b++) {
			uint32_t text = body_u32(body, 1 + i * 3 + b);

			if (text == 0)
				continue;
			out[i].mask |= 1u << b;
			out[i].bound[b] = rec->text_index[text];
		}
	}
	if (n != 0)
		qsort(out, n, sizeof(*out), cmp_range);
	for (size_t i = 0; i < n; i++) {
		if (i == 0 || cmp_range(&out[i], &out[count - 1]) != 0)
			out[count++] = out[i];
	}
	return count;
}

static size_t get_versions(struct record *rec, struct sk_span body, uint32_t *out)
{
	size_t skip = 1 + (size_t)body_u32(body, 0) * 3;
	size_t n = 0;
	size_t count = 0;

	for (size_t i = skip; i < body.len / 4; i++)
		out[n++] = rec->text_index[body_u32(body, i)];
	if (n != 0)
		qsort(out, n, sizeof(*out), cmp_u32);
	for (size_t i = 0; i < n; i++) {
		if (i == 0 || out[i] != out[count - 1])
			out[count++] = out[i];
	}
	return count;
}

static void put_lists(struct sk_buf *out, const struct range_out *ranges, size_t n_ranges,
		      const uint32_t *versions, size_t n_versions, bool several)
{
	unsigned mask = n_ranges != 0 ? ranges[0].mask : 0;

	vulndb_put_u64(out, (uint64_t)n_ranges << 5 | (several ? 16 : 0) |
				    (n_versions != 0 ? 8 : 0) | mask);
	if (n_versions != 0)
		vulndb_put_u64(out, n_versions);
	for (size_t i = 0; i < n_ranges; i++) {
		if (i != 0)
			vulndb_put_u64(out, ranges[i].mask);
		for (unsigned b = 0; b < 3; b++) {
			if ((ranges[i].mask & 1u << b) != 0)
				vulndb_put_u64(out, ranges[i].bound[b]);
		}
	}
	for (size_t i = 0; i < n_versions; i++)
		vulndb_put_u64(out, versions[i] - (i != 0 ? versions[i - 1] : 0));
}

static void put_group(struct record *rec, const struct group *g, uint32_t *first_adv,
		      struct sk_buf *out)
{
	struct sk_span body = rec->w->m->bodies.texts[g->body];
	struct range_out *ranges = sk_alloc((body_u32(body, 0) + 1) * sizeof(*ranges));
	uint32_t *versions = sk_alloc(body.len + 4);
	size_t n_ranges = get_ranges(rec, body, ranges);
	size_t n_versions = get_versions(rec, body, versions);
	const uint32_t *advs = rec->advs + g->first_adv;
	struct sk_buf list;

	vulndb_put_u64(out, g->attr);
	vulndb_put_u64(out, rec->w->set_count[g->set]);
	vulndb_put_u64(out, vulndb_zigzag((int64_t)advs[0] - *first_adv));
	*first_adv = advs[0];
	put_lists(out, ranges, n_ranges, versions, n_versions, g->n_advs > 1);
	sk_free(ranges);
	sk_free(versions);
	if (g->n_advs == 1)
		return;
	sk_buf_init(&list, SIZE_MAX / 2);
	for (uint32_t i = 1; i < g->n_advs; i++)
		vulndb_put_u64(&list, advs[i] - advs[i - 1] - 1);
	vulndb_put_u64(out, g->n_advs);
	vulndb_put_u64(out, list.len);
	(void)sk_buf_add_span(out, sk_buf_span(&list));
	sk_buf_release(&list);
}

static int cmp_group_adv(const void *pa, const void *pb)
{
	const struct number_ref *a = pa;
	const struct number_ref *b = pb;

	return cmp_number(a, b);
}

/* Groups in the order of their first advisory keep the differences small. */
static void put_record(struct record *rec)
{
	struct number_ref *order = sk_alloc((rec->n_groups + 1) * sizeof(*order));
	uint32_t first_adv = 0;

	collect_texts(rec);
	for (size_t i = 0; i < rec->n_groups; i++)
		order[i] = (struct number_ref){rec->advs[rec->groups[i].first_adv], i, (uint32_t)i};
	qsort(order, rec->n_groups, sizeof(*order), cmp_group_adv);
	sk_buf_reset(&rec->tmp);
	for (size_t i = 0; i < rec->n_groups; i++)
		put_group(rec, &rec->groups[order[i].index], &first_adv, &rec->tmp);
	sk_buf_reset(&rec->out);
	vulndb_put_u64(&rec->out, rec->n_groups);
	vulndb_put_u64(&rec->out, rec->tmp.len);
	(void)sk_buf_add_span(&rec->out, sk_buf_span(&rec->tmp));
	vulndb_put_u64(&rec->out, rec->n_texts);
	for (size_t i = 0; i < rec->n_texts; i++)
		vulndb_put_front(&rec->out, i != 0 ? rec->texts[i - 1].s : sk_span_of("", 0),
				 rec->texts[i].s);
	for (size_t i = 0; i < rec->n_texts; i++)
		rec->text_index[rec->texts[i].text] = 0;
	sk_free(order);
}

static void count_sets(struct record *rec)
{
	struct writer *w = rec->w;

	for (size_t i = 0; i < w->n_packages; i++) {
		collect_entries(rec, w->rows + w->packages[i].first_row, w->packages[i].n_rows);
		collect_groups(rec);
		while (w->set_count_cap < w->sets.n) {
			size_t cap = w->set_count_cap != 0 ? w->set_count_cap * 2 : 1024;

			w->set_count = sk_realloc_array(w->set_count, cap, sizeof(uint32_t));
			memset(w->set_count + w->set_count_cap, 0,
			       (cap - w->set_count_cap) * sizeof(uint32_t));
			w->set_count_cap = cap;
		}
		for (size_t g = 0; g < rec->n_groups; g++)
			w->set_count[rec->groups[g].set]++;
	}
}

struct set_ref {
	struct sk_span bytes;
	uint32_t set;
	uint32_t count;
};

static int cmp_set(const void *pa, const void *pb)
{
	const struct set_ref *a = pa;
	const struct set_ref *b = pb;

	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	return sk_span_cmp(a->bytes, b->bytes);
}

/* Frequent sets first; set_count becomes the place of each. */
static void put_sets(struct writer *w)
{
	struct set_ref *refs = sk_alloc((w->sets.n + 1) * sizeof(*refs));
	struct table t;
	size_t n = 0;

	for (size_t i = 0; i < w->sets.n; i++) {
		if (i < w->set_count_cap && w->set_count[i] != 0)
			refs[n++] =
				(struct set_ref){w->sets.texts[i], (uint32_t)i, w->set_count[i]};
	}
	qsort(refs, n, sizeof(*refs), cmp_set);
	table_init(&t);
	for (size_t i = 0; i < n; i++) {
		w->set_count[refs[i].set] = (uint32_t)i;
		table_start(&t);
		vulndb_put_u64(&t.data, refs[i].bytes.len / 2);
		(void)sk_buf_add_span(&t.data, refs[i].bytes);
	}
	table_finish(w, VULNDB_SECTION_SETS, &t, n);
	sk_free(refs);
}

static void put_bodies(struct record *rec)
{
	struct writer *w = rec->w;
	struct sk_buf *out = &w->sections[VULNDB_SECTION_BODIES];
	struct vulndb_intern seen = {.arena = w->m->arena};
	uint64_t *offs = NULL;
	size_t cap = 0;

	for (size_t i = 0; i < w->n_packages; i++) {
		size_t before = seen.n;
		uint32_t index;

		collect_entries(rec, w->rows + w->packages[i].first_row, w->packages[i].n_rows);
		collect_groups(rec);
		put_record(rec);
		/* Packages of one source often have the same record: it is kept once. */
		index = vulndb_intern(&seen, sk_buf_span(&rec->out));
		if (seen.n != before) {
			SK_GROW(offs, before, cap);
			offs[before] = out->len;
			(void)sk_buf_add_span(out, sk_buf_span(&rec->out));
		}
		w->packages[i].body_off = offs[index];
	}
	w->n_items[VULNDB_SECTION_BODIES] = (uint32_t)seen.n;
	sk_map_release(&seen.map);
	sk_free(seen.texts);
	sk_free(offs);
}

static void put_names(struct writer *w)
{
	struct table names;
	struct table families;
	size_t in_family = 0;
	size_t n_families = 0;
	uint64_t last = 0;

	table_init(&names);
	table_init(&families);
	for (size_t i = 0; i < w->n_packages; i++) {
		const struct package *p = &w->packages[i];
		bool fresh = i == 0 || !sk_span_eq(w->packages[i - 1].family, p->family);

		if (fresh) {
			size_t n = 1;

			while (i + n < w->n_packages &&
			       sk_span_eq(w->packages[i + n].family, p->family))
				n++;
			table_start(&families);
			vulndb_put_text(&families.data, p->family);
			vulndb_put_u64(&families.data, names.n);
			vulndb_put_u64(&families.data, n);
			n_families++;
			in_family = 0;
		}
		if (in_family % VULNDB_BLOCK == 0) {
			table_start(&names);
			last = 0;
		}
		vulndb_put_front(&names.data,
				 in_family % VULNDB_BLOCK != 0 ? w->packages[i - 1].name
							       : sk_span_of("", 0),
				 p->name);
		vulndb_put_u64(&names.data, vulndb_zigzag((int64_t)p->body_off - (int64_t)last));
		last = p->body_off;
		in_family++;
	}
	table_finish(w, VULNDB_SECTION_FAMILIES, &families, n_families);
	table_finish(w, VULNDB_SECTION_NAMES, &names, names.n);
}

static void put_packages(struct writer *w)
{
	struct record rec = {.w = w};

	make_rows(w);
	join_rows(w);
	rec.text_index = marks(w);
	sk_buf_init(&rec.tmp, SIZE_MAX / 2);
	sk_buf_init(&rec.out, SIZE_MAX / 2);
	w->sets = (struct vulndb_intern){.arena = w->m->arena};
	count_sets(&rec);
	put_sets(w);
	put_bodies(&rec);
	put_names(w);
	sk_buf_release(&rec.tmp);
	sk_buf_release(&rec.out);
	sk_free(rec.groups);
	sk_free(rec.advs);
	sk_free(rec.texts);
	sk_free(rec.text_index);
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

static void put_eol(struct writer *w)
{
	struct vulndb_merge *m = w->m;
	struct table t;
	size_t n_products = 0;

	if (m->n_eols != 0)
		qsort(m->eols, m->n_eols, sizeof(*m->eols), cmp_eol);
	table_init(&t);
	for (size_t i = 0; i < m->n_eols;) {
		size_t n = 1;

		while (i + n < m->n_eols && sk_span_eq(m->eols[i + n].product, m->eols[i].product))
			n++;
		table_start(&t);
		vulndb_put_text(&t.data, m->eols[i].product);
		vulndb_put_u64(&t.data, n);
		for (size_t k = i; k < i + n; k++) {
			vulndb_put_text(&t.data, m->eols[k].cycle);
			put_time(&t.data, m->eols[k].date);
		}
		i += n;
		n_products++;
	}
	table_finish(w, VULNDB_SECTION_EOL, &t, n_products);
}

static int cmp_repo(const void *pa, const void *pb)
{
	const struct vulndb_repo *a = pa;
	const struct vulndb_repo *b = pb;
	int r = sk_span_cmp(a->name, b->name);

	return r != 0 ? r : sk_span_cmp(a->cpe, b->cpe);
}

static void put_repos(struct writer *w)
{
	struct vulndb_merge *m = w->m;
	struct sk_buf list;
	struct table t;
	size_t n_repos = 0;

	if (m->n_repos != 0)
		qsort(m->repos, m->n_repos, sizeof(*m->repos), cmp_repo);
	table_init(&t);
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
		table_start(&t);
		vulndb_put_text(&t.data, m->repos[i].name);
		vulndb_put_u64(&t.data, n);
		(void)sk_buf_add_span(&t.data, sk_buf_span(&list));
		i = k;
	}
	table_finish(w, VULNDB_SECTION_REPOS, &t, n_repos);
	sk_buf_release(&list);
}

/* --- the file --- */

static void put_header(struct writer *w, struct sk_buf *out, int64_t built, struct sk_digest *ret)
{
	uint64_t off = sizeof(struct vulndb_header) +
		       (VULNDB_N_SECTIONS - 1) * sizeof(struct vulndb_section);
	struct sk_buf table;
	struct sk_hasher *hasher = sk_hasher_new(SK_DIGEST_SHA256);

	sk_buf_init(&table, SIZE_MAX / 2);
	for (uint32_t i = 1; i < VULNDB_N_SECTIONS; i++) {
		struct sk_digest d = sk_digest_of(SK_DIGEST_SHA256, sk_buf_span(&w->sections[i]));

		vulndb_put_le32(&table, i);
		vulndb_put_le32(&table, w->n_items[i]);
		vulndb_put_le64(&table, off);
		vulndb_put_le64(&table, w->sections[i].len);
		vulndb_put_le64(&table, 0);
		(void)sk_buf_add(&table, d.bytes, SK_SHA256_SIZE);
		off += w->sections[i].len;
	}
	(void)sk_buf_add(out, VULNDB_MAGIC, 8);
	vulndb_put_le32(out, VULNDB_MAJOR | VULNDB_MINOR << 16);
	vulndb_put_le32(out, VULNDB_N_SECTIONS - 1);
	vulndb_put_le64(out, off);
	vulndb_put_le64(out, (uint64_t)built);
	sk_hasher_add(hasher, out->ptr, out->len);
	sk_hasher_add(hasher, table.ptr, table.len);
	sk_hasher_finish(hasher, ret);
	sk_hasher_free(hasher);
	(void)sk_buf_add(out, ret->bytes, SK_SHA256_SIZE);
	(void)sk_buf_add_span(out, sk_buf_span(&table));
	sk_buf_release(&table);
}

static void writer_release(struct writer *w)
{
	for (size_t i = 0; i < VULNDB_N_SECTIONS; i++)
		sk_buf_release(&w->sections[i]);
	sk_free(w->id_index);
	sk_free(w->string_index);
	sk_free(w->scope_index);
	sk_free(w->attr_rank);
	sk_free(w->vuln_rank);
	sk_free(w->vulns);
	sk_free(w->advs);
	sk_free(w->feed_index);
	sk_free(w->feeds);
	sk_free(w->rows);
	sk_free(w->packages);
	sk_free(w->set_count);
	sk_map_release(&w->sets.map);
	sk_free(w->sets.texts);
}

/* The moment of building: said, or the date of the newest document, so that equal input is equal.
 */
static int64_t built_at(const struct writer *w, const struct vulndb_build_options *opts)
{
	int64_t built = opts->built;

	for (size_t i = 0; i < w->n_feeds && opts->built == 0; i++) {
		if (w->feeds[i].newest > built)
			built = w->feeds[i].newest;
	}
	return built;
}

void vulndb_write_bytes(struct vulndb_merge *m, const struct vulndb_build_options *opts,
			struct sk_buf *out, struct vulndb_build_result *ret)
{
	struct writer w = {.m = m};

	for (size_t i = 0; i < VULNDB_N_SECTIONS; i++)
		sk_buf_init(&w.sections[i], UINT32_MAX / 2);
	put_scopes(&w);
	put_strings(&w);
	put_attrs(&w);
	put_ids(&w);
	put_vulns(&w);
	put_feeds(&w);
	put_advisories(&w);
	put_packages(&w);
	put_eol(&w);
	put_repos(&w);
	for (size_t i = 0; i < w.n_feeds; i++)
		ret->documents += w.feeds[i].documents;
	ret->claims = w.n_rows;
	put_header(&w, out, built_at(&w, opts), &ret->digest);
	for (uint32_t i = 1; i < VULNDB_N_SECTIONS; i++)
		(void)sk_buf_add_span(out, sk_buf_span(&w.sections[i]));
	ret->size = out->len;
	writer_release(&w);
}

int vulndb_write(struct vulndb_merge *m, const struct vulndb_build_options *opts,
		 struct vulndb_build_result *ret, struct sk_err *err)
{
	struct sk_buf out;
	int r;

	sk_buf_init(&out, SIZE_MAX / 2);
	vulndb_write_bytes(m, opts, &out, ret);
	r = sk_write_file_atomic(AT_FDCWD, opts->out, sk_buf_span(&out), 0644, err);
	sk_buf_release(&out);
	return r;
}
