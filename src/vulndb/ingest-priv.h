/* SPDX-License-Identifier: Apache-2.0 */
/* Files of feeds are cut into jobs, parsed on threads and merged in order. */
#pragma once

#include "vulndb/merge-priv.h"

/** struct vulndb_ingest - one build's reading */
struct vulndb_ingest;

/* Reads all files below the paths into @m; notes name what was not used. */
int vulndb_ingest(const struct vulndb_build_options *opts, struct vulndb_merge *m,
		  struct sk_arena *a, struct vulndb_build_result *ret, struct sk_err *err);

enum vulndb_kind {
	VULNDB_KIND_LINES, /* JSON, one document a line */
	VULNDB_KIND_WHOLE, /* one JSON document */
	VULNDB_KIND_MANY,  /* JSON documents with NUL bytes between them */
	VULNDB_KIND_TABLE, /* EPSS or Vulnrichment, lines of fields */
	VULNDB_KIND_OTHER, /* no feed */
};

/* Parses a piece of input: whole lines, or a whole document. */
void vulndb_parse_piece(enum vulndb_kind kind, struct sk_span piece, struct vulndb_batch *b);

/* Lines of tables. */
void vulndb_read_table(struct sk_span lines, struct vulndb_batch *b);
bool vulndb_is_table(struct sk_span head);
