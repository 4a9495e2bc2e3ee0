/* SPDX-License-Identifier: Apache-2.0 */
/* Writes DATABASE.text: summaries, references and ratings beyond the first, in the order of the
 * database's vulnerabilities. */
#include "base/alloc.h"
#include "base/digest.h"
#include "unpack/pack.h"
#include "vulndb/cvss.h"
#include "vulndb/text-priv.h"
#include "vulndb/write-priv.h"

enum {
	LEVEL = 9,
	MAX_REFERENCES = 100, /* of one vulnerability; a few have thousands */
};

/* Documents of each vulnerability: those that are about it alone. */
static uint32_t *chain_docs(const struct writer *w, uint32_t *next)
{
	const struct vulndb_merge *m = w->m;
	uint32_t *head = sk_alloc((m->n_vulns + 1) * sizeof(*head));

	/* From behind, so that each chain is in the order of the documents. */
	for (size_t i = m->n_docs; i-- > 0;) {
		const struct vulndb_mdoc *d = &m->docs[i];
		uint64_t v;

		if (d->dead || d->withdrawn)
			continue;
		if (d->signal || d->n_claims == 0) {
			if (!sk_map_get(&m->vuln_by_id, vulndb_text_of(m, d->id), &v))
				continue;
			v = w->vuln_rank[v];
		} else if (d->n_vulns == 1) {
			v = m->lists[d->vulns]; /* the writer has put ranks there */
		} else {
			continue;
		}
		next[i] = head[v];
		head[v] = (uint32_t)i + 1;
	}
	return head;
}

static void put_summary(const struct vulndb_merge *m, const uint32_t *next, uint32_t first,
			struct sk_buf *out)
{
	struct sk_span best = {"", 0};

	for (uint32_t i = first; i != 0; i = next[i - 1]) {
		struct sk_span s = m->long_texts.texts[m->docs[i - 1].summary];
		bool ghsa = sk_span_starts(vulndb_text_of(m, m->docs[i - 1].id), "GHSA-");

		if (s.len != 0 && (best.len == 0 || ghsa))
			best = s;
		if (ghsa && s.len != 0)
			break;
	}
	vulndb_put_text(out, best);
}

static void put_references(const struct vulndb_merge *m, const uint32_t *next, uint32_t first,
			   struct sk_buf *out)
{
	struct text_ref refs[MAX_REFERENCES];
	size_t n = 0;
	size_t count = 0;

	for (uint32_t i = first; i != 0; i = next[i - 1]) {
		const struct vulndb_mdoc *d = &m->docs[i - 1];

		for (uint32_t k = 0; k < d->n_references && n < MAX_REFERENCES; k++) {
			uint32_t text = m->long_lists[d->references + k];

			refs[n++] = (struct text_ref){m->long_texts.texts[text], text};
		}
	}
	vulndb_sort(refs, n, sizeof(refs[0]), vulndb_w_cmp_text);
	for (size_t i = 0; i < n; i++) {
		if (i == 0 || refs[i].text != refs[count - 1].text)
			refs[count++] = refs[i];
	}
	vulndb_put_u64(out, count);
	for (size_t i = 0; i < count; i++)
		vulndb_put_text(out, refs[i].s);
}

static void put_ratings(const struct vulndb_merge *m, const uint32_t *next, uint32_t first,
			const struct vulndb_mvuln *v, struct sk_buf *out)
{
	struct vulndb_mcvss list[16];
	size_t n = 0;

	for (uint32_t i = first; i != 0; i = next[i - 1]) {
		const struct vulndb_mdoc *d = &m->docs[i - 1];

		for (uint32_t k = 0; k < d->n_cvss && n < SK_ARRAY_LEN(list); k++) {
			const struct vulndb_mcvss *c = &m->cvss[d->cvss + k];
			struct vulndb_cvss_score score;
			bool seen = c->vector == v->cvss && c->source == v->cvss_source;

			for (size_t j = 0; j < n && !seen; j++)
				seen = list[j].vector == c->vector && list[j].source == c->source;
			if (!seen && vulndb_cvss_score(vulndb_text_of(m, c->vector), &score))
				list[n++] = *c;
		}
	}
	vulndb_put_u64(out, n);
	for (size_t i = 0; i < n; i++) {
		struct vulndb_cvss_score score = {0};
		uint8_t head[2];

		(void)!vulndb_cvss_score(vulndb_text_of(m, list[i].vector),
					 &score); /* it has one */
		head[0] = (uint8_t)score.version;
		head[1] = (uint8_t)(score.base * 10 + 0.5);
		(void)sk_buf_add(out, head, sizeof(head));
		vulndb_put_text(out, vulndb_text_of(m, list[i].vector));
		vulndb_put_text(out, vulndb_text_of(m, list[i].source));
	}
}

static void put_header(const struct sk_digest *database, size_t n_blocks,
		       const struct sk_buf *table, const struct sk_buf *blocks, struct sk_buf *out)
{
	struct sk_hasher *hasher = sk_hasher_new(SK_DIGEST_SHA256);
	struct sk_digest d;

	(void)sk_buf_add(out, VULNDB_TEXT_MAGIC, 8);
	vulndb_put_le32(out, VULNDB_TEXT_MAJOR);
	vulndb_put_le32(out, (uint32_t)n_blocks);
	vulndb_put_le64(out, sizeof(struct vulndb_text_header) + table->len + blocks->len);
	(void)sk_buf_add(out, database->bytes, SK_SHA256_SIZE);
	sk_hasher_add(hasher, out->ptr, out->len);
	sk_hasher_add(hasher, table->ptr, table->len);
	sk_hasher_add(hasher, blocks->ptr, blocks->len);
	sk_hasher_finish(hasher, &d);
	sk_hasher_free(hasher);
	(void)sk_buf_add(out, d.bytes, SK_SHA256_SIZE);
	(void)sk_buf_add_span(out, sk_buf_span(table));
	(void)sk_buf_add_span(out, sk_buf_span(blocks));
}

/** struct blocks - the file of texts as far as it is written */
struct blocks {
	struct sk_buf table;
	struct sk_buf packed;
	struct sk_buf plain; /* of the block that is being filled */
	size_t n;
	uint32_t n_vulns; /* in it */
};

/*
 * The identifier decides where a block ends, so that a new vulnerability changes one block and the
 * others stay what they were: deltas are small.
 */
static bool block_ends(const struct writer *w, const struct blocks *b, size_t vuln)
{
	struct sk_span id = vulndb_text_of(w->m, w->vulns[vuln]->id);

	return sk_hash64(id) % VULNDB_TEXT_BLOCK == 0 || b->n_vulns == VULNDB_TEXT_BLOCK_MAX ||
	       vuln + 1 == w->m->n_vulns;
}

static int end_block(struct blocks *b, struct sk_err *err)
{
	size_t before = b->packed.len;
	int r = unpack_pack(sk_buf_span(&b->plain), sk_span_of("", 0), LEVEL, &b->packed, err);

	vulndb_put_le32(&b->table, (uint32_t)(b->packed.len - before));
	vulndb_put_le32(&b->table, b->n_vulns);
	sk_buf_reset(&b->plain);
	b->n_vulns = 0;
	b->n++;
	return r;
}

int vulndb_w_put_text(struct writer *w, const struct sk_digest *database, struct sk_buf *out,
		      struct sk_err *err)
{
	const struct vulndb_merge *m = w->m;
	uint32_t *next = sk_alloc((m->n_docs + 1) * sizeof(*next));
	uint32_t *head = chain_docs(w, next);
	struct blocks b = {0};
	int r = 0;

	sk_buf_init(&b.table, SIZE_MAX / 2);
	sk_buf_init(&b.packed, SIZE_MAX / 2);
	sk_buf_init(&b.plain, SIZE_MAX / 2);
	for (size_t i = 0; i < m->n_vulns && r == 0; i++) {
		put_summary(m, next, head[i], &b.plain);
		put_references(m, next, head[i], &b.plain);
		put_ratings(m, next, head[i], w->vulns[i], &b.plain);
		b.n_vulns++;
		if (block_ends(w, &b, i))
			r = end_block(&b, err);
	}
	if (r == 0)
		put_header(database, b.n, &b.table, &b.packed, out);
	sk_buf_release(&b.table);
	sk_buf_release(&b.packed);
	sk_buf_release(&b.plain);
	sk_free(next);
	sk_free(head);
	return r;
}
