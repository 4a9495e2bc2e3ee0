/* SPDX-License-Identifier: Apache-2.0 */
/* The file of texts; docs/formats/database.md, "Texts". */
#pragma once

#include "vulndb/format-priv.h"
#include "vulndb/text.h"

enum {
	VULNDB_TEXT_MAJOR = 1,
	VULNDB_TEXT_BLOCK = 256, /* vulnerabilities a block */
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

/* As vulndb_text_open(), over bytes that outlive it; for tests. */
sk_must_check int vulndb_text_open_bytes(struct sk_span bytes, const struct vulndb *db,
					 struct vulndb_text **ret, struct sk_err *err);
