/* SPDX-License-Identifier: Apache-2.0 */
/* Sorted tables of texts, and blocks; docs/formats/database.md, "Elements". */
#include "base/alloc.h"
#include "vulndb/write-priv.h"

int vulndb_w_cmp_text(const void *pa, const void *pb)
{
	const struct text_ref *a = pa;
	const struct text_ref *b = pb;

	return sk_span_cmp(a->s, b->s);
}

int vulndb_w_cmp_id(const void *pa, const void *pb)
{
	const struct text_ref *a = pa;
	const struct text_ref *b = pb;

	return vulndb_id_cmp(a->s, b->s);
}

/* The marked texts (nonzero in @mark) in order; @mark becomes the place of each. */
struct text_ref *vulndb_w_sort_texts(const struct vulndb_merge *m, uint32_t *mark, size_t *ret_n,
				     int (*cmp)(const void *, const void *))
{
	struct text_ref *refs = sk_alloc((m->texts.n + 1) * sizeof(*refs));
	size_t n = 0;

	for (size_t i = 0; i < m->texts.n; i++) {
		if (mark[i] != 0)
			refs[n++] = (struct text_ref){m->texts.texts[i], (uint32_t)i};
	}
	vulndb_sort(refs, n, sizeof(*refs), cmp);
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

void vulndb_w_table_init(struct table *t)
{
	*t = (struct table){0};
	sk_buf_init(&t->data, UINT32_MAX / 2);
}

void vulndb_w_table_start(struct table *t)
{
	SK_GROW(t->starts, t->n, t->cap);
	t->starts[t->n++] = (uint32_t)t->data.len;
}

void vulndb_w_table_finish(struct writer *w, enum vulndb_section_type type, struct table *t,
			   size_t n_items)
{
	finish_table(w, type, &t->data, t->starts, t->n, n_items);
	sk_buf_release(&t->data);
	sk_free(t->starts);
}

void vulndb_w_put_blobs(struct writer *w, enum vulndb_section_type type,
			const struct text_ref *refs, size_t n)
{
	struct table t;

	vulndb_w_table_init(&t);
	for (size_t i = 0; i < n; i++) {
		vulndb_w_table_start(&t);
		vulndb_put_text(&t.data, refs[i].s);
	}
	vulndb_w_table_finish(w, type, &t, n);
}

void vulndb_w_put_time(struct sk_buf *b, int64_t t)
{
	if (t < 0)
		t = 0;
	vulndb_put_u64(b, t % 86400 == 0 ? (uint64_t)(t / 86400) << 1 : (uint64_t)t << 1 | 1);
}

int vulndb_w_cmp_number(const void *pa, const void *pb)
{
	const struct number_ref *a = pa;
	const struct number_ref *b = pb;

	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	if (a->second != b->second)
		return a->second < b->second ? -1 : 1;
	return a->index < b->index ? -1 : a->index > b->index;
}

int vulndb_w_cmp_u32(const void *pa, const void *pb)
{
	uint32_t a = *(const uint32_t *)pa;
	uint32_t b = *(const uint32_t *)pb;

	return a < b ? -1 : a > b;
}

bool vulndb_w_doc_lives(const struct vulndb_mdoc *d)
{
	return !d->dead && !d->signal && d->n_claims != 0;
}

bool vulndb_w_claim_lives(const struct vulndb_merge *m, const struct vulndb_mclaim *c)
{
	return !c->dead && vulndb_w_doc_lives(&m->docs[c->doc]);
}

uint32_t *vulndb_w_marks(const struct writer *w)
{
	return sk_alloc((w->m->texts.n + 1) * sizeof(uint32_t));
}
