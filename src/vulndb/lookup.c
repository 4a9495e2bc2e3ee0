/* SPDX-License-Identifier: Apache-2.0 */
/* Finding a package in a database, and what is claimed of it; docs/formats/database.md. */
#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>

#include "base/alloc.h"
#include "vulndb/db-priv.h"
#include "vulndb/vulndb.h"

enum {
	NO_SCOPE = UINT32_MAX,
};

/* First release whose name is not below @name. */
static uint32_t scope_lower(const struct vulndb *db, struct sk_span name)
{
	uint32_t low = 0;
	uint32_t high = db->parts[VULNDB_SECTION_SCOPES].n_items;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (sk_span_cmp(vulndb_scope(db, mid), name) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static uint32_t scope_exact(const struct vulndb *db, struct sk_span name)
{
	uint32_t hint = __atomic_load_n(&db->hints->scope, __ATOMIC_RELAXED);
	uint32_t i;

	/* Packages of one target are asked for one after the other, in the same release. */
	if (sk_span_eq(vulndb_scope(db, hint), name))
		return hint;
	i = scope_lower(db, name);
	__atomic_store_n(&db->hints->scope, i, __ATOMIC_RELAXED);
	return i < db->parts[VULNDB_SECTION_SCOPES].n_items && sk_span_eq(vulndb_scope(db, i), name)
		       ? i
		       : (uint32_t)NO_SCOPE;
}

/* Where a CPE tail ("::appstream") begins; the length when there is none. */
static size_t tail_of(struct sk_span scope)
{
	for (size_t i = 0; i + 1 < scope.len; i++) {
		if (scope.ptr[i] == ':' && scope.ptr[i + 1] == ':')
			return i;
	}
	return scope.len;
}

static bool resolve_scopes(const struct vulndb *db, struct sk_span ecosystem,
			   struct vulndb_iter *it)
{
	size_t tail = tail_of(ecosystem);
	char text[VULNDB_MAX_TEXT];

	it->scope = scope_exact(db, ecosystem);
	it->parent = NO_SCOPE;
	it->low = it->high = 0;
	if (tail < ecosystem.len) {
		it->parent = scope_exact(db, sk_span_sub(ecosystem, 0, tail));
	} else if (sk_span_starts(ecosystem, "Red Hat:") && ecosystem.len + 2 < sizeof(text)) {
		memcpy(text, ecosystem.ptr, ecosystem.len);
		memcpy(text + ecosystem.len, "::", 2);
		it->low = scope_lower(db, sk_span_of(text, ecosystem.len + 2));
		text[ecosystem.len + 1] = ':' + 1;
		it->high = scope_lower(db, sk_span_of(text, ecosystem.len + 2));
	}
	return it->scope != NO_SCOPE || it->parent != NO_SCOPE || it->low < it->high;
}

static bool find_family(const struct vulndb *db, struct sk_span family, uint32_t *ret_block,
			uint32_t *ret_n)
{
	const struct vulndb_part *part = &db->parts[VULNDB_SECTION_FAMILIES];
	uint32_t low = 0;
	uint32_t high = part->n_items;
	uint32_t mid = __atomic_load_n(&db->hints->family, __ATOMIC_RELAXED);

	for (mid = mid < high ? mid : high / 2; low < high; mid = low + (high - low) / 2) {
		struct vulndb_cur cur = vulndb_part_at(part, part->n_items, mid);
		struct sk_span name = vulndb_cur_bytes(&cur, vulndb_cur_u64(&cur));
		int r = sk_span_cmp(name, family);

		if (r == 0) {
			*ret_block = vulndb_cur_u32(&cur);
			*ret_n = vulndb_cur_u32(&cur);
			__atomic_store_n(&db->hints->family, mid, __ATOMIC_RELAXED);
			return !cur.bad;
		}
		if (r < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return false;
}

/* The last block whose first name is not above @name. */
static bool find_block(const struct vulndb_part *part, uint32_t first, uint32_t n_blocks,
		       struct sk_span name, uint32_t *ret)
{
	uint32_t low = 0;
	uint32_t high = n_blocks;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		struct vulndb_cur cur = vulndb_part_at(part, part->n_items, first + mid);
		struct sk_span head;

		(void)vulndb_cur_u64(&cur); /* the first shares nothing */
		head = vulndb_cur_bytes(&cur, vulndb_cur_u64(&cur));
		if (cur.bad)
			return false;
		if (sk_span_cmp(head, name) <= 0)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == 0)
		return false;
	*ret = first + low - 1;
	return true;
}

/*
 * Scans a block without building the names: @same is how much of @name the current entry shares;
 * names ascend, so an entry that shares more than the last one did is compared from there on.
 */
static bool scan_block(struct vulndb_cur cur, uint32_t n, struct sk_span name, uint64_t *ret_body)
{
	size_t same = 0;
	uint64_t body = 0;

	for (uint32_t i = 0; i < n; i++) {
		uint64_t shared = vulndb_cur_u64(&cur);
		struct sk_span rest = vulndb_cur_bytes(&cur, vulndb_cur_u64(&cur));
		size_t k = 0;

		body += (uint64_t)vulndb_unzigzag(vulndb_cur_u64(&cur));
		if (cur.bad || shared < same)
			return false; /* beyond the place where it would be */
		if (shared > same)
			continue;
		while (k < rest.len && same + k < name.len && rest.ptr[k] == name.ptr[same + k])
			k++;
		same += k;
		if (k == rest.len && same == name.len) {
			*ret_body = body;
			return true;
		}
	}
	return false;
}

static bool find_body(const struct vulndb *db, struct sk_span family, struct sk_span name,
		      uint64_t *ret)
{
	const struct vulndb_part *part = &db->parts[VULNDB_SECTION_NAMES];
	uint32_t first = 0;
	uint32_t n_names = 0;
	uint32_t n_blocks;
	uint32_t block = 0;
	uint32_t n;

	if (name.len == 0 || !find_family(db, family, &first, &n_names))
		return false;
	n_blocks = n_names / VULNDB_BLOCK + (n_names % VULNDB_BLOCK != 0);
	if (first > part->n_items || n_blocks > part->n_items - first ||
	    !find_block(part, first, n_blocks, name, &block))
		return false;
	n = n_names - (block - first) * VULNDB_BLOCK;
	return scan_block(vulndb_part_at(part, part->n_items, block),
			  n < VULNDB_BLOCK ? n : VULNDB_BLOCK, name, ret);
}

static void start_body(struct vulndb_iter *it)
{
	const struct vulndb_part *part = &it->db->parts[VULNDB_SECTION_BODIES];
	struct vulndb_cur cur = vulndb_cur_of(part->p, part->len, it->body);
	uint32_t n = vulndb_cur_u32(&cur);
	uint64_t len = vulndb_cur_u64(&cur);

	it->left = n;
	it->off = cur.bad ? part->len : (uint64_t)(cur.p - part->p);
	it->end = len > part->len - it->off ? part->len : it->off + len;
	if (cur.bad)
		it->left = 1; /* the first _next() says that it is damaged */
}

void vulndb_iter_body(const struct vulndb *db, uint64_t body, struct vulndb_iter *ret)
{
	*ret = (struct vulndb_iter){.db = db, .body = body, .scope = NO_SCOPE, .parent = NO_SCOPE};
	ret->high = UINT32_MAX;
	start_body(ret);
}

void vulndb_lookup(const struct vulndb *db, struct sk_span ecosystem, struct sk_span name,
		   struct vulndb_iter *ret_iter)
{
	struct sk_span family = sk_span_sub(ecosystem, 0, sk_span_find(ecosystem, ':'));
	char text[256];

	name = vulndb_normal_name(family, name, text, sizeof(text));
	*ret_iter = (struct vulndb_iter){.db = db};
	if (!resolve_scopes(db, ecosystem, ret_iter) ||
	    !find_body(db, family, name, &ret_iter->body))
		return;
	start_body(ret_iter);
}

static bool scope_wanted(const struct vulndb_iter *it, uint32_t scope)
{
	return scope == it->scope || scope == it->parent || (scope >= it->low && scope < it->high);
}

/* Moves to the next release of the current group that was asked for. */
static bool next_scope(struct vulndb_iter *it, uint32_t *ret)
{
	const struct vulndb_part *sets = &it->db->parts[VULNDB_SECTION_SETS];

	while (it->set_left != 0) {
		const uint8_t *p = sets->p + it->set_pos;
		uint32_t scope = (uint32_t)p[0] | (uint32_t)p[1] << 8;

		it->set_pos += 2;
		it->set_left--;
		if (scope_wanted(it, scope)) {
			*ret = scope;
			return true;
		}
	}
	return false;
}

static bool open_set(struct vulndb_iter *it, uint32_t set)
{
	const struct vulndb_part *sets = &it->db->parts[VULNDB_SECTION_SETS];
	struct vulndb_cur cur = vulndb_part_at(sets, sets->n_items, set);
	uint32_t n = vulndb_cur_u32(&cur);

	if (cur.bad || n > (size_t)(cur.end - cur.p) / 2 || sets->len > UINT32_MAX)
		return false;
	it->set_start = (uint32_t)(cur.p - sets->p);
	it->set_len = n;
	return true;
}

static void skip_lists(struct vulndb_cur *cur, unsigned mask, uint32_t n_ranges,
		       uint32_t n_versions)
{
	for (uint32_t i = 0; i < n_ranges && !cur->bad; i++) {
		if (i != 0)
			mask = (unsigned)vulndb_cur_u64(cur);
		vulndb_cur_skip(cur, (mask & 1) + (mask >> 1 & 1) + (mask >> 2 & 1));
	}
	vulndb_cur_skip(cur, n_versions);
}

/* Reads the head of the next group; its advisories follow at adv_off. */
static bool next_group(struct vulndb_iter *it)
{
	const struct vulndb_part *part = &it->db->parts[VULNDB_SECTION_BODIES];
	struct vulndb_cur cur = vulndb_cur_of(part->p, it->end, it->off);
	uint64_t list_len;
	uint64_t shape;
	int64_t first;

	it->attr = vulndb_cur_u32(&cur);
	if (!open_set(it, vulndb_cur_u32(&cur)))
		return false;
	first = (int64_t)it->first_adv + vulndb_unzigzag(vulndb_cur_u64(&cur));
	shape = vulndb_cur_u64(&cur);
	it->n_ranges = (uint32_t)(shape >> 5);
	it->list_off = (uint64_t)(cur.p - part->p);
	it->n_versions = (shape & 8) != 0 ? vulndb_cur_u32(&cur) : 0;
	skip_lists(&cur, shape & 7, it->n_ranges, it->n_versions);
	it->advs_left = 1;
	list_len = 0;
	if ((shape & 16) != 0) {
		it->advs_left = vulndb_cur_u32(&cur);
		list_len = vulndb_cur_u64(&cur);
	}
	if (cur.bad || first < 0 || first > UINT32_MAX || shape >> 5 > UINT32_MAX ||
	    it->advs_left == 0 || list_len > (uint64_t)(cur.end - cur.p))
		return false;
	/* The shape is needed again for the lists. */
	it->list_off = it->list_off << 4 | (shape & 15);
	it->first_adv = (uint32_t)first;
	it->adv = it->first_adv;
	it->adv_off = (uint64_t)(cur.p - part->p);
	it->off = it->adv_off + list_len;
	it->left--;
	it->set_pos = it->set_start;
	it->set_left = it->set_len;
	return true;
}

static struct sk_span product_of(struct sk_span scope)
{
	struct sk_span rest = scope;

	if (scope.len == 0 || scope.ptr[0] != 'R' || !sk_span_strip_prefix(&rest, "Red Hat:"))
		return (struct sk_span){NULL, 0};
	return sk_span_sub(rest, sk_span_find(rest, ':') + 1, rest.len);
}

static int fill_claim(struct vulndb_iter *it, uint32_t scope, struct vulndb_claim *ret,
		      struct sk_err *err)
{
	const struct vulndb_part *attrs = &it->db->parts[VULNDB_SECTION_ATTRS];
	const struct vulndb_attr *a = (const struct vulndb_attr *)attrs->p;

	if (it->attr >= attrs->n_items || attrs->n_items > attrs->len / sizeof(*a))
		return sk_err_set(err, SK_E_FORMAT, "advisory database: damaged attributes");
	a += it->attr;
	if (a->state > VULNDB_CLAIM_END_OF_LIFE || a->severity >= MODEL_N_SEVERITIES)
		return sk_err_set(err, SK_E_FORMAT, "advisory database: damaged attributes");
	*ret = (struct vulndb_claim){
		.advisory = it->adv,
		.ecosystem = vulndb_scope(it->db, scope),
		.state = (enum vulndb_claim_state)a->state,
		.flags = a->flags,
		.severity = (enum model_severity)a->severity,
		.module = vulndb_string(it->db, vulndb_le32(a->module)),
		.arch = vulndb_string(it->db, vulndb_le32(a->arch)),
		.n_ranges = it->n_ranges,
		.n_versions = it->n_versions,
		.db = it->db,
		.body = it->body,
		.off = it->list_off,
	};
	ret->product = product_of(ret->ecosystem);
	return 1;
}

int vulndb_next(struct vulndb_iter *it, struct vulndb_claim *ret_claim, struct sk_err *err)
{
	const struct vulndb_part *part = &it->db->parts[VULNDB_SECTION_BODIES];
	uint32_t scope = 0;

	for (;;) {
		if (it->advs_left != 0) {
			struct vulndb_cur cur;
			uint64_t next;

			if (next_scope(it, &scope))
				return fill_claim(it, scope, ret_claim, err);
			it->advs_left--;
			/* A set without a wanted release has none for the next advisory either. */
			if (it->advs_left != 0) {
				cur = vulndb_cur_of(part->p, it->end, it->adv_off);
				next = (uint64_t)it->adv + 1 + vulndb_cur_u64(&cur);
				if (cur.bad || next > UINT32_MAX)
					break;
				it->adv = (uint32_t)next;
				it->adv_off = (uint64_t)(cur.p - part->p);
				it->set_pos = it->set_start;
				it->set_left = it->set_len;
			}
			continue;
		}
		if (it->left == 0)
			return 0;
		if (!next_group(it))
			break;
		if (!next_scope(it, &scope))
			it->advs_left = 0;
		else
			return fill_claim(it, scope, ret_claim, err);
	}
	it->left = 0;
	it->advs_left = 0;
	return sk_err_set(err, SK_E_FORMAT, "advisory database: damaged record at %" PRIu64,
			  it->body);
}

int vulndb_next_group(struct vulndb_iter *it, struct vulndb_claim *ret_claim, struct sk_err *err)
{
	uint32_t scope = 0;

	for (;;) {
		if (next_scope(it, &scope)) {
			int r = fill_claim(it, scope, ret_claim, err);

			ret_claim->n_more = it->advs_left - 1;
			ret_claim->more = it->adv_off;
			ret_claim->more_end = it->off;
			return r;
		}
		if (it->left == 0)
			return 0;
		if (!next_group(it))
			break;
	}
	it->left = it->set_left = 0;
	return sk_err_set(err, SK_E_FORMAT, "advisory database: damaged record at %" PRIu64,
			  it->body);
}

int vulndb_claim_next(struct vulndb_claim *c)
{
	const struct vulndb_part *part = &c->db->parts[VULNDB_SECTION_BODIES];
	struct vulndb_cur cur;
	uint64_t next;

	if (c->n_more == 0)
		return 0;
	cur = vulndb_cur_of(part->p, c->more_end, c->more);
	next = (uint64_t)c->advisory + 1 + vulndb_cur_u64(&cur);
	if (cur.bad || next > UINT32_MAX)
		return -SK_E_FORMAT;
	c->advisory = (uint32_t)next;
	c->more = (uint64_t)(cur.p - part->p);
	c->n_more--;
	return 1;
}

static const struct vulndb_texts *claim_texts(const struct vulndb_claim *c)
{
	const struct vulndb_part *part = &c->db->parts[VULNDB_SECTION_BODIES];
	const struct vulndb_texts *t = vulndb_texts_find(c->db, c->body);
	struct vulndb_cur cur;
	uint64_t len;
	uint32_t n;

	if (t != NULL)
		return t;
	cur = vulndb_cur_of(part->p, part->len, c->body);
	(void)vulndb_cur_u64(&cur);
	len = vulndb_cur_u64(&cur);
	(void)vulndb_cur_bytes(&cur, len);
	n = vulndb_cur_u32(&cur);
	return vulndb_texts_decode(c->db, cur, n, c->body);
}

int vulndb_claim_range(const struct vulndb_claim *c, uint32_t i, struct vulndb_range *ret)
{
	const struct vulndb_part *part = &c->db->parts[VULNDB_SECTION_BODIES];
	const struct vulndb_texts *texts = claim_texts(c);
	struct vulndb_cur cur = vulndb_cur_of(part->p, part->len, c->off >> 4);
	unsigned mask = c->off & 7;
	struct vulndb_range range = {0};
	struct sk_span *bounds[] = {&range.introduced, &range.fixed, &range.last_affected};

	if (i >= c->n_ranges || texts == NULL)
		return -SK_E_FORMAT;
	if ((c->off & 8) != 0)
		(void)vulndb_cur_u64(&cur);
	skip_lists(&cur, mask, i, 0);
	if (i != 0)
		mask = (unsigned)vulndb_cur_u64(&cur);
	for (unsigned b = 0; b < SK_ARRAY_LEN(bounds); b++) {
		if ((mask & 1u << b) != 0 &&
		    !vulndb_texts_at(texts, vulndb_cur_u32(&cur), bounds[b]))
			return -SK_E_FORMAT;
	}
	if (cur.bad)
		return -SK_E_FORMAT;
	*ret = range;
	return 0;
}

int vulndb_claim_version(const struct vulndb_claim *c, uint32_t i, struct sk_span *ret)
{
	const struct vulndb_part *part = &c->db->parts[VULNDB_SECTION_BODIES];
	struct vulndb_cur cur = vulndb_cur_of(part->p, part->len, c->off >> 4);
	uint32_t index = 0;

	if (i >= c->n_versions)
		return -SK_E_FORMAT;
	(void)vulndb_cur_u64(&cur);
	skip_lists(&cur, c->off & 7, c->n_ranges, 0);
	for (uint32_t k = 0; k <= i; k++)
		index += vulndb_cur_u32(&cur);
	if (cur.bad || !vulndb_texts_at(claim_texts(c), index, ret))
		return -SK_E_FORMAT;
	return 0;
}

bool vulndb_has_ecosystem(const struct vulndb *db, struct sk_span ecosystem)
{
	struct vulndb_iter it = {.db = db};

	return resolve_scopes(db, ecosystem, &it);
}

void vulndb_names_init(struct vulndb_names *n, const struct vulndb *db)
{
	*n = (struct vulndb_names){.db = db};
}

static int next_family(struct vulndb_names *n, struct sk_err *err)
{
	const struct vulndb_part *part = &n->db->parts[VULNDB_SECTION_FAMILIES];
	struct vulndb_cur cur;

	if (n->family >= part->n_items)
		return 0;
	cur = vulndb_part_at(part, part->n_items, n->family++);
	n->family_name = vulndb_cur_bytes(&cur, vulndb_cur_u64(&cur));
	n->first_block = vulndb_cur_u32(&cur);
	n->n_names = vulndb_cur_u32(&cur);
	n->index = 0;
	if (cur.bad)
		return sk_err_set(err, SK_E_FORMAT, "advisory database: damaged family");
	return 1;
}

int vulndb_names_next(struct vulndb_names *n, struct sk_err *err)
{
	const struct vulndb_part *part = &n->db->parts[VULNDB_SECTION_NAMES];
	struct sk_span rest;
	uint64_t shared;
	int r;

	while (n->index >= n->n_names) {
		r = next_family(n, err);
		if (r <= 0)
			return r;
	}
	if (n->index % VULNDB_BLOCK == 0) {
		n->cur = vulndb_part_at(part, part->n_items,
					n->first_block + n->index / VULNDB_BLOCK);
		n->body = 0;
	}
	shared = vulndb_cur_u64(&n->cur);
	rest = vulndb_cur_bytes(&n->cur, vulndb_cur_u64(&n->cur));
	n->body += (uint64_t)vulndb_unzigzag(vulndb_cur_u64(&n->cur));
	if (n->cur.bad || shared > n->name_len || shared + rest.len > sizeof(n->name))
		return sk_err_set(err, SK_E_FORMAT, "advisory database: damaged name");
	if (rest.len != 0)
		memcpy(n->name + shared, rest.ptr, rest.len);
	n->name_len = shared + rest.len;
	n->index++;
	return 1;
}
