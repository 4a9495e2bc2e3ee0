/* SPDX-License-Identifier: Apache-2.0 */
/* The file of texts; docs/formats/database.md, "Texts". */
#pragma once

#include "vulndb/format-priv.h"
#include "vulndb/text.h"

enum {
	VULNDB_TEXT_MAJOR = 2,
	VULNDB_TEXT_BLOCK = 64,      /* vulnerabilities a block, on average */
	VULNDB_TEXT_BLOCK_MAX = 512, /* at most */
};

struct vulndb_text_header {
	uint8_t magic[8];
	uint8_t major[2];
	uint8_t minor[2];
	uint8_t n_blocks[4];
	uint8_t file_size[8];
	uint8_t database[32]; /* digest of the database */
	uint8_t sha256[32];   /* of what is before it and behind it */
};
_Static_assert(sizeof(struct vulndb_text_header) == 88, "header is 88 bytes");
_Static_assert(offsetof(struct vulndb_text_header, sha256) == 56, "checksum at 56");

/* Entry of the table behind the header: one for each block. */
struct vulndb_text_block {
	uint8_t len[4];
	uint8_t n_vulns[4];
};
_Static_assert(sizeof(struct vulndb_text_block) == 8, "table entry is 8 bytes");

/* As vulndb_text_open(), over bytes that outlive it; for tests. */
sk_must_check int vulndb_text_open_bytes(struct sk_span bytes, const struct vulndb *db,
					 struct vulndb_text **ret, struct sk_err *err);
