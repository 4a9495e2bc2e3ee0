/* SPDX-License-Identifier: Apache-2.0 */
/* Front-coded texts, decoded when they are first asked for and kept; identifiers. */
#include "base/alloc.h"
#include "vulndb/db-priv.h"
#include "vulndb/vulndb.h"

enum {
	MAX_TEXTS = 1 << 20,           /* texts of one record */
	MAX_TEXT_BYTES = 64 * 1048576, /* of one record, decoded */
};

/* Takes the next text: bytes shared with the one before, which has @last bytes, and the rest. */
static bool cut_text(struct vulndb_cur *cur, size_t last, size_t *ret_shared,
		     struct sk_span *ret_rest)
{
	uint64_t shared = vulndb_cur_u64(cur);

	*ret_rest = vulndb_cur_bytes(cur, vulndb_cur_u64(cur));
	*ret_shared = (size_t)shared;
	return !cur->bad && shared <= last && shared + ret_rest->len <= VULNDB_MAX_TEXT;
}

/* How many bytes @n texts have; false on damage. */
static bool measure_texts(struct vulndb_cur cur, uint32_t n, size_t *ret)
{
	struct sk_span rest = {NULL, 0};
	size_t len = 0, shared = 0;

	*ret = 0;
	for (uint32_t i = 0; i < n; i++) {
		if (!cut_text(&cur, len, &shared, &rest))
			return false;
		len = shared + rest.len;
		*ret += len;
		if (*ret > MAX_TEXT_BYTES)
			return false;
	}
	return n == 0 || *ret != 0;
}

/* Two threads may decode the same texts; both copies stay until the database is closed. */
static void cache_add(const struct vulndb *db, struct vulndb_texts *t)
{
	struct vulndb_texts **bucket = &db->cache[(t->key * 0x9e3779b97f4a7c15u) >> 52];

	t->next = __atomic_load_n(bucket, __ATOMIC_RELAXED);
	while (!__atomic_compare_exchange_n(bucket, &t->next, t, false, __ATOMIC_RELEASE,
					    __ATOMIC_RELAXED))
		;
}

const struct vulndb_texts *vulndb_texts_decode(const struct vulndb *db, struct vulndb_cur cur,
					       uint32_t n, uint64_t key)
{
	struct vulndb_texts *t;
	struct sk_span rest = {NULL, 0};
	size_t size = 0, len = 0, shared = 0;
	char *out;

	if (cur.bad || n > MAX_TEXTS || n > (size_t)(cur.end - cur.p) ||
	    !measure_texts(cur, n, &size))
		return NULL;
	t = sk_alloc(sizeof(*t) + (size_t)n * sizeof(t->ends[0]) + size);
	*t = (struct vulndb_texts){.key = key, .n = n, .bytes = (char *)&t->ends[n]};
	out = t->bytes;
	for (uint32_t i = 0; i < n && cut_text(&cur, len, &shared, &rest); i++) {
		if (shared != 0)
			memcpy(out, out - len, shared);
		if (rest.len != 0)
			memcpy(out + shared, rest.ptr, rest.len);
		len = shared + rest.len;
		out += len;
		t->ends[i] = (uint32_t)(out - t->bytes);
	}
	cache_add(db, t);
	return t;
}

const struct vulndb_texts *vulndb_texts_find(const struct vulndb *db, uint64_t key)
{
	const struct vulndb_texts *t =
		__atomic_load_n(&db->cache[(key * 0x9e3779b97f4a7c15u) >> 52], __ATOMIC_ACQUIRE);

	while (t != NULL && t->key != key)
		t = t->next;
	return t;
}

bool vulndb_texts_at(const struct vulndb_texts *t, uint32_t i, struct sk_span *ret)
{
	uint32_t start;

	if (t == NULL || i >= t->n)
		return false;
	start = i != 0 ? t->ends[i - 1] : 0;
	*ret = sk_span_of(t->bytes + start, t->ends[i] - start);
	return true;
}

struct sk_span vulndb_id_text(const struct vulndb *db, uint32_t index)
{
	const struct vulndb_part *part = &db->parts[VULNDB_SECTION_IDS];
	uint32_t n_blocks = (part->n_items + VULNDB_ID_BLOCK - 1) / VULNDB_ID_BLOCK;
	uint32_t block = index / VULNDB_ID_BLOCK;
	struct sk_span s = {NULL, 0};
	const struct vulndb_texts *t;

	if (index >= part->n_items)
		return s;
	t = vulndb_texts_find(db, (uint64_t)1 << 63 | block);
	if (t == NULL) {
		uint32_t n = part->n_items - block * VULNDB_ID_BLOCK;

		t = vulndb_texts_decode(db, vulndb_part_at(part, n_blocks, block),
					n < VULNDB_ID_BLOCK ? n : VULNDB_ID_BLOCK,
					(uint64_t)1 << 63 | block);
	}
	(void)vulndb_texts_at(t, index % VULNDB_ID_BLOCK, &s); /* stays empty on damage */
	return s;
}

const char *vulndb_id_copy(const struct vulndb *db, uint32_t id, struct sk_arena *a)
{
	const struct vulndb_part *part = &db->parts[VULNDB_SECTION_IDS];
	uint32_t n_blocks =
		part->n_items / VULNDB_ID_BLOCK + (part->n_items % VULNDB_ID_BLOCK != 0);
	struct vulndb_cur cur = vulndb_part_at(part, n_blocks, id / VULNDB_ID_BLOCK);
	struct sk_span rest = {NULL, 0};
	char text[VULNDB_MAX_TEXT];
	size_t len = 0, shared = 0;

	if (id >= part->n_items)
		return NULL;
	for (uint32_t i = 0; i <= id % VULNDB_ID_BLOCK; i++) {
		if (!cut_text(&cur, len, &shared, &rest))
			return NULL;
		if (rest.len != 0)
			memcpy(text + shared, rest.ptr, rest.len);
		len = shared + rest.len;
	}
	return len != 0 ? sk_arena_str(a, sk_span_of(text, len)) : NULL;
}

bool vulndb_id_find(const struct vulndb *db, struct sk_span id, uint32_t *ret)
{
	uint32_t low = 0;
	uint32_t high = db->parts[VULNDB_SECTION_IDS].n_items;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		int r = vulndb_id_cmp(vulndb_id_text(db, mid), id);

		if (r == 0) {
			*ret = mid;
			return true;
		}
		if (r < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return false;
}
