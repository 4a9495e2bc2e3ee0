/* SPDX-License-Identifier: Apache-2.0 */
/* What the fuzz targets of vulndb share: pieces of feeds through readers, writer, verifier. */
#pragma once

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "fuzz/target.h"
#include "vulndb/build.h"
#include "vulndb/db-priv.h"
#include "vulndb/ingest-priv.h"

static inline void fuzz_drop(struct vulndb_batch *b)
{
	sk_arena_free(b->arena);
	free(b->docs);
	free(b->eols);
	free(b->repos);
	free(b->modules);
	free(b->skips);
}

/* Whatever a feed says, the database that comes of it is whole, and two of it are equal. */
static inline void fuzz_feed(enum vulndb_kind kind, const uint8_t *data, size_t size)
{
	struct vulndb_batch b = {.arena = sk_arena_new()};
	struct vulndb_build_options opts = {0};
	struct vulndb_build_result results[2] = {0};

	vulndb_parse_piece(kind, sk_span_of(data, size), &b);
	for (size_t i = 0; i < 2; i++) {
		struct vulndb_merge m;
		struct vulndb *db = NULL;
		struct sk_err err;
		struct sk_buf out;
		struct sk_buf text;

		vulndb_merge_init(&m);
		m.keep_text = true;
		vulndb_merge_batch(&m, &b);
		vulndb_settle(&m);
		vulndb_identify(&m);
		sk_buf_init(&out, SIZE_MAX / 4);
		sk_buf_init(&text, SIZE_MAX / 4);
		if (vulndb_write_bytes(&m, &opts, &out, &text, &results[i], &err) < 0 ||
		    vulndb_open_bytes(sk_buf_span(&out), &db, &err) < 0 ||
		    vulndb_verify(db, &err) < 0)
			abort();
		vulndb_close(db);
		sk_buf_release(&text);
		sk_buf_release(&out);
		vulndb_merge_release(&m);
	}
	if (!sk_digest_eq(&results[0].digest, &results[1].digest))
		abort();
	fuzz_drop(&b);
}
