/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hostile database files. The input is taken as it is, and once more with its checksums put right,
 * so that what is behind them is reached: every accessor has to bear it.
 */
#include <stdlib.h>

#include "fuzz/target.h"
#include "vulndb/build.h"
#include "vulndb/db-priv.h"
#include "vulndb/query.h"

/* What the matcher does with a group of claims. */
static void read_group(const struct vulndb *db, struct vulndb_claim *c, struct sk_arena *a)
{
	struct vulndb_advisory adv;
	struct vulndb_range range;
	struct vulndb_vuln v;
	struct sk_err err;
	uint32_t vuln, alias;
	int r = 1;

	(void)!vulndb_claim_range(c, 0, &range); /* damaged or not, it comes back */
	for (int k = 0; k < 100 && r > 0; k++) {
		vulndb_soon(db, VULNDB_RECORD_ADVISORY, c->advisory, VULNDB_STEP_RECORD);
		if (vulndb_advisory_get(db, c->advisory, &adv, &err) == 0) {
			(void)vulndb_id_copy(db, adv.id, a);
			(void)vulndb_feed_name(db, adv.feed);
			(void)vulndb_advisory_published(&adv);
			if (vulndb_advisory_vuln(&adv, 0, &vuln) == 0 &&
			    vulndb_vuln_get(db, vuln, &v, &err) == 0 && v.n_aliases > 0 &&
			    vulndb_vuln_alias(&v, 0, &alias) == 0)
				(void)vulndb_id_copy(db, alias, a);
		}
		r = vulndb_claim_next(c);
	}
}

static void ask(const struct vulndb *db)
{
	sk_cleanup(sk_arena_freep) struct sk_arena *a = sk_arena_new();
	static const char *const names[] = {"openssl", "a", "zz", "p1"};
	static const char *const ecosystems[] = {"Debian:12", "npm", "Red Hat:enterprise_linux:8",
						 "Red Hat:enterprise_linux:8::appstream"};
	struct vulndb_iter it;
	struct vulndb_claim c;
	struct vulndb_feed feed;
	struct sk_span text;
	struct sk_err err;
	uint64_t n;
	int64_t t;
	uint32_t index;

	for (size_t i = 0; i < SK_ARRAY_LEN(names); i++) {
		vulndb_lookup(db, sk_span_str(ecosystems[i]), sk_span_str(names[i]), &it);
		for (int k = 0; k < 1000 && vulndb_next(&it, &c, &err) > 0; k++)
			;
		vulndb_lookup(db, sk_span_str(ecosystems[i]), sk_span_str(names[i]), &it);
		for (int k = 0; k < 100 && vulndb_next_group(&it, &c, &err) > 0; k++)
			read_group(db, &c, a);
		(void)vulndb_vuln_find(db, sk_span_str(names[i]), &index);
	}
	for (uint32_t i = 0; i < 64 && vulndb_feed_get(db, i, &feed); i++) {
		for (uint32_t k = 0; k < 16 && vulndb_feed_skipped(&feed, k, &text, &n); k++)
			;
	}
	(void)vulndb_end_of_life(db, sk_span_str("debian"), sk_span_str("12"), &t);
	(void)vulndb_repository(db, sk_span_str("rhel-8"), 0, &text);
}

static void open_and_ask(struct sk_span bytes)
{
	struct vulndb *db = NULL;
	struct sk_err err;

	if (vulndb_open_bytes(bytes, &db, &err) < 0)
		return;
	(void)!vulndb_verify(db, &err); /* damaged or not, it comes back */
	ask(db);
	vulndb_close(db);
}

/* Sections from the lengths in the table, one after the other, with the checksums that they have.
 */
static void repair(uint8_t *data, size_t size)
{
	struct vulndb_header *h = (struct vulndb_header *)data;
	struct vulndb_section *s = (struct vulndb_section *)(data + sizeof(*h));
	struct sk_hasher *hasher;
	struct sk_digest d;
	uint64_t off;
	uint32_t n;

	if (size < sizeof(*h))
		return;
	n = vulndb_le32(h->n_sections);
	if (n > VULNDB_MAX_SECTIONS || n > (size - sizeof(*h)) / sizeof(*s))
		return;
	off = sizeof(*h) + n * sizeof(*s);
	for (uint32_t i = 0; i < n; i++) {
		uint64_t len = vulndb_le64(s[i].len);

		if (len > size - off || i == n - 1)
			len = size - off;
		for (size_t k = 0; k < 8; k++) {
			s[i].off[k] = (uint8_t)(off >> (8 * k));
			s[i].len[k] = (uint8_t)(len >> (8 * k));
		}
		d = sk_digest_of(SK_DIGEST_SHA256, sk_span_of(data + off, len));
		memcpy(s[i].sha256, d.bytes, sizeof(s[i].sha256));
		off += len;
	}
	for (size_t k = 0; k < 8; k++)
		h->file_size[k] = (uint8_t)(size >> (8 * k));
	hasher = sk_hasher_new(SK_DIGEST_SHA256);
	sk_hasher_add(hasher, data, offsetof(struct vulndb_header, digest));
	sk_hasher_add(hasher, s, n * sizeof(*s));
	sk_hasher_finish(hasher, &d);
	sk_hasher_free(hasher);
	memcpy(h->digest, d.bytes, sizeof(h->digest));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy;

	open_and_ask(sk_span_of(data, size));
	copy = malloc(size != 0 ? size : 1);
	if (copy == NULL)
		return 0;
	if (size != 0)
		memcpy(copy, data, size);
	repair(copy, size);
	open_and_ask(sk_span_of(copy, size));
	free(copy);
	return 0;
}
