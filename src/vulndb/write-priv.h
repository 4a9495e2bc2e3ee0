/* SPDX-License-Identifier: Apache-2.0 */
/* The writer of the database, in parts: write.c puts them together. */
#pragma once

#include <stdlib.h>

#include "vulndb/format-priv.h"
#include "vulndb/merge-priv.h"
#include "vulndb/pack-priv.h"

/* A claim on its way out: everything that grouping and sorting needs, as numbers. */
struct row {
	uint32_t package; /* family and name, in the file's order */
	uint32_t adv;
	uint32_t attr; /* rank in the file */
	uint32_t body; /* interned */
	uint32_t scope;
};

struct package {
	struct sk_span family;
	struct sk_span name;
	uint32_t first_row, n_rows;
	uint64_t body_off;
};

struct writer {
	struct vulndb_merge *m;
	struct sk_buf sections[VULNDB_N_SECTIONS];
	uint32_t n_items[VULNDB_N_SECTIONS];
	uint32_t *id_index;          /* by text: place in IDS */
	uint32_t *string_index;      /* by text: place in STRINGS */
	uint32_t *scope_index;       /* by text: place in SCOPES */
	uint32_t *attr_rank;         /* by interned attribute */
	uint32_t *vuln_rank;         /* by vulnerability: place in VULNS */
	struct vulndb_mvuln **vulns; /* in the file's order */
	struct vulndb_mdoc **advs;   /* in the file's order */
	uint32_t *feed_index;        /* by text */
	struct vulndb_mfeed *feeds;
	size_t n_feeds, feeds_cap;
	size_t n_advs;
	struct row *rows;
	size_t n_rows;
	struct package *packages;
	size_t n_packages, packages_cap;
	struct vulndb_intern sets; /* of releases, as bytes */
	uint32_t *set_count;
	size_t set_count_cap;
};

/* A text and its number. */
struct text_ref {
	struct sk_span s;
	uint32_t text;
};

/* Items one after the other, with the places where they, or blocks of them, begin. */
struct table {
	struct sk_buf data;
	uint32_t *starts;
	size_t n, cap;
};

/* An index with what it is sorted by. */
struct number_ref {
	uint64_t key;
	uint64_t second;
	uint32_t index;
};

int vulndb_w_cmp_text(const void *pa, const void *pb);
int vulndb_w_cmp_id(const void *pa, const void *pb);
int vulndb_w_cmp_number(const void *pa, const void *pb);
int vulndb_w_cmp_u32(const void *pa, const void *pb);
struct text_ref *vulndb_w_sort_texts(const struct vulndb_merge *m, uint32_t *mark, size_t *ret_n,
				     int (*cmp)(const void *, const void *));
void vulndb_w_table_init(struct table *t);
void vulndb_w_table_start(struct table *t);
void vulndb_w_table_finish(struct writer *w, enum vulndb_section_type type, struct table *t,
			   size_t n_items);
void vulndb_w_put_blobs(struct writer *w, enum vulndb_section_type type,
			const struct text_ref *refs, size_t n);
void vulndb_w_put_time(struct sk_buf *b, int64_t t);
bool vulndb_w_doc_lives(const struct vulndb_mdoc *d);
bool vulndb_w_claim_lives(const struct vulndb_merge *m, const struct vulndb_mclaim *c);

/* One number for each text, 0; the caller frees. */
uint32_t *vulndb_w_marks(const struct writer *w);

/* Sections, in the order in which they need each other. */
void vulndb_w_put_scopes(struct writer *w);
void vulndb_w_put_strings(struct writer *w);
void vulndb_w_put_attrs(struct writer *w);
void vulndb_w_put_ids(struct writer *w);
void vulndb_w_put_vulns(struct writer *w);
void vulndb_w_put_feeds(struct writer *w);
void vulndb_w_put_coverage(struct writer *w);
void vulndb_w_put_advisories(struct writer *w);
void vulndb_w_put_packages(struct writer *w);
void vulndb_w_put_eol(struct writer *w);
void vulndb_w_put_repos(struct writer *w);

/* Claims as rows, numbered and joined: what vulndb_w_put_packages() begins with. */
void vulndb_w_make_rows(struct writer *w);
void vulndb_w_join_rows(struct writer *w);

/* The second file, once all sections are there. */
int vulndb_w_put_text(struct writer *w, const struct sk_digest *database, struct sk_buf *out,
		      struct sk_err *err);
