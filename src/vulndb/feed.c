/* SPDX-License-Identifier: Apache-2.0 */
/* What all feed readers share, and the list of them. */
#include "base/alloc.h"
#include "base/parse.h"
#include "vulndb/doc-priv.h"
#include "vulndb/pack-priv.h"

struct vulndb_doc *vulndb_batch_doc(struct vulndb_batch *b, const char *feed, struct sk_span id)
{
	struct vulndb_doc *d = sk_arena_alloc(b->arena, sizeof(*d));

	d->feed = feed;
	d->id = vulndb_batch_text(b, id);
	SK_GROW(b->docs, b->n_docs, b->docs_cap);
	b->docs[b->n_docs++] = d;
	return d;
}

struct vulndb_doc_claim *vulndb_doc_add(struct vulndb_batch *b, struct vulndb_doc *d,
					struct sk_span ecosystem, struct sk_span name)
{
	struct sk_span family = sk_span_sub(ecosystem, 0, sk_span_find(ecosystem, ':'));
	struct vulndb_doc_claim *c;
	char text[256];

	name = vulndb_normal_name(family, name, text, sizeof(text));
	if (d->n_claims == d->claims_cap) {
		size_t cap = d->claims_cap != 0 ? d->claims_cap * 2 : 4;
		struct vulndb_doc_claim *grown = sk_arena_array(b->arena, cap, sizeof(*grown));

		if (d->n_claims != 0)
			memcpy(grown, d->claims, d->n_claims * sizeof(*grown));
		d->claims = grown;
		d->claims_cap = cap;
	}
	c = &d->claims[d->n_claims++];
	*c = (struct vulndb_doc_claim){
		.ecosystem = ecosystem,
		.name = vulndb_batch_text(b, name),
		.ranges = sk_arena_alloc(b->arena, sizeof(*c->ranges)),
		.n_ranges = 1,
	};
	return c;
}

void vulndb_claim_fixed(struct vulndb_batch *b, struct vulndb_doc_claim *c, struct sk_span fixed)
{
	struct vulndb_range *r = sk_arena_alloc(b->arena, sizeof(*r));

	r->fixed = vulndb_batch_text(b, fixed);
	c->ranges = r;
	c->n_ranges = 1;
}

void vulndb_batch_skip(struct vulndb_batch *b, const char *feed, const char *reason,
		       struct sk_span example)
{
	for (size_t i = 0; i < b->n_skips; i++) {
		if (strcmp(b->skips[i].feed, feed) == 0 &&
		    strcmp(b->skips[i].reason, reason) == 0) {
			b->skips[i].n++;
			return;
		}
	}
	SK_GROW(b->skips, b->n_skips, b->skips_cap);
	b->skips[b->n_skips++] = (struct vulndb_skip){
		.feed = feed, .reason = reason, .example = vulndb_batch_text(b, example), .n = 1};
}

void vulndb_batch_bad(struct vulndb_batch *b, const char *feed, const char *reason,
		      struct sk_span example)
{
	b->n_bad++;
	vulndb_batch_skip(b, feed, reason, example);
}

struct sk_span vulndb_batch_text(struct vulndb_batch *b, struct sk_span s)
{
	return sk_span_of(sk_arena_str(b->arena, s), s.len);
}

struct sk_span vulndb_batch_summary(struct vulndb_batch *b, struct sk_span summary,
				    struct sk_span details)
{
	enum {
		MAX_SUMMARY = 400
	};
	struct sk_span s = sk_span_trim(summary.len != 0 ? summary : details);

	s = sk_span_trim(sk_span_sub(s, 0, sk_span_find(s, '\n')));
	if (s.len > MAX_SUMMARY) {
		/* At a blank, which is never inside of a character. */
		s.len = MAX_SUMMARY;
		while (s.len > 1 && s.ptr[s.len] != ' ')
			s.len--;
	}
	return vulndb_batch_text(b, s);
}

const struct sk_span *vulndb_batch_texts(struct vulndb_batch *b, const struct sk_json *array,
					 size_t *ret_n)
{
	size_t n = sk_json_type_of(array) == SK_JSON_ARRAY ? sk_json_len(array) : 0;
	struct sk_span *out = sk_arena_array(b->arena, n, sizeof(*out));
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		struct sk_span s = sk_span_trim(sk_json_text(sk_json_at(array, i)));

		if (s.len != 0)
			out[count++] = vulndb_batch_text(b, s);
	}
	*ret_n = count;
	return out;
}

bool vulndb_is_cve(struct sk_span id)
{
	size_t dash;

	if (!sk_span_strip_prefix(&id, "CVE-"))
		return false;
	dash = sk_span_find(id, '-');
	if (dash != 4 || id.len < 9 || id.len > 24)
		return false;
	for (size_t i = 0; i < id.len; i++) {
		if (i != dash && (id.ptr[i] < '0' || id.ptr[i] > '9'))
			return false;
	}
	return true;
}

int64_t vulndb_json_time(const struct sk_json *j, const char *key)
{
	struct sk_span s = sk_json_get_text(j, key);
	int64_t t = 0;

	/* Go's zero time and other dates before the epoch mean that none is known. */
	return s.len != 0 && sk_parse_time(s, &t) && t > 0 ? t : 0;
}

const struct vulndb_reader *vulndb_reader_for(const struct sk_json *doc)
{
	static const struct vulndb_reader *const readers[] = {
		&vulndb_reader_osv,    &vulndb_reader_secdb,        &vulndb_reader_redhat,
		&vulndb_reader_ubuntu, &vulndb_reader_amazon,       &vulndb_reader_arch,
		&vulndb_reader_kev,    &vulndb_reader_eol,          &vulndb_reader_repos,
		&vulndb_reader_debian, &vulndb_reader_vulnrichment,
	};

	for (size_t i = 0; i < SK_ARRAY_LEN(readers); i++) {
		if (readers[i]->matches(doc))
			return readers[i];
	}
	return NULL;
}
