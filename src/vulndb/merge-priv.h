/* SPDX-License-Identifier: Apache-2.0 */
/* All documents of a build together, before they are written. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/map.h"
#include "vulndb/build.h"
#include "vulndb/doc-priv.h"

/** struct vulndb_intern - texts by number, in order of appearance; 0 is the empty text */
struct vulndb_intern {
	struct sk_arena *arena;
	struct sk_map map;
	struct sk_span *texts;
	size_t n, cap;
};

uint32_t vulndb_intern(struct vulndb_intern *t, struct sk_span s);

/** struct vulndb_mcvss - rating of a document */
struct vulndb_mcvss {
	uint32_t vector;
	uint32_t source;
};

/** struct vulndb_mdoc - document */
struct vulndb_mdoc {
	uint32_t id;
	uint32_t feed;
	uint32_t severity_source;
	uint32_t aliases, n_aliases; /* in lists */
	uint32_t closes, n_closes;
	uint32_t cvss, n_cvss;
	uint32_t vulns, n_vulns; /* in lists, identifiers ascending; filled by vulndb_identify() */
	uint32_t summary;        /* in long_texts */
	uint32_t references, n_references; /* in long_lists */
	uint32_t n_claims;
	uint32_t index; /* advisory number */
	uint8_t severity;
	bool notice, withdrawn, signal, partial, stand_in, dead;
	bool kev, kev_ransomware, epss;
	int64_t published, modified, kev_added;
	uint32_t epss_score, epss_percentile;
	uint64_t fingerprint; /* of the content, to choose between equals */
};

/** struct vulndb_mclaim - claim */
struct vulndb_mclaim {
	uint32_t doc;
	uint32_t ecosystem;
	uint32_t name;
	uint32_t attr;   /* in attrs */
	uint32_t body;   /* in bodies */
	uint32_t unless; /* advisory, 0: none */
	bool dead;
};

/** struct vulndb_mattr - what claims share */
struct vulndb_mattr {
	uint8_t state, flags, severity, reserved;
	uint32_t module, arch;
};

/** struct vulndb_mvuln - vulnerability */
struct vulndb_mvuln {
	uint32_t id;
	uint32_t aliases_head; /* chain in alias_links, 0: none */
	uint32_t severity_source;
	uint32_t cvss, cvss_source;
	int cvss_rank, severity_rank;
	uint8_t severity;
	bool kev, kev_ransomware, epss;
	int64_t published, kev_added;
	uint32_t epss_score, epss_percentile;
};

struct vulndb_alias_link {
	uint32_t id;
	uint32_t next;
};

/** struct vulndb_mfeed - counts of a feed */
struct vulndb_mfeed {
	uint32_t name;
	uint64_t documents;
	uint64_t claims;
	int64_t oldest, newest;
};

struct vulndb_mskip {
	uint32_t feed;
	uint32_t reason;
	uint32_t example;
	uint64_t n;
};

struct vulndb_merge {
	struct sk_arena *arena;
	struct vulndb_intern texts;
	bool keep_text; /* summaries and references are wanted */
	struct vulndb_intern long_texts;
	uint32_t *long_lists;
	size_t n_long_lists, long_lists_cap;
	struct vulndb_intern bodies; /* lists of ranges and versions as bytes */
	struct vulndb_intern attrs;  /* struct vulndb_mattr as bytes */
	struct vulndb_mdoc *docs;
	size_t n_docs, docs_cap;
	struct vulndb_mclaim *claims;
	size_t n_claims, claims_cap;
	uint32_t *lists;
	size_t n_lists, lists_cap;
	struct vulndb_mcvss *cvss;
	size_t n_cvss, cvss_cap;
	struct sk_map by_key; /* feed and identifier → document */
	struct vulndb_mvuln *vulns;
	size_t n_vulns, vulns_cap;
	struct sk_map vuln_by_id; /* identifier's text → vulnerability */
	struct vulndb_alias_link *links;
	size_t n_links, links_cap;
	struct vulndb_mskip *skips;
	size_t n_skips, skips_cap;
	struct vulndb_eol *eols;
	size_t n_eols, eols_cap;
	struct vulndb_repo *repos;
	size_t n_repos, repos_cap;
	struct sk_map modules; /* advisory → chain in module_links */
	struct vulndb_alias_link *module_links;
	size_t n_module_links, module_links_cap;
};

void vulndb_merge_init(struct vulndb_merge *m);
void vulndb_merge_release(struct vulndb_merge *m);

/* Takes over what a job yielded; the batch's arena may be dropped afterwards. */
void vulndb_merge_batch(struct vulndb_merge *m, const struct vulndb_batch *b);

/* Counts something that is not used. */
void vulndb_merge_skip(struct vulndb_merge *m, struct sk_span feed, struct sk_span reason,
		       struct sk_span example, uint64_t n);

/* Names the module streams of claims and lets the better of two claims speak. */
void vulndb_settle(struct vulndb_merge *m);

/* Decides which document speaks where two do, joins aliases, rates vulnerabilities. */
void vulndb_identify(struct vulndb_merge *m);

/*
 * The database's bytes, and those of its texts unless @text is NULL; what is counted goes to @ret,
 * which the caller has zeroed.
 */
int vulndb_write_bytes(struct vulndb_merge *m, const struct vulndb_build_options *opts,
		       struct sk_buf *out, struct sk_buf *text, struct vulndb_build_result *ret,
		       struct sk_err *err);

/* The same into the files, by rename. */
int vulndb_write(struct vulndb_merge *m, const struct vulndb_build_options *opts,
		 struct vulndb_build_result *ret, struct sk_err *err);

static inline struct sk_span vulndb_text_of(const struct vulndb_merge *m, uint32_t text)
{
	return m->texts.texts[text];
}

/* qsort() may not be given a null pointer, even for nothing. */
static inline void vulndb_sort(void *items, size_t n, size_t size,
			       int (*cmp)(const void *, const void *))
{
	if (n > 1)
		qsort(items, n, size, cmp);
}
