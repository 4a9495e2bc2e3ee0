/* SPDX-License-Identifier: Apache-2.0 */
/* An open database, for the files of this folder. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "vulndb/format-priv.h"
#include "vulndb/pack-priv.h"
#include "vulndb/vulndb.h"

/* A section inside the mapping; {NULL, 0, 0} when the file has none. */
struct vulndb_part {
	const uint8_t *p;
	uint64_t len;
	uint32_t n_items;
};

enum {
	VULNDB_TEXT_BUCKETS = 4096, /* of decoded texts, by the upper 12 bits of a product */
};

/* Decoded texts of one record or block; nodes of a bucket's list are never taken out. */
struct vulndb_texts {
	struct vulndb_texts *next;
	uint64_t key;
	uint32_t n;
	char *bytes;
	uint32_t ends[]; /* end of each text in @bytes */
};

/* Where the last look-up found what it was asked for; written by any thread, never wrong. */
struct vulndb_hints {
	uint32_t scope;
	uint32_t family;
};

struct vulndb {
	const uint8_t *map;
	size_t size;
	bool mapped;
	int64_t built;
	struct sk_digest digest;
	struct vulndb_part parts[VULNDB_N_SECTIONS];
	struct vulndb_hints *hints;
	struct vulndb_texts **cache; /* decoded front-coded texts, by block */
};

/*
 * Offsets of a blocked section: item @i of @n u32 offsets at its start. Returns a cursor at the
 * item, bad when out of range.
 */
struct vulndb_cur vulndb_part_at(const struct vulndb_part *part, uint32_t n, uint32_t i);

/* In a section sorted by the text that its items begin with: the item of @key, behind that text. */
bool vulndb_part_find(const struct vulndb_part *part, struct sk_span key, struct vulndb_cur *ret);

/* Texts that were decoded before; NULL: they were not. */
const struct vulndb_texts *vulndb_texts_find(const struct vulndb *db, uint64_t key);

/* Decodes @n texts at the cursor and keeps them; NULL on damage. */
const struct vulndb_texts *vulndb_texts_decode(const struct vulndb *db, struct vulndb_cur cur,
					       uint32_t n, uint64_t key);

/* Text number @i; false when there is none, also of NULL. */
bool vulndb_texts_at(const struct vulndb_texts *t, uint32_t i, struct sk_span *ret);

/* Index of an identifier, or false. */
bool vulndb_id_find(const struct vulndb *db, struct sk_span id, uint32_t *ret);

/* Name of a release by index. */
struct sk_span vulndb_scope(const struct vulndb *db, uint32_t index);

/* Feed by index, as META lists them; false at the end or on damage. */
struct vulndb_feed_info {
	struct sk_span name;
	uint64_t documents;
	uint64_t claims;
	int64_t oldest;
	int64_t newest;
	uint32_t n_skipped;
	struct vulndb_cur skipped; /* pairs of text and v */
};
bool vulndb_feed_at(const struct vulndb *db, uint32_t index, struct vulndb_feed_info *ret);

/* i-th family that a feed speaks of; false at the end or on damage. */
bool vulndb_feed_family_at(const struct vulndb *db, uint32_t feed, uint32_t i, struct sk_span *ret);

/* Walks all names: family and name of the next entry. */
struct vulndb_names {
	const struct vulndb *db;
	uint32_t family;
	uint32_t index;
	struct vulndb_cur cur;
	struct sk_span family_name;
	uint32_t n_names;
	uint32_t first_block;
	size_t name_len;
	uint64_t body;
	char name[VULNDB_MAX_TEXT];
};
void vulndb_names_init(struct vulndb_names *n, const struct vulndb *db);
int vulndb_names_next(struct vulndb_names *n, struct sk_err *err);

/* Starts an iteration over one record for all releases. */
void vulndb_iter_body(const struct vulndb *db, uint64_t body, struct vulndb_iter *ret);

/* Marks the vulnerabilities that have an identifier, as their own or as an alias. */
void vulndb_scan_vulns(const struct vulndb *db, uint32_t id, bool *marks);

/* Marks the advisories that have an identifier, or a marked vulnerability. */
void vulndb_scan_advisories(const struct vulndb *db, uint32_t id, const bool *vulns, bool *marks);

/* As vulndb_open(), over bytes in memory that outlive the database; for tests. */
sk_must_check int vulndb_open_bytes(struct sk_span bytes, struct vulndb **ret, struct sk_err *err);
