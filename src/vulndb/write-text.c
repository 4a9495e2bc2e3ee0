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

static void put_header(const struct sk_digest *database, size_t n_blocks, size_t size,
		       const struct sk_buf *table, const struct sk_buf *blocks, struct sk_buf *out)
{
	struct sk_hasher *hasher = sk_hasher_new(SK_DIGEST_SHA256);
	struct sk_digest d;

	(void)sk_buf_add(out, VULNDB_TEXT_MAGIC, 8);
	vulndb_put_le32(out, VULNDB_TEXT_MAJOR);
	vulndb_put_le32(out, (uint32_t)n_blocks);
	vulndb_put_le64(out, size);
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

int vulndb_w_put_text(struct writer *w, const struct sk_digest *database, struct sk_buf *out,
		      struct sk_err *err)
{
	const struct vulndb_merge *m = w->m;
	uint32_t *next = sk_alloc((m->n_docs + 1) * sizeof(*next));
	uint32_t *head = chain_docs(w, next);
	size_t n_blocks = (m->n_vulns + VULNDB_TEXT_BLOCK - 1) / VULNDB_TEXT_BLOCK;
	size_t start = sizeof(struct vulndb_text_header) + n_blocks * 8;
	struct sk_buf table;
	struct sk_buf blocks;
	struct sk_buf plain;
	int r = 0;

	sk_buf_init(&table, SIZE_MAX / 2);
	sk_buf_init(&blocks, SIZE_MAX / 2);
	sk_buf_init(&plain, SIZE_MAX / 2);
	for (size_t i = 0; i < m->n_vulns && r == 0; i++) {
		if (i % VULNDB_TEXT_BLOCK == 0) {
			vulndb_put_le64(&table, start + blocks.len);
			sk_buf_reset(&plain);
		}
		put_summary(m, next, head[i], &plain);
		put_references(m, next, head[i], &plain);
		put_ratings(m, next, head[i], w->vulns[i], &plain);
		if ((i + 1) % VULNDB_TEXT_BLOCK == 0 || i + 1 == m->n_vulns)
			r = unpack_pack(sk_buf_span(&plain), sk_span_of("", 0), LEVEL, &blocks,
					err);
	}
	if (r == 0)
		put_header(database, n_blocks, start + blocks.len, &table, &blocks, out);
	sk_buf_release(&table);
	sk_buf_release(&blocks);
	sk_buf_release(&plain);
	sk_free(next);
	sk_free(head);
	return r;
}
