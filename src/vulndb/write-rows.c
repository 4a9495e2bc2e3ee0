/* SPDX-License-Identifier: Apache-2.0 */
/* Claims, sorted by package and joined where one document speaks of a package several times. */
#include "base/alloc.h"
#include "vulndb/write-priv.h"

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
void vulndb_w_make_rows(struct writer *w)
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

		if (!vulndb_w_claim_lives(m, c))
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
	vulndb_sort(w->packages, w->n_packages, sizeof(*w->packages), cmp_package);
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

/** struct triple - one range as texts */
struct triple {
	uint32_t bound[3];
};

static int cmp_triple(const void *pa, const void *pb)
{
	return memcmp(pa, pb, sizeof(struct triple));
}

/* The same lists in one order, each item once, so that equal ones are equal bytes. */
static uint32_t canonical(struct vulndb_merge *m, uint32_t body)
{
	struct sk_span old = m->bodies.texts[body];
	uint32_t *copy = sk_realloc_array(NULL, old.len / 4 + 1, 4);
	struct triple *ranges = (struct triple *)(copy + 1);
	size_t n_versions;
	uint32_t *versions;
	uint32_t n = 0;
	size_t k = 0;
	uint32_t result;

	memcpy(copy, old.ptr, old.len);
	versions = copy + 1 + (size_t)copy[0] * 3;
	n_versions = old.len / 4 - 1 - (size_t)copy[0] * 3;
	vulndb_sort(ranges, copy[0], sizeof(*ranges), cmp_triple);
	vulndb_sort(versions, n_versions, sizeof(*versions), vulndb_w_cmp_u32);
	for (uint32_t i = 0; i < copy[0]; i++) {
		if (i == 0 || cmp_triple(&ranges[i], &ranges[n - 1]) != 0)
			ranges[n++] = ranges[i];
	}
	for (size_t i = 0; i < n_versions; i++) {
		uint32_t v = versions[i];

		if (k == 0 || v != copy[1 + (size_t)n * 3 + k - 1])
			copy[1 + (size_t)n * 3 + k++] = v;
	}
	copy[0] = n;
	result = vulndb_intern(&m->bodies, sk_span_of(copy, (1 + (size_t)n * 3 + k) * 4));
	sk_free(copy);
	return result;
}

static void make_canonical(struct writer *w)
{
	size_t n = w->m->bodies.n;
	uint32_t *known = sk_alloc(n * sizeof(*known)); /* number + 1, 0: not yet */

	for (size_t i = 0; i < w->n_rows; i++) {
		uint32_t body = w->rows[i].body;

		if (known[body] == 0)
			known[body] = canonical(w->m, body) + 1;
		w->rows[i].body = known[body] - 1;
	}
	sk_free(known);
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

void vulndb_w_join_rows(struct writer *w)
{
	size_t out = 0;

	vulndb_sort(w->rows, w->n_rows, sizeof(*w->rows), cmp_row_scope);
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
	make_canonical(w);
	vulndb_sort(w->rows, w->n_rows, sizeof(*w->rows), cmp_row);
	for (size_t i = 0; i < w->n_rows; i++) {
		struct package *p = &w->packages[w->rows[i].package];

		if (i == 0 || w->rows[i - 1].package != w->rows[i].package) {
			p->first_row = (uint32_t)i;
			p->n_rows = 0;
		}
		p->n_rows++;
	}
}
