/* SPDX-License-Identifier: Apache-2.0 */
/* Walks over a whole database: there is no index from identifiers to packages, since only people
 * ask. */
#include "base/alloc.h"
#include "vulndb/db-priv.h"
#include "vulndb/query.h"

enum {
	SEARCH_NAME = 512
};

struct vulndb_search {
	const struct vulndb *db;
	struct vulndb_names names;
	struct vulndb_iter it;
	bool in_body;
	bool all;
	bool *advisories; /* those that the identifier is of; NULL: it is none */
	bool name_matches;
	bool any_case;
	char text[SEARCH_NAME];
	size_t text_len;
};

void vulndb_count(const struct vulndb *db, struct vulndb_counts *ret)
{
	const struct vulndb_header *h = (const struct vulndb_header *)db->map;
	const struct vulndb_part *families = &db->parts[VULNDB_SECTION_FAMILIES];

	*ret = (struct vulndb_counts){
		.size = db->size,
		.major = (uint32_t)h->major[0] | (uint32_t)h->major[1] << 8,
		.minor = (uint32_t)h->minor[0] | (uint32_t)h->minor[1] << 8,
		.built = db->built,
		.ecosystems = db->parts[VULNDB_SECTION_SCOPES].n_items,
		.advisories = db->parts[VULNDB_SECTION_ADVISORIES].n_items,
		.vulnerabilities = db->parts[VULNDB_SECTION_VULNS].n_items,
		.feeds = db->parts[VULNDB_SECTION_META].n_items,
	};
	for (uint32_t i = 0; i < families->n_items; i++) {
		struct vulndb_cur cur = vulndb_part_at(families, families->n_items, i);

		(void)vulndb_cur_bytes(&cur, vulndb_cur_u64(&cur));
		(void)vulndb_cur_u64(&cur);
		ret->packages += vulndb_cur_u64(&cur);
		if (cur.bad)
			break;
	}
}

const struct sk_digest *vulndb_digest(const struct vulndb *db)
{
	return &db->digest;
}

bool vulndb_feed_get(const struct vulndb *db, uint32_t i, struct vulndb_feed *ret)
{
	struct vulndb_feed_info f;

	if (!vulndb_feed_at(db, i, &f))
		return false;
	*ret = (struct vulndb_feed){
		.name = f.name,
		.documents = f.documents,
		.claims = f.claims,
		.oldest = f.oldest,
		.newest = f.newest,
		.n_skipped = f.n_skipped,
		.db = db,
		.index = i,
	};
	return true;
}

bool vulndb_feed_skipped(const struct vulndb_feed *f, uint32_t i, struct sk_span *ret_reason,
			 uint64_t *ret_n)
{
	struct vulndb_feed_info info;

	if (i >= f->n_skipped || !vulndb_feed_at(f->db, f->index, &info))
		return false;
	for (uint32_t k = 0; k <= i && !info.skipped.bad; k++) {
		*ret_reason = vulndb_cur_bytes(&info.skipped, vulndb_cur_u64(&info.skipped));
		*ret_n = vulndb_cur_u64(&info.skipped);
	}
	return !info.skipped.bad;
}

bool vulndb_feed_family(const struct vulndb_feed *f, uint32_t i, struct sk_span *ret)
{
	return vulndb_feed_family_at(f->db, f->index, i, ret);
}

/* Marks the advisories that have the identifier, or one of whose vulnerabilities goes by it. */
static bool *find_advisories(const struct vulndb *db, struct sk_span id)
{
	uint32_t n_vulns = db->parts[VULNDB_SECTION_VULNS].n_items;
	uint32_t n_advs = db->parts[VULNDB_SECTION_ADVISORIES].n_items;
	bool *vulns;
	bool *advs;
	uint32_t index;

	if (!vulndb_id_find(db, id, &index))
		return NULL;
	vulns = sk_alloc((size_t)n_vulns + 1);
	advs = sk_alloc((size_t)n_advs + 1);
	vulndb_scan_vulns(db, index, vulns);
	vulndb_scan_advisories(db, index, vulns, advs);
	sk_free(vulns);
	return advs;
}

bool vulndb_vuln_find(const struct vulndb *db, struct sk_span id, uint32_t *ret_index)
{
	uint32_t n = db->parts[VULNDB_SECTION_VULNS].n_items;
	bool *vulns;
	bool found = false;
	uint32_t index;

	if (!vulndb_id_find(db, id, &index))
		return false;
	vulns = sk_alloc((size_t)n + 1);
	vulndb_scan_vulns(db, index, vulns);
	for (uint32_t i = 0; i < n && !found; i++) {
		if (vulns[i])
			*ret_index = i;
		found = vulns[i];
	}
	sk_free(vulns);
	return found;
}

bool vulndb_has_id(const struct vulndb *db, struct sk_span id)
{
	uint32_t index;

	return vulndb_id_find(db, id, &index);
}

struct vulndb_search *vulndb_search_new(const struct vulndb *db, struct sk_span text, bool any_case)
{
	struct vulndb_search *s = sk_alloc(sizeof(*s));

	s->db = db;
	s->all = text.len == 0;
	s->any_case = any_case;
	if (text.len < sizeof(s->text)) {
		if (text.len != 0)
			memcpy(s->text, text.ptr, text.len);
		s->text_len = text.len;
	}
	if (!s->all)
		s->advisories = find_advisories(db, text);
	vulndb_names_init(&s->names, db);
	return s;
}

void vulndb_search_free(struct vulndb_search *s)
{
	if (s == NULL)
		return;
	sk_free(s->advisories);
	sk_free(s);
}

static bool name_is(const struct vulndb_search *s)
{
	struct sk_span name = sk_span_of(s->names.name, s->names.name_len);
	char text[SEARCH_NAME];
	struct sk_span wanted;

	if (s->text_len == 0)
		return false;
	wanted = vulndb_normal_name(s->names.family_name, sk_span_of(s->text, s->text_len), text,
				    sizeof(text));
	return s->any_case ? sk_span_eq_nocase(name, wanted) : sk_span_eq(name, wanted);
}

static bool wanted(const struct vulndb_search *s, const struct vulndb_claim *c)
{
	return s->all || s->name_matches ||
	       (s->advisories != NULL &&
		c->advisory < s->db->parts[VULNDB_SECTION_ADVISORIES].n_items &&
		s->advisories[c->advisory]);
}

int vulndb_search_next(struct vulndb_search *s, struct sk_span *ret_name,
		       struct vulndb_claim *ret_claim, struct sk_err *err)
{
	int r;

	for (;;) {
		while (s->in_body) {
			r = vulndb_next(&s->it, ret_claim, err);
			if (r < 0)
				return r;
			if (r == 0) {
				s->in_body = false;
			} else if (wanted(s, ret_claim)) {
				*ret_name = sk_span_of(s->names.name, s->names.name_len);
				return 1;
			}
		}
		r = vulndb_names_next(&s->names, err);
		if (r <= 0)
			return r;
		s->name_matches = !s->all && name_is(s);
		if (!s->all && !s->name_matches && s->advisories == NULL)
			continue;
		vulndb_iter_body(s->db, s->names.body, &s->it);
		s->in_body = true;
	}
}

bool vulndb_repository(const struct vulndb *db, struct sk_span repository, uint32_t i,
		       struct sk_span *ret)
{
	const struct vulndb_part *part = &db->parts[VULNDB_SECTION_REPOS];
	struct vulndb_cur cur;
	uint32_t n, text = 0;

	if (!vulndb_part_find(part, repository, &cur))
		return false;
	n = vulndb_cur_u32(&cur);
	for (uint32_t k = 0; k <= i && k < n; k++)
		text += vulndb_cur_u32(&cur);
	*ret = vulndb_string(db, text);
	return i < n && !cur.bad && ret->len != 0;
}
