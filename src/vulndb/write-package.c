/* SPDX-License-Identifier: Apache-2.0 */
/* Records of packages and the index of their names; docs/formats/database.md, "Records". */
#include "base/alloc.h"
#include "vulndb/write-priv.h"

struct group {
	uint32_t attr, set, body;
	uint32_t first_adv; /* index into advs */
	uint32_t n_advs;
};

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

	vulndb_sort(rec->groups, rec->n_groups, sizeof(*rec->groups), cmp_entry);
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
		vulndb_sort(rec->texts, rec->n_texts, sizeof(*rec->texts), vulndb_w_cmp_id);
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
		vulndb_sort(out, n, sizeof(*out), cmp_range);
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
		vulndb_sort(out, n, sizeof(*out), vulndb_w_cmp_u32);
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

	return vulndb_w_cmp_number(a, b);
}

/* Groups in the order of their first advisory keep the differences small. */
static void put_record(struct record *rec)
{
	struct number_ref *order = sk_alloc((rec->n_groups + 1) * sizeof(*order));
	uint32_t first_adv = 0;

	collect_texts(rec);
	for (size_t i = 0; i < rec->n_groups; i++) {
		uint32_t adv = first_adv = rec->advs[rec->groups[i].first_adv];

		/* Where two begin with one advisory, what they say decides, not how it came in. */
		sk_buf_reset(&rec->tmp);
		put_group(rec, &rec->groups[i], &first_adv, &rec->tmp);
		order[i] = (struct number_ref){adv, sk_hash64(sk_buf_span(&rec->tmp)), (uint32_t)i};
	}
	first_adv = 0;
	vulndb_sort(order, rec->n_groups, sizeof(*order), cmp_group_adv);
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
	vulndb_sort(refs, n, sizeof(*refs), cmp_set);
	vulndb_w_table_init(&t);
	for (size_t i = 0; i < n; i++) {
		w->set_count[refs[i].set] = (uint32_t)i;
		vulndb_w_table_start(&t);
		vulndb_put_u64(&t.data, refs[i].bytes.len / 2);
		(void)sk_buf_add_span(&t.data, refs[i].bytes);
	}
	vulndb_w_table_finish(w, VULNDB_SECTION_SETS, &t, n);
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

	vulndb_w_table_init(&names);
	vulndb_w_table_init(&families);
	for (size_t i = 0; i < w->n_packages; i++) {
		const struct package *p = &w->packages[i];
		bool fresh = i == 0 || !sk_span_eq(w->packages[i - 1].family, p->family);

		if (fresh) {
			size_t n = 1;

			while (i + n < w->n_packages &&
			       sk_span_eq(w->packages[i + n].family, p->family))
				n++;
			vulndb_w_table_start(&families);
			vulndb_put_text(&families.data, p->family);
			vulndb_put_u64(&families.data, names.n);
			vulndb_put_u64(&families.data, n);
			n_families++;
			in_family = 0;
		}
		if (in_family % VULNDB_BLOCK == 0) {
			vulndb_w_table_start(&names);
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
	vulndb_w_table_finish(w, VULNDB_SECTION_FAMILIES, &families, n_families);
	vulndb_w_table_finish(w, VULNDB_SECTION_NAMES, &names, names.n);
}

void vulndb_w_put_packages(struct writer *w)
{
	struct record rec = {.w = w};

	vulndb_w_make_rows(w);
	vulndb_w_join_rows(w);
	rec.text_index = vulndb_w_marks(w);
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
